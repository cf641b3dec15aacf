"""Quantiles of single periods and of totals from the errors of the backtest, pooled over series alike.

Errors are measured in units of sqrt(dispersion x forecast), so that small and large series share one table;
the dispersion of a series leans on what is usual at its level. Conformal in spirit (Vovk, Gammerman, Shafer
2005): the quantiles are those of errors that were made, not of a distribution that is believed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from sidecar.ml.backtest import Backtest
from sidecar.ml.series import Floats, Ints, mean_known

TOTAL_LEVELS = (0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.975, 0.99)
IDLE = (0.2, 0.5, 0.8)
"""Shares of periods without demand that part the pools."""
POOL = 30
"""Series that make a pool of their own."""
LEAN = 20.0
"""Periods with demand at which a series' own dispersion counts half."""
FLOOR = 0.05
"""A forecast below this share of the series' mean counts as that much."""
FEWEST = 8
"""Known periods before an origin from which its error says something about the series."""
PARTS = 3
"""Stretches of the horizon with tables of their own."""
STEEP = 0.25
"""Power of the forecast above the root with which the errors of one series grow."""
DRIFT = 0.25
"""Beyond what the backtest reached, errors of totals grow by this power more than chance would let them."""
OWN_YEAR = 0.5
"""How far an item's own course of the year departs from the common one, as a share of its logarithm.

Past forecasts of a shop in its second year tell nothing of a peak that comes once a year.
"""
LENGTHS = (1, 2, 3, 4, 5, 7, 10, 14, 21, 28, 42, 60, 90, 135, 180, 270, 365)


@dataclass(frozen=True)
class Spread:
    """Dispersion and pool of each series, (n,) all: what turns a forecast into a band.

    usual: demand of a period. apart: how uncertain the level itself is, as a share of it.
    """

    dispersion: Floats
    pool: Ints
    usual: Floats
    apart: Floats

    def rows(self, chosen: Ints) -> Spread:
        """Those of some series."""
        return Spread(self.dispersion[chosen], self.pool[chosen], self.usual[chosen], self.apart[chosen])

    def unit(self, mean: Floats, periods: int = 1, course: Floats | float = 0.0) -> Floats:
        """Size of an error at these forecasts of so many periods together, (n, ...).

        course: by how many units the year's course may be wrong about them.
        """
        shape = (-1,) + (1,) * (mean.ndim - 1)
        usual = periods * self.usual.reshape(shape)
        least = np.maximum(mean, FLOOR * usual)
        steep = np.clip(least / usual, 0.1, 10.0) ** (2 * STEEP)
        squares = self.dispersion.reshape(shape) * least * steep + (self.apart.reshape(shape) * least) ** 2
        squares = squares + course**2
        out: Floats = np.sqrt(squares)
        return out


def spread(test: Backtest, past: Floats, ahead: Floats, apart: Floats) -> Spread:
    """Dispersion per series from its own errors (without a backtest: its variance) and those at its level."""
    usual = np.nan_to_num(mean_known(test.y))
    size = np.maximum(np.where(usual > 0, usual, ahead.mean(axis=1)), 1e-6)
    actual = test.actual if test.origins else test.y[:, None, :]
    expected = past if test.origins else np.broadcast_to(usual[:, None, None], actual.shape)
    expected = np.maximum(expected, FLOOR * size[:, None, None])
    known = np.isfinite(actual) & _told(test)
    level = np.maximum(np.where(known, expected, 0.0).sum(axis=(1, 2)), 1e-9)
    own = np.where(known, (actual - expected) ** 2, 0.0).sum(axis=(1, 2)) / level
    # A series that no past forecast tells of spreads as its history did around its mean.
    told = known.any(axis=(1, 2))
    squares = np.nan_to_num(mean_known((test.y - usual[:, None]) ** 2))
    own = np.where(told, own, squares / size)
    busy = np.where(told, (known & (actual > 0)).sum(axis=(1, 2)), (np.nan_to_num(test.y) > 0).sum(axis=1))
    busy = busy.astype(float)
    logs, places = np.log(np.maximum(own, 1e-3)), np.log(size)
    there = (busy > 0) & (own > 0)
    line = _line(places[there], logs[there])
    typical = line[0] + line[1] * places
    leaning = np.exp((busy * logs + LEAN * typical) / (busy + LEAN))
    idle = mean_known(np.where(np.isnan(test.y), np.nan, test.y == 0))
    # What nobody has seen is as most are.
    idle = np.where(np.isnan(idle), np.nanmedian(idle), idle)
    return Spread(leaning, pools(idle, IDLE), size, apart)


