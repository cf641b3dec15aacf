"""What is open: the root, health, metrics, and the old names of routes."""

from __future__ import annotations

from typing import Any

from flask import Response

from sidecar import __version__
from sidecar.api import agents
from sidecar.api import shop_shapes as shapes
from sidecar.api.access import LOCAL, OPEN, access, caller, runtime
from sidecar.api.group import ASKED, NO_TOKEN, group, said, text
from sidecar.api.models import RunBody, TypedAgentPath
from sidecar.api.run_shapes import Agents
from sidecar.core.errors import NotFound
from sidecar.runtime import catalog, health, metrics
from sidecar.runtime.counters import folder_of_counters
from sidecar.runtime.runs import find_agent

bp = group("root", "Health, metrics and old names.")
SUNSET = "Fri, 31 Dec 2027 23:59:59 GMT"
HEALTH: dict[Any, Any] = {"200": shapes.Healthy, "503": shapes.Down}


@bp.get("/", openapi_extensions=NO_TOKEN, responses=said(shapes.Root))
@access(OPEN)
def root() -> Any:
    """Name and version"""
    return {"ok": True, "name": "devskyy", "version": __version__, "docs": "/docs", "health": "/health"}


@bp.get("/health", openapi_extensions=NO_TOKEN, responses=HEALTH)
@access(OPEN)
def health_view() -> Any:
    """Whether the sidecar can work; 503 names what is away"""
    broken = health.vital(runtime())
    body = {"ok": not broken, "status": "down" if broken else "ok", "version": __version__}
    return ({**body, "checks": broken}, 503) if broken else body


@bp.get("/metrics", responses=text("text/plain"))
@access(LOCAL)
def metrics_view() -> Response:
    """Counters for Prometheus"""
    counted = metrics.exposition(runtime(), folder_of_counters())
    return Response(counted, content_type=metrics.CONTENT_TYPE)


@bp.get("/agents", deprecated=True, responses=said(Agents))
@access("agents:read")
def agents_alias() -> Any:
    """The agents, under their old address"""
    found = {"ok": True, "items": catalog.everything(runtime(), caller().shop_id)}
    return found, 200, old_name("/api/v1/agents")


@bp.post("/api/agents/<type>/<name>/execute", deprecated=True, responses=ASKED)
@access("runs:write")
def execute_alias(path: TypedAgentPath, body: RunBody) -> Any:
    """Run an agent, under its old address"""
    if find_agent(runtime(), path.name).family != path.type:
        raise NotFound(
            f"{path.name} is no {path.type} agent.", code="agent_unknown", hint="See GET /api/v1/agents."
        )
    made, status = agents.ask(path.name, body.input)
    return made, status, old_name(f"/api/v1/agents/{path.name}/runs")


def old_name(successor: str) -> dict[str, str]:
    """Headers that say where a route lives now and until when its old name answers."""
    return {"Deprecation": "@1793491200", "Sunset": SUNSET, "Link": f'<{successor}>; rel="successor-version"'}
