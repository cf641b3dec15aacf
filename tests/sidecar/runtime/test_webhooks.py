"""Webhooks out against real receivers: order, retries, circuit, rate, processes that die, what is kept."""

from __future__ import annotations

import itertools
import json
import logging
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
import time_machine
from sqlalchemy import event as sql_event
from sqlalchemy import func, insert, select, update

from sidecar.app import create_app
from sidecar.core.errors import Conflict, Unauthorized, Unavailable
from sidecar.db import read, write
from sidecar.db.app import audit as audit_table
from sidecar.db.app import jobs as jobs_table
from sidecar.db.app import secrets as secrets_table
from sidecar.db.app import shops
from sidecar.db.outgoing import webhook_deliveries as messages
from sidecar.db.outgoing import webhook_outbox as outbox
from sidecar.db.outgoing import webhooks as hooks
from sidecar.runtime import deliveries, jobs, mirror, pairing, webhooks
from sidecar.runtime.webhook_events import EVENTS, PROPOSAL_EVENTS
from sidecar.runtime.work import serve_jobs
from sidecar.security import outbound, signatures
from sidecar.security.signatures import verify
from sidecar.store.sync import Report
from tests.sidecar.kit import ANNA, Plugin, no_devskyy_environment, settings_in, tiny_registry
from tests.sidecar.receiver import Receiver, in_turn, receiving, says
from tests.sidecar.servers import empty_tables

HOUR = 3_600


@pytest.fixture
def plugin(tmp_path: Path) -> Iterator[Plugin]:
    """A paired plugin of a sidecar that may send to this machine."""
    with no_devskyy_environment():
        app = create_app(settings_in(tmp_path, webhooks_allow_private=True), tiny_registry())
    yield Plugin(app).pair()
    app.extensions["devskyy"].close()


def hook(plugin: Plugin, url: str, events: list[str] | None = None, rate: int = 6_000) -> dict[str, Any]:
    """A subscription, with its secret."""
    wanted = events or ["*"]
    return webhooks.subscribe(plugin.rt, plugin.shop_id, None, url=url, events=wanted, rate_per_minute=rate)


def happen(plugin: Plugin, *numbers: int) -> None:
    """One event for each number, in this order."""
    for number in numbers:
        with write(plugin.rt.db.app) as conn:
            data = {"full": True, "code": f"n{number}"}
            webhooks.emit(conn, plugin.shop_id, "sync.failed", data)


def work(plugin: Plugin) -> None:
    """What a worker does until nothing is due."""
    while found := deliveries.due(plugin.rt):
        for key in found:
            deliveries.deliver(plugin.rt, *key)


def row(plugin: Plugin, ident: str) -> dict[str, Any]:
    """A subscription as it is stored."""
    with read(plugin.rt.db.app) as conn:
        return webhooks.load(conn, plugin.shop_id, ident)


def stored(plugin: Plugin, ident: str) -> list[dict[str, Any]]:
    """Its messages, the first in line first."""
    with read(plugin.rt.db.app) as conn:
        query = select(messages).where(messages.c.webhook_id == ident).order_by(messages.c.seq)
        return [dict(one) for one in conn.execute(query).mappings()]


def codes(server: Receiver) -> list[str]:
    """Which of `happen`'s events a receiver got, in order."""
    return [json.loads(one["body"])["data"]["code"] for one in server.got]


def ids(server: Receiver) -> list[str]:
    """The ids of the messages that a receiver got, in order."""
    return [one["headers"]["webhook-id"] for one in server.got]


def test_a_proposal_tells_its_way_in_order_and_signed(plugin: Plugin) -> None:
    with receiving(says(204, b"")) as server:
        made = hook(plugin, server.url, ["*"])
        found = plugin.proposal(product=3)
        plugin.decide(found, "approve", {"digest": found["digest"]})
        plugin.report(found, "applying")
        plugin.report(found, "applied")
        plugin.decide(found, "undo")
        plugin.report(found, "undone")
        work(plugin)
    told = [json.loads(one["body"]) for one in server.got]
    assert [one["type"] for one in told] == [
        "proposal.created", "run.finished", "proposal.approved", "proposal.applying", "proposal.applied",
        "proposal.undoing", "proposal.undone",
    ]  # fmt: skip
    for one, body in zip(server.got, told, strict=True):
        assert verify(made["secret"], one["headers"], one["body"], now=int(time.time()))
        assert set(body["data"]) == {"shop", *EVENTS[body["type"]].fields}
        assert body["data"]["shop"] == plugin.shop_id
        assert datetime.fromisoformat(body["timestamp"]).tzinfo is not None
        assert one["headers"]["Content-Type"] == "application/json"
    assert told[2]["data"]["proposal"] == found["id"]
    assert b"anna" not in b"".join(one["body"] for one in server.got)
    assert len(set(ids(server))) == len(told)


