"""Compares answers with the shapes that the document of the API gives their routes."""

from __future__ import annotations

import importlib
import pkgutil
import re
from typing import Any

from flask import Flask
from pydantic import BaseModel

from sidecar import api

SHAPES: dict[str, type[BaseModel]] = {
    name: shape
    for module in pkgutil.iter_modules(api.__path__, "sidecar.api.")
    if module.name.endswith("shapes")
    for name, shape in vars(importlib.import_module(module.name)).items()
    if isinstance(shape, type) and issubclass(shape, BaseModel)
}
"""By the name that the document gives them."""


def shape_of(app: Flask, answer: Any) -> type[BaseModel] | None:
    """The shape that the document gives this answer; None where it is an error or no JSON."""
    if answer.mimetype != "application/json":
        return None
    asked = answer.request
    matched = app.url_map.bind("localhost").match(asked.path, asked.method, return_rule=True)[0]
    path = re.sub(r"<(?:[^:>]+:)?(\w+)>", r"{\1}", matched.rule)
    operation = getattr(app.paths[path], asked.method.lower())  # type: ignore[attr-defined]
    schema = operation.responses[str(answer.status_code)].content["application/json"].media_type_schema
    return SHAPES[schema.ref.rpartition("/")[2]] if getattr(schema, "ref", None) else None


def documented(app: Flask, answer: Any) -> Any:
    """The answer: a good one is of the shape that the document says, with nothing more in it."""
    if 200 <= answer.status_code < 300 and (shape := shape_of(app, answer)) is not None:
        shape.model_validate_json(answer.get_data(), strict=True)
    return answer
