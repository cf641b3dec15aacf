"""The brokers: at least once, also when a worker is killed; SQLite's with retries, delays and dead rows."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from dramatiq.errors import BrokerConnectionError
from sqlalchemy import func, select

from sidecar.app import create_app
from sidecar.core.errors import Unavailable
from sidecar.db import read
from sidecar.db.app import jobs as table
from sidecar.db.app import runs
from sidecar.runtime import jobs
from sidecar.runtime.broker import SqliteBroker, make_broker, start_worker
from tests.sidecar.kit import ANNA, Plugin, no_devskyy_environment, settings_in, tiny_registry
from tests.sidecar.runtime.worker_script import broker_worker

Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts worker processes and ends them after the test."""
    started: list[subprocess.Popen[bytes]] = []

    def spawn(kind: str, folder: Path, *more: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.sidecar.runtime.worker_script", kind, str(folder), *more]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("DEVSKYY_")}
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment)
        started.append(child)
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        return child

    yield spawn
    for child in started:
        child.kill()
        child.wait()
        assert child.stdout is not None
        child.stdout.close()


@pytest.fixture
def marks(tmp_path: Path) -> Callable[[], list[int]]:
    """The numbers that were worked on, in order of their writing."""
    path = tmp_path / "marks.sqlite3"
    with sqlite3.connect(path) as conn:
        conn.execute("PRAGMA journal_mode=WAL")
        conn.execute("CREATE TABLE marks (number INTEGER)")
    conn.close()

    def look() -> list[int]:
        conn = sqlite3.connect(path, timeout=10)
        try:
            return [row[0] for row in conn.execute("SELECT number FROM marks")]
        finally:
            conn.close()

    return look


