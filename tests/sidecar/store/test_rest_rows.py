"""wc/v3 in the row form of the export, and a sync that has only wc/v3."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from sidecar.db import Databases, read
from sidecar.db.mirror import mirror_state, order_lines, orders, products, refund_lines, reviews, variations
from sidecar.store.client import WooClient
from sidecar.store.readers import RestReader
from sidecar.store.rest_rows import as_row, email_hash, postcode_area
from sidecar.store.rows import COLUMNS, scaled_money, zone_of
from sidecar.store.sync import Sync
from tests.sidecar.store.shop import SHOP_ID, Shop

KEY = bytes(range(32))
Json = dict[str, Any]


def product(number: int, **more: Any) -> Json:
    return {
        "id": number,
        "name": "Silk scarf",
        "type": "simple",
        "status": "publish",
        "sku": "S1",
        "permalink": "http://s/p",
        "regular_price": "20",
        "sale_price": "",
        "price": "20",
        "date_on_sale_from_gmt": None,
        "date_on_sale_to_gmt": "2026-12-01T00:00:00",
        "manage_stock": True,
        "stock_quantity": 4,
        "stock_status": "instock",
        "backorders": "no",
        "low_stock_amount": None,
        "cost_of_goods_sold": {"values": [{"defined_value": 7.5}], "total_value": 7.5},
        "weight": "",
        "dimensions": {"length": "1", "width": "", "height": ""},
        "tax_class": "",
        "global_unique_id": "",
        "catalog_visibility": "visible",
        "categories": [{"id": 3, "name": "Scarves", "slug": "scarves"}],
        "tags": [],
        "attributes": [
            {
                "id": 0,
                "name": "Colour",
                "position": 0,
                "visible": True,
                "variation": False,
                "options": ["Red"],
            }
        ],
        "images": [{"id": 9, "src": "http://s/i.jpg", "name": "i", "alt": "A scarf"}],
        "description": "<p>Soft &amp; <strong>light</strong></p>\n",
        "short_description": "",
        "total_sales": 3,
        "average_rating": "4.50",
        "rating_count": 2,
        "date_created_gmt": "2026-01-02T03:04:05",
        "date_modified_gmt": "2026-01-03T03:04:05",
        **more,
    }


def order(number: int) -> Json:
    return {
        "id": number,
        "status": "completed",
        "currency": "EUR",
        "date_created_gmt": "2026-03-01T23:30:00",
        "date_modified_gmt": "2026-03-02T00:00:00",
        "date_paid_gmt": "2026-03-01T23:31:00",
        "date_completed_gmt": None,
        "customer_id": 0,
        "billing": {
            "email": " Anna@Example.test",
            "country": "GB",
            "postcode": "sw1a 1aa",
            "first_name": "Anna",
        },
        "total": "39.00",
        "total_tax": "0.00",
        "shipping_total": "4.00",
        "discount_total": "5.00",
        "prices_include_tax": False,
        "payment_method": "cod",
        "created_via": "checkout",
        "coupon_lines": [{"id": 1, "code": "ten"}],
        "line_items": [
            {
                "id": 71,
                "product_id": 1,
                "variation_id": 0,
                "quantity": 2,
                "subtotal": "40.00",
                "total": "35.00",
                "total_tax": "0.00",
            }
        ],
    }


def test_a_product() -> None:
    row = dict(zip(COLUMNS["products"], as_row("products", product(1), KEY), strict=True))
    assert row["sale_price"] is None
    assert row["sale_to"] == "2026-12-01T00:00:00Z"
    assert (row["manage_stock"], row["categories"], row["cost"]) == (1, [3], "7.5")
    assert row["attributes"] == [{"name": "Colour", "options": ["Red"], "variation": False}]
    assert row["images"] == [{"id": 9, "alt": "A scarf"}]
    assert row["description"] == "Soft & light"


def test_stock_of_the_parent_and_no_cost() -> None:
    row = dict(
        zip(
            COLUMNS["products"],
            as_row(
                "products",
                product(1, manage_stock="parent", cost_of_goods_sold={"values": [], "total_value": 0}),
                KEY,
            ),
            strict=True,
        )
    )
    assert (row["manage_stock"], row["cost"]) == (2, None)


def test_an_order_holds_no_person() -> None:
    row = as_row("orders", order(5), KEY)
    assert "Anna" not in str(row)
    assert "example" not in str(row).lower()
    named = dict(zip(COLUMNS["orders"], row, strict=True))
    assert named["email_hash"] == email_hash("anna@example.test", KEY)
    assert (named["postcode_area"], named["coupons"]) == ("SW1", ["ten"])
    assert named["lines"] == [[71, 1, 0, 2, "40.00", "35.00", "0.00"]]


def test_a_refund_turns_positive() -> None:
    told = {
        "id": 9,
        "parent_id": 5,
        "date_created_gmt": "2026-03-05T00:00:00",
        "amount": "17.50",
        "line_items": [{"id": 90, "product_id": 1, "variation_id": 0, "quantity": -1, "total": "-17.50"}],
    }
    assert as_row("refunds", told, KEY) == [
        9,
        5,
        "2026-03-05T00:00:00Z",
        "2026-03-05T00:00:00Z",
        "17.50",
        [[90, 1, 0, 1, "17.50"]],
    ]


def test_small_things() -> None:
    assert email_hash("  ", KEY) is None
    assert postcode_area(" 1 0115") == "101"
    assert postcode_area("") is None
    assert [scaled_money(text) for text in ("", "0", "19.999949", "19.99995", "-3")] == [
        None,
        0,
        199_999,
        200_000,
        -30_000,
    ]


def test_a_sync_over_wc_v3_alone(shop: Shop, databases: Databases) -> None:
    shop.has_plugin = False
    shop.rest = {
        "products": [product(n, type="variable" if n == 2 else "simple") for n in range(1, 121)],
        "products/2/variations": [
            {
                **product(300),
                "attributes": [{"id": 0, "name": "Size", "option": "M"}],
                "image": {"id": 4},
                "manage_stock": "parent",
            }
        ],
        "products/categories": [{"id": 3, "parent": 0, "name": "Scarves", "slug": "scarves", "count": 1}],
        "products/reviews": [
            {
                "id": 8,
                "product_id": 1,
                "rating": 5,
                "verified": True,
                "status": "approved",
                "review": "<p>Nice</p>",
                "reviewer": "Anna",
                "date_created_gmt": "2026-03-05T00:00:00",
            }
        ],
        "orders": [order(n) for n in range(1, 151)],
        "refunds": [
            {
                "id": 900,
                "parent_id": 5,
                "date_created_gmt": "2026-03-05T00:00:00",
                "amount": "17.50",
                "line_items": [
                    {"id": 90, "product_id": 1, "variation_id": 0, "quantity": -1, "total": "-17.50"}
                ],
            }
        ],
        "customers": [
            {
                "id": 1,
                "email": "a@b.test",
                "billing": {"country": "DE", "postcode": "10115"},
                "date_created_gmt": "2026-01-01T00:00:00",
            }
        ],
    }
    # the fake shop does not filter by type, so every product is asked for its variations
    woo = WooClient(shop.url, "ck_1", "cs_1", timeout=5)
    report = Sync(databases, SHOP_ID, zone_of("Europe/Berlin"), RestReader(woo, KEY)).full()
    assert report.rows == {
        "categories": 1,
        "products": 120,
        "variations": 1,
        "customers": 1,
        "coupons": 0,
        "reviews": 1,
        "orders": 150,
        "refunds": 1,
    }
    with read(databases.mirror) as conn:
        first = conn.execute(select(orders).where(orders.c.id == 1)).mappings().one()
        assert (first["total"], first["day"]) == (390_000, 20_514)  # 2 March in Berlin
        assert (
            conn.execute(select(order_lines.c.total).where(order_lines.c.order_id == 1)).scalar() == 350_000
        )
        assert conn.execute(select(variations.c.product_id, variations.c.manage_stock)).one() == (2, 2)
        assert conn.execute(select(refund_lines.c.quantity)).scalar() == 1
        assert conn.execute(select(reviews.c.text)).scalar() == "Nice"
        assert conn.execute(select(products.c.cost).where(products.c.id == 1)).scalar() == 75_000
        assert conn.execute(select(mirror_state.c.source)).scalar() == "rest"
