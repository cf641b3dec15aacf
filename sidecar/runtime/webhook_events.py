"""The catalogue of events that webhooks tell about: ids, states and times, no personal data."""

from __future__ import annotations

from typing import NamedTuple


class Event(NamedTuple):
    """What an event means, and the fields of its `data` (beside `shop`, which all have)."""

    means: str
    fields: dict[str, str]


PROPOSAL = {
    "proposal": "id of the proposal",
    "agent": "name of the agent",
    "run": "id of the run it comes from",
    "state": "its state now",
}
RUN = {
    "run": "id of the run",
    "agent": "name of the agent",
    "state": "its state now",
    "trigger": "what asked",
}
SYNC = {"full": "whether the whole shop was read"}

EVENTS: dict[str, Event] = {
    "proposal.created": Event("An agent proposes a change.", PROPOSAL),
    "proposal.approved": Event("A person approved it in wp-admin.", PROPOSAL),
    "proposal.rejected": Event("A person rejected it.", PROPOSAL),
    "proposal.snoozed": Event("A person put it off.", PROPOSAL),
    "proposal.woken": Event("It is pending again after a snooze.", PROPOSAL),
    "proposal.superseded": Event("A newer proposal for the same field took its place.", PROPOSAL),
    "proposal.expired": Event("Nobody decided in time.", PROPOSAL),
    "proposal.applying": Event("The plugin has begun to write the shop.", PROPOSAL),
    "proposal.applied": Event("The shop has been changed.", PROPOSAL),
    "proposal.stale": Event("The shop had changed meanwhile; nothing was written.", PROPOSAL),
    "proposal.failed": Event("Applying failed; what was written was taken back where possible.", PROPOSAL),
    "proposal.undoing": Event("A person asked to undo it.", PROPOSAL),
    "proposal.undone": Event("The change has been taken back.", PROPOSAL),
    "proposal.undo_failed": Event("Undoing failed; the change stands.", PROPOSAL),
    "proposal.released": Event("An approval that was never carried out is pending again.", PROPOSAL),
    "run.finished": Event("An agent's run is done.", RUN),
    "run.failed": Event("An agent's run failed.", RUN),
    "run.cancelled": Event("A run was cancelled.", RUN),
    "sync.finished": Event("The mirror has read what changed, or all of the shop.", SYNC),
    "sync.failed": Event("Reading the shop failed for good.", {**SYNC, "code": "code of the error"}),
    "shop.paired": Event("Shop and sidecar were paired.", {}),
    "shop.unpaired": Event("A person ended the pairing.", {}),
    "shop.moved": Event("A person accepted a new address of the shop.", {}),
    "security.login_locked": Event("A login waits after wrong passwords.", {"user": "id of the login"}),
    "security.session_reused": Event(
        "A refresh token was used twice, so its session was ended: one of the two users stole it.",
        {"session": "id of the session"},
    ),
    "security.session_revoked": Event(
        "A session was ended before its time.",
        {"session": "id of the session", "why": "logout, person, role, password or deleted"},
    ),
    "security.key_revoked": Event("An API key was ended.", {"key": "id of the key"}),
    "security.client_revoked": Event("An OAuth client was ended.", {"client": "id of the client"}),
    "webhook.test": Event("Asked for by hand.", {"webhook": "id of the subscription"}),
}
"""Every event by name; docs/webhooks.md holds the same, and a test compares them."""

PROPOSAL_EVENTS = {
    "approve": "approved", "reject": "rejected", "snooze": "snoozed", "wake": "woken", "expire": "expired",
    "supersede": "superseded", "undo": "undoing", "release": "released", "applying": "applying",
    "applied": "applied", "stale": "stale", "failed": "failed", "undone": "undone",
    "undo_failed": "undo_failed",
}  # fmt: skip
"""Event of each move of a proposal (`sidecar.runtime.proposals.MOVES`)."""

RUN_EVENTS = {"done": "run.finished", "failed": "run.failed", "cancelled": "run.cancelled"}
"""Event of each state in which a run ends."""


def matches(wanted: list[str], event: str) -> bool:
    """Whether a subscription's list names an event: by name, by its group (`proposal.*`), or all (`*`)."""
    return "*" in wanted or event in wanted or f"{event.partition('.')[0]}.*" in wanted


def unknown(wanted: list[str]) -> list[str]:
    """Those of a list that name no event."""
    groups = {f"{name.partition('.')[0]}.*" for name in EVENTS}
    return [name for name in wanted if name != "*" and name not in EVENTS and name not in groups]
