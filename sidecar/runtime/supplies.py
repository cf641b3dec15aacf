"""Terms of purchase: an item's own, its supplier's, the shop's; shown, changed, exported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, delete, select

from sidecar.core.store import Item, Supply
from sidecar.core.types import from_scaled
from sidecar.db import read, write
from sidecar.db.owned import supplies
from sidecar.db.upsert import upsert
from sidecar.runtime import audit, stock_items
from sidecar.runtime import suppliers as supplier_list
from sidecar.runtime.base import Row, Runtime, now, present
from sidecar.runtime.sheets import sheet_text
from sidecar.runtime.terms import OF_SUPPLY, columns_of
from sidecar.store import owned
from sidecar.store.owned import ALL_ITEMS

OWN = ("supplier_id", "supplier_sku", *OF_SUPPLY)
EMPTY: Row = dict.fromkeys(OWN) | {"supplier_sku": ""}
HEADS = ("item_id", "sku", "name", "supplier", "supplier_sku", *OF_SUPPLY)


def get(rt: Runtime, shop_id: str, item_id: int) -> Row:
    """`{"item", "supply", "own"}`: what holds for an item, and what stands at the item itself; NotFound."""
    item = stock_items.item(rt, shop_id, item_id)
    with read(rt.db.app) as conn:
        return _both(conn, shop_id, item)


def _both(conn: Connection, shop_id: str, item: Item) -> Row:
    own = rows(conn, shop_id, [item.id]).get(item.id, EMPTY)
    known = owned.supplies(conn, shop_id).of(item.id)
    return {"item": item_json(item), "supply": supply_json(known), "own": own_json(own)}


def put(rt: Runtime, shop_id: str, item_id: int, given: Mapping[str, Any], who: Row | None) -> Row:
    """Puts an item's own terms in the place of all former ones; without any the item has none. NotFound.

    What shares its stock has the same terms.
    """
    item = stock_items.item(rt, shop_id, item_id)
    same = stock_items.stock_of(rt, shop_id, item)
    new = EMPTY | columns_of(dict(given))
    with write(rt.db.app) as conn:
        if new["supplier_id"] is not None:
            supplier_list.load(conn, shop_id, new["supplier_id"])
        old = rows(conn, shop_id, [item_id]).get(item_id, EMPTY)
        save(conn, shop_id, dict.fromkeys(same, new))
        before, after = own_json(old), own_json(new)
        audit.record(conn, shop_id, who, "supply.change", str(item_id), before=before, after=after)
        return _both(conn, shop_id, item)


def defaults(rt: Runtime, shop_id: str) -> Row:
    """`{"supply", "own"}`: what holds for items without terms of their own, and what of it was entered."""
    with read(rt.db.app) as conn:
        own = rows(conn, shop_id, [ALL_ITEMS]).get(ALL_ITEMS, EMPTY)
        return {"supply": terms_json(owned.supplies(conn, shop_id).default), "own": own_json(own)}


def put_defaults(rt: Runtime, shop_id: str, given: Mapping[str, Any], who: Row | None) -> Row:
    """Puts the shop's terms in the place of the former ones; those left out go back to the built-in ones."""
    new = EMPTY | columns_of(dict(given))
    with write(rt.db.app) as conn:
        old = rows(conn, shop_id, [ALL_ITEMS]).get(ALL_ITEMS, EMPTY)
        save(conn, shop_id, {ALL_ITEMS: new})
        before, after = own_json(old), own_json(new)
        audit.record(conn, shop_id, who, "supply.defaults", "", before=before, after=after)
    return defaults(rt, shop_id)


def page(
    rt: Runtime, shop_id: str, *, supplier_id: str | None, item_id: int | None, limit: int, cursor: int | None
) -> Row:
    """Items that have terms of their own, by id: `{"items", "next"?, "total"}`."""
    with read(rt.db.app) as conn:
        known = owned.supplies(conn, shop_id)
        own = rows(conn, shop_id, None)
    own.pop(ALL_ITEMS, None)
    if supplier_id is not None:
        own = {key: row for key, row in own.items() if row["supplier_id"] == supplier_id}
    if item_id is not None:
        own = {key: row for key, row in own.items() if key == item_id}
    left = [key for key in sorted(own) if cursor is None or key > cursor]
    found = stock_items.items(rt, shop_id, left[:limit])
    shown = [
        {
            "item": item_json(found[key]) if key in found else {"item_id": key},
            "supply": supply_json(known.of(key)),
            "own": own_json(own[key]),
        }
        for key in left[:limit]
    ]
    answer: Row = {"items": shown, "total": len(own)}
    return answer | ({"next": str(left[limit - 1])} if len(left) > limit else {})


def export(rt: Runtime, shop_id: str) -> str:
    """All items of the shop with their own terms as CSV: what an import takes back."""
    shelf = stock_items.shelf(rt, shop_id)
    with read(rt.db.app) as conn:
        own = rows(conn, shop_id, None)
        names = {row["id"]: row["name"] for row in supplier_list.rows(conn, shop_id)}
    lines = []
    for key, item in sorted(shelf.by_id.items()):
        if key != item.stock_id:
            continue  # stands at the product whose stock it shares
        row = own.get(key, EMPTY)
        shown = own_json(row)
        terms = [shown.get(name) for name in ("supplier_sku", *OF_SUPPLY)]
        lines.append([key, item.sku, item.name, names.get(row["supplier_id"] or ""), *terms])
    return sheet_text(HEADS, lines)


def rows(conn: Connection, shop_id: str, ids: list[int] | None) -> dict[int, Row]:
    """Own terms by item, of these items or of all."""
    query = select(supplies).where(supplies.c.shop_id == shop_id)
    if ids is not None:
        query = query.where(supplies.c.item_id.in_(ids))
    return {row["item_id"]: dict(row) for row in conn.execute(query).mappings()}


def save(conn: Connection, shop_id: str, changed: Mapping[int, Mapping[str, Any]]) -> None:
    """Writes own terms; a row that says nothing is taken out."""
    moment = now()
    made = {key: {name: row[name] for name in OWN} for key, row in changed.items()}
    kept = [
        row | {"shop_id": shop_id, "item_id": key, "updated_at": moment}
        for key, row in made.items()
        if row != EMPTY
    ]
    gone = [key for key, row in made.items() if row == EMPTY]
    upsert(conn, supplies, kept)
    for start in range(0, len(gone), stock_items.CHUNK):
        some = supplies.c.item_id.in_(gone[start : start + stock_items.CHUNK])
        conn.execute(delete(supplies).where(supplies.c.shop_id == shop_id, some))


def item_json(item: Item) -> Row:
    """What names an item."""
    return {"item_id": item.id, "product_id": item.product_id, "name": item.name, "sku": item.sku}


def own_json(row: Mapping[str, Any]) -> Row:
    """What stands at an item itself; what is inherited is absent."""
    shown = {name: row[name] for name in OWN} | {"cost": money_text(from_scaled(row["cost"]))}
    return present(shown | {"supplier_sku": row["supplier_sku"] or None})


def supply_json(known: Supply) -> Row:
    """What holds for an item, wherever it was said."""
    shown = asdict(known) | {"cost": money_text(known.cost), "min_order": money_text(known.min_order)}
    return present({name: value for name, value in shown.items() if value != ""})


def terms_json(known: Supply) -> Row:
    """What holds for all items."""
    shown = supply_json(known)
    return {name: shown[name] for name in OF_SUPPLY if name in shown}


def money_text(amount: Decimal | None) -> str | None:
    """An amount without zeros at its end: what was entered, not more decimals than that."""
    return None if amount is None else format(amount.normalize(), "f")
