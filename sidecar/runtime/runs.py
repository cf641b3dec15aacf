"""Runs as rows: asked for, listed, cancelled. What happens inside one is in `runner`."""

from __future__ import annotations

import uuid
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ValidationError
from sqlalchemy import BindParameter, Connection, bindparam, func, select, update

from sidecar.core.agent import Agent
from sidecar.core.complaints import NO_FIELD, complaints
from sidecar.core.errors import Conflict, Invalid, NotFound
from sidecar.core.types import UNSTORABLE, unstorable
from sidecar.db import insert_new, read, write
from sidecar.db.app import agent_settings, proposals, run_log, runs
from sidecar.runtime import audit, jobs
from sidecar.runtime.base import Row, Runtime, at, now, present
from sidecar.runtime.webhook_events import RUN_EVENTS
from sidecar.runtime.webhooks import emit

STATES = ("queued", "running", "done", "failed", "cancelled")
ENDED = frozenset({"done", "failed", "cancelled"})
LOG_LINES = 200
UNSET: Row = {"enabled": None, "schedule": None, "input": None}
PLAIN = (
    "id", "agent", "title", "state", "trigger", "input", "error", "duration_ms", "generation",
)  # fmt: skip
LIGHT = [column for column in runs.c if column.name != "output"]


def find_agent(rt: Runtime, name: str) -> Agent:
    """The agent of that name; NotFound."""
    if name not in rt.registry:
        known = ", ".join(sorted(rt.registry)[:20])
        raise NotFound(f"There is no agent {name!r}.", code="agent_unknown", hint=f"Known agents: {known}.")
    return rt.registry[name]


# Made once: they are asked often.
SETTINGS = select(agent_settings).where(
    agent_settings.c.shop_id == bindparam("shop"), agent_settings.c.agent == bindparam("name")
)
ONE = select(runs).where(runs.c.shop_id == bindparam("shop"), runs.c.id == bindparam("ident"))
MADE = (
    select(proposals.c.run_id, proposals.c.id)
    .where(proposals.c.shop_id == bindparam("shop"), proposals.c.run_id.in_(bindparam("ids", expanding=True)))
    .order_by(proposals.c.position)
)
LINES = (
    select(run_log)
    .where(run_log.c.shop_id == bindparam("shop"), run_log.c.run_id == bindparam("run"))
    .order_by(run_log.c.n.desc())
    .limit(LOG_LINES)
)


def overrides(conn: Connection, shop_id: str, agent: str) -> Row:
    """What the owner set for an agent: `enabled`, `schedule`, `input`, each None for the default."""
    row = conn.execute(SETTINGS, {"shop": shop_id, "name": agent}).mappings().first()
    return dict(row) if row else dict(UNSET)


def is_on(settings: Row) -> bool:
    """Whether the owner lets an agent run; on unless switched off."""
    return settings["enabled"] is not False


def check_input(agent: Agent, given: Row, saved: Row | None = None) -> Row:
    """The complete input: given over saved over defaults; Invalid names every wrong or unknown field."""
    merged = {**(saved or {}), **given}
    unknown = {name: NO_FIELD for name in merged if name not in known_fields(agent.input_model)}
    fields = dict(unknown)
    if (path := unstorable(given)) is not None:
        fields[".".join(map(str, path))] = UNSTORABLE
    try:
        checked = agent.input_model.model_validate({k: v for k, v in merged.items() if k not in unknown})
    except ValidationError as error:
        fields |= complaints(error)
    if fields:
        raise Invalid(
            f"The input of {agent.name} is not right.",
            hint="Correct the fields that are named.",
            fields=fields,
        )
    return checked.model_dump(mode="json")


def known_fields(model: type[BaseModel]) -> set[str]:
    """Names that an input may use."""
    return {field.alias or name for name, field in model.model_fields.items()} | set(model.model_fields)


def ask(
    rt: Runtime,
    shop_id: str,
    agent: Agent,
    given: Row,
    *,
    trigger: str,
    who: Row | None = None,
    key: str | None = None,
    seed: int | None = None,
) -> Row:
    """Writes and queues a run, and returns its row.

    `key` makes the request idempotent: the same key gives the same run; Conflict when its input differs.
    """
    with write(rt.db.app) as conn:
        run, job = add(conn, shop_id, agent, given, trigger=trigger, who=who, key=key, seed=seed)
    if job:
        jobs.send(rt, shop_id, job)
    return run


def add(
    conn: Connection,
    shop_id: str,
    agent: Agent,
    given: Row,
    *,
    trigger: str,
    who: Row | None = None,
    key: str | None = None,
    seed: int | None = None,
) -> tuple[Row, str | None]:
    """Writes a run and its job in the caller's transaction; the job is None when the run was there."""
    settings = overrides(conn, shop_id, agent.name)
    if not is_on(settings):
        raise Conflict(
            f"{agent.title} is switched off.",
            code="agent_off",
            hint="Switch it on under Agents, then run it.",
        )
    full = check_input(agent, given, settings["input"])
    ident = uuid.uuid5(uuid.NAMESPACE_URL, f"{shop_id}/{key}").hex if key else uuid.uuid4().hex
    row = {
        "shop_id": shop_id, "id": ident, "agent": agent.name, "title": agent.title, "state": "queued",
        "trigger": trigger, "who": who, "input": full, "progress_done": 0, "cancel_requested": False,
        "attempts": 0, "created_at": now(), "seed": int(ident[:13], 16) if seed is None else seed,
    }  # fmt: skip
    if not insert_new(conn, runs, row):
        return _same(load(conn, shop_id, ident), row), None
    job = jobs.add(conn, shop_id, "run", {"run": ident}, title=agent.title)
    audit.record(conn, shop_id, who, "run.ask", ident, {"agent": agent.name, "trigger": trigger})
    return load(conn, shop_id, ident), job


