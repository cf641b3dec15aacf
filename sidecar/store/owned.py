"""What the owner keeps here, as the frozen records that agents read (tables in `sidecar.db.owned`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from sqlalchemy import Connection, select

from sidecar.core.store import Incoming, Item, Location, Override, Product, Supplies, Supply
from sidecar.core.types import from_scaled
from sidecar.db.owned import (
    forecast_overrides,
    location_stock,
    purchase_order_lines,
    purchase_orders,
    suppliers,
)
from sidecar.db.owned import locations as location_table
from sidecar.db.owned import supplies as supply_table
from sidecar.store.frames import epoch_day

Bought = TypeVar("Bought", Item, Product)
Level = Mapping[str, Any]

ALL_ITEMS = 0
"""The item whose row in `supplies` holds for all."""

TERMS = ("lead_days", "lead_spread_days", "review_days", "service_level")
BUILT_IN: dict[str, float] = {
    "lead_days": 14, "lead_spread_days": 3.0, "review_days": 7, "service_level": 0.95, "moq": 1, "pack": 1,
}  # fmt: skip
"""What holds where nobody entered anything: two weeks from order to shelf, a look a week, single pieces."""

ON_THE_WAY = ("sent", "part")


def supplies(conn: Connection, shop_id: str, ids: Sequence[int] | None = None) -> Supplies:
    """Terms of all items that have some, or of `ids`, and those of the others."""
    of = select(suppliers).where(suppliers.c.shop_id == shop_id)
    known: dict[str, Level] = {row["id"]: dict(row) for row in conn.execute(of).mappings()}
    query = select(supply_table).where(supply_table.c.shop_id == shop_id).order_by(supply_table.c.item_id)
    if ids is not None:
        query = query.where(supply_table.c.item_id.in_([ALL_ITEMS, *ids]))
    rows: dict[int, Level] = {row["item_id"]: dict(row) for row in conn.execute(query).mappings()}
    shop = rows.pop(ALL_ITEMS, {})
    found = {key: _supply(row, known.get(row["supplier_id"] or "", {}), shop) for key, row in rows.items()}
    return Supplies(found, _supply({"item_id": ALL_ITEMS}, {}, shop))


def _supply(own: Level, supplier: Level, shop: Level) -> Supply:
    def first(name: str) -> float:
        given = (level.get(name) for level in (own, supplier, shop))
        return next((float(one) for one in given if one is not None), BUILT_IN[name])

    return Supply(
        item_id=own["item_id"],
        supplier_id=supplier.get("id"),
        supplier_name=supplier.get("name", ""),
        supplier_sku=own.get("supplier_sku", ""),
        cost=from_scaled(own.get("cost")),
        min_order=from_scaled(supplier.get("min_order")),
        lead_days=int(first("lead_days")),
        lead_spread_days=first("lead_spread_days"),
        review_days=int(first("review_days")),
        service_level=first("service_level"),
        moq=int(first("moq")),
        pack=int(first("pack")),
        service_given=any(level.get("service_level") is not None for level in (own, supplier, shop)),
    )


def costs(conn: Connection, shop_id: str, ids: Sequence[int] | None = None) -> dict[int, Decimal]:
    """What the suppliers take for a piece, by item (of `ids`), where that is known."""
    row = supply_table.c
    query = select(row.item_id, row.cost).where(row.shop_id == shop_id, row.cost.is_not(None))
    if ids is not None:
        query = query.where(row.item_id.in_(ids))
    return {item_id: Decimal(from_scaled(cost) or 0) for item_id, cost in conn.execute(query)}


def with_costs(found: Iterator[Bought], known: Mapping[int, Decimal]) -> Iterator[Bought]:
    """Products or items; where WooCommerce knows no cost they take the one of their terms."""
    for one in found:
        yield replace(one, cost=known[one.id]) if one.cost is None and one.id in known else one


def overrides(conn: Connection, shop_id: str, since: date) -> list[Override]:
    """Overrides that end on that day or later, by item and day."""
    row = forecast_overrides.c
    query = select(forecast_overrides).where(row.shop_id == shop_id, row.last_day >= _number(since))
    return [
        Override(
            id=one["id"], item_id=one["item_id"], first=epoch_day(one["first_day"]),
            last=epoch_day(one["last_day"]), kind=one["kind"], value=one["value"], why=one["why"],
        )
        for one in conn.execute(query.order_by(row.item_id, row.first_day, row.id)).mappings()
    ]  # fmt: skip


def locations(conn: Connection, shop_id: str) -> list[Location]:
    """All places of stock by name, with what lies there."""
    stock: dict[str, dict[int, int]] = {}
    held = select(location_stock).where(location_stock.c.shop_id == shop_id)
    for row in conn.execute(held.order_by(location_stock.c.item_id)).mappings():
        stock.setdefault(row["location_id"], {})[row["item_id"]] = row["quantity"]
    places = select(location_table).where(location_table.c.shop_id == shop_id)
    return [
        Location(row["id"], row["name"], row["counted"], row["share"], stock.get(row["id"], {}))
        for row in conn.execute(places.order_by(location_table.c.name_key)).mappings()
    ]


def incoming(conn: Connection, shop_id: str) -> list[Incoming]:
    """What is still to come of orders that were sent, by item and day; drafts do not count."""
    line, order = purchase_order_lines.c, purchase_orders.c
    query = (
        select(line.item_id, order.id, line.quantity - line.received, order.expected_on)
        .join(purchase_orders, (order.shop_id == line.shop_id) & (order.id == line.order_id))
        .where(line.shop_id == shop_id, order.state.in_(ON_THE_WAY), line.quantity > line.received)
        .order_by(line.item_id, order.expected_on, order.number)
    )
    return [
        Incoming(item_id, order_id, quantity, None if day is None else epoch_day(day))
        for item_id, order_id, quantity, day in conn.execute(query)
    ]


def _number(day: date) -> int:
    return day.toordinal() - date(1970, 1, 1).toordinal()
