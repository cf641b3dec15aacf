"""Where a sync reads from: the plugin's export, or wc/v3 where that is absent. Both give the same rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

from sidecar.core.errors import ShopUnreachable
from sidecar.store.client import PER_PAGE, ExportClient, WooClient
from sidecar.store.rest_rows import as_row
from sidecar.store.rows import CHANGING, COLUMNS

PAGES = {"orders": 5000, "products": 500, "variations": 1000}
"""Rows of one answer: many of the small ones, few of those with long texts."""
PAGE = 2000
PARALLEL = 2
"""Requests at a time: the shop's PHP must stay free for its visitors."""

IDS_A_CALL = 300
"""Ids in one URL: it stays below the 8 kB that servers allow."""


@dataclass(frozen=True)
class Page:
    """Rows in ascending id; `last` marks the end of the resource."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    last: bool
    total: int | None = None


class Reader(Protocol):
    """What a sync needs from a shop."""

    source: str

    def begin(self) -> int | None:
        """Asks the shop for its time, in epoch seconds; None when it does not tell."""
        ...

    def pages(self, resource: str, after: int = 0, modified_after: int | None = None) -> Iterator[Page]:
        """Pages of rows with an id beyond `after`, at least one (maybe empty) page."""
        ...

    def rows(self, resource: str, ids: Sequence[int]) -> Page:
        """The rows with these ids; missing ones are gone."""
        ...

    def ids(self, resource: str) -> list[int] | None:
        """All ids, or None when the source cannot tell."""
        ...


class ExportReader:
    """Reads through the plugin's signed export; the next pages are on their way while one is worked on."""

    source = "export"

    def __init__(self, client: ExportClient, page: int | None = None) -> None:
        self._client, self._page = client, page

    def begin(self) -> int | None:
        self._client.shop()
        return self._client.clock

    def pages(self, resource: str, after: int = 0, modified_after: int | None = None) -> Iterator[Page]:
        limit = self._page or PAGES.get(resource, PAGE)

        def fetch(start: int) -> dict[str, Any]:
            return self._client.export(resource, after=start, limit=limit, modified_after=modified_after)

        many = resource in PAGES and modified_after is None
        guesses = self._starts(resource, after, limit) if many else iter(())
        coming: dict[int, Future[dict[str, Any]]] = {}
        with ThreadPoolExecutor(PARALLEL) as pool:

            def ask(start: int | None) -> None:
                if start is not None and start not in coming:
                    coming[start] = pool.submit(fetch, start)
                while len(coming) < PARALLEL and (guess := next(guesses, None)) is not None:
                    coming[guess] = pool.submit(fetch, guess)

            start: int | None = after
            ask(start)
            while start is not None:
                body = coming.pop(start).result()
                start = body["next"]
                ask(start)
                yield Page(body["columns"], body["rows"], last=start is None, total=body.get("total"))

    def _starts(self, resource: str, after: int, limit: int) -> Iterator[int]:
        """Where pages beyond the one after `after` begin, by the ids of now; a wrong guess costs time."""
        more: int | None = after
        while more is not None:
            body = self._client.ids(resource, after=more, limit=10 * limit)
            more = body["next"]
            # Nothing begins behind the last id.
            yield from body["ids"][limit - 1 : None if more else -1 : limit]

    def rows(self, resource: str, ids: Sequence[int]) -> Page:
        found: list[Sequence[Any]] = []
        columns: Sequence[str] = COLUMNS[resource]
        for start in range(0, len(ids), IDS_A_CALL):
            some = ids[start : start + IDS_A_CALL]
            body = self._client.export(resource, ids=some, limit=len(some))
            columns = body["columns"]
            found += body["rows"]
        return Page(columns, found, last=True)

    def ids(self, resource: str) -> list[int]:
        found: list[int] = []
        after: int | None = 0
        while after is not None:
            body = self._client.ids(resource, after=after)
            found += body["ids"]
            after = body["next"]
        return found


ENDPOINTS = {
    "categories": "products/categories",
    "products": "products",
    "customers": "customers",
    "coupons": "coupons",
    "reviews": "products/reviews",
    "orders": "orders",
    "refunds": "refunds",
}
EXTRA: dict[str, dict[str, object]] = {
    "products": {"status": "any"},
    "orders": {"status": "any"},
    "customers": {"role": "customer"},  # as the export: accounts of the staff are no customers
    "reviews": {"status": "all"},
}


class RestReader:
    """Reads wc/v3, a hundred rows a request: slow, but it needs nothing of the plugin but its key."""

    source = "rest"

    def __init__(self, client: WooClient, hash_key: bytes) -> None:
        self._client, self._hash_key = client, hash_key

    def begin(self) -> int | None:
        return None

    def pages(self, resource: str, after: int = 0, modified_after: int | None = None) -> Iterator[Page]:
        if resource == "variations":
            yield from self._variations(after, modified_after)
            return
        params: dict[str, object] = {**EXTRA.get(resource, {}), "order": "asc", "orderby": "id"}
        if modified_after is not None and resource in CHANGING:
            from datetime import UTC, datetime

            since = datetime.fromtimestamp(modified_after - 1, UTC)  # wc/v3 leaves the moment itself out
            params |= {"modified_after": since.strftime("%Y-%m-%dT%H:%M:%S"), "dates_are_gmt": True}
        number, pages = 1, 1
        while number <= pages:
            found, pages, total = self._client.page(ENDPOINTS[resource], number, **params)
            rows = [as_row(resource, row, self._hash_key) for row in found if row["id"] > after]
            yield Page(COLUMNS[resource], rows, last=number >= pages, total=total)
            number += 1

    def rows(self, resource: str, ids: Sequence[int]) -> Page:
        if resource == "variations":
            wanted = set(ids)
            rows = [row for page in self.pages("variations") for row in page.rows if row[0] in wanted]
            return Page(COLUMNS[resource], rows, last=True)
        found: list[list[Any]] = []
        for start in range(0, len(ids), PER_PAGE):
            some = list(ids[start : start + PER_PAGE])
            params = {**EXTRA.get(resource, {}), "include": some}
            answer, _pages, _total = self._client.page(ENDPOINTS[resource], 1, **params)
            found += [as_row(resource, row, self._hash_key) for row in answer]
        return Page(COLUMNS[resource], sorted(found, key=lambda row: row[0]), last=True)

    def ids(self, resource: str) -> list[int] | None:
        return sorted(row[0] for page in self.pages(resource) for row in page.rows)

    def _variations(self, after: int, modified_after: int | None) -> Iterator[Page]:
        # wc/v3 lists variations by product only: all are gathered, so that ids ascend over the pages.
        rows: list[list[Any]] = []
        for parents in self._client.pages(
            "products", type="variable", status="any", order="asc", orderby="id"
        ):
            for parent in parents:
                for found in self._client.pages(f"products/{parent['id']}/variations", status="any"):
                    rows += [
                        as_row("variations", row | {"parent_id": parent["id"]}, self._hash_key)
                        for row in found
                    ]
        rows = sorted((row for row in rows if row[0] > after), key=lambda row: row[0])
        yield Page(COLUMNS["variations"], rows, last=True, total=len(rows))


def pick_reader(export: ExportClient, rest: WooClient | None, hash_key: bytes) -> Reader:
    """The export when the plugin has it, else wc/v3; the export's error when there is no key for wc/v3."""
    try:
        export.export("categories", limit=1)
    except ShopUnreachable as error:
        if error.code != "route_missing" or rest is None:
            raise
        return RestReader(rest, hash_key)
    return ExportReader(export)
