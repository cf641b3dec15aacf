"""Orders and refunds: lists, single items, placing an order, its status, and refunding it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response

from sidecar.demo.outbox import emit
from sidecar.demo.rest.checks import (
    DATES,
    PAGING,
    RestError,
    anything,
    boolean,
    check,
    choice,
    choices,
    ids,
    integer,
    objects,
    text,
)
from sidecar.demo.rest.order_render import render, render_refunds
from sidecar.demo.rest.product_render import price
from sidecar.demo.rest.product_writes import merge_meta, next_id
from sidecar.demo.rest.wire import (
    Row,
    Select,
    answer,
    answer_list,
    body,
    db,
    minor,
    now,
    ordering,
    query_args,
    transaction,
)
from sidecar.demo.schema import get_option, set_option

bp = Blueprint("orders", __name__, url_prefix="/wp-json/wc/v3")
STATUSES = (
    "pending",
    "processing",
    "on-hold",
    "completed",
    "cancelled",
    "refunded",
    "failed",
    "checkout-draft",
)
ORDERS = {
    "date": "date_created",
    "id": "id",
    "include": "include",
    "title": "id",
    "slug": "id",
    "modified": "date_modified",
}
ARGS = {
    **PAGING,
    **DATES,
    "orderby": choice("date", "id", "include", "title", "slug", "modified"),
    "status": choices("any", "trash", "auto-draft", *STATUSES),
    "customer": integer(),
    "product": integer(),
    "parent": ids,
    "dp": integer(0),
}
BODY = {
    "status": choice("auto-draft", *STATUSES),
    "line_items": objects,
    "coupon_lines": objects,
    "shipping_lines": objects,
    "billing": anything,
    "customer_id": integer(0),
    "payment_method": text,
    "set_paid": boolean,
    "meta_data": objects,
}
LOST = ("cancelled", "failed")
PERSON = ("email", "first_name", "last_name", "address_1", "city", "postcode", "country")


@bp.get("/orders")
def list_orders() -> Response:
    """Orders, newest first."""
    args, con = query_args(ARGS), db()
    query = Select("orders", [], [])
    query.common(args)
    statuses = [s for s in args.get("status", []) if s != "any"]
    if statuses:
        query.among("status", statuses)
    if "customer" in args:
        query.add("customer_id = ?", args["customer"])
    if "product" in args:
        query.add("id IN (SELECT order_id FROM order_lines WHERE product_id = ?)", args["product"])
    if args.get("search"):
        like = f"%{args['search']}%"
        query.add(
            "(id = ? OR email LIKE ? OR first_name LIKE ? OR last_name LIKE ?)",
            args["search"],
            like,
            like,
            like,
        )
    rows, total = query.fetch(con, args, ordering(args, ORDERS, "date"))
    return answer_list(render(con, rows), total, args)


@bp.get("/orders/<int:order_id>")
def show_order(order_id: int) -> Response:
    """One order."""
    return answer(render(db(), [find(db(), order_id)])[0])


def find(con: sqlite3.Connection, order_id: int, status: int = 404) -> Row:
    """An order's row, RestError without one; an update says 400."""
    row: Row | None = con.execute("SELECT * FROM orders WHERE id = ?", (order_id,)).fetchone()
    if row is None:
        message = "Invalid ID." if status == 404 else "ID is invalid."
        raise RestError("woocommerce_rest_shop_order_invalid_id", message, status)
    return row


@bp.post("/orders")
def create_order() -> Response:
    """Place an order; a paid one takes its goods from stock."""
    fields, con = check(body(), BODY), db()
    with transaction(con):
        order_id = place(con, fields)
        return answer(render(con, [find(con, order_id)])[0], 201)


def place(con: sqlite3.Connection, fields: Mapping[str, Any]) -> int:
    """Insert an order at today's prices, inside an open transaction; its id."""
    order_id, moment = next_id(con), now()
    coupon = _coupon(con, fields.get("coupon_lines") or [])
    lines = [_add_line(con, order_id, item, coupon) for item in fields.get("line_items", [])]
    shipping = sum(minor(str(line.get("total", 0))) for line in fields.get("shipping_lines") or [])
    billing = {k: str(v) for k, v in (fields.get("billing") or {}).items()}
    extra = {"created_via": "rest-api", "meta_data": merge_meta(con, [], fields.get("meta_data") or [])}
    status = fields.get("status") or _first_status(fields)
    row = {
        "id": order_id,
        "status": status,
        "customer_id": fields.get("customer_id") or 0,
        **{name: billing.get(name, "") for name in PERSON},
        "discount": sum(before - after for before, after in lines),
        "shipping": shipping,
        "total": sum(after for _, after in lines) + shipping,
        "coupon": coupon["code"] if coupon else "",
        "payment_method": fields.get("payment_method") or "",
        "date_created": moment,
        "date_modified": moment,
        "date_paid": moment if fields.get("set_paid") else None,
        "date_completed": moment if status == "completed" else None,
        "extra": json.dumps(extra),
    }
    marks = ", ".join("?" * len(row))
    con.execute(f"INSERT INTO orders ({', '.join(row)}) VALUES ({marks})", list(row.values()))
    emit(con, "order.created", "orders", order_id, f"{moment}Z")
    if status in ("processing", "completed", "on-hold"):
        _move_stock(con, order_id, -1)
    return order_id


