"""Signing in with the data in MariaDB or PostgreSQL: the same answers, also when several ask at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt
import pytest
from argon2 import PasswordHasher
from sqlalchemy import delete, select

from sidecar.db import read, write
from sidecar.db.identity import sessions as session_table
from sidecar.db.identity import signing_keys as key_table
from sidecar.runtime import identity
from sidecar.security import passwords, users
from tests.sidecar.api.identity_kit import (
    actions,
    bearer,
    client_token,
    error_of,
    new_client,
    new_login,
    sign_in,
)
from tests.sidecar.kit import ANNA, Plugin, paired_on

AT_ONCE = 6


@pytest.fixture(scope="module", params=["mariadb", "postgresql"])
def plugin(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plugin]:
    """A plugin that is paired with a sidecar on such a server."""
    yield from paired_on(request.getfixturevalue(request.param), tmp_path_factory.mktemp(request.param))


@pytest.fixture(autouse=True)
def _quick_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))


def together(call: Any) -> list[Any]:
    """The same call in several threads at once."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda _: call(), range(AT_ONCE)))


def post(plugin: Plugin, path: str, body: Any) -> Any:
    """A request through a client of its own, as threads need it."""
    return plugin.app.test_client().post(path, json=body)


def test_one_signing_key_is_made_by_all_who_ask_first(plugin: Plugin) -> None:
    made = new_login(plugin, "first")
    with write(plugin.rt.db.app) as conn:
        conn.execute(delete(key_table))
    body = {"login": "first", "password": made["password"]}
    answers = together(lambda: post(plugin, "/api/v1/auth/login", body))
    assert {answer.status_code for answer in answers} == {200}
    kids = {jwt.get_unverified_header(answer.json["access_token"])["kid"] for answer in answers}
    assert kids == {"hs256-1"}
    with read(plugin.rt.db.app) as conn:
        assert conn.execute(select(key_table.c.kid)).scalars().all() == ["hs256-1"]
    rotated = together(lambda: identity.rotate(plugin.rt))
    with read(plugin.rt.db.app) as conn:
        live = conn.execute(select(key_table.c.kid).where(key_table.c.retired_at.is_(None))).scalars().all()
    assert len(live) == 1
    assert live[0] in rotated
    for answer in answers:
        head = bearer(answer.json["access_token"])
        assert plugin.client.get("/api/v1/status", headers=head).status_code == 200


def test_one_refresh_of_many_succeeds_and_the_family_ends(plugin: Plugin) -> None:
    made = new_login(plugin, "second")
    for _ in range(3):
        first = sign_in(plugin, "second", made["password"]).json
        body = {"refresh_token": first["refresh_token"]}
        answers = together(lambda body=body: post(plugin, "/api/v1/auth/refresh", body))
        codes = Counter(error_of(answer) for answer in answers)
        assert codes == {(200, ""): 1, (401, "refresh_reused"): 1, (401, "refresh_wrong"): AT_ONCE - 2}
        winner = next(answer.json for answer in answers if answer.status_code == 200)
        head = bearer(winner["access_token"])
        assert error_of(plugin.client.get("/api/v1/status", headers=head)) == (401, "session_ended")
    with read(plugin.rt.db.app) as conn:
        ended = conn.execute(
            select(session_table.c.revoked_why).where(session_table.c.revoked_why.is_not(None))
        )
        assert ended.scalars().all() == ["reuse"] * 3
    assert actions(plugin).count("session.reused") == 3


def test_guesses_at_once_are_counted_one_by_one_and_right_ones_all_let_in(plugin: Plugin) -> None:
    made = new_login(plugin, "third")
    right = {"login": "third", "password": made["password"]}
    for _ in range(2):
        answers = together(lambda: post(plugin, "/api/v1/auth/login", right))
        assert [error_of(answer) for answer in answers] == [(200, "")] * AT_ONCE
    wrong = {"login": "third", "password": "wrong password"}
    for _ in range(2):
        answers = together(lambda: post(plugin, "/api/v1/auth/login", wrong))
        assert {error_of(answer) for answer in answers} == {(401, "login_wrong")}
    with read(plugin.rt.db.app) as conn:
        row = users.by_login(conn, plugin.shop_id, "third")
    # Those after the fifth were refused unseen.
    assert (row.failures, row.locked_until is not None) == (users.FREE_TRIES, True)
    assert actions(plugin).count("user.locked") == 1
    assert error_of(sign_in(plugin, "third", made["password"])) == (401, "login_wrong")


def test_one_of_two_gets_the_login(plugin: Plugin) -> None:
    def make() -> Any:
        who = plugin.send("POST", "/api/v1/access/users", {"login": "fourth", "role": "analyst"}, who=ANNA)
        return error_of(who)

    for _ in range(2):
        make()
    users_now = plugin.send("GET", "/api/v1/access/users", who=ANNA).json["items"]
    assert [user["login"] for user in users_now].count("fourth") == 1
    assert make() == (409, "login_taken")


def test_clients_and_the_end_of_rights(plugin: Plugin) -> None:
    made = new_login(plugin, "fifth")
    session = bearer(sign_in(plugin, "fifth", made["password"]).json["access_token"])
    client = bearer(client_token(plugin, new_client(plugin, "status:read")).json["access_token"])
    body = {"name": "x", "scopes": ["status:read"], "networks": ["127.0.0.1"]}
    key = bearer(plugin.send("POST", "/api/v1/access/keys", body, who=ANNA).json["text"])
    for head in (session, client, key):
        assert plugin.client.get("/api/v1/status", headers=head).status_code == 200
    people = {"people": [{"id": 7, "login": "anna", "role": None}]}
    done = plugin.send("POST", "/api/v1/access/people", people).json
    assert (done["keys"], done["clients"]) == (1, 1)
    assert done["users"] >= 1
    for head in (session, client, key):
        assert plugin.client.get("/api/v1/status", headers=head).status_code == 401
    made = plugin.send("GET", "/api/v1/access/users", who=ANNA).json["items"]
    assert {user["active"] for user in made} == {False}
    for user in made:
        path = f"/api/v1/access/users/{user['id']}"
        assert plugin.send("DELETE", path, who=ANNA).json == {"ok": True}


def test_text_that_a_database_cannot_hold_is_refused_before_it(plugin: Plugin) -> None:
    head = {"typ": "at+jwt", "kid": "hs256-1\0", "alg": "HS256"}
    token = jwt.encode({"aud": "a\0b"}, b"x" * 32, algorithm="HS256", headers=head)
    assert error_of(plugin.client.get("/api/v1/status", headers=bearer(token))) == (401, "token_invalid")
    plain = jwt.encode({"aud": "a\0b"}, b"x" * 32, algorithm="HS256")
    assert plugin.client.get("/api/v1/status", headers=bearer(plain)).status_code == 401
    for body in (
        {"login": "a\0", "password": "x" * 12},
        {"login": "a", "password": "x" * 12, "shop": "\0"},
        {"login": "a", "password": "\0" * 12},
    ):
        assert post(plugin, "/api/v1/auth/login", body).status_code in (401, 422)
    assert post(plugin, "/api/v1/auth/refresh", {"refresh_token": "\0"}).status_code == 422
    answer = client_token(plugin, {"client_id": "\0", "client_secret": "\0"})
    assert error_of(answer) == (401, "invalid_client")
