"""The plugin's outbox in the demo shop: events wait here until the sidecar has acknowledged them."""

from __future__ import annotations

import datetime as dt
import sqlite3
import uuid
from typing import Any

from flask import has_request_context, request

BATCH = 200
ORIGIN = "devskyy.origin"


def stamp() -> str:
    """This moment as the protocol writes times."""
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def emit(con: sqlite3.Connection, kind: str, resource: str, resource_id: int, version: str = "") -> None:
    """Add an event; one that our own change caused carries that change's id as its origin."""
    origin = request.environ.get(ORIGIN) if has_request_context() else None
    at = stamp()
    con.execute(
        "INSERT INTO outbox (id, type, resource, resource_id, at, origin, version) VALUES (?, ?, ?, "
        "?, ?, ?, ?)",
        (str(uuid.uuid4()), kind, resource, resource_id, at, origin, version or at),
    )


def waiting(con: sqlite3.Connection, limit: int = BATCH) -> list[dict[str, Any]]:
    """The oldest events that wait, in order, as the protocol's section 6 has them."""
    rows = con.execute(
        "SELECT seq, id, type, resource, resource_id, at, origin, version FROM outbox WHERE state = "
        "'waiting' "
        "ORDER BY seq LIMIT ?",
        (limit,),
    )
    return [dict(row) for row in rows]


def settle(con: sqlite3.Connection, answer: dict[str, Any]) -> None:
    """Take the sidecar's answer in: park what it rejected, mark the rest up to `acknowledged` as sent."""
    for rejected in answer.get("rejected", []):
        con.execute(
            "UPDATE outbox SET state = 'parked', message = ? WHERE seq = ?",
            (f"{rejected['code']}: {rejected['message']}", rejected["seq"]),
        )
    con.execute(
        "UPDATE outbox SET state = 'sent' WHERE state = 'waiting' AND seq <= ?", (answer["acknowledged"],)
    )
