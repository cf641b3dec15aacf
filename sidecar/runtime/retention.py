"""How long each kind of row is kept, and the nightly chore that lets go of what is older.

Rows go in pieces of a few hundred, a transaction each, so that nobody waits for it; running it twice, or in
two processes at once, lets go of the same rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Table, bindparam, delete, func, or_, select

from sidecar.db import read, write
from sidecar.db.app import (
    acts,
    api_keys,
    audit,
    errors,
    events,
    jobs,
    pairing_codes,
    proposal_history,
    proposal_open,
    proposal_targets,
    proposals,
    run_log,
    runs,
    schedule_fires,
)
from sidecar.db.identity import idempotency_keys, oauth_clients, refresh_tokens, sessions
from sidecar.db.outgoing import integration_calls, oauth_states
from sidecar.db.outgoing import webhook_deliveries as deliveries
from sidecar.db.session import overwrite_deleted
from sidecar.runtime import jobs as background
from sidecar.runtime.base import Row, Runtime, at, now
from sidecar.runtime.proposals import STATES
from sidecar.runtime.runs import ENDED
from sidecar.settings import Settings

DAY = 86_400
CHUNK = 500

SETTLED = frozenset(STATES) - {"pending", "snoozed", "approved", "applying", "undoing"}

Due = Callable[[int], ColumnElement[bool]]


@dataclass(frozen=True)
class Rule:
    """Rows of a table that go when they are old.

    `days` is a setting's name or a number; `due` tells which rows are, by the moment before which they ended;
    `parts` go with them: `(table, its column, our column)`.
    """

    name: str
    title: str
    table: Table
    days: str | int
    due: Due
    parts: tuple[tuple[Table, str, str], ...] = ()
    anywhere: bool = False

    def kept_days(self, settings: Settings) -> int:
        """Days as they are set."""
        return int(getattr(settings, self.days)) if isinstance(self.days, str) else self.days

    def where(self, settings: Settings, shop_id: str, moment: int) -> ColumnElement[bool]:
        """The rows of a shop that are due; rows before pairing have no shop."""
        mine = self.table.c.shop_id == ("" if self.anywhere else shop_id)
        return mine & self.due(moment - self.kept_days(settings) * DAY)


def _ended(table: Table) -> Due:
    return lambda before: or_(table.c.expires_at < before, table.c.revoked_at < before)


RULES = (
    Rule(
        "runs", "Runs that ended, with their logs", runs, "keep_runs_days",
        lambda before: runs.c.state.in_(ENDED) & (runs.c.finished_at < before), ((run_log, "run_id", "id"),),
    ),
    Rule(
        "proposals", "Proposals that are settled, with their history", proposals, "keep_proposals_days",
        lambda before: proposals.c.state.in_(SETTLED) & (proposals.c.updated_at < before),
        (
            (proposal_history, "proposal_id", "id"),
            (proposal_targets, "proposal_id", "id"),
            (proposal_open, "proposal_id", "id"),
        ),
    ),
    Rule(
        "acts", "What the sidecar did outside the shop", acts, "keep_proposals_days",
        lambda before: (acts.c.state != "doing") & (acts.c.at < before),
    ),
    Rule(
        "events", "Events that were worked off", events, "keep_events_days",
        lambda before: (events.c.state != "stored") & (events.c.received_at < before),
    ),
    Rule(
        "errors", "Errors shown on the Status page", errors, "keep_errors_days",
        lambda before: errors.c.at < before,
    ),
    Rule(
        "jobs", "Jobs that ended", jobs, "keep_jobs_days",
        lambda before: jobs.c.state.in_(("done", "failed", "cancelled")) & (jobs.c.finished_at < before),
    ),
    Rule(
        "sessions", "Logins that ended", sessions, "keep_sessions_days", _ended(sessions),
        ((refresh_tokens, "session_id", "id"),),
    ),
    Rule("api_keys", "API keys that ended", api_keys, "keep_sessions_days", _ended(api_keys)),
    Rule("oauth_clients", "Clients that ended", oauth_clients, "keep_sessions_days", _ended(oauth_clients)),
    Rule(
        "schedule_fires", "When schedules fired", schedule_fires, 90,
        lambda before: schedule_fires.c.at < before,
    ),
    Rule(
        "integration_calls", "Calls to connected services, counted by day", integration_calls, 400,
        lambda before: integration_calls.c.day < before // DAY,
    ),
    Rule(
        "oauth_states", "Authorizations that were not finished", oauth_states, 1,
        lambda before: oauth_states.c.expires_at < before,
    ),
    Rule(
        "idempotency_keys", "Idempotency keys of requests that made something", idempotency_keys, 1,
        lambda before: idempotency_keys.c.created_at < before,
    ),
    Rule(
        "pairing_codes", "Pairing codes", pairing_codes, 1,
        lambda before: pairing_codes.c.expires_at < before, anywhere=True,
    ),
)  # fmt: skip
"""Every rule that the chore runs. The audit and the deliveries of webhooks have chores of their own."""

ELSEWHERE = (
    Rule(
        "audit", "Audit, behind a signed checkpoint", audit, "audit_days",
        lambda before: audit.c.at < before,
    ),
    Rule(
        "webhook_deliveries", "Messages of webhooks that were delivered", deliveries, "keep_deliveries_days",
        lambda before: (deliveries.c.state == "delivered") & (deliveries.c.done_at < before),
    ),
    Rule(
        "dead_deliveries", "Messages of webhooks that are dead", deliveries, "keep_dead_deliveries_days",
        lambda before: (deliveries.c.state == "dead") & (deliveries.c.done_at < before),
    ),
)  # fmt: skip
"""Rules that the ticker keeps every hour by chores of their own."""


def add(conn: Connection, shop_id: str) -> str:
    """Writes the nightly chore as a job."""
    return background.add(
        conn, shop_id, "retention", {}, title="Let go of what is old", unique_key="retention"
    )


def run(rt: Runtime, shop_id: str, _args: Row) -> Row:
    """Lets go of what is due by every rule: `{"deleted": {rule: rows}}`; the handler of the job."""
    moment = now()
    deleted = {
        rule.name: _let_go(rt.db.app, rule, rule.where(rt.settings, shop_id, moment)) for rule in RULES
    }
    for engine in (rt.db.app, rt.db.mirror):
        overwrite_deleted(engine)  # an erasure may have found a reader in its way
    return {"deleted": {name: n for name, n in deleted.items() if n}}


def _let_go(engine: Engine, rule: Rule, due: ColumnElement[bool]) -> int:
    table, gone = rule.table, 0
    while True:
        with write(engine) as conn:
            rows = conn.execute(select(table).where(due).limit(CHUNK).with_for_update()).mappings().all()
            if not rows:
                return gone
            for part, theirs, ours in rule.parts:
                ids = [row[ours] for row in rows]
                conn.execute(
                    delete(part).where(part.c.shop_id == rows[0]["shop_id"], part.c[theirs].in_(ids))
                )
            same = [column == bindparam(f"old_{column.name}") for column in table.primary_key]
            keys = [{f"old_{c.name}": row[c.name] for c in table.primary_key} for row in rows]
            conn.execute(delete(table).where(*same), keys)
            gone += len(rows)


def figures(rt: Runtime, shop_id: str) -> list[Row]:
    """Each rule: `{rule, title, days, unit, due, runs, setting?, last_run?, last_deleted?}`.

    `due` counts the rows that are old enough; the last run is known of nightly rules.
    """
    moment, last = now(), _last(rt, shop_id)
    with read(rt.db.app) as conn:
        nightly = [_figures(rt, conn, rule, shop_id, moment) | {"runs": "nightly"} for rule in RULES]
        hourly = [_figures(rt, conn, rule, shop_id, moment) | {"runs": "hourly"} for rule in ELSEWHERE]
    if last:
        deleted = (last["result"] or {}).get("deleted") or {}
        for one in nightly:
            one |= {"last_run": at(last["finished_at"]), "last_deleted": deleted.get(one["rule"], 0)}
    return nightly + hourly


def _figures(rt: Runtime, conn: Connection, rule: Rule, shop_id: str, moment: int) -> Row:
    query = select(func.count()).select_from(rule.table)
    due = conn.execute(query.where(rule.where(rt.settings, shop_id, moment))).scalar_one()
    one: Row = {"rule": rule.name, "title": rule.title, "days": rule.kept_days(rt.settings)}
    one |= {"unit": "days", "due": due}
    return one | ({"setting": f"DEVSKYY_{rule.days.upper()}"} if isinstance(rule.days, str) else {})


def _last(rt: Runtime, shop_id: str) -> Any:
    mine = (jobs.c.shop_id == shop_id) & (jobs.c.kind == "retention") & (jobs.c.state == "done")
    query = select(jobs.c.finished_at, jobs.c.result).where(mine).order_by(jobs.c.finished_at.desc()).limit(1)
    with read(rt.db.app) as conn:
        return conn.execute(query).mappings().first()
