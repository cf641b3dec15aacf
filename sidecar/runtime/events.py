"""Events of the shop: stored at once and in order; the mirror and the agents follow as a job."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import Connection, bindparam, delete, func, select, update

from sidecar.core.agent import EVENTS
from sidecar.core.complaints import complaints
from sidecar.core.errors import Conflict, Invalid
from sidecar.core.types import UNSTORABLE, unstorable
from sidecar.db import insert_missing, insert_new, read, write
from sidecar.db.app import debounce, events, proposals
from sidecar.db.app import jobs as jobs_table
from sidecar.runtime import jobs, metrics, mirror, runs
from sidecar.runtime.base import Row, Runtime, at, now
from sidecar.runtime.memo import Memo

BATCH_MAX = 200
CHUNK = 500
GATHER_S = 0.5
"""How long events that come while others are worked off are gathered."""
REFRESH, REFRESH_TITLE = "refresh", "Read what changed in the shop"
WAIT_FACTOR = 10
"""A stream of events delays an agent by this many quiet times at most."""

RECEIVED: Memo[int] = Memo(int)
PENDING: Memo[int] = Memo(int)

Resource = Literal[
    "products", "variations", "categories", "orders", "refunds", "customers", "coupons", "reviews"
]


class Event(BaseModel):
    """One line of the plugin's outbox (docs/protocol.md, section 6)."""

    model_config = ConfigDict(extra="ignore")

    seq: int = Field(ge=0, le=2**63 - 1)
    id: str = Field(pattern=r"^[0-9a-fA-F-]{32,36}$")
    type: str
    resource: Resource
    resource_id: int = Field(ge=0, le=2**63 - 1)
    at: AwareDatetime
    origin: str | None = Field(None, max_length=48)
    version: str | None = Field(None, max_length=64)


def accept(
    rt: Runtime, shop_id: str, batch: list[Any], first: Callable[[Connection], None] | None = None
) -> Row:
    """Stores a batch in one transaction, which `first` may begin, and answers with what is acknowledged;
    work comes after.

    What cannot be read is named in `rejected` and acknowledged too: it would never become readable.
    """
    if len(batch) > BATCH_MAX:
        raise Invalid(
            f"A batch holds at most {BATCH_MAX} events.",
            hint="Send them in smaller batches.",
            fields={"events": f"at most {BATCH_MAX}"},
        )
    good, rejected, highest = _sort(batch)
    with write(rt.db.app) as conn:
        if first is not None:
            first(conn)
        new = _store(conn, shop_id, good)
        job = _job(conn, shop_id) if new else None
    for event, fresh in zip(good, new, strict=True):
        metrics.EVENTS.labels(event.type, "stored" if fresh else "duplicate").inc()
    if job:
        jobs.send(rt, shop_id, job)
    return {"acknowledged": highest, "duplicates": new.count(False), "rejected": rejected}


def _store(conn: Connection, shop_id: str, good: list[Event]) -> list[bool]:
    """Stores what is not there yet, and says of each event whether it was new."""
    if len(good) == 1:
        return [insert_new(conn, events, _row(shop_id, good[0]))]
    ids = {event.id for event in good}
    known = select(events.c.id).where(events.c.shop_id == shop_id, events.c.id.in_(ids))
    seen = set(conn.execute(known).scalars())
    fresh: list[bool] = []
    for event in good:
        fresh.append(event.id not in seen)
        seen.add(event.id)
    rows = [_row(shop_id, event) for event, new in zip(good, fresh, strict=True) if new]
    # Somebody else may have stored one since the look; then it stays as it is.
    insert_missing(conn, events, rows)
    return fresh


OPEN = select(jobs_table.c.id).where(
    jobs_table.c.shop_id == bindparam("shop"), jobs_table.c.unique_key == REFRESH
)


def _job(conn: Connection, shop_id: str) -> str | None:
    """The refresh to send, or None when one is open: it, or the ticker's look, finds the new events."""
    if conn.execute(OPEN, {"shop": shop_id}).scalar() is not None:
        return None
    return jobs.add(conn, shop_id, "refresh", {}, title=REFRESH_TITLE, unique_key=REFRESH)


def _sort(batch: list[Any]) -> tuple[list[Event], list[Row], int]:
    good, rejected, highest = [], [], 0
    for raw in batch:
        seq = raw.get("seq") if isinstance(raw, dict) else None
        highest = max(highest, seq) if type(seq) is int else highest
        if (path := unstorable(raw)) is not None:
            words = f"{'.'.join(map(str, path))}: {UNSTORABLE}"
            rejected.append({"seq": seq, "code": "event_unreadable", "message": words[:500]})
            continue
        try:
            event = Event.model_validate(raw)
        except ValidationError as error:
            words = "; ".join(f"{path}: {text}" for path, text in complaints(error).items())
            rejected.append({"seq": seq, "code": "event_unreadable", "message": words[:500]})
            continue
        if event.type not in EVENTS:
            rejected.append(
                {
                    "seq": seq,
                    "code": "event_unknown",
                    "message": f"There is no event type {event.type[:60]!r}.",
                }
            )
        else:
            good.append(event)
    return sorted(good, key=lambda event: event.seq), rejected, highest


def _row(shop_id: str, event: Event) -> Row:
    plain = event.model_dump(mode="python", exclude={"at"})
    return {
        **plain,
        "shop_id": shop_id,
        "at": int(event.at.timestamp()),
        "received_at": now(),
        "state": "stored",
        "attempts": 0,
    }


def start_refresh(rt: Runtime, shop_id: str) -> str:
    """Queues the job that works off stored events; one at a time per shop."""
    return jobs.start(rt, shop_id, "refresh", {}, title=REFRESH_TITLE, unique_key=REFRESH)


