"""Keys, logins, sessions and clients managed in wp-admin, and what ends when WordPress users change."""

from __future__ import annotations

import json
from typing import Any

import pytest
from argon2 import PasswordHasher

from sidecar.security import passwords
from sidecar.security.roles import RANK, ROLES, SCOPES
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
)
from tests.sidecar.kit import ANNA, ERIC, Plugin

ACCESS = "/api/v1/access"


@pytest.fixture(autouse=True)
def _quick_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))


def ask(plugin: Plugin, method: str, path: str, body: Any = None, who: Any = ANNA) -> Any:
    return plugin.send(method, ACCESS + path, body, who=who)


def people(plugin: Plugin, *those: dict[str, Any]) -> dict[str, int]:
    """What the plugin's word about WordPress users changed."""
    answer = plugin.send("POST", f"{ACCESS}/people", {"people": list(those)})
    assert answer.status_code == 200, answer.json
    return {name: answer.json[name] for name in ("users", "sessions", "keys", "clients")}


NOTHING = {"users": 0, "sessions": 0, "keys": 0, "clients": 0}


def new_key(plugin: Plugin, *scopes: str, who: Any = ANNA, **more: Any) -> dict[str, Any]:
    answer = ask(plugin, "POST", "/keys", {"name": "script", "scopes": list(scopes), **more}, who)
    assert answer.status_code == 201, answer.json
    found: dict[str, Any] = answer.json
    return found


def test_a_key_is_made_shown_once_listed_and_ended(plugin: Plugin) -> None:
    made = new_key(plugin, "runs:read", days=30, networks=["127.0.0.0/8"])
    key, text = made["key"], made["text"]
    assert (key["state"], key["owner_id"], key["networks"]) == ("active", 7, ["127.0.0.0/8"])
    head = bearer(text)
    assert plugin.client.get("/api/v1/runs", headers=head).status_code == 200
    far: Any = {"environ_base": {"REMOTE_ADDR": "192.0.2.7"}, "base_url": "https://sidecar.test"}
    assert error_of(plugin.client.get("/api/v1/runs", headers=head, **far)) == (403, "address_not_allowed")
    listed = ask(plugin, "GET", "/keys").json["items"]
    assert [one["id"] for one in listed] == [key["id"]]
    assert listed[0]["last_used_at"]
    secret = text.split("_", 2)[2]
    assert secret not in json.dumps(listed) + json.dumps(audited(plugin))
    ended = ask(plugin, "DELETE", f"/keys/{key['id']}").json["key"]
    assert ended["state"] == "revoked"
    assert error_of(plugin.client.get("/api/v1/runs", headers=head)) == (401, "api_key_revoked")
    assert actions(plugin)[-2:] == ["key.made", "key.revoked"]
    assert audited(plugin)[-1]["who"] == {"id": 7, "login": "anna"}
    other = Plugin(plugin.app).pair()
    assert error_of(ask(other, "DELETE", f"/keys/{key['id']}")) == (404, "not_found")


def test_the_other_names_of_the_key_routes(plugin: Plugin) -> None:
    body = {"name": "x", "scopes": ["runs:read"]}
    made = plugin.send("POST", "/api/v1/security/generate-key", body, who=ANNA)
    assert made.status_code == 201
    gone = {"id": made.json["key"]["id"]}
    ended = plugin.send("POST", "/api/v1/security/revoke-key", gone, who=ANNA)
    assert ended.json["key"]["state"] == "revoked"
    for who in (ERIC, None):
        for path, given in (("generate-key", body), ("revoke-key", gone)):
            refused = plugin.send("POST", f"/api/v1/security/{path}", given, who=who)
            assert error_of(refused) == (403, "approval_needs_person")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""), ("name", "x" * 101), ("name", "a\0b"), ("name", 7), ("scopes", []),
        ("scopes", "runs:read"), ("scopes", ["proposals:approve"]), ("scopes", ["runs:read"] * 51),
        ("scopes", [None]), ("days", 0),
        ("days", 3651), ("days", "many"), ("networks", ["everywhere"]), ("networks", ["10.0.0.0/8"] * 51),
        ("networks", "10.0.0.0/8"), ("owner_id", 1),
    ],
)  # fmt: skip
def test_bad_keys_are_refused(plugin: Plugin, field: str, value: Any) -> None:
    answer = ask(plugin, "POST", "/keys", {"name": "x", "scopes": ["runs:read"], field: value})
    assert error_of(answer) == (422, "invalid")
    assert any(name.startswith(field) for name in answer.json["error"]["fields"])
    assert ask(plugin, "GET", "/keys").json["items"] == []


