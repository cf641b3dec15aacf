"""What the document says of answers is what the routes answer: nothing missing, nothing that is not named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from argon2 import PasswordHasher
from pydantic import BaseModel

from sidecar.api import access_shapes, audit_shapes, integration_shapes, privacy_shapes, run_shapes
from sidecar.security import passwords
from tests.sidecar.api.identity_kit import ADMIN, bearer, client_token, new_client, new_login, sign_in
from tests.sidecar.documented import SHAPES, document
from tests.sidecar.kit import ANNA, Plugin

ACCESS = "/api/v1/access"
SERVICE = {"provider": "erp", "name": "ours", "base_url": "https://erp.example.com", "api_key": {"key": "k"}}


@pytest.fixture(autouse=True)
def _quick_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))


def people(plugin: Plugin) -> Iterator[tuple[type[BaseModel], Any]]:
    """Answers about keys, clients, logins and sessions."""

    def ask(method: str, path: str, body: Any = None, who: Any = ANNA) -> Any:
        return plugin.send(method, f"{ACCESS}{path}", body, who=who)

    body = {"name": "script", "scopes": ["runs:read"]}
    made = ask("POST", "/keys", body | {"networks": ["192.0.2.0/24"]})
    yield access_shapes.KeyMade, made
    yield access_shapes.Keys, ask("GET", "/keys")
    yield access_shapes.KeyEnded, ask("DELETE", f"/keys/{made.json['key']['id']}")
    client = ask("POST", "/clients", body)
    yield access_shapes.ClientMade, client
    yield access_shapes.Clients, ask("GET", "/clients")
    yield access_shapes.ClientToken, client_token(plugin, new_client(plugin, "runs:read"))
    yield access_shapes.ClientEnded, ask("DELETE", f"/clients/{client.json['client']['id']}")
    user = ask("POST", "/users", {"login": "cora", "role": "analyst"})
    yield access_shapes.UserMade, user
    yield access_shapes.UserChanged, ask("PATCH", f"/users/{user.json['user']['id']}", {"new_password": True})
    yield access_shapes.Roles, ask("GET", "/roles")
    yield access_shapes.Owners, ask("GET", "/owners")
    yield (
        access_shapes.Permission,
        plugin.send("POST", "/api/v1/security/check-permission", {"scope": "runs:read"}),
    )
    login = new_login(plugin)
    signed = sign_in(plugin, "anna", login["password"])
    yield access_shapes.Tokens, signed
    sign_in(plugin, "anna", "wrong")
    yield access_shapes.Users, ask("GET", "/users")
    yield access_shapes.Sessions, ask("GET", "/sessions")
    out = {"headers": bearer(signed.json["access_token"]), "json": {}}
    yield access_shapes.SignedOut, plugin.client.post("/api/v1/auth/logout", **out)
    yield access_shapes.PublicKeys, plugin.client.get("/api/v1/auth/keys")
    yield access_shapes.Adjusted, ask("POST", "/people", {"people": [{"id": 7, "deleted": True}]}, None)


def others(plugin: Plugin) -> Iterator[tuple[type[BaseModel], Any]]:
    """Answers about the audit, services and personal data."""
    plugin.decide(plugin.proposal(), "reject", {"reason": "no"})
    service = plugin.send("POST", "/api/v1/integrations", SERVICE, who=ANNA)
    path = f"/api/v1/integrations/{service.json['integration']['id']}"
    yield integration_shapes.ServiceMade, service
    yield integration_shapes.Checked, plugin.send("POST", f"{path}/check", who=ANNA)
    yield integration_shapes.Services, plugin.get("/api/v1/integrations")
    yield integration_shapes.OneService, plugin.get(path)
    yield integration_shapes.ServiceRemoved, plugin.send("DELETE", path, who=ANNA)
    yield audit_shapes.Entries, plugin.get("/api/v1/audit", limit=200)
    yield audit_shapes.Entries, plugin.get("/api/v1/security/audit-log", limit=2)
    yield audit_shapes.Summary, plugin.get("/api/v1/security/audit-summary")
    yield privacy_shapes.Retention, plugin.get("/api/v1/gdpr/data-retention")
    person = {"user_id": 7, "login": "anna"}
    yield privacy_shapes.Export, plugin.send("POST", "/api/v1/gdpr/export-data", person, who=ADMIN)
    yield privacy_shapes.Erased, plugin.send("POST", "/api/v1/gdpr/delete-data", person, who=ADMIN)
    yield audit_shapes.Entries, plugin.get("/api/v1/audit", limit=200)


def agents(plugin: Plugin) -> Iterator[tuple[type[BaseModel], Any]]:
    """Answers about agents and runs."""
    asked = plugin.send("POST", "/api/v1/agents/cut-price/runs", {"input": {}}, who=ANNA)
    yield run_shapes.OneRun, asked
    plugin.run()
    yield run_shapes.OneRun, plugin.get(f"/api/v1/runs/{asked.json['run']['id']}")
    yield run_shapes.RunPage, plugin.get("/api/v1/runs", limit=1)
    yield run_shapes.Agents, plugin.get("/api/v1/agents")
    yield run_shapes.OneAgent, plugin.get("/api/v1/agents/cut-price")
    path = "/api/v1/agents/cut-price/settings"
    yield run_shapes.OneAgent, plugin.send("PUT", path, {"enabled": False}, who=ANNA)


NAMED = re.compile(
    r"/api/v1/(webhooks|inventory/(suppliers|supplies|defaults|overrides|locations|purchase-orders))(/|$)"
)


def test_routes_of_buying_and_webhooks_name_the_shapes_that_their_tests_compare(plugin: Plugin) -> None:
    found = {
        schema.get("$ref", "").rpartition("/")[2] or (*schema["properties"],)
        for path, acts in document(plugin.app)["paths"].items()
        if NAMED.match(path)
        for act in acts.values()
        for status, said in act["responses"].items()
        if status[0] == "2" and (schema := said["content"].get("application/json", {}).get("schema"))
    }
    assert len(found) > 25
    assert found - set(SHAPES) == {("ok",)}


@pytest.mark.parametrize("answers", [people, others, agents])
def test_answers_are_of_the_shape_that_the_document_says(plugin: Plugin, answers: Any) -> None:
    for shape, answer in answers(plugin):
        assert answer.status_code in (200, 201, 202), (shape.__name__, answer.text)
        shape.model_validate_json(answer.get_data(), strict=True, extra="forbid")
