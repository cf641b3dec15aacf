"""Logins and keys on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sidecar.app import create_app
from sidecar.cli import main
from tests.sidecar.api.identity_kit import bearer, error_of, sign_in
from tests.sidecar.kit import ANNA, Plugin, no_devskyy_environment, settings_in, tiny_registry

STATUS = "/api/v1/status"


@pytest.fixture
def plugin(tmp_path: Path) -> Any:
    """A plugin paired with a sidecar on the folder that the commands use."""
    with no_devskyy_environment():
        app = create_app(settings_in(tmp_path), tiny_registry())
        yield Plugin(app).pair()
    app.extensions["devskyy"].close()


def run(plugin: Plugin, *words: str, answer: str | None = None) -> Result:
    command = ["--data-dir", str(plugin.rt.settings.data_dir), *words]
    return CliRunner().invoke(main, command, input=answer)


def test_logins_are_added_listed_and_disabled(plugin: Plugin) -> None:
    added = run(plugin, "users", "add", "Anna", "--role", "analyst")
    assert added.exit_code == 0, added.output
    password = added.stdout.strip()
    answer = sign_in(plugin, "anna", password)
    assert (answer.status_code, answer.json["role"]) == (200, "analyst")
    listed = run(plugin, "users", "list").output
    assert "active  analyst" in listed
    assert "anna" in listed
    assert password not in listed
    again = run(plugin, "users", "add", "anna", "--role", "analyst")
    assert (again.exit_code, "taken" in again.output) == (1, True)
    assert run(plugin, "users", "add", "eric", "--role", "boss").exit_code == 1
    off = run(plugin, "users", "disable", "ANNA")
    assert off.output == "Disabled anna.\n"
    head = bearer(answer.json["access_token"])
    assert error_of(plugin.client.get(STATUS, headers=head)) == (401, "session_ended")
    assert error_of(sign_in(plugin, "anna", password)) == (401, "login_wrong")
    assert "disabled" in run(plugin, "users", "list").output
    assert run(plugin, "users", "disable", "nobody").exit_code == 1


def test_a_password_may_be_asked_for(plugin: Plugin) -> None:
    short = run(plugin, "users", "add", "eric", "--role", "owner", "--ask", answer="short\nshort\n")
    assert (short.exit_code, "12 to 256" in short.output) == (1, True)
    mine = "a password of my own"
    asked = run(plugin, "users", "add", "eric", "--role", "owner", "--ask", answer=f"{mine}\n{mine}\n")
    assert asked.exit_code == 0
    assert mine not in asked.output
    assert sign_in(plugin, "eric", mine).status_code == 200


def test_keys_of_the_machine_expire_keep_to_networks_and_are_audited(plugin: Plugin) -> None:
    made = run(plugin, "keys", "create", "reports", "--scope", "status:read", "--network", "127.0.0.1")
    head = bearer(made.stdout.strip())
    assert plugin.client.get(STATUS, headers=head).status_code == 200
    far: Any = {"environ_base": {"REMOTE_ADDR": "192.0.2.7"}, "base_url": "https://sidecar.test"}
    assert error_of(plugin.client.get(STATUS, headers=head, **far)) == (403, "address_not_allowed")
    key = plugin.send("GET", "/api/v1/access/keys", who=ANNA).json["items"][0]
    assert key["expires_at"][:4] == str(int(key["created_at"][:4]) + 1)
    assert "owner_id" not in key
    assert run(plugin, "keys", "revoke", key["id"]).exit_code == 0
    assert error_of(plugin.client.get(STATUS, headers=head)) == (401, "api_key_revoked")
    items = plugin.get("/api/v1/audit").json["items"]
    assert [entry["action"] for entry in items[:2]] == ["key.revoked", "key.made"]
    assert run(plugin, "keys", "create", "x", "--scope", "proposals:approve").exit_code == 1
    assert run(plugin, "keys", "create", "x", "--scope", "runs:read", "--days", "4000").exit_code == 2


def test_keys_of_tokens_are_rotated(plugin: Plugin) -> None:
    password = run(plugin, "users", "add", "anna", "--role", "analyst").stdout.strip()
    old = sign_in(plugin, "anna", password).json["access_token"]
    assert run(plugin, "keys", "rotate-tokens").output == "Access tokens are signed by hs256-2 now.\n"
    new = sign_in(plugin, "anna", password).json["access_token"]
    for token in (old, new):
        assert plugin.client.get(STATUS, headers=bearer(token)).status_code == 200
