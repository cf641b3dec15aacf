"""Who may call: signatures, pairing, API keys."""

from __future__ import annotations

import time
import uuid
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from sidecar.app import create_app
from sidecar.runtime.pairing import new_code
from sidecar.security.apikeys import create_key
from sidecar.security.roles import SCOPES
from sidecar.security.tokens import b64encode
from tests.sidecar.kit import ANNA, ERIC, Plugin, no_devskyy_environment, settings_in, tiny_registry

STATUS = "/api/v1/status"


def call(plugin: Plugin, token: str, method: str = "GET", path: str = STATUS, **more: Any) -> tuple[int, str]:
    """Status and error code of a request with a token."""
    answer = plugin.client.open(path, method=method, headers={"Authorization": f"Bearer {token}"}, **more)
    return answer.status_code, (answer.get_json().get("error") or {}).get("code", "")


def test_a_good_signature_is_let_in(plugin: Plugin) -> None:
    assert call(plugin, plugin.token("GET", STATUS)) == (200, "")


def test_bad_signatures_are_refused_by_name(plugin: Plugin) -> None:
    now = int(time.time())
    cases = {
        "signature_invalid": plugin.token("GET", STATUS, key=b"x" * 32),
        "request_altered": plugin.token("GET", "/api/v1/agents"),
        "shop_unpaired": plugin.token("GET", STATUS, aud=str(uuid.uuid4())),
        "clock_skew": plugin.token("GET", STATUS, now=now - 3_600),
        "signature_expired": plugin.token("GET", STATUS, now=now - 3 * 86_400),
    }
    for code, token in cases.items():
        assert call(plugin, token) == (401, code)
    assert call(plugin, plugin.token("GET", STATUS, iss="sidecar")) == (401, "signature_invalid")
    assert call(plugin, plugin.token("POST", STATUS)) == (401, "request_altered")
    assert call(plugin, "nonsense") == (401, "signature_invalid")


def test_a_body_or_query_that_was_changed_is_refused(plugin: Plugin) -> None:
    token = plugin.token("POST", "/api/v1/sync", b'{"full": true}')
    got = call(
        plugin, token, "POST", "/api/v1/sync", data=b'{"full": false}', content_type="application/json"
    )
    assert got == (401, "request_altered")
    assert call(plugin, plugin.token("GET", "/api/v1/runs?limit=5"), path="/api/v1/runs?limit=6") == (
        401,
        "request_altered",
    )
    assert call(
        plugin, plugin.token("GET", "/api/v1/runs?agent=a%20b&limit=5"), path="/api/v1/runs?limit=5&agent=a+b"
    ) == (200, "")


def test_a_second_use_is_a_replay_in_every_process(plugin: Plugin, tmp_path: Path) -> None:
    other = create_app(settings_in(tmp_path), tiny_registry())
    token = plugin.token("POST", "/api/v1/sync")
    first = plugin.client.post("/api/v1/sync", headers={"Authorization": f"Bearer {token}"})
    second = other.test_client().post("/api/v1/sync", headers={"Authorization": f"Bearer {token}"})
    assert (first.status_code, second.status_code) == (202, 409)
    assert second.json["error"]["code"] == "replayed"
    other.extensions["devskyy"].close()


def test_a_clone_is_refused_and_a_moved_shop_confirmed(plugin: Plugin) -> None:
    plugin.home = "http://staging.test"
    assert call(plugin, plugin.token("GET", STATUS)) == (409, "site_changed")
    clone = plugin.token("GET", STATUS, claims={"site": str(uuid.uuid4()), "home": "http://shop.test"})
    assert call(plugin, clone) == (409, "site_changed")
    assert plugin.send("POST", "/api/v1/pairing/site", {"decision": "moved"}, who=ERIC).status_code == 403
    assert plugin.send("POST", "/api/v1/pairing/site", {"decision": "moved"}, who=ANNA).status_code == 200
    answer = plugin.get(STATUS)
    assert (answer.status_code, answer.json["shop"]["home_url"]) == (200, "http://staging.test")


