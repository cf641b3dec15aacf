"""Runs: progress, cancel, time limit, numbers that come again, and the stream of a run."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, update

from sidecar.core.errors import Conflict, ShopUnreachable
from sidecar.db import lease, read, write
from sidecar.db.app import audit, jobs, runs
from sidecar.runtime import base, inbox, mirror, schedule
from sidecar.runtime import jobs as work
from sidecar.runtime import runs as listed
from sidecar.runtime.ticker import Ticker, fire_due
from sidecar.store.client import ExportClient
from sidecar.store.readers import ExportReader
from sidecar.store.sync import Sync
from tests.sidecar.kit import ANNA, Plugin, do_jobs


def start(plugin: Plugin, given: dict[str, object]) -> str:
    """Asks for a run; its id."""
    return str(
        plugin.send("POST", "/api/v1/agents/cut-price/runs", {"input": given}, who=ANNA).json["run"]["id"]
    )


def get(plugin: Plugin, ident: str) -> dict[str, object]:
    """A run."""
    found: dict[str, object] = plugin.get(f"/api/v1/runs/{ident}").json["run"]
    return found


def test_a_seed_gives_the_same_numbers(plugin: Plugin) -> None:
    from sidecar.runtime.bars import run_here

    first, second = (
        run_here(plugin.rt, plugin.shop_id, "cut-price", {}, trigger="cli", seed=5) for _ in range(2)
    )
    other = run_here(plugin.rt, plugin.shop_id, "cut-price", {}, trigger="cli")
    assert first["output"]["draw"] == second["output"]["draw"] != other["output"]["draw"]


def test_a_running_run_shows_progress_and_is_cancelled(plugin: Plugin) -> None:
    ident = start(plugin, {"steps": 300})
    worker = threading.Thread(target=do_jobs, args=(plugin.rt, ("run",)))
    worker.start()
    end = time.monotonic() + 10
    while get(plugin, ident)["progress"] == {"done": 0, "total": 0, "label": ""}:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert get(plugin, ident)["state"] == "running"
    assert plugin.send("POST", f"/api/v1/runs/{ident}/cancel", who=ANNA).status_code == 200
    worker.join(timeout=10)
    found = get(plugin, ident)
    assert (found["state"], found["proposals"]) == ("cancelled", [])
    assert plugin.send("POST", f"/api/v1/runs/{ident}/cancel", who=ANNA).json["error"]["code"] == "run_ended"


def test_a_queued_run_is_cancelled_at_once(plugin: Plugin) -> None:
    ident = start(plugin, {})
    assert plugin.send("POST", f"/api/v1/runs/{ident}/cancel", who=ANNA).json["run"]["state"] == "cancelled"
    do_jobs(plugin.rt)
    assert get(plugin, ident)["state"] == "cancelled"


def test_a_run_that_takes_too_long_is_stopped(plugin: Plugin) -> None:
    plugin.rt.settings.run_timeout_s = 1
    ident = start(plugin, {"steps": 600})
    begun = time.monotonic()
    do_jobs(plugin.rt)
    assert time.monotonic() - begun < 5
    assert get(plugin, ident)["error"]["code"] == "run_timeout"  # type: ignore[index]


def test_a_stream_tells_until_the_run_ends(plugin: Plugin) -> None:
    ident = start(plugin, {"steps": 12})
    threading.Thread(target=do_jobs, args=(plugin.rt, ("run",))).start()
    text = plugin.get(f"/api/v1/runs/{ident}/events").text
    states = [json.loads(line[6:])["state"] for line in text.splitlines() if line.startswith("data: ")]
    assert states[-1] == "done"
    assert len(states) > 1


def test_runs_come_in_pages(plugin: Plugin) -> None:
    idents = [start(plugin, {"product": n + 1}) for n in range(5)]
    first = plugin.get("/api/v1/runs", limit=2).json
    second = plugin.get("/api/v1/runs", limit=2, cursor=first["next"]).json
    third = plugin.get("/api/v1/runs", limit=2, cursor=second["next"]).json
    seen = [run["id"] for page in (first, second, third) for run in page["items"]]
    assert sorted(seen) == sorted(idents)
    assert (first["total"], "next" in third) == (5, False)
    assert plugin.get("/api/v1/runs", cursor="nonsense").status_code == 422


def test_a_job_tries_again_while_the_shop_is_away(plugin: Plugin, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise ShopUnreachable("The shop cannot be reached.", hint="Start it.")

    monkeypatch.setitem(work.HANDLERS, "sync", away)
    job = mirror.start_sync(plugin.rt, plugin.shop_id, full=False)
    assert mirror.start_sync(plugin.rt, plugin.shop_id, full=False) == job
    for attempt in range(work.TRIES):
        work.perform(plugin.rt, plugin.shop_id, job)
        with write(plugin.rt.db.app) as conn:
            row = conn.execute(select(jobs).where(jobs.c.id == job)).mappings().one()
            assert row["state"] == ("failed" if attempt == work.TRIES - 1 else "queued")
            conn.execute(update(jobs).where(jobs.c.id == job).values(not_before=None))
    checks = {check["id"]: check for check in plugin.get("/api/v1/status").json["checks"]}
    assert checks["jobs"]["action"] == {"id": "retry", "label": "Retry", "job": job}
    assert plugin.send("POST", f"/api/v1/jobs/{job}/retry").status_code == 202
    assert plugin.send("POST", f"/api/v1/jobs/{job}/retry").json["error"]["code"] == "not_failed"


def test_a_sync_waits_for_the_sync_that_has_the_shop(plugin: Plugin, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object) -> None:
        raise Conflict("A sync of this shop runs already.", code="sync_running")

    monkeypatch.setitem(work.HANDLERS, "sync", busy)
    job = mirror.start_sync(plugin.rt, plugin.shop_id, full=False)
    for _ in range(work.TRIES + 2):
        work.perform(plugin.rt, plugin.shop_id, job)
        with write(plugin.rt.db.app) as conn:
            row = conn.execute(select(jobs).where(jobs.c.id == job)).mappings().one()
            assert (row["state"], row["attempts"]) == ("queued", 0)
            assert row["not_before"] > base.now()
            conn.execute(update(jobs).where(jobs.c.id == job).values(not_before=None))
    assert plugin.get("/api/v1/status").json["errors"] == []


def test_a_sync_by_command_waits_for_the_sync_that_has_the_shop(
    plugin: Plugin, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from sidecar.runtime import bars

    asked: list[bool] = []

    def opened(rt: base.Runtime, shop_id: str) -> Sync:
        asked.append(True)
        if len(asked) == 3:  # the other one ends between two looks
            lease.give_back(rt.db.app, shop_id, "sync", "another")
        nobody = ExportClient("http://127.0.0.1:1/wp-json/", shop_id, b"0" * 32, sleep=lambda _s: None)
        return Sync(rt.db, shop_id, UTC, ExportReader(nobody))

    monkeypatch.setattr(mirror, "open_sync", opened)
    monkeypatch.setattr(bars, "WAIT_S", 0.01)
    assert lease.take(plugin.rt.db.app, plugin.shop_id, "sync", "another", now=base.now(), seconds=60)
    with pytest.raises(ShopUnreachable):  # it had its turn: no shop is there
        bars.sync_with_bar(plugin.rt, plugin.shop_id, full=True)
    assert len(asked) == 3
    assert capsys.readouterr().err.count("waiting until it ends") == 1


def test_a_success_takes_back_the_failures_before_it(plugin: Plugin, monkeypatch: pytest.MonkeyPatch) -> None:
    first = mirror.start_sync(plugin.rt, plugin.shop_id, full=False)
    with write(plugin.rt.db.app) as conn:
        failed = {"state": "failed", "unique_key": None, "finished_at": base.now(), "error": {"message": "x"}}
        conn.execute(update(jobs).where(jobs.c.id == first).values(**failed))
    assert plugin.get("/api/v1/status").json["jobs"]["failed"] == 1
    monkeypatch.setitem(work.HANDLERS, "sync", lambda *_: {"full": False})
    work.perform(plugin.rt, plugin.shop_id, mirror.start_sync(plugin.rt, plugin.shop_id, full=False))
    assert plugin.get("/api/v1/status").json["jobs"]["failed"] == 0


def test_the_sweeper_sends_again_what_was_lost(plugin: Plugin) -> None:
    ident = start(plugin, {})
    plugin.rt.broker.flush_all()
    old = base.now() - 1_000
    with write(plugin.rt.db.app) as conn:
        conn.execute(update(jobs).where(jobs.c.kind == "run").values(enqueued_at=None, created_at=old))
    assert work.sweep(plugin.rt) >= 1
    assert plugin.rt.broker.waiting() >= 1  # type: ignore[attr-defined]
    do_jobs(plugin.rt)
    assert get(plugin, ident)["state"] == "done"


def test_a_job_that_kills_its_worker_is_given_up(plugin: Plugin) -> None:
    start(plugin, {})
    dead = {"state": "running", "lease_owner": "gone", "lease_until": base.now() - 1, "attempts": work.TRIES}
    with write(plugin.rt.db.app) as conn:
        conn.execute(update(jobs).where(jobs.c.kind == "run").values(**dead))
    work.sweep(plugin.rt)
    with read(plugin.rt.db.app) as conn:
        row = conn.execute(select(jobs.c.state, jobs.c.error).where(jobs.c.kind == "run")).one()
    assert (row.state, row.error["code"]) == ("failed", "job_kills_worker")
    assert plugin.get("/api/v1/runs").json["items"][0]["state"] == "failed"


def test_schedules_fire_once_whoever_looks(plugin: Plugin) -> None:
    with write(plugin.rt.db.app) as conn:
        schedule.place_all(conn, plugin.shop_id, list(plugin.rt.registry.values()))
        conn.execute(update(schedule.schedules).values(next_at=base.now() - 10))
    assert fire_due(plugin.rt) == 3  # only-look, the nightly comparison of ids and what is let go nightly
    assert fire_due(plugin.rt) == 0
    assert [run["trigger"] for run in plugin.get("/api/v1/runs").json["items"]] == ["schedule"]


def test_an_agent_that_is_off_has_no_schedule(plugin: Plugin) -> None:
    def names() -> set[str]:
        with read(plugin.rt.db.app) as conn:
            return set(conn.execute(select(schedule.schedules.c.agent)).scalars())

    assert names() == {"only-look", "_reconcile", "_retention"}
    plugin.send("PUT", "/api/v1/agents/only-look/settings", {"enabled": False}, who=ANNA)
    assert names() == {"_reconcile", "_retention"}
    plugin.send("PUT", "/api/v1/agents/cut-price/settings", {"schedule": "hourly"}, who=ANNA)
    assert names() == {"_reconcile", "_retention", "cut-price"}


@pytest.mark.parametrize("word", ["hourly", "daily", "weekly", "monthly", "0 6 * * 1"])
def test_schedules_are_cron_lines_in_utc(word: str) -> None:
    line = schedule.cron(word, "shop", "agent")
    after = 1_790_000_000
    first = schedule.following(line, after)
    spans = {"hourly": 3_600, "daily": 86_400, "weekly": 7 * 86_400, "monthly": 31 * 86_400}
    assert after < first <= after + spans.get(word, 7 * 86_400)
    assert first % 60 == 0


def test_one_ticker_at_a_time(plugin: Plugin) -> None:
    first, second = Ticker(plugin.rt), Ticker(plugin.rt)
    second.rt = base.Runtime(**{**vars(plugin.rt), "owner": "another"})
    assert first.hold()
    assert not second.hold()
    first.release()
    assert second.hold()


def test_the_audit_is_a_chain(plugin: Plugin) -> None:
    plugin.decide(plugin.proposal(), "reject", {"reason": "no"})
    entries = plugin.get("/api/v1/audit", limit=2).json
    assert [entry["action"] for entry in entries["items"]] == ["proposal.reject", "run.ask"]
    assert entries["items"][0]["who"] == {"id": 7, "login": "anna"}
    assert plugin.get("/api/v1/audit", cursor=entries["next"]).json["items"][0]["action"] == "pairing.made"
    with read(plugin.rt.db.app) as conn:
        rows = conn.execute(select(audit).order_by(audit.c.n)).all()
    assert [row.previous for row in rows] == ["", *(row.hash for row in rows[:-1])]


def test_status_before_the_first_sync(plugin: Plugin) -> None:
    found = plugin.get("/api/v1/status").json
    checks = {check["id"]: check["status"] for check in found["checks"]}
    assert (checks["worker"], checks["sync"]) == ("critical", "warning")
    assert found["sync"]["state"] == "never"
    assert found["sync"]["counts"]["products"] == 0
    assert found["shop"]["facts"]["currency"] == "EUR"


def test_importing_the_app_stays_light(app: Flask) -> None:
    import subprocess
    import sys

    heavy = "('pandas', 'sklearn', 'scipy')"
    code = f"import sys, sidecar.app, sidecar.agents; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd()
    )
    assert done.stdout.strip() == "[]"
    assert runs.name == "runs"


def test_lists_find_the_newest_without_sorting_all(plugin: Plugin) -> None:
    lists = {
        "ix_runs_shop_id_created_at": listed._queries(False, (), False)[1],
        "ix_proposals_shop_id_created_at": inbox._queries((), frozenset(), "-created_at")[1],
    }
    for index, query in lists.items():
        sql = str(query.compile(plugin.rt.db.app))
        with read(plugin.rt.db.app) as conn:
            plan = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", ("shop", *[1] * (sql.count("?") - 1)))
            steps = [row.detail for row in plan]
        assert any(index in step for step in steps), steps
        assert "USE TEMP B-TREE FOR ORDER BY" not in steps
