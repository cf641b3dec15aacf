"""Proposals and their states (docs/protocol.md, section 7).

Every step is one transaction: compare the state, set the next one, note who and why. Whoever comes second is
told so.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from sidecar.core.agent import Agent, Proposal, Risk
from sidecar.core.changes import canonical_json, digest, touched, undoable, with_ids
from sidecar.core.errors import Conflict, DevSkyyError, Invalid, NotFound
from sidecar.core.evidence_text import format_message
from sidecar.core.store import ShopFacts
from sidecar.db import read, write
from sidecar.db.app import proposal_history, proposal_open, proposal_targets, proposals
from sidecar.runtime import audit, metrics
from sidecar.runtime.base import Row, Runtime, now
from sidecar.runtime.webhook_events import PROPOSAL_EVENTS
from sidecar.runtime.webhooks import emit

DAY = 86_400
SNOOZE_MAX_DAYS = 365
RISKS = {"low": 1, "medium": 2, "high": 3}
STATES = (
    "pending", "snoozed", "approved", "applying", "applied", "undoing", "undone", "rejected", "superseded",
    "expired", "stale", "failed",
)  # fmt: skip
FOLLOWERS: dict[str, Callable[[Connection, Row, str], None]] = {}
"""By agent: what goes along with its proposals, told of each new state in the same transaction."""

OPEN = frozenset({"pending", "snoozed", "approved", "applying"})
"""States that hold their (resource, path): no other proposal may stand for it."""

MOVES: dict[str, dict[str, str]] = {
    "approve": {"pending": "approved", "snoozed": "approved"},
    "reject": {"pending": "rejected", "snoozed": "rejected"},
    "snooze": {"pending": "snoozed", "snoozed": "snoozed"},
    "wake": {"snoozed": "pending"},
    "supersede": {"pending": "superseded", "snoozed": "superseded"},
    "expire": {"pending": "expired", "snoozed": "expired"},
    "undo": {"applied": "undoing"},
    "release": {"approved": "pending", "applying": "pending"},
    # What the plugin reports. It wrote the shop, so its word counts even where ours was lost: an approval
    # that was
    # released, an undo that it made while we were away.
    "applying": {"approved": "applying", "pending": "applying"},
    "applied": {"approved": "applied", "applying": "applied", "pending": "applied"},
    "stale": {"approved": "stale", "applying": "stale", "pending": "stale"},
    "failed": {"approved": "failed", "applying": "failed", "pending": "failed"},
    "undone": {"undoing": "undone", "applied": "undone", "approved": "undone", "applying": "undone"},
    "undo_failed": {"undoing": "applied"},
}
"""action -> {state before: state after}; what is not here is refused or, for reports, already passed."""

PASSED: dict[str, frozenset[str]] = {
    "applying": frozenset({"applying", "applied", "undoing", "undone", "stale", "failed"}),
    "applied": frozenset({"applied", "undoing", "undone", "stale", "failed"}),
    "stale": frozenset({"stale", "failed", "applied", "undoing", "undone"}),
    "failed": frozenset({"failed", "stale", "applied", "undoing", "undone"}),
    "undone": frozenset({"undone"}),
    "undo_failed": frozenset({"applied", "undone"}),
}
"""report -> states that it no longer changes: answered with 200."""


@dataclass(frozen=True)
class Author:
    """Whose name a proposal bears that no agent made: a person's own press, such as receiving goods."""

    name: str
    family: str
    title: str
    risk: Risk


def create(
    rt: Runtime,
    conn: Connection,
    shop_id: str,
    agent: Agent,
    run_id: str,
    found: Sequence[Proposal],
    facts: ShopFacts,
) -> tuple[list[str], list[str]]:
    """Writes a run's proposals in the caller's transaction; returns their ids and what was left out.

    They keep the agent's order, the best first. An open proposal of the same changes stays, with the new
    run's evidence; another one for the same field gives way, and passes on its snooze; one that a person is
    having applied stays; what a person rejected less than `cooldown_days` ago is not proposed again.
    """
    made, left = [], []
    moment = now()  # one for all, or a second that ends in between would put the last ones first
    for position, proposal in enumerate(found):
        title = format_message(proposal.evidence.message, facts)[:300]
        row = {**_row(shop_id, agent, run_id, proposal, title, moment), "position": position}
        targets = sorted(_targets(row["changes"]))
        older = _holders(conn, shop_id, targets)
        reason = _cooling(rt, conn, shop_id, agent.name, targets) or _busy(older)
        if reason:
            left.append(f"{row['title']}: {reason}")
        elif len(older) == 1 and _same(older[0], row):
            made.append(_renew(conn, older[0], row))
        else:
            made.append(_replace(conn, older, row, targets))
    return made, left


