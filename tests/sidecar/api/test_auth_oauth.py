"""OAuth 2 client credentials: the token endpoint as RFC 6749 has it, and the tokens it gives."""

from __future__ import annotations

import base64
import time
from typing import Any
from urllib.parse import quote_plus

import jwt
import pytest
from sqlalchemy import update

from sidecar.db import write
from sidecar.db.identity import oauth_clients
from tests.sidecar.api.identity_kit import actions, bearer, client_token, error_of, new_client
from tests.sidecar.kit import ANNA, Plugin

GRANT = {"grant_type": "client_credentials"}


def basic(client: dict[str, str]) -> dict[str, str]:
    pair = f"{quote_plus(client['client_id'])}:{quote_plus(client['client_secret'])}"
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def post(plugin: Plugin, form: Any, **more: Any) -> Any:
    return plugin.client.post("/oauth/token", data=form, **more)


def refused(answer: Any, code: str, status: int = 400) -> None:
    """Fails unless the answer is a refusal of RFC 6749, section 5.2."""
    assert error_of(answer) == (status, code), answer.json
    assert set(answer.json) == {"error", "error_description", "ok", "hint", "request_id"}
    assert answer.json["ok"] is False
    assert all(isinstance(text, str) and text for name, text in answer.json.items() if name != "ok")
    assert answer.headers["Cache-Control"] == "no-store"
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)


def test_a_client_gets_a_token_by_header_or_body(plugin: Plugin) -> None:
    client = new_client(plugin, "runs:read", "status:read")
    assert client["client_secret"].startswith("dss_")
    for answer in (post(plugin, GRANT, headers=basic(client)), post(plugin, {**GRANT, **client})):
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Pragma"] == "no-cache"
        body = answer.json
        assert (body["token_type"], body["expires_in"]) == ("Bearer", 1800)
        assert body["scope"] == "runs:read status:read"
        assert "refresh_token" not in body  # RFC 6749, section 4.4.3
        claims = jwt.decode(body["access_token"], options={"verify_signature": False})
        assert claims["sub"] == claims["client_id"] == client["client_id"]
        assert "sid" not in claims
        head = bearer(body["access_token"])
        assert plugin.client.get("/api/v1/runs", headers=head).status_code == 200
        assert error_of(plugin.client.get("/api/v1/agents", headers=head)) == (403, "scope_missing")
    assert actions(plugin)[-1] == "client.made"
    shown = plugin.send("GET", "/api/v1/access/clients", who=ANNA).json["items"][0]
    assert (shown["state"], shown["owner_id"]) == ("active", 7)
    assert shown["last_used_at"]
    assert client["client_secret"] not in str(shown)


def test_a_token_may_hold_less_than_its_client_and_never_more(plugin: Plugin) -> None:
    client = new_client(plugin, "runs:read", "status:read")
    answer = client_token(plugin, client, scope="runs:read")
    assert answer.json["scope"] == "runs:read"
    status = plugin.client.get("/api/v1/status", headers=bearer(answer.json["access_token"]))
    assert error_of(status) == (403, "scope_missing")
    for scope in ("runs:write", "runs:read runs:write", "proposals:approve", "*", "runs:read  status:read"):
        refused(client_token(plugin, client, scope=scope), "invalid_scope")


