"""The plugin's bulk export: rows of every resource in the columns of docs/protocol.md, section 5."""

from __future__ import annotations

import hashlib
import hmac
import html
import json
import re
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sidecar.demo.rest.product_render import permalink, price
from sidecar.demo.rest.wire import Row, minor, money

Rows = list[list[Any]]
Dicts = list[dict[str, Any]]
BOUND = "(SELECT value FROM json_each(?))"  # one bound value, however many ids there are


@dataclass(frozen=True)
class Resource:
    """Where a resource's rows come from, its columns, and how stored rows become exported ones."""

    table: str
    where: str
    columns: tuple[str, ...]
    make: Callable[[sqlite3.Connection, list[Row], bytes], Dicts]
    modified: str | None = None


def page(
    con: sqlite3.Connection,
    name: str,
    hash_key: bytes,
    *,
    after: int = 0,
    limit: int = 2000,
    ids: Sequence[int] | None = None,
    modified_after: str | None = None,
) -> dict[str, Any]:
    """One answer of the export route; KeyError for an unknown resource. `modified_after` is stored
    text, inclusive."""
    resource = RESOURCES[name]
    where, values = [resource.where, "id > ?"], [after]
    if ids is not None:
        where.append("id IN (SELECT value FROM json_each(?))")
        values.append(json.dumps(list(ids)))  # type: ignore[arg-type]
    if modified_after is not None and resource.modified:
        where.append(f"{resource.modified} >= ?")
        values.append(modified_after)  # type: ignore[arg-type]
    sql = f"SELECT * FROM {resource.table} WHERE {' AND '.join(where)} ORDER BY id LIMIT ?"
    rows = con.execute(sql, [*values, limit + 1]).fetchall()
    more, rows = len(rows) > limit, rows[:limit]
    found = {
        "ok": True,
        "resource": name,
        "columns": list(resource.columns),
        "rows": [[row[c] for c in resource.columns] for row in resource.make(con, rows, hash_key)],
        "next": rows[-1]["id"] if more else None,
    }
    return {**found, "total": count(con, name)} if not after else found


def count(con: sqlite3.Connection, name: str) -> int:
    """Number of a resource's rows."""
    resource = RESOURCES[name]
    sql = f"SELECT count(*) FROM {resource.table} WHERE {resource.where}"
    return int(con.execute(sql).fetchone()[0])


def id_page(con: sqlite3.Connection, name: str, after: int, limit: int) -> dict[str, Any]:
    """One answer of the ids route, for the reconciliation."""
    resource = RESOURCES[name]
    sql = f"SELECT id FROM {resource.table} WHERE {resource.where} AND id > ? ORDER BY id LIMIT ?"
    ids = [row["id"] for row in con.execute(sql, (after, limit + 1))]
    return {"ok": True, "ids": ids[:limit], "next": ids[limit - 1] if len(ids) > limit else None}


def _z(value: str | None) -> str | None:
    return f"{value}Z" if value else None


def email_hash(key: bytes, email: str) -> str | None:
    """The first 32 hex digits of the keyed hash, None without an address."""
    clean = email.strip().lower()
    return hmac.new(key, clean.encode(), hashlib.sha256).hexdigest()[:32] if clean else None


def postcode_area(postcode: str) -> str | None:
    """The first three characters of a postcode."""
    return postcode.replace(" ", "").upper()[:3] or None


def _ids(rows: list[Row]) -> tuple[str]:
    """The rows' ids as one bound value, however many there are."""
    return (json.dumps([row["id"] for row in rows]),)


def _shared(row: Row, extra: dict[str, Any]) -> dict[str, Any]:
    """What products and variations show the same way."""
    return {
        "id": row["id"],
        "status": row["status"],
        "sku": row["sku"] or None,
        "regular_price": row["regular_price"] or None,
        "sale_price": row["sale_price"] or None,
        "price": price(row) or None,
        "sale_from": _z(row["sale_from"]),
        "sale_to": _z(row["sale_to"]),
        "manage_stock": int(row["manage_stock"]),
        "stock_quantity": row["stock"] if row["manage_stock"] else None,
        "stock_status": row["stock_status"],
        "backorders": row["backorders"],
        "low_stock_amount": row["low_stock_amount"],
        "cost": row["cost"] or None,
        "weight": row["weight"] or None,
        "gtin": extra.get("gtin") or None,
        "created_at": _z(row["date_created"]),
        "modified_at": _z(row["date_modified"]),
    }


