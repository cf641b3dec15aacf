"""Writing products and variations with WooCommerce's rules, its silent ones included."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Mapping
from typing import Any

from sidecar.demo.outbox import emit
from sidecar.demo.rest.checks import RestError, anything, boolean, check, choice, date, integer, objects, text
from sidecar.demo.rest.wire import Row, minor, now
from sidecar.demo.schema import get_option, set_option

UNCATEGORISED = 15


def _sale_date(name: str, value: Any) -> str | None:
    """A moment; null leaves the date as it is and an empty text clears it, as in WooCommerce."""
    return value if value in (None, "") else date(name, value)


SPEC = {
    **dict.fromkeys(
        (
            "name",
            "slug",
            "description",
            "short_description",
            "sku",
            "regular_price",
            "sale_price",
            "weight",
            "tax_class",
            "purchase_note",
            "global_unique_id",
        ),
        text,
    ),
    **dict.fromkeys(
        ("date_on_sale_from", "date_on_sale_from_gmt", "date_on_sale_to", "date_on_sale_to_gmt"), _sale_date
    ),
    **dict.fromkeys(("manage_stock", "featured", "reviews_allowed", "sold_individually"), boolean),
    **dict.fromkeys(
        ("categories", "tags", "images", "attributes", "default_attributes", "meta_data"), objects
    ),
    "status": choice("draft", "pending", "private", "publish", "future", "auto-draft", "trash"),
    "type": choice("simple", "grouped", "external", "variable"),
    "stock_status": choice("instock", "outofstock", "onbackorder"),
    "backorders": choice("no", "notify", "yes"),
    "catalog_visibility": choice("visible", "catalog", "search", "hidden"),
    "tax_status": choice("taxable", "shipping", "none"),
    "stock_quantity": integer(),
    "inventory_delta": integer(),
    "low_stock_amount": integer(null=True),
    "menu_order": integer(),
    "dimensions": anything,
    "cost_of_goods_sold": anything,
}
PLAIN = ("name", "slug", "status", "description", "short_description", "weight", "backorders", "stock_status")
EXTRA = (
    "featured",
    "catalog_visibility",
    "reviews_allowed",
    "sold_individually",
    "tax_status",
    "tax_class",
    "purchase_note",
    "menu_order",
    "default_attributes",
)


def decimal(value: str) -> str:
    """A number as WooCommerce keeps it: the text without anything but digits, sign and last point."""
    return re.sub(r"\.(?![^.]+$)|[^0-9.-]", "", value.strip())


def update(con: sqlite3.Connection, row: Row, body: Mapping[str, Any]) -> Row:
    """Write the fields of `body` to one product or variation, inside an open transaction; the row after it.

    RestError rest_invalid_param for wrong types, product_invalid_sku for a SKU that another product has.
    """
    fields = check(body, SPEC)
    kind = fields.get("type", row["type"])
    columns: dict[str, Any] = {name: fields[name] for name in PLAIN if fields.get(name) is not None}
    columns["type"] = kind
    if fields.get("sku") is not None:
        columns["sku"] = _free_sku(con, row["id"], fields["sku"])
    columns |= _cleared_prices() if kind in ("variable", "grouped") else _prices(row, fields)
    columns |= _stock(row, fields, columns)
    columns |= _cost(fields)
    columns["extra"] = json.dumps(_extra(con, row, fields))
    columns["date_modified"] = now()
    assignments = ", ".join(f"{name} = ?" for name in columns)
    con.execute(f"UPDATE products SET {assignments} WHERE id = ?", [*columns.values(), row["id"]])
    _write_terms(con, row["id"], fields)
    after: Row = con.execute("SELECT * FROM products WHERE id = ?", (row["id"],)).fetchone()
    if row["parent_id"]:
        _sync_parent(con, row["parent_id"])
    _announce(con, row, after)
    return after


def _announce(con: sqlite3.Connection, before: Row, after: Row) -> None:
    resource = "variations" if after["parent_id"] else "products"
    emit(con, "product.saved", resource, after["id"], f"{after['date_modified']}Z")
    if before["stock"] != after["stock"] or before["stock_status"] != after["stock_status"]:
        emit(con, "stock.changed", resource, after["id"])


def _free_sku(con: sqlite3.Connection, product_id: int, sku: str) -> str:
    sql = "SELECT id FROM products WHERE sku = ? AND id <> ? AND sku <> ''"
    taken = con.execute(sql, (sku, product_id)).fetchone()
    if taken:
        more = {"resource_id": taken["id"], "unique_sku": f"{sku}-1"}
        raise RestError("product_invalid_sku", "Invalid or duplicated SKU.", 400, more)
    return sku


def _cleared_prices() -> dict[str, Any]:
    """Prices of a variable parent come from its variations: what is sent is dropped without a word."""
    return {"regular_price": "", "sale_price": "", "sale_from": None, "sale_to": None}


def _prices(row: Row, fields: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        n: decimal(fields[n]) for n in ("regular_price", "sale_price") if fields.get(n) is not None
    }
    for column, name in (("sale_from", "date_on_sale_from"), ("sale_to", "date_on_sale_to")):
        for key in (name, f"{name}_gmt"):
            if fields.get(key) is not None:
                found[column] = fields[key] or None
    regular = found.get("regular_price", row["regular_price"])
    sale = found.get("sale_price", row["sale_price"])
    # WooCommerce clears a sale price that is no cut, and says nothing.
    if sale and (not regular or minor(sale) >= minor(regular)):
        found["sale_price"] = ""
    return found


def _stock(row: Row, fields: Mapping[str, Any], columns: Mapping[str, Any]) -> dict[str, Any]:
    managed = fields.get("manage_stock")
    managed = bool(row["manage_stock"]) if managed is None else managed
    if not managed:
        return {"manage_stock": 0, "stock": None, "low_stock_amount": None}
    stock = row["stock"] or 0
    if fields.get("stock_quantity") is not None:
        stock = fields["stock_quantity"]
    elif fields.get("inventory_delta") is not None:
        stock += fields["inventory_delta"]
    backorders = columns.get("backorders", row["backorders"])
    status = "instock" if stock > 0 else "outofstock" if backorders == "no" else "onbackorder"
    low = fields["low_stock_amount"] if "low_stock_amount" in fields else row["low_stock_amount"]
    return {"manage_stock": 1, "stock": stock, "stock_status": status, "low_stock_amount": low}


def _cost(fields: Mapping[str, Any]) -> dict[str, Any]:
    values = (fields.get("cost_of_goods_sold") or {}).get("values") or []
    if not values or "defined_value" not in values[0]:
        return {}
    cost = values[0]["defined_value"]
    return {"cost": None if cost is None else str(cost)}


def _extra(con: sqlite3.Connection, row: Row, fields: Mapping[str, Any]) -> dict[str, Any]:
    extra: dict[str, Any] = json.loads(row["extra"])
    extra |= {name: fields[name] for name in EXTRA if fields.get(name) is not None}
    if fields.get("dimensions") is not None:
        extra["dimensions"] = {**extra.get("dimensions", {}), **fields["dimensions"]}
    if fields.get("global_unique_id") is not None:
        extra["gtin"] = fields["global_unique_id"]
    if fields.get("attributes") is not None:
        extra["attributes"] = [_attribute(con, a, bool(row["parent_id"])) for a in fields["attributes"]]
    if fields.get("images") is not None:
        extra["images"] = [_image(con, row, image) for image in fields["images"]]
    if fields.get("meta_data") is not None:
        extra["meta_data"] = merge_meta(con, extra.get("meta_data", []), fields["meta_data"])
    return extra


def _attribute(con: sqlite3.Connection, sent: Mapping[str, Any], chosen: bool) -> dict[str, Any]:
    """An attribute as it is kept: of a product with its options, of a variation with the one `chosen`."""
    number = int(sent.get("id") or 0)
    known = con.execute("SELECT name FROM attributes WHERE id = ?", (number,)).fetchone()
    found = {"id": number if known else 0, "name": known["name"] if known else str(sent.get("name", ""))}
    if chosen:
        return {**found, "option": str(sent.get("option", ""))}
    switches = {name: bool(sent.get(name, False)) for name in ("visible", "variation")}
    return {
        **found,
        "position": int(sent.get("position", 0)),
        **switches,
        "options": list(sent.get("options", [])),
    }


def _image(con: sqlite3.Connection, row: Row, image: Mapping[str, Any]) -> int:
    """The id of a picture that is there (its alt text updated) or is made from an address."""
    held = con.execute(
        "SELECT * FROM posts WHERE id = ? AND type = 'attachment'", (image.get("id") or 0,)
    ).fetchone()
    if held is None and not image.get("src"):
        message = f"#{image.get('id', 0)} is an invalid image ID."
        raise RestError("woocommerce_product_invalid_image_id", message, 400)
    # An empty text is ignored, as in WooCommerce: clearing it takes the media route.
    alt = {"alt": image.get("alt") or (json.loads(held["extra"]).get("alt", "") if held else "")}
    if held is not None:
        con.execute("UPDATE posts SET extra = ? WHERE id = ?", (json.dumps(alt), held["id"]))
        return int(held["id"])
    made, moment, name = next_id(con), now(), image.get("name") or image["src"].rpartition("/")[2]
    con.execute(
        "INSERT INTO posts (id, type, status, title, slug, parent, date_created, date_modified, extra) "
        "VALUES (?, 'attachment', 'inherit', ?, ?, ?, ?, ?, ?)",
        (made, name, f"image-{made}", row["id"], moment, moment, json.dumps(alt)),
    )
    return made


def merge_meta(
    con: sqlite3.Connection, held: list[dict[str, Any]], sent: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Meta after an update: by id or else by key; a null value deletes; new keys get the next id."""
    found = [dict(meta) for meta in held]
    for meta in sent:
        same = [
            m
            for m in found
            if m["id"] == meta.get("id") or ("id" not in meta and m["key"] == meta.get("key"))
        ]
        if meta.get("value") is None:
            found = [m for m in found if m not in same]
        elif same:
            same[0]["value"] = meta["value"]
        elif meta.get("key"):
            found.append({"id": next_id(con), "key": meta["key"], "value": meta["value"]})
    return found


