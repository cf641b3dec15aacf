"""Days on which shops sell otherwise: fixed dates, those that hang on Easter, and sales days of autumn.

Of our own because a forecast needs the days that move demand anywhere, not the public holidays of one country
and region; those a caller adds by date.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta

FIXED = {
    "new_year": (1, 1),
    "valentine": (2, 14),
    "halloween": (10, 31),
    "singles_day": (11, 11),
    "christmas_eve": (12, 24),
    "christmas": (12, 25),
    "boxing_day": (12, 26),
    "new_years_eve": (12, 31),
}


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (Meeus, Astronomical Algorithms, chapter 8)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    moved = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 19 * moved) // 433
    month, _ = divmod(h + moved - 7 * m + 90, 25)
    return date(year, month, (h + moved - 7 * m + 33 * month + 19) % 32)


def nth_weekday(year: int, month: int, weekday: int, n: int) -> date:
    """The n-th such weekday (Monday is 0) of a month."""
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))


def black_friday(year: int) -> date:
    """The day after the fourth Thursday of November."""
    return nth_weekday(year, 11, 3, 4) + timedelta(days=1)


MOVING: dict[str, Callable[[int], date]] = {
    "good_friday": lambda year: easter(year) - timedelta(days=2),
    "easter_saturday": lambda year: easter(year) - timedelta(days=1),
    "easter": easter,
    "easter_monday": lambda year: easter(year) + timedelta(days=1),
    "mothering_sunday": lambda year: easter(year) - timedelta(days=21),
    "mothers_day": lambda year: nth_weekday(year, 5, 6, 2),
    "fathers_day": lambda year: nth_weekday(year, 6, 6, 3),
    "thanksgiving": lambda year: nth_weekday(year, 11, 3, 4),
    "black_friday": black_friday,
    "black_saturday": lambda year: black_friday(year) + timedelta(days=1),
    "black_sunday": lambda year: black_friday(year) + timedelta(days=2),
    "cyber_monday": lambda year: black_friday(year) + timedelta(days=3),
}


def events(first: date, days: int, closed: Iterable[date] = ()) -> list[str]:
    """The name of each day's event, "" for most; days the caller names are a "holiday" unless known here."""
    last = first + timedelta(days=days - 1)
    named: dict[date, str] = dict.fromkeys(closed, "holiday")
    for year in range(first.year, last.year + 1):
        named |= {date(year, *when): name for name, when in FIXED.items()}
        named |= {of(year): name for name, of in MOVING.items()}
    return [named.get(first + timedelta(days=n), "") for n in range(days)]


def year_places(first: date, days: int) -> list[int]:
    """Place in the year of each day, 0 to 364; 29 February shares that of the 28th."""
    out = []
    for n in range(days):
        day = first + timedelta(days=n)
        leap = day.year % 4 == 0 and (day.year % 100 != 0 or day.year % 400 == 0)
        out.append(day.timetuple().tm_yday - 1 - (leap and (day.month, day.day) > (2, 28)))
    return out
