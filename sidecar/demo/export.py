"""The plugin's bulk export: rows of every resource in the columns of docs/protocol.md, section 5."""

from __future__ import annotations

import hashlib
import hmac
import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sidecar.demo.rest.product_render import permalink, price
from sidecar.demo.rest.wire import Row, minor, money

Rows = list[list[Any]]


@dataclass(frozen=True)
class Resource:
    """Where a resource's rows come from, its columns, and how stored rows become exported ones."""

    table: str
    where: str
    columns: tuple[str, ...]
    make: Callable[[sqlite3.Connection, list[Row], bytes], Rows]
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
        "rows": resource.make(con, rows, hash_key) if rows else [],
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


def _text(value: str | None) -> str | None:
    return value or None


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


def _shared(row: Row) -> list[Any]:
    """regular_price … gtin without price: the columns that products and variations write the same way."""
    extra = json.loads(row["extra"])
    low = row["low_stock_amount"]
    stock = row["stock"] if row["manage_stock"] else None
    return [
        _text(row["regular_price"]),
        _text(row["sale_price"]),
        _z(row["sale_from"]),
        _z(row["sale_to"]),
        int(row["manage_stock"]),
        stock,
        row["stock_status"],
        row["backorders"],
        low,
        _text(row["cost"]),
        _text(row["weight"]),
        extra,
    ]


def _products(con: sqlite3.Connection, rows: list[Row], _: bytes) -> Rows:
    span = _ids(rows)
    terms: dict[tuple[int, str], list[int]] = defaultdict(list)
    sql = (
        "SELECT p.product_id, t.taxonomy, t.id FROM product_terms p JOIN terms t ON t.id = p.term_id "
        "WHERE p.product_id IN (SELECT value FROM json_each(?)) ORDER BY t.id"
    )
    for product, taxonomy, term in con.execute(sql, span):
        terms[product, taxonomy].append(term)
    lowest: dict[int, str] = {}
    for child in con.execute(
        "SELECT * FROM products WHERE parent_id IN (SELECT value FROM json_each(?)) ORDER BY id", span
    ):
        paid, held = price(child), lowest.get(child["parent_id"])
        if paid and (held is None or minor(paid) < minor(held)):
            lowest[child["parent_id"]] = paid
    alts = {
        r["id"]: json.loads(r["extra"]).get("alt", "")
        for r in con.execute(
            "SELECT id, extra FROM posts WHERE type = 'attachment' AND parent IN (SELECT value FROM json_each(?))",
            span,
        )
    }
    return [_product(row, terms, lowest, alts) for row in rows]


def _product(
    row: Row, terms: dict[tuple[int, str], list[int]], lowest: dict[int, str], alts: dict[int, str]
) -> list[Any]:
    regular, sale, sale_from, sale_to, managed, stock, status, backorders, low, cost, weight, extra = _shared(
        row
    )
    paid = lowest.get(row["id"]) if row["type"] == "variable" else _text(price(row))
    size = extra.get("dimensions", {})
    attributes = [
        {k: a.get(k) for k in ("name", "options", "variation")} for a in extra.get("attributes", [])
    ]
    images = [{"id": i, "alt": alts.get(i, "")} for i in extra.get("images", [])]
    return [
        row["id"],
        row["type"],
        row["status"],
        row["name"],
        _text(row["sku"]),
        permalink(row),
        regular,
        sale,
        paid,
        sale_from,
        sale_to,
        managed,
        stock,
        status,
        backorders,
        low,
        cost,
        weight,
        _text(size.get("length")),
        _text(size.get("width")),
        _text(size.get("height")),
        _text(extra.get("tax_class")),
        _text(extra.get("gtin")),
        extra.get("catalog_visibility", "visible"),
        terms[row["id"], "product_cat"],
        terms[row["id"], "product_tag"],
        attributes,
        images,
        row["description"][:20_000],
        row["short_description"],
        row["total_sales"],
        row["average_rating"],
        row["rating_count"],
        _z(row["date_created"]),
        _z(row["date_modified"]),
    ]


def _variations(con: sqlite3.Connection, rows: list[Row], _: bytes) -> Rows:
    found = []
    for row in rows:
        regular, sale, sale_from, sale_to, managed, stock, status, backorders, low, cost, weight, extra = (
            _shared(row)
        )
        chosen = [{"name": a["name"], "option": a["option"]} for a in extra.get("attributes", [])]
        found.append(
            [
                row["id"],
                row["parent_id"],
                row["status"],
                _text(row["sku"]),
                regular,
                sale,
                _text(price(row)),
                sale_from,
                sale_to,
                managed,
                stock,
                status,
                backorders,
                low,
                cost,
                weight,
                _text(extra.get("gtin")),
                chosen,
                None,
                _z(row["date_created"]),
                _z(row["date_modified"]),
            ]
        )
    return found


def _categories(con: sqlite3.Connection, rows: list[Row], _: bytes) -> Rows:
    counts = dict(con.execute("SELECT term_id, count(*) FROM product_terms GROUP BY 1").fetchall())
    return [[r["id"], r["parent"], r["name"], r["slug"], counts.get(r["id"], 0)] for r in rows]


