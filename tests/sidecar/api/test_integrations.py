"""Connected services over the API, against a real OAuth 2 provider."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from sqlalchemy import select, update

from sidecar.app import create_app
from sidecar.db import read, write
from sidecar.db.app import audit
from sidecar.db.outgoing import integrations as table
from sidecar.db.outgoing import oauth_states
from sidecar.security.roles import SCOPES
from tests.sidecar.api.test_access import key_of
from tests.sidecar.kit import ANNA, ERIC, Plugin, no_devskyy_environment, settings_in, tiny_registry
from tests.sidecar.provider import (
    CLIENT_SECRET,
    KEY,
    PASSWORD,
    USER,
    Provider,
    body,
    by_key,
    oauth,
    running,
)

PATH = "/api/v1/integrations"
BACK = "http://shop.test/wp-admin/admin.php?page=devskyy"
BERT = {"id": 8, "login": "bert", "caps": ["manage_woocommerce"]}


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    """An app that may reach services on this machine and logs everything."""
    with no_devskyy_environment():
        settings = settings_in(tmp_path, integrations_allow_private=True, log_level="DEBUG")
        made = create_app(settings, tiny_registry())
    yield made
    made.extensions["devskyy"].close()


@pytest.fixture
def provider() -> Iterator[Provider]:
    """The service."""
    with running() as found:
        yield found


def ask(plugin: Plugin, method: str, path: str = "", given: Any = None, who: Any = ANNA) -> Any:
    """A person's request."""
    return plugin.send(method, PATH + path, given, who=who)


def made(plugin: Plugin, given: dict[str, Any]) -> dict[str, Any]:
    """A new integration."""
    answer = ask(plugin, "POST", "", given)
    assert answer.status_code == 201, answer.data
    found: dict[str, Any] = answer.json["integration"]
    return found


def begin(plugin: Plugin, ident: str, who: Any = ANNA) -> str:
    """The address where the person says yes."""
    answer = ask(plugin, "POST", f"/{ident}/authorize", {"redirect_uri": BACK}, who)
    assert answer.status_code == 200, answer.data
    return str(answer.json["url"])


def finish(plugin: Plugin, ident: str, back: dict[str, str], who: Any = ANNA) -> tuple[int, str, Any]:
    """Status, error code and answer of the return."""
    answer = ask(plugin, "POST", f"/{ident}/callback", back, who)
    return answer.status_code, (answer.json.get("error") or {}).get("code", ""), answer.json


def connected(plugin: Plugin, provider: Provider, **more: Any) -> str:
    """The id of a service that is connected by OAuth 2."""
    ident = str(made(plugin, oauth(provider, **more))["id"])
    assert finish(plugin, ident, provider.allow(begin(plugin, ident)))[0] == 200
    return ident


def test_the_happy_way_connects_checks_and_revokes(plugin: Plugin, provider: Provider) -> None:
    provider.send_iss = provider.url
    ident = made(plugin, oauth(provider, oauth2={"params": {"prompt": "consent"}}))["id"]
    url = begin(plugin, ident)
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert url.startswith(f"{provider.url}/authorize?")
    assert query["state"].partition(".")[0] == ident  # the page of the return knows the service by it
    assert (query["prompt"], query["scope"], query["redirect_uri"]) == ("consent", "read", BACK)
    status, _, answer = finish(plugin, ident, provider.allow(url))
    assert (status, answer["integration"]["state"]) == (200, "connected")
    assert "token_expires_at" in answer["integration"]

    checked = ask(plugin, "POST", f"/{ident}/check").json
    assert (checked["works"], checked["status"]) == (True, 200)
    found = checked["integration"]["health"]
    assert (found["calls_today"], found["used_this_minute"]) == (1, 1)
    assert found["last_used_at"] == found["last_ok_at"]
    assert plugin.get("/api/v1/status").json["integrations"][0]["state"] == "connected"

    (token,) = provider.refresh
    assert ask(plugin, "DELETE", f"/{ident}").json == {"ok": True, "revoked": True}
    assert (provider.revoked, provider.access) == ([token], {})
    assert plugin.get(f"{PATH}/{ident}").status_code == 404
    with read(plugin.rt.db.app) as conn:
        names = conn.execute(select(audit.c.action).where(audit.c.action.like("integration.%"))).scalars()
        assert list(names) == [
            f"integration.{word}" for word in ("made", "authorize", "connected", "checked", "removed")
        ]


