"""Methods for demand with many periods of nothing: Croston, SBA, TSB, ADIDA, IMAPA.

Croston (1972); Syntetos and Boylan (2005); Teunter, Syntetos and Babai (2011); Nikolopoulos et al. (2011) and
Petropoulos and Kourentzes (2015) for aggregation over time. All forecast a rate, the same for each period.
Periods that are not known neither count as waiting nor as demand.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sidecar.ml.series import Floats, Ints, mean_known, opening
from sidecar.ml.smoothing import smooth

RATES = np.array([0.02, 0.05, 0.1, 0.15, 0.2, 0.3])
SIZE_RATES = np.array([0.05, 0.1, 0.2])
CHANCE_RATES = np.array([0.01, 0.02, 0.05, 0.1, 0.2])
WIDEST = 30
"""Longest bucket of aggregation, in periods."""


def croston(y: Floats, origins: Sequence[int], horizon: int, season: int) -> Floats:
    """Size of demands over the time between them, both smoothed at the rate that erred least."""
    return _flat(_croston(y, origins)[0], horizon)


def sba(y: Floats, origins: Sequence[int], horizon: int, season: int) -> Floats:
    """Croston's rate less its bias."""
    rate, alpha = _croston(y, origins)
    return _flat(rate * (1 - alpha / 2), horizon)


def tsb(y: Floats, origins: Sequence[int], horizon: int, season: int) -> Floats:
    """Size of demands times the chance of one, which falls while nothing sells: dying items die out."""
    known = ~np.isnan(y)
    values, weight = np.where(known, y, 0.0).T.copy(), known.T.astype(float)
    happens = (values > 0) * weight
    sizes, chances = (side.ravel()[:, None] for side in np.meshgrid(SIZE_RATES, CHANCE_RATES))
    size, _, often = _beginnings(y, origins)
    shape = (len(sizes), len(y))
    level, chance, squares = np.tile(size, (shape[0], 1)), np.tile(often, (shape[0], 1)), np.zeros(shape)
    out = np.full((len(y), len(origins)), np.nan)
    for t in range(max(origins, default=0) + 1):
        _keep(out, origins, t, squares, level * chance if t in origins else None, known)
        if t < len(values):
            squares += weight[t] * (values[t] - level * chance) ** 2
            level += np.where(level > 0, sizes, 1.0) * happens[t] * (values[t] - level)
            chance += chances * weight[t] * (happens[t] - chance)
    return _flat(out, horizon)


def _croston(y: Floats, origins: Sequence[int]) -> tuple[Floats, Floats]:
    """Rates (n, origins) and the smoothing rates chosen for them."""
    known = ~np.isnan(y)
    values, weight = np.where(known, y, 0.0).T.copy(), known.T.astype(float)
    alpha = RATES[:, None]
    size, between, _ = _beginnings(y, origins)
    shape = (len(RATES), len(y))
    level, gap, squares = np.tile(size, (shape[0], 1)), np.tile(between, (shape[0], 1)), np.zeros(shape)
    waited = np.ones(len(y))
    out, chosen = np.full((len(y), len(origins)), np.nan), np.full((len(y), len(origins)), RATES[0])
    for t in range(max(origins, default=0) + 1):
        due = t in origins
        _keep(out, origins, t, squares, level / gap if due else None, known)
        _keep(chosen, origins, t, squares, np.broadcast_to(alpha, shape) if due else None, known)
        if t < len(values):
            happens = weight[t] * (values[t] > 0)
            squares += weight[t] * (values[t] - level / gap) ** 2
            # The first demand ever is the first thing known about its size.
            rate = np.where(level > 0, alpha, 1.0) * happens
            level += rate * (values[t] - level)
            gap += rate * (waited - gap)
            waited = np.where(happens > 0, 1.0, waited + weight[t])
    return out, chosen


def _keep(
    out: Floats, origins: Sequence[int], t: int, squares: Floats, rates: Floats | None, known: Floats
) -> None:
    """Writes the rates of the least error where an origin is due."""
    if rates is None:
        return
    found = rates[squares.argmin(axis=0), np.arange(rates.shape[1])]
    seen = known[:, :t].any(axis=1)
    for k, origin in enumerate(origins):
        if origin == t:
            out[:, k] = np.where(seen, found, np.nan)


def _beginnings(y: Floats, origins: Sequence[int], demands: int = 3) -> tuple[Floats, Floats, Floats]:
    """Size, time between demands and chance of one, from the first few demands; 0, 1, 0 without any."""
    known = ~np.isnan(y) & (np.arange(y.shape[1]) < opening(y, origins)[:, None])
    happens = known & (np.nan_to_num(y) > 0)
    number = np.cumsum(happens, axis=1)
    first = happens & (number <= demands)
    size = np.nan_to_num(mean_known(np.where(first, y, np.nan)))
    span = (known & (number - happens < demands)).sum(axis=1)
    count = first.sum(axis=1)
    often = np.where(span > 0, count / np.maximum(span, 1), 0.0)
    return size, np.where(count > 0, span / np.maximum(count, 1), 1.0), often


def adida(y: Floats, origins: Sequence[int], horizon: int, season: int) -> Floats:
    """Smooths sums over buckets as long as the mean time between demands."""
    return _aggregated(y, origins, horizon, every=False)


def imapa(y: Floats, origins: Sequence[int], horizon: int, season: int) -> Floats:
    """Mean of such forecasts over all bucket lengths from 1 to the mean time between demands."""
    return _aggregated(y, origins, horizon, every=True)


def _aggregated(y: Floats, origins: Sequence[int], horizon: int, every: bool) -> Floats:
    out = np.full((len(y), len(origins)), np.nan)
    for k, origin in enumerate(origins):
        past = y[:, :origin]
        widest = waiting(past)
        total, count = np.zeros(len(y)), np.zeros(len(y))
        for width in range(1, int(widest.max(initial=1)) + 1):
            rows = np.flatnonzero(widest >= width if every else widest == width)
            if len(rows):
                rate = _bucket_rate(past[rows], width)
                total[rows] += np.nan_to_num(rate)
                count[rows] += ~np.isnan(rate)
        out[:, k] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return _flat(out, horizon)


def _bucket_rate(y: Floats, width: int) -> Floats:
    """Rate per period from smoothed means over buckets that end at the last column."""
    whole = y.shape[1] // width
    if not whole:
        return np.full(len(y), np.nan)
    buckets = mean_known(y[:, y.shape[1] - whole * width :].reshape(len(y), whole, width))
    return smooth(buckets, [whole], RATES).level[:, 0]


def waiting(y: Floats) -> Ints:
    """Mean time between demands in known periods, rounded, 1 to `WIDEST`."""
    known = ~np.isnan(y)
    demands = (known & (y > 0)).sum(axis=1)
    mean = known.sum(axis=1) / np.maximum(demands, 1)
    longest: Ints = np.clip(mean.round(), 1, min(WIDEST, max(y.shape[1] // 2, 1))).astype(np.intp)
    return longest


def _flat(rates: Floats, horizon: int) -> Floats:
    return np.repeat(rates[:, :, None], horizon, axis=2)
