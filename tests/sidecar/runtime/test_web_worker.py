"""Web processes share new connections evenly."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.config import Config

from sidecar.runtime import web_worker
from sidecar.runtime.serve import listen
from sidecar.runtime.web_worker import NONE, Worker, fewest, leave, seat


@pytest.fixture
def workers() -> Iterator[list[Worker]]:
    """Two workers that take connections and answer none."""
    made: list[Worker] = []
    for age in range(2):
        worker = Worker(age, 1, [], SimpleNamespace(), 30, Config(), None)
        seat(worker, made)
        worker.enqueue_req = lambda conn: conn.close()
        worker._tell()
        made.append(worker)
    yield made
    for worker in made:
        leave(worker)
        worker.tmp.close()


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    sock = listen("127.0.0.1", 0)
    sock.setblocking(False)
    yield sock
    sock.close()


def test_a_worker_with_more_lets_the_other_go_first(
    workers: list[Worker], listener: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fuller, other = workers
    fuller.nr_conns = 5
    monkeypatch.setattr(web_worker.time, "sleep", lambda _seconds: other.accept(listener))
    with socket.create_connection(listener.getsockname()):
        fuller.accept(listener)
    assert (fuller.nr_conns, other.nr_conns) == (5, 1)


def test_it_takes_what_no_other_took_meanwhile(
    workers: list[Worker], listener: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fuller, slept = workers[0], []
    fuller.nr_conns = 5
    monkeypatch.setattr(web_worker.time, "sleep", slept.append)
    with socket.create_connection(listener.getsockname()):
        fuller.accept(listener)
    assert (fuller.nr_conns, slept) == (6, [web_worker.PAUSE_S])


def test_who_holds_as_many_waits_for_nobody(
    workers: list[Worker], listener: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_worker.time, "sleep", lambda _seconds: pytest.fail("it waited"))
    for worker in workers:
        with socket.create_connection(listener.getsockname()):
            worker.accept(listener)
    assert [worker.nr_conns for worker in workers] == [1, 1]
    assert fewest() == 1


def test_a_dead_worker_counts_no_more_and_its_place_is_given_again(workers: list[Worker]) -> None:
    alone, dead = workers
    alone.nr_conns = 7
    alone.notify()
    assert fewest() == 0
    leave(dead)
    assert fewest() == 7
    fresh: Any = SimpleNamespace(place=-1)
    seat(fresh, [alone])
    assert fresh.place == dead.place != alone.place
    assert struct.unpack_from("I", web_worker._board, 4 * fresh.place) == (NONE,)