def lodge(
    conn: Connection, shop_id: str, author: Author, run_id: str, proposal: Proposal, facts: ShopFacts
) -> Row:
    """Writes one proposal that a person asked for and is about to decide on; its row.

    It knows no cool-down and renews no other: what stands open for the same fields gives way. Conflict `busy`
    while one of those is being applied.
    """
    title = format_message(proposal.evidence.message, facts)[:300]
    row = _row(shop_id, author, run_id, proposal, title, now())
    targets = sorted(_targets(row["changes"]))
    older = _holders(conn, shop_id, targets)
    if _busy(older):
        raise Conflict(
            "Another change of the same products is being applied.",
            code="busy",
            hint="Wait a moment, then try again.",
        )
    for other in older:
        step(conn, other, "supersede", note=f"by {row['id']}", superseded_by=row["id"])
    _replace(conn, [], row, targets)
    return row


def _row(
    shop_id: str, agent: Agent | Author, run_id: str, proposal: Proposal, title: str, moment: int
) -> Row:
    ident, risk = uuid.uuid4().hex, proposal.risk or agent.risk
    changes = with_ids(ident, proposal.changes)
    evidence = proposal.evidence.model_dump(mode="json", by_alias=True, exclude_none=True)
    subject = {key: value for key, value in vars_of(proposal.subject).items() if value is not None}
    return {
        "shop_id": shop_id, "id": ident, "agent": agent.name, "family": agent.family, "title": title,
        "state": "pending", "risk": risk, "risk_rank": RISKS[risk], "run_id": run_id, "created_at": moment,
        "expires_at": moment + proposal.expires_days * DAY, "digest": digest(ident, changes),
        "subject": subject, "changes": changes, "evidence": evidence, "undoable": undoable(changes),
        "effect": (evidence.get("effect") or {}).get("value"), "updated_at": moment,
        "search": f"{title} {proposal.subject.name} {agent.title}".lower()[:500],
    }  # fmt: skip


def vars_of(subject: Any) -> Row:
    """A subject's fields."""
    return {name: getattr(subject, name) for name in ("resource", "id", "name", "image_id", "permalink")}


def _targets(changes: list[Row]) -> set[tuple[str, str]]:
    created = {
        (change["resource"], "+" + hashlib.sha256(canonical_json(change["body"]).encode()).hexdigest()[:32])
        for change in changes
        if change["kind"] == "create"
    }
    return touched(changes) | created


def _cooling(
    rt: Runtime, conn: Connection, shop_id: str, agent: str, targets: list[tuple[str, str]]
) -> str | None:
    since = now() - rt.settings.cooldown_days * DAY
    aimed = proposal_targets.join(
        proposals,
        (proposals.c.shop_id == proposal_targets.c.shop_id)
        & (proposals.c.id == proposal_targets.c.proposal_id),
    )
    refused = (
        (proposals.c.agent == agent) & (proposals.c.state == "rejected") & (proposals.c.decided_at > since)
    )
    for resource, path in targets:
        same = (proposal_targets.c.resource == resource) & (proposal_targets.c.path == path)
        query = select(proposals.c.id).select_from(aimed).where(proposals.c.shop_id == shop_id, same, refused)
        if conn.execute(query.limit(1)).first():
            return f"rejected less than {rt.settings.cooldown_days} days ago"
    return None


def _holders(conn: Connection, shop_id: str, targets: list[tuple[str, str]]) -> list[Row]:
    """The open proposals for these fields."""
    found = set()
    for resource, path in targets:
        same = (proposal_open.c.resource == resource) & (proposal_open.c.path == path)
        query = select(proposal_open.c.proposal_id).where(proposal_open.c.shop_id == shop_id, same)
        found |= {str(ident) for ident in conn.execute(query).scalars()}
    return [load(conn, shop_id, ident) for ident in sorted(found)]


def _busy(older: list[Row]) -> str | None:
    if any(other["state"] not in MOVES["supersede"] for other in older):
        return "another proposal for the same field is being applied"
    return None


def _same(older: Row, row: Row) -> bool:
    def bare(changes: list[Row]) -> list[Row]:
        return [{key: value for key, value in change.items() if key != "change_id"} for change in changes]

    return bool(older["agent"] == row["agent"] and bare(older["changes"]) == bare(row["changes"]))


RENEWED = (
    "run_id", "title", "search", "subject", "evidence", "effect", "risk", "risk_rank", "position",
    "expires_at", "updated_at",
)  # fmt: skip
"""What a later run of the same changes brings; id, digest, age and snooze stay."""


