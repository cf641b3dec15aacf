"""Typed comparison of a field's values: "20" is "20.00", null is "", lists of ids are sets, dates are
instants."""

from __future__ import annotations

import html
import json
from decimal import Decimal, InvalidOperation
from typing import Any

from sidecar.demo.rest.checks import utc

NUMBERS = frozenset(
    [
        "regular_price",
        "sale_price",
        "price",
        "low_stock_amount",
        "stock_quantity",
        "weight",
        "amount",
        "minimum_amount",
        "maximum_amount",
        "usage_limit",
        "menu_order",
        "parent",
    ]
)
IDS = frozenset(["categories", "tags", "brands", "upsell_ids", "cross_sell_ids", "product_ids"])


def same(path: str, a: Any, b: Any) -> bool:
    """Whether two values of one field mean the same to the shop."""
    if blank(a) or blank(b):
        return blank(a) and blank(b)
    if path in IDS:
        return id_list(a) == id_list(b)
    if path.startswith("date_"):
        return _instant(a) == _instant(b)
    if path in NUMBERS or _is_number(a) or _is_number(b):
        one, other = _number(a), _number(b)
        return one is not None and one == other
    if isinstance(a, dict | list) or isinstance(b, dict | list):
        return json.dumps(a, sort_keys=True) == json.dumps(b, sort_keys=True)
    return _text(a) == _text(b)


def blank(value: Any) -> bool:
    """Absent, null, empty text and empty list are one and the same."""
    return value is None or value == "" or value == []


def id_list(value: Any) -> list[int]:
    """Sorted ids; takes ids and objects with an `id`."""
    items = value if isinstance(value, list) else []
    return sorted({int(item["id"] if isinstance(item, dict) else item) for item in items})


def show(value: Any) -> str:
    """A value in a sentence."""
    text = _text(value) if isinstance(value, str | int | bool) else json.dumps(value)
    return "(empty)" if blank(value) else text[:80]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(value: Any) -> Decimal | None:
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _instant(value: Any) -> str | None:
    try:
        return utc(str(value))
    except ValueError:
        return None


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    # WordPress stores "&" as "&amp;" for most people and trims: no difference to a reader.
    return html.unescape(str(value)).replace("\r\n", "\n").strip()
