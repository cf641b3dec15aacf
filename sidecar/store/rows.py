"""The one row form of the shop's data (docs/protocol.md, section 5), and the way from it into the mirror."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Table

from sidecar.core.errors import ShopUnreachable
from sidecar.core.types import SCALE
from sidecar.db import mirror as tables

EPOCH_DAY = date(1970, 1, 1).toordinal()
SOLD = frozenset({"processing", "completed", "on-hold"})

COLUMNS: dict[str, tuple[str, ...]] = {
    name: tuple(columns.split())
    for name, columns in {
        "categories": "id parent name slug count",
        "products": """
            id type status name sku permalink regular_price sale_price price sale_from
            sale_to manage_stock stock_quantity stock_status backorders low_stock_amount
            cost weight length width height tax_class gtin catalog_visibility categories
            tags attributes images description short_description total_sales average_rating
            review_count created_at modified_at
        """,
        "variations": """
            id product_id status sku regular_price sale_price price sale_from sale_to
            manage_stock stock_quantity stock_status backorders low_stock_amount cost weight
            gtin attributes image_id created_at modified_at
        """,
        "customers": "id email_hash country postcode_area created_at orders_count total_spent",
        "coupons": """
            id code discount_type amount date_expires usage_count created_at modified_at
        """,
        "reviews": "id product_id rating verified status text created_at",
        "orders": """
            id status currency created_at modified_at paid_at completed_at customer_id
            email_hash country postcode_area total total_tax shipping_total discount_total
            prices_include_tax payment_method created_via coupons lines
        """,
        "refunds": "id order_id created_at modified_at amount lines",
    }.items()
}
"""Columns of each resource, in the order in which a full sync reads the resources."""

CHANGING = ("products", "variations", "orders", "refunds")
"""Resources that know `modified_after`."""


@dataclass(frozen=True)
class Kind:
    """How a resource stands in the mirror: its table, its lines' table and the column naming their owner."""

    table: Table
    lines: Table | None = None
    owner: str = ""


KINDS: dict[str, Kind] = {
    "categories": Kind(tables.categories),
    "products": Kind(tables.products),
    "variations": Kind(tables.variations),
    "customers": Kind(tables.customers),
    "coupons": Kind(tables.coupons),
    "reviews": Kind(tables.reviews),
    "orders": Kind(tables.orders, tables.order_lines, "order_id"),
    "refunds": Kind(tables.refunds, tables.refund_lines, "refund_id"),
}


@dataclass
class Batch:
    """Rows of one page, each in the order of its table's columns; tuples are written fastest."""

    ids: list[int] = field(default_factory=list)
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    lines: list[tuple[Any, ...]] = field(default_factory=list)


def batch(
    resource: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, shop_id: str, zone: tzinfo
) -> Batch:
    """A page in the form of the tables; ShopUnreachable (`export_malformed`) when it is in no agreed form."""
    try:
        ordered = _in_order(resource, columns, rows)
        made = Batch(ids=[row[0] for row in ordered])
        if resource == "orders":
            _orders(made, ordered, shop_id, zone)
        elif resource == "refunds":
            _refunds(made, ordered, shop_id, zone)
        else:
            convert = [CONVERT.get(name, _same) for name in COLUMNS[resource]]
            made.rows = [(shop_id, *(f(v) for f, v in zip(convert, row, strict=True))) for row in ordered]
    except (KeyError, IndexError, TypeError, ValueError, ArithmeticError) as error:
        raise ShopUnreachable(
            f"The export of {resource} is not in the agreed form: {error}.",
            code="export_malformed",
            hint="Update plugin and sidecar to the same version; look for PHP warnings in the shop's log.",
        ) from error
    return made