def _orders(con: sqlite3.Connection, rows: list[Row], key: bytes) -> Rows:
    lines: dict[int, Rows] = defaultdict(list)
    sql = (
        "SELECT order_id, id, product_id, variation_id, quantity, subtotal, total FROM order_lines "
        "WHERE order_id IN (SELECT value FROM json_each(?)) ORDER BY id"
    )
    for order, line, product, variation, quantity, subtotal, total in con.execute(sql, _ids(rows)):
        lines[order].append([line, product, variation, quantity, money(subtotal), money(total), "0.00"])
    return [
        [
            r["id"],
            r["status"],
            "EUR",
            _z(r["date_created"]),
            _z(r["date_modified"]),
            _z(r["date_paid"]),
            _z(r["date_completed"]),
            r["customer_id"],
            email_hash(key, r["email"]),
            _text(r["country"]),
            postcode_area(r["postcode"]),
            money(r["total"]),
            "0.00",
            money(r["shipping"]),
            money(r["discount"]),
            0,
            _text(r["payment_method"]),
            json.loads(r["extra"]).get("created_via", "checkout"),
            [r["coupon"]] if r["coupon"] else [],
            lines[r["id"]],
        ]
        for r in rows
    ]


def _refunds(con: sqlite3.Connection, rows: list[Row], _: bytes) -> Rows:
    lines: dict[int, Rows] = defaultdict(list)
    sql = "SELECT * FROM refund_lines WHERE refund_id IN (SELECT value FROM json_each(?)) ORDER BY id"
    for line in con.execute(sql, _ids(rows)):
        lines[line["refund_id"]].append(
            [
                line["order_line_id"],
                line["product_id"],
                line["variation_id"],
                line["quantity"],
                money(line["total"]),
            ]
        )
    return [
        [
            r["id"],
            r["order_id"],
            _z(r["date_created"]),
            _z(r["date_created"]),
            money(r["amount"]),
            lines[r["id"]],
        ]
        for r in rows
    ]


def _customers(con: sqlite3.Connection, rows: list[Row], key: bytes) -> Rows:
    sql = (
        "SELECT customer_id, count(*), sum(CASE WHEN status IN ('processing', 'completed') THEN "
        "total ELSE 0 END) "
        "FROM orders WHERE customer_id IN (SELECT value FROM json_each(?)) GROUP BY 1"
    )
    spent = {customer: (orders, total) for customer, orders, total in con.execute(sql, _ids(rows))}
    return [
        [
            r["id"],
            email_hash(key, r["email"]),
            _text(r["country"]),
            postcode_area(r["postcode"]),
            _z(r["date_created"]),
            spent.get(r["id"], (0, 0))[0],
            money(spent.get(r["id"], (0, 0))[1]),
        ]
        for r in rows
    ]


def _coupons(con: sqlite3.Connection, rows: list[Row], _: bytes) -> Rows:
    return [
        [
            r["id"],
            r["code"],
            r["discount_type"],
            r["amount"],
            _z(r["date_expires"]),
            r["usage_count"],
            _z(r["date_created"]),
            _z(r["date_modified"]),
        ]
        for r in rows
    ]


def _reviews(con: sqlite3.Connection, rows: list[Row], _: bytes) -> Rows:
    return [
        [
            r["id"],
            r["product_id"],
            r["rating"],
            r["verified"],
            r["status"],
            r["review"][:5000],
            _z(r["date_created"]),
        ]
        for r in rows
    ]


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


RESOURCES = {
    "products": Resource(
        "products",
        "parent_id = 0 AND status NOT IN ('trash', 'auto-draft')",
        _names(
            "id type status name sku permalink regular_price sale_price price sale_from sale_to manage_stock "
            "stock_quantity stock_status backorders low_stock_amount cost weight length width "
            "height tax_class gtin "
            "catalog_visibility categories tags attributes images description short_description "
            "total_sales "
            "average_rating review_count created_at modified_at"
        ),
        _products,
        "date_modified",
    ),
    "variations": Resource(
        "products",
        "parent_id > 0 AND status NOT IN ('trash', 'auto-draft')",
        _names(
            "id product_id status sku regular_price sale_price price sale_from sale_to manage_stock "
            "stock_quantity "
            "stock_status backorders low_stock_amount cost weight gtin attributes image_id "
            "created_at modified_at"
        ),
        _variations,
        "date_modified",
    ),
    "categories": Resource(
        "terms", "taxonomy = 'product_cat'", _names("id parent name slug count"), _categories
    ),
    "orders": Resource(
        "orders",
        "status NOT IN ('checkout-draft', 'auto-draft', 'trash')",
        _names(
            "id status currency created_at modified_at paid_at completed_at customer_id email_hash country "
            "postcode_area total total_tax shipping_total discount_total prices_include_tax "
            "payment_method "
            "created_via coupons lines"
        ),
        _orders,
        "date_modified",
    ),
    "refunds": Resource(
        "refunds",
        "1 = 1",
        _names("id order_id created_at modified_at amount lines"),
        _refunds,
        "date_created",
    ),
    "customers": Resource(
        "customers",
        "1 = 1",
        _names("id email_hash country postcode_area created_at orders_count total_spent"),
        _customers,
    ),
    "coupons": Resource(
        "coupons",
        "1 = 1",
        _names("id code discount_type amount date_expires usage_count created_at modified_at"),
        _coupons,
    ),
    "reviews": Resource(
        "reviews",
        "status IN ('approved', 'hold')",
        _names("id product_id rating verified status text created_at"),
        _reviews,
    ),
}
