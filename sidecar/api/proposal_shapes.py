"""Shapes of answers about proposals, for the document; tests compare them with the answers.

Evidence and changes are those of `sidecar.core`, as agents write them.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sidecar.api.models import ChangeState, OutcomeState
from sidecar.api.shapes import Count, Done, Id, Maybe, Shape, Time, Who
from sidecar.core.agent import Risk
from sidecar.core.changes import Change
from sidecar.core.evidence import Evidence
from sidecar.runtime.proposals import STATES

State = Literal[STATES]  # type: ignore[valid-type]


class About(Shape):
    """What a proposal is about."""

    resource: str = Field(description="Of the export, such as `products`.")
    id: int
    name: str
    image_id: Maybe[int] = None
    permalink: Maybe[str] = None


class Result(Shape):
    """How one change went."""

    change_id: str
    state: ChangeState
    message: Maybe[str] = None
    created_id: Maybe[int] = Field(None, description="What a `create` made.")


class Outcome(Shape):
    """How applying or undoing went, as the plugin or the shop's ledger told it."""

    state: OutcomeState
    results: list[Result]
    at: Time
    note: Maybe[str] = None


class Proposal(Shape):
    """Changes with the evidence for them, and what a person decided."""

    id: Id
    agent: str
    family: str
    title: str
    state: State
    risk: Risk
    run_id: Id
    digest: str = Field(
        pattern="^[0-9a-f]{64}$", description="SHA-256 of its id and changes: what a person approves."
    )
    subject: About
    changes: list[Change]
    evidence: Evidence
    undoable: bool
    created_at: Time
    expires_at: Time
    snoozed_until: Maybe[Time] = None
    decided_at: Maybe[Time] = None
    decided_by: Maybe[Who] = None
    outcome: Maybe[Outcome] = Field(None, description="The last one that was told.")
    reason: Maybe[str] = Field(None, description="Of a rejection, in the person's words.")
    superseded_by: Maybe[Id] = None


class StateCounts(Shape):
    """How many proposals of the shop are in each state, whatever is asked for."""

    pending: Count
    snoozed: Count
    approved: Count
    applying: Count
    applied: Count
    undoing: Count
    undone: Count
    rejected: Count
    superseded: Count
    expired: Count
    stale: Count
    failed: Count


class ProposalPage(Done):
    """A page of proposals; `total` and `pages` are of all that were asked for."""

    items: list[Proposal]
    total: Count
    pages: Count
    counts: StateCounts


class OneProposal(Done):
    """A proposal as it stands now."""

    proposal: Proposal


class ProposalWithHistory(OneProposal):
    """A proposal, and the ten last of the same agent that were decided, the newest first."""

    history: list[Proposal]


class ProposalToApply(OneProposal):
    """A proposal, and the changes that the plugin is to apply or to undo."""

    changes: list[Change]


class LastOutcome(Done):
    """Where a proposal stands, and the last outcome that was told."""

    state: State
    outcome: Maybe[Outcome] = None
