"""The mirror's sync: full, incremental, single rows after events, and the nightly reconciliation of ids.

Every page is committed with its cursor, so a killed sync goes on where it stood. One sync at a time per shop
(a lease).
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, select

from sidecar.core.errors import Conflict, DevSkyyError
from sidecar.db import Databases, lease, read, upsert, write
from sidecar.db.mirror import mirror_state, sync_cursors
from sidecar.store import erased
from sidecar.store.mirroring import (
    bump,
    drop_rows,
    hold,
    remember_history,
    replace_interval,
    replace_rows,
    set_state,
)
from sidecar.store.readers import Page, Reader
from sidecar.store.rows import CHANGING, COLUMNS, KINDS, Batch, batch, local_day

LEASE_S = 120
OVERLAP_S = 1
UNTRACED = ("categories", "coupons")
"""Few rows, and nothing tells that they changed: read again whole at night."""

RESUME_S = 24 * 3600
"""An unfinished full sync older than this starts anew."""

Progress = Callable[[int, int | None, str], None]
LABELS = {
    "categories": "Categories",
    "products": "Products",
    "variations": "Variations",
    "customers": "Customers",
    "coupons": "Coupons",
    "reviews": "Reviews",
    "orders": "Orders",
    "refunds": "Refunds",
}


@dataclass(frozen=True)
class Report:
    """What a sync did: rows per resource, seconds, and the mirror's generation after it."""

    rows: dict[str, int]
    seconds: float
    generation: int
    deleted: int = 0


