"""Short ways to typed parameters and to the charts that families share."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal

from sidecar.core.evidence import (
    Day,
    Days,
    MoneyValue,
    Number,
    Percent,
    Pieces,
    Series,
    Shade,
    Text,
)
from sidecar.core.types import quantize
from sidecar.retail.demand import Bools, runs


def text(value: str) -> Text:
    """Words from the shop."""
    return Text(value=value)


def price(value: Decimal, decimals: int) -> MoneyValue:
    """Money rounded to the shop's decimals."""
    return MoneyValue(value=format(quantize(value, decimals), "f"))


def number(value: float, decimals: int | None = None, unit: str | None = None) -> Number:
    """A plain number."""
    return Number(value=float(value), decimals=decimals, unit=unit)


def percent(share: float) -> Percent:
    """A share, rounded to a tenth of a percent."""
    return Percent(value=round(float(share), 3))


def days(count: float) -> Days:
    """A number of days."""
    return Days(value=float(count))


def pieces(count: float) -> Pieces:
    """A number of pieces."""
    return Pieces(value=float(count))


def day(value: date) -> Day:
    """A calendar day."""
    return Day(value=value)


def level_line(name: str, xs: Iterable[str], y: float, *, dashed: bool = True) -> Series:
    """A flat line across the chart, such as a threshold."""
    ends = list(xs)
    points: list[tuple[float | str, float | None]] = [(ends[0], y), (ends[-1], y)]
    return Series(name=name, kind="line", style="dashed" if dashed else "solid", points=points)


def empty_shades(empty: Bools, first: date, label: str) -> list[Shade]:
    """Shaded stretches of the days without stock; `empty` is one item's row from `first` on."""
    return [
        Shade(
            start=(first + timedelta(days=a)).isoformat(),
            end=(first + timedelta(days=b)).isoformat(),
            label=label,
        )
        for a, b in runs(empty)
    ]