def _told(test: Backtest) -> NDArray[np.bool_]:
    """Origins (n, origins or 1, 1) before which enough of a series was known for a forecast of it.

    From its first sale on: nothing expected of an item that then began is no error of one that sells.
    """
    if not test.origins:
        return np.ones((len(test.y), 1, 1), dtype=bool)
    begun = np.isfinite(test.y) & ((np.nan_to_num(test.y) > 0).cumsum(axis=1) > 0)
    known = [begun[:, :origin].sum(axis=1) for origin in test.origins]
    return np.stack([count >= FEWEST for count in known], axis=1)[:, :, None]


def _line(x: Floats, y: Floats) -> tuple[float, float]:
    """Least squares; flat with little to go by, 0 with nothing."""
    if not len(x):
        return 0.0, 0.0
    away = x - x.mean()
    slope = float((away * y).sum() / max(float((away**2).sum()), 1e-9)) if len(x) >= 10 else 0.0
    slope = float(np.clip(slope, -0.5, 1.0))
    return float(y.mean() - slope * x.mean()), slope


def pools(idle: Floats, edges: Sequence[float]) -> Ints:
    """Series by their share of empty periods (n,), over how many edges; too small a pool joins the next."""
    pool = np.searchsorted(np.array(edges), idle)
    for code in range(len(edges)):
        if (pool == code).sum() < POOL:
            pool[pool == code] = code + 1
    small = (pool == len(edges)).sum() < POOL and (pool < len(edges)).any()
    if small:
        pool[pool == len(edges)] = pool[pool < len(edges)].max()
    return pool


def period_quantiles(
    test: Backtest, past: Floats, ahead: Floats, band: Spread, levels: tuple[float, ...]
) -> tuple[Floats, Floats]:
    """Quantiles (n, levels, horizon), and the share (n,) of the backtest inside the widest interval."""
    horizon = ahead.shape[1]
    out = np.repeat(ahead[:, None, :], len(levels), axis=1)
    inside = np.full(len(ahead), np.nan)
    before, coming = _courses(test, past, ahead)
    unit = band.unit(ahead, course=coming)
    errors = _errors(test, past, band, before)
    hits = np.full(errors.shape, np.nan)
    for code in np.unique(band.pool):
        rows = band.pool == code
        for part in np.array_split(np.arange(horizon), min(PARTS, horizon)):
            seen = part[part < test.span] if test.origins else part[:0]
            seen = seen if len(seen) else np.arange(max(0, test.span - len(part)), test.span)
            found = errors[rows][:, :, seen] if test.origins else np.zeros((0, 0, 0))
            values = _table(found, levels)
            out[np.ix_(rows, np.arange(len(levels)), part)] += values[:, None] * unit[rows][:, None, part]
            if test.origins:
                known = np.isfinite(found)
                covered = (found >= values[0] - 1e-9) & (found <= values[-1] + 1e-9)
                hits[np.ix_(rows, np.arange(found.shape[1]), seen)] = np.where(known, covered, np.nan)
    if hits.size:
        inside = mean_known(hits.reshape(len(ahead), -1))
    out = np.maximum.accumulate(np.maximum(out, 0.0), axis=1)
    # Whole pieces: of an item that is sold by the piece, a quantile of 0.3 is none.
    whole = (np.nan_to_num(test.y) % 1 == 0).all(axis=1)[:, None, None]
    return np.where(whole, np.round(out), out), inside


