"""Who may connect, how often, and what every answer's headers say."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask
from sqlalchemy import select

from sidecar.api import shield
from sidecar.app import create_app
from sidecar.db import read
from sidecar.db.identity import rate_windows
from sidecar.runtime import catalog
from sidecar.security.apikeys import create_key
from tests.sidecar.kit import Plugin, no_devskyy_environment, settings_in, tiny_registry
from tests.sidecar.runtime.test_serve import environment
from tests.wordpress.stack.process import free_port

STATUS = "/api/v1/status"
FAR, PROXY = "192.0.2.7", "198.51.100.1"
Make = Callable[..., Flask]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes apps in one folder with more settings."""
    with ExitStack() as stack:

        def made(**more: Any) -> Flask:
            with no_devskyy_environment():
                app = create_app(settings_in(tmp_path, **more), tiny_registry())
            stack.callback(app.extensions["devskyy"].close)
            return app

        yield made


def ask(app: Flask, path: str = STATUS, *, peer: str = "127.0.0.1", https: bool = False, **more: Any) -> Any:
    """A request from an address, as the web server hands it over."""
    base = "https://localhost" if https else "http://localhost"
    return app.test_client().open(path, environ_base={"REMOTE_ADDR": peer}, base_url=base, **more)


def code(answer: Any) -> tuple[int, str]:
    """Status and error code."""
    return answer.status_code, (answer.get_json(silent=True) or {}).get("error", {}).get("code", "")


def key(plugin: Plugin, *scopes: str) -> dict[str, str]:
    """Headers with a fresh API key."""
    _, text = create_key(plugin.rt.db.app, plugin.shop_id, "script", scopes, now=int(time.time()))
    return {"Authorization": f"Bearer {text}"}


# --- https --------------------------------------------------------------------------------------------------


def test_plain_http_is_taken_from_this_machine_only(make: Make) -> None:
    app = make()
    assert code(ask(app)) == (401, "signature_missing")
    assert code(ask(app, peer="127.3.2.1")) == (401, "signature_missing")
    assert code(ask(app, peer="::1")) == (401, "signature_missing")
    assert code(ask(app, peer="::ffff:127.0.0.1")) == (401, "signature_missing")
    for peer in (FAR, "10.0.0.1", "2001:db8::1", "::ffff:10.0.0.1", "", "unix:", "x"):
        answer = ask(app, peer=peer)
        assert code(answer) == (403, "https_required"), peer
        assert "DEVSKYY_ALLOW_HTTP" in answer.json["error"]["hint"]
        assert code(ask(app, "/nothing", peer=peer)) == (403, "https_required")
        assert code(ask(app, "/api/v1/pairing", peer=peer, method="POST")) == (403, "https_required")
        assert ask(app, "/health", peer=peer).status_code == 200
        assert code(ask(app, peer=peer, https=True)) == (401, "signature_missing")


def test_a_private_network_may_be_let_in_by_http(make: Make) -> None:
    assert code(ask(make(allow_http=True), peer="172.18.0.3")) == (401, "signature_missing")


def test_nobody_but_a_trusted_proxy_tells_an_address_or_https(make: Make) -> None:
    said = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "127.0.0.1", "Forwarded": "for=127.0.0.1"}
    assert code(ask(make(), peer=FAR, headers=said)) == (403, "https_required")
    assert code(ask(make(), headers={"X-Forwarded-For": FAR})) == (403, "https_required")
    assert code(ask(make(), headers={"Forwarded": f"for={FAR}"})) == (403, "https_required")
    app = make(trusted_proxies=f"{PROXY}, 127.0.0.1")
    for peer in (PROXY, "127.0.0.1"):
        secure = {"X-Forwarded-Proto": "https", "X-Forwarded-For": FAR}
        assert code(ask(app, peer=peer, headers=secure)) == (401, "signature_missing")
        assert "Strict-Transport-Security" in ask(app, peer=peer, headers=secure).headers
        for proto in ("http", "", "https, http", "ws", "https;", "on"):
            plain = {"X-Forwarded-Proto": proto, "X-Forwarded-For": FAR}
            assert code(ask(app, peer=peer, headers=plain)) == (403, "https_required"), proto
    # Behind a proxy nobody is on this machine, whatever the proxy says or leaves out.
    for path in ("/metrics", "/docs", "/openapi.json"):
        for told in ({}, {"X-Forwarded-For": "127.0.0.1"}, {"X-Forwarded-For": "garbage"}):
            answer = ask(app, path, headers={"X-Forwarded-Proto": "https", **told})
            assert answer.status_code == 401, (path, told)


