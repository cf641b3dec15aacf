"""Applies, undoes and settles approved proposals by the rules of docs/protocol.md, section 8."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Mapping
from typing import Any

from sidecar.core.changes import written
from sidecar.demo.changes import ledger
from sidecar.demo.changes.ledger import Entry
from sidecar.demo.changes.rules import differences, record, refuse, refuse_for, sentence, values_back
from sidecar.demo.changes.target import CHANGE_ID, Call, WriteError, created, snapshot
from sidecar.demo.changes.target import write as write_values

INTERRUPTED = "Something else was written after the interruption."
NOT_WRITTEN = "Not written, since an earlier change failed."


class Applier:
    """The pen. `call` does REST requests inside the shop; `crash` is called at each step, for tests.

    One lock stands for the plugin's lock on each resource: the demo shop has one process.
    """

    def __init__(
        self, con: sqlite3.Connection, call: Call, crash: Callable[[str], None] = lambda at: None
    ) -> None:
        self.con, self.call, self.crash = con, call, crash
        self.lock = threading.RLock()

    def apply(self, proposal: str, changes: list[dict[str, Any]], user_id: int = 1) -> dict[str, Any]:
        """Write an approved proposal: `{"state": "applied"|"stale"|"failed", "results"}`; done once only."""
        with self.lock:
            if ledger.entries(self.con, proposal):
                self._settle(proposal)
            else:
                self._begin(proposal, changes, user_id)
            outcome = next((e.outcome for e in ledger.entries(self.con, proposal)), "failed")
            return {"state": outcome or "failed", "results": ledger.results(self.con, proposal)}

    def undo(self, proposal: str) -> dict[str, Any]:
        """Take a proposal back: state `undone`, or `undo_failed` when a write failed.

        WriteError not_applied, not_undoable, or changed_since (with both values) when nothing was begun.
        """
        with self.lock:
            entries = ledger.entries(self.con, proposal)
            self._check_undo(entries)
            entries = [e for e in entries if e.state == "applied"]
            for entry in entries:
                if entry.delta is not None:
                    entry.record["undo_from"] = self._read(entry.resource)["stock_quantity"]
                ledger.set_state(self.con, entry, "undoing")
            return self._restore_all(proposal, entries[::-1])

    def settle(self) -> int:
        """End what a crash left half-way, by what stands in the shop; the number of proposals settled."""
        with self.lock:
            proposals = ledger.unsettled(self.con)
            for proposal in proposals:
                self._settle(proposal)
            return len(proposals)

    # Applying.

    def _begin(self, proposal: str, changes: list[dict[str, Any]], user_id: int) -> None:
        current: list[dict[str, Any]] = []
        refused: dict[int, str] = {}
        for i, change in enumerate(changes):
            try:
                refuse(change)
                current.append(self._read(change["resource"]) if change["kind"] == "patch" else {})
                refuse_for(change, current[i])
            except WriteError as error:
                refused[i] = error.message
                current.append({})
        if refused:
            self._close(proposal, changes, refused, "failed", user_id)
            return
        stale = {
            i: sentence(found)
            for i, change in enumerate(changes)
            if (found := differences(change.get("set", []), current[i], "was"))
        }
        if stale:
            self._close(proposal, changes, stale, "stale", user_id)
            return
        for i, change in enumerate(changes):
            ledger.add(self.con, proposal, i + 1, change, record(change, current[i]), "applying", user_id)
        self._write_all(proposal, ledger.entries(self.con, proposal))

    def _close(
        self,
        proposal: str,
        changes: list[dict[str, Any]],
        reasons: Mapping[int, str],
        outcome: str,
        user_id: int,
    ) -> None:
        """Note a proposal of which nothing was written."""
        for i, change in enumerate(changes):
            state = outcome if i in reasons else "skipped"
            change = {"change_id": f"{proposal}-{i + 1}", "kind": "", "resource": "", **change}
            ledger.add(self.con, proposal, i + 1, change, {}, state, user_id, reasons.get(i, ""))
        ledger.conclude(self.con, proposal, outcome)

    def _write_all(self, proposal: str, entries: list[Entry]) -> None:
        """Write the rows in order; the first failure puts the written ones back in reverse."""
        written: list[Entry] = []
        for entry in entries:
            if entry.state == "applying":
                try:
                    self._write(entry)
                except WriteError as error:
                    ledger.set_state(self.con, entry, "failed", error.message)
                    self._give_up(proposal, entries, written)
                    return
            written.append(entry)
        ledger.conclude(self.con, proposal, "applied")

    def _give_up(self, proposal: str, entries: list[Entry], written: list[Entry]) -> None:
        for entry in reversed(written):
            if entry.state == "applied":
                try:
                    self._restore(entry)
                    ledger.set_state(self.con, entry, "compensated")
                except WriteError as error:
                    ledger.set_state(self.con, entry, "applied", error.message)
        for entry in entries:
            if entry.state == "applying":
                ledger.set_state(self.con, entry, "skipped", NOT_WRITTEN)
        ledger.conclude(self.con, proposal, "failed")

    def _write(self, entry: Entry) -> None:
        """Write one row's change, read it back and mark the row applied; WriteError when it did not take."""
        self.crash("after_ledger_row")
        if entry.kind == "patch":
            self._write_patch(entry)
        elif entry.kind == "create":
            self._write_create(entry)
        self.crash("after_write")
        ledger.set_state(self.con, entry, "applied" if entry.kind != "act" else "skipped")

    def _write_patch(self, entry: Entry) -> None:
        current = self._read(entry.resource)
        try:
            values = {item["path"]: item["to"] for item in written(entry.record)}
            write_values(self.call, entry.resource, values, current, entry.change_id)
            after = self._read(entry.resource)
            found = differences(entry.record["set"], after, "to")
            if found:
                raise WriteError("failed", sentence(found))
        except WriteError:
            # What did not take is put back at once, whatever part of it did.
            back = {p: v for p, v in entry.record["stood"].items() if p != "stock_delta"}
            if back:
                write_values(self.call, entry.resource, back, current, entry.change_id)
            raise
        entry.record["after"] = snapshot(entry.paths, after)

    def _write_create(self, entry: Entry) -> None:
        made = created(self.con, entry.change_id)
        if not made:
            body = dict(entry.record["body"])
            body["meta_data"] = [*body.get("meta_data", []), {"key": CHANGE_ID, "value": entry.change_id}]
            made = int(self.call("POST", entry.resource, body, origin=entry.change_id)["id"])
        entry.record["created_id"] = made

    # Undoing.

    def _check_undo(self, entries: list[Entry]) -> None:
        if any(e.kind == "act" for e in entries):
            raise WriteError("not_undoable", "This cannot be taken back.")
        applied = [e for e in entries if e.state == "applied"]
        if not applied:
            raise WriteError("not_applied", "Nothing of this proposal stands in the shop.")
        changed = []
        for entry in applied:
            if entry.kind == "patch":
                found = differences(entry.record["set"], self._read(entry.resource), "to")
                changed += [{"change_id": entry.change_id, "path": p, **v} for p, v in found.items()]
        if changed:
            text = " ".join(sentence({c["path"]: c}) for c in changed)
            raise WriteError("changed_since", text, differences=changed)

    def _restore_all(self, proposal: str, entries: list[Entry]) -> dict[str, Any]:
        """Restore rows, the last change first; a failure writes the restored ones again."""
        restored: list[Entry] = []
        outcome = "undone"
        for entry in entries:
            try:
                self.crash("before_restore")
                self._restore(entry)
            except WriteError as error:
                ledger.set_state(self.con, entry, "applied", error.message)
                self._write_again(restored, entries)
                outcome = "undo_failed"
                break
            ledger.set_state(self.con, entry, "undone")
            restored.append(entry)
        ledger.conclude(self.con, proposal, outcome)
        return {"state": outcome, "results": ledger.results(self.con, proposal)}

    def _write_again(self, restored: list[Entry], entries: list[Entry]) -> None:
        for entry in reversed(restored):
            try:
                self._write(entry)
            except WriteError as error:
                ledger.set_state(self.con, entry, "failed", error.message)
        for entry in entries:
            if entry.state == "undoing":
                ledger.set_state(self.con, entry, "applied")

    def _restore(self, entry: Entry) -> None:
        if entry.kind == "create":
            self._remove(entry)
            return
        if entry.kind != "patch":
            return
        current = self._read(entry.resource)
        write_values(self.call, entry.resource, values_back(entry, current), current, entry.change_id)
        stood = [{"path": p, "stood": entry.record["stood"].get(p)} for p in entry.paths]
        found = differences(stood, self._read(entry.resource), "stood")
        if found:
            raise WriteError("failed", sentence(found))

    def _remove(self, entry: Entry) -> None:
        made = entry.record.get("created_id") or created(self.con, entry.change_id)
        try:
            if made:
                self.call(
                    "DELETE", f"{entry.resource}/{made}", query={"force": "true"}, origin=entry.change_id
                )
        except WriteError as error:
            if error.status not in (404, 410):
                raise

    # Settling.

    def _settle(self, proposal: str) -> None:
        entries = ledger.entries(self.con, proposal)
        states = {entry.state for entry in entries}
        if "applying" in states:
            self._settle_apply(proposal, entries)
        elif "undoing" in states:
            self._settle_undo(proposal, entries)

    def _settle_apply(self, proposal: str, entries: list[Entry]) -> None:
        for entry in entries:
            if entry.state != "applying":
                continue
            found = self._judge(entry)
            if found == "to":
                ledger.set_state(self.con, entry, "applied")
            elif found == "neither":
                ledger.set_state(self.con, entry, "failed", INTERRUPTED)
                self._give_up(proposal, entries, entries)
                return
        self._write_all(proposal, entries)

    def _settle_undo(self, proposal: str, entries: list[Entry]) -> None:
        left = []
        for entry in (e for e in entries if e.state == "undoing"):
            found = self._judge(entry)
            if found == "stood":
                ledger.set_state(self.con, entry, "undone")
            elif found == "to":
                left.append(entry)
            else:
                ledger.set_state(self.con, entry, "failed", INTERRUPTED)
        if any(entry.state == "failed" for entry in entries):
            for entry in left:
                ledger.set_state(self.con, entry, "applied")
            ledger.conclude(self.con, proposal, "undo_failed")
        else:
            self._restore_all(proposal, left[::-1])

    def _judge(self, entry: Entry) -> str:
        """What stands in the shop: `to`, `stood` or `neither`."""
        if entry.kind != "patch":
            entry.record["created_id"] = created(self.con, entry.change_id)
            return "to" if entry.record["created_id"] else "stood"
        try:
            current = self._read(entry.resource)
        except WriteError:
            return "neither"
        stood = [{"path": p, "stood": entry.record["stood"].get(p)} for p in entry.paths]
        at_to = not differences(entry.record["set"], current, "to")
        at_stood = not differences(stood, current, "stood")
        if entry.delta is not None:
            # A stock move has no value of its own: the count seen before the write tells whether it happened.
            undoing = entry.state == "undoing"
            seen = entry.record["undo_from"] if undoing else entry.record["stood"]["stock_delta"]
            moved = (current["stock_quantity"] or 0) - (seen or 0)
            done = moved == (-entry.delta if undoing else entry.delta)
            at_to = at_to and (moved == 0 if undoing else done)
            at_stood = at_stood and (done if undoing else moved == 0)
        return "to" if at_to else "stood" if at_stood else "neither"

    def _read(self, resource: str) -> dict[str, Any]:
        return self.call("GET", resource, query={"context": "edit"})
