"""The price of every day, from prices that were only seen on days with a sale.

Between two sales at different prices the change lies on an unknown day. Two things tell of it: nothing sold
in between, which is likelier at the slower price, and shops change many prices on the same day, so that days
on which other products surely changed are likelier. An EM over all products weighs the two; each change is
then drawn from what it leaves plausible.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sidecar.retail.demand import Bools, Floats

Ints = NDArray[np.int64]
ROUNDS = 12
LONELY = 0.1
"""Share of price changes that happen on a day of their own."""
GOLDEN = 0.6180339887498949


def daily_prices(values: Floats, seen: Bools, pieces: Floats, slope: float, least: float) -> Floats:
    """Log prices of all days, shape (products, days), from `values` where `seen`.

    `pieces` is what sold, `slope` the price response so far; prices closer than `least` count as one. Days
    before the first and after the last sale take the nearest price; rows without a sale are 0.
    """
    count = seen.shape[1]
    days = np.arange(count)
    left = np.maximum.accumulate(np.where(seen, days, -1), axis=1)
    right = np.minimum.accumulate(np.where(seen, days, count)[:, ::-1], axis=1)[:, ::-1]
    known = np.where(seen, values, 0.0)
    before = np.take_along_axis(known, np.maximum(left, 0), axis=1)
    after = np.take_along_axis(known, np.minimum(right, count - 1), axis=1)
    inside = (left >= 0) & (right < count)
    filled = np.where(left >= 0, before, np.where(right < count, after, 0.0))
    # Pieces a day at the reference price: pieces over the price effect of the days from first to last sale.
    effect = ((np.exp(slope * before) + np.exp(slope * after)) / 2).sum(axis=1, where=inside)
    _place_changes(filled, known, seen, pieces.sum(axis=1) / np.maximum(effect, 1e-9), slope, least)
    return filled


def _place_changes(
    filled: Floats, known: Floats, seen: Bools, rate: Floats, slope: float, least: float
) -> None:
    """Writes the later price into `filled` from the day on which each change is placed."""
    row, day = np.nonzero(seen)
    price = known[row, day]
    change = np.flatnonzero((row[1:] == row[:-1]) & (np.abs(np.diff(price)) > least))
    if not len(change):
        return
    row, first, last = row[change], day[change] + 1, day[change + 1]
    old, new = price[change], price[change + 1]
    size = last - first + 1
    gap = np.repeat(np.arange(len(change)), size)
    start = np.cumsum(size) - size
    place = np.arange(len(gap)) - start[gap]
    silence = (rate[row] * (np.exp(slope * new) - np.exp(slope * old)))[gap] * place
    weights = _weigh(
        gap, first[gap] + place, (new > old)[gap].astype(np.int64), silence, start, seen.shape[1]
    )
    total = np.cumsum(weights) - np.concatenate(([0.0], np.cumsum(weights)))[start[gap]]
    # One even draw per change, the same every time: the steps of the golden ratio fill 0 to 1 evenly.
    draw = (np.arange(len(change)) * GOLDEN + 0.5) % 1
    chosen = np.bincount(gap, weights=total < draw[gap], minlength=len(change)).astype(np.int64)
    later = place >= np.minimum(chosen, size - 1)[gap]
    filled[row[gap][later], (first[gap] + place)[later]] = new[gap][later]


def _weigh(gap: Ints, day: Ints, up: Ints, silence: Floats, start: Ints, count: int) -> Floats:
    """Probability of each candidate day of each change, rises and falls apart."""
    key = up * (count + 1) + day
    high = np.maximum.reduceat(silence, start)
    likely = np.exp(silence - high[gap])
    together = np.ones(2 * (count + 1))
    weights = likely
    for _ in range(ROUNDS):
        weights = likely * together[key]
        weights = weights / np.add.reduceat(weights, start)[gap]
        sums = np.bincount(key, weights=weights, minlength=len(together))
        together = (1 - LONELY) * sums + LONELY * sums.mean()
    return weights
