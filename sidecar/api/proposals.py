"""Proposals: the inbox, and a person's decisions on the plugin's signed word."""

from __future__ import annotations

from typing import Any

from sidecar.api import proposal_shapes as shapes
from sidecar.api.access import PERSON, SIGNED, access, caller, person, runtime
from sidecar.api.group import GONE, group, said
from sidecar.api.models import ApproveBody, OutcomeBody, ProposalPath, ProposalsQuery, RejectBody, SnoozeBody
from sidecar.core.types import utc_text
from sidecar.runtime import inbox
from sidecar.runtime import proposals as states
from sidecar.runtime.base import present

bp = group("proposals", "What agents propose.", "/api/v1/proposals")


@bp.get("", responses=said(shapes.ProposalPage))
@access("proposals:read")
def list_proposals(query: ProposalsQuery) -> Any:
    """Proposals, filtered, sorted and in pages"""
    given = query.model_dump(exclude={"state", "page"})
    wanted = [state for state in (query.state or "").split(",") if state]
    return {
        "ok": True,
        **inbox.page(runtime(), caller().shop_id, states=wanted, number=query.page, **given),
    }


@bp.get("/<id>", responses=said(shapes.ProposalWithHistory))
@access("proposals:read")
def get_proposal(path: ProposalPath) -> Any:
    """One proposal with its evidence, and what became of the agent's last ones"""
    return {"ok": True, **inbox.get(runtime(), caller().shop_id, path.id)}


@bp.post("/<id>/approve", responses=said(shapes.ProposalToApply) | GONE)
@access(PERSON)
def approve(path: ProposalPath, body: ApproveBody) -> Any:
    """Approve what was shown; the plugin applies"""
    row = states.approve(runtime(), caller().shop_id, path.id, body.digest, person())
    return {"ok": True, "proposal": inbox.as_json(row), "changes": row["changes"]}


@bp.post("/<id>/reject", responses=said(shapes.OneProposal))
@access(PERSON)
def reject(path: ProposalPath, body: RejectBody) -> Any:
    """Reject; the agent does not come back with it for a while"""
    return one(states.reject(runtime(), caller().shop_id, path.id, body.reason, person()))


@bp.post("/<id>/snooze", responses=said(shapes.OneProposal))
@access(PERSON)
def snooze(path: ProposalPath, body: SnoozeBody) -> Any:
    """Hide until a later moment"""
    return one(states.snooze(runtime(), caller().shop_id, path.id, body.until, person()))


@bp.post("/<id>/undo", responses=said(shapes.ProposalToApply))
@access(PERSON)
def undo(path: ProposalPath) -> Any:
    """Start an undo; the plugin carries it out"""
    row = states.undo(runtime(), caller().shop_id, path.id, person())
    return {"ok": True, "proposal": inbox.as_json(row), "changes": row["changes"]}


@bp.post("/<id>/outcome", responses=said(shapes.OneProposal))
@access(SIGNED)
def post_outcome(path: ProposalPath, body: OutcomeBody) -> Any:
    """How applying or undoing went; may be sent again"""
    report = body.model_dump(mode="json", exclude_none=True) | {"at": utc_text(body.at)}
    return one(states.outcome(runtime(), caller().shop_id, path.id, report))


@bp.get("/<id>/outcome", responses=said(shapes.LastOutcome))
@access("proposals:read")
def get_outcome(path: ProposalPath) -> Any:
    """How applying or undoing went, as last reported"""
    found = inbox.get(runtime(), caller().shop_id, path.id)["proposal"]
    return present({"ok": True, "state": found["state"], "outcome": found.get("outcome")})


def one(row: dict[str, Any]) -> dict[str, Any]:
    """The answer that holds one proposal."""
    return {"ok": True, "proposal": inbox.as_json(row)}
