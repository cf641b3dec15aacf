"""What the sidecar holds about one person, shown or erased (GDPR, articles 15 and 17).

Erasing is idempotent: fingerprints first, then the app database, the mirror last, so that one that was
interrupted finds everybody again. Money, dates and products of orders stay without the buyer, so that figures
stay right.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, Table, Text, cast, func, or_, select, update

from sidecar.core.changes import digest
from sidecar.core.errors import Unavailable
from sidecar.db import read, write
from sidecar.db.app import audit as audit_table
from sidecar.db.app import proposals as proposals_table
from sidecar.db.app import runs
from sidecar.db.mirror import mirror
from sidecar.db.mirror import orders as orders_table
from sidecar.db.session import overwrite_deleted
from sidecar.runtime import audit, jobs, proposals
from sidecar.runtime.base import Row, Runtime, at, now, present
from sidecar.runtime.held import DELETE, Held, anonymise, app_rows, mirror_rows, whom
from sidecar.runtime.personal import PLACES, Person, Place
from sidecar.security import person_keys
from sidecar.security.person_keys import PersonKeys
from sidecar.store import erased
from sidecar.store.mirroring import bump, hold

CHUNK = 200
HIDDEN = frozenset(
    {
        "shop_id", "password_hash", "secret_hash", "token_hash", "sealed", "key_id", "digest", "search",
        "lease_owner", "lease_until", "unique_key", "seed", "position", "previous", "hash", "form",
    }
)  # fmt: skip
"""Columns that say nothing about a person, or are secret."""

LAWFUL_MINIMUM: tuple[tuple[str, str, str, str], ...] = (
    (
        "audit.person, audit.who",
        "the number of a member of staff, the name of their API key, or the keyed hash of an e-mail address",
        "What was done stays provable as one person's doing. Names are sealed; their key is destroyed.",
        "`DEVSKYY_AUDIT_DAYS`",
    ),
    (
        "person_keys.person",
        "the same number or hash",
        "So that what a destroyed key sealed is known as erased, not taken for damage.",
        "as long as the app database",
    ),
    (
        "erased_people.fingerprint",
        "a keyed fingerprint of e-mail hash, customer number and review number",
        "So that no later sync brings the person back.",
        "as long as the app database",
    ),
    (
        "rate_windows.name",
        "a hash of a network address or login",
        "So that nobody tries passwords or floods the sidecar.",
        "minutes, until its window has passed",
    ),
    (
        "orders without their buyer",
        "money, times, products",
        "The shop's books (German HGB § 257 and AO § 147, and their like elsewhere); they name nobody.",
        "as long as WooCommerce has the order",
    ),
    (
        "backups",
        "what `devskyy backup` copied before",
        "A copy cannot be changed without losing its worth. Erase again after restoring one.",
        "as long as you keep them: 30 days are advised",
    ),
)
"""What may stay after an erasure: where, what, why, how long. The whole list: the tests find nothing else."""

log = structlog.get_logger(__name__)


def lawful_minimum() -> list[Row]:
    """`LAWFUL_MINIMUM` for the wire."""
    return [dict(zip(("where", "what", "why", "kept"), row, strict=True)) for row in LAWFUL_MINIMUM]


def export(rt: Runtime, shop_id: str, given: Row, *, page: int, limit: int) -> Row:
    """A page of what is held: `{"held", "total", "pages", "items": [{table, title, id, data}]}`."""
    person = whom(rt, shop_id, given)
    found = list(_items(rt, shop_id, person))
    start = (page - 1) * limit
    pages = -(-len(found) // limit) or 1
    return {"held": bool(found), "total": len(found), "pages": pages, "items": found[start : start + limit]}


def _items(rt: Runtime, shop_id: str, person: Person) -> Iterator[Row]:
    orders = _orders(rt, shop_id, person)
    for engine, rows_of in ((rt.db.mirror, mirror_rows), (rt.db.app, app_rows)):
        with read(engine) as conn:
            for held in rows_of(shop_id, person, orders):
                query = select(held.table).where(held.where).order_by(*held.table.primary_key)
                for row in conn.execute(query).mappings():
                    yield _item(held.table, dict(row))
    for place in PLACES:
        engine = _engine(rt, place.table)
        for named in _named(engine, shop_id, person, place):
            changed = person.changes(place, named)
            keep = {c.name for c in place.table.c if c.primary_key or c.info.get("kind") == "time"}
            shown = keep | set(changed) | {"agent", "kind", "state", "resource", "title"}
            yield _item(place.table, {name: value for name, value in named.items() if name in shown})
    yield from _audit(rt, shop_id, person)


def _audit(rt: Runtime, shop_id: str, person: Person) -> Iterator[Row]:
    """What they did and what was noted about them, with the personal values as long as their key stands."""
    names = _audited(person)
    noted = [cast(audit_table.c.detail, Text).contains(f'"{name}"', autoescape=True) for name in names]
    mine = (audit_table.c.shop_id == shop_id) & or_(audit_table.c.person.in_(names), *noted)
    with read(rt.db.app) as conn:
        keys = PersonKeys(conn, rt.sealer, shop_id)
        for row in conn.execute(select(audit_table).where(mine).order_by(audit_table.c.n)).mappings():
            opened = (
                keys.open(row["person"], row["sealed"]) if row["person"] in names and row["sealed"] else {}
            )
            yield _item(audit_table, {**row, "personal": opened or None})


def _item(table: Table, row: Row) -> Row:
    key = [str(row[c.name]) for c in table.primary_key if c.name != "shop_id"]
    data = {name: _readable(table, name, value) for name, value in row.items() if name not in HIDDEN}
    return {"table": table.name, "title": table.comment, "id": "-".join(key) or "1", "data": present(data)}


def _readable(table: Table, name: str, value: Any) -> Any:
    kind = table.c[name].info.get("kind") if name in table.c else None
    if value is None or kind is None:
        return value
    return at(value) if kind == "time" else f"{value / 10_000:.2f}"


def erase(rt: Runtime, shop_id: str, given: Row, who: Row | None) -> Row:
    """Takes a person out: `{"held", "erased": {table: rows}, "kept": [where], "again"}`.

    `again` says that they had been erased before. Afterwards SQLite's files are written anew as a job, since
    moved rows may leave copies in pages that were never deleted.
    """
    person = whom(rt, shop_id, given)
    marks = _fingerprints(shop_id, person)
    with write(rt.db.app) as conn:
        again = bool(marks) and not erased.remember(conn, shop_id, marks, now())
        audit.record(conn, shop_id, who, "privacy.erase", min(marks, default="staff")[:16])
        under_way = (runs.c.shop_id == shop_id) & (runs.c.state == "running")
        # What they have read may hold the person: they start anew (see runner._still_ours).
        conn.execute(update(runs).where(under_way).values(state="queued", lease_owner=None))
    counts: dict[str, int] = {}
    orders = _orders(rt, shop_id, person)
    with write(rt.db.app) as conn:
        _count(counts, _apply(conn, app_rows(shop_id, person, orders)))
    for place in PLACES:
        _count(counts, {place.table.name: _take_out(_engine(rt, place.table), shop_id, person, place)})
    kept = _destroy_keys(rt, shop_id, person)
    with write(rt.db.mirror) as conn:
        hold(conn, shop_id)
        gone = _apply(conn, mirror_rows(shop_id, person, orders))
        if gone:
            bump(conn, shop_id)
        _count(counts, gone)
    _overwrite(rt, shop_id)
    log.info("person_erased", rows=sum(counts.values()), tables=len(counts), again=again)
    return {"held": bool(counts or kept), "erased": counts, "kept": kept, "again": again}


def _fingerprints(shop_id: str, person: Person) -> set[str]:
    kinds: list[tuple[str, Sequence[object] | frozenset[Any]]] = [
        (erased.BUYER, person.hashes), (erased.CUSTOMER, person.customers), (erased.REVIEW, person.reviews),
    ]  # fmt: skip
    return {erased.fingerprint(person.hash_key, shop_id, kind, one) for kind, some in kinds for one in some}


def _orders(rt: Runtime, shop_id: str, person: Person) -> list[int]:
    with read(rt.db.mirror) as conn:
        query = select(orders_table.c.id).where(anonymise(shop_id, person)).order_by(orders_table.c.id)
        return list(conn.execute(query).scalars())


def _engine(rt: Runtime, table: Table) -> Engine:
    return rt.db.mirror if table.metadata is mirror else rt.db.app


def _count(counts: dict[str, int], more: dict[str, int]) -> None:
    for name, n in more.items():
        if n:
            counts[name] = counts.get(name, 0) + n


def _apply(conn: Connection, held: list[Held]) -> dict[str, int]:
    done: dict[str, int] = {}
    for one in held:
        if one.values is DELETE:
            _count(done, {one.table.name: conn.execute(one.table.delete().where(one.where)).rowcount})
        elif one.values:
            result = conn.execute(update(one.table).where(one.where).values(one.values))
            _count(done, {one.table.name: result.rowcount})
    return done


def _named(engine: Engine, shop_id: str, person: Person, place: Place) -> Iterator[Row]:
    """The rows of a place that name the person."""
    query = select(place.table).where(place.table.c.shop_id == shop_id, person.likely(place))
    with read(engine) as conn:
        found = conn.execute(query.order_by(*place.table.primary_key), execution_options={"yield_per": CHUNK})
        for row in found.mappings():
            if person.changes(place, dict(row)):
                yield dict(row)


def _take_out(engine: Engine, shop_id: str, person: Person, place: Place) -> int:
    done = 0
    rows = list(_named(engine, shop_id, person, place))
    for start in range(0, len(rows), CHUNK):
        with write(engine) as conn:
            for old in rows[start : start + CHUNK]:
                same = [column == old[column.name] for column in place.table.primary_key]
                row = conn.execute(select(place.table).where(*same).with_for_update()).mappings().first()
                changed = person.changes(place, dict(row)) if row else {}
                if changed:
                    if place.table is proposals_table:
                        _close(conn, dict(row or {}), changed)
                    conn.execute(update(place.table).where(*same).values(changed))
                    done += 1
    return done


def _close(conn: Connection, row: Row, changed: Row) -> None:
    """A proposal about the person is no longer open, and what it says has a new digest."""
    if "changes" in changed:
        changed["digest"] = digest(row["id"], changed["changes"])
    if {"changes", "subject"} & set(changed) and row["state"] in proposals.MOVES["expire"]:
        proposals.step(conn, row, "expire", note="It was about a person who was erased.")


def _audited(person: Person) -> list[str]:
    """The person's names in the audit."""
    users = set(person.customers) | ({person.user_id} if person.user_id is not None else set())
    found = {audit.actor({"id": number}) for number in users}
    found |= {audit.actor({"login": login}) for login in person.logins}
    found |= {audit.actor({kind: name}) for name in person.key_names for kind in ("key", "client")}
    return sorted({name for name in found if name} | {f"buyer:{one}" for one in person.hashes})


