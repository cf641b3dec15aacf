"""Which method for which series: a combination per kind of demand, a method of its own where that is clear.

A few origins say little about one series, but much about thousands. So the weights of the combination are
those that would have erred least over all series of a kind, and a single series leaves it only for a method
that was better by more than what its few origins may show by chance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sidecar.ml.backtest import Backtest
from sidecar.ml.errors import step_scale
from sidecar.ml.series import Bools, Floats, Ints, mean_known

NAIVE = "seasonal_naive_own"
COMBINED = "combination"
SPARSE = 0.5
"""Share of periods without demand from which a series counts as sparse."""
FEWEST = 30
"""Series of a kind below which all kinds are put together."""
LEAN = 0.02
"""How strongly the weights lean on equal ones, as a share of the mean squared forecast."""
SUM = (0.3, 10.0)
"""How strongly the weights are held to a sum of one, likewise, for steady and for sparse demand.

Squared errors of mostly empty series reward forecasting nothing, which would be a wrong total.
"""
DOUBT = 12.0
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
    """Series with more empty periods than others, (n,)."""
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
    past = np.stack([np.nan_to_num(test.past(name)) for name in names])
    actual, scale = test.actual, step_scale(test.y)
    usable = np.isfinite(actual) & np.isfinite(test.past("ses"))
    usable &= (scale > 0)[:, None, None]
    mixed_past, mixed_ahead = np.zeros(past.shape[1:]), np.zeros(ahead.shape[1:])
    for code in np.unique(kind):
        rows = kind == code
        held = SUM[int(sparse(test.y[rows]).mean() > 0.5)]
        weights = combine(past[:, rows], actual[rows], usable[rows], scale[rows], held)
        mixed_past[rows] = np.tensordot(weights, past[:, rows], axes=1)
        mixed_ahead[rows] = np.tensordot(weights, ahead[:, rows], axes=1)
    best = _own(past, mixed_past, actual, usable, kind)
    own = best >= 0
    every = np.arange(len(best))
    mixed_past[own], mixed_ahead[own] = past[best[own], every[own]], ahead[best[own], every[own]]
    method = tuple(names[at].removesuffix("_own") if at >= 0 else COMBINED for at in best)
    return Choice(mixed_past, mixed_ahead, method, kind)


def combine(past: Floats, actual: Floats, usable: Bools, scale: Floats, held: float) -> Floats:
    """Weights (methods,), none negative, of the least scaled squared error over (n, origins, span).

    Series weigh by the inverse of their scale and of their error, so that the mean of the roots falls.
    """
    count = len(past)
    equal = np.full(count, 1 / count)
    if not usable.any():
        return equal
    target = np.where(usable, actual, 0.0)
    series = np.where(usable, past, 0.0)
    errors = ((series.mean(axis=0) - target) ** 2).sum(axis=(1, 2)) / np.maximum(usable.sum(axis=(1, 2)), 1)
    relative = np.sqrt(errors / np.where(scale > 0, scale, np.inf))
    floor = 0.3 * np.median(relative[relative > 0]) if (relative > 0).any() else 1.0
    weight = np.divide(1.0, scale, out=np.zeros_like(scale), where=scale > 0) / np.maximum(relative, floor)
    root = np.sqrt(weight)[None, :, None, None]
    flat = (series * root).reshape(count, -1)
    gram = flat @ flat.T
    wanted = flat @ (target * root[0]).reshape(-1)
    size = np.trace(gram) / count
    gram = gram + LEAN * size * np.eye(count) + held * size
    return _nonnegative(gram, wanted + LEAN * size * equal + held * size, equal)


def _nonnegative(gram: Floats, wanted: Floats, start: Floats) -> Floats:
    """Least squares without negative weights by coordinate descent."""
    weights = start.copy()
    for _ in range(400):
        for n in range(len(weights)):
            weights[n] = max(0.0, weights[n] + (wanted[n] - gram[n] @ weights) / gram[n, n])
    return weights


def _own(past: Floats, mixed: Floats, actual: Floats, usable: Bools, kind: Ints) -> Ints:
    """Per series the place of a method that beats the combination beyond doubt, else -1."""
    known = np.where(usable, actual, np.nan)
    base = mean_known(((mixed - known) ** 2).reshape(len(mixed), -1))
    errors = np.stack([mean_known(((one - known) ** 2).reshape(len(one), -1)) for one in past])
    ratio = np.divide(errors, base, out=np.ones_like(errors), where=base > 0)
    origins = usable.any(axis=2).sum(axis=1)
    usual = np.ones_like(ratio)
    for code in np.unique(kind):
        rows = kind == code
        usual[:, rows] = np.maximum(np.nanmedian(ratio[:, rows], axis=1), 1.0)[:, None]
    score = (origins * np.nan_to_num(ratio, nan=1.0) + DOUBT * usual) / (origins + DOUBT)
    best = score.argmin(axis=0)
    return np.where(score.min(axis=0) < 0.9, best, -1)
