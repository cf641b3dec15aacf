"""Compares answers with the shapes that the document of the API gives their routes."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask
from pydantic import BaseModel

from sidecar.api import hook_shapes, stock_shapes
from tests.sidecar.kit import Plugin

SHAPES: dict[str, type[BaseModel]] = {
    name: shape
    for module in (hook_shapes, stock_shapes)
    for name, shape in vars(module).items()
    if isinstance(shape, type) and issubclass(shape, BaseModel)
}


def document(app: Flask) -> dict[str, Any]:
    """The document, made once for an app."""
    kept = app.extensions
    if "tests_document" not in kept:
        kept["tests_document"] = app.api_doc  # type: ignore[attr-defined]
    made: dict[str, Any] = kept["tests_document"]
    return made


def documented(app: Flask, answer: Any) -> Any:
    """The answer: a good one is of the shape that the document says, with nothing more in it."""
    if not (200 <= answer.status_code < 300 and answer.mimetype == "application/json"):
        return answer
    asked = answer.request
    matched = app.url_map.bind("localhost").match(asked.path, asked.method, return_rule=True)[0]
    path = re.sub(r"<(?:[^:>]+:)?(\w+)>", r"{\1}", matched.rule)
    said = document(app)["paths"][path][asked.method.lower()]["responses"][str(answer.status_code)]
    name = said["content"]["application/json"]["schema"].get("$ref", "").rpartition("/")[2]
    if name in SHAPES:
        SHAPES[name].model_validate_json(answer.get_data(), strict=True, extra="forbid")
    return answer


class Documented(Plugin):
    """A plugin that compares every answer it gets."""

    def send(self, *given: Any, **more: Any) -> Any:
        """One signed request."""
        return documented(self.app, super().send(*given, **more))