def test_hsts_goes_over_https_only(make: Make) -> None:
    app = make()
    assert "Strict-Transport-Security" not in ask(app, "/").headers
    assert ask(app, "/", peer=FAR, https=True).headers["Strict-Transport-Security"] == "max-age=31536000"


def test_a_page_that_points_its_own_name_here_sees_no_docs(make: Make) -> None:
    app = make()
    for path in ("/docs", "/openapi.json", "/metrics"):
        for host in ("localhost", "localhost:8787", "127.0.0.1:8787", "[::1]:8787"):
            assert ask(app, path, headers={"Host": host}).status_code == 200
        for host in ("evil.example", "evil.example:8787", "localhost.evil.example", "192.168.0.5:8787"):
            assert ask(app, path, headers={"Host": host}).status_code == 401


# --- networks -----------------------------------------------------------------------------------------------


def test_only_named_networks_may_call(make: Make) -> None:
    app = make(allowed_networks="192.0.2.0/24, 2001:db8::/32", trusted_proxies=PROXY)
    for peer in (FAR, "2001:db8::5", "::ffff:192.0.2.9"):
        assert code(ask(app, peer=peer, https=True)) == (401, "signature_missing")
    for peer in ("192.0.3.1", "127.0.0.1", "::1", PROXY, ""):
        for path in (STATUS, "/", "/docs", "/nothing", "/oauth/token"):
            assert code(ask(app, path, peer=peer, https=True)) == (403, "address_not_allowed"), (peer, path)
        assert ask(app, "/health", peer=peer, https=True).status_code == 200


def test_behind_a_proxy_the_nearest_untold_address_counts(make: Make) -> None:
    app = make(allowed_networks="192.0.2.0/24", trusted_proxies=f"{PROXY}, 10.0.0.0/8")
    told = {
        FAR: 401,
        f"203.0.113.1, {FAR}": 401,
        f"{FAR}, 203.0.113.1": 403,  # what stands left of it, the caller made up
        f"{FAR}, 10.1.1.1, {PROXY}": 401,
        f"{FAR}, 203.0.113.1, 10.1.1.1": 403,
        f"{FAR}, unknown": 403,
        f"{FAR},": 403,
        "10.1.1.1": 403,
        "": 403,
    }
    for chain, status in told.items():
        head = {"X-Forwarded-For": chain, "X-Forwarded-Proto": "https"}
        assert ask(app, peer=PROXY, headers=head).status_code == status, chain
    twice = [("X-Forwarded-For", FAR), ("X-Forwarded-For", "203.0.113.1"), ("X-Forwarded-Proto", "https")]
    assert ask(app, peer=PROXY, headers=twice).status_code == 403


def test_wrong_settings_are_refused_at_the_start(tmp_path: Path) -> None:
    for wrong in (
        {"allowed_networks": "10.0.0.0/33"},
        {"trusted_proxies": "proxy.example.com"},
        {"rate_read": "many"},
        {"rate_routes": "POST /api/v1/sync"},
        {"rate_routes": "POST /api/v1/sync 1/hour; GET / 2/hour"},
        {"rate_sign_in": "0/minute"},
    ):
        with pytest.raises(ValueError):
            settings_in(tmp_path, **wrong)


# --- CORS ---------------------------------------------------------------------------------------------------

PREFLIGHT = {
    "Origin": "https://app.example.com",
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization",
}


def cors_of(answer: Any) -> dict[str, str]:
    """The answer's CORS headers."""
    return {name: value for name, value in answer.headers if name.lower().startswith("access-control-")}


def test_cors_is_closed(make: Make) -> None:
    app = make()
    for path in ("/", "/health", STATUS, "/docs", "/nothing", "/api/v1/pairing"):
        for head in (PREFLIGHT, {"Origin": "null"}, {}):
            answer = ask(app, path, method="OPTIONS", headers=head)
            assert code(answer) == (403, "cors_closed"), path
            assert cors_of(answer) == {}
        assert cors_of(ask(app, path, headers=PREFLIGHT)) == {}


