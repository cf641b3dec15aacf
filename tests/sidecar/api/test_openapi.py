"""The OpenAPI document: valid, complete, and what the routes really answer."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask
from openapi_spec_validator import validate

from sidecar.core.schema import portable
from sidecar.security.roles import SCOPES
from tests.sidecar.kit import CutInput, Plugin

NOT_LISTED = re.compile(r"^/(docs|openapi\.json)")


def test_the_document_is_valid(app: Flask) -> None:
    document = app.test_client().get("/openapi.json").json
    validate(document)
    assert document["openapi"].startswith("3.1")


def test_every_route_is_in_it_with_words_and_errors(app: Flask) -> None:
    document = app.test_client().get("/openapi.json").json
    for rule in app.url_map.iter_rules():
        if NOT_LISTED.match(rule.rule):
            continue
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            operation = document["paths"][re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)][method.lower()]
            assert operation["summary"], rule
            assert operation["responses"]["422"]["content"]["application/json"]["schema"]["required"] == [
                "ok",
                "error",
            ]


ONLY_DONE = {
    "DELETE /api/v1/pairing", "DELETE /api/v1/access/users/{id}", "DELETE /api/v1/access/sessions/{id}",
    "DELETE /api/v1/webhooks/{id}",
}  # fmt: skip
"""Routes of the first groups that have no more to say than that it is done."""


def test_answers_are_described_by_what_is_in_them(app: Flask) -> None:
    document: Any = app.test_client().get("/openapi.json").json
    bare = set()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for status, answer in operation["responses"].items():
                schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
                if "$ref" in schema:
                    schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
                if status < "300" and set(schema.get("properties", {"-": 0})) == {"ok"}:
                    bare.add(f"{method.upper()} {path}")
    assert {one for one in bare if "/inventory/" not in one} == ONLY_DONE


def test_scopes_of_new_keys_are_named(app: Flask) -> None:
    schemas: Any = app.test_client().get("/openapi.json").json
    for body in ("KeyBody", "ClientBody"):
        found = schemas["components"]["schemas"][body]["properties"]["scopes"]["items"]["enum"]
        assert found == list(SCOPES)


def test_open_routes_need_no_token_in_it(app: Flask) -> None:
    document = app.test_client().get("/openapi.json").json
    assert document["security"] == [{"bearer": []}]
    without = {
        path for path, item in document["paths"].items() for op in item.values() if op.get("security") == []
    }
    assert without == {
        "/",
        "/health",
        "/api/v1/pairing",
        "/api/v1/auth/login",
        "/api/v1/auth/refresh",
        "/api/v1/auth/keys",
        "/oauth/token",
    }


def test_a_hand_named_path_shows_its_agents_input(app: Flask) -> None:
    body = app.test_client().get("/openapi.json").json["paths"]["/api/v1/test/cut"]["post"]["requestBody"]
    assert body["content"]["application/json"]["schema"] == portable(CutInput, strict=True)


def test_swagger_ui_loads_from_here_only(app: Flask) -> None:
    page = app.test_client().get("/docs").text
    sources = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert sources
    for source in sources:
        assert source.startswith("/docs/")
        with app.test_client().get(source) as answer:
            assert answer.status_code == 200
    assert "<script>" not in page


def test_metrics_count_requests_and_rows(plugin: Plugin) -> None:
    plugin.proposal()
    text = plugin.client.get("/metrics").text
    assert 'devskyy_requests_total{method="POST",route="/api/v1/agents/<name>/runs",status="202"}' in text
    assert 'devskyy_rows{kind="proposals",state="pending"} 1.0' in text
    assert 'devskyy_runs_total{agent="cut-price",state="done"}' in text
