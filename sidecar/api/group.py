"""Groups of routes, each documented with the error shape."""

from __future__ import annotations

from typing import Any

from flask_openapi.blueprint import APIBlueprint
from flask_openapi.models.tag import Tag
from pydantic import BaseModel

from sidecar.api.errors import shape
from sidecar.api.run_shapes import OneRun
from sidecar.api.shapes import Done, Made

REFUSALS = {
    "400": "No JSON",
    "401": "No or no good signature, key or token",
    "403": "Not allowed",
    "404": "There is no such thing",
    "409": "Not in the state that this needs",
    "413": "Too large",
    "415": "Not JSON by its content type",
    "422": "Not valid; `fields` says where",
    "426": "The plugin is too old",
    "429": "Too often; `Retry-After` says how many seconds to wait",
    "503": "Something is away for now",
}


def said(model: type[BaseModel]) -> dict[Any, Any]:
    """Responses of a route that answers 200 in this shape."""
    return {"200": model}


def created(model: type[Made]) -> dict[Any, Any]:
    """Responses of a route that makes something: 201, or 200 when the same request made it before."""
    return {"201": model, "200": model}


def text(kind: str) -> dict[Any, Any]:
    """Responses of a route that answers 200 with a text of this content type."""
    return {"200": {"description": "Done", "content": {kind: {}}}}


OK: dict[Any, Any] = said(Done)
GONE: dict[Any, Any] = {
    "410": {"description": "Expired", "content": {"application/json": {"schema": shape()}}}
}
ASKED: dict[Any, Any] = {"200": OneRun, "202": OneRun}
"""Of a request for a run: 202 once it is queued, 200 when it ended while `Prefer: wait=N` waited."""

NO_TOKEN: dict[str, Any] = {"security": []}


def group(name: str, words: str, prefix: str | None = None) -> APIBlueprint:
    """A blueprint whose routes answer errors in the one shape."""
    content = {"application/json": {"schema": shape()}}
    refusals: dict[Any, Any] = {
        status: {"description": text, "content": content} for status, text in REFUSALS.items()
    }
    return APIBlueprint(
        name,
        __name__,
        url_prefix=prefix,
        abp_tags=[Tag(name=name, description=words)],
        abp_responses=refusals,
    )