def _first_status(fields: Mapping[str, Any]) -> str:
    """What a new order starts as; WooCommerce completes paid cash-on-delivery orders at once."""
    if not fields.get("set_paid"):
        return "pending"
    return "completed" if fields.get("payment_method") == "cod" else "processing"


def _coupon(con: sqlite3.Connection, lines: list[dict[str, Any]]) -> Row | None:
    if not lines:
        return None
    sql = "SELECT * FROM coupons WHERE code = ? AND discount_type = 'percent'"
    row: Row | None = con.execute(sql, (str(lines[0].get("code", "")).lower(),)).fetchone()
    if row is None:
        raise RestError("woocommerce_rest_invalid_coupon", "Coupon does not exist!", 400)
    con.execute("UPDATE coupons SET usage_count = usage_count + 1 WHERE id = ?", (row["id"],))
    return row


def _add_line(
    con: sqlite3.Connection, order_id: int, item: Mapping[str, Any], coupon: Row | None
) -> tuple[int, int]:
    """Insert a line; its price before and after the coupon, minor units."""
    unit_id = int(item.get("variation_id") or item.get("product_id") or 0)
    unit = con.execute("SELECT * FROM products WHERE id = ?", (unit_id,)).fetchone()
    if unit is None:
        raise RestError("woocommerce_rest_required_product_reference", "Product ID or SKU is required.", 400)
    quantity = int(item.get("quantity", 1))
    before = minor(str(item["total"])) if "total" in item else minor(price(unit)) * quantity
    after = before - (round(before * float(coupon["amount"]) / 100) if coupon else 0)
    variation = unit_id if unit["parent_id"] else 0
    con.execute(
        "INSERT INTO order_lines VALUES (?, ?, ?, ?, ?, ?, ?)",
        (_next_line(con), order_id, unit["parent_id"] or unit_id, variation, quantity, before, after),
    )
    return before, after


def _next_line(con: sqlite3.Connection) -> int:
    number = int(get_option(con, "next_line_id"))
    set_option(con, "next_line_id", number + 1)
    return number


def _move_stock(con: sqlite3.Connection, order_id: int, sign: int) -> None:
    rows = con.execute(
        "SELECT product_id, variation_id, quantity FROM order_lines WHERE order_id = ?", (order_id,)
    ).fetchall()
    for product_id, variation_id, quantity in rows:
        move_stock(con, variation_id or product_id, sign * quantity)
        con.execute(
            "UPDATE products SET total_sales = total_sales - ? WHERE id = ?", (sign * quantity, product_id)
        )


def move_stock(con: sqlite3.Connection, unit_id: int, pieces: int) -> None:
    """Add pieces (negative: take them) to a product or variation whose stock is managed."""
    con.execute(
        "UPDATE products SET stock = stock + ?1, stock_status = CASE WHEN stock + ?1 > 0 THEN 'instock' "
        "WHEN backorders = 'no' THEN 'outofstock' ELSE 'onbackorder' END WHERE id = ?2 AND manage_stock = 1",
        (pieces, unit_id),
    )
    row = con.execute("SELECT parent_id FROM products WHERE id = ?", (unit_id,)).fetchone()
    emit(con, "stock.changed", "variations" if row and row[0] else "products", unit_id)


