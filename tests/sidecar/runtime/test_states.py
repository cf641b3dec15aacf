"""Every state against every action: what moves, what is refused, what is answered unchanged."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import select, update

from sidecar.core.errors import DevSkyyError
from sidecar.db import read, write
from sidecar.db.app import proposal_history, proposal_open, proposals
from sidecar.runtime import proposals as states
from sidecar.runtime import shop
from sidecar.runtime.base import now
from tests.sidecar.kit import ANNA, Plugin

WHO = {"id": 7, "login": "anna"}
PERSON = {
    "approve": {"pending": "approved", "snoozed": "approved"},
    "reject": {"pending": "rejected", "snoozed": "rejected"},
    "snooze": {"pending": "snoozed", "snoozed": "snoozed"},
    "undo": {"applied": "undoing"},
}
REFUSALS = {"approve": "not_pending", "reject": "not_pending", "snooze": "not_pending", "undo": "not_applied"}

ORDER = ("applying", "applied", "stale", "failed", "undone", "undo_failed")
# state before: state after each report of ORDER; "-": 409 not_approved. From the protocol, by hand.
TABLE = """
pending     applying  applied  stale    failed   -       -
snoozed     -         -        -        -        -       -
approved    applying  applied  stale    failed   undone  -
applying    applying  applied  stale    failed   undone  -
applied     applied   applied  applied  applied  undone  applied
undoing     undoing   undoing  undoing  undoing  undone  applied
undone      undone    undone   undone   undone   undone  undone
stale       stale     stale    stale    stale    -       -
failed      failed    failed   failed   failed   -       -
rejected    -         -        -        -        -       -
superseded  -         -        -        -        -       -
expired     -         -        -        -        -       -
"""
REPORTS: dict[str, dict[str, str | None]] = {
    before: {report: None if after == "-" else after for report, after in zip(ORDER, row, strict=True)}
    for before, *row in (line.split() for line in TABLE.split("\n") if line)
}


def force(plugin: Plugin, ident: str, **values: Any) -> None:
    """Puts a proposal into a state without going there."""
    with write(plugin.rt.db.app) as conn:
        conn.execute(update(proposals).where(proposals.c.id == ident).values(**values))


def state(plugin: Plugin, ident: str) -> str:
    """Where a proposal stands."""
    with read(plugin.rt.db.app) as conn:
        return str(conn.execute(select(proposals.c.state).where(proposals.c.id == ident)).scalar_one())


def decide(plugin: Plugin, proposal: dict[str, Any], action: str) -> Any:
    """A person's action with a body that fits."""
    bodies = {
        "approve": {"digest": proposal["digest"]},
        "reject": {},
        "snooze": {"until": "2027-06-01T00:00:00Z"},
        "undo": None,
    }
    return plugin.decide(proposal, action, bodies[action])


def test_the_table_names_every_state() -> None:
    assert set(REPORTS) == set(states.STATES)


def test_persons_move_only_what_they_may(plugin: Plugin) -> None:
    proposal = plugin.proposal()
    for before in states.STATES:
        for action, moves in PERSON.items():
            force(plugin, proposal["id"], state=before)
            answer = decide(plugin, proposal, action)
            after = moves.get(before)
            got = (answer.status_code, state(plugin, proposal["id"]))
            assert got == ((200, after) if after else (409, before)), (before, action, answer.json)
            if not after:
                assert answer.json["error"]["code"] == REFUSALS[action]


def test_reports_move_forward_and_may_be_repeated(plugin: Plugin) -> None:
    proposal = plugin.proposal()
    for before, row in REPORTS.items():
        for report, after in row.items():
            force(plugin, proposal["id"], state=before)
            answer = plugin.report(proposal, report, note="because")
            got = (answer.status_code, state(plugin, proposal["id"]))
            assert got == ((200, after) if after else (409, before)), (before, report, answer.json)
            if after:
                again = plugin.report(proposal, report)
                assert again.status_code == 200, (before, report, again.json)
                assert state(plugin, proposal["id"]) == after


