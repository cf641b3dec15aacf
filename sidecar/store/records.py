"""Products and items of the mirror as the frozen records that agents read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from sidecar.core.store import Attribute, Image, Item, Product
from sidecar.core.types import from_scaled
from sidecar.db.mirror import products, variations

CHUNK = 500
FEW = 5_000
"""So many ids are told to the database, three times in a statement; SQLite takes 32,766 values in all."""
BUYABLE = ("publish", "private")


def products_of(conn: Connection, shop_id: str, ids: Sequence[int] | None = None) -> Iterator[Product]:
    """All products, or those of `ids`, by id, read in chunks."""
    query = select(products).where(products.c.shop_id == shop_id).order_by(products.c.id)
    if ids is not None:
        query = query.where(products.c.id.in_(ids))
    for row in _streamed(conn, query):
        yield _product(row)


def items_of(
    conn: Connection, shop_id: str, ids: Sequence[int] | None = None, of: Sequence[int] | None = None
) -> Iterator[Item]:
    """All that can be bought, by id: simple products, and variations of published or private parents.

    `of` wants only the items of these products.
    """
    light = [column for column in products.c if column.name not in ("description", "short_description")]
    query = select(*light).where(products.c.shop_id == shop_id, products.c.status.in_(BUYABLE))
    own = select(variations).where(variations.c.shop_id == shop_id, variations.c.status.in_(BUYABLE))
    if of is not None:
        query, own = query.where(products.c.id.in_(of)), own.where(variations.c.product_id.in_(of))
    if ids is not None and len(ids) <= FEW:
        # Told to the database only while they are few: a statement holds a limited number of values.
        own = own.where(variations.c.id.in_(ids))
        holders = own.with_only_columns(variations.c.product_id)
        query = query.where(products.c.id.in_(ids) | products.c.id.in_(holders))
    parents: dict[int, Any] = {}
    found: list[Item] = []
    for row in _streamed(conn, query):
        if row.type == "variable":
            parents[row.id] = row
        elif row.type == "simple" and (ids is None or row.id in ids):
            found.append(_simple(row))
    wanted = None if ids is None else set(ids)
    for row in _streamed(conn, own):
        if row.product_id in parents and (wanted is None or row.id in wanted):
            found.append(_variation(row, parents[row.product_id]))
    found.sort(key=lambda item: item.id)
    yield from found


def _streamed(conn: Connection, query: Any) -> Iterator[Row[Any]]:
    for chunk in conn.execution_options(stream_results=True).execute(query).partitions(CHUNK):
        yield from chunk


def _product(row: Row[Any]) -> Product:
    return Product(
        id=row.id,
        type=row.type,
        status=row.status,
        name=row.name,
        sku=row.sku,
        permalink=row.permalink,
        **_prices(row),
        manage_stock=row.manage_stock == 1,
        stock=_pieces(row.stock_quantity) if row.manage_stock == 1 else None,
        stock_status=row.stock_status,
        backorders=row.backorders,
        low_stock_amount=_pieces(row.low_stock_amount),
        cost=from_scaled(row.cost),
        weight=row.weight,
        tax_class=row.tax_class,
        gtin=row.gtin,
        catalog_visibility=row.catalog_visibility,
        categories=tuple(row.categories),
        tags=tuple(row.tags),
        attributes=tuple(
            Attribute(a["name"], tuple(a["options"]), bool(a["variation"])) for a in row.attributes
        ),
        images=tuple(Image(image["id"], image["alt"] or "") for image in row.images),
        description=row.description,
        short_description=row.short_description,
        total_sales=row.total_sales,
        review_count=row.review_count,
        created_at=_moment(row.created_at) or datetime.fromtimestamp(0, UTC),
        modified_at=_moment(row.modified_at) or datetime.fromtimestamp(0, UTC),
    )


def _simple(row: Row[Any]) -> Item:
    return Item(
        id=row.id,
        product_id=row.id,
        variation_id=0,
        name=row.name,
        permalink=row.permalink,
        image_id=row.images[0]["id"] if row.images else None,
        stock=_pieces(row.stock_quantity) if row.manage_stock == 1 else None,
        stock_of_parent=False,
        low_stock_amount=_pieces(row.low_stock_amount),
        cost=from_scaled(row.cost),
        categories=tuple(row.categories),
        attributes=(),
        **_shared(row),
    )


def _variation(row: Row[Any], parent: Row[Any]) -> Item:
    holder = parent if row.manage_stock == 2 else row
    options = [part["option"] for part in row.attributes if part["option"]]
    own_cost, parent_cost = from_scaled(row.cost), from_scaled(parent.cost)
    return Item(
        id=row.id,
        product_id=row.product_id,
        variation_id=row.id,
        name=" - ".join((parent.name, ", ".join(options))) if options else parent.name,
        permalink=parent.permalink,
        image_id=row.image_id or (parent.images[0]["id"] if parent.images else None),
        stock=_pieces(holder.stock_quantity) if row.manage_stock else None,
        stock_of_parent=row.manage_stock == 2,
        low_stock_amount=_pieces(row.low_stock_amount),
        cost=parent_cost if own_cost is None else own_cost,
        categories=tuple(parent.categories),
        attributes=tuple((part["name"], part["option"]) for part in row.attributes),
        product_sku=parent.sku,
        **_shared(row),
    )


def _shared(row: Row[Any]) -> dict[str, Any]:
    return _prices(row) | {
        "sku": row.sku,
        "status": row.status,
        "stock_status": row.stock_status,
        "backorders": row.backorders,
        "created_at": _moment(row.created_at) or datetime.fromtimestamp(0, UTC),
    }


def _prices(row: Row[Any]) -> dict[str, Any]:
    return {
        "regular_price": from_scaled(row.regular_price),
        "sale_price": from_scaled(row.sale_price),
        "price": from_scaled(row.price),
        "sale_from": _moment(row.sale_from),
        "sale_to": _moment(row.sale_to),
    }


def _pieces(value: float | None) -> int | None:
    return None if value is None else int(value)


def _moment(at: int | None) -> datetime | None:
    return None if at is None else datetime.fromtimestamp(at, UTC)