def test_a_client_secret_in_the_body_works_too(plugin: Plugin, provider: Provider) -> None:
    connected(plugin, provider, oauth2={"client_auth": "post"})


def test_a_new_client_secret_ends_no_connection(plugin: Plugin, provider: Provider) -> None:
    ident = made(plugin, oauth(provider))["id"]
    change = {"oauth2": {"client_secret": CLIENT_SECRET}}
    assert ask(plugin, "PATCH", f"/{ident}", change).json["integration"]["state"] == "new"
    ident = connected(plugin, provider, name="Other")
    assert ask(plugin, "PATCH", f"/{ident}", change).json["integration"]["state"] == "connected"
    assert ask(plugin, "POST", f"/{ident}/check").json["works"] is True


def test_a_wrong_verifier_gets_no_token(plugin: Plugin, provider: Provider) -> None:
    ident = made(plugin, oauth(provider))["id"]
    back = provider.allow(begin(plugin, ident))
    provider.codes[back["code"]]["code_challenge"] = "x" * 43
    status, code, answer = finish(plugin, ident, back)
    assert (status, code) == (409, "authorization_refused")
    assert answer["error"]["message"] == "The service refused: invalid_grant."
    assert plugin.get(f"{PATH}/{ident}").json["integration"]["state"] == "new"


def test_a_state_is_good_for_one_return(plugin: Plugin, provider: Provider) -> None:
    ident = made(plugin, oauth(provider))["id"]
    back = provider.allow(begin(plugin, ident))
    assert finish(plugin, ident, back)[0] == 200
    assert finish(plugin, ident, back)[:2] == (409, "state_unknown")
    assert finish(plugin, ident, {**back, "state": f"{ident}.made-up"})[:2] == (409, "state_unknown")


def test_a_failed_return_uses_its_state_up(plugin: Plugin, provider: Provider) -> None:
    ident = made(plugin, oauth(provider))["id"]
    back = provider.allow(begin(plugin, ident))
    denied = {"state": back["state"], "error": "access_denied"}
    assert finish(plugin, ident, denied)[:2] == (409, "authorization_refused")
    assert finish(plugin, ident, back)[:2] == (409, "state_unknown")


def test_a_return_after_ten_minutes_is_late(plugin: Plugin, provider: Provider) -> None:
    ident = made(plugin, oauth(provider))["id"]
    back = provider.allow(begin(plugin, ident))
    with write(plugin.rt.db.app) as conn:
        row = conn.execute(select(oauth_states)).mappings().one()
        assert row["expires_at"] - row["created_at"] == 600
        conn.execute(update(oauth_states).values(expires_at=row["created_at"] - 1))
    assert finish(plugin, ident, back)[:2] == (409, "state_expired")


def test_a_state_belongs_to_its_shop_service_and_person(plugin: Plugin, provider: Provider) -> None:
    ident = made(plugin, oauth(provider))["id"]
    other_service = made(plugin, oauth(provider, name="Second"))["id"]
    other_shop = Plugin(plugin.app)
    other_shop.home = "http://other.test"
    other_shop.pair()
    theirs = made(other_shop, oauth(provider))["id"]
    back = provider.allow(begin(plugin, ident))
    assert finish(other_shop, theirs, back)[:2] == (409, "state_unknown")
    assert finish(other_shop, ident, back)[:2] == (404, "not_found")
    assert finish(plugin, other_service, back)[:2] == (409, "state_unknown")
    assert finish(plugin, ident, back)[0] == 200  # the others' tries used nothing up
    back = provider.allow(begin(plugin, ident))
    assert finish(plugin, ident, back, BERT)[:2] == (403, "state_of_another")
    assert finish(plugin, ident, back)[:2] == (409, "state_unknown")


def test_mixed_up_issuers_are_refused(plugin: Plugin, provider: Provider) -> None:
    ident = made(plugin, oauth(provider))["id"]
    provider.send_iss = "https://evil.example"
    assert finish(plugin, ident, provider.allow(begin(plugin, ident)))[:2] == (409, "issuer_mixed_up")
    named = made(plugin, oauth(provider, name="Named", oauth2={"issuer": "https://id.example/shop"}))["id"]
    for sent in (None, "https://id.example", "https://id.example/shop/"):
        provider.send_iss = sent
        assert finish(plugin, named, provider.allow(begin(plugin, named)))[:2] == (409, "issuer_mixed_up")
    provider.send_iss = "https://id.example/shop"
    assert finish(plugin, named, provider.allow(begin(plugin, named)))[0] == 200


