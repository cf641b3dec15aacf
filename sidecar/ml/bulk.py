"""Orders far above what an item usually sells: held down before the methods see them, put back on average.

One buyer who takes a thousand pieces says little about next month, yet moves every level that is smoothed.
So levels are told from demand with such peaks held down (for exponential smoothing: Gelper, Fried and Croux
2010, Robust forecasting with exponential and Holt-Winters smoothing), and forecasts raised by what the peaks
were of the whole: half by the item's own share, half by that of all, as the few peaks of one tell little.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sidecar.ml.factors import CLOSED
from sidecar.ml.series import Bools, Floats, Singles

LEAST = {7: 6, 52: 3}
"""Periods with sales from which an item's usual sale is known, by season; months are never held down."""
PEAK = {7: 2.0, 52: 1.5}
"""Times the usual sale that a period counts at most, by season."""
BUSY = 1 / 3
"""Share of the periods that must have sales: of what sells now and then, an order is the demand."""
NEW = 0.1
"""Weight of the newest sale in the usual one, so that a lasting change of level is soon believed."""
COMMON = {7: 1 / 7, 52: 1 / 2}
"""Weight of the newest period in how all items sell against what is usual: a season is no bulk order."""
FEWEST = 5
"""Items that must sell in a period before it says anything of all."""
OWN = 0.5
"""Weight of the item's own peaks in what is put back."""


def held(y: Floats, factors: Floats, season: int) -> Floats:
    """Demand (n, t) with peaks held down, each period by what lies before it; y itself for months.

    factors (n or 1, t or more): the calendar. The usual sale is that of periods in which something sold.
    """
    if season not in LEAST:
        return y
    there = _open(y)
    sales = np.nan_to_num(y / np.maximum(factors[:, : y.shape[1]], CLOSED)).T.astype(np.float32, order="C")
    out = y.copy()
    usual, count, seen = np.zeros((3, len(y)), dtype=np.float32)
    common = 1.0
    for t, sold in enumerate(sales):
        busy = sold > 0
        seen += there[:, t]
        known = np.flatnonzero(busy & (count >= np.maximum(LEAST[season], BUSY * seen)))
        now, before = sold[known], usual[known]
        if len(known) >= FEWEST:
            common += COMMON[season] * (float(np.median(now / before)) - common)
        limit = PEAK[season] * max(common, 1.0) * before
        over = now > limit
        out[known[over], t] *= limit[over] / now[over]
        sold[known] = np.minimum(now, limit)
        count += busy
        usual += np.where(busy, np.maximum(1 / np.maximum(count, 1), NEW), 0) * (sold - usual)
    return out


def returned(y: Floats, calm: Floats, origins: Sequence[int], season: int) -> Singles:
    """Factors (n, origins) by which forecasts from `calm` are raised to expect as much as y sold before.

    Only of items that sell often enough to be held down; the others are neither raised nor asked.
    """
    out = np.ones((len(y), len(origins)), dtype=np.float32)
    if calm is y:
        return out
    whole, without = np.nan_to_num(y).cumsum(axis=1), np.nan_to_num(calm).cumsum(axis=1)
    busy, seen = (np.nan_to_num(y) > 0).cumsum(axis=1), _open(y).cumsum(axis=1)
    often = (busy >= np.maximum(LEAST[season], BUSY * seen)) & (without > 0)
    for place, origin in enumerate(origins):
        rows = np.flatnonzero(often[:, origin - 1])
        if len(rows):
            share = np.log(whole[rows, origin - 1] / without[rows, origin - 1])
            out[rows, place] = np.exp(OWN * share + (1 - OWN) * share.mean())
    return out


def _open(y: Floats) -> Bools:
    """Known periods in which anything sold at all."""
    there: Bools = np.isfinite(y) & np.nan_to_num(y).any(axis=0)
    return there
