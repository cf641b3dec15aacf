"""Groups of routes, each documented with the error shape."""

from __future__ import annotations

from typing import Any

from flask_openapi.blueprint import APIBlueprint
from flask_openapi.models.tag import Tag

from sidecar.api.errors import shape

REFUSALS = {
    "400": "No JSON",
    "401": "No or no good signature or key",
    "403": "Not allowed",
    "404": "There is no such thing",
    "409": "Not in the state that this needs",
    "413": "Too large",
    "415": "Not JSON by its content type",
    "422": "Not valid; `fields` says where",
    "503": "Something is away for now",
}
OK: dict[Any, Any] = {"200": {"description": "Done"}}
CREATED: dict[Any, Any] = {"201": {"description": "Made"}}
ASKED: dict[Any, Any] = {
    "200": {"description": "Ended while `Prefer: wait=N` waited; the answer holds the run"},
    "202": {"description": "Queued; the answer names the run"},
}
ACCEPTED: dict[Any, Any] = {"202": {"description": "Queued; the answer names the run or job"}}
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