@pytest.mark.parametrize(
    "address",
    [
        "http://shop.test.evil.example/wp-admin/", "http://shop.test/elsewhere", "https://shop.test/elsewhere",
        "https://shop.test.evil.example/wp-admin/", "https://shop.test:443/wp-admin/",
        "ftp://shop.test/wp-admin/", "http://shop.test:81/wp-admin/", "http://a@shop.test/wp-admin/", "http://shop.test/wp-admin/#x",
        "http://shop.test/wp-admin/../x", "http://shop.test/wp-admin/%2e%2e/x",
        "javascript:alert(1)//wp-admin/",
        "http://shop.test\\@evil.example/wp-admin/", "http://[shop.test/wp-admin/", "/wp-admin/admin.php",
    ],
)  # fmt: skip
def test_the_way_back_leads_to_the_shops_own_wp_admin(
    plugin: Plugin, provider: Provider, address: str
) -> None:
    ident = made(plugin, oauth(provider))["id"]
    answer = ask(plugin, "POST", f"/{ident}/authorize", {"redirect_uri": address})
    assert answer.status_code == 422
    assert "redirect_uri" in answer.json["error"]["fields"]


def test_wordpress_in_a_folder_has_its_wp_admin_there(plugin: Plugin, provider: Provider) -> None:
    ident = made(plugin, oauth(provider))["id"]
    back = "http://shop.test/wp/wp-admin/admin.php"
    assert ask(plugin, "POST", f"/{ident}/authorize", {"redirect_uri": back}).status_code == 200


def test_a_shop_on_http_may_have_its_wp_admin_on_https(plugin: Plugin, provider: Provider) -> None:
    ident = made(plugin, oauth(provider))["id"]
    back = BACK.replace("http:", "https:")
    asked = ask(plugin, "POST", f"/{ident}/authorize", {"redirect_uri": back})
    assert asked.status_code == 200
    assert parse_qs(urlsplit(asked.json["url"]).query)["redirect_uri"] == [back]
    plugin.home = "https://shop.test"
    moved = plugin.send("POST", "/api/v1/pairing/site", {"decision": "moved"}, who=ANNA)
    assert moved.status_code == 200
    asked = ask(plugin, "POST", f"/{ident}/authorize", {"redirect_uri": BACK})
    assert (asked.status_code, list(asked.json["error"]["fields"])) == (422, ["redirect_uri"])


def test_a_provider_that_is_away_or_talks_nonsense(plugin: Plugin, provider: Provider) -> None:
    ident = made(plugin, oauth(provider))["id"]
    cases = [(503, None, 503, "integration_failing"), (200, b"<html>", 502, "token_answer_broken"),
             (200, b"[1]", 502, "token_answer_broken"), (200, b'"x"', 502, "token_answer_broken"),
             (200, b'{"access_token": 5, "token_type": "Bearer"}', 502, "token_answer_broken"),
             (200, b'{"access_token": "a b", "token_type": "Bearer"}', 502, "token_answer_broken"),
             (200, b'{"access_token": "a", "token_type": "mac"}', 502, "token_answer_broken"),
             (200, b'{"access_token": "a", "token_type": "Bearer", "expires_in": []}', 502,
              "token_answer_broken"),
             (400, b'{"error": ["x"]}', 409, "authorization_refused"),
             (400, b'{"error": "at-12345 BEARER"}', 409, "authorization_refused")]  # fmt: skip
    for status, raw, wanted, code in cases:
        back = provider.allow(begin(plugin, ident))
        provider.token_status, provider.token_body = status, raw
        got = finish(plugin, ident, back)
        assert got[:2] == (wanted, code), raw
        assert "at-12345" not in json.dumps(got[2])
        provider.token_status, provider.token_body = 200, None
    shown = plugin.get(f"{PATH}/{ident}").json["integration"]
    assert shown["health"]["last_error"]["hint"]
    assert shown["state"] != "connected"


def test_a_wrong_client_secret_is_named(plugin: Plugin, provider: Provider) -> None:
    ident = made(plugin, oauth(provider, oauth2={"client_secret": "wrong"}))["id"]
    status, code, answer = finish(plugin, ident, provider.allow(begin(plugin, ident)))
    assert (status, code) == (409, "authorization_refused")
    assert "client secret" in answer["error"]["hint"]
    assert ask(plugin, "PATCH", f"/{ident}", {"oauth2": {"client_secret": CLIENT_SECRET}}).status_code == 200
    assert finish(plugin, ident, provider.allow(begin(plugin, ident)))[0] == 200


