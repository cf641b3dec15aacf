"""Customers and reviews."""

from __future__ import annotations

import hashlib
import sqlite3
from typing import Any

from flask import Blueprint, Response

from sidecar.demo.outbox import emit
from sidecar.demo.rest.checks import (
    PAGING,
    RestError,
    check,
    choice,
    date,
    ids,
    integer,
    text,
)
from sidecar.demo.rest.order_render import NO_ADDRESS
from sidecar.demo.rest.product_render import dates, permalink
from sidecar.demo.rest.wire import (
    Row,
    Select,
    answer,
    answer_list,
    api,
    body,
    db,
    links,
    missing,
    now,
    ordering,
    query_args,
    transaction,
)

bp = Blueprint("people", __name__, url_prefix="/wp-json/wc/v3")
CUSTOMER_ORDERS = {"id": "id", "include": "include", "name": "first_name", "registered_date": "date_created"}
REVIEW_ORDERS = {
    "date": "date_created",
    "date_gmt": "date_created",
    "id": "id",
    "include": "include",
    "slug": "id",
    "product": "product_id",
}


@bp.get("/customers")
def list_customers() -> Response:
    """Registered customers by name."""
    spec = {
        **PAGING,
        "orderby": choice("id", "include", "name", "registered_date"),
        "email": text,
        "role": choice(
            "all",
            "administrator",
            "editor",
            "author",
            "contributor",
            "subscriber",
            "customer",
            "shop_manager",
        ),
    }
    args, con = query_args(spec), db()
    query = Select("customers", [], [])
    query.common(args)
    if args.get("email"):
        query.add("email = ?", args["email"])
    if args.get("role", "customer") not in ("customer", "all"):
        query.add("0 = 1")
    if args.get("search"):
        query.add("(email LIKE ? OR username LIKE ?)", *[f"%{args['search']}%"] * 2)
    rows, total = query.fetch(con, args, ordering(args, CUSTOMER_ORDERS, "name", "asc"))
    return answer_list([_customer(row) for row in rows], total, args)


@bp.get("/customers/<int:customer_id>")
def show_customer(customer_id: int) -> Response:
    """One customer."""
    row = db().execute("SELECT * FROM customers WHERE id = ?", (customer_id,)).fetchone()
    if row is None:
        raise RestError("wc_user_invalid_id", "Invalid user ID.", 404)
    return answer(_customer(row))


def _avatar(email: str) -> str:
    name = hashlib.sha256(email.encode()).hexdigest()
    return f"https://secure.gravatar.com/avatar/{name}?s=96&d=mm&r=g"


def _customer(row: Row) -> dict[str, Any]:
    address = {
        **NO_ADDRESS,
        **{n: row[n] for n in ("first_name", "last_name", "address_1", "city", "postcode", "country")},
    }
    paying = (
        db()
        .execute("SELECT 1 FROM orders WHERE customer_id = ? AND date_paid IS NOT NULL LIMIT 1", (row["id"],))
        .fetchone()
    )
    return {
        "id": row["id"],
        **dates(row),
        "email": row["email"],
        "first_name": row["first_name"],
        "last_name": row["last_name"],
        "role": "customer",
        "username": row["username"],
        "billing": {**address, "email": row["email"], "phone": ""},
        "shipping": {**address, "phone": ""},
        "is_paying_customer": paying is not None,
        "avatar_url": _avatar(row["email"]),
        "meta_data": [],
        "_links": links("wc/v3/customers", row["id"]),
    }


@bp.get("/products/reviews")
def list_reviews() -> Response:
    """Reviews, newest first; only approved ones unless `status` says otherwise."""
    spec = {
        **PAGING,
        "after": date,
        "before": date,
        "orderby": choice("date", "date_gmt", "id", "slug", "include", "product"),
        "status": choice("all", "hold", "approved", "spam", "trash"),
        "product": ids,
    }
    args, con = query_args(spec), db()
    query = Select("reviews", [], [])
    query.common(args)
    status = args.get("status", "approved")
    if status != "all":
        query.add("status = ?", status)
    if args.get("product"):
        query.among("product_id", args["product"])
    rows, total = query.fetch(con, args, ordering(args, REVIEW_ORDERS, "date_gmt"))
    return answer_list([_review(con, row) for row in rows], total, args)


@bp.get("/products/reviews/<int:review_id>")
def show_review(review_id: int) -> Response:
    """One review."""
    row = db().execute("SELECT * FROM reviews WHERE id = ?", (review_id,)).fetchone()
    if row is None:
        raise RestError("woocommerce_rest_review_invalid_id", "Invalid review ID.", 404)
    return answer(_review(db(), row))


@bp.post("/products/reviews")
def create_review() -> Response:
    """Post a review; it waits for approval unless `status` says otherwise."""
    needed = {"product_id": integer(1), "review": text, "reviewer": text, "reviewer_email": text}
    sent, con = body(), db()
    absent = [name for name in needed if name not in sent]
    if absent:
        raise missing(*absent)
    status = choice("approved", "hold", "spam", "unspam", "trash", "untrash")
    fields = check(sent, {**needed, "rating": integer(0, 5), "status": status})
    product = con.execute("SELECT 1 FROM products WHERE id = ?", (fields["product_id"],)).fetchone()
    if product is None:
        raise RestError("woocommerce_rest_product_invalid_id", "Invalid product ID.", 404)
    with transaction(con):
        review_id = con.execute(
            "INSERT INTO reviews (product_id, status, reviewer, email, review, rating, verified, "
            "date_created) "
            "VALUES (?, ?, ?, ?, ?, ?, 0, ?)",
            (
                fields["product_id"],
                fields.get("status", "approved"),
                fields["reviewer"],
                fields["reviewer_email"],
                fields["review"],
                fields.get("rating", 0),
                now(),
            ),
        ).lastrowid
        emit(con, "review.posted", "reviews", int(review_id or 0))
    row = con.execute("SELECT * FROM reviews WHERE id = ?", (review_id,)).fetchone()
    return answer(_review(con, row), 201)


def _review(con: sqlite3.Connection, row: Row) -> dict[str, Any]:
    product = con.execute("SELECT * FROM products WHERE id = ?", (row["product_id"],)).fetchone()
    found = {
        "id": row["id"],
        "date_created": row["date_created"],
        "date_created_gmt": row["date_created"],
        "product_id": row["product_id"],
        "product_name": product["name"] if product else "",
        "product_permalink": permalink(product) if product else "",
        "status": row["status"],
        "reviewer": row["reviewer"],
        "reviewer_email": row["email"],
        "review": f"<p>{row['review']}</p>\n",
        "rating": row["rating"],
        "verified": bool(row["verified"]),
        "_links": links("wc/v3/products/reviews", row["id"], up=f"wc/v3/products/{row['product_id']}"),
    }
    buyer = con.execute("SELECT id FROM customers WHERE email = ?", (row["email"],)).fetchone()
    if buyer:
        found["_links"]["reviewer"] = [{"embeddable": True, "href": api(f"wp/v2/users/{buyer['id']}")}]
    return found