def _renew(conn: Connection, older: Row, row: Row) -> str:
    mine = (proposals.c.shop_id == older["shop_id"]) & (proposals.c.id == older["id"])
    conn.execute(update(proposals).where(mine).values({name: row[name] for name in RENEWED}))
    return str(older["id"])


def _replace(conn: Connection, older: list[Row], row: Row, targets: list[tuple[str, str]]) -> str:
    for other in older:
        if other["state"] == "snoozed":
            row |= {"state": "snoozed", "snoozed_until": other["snoozed_until"]}
        step(conn, other, "supersede", note=f"by {row['id']}", superseded_by=row["id"])
    _insert(conn, row, targets)
    metrics.PROPOSALS.labels(row["agent"], "pending").inc()
    _tell(conn, row, "created")
    return str(row["id"])


def _insert(conn: Connection, row: Row, targets: list[tuple[str, str]]) -> None:
    conn.execute(insert(proposals).values(row))
    keys = [
        {"shop_id": row["shop_id"], "proposal_id": row["id"], "resource": r, "path": p} for r, p in targets
    ]
    if keys:
        conn.execute(insert(proposal_open), keys)
        conn.execute(insert(proposal_targets), keys)
    first = {
        "shop_id": row["shop_id"],
        "proposal_id": row["id"],
        "n": 1,
        "to_state": row["state"],
        "at": now(),
    }
    conn.execute(insert(proposal_history).values(first))


# Made once: it is asked often.
ONE = select(proposals).where(proposals.c.shop_id == bindparam("shop"), proposals.c.id == bindparam("ident"))


def load(conn: Connection, shop_id: str, ident: str) -> Row:
    """A proposal's row; NotFound."""
    row = conn.execute(ONE, {"shop": shop_id, "ident": ident}).mappings().first()
    if row is None:
        raise NotFound("There is no such proposal.", hint="Reload the Inbox: the proposal may be gone.")
    return dict(row)


def step(
    conn: Connection, row: Row, action: str, *, who: Row | None = None, note: str | None = None, **values: Any
) -> Row:
    """Moves a loaded proposal by `action` and returns its new row; Conflict when another was faster."""
    before, after = row["state"], MOVES[action][row["state"]]
    moment = now()
    mine = (proposals.c.shop_id == row["shop_id"]) & (proposals.c.id == row["id"])
    changed = {"state": after, "updated_at": moment, **values}
    if conn.execute(update(proposals).where(mine, proposals.c.state == before).values(changed)).rowcount != 1:
        raise Conflict(
            "Somebody else was faster.",
            code="not_pending",
            hint="Reload the proposal to see where it stands.",
        )
    _remember(conn, row, after, moment, who, note)
    if after not in OPEN:
        gone = (proposal_open.c.shop_id == row["shop_id"]) & (proposal_open.c.proposal_id == row["id"])
        conn.execute(delete(proposal_open).where(gone))
    metrics.PROPOSALS.labels(row["agent"], after).inc()
    _tell(conn, {**row, **changed}, PROPOSAL_EVENTS[action])
    if row["agent"] in FOLLOWERS:
        FOLLOWERS[row["agent"]](conn, row, after)
    return {**row, **changed}


def _tell(conn: Connection, row: Row, event: str) -> None:
    data = {"proposal": row["id"], "agent": row["agent"], "run": row["run_id"], "state": row["state"]}
    emit(conn, row["shop_id"], f"proposal.{event}", data)


def _remember(conn: Connection, row: Row, after: str, moment: int, who: Row | None, note: str | None) -> None:
    mine = (proposal_history.c.shop_id == row["shop_id"]) & (proposal_history.c.proposal_id == row["id"])
    n = conn.execute(select(func.coalesce(func.max(proposal_history.c.n), 0)).where(mine)).scalar_one() + 1
    values = {
        "shop_id": row["shop_id"], "proposal_id": row["id"], "n": n, "from_state": row["state"],
        "to_state": after, "at": moment, "who": who, "note": note,
    }  # fmt: skip
    conn.execute(insert(proposal_history).values(values))


def _note(
    conn: Connection, before: Row, row: Row, action: str, who: Row | None, detail: Row | None = None
) -> None:
    was, became = {"state": before["state"]}, {"state": row["state"]}
    action = f"proposal.{action}"
    audit.record(conn, row["shop_id"], who, action, row["id"], detail, before=was, after=became)


def _allowed(row: Row, action: str, code: str, hint: str) -> None:
    if row["state"] not in MOVES[action]:
        raise Conflict(
            f"The proposal is {row['state']}.", code=code, hint=hint, details={"state": row["state"]}
        )


NOT_PENDING = "Reload the Inbox: only a pending proposal can be decided on."


