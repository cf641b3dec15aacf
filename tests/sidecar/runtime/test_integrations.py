"""Calls to connected services: renewal by one process, budget, retries, circuit, and where they may go."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from sidecar.core.errors import Conflict, DevSkyyError, Invalid, NotFound, Unavailable
from sidecar.db import read, write
from sidecar.db.migrate import upgrade_all
from sidecar.db.outgoing import integrations as table
from sidecar.opening import open_runtime
from sidecar.runtime import integration_calls, integrations, oauth_code
from sidecar.runtime.base import Runtime, now
from sidecar.runtime.integration_calls import Refused, bound, call, check
from tests.sidecar.kit import no_devskyy_environment, settings_in, tiny_registry
from tests.sidecar.provider import CLIENT_ID, CLIENT_SECRET, KEY, Provider, running
from tests.sidecar.servers import empty_tables

SHOP = "1f0e9a6c-0000-4000-8000-000000000001"
BASE = "https://api.example.com/v2"


@pytest.fixture
def provider() -> Iterator[Provider]:
    """The service."""
    with running() as found:
        yield found


@pytest.fixture
def rt(tmp_path: Path) -> Iterator[Runtime]:
    """A runtime that may reach services on this machine."""
    with no_devskyy_environment():
        made = open_runtime(settings_in(tmp_path, integrations_allow_private=True), tiny_registry())
    yield made
    made.close()


def by_key(rt: Runtime, provider: Provider, **more: Any) -> str:
    """A service that a key opens."""
    given = {
        "provider": "mailer", "name": "Main", "kind": "api_key", "base_url": f"{provider.url}/api",
        "health_path": "/userinfo", "rate_per_minute": 600, "config": {"header": "X-Key", "prefix": "Token "},
        "credentials": {"key": KEY}, **more,
    }  # fmt: skip
    return str(integrations.make(rt, SHOP, given, None)["id"])


def connected(rt: Runtime, provider: Provider, *, ends_in: int | None = 3_600) -> str:
    """A service that is connected by OAuth 2, its token good for so many seconds."""
    config = {
        "authorize_url": f"{provider.url}/authorize", "token_url": f"{provider.url}/oauth/token",
        "client_id": CLIENT_ID, "client_auth": "basic", "scopes": ["read"],
    }  # fmt: skip
    ident = by_key(rt, provider, kind="oauth2", config=config, credentials={"client_secret": CLIENT_SECRET})
    found = provider.tokens("family")
    tokens = {name: found[name] for name in ("access_token", "refresh_token")}
    until = {} if ends_in is None else {"expires_at": now() + ends_in, "margin_s": 60}
    with write(rt.db.app) as conn:
        row = integrations.load(conn, SHOP, ident)
        integrations.keep_credentials(conn, rt, row, {"client_secret": CLIENT_SECRET, **tokens, **until})
        integrations.change(conn, row, state="connected")
    return ident


def health(rt: Runtime, ident: str) -> dict[str, Any]:
    """Its health, with its state."""
    shown = integrations.get(rt, SHOP, ident)
    return {"state": shown["state"], **shown["health"]}


def code_of(doing: Any) -> str:
    """The code of the error that it raises."""
    with pytest.raises(DevSkyyError) as caught:
        doing()
    return caught.value.code


# --- tokens -----------------------------------------------------------------------------------------------


def test_a_token_is_renewed_before_it_ends_and_rotation_is_kept(rt: Runtime, provider: Provider) -> None:
    ident = connected(rt, provider, ends_in=30)
    for refreshed in (1, 1):
        assert call(rt, SHOP, ident, "GET", "/userinfo").status == 200
        assert provider.refreshes == refreshed
    with read(rt.db.app) as conn:
        row = integrations.load(conn, SHOP, ident)
        kept = integrations.credentials(conn, rt, row)
    assert kept["refresh_token"] in provider.refresh
    assert kept["access_token"] in provider.access
    assert kept["client_secret"] == CLIENT_SECRET
    assert row["token_expires_at"] == kept["expires_at"] > now() + 3_000


def test_a_provider_that_does_not_rotate_keeps_its_refresh_token(rt: Runtime, provider: Provider) -> None:
    ident, provider.rotate = connected(rt, provider, ends_in=30), False
    call(rt, SHOP, ident, "GET", "/userinfo")
    provider.access.clear()
    assert call(rt, SHOP, ident, "GET", "/userinfo").status == 200
    assert provider.refreshes == 2


def test_a_401_renews_once_and_repeats_any_method(rt: Runtime, provider: Provider) -> None:
    ident = connected(rt, provider, ends_in=None)
    provider.access.clear()
    assert call(rt, SHOP, ident, "POST", "/send", body={"to": 5}).status == 200
    assert (provider.refreshes, len(provider.seen)) == (1, 2)
    assert json.loads(provider.seen[1]["body"]) == {"to": 5}
    # One that refuses fresh tokens too is not asked for ever.
    provider.script = [(401, {})] * 9
    assert code_of(lambda: call(rt, SHOP, ident, "GET", "/x")) == "integration_credentials_refused"
    assert (provider.refreshes, len(provider.script)) == (2, 7)


def test_a_revoked_connection_says_so_and_what_to_do(rt: Runtime, provider: Provider) -> None:
    ident = connected(rt, provider, ends_in=10)
    provider.end("family")
    with pytest.raises(Conflict) as caught:
        call(rt, SHOP, ident, "GET", "/userinfo")
    assert (caught.value.code, "Connect it again" in caught.value.hint) == ("integration_revoked", True)
    found = health(rt, ident)
    assert (found["state"], found["last_error"]["code"]) == ("revoked", "revoked")
    assert "Connect it again" in found["last_error"]["hint"]
    assert code_of(lambda: call(rt, SHOP, ident, "GET", "/userinfo")) == "integration_revoked"
    assert provider.refreshes == 1  # nobody asks with a token that is known to be dead
    with read(rt.db.app) as conn:
        assert integrations.credentials(conn, rt, integrations.load(conn, SHOP, ident)) == {
            "client_secret": CLIENT_SECRET
        }


def test_an_old_refusal_does_not_revoke_newer_tokens(rt: Runtime, provider: Provider) -> None:
    """A process that slept through its lease comes back with invalid_grant: the other's tokens stand."""
    ident = connected(rt, provider, ends_in=10)
    with read(rt.db.app) as conn:
        row = integrations.load(conn, SHOP, ident)
        old = integrations.credentials(conn, rt, row)
    call(rt, SHOP, ident, "GET", "/userinfo")
    fresh = oauth_code._refreshed(rt, row, old)
    assert provider.refreshes == 2
    with read(rt.db.app) as conn:
        assert integrations.credentials(conn, rt, row)["access_token"] == fresh != old["access_token"]
    assert health(rt, ident)["state"] == "connected"


