"""Suppliers: whom the shop buys from. Their contacts are people, so the audit seals what it says of them."""

from __future__ import annotations

import unicodedata
import uuid
from collections import Counter
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, delete, select, update

from sidecar.core.errors import Conflict, NotFound
from sidecar.core.types import from_scaled
from sidecar.db import read, write
from sidecar.db.mirror import variations
from sidecar.db.owned import purchase_orders, suppliers, supplies
from sidecar.db.upsert import insert_new
from sidecar.runtime import audit, repeats
from sidecar.runtime.base import Row, Runtime, at, now, present
from sidecar.runtime.repeats import Asked
from sidecar.runtime.terms import TERMS, columns_of
from sidecar.security.sealing import get_secret
from sidecar.store.rest_rows import email_hash

CONTACT = ("contact", "email", "phone")
PLAIN = ("name", "note", "min_order", *TERMS)
OF_PARENT = 2
"""A variation whose stock is its product's (`variations.manage_stock`)."""
OPEN_ORDERS = ("draft", "sending", "unknown", "sent", "part")
EMPTY: Row = dict.fromkeys((*CONTACT, "note"), "") | dict.fromkeys(("min_order", *TERMS))


def name_key(name: str) -> str:
    """The form by which two names are the same."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())[:200]


def listed(rt: Runtime, shop_id: str) -> list[Row]:
    """All suppliers by name, each with how many items name it."""
    row, own = supplies.c, variations.c
    of = select(own.id, own.product_id).where(own.shop_id == shop_id, own.manage_stock == OF_PARENT)
    with read(rt.db.mirror) as conn:
        home = {int(ident): int(product) for ident, product in conn.execute(of)}
    named = select(row.supplier_id, row.item_id).where(row.shop_id == shop_id, row.supplier_id.is_not(None))
    with read(rt.db.app) as conn:
        # One stock is one item, however many variations share it.
        pairs = {(supplier, home.get(item, item)) for supplier, item in conn.execute(named)}
        found = rows(conn, shop_id)
    items = Counter(supplier for supplier, _ in pairs)
    return [supplier_json(row) | {"items": items[row["id"]]} for row in found]


def get(rt: Runtime, shop_id: str, ident: str) -> Row:
    """One supplier; NotFound."""
    with read(rt.db.app) as conn:
        return supplier_json(load(conn, shop_id, ident))


def load(conn: Connection, shop_id: str, ident: str, *, lock: bool = False) -> Row:
    """A supplier's row; NotFound."""
    query = select(suppliers).where(suppliers.c.shop_id == shop_id, suppliers.c.id == ident)
    row = conn.execute(query.with_for_update() if lock else query).mappings().first()
    if row is None:
        raise NotFound("There is no such supplier.", hint="Reload the list of suppliers.")
    return dict(row)


def make(
    rt: Runtime, shop_id: str, given: Mapping[str, Any], who: Row | None, asked: Asked | None = None
) -> Row:
    """A new supplier, or what `asked` made before; Conflict `name_taken` when one is called so."""
    with write(rt.db.app) as conn:
        if before := repeats.made_before(conn, rt.sealer, asked):
            return supplier_json(load(conn, shop_id, before))
        row = add(rt, conn, shop_id, given, who)
        repeats.keep(conn, asked, row["id"])
        return supplier_json(row)


def add(rt: Runtime, conn: Connection, shop_id: str, given: Mapping[str, Any], who: Row | None) -> Row:
    """`make` in the caller's transaction; the row."""
    moment = now()
    row = EMPTY | columns_of(dict(given)) | {"created_at": moment, "updated_at": moment}
    row |= {"shop_id": shop_id, "id": uuid.uuid4().hex, "name_key": name_key(row["name"])}
    row["email_hash"] = _hash(rt, conn, shop_id, row["email"])
    if not insert_new(conn, suppliers, row):
        raise _taken(row["name"])
    detail = _about(conn, row)
    audit.record(conn, shop_id, who, "supplier.add", row["id"], detail, after=_audited(row))
    return row


