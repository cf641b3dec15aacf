"""Events: stored once and in order, read after, and not sent back to whoever caused them."""

from __future__ import annotations

import json
import threading
import uuid
from typing import Any

import pytest
from sqlalchemy import event as sql_event
from sqlalchemy import select, update

from sidecar.db import read, write
from sidecar.db.app import debounce, events, jobs, runs
from sidecar.runtime import events as inbound
from sidecar.runtime import mirror
from tests.sidecar.kit import Plugin, do_jobs


def event(seq: int, **more: Any) -> dict[str, Any]:
    """One line of the outbox."""
    line = {
        "seq": seq, "id": str(uuid.uuid4()), "type": "stock.changed",
        "resource": "products", "resource_id": 12,
        "at": "2026-11-24T06:35:00Z", "origin": None, "version": "2026-11-24T06:35:00Z",
    }  # fmt: skip
    return {**line, **more}


def post(plugin: Plugin, batch: list[Any]) -> Any:
    """Sends a batch."""
    return plugin.send("POST", "/api/v1/events", {"events": batch})


def stored(plugin: Plugin) -> list[tuple[int, str]]:
    """Sequence numbers and states in order."""
    with read(plugin.rt.db.app) as conn:
        return [(row.seq, row.state) for row in conn.execute(select(events).order_by(events.c.seq))]


def test_a_batch_is_stored_once(plugin: Plugin) -> None:
    batch = [event(n) for n in (3, 1, 2)]
    first = post(plugin, batch)
    assert (first.status_code, first.json) == (
        200,
        {"ok": True, "acknowledged": 3, "duplicates": 0, "rejected": []},
    )
    assert post(plugin, [*batch, event(4)]).json == {
        "ok": True,
        "acknowledged": 4,
        "duplicates": 3,
        "rejected": [],
    }
    assert [seq for seq, _ in stored(plugin)] == [1, 2, 3, 4]


def test_what_cannot_be_read_is_named_and_does_not_stop_the_rest(plugin: Plugin) -> None:
    batch = [event(1), event(2, type="order.eaten"), event(3, resource_id="x"), "nonsense", event(5)]
    answer = post(plugin, batch).json
    assert answer["acknowledged"] == 5
    assert [(bad["seq"], bad["code"]) for bad in answer["rejected"]] == [
        (2, "event_unknown"), (3, "event_unreadable"), (None, "event_unreadable"),
    ]  # fmt: skip
    assert [seq for seq, _ in stored(plugin)] == [1, 5]


def test_an_event_that_stands_twice_in_a_batch_is_stored_once(plugin: Plugin) -> None:
    twice = event(1)
    answer = post(plugin, [twice, event(2), twice | {"seq": 3}]).json
    assert (answer["acknowledged"], answer["duplicates"]) == (3, 1)
    assert [seq for seq, _ in stored(plugin)] == [1, 2]


