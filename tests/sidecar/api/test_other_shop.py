"""One shop's people, plugin and keys neither see nor change anything of another shop, on any route."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from sidecar.app import create_app
from sidecar.db import read
from sidecar.db.app import app as tables
from sidecar.security.apikeys import create_key
from sidecar.security.roles import SCOPES
from tests.sidecar import stock_kit
from tests.sidecar.api.callers import World
from tests.sidecar.api.test_errors import BODIES, routes
from tests.sidecar.kit import ANNA, Plugin, no_devskyy_environment, settings_in, tiny_registry

SERVICE = {
    "provider": "mailer", "name": "Main", "base_url": "http://127.0.0.1:9999/",
    "api_key": {"header": "X-Key", "key": "secret"},
}  # fmt: skip
ITEM = 771_122
NUMBERED = "products"
"""Ids that count up in each shop: theirs names ours too, so that only the answer's rows can tell."""


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    """An app that may speak to loopback."""
    with no_devskyy_environment():
        made = create_app(
            settings_in(tmp_path, integrations_allow_private=True, webhooks_allow_private=True),
            tiny_registry(),
        )
    yield made
    made.extensions["devskyy"].close()


def things(world: World) -> dict[str, str]:
    """The id of one thing of each kind in the first shop, by the part of the path before it."""
    shop = world.shop

    def made(path: str, body: Any) -> dict[str, Any]:
        answer = shop.send("POST", f"/api/v1/{path}", body, who=ANNA)
        assert answer.status_code in (201, 202), answer.json
        found: dict[str, Any] = answer.json
        return found

    run = shop.run({"product": 12})
    user, session = world.login("owner")
    stock_kit.product(shop, ITEM)
    override = {"item_id": ITEM, "first_day": "2027-01-01", "last_day": "2027-01-02", "factor": 2}
    silk = made("inventory/suppliers", {"name": "Silk House", "email": "x@silk.test"})["supplier"]["id"]
    hook = made("webhooks/subscribe", {"url": "http://127.0.0.1:9999/hook", "events": ["*"]})["webhook"]["id"]
    return {
        "runs": run["id"],
        "proposals": run["proposals"][0],
        "jobs": made("sync", {})["job"],
        "users": user.id,
        "sessions": session,
        "keys": made("access/keys", {"name": "reader", "scopes": ["runs:read"]})["key"]["id"],
        "clients": made("access/clients", {"name": "reader", "scopes": ["runs:read"]})["client"]["id"],
        "integrations": made("integrations", SERVICE)["integration"]["id"],
        "webhooks": hook,
        "deliveries": made("webhooks/test", {"id": hook})["delivery"],
        "orders": made("inventory/purchase-orders", {"supplier_id": silk})["orders"][0]["id"],
        "suppliers": silk,
        "overrides": made("inventory/overrides", override)["override"]["id"],
        "locations": made("inventory/locations", {"name": "Store"})["location"]["id"],
    }


def held(world: World) -> dict[str, list[Any]]:
    """All rows of the first shop."""
    found = {}
    with read(world.engine) as conn:
        for table in tables.sorted_tables:
            mine = select(table).where(table.c.shop_id == world.shop.shop_id)
            found[table.name] = sorted(map(repr, conn.execute(mine)))
    return found


def filled(rule: str, ids: dict[str, str]) -> str:
    """The rule with the first shop's ids; KeyError for a kind of thing that `things` does not make yet."""
    rule = rule.replace("<int:item_id>", str(ITEM))
    return re.sub(r"(\w+)/<(?:id|delivery)>", lambda match: f"{match[1]}/{ids[match[1]]}", rule)


def test_no_route_shows_or_changes_what_another_shop_has(app: Flask) -> None:
    world = World(app)
    ids = things(world)
    key = create_key(world.engine, world.other.shop_id, "all", SCOPES, now=int(time.time()))[1]
    asked = 0
    before = held(world)
    assert all(any(ident in row for rows in before.values() for row in rows) for ident in ids.values())
    for method, rule in routes(app):
        if not re.search(r"<(id|delivery)>", rule) or f"/{NUMBERED}/" in rule:
            continue
        path, body = filled(rule, ids), None if method == "GET" else BODIES.get((method, rule), {})
        answer = world.other.send(method, path, body, who=ANNA)
        assert answer.status_code == 404, (method, rule, answer.text)
        head = {"Authorization": f"Bearer {key}"}
        answer = app.test_client().open(path, method=method, json=body, headers=head)
        assert answer.status_code in (401, 403, 404), (method, rule, answer.text)
        asked += 1
    assert asked > 25
    assert held(world) == before


def test_no_list_names_what_another_shop_has(app: Flask) -> None:
    world = World(app)
    ids = things(world)
    secrets = {*ids.values(), world.shop.shop_id}
    seen = set()
    for method, rule in routes(app):
        if method != "GET" or "<" in rule or rule in ("/metrics", "/docs", "/docs/start.js", "/openapi.json"):
            continue
        for plugin in (world.other, world.shop):
            text = plugin.send("GET", rule, who=ANNA).text
            named = {one for one in secrets if one in text}
            assert plugin is world.shop or not named, rule
            seen |= named
    assert {ids[name] for name in ("runs", "proposals", "users", "keys", "clients", "webhooks")} <= seen


def test_what_the_first_shop_has_can_be_asked_for(app: Flask, plugin: Plugin) -> None:
    """Else the 404s above would say nothing."""
    world = World(app)
    ids = things(world)
    for method, rule in routes(app):
        if method == "GET" and "<id>" in rule and f"/{NUMBERED}/" not in rule:
            assert world.shop.send("GET", filled(rule, ids), who=ANNA).status_code == 200, rule