def next_id(con: sqlite3.Connection) -> int:
    """A fresh id, shared by everything that WordPress numbers together."""
    number = int(get_option(con, "next_id"))
    set_option(con, "next_id", number + 1)
    return number


def _write_terms(con: sqlite3.Connection, product_id: int, fields: Mapping[str, Any]) -> None:
    for name, taxonomy in (("categories", "product_cat"), ("tags", "product_tag")):
        if fields.get(name) is None:
            continue
        wanted = [int(term.get("id", 0)) for term in fields[name]]
        known = [
            i
            for i in wanted
            if con.execute("SELECT 1 FROM terms WHERE id = ? AND taxonomy = ?", (i, taxonomy)).fetchone()
        ]
        if taxonomy == "product_cat" and not known:
            known = [UNCATEGORISED]
        con.execute(
            "DELETE FROM product_terms WHERE product_id = ? AND term_id IN (SELECT id FROM terms "
            "WHERE taxonomy = ?)",
            (product_id, taxonomy),
        )
        con.executemany("INSERT OR IGNORE INTO product_terms VALUES (?, ?)", [(product_id, i) for i in known])


def _sync_parent(con: sqlite3.Connection, parent_id: int) -> None:
    """A variable product is in stock while one of its variations is."""
    con.execute(
        "UPDATE products SET stock_status = CASE WHEN EXISTS (SELECT 1 FROM products v WHERE "
        "v.parent_id = products.id "
        "AND v.stock_status = 'instock') THEN 'instock' ELSE 'outofstock' END WHERE id = ? AND "
        "manage_stock = 0",
        (parent_id,),
    )


