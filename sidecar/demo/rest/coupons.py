"""Coupons."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request

from sidecar.demo.rest.batch import batch
from sidecar.demo.rest.checks import (
    DATES,
    PAGING,
    RestError,
    boolean,
    check,
    choice,
    choices,
    date,
    ids,
    integer,
    objects,
    text,
)
from sidecar.demo.rest.product_render import dates
from sidecar.demo.rest.product_writes import decimal, merge_meta, next_id
from sidecar.demo.rest.wire import (
    Row,
    Select,
    answer,
    answer_list,
    body,
    db,
    links,
    missing,
    now,
    ordering,
    query_args,
    transaction,
)

bp = Blueprint("coupons", __name__, url_prefix="/wp-json/wc/v3")
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
        **dates(row),
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
