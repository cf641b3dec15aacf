"""Days and weeks as the shop counts them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo


def shop_day(now: datetime, timezone: str) -> date:
    """The calendar day of a moment in the shop's time zone."""
    return now.astimezone(ZoneInfo(timezone)).date()


def week_starts(first: date, last: date) -> list[date]:
    """First days of the whole weeks that end on `last`; days before the first whole week are left out."""
    weeks = ((last - first).days + 1) // 7
    return [last - timedelta(days=7 * n - 1) for n in range(weeks, 0, -1)]


def day_text(day: date) -> str:
    """The day as a chart's x value."""
    return day.isoformat()