def refresh(rt: Runtime, shop_id: str, _args: Row) -> Row:
    """Reads again the rows that stored events name, then wakes the agents that wait for such events."""
    done = 0
    while True:
        chunk = _stored(rt, shop_id)
        if done and 0 < len(chunk) < CHUNK:  # they keep coming: each look costs the shop several requests
            time.sleep(GATHER_S)
            chunk = _stored(rt, shop_id)
        if not chunk:
            return {"events": done}
        wanted: dict[str, set[int]] = {}
        for row in chunk:
            wanted.setdefault(row["resource"], set()).add(row["resource_id"])
        mirror.refresh_rows(rt, shop_id, {resource: sorted(ids) for resource, ids in wanted.items()})
        with write(rt.db.app) as conn:
            _wake(rt, conn, shop_id, chunk)
            ids = [row["id"] for row in chunk]
            mine = (events.c.shop_id == shop_id) & events.c.id.in_(ids)
            conn.execute(update(events).where(mine).values(state="done", done_at=now()))
            # A job that gets on is none that kills its process, however often that is killed meanwhile.
            open_job = (jobs_table.c.shop_id == shop_id) & (jobs_table.c.unique_key == REFRESH)
            conn.execute(update(jobs_table).where(open_job, jobs_table.c.attempts > 1).values(attempts=1))
        done += len(chunk)


def _stored(rt: Runtime, shop_id: str) -> list[Row]:
    """The oldest events that wait."""
    with read(rt.db.app) as conn:
        query = select(events).where(events.c.shop_id == shop_id, events.c.state == "stored")
        return [dict(row) for row in conn.execute(query.order_by(events.c.seq).limit(CHUNK)).mappings()]


def _wake(rt: Runtime, conn: Connection, shop_id: str, chunk: list[Row]) -> None:
    """Holds a run of each agent that waits for one of these events, but not for its own changes' events."""
    authors = _authors(conn, shop_id, chunk)
    for agent in rt.registry.values():
        causes = [
            row
            for row in chunk
            if row["type"] in agent.on and authors.get(_proposal(row["origin"])) != agent.name
        ]
        if causes and runs.is_on(runs.overrides(conn, shop_id, agent.name)):
            _hold(conn, causes, agent.name, rt.settings.debounce_s)


def _proposal(origin: str | None) -> str:
    return (origin or "").rsplit("-", 1)[0]


def _authors(conn: Connection, shop_id: str, chunk: list[Row]) -> dict[str, str]:
    """The agents whose proposals caused some of these events, by proposal."""
    ids = {_proposal(row["origin"]) for row in chunk if row["origin"]}
    if not ids:
        return {}
    query = select(proposals.c.id, proposals.c.agent).where(
        proposals.c.shop_id == shop_id, proposals.c.id.in_(ids)
    )
    return {row.id: row.agent for row in conn.execute(query)}


def _hold(conn: Connection, causes: list[Row], agent: str, quiet_s: float) -> None:
    moment, last = now(), causes[-1]
    cause = {"type": last["type"], "resource": last["resource"], "id": last["resource_id"]}
    row = {
        "shop_id": last["shop_id"], "agent": agent, "due_at": moment + int(quiet_s), "first_at": moment,
        "count": len(causes), "cause": cause,
    }  # fmt: skip
    if insert_new(conn, debounce, row):
        return
    mine = (debounce.c.shop_id == last["shop_id"]) & (debounce.c.agent == agent)
    first = conn.execute(select(debounce.c.first_at).where(mine)).scalar_one()
    values = {
        "due_at": min(moment + int(quiet_s), first + int(quiet_s * WAIT_FACTOR)),
        "count": debounce.c.count + len(causes), "cause": cause,
    }  # fmt: skip
    conn.execute(update(debounce).where(mine).values(values))


def run_woken(rt: Runtime) -> int:
    """Asks for runs of the agents whose quiet time is over; returns how many."""
    moment, sent = now(), []
    with write(rt.db.app) as conn:
        due = [
            dict(row) for row in conn.execute(select(debounce).where(debounce.c.due_at <= moment)).mappings()
        ]
        for row in due:
            conn.execute(
                delete(debounce).where(debounce.c.shop_id == row["shop_id"], debounce.c.agent == row["agent"])
            )
            agent = rt.registry.get(row["agent"])
            if agent is None:
                continue
            try:
                _, job = runs.add(conn, row["shop_id"], agent, {}, trigger=f"event:{row['cause']['type']}")
            except (Conflict, Invalid):
                continue  # switched off meanwhile, or its saved input no longer fits: the form shows that
            sent.append((row["shop_id"], job))
    for shop_id, job in sent:
        if job:
            jobs.send(rt, shop_id, job)
    return len(sent)


# Made once: Status asks them often.
MINE = events.c.shop_id == bindparam("shop")
COUNT, NEWEST = select(func.count()).where(MINE), select(func.max(events.c.received_at)).where(MINE)
WAITING = select(func.count()).where(MINE, events.c.state == "stored")


def figures(rt: Runtime, conn: Connection, shop_id: str) -> Row:
    """`{"received", "last_at", "pending"}` for Status."""
    mine = {"shop": shop_id}
    received = RECEIVED.get((rt.owner, shop_id), lambda: int(conn.execute(COUNT, mine).scalar_one()))
    last = conn.execute(NEWEST, mine).scalar()
    pending = PENDING.get((rt.owner, shop_id), lambda: int(conn.execute(WAITING, mine).scalar_one()))
    return {"received": received, "last_at": at(last), "pending": pending}


def neglected(rt: Runtime) -> list[str]:
    """Shops with stored events that no open job works off."""
    with read(rt.db.app) as conn:
        return list(
            conn.execute(select(events.c.shop_id).where(events.c.state == "stored").distinct()).scalars()
        )