def test_while_the_provider_is_down_the_tokens_stay(rt: Runtime, provider: Provider) -> None:
    ident = connected(rt, provider, ends_in=10)
    provider.token_status = 503
    assert code_of(lambda: call(rt, SHOP, ident, "GET", "/userinfo")) == "integration_failing"
    assert health(rt, ident)["last_error"]["code"] == "server_error"
    provider.token_status = 200
    assert call(rt, SHOP, ident, "GET", "/userinfo").status == 200


CALLS = """
import sys, threading
from sidecar.opening import open_runtime
from sidecar.runtime.integration_calls import call
from sidecar.settings import Settings
folder, shop, ident, threads, times = sys.argv[1:]
settings = Settings(_env_file=None, data_dir=folder, log_level="ERROR", integrations_allow_private=True)
rt = open_runtime(settings, {})
done = []
def work():
    for _ in range(int(times)):
        try:
            done.append(str(call(rt, shop, ident, "GET", "/userinfo").status))
        except Exception as error:
            done.append(getattr(error, "code", repr(error)))
print("ready", flush=True)
sys.stdin.readline()
all_ = [threading.Thread(target=work) for _ in range(int(threads))]
[one.start() for one in all_]
[one.join() for one in all_]
print(" ".join(done))
rt.close()
"""


