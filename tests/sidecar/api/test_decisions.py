"""From a run to a proposal and through a person's decision, over HTTP."""

from __future__ import annotations

from itertools import count

import pytest

from sidecar.core.changes import digest
from sidecar.runtime.base import now
from tests.sidecar.kit import ANNA, ERIC, Plugin


def test_a_run_makes_a_proposal_that_is_approved_applied_and_undone(plugin: Plugin) -> None:
    run = plugin.run({"product": 12})
    assert run["state"] == "done"
    assert run["log"][0]["message"] == "One product looked at."
    found = plugin.get(f"/api/v1/proposals/{run['proposals'][0]}").json["proposal"]
    assert found["state"] == "pending"
    assert found["title"] == "Lower Scarf 12 to €18.00."
    assert found["digest"] == digest(found["id"], found["changes"])

    answer = plugin.decide(found, "approve", {"digest": found["digest"]})
    assert answer.status_code == 200, answer.json
    assert answer.json["proposal"]["state"] == "approved"
    assert answer.json["proposal"]["decided_by"] == {"id": 7, "login": "anna"}
    assert answer.json["changes"] == found["changes"]

    assert plugin.report(found, "applied").json["proposal"]["state"] == "applied"
    assert plugin.report(found, "applied").json["proposal"]["state"] == "applied"
    assert plugin.decide(found, "undo").json["proposal"]["state"] == "undoing"
    assert plugin.report(found, "undone").json["proposal"]["state"] == "undone"
    assert plugin.decide(found, "undo").json["error"]["code"] == "not_applied"


def test_only_a_person_who_manages_the_shop_decides(plugin: Plugin) -> None:
    found = plugin.proposal()
    for who in (None, ERIC):
        for action, body in (
            ("approve", {"digest": found["digest"]}),
            ("reject", {}),
            ("snooze", {"until": "2027-01-01T00:00:00Z"}),
            ("undo", None),
        ):
            answer = plugin.decide(found, action, body, who=who)
            assert (answer.status_code, answer.json["error"]["code"]) == (403, "approval_needs_person")
    assert plugin.get(f"/api/v1/proposals/{found['id']}").json["proposal"]["state"] == "pending"


def test_the_digest_of_what_was_shown_must_match(plugin: Plugin) -> None:
    found = plugin.proposal()
    answer = plugin.decide(found, "approve", {"digest": "0" * 64})
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "digest_mismatch")


def test_a_new_run_supersedes_the_open_proposal(plugin: Plugin) -> None:
    first = plugin.proposal(product=12, to="18.00")
    second = plugin.proposal(product=12, to="17.00")
    assert plugin.get(f"/api/v1/proposals/{first['id']}").json["proposal"]["state"] == "superseded"
    assert plugin.decide(first, "approve", {"digest": first["digest"]}).json["error"]["code"] == "not_pending"
    assert plugin.decide(second, "approve", {"digest": second["digest"]}).status_code == 200
    third = plugin.run({"product": 12, "to": "16.00"})
    assert third["proposals"] == []
    assert "being applied" in third["log"][-1]["message"]


def test_a_rejected_proposal_cools_down(plugin: Plugin) -> None:
    found = plugin.proposal(product=12)
    assert plugin.decide(found, "reject", {"reason": "too low"}).json["proposal"]["reason"] == "too low"
    again = plugin.run({"product": 12})
    assert again["proposals"] == []
    assert "rejected less than 14 days ago" in again["log"][-1]["message"]
    assert plugin.run({"product": 13})["proposals"]


def test_the_same_proposal_again_stays_with_new_evidence(plugin: Plugin) -> None:
    first = plugin.proposal(product=12)
    plugin.decide(first, "snooze", {"until": "2027-01-01T00:00:00Z"})
    run = plugin.run({"product": 12})
    assert run["proposals"] == [first["id"]]
    found = plugin.get(f"/api/v1/proposals/{first['id']}").json["proposal"]
    assert (found["state"], found["digest"], found["run_id"]) == ("snoozed", first["digest"], run["id"])
    assert plugin.get("/api/v1/proposals").json["total"] == 1


def test_a_snooze_passes_on_to_the_proposal_that_follows(plugin: Plugin) -> None:
    found = plugin.proposal(product=12)
    answer = plugin.decide(found, "snooze", {"until": "2027-01-01T00:00:00Z"})
    assert answer.json["proposal"]["snoozed_until"] == "2027-01-01T00:00:00Z"
    assert plugin.proposal(product=12, to="17.00")["state"] == "snoozed"
    assert plugin.decide(found, "snooze", {"until": "2020-01-01T00:00:00Z"}).status_code in (409, 422)