def test_cors_opens_for_named_origins_alone(make: Make) -> None:
    app = make(cors_origins="https://app.example.com, https://b.example.com:8443")
    answer = ask(app, method="OPTIONS", headers=PREFLIGHT)
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example.com"
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer.headers
    got = ask(app, headers={"Origin": "https://b.example.com:8443"})
    assert cors_of(got)["Access-Control-Allow-Origin"] == "https://b.example.com:8443"
    assert "RateLimit-Remaining" in cors_of(got)["Access-Control-Expose-Headers"]
    assert got.headers["Vary"] == "Origin"
    for origin in (
        "https://evil.example",
        "http://app.example.com",
        "https://app.example.com.evil",
        "null",
        "",
    ):
        refused = ask(app, method="OPTIONS", headers=PREFLIGHT | {"Origin": origin})
        assert code(refused) == (403, "cors_closed"), origin
        assert cors_of(refused) == {}
        assert cors_of(ask(app, headers={"Origin": origin})) == {}
        assert ask(app, headers={"Origin": origin}).headers["Vary"] == "Origin"


# --- headers ------------------------------------------------------------------------------------------------


def test_every_answer_carries_the_headers(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    app = make(rate_failed="3/minute")
    plugin = Plugin(app).pair()
    monkeypatch.setattr(catalog, "one", lambda *_: 1 / 0)
    answers = [
        ask(app, "/"),
        ask(app, "/health"),
        ask(app, "/docs"),
        ask(app, "/metrics"),
        plugin.get(STATUS),
        plugin.send("POST", "/api/v1/sync", {"full": "x" * 9}),
        plugin.send("POST", "/api/v1/sync", ["x"]),
        plugin.send("POST", "/api/v1/proposals/" + "0" * 32 + "/undo"),
        plugin.get("/api/v1/agents/cut-price"),
        ask(app, "/nothing"),
        ask(app, STATUS, method="DELETE"),
        ask(app, STATUS),
        ask(app, STATUS),
        ask(app, STATUS, method="OPTIONS"),
        ask(app, STATUS, peer=FAR),
    ]
    statuses = [answer.status_code for answer in answers]
    assert statuses == [200, 200, 200, 200, 200, 422, 422, 403, 500, 404, 405, 401, 429, 429, 403]
    for answer in answers:
        head = answer.headers
        assert head["X-Frame-Options"] == "DENY"
        assert head["X-Content-Type-Options"] == "nosniff"
        assert head["Referrer-Policy"] == "no-referrer"
        assert head["Cross-Origin-Opener-Policy"] == head["Cross-Origin-Resource-Policy"] == "same-origin"
        assert {"camera=()", "geolocation=()", "usb=()"} <= set(head["Permissions-Policy"].split(", "))
        assert "frame-ancestors 'none'" in head["Content-Security-Policy"]
        assert head["Cache-Control"] == "no-store"
        assert head["X-Request-ID"]
        assert "Server" not in head
    assert ask(app, "/").headers["Content-Security-Policy"] == shield.POLICY


# --- rates --------------------------------------------------------------------------------------------------


def test_a_limit_per_key_with_standard_headers(make: Make) -> None:
    plugin = Plugin(make(rate_read="3/hour", rate_run="2/hour", rate_write="1/hour")).pair()
    mine, other = (key(plugin, "status:read", "runs:write", "sync:write") for _ in range(2))
    answers = [plugin.client.get(STATUS, headers=mine) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert [answer.headers["RateLimit-Remaining"] for answer in answers] == ["2", "1", "0", "0", "0"]
    for answer in answers:
        reset = int(answer.headers["RateLimit-Reset"])
        assert 0 < reset <= 3_600 + 1_224  # the end of this window, then a third of the next
        assert answer.headers["RateLimit-Limit"] == "3"
        assert answer.headers["RateLimit-Policy"] == '"read";q=3;w=3600'
        left = answer.headers["RateLimit-Remaining"]
        assert answer.headers["RateLimit"] == f'"read";r={left};t={reset}'
    refused = answers[-1]
    assert code(refused) == (429, "rate_limited")
    assert refused.headers["Retry-After"] == refused.headers["RateLimit-Reset"]
    assert refused.json["error"]["details"]["limit"] == "read"
    # Neither another key, nor another kind of route, nor the plugin suffers.
    assert plugin.client.get(STATUS, headers=other).status_code == 200
    runs = [plugin.client.post("/api/v1/agents/cut-price/runs", json={}, headers=mine) for _ in range(3)]
    assert [answer.status_code for answer in runs] == [202, 202, 429]
    writes = [plugin.client.post("/api/v1/sync", json={}, headers=mine) for _ in range(2)]
    assert [answer.status_code for answer in writes] == [202, 429]
    assert plugin.get(STATUS).headers["RateLimit-Policy"].startswith('"plugin"')


def test_a_route_may_have_a_limit_of_its_own(make: Make) -> None:
    app = make(rate_routes="POST /api/v1/sync 1/hour, GET /api/v1/runs/{id} 2/hour")
    plugin = Plugin(app).pair()
    mine, other = (key(plugin, "sync:write", "runs:read", "status:read") for _ in range(2))
    first, second = (plugin.client.post("/api/v1/sync", json={}, headers=mine) for _ in range(2))
    assert (first.status_code, code(second)) == (202, (429, "rate_limited"))
    assert second.headers["RateLimit-Policy"] == '"POST /api/v1/sync";q=1;w=3600'
    runs = [plugin.client.get(f"/api/v1/runs/{n:032x}", headers=mine).status_code for n in range(3)]
    assert runs == [404, 404, 429]  # one limit for the route, whatever stands in its path
    assert plugin.client.get(STATUS, headers=mine).status_code == 200
    assert plugin.client.post("/api/v1/sync", json={}, headers=other).status_code in (202, 409)
    assert plugin.send("POST", "/api/v1/sync", {}).status_code in (202, 409)


def test_a_key_without_the_scope_is_counted_too(make: Make) -> None:
    plugin = Plugin(make(rate_read="2/hour")).pair()
    head = key(plugin, "runs:read")
    assert [plugin.client.get(STATUS, headers=head).status_code for _ in range(3)] == [403, 403, 429]


def test_refusals_are_counted_per_address_and_a_good_caller_is_let_in(make: Make) -> None:
    app = make(rate_failed="4/hour")
    plugin = Plugin(app).pair()
    tried = [code(ask(app, STATUS, headers={"Authorization": f"Bearer {n}"})) for n in range(2)]
    tried += [code(ask(app, "/nothing")), code(ask(app, STATUS, method="DELETE"))]
    assert tried == [(401, "signature_invalid")] * 2 + [(404, "not_found"), (405, "method_not_allowed")]
    limited = ask(app, STATUS, headers={"Authorization": "Bearer x"})
    assert code(limited) == (429, "rate_limited")
    assert int(limited.headers["Retry-After"]) <= 3_600 + 936  # one of four, in fiftieths of the window
    assert plugin.get(STATUS).status_code == 200  # from the same address
    assert ask(app, "/").status_code == 200
    assert code(ask(app, STATUS, peer=FAR, https=True)) == (401, "signature_missing")
    for last in range(6):  # one customer's IPv6 addresses count as one
        got = ask(app, STATUS, peer=f"2001:db8::{last}", https=True).status_code
        assert got == (401 if last < 4 else 429)


def test_sign_in_is_limited_per_address_and_per_login(make: Make) -> None:
    app = make(rate_sign_in="3/hour")
    path = "/api/v1/pairing"

    def sign_in(peer: str, **more: Any) -> int:
        return int(ask(app, path, peer=peer, https=True, method="POST", **more).status_code)

    assert [sign_in(FAR, json={"login": f"a{n}"}) for n in range(5)][-2:] == [429, 429]
    told = [sign_in(f"203.0.113.{n}", json={"login": " Anna"}) for n in range(5)]
    assert told[3:] == [429, 429]
    assert 429 not in told[:3]
    assert sign_in("203.0.113.9", data={"client_id": "anna"}) == 429
    assert sign_in("203.0.113.10", auth=("anna", "x")) == 429
    assert sign_in("203.0.113.11", json={"login": "bert"}) != 429
    for odd in ({"login": 5}, {"login": ["anna"]}, ["anna"], "anna", None):
        assert sign_in("203.0.113.12", json=odd) in (401, 422, 429)


def test_no_address_or_login_is_kept_in_clear(make: Make) -> None:
    app = make()
    ask(app, STATUS, peer=FAR, https=True)
    ask(app, "/", peer=FAR, https=True)
    ask(app, "/api/v1/pairing", peer=FAR, https=True, method="POST", json={"login": "anna"})
    with read(app.extensions["devskyy"].db.app) as conn:
        names = list(conn.execute(select(rate_windows.c.name)).scalars())
    assert sorted(name.split()[0] + " " + name.split()[1] for name in names) == [
        "failed address", "open address", "sign_in address", "sign_in login"
    ]  # fmt: skip
    assert not [name for name in names if FAR in name or "anna" in name]


def test_health_is_never_limited_and_the_plugin_hardly(make: Make) -> None:
    app = make(rate_open="1/hour", rate_plugin="60000/minute")
    plugin = Plugin(app).pair()
    assert {ask(app, "/health").status_code for _ in range(5)} == {200}
    assert [ask(app, "/").status_code for _ in range(2)] == [200, 429]
    events = [{"events": []} for _ in range(50)]
    assert {plugin.send("POST", "/api/v1/events", body).status_code for body in events} == {200}


def test_the_view_still_sees_what_the_limit_looked_into(make: Make) -> None:
    plugin = Plugin(make())
    plugin.pair()  # its body was read for a login first
    big = {"code": "ABCD-EFGH-JKMN", "x": "y" * 200_000}
    assert code(plugin.client.post("/api/v1/pairing", json=big)) == (413, "body_too_large")
    assert plugin.send("POST", "/api/v1/events", {"events": ["y" * 200_000]}).status_code == 200


# --- processes ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Three web processes over one SQLite file, with 60 open requests an hour and 40 refusals."""
    folder = tmp_path_factory.mktemp("shield")
    (folder / "home").mkdir()
    port = free_port()
    own = {
        "DEVSKYY_PORT": str(port), "DEVSKYY_WEB_WORKERS": "3", "DEVSKYY_RATE_OPEN": "60/hour",
        "DEVSKYY_RATE_FAILED": "40/hour",
    }  # fmt: skip
    words = ["-m", "gunicorn", "-c", "python:sidecar.runtime.gunicorn_conf", "sidecar.app:create_app()"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, *words], env=environment(folder, **own), cwd=folder, stdout=log, stderr=log
        )
        try:
            _wait(f"http://127.0.0.1:{port}/health", process, folder / "log")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(40)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 90
    while time.monotonic() < end and process.poll() is None:
        try:
            if requests.get(url, timeout=5).ok:
                return
        except requests.RequestException:
            time.sleep(0.2)
    raise RuntimeError(log.read_text())


def test_web_processes_keep_to_one_limit_over_http(server: str) -> None:
    told: list[tuple[str, int]] = []

    def ask_both(_: int) -> None:
        for _ in range(25):
            told.append(("open", requests.get(f"{server}/", timeout=60).status_code))
            told.append(("failed", requests.get(f"{server}{STATUS}", timeout=60).status_code))

    threads = [threading.Thread(target=ask_both, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == 300
    assert {status for what, status in told if what == "open"} == {200, 429}
    assert {status for what, status in told if what == "failed"} == {401, 429}
    # Also when the hour strikes in between: the window slides.
    assert told.count(("open", 200)) == 60
    assert told.count(("failed", 401)) == 40


def test_gunicorn_tells_no_version_and_believes_no_proxy(server: str) -> None:
    said = {"X-Forwarded-Proto": "https", "X-Forwarded-Ssl": "on", "X-Forwarded-Protocol": "ssl"}
    answer = requests.get(f"{server}/health", headers=said, timeout=30)
    assert "Strict-Transport-Security" not in answer.headers
    assert answer.headers["Server"] == "gunicorn"
    assert answer.headers["X-Frame-Options"] == "DENY"


def test_a_chunked_body_has_the_limit_too(server: str) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(64):
            yield b"x" * 8_192

    head = {"Content-Type": "application/json"}
    answer = requests.post(f"{server}/api/v1/pairing", data=chunks(), headers=head, timeout=30)
    assert answer.status_code == 413, answer.text
    assert json.loads(answer.text)["error"]["code"] == "body_too_large"
