"""Hand-made products, items and sales for tests of single rules."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sidecar.core.store import Image, Item, Product
from tests.sidecar.agents.frame_store import FrameStore, line_frame, stock_frame

DESCRIPTION = (
    "<p>A scarf of silk that is woven in one piece. "
    "It keeps warm in every season of the year, and it is soft.</p>"
)
TODAY = date(2026, 11, 24)
OLD = datetime(2024, 1, 1, tzinfo=UTC)


def product(ident: int = 1, **more: Any) -> Product:
    """A simple, complete product."""
    plain = Product(
        id=ident,
        type="simple",
        status="publish",
        name=f"Silk Scarf {ident}",
        sku=f"S-{ident}",
        permalink=f"http://shop.test/product/{ident}",
        regular_price=Decimal("40.00"),
        sale_price=None,
        price=Decimal("40.00"),
        sale_from=None,
        sale_to=None,
        manage_stock=True,
        stock=12,
        stock_status="instock",
        backorders="no",
        low_stock_amount=None,
        cost=Decimal("10.00"),
        weight="0.2",
        tax_class="",
        gtin="",
        catalog_visibility="visible",
        categories=(5,),
        tags=(),
        attributes=(),
        images=(Image(9, "A scarf"),),
        description=DESCRIPTION,
        short_description="A scarf.",
        total_sales=3,
        review_count=0,
        created_at=OLD,
        modified_at=OLD,
    )
    return replace(plain, **more)


def item(ident: int = 1, **more: Any) -> Item:
    """A simple product as something to buy; `product_id` unlike `ident` makes it a variation."""
    plain = Item(
        id=ident,
        product_id=ident,
        variation_id=0,
        name=f"Silk Scarf {ident}",
        sku=f"S-{ident}",
        status="publish",
        permalink=f"http://shop.test/product/{ident}",
        image_id=9,
        regular_price=Decimal("40.00"),
        sale_price=None,
        price=Decimal("40.00"),
        sale_from=None,
        sale_to=None,
        stock=12,
        stock_of_parent=False,
        stock_status="instock",
        backorders="no",
        low_stock_amount=None,
        cost=Decimal("10.00"),
        categories=(5,),
        attributes=(),
        created_at=OLD,
    )
    made = replace(plain, **more)
    return replace(made, variation_id=made.id) if made.product_id != made.id else made


def sale(
    item_id: int, days_ago: int, quantity: float = 1, price: float = 40.0, product_id: int | None = None
) -> dict[str, Any]:
    """One order line."""
    return {
        "order_id": item_id * 10_000 + days_ago,
        "day": TODAY - timedelta(days=days_ago),
        "item_id": item_id,
        "product_id": product_id or item_id,
        "variation_id": 0,
        "quantity": quantity,
        "subtotal": quantity * price,
    }


def shop(
    items: Iterable[Item],
    lines: Iterable[dict[str, Any]] = (),
    products: Iterable[Product] | None = None,
    empty: Iterable[tuple[int, int]] = (),
    known_days: int = 0,
    **more: Any,
) -> FrameStore:
    """A store of these; `empty` are (item, days ago) without stock among the last `known_days` known ones."""
    own = list(items)
    gone = set(empty)
    stock = [
        (
            one.id,
            TODAY - timedelta(days=ago),
            0.0 if (one.id, ago) in gone else 5.0,
            (one.id, ago) not in gone,
        )
        for one in own
        for ago in range(1, known_days + 1)
    ]
    made = products if products is not None else [product(ident) for ident in {one.product_id for one in own}]
    return FrameStore(
        all_items=own,
        all_products=list(made),
        lines=line_frame(list(lines)),
        stock=stock_frame(stock),
        **more,
    )
