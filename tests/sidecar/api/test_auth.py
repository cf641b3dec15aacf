"""Signing in over HTTP: login, refresh, logout, lock-out, and what the tokens may and may not do."""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jwt
import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import select, update

from sidecar.app import create_app
from sidecar.db import read, write
from sidecar.db.app import audit as audit_table
from sidecar.db.identity import sessions, users
from sidecar.runtime import audit, identity
from sidecar.security import passwords, signing_keys
from sidecar.security.apikeys import create_key
from sidecar.security.roles import ROLES, SCOPES
from tests.sidecar.api.identity_kit import (
    ADMIN,
    actions,
    audited,
    bearer,
    client_token,
    error_of,
    new_client,
    new_login,
    sign_in,
    tokens,
)
from tests.sidecar.kit import ANNA, Plugin, no_devskyy_environment, settings_in, tiny_registry

STATUS = "/api/v1/status"
WRONG = (401, "login_wrong")


@pytest.fixture(autouse=True)
def _quick_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))


def refreshed(plugin: Plugin, token: str) -> Any:
    return plugin.client.post("/api/v1/auth/refresh", json={"refresh_token": token})


def test_a_login_gets_tokens_that_say_who_it_is(plugin: Plugin) -> None:
    made = new_login(plugin)
    answer = sign_in(plugin, " ANNA ", made["password"])
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.json
    assert (body["token_type"], body["expires_in"], body["refresh_expires_in"]) == ("Bearer", 1800, 604_800)
    assert (body["role"], body["shop_id"]) == ("manager", plugin.shop_id)
    assert set(body["scope"].split()) == ROLES["manager"]
    head = jwt.get_unverified_header(body["access_token"])
    assert (head["typ"], head["alg"]) == ("at+jwt", "HS256")
    claims = jwt.decode(body["access_token"], options={"verify_signature": False})
    assert (claims["iss"], claims["aud"], claims["sub"]) == ("devskyy-sidecar", plugin.shop_id, made["id"])
    assert claims["role"] == "manager"
    assert plugin.client.get(STATUS, headers=bearer(body["access_token"])).status_code == 200
    assert [entry for entry in actions(plugin) if entry.startswith(("user", "session"))] == [
        "user.made",
        "session.started",
    ]
    assert audited(plugin)[-1]["who"] == {"id": 7, "login": "anna"}
    assert made["password"] not in str(audited(plugin))


@pytest.mark.parametrize("role", sorted(ROLES))
def test_each_role_does_what_its_scopes_say_and_none_decides(plugin: Plugin, role: str) -> None:
    head = bearer(tokens(plugin, "one", role, who=ADMIN)["access_token"])
    for scope in SCOPES:
        answer = plugin.client.post(
            "/api/v1/security/check-permission", json={"scope": scope}, headers=head
        ).json
        assert (answer["allowed"], answer["kind"], answer["role"]) == (scope in ROLES[role], "user", role)
    for scope, method, path in (
        ("runs:write", "POST", "/api/v1/agents/cut-price/runs"),
        ("sync:write", "POST", "/api/v1/sync"),
        ("users:read", "GET", "/api/v1/admin/users"),
        ("proposals:read", "GET", "/api/v1/proposals"),
    ):
        answer = plugin.client.open(path, method=method, headers=head)
        expected = (answer.status_code, "") if scope in ROLES[role] else (403, "scope_missing")
        assert error_of(answer) == expected, (role, scope)
        assert answer.status_code in (200, 202, 403)


def callers(plugin: Plugin) -> dict[str, dict[str, str]]:
    """Everybody who is not a person in wp-admin, with all they can have."""
    _, key = create_key(plugin.rt.db.app, plugin.shop_id, "all", SCOPES, now=int(time.time()), owner_id=7)
    client = client_token(plugin, new_client(plugin, *SCOPES)).json["access_token"]
    login = tokens(plugin, "boss", "owner", who=ADMIN)["access_token"]
    return {"key": bearer(key), "client": bearer(client), "user": bearer(login)}


