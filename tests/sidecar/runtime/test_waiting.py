"""`Prefer: wait`: an answer when the run ends, and never for longer or for more callers than was said."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from flask import Flask

from sidecar.runtime import waiting
from tests.sidecar.kit import ANNA, Plugin, do_jobs

RUNS = "/api/v1/agents/cut-price/runs"


def ask(plugin: Plugin, prefer: str | None, given: dict[str, Any] | None = None, **head: str) -> Any:
    """Asks for a run with a Prefer header."""
    from json import dumps

    raw = dumps({"input": given or {}}).encode()
    headers = {"Authorization": f"Bearer {plugin.token('POST', RUNS, raw, who=ANNA)}", **head}
    if prefer is not None:
        headers["Prefer"] = prefer
    return plugin.app.test_client().post(RUNS, data=raw, headers=headers, content_type="application/json")


def work_until(plugin: Plugin, stop: threading.Event) -> None:
    """Does jobs as they come, as a worker would."""
    while not stop.wait(0.02):
        do_jobs(plugin.rt)


@pytest.fixture
def worker(plugin: Plugin) -> Any:
    """A worker beside the application."""
    stop = threading.Event()
    thread = threading.Thread(target=work_until, args=(plugin, stop))
    thread.start()
    yield
    stop.set()
    thread.join(10)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [(None, 0), ("", 0), ("wait=3", 3), ("respond-async, wait=5", 5), ('Wait="2"; x=1', 2), ("wait=99", 10),
     ("wait=-1", 0), ("wait=1.5", 0), ("wait", 0), ("wait=٣", 0), ("wait=" + "9" * 400, 0)],
)  # fmt: skip
def test_the_header_is_read_as_the_rfc_says(header: str | None, seconds: int) -> None:
    assert waiting.wished(header) == seconds


def test_the_answer_comes_when_the_run_ends(plugin: Plugin, worker: None) -> None:
    answer = ask(plugin, "wait=10", {"product": 40})
    assert answer.status_code == 200
    run = answer.json["run"]
    assert (run["state"], run["output"]["product"], len(run["proposals"])) == ("done", 40, 1)
    assert run == plugin.get(f"/api/v1/runs/{run['id']}").json["run"]


def test_a_failed_run_is_an_answer_too(plugin: Plugin, worker: None) -> None:
    answer = ask(plugin, "wait=10", {"crash": True})
    assert (answer.status_code, answer.json["run"]["error"]["code"]) == (200, "agent_crashed")


def test_without_the_wish_or_a_worker_it_is_202(plugin: Plugin) -> None:
    begun = time.monotonic()
    assert ask(plugin, None).status_code == 202
    assert time.monotonic() - begun < 1
    begun = time.monotonic()
    answer = ask(plugin, "wait=1")
    assert (answer.status_code, answer.json["run"]["state"]) == (202, "queued")
    assert 1 <= time.monotonic() - begun < 5


def test_the_same_key_gives_the_ended_run(plugin: Plugin, worker: None) -> None:
    first, again = (ask(plugin, "wait=10", **{"Idempotency-Key": "once"}) for _ in range(2))
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json["run"]["id"] == again.json["run"]["id"]


def test_half_of_the_threads_stay_free(app: Flask, plugin: Plugin) -> None:
    plugin.rt.settings.web_threads = 4
    answers: list[tuple[int, float]] = []

    def one() -> None:
        begun = time.monotonic()
        answers.append((ask(plugin, "wait=3").status_code, time.monotonic() - begun))

    threads = [threading.Thread(target=one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert [status for status, _ in answers] == [202] * 6
    assert sum(seconds >= 3 for _, seconds in answers) == 2
