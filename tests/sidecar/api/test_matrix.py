"""Every route × every kind of caller is answered as the one table says (docs/access.md, sidecar.api.table).

The gates are the app's own; behind them stand views that only say "let in", so that a caller who may delete
everything can be tried on every route. What the views do is for the other tests.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from sidecar.api.access import ANY, LOCAL, OPEN, PERSON, SIGNED
from sidecar.api.access import access as access_mark
from sidecar.api.table import Route, may, page, routes
from sidecar.app import create_app
from sidecar.cli import of_app
from sidecar.db import read
from sidecar.db.app import shops
from sidecar.security import gate
from sidecar.security.roles import ROLES, SCOPES
from sidecar.security.tokens import Claims
from tests.sidecar.api.callers import Kind, Sent, World, ask, kinds
from tests.sidecar.kit import ANNA, no_devskyy_environment, settings_in, tiny_registry

OPEN_ROUTES = {
    "GET /", "GET /health", "POST /api/v1/pairing", "POST /api/v1/auth/login", "POST /api/v1/auth/refresh",
    "GET /api/v1/auth/keys", "POST /oauth/token",
}  # fmt: skip
"""All that may be open to the world: what stands here gives nothing away without a secret of its own."""

LOCAL_ROUTES = re.compile(r"/(metrics|openapi\.json|docs(/.*)?)")
DECISIONS = re.compile(r".*/(approve|reject|snooze|undo)")
RULES = {OPEN, SIGNED, PERSON, LOCAL, ANY, *SCOPES}
REFUSALS = {PERSON: (403, "approval_needs_person"), SIGNED: (401, "signature_missing")}


def concrete(path: str) -> str:
    """A path that fits a rule of the URL map."""
    filled = re.sub(r"<any\((\w+)[^)]*\):\w+>", r"\1", path)
    return re.sub(r"<[^>]+>", "0" * 32, filled)


def expected(route: Route, kind: Kind) -> tuple[int, str]:
    """What the table says: status and error code."""
    if not route.rule:
        return 403, "forbidden"
    if route.rule == OPEN:
        return 200, ""
    if kind.refusal is not None:
        return kind.refusal
    if may(route, kind.kind, kind.scopes(route), manages=kind.manages):
        return 200, ""
    return REFUSALS.get(route.rule, (403, "scope_missing"))


def answered(app: Flask, route: Route, kind: Kind) -> tuple[int, str]:
    """What really comes back."""
    path = concrete(route.path)
    answer = ask(app, route, path, kind.send(route, path))
    body = answer.get_json(silent=True) or {}
    return answer.status_code, (body.get("error") or {}).get("code", "")


def problems(app: Flask, found: list[Kind], only: str = "") -> list[str]:
    """Where the app and the table differ, route by route and kind by kind."""
    told = []
    for route in routes(app):
        if only and not re.fullmatch(only, route.path):
            continue
        for kind in found:
            if kind.only(route) and (got := answered(app, route, kind)) != (want := expected(route, kind)):
                told.append(f"{route.method} {route.path} for {kind.name}: {got}, not {want}")
    return told


def mistakes(app: Flask) -> list[str]:
    """Rules that are missing, unknown, or wider than may be."""
    told = []
    for route in routes(app):
        name = f"{route.method} {route.path}"
        if route.rule not in RULES:
            told.append(f"{name} has no rule" if not route.rule else f"{name} has an unknown rule")
        if route.rule == OPEN and name not in OPEN_ROUTES:
            told.append(f"{name} is open")
        if route.rule == LOCAL and not LOCAL_ROUTES.fullmatch(route.path):
            told.append(f"{name} is open on this machine")
        if DECISIONS.fullmatch(route.path) and route.rule != PERSON:
            told.append(f"{name} decides without a person")
        if route.method != "GET" and route.rule.endswith(":read"):
            told.append(f"{name} writes with a scope that reads")
    return told


def stub(app: Flask) -> Flask:
    """The app with views that say "let in" and do nothing."""
    for name, view in app.view_functions.items():
        app.view_functions[name] = _let_in(view)
    return app


def _let_in(view: Any) -> Any:
    @wraps(view)
    def let_in(**_: Any) -> dict[str, bool]:
        return {"ok": True}

    return let_in


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Two paired shops in an app whose views say "let in"."""
    with no_devskyy_environment():
        app = create_app(settings_in(tmp_path_factory.mktemp("matrix")), tiny_registry())
    made = World(app)
    stub(app)
    yield made
    made.rt.close()


@pytest.fixture(scope="module")
def found(world: World) -> list[Kind]:
    """All kinds of callers."""
    return kinds(world)


