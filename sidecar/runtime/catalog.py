"""The agents as everybody sees them: REST, wp-admin's forms and abilities, the command line."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pydantic import BaseModel
from sqlalchemy import bindparam, func, select, union_all

from sidecar.core.agent import Agent
from sidecar.core.errors import Invalid
from sidecar.core.schema import portable
from sidecar.db import upsert, write
from sidecar.db.app import agent_settings, proposals, runs
from sidecar.db.remembered import remembered
from sidecar.runtime import audit, schedule
from sidecar.runtime.base import Row, Runtime, at, now, present
from sidecar.runtime.runs import UNSET, check_input, find_agent, overrides

# Made once: it is asked often.
LAST = (
    select(
        runs.c.agent,
        runs.c.id,
        runs.c.state,
        runs.c.duration_ms,
        runs.c.error,
        runs.c.created_at,
        runs.c.finished_at,
    )
    .where(runs.c.shop_id == bindparam("shop"), runs.c.agent == bindparam("name"))
    .order_by(runs.c.created_at.desc(), runs.c.id.desc())
    .limit(1)
)
ALL_SETTINGS = select(agent_settings).where(agent_settings.c.shop_id == bindparam("shop"))
RAN = select(runs.c.agent, func.count()).where(runs.c.shop_id == bindparam("shop")).group_by(runs.c.agent)
BY_STATE = (
    select(proposals.c.agent, proposals.c.state, func.count())
    .where(proposals.c.shop_id == bindparam("shop"))
    .group_by(proposals.c.agent, proposals.c.state)
)
SHOWN = ("name", "title", "family", "summary", "risk", "schedule")


@lru_cache(maxsize=512)
def schema(model: type[BaseModel], strict: bool) -> dict[str, Any]:
    """A model's portable schema: strict for inputs, open for outputs."""
    return portable(model, strict=strict)


def declared(agent: Agent) -> Row:
    """What the declaration alone says, without any shop."""
    inputs, outputs = schema(agent.input_model, True), schema(agent.output_model, False)
    sets = {name: sorted(getattr(agent, name)) for name in ("reads", "on", "needs")}
    more = {
        "readonly": not agent.proposes,
        "input_schema": inputs,
        "output_schema": outputs,
        "examples": list(agent.examples),
    }
    return {**{name: getattr(agent, name) for name in SHOWN}, **sets, **more}


def everything(rt: Runtime, shop_id: str) -> list[Row]:
    """All agents with a shop's settings, last run and figures."""
    known, about = _figures(rt, shop_id), {"shop": shop_id}
    saved = {row.agent: row._asdict() for row in remembered(rt.db.app, ALL_SETTINGS, about)}
    last = {row.agent: row for row in remembered(rt.db.app, _lasts(tuple(rt.registry)), about)}
    return [
        _agent(agent, saved.get(name, UNSET), known.get(name, {}), last.get(name))
        for name, agent in rt.registry.items()
    ]


def one(rt: Runtime, shop_id: str, name: str) -> Row:
    """One agent as in `everything`; NotFound."""
    agent, about = find_agent(rt, name), {"shop": shop_id}
    saved = {row.agent: row._asdict() for row in remembered(rt.db.app, ALL_SETTINGS, about)}
    last = remembered(rt.db.app, LAST, about | {"name": name})
    known = _figures(rt, shop_id).get(name, {})
    return _agent(agent, saved.get(name, UNSET), known, last[0] if last else None)


@lru_cache(maxsize=8)
def _lasts(names: tuple[str, ...]) -> Any:
    """The last run of each of these agents, in one query."""
    each = [LAST.params(name=name).subquery() for name in names]
    return union_all(*(select(one) for one in each))


def _agent(agent: Agent, saved: Row, known: dict[str, int], last: Any) -> Row:
    settings = {
        "enabled": saved["enabled"] is not False,
        "schedule": saved["schedule"] or agent.schedule,
        "input": saved["input"] or {},
    }
    stats = {"runs": 0, "proposals": 0, "applied": 0, "rejected": 0, "undone": 0, **known}
    return present(
        {
            **declared(agent),
            "settings": settings,
            "stats": stats,
            "last_run": last and _last(last),
        }
    )


def _last(row: Any) -> Row:
    times = {"created_at": at(row.created_at), "finished_at": at(row.finished_at)}
    more = {"id": row.id, "state": row.state, "duration_ms": row.duration_ms, "error": row.error}
    return present(more | times)


def _figures(rt: Runtime, shop_id: str) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for row in remembered(rt.db.app, RAN, {"shop": shop_id}):
        found.setdefault(row[0], {})["runs"] = int(row[1])
    for row in remembered(rt.db.app, BY_STATE, {"shop": shop_id}):
        agent, state, n = row
        figures = found.setdefault(agent, {})
        figures["proposals"] = figures.get("proposals", 0) + int(n)
        if state in ("applied", "rejected", "undone"):
            figures[state] = int(n)
    return found


def save_settings(rt: Runtime, shop_id: str, name: str, given: Row, who: Row | None) -> Row:
    """Stores what the owner set (`enabled`, `schedule`, `input`); what is not given stays. Invalid with
    fields.
    """
    agent = find_agent(rt, name)
    if given.get("schedule") is not None:
        schedule.check(given["schedule"])
    if given.get("input") is not None:
        try:
            check_input(agent, given["input"])
        except Invalid as error:
            named = {f"input.{field}": text for field, text in error.fields.items()}
            raise Invalid(error.message, hint=error.hint, fields=named) from error
    with write(rt.db.app) as conn:
        saved = overrides(conn, shop_id, name)
        values = {key: given.get(key, saved[key]) for key in ("enabled", "schedule", "input")}
        row = {"shop_id": shop_id, "agent": name, **values, "updated_at": now(), "updated_by": who}
        upsert(conn, agent_settings, [row])
        schedule.place(conn, shop_id, agent)
        changed = {key: value for key, value in given.items() if key != "input"}
        before = {key: saved[key] for key in values if key in given}
        after = {key: values[key] for key in before}
        audit.record(conn, shop_id, who, "agent.settings", name, changed, before=before, after=after)
    return one(rt, shop_id, name)