def test_an_old_plugin_is_told_to_update(plugin: Plugin) -> None:
    token = plugin.token("GET", STATUS)
    head = {"Authorization": f"Bearer {token}", "X-DevSkyy-Version": "0.0.9"}
    answer = plugin.client.get(STATUS, headers=head)
    assert (answer.status_code, answer.json["error"]["code"]) == (426, "version_unsupported")


def test_pairing_codes_hold_once(app: Flask) -> None:
    plugin = Plugin(app)

    def pair(code: str | None, **more: Any) -> tuple[int, str]:
        answer = plugin.client.post("/api/v1/pairing", json=plugin.pairing(code, **more))
        return answer.status_code, (answer.json.get("error") or {}).get("code", "")

    assert pair(None) == (401, "pairing_code_wrong")
    assert pair("ABCD-EFGH-JKMN") == (401, "pairing_code_wrong")
    code = new_code(plugin.rt)
    assert pair(code, versions={"plugin": "0.1.0", "wordpress": "7.1"}) == (422, "woocommerce_missing")
    old = {"plugin": "0.1.0", "wordpress": "7.1", "woocommerce": "9.0"}
    assert pair(code, versions=old) == (426, "version_unsupported")
    assert pair(code, home_url="not a url") == (422, "invalid")
    assert pair(code) == (201, "")
    assert pair(code) == (410, "pairing_code_expired")
    new_code(plugin.rt)
    assert [pair("ABCD-EFGH-JKMN")[1] for _ in range(6)] == ["pairing_code_wrong"] * 5 + ["pairing_locked"]


def test_pairing_again_keeps_the_shop_and_its_data(plugin: Plugin) -> None:
    first, secret = plugin.shop_id, plugin.secret
    proposal = plugin.proposal()
    plugin.pair()
    assert plugin.shop_id == first
    assert plugin.secret != secret
    assert plugin.get(f"/api/v1/proposals/{proposal['id']}").status_code == 200
    assert call(plugin, plugin.token("GET", STATUS, key=secret)) == (401, "signature_invalid")


def test_unpairing_ends_the_secret(plugin: Plugin) -> None:
    assert plugin.send("DELETE", "/api/v1/pairing").status_code == 403
    assert plugin.send("DELETE", "/api/v1/pairing", who=ANNA).status_code == 200
    assert call(plugin, plugin.token("GET", STATUS)) == (401, "shop_unpaired")


def test_pairing_by_the_shared_key(tmp_path: Path) -> None:
    key = bytes(range(40))
    with no_devskyy_environment():
        app = create_app(settings_in(tmp_path, pairing_key=b64encode(key)), tiny_registry())
    plugin = Plugin(app)
    wrong = plugin.send("POST", "/api/v1/pairing", plugin.pairing(None), aud="pairing", key=b"y" * 32)
    assert (wrong.status_code, wrong.json["error"]["code"]) == (401, "signature_invalid")
    assert plugin.send("POST", "/api/v1/pairing", plugin.pairing(None), aud="x", key=key).status_code == 401
    right = plugin.send("POST", "/api/v1/pairing", plugin.pairing(None), aud="pairing", key=key)
    assert (right.status_code, right.json["sidecar"]) == (201, {"version": "0.1.0", "min_plugin": "0.1.0"})
    app.extensions["devskyy"].close()


def key_of(plugin: Plugin, *scopes: str, **more: Any) -> dict[str, str]:
    """Headers with a fresh API key."""
    _, text = create_key(plugin.rt.db.app, plugin.shop_id, "script", scopes, now=int(time.time()), **more)
    return {"Authorization": f"Bearer {text}"}