def test_roles_and_scopes_are_explained(plugin: Plugin) -> None:
    answer = ask(plugin, "GET", "/roles").json
    assert [role["name"] for role in answer["roles"]] == list(reversed(RANK))
    assert {role["name"]: set(role["scopes"]) for role in answer["roles"]} == ROLES
    assert {scope["name"] for scope in answer["scopes"]} == set(SCOPES)
    assert all(entry["words"] for entry in answer["roles"] + answer["scopes"])
    assert answer["mine"] == "manager"
    assert ask(plugin, "GET", "/roles", who=ADMIN).json["mine"] == "owner"


def test_nobody_gives_more_than_they_are(plugin: Plugin) -> None:
    high = (403, "role_too_high")
    body = {"login": "one", "role": "owner"}
    assert error_of(ask(plugin, "POST", "/users", body)) == high
    boss = ask(plugin, "POST", "/users", body, ADMIN).json["user"]
    for change in ({"role": "manager"}, {"new_password": True}, {"active": False}, {}):
        assert error_of(ask(plugin, "PATCH", f"/users/{boss['id']}", change)) == high
    assert error_of(ask(plugin, "DELETE", f"/users/{boss['id']}")) == high
    for_eric = {"login": "eric", "role": "manager", "person": {"id": 9, "role": "analyst"}}
    assert error_of(ask(plugin, "POST", "/users", for_eric, ADMIN)) == high
    made = ask(plugin, "POST", "/users", {**for_eric, "role": "support"}).json["user"]
    assert (made["wp_user_id"], made["role"]) == (9, "support")
    path = f"/users/{made['id']}"
    asked = ask(plugin, "PATCH", path, {"role": "analyst"})
    assert (error_of(asked), list(asked.json["error"]["fields"])) == ((422, "invalid"), ["person"])
    wrong = {"role": "analyst", "person": {"id": 8, "role": "owner"}}
    assert error_of(ask(plugin, "PATCH", path, wrong)) == (422, "invalid")
    low = {"role": "manager", "person": {"id": 9, "role": "analyst"}}
    assert error_of(ask(plugin, "PATCH", path, low)) == high
    right = {"role": "analyst", "person": {"id": 9, "role": "analyst"}}
    assert ask(plugin, "PATCH", path, right).json["user"]["role"] == "analyst"
    assert error_of(ask(plugin, "PATCH", path, {"role": "owner"}, ANNA)) == high
    assert ask(plugin, "PATCH", path, {"role": "read-only"}).json["user"]["role"] == "read-only"


def test_changes_end_sessions_and_passwords_change(plugin: Plugin) -> None:
    made = new_login(plugin)
    path = f"/users/{made['id']}"

    def head() -> dict[str, str]:
        return bearer(sign_in(plugin, "anna", password).json["access_token"])

    def ends(change: dict[str, Any]) -> Any:
        mine = head()
        assert plugin.client.get("/api/v1/status", headers=mine).status_code == 200
        answer = ask(plugin, "PATCH", path, change)
        assert answer.status_code == 200, answer.json
        assert error_of(plugin.client.get("/api/v1/status", headers=mine)) == (401, "session_ended")
        return answer.json

    password = made["password"]
    assert "password" not in ends({"role": "analyst"})
    fresh = ends({"new_password": True})["password"]
    assert error_of(sign_in(plugin, "anna", password)) == (401, "login_wrong")
    password = fresh
    assert "password" not in ends({"password": "a password of my own"})
    password = "a password of my own"
    ends({"active": False})
    assert error_of(sign_in(plugin, "anna", password)) == (401, "login_wrong")
    assert ask(plugin, "PATCH", path, {"active": True}).json["user"]["active"] is True
    mine = head()
    assert ask(plugin, "PATCH", path, {"active": True}).status_code == 200
    assert ask(plugin, "PATCH", path, {}).status_code == 200
    assert plugin.client.get("/api/v1/status", headers=mine).status_code == 200
    both = ask(plugin, "PATCH", path, {"new_password": True, "password": "x" * 12})
    assert error_of(both) == (422, "invalid")
    entry = next(entry for entry in audited(plugin) if entry["action"] == "user.changed")
    assert (entry["before"]["role"], entry["after"]["role"]) == ("manager", "analyst")
    assert password not in json.dumps(audited(plugin))
    assert ask(plugin, "DELETE", path).json == {"ok": True}
    assert error_of(plugin.client.get("/api/v1/status", headers=mine)) == (401, "session_ended")
    assert error_of(ask(plugin, "DELETE", path)) == (404, "not_found")
    assert ask(plugin, "GET", "/users").json["items"] == []