def _same(old: Row, new: Row) -> Row:
    if (old["agent"], old["input"]) != (new["agent"], new["input"]):
        raise Conflict(
            "This Idempotency-Key was used for another run.",
            code="idempotency_key_reused",
            hint="Send a new key with a new request.",
        )
    return old


def load(conn: Connection, shop_id: str, ident: str) -> Row:
    """A run's row; NotFound."""
    row = conn.execute(ONE, {"shop": shop_id, "ident": ident}).mappings().first()
    if row is None:
        raise NotFound("There is no such run.", hint="See the list of runs: the run may be gone.")
    return dict(row)


def as_json(conn: Connection, row: Row) -> Row:
    """A run on the wire (docs/protocol.md, section 4)."""
    made = _proposals(conn, row["shop_id"], [row["id"]]).get(row["id"], [])
    return present(_shown(row, made) | {"output": row["output"], "log": _log(conn, row)})


def _shown(row: Row, made: list[str]) -> Row:
    """A run without log and output, which a list leaves out."""
    done, total = row["progress_done"], row["progress_total"]
    answer = {name: row[name] for name in PLAIN}
    for name in ("created_at", "started_at", "finished_at"):
        answer[name] = at(row[name])
    answer |= {
        "progress": {"done": done, "total": total or 0, "label": row["progress_label"] or ""},
        "log": [],
        "proposals": made,
    }
    return answer


def _proposals(conn: Connection, shop_id: str, ids: list[str]) -> dict[str, list[str]]:
    """The proposals of runs, by run and in their places."""
    found: dict[str, list[str]] = {}
    for run, ident in conn.execute(MADE, {"shop": shop_id, "ids": ids}):
        found.setdefault(run, []).append(ident)
    return found


def _log(conn: Connection, row: Row) -> list[Row]:
    lines = conn.execute(LINES, {"shop": row["shop_id"], "run": row["id"]}).mappings().all()
    return [
        {"at": at(line["at"]), "level": line["level"], "message": line["message"]} for line in reversed(lines)
    ]


def get(rt: Runtime, shop_id: str, ident: str) -> Row:
    """A run on the wire; NotFound."""
    with read(rt.db.app) as conn:
        return as_json(conn, load(conn, shop_id, ident))


def page(
    rt: Runtime, shop_id: str, *, agent: str | None, states: list[str], limit: int, cursor: str | None
) -> Row:
    """Runs, newest first; `next` is there while more follow."""
    count, query = _queries(agent is not None, tuple(sorted(set(states))), cursor is not None)
    given = {"shop": shop_id} | ({"agent": agent} if agent is not None else {})
    when, ident = _cursor(cursor) if cursor is not None else (0, "")
    below = given | {"most": limit + 1} | ({"when": when, "ident": ident} if cursor is not None else {})
    with read(rt.db.app) as conn:
        total = conn.execute(count, given).scalar_one()
        rows = [row._asdict() for row in conn.execute(query, below)]
        made = _proposals(conn, shop_id, [row["id"] for row in rows[:limit]])
        items = [_shown(row, made.get(row["id"], [])) for row in rows[:limit]]
        answer: Row = {"items": [present(item) for item in items], "total": total}
    if len(rows) > limit:
        answer["next"] = f"{rows[limit - 1]['created_at']}-{rows[limit - 1]['id']}"
    return answer


@lru_cache(maxsize=200)
def _queries(of_agent: bool, states: tuple[str, ...], going_on: bool) -> tuple[Any, Any]:
    """The count and the page for these filters, made once: making them takes longer than the answer."""
    wanted = [runs.c.shop_id == bindparam("shop")]
    if of_agent:
        wanted.append(runs.c.agent == bindparam("agent"))
    if states:
        wanted.append(runs.c.state.in_(states))
    when: BindParameter[int] = bindparam("when")
    ident: BindParameter[str] = bindparam("ident")
    below = [(runs.c.created_at < when) | ((runs.c.created_at == when) & (runs.c.id < ident))]
    page = select(*LIGHT).where(*wanted, *(below if going_on else []))
    page = page.order_by(runs.c.created_at.desc(), runs.c.id.desc()).limit(bindparam("most"))
    return select(func.count()).where(*wanted), page


def _cursor(text: str) -> tuple[int, str]:
    when, _, ident = text.partition("-")
    if not when.isdigit() or not ident.isalnum():
        raise Invalid(
            "That cursor is none of ours.", hint="Start again without cursor.", fields={"cursor": "unknown"}
        )
    return int(when), ident


def tell_end(conn: Connection, run: Row, state: str) -> None:
    """Lets webhooks know that a run ended as `state`, in the transaction that ends it."""
    data = {"run": run["id"], "agent": run["agent"], "state": state, "trigger": run["trigger"]}
    emit(conn, run["shop_id"], RUN_EVENTS[state], data)


def cancel(rt: Runtime, shop_id: str, ident: str, who: Row | None) -> Row:
    """Cancels a queued run at once and asks a running one to stop; Conflict when it has ended."""
    with write(rt.db.app) as conn:
        row = load(conn, shop_id, ident)
        if row["state"] in ENDED:
            raise Conflict(
                f"The run is {row['state']}.",
                code="run_ended",
                hint="Only a queued or running run can be cancelled.",
            )
        values: dict[str, Any] = {"cancel_requested": True}
        if row["state"] == "queued":
            values |= {"state": "cancelled", "finished_at": now()}
            tell_end(conn, row, "cancelled")
        conn.execute(update(runs).where(runs.c.shop_id == shop_id, runs.c.id == ident).values(values))
        audit.record(conn, shop_id, who, "run.cancel", ident)
        return as_json(conn, load(conn, shop_id, ident))