def in_processes(rt: Runtime, ident: str, processes: int, threads: int, times: int) -> list[str]:
    """What calls of several processes at once came to: statuses and error codes."""
    command = [sys.executable, "-c", CALLS, str(rt.settings.data_dir), SHOP, ident, str(threads), str(times)]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(processes)
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    outputs = []
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in started:
        outputs.append(process.communicate(timeout=90)[0])
        assert process.returncode == 0
    return " ".join(outputs).split()


def test_of_two_processes_one_renews_and_all_go_on(rt: Runtime, provider: Provider) -> None:
    ident, provider.token_delay_s = connected(rt, provider, ends_in=10), 0.7
    results = in_processes(rt, ident, processes=2, threads=4, times=2)
    assert results == ["200"] * 16
    # A second renewal with the rotated token would have ended the family at this provider.
    assert (provider.refreshes, provider.most_at_once) == (1, 1)


def test_a_renewal_that_died_holds_the_others_up_for_its_lease_only(
    rt: Runtime, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sidecar.db import lease

    ident = connected(rt, provider, ends_in=10)
    assert lease.take(rt.db.app, SHOP, f"link/{ident}", "dead", now=now(), seconds=2)
    begun = time.monotonic()
    assert call(rt, SHOP, ident, "GET", "/userinfo").status == 200
    assert time.monotonic() - begun > 0.9
    monkeypatch.setattr(oauth_code, "LEASE_WAIT_S", 0.3)
    assert lease.take(rt.db.app, SHOP, f"link/{ident}", "slow", now=now(), seconds=60)
    provider.access.clear()
    assert code_of(lambda: call(rt, SHOP, ident, "GET", "/userinfo")) == "integration_busy"


# --- budget -----------------------------------------------------------------------------------------------


def away_from_the_minutes_end() -> None:
    """A budget slides over minutes; a test that counts exactly stays within one."""
    if (left := 60 - time.time() % 60) < 20:
        time.sleep(left)


def test_the_budget_holds_for_all_processes_together(rt: Runtime, provider: Provider) -> None:
    ident = by_key(rt, provider, rate_per_minute=15)
    away_from_the_minutes_end()
    results = in_processes(rt, ident, processes=2, threads=3, times=5)
    assert sorted(results) == ["200"] * 15 + ["integration_budget"] * 15
    assert len(provider.seen) == 15
    found = health(rt, ident)
    assert (found["calls_today"], found["refused_today"], found["failed_today"]) == (15, 15, 0)
    assert found["used_this_minute"] == 15


def test_the_budget_slides(rt: Runtime, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    ident, minute = by_key(rt, provider, rate_per_minute=6), now() // 60 * 60
    clock = [minute + 59]
    monkeypatch.setattr(integration_calls, "now", lambda: clock[0])
    for _ in range(6):
        call(rt, SHOP, ident, "GET", "/userinfo")
    clock[0] = minute + 61  # a fixed window would let six more pass within two seconds
    with pytest.raises(Refused) as caught:
        call(rt, SHOP, ident, "GET", "/userinfo")
    wait = caught.value.details["retry_after"]
    assert isinstance(wait, int)
    clock[0] += wait - 1
    assert code_of(lambda: call(rt, SHOP, ident, "GET", "/userinfo")) == "integration_budget"
    clock[0] += 1
    assert call(rt, SHOP, ident, "GET", "/userinfo").status == 200
    clock[0] = minute + 300
    for _ in range(6):
        call(rt, SHOP, ident, "GET", "/userinfo")


@pytest.mark.parametrize("server", ["mariadb", "postgresql"])
def test_budget_and_renewal_on_other_databases(
    server: str, request: pytest.FixtureRequest, tmp_path: Path, provider: Provider
) -> None:
    url = request.getfixturevalue(server)
    with no_devskyy_environment():
        settings = settings_in(
            tmp_path, integrations_allow_private=True, database_url=url % "app", mirror_url=url % "mirror"
        )
        one, two = (open_runtime(settings, tiny_registry(), migrate=False) for _ in range(2))
    upgrade_all(one.db)
    try:
        ident, provider.token_delay_s = connected(one, provider, ends_in=10), 0.3
        with write(one.db.app) as conn:
            conn.execute(update(table).values(rate_per_minute=20))
        away_from_the_minutes_end()

        def work(rt: Runtime) -> str:
            try:
                return str(call(rt, SHOP, ident, "GET", "/userinfo").status)
            except DevSkyyError as error:
                return error.code

        with ThreadPoolExecutor(6) as pool:
            results = list(pool.map(work, [one, two] * 15))
        assert sorted(results) == ["200"] * 20 + ["integration_budget"] * 10
        assert (provider.refreshes, len(provider.seen)) == (1, 20)
        found = health(one, ident)
        assert (found["calls_today"], found["refused_today"]) == (20, 10)
    finally:
        empty_tables(one.db)
        one.close()
        two.close()


# --- retries and circuit ----------------------------------------------------------------------------------


def test_idempotent_calls_are_tried_again_and_others_are_not(rt: Runtime, provider: Provider) -> None:
    ident = by_key(rt, provider)
    provider.script = [(503, {}), (500, {})]
    assert call(rt, SHOP, ident, "PUT", "/things/1", body={"a": 1}).status == 200
    assert [seen["method"] for seen in provider.seen] == ["PUT"] * 3
    provider.script = [(500, {})]
    assert code_of(lambda: call(rt, SHOP, ident, "POST", "/things")) == "integration_server_error"
    assert len(provider.seen) == 4
    provider.script = [(500, {})]
    keyed = {"Idempotency-Key": "k1"}
    assert call(rt, SHOP, ident, "POST", "/things", headers=keyed, repeatable=True).status == 200
    provider.script = [(500, {})] * 4
    assert code_of(lambda: call(rt, SHOP, ident, "GET", "/things")) == "integration_server_error"
    assert len(provider.script) == 1
    found = health(rt, ident)
    assert (found["calls_today"], found["failed_today"], found["failures"]) == (9, 7, 3)


def test_404_is_an_answer_and_no_failure(rt: Runtime, provider: Provider) -> None:
    ident = by_key(rt, provider)
    assert call(rt, SHOP, ident, "GET", "/missing").status == 404
    found = health(rt, ident)
    assert (found["state"], found["failures"], found["failed_today"]) == ("connected", 0, 0)
    integrations.edit(rt, SHOP, ident, {"health_path": "/missing"}, {}, None)
    assert check(rt, SHOP, ident, None)["error"]["code"] == "health_path"


def test_a_short_retry_after_is_waited_for(rt: Runtime, provider: Provider) -> None:
    ident, provider.script = by_key(rt, provider), [(429, {"Retry-After": "1"})]
    begun = time.monotonic()
    assert call(rt, SHOP, ident, "GET", "/userinfo").status == 200
    assert 1.0 <= time.monotonic() - begun < 5
    found = health(rt, ident)
    assert (found["state"], found["failures"], found["last_error"]["code"]) == (
        "connected",
        0,
        "rate_limited",
    )


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_long_retry_after_keeps_every_process_away(rt: Runtime, provider: Provider, form: str) -> None:
    ident = by_key(rt, provider)
    when = format_datetime(datetime.now(UTC) + timedelta(seconds=120), usegmt=True)
    provider.script = [(429, {"Retry-After": "120" if form == "seconds" else when})]
    assert code_of(lambda: call(rt, SHOP, ident, "GET", "/userinfo")) == "integration_rate_limited"
    with no_devskyy_environment():
        other = open_runtime(rt.settings, tiny_registry(), migrate=False)
    with pytest.raises(Refused) as caught:
        call(other, SHOP, ident, "GET", "/userinfo")
    other.close()
    assert caught.value.code == "integration_paused"
    assert 110 <= int(str(caught.value.details["retry_after"])) <= 122
    assert len(provider.seen) == 1


def test_the_circuit_opens_lets_one_try_and_closes(
    rt: Runtime, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    ident, clock = by_key(rt, provider), [now()]
    for module in (integration_calls, integrations):
        monkeypatch.setattr(module, "now", lambda: clock[0])
    provider.script = [(500, {})] * 6
    for _ in range(5):
        assert code_of(lambda: call(rt, SHOP, ident, "POST", "/things")) == "integration_server_error"
    assert health(rt, ident)["state"] == "failing"
    assert code_of(lambda: call(rt, SHOP, ident, "GET", "/userinfo")) == "integration_paused"
    assert len(provider.seen) == 5
    clock[0] += 31  # the one try fails: closed for twice as long
    assert code_of(lambda: call(rt, SHOP, ident, "POST", "/things")) == "integration_server_error"
    clock[0] += 31
    assert code_of(lambda: call(rt, SHOP, ident, "POST", "/things")) == "integration_paused"
    clock[0] += 30
    gate = threading.Barrier(6)

    def work(_: int) -> str:
        gate.wait()
        try:
            return str(call(rt, SHOP, ident, "GET", "/userinfo").status)
        except Refused as error:
            return error.code

    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(work, range(6)))
    assert "200" in results  # the rest came before or after its answer
    found = health(rt, ident)
    assert (found["state"], found["failures"], "retry_at" in found) == ("connected", 0, False)


def test_a_check_looks_through_an_open_circuit(rt: Runtime, provider: Provider) -> None:
    ident = by_key(rt, provider)
    with write(rt.db.app) as conn:
        conn.execute(update(table).values(retry_at=now() + 900, state="failing", failures=9))
    assert check(rt, SHOP, ident, None)["works"] is True
    assert health(rt, ident)["state"] == "connected"


def test_a_service_that_is_gone_is_unreachable(rt: Runtime) -> None:
    with running() as provider:
        ident = by_key(rt, provider)
    assert code_of(lambda: call(rt, SHOP, ident, "POST", "/x")) == "integration_unreachable"
    assert "up" in health(rt, ident)["last_error"]["hint"]


def test_figures_of_many_callers_add_up(rt: Runtime, provider: Provider) -> None:
    ident = by_key(rt, provider)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: call(rt, SHOP, ident, "GET", "/userinfo"), range(40)))
    found = health(rt, ident)
    assert (found["calls_today"], found["failed_today"]) == (40, 0)
    assert found["mean_ms"] >= 0


