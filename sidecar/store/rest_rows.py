"""wc/v3 JSON in the row form of docs/protocol.md, section 5."""

from __future__ import annotations

import hashlib
import hmac
import html
import re
from collections.abc import Mapping
from typing import Any

from sidecar.store.rows import COLUMNS

Json = Mapping[str, Any]
TAG = re.compile(r"<[^>]*>")
DESCRIPTION_CHARS = 20_000
REVIEW_CHARS = 5_000


def as_row(resource: str, row: Json, hash_key: bytes) -> list[Any]:
    """One object of wc/v3 as a row; KeyError when WooCommerce left out a field."""
    values = MAKERS[resource](row, hash_key)
    return [values[name] if name in values else row[name] for name in COLUMNS[resource]]


def email_hash(email: str | None, hash_key: bytes) -> str | None:
    """The first 32 hex digits of HMAC-SHA256 over the trimmed lower-case e-mail; None without one."""
    plain = (email or "").strip().lower()
    return hmac.new(hash_key, plain.encode(), hashlib.sha256).hexdigest()[:32] if plain else None


def postcode_area(postcode: str | None) -> str | None:
    """The first three characters of a postcode, letters upper, no spaces; None when empty."""
    return re.sub(r"\s", "", postcode or "").upper()[:3] or None


def plain_text(markup: str | None, longest: int) -> str:
    """Text without tags and entities, white space joined: what the plugin's Export::plain makes of it."""
    return re.sub(r"\s+", " ", html.unescape(TAG.sub(" ", markup or ""))).strip()[:longest]


def _time(text: str | None) -> str | None:
    return f"{text}Z" if text and not text.endswith("Z") else text or None


def _money(text: Any) -> str | None:
    return str(text) if text not in (None, "") else None


def _positive(text: Any) -> str:
    return str(text or "0").lstrip("-")


def _stock(row: Json) -> dict[str, Any]:
    managed = row["manage_stock"]
    return {
        "regular_price": _money(row["regular_price"]),
        "sale_price": _money(row["sale_price"]),
        "price": _money(row["price"]),
        "sale_from": _time(row.get("date_on_sale_from_gmt")),
        "sale_to": _time(row.get("date_on_sale_to_gmt")),
        "manage_stock": 2 if managed == "parent" else int(bool(managed)),
        "low_stock_amount": row.get("low_stock_amount"),
        "cost": _cost(row.get("cost_of_goods_sold")),
        "gtin": row.get("global_unique_id", ""),
        "created_at": _time(row["date_created_gmt"]),
        "modified_at": _time(row["date_modified_gmt"]),
    }


def _cost(goods: Json | None) -> str | None:
    # WooCommerce tells 0 for a cost that nobody entered.
    return _money(goods["total_value"]) if goods and float(goods.get("total_value") or 0) else None


def _product(row: Json, _key: bytes) -> dict[str, Any]:
    size = row.get("dimensions") or {}
    return _stock(row) | {
        "length": size.get("length", ""),
        "width": size.get("width", ""),
        "height": size.get("height", ""),
        "categories": [term["id"] for term in row["categories"]],
        "tags": [term["id"] for term in row["tags"]],
        "attributes": [
            {"name": part["name"], "options": part["options"], "variation": part["variation"]}
            for part in row["attributes"]
        ],
        "images": [{"id": image["id"], "alt": image["alt"]} for image in row["images"]],
        "description": plain_text(row["description"], DESCRIPTION_CHARS),
        "short_description": plain_text(row["short_description"], DESCRIPTION_CHARS),
        "review_count": row.get("rating_count", 0),
    }


def _variation(row: Json, _key: bytes) -> dict[str, Any]:
    image = row.get("image") or {}
    return _stock(row) | {
        "product_id": row.get("parent_id") or row["product_id"],
        "attributes": [{"name": part["name"], "option": part["option"]} for part in row["attributes"]],
        "image_id": image.get("id") or None,
    }


def _address(row: Json, hash_key: bytes, email: str | None) -> dict[str, Any]:
    billing = row.get("billing") or {}
    return {
        "email_hash": email_hash(email, hash_key),
        "country": billing.get("country") or None,
        "postcode_area": postcode_area(billing.get("postcode")),
    }


def _order(row: Json, hash_key: bytes) -> dict[str, Any]:
    return _address(row, hash_key, (row.get("billing") or {}).get("email")) | {
        "created_at": _time(row["date_created_gmt"]),
        "modified_at": _time(row["date_modified_gmt"]),
        "paid_at": _time(row.get("date_paid_gmt")),
        "completed_at": _time(row.get("date_completed_gmt")),
        "prices_include_tax": int(bool(row["prices_include_tax"])),
        "coupons": [coupon["code"] for coupon in row["coupon_lines"]],
        "lines": [
            [
                line["id"],
                line["product_id"],
                line["variation_id"],
                line["quantity"],
                line["subtotal"],
                line["total"],
                line["total_tax"],
            ]
            for line in row["line_items"]
        ],
    }


def _refund(row: Json, _key: bytes) -> dict[str, Any]:
    created = _time(row["date_created_gmt"])
    return {
        "order_id": row["parent_id"],
        "created_at": created,
        "modified_at": _time(row.get("date_modified_gmt")) or created,
        "amount": _positive(row["amount"]),
        "lines": [
            [
                line["id"],
                line["product_id"],
                line["variation_id"],
                abs(line["quantity"]),
                _positive(line["total"]),
            ]
            for line in row["line_items"]
        ],
    }


def _customer(row: Json, hash_key: bytes) -> dict[str, Any]:
    return _address(row, hash_key, row.get("email")) | {
        "created_at": _time(row["date_created_gmt"]),
        "orders_count": row.get("orders_count"),
        "total_spent": _money(row.get("total_spent")),
    }


def _coupon(row: Json, _key: bytes) -> dict[str, Any]:
    return {
        "date_expires": _time(row.get("date_expires_gmt")),
        "created_at": _time(row["date_created_gmt"]),
        "modified_at": _time(row["date_modified_gmt"]),
    }


def _review(row: Json, _key: bytes) -> dict[str, Any]:
    return {
        "verified": int(bool(row["verified"])),
        "text": plain_text(row["review"], REVIEW_CHARS),
        "created_at": _time(row["date_created_gmt"]),
    }


def _category(_row: Json, _key: bytes) -> dict[str, Any]:
    return {}


MAKERS = {
    "products": _product,
    "variations": _variation,
    "categories": _category,
    "orders": _order,
    "refunds": _refund,
    "customers": _customer,
    "coupons": _coupon,
    "reviews": _review,
}