def _in_order(
    resource: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> Sequence[Sequence[Any]]:
    """The rows with our columns in our order; what a newer plugin sends beyond them is left out."""
    wanted = COLUMNS[resource]
    if tuple(columns) == wanted:
        return rows
    places = [list(columns).index(name) for name in wanted]
    return [[row[place] for place in places] for row in rows]


def _orders(made: Batch, rows: Sequence[Sequence[Any]], shop_id: str, zone: tzinfo) -> None:
    scaled, stamp = scaled_money, epoch
    for (
        order_id,
        status,
        currency,
        created,
        modified,
        paid,
        completed,
        customer,
        email,
        country,
        area,
        total,
        tax,
        shipping,
        discount,
        with_tax,
        method,
        via,
        coupons,
        lines,
    ) in rows:
        at = stamp(created) or 0
        day = local_day(at, zone)
        sold = status in SOLD
        made.rows.append(
            (
                shop_id,
                order_id,
                status,
                currency,
                at,
                stamp(modified),
                stamp(paid),
                stamp(completed),
                customer or 0,
                email,
                country or None,
                area,
                scaled(total) or 0,
                scaled(tax) or 0,
                scaled(shipping) or 0,
                scaled(discount) or 0,
                bool(with_tax),
                method or "",
                via or "",
                coupons or [],
                day,
                sold,
                buyer(customer, email),
            )
        )
        made.lines += [
            (
                shop_id,
                order_id,
                item,
                product or 0,
                variation or 0,
                float(quantity),
                scaled(before) or 0,
                scaled(after) or 0,
                scaled(line_tax) or 0,
                at,
                day,
                sold,
                currency,
            )
            for item, product, variation, quantity, before, after, line_tax in lines
        ]


def _refunds(made: Batch, rows: Sequence[Sequence[Any]], shop_id: str, zone: tzinfo) -> None:
    for refund_id, order_id, created, modified, amount, lines in rows:
        at = epoch(created) or 0
        day = local_day(at, zone)
        made.rows.append((shop_id, refund_id, order_id, at, epoch(modified), scaled_money(amount) or 0, day))
        made.lines += [
            (
                shop_id,
                refund_id,
                item,
                order_id,
                product or 0,
                variation or 0,
                abs(float(quantity)),
                abs(scaled_money(total) or 0),
                at,
                day,
            )
            for item, product, variation, quantity, total in lines
        ]


@lru_cache(maxsize=100_000)
def scaled_money(text: str | None) -> int | None:
    """Money of the wire as ten-thousandths, rounded half up; None when empty. ArithmeticError: no number."""
    if text is None or text == "":
        return None
    return int((Decimal(text) * SCALE).to_integral_value(rounding=ROUND_HALF_UP))


def epoch(text: str | None) -> int | None:
    """Epoch seconds of ISO 8601 in UTC; None when empty."""
    if not text:
        return None
    when = datetime.fromisoformat(text)
    return int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp())


def local_day(at: int, zone: tzinfo) -> int:
    """The shop's calendar day of a moment, as days since 1970-01-01."""
    return datetime.fromtimestamp(at, zone).toordinal() - EPOCH_DAY


def zone_of(name: str) -> tzinfo:
    """A time zone by the name that WordPress gives: `Europe/Berlin` or `+02:00`; UTC when it is unknown."""
    if name[:1] in ("+", "-") and ":" in name:
        hours, minutes = name[1:].split(":", 1)
        offset = timedelta(hours=int(hours), minutes=int(minutes))
        return timezone(-offset if name[0] == "-" else offset)
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def buyer(customer_id: int | None, email_hash: str | None) -> int:
    """A stable number of who bought: the customer's id, or one from the e-mail hash beyond all ids, or 0."""
    if customer_id:
        return customer_id
    return (1 << 60) | int(email_hash[:15], 16) if email_hash else 0


def _same(value: Any) -> Any:
    return value


def _amount(value: Any) -> int:
    return scaled_money(value) or 0


def _count(value: Any) -> int:
    return int(value or 0)


def _real(value: Any) -> float | None:
    return None if value in (None, "") else float(value)


def _words(value: Any) -> str:
    return "" if value is None else str(value).replace("\0", "")  # PostgreSQL's text holds no NUL


def _items(value: Any) -> list[Any]:
    return list(value or [])


KINDS_OF_VALUES: dict[Callable[[Any], Any], str] = {
    scaled_money: "regular_price sale_price price cost total_spent",
    epoch: "sale_from sale_to created_at modified_at date_expires",
    _real: "stock_quantity low_stock_amount average_rating",
    _count: "manage_stock parent count total_sales review_count usage_count rating",
    _words: """
        sku permalink name weight length width height tax_class gtin description short_description text slug
        status type stock_status backorders code discount_type catalog_visibility
    """,
    _items: "categories tags attributes images",
    bool: "verified",
    _amount: "amount",
}
CONVERT = {name: convert for convert, names in KINDS_OF_VALUES.items() for name in names.split()}
