"""The two ways to read a shop: WooCommerce's own REST API, and the plugin's signed export."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import requests
from woocommerce import API

from sidecar.core.errors import ShopUnreachable
from sidecar.core.types import utc_text
from sidecar.security.tokens import canonical_path, sign
from sidecar.store.transport import json_of, with_retries

PER_PAGE = 100


class WooClient:
    """Read-only wc/v3 through the `woocommerce` library: pages, retries, csv lists, no redirects."""

    def __init__(
        self,
        url: str,
        key: str,
        secret: str,
        *,
        timeout: float = 30.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.url = url.rstrip("/")
        self._api = API(
            url=self.url, consumer_key=key, consumer_secret=secret, version="wc/v3", timeout=timeout
        )
        self._sleep = sleep

    def __repr__(self) -> str:
        return f"WooClient({self.url!r})"

    def get(self, endpoint: str, **params: object) -> Any:
        """The JSON of one GET; ShopUnreachable with a hint otherwise."""
        return json_of(self._send(endpoint, params))

    def page(self, endpoint: str, number: int, **params: object) -> tuple[list[dict[str, Any]], int, int]:
        """One page: rows, number of pages, number of rows in all."""
        response = self._send(endpoint, {"per_page": PER_PAGE, **params, "page": number})
        rows = json_of(response)
        if not isinstance(rows, list):
            raise ShopUnreachable(
                "WooCommerce did not answer with a list.", code="answer_malformed", hint="Update WooCommerce."
            )
        head = response.headers
        return rows, int(head.get("X-WP-TotalPages", 1)), int(head.get("X-WP-Total", len(rows)))

    def pages(self, endpoint: str, **params: object) -> Iterator[list[dict[str, Any]]]:
        """All pages of a list, one after the other."""
        number, last = 1, 1
        while number <= last:
            rows, last, _total = self.page(endpoint, number, **params)
            yield rows
            number += 1

    def _send(self, endpoint: str, params: Mapping[str, object]) -> requests.Response:
        def send() -> requests.Response:
            # A fresh dict each time: the library writes into it.
            answer: requests.Response = self._api.get(endpoint, params=query(params), allow_redirects=False)
            return answer

        return with_retries(send, sleep=self._sleep)


class ExportClient:
    """The plugin's read-only routes for this sidecar, each request signed (docs/protocol.md, section 5).

    `rest_url` is the shop's REST root as the plugin gave it, `…/wp-json/` or `…/?rest_route=/`.
    `clock` is the shop's time at its last answer, in epoch seconds.
    """

    def __init__(
        self,
        rest_url: str,
        shop_id: str,
        secret: bytes,
        *,
        version: str = "0.1.0",
        timeout: float = 30.0,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.rest_url = rest_url
        self.clock: int | None = None
        self._shop_id, self._secret, self._version = shop_id, secret, version
        self._timeout, self._sleep, self._now = timeout, sleep, now
        self._session = requests.Session()

    def __repr__(self) -> str:
        return f"ExportClient({self.rest_url!r})"

    def get(self, route: str, **params: object) -> dict[str, Any]:
        """The JSON object of one signed GET of `/devskyy/v1/…`; ShopUnreachable with a hint otherwise."""
        url, routed = rest_address(self.rest_url, route)
        pairs = routed | query(params)
        path = canonical_path(route, ((name, text) for name, text in pairs.items() if name != "rest_route"))

        def send() -> requests.Response:
            token = sign(
                self._secret, iss="sidecar", aud=self._shop_id, method="GET", path=path, now=int(self._now())
            )
            head = {
                "Authorization": f"Bearer {token}",
                "X-DevSkyy-Version": self._version,
                "Accept": "application/json",
            }
            return self._session.get(
                url, params=pairs, headers=head, timeout=self._timeout, allow_redirects=False
            )

        response = with_retries(send, sleep=self._sleep)
        body = json_of(response)
        if not isinstance(body, dict) or body.get("ok") is not True:
            raise ShopUnreachable(
                "The shop answered something else than the plugin would.",
                code="answer_malformed",
                hint="Another plugin may answer at this address; update the DevSkyy plugin.",
            )
        self.clock = _date_of(response)
        return body

    def shop(self) -> dict[str, Any]:
        """Site id, home URL, versions, facts and counts of the shop."""
        return self.get("/devskyy/v1/shop")

    def export(
        self,
        resource: str,
        *,
        after: int = 0,
        limit: int | None = None,
        ids: Iterable[int] = (),
        modified_after: int | None = None,
    ) -> dict[str, Any]:
        """One page of the export: columns, rows, next, total."""
        since = None if modified_after is None else utc_text(datetime.fromtimestamp(modified_after, UTC))
        return self.get(
            "/devskyy/v1/export",
            resource=resource,
            after=after,
            limit=limit,
            ids=list(ids),
            modified_after=since,
        )

    def ids(self, resource: str, *, after: int = 0, limit: int = 50_000) -> dict[str, Any]:
        """One page of the ids of a resource: ids, next."""
        return self.get("/devskyy/v1/export/ids", resource=resource, after=after, limit=limit)

    def ledger(self, proposal_id: str) -> list[dict[str, Any]]:
        """What the plugin's ledger says about a proposal's changes."""
        rows: list[dict[str, Any]] = self.get("/devskyy/v1/ledger", proposal=proposal_id)["rows"]
        return rows


def query(params: Mapping[str, object]) -> dict[str, str]:
    """Parameters as text: lists joined by commas, empty ones dropped; the input stays as it is."""
    texts: dict[str, str] = {}
    for name, value in params.items():
        if isinstance(value, bool):
            texts[name] = "true" if value else "false"
        elif isinstance(value, list | tuple | set | frozenset):
            texts[name] = ",".join(str(part) for part in value)
        elif value is not None:
            texts[name] = str(value)
    return {name: text for name, text in texts.items() if text != ""}


def rest_address(rest_url: str, route: str) -> tuple[str, dict[str, str]]:
    """Where a REST route answers: the URL, and `rest_route` as a parameter with plain permalinks."""
    parts = urlsplit(rest_url)
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    if "rest_route" in given:
        root = urlunsplit((parts.scheme, parts.netloc, parts.path or "/", "", ""))
        return root, given | {"rest_route": route}
    return rest_url.rstrip("/") + route, {}


def _date_of(response: requests.Response) -> int | None:
    try:
        return int(parsedate_to_datetime(response.headers["Date"]).timestamp())
    except (KeyError, ValueError):
        return None