def test_keys_and_passwords_open_services_too(plugin: Plugin, provider: Provider) -> None:
    first = made(plugin, by_key(provider))["id"]
    second = made(plugin, body(provider, name="B", basic={"username": USER, "password": PASSWORD}))["id"]
    for ident in (first, second):
        assert ask(plugin, "POST", f"/{ident}/check").json["works"] is True
        answer = ask(plugin, "POST", f"/{ident}/authorize", {"redirect_uri": BACK})
        assert (answer.status_code, answer.json["error"]["code"]) == (409, "not_oauth2")


def test_a_refused_key_fails_with_a_hint_and_a_new_one_mends_it(plugin: Plugin, provider: Provider) -> None:
    ident = made(plugin, {**by_key(provider), "api_key": {"key": "old", "header": "X-Key"}})["id"]
    checked = ask(plugin, "POST", f"/{ident}/check").json
    assert (checked["works"], checked["error"]["code"]) == (False, "integration_credentials_refused")
    assert checked["integration"]["state"] == "failing"
    assert checked["integration"]["health"]["last_error"]["hint"] == "Enter new credentials for the service."
    changed = ask(plugin, "PATCH", f"/{ident}", {"api_key": {"key": KEY, "prefix": "Token "}})
    assert changed.json["integration"]["config"] == {"header": "X-Key", "prefix": "Token "}
    assert ask(plugin, "POST", f"/{ident}/check").json["works"] is True


def test_the_base_url_is_judged(plugin: Plugin, provider: Provider) -> None:
    for bad in ("http://169.254.169.254/latest", "ftp://x.example/", "https://a:b@x.example", "https://x.example/#a",
                "https://x.example/?a=1", "https://", "http://public.example/"):  # fmt: skip
        given = {**by_key(provider), "base_url": bad}
        answer = ask(plugin, "POST", "", given)
        if bad == "http://public.example/":
            assert answer.status_code == 201  # its name may be private: judged when it is resolved
        else:
            assert (answer.status_code, bool(answer.json["error"]["fields"])) == (422, True), bad
    bad_token = oauth(provider, oauth2={"token_url": "http://169.254.169.254/token"})
    assert ask(plugin, "POST", "", bad_token).status_code == 422


def test_private_addresses_are_refused_by_default(tmp_path: Path, provider: Provider) -> None:
    with no_devskyy_environment():
        app = create_app(settings_in(tmp_path / "closed"), tiny_registry())
    plugin = Plugin(app).pair()
    answer = ask(plugin, "POST", "", by_key(provider))
    assert (answer.status_code, list(answer.json["error"]["fields"])) == (422, ["base_url"])
    assert "DEVSKYY_INTEGRATIONS_ALLOW_PRIVATE" in answer.json["error"]["hint"]
    app.extensions["devskyy"].close()


@pytest.mark.parametrize(
    "change",
    [
        {"api_key": {"key": "a\r\nX: y"}}, {"api_key": {"key": "a", "header": "Host"}}, {"api_key": None},
        {"api_key": {"key": "a", "prefix": "a\n"}}, {"api_key": {"key": "a", "header": "X Y"}},
        {"basic": {"username": "a", "password": "b"}}, {"rate_per_minute": 0}, {"provider": "A B"},
        {"provider": 5}, {"health_path": "no-slash"}, {"health_path": "/a b"}, {"extra": 1}, {"name": ""},
        {"api_key": {"key": "x" * 4_001}}, {"base_url": "https://x.example/" + "y" * 400},
        {"api_key": None, "oauth2": {"authorize_url": "https://a.example", "token_url": "https://a.example",
                                     "client_id": "a", "params": {"state": "mine"}}},
    ],
)  # fmt: skip
def test_bad_input_is_refused_without_echo(
    plugin: Plugin, provider: Provider, change: dict[str, Any]
) -> None:
    answer = ask(plugin, "POST", "", {**by_key(provider), **change})
    assert answer.status_code == 422
    assert answer.json["error"]["fields"]
    assert KEY not in answer.text


