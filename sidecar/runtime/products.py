"""Products of the mirror on the wire: a page of them, and one with its texts and variations."""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import Connection, bindparam, select

from sidecar.core.errors import Invalid, NotFound
from sidecar.core.types import from_scaled, quantize
from sidecar.db import read
from sidecar.db.mirror import products, variations
from sidecar.runtime.base import Row, Runtime, at, present
from sidecar.runtime.shop import shop_row
from sidecar.store.sync import generation_of

MONEY = ("regular_price", "sale_price", "price")
TIMES = ("sale_from", "sale_to", "created_at", "modified_at")
STOCK = ("stock_quantity", "stock_status", "backorders", "low_stock_amount")
SHOWN = (
    "id", "type", "status", "name", "sku", "permalink", *STOCK, "catalog_visibility", "categories", "tags",
    "attributes", "images", "total_sales", "average_rating", "review_count",
)  # fmt: skip
TEXTS = ("description", "short_description")
OF_VARIATION = ("id", "status", "sku", *STOCK, "attributes", "image_id")
LIGHT = [products.c[name] for name in (*SHOWN, *MONEY, *TIMES, "manage_stock")]

# Made once: they are asked often.
ONE = select(products).where(products.c.shop_id == bindparam("shop"), products.c.id == bindparam("ident"))
PAGE = (
    select(*LIGHT)
    .where(products.c.shop_id == bindparam("shop"), products.c.id > bindparam("after"))
    .order_by(products.c.id)
    .limit(bindparam("most"))
)
PAGE_OF = PAGE.where(products.c.status == bindparam("status"))
PARTS = select(variations).where(
    variations.c.shop_id == bindparam("shop"), variations.c.product_id == bindparam("product")
)


def page(rt: Runtime, shop_id: str, *, status: str | None, limit: int, cursor: str | None) -> Row:
    """Products by id; `next` is there while more follow, `generation` tells one state of the mirror."""
    decimals = _decimals(rt, shop_id)
    asked = {"shop": shop_id, "after": -1 if cursor is None else _cursor(cursor), "most": limit + 1}
    with read(rt.db.mirror) as conn:
        generation = generation_of(conn, shop_id)
        found = conn.execute(PAGE_OF if status else PAGE, asked | ({"status": status} if status else {}))
        rows = [row._asdict() for row in found]
    answer: Row = {"items": [_shown(row, SHOWN, decimals) for row in rows[:limit]], "generation": generation}
    return answer | ({"next": str(rows[limit - 1]["id"])} if len(rows) > limit else {})


def get(rt: Runtime, shop_id: str, ident: int) -> Row:
    """`{"product", "generation"}`: one product with its texts and variations; NotFound."""
    decimals = _decimals(rt, shop_id)
    with read(rt.db.mirror) as conn:
        generation = generation_of(conn, shop_id)
        row = conn.execute(ONE, {"shop": shop_id, "ident": ident}).mappings().first()
        if row is None:
            raise NotFound(
                "The mirror holds no such product.",
                hint="See GET /api/v1/ecommerce/products; a new product comes with the next sync.",
            )
        found = _shown(dict(row), (*SHOWN, *TEXTS), decimals)
        if row["type"] == "variable":
            found["variations"] = _variations(conn, shop_id, ident, decimals)
    return {"product": found, "generation": generation}


def _variations(conn: Connection, shop_id: str, product: int, decimals: int) -> list[Row]:
    # Sorted here: asked for the order of ids, SQLite would walk all variations of the shop.
    found = conn.execute(PARTS, {"shop": shop_id, "product": product}).mappings()
    rows = sorted(found, key=lambda row: row["id"])
    return [_shown(dict(row), OF_VARIATION, decimals) for row in rows]


def _shown(row: Row, names: tuple[str, ...], decimals: int) -> Row:
    answer = {name: row[name] for name in names}
    answer["manage_stock"] = "parent" if row["manage_stock"] == 2 else bool(row["manage_stock"])
    for name in MONEY:
        answer[name] = _money(row[name], decimals)
    for name in TIMES:
        answer[name] = at(row.get(name))
    return present(answer)


@lru_cache(maxsize=10_000)
def _money(value: int | None, decimals: int) -> str | None:
    amount = from_scaled(value)
    return None if amount is None else format(quantize(amount, decimals), "f")


def _decimals(rt: Runtime, shop_id: str) -> int:
    return int(shop_row(rt, shop_id)["facts"].get("decimals", 2))


def _cursor(text: str) -> int:
    if not text.isdigit() or len(text) > 18:
        raise Invalid(
            "That cursor is none of ours.", hint="Start again without cursor.", fields={"cursor": "unknown"}
        )
    return int(text)
