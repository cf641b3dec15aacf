"""Proposals on the wire: one, a page of them, and what became of earlier ones."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import Text, bindparam, cast, func, select

from sidecar.core.errors import Invalid
from sidecar.db import read
from sidecar.db.app import proposals
from sidecar.db.remembered import remembered
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
LIKE = re.compile("[/%_]")
LARGE = ("changes", "evidence")
TIMES = ("created_at", "expires_at", "snoozed_until", "decided_at")
SHOWN = (*PLAIN, *TIMES, "decided_by", "outcome", "reason", "superseded_by")
RAW = [cast(proposals.c[name], Text).label(name) if name in LARGE else proposals.c[name] for name in SHOWN]
# Made once: it is asked often.
COUNTS = (
    select(proposals.c.state, func.count())
    .where(proposals.c.shop_id == bindparam("shop"))
    .group_by(proposals.c.state)
)
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
    times = {name: at(row[name]) for name in TIMES}
    person = {name: (row["decided_by"] or {}).get(name) for name in ("id", "login", "erased")}
    plain = {name: row[name] for name in PLAIN if name in row}
    more = {
        "decided_by": present(person) or None,
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
) -> Row:
    """`{"items", "total", "pages", "counts"}`; counts are of the whole shop, whatever is filtered."""
    _check_states(states)
    asked = {"family": family, "agent": agent, "risk": risk, "q": q and q.lower().strip()}
    given = {name: value for name, value in asked.items() if value}
    count, query = _queries(tuple(sorted(set(states))), frozenset(given), sort)
    given |= {"shop": shop_id}
    if "q" in given:
        given["q"] = "%" + LIKE.sub(r"/\g<0>", str(given["q"])) + "%"
    found = {row[0]: int(row[1]) for row in remembered(rt.db.app, COUNTS, {"shop": shop_id})}
    counts = {state: found.get(state, 0) for state in STATES}
    with read(rt.db.app) as conn:
        if len(given) > 1:
            total = conn.execute(count, given).scalar_one()
        else:
            total = sum(counts[state] for state in set(states) or STATES)
        rows = conn.execute(query, given | {"most": limit, "past": (number - 1) * limit})
        items = [_raw(row._asdict()) for row in rows]
    return {"items": items, "total": total, "pages": math.ceil(total / limit), "counts": counts}


def _raw(row: Row) -> Row:
    """A proposal, with what is large as it stands in the database: it is not read and written."""
    for name in LARGE:
        row[name] = orjson.Fragment(row[name])
    return as_json(row)


@lru_cache(maxsize=500)
def _queries(states: tuple[str, ...], given: frozenset[str], sort: str) -> tuple[Any, Any]:
    """The count and the page for these filters, made once: SQLAlchemy takes longer to make them
    than SQLite to answer."""
    wanted = [proposals.c.shop_id == bindparam("shop")]
    if states:
        wanted.append(proposals.c.state.in_(states))
    for name in sorted(given - {"q"}):
        wanted.append(proposals.c[name] == bindparam(name))
    if "q" in given:
        wanted.append(proposals.c.search.like(bindparam("q"), escape="/"))
    page = select(*RAW).where(*wanted).order_by(*_order(sort))
    return select(func.count()).where(*wanted), page.limit(bindparam("most")).offset(bindparam("past"))


def _check_states(states: list[str]) -> None:
    unknown = set(states) - set(STATES)
    if unknown:
        raise Invalid(
            "There is no such state.",
            hint=f"States: {', '.join(STATES)}.",
            fields={"state": ", ".join(sorted(unknown))},
        )


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
