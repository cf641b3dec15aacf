"""Methods for demand with many periods of nothing: Croston, SBA, TSB, ADIDA, IMAPA.

Croston (1972); Syntetos and Boylan (2005); Teunter, Syntetos and Babai (2011); Nikolopoulos et al. (2011) and
Petropoulos and Kourentzes (2015) for aggregation over time. All forecast a rate, the same for each period.
Periods that are not known neither count as waiting nor as demand.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sidecar.ml.series import RECENT, Floats, Ints, Singles, by_period, mean_known, opening, resting, stacked
from sidecar.ml.smoothing import add_square, approach, smooth

RATES = np.array([0.02, 0.05, 0.1, 0.15, 0.2, 0.3])
SIZE_RATES = np.array([0.05, 0.1, 0.2])
CHANCE_RATES = np.array([0.01, 0.02, 0.05, 0.1, 0.2])
ONE = np.float32(1)
WIDEST = 30
"""Longest bucket of aggregation, in periods."""


def croston(y: Floats, origins: Sequence[int], horizon: int, season: int) -> Floats:
    """Size of demands over the time between them, both smoothed at the rate that erred least."""
    return crostons(y, origins, horizon, season)["croston"]


def sba(y: Floats, origins: Sequence[int], horizon: int, season: int) -> Floats:
    """Croston's rate less its bias."""
    return crostons(y, origins, horizon, season)["sba"]


def crostons(
    y: Floats, origins: Sequence[int], horizon: int, season: int, wanted: Sequence[str] = ()
) -> dict[str, Floats]:
    """Croston and SBA by name, from one recursion."""
    values, weight = by_period(y)
    alpha = RATES[:, None].astype(np.float32)
    size, between, _ = _beginnings(y, origins)
    level, gap = np.tile(size, (len(RATES), 1)), np.tile(between, (len(RATES), 1))
    squares, waited = np.zeros_like(level), np.ones(len(y), dtype=np.float32)
    step, part = np.empty_like(level), np.empty_like(level)
    out, chosen = np.full((len(y), len(origins)), np.nan), np.full((len(y), len(origins)), np.nan)
    for t in range(max(origins, default=0) + 1):
        if t in origins:
            _keep(out, origins, t, squares, level / gap, weight)
            _keep(chosen, origins, t, squares, np.broadcast_to(alpha, level.shape), weight)
        if t < len(values):
            np.divide(level, gap, out=part)
            add_square(squares, part, values[t], weight[t])
            happens = values[t] > 0
            np.multiply(alpha, happens, out=step)
            # The first demand ever is the first thing known about its size.
            step[:, happens & (level[0] <= 0)] = ONE
            approach(level, values[t], step, part)
            approach(gap, waited, step, part)
            waited += weight[t]
            waited[happens] = ONE
    return {"croston": _flat(out, horizon), "sba": _flat(out * (1 - chosen / 2), horizon)}


def tsb(y: Floats, origins: Sequence[int], horizon: int, season: int) -> Floats:
    """Size of demands times the chance of one, which falls while nothing sells: dying items die out."""
    values, weight = by_period(y)
    happens = (values > 0).astype(np.float32)
    sizes, chances = (side[:, None].astype(np.float32) for side in (SIZE_RATES, CHANCE_RATES))
    size, _, often = _beginnings(y, origins)
    level, chance = np.tile(size, (len(sizes), 1)), np.tile(often, (len(chances), 1))
    step, part = (np.empty_like(level), np.empty_like(chance)), (np.empty_like(level), np.empty_like(chance))
    # Sizes and chances learn on their own; only their products are judged together.
    rates = np.empty((len(sizes) * len(chances), len(y)), dtype=np.float32)
    products = rates.reshape(len(sizes), len(chances), -1)
    squares, out = np.zeros_like(rates), np.full((len(y), len(origins)), np.nan)
    for t in range(max(origins, default=0) + 1):
        np.multiply(level[:, None], chance, out=products)
        if t in origins:
            _keep(out, origins, t, squares, rates, weight)
        if t < len(values):
            add_square(squares, rates, values[t], weight[t])
            np.multiply(sizes, happens[t], out=step[0])
            step[0][:, (happens[t] > 0) & (level[0] <= 0)] = ONE
            approach(level, values[t], step[0], part[0])
            np.multiply(chances, weight[t], out=step[1])
            approach(chance, happens[t], step[1], part[1])
    return _flat(out, horizon)