def create(con: sqlite3.Connection, body: Mapping[str, Any], parent: Row | None = None) -> Row:
    """Make a product, or a variation of `parent`, inside an open transaction; its row."""
    fields = check(body, SPEC)
    made, moment = next_id(con), now()
    name = fields.get("name") or (_variation_name(parent, fields) if parent else "Product")
    kind = "variation" if parent else fields.get("type", "simple")
    con.execute(
        "INSERT INTO products (id, parent_id, type, status, name, slug, date_created, date_modified) "
        "VALUES (?, ?, ?, 'publish', ?, ?, ?, ?)",
        (
            made,
            parent["id"] if parent else 0,
            kind,
            name,
            _free_slug(con, fields.get("slug") or name),
            moment,
            moment,
        ),
    )
    if parent is None and not fields.get("categories"):
        con.execute("INSERT INTO product_terms VALUES (?, ?)", (made, UNCATEGORISED))
    row: Row = con.execute("SELECT * FROM products WHERE id = ?", (made,)).fetchone()
    return update(con, row, {k: v for k, v in body.items() if k != "slug"})


def _variation_name(parent: Row, fields: Mapping[str, Any]) -> str:
    chosen = ", ".join(str(a.get("option", "")) for a in fields.get("attributes") or [])
    return f"{parent['name']} - {chosen}" if chosen else str(parent["name"])


def _free_slug(con: sqlite3.Connection, name: str) -> str:
    base = "-".join(re.findall(r"[a-z0-9]+", name.lower())) or "product"
    slug, number = base, 1
    while con.execute("SELECT 1 FROM products WHERE slug = ?", (slug,)).fetchone():
        number += 1
        slug = f"{base}-{number}"
    return slug


def delete(con: sqlite3.Connection, row: Row, force: bool) -> None:
    """Remove a product (variations with it) for good, or put it into the trash."""
    resource = "variations" if row["parent_id"] else "products"
    if force:
        con.execute("DELETE FROM product_terms WHERE product_id = ?", (row["id"],))
        con.execute("DELETE FROM products WHERE id = ? OR parent_id = ?", (row["id"], row["id"]))
    else:
        con.execute(
            "UPDATE products SET status = 'trash', date_modified = ? WHERE id = ?", (now(), row["id"])
        )
    emit(con, "product.deleted", resource, row["id"])