def test_an_expired_proposal_is_not_approved(plugin: Plugin) -> None:
    proposal = plugin.proposal()
    force(plugin, proposal["id"], expires_at=now() - 1)
    answer = plugin.decide(proposal, "approve", {"digest": proposal["digest"]})
    assert (answer.status_code, answer.json["error"]["code"]) == (410, "expired")
    assert state(plugin, proposal["id"]) == "expired"


def test_the_sweep_wakes_and_expires(plugin: Plugin) -> None:
    asleep, old = plugin.proposal(product=1), plugin.proposal(product=2)
    decide(plugin, asleep, "snooze")
    assert states.sweep(plugin.rt) == 0
    force(plugin, asleep["id"], snoozed_until=now() - 1)
    force(plugin, old["id"], expires_at=now() - 1)
    assert states.sweep(plugin.rt) == 2
    assert (state(plugin, asleep["id"]), state(plugin, old["id"])) == ("pending", "expired")


def test_an_act_cannot_be_undone(plugin: Plugin) -> None:
    proposal = plugin.proposal()
    force(plugin, proposal["id"], state="applied", undoable=False)
    assert plugin.decide(proposal, "undo").json["error"]["code"] == "not_undoable"


def test_only_one_of_many_approvals_counts(plugin: Plugin) -> None:
    proposal = plugin.proposal()
    told: list[str] = []

    def approve() -> None:
        try:
            told.append(
                states.approve(plugin.rt, plugin.shop_id, proposal["id"], proposal["digest"], WHO)["state"]
            )
        except DevSkyyError as error:
            told.append(error.code)

    threads = [threading.Thread(target=approve) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["approved"] + ["not_pending"] * 5


def test_history_and_open_fields_follow_the_state(plugin: Plugin) -> None:
    proposal = plugin.proposal()
    decide(plugin, proposal, "approve")
    with read(plugin.rt.db.app) as conn:
        assert conn.execute(select(proposal_open.c.proposal_id)).scalars().all() == [proposal["id"]]
    plugin.report(proposal, "applied")
    with read(plugin.rt.db.app) as conn:
        assert conn.execute(select(proposal_open.c.proposal_id)).scalars().all() == []
        steps = conn.execute(
            select(proposal_history.c.to_state, proposal_history.c.who).order_by(proposal_history.c.n)
        ).all()
    assert [step.to_state for step in steps] == ["pending", "approved", "applied"]
    assert steps[1].who == WHO


LEDGERS = [
    ("approved", [], "pending"),
    ("approved", ["applied"], "applied"),
    ("approved", ["applying"], "approved"),
    ("approved", ["failed"], "failed"),
    ("approved", ["compensated", "failed"], "failed"),
    ("approved", ["stale"], "stale"),
    ("approved", ["undone"], "undone"),
    ("applying", ["applied", "applied"], "applied"),
    ("undoing", ["undone"], "undone"),
    ("undoing", ["applied"], "applied"),
    ("undoing", ["undoing"], "undoing"),
]


@pytest.mark.parametrize(("before", "ledger", "after"), LEDGERS)
def test_the_ledger_settles_what_has_no_outcome(
    plugin: Plugin, monkeypatch: pytest.MonkeyPatch, before: str, ledger: list[str], after: str
) -> None:
    proposal = plugin.proposal()
    force(plugin, proposal["id"], state=before, decided_by=ANNA, updated_at=now() - shop.SETTLE_AFTER_S - 1)

    class Ledger:
        def ledger(self, ident: str) -> list[dict[str, Any]]:
            assert ident == proposal["id"]
            return [
                {"change_id": f"{ident}-{n}", "state": name, "at": "2026-11-24T06:35:00Z"}
                for n, name in enumerate(ledger, 1)
            ]

    monkeypatch.setattr(shop, "client", lambda *_: Ledger())
    shop.settle(plugin.rt, plugin.shop_id, {})
    assert state(plugin, proposal["id"]) == after


def test_a_fresh_approval_is_left_alone(plugin: Plugin) -> None:
    proposal = plugin.proposal()
    decide(plugin, proposal, "approve")
    assert shop.unsettled(plugin.rt, plugin.shop_id) == []
