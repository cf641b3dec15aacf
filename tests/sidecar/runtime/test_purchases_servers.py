"""Suppliers and purchase orders on MariaDB and PostgreSQL: one number each, one sending, one receipt."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from sidecar.db import read
from sidecar.runtime import purchase_mail, purchase_orders, purchase_receipts, stock_imports
from sidecar.store import owned
from tests.sidecar.kit import ANNA, Plugin, paired_on
from tests.sidecar.runtime.test_servers import at_once
from tests.sidecar.stock_kit import ask, good, product, supplier

WHO = {"id": ANNA["id"], "login": ANNA["login"]}


@pytest.fixture(scope="module", params=["mariadb", "postgresql"])
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plugin]:
    """A shop with two products and a supplier, on such a server."""
    for plugin in paired_on(request.getfixturevalue(request.param), tmp_path_factory.mktemp("stock")):
        product(plugin, 12, "Silk scarf 絹")
        product(plugin, 13, "Belt")
        supplier(plugin)
        yield plugin


def test_terms_come_in_and_are_read(shop: Plugin) -> None:
    text = "sku;supplier;cost;moq\nS-12;silk house;12,50;6\nS-13;Weber;1;0\n"
    for _ in range(2):
        report = stock_imports.import_supplies(shop.rt, shop.shop_id, text, WHO, dry_run=False)
        assert (report["kept"], report["bad_rows"], report["created_suppliers"]) == (1, 1, [])
    with read(shop.rt.db.app) as conn:
        supply = owned.supplies(conn, shop.shop_id).of(12)
        assert (supply.supplier_name, str(supply.cost), supply.moq) == ("Silk House", "12.5", 6)
        assert owned.costs(conn, shop.shop_id).keys() == {12}


def test_drafts_at_once_get_a_number_each(shop: Plugin) -> None:
    def draft() -> str:
        return str(made(shop)["number"])

    told = [one for one in at_once(draft, 6) if one != "database_locked"]
    assert len(told) > 1
    assert len(set(told)) == len(told)


def test_a_sending_is_granted_once_and_goods_arrive_once(shop: Plugin) -> None:
    order = made(shop)
    ident, seen = order["id"], purchase_mail.preview(shop.rt, shop.shop_id, order["id"])["digest"]

    def grant() -> Any:
        return purchase_mail.grant(shop.rt, shop.shop_id, ident, seen, WHO)

    told = at_once(grant, 4)
    granted = [one for one in told if isinstance(one, dict)]
    assert len(granted) == 1
    assert {one for one in told if isinstance(one, str)} <= {"not_draft", "changed_since", "database_locked"}
    word = {"send_id": granted[0]["send_id"], "state": "sent", "reason": ""}
    assert purchase_mail.report(shop.rt, shop.shop_id, ident, word)["state"] == "sent"

    def receive() -> Any:
        given = {"key": uuid.uuid4().hex, "lines": [{"item_id": 12, "quantity": 24}], "over": False}
        return purchase_receipts.receive(shop.rt, shop.shop_id, ident, given, WHO)

    told = at_once(receive, 4)
    taken = [one for one in told if isinstance(one, dict)]
    assert len(taken) == 1
    assert {one for one in told if isinstance(one, str)} <= {"more_than_ordered", "busy", "database_locked"}
    proposal = taken[0]["proposal"]
    assert shop.decide(proposal, "approve", {"digest": proposal["digest"]}).status_code == 200
    assert shop.report(proposal, "applied").status_code == 200
    assert purchase_orders.get(shop.rt, shop.shop_id, ident)["state"] == "received"
    with read(shop.rt.db.app) as conn:
        assert [one for one in owned.incoming(conn, shop.shop_id) if one.order_id == ident] == []


def made(shop: Plugin) -> dict[str, Any]:
    """A draft of 24 scarves."""
    [found] = [
        one["id"] for one in good(ask(shop, "GET", "suppliers"))["items"] if one["name"] == "Silk House"
    ]
    given = {"supplier_id": found, "lines": [{"item_id": 12, "quantity": 24}]}
    return purchase_orders.draft(shop.rt, shop.shop_id, given, WHO)[0]