def _keep(
    out: Floats, origins: Sequence[int], t: int, squares: Singles, rates: Singles, weight: Singles
) -> None:
    """Writes the rates of the least error at the origins that are due after t columns."""
    found = rates[squares.argmin(axis=0), np.arange(rates.shape[1])]
    seen = weight[:t].any(axis=0)
    for k in (k for k, origin in enumerate(origins) if origin == t):
        out[:, k] = np.where(seen, found, np.nan)


def _beginnings(y: Floats, origins: Sequence[int], demands: int = 3) -> tuple[Singles, Singles, Singles]:
    """Size, time between demands and chance of one, from the first few demands; 0, 1, 0 without any."""
    known = ~np.isnan(y) & (np.arange(y.shape[1]) < opening(y, origins)[:, None])
    happens = known & (np.nan_to_num(y) > 0)
    number = np.cumsum(happens, axis=1)
    first = happens & (number <= demands)
    size = np.nan_to_num(mean_known(np.where(first, y, np.nan)))
    span = (known & (number - happens < demands)).sum(axis=1)
    count = first.sum(axis=1)
    often = np.where(span > 0, count / np.maximum(span, 1), 0.0)
    between = np.where(count > 0, span / np.maximum(count, 1), 1.0)
    return size.astype(np.float32), between.astype(np.float32), often.astype(np.float32)


def adida(y: Floats, origins: Sequence[int], horizon: int, season: int) -> Floats:
    """Smooths sums over buckets as long as the mean time between demands."""
    return aggregated(y, origins, horizon, season, ("adida",))["adida"]


def imapa(y: Floats, origins: Sequence[int], horizon: int, season: int) -> Floats:
    """Mean of such forecasts over all bucket lengths from 1 to the mean time between demands."""
    return aggregated(y, origins, horizon, season, ("imapa",))["imapa"]


def aggregated(
    y: Floats, origins: Sequence[int], horizon: int, season: int, wanted: Sequence[str]
) -> dict[str, Floats]:
    """Both by name; every bucket length is smoothed once for all origins, whose buckets end with them."""
    # Wide enough that the oldest bucket is whole for all; what lies before a series is unknown.
    panel = stacked(y, origins, min(max(origins, default=0), RECENT) + WIDEST)
    widest = waiting(panel)
    order = np.argsort(-widest, kind="stable")
    widest, values = widest[order], panel[order].T
    known = ~np.isnan(values)
    nothing = np.zeros((1, len(panel)))
    sums = np.concatenate([nothing, np.cumsum(np.where(known, values, 0.0), axis=0)])
    counts = np.concatenate([nothing, np.cumsum(known, axis=0)])
    one, total, number = np.full(len(panel), np.nan), np.zeros(len(panel)), np.zeros(len(panel))
    for width in range(1, int(widest.max(initial=1)) + 1):
        last = int(np.searchsorted(-widest, -width, side="right"))
        first = 0 if "imapa" in wanted else int(np.searchsorted(-widest, -width, side="left"))
        rate = _bucket_rate(sums[:, first:last], counts[:, first:last], width)
        total[first:last] += np.nan_to_num(rate)
        number[first:last] += ~np.isnan(rate)
        ends = widest[first:last] == width
        one[first:last][ends] = rate[ends]
    found = np.stack([one, np.where(number > 0, total / np.maximum(number, 1), np.nan)])
    back = np.empty_like(found)
    back[:, order] = found
    rates = back.reshape(2, len(origins), len(y)).swapaxes(1, 2)
    adida, imapa = (resting(_flat(side, horizon), y, origins) for side in rates)
    return {"adida": adida, "imapa": imapa}


def _bucket_rate(sums: Floats, counts: Floats, width: int) -> Floats:
    """Rate per period from smoothed means over buckets that end at the last column.

    `sums` and `counts` (t + 1, n): what is known, added up from the first column on.
    """
    ends = slice((len(sums) - 1) % width, None, width)
    total, known = np.diff(sums[ends], axis=0), np.diff(counts[ends], axis=0)
    buckets = np.divide(total, known, out=np.full(total.shape, np.nan), where=known > 0)
    return smooth(buckets.T, [len(buckets)], RATES).level[:, 0]


def waiting(y: Floats) -> Ints:
    """Mean time between demands in known periods, rounded, 1 to `WIDEST`."""
    known = ~np.isnan(y)
    demands = (known & (y > 0)).sum(axis=1)
    mean = known.sum(axis=1) / np.maximum(demands, 1)
    most = np.clip(known.sum(axis=1) // 2, 1, WIDEST)
    longest: Ints = np.clip(mean.round(), 1, most).astype(np.intp)
    return longest


def _flat(rates: Floats, horizon: int) -> Floats:
    return np.repeat(rates[:, :, None], horizon, axis=2)
