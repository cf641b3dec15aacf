"""What the document says of answers is what the routes answer: nothing missing, nothing that is not named."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from pydantic import BaseModel

import sidecar.api
from sidecar.api import (
    access_shapes,
    audit_shapes,
    integration_shapes,
    privacy_shapes,
    proposal_shapes,
    run_shapes,
    shop_shapes,
)
from sidecar.core.types import utc_text
from sidecar.runtime.pairing import new_code
from sidecar.security import passwords
from sidecar.security.tokens import b64decode
from tests.sidecar.api.identity_kit import ADMIN, bearer, client_token, new_client, new_login, sign_in
from tests.sidecar.documented import SHAPES, shape_of
from tests.sidecar.kit import ANNA, Plugin

ACCESS = "/api/v1/access"
NEXT_WEEK = utc_text(datetime.now(UTC) + timedelta(days=7))
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


def proposals(plugin: Plugin) -> Iterator[tuple[type[BaseModel], Any]]:
    """Answers about proposals, through all that may become of one."""
    found, path = plugin.proposal(), "/api/v1/proposals"
    mine = f"{path}/{found['id']}"
    yield proposal_shapes.LastOutcome, plugin.get(f"{mine}/outcome")
    yield proposal_shapes.OneProposal, plugin.decide(found, "snooze", {"until": NEXT_WEEK})
    yield proposal_shapes.ProposalToApply, plugin.decide(found, "approve", {"digest": found["digest"]})
    yield proposal_shapes.OneProposal, plugin.report(found, "applied", "All went well.")
    yield proposal_shapes.ProposalToApply, plugin.decide(found, "undo")
    yield proposal_shapes.OneProposal, plugin.report(found, "undone")
    yield proposal_shapes.LastOutcome, plugin.get(f"{mine}/outcome")
    plugin.decide(plugin.proposal(product=13), "reject", {"reason": "no"})
    for price in ("17.00", "16.00"):
        plugin.proposal(product=14, to=price)
    page = plugin.get(path)
    assert {one["state"] for one in page.json["items"]} == {"undone", "rejected", "superseded", "pending"}
    yield proposal_shapes.ProposalPage, page
    yield proposal_shapes.ProposalWithHistory, plugin.get(mine)
    anna = {"user_id": ANNA["id"], "login": ANNA["login"]}
    plugin.send("POST", "/api/v1/gdpr/delete-data", anna, who=ADMIN)
    erased = plugin.get(path)
    assert [one["decided_by"] for one in erased.json["items"] if "decided_by" in one] == [
        {"erased": True}
    ] * 2
    yield proposal_shapes.ProposalPage, erased


def shop(plugin: Plugin) -> Iterator[tuple[type[BaseModel], Any]]:
    """Answers about the sidecar and the shop."""
    yield shop_shapes.Root, plugin.client.get("/")
    yield shop_shapes.Healthy, plugin.client.get("/health")
    body = plugin.pairing(new_code(plugin.rt))
    paired: Any = plugin.client.post("/api/v1/pairing", json=body)
    yield shop_shapes.Paired, paired
    plugin.secret = b64decode(paired.json["secret"])
    yield shop_shapes.JobQueued, plugin.send("POST", "/api/v1/sync", {"full": True})
    event = {"seq": 1, "id": "0" * 32, "type": "stock.changed", "resource": "products", "resource_id": 12}
    batch = [event | {"at": "2026-11-24T06:35:00Z"}, {"seq": "x"}, 7, event | {"type": "no.such"}]
    yield shop_shapes.EventsTaken, plugin.send("POST", "/api/v1/events", {"events": batch})
    plugin.send("POST", "/api/v1/integrations", SERVICE, who=ANNA)
    plugin.run({"crash": True})
    found = plugin.get("/api/v1/status")
    assert found.json["errors"]
    assert found.json["integrations"]
    yield shop_shapes.Status, found


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


OPEN = {
    "AgentRow.examples", "AgentRow.input_schema", "AgentRow.output_schema", "AgentSettings.input",
    "BadCell.values", "Create.body", "Entry.after", "Entry.before", "Entry.detail", "Entry.personal",
    "Failure.details", "Held.data", "Payload.data", "RejectedEvent.seq", "Remark.values", "Run.input",
    "Run.output", "Service.config", "SetField.to", "SetField.was", "ShopFacts", "SyncFailure.details",
}  # fmt: skip
"""What may hold anything, by its nature."""


def within(schema: Any, where: str) -> Iterator[tuple[str, Any]]:
    """The parts of a schema, and where they stand."""
    for name, field in schema.get("properties", {}).items():
        yield f"{where}.{name}", field
    for word in ("anyOf", "oneOf", "prefixItems"):
        yield from ((where, one) for one in schema.get(word, ()))
    for word in ("items", "additionalProperties"):
        if isinstance(schema.get(word), dict):
            yield where, schema[word]


def takes_anything(schema: Any) -> bool:
    """Whether a schema says nothing of what stands there."""
    if schema.get("type") == "object":
        return schema.get("additionalProperties", True) is True
    return not {"type", "const", "enum", "anyOf", "oneOf", "$ref"} & set(schema)


def test_every_good_answer_names_its_shape_and_every_field_says_what_it_holds(app: Flask) -> None:
    made: Any = app.test_client().get("/openapi.json").json
    good = {
        (method, path, status): said["content"]["application/json"]["schema"]
        for path, acts in made["paths"].items()
        for method, act in acts.items()
        for status, said in act["responses"].items()
        if status < "300" and "application/json" in said["content"]
    }
    unnamed = {one for one, schema in good.items() if schema.get("$ref", "").rpartition("/")[2] not in SHAPES}
    assert unnamed == set()
    left, seen, found = [("", schema) for schema in good.values()], set[str](), set[str]()
    while left:
        where, schema = left.pop()
        name = schema.get("$ref", "").rpartition("/")[2]
        if name in seen:
            continue
        if name and name != "JsonValue":
            seen.add(name)
            where, schema = name, made["components"]["schemas"][name]
        if name == "JsonValue" or takes_anything(schema):
            found.add(where)
        left += within(schema, where)
    assert found == OPEN


def test_no_shape_takes_the_place_of_another_of_its_name() -> None:
    modules = [module.name for module in pkgutil.walk_packages(sidecar.api.__path__, "sidecar.api.")]
    named: dict[str, set[Any]] = {}
    for module in (*modules, "sidecar.core.evidence", "sidecar.core.changes"):
        for one in vars(importlib.import_module(module)).values():
            if isinstance(one, type) and issubclass(one, BaseModel):
                named.setdefault(one.__name__, set()).add(one)
    assert len(named) > 150
    assert {name: some for name, some in named.items() if len(some) > 1 and name[0] != "_"} == {}


@pytest.mark.parametrize("answers", [people, others, proposals, shop, agents])
def test_answers_are_of_the_shape_that_the_document_says(plugin: Plugin, answers: Any) -> None:
    for shape, answer in answers(plugin):
        assert answer.status_code in (200, 201, 202), (shape.__name__, answer.text)
        assert shape_of(plugin.app, answer) == shape
        shape.model_validate_json(answer.get_data(), strict=True)