def approve(rt: Runtime, shop_id: str, ident: str, seen: str, who: Row) -> Row:
    """Approves what the person saw; Conflict `not_pending` or `digest_mismatch`, 410 `expired`."""
    late = False
    with write(rt.db.app) as conn:
        before = row = load(conn, shop_id, ident)
        _allowed(row, "approve", "not_pending", NOT_PENDING)
        if row["expires_at"] <= now():
            late = True
            step(conn, row, "expire")
        elif seen != row["digest"]:
            raise Conflict(
                "The proposal is not the one that was shown.",
                code="digest_mismatch",
                hint="Reload it and look again.",
            )
        else:
            row = step(
                conn,
                row,
                "approve",
                who=who,
                decided_at=now(),
                decided_by=who,
                snoozed_until=None,
                reason=None,
            )
            _note(conn, before, row, "approve", who, {"digest": seen})
    if late:
        raise DevSkyyError(
            "The proposal has expired.",
            status=410,
            code="expired",
            hint="Run the agent again for a fresh one.",
        )
    return row


def reject(rt: Runtime, shop_id: str, ident: str, reason: str | None, who: Row) -> Row:
    """Rejects; the same agent does not come back with it before the cool-down ends."""
    return _decide(rt, shop_id, ident, "reject", who, note=reason, reason=reason)


def snooze(rt: Runtime, shop_id: str, ident: str, until: datetime, who: Row) -> Row:
    """Hides a proposal until a moment in the future; Invalid when it is not, or more than a year away."""
    moment = int(until.timestamp())
    if not now() < moment <= now() + SNOOZE_MAX_DAYS * DAY:
        raise Invalid(
            "A snooze ends in the future, a year from now at most.",
            hint="Choose a later day.",
            fields={"until": "must lie in the future, at most a year away"},
        )
    return _decide(rt, shop_id, ident, "snooze", who, snoozed_until=moment)


def _decide(
    rt: Runtime, shop_id: str, ident: str, action: str, who: Row, *, note: str | None = None, **values: Any
) -> Row:
    with write(rt.db.app) as conn:
        before = row = load(conn, shop_id, ident)
        _allowed(row, action, "not_pending", NOT_PENDING)
        row = step(conn, row, action, who=who, note=note, decided_at=now(), decided_by=who, **values)
        _note(conn, before, row, action, who)
    return row


def undo(rt: Runtime, shop_id: str, ident: str, who: Row) -> Row:
    """Starts an undo that the plugin carries out; Conflict `not_applied` or `not_undoable`."""
    with write(rt.db.app) as conn:
        row = load(conn, shop_id, ident)
        _allowed(
            row,
            "undo",
            "not_applied",
            "Only an applied proposal can be undone; reload to see where it stands.",
        )
        if not row["undoable"]:
            raise Conflict(
                "This cannot be undone.",
                code="not_undoable",
                hint="Its changes took effect outside the shop.",
            )
        before, row = row, step(conn, row, "undo", who=who)
        _note(conn, before, row, "undo", who)
    return row


def outcome(rt: Runtime, shop_id: str, ident: str, report: Row) -> Row:
    """Takes the plugin's report of how it went; idempotent, Conflict `not_approved` when nobody approved."""
    with write(rt.db.app) as conn:
        row = load(conn, shop_id, ident)
        return settle_with(conn, row, report)


def settle_with(conn: Connection, row: Row, report: Row) -> Row:
    """Moves a loaded proposal by a report, in the caller's transaction."""
    action = report["state"]
    if row["state"] in PASSED[action]:
        return row
    _allowed(row, action, "not_approved", "The sidecar knows of no approval; reload the proposal.")
    before, row = row, step(conn, row, action, note=report.get("note"), outcome=report, outcome_at=now())
    _note(conn, before, row, action, None)
    return row


def sweep(rt: Runtime) -> int:
    """Wakes what has slept long enough and expires what is too old; returns how many moved."""
    moment, moved = now(), 0
    due = {
        "expire": proposals.c.state.in_(MOVES["expire"]) & (proposals.c.expires_at <= moment),
        "wake": (proposals.c.state == "snoozed") & (proposals.c.snoozed_until <= moment),
    }
    for action, condition in due.items():
        with read(rt.db.app) as conn:
            keys = conn.execute(select(proposals.c.shop_id, proposals.c.id).where(condition).limit(500)).all()
        for shop_id, ident in keys:
            with write(rt.db.app) as conn:
                row = load(conn, shop_id, ident)
                if row["state"] in MOVES[action]:
                    step(conn, row, action, **({"snoozed_until": None} if action == "wake" else {}))
                    moved += 1
    return moved