def _products(con: sqlite3.Connection, rows: list[Row], _: bytes) -> Dicts:
    terms: dict[tuple[int, str], list[int]] = defaultdict(list)
    sql = (
        "SELECT p.product_id, t.taxonomy, t.id FROM product_terms p JOIN terms t ON t.id = p.term_id "
        f"WHERE p.product_id IN {BOUND} ORDER BY t.id"
    )
    for product, taxonomy, term in con.execute(sql, _ids(rows)):
        terms[product, taxonomy].append(term)
    lowest: dict[int, str] = {}
    for child in con.execute(f"SELECT * FROM products WHERE parent_id IN {BOUND} ORDER BY id", _ids(rows)):
        paid, held = price(child), lowest.get(child["parent_id"])
        if paid and (held is None or minor(paid) < minor(held)):
            lowest[child["parent_id"]] = paid
    sql = f"SELECT id, extra FROM posts WHERE type = 'attachment' AND parent IN {BOUND}"
    alts = {r["id"]: json.loads(r["extra"]).get("alt", "") for r in con.execute(sql, _ids(rows))}
    return [_product(row, terms, lowest, alts) for row in rows]


def _product(
    row: Row, terms: dict[tuple[int, str], list[int]], lowest: dict[int, str], alts: dict[int, str]
) -> dict[str, Any]:
    extra = json.loads(row["extra"])
    shown = _shared(row, extra)
    if row["type"] == "variable":
        shown["price"] = lowest.get(row["id"])
    size = extra.get("dimensions", {})
    parts = ("name", "options", "variation")
    return shown | {
        **{name: row[name] for name in ("type", "name", "total_sales", "average_rating")},
        **{name: size.get(name) or None for name in ("length", "width", "height")},
        "permalink": permalink(row),
        "tax_class": extra.get("tax_class") or None,
        "catalog_visibility": extra.get("catalog_visibility", "visible"),
        "categories": terms[row["id"], "product_cat"],
        "tags": terms[row["id"], "product_tag"],
        "attributes": [{part: a.get(part) for part in parts} for a in extra.get("attributes", [])],
        "images": [{"id": i, "alt": alts.get(i, "")} for i in extra.get("images", [])],
        "description": plain(row["description"], 20_000),
        "short_description": plain(row["short_description"], 20_000),
        "review_count": row["rating_count"],
    }


