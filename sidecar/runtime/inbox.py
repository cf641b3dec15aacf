"""Proposals on the wire: one, a page of them, and what became of earlier ones."""

from __future__ import annotations

import json
import math
from typing import Any

from sqlalchemy import Text, bindparam, cast, func, select

from sidecar.core.errors import Invalid
from sidecar.db import read
from sidecar.db.app import proposals
from sidecar.runtime.base import Row, Runtime, at, present
from sidecar.runtime.proposals import STATES, load

SORTS: dict[str, Any] = {
    "created_at": proposals.c.created_at,
    "risk": proposals.c.risk_rank,
    "effect": proposals.c.effect,
    "title": proposals.c.title,
}
PLAIN = (
    "id",
    "agent",
    "family",
    "title",
    "state",
    "risk",
    "run_id",
    "digest",
    "subject",
    "changes",
    "evidence",
    "undoable",
)
LARGE = ("changes", "evidence")
RAW = [cast(column, Text).label(column.name) if column.name in LARGE else column for column in proposals.c]
# Made once: it is asked often.
HISTORY = (
    select(proposals)
    .where(
        proposals.c.shop_id == bindparam("shop"),
        proposals.c.agent == bindparam("by"),
        proposals.c.id != bindparam("but"),
        proposals.c.state.not_in(("pending", "snoozed")),
    )
    .order_by(proposals.c.updated_at.desc())
    .limit(10)
)


def as_json(row: Row) -> Row:
    """A proposal (docs/protocol.md, section 7)."""
    times = {name: at(row[name]) for name in ("created_at", "expires_at", "snoozed_until", "decided_at")}
    person = row["decided_by"] and {name: row["decided_by"].get(name) for name in ("id", "login")}
    plain = {name: row[name] for name in PLAIN if name in row}
    more = {
        "decided_by": person,
        "outcome": row["outcome"],
        "reason": row["reason"],
        "superseded_by": row["superseded_by"],
    }
    return present({**plain, **times, **more})


def get(rt: Runtime, shop_id: str, ident: str) -> Row:
    """`{"proposal", "history"}`: history are the ten last decided proposals of the same agent."""
    with read(rt.db.app) as conn:
        row = load(conn, shop_id, ident)
        about = {"shop": shop_id, "by": row["agent"], "but": ident}
        history = [as_json(dict(other)) for other in conn.execute(HISTORY, about).mappings()]
    return {"proposal": as_json(row), "history": history}


def page(
    rt: Runtime,
    shop_id: str,
    *,
    states: list[str],
    family: str | None,
    agent: str | None,
    risk: str | None,
    q: str | None,
    sort: str,
    limit: int,
    number: int,
) -> str:
    """The answer as JSON text, `{"ok", "items", "total", "pages", "counts"}`; counts are of the whole shop,
    whatever is filtered.
    """
    mine = proposals.c.shop_id == shop_id
    wanted = [mine, *_filters(states, family, agent, risk, q)]
    with read(rt.db.app) as conn:
        total = conn.execute(select(func.count()).where(*wanted)).scalar_one()
        query = select(*RAW).where(*wanted).order_by(*_order(sort)).limit(limit).offset((number - 1) * limit)
        items = [_text(dict(row)) for row in conn.execute(query).mappings()]
        counted = conn.execute(
            select(proposals.c.state, func.count()).where(mine).group_by(proposals.c.state)
        )
        found = {state: int(n) for state, n in counted}
    counts = {state: found.get(state, 0) for state in STATES}
    rest = json.dumps({"total": total, "pages": math.ceil(total / limit), "counts": counts})
    return f'{{"ok":true,"items":[{",".join(items)}],{rest[1:]}'


def _text(row: Row) -> str:
    """A proposal as JSON text: what is large is put in as it stands in the database, not read and written."""
    large = ",".join(f'"{name}":{row.pop(name)}' for name in LARGE)
    return f"{json.dumps(as_json(row), separators=(',', ':'))[:-1]},{large}}}"


def _filters(
    states: list[str], family: str | None, agent: str | None, risk: str | None, q: str | None
) -> list[Any]:
    unknown = set(states) - set(STATES)
    if unknown:
        raise Invalid(
            "There is no such state.",
            hint=f"States: {', '.join(STATES)}.",
            fields={"state": ", ".join(sorted(unknown))},
        )
    found: list[Any] = [proposals.c.state.in_(states)] if states else []
    found += [
        column == value
        for column, value in (
            (proposals.c.family, family),
            (proposals.c.agent, agent),
            (proposals.c.risk, risk),
        )
        if value
    ]
    return [*found, proposals.c.search.contains(q.lower().strip(), autoescape=True)] if q else found


def _order(sort: str) -> list[Any]:
    column = SORTS.get(sort.removeprefix("-"))
    if column is None:
        names = ", ".join(SORTS)
        raise Invalid(
            "It cannot be sorted by that.",
            hint=f"Sort by {names}, with - for descending.",
            fields={"sort": f"one of {names}"},
        )
    down = sort.startswith("-")
    known = [column.is_(None)] if column is proposals.c.effect else []
    return [*known, column.desc() if down else column.asc(), proposals.c.position, proposals.c.id]
