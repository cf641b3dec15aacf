"""What can be bought and stocked, looked up in the mirror for suppliers, orders and imports."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from sidecar.core.errors import NotFound
from sidecar.core.store import Item, ShopFacts
from sidecar.db import read
from sidecar.db.app import shops
from sidecar.runtime.base import Runtime
from sidecar.runtime.remarks import Remark, remark
from sidecar.runtime.shop import shop_row
from sidecar.security.pairing import shop_facts
from sidecar.store.records import items_of

CHUNK = 400
SCIENTIFIC = re.compile(r"^\d([.,]\d+)?E\+\d+$", re.I)


def items(rt: Runtime, shop_id: str, ids: Iterable[int]) -> dict[int, Item]:
    """The items of these ids that there are."""
    wanted = sorted(set(ids))
    found: dict[int, Item] = {}
    with read(rt.db.mirror) as conn:
        for start in range(0, len(wanted), CHUNK):
            some = wanted[start : start + CHUNK]
            found |= {item.id: item for item in items_of(conn, shop_id, some)}
    return found


def item(rt: Runtime, shop_id: str, ident: int) -> Item:
    """One item; NotFound."""
    found = items(rt, shop_id, [ident]).get(ident)
    if found is None:
        raise NotFound(
            "The shop has no such product or variation to sell.",
            hint="Name a variation's id, or a simple product's; a new one comes with the next sync.",
        )
    return found


@dataclass(frozen=True)
class Shelf:
    """All items of a shop, to be found by what a file says."""

    by_id: dict[int, Item]
    by_sku: dict[str, list[Item]]
    by_product: dict[int, list[Item]]

    def find(self, sku: str, ident: str) -> tuple[list[Item], str, Remark | None]:
        """The items that a row names by id, else by SKU: `(items, column, what is wrong)`.

        A variable product's id stands for all its variations.
        """
        if ident:
            number = int(ident) if ident.isdigit() and len(ident) < 19 else 0
            one = self.by_id.get(number)
            found = [one] if one else self.by_product.get(number, [])
            return found, "item_id", None if found else remark("no_item")
        if not sku:
            return [], "sku", remark("names_nothing")
        found = self.by_sku.get(sku.casefold(), [])
        if len(found) > 1:
            ids = ", ".join(str(item.id) for item in found[:5])
            return [], "sku", remark("several_items", items=ids)
        if not found and SCIENTIFIC.match(sku):
            return [], "sku", remark("shortened")
        return found, "sku", None if found else remark("no_sku")


def shelf(rt: Runtime, shop_id: str) -> Shelf:
    """The shop's items, ready to be found."""
    with read(rt.db.mirror) as conn:
        found: Sequence[Item] = list(items_of(conn, shop_id))
    by_sku: dict[str, list[Item]] = {}
    by_product: dict[int, list[Item]] = {}
    for one in found:
        if one.sku:
            by_sku.setdefault(one.sku.strip().casefold(), []).append(one)
        by_product.setdefault(one.product_id, []).append(one)
    return Shelf({one.id: one for one in found}, by_sku, by_product)


def hold(conn: Connection, shop_id: str) -> None:
    """Lets one transaction at a time go on for a shop; to be its first statement, so that it then reads what
    the others wrote.
    """
    conn.execute(select(shops.c.shop_id).where(shops.c.shop_id == shop_id).with_for_update()).all()


def facts(rt: Runtime, shop_id: str) -> ShopFacts:
    """The shop's facts."""
    return shop_facts(shop_row(rt, shop_id)["facts"])
