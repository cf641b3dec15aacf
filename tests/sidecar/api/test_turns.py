"""Short requests take turns in a process, and nobody waits long for a slow one."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from sidecar.api import turns
from sidecar.api.turns import Turns
from tests.sidecar.kit import Plugin

EVENTS = "/api/v1/events"


class Inner:
    """An application that tells how many requests it served at once."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.now, self.most, self.lock = seconds, 0, 0, threading.Lock()

    def __call__(self, environ: dict[str, Any], _start: Any) -> Iterator[bytes]:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(self.seconds)
        with self.lock:
            self.now -= 1
        return iter([environ["PATH_INFO"].encode()])


def together(app: Any, method: str, path: str, count: int) -> float:
    """Sends so many requests at once; the seconds until all are answered."""
    told: list[list[bytes]] = []
    environ = {"REQUEST_METHOD": method, "PATH_INFO": path}
    threads = [
        threading.Thread(target=lambda: told.append(list(app(environ, lambda *_: None))))
        for _ in range(count)
    ]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert told == [[path.encode()]] * count
    return time.monotonic() - begun


@pytest.mark.parametrize(
    ("method", "path", "most"),
    [("GET", "/any", 1), ("HEAD", "/any", 1), ("POST", EVENTS, 1), ("POST", "/api/v1/agents/x/runs", 6)],
)
def test_short_requests_take_turns(
    method: str, path: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "LONGEST_S", 30.0)
    inner = Inner(0.05)
    together(Turns(inner), method, path, 6)
    assert inner.most == most


def test_nobody_waits_long_for_a_slow_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "LONGEST_S", 0.05)
    inner = Inner(1.0)
    app = Turns(inner)
    assert together(app, "GET", "/slow", 4) < 3.5  # one after another they would take four
    assert inner.most == 4
    together(app, "GET", "/again", 1)
    assert not app._turn.locked()


def test_an_error_gives_the_turn_back() -> None:
    def broken(_environ: Any, _start: Any) -> Any:
        raise ValueError("broken")

    app = Turns(broken)
    for _ in range(2):
        with pytest.raises(ValueError, match="broken"):
            app({"REQUEST_METHOD": "GET", "PATH_INFO": "/"}, None)
    assert not app._turn.locked()


def test_a_stream_has_no_turn(plugin: Plugin) -> None:
    run = plugin.send("POST", "/api/v1/agents/cut-price/runs", {"input": {}}).json["run"]["id"]
    app: Any = plugin.app.wsgi_app
    assert isinstance(app, Turns)
    with plugin.get(f"/api/v1/runs/{run}/events") as stream:
        chunks = stream.iter_encoded()
        assert next(chunks)
        assert not app._turn.locked()
        assert plugin.get("/api/v1/status").status_code == 200
        chunks.close()