def test_only_a_person_writes_and_no_scope_does(plugin: Plugin, provider: Provider) -> None:
    ident = made(plugin, by_key(provider))["id"]
    head = key_of(plugin, *SCOPES)
    writes = [("POST", "", by_key(provider)), ("PATCH", f"/{ident}", {"name": "x"}),
              ("DELETE", f"/{ident}", None),
              ("POST", f"/{ident}/authorize", {"redirect_uri": BACK}), ("POST", f"/{ident}/check", None),
              ("POST", f"/{ident}/callback", {"state": "x"})]  # fmt: skip
    for method, path, given in writes:
        assert plugin.client.open(PATH + path, method=method, json=given, headers=head).status_code == 403
        assert ask(plugin, method, path, given, ERIC).status_code == 403
        assert ask(plugin, method, path, given, None).status_code == 403
    assert plugin.client.get(PATH, headers=head).status_code == 200
    assert plugin.client.get(PATH, headers=key_of(plugin, "runs:read")).status_code == 403
    assert plugin.client.get(PATH).status_code == 401


def test_another_shop_sees_and_changes_nothing(plugin: Plugin, provider: Provider) -> None:
    ident = made(plugin, by_key(provider))["id"]
    other = Plugin(plugin.app)
    other.home = "http://other.test"
    other.pair()
    assert other.get(PATH).json["items"] == []
    for method, path, given in (("GET", "", None), ("PATCH", "", {"name": "x"}), ("DELETE", "", None),
                                ("POST", "/check", None)):  # fmt: skip
        assert ask(other, method, f"/{ident}{path}", given).status_code == 404
    assert plugin.get(f"{PATH}/{ident}").json["integration"]["name"] == "Main"


def test_names_are_taken_once_and_changes_are_kept(plugin: Plugin, provider: Provider) -> None:
    ident = made(plugin, by_key(provider))["id"]
    other = made(plugin, by_key(provider, name="Second"))["id"]
    twice = ask(plugin, "POST", "", by_key(provider))
    assert (twice.status_code, twice.json["error"]["code"]) == (409, "integration_exists")
    taken = ask(plugin, "PATCH", f"/{other}", {"name": "Main"})
    assert (taken.status_code, taken.json["error"]["code"]) == (409, "integration_exists")
    changed = ask(plugin, "PATCH", f"/{ident}", {"rate_per_minute": 7, "health_path": "/x", "name": "Main"})
    kept = changed.json["integration"]
    assert (kept["rate_per_minute"], kept["health_path"], kept["name"]) == (7, "/x", "Main")
    wrong = ask(plugin, "PATCH", f"/{ident}", {"basic": {"username": "a", "password": "b"}})
    assert (wrong.status_code, list(wrong.json["error"]["fields"])) == (422, ["basic"])
    assert ask(plugin, "PATCH", f"/{ident}", {"base_url": "https://evil.example"}).status_code == 422


def test_forgetting_works_while_the_provider_is_away(plugin: Plugin, provider: Provider) -> None:
    ident = connected(plugin, provider, oauth2={"revoke_url": "http://127.0.0.1:9999/gone"})
    assert ask(plugin, "DELETE", f"/{ident}").json == {"ok": True, "revoked": False}
    assert plugin.get(PATH).json["total"] == 0


def test_no_secret_is_in_any_answer_log_or_row(
    plugin: Plugin, provider: Provider, tmp_path: Path, capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG)
    said: list[str] = []
    ident = connected(plugin, provider)
    key = made(plugin, by_key(provider, name="Key"))["id"]
    basic = made(plugin, body(provider, name="B", basic={"username": USER, "password": PASSWORD}))["id"]
    provider.access.clear()  # the service forgot the token: refresh
    for one in (ident, key, basic):
        provider.script = [(500, {})]
        said += [ask(plugin, "POST", f"/{one}/check").text, plugin.get(f"{PATH}/{one}").text]
    provider.refresh.clear()
    provider.access.clear()
    said += [ask(plugin, "POST", f"/{ident}/check").text, plugin.get("/api/v1/status").text]
    said += [plugin.get("/api/v1/audit").text, plugin.client.get("/openapi.json").text, plugin.get(PATH).text]
    with write(plugin.rt.db.app) as conn:
        conn.execute(update(table).values(updated_at=1))
    files = b"".join(path.read_bytes() for path in sorted(tmp_path.glob("*.sqlite3*")))
    out = capfd.readouterr()
    planted = provider.secrets_given()
    assert len(planted) >= 4
    for secret in planted:
        assert not any(secret in text or json.dumps(secret)[1:-1] in text for text in said)
        assert secret not in out.out + out.err + caplog.text
        assert secret.encode() not in files
    assert re.search(r"integrations", out.err + caplog.text)  # the log was on
