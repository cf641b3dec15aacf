"""The batch form of writes: create, update and delete lists, each item answered on its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from sidecar.demo.rest.checks import RestError
from sidecar.demo.rest.wire import transaction

LIMIT = 100
Act = Callable[[dict[str, Any]], dict[str, Any]]


def batch(con: sqlite3.Connection, body: Mapping[str, Any], acts: Mapping[str, Act]) -> dict[str, Any]:
    """Run every item of `body`; a failed one becomes {id, error} and does not stop the others."""
    if sum(len(body.get(name) or []) for name in acts) > LIMIT:
        message = f"Unable to accept more than {LIMIT} items for this request."
        raise RestError("woocommerce_rest_request_entity_too_large", message, 413)
    found: dict[str, Any] = {}
    for name, act in acts.items():
        for item in body.get(name) or []:
            given = item if isinstance(item, dict) else {"id": item}
            found.setdefault(name, []).append(_one(con, given, act))
    return found


def _one(con: sqlite3.Connection, item: dict[str, Any], act: Act) -> dict[str, Any]:
    try:
        with transaction(con):
            return act(item)
    except RestError as error:
        return {"id": item.get("id", 0), "error": error.body}
