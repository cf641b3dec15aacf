"""What can be bought and stocked, looked up in the mirror for suppliers, orders and imports.

A product whose variations share one stock is an item here too: that stock is ordered, received and forecast
as one. Its terms hold for all of its variations.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from sqlalchemy import Connection, select

from sidecar.core.errors import NotFound
from sidecar.core.store import Item, ShopFacts
from sidecar.db import read
from sidecar.db.app import shops
from sidecar.retail.holders import holders_of
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
            rest = [key for key in some if key not in found]
            if rest:
                found |= {one.id: one for one in shared(items_of(conn, shop_id, of=rest))}
    return found


def shared(found: Iterable[Item]) -> list[Item]:
    """The products whose variations, which are to be there all, share one stock."""
    return [
        replace(
            one.items[0], id=one.id, variation_id=0, name=one.name, sku=one.sku, cost=one.cost, attributes=()
        )
        for one in holders_of(item for item in found if item.stock_of_parent)
    ]


def stock_of(rt: Runtime, shop_id: str, item: Item) -> list[int]:
    """All ids that mean the stock of an item: its own, or those of all that share it."""
    if not item.stock_of_parent:
        return [item.id]
    with read(rt.db.mirror) as conn:
        found = items_of(conn, shop_id, of=[item.product_id])
        return [item.product_id, *(one.id for one in found if one.stock_of_parent)]


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
    """All items of a shop, to be found by what a file says; those of one shared stock are found together."""

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
            found = self.by_product.get(number) or self._together(one)
            return found, "item_id", None if found else remark("no_item")
        if not sku:
            return [], "sku", remark("names_nothing")
        found = self.by_sku.get(sku.casefold(), [])
        if len({item.stock_id for item in found}) > 1:
            ids = ", ".join(str(item.id) for item in found[:5])
            return [], "sku", remark("several_items", items=ids)
        if not found and SCIENTIFIC.match(sku):
            return [], "sku", remark("shortened")
        return self._together(found[0] if found else None), "sku", None if found else remark("no_sku")

    def _together(self, one: Item | None) -> list[Item]:
        """All that share its stock."""
        if one is None or not one.stock_of_parent:
            return [one] if one else []
        return [item for item in self.by_product[one.product_id] if item.stock_of_parent]


def shelf(rt: Runtime, shop_id: str) -> Shelf:
    """The shop's items, ready to be found."""
    with read(rt.db.mirror) as conn:
        found = list(items_of(conn, shop_id))
    found = sorted([*found, *shared(found)], key=lambda one: one.id)
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