def _errors(test: Backtest, past: Floats, band: Spread, course: Floats | float) -> Floats:
    """Errors of the past forecasts in units of the band."""
    if not test.origins:
        return np.zeros((len(test.y), 0, 0))
    unit = band.unit(past, course=course)
    out: Floats = np.where(_told(test), (test.actual - past) / unit, np.nan)
    return out


def _courses(test: Backtest, past: Floats, ahead: Floats) -> tuple[Floats | float, Floats | float]:
    """By how many units the year's course may be wrong: past (n, origins, span), ahead (n, horizon); or 0."""
    if test.year is None:
        return 0.0, 0.0
    apart = OWN_YEAR * np.abs(np.log(np.clip(test.year, 0.1, 10.0)))
    coming = apart[:, -ahead.shape[1] :] * np.maximum(ahead, 0.0)
    if not test.origins:
        return 0.0, coming
    before = np.stack([apart[:, origin : origin + test.span] for origin in test.origins], axis=1)
    return before * np.maximum(past, 0.0), coming


def _table(errors: Floats, levels: tuple[float, ...]) -> Floats:
    """Quantiles of the errors (n, origins, ...) that are known; the normal ones with fewer than twenty.

    What all series share (a season that came early) was seen at a few origins only, so that part of the
    errors counts with Student's t of so many (its first-order expansion at the 0.9 quantile).
    """
    known = errors[np.isfinite(errors)]
    if len(known) < 20:
        return np.array([NormalDist().inv_cdf(level) for level in levels])
    shared = mean_known(errors, axis=0)
    rest = float(known.var())
    common = max(float(np.nanvar(shared)) - rest / len(errors), 0.0) / rest if rest > 0 else 0.0
    # Origins lie half a span apart: two of them make one that is independent.
    freedom = max(errors.shape[1] / 2, 2.0)
    wider = np.sqrt(1 + common * ((1 + (NormalDist().inv_cdf(0.9) ** 2 + 1) / (4 * freedom)) ** 2 - 1))
    out: Floats = wider * np.quantile(known, levels)
    return out


def total_quantiles(
    test: Backtest, past: Floats, ahead: Floats, band: Spread
) -> tuple[tuple[int, ...], Floats]:
    """Lengths, and quantiles (n, lengths, TOTAL_LEVELS) of demand over the first so many periods."""
    horizon = ahead.shape[1]
    lengths = tuple(sorted({*(length for length in LENGTHS if length < horizon), horizon}))
    expected, told = ahead.cumsum(axis=1), _told(test)
    before, coming = _courses(test, past, ahead)
    out = np.zeros((len(ahead), len(lengths), len(TOTAL_LEVELS)))
    for place, length in enumerate(lengths):
        mean = expected[:, length - 1]
        seen = min(length, test.span)
        course = _sum(coming, length)
        unit = band.unit(mean, length, course) * (length / seen) ** DRIFT
        errors = np.full((len(ahead), len(test.origins)), np.nan)
        if test.origins:
            sold = past[:, :, :seen].sum(axis=2)
            errors = (test.actual[:, :, :seen].sum(axis=2) - sold) / band.unit(sold, seen, _sum(before, seen))
            errors = np.where(told[:, :, 0], errors, np.nan)
        out[:, place] = mean[:, None] + _table(errors, TOTAL_LEVELS) * unit[:, None]
    return lengths, np.maximum.accumulate(np.maximum(out, 0.0), axis=2)


def _sum(course: Floats | float, periods: int) -> Floats | float:
    """That of the first so many periods together: what is wrong about an item's year is so in all of them."""
    return course[..., :periods].sum(axis=-1) if isinstance(course, np.ndarray) else course
