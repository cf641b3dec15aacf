"""Series as rows of a matrix, oldest first, NaN where a value is not known: what all methods share."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]
Singles = NDArray[np.float32]
Method = Callable[[Floats, Sequence[int], int, int], Floats]
"""`(y (n, t), origins, horizon, season) -> (n, len(origins), horizon)`: means after each origin."""

TREND_FROM = 14
"""Known periods before a trend is believed; in fewer, a week's pattern or chance passes for one."""
RECENT = 366
"""Periods that methods look back which must run anew for each origin; more days cost time and say little."""
CHUNK = 1024
"""Series worked on at once: states that fit into a core's cache, yet work that outweighs a call of numpy."""


def in_chunks(method: Method, size: int = CHUNK) -> Method:
    """The same method on a few series at a time, so that memory does not grow with their number."""

    def chunked(y: Floats, origins: Sequence[int], horizon: int, season: int) -> Floats:
        out = np.empty((len(y), len(origins), horizon))
        for first in range(0, len(y), size):
            out[first : first + size] = method(y[first : first + size], origins, horizon, season)
        return out

    chunked.__doc__ = method.__doc__
    chunked.__name__ = getattr(method, "__name__", "method")
    return chunked


def by_period(y: Floats) -> tuple[Singles, Singles]:
    """Values, 0 where unknown, and their weights 0 or 1, each (t, n), for a loop over time.

    In single precision: demand is not known to seven digits, and the loops are twice as quick.
    """
    known = ~np.isnan(y)
    values = np.ascontiguousarray(np.where(known, y, 0.0).T, dtype=np.float32)
    return values, np.ascontiguousarray(known.T, dtype=np.float32)


def first_known(y: Floats) -> Ints:
    """First column with a known value, per series; the number of columns where there is none."""
    known = ~np.isnan(y)
    found: Ints = np.where(known.any(axis=1), known.argmax(axis=1), y.shape[1])
    return found


def opening(y: Floats, origins: Sequence[int]) -> Ints:
    """The first origin after a series begins, which what it starts from may not look beyond; per series."""
    bounds = np.array([*sorted(set(origins)), y.shape[1] + 1])
    ends: Ints = bounds[np.minimum(np.searchsorted(bounds, first_known(y), side="right"), len(bounds) - 1)]
    return ends


def first_values(y: Floats, origins: Sequence[int], count: int) -> Floats:
    """The first `count` periods of each series, as far as they lie before the opening's end; (n, count)."""
    columns = first_known(y)[:, None] + np.arange(count)
    early = columns < np.minimum(opening(y, origins), y.shape[1])[:, None]
    if not y.shape[1]:
        return np.full(columns.shape, np.nan)
    values = np.take_along_axis(y, np.minimum(columns, y.shape[1] - 1), axis=1)
    return np.where(early, values, np.nan)


def last_values(y: Floats, origin: int, count: int) -> Floats:
    """The last `count` known values before `origin`, oldest first, NaN in front where fewer; (n, count)."""
    known = ~np.isnan(y[:, :origin])
    rank = known.sum(axis=1, keepdims=True) - np.cumsum(known, axis=1)
    rows, columns = np.nonzero(known & (rank < count))
    out = np.full((len(y), count), np.nan)
    out[rows, count - 1 - rank[rows, columns]] = y[rows, columns]
    return out


def mean_known(values: Floats, axis: int = -1) -> Floats:
    """Mean of what is known along an axis, NaN where nothing is; no warning."""
    known = ~np.isnan(values)
    count = known.sum(axis=axis)
    total = np.where(known, values, 0.0).sum(axis=axis)
    out: Floats = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return out


def stacked(y: Floats, origins: Sequence[int], length: int = 0) -> Floats:
    """The last `RECENT` periods before each origin below each other, ending in the last column.

    (origins * n, length), NaN before series begin; `length` is the longest history's at least.
    """
    length = max([length, *(min(origin, RECENT) for origin in origins)])
    out = np.full((len(origins), len(y), length), np.nan)
    for k, origin in enumerate(origins):
        seen = min(origin, RECENT)
        out[k, :, length - seen :] = y[:, origin - seen : origin]
    return out.reshape(len(origins) * len(y), length)


def resting(found: Floats, y: Floats, origins: Sequence[int]) -> Floats:
    """Forecasts (n, origins, horizon); where `RECENT` periods told nothing, the mean of what came before."""
    for k, origin in enumerate(origins):
        rows = np.flatnonzero(np.isnan(found[:, k]).any(axis=1))
        if len(rows) and origin > RECENT:
            found[rows, k] = mean_known(last_values(y[rows], origin, 28))[:, None]
    return found


def slots(origin: int, horizon: int, season: int) -> Ints:
    """Place in the season of each period after `origin`."""
    places: Ints = np.arange(origin, origin + horizon) % max(season, 1)
    return places
