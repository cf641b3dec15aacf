"""Which method for which series: a combination per kind of demand, a method of its own where that is clear.

A few origins say little about one series, but much about thousands. So the weights of the combination are
those that would have erred least over all series of a kind, and a single series leaves it only for a method
that was better by more than what its few origins may show by chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sidecar.ml.backtest import Backtest
from sidecar.ml.errors import step_scale
from sidecar.ml.parallel import slices
from sidecar.ml.series import CHUNK, Bools, Floats, Ints, mean_known

NAIVE = "seasonal_naive_own"
COMBINED = "combination"
SPARSE = 0.5
"""Share of periods without demand from which a series counts as sparse."""
FEWEST = 30
"""Series of a kind below which all kinds are put together."""
LEAN = 0.02
"""How strongly the weights lean on equal ones, as a share of the mean squared forecast."""
NEAR = 1.25
"""Methods whose squared error is above the least one times this have no part in the combination."""
SUM = (0.1, 10.0)
"""How strongly the weights are held to a sum of one, likewise, for steady and for sparse demand.

Squared errors of mostly empty series reward forecasting nothing, which would be a wrong total.
"""
DOUBT = 30.0
"""Origins' worth of belief in the combination against a series' own best method."""


@dataclass(frozen=True)
class Choice:
    """past (n, origins, span) and ahead (n, horizon) of what was chosen, and its name per series."""

    past: Floats
    ahead: Floats
    method: tuple[str, ...]
    kind: Ints


def kinds(y: Floats) -> Ints:
    """0 for steady, 1 for sparse demand, per series; one kind where one of them has too few series."""
    idle = sparse(y)
    few = min(int(idle.sum()), int((~idle).sum())) < FEWEST
    return np.zeros(len(y), dtype=np.intp) if few else idle.astype(np.intp)


def sparse(y: Floats) -> Bools:
    """Series that are mostly empty, (n,); periods in which nothing sold at all (closed days) do not count."""
    y = y[:, np.nan_to_num(y).any(axis=0)]
    out: Bools = np.nan_to_num(mean_known(np.where(np.isnan(y), np.nan, y == 0)), nan=1.0) > SPARSE
    return out


def choose(test: Backtest) -> Choice:
    """Combination per kind, or a method of a series' own."""
    names = list(test.candidates)
    kind = kinds(test.y)
    ahead = np.stack([np.nan_to_num(test.candidates[name][:, -1]).astype(np.float64) for name in names])
    if not test.origins:
        return Choice(
            np.zeros((len(test.y), 0, 0)), np.median(ahead, axis=0), (COMBINED,) * len(test.y), kind
        )
    past = [test.past(name) for name in names]
    actual, scale = test.actual, step_scale(test.y)
    usable = np.isfinite(actual) & np.isfinite(test.past("ses"))
    usable &= (scale > 0)[:, None, None]
    mixed_past, mixed_ahead = np.zeros(actual.shape), np.zeros(ahead.shape[1:])
    for code in np.unique(kind):
        rows = np.flatnonzero(kind == code)
        # A few series cannot tell whether less (or more) than all methods say would be better.
        held = SUM[int(len(rows) < FEWEST or sparse(test.y[rows]).mean() > 0.5)]
        weights = combine([one[rows] for one in past], actual[rows], usable[rows], scale[rows], held)
        mixed_ahead[rows] = np.tensordot(weights, ahead[:, rows], axes=1)
        # One after the other: all of them at once would be the largest thing in memory.
        for weight, one in zip(weights, past, strict=True):
            mixed_past[rows] += weight * np.nan_to_num(one[rows])
    best = _own(past, mixed_past, actual, usable, kind)
    for at in np.unique(best[best >= 0]):
        rows = np.flatnonzero(best == at)
        mixed_past[rows], mixed_ahead[rows] = np.nan_to_num(past[at][rows]), ahead[at][rows]
    method = tuple(names[at].removesuffix("_own") if at >= 0 else COMBINED for at in best)
    return Choice(mixed_past, mixed_ahead, method, kind)