# --- where calls go ---------------------------------------------------------------------------------------


def test_addresses_under_the_base_are_reached() -> None:
    assert bound(BASE, "/users", None) == f"{BASE}/users"
    assert bound(BASE, "users?a=1", {"b": "x y"}) == f"{BASE}/users?a=1&b=x+y"
    assert bound(BASE, f"{BASE}/users/5", None) == f"{BASE}/users/5"
    assert bound("https://api.example.com", "/", None) == "https://api.example.com/"


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/v2/users", "https://api.example.com.evil.example/v2/x", "//evil.example/x",
        "https://api.example.com/v1/users", "https://api.example.com/v20/users", "/../v1/users",
        "/a/%2e%2e/b", "/a/%252e%252e/b", "/..\\x", "http://api.example.com/v2/x", "https://api.example.com:444/v2/x",
        "https://a@api.example.com/v2/x", "/x#y", "/x y", "/x\r\nHost: evil.example", "https://[/v2/x",
        "/é", "https://api.example.com@evil.example/v2",
    ],
)  # fmt: skip
def test_addresses_elsewhere_are_refused(address: str) -> None:
    with pytest.raises(Invalid) as caught:
        bound(BASE, address, None)
    assert caught.value.code == "address_outside"


def test_a_call_cannot_set_the_credentials_header_or_the_host(rt: Runtime, provider: Provider) -> None:
    ident = by_key(rt, provider)
    headers = {"x-key": "mine", "HOST": "evil.example", "X-Other": "kept"}
    assert call(rt, SHOP, ident, "GET", "/userinfo", headers=headers).status == 200
    head = {name.lower(): value for name, value in provider.seen[0]["head"].items()}
    assert (head["x-key"], head["x-other"]) == (f"Token {KEY}", "kept")
    assert head["host"].startswith("127.0.0.1")


