"""Money and time as the whole system uses them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Annotated

from pydantic import PlainSerializer

SCALE = 10_000
"""Money is kept in SQL as an integer of ten-thousandths of the currency unit."""

Money = Annotated[Decimal, PlainSerializer(lambda value: format(value, "f"), return_type=str)]
"""Money: `Decimal` in code, a scaled integer in SQL, a string in JSON."""


def money(text: object) -> Decimal | None:
    """Money from a shop's string, or None when it is empty or no number."""
    if text is None or text == "":
        return None
    try:
        value = Decimal(str(text))
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def to_scaled(value: Decimal | None) -> int | None:
    """Money as ten-thousandths, rounded half up."""
    if value is None:
        return None
    return int((value * SCALE).to_integral_value(rounding=ROUND_HALF_UP))


def from_scaled(value: int | None) -> Decimal | None:
    """Money from ten-thousandths."""
    return None if value is None else Decimal(value) / SCALE


def quantize(value: Decimal, decimals: int) -> Decimal:
    """Money rounded half up to the shop's decimals."""
    return value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


def utc_text(when: datetime) -> str:
    """A moment as `2026-11-24T06:35:00Z`."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_utc(text: str) -> datetime:
    """A moment from ISO 8601; without an offset it is UTC. ValueError when it is none."""
    when = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