def test_a_run_keeps_the_agents_order(plugin: Plugin, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = count(now())
    # However long a run takes to write them, even when a second ends in between.
    monkeypatch.setattr("sidecar.runtime.proposals.now", lambda: next(clock))
    run = plugin.run({"product": 9, "also": [3, 5]})
    items = plugin.get("/api/v1/proposals", state="pending").json["items"]
    assert [item["subject"]["id"] for item in items] == [9, 3, 5]
    assert [item["id"] for item in items] == run["proposals"]


def test_the_inbox_filters_sorts_and_counts(plugin: Plugin) -> None:
    for product in range(1, 8):
        plugin.run({"product": product})
    page = plugin.get("/api/v1/proposals", state="pending", limit=3, page=2, sort="title").json
    assert [item["title"] for item in page["items"]] == [f"Lower Scarf {n} to €18.00." for n in (4, 5, 6)]
    assert (page["total"], page["pages"], page["counts"]["pending"]) == (7, 3, 7)
    assert plugin.get("/api/v1/proposals", q="scarf 3").json["total"] == 1
    assert plugin.get("/api/v1/proposals", q="%").json["total"] == 0
    assert plugin.get("/api/v1/proposals", risk="high").json["total"] == 0
    for query in (
        {"sort": "colour"},
        {"state": "nowhere"},
        {"risk": "huge"},
        {"limit": "0"},
        {"limit": "x"},
        {"x": "y"},
    ):
        answer = plugin.get("/api/v1/proposals", **query)
        assert answer.status_code == 422
        assert list(answer.json["error"]["fields"]) == list(query)


def test_a_run_takes_an_idempotency_key(plugin: Plugin) -> None:
    def post(body: dict[str, object]) -> object:
        import json

        raw = json.dumps(body).encode()
        path = "/api/v1/agents/cut-price/runs"
        head = {
            "Authorization": f"Bearer {plugin.token('POST', path, raw, who=ANNA)}",
            "Idempotency-Key": "abc",
        }
        return plugin.client.post(path, data=raw, headers=head, content_type="application/json")

    first, second, other = post({"input": {}}), post({"input": {}}), post({"input": {"product": 5}})
    assert first.json["run"]["id"] == second.json["run"]["id"]  # type: ignore[attr-defined]
    assert other.json["error"]["code"] == "idempotency_key_reused"  # type: ignore[attr-defined]


def test_a_wrong_input_names_its_fields(plugin: Plugin) -> None:
    answer = plugin.send(
        "POST", "/api/v1/agents/cut-price/runs", {"input": {"product": 0, "colour": 1}}, who=ANNA
    )
    assert answer.status_code == 422
    assert set(answer.json["error"]["fields"]) == {"product", "colour"}
    assert (
        plugin.send("POST", "/api/v1/agents/nobody/runs", {"input": {}}).json["error"]["code"]
        == "agent_unknown"
    )


def test_a_failing_agent_fails_its_run_and_says_so(plugin: Plugin) -> None:
    run = plugin.run({"crash": True})
    assert (run["state"], run["error"]["code"]) == ("failed", "agent_crashed")
    assert plugin.get("/api/v1/status").json["errors"][0]["where"] == "agent:cut-price"


def test_a_hand_named_path_asks_for_a_run(plugin: Plugin) -> None:
    answer = plugin.send("POST", "/api/v1/test/cut", {"product": 3}, who=ANNA)
    assert (answer.status_code, answer.json["run"]["input"]["product"]) == (202, 3)


def test_old_names_answer_and_say_where_to_go(plugin: Plugin) -> None:
    answer = plugin.send("POST", "/api/agents/kit/cut-price/execute", {"input": {}}, who=ANNA)
    family = plugin.get("/agents").json["items"][0]["family"]
    answer = plugin.send("POST", f"/api/agents/{family}/cut-price/execute", {"input": {}}, who=ANNA)
    assert answer.status_code == 202
    assert answer.headers["Link"] == '</api/v1/agents/cut-price/runs>; rel="successor-version"'
    assert "Deprecation" in answer.headers
    assert "Sunset" in answer.headers


def test_settings_of_an_agent(plugin: Plugin) -> None:
    path = "/api/v1/agents/cut-price/settings"
    answer = plugin.send("PUT", path, {"schedule": "0 6 * * 1", "input": {"to": "15.00"}}, who=ANNA)
    assert answer.json["agent"]["settings"] == {
        "enabled": True,
        "schedule": "0 6 * * 1",
        "input": {"to": "15.00"},
    }
    assert plugin.proposal()["changes"][0]["set"][0]["to"] == "15.00"
    assert plugin.send("PUT", path, {"schedule": "sometimes"}, who=ANNA).json["error"]["fields"] == {
        "schedule": "unknown"
    }
    assert (
        "input.product"
        in plugin.send("PUT", path, {"input": {"product": -1}}, who=ANNA).json["error"]["fields"]
    )
    assert plugin.send("PUT", path, {"enabled": False}, who=None).status_code == 403
    assert (
        plugin.send("PUT", path, {"enabled": False}, who=ANNA).json["agent"]["settings"]["enabled"] is False
    )
    assert (
        plugin.send("POST", "/api/v1/agents/cut-price/runs", {}, who=ANNA).json["error"]["code"]
        == "agent_off"
    )