def test_an_address_of_odd_form_is_the_callers_mistake(rt: Runtime, provider: Provider) -> None:
    ident = by_key(rt, provider)
    for path in ("/a^b", "/" + "x" * 500):
        assert code_of(lambda path=path: call(rt, SHOP, ident, "GET", path)) == "address_refused"
    found = health(rt, ident)
    assert (found["failures"], found["calls_today"], provider.seen) == (0, 0, [])


def test_redirects_lead_nowhere(rt: Runtime, provider: Provider) -> None:
    ident, provider.script = by_key(rt, provider), [(302, {"Location": "/api/userinfo"})]
    assert call(rt, SHOP, ident, "GET", "/x").status == 302
    assert len(provider.seen) == 1


def test_other_shops_and_unknown_methods(rt: Runtime, provider: Provider) -> None:
    ident = by_key(rt, provider)
    with pytest.raises(NotFound):
        call(rt, "other", ident, "GET", "/userinfo")
    with pytest.raises(Invalid):
        call(rt, SHOP, ident, "CONNECT", "/userinfo")
    assert provider.seen == []


def test_an_unconnected_service_says_so(rt: Runtime, provider: Provider) -> None:
    config = {"token_url": f"{provider.url}/oauth/token", "client_id": "x", "client_auth": "basic"}
    ident = by_key(rt, provider, kind="oauth2", config=config, credentials={})
    assert code_of(lambda: call(rt, SHOP, ident, "GET", "/userinfo")) == "integration_not_connected"


