"""One error shape on every route, whatever goes wrong; request ids, headers, limits."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from sidecar.api.shop_shapes import Down
from sidecar.app import create_app
from sidecar.runtime import catalog
from tests.sidecar.kit import ANNA, Plugin, no_devskyy_environment, settings_in, tiny_registry

FORM = "/oauth/token"  # refuses in the words of RFC 6749: test_auth_oauth.py
OPEN = {
    ("GET", "/"),
    ("GET", "/health"),
    ("POST", "/api/v1/pairing"),
    ("POST", "/api/v1/auth/login"),
    ("POST", "/api/v1/auth/refresh"),
    ("GET", "/api/v1/auth/keys"),
    ("POST", FORM),
}
LOCAL = {
    "/metrics",
    "/openapi.json",
    "/docs",
    "/docs/start.js",
    "/docs/<any(css,js,images):kind>/<path:name>",
}


BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("POST", "/api/v1/proposals/<id>/approve"): {"digest": "0" * 64},
    ("POST", "/api/v1/proposals/<id>/snooze"): {"until": "2027-01-01T00:00:00Z"},
    ("POST", "/api/v1/proposals/<id>/outcome"): {"state": "applied", "at": "2026-01-01T00:00:00Z"},
    ("POST", "/api/v1/integrations/<id>/authorize"): {"redirect_uri": "http://shop.test/wp-admin/admin.php"},
    ("POST", "/api/v1/integrations/<id>/callback"): {"state": "x" * 43, "code": "x"},
    ("PATCH", "/api/v1/webhooks/<id>"): {"state": "paused"},
    ("POST", "/api/v1/inventory/items/<int:item_id>/low-stock"): {"was": None, "to": 3},
    ("PUT", "/api/v1/inventory/suppliers/<id>"): {"name": "Silk House"},
    ("PUT", "/api/v1/inventory/locations/<id>"): {"name": "Store"},
    ("PUT", "/api/v1/inventory/locations/<id>/stock/<int:item_id>"): {"quantity": 4},
    ("POST", "/api/v1/inventory/purchase-orders/<id>/send"): {"digest": "0" * 64},
    ("POST", "/api/v1/inventory/purchase-orders/<id>/sent"): {"send_id": "0" * 32, "state": "sent"},
    ("POST", "/api/v1/inventory/purchase-orders/<id>/receive"): {"lines": [{"item_id": 1, "quantity": 1}]},
    ("POST", "/api/v1/inventory/locations/<id>/stock/import"): {"csv": "sku,quantity"},
}
"""Bodies that are right, of the routes with a parameter that take no empty one."""


def routes(app: Flask) -> Iterator[tuple[str, str]]:
    """Every method and rule."""
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield method, rule.rule


def concrete(rule: str, ident: str = "") -> str:
    """A path that fits a rule; `ident` stands for all ids."""
    ident = ident or ("999999" if rule.endswith("/products/<id>") else "0" * 32)
    filled = rule.replace("<any(css,js,images):kind>", "js").replace("<path:name>", "x.js")
    filled = filled.replace("<int:item_id>", "999999").replace("<int:product_id>", "999999")
    return re.sub(r"<(id|delivery)>", ident, filled).replace("<name>", "nobody").replace("<type>", "none")


def is_error(answer: Any, status: int | None = None) -> None:
    """Fails unless the answer is the one error shape."""
    assert answer.mimetype == "application/json", answer.data
    body = answer.get_json()
    assert set(body) == {"ok", "error"}
    assert body["ok"] is False
    error = body["error"]
    assert (
        {"code", "message", "hint", "request_id"}
        <= set(error)
        <= {"code", "message", "hint", "request_id", "fields", "details"}
    )
    assert all(
        isinstance(error[name], str) and error[name] for name in ("code", "message", "hint", "request_id")
    ), error
    assert error["request_id"] == answer.headers["X-Request-ID"]
    assert error.get("fields", {"-": ""}) != {}
    if status is not None:
        assert answer.status_code == status, body


def test_every_closed_route_wants_a_signature(app: Flask) -> None:
    client, seen = app.test_client(), 0
    for method, rule in routes(app):
        if (method, rule) in OPEN or rule in LOCAL:
            continue
        seen += 1
        is_error(client.open(concrete(rule), method=method), 401)
        is_error(client.open(concrete(rule), method=method, data=b"{", content_type="application/json"), 401)
    assert seen > 20


def test_every_route_refuses_other_methods(app: Flask) -> None:
    client = app.test_client()
    for rule in {rule for _, rule in routes(app)}:
        taken = {method for method, other in routes(app) if other == rule}
        other = next(method for method in ("PUT", "PATCH", "DELETE") if method not in taken)
        answer = client.open(concrete(rule), method=other)
        is_error(answer, 405)
        assert answer.headers["Allow"]


def test_every_route_refuses_broken_json_wrong_types_and_wrong_shapes(plugin: Plugin) -> None:
    for method, rule in routes(plugin.app):
        if method == "GET" or rule == FORM:
            continue
        path = concrete(rule)

        def send(raw: bytes, kind: str | None, method: str = method, path: str = path) -> Any:
            head = {"Authorization": f"Bearer {plugin.token(method, path, raw, who=ANNA)}"}
            return plugin.client.open(path, method=method, data=raw, headers=head, content_type=kind)

        is_error(send(b'{"a": ', "application/json"), 400)
        is_error(send(b"\xff\xfe", "application/json"), 400)
        is_error(send(b'{"a": ' + b"[" * 100_000, "application/json"), 400)
        is_error(send(b"a=1", "application/x-www-form-urlencoded"), 415)
        is_error(send(b"{}", None), 415)
        is_error(send(b"[1]", "application/json"), 422)
        is_error(send(b'"text"', "application/json"), 422)
        is_error(send(b"null", "application/json"), 422)


def test_every_route_with_a_parameter_says_when_there_is_no_such_thing(plugin: Plugin) -> None:
    for method, rule in routes(plugin.app):
        if "<" not in rule or rule in LOCAL:
            continue
        body = None if method == "GET" else BODIES.get((method, rule), {})
        answer = plugin.send(method, concrete(rule), body, who=ANNA)
        assert answer.status_code == 404, (method, rule, answer.text)
        is_error(answer)
        wrong = plugin.send(method, concrete(rule, "nothing"), body, who=ANNA)
        is_error(wrong, 422 if "<id>" in rule else 404)


def test_unknown_fields_are_named(plugin: Plugin) -> None:
    answer = plugin.send("POST", "/api/v1/sync", {"full": True, "colour": "red"})
    is_error(answer, 422)
    assert answer.json["error"]["fields"] == {"colour": "There is no such field."}


def test_a_body_has_a_limit(tmp_path: Path) -> None:
    with no_devskyy_environment():
        app = create_app(settings_in(tmp_path, max_body_bytes=10_000), tiny_registry())
    plugin = Plugin(app).pair()
    for path in ("/api/v1/events", "/api/v1/pairing"):
        is_error(plugin.send("POST", path, {"events": ["x" * 20_000]}), 413)
    app.extensions["devskyy"].close()


def test_an_unknown_path_and_an_unexpected_error(
    app: Flask, plugin: Plugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_error(app.test_client().get("/api/v1/nothing"), 404)
    monkeypatch.setattr(catalog, "everything", lambda *_: 1 / 0)
    answer = plugin.get("/api/v1/agents")
    is_error(answer, 500)
    assert "ZeroDivisionError" not in answer.text


def test_a_request_id_is_kept_or_made(app: Flask) -> None:
    client = app.test_client()
    assert client.get("/", headers={"X-Request-ID": "abc-123"}).headers["X-Request-ID"] == "abc-123"
    for bad in ("", "x" * 65, "é"):
        assert len(client.get("/", headers={"X-Request-ID": bad}).headers["X-Request-ID"]) == 32


def test_headers_keep_browsers_careful(app: Flask) -> None:
    for path in ("/", "/health", "/docs", "/nothing"):
        head = app.test_client().get(path).headers
        assert head["X-Content-Type-Options"] == "nosniff"
        assert "default-src" in head["Content-Security-Policy"]
        assert not [name for name, _ in head if name.lower().startswith("access-control-")]
        assert "unsafe-inline" not in head["Content-Security-Policy"].split("style-src")[0]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("database is locked", "database_locked"),
        ("database or disk is full", "disk_full"),
        ("unable to open database file", "database_gone"),
    ],
)
def test_trouble_with_the_database_is_explained_and_leaves_nothing_half_done(
    plugin: Plugin, words: str, code: str
) -> None:
    engine = plugin.rt.db.app

    def break_it(_conn: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("INSERT INTO jobs"):
            raise sqlite3.OperationalError(words)

    path, raw = "/api/v1/agents/cut-price/runs", json.dumps({"input": {}}).encode()
    event.listen(engine, "before_cursor_execute", break_it)
    try:
        answer = plugin.send("POST", path, json.loads(raw), who=ANNA)
    finally:
        event.remove(engine, "before_cursor_execute", break_it)
    is_error(answer, 503)
    assert answer.json["error"]["code"] == code
    assert answer.headers["Retry-After"]
    assert plugin.get("/api/v1/runs").json["total"] == 0


def test_health_says_when_the_database_is_gone(plugin: Plugin, tmp_path: Path) -> None:
    assert plugin.client.get("/health").json == {"ok": True, "status": "ok", "version": "0.1.0"}
    plugin.rt.db.dispose()
    (tmp_path / "mirror.sqlite3").rename(tmp_path / "away")
    for end in ("-wal", "-shm"):
        (tmp_path / f"mirror.sqlite3{end}").unlink(missing_ok=True)
    (tmp_path / "mirror.sqlite3").mkdir()
    answer = plugin.client.get("/health")
    assert (answer.status_code, answer.json["status"]) == (503, "down")
    assert [check["id"] for check in answer.json["checks"]] == ["database_mirror"]
    assert answer.json["checks"][0]["hint"]
    Down.model_validate_json(answer.get_data(), strict=True)


def test_a_locked_database_is_waited_for_and_then_named(
    plugin: Plugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin.rt.db.dispose()
    holder = sqlite3.connect(plugin.rt.settings.data_dir / "app.sqlite3", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr("sidecar.db.session.BUSY_S", 0.2)
    event.listen(plugin.rt.db.app, "connect", lambda conn, _: conn.execute("PRAGMA busy_timeout=200"))
    try:
        answer = plugin.send("POST", "/api/v1/sync", {"full": False})
    finally:
        holder.rollback()
        holder.close()
    is_error(answer, 503)
    assert answer.json["error"]["code"] == "database_locked"
    assert plugin.send("POST", "/api/v1/sync", {"full": False}).status_code == 202


def test_a_boolean_is_no_number(plugin: Plugin) -> None:
    for given, named in (
        ({"user_id": True}, "user_id"),
        ({"user_id": 1, "review_ids": [2, True]}, "review_ids.1"),
    ):
        answer = plugin.send("POST", "/api/v1/gdpr/delete-data", given, who=ANNA)
        is_error(answer, 422)
        assert set(answer.json["error"]["fields"]) == {named}


def test_a_number_is_no_time(plugin: Plugin) -> None:
    path = f"/api/v1/proposals/{'0' * 32}/snooze"
    for given in (1_900_000_000, 5.5, "1900000000", True):
        answer = plugin.send("POST", path, {"until": given}, who=ANNA)
        is_error(answer, 422)
        assert set(answer.json["error"]["fields"]) == {"until"}