def plain(markup: str, longest: int) -> str:
    """Text without tags and entities, white space joined."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", markup))).strip()[:longest]


def _variations(con: sqlite3.Connection, rows: list[Row], _: bytes) -> Dicts:
    sql = (
        "SELECT id, sku, weight, json_extract(extra, '$.images[0]') AS image FROM products "
        f"WHERE id IN (SELECT parent_id FROM products WHERE id IN {BOUND})"
    )
    parents = {r["id"]: r for r in con.execute(sql, _ids(rows))}
    found = []
    for row in rows:
        extra, parent = json.loads(row["extra"]), parents[row["parent_id"]]
        shown = _shared(row, extra)
        shown["product_id"] = row["parent_id"]
        shown["sku"] = shown["sku"] or parent["sku"] or None
        shown["weight"] = shown["weight"] or parent["weight"] or None
        shown["attributes"] = [
            {"name": a["name"], "option": a["option"]} for a in extra.get("attributes", [])
        ]
        shown["image_id"] = parent["image"]
        found.append(shown)
    return found


def _categories(con: sqlite3.Connection, rows: list[Row], _: bytes) -> Dicts:
    counts = dict(con.execute("SELECT term_id, count(*) FROM product_terms GROUP BY 1").fetchall())
    names = ("id", "parent", "name", "slug")
    return [{**{name: r[name] for name in names}, "count": counts.get(r["id"], 0)} for r in rows]


def _orders(con: sqlite3.Connection, rows: list[Row], key: bytes) -> Dicts:
    lines: dict[int, Rows] = defaultdict(list)
    sql = (
        "SELECT order_id, id, product_id, variation_id, quantity, subtotal, total FROM order_lines "
        f"WHERE order_id IN {BOUND} ORDER BY id"
    )
    for order, line, product, variation, quantity, subtotal, total in con.execute(sql, _ids(rows)):
        lines[order].append([line, product, variation, quantity, money(subtotal), money(total), "0.00"])
    return [_order(row, lines[row["id"]], key) for row in rows]


def _order(row: Row, lines: Rows, key: bytes) -> dict[str, Any]:
    return {
        "id": row["id"],
        "status": row["status"],
        "currency": "EUR",
        "created_at": _z(row["date_created"]),
        "modified_at": _z(row["date_modified"]),
        "paid_at": _z(row["date_paid"]),
        "completed_at": _z(row["date_completed"]),
        "customer_id": row["customer_id"],
        **_address(row, key),
        "total": money(row["total"]),
        "total_tax": "0.00",
        "shipping_total": money(row["shipping"]),
        "discount_total": money(row["discount"]),
        "prices_include_tax": 0,
        "payment_method": row["payment_method"] or None,
        "created_via": json.loads(row["extra"]).get("created_via", "checkout"),
        "coupons": [row["coupon"]] if row["coupon"] else [],
        "lines": lines,
    }


def _address(row: Row, key: bytes) -> dict[str, Any]:
    return {
        "email_hash": email_hash(key, row["email"]),
        "country": row["country"] or None,
        "postcode_area": postcode_area(row["postcode"]),
    }


def _refunds(con: sqlite3.Connection, rows: list[Row], _: bytes) -> Dicts:
    lines: dict[int, Rows] = defaultdict(list)
    for line in con.execute(f"SELECT * FROM refund_lines WHERE refund_id IN {BOUND} ORDER BY id", _ids(rows)):
        shown = [line[name] for name in ("id", "product_id", "variation_id", "quantity")]
        lines[line["refund_id"]].append([*shown, money(line["total"])])
    return [
        {
            "id": r["id"],
            "order_id": r["order_id"],
            "created_at": _z(r["date_created"]),
            "modified_at": _z(r["date_created"]),
            "amount": money(r["amount"]),
            "lines": lines[r["id"]],
        }
        for r in rows
    ]


def _customers(con: sqlite3.Connection, rows: list[Row], key: bytes) -> Dicts:
    sql = (
        "SELECT customer_id, count(*), sum(CASE WHEN status IN ('processing', 'completed') THEN total ELSE 0 "
        f"END) FROM orders WHERE customer_id IN {BOUND} GROUP BY 1"
    )
    spent = {customer: (orders, total) for customer, orders, total in con.execute(sql, _ids(rows))}
    found = []
    for row in rows:
        orders, total = spent.get(row["id"], (0, 0))
        shown = {"id": row["id"], **_address(row, key), "created_at": _z(row["date_created"])}
        found.append({**shown, "orders_count": orders, "total_spent": money(total)})
    return found


def _coupons(con: sqlite3.Connection, rows: list[Row], _: bytes) -> Dicts:
    names = ("id", "code", "discount_type", "amount", "usage_count")
    return [
        {
            **{name: r[name] for name in names},
            "date_expires": _z(r["date_expires"]),
            "created_at": _z(r["date_created"]),
            "modified_at": _z(r["date_modified"]),
        }
        for r in rows
    ]


def _reviews(con: sqlite3.Connection, rows: list[Row], _: bytes) -> Dicts:
    names = ("id", "product_id", "rating", "verified", "status")
    return [
        {
            **{name: r[name] for name in names},
            "text": plain(r["review"], 5000),
            "created_at": _z(r["date_created"]),
        }
        for r in rows
    ]


def _columns(text: str) -> tuple[str, ...]:
    return tuple(text.split())


PRICES = """regular_price sale_price price sale_from sale_to manage_stock stock_quantity stock_status
    backorders low_stock_amount cost weight"""
PRODUCTS = f"""id type status name sku permalink {PRICES} length width height tax_class gtin
    catalog_visibility categories tags attributes images description short_description
    total_sales average_rating review_count created_at modified_at"""
VARIATIONS = f"id product_id status sku {PRICES} gtin attributes image_id created_at modified_at"
ORDERS = """id status currency created_at modified_at paid_at completed_at customer_id email_hash country
    postcode_area total total_tax shipping_total discount_total prices_include_tax payment_method created_via
    coupons lines"""
CUSTOMERS = "id email_hash country postcode_area created_at orders_count total_spent"
COUPONS = "id code discount_type amount date_expires usage_count created_at modified_at"
REVIEWS = "id product_id rating verified status text created_at"
HIDDEN = "status NOT IN ('trash', 'auto-draft', 'checkout-draft')"
MODIFIED = "date_modified"
RESOURCES = {
    "products": Resource("products", f"parent_id = 0 AND {HIDDEN}", _columns(PRODUCTS), _products, MODIFIED),
    "variations": Resource(
        "products", f"parent_id > 0 AND {HIDDEN}", _columns(VARIATIONS), _variations, MODIFIED
    ),
    "categories": Resource(
        "terms", "taxonomy = 'product_cat'", _columns("id parent name slug count"), _categories
    ),
    "orders": Resource("orders", HIDDEN, _columns(ORDERS), _orders, MODIFIED),
    "refunds": Resource(
        "refunds",
        "1 = 1",
        _columns("id order_id created_at modified_at amount lines"),
        _refunds,
        "date_created",
    ),
    "customers": Resource("customers", "1 = 1", _columns(CUSTOMERS), _customers),
    "coupons": Resource("coupons", "1 = 1", _columns(COUPONS), _coupons),
    "reviews": Resource("reviews", "status IN ('approved', 'hold')", _columns(REVIEWS), _reviews),
}