def combine(past: Sequence[Floats], actual: Floats, usable: Bools, scale: Floats, held: float) -> Floats:
    """Weights (methods,), none negative, of the least scaled squared error over (n, origins, span).

    Series weigh by the inverse of their scale and of their error, so that the mean of the roots falls.
    """
    count = len(past)
    equal = np.full(count, 1 / count)
    if not usable.any():
        return equal
    parts = slices(len(actual), CHUNK)
    errors = np.concatenate([_mean_error(*_filled(past, actual, usable, rows)) for rows in parts])
    errors /= np.maximum(usable.sum(axis=(1, 2)), 1)
    relative = np.sqrt(errors / np.where(scale > 0, scale, np.inf))
    floor = 0.3 * np.median(relative[relative > 0]) if (relative > 0).any() else 1.0
    weight = np.divide(1.0, scale, out=np.zeros_like(scale), where=scale > 0) / np.maximum(relative, floor)
    gram, wanted, squares = np.zeros((count, count)), np.zeros(count), 0.0
    for rows in parts:
        series, target = _filled(past, actual, usable, rows)
        root = np.sqrt(weight[rows])[:, None, None]
        flat = (series * root).reshape(count, -1)
        gram += flat @ flat.T
        goal = (target * root).reshape(-1)
        wanted += flat @ goal
        squares += float(goal @ goal)
    # Methods far behind are left out, or leaning on equal weights would lean on them.
    apart = squares - 2 * wanted + np.diag(gram)
    near = np.flatnonzero(apart <= NEAR * max(float(apart.min()), 1e-12))
    gram, wanted = gram[np.ix_(near, near)], wanted[near]
    size = float(np.trace(gram)) / len(near)
    gram = gram + LEAN * size * np.eye(len(near)) + held * size
    even = np.full(len(near), 1 / len(near))
    weights = np.zeros(count)
    weights[near] = _nonnegative(gram, wanted + LEAN * size * even + held * size, even)
    return weights


def _filled(past: Sequence[Floats], actual: Floats, usable: Bools, rows: slice) -> tuple[Floats, Floats]:
    """Forecasts (methods, rows, origins, span) and what came, 0 where that is not known."""
    series = np.stack([np.where(usable[rows], np.nan_to_num(one[rows]), 0.0) for one in past])
    return series, np.where(usable[rows], actual[rows], 0.0)


def _mean_error(series: Floats, target: Floats) -> Floats:
    """Squared error of the plain mean, summed per series."""
    errors: Floats = ((series.mean(axis=0) - target) ** 2).sum(axis=(1, 2))
    return errors


def _nonnegative(gram: Floats, wanted: Floats, start: Floats) -> Floats:
    """Least squares without negative weights by coordinate descent."""
    weights = start.copy()
    for _ in range(400):
        for n in range(len(weights)):
            weights[n] = max(0.0, weights[n] + (wanted[n] - gram[n] @ weights) / gram[n, n])
    return weights


def _own(past: Sequence[Floats], mixed: Floats, actual: Floats, usable: Bools, kind: Ints) -> Ints:
    """Per series the place of a method that beats the combination beyond doubt, else -1."""
    known = np.where(usable, actual, np.nan)
    base = mean_known(((mixed - known) ** 2).reshape(len(mixed), -1))
    errors = np.stack([mean_known(((np.nan_to_num(one) - known) ** 2).reshape(len(one), -1)) for one in past])
    ratio = np.divide(errors, base, out=np.ones_like(errors), where=base > 0)
    origins = usable.any(axis=2).sum(axis=1)
    usual = np.ones_like(ratio)
    for code in np.unique(kind):
        rows = kind == code
        usual[:, rows] = np.maximum(np.nanmedian(ratio[:, rows], axis=1), 1.0)[:, None]
    score = (origins * np.nan_to_num(ratio, nan=1.0) + DOUBT * usual) / (origins + DOUBT)
    best = score.argmin(axis=0)
    return np.where(score.min(axis=0) < 0.9, best, -1)
