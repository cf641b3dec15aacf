"""Kept forecasts of many items as arrays, brought up to today and corrected by what the owner knows.

A forecast that is some days old is read from today's column on. What the owner overrides replaces the
expected pieces of those days; the variance keeps its ratio to them, as counts' does, so that ten times the
pieces are a little over three times as far spread.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sidecar.core.forecasts import KeptForecast
from sidecar.core.store import Override
from sidecar.retail.demand import Floats
from sidecar.retail.distributions import count_quantile

LOW, HIGH = 0.1, 0.9
"""Ends of the interval that is shown: eight of ten cases."""
HORIZON = 365
"""More days than any forecast has."""
OLDEST_DAYS = 14
"""An older forecast is not used: it has not seen what sold since."""


@dataclass(frozen=True)
class Outlook:
    """Pieces a day expected from `today` on, (n, h), with the band of one day and totals of several.

    `base` is what the forecast said before overrides, `totals` (n, periods, levels) and `whole` (n, h), its
    running sum, as on the day it was made; `age` the days since then, (n,); `row` each item's row.
    """

    kept: tuple[KeptForecast, ...]
    today: date
    base: Floats
    mean: Floats
    age: NDArray[np.int64]
    totals: Floats
    whole: Floats
    row: dict[int, int]

    @cached_property
    def low(self) -> Floats:
        """The lower end of each day's interval, (n, h)."""
        return self._band(LOW)

    @cached_property
    def high(self) -> Floats:
        """The upper end of each day's interval, (n, h)."""
        return self._band(HIGH)

    def _band(self, level: float) -> Floats:
        band = _stack(
            [_at_level(one.quantiles, one.levels, level) for one in self.kept], self.age, self.mean.shape[1]
        )
        changed = self.mean != self.base
        scaled = changed & (self.base > 0)
        band[scaled] = _moved(band[scaled], self.base[scaled], self.mean[scaled])
        alone = changed & (self.base <= 0)
        band[alone] = count_quantile(self.mean[alone], self.mean[alone], level)
        return band

    def total(self, days: int) -> Floats:
        """Pieces expected over the next `days`, (n,); beyond the forecast its mean pace goes on."""
        known = self.mean.shape[1]
        found: Floats = self.mean[:, :days].sum(axis=1)
        return found if days <= known or not self.kept else found + (days - known) * self.mean.mean(axis=1)

    def quantiles(self, days: int, levels: Sequence[float]) -> Floats:
        """Quantiles (n, levels) of the pieces sold over the next `days` together."""
        if not self.kept:
            return np.zeros((0, len(levels)))
        periods, known = np.array(self.kept[0].periods, dtype=float), self.kept[0].total_levels
        at = min(float(days), periods[-1])
        place = float(np.interp(at, periods, np.arange(len(periods))))
        first = int(place)
        last = min(first + 1, len(periods) - 1)
        table = self.totals[:, first] + (place - first) * (self.totals[:, last] - self.totals[:, first])
        found = np.stack([_at_level(table.T, known, level) for level in levels], axis=1)
        expected, whole = self.total(days), self.whole[:, int(at) - 1]
        alone = whole <= 0
        found = _moved(found, whole[:, None], expected[:, None])
        for column, level in enumerate(levels):
            found[alone, column] = count_quantile(expected[alone], expected[alone], level)
        return found


def outlook(kept: Iterable[KeptForecast], overrides: Sequence[Override], today: date) -> Outlook:
    """The outlook from `today` on; forecasts that are too old, begin later or reach less far are left out."""
    usable = tuple(one for one in kept if 0 <= (today - one.first_day).days <= OLDEST_DAYS)
    newest = max(usable, key=lambda one: one.made_at, default=None)
    usable = tuple(one for one in usable if newest is not None and _grid(one) == _grid(newest))
    days = min((len(one.mean) - (today - one.first_day).days for one in usable), default=0)
    age = np.array([(today - one.first_day).days for one in usable], dtype=np.int64)
    base = _stack([one.mean for one in usable], age, days)
    mean = base.copy()
    place = {one.item_id: n for n, one in enumerate(usable)}
    for override in overrides:
        if override.item_id in place:
            _override(mean[place[override.item_id]], override, today)
    empty = np.zeros((0, 0, 0))
    totals = np.stack([one.totals for one in usable]).astype(np.float64) if usable else empty
    whole = np.cumsum(_stack([one.mean for one in usable], np.zeros_like(age), HORIZON), axis=1)
    return Outlook(usable, today, base, mean, age, totals, whole, place)


def _grid(one: KeptForecast) -> tuple[object, ...]:
    return one.periods, one.total_levels, one.levels, len(one.mean)


def _stack(rows: Sequence[Floats], age: NDArray[np.int64], days: int) -> Floats:
    parts = [row[start : start + days] for row, start in zip(rows, age.tolist(), strict=True)]
    return np.stack(parts).astype(np.float64) if parts else np.zeros((0, 0))


def _override(mean: Floats, override: Override, today: date) -> None:
    """Writes the owner's figure into the days that are still to come."""
    first = max((override.first - today).days, 0)
    last = (override.last - today).days
    if last >= 0:
        days = slice(first, last + 1)
        mean[days] = mean[days] * override.value if override.kind == "factor" else override.value


def _moved(quantiles: Floats, mean: Floats, wanted: Floats) -> Floats:
    """Quantiles around another mean at an unchanged ratio of variance to mean, none below 0."""
    ratio = np.divide(wanted, mean, out=np.zeros_like(mean), where=mean > 0)
    moved: Floats = np.maximum(wanted + (quantiles - mean) * np.sqrt(ratio), 0)
    return moved


def _at_level(quantiles: Floats, levels: Sequence[float], level: float) -> Floats:
    """The row of a level, linear between neighbours."""
    at = float(np.interp(level, levels, np.arange(len(levels))))
    low = int(at)
    high = min(low + 1, len(levels) - 1)
    found: Floats = quantiles[low] + (at - low) * (quantiles[high] - quantiles[low])
    return found


def end_of(outlook: Outlook) -> date:
    """The last day that the outlook reaches."""
    return outlook.today + timedelta(days=outlook.mean.shape[1] - 1)
