"""Web processes share new connections evenly, and answer short requests in order, whatever takes long."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.config import Config

from sidecar.runtime import web_worker
from sidecar.runtime.serve import listen
from sidecar.runtime.web_worker import LONG_S, NONE, Worker, fewest, is_short, leave, seat, waiting


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
    monkeypatch.setattr(time, "sleep", lambda _seconds: other.accept(listener))
    with socket.create_connection(listener.getsockname()):
        fuller.accept(listener)
    assert (fuller.nr_conns, other.nr_conns) == (5, 1)


def test_it_takes_what_no_other_took_meanwhile(
    workers: list[Worker], listener: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fuller, slept = workers[0], []
    fuller.nr_conns = 5
    monkeypatch.setattr(time, "sleep", slept.append)
    with socket.create_connection(listener.getsockname()):
        fuller.accept(listener)
    assert (fuller.nr_conns, slept) == (6, [web_worker.PAUSE_S] * 2)  # and looked once more


def test_who_holds_as_many_waits_for_nobody(
    workers: list[Worker], listener: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda _seconds: pytest.fail("it waited"))
    for worker in workers:
        with socket.create_connection(listener.getsockname()):
            worker.accept(listener)
    assert [worker.nr_conns for worker in workers] == [1, 1]
    assert fewest() == 1


def test_all_that_wait_are_taken(workers: list[Worker], listener: Any) -> None:
    links = [socket.create_connection(listener.getsockname()) for _ in range(2)]
    workers[1].nr_conns = 5
    workers[1]._tell()
    workers[0].accept(listener)
    assert workers[0].nr_conns == 2
    for link in links:
        link.close()


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


# What is answered at once, by a real gunicorn.


def application(environ: Any, start: Callable[[str, list[tuple[str, str]]], Any]) -> list[bytes]:
    """Answers with the name of its thread; `/slow` after a second and a half, a body when it is read."""
    body = environ["wsgi.input"].read()
    if environ["PATH_INFO"].startswith("/slow"):
        time.sleep(1.5)
    answer = f"{threading.current_thread().name} {len(body)}".encode()
    start("200 OK", [("Content-Length", str(len(answer))), ("Content-Type", "text/plain")])
    return [answer]


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """One process with two threads."""
    sock = listen("127.0.0.1", 0)
    child = subprocess.Popen(
        [
            sys.executable, "-m", "gunicorn", "-k", "sidecar.runtime.web_worker.Worker", "-w", "1",
            "--threads", "2", "--keep-alive", "5", "--no-control-socket", "--log-level", "warning",
            "-b", f"fd://{sock.fileno()}", "tests.sidecar.runtime.test_web_worker:application",
        ],
        pass_fds=[sock.fileno()], env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    yield sock.getsockname()[1]
    child.send_signal(signal.SIGTERM)
    assert child.wait(20) == 0
    sock.close()


def kept(port: int) -> http.client.HTTPConnection:
    """A connection that was used once, and is kept alive."""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    ask(link, "/first")
    return link


def ask(link: http.client.HTTPConnection, path: str, body: bytes | None = None) -> str:
    """Who answered, and how long the body was that it read."""
    if body is None:
        link.request("GET", path)
        return link.getresponse().read().decode()
    # In one piece, as the plugin's requests come: http.client sends head and body one after the other.
    link.sock.sendall(
        b"POST %b HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (path.encode(), len(body)) + body
    )
    answer = http.client.HTTPResponse(link.sock, method="POST")
    answer.begin()
    return answer.read().decode()


@pytest.mark.parametrize(
    ("path", "body", "at_once"),
    [
        ("/api/v1/status", None, True),
        ("/api/v1/events", b"x" * 300, True),
        ("/api/v1/runs/1/events", None, False),
        ("/api/v1/agents/a/runs", b"{}", False),
        ("/api/v1/events", b"x" * 100_000, False),
    ],
)
def test_short_requests_are_answered_by_the_thread_that_sees_them(
    port: int, path: str, body: bytes | None, at_once: bool
) -> None:
    with closing(kept(port)) as link:
        for _ in range(2):
            who, length = ask(link, path, body).rsplit(" ", 1)
            assert (who == "MainThread", int(length)) == (at_once, len(body or b""))


def test_others_are_answered_while_one_takes_long(port: int) -> None:
    slow, others = kept(port), [kept(port) for _ in range(3)]
    told: list[str] = []
    thread = threading.Thread(target=lambda: told.append(ask(slow, "/slow")))
    thread.start()
    time.sleep(0.1)
    begun = time.monotonic()
    for round_ in range(3):
        for link in others:
            assert ask(link, f"/fast/{round_}").endswith(" 0")
    with closing(kept(port)) as late:  # a connection that is opened meanwhile
        assert ask(late, "/api/v1/agents/a/runs", b"{}").endswith(" 2")
    assert LONG_S - 0.15 < time.monotonic() - begun < 1.2
    assert not told
    thread.join(10)
    assert told == ["MainThread 0"]
    for link in (slow, *others):  # and then the first thread serves again
        assert ask(link, "/after") == "MainThread 0"
        link.close()


def test_who_sends_half_a_request_keeps_nobody_waiting(port: int) -> None:
    halves = []
    for _ in range(2):
        half = socket.create_connection(("127.0.0.1", port))
        halves.append(half)
    with closing(kept(port)) as link:
        begun = time.monotonic()
        assert ask(link, "/fast") == "MainThread 0"
        halves[0].sendall(b"GET /half HTTP/1.1\r\nHost: a\r\n")
        time.sleep(0.05)
        assert ask(link, "/fast") == "MainThread 0"
        assert time.monotonic() - begun < LONG_S
    halves[0].sendall(b"\r\n")
    answered = halves[0].recv(4096)
    assert answered.startswith(b"HTTP/1.1 200")
    assert b"MainThread" not in answered
    for half in halves:
        half.close()


def test_requests_one_behind_the_other_are_all_answered(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as link:
        # The worker reads 8,192 bytes ahead, and then one more waits that is whole.
        one, many = b"GET / HTTP/1.1\r\n\r\n", 456
        sent = b"GET /ab HTTP/1.1\r\n\r\n" + one * (many - 1)
        assert len(sent) == 8_192 + len(one)
        link.sendall(sent)
        found = b""
        while found.count(b"200 OK") < many or not found.endswith(b" 0"):
            part = link.recv(65_536)
            assert part, "closed before all were answered"
            found += part


@pytest.mark.parametrize(
    ("found", "short"),
    [
        (b"GET /a?b=1 HTTP/1.1\r\nHost: a\r\n\r\n", True),
        (b"GET /a HTTP/1.1\r\nHost: a\r\n", False),
        (b"GET /a HTTP/1.1\r\nContent-Length: 123456789\r\n\r\n", False),
        (b"GET /a HTTP/1.1\r\ncontent-LENGTH:\t2\r\n\r\n{}", False),
        (b"GET /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", False),
        (b"GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\n\r\n", False),
        (b"GET /a/events?since=2 HTTP/1.1\r\nHost: a\r\n\r\n", False),
        (b"POST /api/v1/events HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", True),
        (b"POST /api/v1/events HTTP/1.1\r\nContent-Length: 3\r\n\r\n{}", False),
        (b"POST /api/v1/events HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}", False),
        (b"POST /api/v1/events HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{}", False),
        (b"POST /api/v1/agents/a/runs HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", False),
        (b"\x16\x03\x01", False),
        (b"", False),
    ],
)
def test_what_is_short(found: bytes, short: bool) -> None:
    assert is_short(found) is short


def test_waiting_bytes_are_looked_at_and_stay() -> None:
    one, other = socket.socketpair()
    assert waiting(one) == b""
    other.sendall(b"GET /")
    assert waiting(one) == waiting(one) == one.recv(100) == b"GET /"
    other.close()
    assert waiting(one) is None
    one.close()
    assert waiting(one) is None