def _destroy_keys(rt: Runtime, shop_id: str, person: Person) -> list[str]:
    """Erases the audit's personal values by their key; names what stays."""
    names = _audited(person)
    with write(rt.db.app) as conn:
        for name in names:
            person_keys.erase(conn, shop_id, name)
        mine = (audit_table.c.shop_id == shop_id) & audit_table.c.person.in_(names)
        stays = names and conn.execute(select(func.count()).where(mine)).scalar_one()
    return ["audit"] if stays else []


def _overwrite(rt: Runtime, shop_id: str) -> None:
    for engine in (rt.db.app, rt.db.mirror):
        overwrite_deleted(engine)
    if "sqlite" in (rt.db.app.dialect.name, rt.db.mirror.dialect.name):
        jobs.start(rt, shop_id, "compact", {}, title="Overwrite what was erased", unique_key="compact")


def compact(rt: Runtime, _shop_id: str, _args: Row) -> Row:
    """Writes SQLite's files anew, so that no page holds what was erased; the job after an erasure.

    Unavailable, so that it is tried again, while a run or sync still reads what was there before.
    """
    done = [overwrite_deleted(engine, rebuild=True) for engine in (rt.db.app, rt.db.mirror)]
    if not all(done):
        raise Unavailable(
            "Something still reads the database as it was before the erasure.",
            code="database_busy",
            hint="Retry when no run or sync is under way; the nightly job does it too.",
        )
    return {}