def wait_for(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Waits until something is true, and fails when it does not come true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def test_a_killed_worker_loses_nothing(tmp_path: Path, start: Start, marks: Callable[[], list[int]]) -> None:
    broker = broker_worker(tmp_path)
    for number in range(200):
        broker.enqueue(broker.get_actor("mark").message(number))
    first = start("broker", tmp_path)
    wait_for(lambda: len(marks()) > 60)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    done_before = len(marks())
    assert 60 < done_before < 200
    start("broker", tmp_path)
    wait_for(lambda: broker.waiting() == 0)  # type: ignore[attr-defined]
    assert set(marks()) == set(range(200))
    broker.close()


def test_a_killed_worker_loses_no_run(plugin: Plugin, tmp_path: Path, start: Start) -> None:
    for number in range(200):
        answer = plugin.send(
            "POST", "/api/v1/agents/cut-price/runs", {"input": {"product": number + 1}}, who=ANNA
        )
        assert answer.status_code == 202

    def ended() -> int:
        with read(plugin.rt.db.app) as conn:
            return int(conn.execute(select(func.count()).where(runs.c.state == "done")).scalar_one())

    first = start("jobs", tmp_path)
    wait_for(lambda: ended() > 40, 60)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    assert ended() < 200
    start("jobs", tmp_path)
    wait_for(lambda: ended() == 200, 90)
    assert plugin.get("/api/v1/proposals", limit=1).json["total"] == 200


def test_failures_are_retried_and_then_kept_as_dead(tmp_path: Path) -> None:
    broker = broker_worker(tmp_path)
    broker.enqueue(broker.get_actor("fail").message(1))
    worker = start_worker(broker, 2)
    wait_for(lambda: broker.waiting() == 0)  # type: ignore[attr-defined]
    worker.stop()
    dead = broker.dead()  # type: ignore[attr-defined]
    assert [(message.actor_name, message.options["retries"]) for message in dead] == [("fail", 3)]
    assert "as asked" in dead[0].options["traceback"]
    broker.close()


def test_a_delayed_message_waits(tmp_path: Path, marks: Callable[[], list[int]]) -> None:
    broker = broker_worker(tmp_path)
    broker.enqueue(broker.get_actor("mark").message(2), delay=1_000)
    broker.enqueue(broker.get_actor("mark").message(1))
    begun = time.monotonic()
    worker = start_worker(broker, 1)
    wait_for(lambda: marks() == [1, 2])
    worker.stop()
    assert time.monotonic() - begun > 0.9
    broker.close()


def test_a_long_task_keeps_its_lease(tmp_path: Path) -> None:
    import dramatiq

    broker = SqliteBroker(tmp_path / "jobs.sqlite3", middleware=[], lease_s=0.6)
    calls: list[float] = []

    def sleepy() -> None:
        calls.append(time.monotonic())
        time.sleep(2.0)

    broker.enqueue(dramatiq.actor(sleepy, broker=broker).message())
    workers = [start_worker(broker, 2)]
    other = SqliteBroker(tmp_path / "jobs.sqlite3", middleware=[], lease_s=0.6)
    dramatiq.actor(sleepy, broker=other)
    workers.append(start_worker(other, 2))
    wait_for(lambda: broker.waiting() == 0)
    for worker in workers:
        worker.stop()
    assert len(calls) == 1
    broker.close()
    other.close()


def test_a_stopped_worker_gives_back_what_it_did_not_start(
    tmp_path: Path, marks: Callable[[], list[int]]
) -> None:
    broker = broker_worker(tmp_path, lease_s=60)
    for number in range(50):
        broker.enqueue(broker.get_actor("mark").message(number))
    worker = start_worker(broker, 1)
    wait_for(lambda: len(marks()) > 3)
    worker.stop()
    again = broker_worker(tmp_path, lease_s=60)
    worker = start_worker(again, 2)
    wait_for(lambda: again.waiting() == 0)  # type: ignore[attr-defined]
    worker.stop()
    assert sorted(marks()) == list(range(50))
    broker.close()
    again.close()


def test_a_queue_that_cannot_be_opened_says_so(tmp_path: Path) -> None:
    (tmp_path / "jobs.sqlite3").mkdir()
    broker = SqliteBroker(tmp_path / "jobs.sqlite3", middleware=[])
    broker.declare_queue("default")
    with pytest.raises(BrokerConnectionError):
        broker.waiting()


@pytest.fixture(params=["redis", "rabbitmq"])
def broker_url(request: pytest.FixtureRequest) -> str:
    """A broker of each other kind."""
    found: str = request.getfixturevalue(request.param)
    return found


def test_a_killed_worker_loses_no_run_on_other_brokers(broker_url: str, tmp_path: Path, start: Start) -> None:
    with no_devskyy_environment():
        app = create_app(settings_in(tmp_path, broker_url=broker_url), tiny_registry())
    plugin = Plugin(app).pair()
    for number in range(60):
        plugin.send("POST", "/api/v1/agents/cut-price/runs", {"input": {"product": number + 1}}, who=ANNA)

    def states() -> dict[str, int]:
        with read(plugin.rt.db.app) as conn:
            query = select(table.c.state, func.count()).where(table.c.kind == "run").group_by(table.c.state)
            return {state: int(n) for state, n in conn.execute(query)}

    assert states() == {"queued": 60}
    with read(plugin.rt.db.app) as conn:
        assert conn.execute(select(func.count(table.c.enqueued_at))).scalar_one() >= 60
    first = start("jobs", tmp_path, broker_url)
    wait_for(lambda: states().get("done", 0) > 15, 60)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    assert states()["done"] < 60
    start("jobs", tmp_path, broker_url)
    wait_for(lambda: states() == {"done": 60}, 60)
    assert plugin.get("/api/v1/proposals", limit=1).json["total"] == 60
    plugin.rt.close()


@pytest.mark.parametrize(
    ("url", "module", "code"),
    [
        ("redis://127.0.0.1:1/0", "redis", "broker_driver_missing"),
        ("amqp://127.0.0.1:1/", "pika", "broker_driver_missing"),
        ("http://127.0.0.1/", "", "broker_url_unknown"),
    ],
)
def test_a_broker_by_url_needs_its_driver(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, module: str, code: str
) -> None:
    for name in ("redis", "rabbitmq"):
        monkeypatch.delitem(sys.modules, f"dramatiq.brokers.{name}", raising=False)
    monkeypatch.setitem(sys.modules, module or "no_such_module", None)
    with pytest.raises(Unavailable) as caught:
        make_broker(url, tmp_path)
    assert caught.value.code == code


def test_a_job_is_done_once_however_often_it_is_delivered(plugin: Plugin) -> None:
    run = plugin.send("POST", "/api/v1/agents/cut-price/runs", {}, who=ANNA).json["run"]
    with read(plugin.rt.db.app) as conn:
        job = conn.execute(select(table.c.id).where(table.c.kind == "run")).scalar_one()
    for _ in range(3):
        jobs.perform(plugin.rt, plugin.shop_id, job)
    assert plugin.get(f"/api/v1/runs/{run['id']}").json["run"]["state"] == "done"
    assert plugin.get("/api/v1/proposals").json["total"] == 1