def test_every_route_answers_every_caller_as_the_table_says(world: World, found: list[Kind]) -> None:
    assert len(list(routes(world.app))) > 60
    assert len(found) > 60
    assert problems(world.app, found) == []


def test_every_view_has_a_rule_and_none_is_wider_than_it_may_be(world: World) -> None:
    assert mistakes(world.app) == []


def test_the_kinds_cover_what_can_be_held(found: list[Kind]) -> None:
    names = {kind.name for kind in found}
    assert len(names) == len(found)
    assert {f"login of {role}" for role in ROLES} <= names
    assert {kind.kind for kind in found if kind.refusal is None} == {"plugin", "user", "key", "client"}


def test_head_is_as_closed_as_get_and_options_closer(world: World) -> None:
    for route in routes(world.app):
        path = concrete(route.path)
        if route.method == "GET":
            answer = ask(world.app, replace(route, method="HEAD"), path, Sent())
            assert answer.status_code == (200 if route.rule == OPEN else 401), route
        assert ask(world.app, replace(route, method="OPTIONS"), path, Sent()).status_code == 403, route


def test_the_page_shows_this_very_table() -> None:
    kept = (Path(__file__).parents[3] / "docs" / "access.md").read_text()
    assert of_app(page) == kept, "Run: devskyy access"


# --- the matrix can fail ----------------------------------------------------------------------------------


@pytest.fixture
def broken(tmp_path: Path) -> Iterator[Flask]:
    """A throw-away app with one more view of each bad kind."""
    with no_devskyy_environment():
        app = create_app(settings_in(tmp_path), tiny_registry())

    def view() -> dict[str, bool]:
        return {"ok": True}

    app.add_url_rule("/api/v1/bad/forgotten", "forgotten", lambda: view())
    app.add_url_rule("/api/v1/bad/open", "open", access_mark(OPEN)(lambda: view()))
    app.add_url_rule("/api/v1/bad/local", "local", access_mark(LOCAL)(lambda: view()))
    app.add_url_rule("/api/v1/bad/unknown", "unknown", access_mark("runs:everything")(lambda: view()))
    app.add_url_rule("/api/v1/bad/read", "read", access_mark("runs:read")(lambda: view()), methods=["POST"])
    app.add_url_rule(
        "/api/v1/bad/approve", "approve", access_mark("runs:write")(lambda: view()), methods=["POST"]
    )
    yield app
    app.extensions["devskyy"].close()


def test_a_view_that_is_open_or_has_no_rule_is_caught(broken: Flask) -> None:
    told = mistakes(broken)
    assert told == [
        "POST /api/v1/bad/approve decides without a person",
        "GET /api/v1/bad/forgotten has no rule",
        "GET /api/v1/bad/local is open on this machine",
        "GET /api/v1/bad/open is open",
        "POST /api/v1/bad/read writes with a scope that reads",
        "GET /api/v1/bad/unknown has an unknown rule",
    ]
    found = kinds(World(broken))
    assert problems(broken, found, "/api/v1/bad/(forgotten|approve|read)") == []  # closed, and as marked


def test_a_gate_that_lets_too_much_in_is_caught(
    world: World, found: list[Kind], monkeypatch: pytest.MonkeyPatch
) -> None:
    some = "/api/v1/(sync|status|proposals/<id>/approve|events)"

    def caught(target: str, value: Any) -> str:
        with monkeypatch.context() as patch:
            patch.setattr(target, value)
            return "\n".join(problems(world.app, found, some))

    assert "approve for plugin without a person: (200, '')" in caught("sidecar.api.access._allow", nothing)
    assert "for no token: (200, '')" in caught("sidecar.api.access.authenticate", anybody(world))
    assert "for a revoked key: (200, '')" in caught("sidecar.security.apikeys._check_alive", nothing)
    assert "for a replayed signature: (200, '')" in caught("sidecar.security.gate.remember", lambda *_: True)
    assert "for an altered body: (200, '')" in caught("sidecar.security.tokens.body_hash", lambda _: "same")
    assert "for a late signature: (200, '')" in caught("sidecar.security.tokens._check_time", nothing)


def nothing(*_: Any, **__: Any) -> None:
    """A check that checks nothing."""


def anybody(world: World) -> Any:
    """A gate that takes everybody for the shop's manager."""
    with read(world.engine) as conn:
        shop = conn.execute(select(shops).where(shops.c.shop_id == world.shop.shop_id)).one()
    claims = Claims("plugin", world.shop.shop_id, "0", 0, 0, None, None, ANNA)
    return lambda *_, **__: gate.Caller(shop, claims)
