"""Places of stock, for shops that have several, and what lies there."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from sidecar.core.errors import Conflict, NotFound
from sidecar.db import read, write
from sidecar.db.owned import location_stock, locations
from sidecar.db.upsert import insert_new
from sidecar.runtime import audit, repeats, stock_imports, stock_items
from sidecar.runtime.base import Row, Runtime, now, present
from sidecar.runtime.repeats import Asked
from sidecar.runtime.sheets import sheet_text
from sidecar.runtime.suppliers import name_key

OWN = ("name", "share", "counted")


def listed(rt: Runtime, shop_id: str) -> list[Row]:
    """All places by name, each with its items and pieces."""
    held = (
        select(location_stock.c.location_id, func.count(), func.sum(location_stock.c.quantity))
        .where(location_stock.c.shop_id == shop_id, location_stock.c.quantity > 0)
        .group_by(location_stock.c.location_id)
    )
    query = select(locations).where(locations.c.shop_id == shop_id).order_by(locations.c.name_key)
    with read(rt.db.app) as conn:
        sums = {place: (items, int(pieces)) for place, items, pieces in conn.execute(held)}
        rows = [dict(row) for row in conn.execute(query).mappings()]
    return [
        location_json(row) | dict(zip(("items", "pieces"), sums.get(row["id"], (0, 0)), strict=True))
        for row in rows
    ]


def make(
    rt: Runtime, shop_id: str, given: Mapping[str, Any], who: Row | None, asked: Asked | None = None
) -> Row:
    """A new place, or what `asked` made before; Conflict `name_taken` when one is called so."""
    moment = now()
    row = dict(given) | {"shop_id": shop_id, "id": uuid.uuid4().hex, "name_key": name_key(given["name"])}
    with write(rt.db.app) as conn:
        if before := repeats.made_before(conn, rt.sealer, asked):
            return location_json(load(conn, shop_id, before))
        if not insert_new(conn, locations, row | {"created_at": moment, "updated_at": moment}):
            raise _taken(row["name"])
        repeats.keep(conn, asked, row["id"])
        audit.record(conn, shop_id, who, "location.add", row["id"], after=_audited(row))
    return location_json(row)


def change(rt: Runtime, shop_id: str, ident: str, given: Mapping[str, Any], who: Row | None) -> Row:
    """Puts these values in the place of all former ones; Conflict `name_taken`, NotFound."""
    with write(rt.db.app) as conn:
        old = load(conn, shop_id, ident, lock=True)
        new = old | dict(given) | {"name_key": name_key(given["name"]), "updated_at": now()}
        same = (locations.c.shop_id == shop_id) & (locations.c.name_key == new["name_key"])
        if conn.execute(select(locations.c.id).where(same, locations.c.id != ident)).first():
            raise _taken(new["name"])
        conn.execute(update(locations).where(_mine(shop_id, ident)).values(new))
        before, after = _audited(old), _audited(new)
        audit.record(conn, shop_id, who, "location.change", ident, before=before, after=after)
    return location_json(new)


def remove(rt: Runtime, shop_id: str, ident: str, who: Row | None) -> None:
    """Takes a place out with what was told of it; NotFound."""
    with write(rt.db.app) as conn:
        row = load(conn, shop_id, ident, lock=True)
        stock = (location_stock.c.shop_id == shop_id) & (location_stock.c.location_id == ident)
        gone = conn.execute(delete(location_stock).where(stock)).rowcount
        conn.execute(delete(locations).where(_mine(shop_id, ident)))
        audit.record(
            conn, shop_id, who, "location.remove", ident, {"items": gone}, before=_audited(row), after={}
        )


def put_stock(
    rt: Runtime, shop_id: str, ident: str, item_id: int, quantity: int, who: Row | None
) -> Row:  # fmt: skip
    """Says how many pieces of an item lie at a place; NotFound."""
    with write(rt.db.app) as conn:
        load(conn, shop_id, ident)
        item_id = stock_items.item(rt, shop_id, item_id).stock_id
        row = location_stock.c
        mine = (row.shop_id == shop_id) & (row.location_id == ident) & (row.item_id == item_id)
        old = conn.execute(select(row.quantity).where(mine)).scalar()
        stock_imports.put_stock(conn, shop_id, ident, {item_id: quantity})
        before, after = {"item": item_id, "quantity": old}, {"item": item_id, "quantity": quantity}
        audit.record(conn, shop_id, who, "location.stock", ident, before=before, after=after)
    return {"location_id": ident, "item_id": item_id, "quantity": quantity}


def import_stock(rt: Runtime, shop_id: str, ident: str, text: str, who: Row | None, dry_run: bool) -> Row:
    """Takes what lies at a place from a CSV text; NotFound, Invalid (see `stock_imports`)."""
    with read(rt.db.app) as conn:
        load(conn, shop_id, ident)
    return stock_imports.import_stock(rt, shop_id, ident, text, who, dry_run=dry_run)


def stock(rt: Runtime, shop_id: str, ident: str) -> list[Row]:
    """What lies at a place, by item; NotFound."""
    with read(rt.db.app) as conn:
        load(conn, shop_id, ident)
        row = location_stock.c
        query = select(row.item_id, row.quantity).where(row.shop_id == shop_id, row.location_id == ident)
        rows = conn.execute(query.order_by(row.item_id))
        found = {one.item_id: one.quantity for one in rows}
    known = stock_items.items(rt, shop_id, found)
    return [
        present({
            "item_id": key, "sku": known[key].sku if key in known else None,
            "name": known[key].name if key in known else None, "quantity": count,
        })
        for key, count in found.items()
    ]  # fmt: skip


def export(rt: Runtime, shop_id: str, ident: str) -> str:
    """What lies at a place as CSV: what an import takes back."""
    heads = ("item_id", "sku", "name", "quantity")
    return sheet_text(heads, [[row.get(name) for name in heads] for row in stock(rt, shop_id, ident)])


def load(conn: Connection, shop_id: str, ident: str, *, lock: bool = False) -> Row:
    """A place's row; NotFound."""
    query = select(locations).where(_mine(shop_id, ident))
    row = conn.execute(query.with_for_update() if lock else query).mappings().first()
    if row is None:
        raise NotFound("There is no such place of stock.", hint="Reload the list of places.")
    return dict(row)


def location_json(row: Mapping[str, Any]) -> Row:
    """A place as the wire shows it."""
    return present({name: row[name] for name in ("id", *OWN)})


def _mine(shop_id: str, ident: str) -> Any:
    return (locations.c.shop_id == shop_id) & (locations.c.id == ident)


def _audited(row: Mapping[str, Any]) -> Row:
    return present({name: row[name] for name in OWN})


def _taken(name: str) -> Conflict:
    return Conflict(
        f"There is a place called {name} already.",
        code="name_taken",
        hint="Change that one, or choose another name.",
        fields={"name": "is taken"},
    )