@dataclass
class Sync:
    """A shop's sync: where it writes, where it reads, and how it counts days."""

    databases: Databases
    shop_id: str
    zone: tzinfo
    reader: Reader
    hash_key: bytes = b""
    owner: str = field(default_factory=lambda: uuid.uuid4().hex)
    now: Callable[[], float] = time.time

    def full(self, progress: Progress | None = None) -> Report:
        """Reads everything, going on where a killed one stood, then what changed meanwhile."""
        begun = time.monotonic()
        with self._alone():
            started = self._start_full()
            counts = {name: self.read_resource(name, started, progress) for name in COLUMNS}
            self._forget_cursors()
            done = {"last_full_at": int(self.now()), "modified_after": started, "source": self.reader.source}
            set_state(self.databases.mirror, self.shop_id, **done)
            self._changes()
        return self._report(counts, begun)

    def incremental(self) -> Report:
        """Reads what changed since the last sync, with one second of overlap, and rows with new ids."""
        begun = time.monotonic()
        with self._alone():
            counts = self._changes()
        return self._report(counts, begun)

    def refresh(self, resource: str, ids: Sequence[int]) -> Report:
        """Reads these rows again, after events; rows that the shop no longer has are deleted."""
        begun = time.monotonic()
        page = self.reader.rows(resource, list(ids))
        self._write_rows(resource, page, asked=ids)
        return self._report({resource: len(page.rows)}, begun)

    def reconcile(self) -> Report:
        """Compares all ids: reads rows that are missing here and deletes rows that the shop no longer has."""
        begun = time.monotonic()
        counts, gone_rows = {}, 0
        with self._alone():
            for name in COLUMNS:
                # Ours first: a row that an event adds meanwhile must not look gone.
                ours = self._ids(name)
                theirs = self.reader.ids(name)
                if theirs is None:
                    continue
                gone, missing = sorted(ours - set(theirs)), sorted(set(theirs) - ours)
                if gone:
                    with write(self.databases.mirror) as conn:
                        drop_rows(conn, self.shop_id, name, gone)
                        bump(conn, self.shop_id)
                if missing:
                    self._write_rows(name, self.reader.rows(name, missing), asked=())
                counts[name] = len(missing)
                gone_rows += len(gone)
            started = int(self.now())
            for name in UNTRACED:
                self.read_resource(name, started, None)
            self._forget_cursors()
            set_state(self.databases.mirror, self.shop_id, last_reconcile_at=int(self.now()))
        return self._report(counts, begun, gone_rows)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """The shop's sync lease; the state says running, then ok or failed."""
        engine, now = self.databases.app, int(self.now())
        with lease.held(engine, self.shop_id, "sync", self.owner, now=now, seconds=LEASE_S) as taken:
            if not taken:
                raise Conflict(
                    "A sync of this shop runs already.", code="sync_running", hint="Wait until it ends."
                )
            set_state(self.databases.mirror, self.shop_id, state="running", error=None)
            try:
                yield
            except BaseException as error:
                known = (
                    error.as_dict()
                    if isinstance(error, DevSkyyError)
                    else {"code": "internal", "message": str(error)}
                )
                set_state(self.databases.mirror, self.shop_id, state="failed", error=known)
                raise
            set_state(self.databases.mirror, self.shop_id, state="ok")

    def _renew(self) -> None:
        now = int(self.now())
        if not lease.take(self.databases.app, self.shop_id, "sync", self.owner, now=now, seconds=LEASE_S):
            raise Conflict(
                "Another sync of this shop took over.", code="sync_running", hint="Wait until it ends."
            )

    def _start_full(self) -> int:
        """When the full sync began by the shop's clock: of the one to go on with, or now."""
        mine = sync_cursors.c.shop_id == self.shop_id
        with read(self.databases.mirror) as conn:
            begun: int | None = conn.execute(select(func.max(sync_cursors.c.started_at)).where(mine)).scalar()
        if begun is not None and begun > int(self.now()) - RESUME_S:
            return begun
        self._forget_cursors()
        return self._shop_time()

    def _shop_time(self) -> int:
        """Now, by the clock that writes the shop's modification times; a minute early if unknown."""
        clock = self.reader.begin()
        return clock if clock is not None else int(self.now()) - 60

    def _forget_cursors(self) -> None:
        with write(self.databases.mirror) as conn:
            conn.execute(delete(sync_cursors).where(sync_cursors.c.shop_id == self.shop_id))

    def read_resource(self, resource: str, started: int, progress: Progress | None = None) -> int:
        """Reads all rows of one resource for the full sync that began at `started`; gives their number."""
        cursor = self._cursor(resource, started)
        if cursor["finished"]:
            return int(cursor["done"])
        for page in self.reader.pages(resource, after=cursor["after"]):
            made = self._batch(resource, page)
            up_to = None if page.last else (made.ids[-1] if made.ids else cursor["after"])
            before = cursor["after"]
            cursor |= {"done": cursor["done"] + len(made.ids), "finished": page.last}
            cursor["after"] = before if up_to is None else up_to
            cursor["total"] = page.total if page.total is not None else cursor["total"]
            shown = {
                "progress_done": cursor["done"],
                "progress_total": cursor["total"],
                "progress_label": LABELS[resource],
            }
            with write(self.databases.mirror) as conn:
                made = self._without_erased(conn, resource, made)
                replace_interval(conn, self.shop_id, resource, made, before, up_to)
                upsert(conn, sync_cursors, [cursor])
                bump(conn, self.shop_id, **shown)
            self._learn(resource, made)
            self._renew()
            if progress:
                progress(cursor["done"], cursor["total"], LABELS[resource])
        return int(cursor["done"])

    def _cursor(self, resource: str, started: int) -> dict[str, Any]:
        mine = (sync_cursors.c.shop_id == self.shop_id) & (sync_cursors.c.resource == resource)
        with read(self.databases.mirror) as conn:
            row = (
                conn.execute(select(sync_cursors).where(mine, sync_cursors.c.started_at == started))
                .mappings()
                .first()
            )
        fresh = {"shop_id": self.shop_id, "resource": resource, "started_at": started}
        return dict(row) if row else fresh | {"after": 0, "done": 0, "total": None, "finished": False}

    def _changes(self) -> dict[str, int]:
        """What changed since the watermark, and rows with new ids of the resources that tell no changes."""
        with read(self.databases.mirror) as conn:
            mine = select(mirror_state.c.modified_after).where(mirror_state.c.shop_id == self.shop_id)
            since: int | None = conn.execute(mine).scalar()
        if since is None:
            raise Conflict(
                "The shop was never read in full.", code="sync_needed", hint="Start a full sync first."
            )
        started, counts = self._shop_time(), {}
        for name in COLUMNS:
            if name in CHANGING:
                pages = self.reader.pages(name, modified_after=since - OVERLAP_S)
            else:
                pages = self.reader.pages(name, after=max(self._ids(name), default=0))
            counts[name] = sum(self._write_rows(name, page, asked=()) for page in pages)
            self._renew()
        seen = {"last_incremental_at": int(self.now()), "modified_after": max(since, started)}
        set_state(self.databases.mirror, self.shop_id, **seen)
        return counts

    def _write_rows(self, resource: str, page: Page, asked: Sequence[int]) -> int:
        made = self._batch(resource, page)
        if made.ids or asked:
            with write(self.databases.mirror) as conn:
                made = self._without_erased(conn, resource, made)
                replace_rows(conn, self.shop_id, resource, made, asked)
                bump(conn, self.shop_id)
            self._learn(resource, made)
        return len(made.ids)

    def _batch(self, resource: str, page: Page) -> Batch:
        return batch(resource, page.columns, page.rows, shop_id=self.shop_id, zone=self.zone)

    def _without_erased(self, conn: Connection, resource: str, made: Batch) -> Batch:
        """The page as it may be written; with the mirror held, an erasure comes before or after it."""
        hold(conn, self.shop_id)
        return erased.load(self.databases.app, self.shop_id, self.hash_key).clean(resource, made)

    def _learn(self, resource: str, made: Batch) -> None:
        if resource in ("products", "variations"):
            at = int(self.now())
            remember_history(
                self.databases.app, self.shop_id, resource, made, at=at, day=local_day(at, self.zone)
            )

    def _ids(self, resource: str) -> set[int]:
        table = KINDS[resource].table
        with read(self.databases.mirror) as conn:
            return set(conn.execute(select(table.c.id).where(table.c.shop_id == self.shop_id)).scalars())

    def _report(self, counts: dict[str, int], begun: float, deleted: int = 0) -> Report:
        with read(self.databases.mirror) as conn:
            generation = generation_of(conn, self.shop_id)
        return Report(rows=counts, seconds=time.monotonic() - begun, generation=generation, deleted=deleted)


GENERATION = select(mirror_state.c.generation).where(mirror_state.c.shop_id == bindparam("shop"))


def generation_of(conn: Connection, shop_id: str) -> int:
    """The mirror's generation: 0 before the first rows."""
    return int(conn.execute(GENERATION, {"shop": shop_id}).scalar() or 0)
