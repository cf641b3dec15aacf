"""Hand-named routes of agents (`paths=` of their declaration): other names of "ask for a run"."""

from __future__ import annotations

import re
from typing import Any

from flask import request
from flask_openapi.blueprint import APIBlueprint
from flask_openapi.models.media_type import MediaType
from flask_openapi.models.request_body import RequestBody
from flask_openapi.openapi import OpenAPI

from sidecar.api import agents
from sidecar.api.access import access
from sidecar.api.group import ASKED, group
from sidecar.core.agent import Agent, Registry
from sidecar.core.errors import Invalid
from sidecar.runtime.catalog import schema


def bind(app: OpenAPI, registry: Registry) -> None:
    """Registers every agent's own paths, `POST /api/v1/…` each; ValueError when two want the same."""
    bp = group("named", "Agents under names of their own.")
    taken: dict[str, str] = {}
    for agent in registry.values():
        for path in agent.paths:
            rule = path.removeprefix("POST ").strip()
            if rule in taken:
                raise ValueError(f"{agent.name} and {taken[rule]} both want {rule}")
            taken[rule] = agent.name
            _bind(bp, agent, rule)
    if taken:
        app.register_api(bp)


def _bind(bp: APIBlueprint, agent: Agent, rule: str) -> None:
    def view() -> Any:
        given = request.get_json(silent=True) if request.get_data() else {}
        if not isinstance(given, dict):
            raise Invalid(
                "The input is an object.", hint="Send a JSON object.", fields={"body": "must be an object"}
            )
        return agents.ask(agent.name, given)

    name = re.sub(r"\W+", "_", f"{agent.name}_at_{rule}").strip("_")
    view.__name__, view.__doc__ = name, agent.summary
    content = {"application/json": MediaType.model_validate({"schema": schema(agent.input_model, True)})}
    body = RequestBody(required=False, content=content)
    bp.post(rule, endpoint=name, request_body=body, responses=ASKED)(access("runs:write")(view))
