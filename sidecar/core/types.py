"""Money and time as the whole system uses them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Annotated, Any

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


UNSTORABLE = "must not hold a NUL character or half a character"


def unstorable(value: Any) -> tuple[str | int, ...] | None:
    """Where in a JSON value a text stands that not every database holds, or None.

    One with a NUL character, which PostgreSQL refuses, or with half a surrogate pair, which is no Unicode.
    """
    waiting: list[tuple[tuple[str | int, ...], Any]] = [((), value)]
    while waiting:
        path, part = waiting.pop()
        if isinstance(part, str):
            if _torn(part):
                return path
        elif isinstance(part, dict):
            names = {name: _shown(name) for name in part}
            torn = next((name for name in part if isinstance(name, str) and _torn(name)), None)
            if torn is not None:
                return (*path, names[torn])
            waiting += [((*path, names[name]), one) for name, one in part.items()]
        elif isinstance(part, list | tuple):
            waiting += [((*path, place), one) for place, one in enumerate(part)]
    return None


def _torn(text: str) -> bool:
    if text.isascii():
        return "\0" in text
    try:
        return b"\0" in text.encode()
    except UnicodeEncodeError:
        return True


def _shown(name: object) -> str:
    return str(name).replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()


def utc_text(when: datetime) -> str:
    """A moment as `2026-11-24T06:35:00Z`."""
    return f"{when.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat()}Z"


def parse_utc(text: str) -> datetime:
    """A moment from ISO 8601; without an offset it is UTC. ValueError when it is none."""
    when = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
