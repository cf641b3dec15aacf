"""Customers, reviews and coupons."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request

from sidecar.demo.outbox import emit
from sidecar.demo.rest.batch import batch
from sidecar.demo.rest.order_render import NO_ADDRESS
from sidecar.demo.rest.product_render import permalink
from sidecar.demo.rest.product_writes import decimal, merge_meta, next_id
from sidecar.demo.rest.wire import (
    DATES,
    PAGING,
    RestError,
    Row,
    Select,
    answer,
    answer_list,
    api,
    body,
    boolean,
    check,
    choice,
    choices,
    date,
    db,
    ids,
    integer,
    links,
    missing,
    now,
    objects,
    ordering,
    query_args,
    text,
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
COUPON_ORDERS = {
    "date": "date_created",
    "id": "id",
    "include": "include",
    "title": "code",
    "slug": "code",
    "modified": "date_modified",
}
DISCOUNTS = ("percent", "fixed_cart", "fixed_product")
COUPON_BODY = {
    **dict.fromkeys(("code", "amount", "description", "minimum_amount", "maximum_amount"), text),
    **dict.fromkeys(("individual_use", "free_shipping", "exclude_sale_items"), boolean),
    **dict.fromkeys(("usage_limit", "usage_limit_per_user", "limit_usage_to_x_items"), integer(null=True)),
    **dict.fromkeys(
        ("product_ids", "excluded_product_ids", "product_categories", "excluded_product_categories"), ids
    ),
    "discount_type": choice(*DISCOUNTS),
    "date_expires": lambda name, value: value and date(name, value),
    "date_expires_gmt": lambda name, value: value and date(name, value),
    "meta_data": objects,
}
COUPON_EXTRA: dict[str, Any] = {
    "individual_use": False,
    "product_ids": [],
    "excluded_product_ids": [],
    "usage_limit": None,
    "usage_limit_per_user": None,
    "limit_usage_to_x_items": None,
    "free_shipping": False,
    "product_categories": [],
    "excluded_product_categories": [],
    "exclude_sale_items": False,
    "minimum_amount": "0.00",
    "maximum_amount": "0.00",
    "email_restrictions": [],
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
        **_dates(row),
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


def _dates(row: Row) -> dict[str, Any]:
    return {
        "date_created": row["date_created"],
        "date_created_gmt": row["date_created"],
        "date_modified": row["date_modified"],
        "date_modified_gmt": row["date_modified"],
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


@bp.get("/coupons")
def list_coupons() -> Response:
    """Coupons, newest first."""
    spec = {
        **PAGING,
        **DATES,
        "orderby": choice("date", "id", "include", "title", "slug", "modified"),
        "code": text,
        "status": choices("any", "publish", "draft", "pending", "private", "future", "trash"),
    }
    args, con = query_args(spec), db()
    query = Select("coupons", [], [])
    query.common(args)
    if args.get("code"):
        query.add("code = ?", args["code"].lower())
    if args.get("search"):
        query.add("code LIKE ?", f"%{args['search']}%")
    rows, total = query.fetch(con, args, ordering(args, COUPON_ORDERS, "date"))
    return answer_list([_coupon(row) for row in rows], total, args)


def _find_coupon(coupon_id: int, status: int = 404) -> Row:
    row: Row | None = db().execute("SELECT * FROM coupons WHERE id = ?", (coupon_id,)).fetchone()
    if row is None:
        raise RestError("woocommerce_rest_shop_coupon_invalid_id", "Invalid ID.", status)
    return row


@bp.get("/coupons/<int:coupon_id>")
def show_coupon(coupon_id: int) -> Response:
    """One coupon."""
    return answer(_coupon(_find_coupon(coupon_id)))


@bp.post("/coupons")
def create_coupon() -> Response:
    """Make a coupon."""
    fields = body()
    with transaction(db()):
        return answer(_coupon(_create_coupon(db(), fields)), 201)


def _create_coupon(con: sqlite3.Connection, sent: Mapping[str, Any]) -> Row:
    if "code" not in sent:
        raise missing("code")
    fields = check(sent, COUPON_BODY)
    code = fields["code"].lower()
    if con.execute("SELECT 1 FROM coupons WHERE code = ?", (code,)).fetchone():
        message = "The coupon code already exists"
        raise RestError("woocommerce_rest_coupon_code_already_exists", message, 400)
    coupon_id, moment = next_id(con), now()
    con.execute(
        "INSERT INTO coupons (id, code, amount, discount_type, date_created, date_modified) "
        "VALUES (?, ?, '0.00', 'fixed_cart', ?, ?)",
        (coupon_id, code, moment, moment),
    )
    return _update_coupon(con, _find_coupon(coupon_id), {k: v for k, v in sent.items() if k != "code"})


@bp.route("/coupons/<int:coupon_id>", methods=["PUT", "PATCH", "POST"])
def update_coupon(coupon_id: int) -> Response:
    """Change a coupon."""
    fields = body()
    with transaction(db()):
        return answer(_coupon(_update_coupon(db(), _find_coupon(coupon_id, status=400), fields)))


def _update_coupon(con: sqlite3.Connection, row: Row, sent: Mapping[str, Any]) -> Row:
    fields = check(sent, COUPON_BODY)
    extra = json.loads(row["extra"])
    extra |= {name: value for name, value in fields.items() if name in COUPON_EXTRA}
    if "meta_data" in fields:
        extra["meta_data"] = merge_meta(con, extra.get("meta_data", []), fields["meta_data"])
    amount = f"{float(decimal(fields['amount']) or 0):.2f}" if "amount" in fields else row["amount"]
    expires = row["date_expires"]
    for name in ("date_expires", "date_expires_gmt"):
        expires = (fields[name] or None) if name in fields else expires
    con.execute(
        "UPDATE coupons SET code = ?, amount = ?, discount_type = ?, description = ?, date_expires "
        "= ?, extra = ?, "
        "date_modified = ? WHERE id = ?",
        (
            fields.get("code", row["code"]).lower(),
            amount,
            fields.get("discount_type", row["discount_type"]),
            fields.get("description", row["description"]),
            expires,
            json.dumps(extra),
            now(),
            row["id"],
        ),
    )
    return _find_coupon(row["id"])


@bp.delete("/coupons/<int:coupon_id>")
def delete_coupon(coupon_id: int) -> Response:
    """Delete a coupon for good; without force=true it would only be trashed, which the demo shop refuses."""
    if request.args.get("force", "").lower() not in ("true", "1"):
        message = "The shop_coupon does not support trashing."
        raise RestError("woocommerce_rest_trash_not_supported", message, 501)
    with transaction(db()):
        shown = _coupon(_find_coupon(coupon_id))
        db().execute("DELETE FROM coupons WHERE id = ?", (coupon_id,))
    return answer(shown)


@bp.post("/coupons/batch")
def batch_coupons() -> Response:
    """Create and update up to 100 coupons."""
    acts = {
        "create": lambda item: _coupon(_create_coupon(db(), item)),
        "update": lambda item: _coupon(_update_coupon(db(), _find_coupon(int(item.get("id", 0))), item)),
    }
    return answer(batch(db(), body(), acts))


def _coupon(row: Row) -> dict[str, Any]:
    extra = {**COUPON_EXTRA, **json.loads(row["extra"])}
    return {
        "id": row["id"],
        "code": row["code"],
        "amount": row["amount"],
        "status": "publish",
        **_dates(row),
        "discount_type": row["discount_type"],
        "description": row["description"],
        "date_expires": row["date_expires"],
        "date_expires_gmt": row["date_expires"],
        "usage_count": row["usage_count"],
        **{name: extra[name] for name in COUPON_EXTRA},
        "used_by": [],
        "meta_data": extra.get("meta_data", []),
        "_links": links("wc/v3/coupons", row["id"]),
    }
