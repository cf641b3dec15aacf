"""Kept forecasts of many items as arrays, brought up to today and corrected by what the owner knows.

A forecast that is some days old is read from today's column on. What the owner overrides replaces the
expected pieces of those days; the variance keeps its ratio to them, as counts' does, so that ten times the
pieces are a little over three times as far spread. Quantiles of an item that hardly sells are 0 on most days
and tell nothing of five pieces a day: such days and totals with them are counts with the item's own ratio,
the negative binomial, whose sums over days are of the same kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from statistics import NormalDist

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
BUSY = 2.0
"""Pieces a day from which the forecast's own quantiles are moved to what the owner says.

Of fewer, more than one day in eight has none, and the low end of the interval is cut off at 0.
"""
WIDTH = NormalDist().inv_cdf(HIGH) - NormalDist().inv_cdf(LOW)
"""Standard deviations between the ends of the interval."""


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
        busy = self._busy[:, None] & (self.base > 0)
        moved, counted = self._changed & busy, self._changed & ~busy
        band[moved] = _moved(band[moved], self.base[moved], self.mean[moved])
        variance = self._uneven[:, None] * self.mean
        band[counted] = count_quantile(self.mean[counted], variance[counted], level)
        return band

    @cached_property
    def _changed(self) -> NDArray[np.bool_]:
        """Days on which the owner says otherwise, (n, h)."""
        changed: NDArray[np.bool_] = self.mean != self.base
        return changed

    @cached_property
    def _busy(self) -> NDArray[np.bool_]:
        """Items whose forecast of a day tells a distribution, (n,)."""
        busy: NDArray[np.bool_] = self.base.sum(axis=1) >= BUSY * self.base.shape[1]
        return busy

    @cached_property
    def _uneven(self) -> Floats:
        """Variance over mean of the days with stock of items with an override, (n,); 1 (Poisson) at least."""
        uneven = np.ones(len(self.kept))
        for row in np.flatnonzero(self._changed.any(axis=1)).tolist():
            pieces = self.kept[row].sold[self.kept[row].in_stock]
            if pieces.sum() > 0:
                uneven[row] = max(float(pieces.var() / pieces.mean()), 1.0)
        return uneven

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
        counted = (~self._busy | (whole <= 0)) & self._changed[:, :days].any(axis=1)
        width = _at_level(table.T, known, HIGH) - _at_level(table.T, known, LOW)
        variance = self._variance(days, (width / WIDTH) ** 2, whole)[counted]
        moved = _moved(found, whole[:, None], expected[:, None])
        if counted.any():
            # More pieces on some days make no total smaller, and fewer none larger.
            count = [count_quantile(expected[counted], variance, level) for level in levels]
            more = (expected > whole)[counted, None]
            low, high = np.where(more, found[counted], 0.0), np.where(more, np.inf, found[counted])
            moved[counted] = np.clip(np.stack(count, axis=1), low, high)
        return moved

    def _variance(self, days: int, squares: Floats, whole: Floats) -> Floats:
        """Variance (n,) of the next days together: the owner's as counts, the others' as forecast."""
        mean = self.mean[:, :days]
        expected, theirs = mean.sum(axis=1), np.where(self._changed[:, :days], mean, 0.0).sum(axis=1)
        share = np.divide(theirs, expected, out=np.ones(len(mean)), where=expected > 0)
        usual = np.divide(squares, whole, out=np.ones(len(mean)), where=whole > 0)
        variance: Floats = self.total(days) * (share * self._uneven + (1 - share) * usual)
        return variance


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
