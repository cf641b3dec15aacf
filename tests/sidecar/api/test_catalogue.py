"""Products of the mirror over REST."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert

from sidecar.api import product_shapes as shapes
from sidecar.db import write
from sidecar.db.mirror import mirror_state, products, variations
from sidecar.security.apikeys import create_key
from tests.sidecar.kit import Plugin

PATH = "/api/v1/ecommerce/products"
STOCK = {"stock_status": "instock", "backorders": "no"}


def product(plugin: Plugin, ident: int, **more: Any) -> dict[str, Any]:
    """A product's row."""
    row = {
        "shop_id": plugin.shop_id, "id": ident, "type": "simple", "status": "publish",
        "name": f"Scarf {ident}", "regular_price": 200_000, "price": 180_000, "sale_price": 180_000,
        "manage_stock": 1, "stock_quantity": 4.0, "categories": [3], "tags": [], "attributes": [],
        "images": [{"id": 9, "alt": "A scarf"}], "description": "Long.", "short_description": "Short.",
        "cost": 50_000, "created_at": 1_795_000_000, **STOCK,
    }  # fmt: skip
    return row | more


@pytest.fixture
def shop(plugin: Plugin) -> Plugin:
    """A paired plugin whose mirror holds seven products and another shop's one."""
    rows = [product(plugin, n) for n in (1, 2, 3, 5, 8)]
    rows.append(product(plugin, 13, status="draft", price=None, regular_price=None, sale_price=None))
    rows.append(product(plugin, 21, type="variable", manage_stock=1))
    rows.append(product(plugin, 99) | {"shop_id": "another"})
    made = [
        {
            "shop_id": plugin.shop_id, "id": n, "product_id": 21, "status": "publish", "price": 190_000,
            "manage_stock": 2, "attributes": [{"name": "Size", "option": size}], **STOCK,
        }
        for n, size in ((31, "L"), (30, "S"))
    ]  # fmt: skip
    with write(plugin.rt.db.mirror) as conn:
        for row in rows:
            conn.execute(insert(products), row)
        conn.execute(insert(variations), made)
        conn.execute(insert(mirror_state), {"shop_id": plugin.shop_id, "generation": 7, "state": "ok"})
    return plugin


def test_answers_are_of_the_shape_that_the_document_says(shop: Plugin) -> None:
    shapes.Products.model_validate_json(shop.get(PATH, limit=100).get_data(), strict=True, extra="forbid")
    for ident in (1, 13, 21):
        one = shop.get(f"{PATH}/{ident}").get_data()
        shapes.OneProduct.model_validate_json(one, strict=True, extra="forbid")


def test_pages_follow_each_other_without_gap(shop: Plugin) -> None:
    seen, cursor = [], None
    while True:
        page = shop.get(PATH, limit=3, **({"cursor": cursor} if cursor else {})).json
        assert page["generation"] == 7
        seen.append([one["id"] for one in page["items"]])
        cursor = page.get("next")
        if not cursor:
            break
    assert seen == [[1, 2, 3], [5, 8, 13], [21]]


def test_a_list_is_light_and_money_has_the_shops_decimals(shop: Plugin) -> None:
    first = shop.get(PATH, limit=1).json["items"][0]
    assert (first["regular_price"], first["sale_price"], first["price"]) == ("20.00", "18.00", "18.00")
    assert (first["manage_stock"], first["stock_quantity"], first["created_at"]) == (
        True, 4.0, "2026-11-18T11:06:40Z",
    )  # fmt: skip
    assert not {"description", "cost", "shop_id", "variations"} & set(first)


def test_what_is_not_known_is_absent(shop: Plugin) -> None:
    only = shop.get(PATH, status="draft").json["items"]
    assert [one["id"] for one in only] == [13]
    assert not {"price", "regular_price", "sale_price", "modified_at"} & set(only[0])


def test_one_product_comes_with_texts_and_variations(shop: Plugin) -> None:
    found = shop.get(f"{PATH}/21").json["product"]
    assert (found["description"], found["short_description"]) == ("Long.", "Short.")
    assert [(one["id"], one["manage_stock"], one["price"]) for one in found["variations"]] == [
        (30, "parent", "19.00"), (31, "parent", "19.00"),
    ]  # fmt: skip
    assert "variations" not in shop.get(f"{PATH}/1").json["product"]


def test_other_shops_products_are_not_there(shop: Plugin) -> None:
    for ident in (99, 4):
        answer = shop.get(f"{PATH}/{ident}")
        assert (answer.status_code, answer.json["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("query", "field"),
    [({"cursor": "x"}, "cursor"), ({"cursor": "9" * 19}, "cursor"), ({"limit": "0"}, "limit"),
     ({"limit": "101"}, "limit"), ({"status": "eaten"}, "status"), ({"sort": "id"}, "sort")],
)  # fmt: skip
def test_bad_queries_are_named(shop: Plugin, query: dict[str, str], field: str) -> None:
    answer = shop.get(PATH, **query)
    assert answer.status_code == 422
    assert list(answer.json["error"]["fields"]) == [field]


def test_nothing_is_written_here(shop: Plugin) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert shop.send(method, f"{PATH}/1", {}).status_code == 405


@pytest.mark.parametrize(("scope", "status"), [("products:read", 200), ("runs:read", 403)])
def test_a_key_needs_the_scope(shop: Plugin, scope: str, status: int) -> None:
    _, text = create_key(shop.rt.db.app, shop.shop_id, "reader", [scope], now=1_795_000_000)
    answer = shop.client.get(PATH, headers={"Authorization": f"Bearer {text}"})
    assert answer.status_code == status
