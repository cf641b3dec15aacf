"""What agents read: sums in SQL, net of refunds, at one moment, in bounded memory."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sidecar.core.errors import UndeclaredRead
from sidecar.core.store import READS, Category
from sidecar.store.sync import Sync
from tests.sidecar.store.conftest import ON_SERVERS
from tests.sidecar.store.rows import order, product, refund, variation
from tests.sidecar.store.shop import Shop

SINCE = date(2026, 1, 1)
Opened = Callable[..., Any]


@pytest.fixture
def filled(shop: Shop, sync: Sync) -> Shop:
    shop.put("products", **product(1, cost="7.50", sale_from="2026-03-01T00:00:00Z"))
    shop.put("products", **product(2, status="draft"))
    shop.put(
        "products",
        **product(
            5, type="variable", name="Scarf", manage_stock=1, stock_quantity=8, price="30.00", cost="9.00"
        ),
    )
    shop.put("variations", **variation(51, 5, low_stock_amount=3))
    shop.put("variations", **variation(52, 5, manage_stock=2, attributes=[], status="private"))
    shop.put("categories", id=1, parent=0, name="Scarves", slug="scarves", count=2)
    shop.put(
        "customers",
        id=7,
        email_hash="aa" * 16,
        country="FR",
        postcode_area="750",
        created_at="2026-01-05T00:00:00Z",
    )
    shop.put(
        "customers",
        id=8,
        email_hash="bb" * 16,
        country="AT",
        postcode_area="101",
        created_at="2026-01-06T00:00:00Z",
    )
    # 23:30 UTC is the next day in Berlin
    shop.put(
        "orders",
        **order(1, (1, 0, 3, "60.00"), (5, 51, 1, "30.00"), created_at="2026-03-01T23:30:00Z", customer_id=7),
    )
    shop.put(
        "orders",
        **order(
            2,
            (1, 0, 1, "15.00"),
            created_at="2026-03-02T10:00:00Z",
            discount_total="5.00",
            email_hash="aa" * 16,
        ),
    )
    shop.put("orders", **order(3, (1, 0, 9, "180.00"), created_at="2026-03-02T10:00:00Z", status="cancelled"))
    shop.put("orders", **order(4, (1, 0, 1, "20.00"), created_at="2026-03-02T10:00:00Z", currency="USD"))
    shop.put(
        "orders",
        **order(
            5,
            (1, 0, 2, "40.00"),
            created_at="2026-03-09T10:00:00Z",
            status="processing",
            email_hash="cc" * 16,
        ),
    )
    shop.put("refunds", **refund(901, 1, (1, 0, 2, "40.00"), created_at="2026-03-20T10:00:00Z"))
    shop.put("refunds", **refund(902, 5, amount="5.00"))
    shop.put(
        "reviews",
        id=8,
        product_id=1,
        rating=4,
        verified=1,
        status="approved",
        text="Soft",
        created_at="2026-03-04T00:00:00Z",
    )
    shop.put(
        "reviews",
        id=9,
        product_id=1,
        rating=1,
        verified=0,
        status="hold",
        text="Spam",
        created_at="2026-03-04T00:00:00Z",
    )
    sync.full()
    return shop


@ON_SERVERS
def test_products_and_items(filled: Shop, opened: Opened) -> None:
    with opened() as store:
        products = list(store.products())
        items = {item.id: item for item in store.items()}
        assert store.categories() == {1: Category(1, 0, "Scarves", "scarves", 2)}
        assert [item.id for item in store.items([51, 99])] == [51]
    assert [found.id for found in products] == [1, 2, 5]
    assert (products[0].price, products[0].cost, products[0].stock) == (Decimal("20"), Decimal("7.5"), 5)
    assert products[0].sale_from == datetime(2026, 3, 1, tzinfo=UTC)
    assert list(items) == [1, 51, 52]  # no draft, no variable parent
    own, shared = items[51], items[52]
    assert (own.name, own.resource, own.stock, own.low_stock_amount) == (
        "Scarf - M",
        "wc/v3/products/5/variations/51",
        2,
        3,
    )
    assert (own.image_id, own.cost, own.categories) == (9, Decimal("9"), (1,))
    assert (shared.name, shared.stock, shared.stock_of_parent) == ("Scarf", 8, True)


@ON_SERVERS
def test_daily_sales_are_net_and_on_the_shops_days(filled: Shop, opened: Opened) -> None:
    with opened() as store:
        assert store.sales_span() == (date(2026, 3, 2), date(2026, 3, 9))
        sales = store.daily_sales(SINCE)
        some = store.daily_sales(date(2026, 3, 3), [1])
        notes = store.notes()
    assert [tuple(row) for row in sales.itertuples(index=False)] == [
        # 3 + 1 sold, and 1 for dollars, whose money is not the shop's; 2 came back
        (1, 1, pd.Timestamp("2026-03-02"), 3.0, 35.0, 3, 4.0, 75.0),
        (1, 1, pd.Timestamp("2026-03-09"), 2.0, 40.0, 1, 2.0, 40.0),
        (51, 5, pd.Timestamp("2026-03-02"), 1.0, 30.0, 1, 1.0, 30.0),
    ]
    assert str(sales["day"].dtype) == "datetime64[ns]"
    assert some["quantity"].tolist() == [2.0]
    assert notes == [
        "1 orders in other currencies than EUR count by their pieces, not their money.",
        "1 refunds (5.00 EUR) name no product and are not taken off any.",
    ]


@ON_SERVERS
def test_order_lines_give_the_named_columns(filled: Shop, opened: Opened) -> None:
    with opened() as store:
        lines = store.order_lines(
            [
                "order_id",
                "item_id",
                "quantity",
                "net_quantity",
                "net_total",
                "customer",
                "coupon",
                "unit_price",
            ],
            SINCE,
        )
        few = store.order_lines(["currency", "created_at"], SINCE)
    guest = (1 << 60) | int("cc" * 7 + "c", 16)
    assert [tuple(row) for row in lines.itertuples(index=False)] == [
        (1, 1, 3.0, 1.0, 20.0, 7, False, 20.0),
        (1, 51, 1.0, 1.0, 30.0, 7, False, 30.0),
        (2, 1, 1.0, 1.0, 15.0, 7, True, 15.0),  # a guest with the e-mail of account 7
        (5, 1, 2.0, 2.0, 40.0, guest, False, 20.0),
    ]
    assert few.columns.tolist() == ["currency", "created_at"]
    assert few["currency"].astype(str).tolist() == ["EUR"] * 4
    assert few["created_at"].iloc[0] == pd.Timestamp("2026-03-01T23:30:00")


@ON_SERVERS
def test_single_products_read_only_their_own_rows(filled: Shop, opened: Opened) -> None:
    with opened() as store:
        assert [one.id for one in store.products([5, 2, 77])] == [2, 5]
        assert [item.id for item in store.items(products=[5])] == [51, 52]
        assert [item.id for item in store.items([1, 51], products=[5])] == [51]
        assert list(store.items(products=[])) == []
        lines = store.order_lines(["order_id", "item_id", "quantity"], SINCE, [5])
        assert store.notes() == []  # no order in another currency and no loose refund has this product
        store.order_lines(["quantity"], SINCE, [1])
        assert len(store.notes()) > 0
    assert [tuple(row) for row in lines.itertuples(index=False)] == [(1, 51, 1.0)]


@ON_SERVERS
def test_a_refund_counts_once_when_an_item_stands_twice(shop: Shop, sync: Sync, opened: Opened) -> None:
    shop.put("orders", **order(1, (1, 0, 2, "40.00"), (1, 0, 3, "60.00")))
    shop.put("refunds", **refund(901, 1, (1, 0, 1, "20.00")))
    sync.full()
    with opened() as store:
        lines = store.order_lines(["net_quantity", "net_total"], SINCE)
        sales = store.daily_sales(SINCE)
    assert lines["net_quantity"].sum() == sales["quantity"].sum() == 4
    assert lines["net_total"].sum() == sales["revenue"].sum() == 80


@ON_SERVERS
def test_prices_with_tax_are_compared_with_listed_prices(shop: Shop, sync: Sync, opened: Opened) -> None:
    made = order(1, (1, 0, 2, "33.61"), prices_include_tax=1)
    made["lines"][0][6] = "6.39"
    shop.put("orders", **made)
    sync.full()
    with opened() as store:
        assert store.order_lines(["unit_price"], SINCE)["unit_price"].tolist() == pytest.approx([20.0])


@ON_SERVERS
def test_customers_are_accounts_and_guests(filled: Shop, opened: Opened) -> None:
    with opened() as store:
        found = store.customers(["customer", "country", "orders", "spent", "created_at"])
    guest = (1 << 60) | int("cc" * 7 + "c", 16)
    assert found["customer"].tolist() == [7, 8, guest]
    assert found["orders"].tolist() == [2, 0, 1]
    assert found["spent"].tolist() == [65.0, 0.0, 35.0]
    assert found["country"].tolist() == ["DE", "AT", "DE"]
    assert found["created_at"].isna().tolist() == [False, False, True]


@ON_SERVERS
def test_reviews_that_are_approved(filled: Shop, opened: Opened) -> None:
    with opened() as store:
        assert store.reviews(SINCE)[["review_id", "rating", "verified", "text"]].values.tolist() == [
            [8, 4, True, "Soft"]
        ]
        assert len(store.reviews(date(2026, 4, 1))) == 0


@ON_SERVERS
def test_stock_and_prices_are_known_from_the_first_sync_on(shop: Shop, sync: Sync, opened: Opened) -> None:
    def at(day: int) -> None:
        moment = datetime(2026, 5, day, 12, tzinfo=UTC).timestamp()
        sync.now = lambda: moment

    shop.put("products", **product(1))
    shop.put("products", **product(5, type="variable", manage_stock=1, stock_quantity=8))
    shop.put("variations", **variation(52, 5, manage_stock=2))
    at(2)
    sync.full()
    shop.put(
        "products",
        **product(1, stock_quantity=0, stock_status="outofstock", price="18.00", sale_price="18.00"),
    )
    at(4)
    sync.refresh("products", [1])
    at(6)
    sync.refresh("products", [1])
    with opened(now=datetime(2026, 5, 10, tzinfo=UTC)) as store:
        stock = store.stock_days(date(2026, 5, 1))
        prices = store.prices(date(2026, 5, 3))
        only = store.stock_days(date(2026, 5, 5), [52])
    # the 3rd and the 5th are unknown: nobody looked
    assert [(row.item_id, row.day.day, row.stock, row.in_stock) for row in stock.itertuples()] == [
        (1, 2, 5.0, True),
        (1, 4, 0.0, False),
        (1, 6, 0.0, False),
        (52, 2, 8.0, True),
        (52, 4, 8.0, True),
        (52, 6, 8.0, True),
    ]
    assert only["day"].dt.day.tolist() == [6]
    mine = prices[prices.item_id == 1]
    assert mine["price"].tolist() == [20.0, 18.0]  # what stood when the window opened, and the change
    assert mine["at"].dt.day.tolist() == [2, 4]


@pytest.mark.parametrize(
    ("read", "call"),
    [
        ("products", lambda s: s.products()),
        ("products", lambda s: s.items()),
        ("categories", lambda s: s.categories()),
        ("sales", lambda s: s.sales_span()),
        ("sales", lambda s: s.daily_sales(SINCE)),
        ("order_lines", lambda s: s.order_lines(["order_id"], SINCE)),
        ("stock_days", lambda s: s.stock_days(SINCE)),
        ("prices", lambda s: s.prices(SINCE)),
        ("customers", lambda s: s.customers(["customer"])),
        ("reviews", lambda s: s.reviews(SINCE)),
        ("proposals", lambda s: s.open_proposals("sale_price")),
    ],
)
def test_an_undeclared_read_is_refused_and_an_empty_shop_answers(
    opened: Opened, read: str, call: Any
) -> None:
    with opened(READS - {read}) as store, pytest.raises(UndeclaredRead, match=read):
        call(store)
    with opened(frozenset({read})) as store:
        answer = call(store)
        assert answer is None or len(list(answer)) == len(getattr(answer, "columns", []))


@ON_SERVERS
def test_a_run_sees_one_moment(filled: Shop, sync: Sync, opened: Opened) -> None:
    with opened() as store:
        generation = store.generation
        filled.put("orders", **order(6, (1, 0, 1, "20.00"), created_at="2026-03-10T10:00:00Z"))
        report = sync.refresh("orders", [6])
        assert report.generation > generation
        assert store.sales_span()[1] == date(2026, 3, 9)
    with opened() as store:
        assert store.generation == report.generation
        assert store.sales_span()[1] == date(2026, 3, 10)


def test_a_million_order_lines_fit_in_500_mb(tmp_path: Path) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "tests.sidecar.store.million", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    lines, megabytes = (int(part) for part in answer.stdout.split())
    assert lines == 1_000_000
    assert megabytes < 500
