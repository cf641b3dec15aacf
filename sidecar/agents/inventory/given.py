"""Sales that somebody sends instead of the shop's own: made whole, or refused in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sidecar.core.errors import Invalid

if TYPE_CHECKING:
    from sidecar.retail.demand import Floats

MOST_DAYS = 1_095


@dataclass(frozen=True)
class Given:
    """Pieces a day (1, days), NaN where unknown, the first of these days, and notes by code."""

    sold: Floats
    first: date
    notes: tuple[str, ...]


def moment(text: str) -> date | datetime:
    """A day or a moment in ISO 8601; ValueError in plain words."""
    for read in (date.fromisoformat, datetime.fromisoformat):
        try:
            found = read(text)
        except ValueError:
            continue
        # In another time zone the first and the last day of all would be none that can be written.
        if date.min.year < found.year < date.max.year:
            return found
    raise ValueError(f"{text[:40]!r} is no day such as 2026-03-01")


def given_demand(values: Sequence[float | None], days: Sequence[str], today: date, timezone: str) -> Given:
    """One row of daily demand that ends yesterday or before; Invalid when nothing is left of it.

    Without `days` the values are the last days up to yesterday. Days named twice are added up, days between
    that are not named count as days without a sale, days that are not over are left out.
    """
    notes: list[str] = []
    if days:
        named = _by_day(values, days, today, timezone, notes)
    else:
        start = today - timedelta(days=len(values))
        named = {start + timedelta(days=n): value for n, value in enumerate(values)}
    named = _recent(named, today, notes)
    if all(value is None for value in named.values()):
        raise Invalid(
            "There is no day with a figure to forecast from.",
            hint="Send at least one day before today with the pieces sold.",
            fields={"historical_sales": "no known day before today"},
        )
    return _row(named, today, notes)


def _by_day(
    values: Sequence[float | None], days: Sequence[str], today: date, timezone: str, notes: list[str]
) -> dict[date, float | None]:
    zone, offsets = ZoneInfo(timezone), set()
    named: dict[date, float | None] = {}
    for text, value in zip(days, values, strict=True):
        when = moment(text)
        if isinstance(when, datetime):
            offsets.add(when.utcoffset())
            when = (when.astimezone(zone) if when.tzinfo else when).date()
        if when >= today:
            notes.append("future_days")
            continue
        if when in named:
            notes.append("duplicate_days")
            before = named[when]
            value = before if value is None else value + (before or 0.0)
        named[when] = value
    if len(offsets) > 1:
        notes.append("mixed_time_zones")
    return named


def _recent(named: dict[date, float | None], today: date, notes: list[str]) -> dict[date, float | None]:
    oldest = today - timedelta(days=MOST_DAYS)
    kept = {day: value for day, value in named.items() if day >= oldest}
    if len(kept) < len(named):
        notes.append("old_days")
    return kept


def _row(named: dict[date, float | None], today: date, notes: list[str]) -> Given:
    import numpy as np

    first, last = min(named), max(named)
    sold = np.zeros((1, (last - first).days + 1))
    for day, value in named.items():
        sold[0, (day - first).days] = np.nan if value is None else value
    found = {
        "gaps": len(named) < sold.shape[1],
        "unknown_days": bool(np.isnan(sold).any()),
        "negative": bool((sold < 0).any()),
        "ends_early": last < today - timedelta(days=1),
    }
    notes += [code for code, holds in found.items() if holds]
    return Given(np.where(sold < 0, 0.0, sold), first, tuple(dict.fromkeys(notes)))
