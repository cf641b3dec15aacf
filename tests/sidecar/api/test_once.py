"""Idempotency-Key: what is asked for twice is made once, on every route that makes something."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from argon2 import PasswordHasher
from sqlalchemy import func, select

from sidecar.app import create_app
from sidecar.db import read
from sidecar.db.app import api_keys
from sidecar.db.identity import idempotency_keys
from sidecar.runtime import retention
from sidecar.security import passwords
from sidecar.security.tokens import canonical_path
from tests.sidecar.api.identity_kit import ADMIN, actions, error_of
from tests.sidecar.kit import ANNA, Plugin, no_devskyy_environment, settings_in, tiny_registry
from tests.sidecar.servers import empty_tables

KEY = {"name": "script", "scopes": ["runs:read"]}
SERVICE = {
    "provider": "erp",
    "name": "ours",
    "base_url": "https://erp.example.com",
    "api_key": {"key": "k-1"},
}
MAKING = [
    ("/api/v1/access/keys", KEY, "key", "text"),
    ("/api/v1/security/generate-key", KEY, "key", "text"),
    ("/api/v1/access/clients", KEY, "client", "client_secret"),
    ("/api/v1/access/users", {"login": "anna", "role": "analyst"}, "user", "password"),
    ("/api/v1/webhooks/subscribe", {"url": "https://hooks.example.com/x", "events": ["*"]}, "webhook", ""),
    ("/api/v1/integrations", SERVICE, "integration", ""),
]


@pytest.fixture(autouse=True)
def _quick_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))


def post(plugin: Plugin, path: str, body: Any, key: str, who: Any = ANNA) -> Any:
    """A signed POST under an Idempotency-Key."""
    raw = json.dumps(body).encode()
    token = plugin.token("POST", canonical_path(path, []), raw, who=who)
    head = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
    return plugin.app.test_client().post(path, data=raw, headers=head, content_type="application/json")


@pytest.mark.parametrize(("path", "body", "name", "secret"), MAKING, ids=[path for path, *_ in MAKING])
def test_what_is_asked_for_twice_is_made_once(
    plugin: Plugin, path: str, body: dict[str, Any], name: str, secret: str
) -> None:
    first, again = (post(plugin, path, body, "once") for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200), again.json
    assert "repeated" not in first.json
    assert again.json["repeated"] is True
    assert first.json[name]["id"] == again.json[name]["id"]
    if secret:  # shown once, and kept nowhere
        assert first.json[secret]
        assert first.json[secret] not in again.text
    if name == "webhook":
        assert first.json[name]["secret"] not in again.text
    made = [action for action in actions(plugin) if action != "pairing.made"]
    assert len(made) == 1
    renamed = {"name": "other"} if "name" in body else {"login": "other"} if "login" in body else {}
    assert post(plugin, path, body | renamed, "another").json[name]["id"] != first.json[name]["id"]


def test_another_request_under_the_same_key_is_refused(plugin: Plugin) -> None:
    path = "/api/v1/access/keys"
    post(plugin, path, KEY, "once")
    assert error_of(post(plugin, path, KEY | {"days": 9}, "once")) == (409, "idempotency_key_reused")
    with read(plugin.rt.db.app) as conn:
        assert conn.execute(select(func.count()).select_from(api_keys)).scalar() == 1
    # Keys belong to who sends them, and to one route.
    assert post(plugin, path, KEY, "once", ADMIN).status_code == 201
    assert post(plugin, "/api/v1/access/clients", KEY, "once").status_code == 201
    for bad in ("", "x" * 201):
        assert error_of(post(plugin, path, KEY, bad)) == (422, "invalid")


def test_a_repeat_does_not_roll_a_secret_again(plugin: Plugin) -> None:
    hook = {"url": "https://hooks.example.com/x", "events": ["*"]}
    made = plugin.send("POST", "/api/v1/webhooks/subscribe", hook, who=ANNA).json["webhook"]
    path = f"/api/v1/webhooks/{made['id']}/secret"
    first, again = (post(plugin, path, {}, "roll") for _ in range(2))
    assert first.json["webhook"]["secret"] != made["secret"]
    assert "secret" not in again.json["webhook"]
    assert again.json["repeated"] is True
    assert actions(plugin).count("webhook.roll") == 1


def test_what_failed_may_be_asked_again(plugin: Plugin) -> None:
    path, body = "/api/v1/access/users", {"login": "anna", "role": "analyst"}
    taken = post(plugin, path, body, "first").json["user"]["id"]
    assert error_of(post(plugin, path, body, "second")) == (409, "login_taken")
    plugin.send("DELETE", f"{path}/{taken}", who=ANNA)
    assert post(plugin, path, body, "second").status_code == 201
    assert error_of(post(plugin, path, body, "first")) == (404, "not_found")  # what it made is gone


def test_keys_are_forgotten_after_a_day_and_say_nothing(plugin: Plugin) -> None:
    path = "/api/v1/access/keys"
    post(plugin, path, KEY, "monday")
    with read(plugin.rt.db.app) as conn:
        assert "monday" not in str(conn.execute(select(idempotency_keys)).all())
    retention.run(plugin.rt, plugin.shop_id, {})
    assert post(plugin, path, KEY, "monday").status_code == 200
    with time_machine.travel(1_999_999_999):
        retention.run(plugin.rt, plugin.shop_id, {})
    assert post(plugin, path, KEY, "monday").status_code == 201


@pytest.fixture(params=["sqlite", "mariadb", "postgresql"])
def anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Plugin]:
    """A paired plugin of a sidecar on each kind of database."""
    urls = {}
    if request.param != "sqlite":
        server: str = request.getfixturevalue(request.param)
        urls = {"database_url": server % "app", "mirror_url": server % "mirror"}
    with no_devskyy_environment():
        app = create_app(settings_in(tmp_path, **urls), tiny_registry())
    found = Plugin(app).pair()
    yield found
    if urls:
        empty_tables(found.rt.db)
    found.rt.close()


def test_of_many_at_once_one_makes_it(anywhere: Plugin) -> None:
    answers: list[Any] = []
    threads = [
        threading.Thread(target=lambda: answers.append(post(anywhere, "/api/v1/access/keys", KEY, "once")))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]
    assert len({answer.json["key"]["id"] for answer in answers}) == 1
