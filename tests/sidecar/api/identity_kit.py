"""What the tests of signing in share: quick hashing, logins, tokens, and the routes that nobody but a person
in wp-admin may use."""

from __future__ import annotations

from typing import Any

from tests.sidecar.kit import ANNA, Plugin

ADMIN = {"id": 1, "login": "root", "caps": ["manage_woocommerce", "manage_options"]}


def bearer(token: str) -> dict[str, str]:
    """The header of a token."""
    return {"Authorization": f"Bearer {token}"}


def new_login(plugin: Plugin, login: str = "anna", role: str = "manager", **more: Any) -> dict[str, Any]:
    """A user made in wp-admin, with `password`."""
    who = more.pop("who", ANNA)
    answer = plugin.send("POST", "/api/v1/access/users", {"login": login, "role": role, **more}, who=who)
    assert answer.status_code == 201, answer.json
    return {"password": more.get("password"), **answer.json["user"], **answer.json}


def sign_in(plugin: Plugin, login: str, password: str, **more: Any) -> Any:
    """The answer to a login."""
    return plugin.client.post("/api/v1/auth/login", json={"login": login, "password": password, **more})


def tokens(plugin: Plugin, login: str = "anna", role: str = "manager", **more: Any) -> dict[str, Any]:
    """The tokens of a fresh login."""
    made = new_login(plugin, login, role, **more)
    answer = sign_in(plugin, login, made["password"], shop=plugin.shop_id)
    assert answer.status_code == 200, answer.json
    found: dict[str, Any] = answer.json
    return found


def new_client(plugin: Plugin, *scopes: str, who: Any = ANNA) -> dict[str, str]:
    """An OAuth client: `client_id` and `client_secret`."""
    body = {"name": "erp", "scopes": list(scopes)}
    answer = plugin.send("POST", "/api/v1/access/clients", body, who=who)
    assert answer.status_code == 201, answer.json
    return {"client_id": answer.json["client"]["id"], "client_secret": answer.json["client_secret"]}


def client_token(plugin: Plugin, client: dict[str, str], **more: str) -> Any:
    """The answer of the token endpoint, the client in the body."""
    return plugin.client.post("/oauth/token", data={"grant_type": "client_credentials", **client, **more})


def error_of(answer: Any) -> tuple[int, str]:
    """Status and code of a refusal; ("", code) of RFC 6749 too."""
    error = (answer.json or {}).get("error") or ""
    return answer.status_code, error if isinstance(error, str) else error["code"]


def audited(plugin: Plugin) -> list[dict[str, Any]]:
    """The audit, oldest first."""
    found: list[dict[str, Any]] = plugin.get("/api/v1/audit", limit=200).json["items"]
    return found[::-1]


def actions(plugin: Plugin) -> list[str]:
    """What the audit says was done, oldest first."""
    return [entry["action"] for entry in audited(plugin)]
