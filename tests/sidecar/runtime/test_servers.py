"""The main job with its data in MariaDB or PostgreSQL: the same answers, also when several decide at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select, update

from sidecar.core.errors import DevSkyyError
from sidecar.db import read, write
from sidecar.db.app import audit as table
from sidecar.runtime import audit, base, events, mirror, proposals, schedule
from sidecar.runtime import jobs as work
from sidecar.runtime.ticker import Ticker, fire_due
from tests.sidecar.kit import ANNA, Plugin, do_jobs, paired_on
from tests.sidecar.runtime.test_events import event, post


@pytest.fixture(scope="module", params=["mariadb", "postgresql"])
def plugin(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plugin]:
    """A plugin that is paired with a sidecar on such a server."""
    yield from paired_on(request.getfixturevalue(request.param), tmp_path_factory.mktemp(request.param))


def at_once(do: Any, times: int) -> list[Any]:
    """Does something in several threads at once; results, or the codes of errors."""
    told: list[Any] = []

    def one() -> None:
        try:
            told.append(do())
        except DevSkyyError as error:
            told.append(error.code)

    threads = [threading.Thread(target=one) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told


def test_a_proposal_goes_its_way(plugin: Plugin) -> None:
    found = plugin.proposal(product=1)
    who = {"id": 7, "login": "anna"}

    def approve() -> str:
        return str(proposals.approve(plugin.rt, plugin.shop_id, found["id"], found["digest"], who)["state"])

    told = at_once(approve, 5)
    assert told.count("approved") == 1
    assert set(told) - {"approved"} <= {"not_pending", "database_locked"}
    assert plugin.report(found, "applied").json["proposal"]["state"] == "applied"
    assert plugin.decide(found, "undo").json["proposal"]["state"] == "undoing"
    assert plugin.report(found, "undone").json["proposal"]["state"] == "undone"
    assert plugin.get("/api/v1/proposals", q="SCARF 1", sort="-effect").json["total"] == 1


def test_a_new_proposal_gives_the_old_one_up(plugin: Plugin) -> None:
    first, second = plugin.proposal(product=2), plugin.proposal(product=2, to="17.00")
    assert plugin.get(f"/api/v1/proposals/{first['id']}").json["proposal"]["state"] == "superseded"
    assert plugin.decide(second, "reject", {"reason": "naïve 🧣"}).json["proposal"]["reason"] == "naïve 🧣"
    assert plugin.run({"product": 2})["proposals"] == []


def test_events_jobs_and_schedules(plugin: Plugin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirror, "refresh_rows", lambda *_: None)
    batch = [event(1), event(2, type="order.created", resource="orders")]
    assert post(plugin, batch).json["duplicates"] == 0
    assert post(plugin, batch).json["duplicates"] == 2
    assert do_jobs(plugin.rt, ("refresh",)) == 1
    assert events.run_woken(plugin.rt) == 1
    ids = at_once(lambda: mirror.start_sync(plugin.rt, plugin.shop_id, full=False), 6)
    assert len(set(ids) - {"database_locked"}) == 1
    with write(plugin.rt.db.app) as conn:
        conn.execute(update(schedule.schedules).values(next_at=base.now() - 10))
    assert sum(n for n in at_once(lambda: fire_due(plugin.rt), 4) if isinstance(n, int)) == 3
    assert work.sweep(plugin.rt) >= 0
    assert Ticker(plugin.rt).hold()
    Ticker(plugin.rt).tick()


def test_the_audit_stays_one_chain(plugin: Plugin) -> None:
    def note() -> str:
        with write(plugin.rt.db.app) as conn:
            audit.record(conn, plugin.shop_id, None, "test.noted")
        return "noted"

    told = at_once(note, 6)
    assert told.count("noted") >= 1
    # MariaDB may end one of those who wait for the same gap; PostgreSQL lets each in.
    assert set(told) <= {"noted", "database_locked"}
    with read(plugin.rt.db.app) as conn:
        rows = conn.execute(select(table).order_by(table.c.n)).all()
    assert [row.previous for row in rows] == ["", *(row.hash for row in rows[:-1])]
    assert sum(row.action == "test.noted" for row in rows) == told.count("noted")


def test_status_audit_and_runs(plugin: Plugin) -> None:
    status = plugin.get("/api/v1/status")
    assert status.status_code == 200, status.json
    assert plugin.get("/api/v1/runs", limit=1).json["next"]
    assert plugin.get("/api/v1/agents").status_code == 200
    saved = plugin.send("PUT", "/api/v1/agents/only-look/settings", {"schedule": "hourly"}, who=ANNA)
    assert saved.json["agent"]["settings"]["schedule"] == "hourly"
    with read(plugin.rt.db.app) as conn:
        rows = conn.execute(select(table).order_by(table.c.n)).all()
    assert [row.previous for row in rows] == ["", *(row.hash for row in rows[:-1])]