def test_no_login_key_or_client_decides_or_manages_whatever_it_holds(plugin: Plugin) -> None:
    proposal = plugin.proposal()
    bodies: dict[str, Any] = {
        "approve": {"digest": proposal["digest"]},
        "reject": {},
        "snooze": {"until": "2030-01-01T00:00:00Z"},
        "undo": {},
    }
    managing = [
        ("GET", "/api/v1/access/keys", None), ("GET", "/api/v1/access/users", None),
        ("GET", "/api/v1/access/sessions", None), ("GET", "/api/v1/access/clients", None),
        ("GET", "/api/v1/access/roles", None),
        ("POST", "/api/v1/access/keys", {"name": "x", "scopes": ["runs:read"]}),
        ("POST", "/api/v1/access/users", {"login": "x", "role": "read-only"}),
        ("POST", "/api/v1/access/clients", {"name": "x", "scopes": ["runs:read"]}),
        ("PATCH", f"/api/v1/access/users/{'0' * 32}", {"role": "owner"}),
        ("DELETE", f"/api/v1/access/users/{'0' * 32}", None),
        ("DELETE", f"/api/v1/access/keys/{'0' * 16}", None),
        ("DELETE", f"/api/v1/access/sessions/{'0' * 32}", None),
        ("DELETE", f"/api/v1/access/clients/{'0' * 32}", None),
        ("POST", "/api/v1/security/generate-key", {"name": "x", "scopes": ["runs:read"]}),
        ("POST", "/api/v1/security/revoke-key", {"id": "0" * 16}),
        ("PUT", "/api/v1/agents/cut-price/settings", {"enabled": False}),
    ]  # fmt: skip
    for kind, head in callers(plugin).items():
        for action, body in bodies.items():
            path = f"/api/v1/proposals/{proposal['id']}/{action}"
            answer = plugin.client.post(path, json=body, headers=head)
            assert error_of(answer) == (403, "approval_needs_person"), (kind, action)
        for method, path, body in managing:
            answer = plugin.client.open(path, method=method, json=body, headers=head)
            assert error_of(answer) == (403, "approval_needs_person"), (kind, method, path)
        for path, body in (
            (
                f"/api/v1/proposals/{proposal['id']}/outcome",
                {"state": "applied", "at": "2026-01-01T00:00:00Z"},
            ),
            ("/api/v1/events", {"events": []}),
            ("/api/v1/access/people", {"people": []}),
        ):
            assert error_of(plugin.client.post(path, json=body, headers=head)) == (401, "signature_missing")
    assert plugin.get(f"/api/v1/proposals/{proposal['id']}").json["proposal"]["state"] == "pending"


def test_wrong_password_unknown_login_and_switched_off_are_one_answer(plugin: Plugin) -> None:
    made = new_login(plugin)
    off = new_login(plugin, "off")
    plugin.send("PATCH", f"/api/v1/access/users/{off['id']}", {"active": False}, who=ANNA)
    answers = [
        sign_in(plugin, "anna", "wrong password"),
        sign_in(plugin, "nobody", made["password"]),
        sign_in(plugin, "off", off["password"]),
        sign_in(plugin, "anna", made["password"], shop="another"),
        sign_in(plugin, "anna", made["password"] + " "),
    ]
    texts = {
        (a.status_code, *(a.json["error"][name] for name in ("code", "message", "hint"))) for a in answers
    }
    assert len(texts) == 1
    assert {error_of(answer) for answer in answers} == {WRONG}
    # What no database holds is refused before anybody looks who it is for.
    odd = [error_of(sign_in(plugin, login, made["password"] + "\0")) for login in ("anna", "nobody")]
    assert odd == [(422, "invalid")] * 2


def test_unknown_logins_take_about_as_long(plugin: Plugin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher())
    made = new_login(plugin)

    def seconds(login: str, password: str) -> float:
        begun = time.perf_counter()
        sign_in(plugin, login, password)
        return time.perf_counter() - begun

    seconds("nobody", "x" * 20)  # makes the hash that nobody has
    known, unknown = [], []
    for turn in range(4):
        known.append(seconds("anna", f"wrong password {turn}"))
        unknown.append(seconds(f"nobody {turn}", f"wrong password {turn}"))
    assert statistics.median(unknown) > 0.5 * statistics.median(known)
    assert statistics.median(known) > 0.5 * statistics.median(unknown)
    assert sign_in(plugin, "anna", made["password"]).status_code == 200


def test_a_login_waits_after_wrong_passwords_and_the_right_one_waits_too(plugin: Plugin) -> None:
    made = new_login(plugin)
    for _ in range(5):
        assert error_of(sign_in(plugin, "anna", "wrong password")) == WRONG
    assert error_of(sign_in(plugin, "anna", made["password"])) == WRONG
    assert actions(plugin).count("user.locked") == 1
    shown = plugin.send("GET", "/api/v1/access/users", who=ANNA).json["items"][0]
    assert shown["locked_until"]
    with write(plugin.rt.db.app) as conn:
        conn.execute(update(users).values(locked_until=int(time.time())))
    assert sign_in(plugin, "anna", made["password"]).status_code == 200
    assert "locked_until" not in plugin.send("GET", "/api/v1/access/users", who=ANNA).json["items"][0]


