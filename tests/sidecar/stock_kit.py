"""Products in a shop's mirror, and suppliers and orders through the API, for tests of buying stock."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert

from sidecar.db import write
from sidecar.db.mirror import products, variations
from tests.sidecar.kit import ANNA, Plugin
from tests.sidecar.runtime.marked import row_of

BASE = {
    "type": "simple", "status": "publish", "categories": [], "tags": [], "attributes": [], "images": [],
    "manage_stock": 1, "stock_quantity": 5.0, "cost": None, "sale_from": None, "sale_to": None,
    "regular_price": None, "sale_price": None, "price": None, "low_stock_amount": None,
}  # fmt: skip
PATH = "/api/v1/inventory/"


def product(plugin: Plugin, ident: int, name: str = "Scarf", **more: Any) -> None:
    """A product in the mirror."""
    values = BASE | {"id": ident, "name": name, "sku": f"S-{ident}"} | more
    with write(plugin.rt.db.mirror) as conn:
        conn.execute(insert(products).values(row_of(products, plugin.shop_id, values)))


def variation(plugin: Plugin, ident: int, product_id: int, **more: Any) -> None:
    """A variation in the mirror; its product is to be of type `variable`."""
    base = {name: value for name, value in BASE.items() if name in variations.c}
    values = base | {"id": ident, "product_id": product_id, "sku": f"S-{ident}"} | more
    with write(plugin.rt.db.mirror) as conn:
        conn.execute(insert(variations).values(row_of(variations, plugin.shop_id, values)))


def ask(plugin: Plugin, method: str, path: str, body: Any = None, who: Any = ANNA) -> Any:
    """One signed request under /api/v1/inventory, as a person."""
    return plugin.send(method, PATH + path, body, who=who)


def good(answer: Any) -> dict[str, Any]:
    """The body of an answer that must be good."""
    assert answer.status_code in (200, 201), answer.text
    found: dict[str, Any] = answer.json
    return found


def fields(answer: Any) -> dict[str, str]:
    """What a 422 says of each field."""
    assert answer.status_code == 422, answer.text
    found: dict[str, str] = answer.json["error"].get("fields", {})
    return found


def supplier(plugin: Plugin, name: str = "Silk House", **more: Any) -> str:
    """A new supplier's id."""
    given = {"name": name, "email": "orders@silk.test", **more}
    return str(good(ask(plugin, "POST", "suppliers", given))["supplier"]["id"])
