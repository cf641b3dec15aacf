"""Lists and single items of products and variations."""

from __future__ import annotations

import sqlite3
from typing import Any

from flask import Blueprint, Response

from sidecar.demo.rest.checks import DATES, PAGING, RestError, boolean, choice, ids, integer, text
from sidecar.demo.rest.product_render import render, render_variations
from sidecar.demo.rest.wire import Row, Select, answer, answer_list, db, now, ordering, query_args

bp = Blueprint("products", __name__, url_prefix="/wp-json/wc/v3/products")
ORDERS = {
    "date": "date_created",
    "id": "id",
    "include": "include",
    "title": "name COLLATE NOCASE",
    "slug": "slug",
    "modified": "date_modified",
    "popularity": "total_sales",
    "rating": "CAST(average_rating AS REAL)",
    "price": "CAST(regular_price AS REAL)",
    "menu_order": "0",
}
STATUSES = ("any", "future", "trash", "draft", "pending", "private", "publish")
TYPES = ("simple", "grouped", "external", "variable")
CONTEXT = choice("view", "edit")
ARGS = {
    **PAGING,
    **DATES,
    "orderby": choice(
        "date",
        "id",
        "include",
        "title",
        "slug",
        "modified",
        "popularity",
        "rating",
        "post__in",
        "price",
        "sales",
        "menu_order",
        "random",
        "popularity",
        "rating",
        "menu_order",
        "price",
        "popularity",
        "rating",
    ),
    "status": choice(*STATUSES),
    "type": choice(*TYPES),
    "sku": text,
    "slug": text,
    "category": ids,
    "tag": ids,
    "parent": ids,
    "on_sale": boolean,
    "stock_status": choice("instock", "outofstock", "onbackorder"),
    "min_price": text,
    "max_price": text,
    "dp": integer(0),
    "context": CONTEXT,
}


def raw(args: dict[str, Any]) -> bool:
    """Whether texts are wanted as stored."""
    return bool(args.get("context") == "edit")


def not_found(kind: str = "product", status: int = 404) -> RestError:
    """WooCommerce's answer to an id that is none; updates of products say 400."""
    return RestError(f"woocommerce_rest_{kind}_invalid_id", "Invalid ID.", status)


@bp.get("")
def list_products() -> Response:
    """Products, newest first."""
    args, con = query_args(ARGS), db()
    query = Select("products", [], [])
    skus = args.get("sku")
    query.add("1 = 1" if skus else "parent_id = 0")
    query.common(args)
    _narrow(query, args)
    by = args.get("orderby", "date")
    args["orderby"] = {"post__in": "include", "sales": "popularity", "random": "id"}.get(by, by)
    rows, total = query.fetch(con, args, ordering(args, ORDERS, "date"))
    return answer_list(render(con, rows, raw(args)), total, args)


def _narrow(query: Select, args: dict[str, Any]) -> None:
    status = args.get("status", "any")
    if status == "any":
        query.add("status NOT IN ('trash', 'auto-draft')")
    else:
        query.add("status = ?", status)
    for name in ("type", "slug", "stock_status"):
        if name in args:
            query.add(f"{name} = ?", args[name])
    if args.get("sku"):
        query.among("sku", args["sku"].split(","))
    for name in ("category", "tag"):
        if args.get(name):
            marks = ", ".join("?" * len(args[name]))
            query.add(f"id IN (SELECT product_id FROM product_terms WHERE term_id IN ({marks}))", *args[name])
    if args.get("search"):
        for word in args["search"].split():
            query.add("(name LIKE ? OR description LIKE ? OR short_description LIKE ?)", *[f"%{word}%"] * 3)
    if "on_sale" in args:
        on = f"(sale_price <> '' AND {_running()})"
        own = f"({on} OR id IN (SELECT parent_id FROM products WHERE parent_id > 0 AND {on}))"
        query.add(own if args["on_sale"] else f"NOT {own}")


def _running() -> str:
    moment = now()
    return f"(sale_from IS NULL OR sale_from <= '{moment}') AND (sale_to IS NULL OR sale_to >= '{moment}')"


@bp.get("/<int:product_id>")
def show_product(product_id: int) -> Response:
    """One product."""
    con, args = db(), query_args({"context": CONTEXT})
    return answer(render(con, [find(con, product_id)], raw(args))[0])


def find(con: sqlite3.Connection, product_id: int, status: int = 404) -> Row:
    """A product's row, or a variation's, which this route shows too; RestError with `status` without one."""
    row: Row | None = con.execute("SELECT * FROM products WHERE id = ?", (product_id,)).fetchone()
    if row is None:
        raise not_found(status=status)
    return row


def find_to_write(con: sqlite3.Connection, product_id: int) -> Row:
    """A product's row for an update: variations are sent to their own route."""
    row = find(con, product_id, status=400)
    if row["parent_id"]:
        message = (
            "To manipulate product variations you should use the "
            "/products/&lt;product_id&gt;/variations/&lt;id&gt; endpoint."
        )
        raise RestError("woocommerce_rest_invalid_product_id", message, 404)
    return row


@bp.get("/<int:product_id>/variations")
def list_variations(product_id: int) -> Response:
    """Variations of a product."""
    spec = {k: v for k, v in ARGS.items() if k not in ("category", "tag", "parent", "type")}
    args, con = query_args(spec), db()
    query = Select("products", ["parent_id = ?"], [product_id])
    query.common(args)
    _narrow(query, args)
    rows, total = query.fetch(con, args, ordering(args, ORDERS, "date"))
    return answer_list(render_variations(con, rows, raw(args)), total, args)


def find_parent(con: sqlite3.Connection, product_id: int) -> Row:
    """The row of a variable product that is to get a variation."""
    row = find(con, product_id)
    if row["type"] != "variable":
        raise not_found()
    return row


@bp.get("/<int:product_id>/variations/<int:variation_id>")
def show_variation(product_id: int, variation_id: int) -> Response:
    """One variation."""
    con, args = db(), query_args({"context": CONTEXT})
    return answer(render_variations(con, [find_variation(con, product_id, variation_id)], raw(args))[0])


def find_variation(con: sqlite3.Connection, product_id: int, variation_id: int) -> Row:
    """A variation's row, RestError 404 when it is not one of this product's."""
    row: Row | None = con.execute(
        "SELECT * FROM products WHERE id = ? AND parent_id = ?", (variation_id, product_id)
    ).fetchone()
    if row is None or not product_id:
        raise not_found("product_variation")
    return row