def test_a_failed_sign_in_is_noted_with_its_address_until_the_person_is_erased(plugin: Plugin) -> None:
    made = new_login(plugin)
    first = sign_in(plugin, "anna", made["password"]).json["refresh_token"]
    far: Any = {"environ_base": {"REMOTE_ADDR": "192.0.2.77"}, "base_url": "https://sidecar.test"}
    for body in ({"login": "anna", "password": "wrong"}, {"login": "nobody", "password": "wrong"}):
        assert plugin.client.post("/api/v1/auth/login", json=body, **far).status_code == 401
    for _ in range(2):
        plugin.client.post("/api/v1/auth/refresh", json={"refresh_token": first}, **far)
    noted = [entry for entry in audited(plugin) if entry["action"] in ("session.refused", "session.reused")]
    assert [entry["action"] for entry in noted] == ["session.refused", "session.reused"]
    assert {entry["detail"]["from"]["address"] for entry in noted} == {"192.0.2.77"}
    assert noted[0]["target"] == made["id"]
    assert noted[0]["failed"] is True
    with read(plugin.rt.db.app) as conn:
        assert "192.0.2" not in str(conn.execute(select(audit_table)).all())
    gone = plugin.send("POST", "/api/v1/gdpr/delete-data", {"user_id": 7, "login": "anna"}, who=ADMIN)
    assert gone.status_code == 200, gone.json
    after = [entry for entry in audited(plugin) if entry["action"] in ("session.refused", "session.reused")]
    assert [entry["detail"]["from"] for entry in after] == [{"person": "user:7", "erased": True}] * 2
    assert audit.verify(plugin.rt, plugin.shop_id)[0].problems == []


def test_many_at_once_are_counted_one_by_one(plugin: Plugin) -> None:
    made = new_login(plugin)

    def enter(password: str) -> tuple[int, str]:
        body = {"login": "anna", "password": password}
        return error_of(plugin.app.test_client().post("/api/v1/auth/login", json=body))

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(enter, [made["password"]] * 8)) == {(200, "")}
        assert set(pool.map(enter, [f"wrong password {n}" for n in range(8)])) == {WRONG}
    with read(plugin.rt.db.app) as conn:
        row = conn.execute(select(users)).one()
    assert row.failures == 5  # the last three were refused whatever they were
    assert actions(plugin).count("user.locked") == 1


