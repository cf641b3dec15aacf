"""JSON Schema in the profile that WordPress understands."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, JsonValue

FORBIDDEN = (
    "$ref", "$defs", "const", "allOf", "exclusiveMinimum", "exclusiveMaximum", "discriminator"
)  # fmt: skip
"""Keywords that WordPress 6.9-7.1 does not know (rest_validate_value_from_schema in rest-api.php)."""


PERCENT: dict[str, JsonValue] = {"unit": "percent"}
"""`json_schema_extra` of a share: forms show 0.2 as 20 %."""


def portable(model: type[BaseModel], *, strict: bool) -> dict[str, Any]:
    """The model's JSON Schema without references, constants or null unions.

    `strict` refuses unknown properties (inputs); outputs stay open. ValueError names a construct that has no
    portable form.
    """
    source = model.model_json_schema(mode="validation" if strict else "serialization")
    schema: dict[str, Any] = _convert(source, source.get("$defs", {}), model.__name__)
    if strict:
        schema["additionalProperties"] = False
    return schema


def _convert(node: Any, defs: dict[str, Any], where: str) -> Any:
    if isinstance(node, list):
        return [_convert(part, defs, where) for part in node]
    if not isinstance(node, dict):
        return node
    while "$ref" in node or _nullable(node):
        node = _inline(_without_null(node), defs)
    if "const" in node:
        node = {**{k: v for k, v in node.items() if k != "const"}, "enum": [node["const"]]}
    for word in FORBIDDEN:
        if word in node and word not in ("$defs", "discriminator"):
            raise ValueError(f"{where}: {word} has no portable form, use ge/le, Literal or a plain model")
    skip = {"$defs", "discriminator"} | ({"default"} if node.get("default", 0) is None else set())
    out = {key: _convert_key(key, value, defs, where) for key, value in node.items() if key not in skip}
    return out


def _convert_key(key: str, value: Any, defs: dict[str, Any], where: str) -> Any:
    if key == "properties":
        return {name: _convert(part, defs, f"{where}.{name}") for name, part in value.items()}
    if key in ("default", "examples", "enum"):
        return value
    return _convert(value, defs, where)


def _inline(node: dict[str, Any], defs: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in node:
        return node
    target = defs[node["$ref"].rsplit("/", 1)[-1]]
    return {**target, **{key: value for key, value in node.items() if key != "$ref"}}


def _nullable(node: dict[str, Any]) -> bool:
    return any(part.get("type") == "null" for part in node.get("anyOf", ()))


def _without_null(node: dict[str, Any]) -> dict[str, Any]:
    if not _nullable(node):
        return node
    options = [part for part in node["anyOf"] if part.get("type") != "null"]
    rest = {key: value for key, value in node.items() if key != "anyOf"}
    return {**options[0], **rest} if len(options) == 1 else {**rest, "anyOf": options}