def test_sessions_are_seen_and_ended_one_by_one(plugin: Plugin) -> None:
    made = new_login(plugin)
    head = {"User-Agent": "<script>alert(1)</script>" + "x" * 200}
    body = {"login": "anna", "password": made["password"]}
    one = plugin.client.post("/api/v1/auth/login", json=body, headers=head).json
    two = sign_in(plugin, "anna", made["password"]).json
    listed = ask(plugin, "GET", "/sessions").json["items"]
    assert {entry["login"] for entry in listed} == {"anna"}
    device = next(entry for entry in listed if entry["device"].startswith("<script>"))
    assert len(device["device"]) == 120
    assert ask(plugin, "DELETE", f"/sessions/{device['id']}").json == {"ok": True}
    assert plugin.client.get("/api/v1/status", headers=bearer(one["access_token"])).status_code == 401
    assert plugin.client.get("/api/v1/status", headers=bearer(two["access_token"])).status_code == 200
    assert error_of(ask(plugin, "DELETE", f"/sessions/{device['id']}")) == (404, "not_found")
    assert len(ask(plugin, "GET", "/sessions").json["items"]) == 1
    other = Plugin(plugin.app).pair()
    left = ask(plugin, "GET", "/sessions").json["items"][0]["id"]
    assert error_of(ask(other, "DELETE", f"/sessions/{left}")) == (404, "not_found")
    assert ask(other, "GET", "/sessions").json["items"] == []


def test_bad_users_are_refused(plugin: Plugin) -> None:
    new_login(plugin)
    assert error_of(ask(plugin, "POST", "/users", {"login": "Anna", "role": "analyst"})) == (
        409,
        "login_taken",
    )
    good = {"login": "one", "role": "analyst"}
    for change in (
        {"login": ""}, {"login": "x" * 61}, {"login": "a\0"}, {"login": "../x"}, {"role": "boss"},
        {"role": None}, {"password": "short"}, {"password": "x" * 257},
        {"person": {"id": 0, "role": "analyst"}},
        {"person": {"id": 2**63, "role": "analyst"}}, {"person": {"id": 9}}, {"active": True},
    ):  # fmt: skip
        assert error_of(ask(plugin, "POST", "/users", {**good, **change})) == (422, "invalid"), change
    nameless = {"login": "anna", "caps": ["manage_woocommerce"]}
    for who in (nameless, {**nameless, "id": "7"}, {**nameless, "id": True}, {**nameless, "id": 2**64}):
        assert error_of(ask(plugin, "POST", "/users", good, who)) == (403, "approval_needs_person"), who
        body = {"name": "x", "scopes": ["runs:read"]}
        for path in ("/keys", "/clients"):
            assert error_of(ask(plugin, "POST", path, body, who)) == (403, "approval_needs_person"), who
    assert [user["login"] for user in ask(plugin, "GET", "/users").json["items"]] == ["anna"]


# WordPress users change


