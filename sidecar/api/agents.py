"""Agents: list, settings, and the request for a run."""

from __future__ import annotations

from typing import Any

from flask import request

from sidecar.api import run_shapes as shapes
from sidecar.api.access import PERSON, access, caller, person, runtime
from sidecar.api.group import ASKED, group, said
from sidecar.api.models import AgentPath, AgentSettingsBody, RunBody
from sidecar.api.once import idempotency_key
from sidecar.db import read
from sidecar.runtime import catalog, runs, waiting

bp = group("agents", "What can run.", "/api/v1/agents")


@bp.get("", responses=said(shapes.Agents))
@access("agents:read")
def list_agents() -> Any:
    """All agents with their settings and figures"""
    return {"ok": True, "items": catalog.everything(runtime(), caller().shop_id)}


@bp.get("/<name>", responses=said(shapes.OneAgent))
@access("agents:read")
def get_agent(path: AgentPath) -> Any:
    """One agent"""
    return {"ok": True, "agent": catalog.one(runtime(), caller().shop_id, path.name)}


@bp.put("/<name>/settings", responses=said(shapes.OneAgent))
@access(PERSON)
def put_settings(path: AgentPath, body: AgentSettingsBody) -> Any:
    """Switch an agent on or off, set its schedule and its saved input"""
    given = body.model_dump(exclude_unset=True)
    return {
        "ok": True,
        "agent": catalog.save_settings(runtime(), caller().shop_id, path.name, given, person()),
    }


@bp.post("/<name>/runs", responses=ASKED)
@access("runs:write")
def post_run(path: AgentPath, body: RunBody) -> Any:
    """Ask for a run; takes Idempotency-Key, and `Prefer: wait=N` to be answered when it ends"""
    return ask(path.name, body.input)


def ask(name: str, given: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """Asks for a run as the caller: 202 with the run, or 200 when it ended while `Prefer: wait` waited."""
    rt, who = runtime(), caller()
    trigger = "api" if who.kind != "plugin" else "person" if who.who else "plugin"
    agent = runs.find_agent(rt, name)
    row = runs.ask(rt, who.shop_id, agent, given, trigger=trigger, who=who.who, key=idempotency_key())
    if waiting.until_ended(rt, who.shop_id, row["id"], waiting.wished(request.headers.get("Prefer"))):
        return {"ok": True, "run": runs.get(rt, who.shop_id, row["id"])}, 200
    with read(rt.db.app) as conn:
        return {"ok": True, "run": runs.as_json(conn, row)}, 202