def test_events_that_come_at_once_are_stored_once_and_read_by_one_job(plugin: Plugin) -> None:
    batches = [[event(n * 10 + k) for k in range(5)] for n in range(8)]
    answers: list[dict[str, Any]] = []

    def send(batch: list[dict[str, Any]]) -> None:
        answers.append(inbound.accept(plugin.rt, plugin.shop_id, batch))

    threads = [threading.Thread(target=send, args=(batch,)) for batch in batches * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(answers) == 16
    assert sum(answer["duplicates"] for answer in answers) == 40
    assert len(stored(plugin)) == 40
    with read(plugin.rt.db.app) as conn:
        waiting = select(jobs.c.state).where(jobs.c.kind == "refresh")
        assert conn.execute(waiting).scalars().all() == ["queued"]


def again(plugin: Plugin, path: str, body: bytes) -> list[tuple[int, str]]:
    """Status and error code of one signed request that is sent twice."""
    token = plugin.token("POST", path, body)
    head = {"Authorization": f"Bearer {token}"}
    both = [
        plugin.client.post(path, data=body, headers=head, content_type="application/json") for _ in range(2)
    ]
    return [(one.status_code, one.json.get("error", {}).get("code", "")) for one in both]


def test_a_replay_stores_nothing_and_so_does_one_of_a_bad_request(plugin: Plugin) -> None:
    path, line = "/api/v1/events", json.dumps({"events": [event(1)]}).encode()
    assert again(plugin, path, line) == [(200, ""), (409, "replayed")]
    assert again(plugin, path, b'{"events": 5}') == [(422, "invalid"), (409, "replayed")]
    assert again(plugin, path, b"{") == [(400, "malformed_json"), (409, "replayed")]
    assert [seq for seq, _ in stored(plugin)] == [1]


def test_event_and_nonce_are_stored_together_or_not_at_all(
    plugin: Plugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    post(plugin, [event(1)])  # what is done once a minute is done
    commits: list[int] = []
    listening = (plugin.rt.db.app, "commit", lambda _conn: commits.append(1))
    sql_event.listen(*listening)
    assert post(plugin, [event(2)]).status_code == 200
    assert len(commits) == 1
    with monkeypatch.context() as patch:
        patch.setattr(inbound, "_store", lambda *_: 1 / 0)
        assert post(plugin, [event(3)]).status_code == 500
    sql_event.remove(*listening)
    assert [seq for seq, _ in stored(plugin)] == [1, 2]


def test_a_batch_has_a_limit(plugin: Plugin) -> None:
    answer = post(plugin, [event(n) for n in range(201)])
    assert (answer.status_code, answer.json["error"]["fields"]) == (422, {"events": "at most 200"})
    assert stored(plugin) == []


def test_rows_are_read_again_and_agents_wake_once(plugin: Plugin, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, list[int]]] = []
    monkeypatch.setattr(mirror, "refresh_rows", lambda _rt, _shop, wanted: asked.append(wanted))
    post(
        plugin,
        [
            event(1),
            event(2, resource_id=13),
            event(3, type="order.created", resource="orders", resource_id=9),
        ],
    )
    assert do_jobs(plugin.rt, ("refresh",)) == 1
    assert asked == [{"products": [12, 13], "orders": [9]}]
    assert {state for _, state in stored(plugin)} == {"done"}
    with read(plugin.rt.db.app) as conn:
        assert [(row.agent, row.count) for row in conn.execute(select(debounce))] == [("cut-price", 2)]
    assert inbound.run_woken(plugin.rt) == 1
    assert inbound.run_woken(plugin.rt) == 0
    with read(plugin.rt.db.app) as conn:
        assert conn.execute(select(runs.c.trigger)).scalars().all() == ["event:stock.changed"]


def test_events_that_keep_coming_are_read_together(plugin: Plugin, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[int]] = []

    def refreshed(_rt: Any, _shop: str, wanted: dict[str, list[int]]) -> None:
        asked.append(wanted["products"])
        if len(asked) == 1:  # while the first is read, one comes, and others soon after it
            post(plugin, [event(2, resource_id=21)])
            late.start()

    late = threading.Timer(0.1, lambda: post(plugin, [event(3, resource_id=22), event(4, resource_id=23)]))
    monkeypatch.setattr(mirror, "refresh_rows", refreshed)
    post(plugin, [event(1, resource_id=20)])
    do_jobs(plugin.rt, ("refresh",))
    late.join()
    assert asked == [[20], [21, 22, 23]]
    assert stored(plugin) == [(seq, "done") for seq in (1, 2, 3, 4)]


def test_an_agent_does_not_wake_from_its_own_change(plugin: Plugin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirror, "refresh_rows", lambda *_: None)
    proposal = plugin.proposal()
    post(plugin, [event(1, origin=f"{proposal['id']}-1")])
    do_jobs(plugin.rt, ("refresh",))
    with read(plugin.rt.db.app) as conn:
        assert conn.execute(select(debounce.c.agent)).all() == []


def test_events_wait_while_the_shop_cannot_be_read(plugin: Plugin, monkeypatch: pytest.MonkeyPatch) -> None:
    from sidecar.core.errors import ShopUnreachable

    def away(*_: Any) -> None:
        raise ShopUnreachable("away")

    monkeypatch.setattr(mirror, "refresh_rows", away)
    post(plugin, [event(1)])
    do_jobs(plugin.rt, ("refresh",))
    assert stored(plugin) == [(1, "stored")]
    assert inbound.neglected(plugin.rt) == [plugin.shop_id]
    assert plugin.get("/api/v1/status").json["events"]["pending"] == 1


def test_two_shops_may_use_the_same_numbers(plugin: Plugin) -> None:
    other = Plugin(plugin.app).pair()
    batch = [event(1)]
    assert post(plugin, batch).json["duplicates"] == 0
    assert post(other, batch).json["duplicates"] == 0


def test_a_refresh_that_gets_on_is_not_given_up(plugin: Plugin, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its process may be killed again and again; only one that gets nowhere is taken for the reason."""
    post(plugin, [event(1)])
    with write(plugin.rt.db.app) as conn:
        conn.execute(update(jobs).where(jobs.c.kind == "refresh").values(attempts=4))
    seen: list[int] = []

    def refreshed(*_: Any) -> None:
        with read(plugin.rt.db.app) as conn:
            seen.append(conn.execute(select(jobs.c.attempts)).scalar_one_or_none() or 0)
        if len(seen) == 1:
            post(plugin, [event(2)])

    with write(plugin.rt.db.app) as conn:
        conn.execute(jobs.delete().where(jobs.c.kind != "refresh"))
    monkeypatch.setattr(mirror, "refresh_rows", refreshed)
    do_jobs(plugin.rt, ("refresh",))
    assert seen == [5, 1]