def test_somebody_without_rights_loses_all_they_own(plugin: Plugin) -> None:
    made = new_login(plugin)
    session = bearer(sign_in(plugin, "anna", made["password"]).json["access_token"])
    key = bearer(new_key(plugin, "status:read")["text"])
    client = bearer(client_token(plugin, new_client(plugin, "status:read")).json["access_token"])
    kept = bearer(new_key(plugin, "status:read", who=ADMIN)["text"])
    assert plugin.get(f"{ACCESS}/owners").json["ids"] == [1, 7]
    gone = {"id": 7, "login": "anna", "role": None, "deleted": True}
    assert people(plugin, gone) == {"users": 1, "sessions": 1, "keys": 1, "clients": 1}
    for head, code in ((session, "session_ended"), (key, "api_key_revoked"), (client, "client_ended")):
        assert error_of(plugin.client.get("/api/v1/status", headers=head)) == (401, code)
    assert error_of(sign_in(plugin, "anna", made["password"])) == (401, "login_wrong")
    assert plugin.client.get("/api/v1/status", headers=kept).status_code == 200
    assert people(plugin, gone) == NOTHING
    entries = [entry for entry in audited(plugin) if (entry["detail"] or {}).get("why") == "deleted"]
    assert [entry["action"] for entry in entries] == ["user.disabled", "key.revoked", "client.revoked"]


def test_a_lower_role_lowers_the_login_and_ends_keys(plugin: Plugin) -> None:
    made = new_login(plugin)
    low = new_login(plugin, "low", "support")
    session = bearer(sign_in(plugin, "anna", made["password"]).json["access_token"])
    other = bearer(sign_in(plugin, "low", low["password"]).json["access_token"])
    key = bearer(new_key(plugin, "status:read")["text"])
    lowered = {"id": 7, "login": "anna", "role": "analyst"}
    assert people(plugin, lowered) == {"users": 1, "sessions": 1, "keys": 1, "clients": 0}
    assert error_of(plugin.client.get("/api/v1/status", headers=session)) == (401, "session_ended")
    assert error_of(plugin.client.get("/api/v1/status", headers=key)) == (401, "api_key_revoked")
    assert plugin.client.get("/api/v1/status", headers=other).status_code == 200
    assert sign_in(plugin, "anna", made["password"]).json["role"] == "analyst"
    # Nothing comes back by itself: neither the role nor the key.
    assert people(plugin, {"id": 7, "login": "anna", "role": "owner"}) == NOTHING
    assert sign_in(plugin, "anna", made["password"]).json["role"] == "analyst"
    assert error_of(plugin.client.get("/api/v1/status", headers=key)) == (401, "api_key_revoked")


def test_those_who_keep_their_role_keep_everything(plugin: Plugin) -> None:
    made = new_login(plugin)
    session = bearer(sign_in(plugin, "anna", made["password"]).json["access_token"])
    key = bearer(new_key(plugin, "status:read")["text"])
    for role in ("manager", "owner"):
        assert people(plugin, {"id": 7, "login": "anna", "role": role}) == NOTHING
    assert people(plugin, {"id": 99, "role": None}) == NOTHING
    assert people(plugin) == NOTHING
    for head in (session, key):
        assert plugin.client.get("/api/v1/status", headers=head).status_code == 200
    other = Plugin(plugin.app).pair()
    assert people(other, {"id": 7, "role": None}) == NOTHING
    assert plugin.client.get("/api/v1/status", headers=key).status_code == 200


def test_bad_word_about_people_is_refused(plugin: Plugin) -> None:
    for wrong in (
        {}, {"people": None}, {"people": [{"role": "manager"}]}, {"people": [{"id": 0}]},
        {"people": [{"id": "x"}]}, {"people": [{"id": 7, "role": "boss"}]}, {"people": [{"id": 2**63}]},
        {"people": [7]},
        {"people": [{"id": 7}] * 501}, {"people": [{"id": 7, "caps": []}]},
    ):  # fmt: skip
        answer = plugin.send("POST", f"{ACCESS}/people", wrong)
        assert error_of(answer) == (422, "invalid"), wrong
    many = [{"id": n, "login": f"u{n}", "role": None} for n in range(1, 501)]
    assert people(plugin, *many) == NOTHING