def test_credentials_are_sealed_to_their_row(rt: Runtime, provider: Provider) -> None:
    one, two = by_key(rt, provider), by_key(rt, provider, name="Second")
    from sidecar.db.app import secrets

    with write(rt.db.app) as conn:
        sealed = conn.execute(select(secrets.c.sealed).where(secrets.c.name == f"link/{one}")).scalar_one()
        conn.execute(update(secrets).where(secrets.c.name == f"link/{two}").values(sealed=sealed))
    with pytest.raises(Unavailable) as caught:
        call(rt, SHOP, two, "GET", "/userinfo")
    assert caught.value.code == "sealing_key_wrong"


def test_removing_while_a_call_is_under_way(rt: Runtime, provider: Provider) -> None:
    ident = connected(rt, provider, ends_in=10)
    provider.token_delay_s = 0.5
    with ThreadPoolExecutor(2) as pool:
        calling = pool.submit(call, rt, SHOP, ident, "GET", "/userinfo")
        time.sleep(0.15)
        removed = pool.submit(oauth_code.disconnect, rt, SHOP, ident, None)
        assert removed.result() == {"revoked": False}
        assert calling.exception() is None or isinstance(calling.exception(), DevSkyyError)
    with read(rt.db.app) as conn, pytest.raises(NotFound):
        integrations.load(conn, SHOP, ident)
    from sidecar.db.app import secrets

    with read(rt.db.app) as conn:
        names = conn.execute(select(secrets.c.name).where(secrets.c.name.like("link/%"))).all()
    assert names == []