def test_no_api_key_can_decide_whatever_its_scopes(plugin: Plugin) -> None:
    proposal, head = plugin.proposal(), key_of(plugin, *SCOPES)
    bodies = {
        "approve": {"digest": proposal["digest"]},
        "reject": {},
        "snooze": {"until": "2027-01-01T00:00:00Z"},
        "undo": {},
    }
    for action, body in bodies.items():
        answer = plugin.client.post(f"/api/v1/proposals/{proposal['id']}/{action}", json=body, headers=head)
        assert (answer.status_code, answer.json["error"]["code"]) == (403, "approval_needs_person")
    answer = plugin.client.put("/api/v1/agents/cut-price/settings", json={"enabled": False}, headers=head)
    assert answer.json["error"]["code"] == "approval_needs_person"
    for path, body in (("outcome", {"state": "applied", "at": "2026-01-01T00:00:00Z"}),):
        answer = plugin.client.post(f"/api/v1/proposals/{proposal['id']}/{path}", json=body, headers=head)
        assert answer.status_code == 401
    assert plugin.client.post("/api/v1/events", json={"events": []}, headers=head).status_code == 401
    assert plugin.get(f"/api/v1/proposals/{proposal['id']}").json["proposal"]["state"] == "pending"


@pytest.mark.parametrize(
    ("scope", "method", "path"),
    [
        ("agents:read", "GET", "/api/v1/agents"),
        ("runs:read", "GET", "/api/v1/runs"),
        ("runs:write", "POST", "/api/v1/agents/cut-price/runs"),
        ("proposals:read", "GET", "/api/v1/proposals"),
        ("status:read", "GET", "/api/v1/status"),
        ("sync:write", "POST", "/api/v1/sync"),
    ],
)
def test_a_key_does_what_its_scope_says_and_no_more(
    plugin: Plugin, scope: str, method: str, path: str
) -> None:
    allowed = plugin.client.open(path, method=method, headers=key_of(plugin, scope))
    assert allowed.status_code in (200, 202), allowed.json
    others = SCOPES.keys() - {scope}
    answer = plugin.client.open(path, method=method, headers=key_of(plugin, *others))
    assert (answer.status_code, answer.json["error"]["code"]) == (403, "scope_missing")


def test_keys_end(plugin: Plugin) -> None:
    expired = key_of(plugin, "status:read", expires_at=int(time.time()) - 1)
    assert plugin.client.get(STATUS, headers=expired).json["error"]["code"] == "api_key_expired"
    assert (
        plugin.client.get(STATUS, headers={"Authorization": "Bearer dsk_0_0"}).json["error"]["code"]
        == "api_key_wrong"
    )


def test_a_key_sees_only_its_own_shop(plugin: Plugin) -> None:
    proposal, other = plugin.proposal(), Plugin(plugin.app).pair()
    head = key_of(other, "proposals:read")
    assert plugin.client.get("/api/v1/proposals", headers=head).json["total"] == 0
    assert plugin.client.get(f"/api/v1/proposals/{proposal['id']}", headers=head).status_code == 404
    assert other.get(f"/api/v1/proposals/{proposal['id']}").status_code == 404
    assert other.decide(proposal, "approve", {"digest": proposal["digest"]}).status_code == 404


def test_docs_and_metrics_are_open_on_loopback_only(app: Flask, plugin: Plugin) -> None:
    client = app.test_client()
    far = {"environ_base": {"REMOTE_ADDR": "192.0.2.7"}, "base_url": "https://localhost"}

    def status(path: str, **more: Any) -> int:
        with client.get(path, **more) as answer:
            return int(answer.status_code)

    for path in ("/docs", "/openapi.json", "/metrics", "/docs/js/swagger-ui-bundle.js"):
        assert status(path) == 200
        assert status(path, **far) == 401
        assert status(path, headers={"X-Forwarded-For": "192.0.2.7"}, base_url="https://localhost") == 401
        assert status(path, headers=key_of(plugin, "status:read"), **far) == 200
