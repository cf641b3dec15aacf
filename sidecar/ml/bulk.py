"""Orders far above what an item usually sells: held down before the methods see them, put back on average.

One buyer who takes a thousand pieces says little about next month, yet moves every level that is smoothed.
So levels are told from demand with such peaks held down (for exponential smoothing: Gelper, Fried and Croux
2010, Robust forecasting with exponential and Holt-Winters smoothing), and forecasts raised by what the peaks
were of the whole: half by the item's own share, half by that of all, as the few peaks of one tell little.
Where it is known in how many orders a period's pieces were bought, those above an item's usual pieces per
order are held down first, and the period as a whole later: many buyers are no bulk order.
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
PEAK_OF_ORDERS = 3.0
"""The same where the orders are known, of any season."""
SIZE = 1.5
"""Times the usual pieces per order that an order of a period counts at most on average."""
LATEST = 0.05
"""Least weight of a period's orders in the usual pieces per order."""
BUSY = 1 / 5
"""Share of the periods that must have sales: of what sells now and then, an order is the demand."""
NEW = {7: 0.1, 52: 0.2}
"""Weight of the newest sale in the usual one, so that a lasting change of level is soon believed."""
COMMON = {7: 1 / 7, 52: 1 / 2}
"""Weight of the newest period in how all items sell against what is usual: a season is no bulk order."""
FEWEST = 5
"""Items that must sell in a period before it says anything of all."""
OWN = 0.5
"""Weight of the item's own peaks in what is put back."""


def held(y: Floats, factors: Floats, season: int, orders: Floats | None = None) -> Floats:
    """Demand (n, t) with peaks held down, each period by what lies before it; y itself for months.

    factors (n or 1, t or more): the calendar. The usual sale is that of periods in which something sold.
    orders (n, t): in how many orders it was bought, 0 where that is unknown.
    """
    if season not in LEAST:
        return y
    if orders is None:
        return _held(y, factors, season, PEAK[season])
    return _held(_sized(y, orders, season), factors, season, PEAK_OF_ORDERS)


def _sized(y: Floats, orders: Floats, season: int) -> Floats:
    """Demand (n, t) with the pieces per order held down."""
    there = _open(y)
    out = y.copy()
    usual, told, count, seen = np.zeros((4, len(y)))
    for t, (sold, made) in enumerate(zip(np.nan_to_num(y).T, orders.T, strict=True)):
        busy = (sold > 0) & (made > 0)
        seen += there[:, t]
        size = np.divide(sold, made, out=np.zeros(len(y)), where=busy)
        known = busy & (count >= np.maximum(LEAST[season], BUSY * seen))
        over = np.flatnonzero(known & (size > SIZE * usual))
        size[over] = SIZE * usual[over]
        out[over, t] = size[over] * made[over]
        count += sold > 0
        told += np.where(busy, made, 0.0)
        usual += np.where(busy, np.maximum(made / np.maximum(told, 1.0), LATEST), 0.0) * (size - usual)
    return out


def _held(y: Floats, factors: Floats, season: int, peak: float) -> Floats:
    """Demand (n, t) with periods far above the usual sale held down."""
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
        limit = peak * max(common, 1.0) * before
        over = now > limit
        out[known[over], t] *= limit[over] / now[over]
        sold[known] = np.minimum(now, limit)
        count += busy
        usual += np.where(busy, np.maximum(1 / np.maximum(count, 1), NEW[season]), 0) * (sold - usual)
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
