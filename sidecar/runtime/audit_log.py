"""The audit as people read it: pages, filters, a summary; sealed names are opened while their key exists."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Text, and_, case, cast, func, or_, select

from sidecar.core.errors import NotFound
from sidecar.db.app import audit
from sidecar.runtime.audit import VISITOR, actor, sealer_of
from sidecar.runtime.base import Row, at, present
from sidecar.security.person_keys import PersonKeys

ERASED = "erased person"
MOST_PEOPLE = 500
MOST_ROWS = 100
DAY_S = 86_400
SHOWN = ("n", "action", "target", "request_id", "hash")


@dataclass(frozen=True)
class Filters:
    """Which rows; None means all. Times are epoch seconds, `until` excluded."""

    action: str | None = None
    target: str | None = None
    person: str | None = None
    request_id: str | None = None
    since: int | None = None
    until: int | None = None
    failed: bool | None = None
    q: str | None = None


def page(conn: Connection, shop_id: str, filters: Filters, limit: int, cursor: str | None) -> Row:
    """A page, newest first; `cursor` is a row number."""
    keys = PersonKeys(conn, sealer_of(conn), shop_id)
    mine = and_(audit.c.shop_id == shop_id, *_conditions(conn, keys, filters))
    query = select(audit).where(mine)
    if cursor is not None:
        if not cursor.isdecimal() or len(cursor) > 18:
            raise NotFound(
                "That cursor is none of ours.", code="cursor_unknown", hint="Start again without cursor."
            )
        query = query.where(audit.c.n < int(cursor))
    rows = conn.execute(query.order_by(audit.c.n.desc()).limit(limit + 1)).mappings().all()
    answer: Row = {"items": [entry(dict(row), keys) for row in rows[:limit]]}
    answer["total"] = conn.execute(select(func.count()).select_from(audit).where(mine)).scalar_one()
    if len(rows) > limit:
        answer["next"] = str(rows[limit - 1]["n"])
    return answer


def summary(conn: Connection, shop_id: str, since: int, until: int) -> Row:
    """Counts by action, by who acted and by UTC day, with what failed of each."""
    keys = PersonKeys(conn, sealer_of(conn), shop_id)
    mine = (audit.c.shop_id == shop_id) & (audit.c.at >= since) & (audit.c.at < until)
    days = _counted(conn, mine, audit.c.at // DAY_S)
    first = conn.execute(select(func.min(audit.c.at)).where(audit.c.shop_id == shop_id)).scalar()
    return present(
        {
            "since": at(since),
            "until": at(until),
            "total": sum(count for _, count, _ in days),
            "failed": sum(failed for _, _, failed in days),
            "actions": [
                {"action": name, "count": count, "failed": failed}
                for name, count, failed in _by_count(_counted(conn, mine, audit.c.action))
            ],
            "people": [
                {**_who(conn, keys, mine, person), "count": count, "failed": failed}
                for person, count, failed in _by_count(_counted(conn, mine, audit.c.person))
            ],
            "days": [
                {
                    "day": datetime.fromtimestamp(int(day) * DAY_S, UTC).date().isoformat(),
                    "count": count,
                    "failed": failed,
                }
                for day, count, failed in sorted(days)
            ],
            "first_at": at(first),
        }
    )


def entry(row: Row, keys: PersonKeys) -> Row:
    """A row as the wire shows it; what was sealed is open, or says that the person was erased."""
    sealed = keys.open(row["person"], row["sealed"]) if row["sealed"] else {}
    opened = sealed or {}
    who, by = row["who"], _kind(row)
    if who is not None:
        who = {**who, **opened.get("who", {})}
        if sealed is None and by == "person":
            who["login"] = ERASED
    parts = {"detail": row["detail"], "before": row["was"], "after": row["became"]}
    return present(
        {
            **{name: row[name] for name in SHOWN},
            "at": at(row["at"]),
            "by": by,
            "who": who,
            "person": row["person"] or actor(row["who"]),
            "erased": True if sealed is None else None,
            "failed": True if row["failed"] else None,
            "personal": opened.get("personal"),
            **{
                name: None if part is None else _opened({**part, **opened.get(name, {})}, keys)
                for name, part in parts.items()
            },
        }
    )


def _opened(part: Any, keys: PersonKeys) -> Any:
    """Opens what `audit.about` sealed."""
    if isinstance(part, list):
        return [_opened(one, keys) for one in part]
    if not isinstance(part, dict):
        return part
    if set(part) == {"person", "sealed"} and all(isinstance(text, str) for text in part.values()):
        found = keys.open(part["person"], part["sealed"])
        return {"person": part["person"], **({"erased": True} if found is None else found)}
    return {name: _opened(one, keys) for name, one in part.items()}


def _kind(row: Row) -> str:
    name = row["person"] or actor(row["who"]) or ""
    kind = name.partition(":")[0]
    if kind in ("key", "client", VISITOR):
        return kind
    return "person" if kind else "sidecar"


def _conditions(conn: Connection, keys: PersonKeys, given: Filters) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if given.action:
        names = [name.strip() for name in given.action.split(",") if name.strip()]
        found.append(or_(*(_action(name) for name in names)))
    for column, value in ((audit.c.target, given.target), (audit.c.request_id, given.request_id)):
        if value:
            found.append(column == value)
    if given.person:
        found.append(audit.c.person.is_(None) if given.person == "none" else audit.c.person == given.person)
    if given.since is not None:
        found.append(audit.c.at >= given.since)
    if given.until is not None:
        found.append(audit.c.at < given.until)
    if given.failed is not None:
        found.append(func.coalesce(audit.c.failed, False) == given.failed)
    if given.q and given.q.strip():
        found.append(_text_in(conn, keys, given.q.strip()))
    return found


def _action(name: str) -> ColumnElement[bool]:
    return audit.c.action.startswith(name, autoescape=True) if name.endswith(".") else audit.c.action == name


def _text_in(conn: Connection, keys: PersonKeys, q: str) -> ColumnElement[bool]:
    # JSON columns hold ASCII, other letters as \u and digits: what is searched there is written the same way.
    written = {json.dumps(form)[1:-1].lower() for form in (q, q.lower(), q.upper())}
    q = q.lower()
    plain = (audit.c.action, audit.c.target, audit.c.request_id, audit.c.person)
    jsons = (audit.c.who, audit.c.detail, audit.c.was, audit.c.became)
    return or_(
        *(func.lower(column).contains(q, autoescape=True) for column in plain),
        *(
            func.lower(cast(column, Text)).contains(form, autoescape=True)
            for column in jsons
            for form in sorted(written)
        ),
        audit.c.person.in_(_people_named(conn, keys, q)),
    )


def _people_named(conn: Connection, keys: PersonKeys, q: str) -> list[str]:
    """People whose sealed name holds a text, by the newest row of each; names cannot be searched in SQL."""
    newest = (
        select(func.max(audit.c.n))
        .where(audit.c.shop_id == keys.shop_id, audit.c.sealed.is_not(None))
        .group_by(audit.c.person)
        .limit(MOST_PEOPLE)
    )
    numbers = list(conn.execute(newest).scalars())
    rows = conn.execute(
        select(audit.c.person, audit.c.sealed).where(audit.c.shop_id == keys.shop_id, audit.c.n.in_(numbers))
    ).all()
    named = []
    for row in rows:
        who = (keys.open(row.person, row.sealed) or {}).get("who", {})
        if any(q in str(value).lower() for value in who.values()):
            named.append(row.person)
    return named


def _counted(
    conn: Connection, mine: ColumnElement[bool], column: ColumnElement[Any]
) -> list[tuple[Any, int, int]]:
    failed = func.sum(case((audit.c.failed.is_(True), 1), else_=0))
    # By a label, since some databases take an expression with a bound number for another one each time.
    group = column.label("what")
    rows = conn.execute(select(group, func.count(), failed).where(mine).group_by("what"))
    return [(what, int(count), int(bad)) for what, count, bad in rows]


def _by_count(rows: list[tuple[Any, int, int]]) -> list[tuple[Any, int, int]]:
    return sorted(rows, key=lambda row: (-row[1], str(row[0])))[:MOST_ROWS]


def _who(conn: Connection, keys: PersonKeys, mine: ColumnElement[bool], person: str | None) -> Row:
    """One who acted, named as in their newest row."""
    if person is None:
        return {"by": "sidecar"}
    newest = select(audit).where(mine, audit.c.person == person).order_by(audit.c.n.desc()).limit(1)
    shown = entry(dict(conn.execute(newest).mappings().one()), keys)
    return {name: shown[name] for name in ("person", "by", "who", "erased") if name in shown}
