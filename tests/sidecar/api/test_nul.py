"""Texts that no database of ours holds alike, NUL and half characters, are refused on every route."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from sidecar.core.types import unstorable
from sidecar.security.apikeys import create_key
from sidecar.security.roles import SCOPES
from tests.sidecar.api.identity_kit import bearer, error_of
from tests.sidecar.api.test_errors import concrete
from tests.sidecar.kit import ANNA, Plugin, paired_on

ELSEWHERE = {"/oauth/token"}  # a form: what it names is compared, never stored


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plugin]:
    """A plugin that is paired with a sidecar on PostgreSQL, which takes no NUL in a text."""
    yield from paired_on(request.getfixturevalue("postgresql"), tmp_path_factory.mktemp("nul"))


def operations(plugin: Plugin) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and description of every route, references followed."""
    document: Any = plugin.client.get("/openapi.json").json

    def follow(value: Any) -> Any:
        while isinstance(value, dict) and "$ref" in value:
            value = document["components"]["schemas"][value["$ref"].rsplit("/", 1)[1]]
        return value

    for path, methods in document["paths"].items():
        for method, told in methods.items():
            content = told.get("requestBody", {}).get("content", {}).get("application/json", {})
            body = follow(content.get("schema", {}))
            yield method.upper(), path, {"query": told.get("parameters", []), "body": body}


@pytest.mark.parametrize("bad", ["a\0b", "\ud83d"], ids=["nul", "half"])
def test_every_body_is_looked_at(server: Plugin, bad: str) -> None:
    seen = 0
    for method, path, told in operations(server):
        for name in told["body"].get("properties", {}):
            if path in ELSEWHERE or name == "events":
                continue
            rule = concrete(path.replace("{", "<").replace("}", ">"))
            rule = rule.replace("<item_id>", "9").replace("<product_id>", "9")
            answer = server.send(method, rule, {name: {"in": [bad]}}, who=ANNA)
            assert answer.status_code == 422, (method, path, name, answer.text)
            assert f"{name}.in.0" in answer.json["error"]["fields"], (method, path, answer.text)
            seen += 1
    assert seen > 40


def test_every_query_is_looked_at(server: Plugin) -> None:
    seen = 0
    for method, path, told in operations(server):
        for parameter in told["query"]:
            if parameter["in"] != "query" or method != "GET":
                continue
            rule = concrete(path.replace("{", "<").replace("}", ">")).replace("<product_id>", "9")
            answer = server.send("GET", rule, who=ANNA, query={parameter["name"]: "a\0b"})
            assert answer.status_code == 422, (path, parameter["name"], answer.text)
            seen += 1
    assert seen > 20
    _, key = create_key(server.rt.db.app, server.shop_id, "all", SCOPES, now=1_795_000_000)
    for path in ("/api/v1/agents/a%00b", "/api/v1/runs/%00", "/api/v1/ecommerce/products/%00"):
        assert server.client.get(path, headers=bearer(key)).status_code in (404, 422), path


def test_an_event_that_cannot_be_stored_stops_no_other(server: Plugin) -> None:
    good = {
        "seq": 1, "id": "0" * 32, "type": "stock.changed", "resource": "products", "resource_id": 7,
        "at": "2026-11-24T06:35:00Z",
    }  # fmt: skip
    bad = good | {"seq": 2, "id": "1" * 32, "version": "a\0b"}
    answer = server.send("POST", "/api/v1/events", {"events": [good, bad]})
    assert answer.status_code == 200, answer.text
    assert (answer.json["acknowledged"], answer.json["rejected"][0]["code"]) == (2, "event_unreadable")


def test_runs_take_no_such_input_by_any_name(server: Plugin) -> None:
    for path, body in (
        ("/api/v1/agents/cut-price/runs", {"input": {"to": "1\0"}}), ("/api/v1/test/cut", {"to": "1\0"}),
    ):  # fmt: skip
        answer = server.send("POST", path, body, who=ANNA)
        assert error_of(answer) == (422, "invalid")
        assert any(name.endswith("to") for name in answer.json["error"]["fields"])


def test_where_the_text_stands() -> None:
    deep: Any = "a\0"
    for _ in range(5_000):
        deep = [deep]
    assert len(unstorable(deep) or ()) == 5_000
    assert unstorable(json.loads('{"a": ["x", {"b": "\\u0000"}], "c": "🧣"}')) == ("a", 1, "b")
    assert unstorable({"a": {"k\0": 1}}) == ("a", "k\N{REPLACEMENT CHARACTER}")
    assert unstorable({"a": ["🧣", None, 1.5, True]}) is None