@bp.route("/orders/<int:order_id>", methods=["PUT", "PATCH", "POST"])
def update_order(order_id: int) -> Response:
    """Change an order's status or meta; cancelling puts its goods back."""
    fields, con = check(body(), BODY), db()
    with transaction(con):
        row, moment = find(con, order_id, status=400), now()
        status = fields.get("status") or row["status"]
        extra = json.loads(row["extra"])
        if fields.get("meta_data") is not None:
            extra["meta_data"] = merge_meta(con, extra.get("meta_data", []), fields["meta_data"])
        completed = moment if status == "completed" and not row["date_completed"] else row["date_completed"]
        con.execute(
            "UPDATE orders SET status = ?, date_modified = ?, date_completed = ?, extra = ? WHERE id = ?",
            (status, moment, completed, json.dumps(extra), order_id),
        )
        if (status in LOST) != (row["status"] in LOST):
            _move_stock(con, order_id, 1 if status in LOST else -1)
        emit(con, "order.changed", "orders", order_id, f"{moment}Z")
        return answer(render(con, [find(con, order_id)])[0])


@bp.get("/refunds")
def list_refunds() -> Response:
    """Refunds of all orders, newest first."""
    return _refunds(Select("refunds", [], []), parents=True)


@bp.get("/orders/<int:order_id>/refunds")
def list_order_refunds(order_id: int) -> Response:
    """Refunds of one order; an order that is none has an empty list, as in WooCommerce."""
    return _refunds(Select("refunds", ["order_id = ?"], [order_id]))


def _refunds(query: Select, parents: bool = False) -> Response:
    args, con = query_args({k: v for k, v in ARGS.items() if k != "status"}), db()
    dates = {name: args.pop(name, None) for name in ("modified_after", "modified_before")}
    query.common(args)
    for name, sign in (("modified_after", ">"), ("modified_before", "<")):
        if dates[name]:
            query.add(f"date_created {sign} ?", dates[name])
    rows, total = query.fetch(con, args, ordering(args, {**ORDERS, "modified": "date_created"}, "date"))
    return answer_list(render_refunds(con, rows, parents), total, args)


@bp.get("/orders/<int:order_id>/refunds/<int:refund_id>")
def show_refund(order_id: int, refund_id: int) -> Response:
    """One refund of an order."""
    con = db()
    find(con, order_id)
    row = con.execute("SELECT * FROM refunds WHERE id = ? AND order_id = ?", (refund_id, order_id)).fetchone()
    if row is None:
        raise RestError("woocommerce_rest_shop_order_refund_invalid_id", "Invalid ID.", 404)
    return answer(render_refunds(con, [row])[0])


@bp.post("/orders/<int:order_id>/refunds")
def create_refund(order_id: int) -> Response:
    """Refund lines (`line_items: [{id, quantity, refund_total}]`) or an amount; goods go back into stock."""
    fields, con = body(), db()
    with transaction(con):
        refund_id = _refund(con, find(con, order_id), fields)
        row = con.execute("SELECT * FROM refunds WHERE id = ?", (refund_id,)).fetchone()
        return answer(render_refunds(con, [row])[0], 201)


def _refund(con: sqlite3.Connection, order: Row, fields: Mapping[str, Any]) -> int:
    items = fields.get("line_items") or []
    amount = minor(str(fields.get("amount") or sum(float(i.get("refund_total", 0)) for i in items)))
    paid_back = con.execute("SELECT coalesce(sum(amount), 0) FROM refunds WHERE order_id = ?", (order["id"],))
    left = order["total"] - paid_back.fetchone()[0]
    if not 0 <= amount <= left:
        error = RestError("woocommerce_rest_cannot_create_order_refund", "Invalid refund amount.", 500)
        error.body.update(data=500)  # a bare number, as WooCommerce has it here
        raise error
    refund_id, moment = next_id(con), now()
    reason = str(fields.get("reason") or "")
    con.execute(
        "INSERT INTO refunds VALUES (?, ?, ?, ?, ?)", (refund_id, order["id"], amount, reason, moment)
    )
    for item in items:
        line = con.execute(
            "SELECT * FROM order_lines WHERE id = ? AND order_id = ?", (item.get("id"), order["id"])
        ).fetchone()
        if line is None:
            raise RestError("woocommerce_rest_invalid_item", "Order item ID provided is not associated.", 400)
        quantity = int(item.get("quantity", 0))
        con.execute(
            "INSERT INTO refund_lines VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                _next_line(con),
                refund_id,
                line["id"],
                line["product_id"],
                line["variation_id"],
                quantity,
                minor(str(item.get("refund_total", 0))),
            ),
        )
        move_stock(con, line["variation_id"] or line["product_id"], quantity)
    status = "refunded" if amount == left else order["status"]
    con.execute("UPDATE orders SET status = ?, date_modified = ? WHERE id = ?", (status, moment, order["id"]))
    emit(con, "order.refunded", "orders", order["id"], f"{moment}Z")
    emit(con, "order.refunded", "refunds", refund_id, f"{moment}Z")
    return refund_id