def test_other_ends_are_told_too(plugin: Plugin) -> None:
    with receiving(says()) as server:
        hook(plugin, server.url, ["proposal.*", "run.*", "shop.*", "sync.failed"])
        first = plugin.proposal(product=1)
        plugin.proposal(product=1, to="17.00")
        plugin.decide(first, "reject")  # gave way meanwhile: 409
        last = plugin.proposal(product=2)
        plugin.decide(last, "snooze", {"until": "2099-01-01T00:00:00Z"})
        plugin.decide(last, "snooze", {"until": datetime.fromtimestamp(time.time() + 60, UTC).isoformat()})
        plugin.decide(last, "reject", {"reason": "no"})
        plugin.run({"crash": True})
        queued = plugin.send("POST", "/api/v1/agents/cut-price/runs", {"input": {}}, who=ANNA)
        plugin.send("POST", f"/api/v1/runs/{queued.json['run']['id']}/cancel", who=ANNA)
        plugin.send("DELETE", "/api/v1/pairing", who=ANNA)
        work(plugin)
    told = [json.loads(one["body"])["type"] for one in server.got]
    assert told == [
        "proposal.created", "run.finished", "proposal.superseded", "proposal.created", "run.finished",
        "proposal.created", "run.finished", "proposal.snoozed", "proposal.rejected", "run.failed",
        "run.cancelled", "shop.unpaired",
    ]  # fmt: skip