def test_what_cannot_be_right_is_refused_before_any_hashing(
    plugin: Plugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_login(plugin)

    class Never:
        def __getattr__(self, name: str) -> Any:
            raise AssertionError("hashed")

    monkeypatch.setattr(passwords, "HASHER", Never())
    assert error_of(sign_in(plugin, "anna", "x" * 1_000_000))[0] in (413, 422)
    assert error_of(sign_in(plugin, "anna", "x" * 257)) == (422, "invalid")
    for login, password in (
        ("anna", ""), ("", "x"), ("anna", 7), ("anna", None), ("anna", ["x"]), ("a\0", "x" * 12),
        ("a" * 61, "x"), ({"$ne": ""}, "x"), ("anna", "\ud800" * 12), ("<script>", "x"),
    ):  # fmt: skip
        answer = plugin.client.post("/api/v1/auth/login", json={"login": login, "password": password})
        assert error_of(answer) == (422, "invalid"), (login, password)
    for path in ("refresh", "login"):
        for body in ({}, {"refresh_token": 1}, {"refresh_token": "x" * 101}, {"more": 1}):
            assert plugin.client.post(f"/api/v1/auth/{path}", json=body).status_code == 422


def test_a_weak_hash_is_made_anew_at_the_next_login(plugin: Plugin, monkeypatch: pytest.MonkeyPatch) -> None:
    made = {"password": "Stra\u0308nde am Meer"}  # and in the one form of its letters
    new_login(plugin, **made)
    stronger = PasswordHasher(time_cost=2, memory_cost=128, parallelism=1)
    monkeypatch.setattr(passwords, "HASHER", stronger)
    assert error_of(sign_in(plugin, "anna", "wrong password")) == WRONG
    for _ in range(2):
        assert sign_in(plugin, "anna", made["password"]).status_code == 200
    with write(plugin.rt.db.app) as conn:
        assert "m=128,t=2" in conn.execute(select(users.c.password_hash)).scalar_one()


def test_full_places_say_busy_and_count_nothing(plugin: Plugin, monkeypatch: pytest.MonkeyPatch) -> None:
    made = new_login(plugin)
    monkeypatch.setattr(passwords, "WAIT_S", 0.05)
    with passwords.slot(), passwords.slot():
        answers = [sign_in(plugin, "anna", "wrong password") for _ in range(6)]
    assert {error_of(answer) for answer in answers} == {(503, "busy")}
    assert answers[0].headers["Retry-After"]
    assert sign_in(plugin, "anna", made["password"]).status_code == 200


def test_refresh_rotates_and_reuse_ends_the_family_and_is_audited(plugin: Plugin) -> None:
    first = tokens(plugin)
    second = refreshed(plugin, first["refresh_token"])
    assert second.status_code == 200
    assert second.json["refresh_token"] != first["refresh_token"]
    for access in (first["access_token"], second.json["access_token"]):
        assert plugin.client.get(STATUS, headers=bearer(access)).status_code == 200
    assert error_of(refreshed(plugin, first["refresh_token"])) == (401, "refresh_reused")
    for access in (first["access_token"], second.json["access_token"]):
        assert error_of(plugin.client.get(STATUS, headers=bearer(access))) == (401, "session_ended")
    assert error_of(refreshed(plugin, second.json["refresh_token"])) == (401, "refresh_wrong")
    assert error_of(refreshed(plugin, first["refresh_token"])) == (401, "refresh_wrong")
    assert actions(plugin).count("session.reused") == 1
    assert audited(plugin)[-1]["failed"] is True


def test_logout_ends_one_session_or_all(plugin: Plugin) -> None:
    made = new_login(plugin)
    one, two, three = (sign_in(plugin, "anna", made["password"]).json for _ in range(3))

    def logout(of: dict[str, Any], **body: Any) -> Any:
        return plugin.client.post("/api/v1/auth/logout", json=body, headers=bearer(of["access_token"]))

    assert logout(one).json == {"ok": True, "ended": 1}
    assert error_of(logout(one)) == (401, "session_ended")
    assert error_of(refreshed(plugin, one["refresh_token"])) == (401, "refresh_wrong")
    assert plugin.client.get(STATUS, headers=bearer(two["access_token"])).status_code == 200
    assert logout(two, everywhere=True).json == {"ok": True, "ended": 2}
    assert error_of(plugin.client.get(STATUS, headers=bearer(three["access_token"]))) == (
        401,
        "session_ended",
    )
    for head in callers(plugin).items():
        if head[0] != "user":
            assert error_of(plugin.client.post("/api/v1/auth/logout", json={}, headers=head[1])) == (
                422,
                "no_session",
            )
    assert error_of(plugin.send("POST", "/api/v1/auth/logout", {})) == (422, "no_session")


def test_forged_and_foreign_tokens_are_refused(plugin: Plugin) -> None:
    access = tokens(plugin)["access_token"]
    head, body, signature = access.split(".")
    claims = jwt.decode(access, options={"verify_signature": False})
    key = signing_keys.current(plugin.rt.db.app, plugin.rt.sealer, "HS256", now=int(time.time()))
    kid = {"kid": key.kid, "typ": "at+jwt"}

    def by_us(**more: Any) -> str:
        return jwt.encode({**claims, **more}, key.private, algorithm="HS256", headers=kid)

    other = Plugin(plugin.app).pair()
    now, unknown = int(time.time()), {**kid, "kid": "hs256-9"}
    with pytest.warns(jwt.warnings.InsecureKeyLengthWarning):
        longer = jwt.encode(claims, key.private, algorithm="HS512", headers=kid)
    cases = {
        f"{head}.{body}.{signature[:-4]}AAAA": "token_invalid",
        jwt.encode(claims, plugin.secret, algorithm="HS256", headers=kid): "token_invalid",
        longer: "token_invalid",
        jwt.encode(claims, None, algorithm="none", headers=kid): "token_invalid",
        jwt.encode(claims, key.private, algorithm="HS256", headers=unknown): "token_invalid",
        by_us(iat=now - 3600, exp=now - 1800): "token_expired",
        by_us(exp=now + 86_400): "token_invalid",
        by_us(iss="plugin"): "token_invalid",
        by_us(aud=other.shop_id): "session_ended",
        by_us(sid="0" * 32): "session_ended",
        # Without the type it counts as the plugin's, whose key it was not signed with.
        jwt.encode(claims, key.private, algorithm="HS256", headers={"kid": key.kid}): "signature_invalid",
    }
    for token, code in cases.items():
        assert error_of(plugin.client.get(STATUS, headers=bearer(token))) == (401, code)
    assert plugin.client.get(STATUS, headers=bearer(by_us())).status_code == 200
    # More scopes or a higher role in it give nothing that the user's row does not.
    low = bearer(by_us(scope="runs:read"))
    assert error_of(plugin.client.get("/api/v1/agents", headers=low)) == (403, "scope_missing")
    with write(plugin.rt.db.app) as conn:
        conn.execute(update(users).values(role="read-only"))
    raised = bearer(by_us(role="owner", scope=" ".join(SCOPES)))
    assert error_of(plugin.client.post("/api/v1/sync", json={}, headers=raised)) == (403, "scope_missing")


def test_a_plugins_signature_is_no_access_token_and_the_reverse(plugin: Plugin) -> None:
    made = tokens(plugin)
    claims = jwt.decode(made["access_token"], options={"verify_signature": False})
    signed = jwt.encode(
        {**claims, "m": "GET", "p": STATUS, "bh": ""}, plugin.secret, algorithm="HS256",
        headers={"typ": "at+jwt"},
    )  # fmt: skip
    assert error_of(plugin.client.get(STATUS, headers=bearer(signed))) == (401, "token_invalid")
    for text in (made["refresh_token"], "at+jwt", "", "dsk_", made["access_token"] + "x" * 9000):
        assert plugin.client.get(STATUS, headers=bearer(text)).status_code == 401


def test_with_several_shops_the_login_says_which(plugin: Plugin) -> None:
    other = Plugin(plugin.app).pair()
    made = new_login(plugin)
    new_login(other, "anna")  # the same login there is somebody else
    answer = sign_in(plugin, "anna", made["password"])
    assert error_of(answer) == (422, "invalid")
    assert answer.json["error"]["fields"].keys() == {"shop"}
    assert error_of(sign_in(plugin, "anna", made["password"], shop=other.shop_id)) == WRONG
    right = sign_in(plugin, "anna", made["password"], shop=plugin.shop_id).json
    assert right["shop_id"] == plugin.shop_id
    assert (
        len(plugin.client.get("/api/v1/admin/users", headers=bearer(right["access_token"])).json["items"])
        == 1
    )


def test_unpairing_ends_logins_keys_and_clients(plugin: Plugin) -> None:
    made = new_login(plugin)
    login = sign_in(plugin, "anna", made["password"]).json["access_token"]
    heads = [*callers(plugin).values(), bearer(login)]
    assert plugin.send("DELETE", "/api/v1/pairing", who=ANNA).status_code == 200
    for head in heads:
        assert error_of(plugin.client.get(STATUS, headers=head)) == (401, "shop_unpaired")
    assert error_of(sign_in(plugin, "anna", made["password"])) == WRONG


@pytest.mark.parametrize("algorithm", ["EdDSA", "RS256"])
def test_other_algorithms_publish_their_keys_and_rotate(tmp_path: Path, algorithm: str) -> None:
    with no_devskyy_environment():
        app: Flask = create_app(settings_in(tmp_path, token_algorithm=algorithm), tiny_registry())
    plugin = Plugin(app).pair()
    assert plugin.client.get("/api/v1/auth/keys").json == {"ok": True, "keys": []}
    made = new_login(plugin)
    old = sign_in(plugin, "anna", made["password"]).json["access_token"]
    fresh = identity.rotate(plugin.rt)
    new = sign_in(plugin, "anna", made["password"]).json["access_token"]
    assert jwt.get_unverified_header(new) == {"alg": algorithm, "kid": fresh, "typ": "at+jwt"}
    shown = {key["kid"]: jwt.PyJWK(key) for key in plugin.client.get("/api/v1/auth/keys").json["keys"]}
    for token in (old, new):
        assert plugin.client.get(STATUS, headers=bearer(token)).status_code == 200
        key = shown[jwt.get_unverified_header(token)["kid"]]
        jwt.decode(token, key.key, algorithms=[algorithm], audience=plugin.shop_id)
    app.extensions["devskyy"].close()


def test_a_session_that_ran_out_takes_its_access_token_along(plugin: Plugin) -> None:
    made = tokens(plugin)
    with write(plugin.rt.db.app) as conn:
        conn.execute(update(sessions).values(expires_at=int(time.time())))
    answer = plugin.client.get(STATUS, headers=bearer(made["access_token"]))
    assert error_of(answer) == (401, "session_ended")
    assert error_of(refreshed(plugin, made["refresh_token"])) == (401, "refresh_wrong")
