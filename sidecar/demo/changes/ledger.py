"""What was written on whose word and what stood there before: one row per change, written before the
change."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from sidecar.demo.outbox import stamp


@dataclass
class Entry:
    """One ledger row; `record` holds set, stood, after, body, created_id and undo_from as far as they
    apply."""

    change_id: str
    kind: str
    resource: str
    state: str
    record: dict[str, Any]
    message: str
    outcome: str
    at: str

    @property
    def paths(self) -> list[str]:
        """Paths that the change sets."""
        return [item["path"] for item in self.record.get("set", [])]

    @property
    def delta(self) -> int | None:
        """How many pieces the change adds to the stock, None when it moves none."""
        return next((int(i["to"]) for i in self.record.get("set", []) if i["path"] == "stock_delta"), None)


def add(
    con: sqlite3.Connection,
    proposal: str,
    n: int,
    change: dict[str, Any],
    record: dict[str, Any],
    state: str,
    user_id: int,
    message: str = "",
) -> None:
    """Insert a row; a change that has one keeps it."""
    con.execute(
        "INSERT OR IGNORE INTO ledger (change_id, proposal, n, kind, resource, record, state, "
        "user_id, at, message) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            change["change_id"],
            proposal,
            n,
            change["kind"],
            change["resource"],
            json.dumps(record),
            state,
            user_id,
            stamp(),
            message,
        ),
    )


def set_state(con: sqlite3.Connection, entry: Entry, state: str, message: str = "") -> None:
    """Move a row on, with what is remembered by now."""
    entry.state, entry.message = state, message
    con.execute(
        "UPDATE ledger SET state = ?, message = ?, record = ?, at = ? WHERE change_id = ?",
        (state, message, json.dumps(entry.record), stamp(), entry.change_id),
    )


def conclude(con: sqlite3.Connection, proposal: str, outcome: str) -> None:
    """Note what became of a proposal; it is reported until the sidecar has heard it."""
    con.execute("UPDATE ledger SET outcome = ?, reported = 0 WHERE proposal = ?", (outcome, proposal))


def entries(con: sqlite3.Connection, proposal: str) -> list[Entry]:
    """The rows of a proposal in the order of its changes."""
    rows = con.execute("SELECT * FROM ledger WHERE proposal = ? ORDER BY n", (proposal,))
    names = ("change_id", "kind", "resource", "state", "message", "outcome", "at")
    return [Entry(record=json.loads(row["record"]), **{name: row[name] for name in names}) for row in rows]


def results(con: sqlite3.Connection, proposal: str) -> list[dict[str, Any]]:
    """The results of a proposal's changes as an outcome carries them."""
    found = []
    for entry in entries(con, proposal):
        one: dict[str, Any] = {"change_id": entry.change_id}
        one["state"] = "skipped" if entry.state == "stale" else entry.state
        if entry.message:
            one["message"] = entry.message
        if entry.record.get("created_id"):
            one["created_id"] = entry.record["created_id"]
        found.append(one)
    return found


def unsettled(con: sqlite3.Connection) -> list[str]:
    """Proposals that a crash left half-way."""
    sql = "SELECT DISTINCT proposal FROM ledger WHERE state IN ('applying', 'undoing') ORDER BY proposal"
    return [row[0] for row in con.execute(sql)]


def unreported(con: sqlite3.Connection) -> list[tuple[str, str]]:
    """(proposal, outcome) pairs that the sidecar has not heard."""
    sql = "SELECT DISTINCT proposal, outcome FROM ledger WHERE reported = 0 AND outcome <> '' ORDER BY at"
    return [(row[0], row[1]) for row in con.execute(sql)]


def mark_reported(con: sqlite3.Connection, proposal: str, outcome: str) -> None:
    """Note that the sidecar heard this outcome."""
    con.execute("UPDATE ledger SET reported = 1 WHERE proposal = ? AND outcome = ?", (proposal, outcome))