def test_a_sync_tells_its_end(plugin: Plugin, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the transaction in which its job ends, so that neither is without the other."""

    class Reader:
        def full(self, _progress: Any) -> Any:
            if gone:
                raise Conflict("no", code="shop_gone")
            return Report(rows={}, seconds=0.0, generation=1)

    gone: list[bool] = []
    monkeypatch.setattr(mirror, "open_sync", lambda *_given: Reader())
    monkeypatch.setattr(mirror, "_refresh_facts", lambda *_given: None)
    with receiving(says()) as server:
        hook(plugin, server.url, ["sync.*"])
        job = mirror.start_sync(plugin.rt, plugin.shop_id, full=True)
        with monkeypatch.context() as patched:
            patched.setitem(jobs.TELL, "sync", lambda *_given: 1 // 0)
            with pytest.raises(ZeroDivisionError):
                jobs.perform(plugin.rt, plugin.shop_id, job)
        with read(plugin.rt.db.app) as conn:
            state = conn.execute(select(jobs_table.c.state).where(jobs_table.c.id == job)).scalar()
            assert (state, conn.execute(select(outbox)).all()) == ("running", [])
        with time_machine.travel(time.time() + jobs.LEASE_S + 1):
            jobs.perform(plugin.rt, plugin.shop_id, job)
            gone.append(True)
            jobs.perform(plugin.rt, plugin.shop_id, mirror.start_sync(plugin.rt, plugin.shop_id, full=True))
        work(plugin)
    told = [json.loads(one["body"]) for one in server.got]
    assert [(one["type"], one["data"].get("code")) for one in told] == [
        ("sync.finished", None), ("sync.failed", "shop_gone"),
    ]  # fmt: skip


def test_a_shop_is_not_paired_unmoved_or_unpaired_untold(
    plugin: Plugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stands() -> tuple[Any, ...]:
        with read(plugin.rt.db.app) as conn:
            row = conn.execute(select(shops).where(shops.c.shop_id == plugin.shop_id)).one()
            return row.state, row.home_url, row.paired_at, conn.execute(select(outbox)).all()

    def full(*_given: Any) -> None:
        raise Unavailable("The disk is full.")

    with receiving(says()) as server:
        hook(plugin, server.url, ["shop.*"])
        before, code = stands(), pairing.new_code(plugin.rt)
        with monkeypatch.context() as patched, time_machine.travel(time.time() + 5, tick=False):
            patched.setattr(pairing, "emit", full)
            assert plugin.client.post("/api/v1/pairing", json=plugin.pairing(code)).status_code == 503
            assert plugin.send("DELETE", "/api/v1/pairing", who=ANNA).status_code == 503
            with pytest.raises(Unavailable):
                pairing.move(plugin.rt, plugin.shop_id, "https://new.test", ANNA)
        assert stands() == before
        assert plugin.client.post("/api/v1/pairing", json=plugin.pairing(code)).status_code == 201
        work(plugin)
    assert [json.loads(one["body"])["type"] for one in server.got] == ["shop.paired"]


def test_an_event_stands_and_falls_with_its_transaction(plugin: Plugin) -> None:
    with receiving(says()) as server:
        hook(plugin, server.url, ["shop.*"])

        def half_way() -> None:
            with write(plugin.rt.db.app) as conn:
                webhooks.emit(conn, plugin.shop_id, "shop.moved", {})
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            half_way()
        work(plugin)
        assert server.got == []
        with write(plugin.rt.db.app) as conn:
            webhooks.emit(conn, plugin.shop_id, "shop.moved", {})
        work(plugin)
        assert len(server.got) == 1


def test_nothing_is_written_where_nobody_listens(plugin: Plugin) -> None:
    with receiving(says()) as server:
        first = hook(plugin, server.url, ["shop.*"])
        other = hook(plugin, server.url, ["*"])["id"]
        webhooks.change(plugin.rt, plugin.shop_id, first["id"], None, {"events": ["run.failed"]})
        webhooks.change(plugin.rt, plugin.shop_id, other, None, {"state": "paused"})
        plugin.proposal(product=4)
        with read(plugin.rt.db.app) as conn:
            assert conn.execute(select(func.count()).select_from(outbox)).scalar_one() == 0
        work(plugin)
    assert server.got == []


def test_an_event_with_other_fields_is_a_defect(plugin: Plugin) -> None:
    with write(plugin.rt.db.app) as conn:
        for event, data in (("shop.moved", {"login": "anna"}), ("sync.failed", {"full": True})):
            with pytest.raises(ValueError, match="has the fields"):
                webhooks.emit(conn, plugin.shop_id, event, data)
        with pytest.raises(KeyError):
            webhooks.emit(conn, plugin.shop_id, "shop.burned", {})


def test_every_move_of_a_proposal_has_its_event() -> None:
    from sidecar.runtime.proposals import MOVES

    assert set(PROPOSAL_EVENTS) == set(MOVES)
    assert {f"proposal.{name}" for name in PROPOSAL_EVENTS.values()} < set(EVENTS)


def test_a_failing_message_holds_those_behind_it_and_keeps_its_id(plugin: Plugin) -> None:
    with receiving(in_turn(500, 503, 302, 200)) as server:
        made = hook(plugin, server.url, ["*"])
        with time_machine.travel(1_900_000_000, tick=False) as clock:
            happen(plugin, 1, 2, 3)
            for attempt in range(1, 4):
                work(plugin)
                assert len(server.got) == attempt
                first = stored(plugin, made["id"])[0]
                assert (first["state"], first["attempts"]) == ("waiting", attempt)
                clock.move_to(max(first["next_at"], first["next_at"] + 1))
            work(plugin)
            assert codes(server) == ["n1"] * 4 + ["n2", "n3"]
            assert len(set(ids(server)[:4])) == 1
            assert len(set(ids(server))) == 3
            for one in server.got:
                sent = int(one["headers"]["webhook-timestamp"])
                assert verify(made["secret"], one["headers"], one["body"], now=sent)
            assert len({one["body"] for one in server.got[:4]}) == 1
            assert [one["state"] for one in stored(plugin, made["id"])] == ["delivered"] * 3


def test_one_subscriber_that_fails_holds_up_no_other(plugin: Plugin) -> None:
    with receiving(says(500)) as bad, receiving(says()) as good:
        hook(plugin, bad.url, ["*"])
        hook(plugin, good.url, ["*"])
        happen(plugin, 1, 2, 3)
        work(plugin)
        assert codes(good) == ["n1", "n2", "n3"]
        assert set(codes(bad)) == {"n1"}


def test_jitter_stays_within_its_bounds_and_uses_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries, "random", random.Random(7))
    for attempts in range(1, 40):
        bound = min(HOUR, 10 * 2 ** (attempts - 1))
        drawn = [deliveries.backoff(attempts) for _ in range(500)]
        assert 0 <= min(drawn) < 0.05 * bound
        assert 0.95 * bound < max(drawn) <= bound
        assert 0.45 * bound < sum(drawn) / 500 < 0.55 * bound


def test_after_24_hours_a_message_is_dead_and_steps_aside(plugin: Plugin) -> None:
    start = 1_900_000_000
    with receiving(says(500, b"no")) as server, time_machine.travel(start, tick=False) as clock:
        made = hook(plugin, server.url, ["*"])
        happen(plugin, 1)
        tried = []
        while (first := stored(plugin, made["id"]) or [{"state": "waiting"}])[0]["state"] == "waiting":
            before = len(server.got)
            work(plugin)
            tried += [int(time.time())] * (len(server.got) - before)
            due = row(plugin, made["id"])["next_at"]
            clock.move_to(max(int(time.time()) + 1, due or 0))
        dead = first[0]
        assert [(one["id"], one["dead"]) for one in troubled(plugin)] == [(made["id"], 1)]
        assert (dead["state"], dead["status"], dead["error"]) == ("dead", 500, "HTTP 500 no")
        assert start + 24 * HOUR <= dead["done_at"] <= start + 25 * HOUR
        assert tried[-1] == dead["done_at"]
        assert dead["attempts"] == len(server.got) == len(tried) > 24
        assert max(b - a for a, b in itertools.pairwise(tried)) <= HOUR + 1
        happen(plugin, 2)
        clock.move_to(int(time.time()) + 2 * HOUR)
        work(plugin)
        assert codes(server)[-1] == "n2"


def test_the_circuit_opens_lets_one_probe_through_and_closes(plugin: Plugin) -> None:
    with (
        receiving(in_turn(*[500] * 6, 200)) as server,
        time_machine.travel(1_900_000_000, tick=False) as clock,
    ):
        made = hook(plugin, server.url, ["*"])
        happen(plugin, *range(20))
        while (now := row(plugin, made["id"]))["state"] == "active":
            work(plugin)
            clock.move_to(int(time.time()) + 1)
        assert (now["failures"], len(server.got)) == (deliveries.OPENS_AFTER, 5)
        opened = now["retry_at"] - deliveries.PAUSE_S
        clock.move_to(now["retry_at"] - 1)
        work(plugin)
        assert len(server.got) == 5
        with write(plugin.rt.db.app) as conn:  # the pause counts, not the message's own back-off
            conn.execute(update(messages).values(next_at=opened))
            webhooks.plan(conn, row(plugin, made["id"]))
        work(plugin)
        assert len(server.got) == 5
        clock.move_to(now["retry_at"])
        work(plugin)
        assert len(server.got) == 6
        again = row(plugin, made["id"])
        assert (again["state"], again["failures"]) == ("failing", 6)
        (told,) = troubled(plugin)
        assert (told["state"], told["failures"], told["dead"]) == ("failing", 6, 0)
        assert again["retry_at"] == now["retry_at"] + 2 * deliveries.PAUSE_S
        clock.move_to(max(again["retry_at"], stored(plugin, made["id"])[0]["next_at"]))
        work(plugin)
        closed = row(plugin, made["id"])
        assert (closed["state"], closed["failures"], closed["retry_at"]) == ("active", 0, None)
        assert troubled(plugin) == []
        assert codes(server)[6:] == [f"n{number}" for number in range(20)]


def test_gone_pauses_the_subscription(plugin: Plugin) -> None:
    with receiving(says(410)) as server:
        made = hook(plugin, server.url + "?token=hidden", ["*"])
        happen(plugin, 1, 2)
        work(plugin)
        happen(plugin, 3)
        work(plugin)
        kept = row(plugin, made["id"])
        assert (kept["state"], kept["paused_why"], len(server.got)) == ("paused", "gone", 1)
        assert [one["state"] for one in stored(plugin, made["id"])] == ["dead", "waiting"]
        with read(plugin.rt.db.app) as conn:
            actions = conn.execute(select(audit_table.c.action)).scalars().all()
        assert "webhook.gone" in actions
        assert plugin.get("/api/v1/status").json["webhooks"] == [
            {"id": made["id"], "description": "", "url": f"{server.url}?…", "state": "paused",
             "paused_why": "gone", "failures": 1, "dead": 1}
        ]  # fmt: skip
        with write(plugin.rt.db.app) as conn:  # a week later that is no news; the pause is
            conn.execute(update(messages).values(queued_at=int(time.time()) - webhooks.LOOK_BACK_S - 1))
        assert [one["dead"] for one in troubled(plugin)] == [0]
        webhooks.change(plugin.rt, plugin.shop_id, made["id"], None, {"state": "paused"})
        assert troubled(plugin) == []  # somebody knows


def troubled(plugin: Plugin) -> list[dict[str, Any]]:
    """What Status says of the subscriptions."""
    with read(plugin.rt.db.app) as conn:
        return webhooks.troubled(conn, plugin.shop_id)


@pytest.mark.parametrize(
    ("words", "seconds"),
    [("120", 120), (" 120 ", 120), ("0", 0), ("999999999999", 999_999_999), ("-5", None), ("soon", None),
     ("", None), ("１２０", None),
     (format_datetime(datetime.fromtimestamp(1_900_000_300, UTC), usegmt=True), 300),
     (format_datetime(datetime.fromtimestamp(1_800_000_000, UTC), usegmt=True), 0)],
)  # fmt: skip
def test_retry_after_is_understood(words: str, seconds: int | None) -> None:
    assert outbound.retry_after(words, 1_900_000_000) == seconds


def test_retry_after_is_honoured(plugin: Plugin) -> None:
    with (
        receiving(in_turn(429, 200, Retry_After="900")) as server,
        time_machine.travel(1_900_000_000, tick=False) as clock,
    ):
        hook(plugin, server.url, ["*"])
        happen(plugin, 1)
        work(plugin)
        clock.move_to(1_900_000_899)
        work(plugin)
        assert len(server.got) == 1
        clock.move_to(1_900_000_900)
        work(plugin)
        assert len(server.got) == 2


def test_a_subscriber_gets_no_more_a_minute_than_it_wants(plugin: Plugin) -> None:
    with receiving(says()) as server, time_machine.travel(1_900_000_000, tick=False) as clock:
        hook(plugin, server.url, ["*"], rate=3)
        happen(plugin, *range(8))
        for minute in range(3):
            for second in (0, 30, 59):
                clock.move_to(1_900_000_000 + minute * 60 + second)
                work(plugin)
                assert len(server.got) == min(8, 3 * (minute + 1))
        assert codes(server) == [f"n{number}" for number in range(8)]


def test_a_redirect_is_a_failure_and_not_followed(plugin: Plugin) -> None:
    with receiving(says()) as inside, receiving(says(307, Location=inside.url)) as server:
        made = hook(plugin, server.url, ["*"])
        happen(plugin, 1)
        work(plugin)
        assert inside.got == []
        kept = stored(plugin, made["id"])[0]
        assert (kept["state"], kept["status"]) == ("waiting", 307)


def test_a_name_that_turns_inwards_later_is_refused_when_sending(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with no_devskyy_environment():
        app = create_app(settings_in(tmp_path, webhooks_allow_http=True), tiny_registry())
    plugin = Plugin(app).pair()
    asked: list[str] = []
    connect, reached = socket.socket.connect, []

    def noted(sock: socket.socket, place: Any) -> None:
        reached.append(place[0])
        if place[0] == "93.184.215.14":
            raise ConnectionRefusedError
        connect(sock, place)

    with receiving(says()) as server:
        made = hook(plugin, f"http://rebind.example:{server.port}/", ["*"])
        answers = ["93.184.215.14", "127.0.0.1"]

        def rebinding(host: str, port: int, **_how: Any) -> Any:
            asked.append(host)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answers[len(asked) - 1], port))]

        monkeypatch.setattr(socket, "getaddrinfo", rebinding)
        monkeypatch.setattr(socket.socket, "connect", noted)
        happen(plugin, 1)
        deliveries.due(plugin.rt)
        deliveries.deliver(plugin.rt, plugin.shop_id, made["id"])
        assert (asked, reached) == (["rebind.example"], ["93.184.215.14"])
        assert stored(plugin, made["id"])[0]["error"].startswith("unreachable:")
        with write(plugin.rt.db.app) as conn:
            conn.execute(update(hooks).values(next_at=0))
        deliveries.deliver(plugin.rt, plugin.shop_id, made["id"])
        assert stored(plugin, made["id"])[0]["error"].startswith("address_refused:")
        assert (len(asked), reached, server.got) == (2, ["93.184.215.14"], [])
    plugin.rt.close()


def echo(handler: BaseHTTPRequestHandler) -> None:
    """An answer that gives back all it was sent, and more."""
    body = f"{handler.headers}\x00\x1b[31m Bearer abc.def" + "x" * 5000
    says(500, body.encode())(handler)


def test_secrets_are_in_no_log_no_row_and_no_error(
    plugin: Plugin, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with receiving(echo) as server:
        made = hook(plugin, f"{server.url}?token=tk-planted", ["*"])
        former = made["secret"]
        present = webhooks.roll(plugin.rt, plugin.shop_id, made["id"], None)["secret"]
        happen(plugin, 1)
        work(plugin)
    kept = stored(plugin, made["id"])[0]
    assert 100 < len(kept["error"]) <= 300
    signed = server.got[0]["headers"]["webhook-signature"].replace("v1,", "").split()
    assert len(signed) == 2
    shown = json.dumps(plugin.get("/api/v1/webhooks/list").json)
    shown += json.dumps(plugin.get(f"/api/v1/webhooks/{made['id']}/deliveries").json)
    shown += json.dumps(plugin.get("/api/v1/audit").json) + kept["error"]
    out, err = capfd.readouterr()
    plugin.rt.db.dispose()
    folder = plugin.rt.settings.data_dir
    files = b"".join(one.read_bytes() for one in folder.iterdir() if one.is_file())
    for secret in (former, present):
        raw = signatures.secret_bytes(secret)
        for form in (secret, secret.removeprefix("whsec_"), raw.hex()):
            assert form not in caplog.text + out + err + shown
            assert form.encode() not in files
        assert raw not in files
    assert not any(one in caplog.text + out + err + shown for one in signed)
    assert "abc.def" not in shown
    assert "\x1b" not in kept["error"]
    assert "tk-planted" not in caplog.text + out + err + shown


def test_after_a_roll_both_secrets_sign_for_a_day(plugin: Plugin) -> None:
    with receiving(says()) as server, time_machine.travel(1_900_000_000, tick=False) as clock:
        made = hook(plugin, server.url, ["*"])
        rolled = webhooks.roll(plugin.rt, plugin.shop_id, made["id"], None)
        assert rolled["secret"] != made["secret"]
        happen(plugin, 1)
        work(plugin)
        clock.move_to(1_900_000_000 + 24 * HOUR)
        happen(plugin, 2)
        work(plugin)
        first, second = server.got
        for secret in (made["secret"], rolled["secret"]):
            assert verify(secret, first["headers"], first["body"], now=1_900_000_000)
        assert verify(rolled["secret"], second["headers"], second["body"], now=int(time.time()))
        with pytest.raises(Unauthorized):
            verify(made["secret"], second["headers"], second["body"], now=int(time.time()))
        deliveries.prune(plugin.rt)
        with read(plugin.rt.db.app) as conn:
            left = conn.execute(
                select(secrets_table.c.sealed).where(secrets_table.c.name == f"webhook/{made['id']}")
            ).scalar_one()
            opened = plugin.rt.sealer.open(plugin.shop_id, f"webhook/{made['id']}", left)
        assert opened == signatures.secret_bytes(rolled["secret"])


def test_a_pause_keeps_what_waits_and_takes_nothing_new(plugin: Plugin) -> None:
    with receiving(says()) as server:
        made = hook(plugin, server.url, ["*"])
        happen(plugin, 1)
        deliveries.relay(plugin.rt, plugin.shop_id)
        webhooks.change(plugin.rt, plugin.shop_id, made["id"], None, {"state": "paused"})
        happen(plugin, 2)
        work(plugin)
        assert server.got == []
        for refused in (webhooks.send_test, lambda *given: deliveries.redeliver(*given[:3], "0" * 32, None)):
            with pytest.raises(Conflict):
                refused(plugin.rt, plugin.shop_id, made["id"], None)
        webhooks.change(plugin.rt, plugin.shop_id, made["id"], None, {"state": "active"})
        happen(plugin, 3)
        work(plugin)
        assert codes(server) == ["n1", "n3"]


def test_resuming_tries_at_once(plugin: Plugin) -> None:
    with (
        receiving(in_turn(*[500] * 5, 200)) as server,
        time_machine.travel(1_900_000_000, tick=False) as clock,
    ):
        made = hook(plugin, server.url, ["*"])
        happen(plugin, 1)
        while row(plugin, made["id"])["state"] == "active":
            work(plugin)
            clock.move_to(int(time.time()) + 1)
        webhooks.change(plugin.rt, plugin.shop_id, made["id"], None, {"state": "active"})
        work(plugin)
        assert [one["state"] for one in stored(plugin, made["id"])] == ["delivered"]
        assert row(plugin, made["id"])["failures"] == 0


def test_redelivery_keeps_the_id_and_goes_last_in_line(plugin: Plugin) -> None:
    with receiving(says()) as server:
        made = hook(plugin, server.url, ["*"])
        happen(plugin, 1, 2)
        work(plugin)
        first = stored(plugin, made["id"])[0]["id"]
        happen(plugin, 3)
        deliveries.relay(plugin.rt, plugin.shop_id)
        deliveries.redeliver(plugin.rt, plugin.shop_id, made["id"], first, None)
        with pytest.raises(Conflict):
            deliveries.redeliver(plugin.rt, plugin.shop_id, made["id"], first, None)
        work(plugin)
        assert codes(server) == ["n1", "n2", "n3", "n1"]
        assert ids(server)[0] == ids(server)[3] == first


def test_what_an_open_circuit_holds_for_a_day_is_buried(plugin: Plugin) -> None:
    start = 1_900_000_000
    with time_machine.travel(start, tick=False) as clock:
        made = hook(plugin, "http://127.0.0.1:65533/", ["*"])
        happen(plugin, 1, 2)
        for _ in range(6):
            work(plugin)
            clock.move_to(row(plugin, made["id"])["next_at"])
        assert row(plugin, made["id"])["state"] == "failing"
        clock.move_to(start + 24 * HOUR + 601)
        assert deliveries.bury(plugin.rt) == 2
        assert [one["state"] for one in stored(plugin, made["id"])] == ["dead", "dead"]
        work(plugin)
        assert row(plugin, made["id"])["next_at"] is None


def test_a_sidecar_that_was_off_for_a_day_still_tries_what_it_never_tried(plugin: Plugin) -> None:
    with receiving(says()) as server, time_machine.travel(1_900_000_000, tick=False) as clock:
        hook(plugin, server.url, ["*"])
        happen(plugin, 1)
        deliveries.relay(plugin.rt, plugin.shop_id)
        clock.move_to(1_900_000_000 + 72 * HOUR)
        assert deliveries.bury(plugin.rt) == 0
        work(plugin)
        assert codes(server) == ["n1"]


def test_old_messages_are_let_go(plugin: Plugin) -> None:
    start, day = 1_900_000_000, 86_400
    with receiving(in_turn(200, 410)) as server, time_machine.travel(start, tick=False) as clock:
        made = hook(plugin, server.url, ["*"])
        happen(plugin, 1, 2)
        work(plugin)
        states = []
        for days in (30, 31, 90, 91):
            clock.move_to(start + days * day)
            deliveries.prune(plugin.rt)
            states.append([one["state"] for one in stored(plugin, made["id"])])
        assert states == [["delivered", "dead"], ["dead"], ["dead"], []]


def test_ending_a_subscription_leaves_nothing(plugin: Plugin) -> None:
    with receiving(says()) as server:
        made = hook(plugin, server.url, ["*"])
        happen(plugin, 1)
        deliveries.relay(plugin.rt, plugin.shop_id)
        claimed = deliveries.claim(plugin.rt, plugin.shop_id, made["id"])
        webhooks.end(plugin.rt, plugin.shop_id, made["id"], None)
        assert claimed is not None  # it was under way
        assert deliveries.settle(plugin.rt, claimed, deliveries.attempt(plugin.rt, claimed)) == "lost"
        with read(plugin.rt.db.app) as conn:
            for table in (hooks, messages):
                assert conn.execute(select(func.count()).select_from(table)).scalar_one() == 0
            names = conn.execute(select(secrets_table.c.name)).scalars().all()
        assert not any(name.startswith("webhook/") for name in names)


def test_a_lease_keeps_others_away_and_ends_by_itself(plugin: Plugin) -> None:
    with receiving(says()) as server, time_machine.travel(1_900_000_000, tick=False) as clock:
        made = hook(plugin, server.url, ["*"])
        happen(plugin, 1)
        deliveries.relay(plugin.rt, plugin.shop_id)
        held = deliveries.claim(plugin.rt, plugin.shop_id, made["id"])
        assert held is not None
        assert deliveries.due(plugin.rt) == []
        happen(plugin, 2)
        work(plugin)
        assert server.got == []
        clock.move_to(1_900_000_000 + deliveries.LEASE_S)
        work(plugin)
        assert codes(server) == ["n1", "n2"]
        late = deliveries.Outcome(False, 500, "late", 1)
        assert deliveries.settle(plugin.rt, held, late) == "lost"
        assert stored(plugin, made["id"])[0]["state"] == "delivered"


def waits_for(check: Callable[[], Any], seconds: float = 60) -> None:
    """Until something is so."""
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, "too slow"
        time.sleep(0.02)


def test_a_worker_is_prompt_and_idle_work_is_two_reads_a_second(plugin: Plugin) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=deliveries.Deliverer(plugin.rt).run, args=(stop,))
    said: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        said.append(statement)

    with receiving(says()) as server:
        hook(plugin, server.url, ["*"])
        thread.start()
        try:
            time.sleep(0.3)
            took = []
            for number in range(3):
                started = time.monotonic()
                happen(plugin, number)
                waits_for(lambda n=number: len(server.got) > n)
                took.append(time.monotonic() - started)
            assert sorted(took)[1] < 2  # one of three may meet a busy machine
            time.sleep(0.5)
            sql_event.listen(plugin.rt.db.app, "before_cursor_execute", note)
            time.sleep(4)
            sql_event.remove(plugin.rt.db.app, "before_cursor_execute", note)
        finally:
            stop.set()
            thread.join()
    asked = [one for one in said if not one.startswith("BEGIN")]
    assert 4 <= len(asked) <= 10
    assert all(one.startswith("SELECT") for one in asked)
    assert "BEGIN IMMEDIATE" not in said


def test_receivers_that_hang_hold_up_no_other(plugin: Plugin) -> None:
    free, stop = threading.Event(), threading.Event()

    def hang(handler: BaseHTTPRequestHandler) -> None:
        free.wait(8)
        says()(handler)

    thread = threading.Thread(target=deliveries.Deliverer(plugin.rt).run, args=(stop,))
    with receiving(hang) as slow, receiving(says()) as quick:
        for _ in range(deliveries.THREADS - 1):
            hook(plugin, slow.url, ["*"])
        hook(plugin, quick.url, ["*"])
        thread.start()
        try:
            happen(plugin, 1)
            waits_for(lambda: len(slow.got) == deliveries.THREADS - 1)
            happen(plugin, 2)
            started = time.monotonic()
            waits_for(lambda: codes(quick) == ["n1", "n2"])
            assert time.monotonic() - started < 3
            assert len(slow.got) == deliveries.THREADS - 1
        finally:
            free.set()
            stop.set()
            thread.join()


def test_the_worker_of_the_sidecar_delivers(plugin: Plugin) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=serve_jobs, args=(plugin.rt, stop))
    with receiving(says()) as server:
        hook(plugin, server.url, ["shop.*"])
        thread.start()
        try:
            with write(plugin.rt.db.app) as conn:
                webhooks.emit(conn, plugin.shop_id, "shop.moved", {})
            waits_for(lambda: server.got)
        finally:
            stop.set()
            thread.join()


@contextmanager
def worker(folder: Path, *lease_s: str) -> Iterator[None]:
    """A process that delivers, for a block; then it is killed as a crash would."""
    command = [sys.executable, "-m", "tests.sidecar.runtime.webhook_worker", str(folder), *lease_s]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, stdin=quiet) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield
        finally:
            process.send_signal(signal.SIGKILL)


def test_two_processes_send_each_message_once_and_in_order(plugin: Plugin) -> None:
    folder = plugin.rt.settings.data_dir
    with receiving(says()) as one, receiving(says()) as two, receiving(says()) as three:
        servers = (one, two, three)
        for server in servers:
            hook(plugin, server.url, ["*"])
        with worker(folder), worker(folder):
            for start in range(0, 120, 10):
                happen(plugin, *range(start, start + 10))
                time.sleep(0.1)
            waits_for(lambda: all(len(server.got) >= 120 for server in servers))
            time.sleep(1.5)
    for server in servers:
        assert codes(server) == [f"n{number}" for number in range(120)]
        assert len(set(ids(server))) == 120


def test_kill_9_in_the_middle_loses_nothing_and_keeps_the_order(plugin: Plugin) -> None:
    def slow(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(0.03)
        says()(handler)

    folder = plugin.rt.settings.data_dir
    with receiving(slow) as server:
        made = hook(plugin, server.url, ["*"])
        happen(plugin, *range(60))
        for _ in range(3):
            with worker(folder, "5"):
                before = len(server.got)
                waits_for(lambda n=before: len(server.got) > n + 5)
        with worker(folder, "5"):
            waits_for(lambda: {one["state"] for one in stored(plugin, made["id"])} == {"delivered"})
    first_time = list(dict.fromkeys(codes(server)))
    assert first_time == [f"n{number}" for number in range(60)]
    assert len(set(ids(server))) == 60
    # What was under way came twice, one after the other and under the same id; nothing else did.
    repeated = [first == second for first, second in itertools.pairwise(ids(server))]
    assert sum(repeated) == len(server.got) - 60


@pytest.fixture(params=["mariadb", "postgresql"])
def elsewhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Plugin]:
    """The same with the data on a server."""
    server: str = request.getfixturevalue(request.param)
    urls = {"database_url": server % "app", "mirror_url": server % "mirror"}
    with no_devskyy_environment():
        app = create_app(settings_in(tmp_path, webhooks_allow_private=True, **urls), tiny_registry())
    yield Plugin(app).pair()
    empty_tables(app.extensions["devskyy"].db)
    app.extensions["devskyy"].close()


def test_many_at_once_on_a_server(elsewhere: Plugin) -> None:
    """Several threads make things happen while two workers send: no dead-lock, nothing twice, in order."""
    plugin, stop, trouble = elsewhere, threading.Event(), []

    def makes(name: int) -> None:
        try:
            for number in range(40):
                with write(plugin.rt.db.app) as conn:
                    data = {"full": True, "code": f"{name}-{number:02d}"}
                    webhooks.emit(conn, plugin.shop_id, "sync.failed", data)
                    webhooks.emit(conn, plugin.shop_id, "shop.moved", {})
        except Exception as error:
            trouble.append(error)

    with receiving(says()) as one, receiving(says()) as two:
        hook(plugin, one.url, ["sync.failed"])
        hook(plugin, two.url, ["*"])
        threads = [
            threading.Thread(target=deliveries.Deliverer(plugin.rt).run, args=(stop,)) for _ in range(2)
        ]
        threads += [threading.Thread(target=makes, args=(name,)) for name in range(3)]
        for thread in threads:
            thread.start()
        try:
            waits_for(lambda: trouble or (len(one.got) >= 120 and len(two.got) >= 240), 60)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        work(plugin)
    assert trouble == []
    assert (len(one.got), len(set(ids(one))), len(two.got), len(set(ids(two)))) == (120, 120, 240, 240)
    for name in range(3):
        mine = [code for code in codes(one) if code.startswith(f"{name}-")]
        assert mine == [f"{name}-{number:02d}" for number in range(40)]


def test_another_shop_hears_nothing(plugin: Plugin) -> None:
    with receiving(says()) as server:
        hook(plugin, server.url, ["*"])
        with write(plugin.rt.db.app) as conn:
            webhooks.emit(conn, "another-shop", "shop.moved", {})
            conn.execute(
                insert(outbox).values(
                    shop_id="another-shop", id="0" * 32, event="shop.moved", data={}, created_at=0
                )
            )
        work(plugin)
        assert server.got == []