def test_refusals_are_those_of_the_standard(plugin: Plugin) -> None:
    client = new_client(plugin, "runs:read")
    wrong = {**client, "client_secret": client["client_secret"] + "x"}
    refused(post(plugin, client), "invalid_request")
    refused(post(plugin, {**client, "grant_type": "password"}), "unsupported_grant_type")
    refused(post(plugin, {**client, "grant_type": "refresh_token"}), "unsupported_grant_type")
    refused(post(plugin, GRANT), "invalid_client", 401)
    for other in (
        wrong, {**client, "client_id": "0" * 32}, {**client, "client_id": "\0"},
        {**client, "client_id": "x" * 9000}, {**client, "client_secret": ""},
        {"client_id": client["client_id"]},
    ):  # fmt: skip
        refused(post(plugin, {**GRANT, **other}), "invalid_client", 401)
    refused(post(plugin, GRANT, headers=basic(wrong)), "invalid_client", 401)
    for header in ("Basic x", "Basic !!!", "Bearer x", "Basic " + base64.b64encode(b"\xff:\xff").decode()):
        refused(post(plugin, GRANT, headers={"Authorization": header}), "invalid_client", 401)
    refused(post(plugin, {**GRANT, **client}, headers=basic(client)), "invalid_request")
    refused(post(plugin, {**GRANT, "client_id": "0" * 32}, headers=basic(client)), "invalid_request")
    twice = f"grant_type=client_credentials&grant_type=client_credentials&client_id={client['client_id']}"
    form = {"content_type": "application/x-www-form-urlencoded"}
    refused(post(plugin, twice, **form), "invalid_request")
    refused(post(plugin, b"", **form), "invalid_request")
    refused(post(plugin, b"\xff\xfe=%ff&%", **form), "invalid_request")
    refused(plugin.client.post("/oauth/token", json={**GRANT, **client}), "invalid_request")
    refused(post(plugin, {**GRANT, **client}, content_type="multipart/form-data"), "invalid_request")
    # Not in the address, where logs would keep it.
    refused(plugin.client.post("/oauth/token", query_string={**GRANT, **client}), "invalid_request")
    refused(post(plugin, GRANT, query_string=client), "invalid_client", 401)
    huge = post(plugin, {**GRANT, "client_id": "x" * 3_000_000})
    assert huge.status_code == 413


@pytest.mark.parametrize("how", ["revoked", "expired", "owner"])
def test_tokens_die_with_their_client(plugin: Plugin, how: str) -> None:
    client = new_client(plugin, "runs:read")
    head = bearer(client_token(plugin, client).json["access_token"])
    assert plugin.client.get("/api/v1/runs", headers=head).status_code == 200
    if how == "revoked":
        path = f"/api/v1/access/clients/{client['client_id']}"
        assert plugin.send("DELETE", path, who=ANNA).json["client"]["state"] == "revoked"
    elif how == "owner":
        people = {"people": [{"id": 7, "login": "anna", "role": "analyst"}]}
        assert plugin.send("POST", "/api/v1/access/people", people).json["clients"] == 1
    else:
        with write(plugin.rt.db.app) as conn:
            conn.execute(update(oauth_clients).values(expires_at=int(time.time())))
    assert error_of(plugin.client.get("/api/v1/runs", headers=head)) == (401, "client_ended")
    refused(client_token(plugin, client), "invalid_client", 401)


def test_a_client_belongs_to_one_shop(plugin: Plugin) -> None:
    other = Plugin(plugin.app).pair()
    client = new_client(other, "proposals:read")
    proposal = plugin.proposal()
    head = bearer(client_token(plugin, client).json["access_token"])
    assert plugin.client.get("/api/v1/proposals", headers=head).json["total"] == 0
    assert plugin.client.get(f"/api/v1/proposals/{proposal['id']}", headers=head).status_code == 404
    path = f"/api/v1/access/clients/{client['client_id']}"
    assert error_of(plugin.send("DELETE", path, who=ANNA)) == (404, "not_found")


def test_a_client_whose_scopes_were_taken_loses_them_at_once(plugin: Plugin) -> None:
    client = new_client(plugin, "runs:read", "status:read")
    head = bearer(client_token(plugin, client).json["access_token"])
    with write(plugin.rt.db.app) as conn:
        conn.execute(update(oauth_clients).values(scopes=["status:read"]))
    assert error_of(plugin.client.get("/api/v1/runs", headers=head)) == (403, "scope_missing")
    assert plugin.client.get("/api/v1/status", headers=head).status_code == 200
