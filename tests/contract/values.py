"""Reading answers by path, and the shapes of answers: keys and types without the values."""

from __future__ import annotations

from typing import Any

OPEN = {"meta_data"}  # whose values are anybody's


def at(value: Any, path: str) -> Any:
    """The part of an answer that `refunds.0.total` names."""
    for key in path.split("."):
        value = value[int(key)] if isinstance(value, list) else value[key]
    return value


def shape(value: Any) -> dict[str, Any]:
    """Types by name; objects with the shapes of their keys, lists with the joined shape of their items."""
    if isinstance(value, dict):
        return {"object": {k: {"any": True} if k in OPEN else shape(v) for k, v in value.items()}}
    if isinstance(value, list):
        return {"array": join([shape(item) for item in value])}
    names = {str: "string", bool: "boolean", int: "integer", float: "number"}
    return {"null" if value is None else names[type(value)]: True}


def join(shapes: list[dict[str, Any]]) -> dict[str, Any]:
    """What all the shapes allow; keys that some lack are listed as optional."""
    found: dict[str, Any] = {}
    for one in shapes:
        for kind, detail in one.items():
            if kind == "object":
                found["object"] = _join_objects(found.get("object"), detail)
            elif kind == "array":
                found["array"] = join([found.get("array", {}), detail])
            else:
                found[kind] = detail
    return found


def _join_objects(held: dict[str, Any] | None, new: dict[str, Any]) -> dict[str, Any]:
    if held is None:
        return dict(new)
    joined = {}
    for key in [*held, *(k for k in new if k not in held)]:
        parts = [side[key] for side in (held, new) if key in side]
        joined[key] = join(parts)
        if len(parts) == 1:
            joined[key]["absent"] = True
    return joined


def complaints(value: Any, known: dict[str, Any], path: str = "") -> list[str]:
    """What of an answer does not fit a shape; an empty list when all does."""
    if "any" in known:
        return []
    if isinstance(value, dict) and "object" in known:
        keys = known["object"]
        found = [f"{path}: no key {k}" for k, v in keys.items() if k not in value and "absent" not in v]
        found += [f"{path}: unknown key {k}" for k in value if k not in keys]
        for key in value.keys() & keys.keys():
            found += complaints(value[key], keys[key], f"{path}.{key}")
        return found
    if isinstance(value, list) and "array" in known:
        return (
            [c for item in value for c in complaints(item, known["array"], f"{path}[]")]
            if known["array"]
            else []
        )
    (kind,) = shape(value)
    fits = kind in known or (kind == "integer" and "number" in known)
    return [] if fits else [f"{path}: {kind}, not {' or '.join(known)}"]