def change(rt: Runtime, shop_id: str, ident: str, given: Mapping[str, Any], who: Row | None) -> Row:
    """Puts these values in the place of all former ones; Conflict `name_taken`, NotFound."""
    with write(rt.db.app) as conn:
        old = load(conn, shop_id, ident, lock=True)
        new = old | EMPTY | columns_of(dict(given))
        new |= {"updated_at": now(), "name_key": name_key(new["name"])}
        new["email_hash"] = _hash(rt, conn, shop_id, new["email"])
        same = (suppliers.c.shop_id == shop_id) & (suppliers.c.name_key == new["name_key"])
        if conn.execute(select(suppliers.c.id).where(same, suppliers.c.id != ident)).first():
            raise _taken(new["name"])
        mine = (suppliers.c.shop_id == shop_id) & (suppliers.c.id == ident)
        conn.execute(update(suppliers).where(mine).values(new))
        moved = any(old[name] != new[name] for name in CONTACT)
        detail = {"contact_changed": moved} | (_about(conn, new) if moved else {})
        before, after = _audited(old), _audited(new)
        audit.record(conn, shop_id, who, "supplier.change", ident, detail, before=before, after=after)
        return supplier_json(new)


def remove(rt: Runtime, shop_id: str, ident: str, who: Row | None) -> None:
    """Takes a supplier out; items lose it and keep their own terms. Conflict `in_use` with open orders."""
    with write(rt.db.app) as conn:
        row = load(conn, shop_id, ident, lock=True)
        order = purchase_orders.c
        mine = (order.shop_id == shop_id) & (order.supplier_id == ident) & order.state.in_(OPEN_ORDERS)
        if conn.execute(select(order.id).where(mine).limit(1)).first():
            raise Conflict(
                "There are open purchase orders to this supplier.",
                code="in_use",
                hint="Delete the drafts, and receive or end the orders that were sent, first.",
            )
        named = (supplies.c.shop_id == shop_id) & (supplies.c.supplier_id == ident)
        freed = conn.execute(update(supplies).where(named).values(supplier_id=None)).rowcount
        conn.execute(delete(suppliers).where(suppliers.c.shop_id == shop_id, suppliers.c.id == ident))
        audit.record(
            conn, shop_id, who, "supplier.remove", ident, {"items": freed}, before=_audited(row), after={}
        )


def supplier_json(row: Mapping[str, Any]) -> Row:
    """A supplier as the wire shows it: what is not known is absent."""
    shown = {name: row[name] or None for name in (*CONTACT, "note")} | {name: row[name] for name in TERMS}
    least = from_scaled(row["min_order"])
    shown |= {"min_order": None if least is None else format(least.normalize(), "f")}
    times = {name: at(row[name]) for name in ("created_at", "updated_at")}
    return {"id": row["id"], "name": row["name"]} | present(shown | times)


def _audited(row: Mapping[str, Any]) -> Row:
    """What may stand open in the audit; notes and contacts may not."""
    return present({name: row[name] for name in PLAIN if name != "note"})


def _about(conn: Connection, row: Mapping[str, Any]) -> Row:
    """The contact, sealed under the key of the person whose address it is: an erasure destroys it."""
    values = {name: row[name] for name in CONTACT if row[name]}
    if not row["email_hash"] or not values:
        return {}
    return {"about": audit.about(conn, row["shop_id"], f"buyer:{row['email_hash']}", values)}


def _hash(rt: Runtime, conn: Connection, shop_id: str, email: str) -> str | None:
    return email_hash(email, get_secret(conn, rt.sealer, shop_id, "hash_key") or b"")


def _taken(name: str) -> Conflict:
    return Conflict(
        f"There is a supplier called {name} already.",
        code="name_taken",
        hint="Change that one, or choose another name.",
        fields={"name": "is taken"},
    )


def rows(conn: Connection, shop_id: str) -> list[Row]:
    """All suppliers' rows by name."""
    query = select(suppliers).where(suppliers.c.shop_id == shop_id).order_by(suppliers.c.name_key)
    return [dict(row) for row in conn.execute(query).mappings()]
