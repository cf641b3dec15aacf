"""Which method for which series: a combination per kind of demand, a method of its own where that is clear.

A few origins say little about one series, but much about thousands. So the weights of the combination are
those that would have erred least over all series of a kind, drawn to the median of all methods as far as that
held better at origins left out; and a single series leaves the combination only for a method that was better
by more than what its few origins may show by chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sidecar.ml.backtest import TOLD, Backtest
from sidecar.ml.errors import least_error, step_scale
from sidecar.ml.intervals import pools
from sidecar.ml.medians import median
from sidecar.ml.parallel import here, slices
from sidecar.ml.series import Floats, Ints, Singles, first_known, mean_known

NAIVE = "seasonal_naive_own"
COMBINED = "combination"
PLAIN = "imapa"
"""Whose error says how much a series scatters, until a combination is known."""
KINDS = (0.2, 0.5)
"""Shares of periods without demand that part the kinds: what is best for steady demand is not for others."""
FEWEST = 30
"""Series below which no kind tells whether less (or more) than all methods say would be better."""
LEAN = 0.02
"""How strongly the weights lean on equal ones, as a share of the mean squared forecast."""
NEAR = 1.25
"""Methods whose squared error is above the least one times this have no part in the combination."""
SUMS, CLEARLY = ((1.0, 3.0), (10.0,)), 1.005
"""How strongly the weights may be held to a sum of one, for steady and for sparse demand; by how much another
than the first must be better.

Squared errors reward forecasting less than will come, those of mostly empty series forecasting nothing: a
wrong total.
"""
DOUBT = 30.0
"""Origins' worth of belief in the combination against a series' own best method."""
SHARES = (1.0, 0.75, 0.5, 0.25, 0.0)
"""Shares of the median of all methods that are tried."""
ROWS = 512
"""Series looked at at once."""
BLOCKS = 3
"""Parts of the past origins, each of which judges what the others say."""


@dataclass(frozen=True)
class Choice:
    """past (n, origins, span) and ahead (n, horizon) of what was chosen, and its name per series."""

    past: Floats
    ahead: Floats
    method: tuple[str, ...]


def kinds(y: Floats) -> Ints:
    """0 for steady demand, 1 for demand with empty periods, 2 for sparse demand, per series."""
    return pools(_idle(y), KINDS)


def _idle(y: Floats) -> Floats:
    """Share of empty periods, (n,); periods in which nothing sold at all (closed days) do not count."""
    y = y[:, np.nan_to_num(y).any(axis=0)]
    out: Floats = np.nan_to_num(mean_known(np.where(np.isnan(y), np.nan, y == 0)), nan=1.0)
    return out


def choose(test: Backtest) -> Choice:
    """Combination per kind, or a method of a series' own."""
    names = list(test.candidates)
    kind = kinds(test.y)
    size = len(test.y)
    parts = slices(size, ROWS)
    told = _Told(test, np.concatenate(here(_medians, [(test, rows) for rows in parts])))
    if not test.origins:
        return Choice(np.zeros((size, 0, 0)), told.median[:, -1].astype(float), (COMBINED,) * size)
    scale = step_scale(test.y)
    alike = [np.flatnonzero(kind == code) for code in range(len(KINDS) + 1)]
    weights = np.stack([_weights(told, rows, scale) for rows in alike])
    made = here(_combined, [(told, rows, weights[kind[rows]], scale) for rows in parts])
    past, ahead, squares = (np.concatenate(part) for part in zip(*made, strict=True))
    best = _own(squares.T, test, scale, kind)
    for at in np.unique(best[best >= 0]):
        own = np.flatnonzero(best == at)
        past[own] = np.nan_to_num(test.candidates[names[at]][own, :-1, : test.span])
        ahead[own] = np.nan_to_num(test.candidates[names[at]][own, -1])
    method = tuple(names[at].removesuffix("_own") if at >= 0 else COMBINED for at in best)
    return Choice(past, ahead, method)


@dataclass(frozen=True)
class _Told:
    """The backtest, with the median (n, origins + 1, horizon) of its candidates."""

    test: Backtest
    median: Singles

    def all(self, rows: slice | Ints, ahead: bool = False) -> list[Singles]:
        """All methods, and last their median, (rows, ...) each: of the past origins, or of the end."""
        part = (rows, -1) if ahead else (rows, slice(0, -1), slice(0, self.test.span))
        return [*(_filled(values[part]) for values in self.test.candidates.values()), self.median[part]]


def _medians(test: Backtest, rows: slice) -> Singles:
    return median([_filled(values[rows]) for values in test.candidates.values()])


def _filled(values: Singles) -> Singles:
    return np.where(np.isnan(values), np.float32(0), values)


def _combined(told: _Told, rows: slice, share: Floats, scale: Floats) -> tuple[Floats, Floats, Floats]:
    """The combination after the past origins and at the end, and mean squared errors (rows, methods + 1).

    The last error is that of the combination.
    """
    known = _known(told.test, rows, scale)
    usable = np.isfinite(known)
    goal = np.nan_to_num(known).astype(np.float32)
    made, last = told.all(rows), told.all(rows, ahead=True)
    past, ahead = np.zeros(made[0].shape), np.zeros(last[0].shape)
    for one, end, weight in zip(made, last, share.T, strict=True):
        if weight.any():
            past += one * weight[:, None, None]
            ahead += end * weight[:, None]
    squares = np.empty((len(share), len(made)))
    for place, one in enumerate((*made[:-1], past.astype(np.float32))):
        away = (one - goal) * usable
        squares[:, place] = np.einsum("rks,rks->r", away, away)
    count = usable.sum(axis=(1, 2))[:, None]
    return past, ahead, np.divide(squares, count, out=np.full(squares.shape, np.nan), where=count > 0)


def _known(test: Backtest, rows: slice | Ints, scale: Floats) -> Floats:
    """What came after the past origins (rows, origins, span); NaN where that tells nothing of a method."""
    actual = np.stack([test.y[rows, o : o + test.span] for o in test.origins], axis=1)
    # A series begins with a sale, so forecasts from its first periods are too high, and those of the end not.
    least = max(1, min(TOLD.get(test.season, 8), test.origins[-1] // 2))
    settled = np.array(test.origins) - first_known(test.y[rows])[:, None] >= least
    usable = settled & (scale[rows] > 0)[:, None]
    return np.where(usable[:, :, None], actual, np.nan)


def _weights(told: _Told, rows: Ints, scale: Floats) -> Floats:
    """Weights (methods + 1,) of the least scaled error over some series, none negative."""
    plain: Floats = np.array([name == PLAIN for name in told.test.candidates] + [False], dtype=float)
    steady = len(rows) >= FEWEST and (_idle(told.test.y[rows]) > KINDS[-1]).mean() <= 0.5
    found = _fitted(told, rows, scale, plain, SUMS[int(not steady)])
    # Again, by the errors of what was found; those of sparse demand are small where too little is said.
    return _fitted(told, rows, scale, found, SUMS[0]) if steady else found


def _fitted(told: _Told, rows: Ints, scale: Floats, before: Floats, sums: Sequence[float]) -> Floats:
    """Weights of the least squares in which series weigh by the inverse error of the weights before.

    They lean on the median of all methods, by as much as would have been best at origins that the weights
    were not set on: what is common to all series in a few weeks is no merit of a method.
    """
    middle: Floats = np.eye(len(before))[-1]
    if not len(rows):
        return middle
    gram, wanted, squares = _moments(told, rows, scale, before)
    # Each origin counts alike, however much its weeks scattered.
    usual = np.maximum(_squares(middle, gram, wanted, squares), 1e-12)
    gram, wanted, squares = gram / usual[:, None, None], wanted / usual[:, None], squares / usual
    held, share = _tried(gram, wanted, squares, middle, sums)
    own = combine(gram.sum(axis=0), wanted.sum(axis=0), float(squares.sum()), held)
    out: Floats = (1 - share) * own + share * middle
    return out


def _tried(
    gram: Floats, wanted: Floats, squares: Floats, middle: Floats, sums: Sequence[float]
) -> tuple[float, float]:
    """How strongly weights are held to a sum of one, and the median's share: the best at origins left out."""
    origins = np.arange(len(squares))
    if len(origins) < 2:
        return sums[0], 0.75
    loss = np.zeros((len(sums), len(SHARES)))
    for left in np.array_split(origins, min(BLOCKS, len(origins))):
        rest = np.delete(origins, left)
        for row, held in enumerate(sums):
            found = combine(
                gram[rest].sum(axis=0), wanted[rest].sum(axis=0), float(squares[rest].sum()), held
            )
            for place, share in enumerate(SHARES):
                mixed = (1 - share) * found + share * middle
                loss[row, place] += _squares(mixed, gram[left], wanted[left], squares[left]).sum()
    loss[1:] *= CLEARLY
    best = int(loss.argmin())
    return sums[best // len(SHARES)], SHARES[best % len(SHARES)]


def _moments(told: _Told, rows: Ints, scale: Floats, before: Floats) -> tuple[Floats, Floats, Floats]:
    """Products of the forecasts with each other, with what came, and of that with itself, per origin.

    Series weigh by the inverse of their scale and of their error, so that the mean of the roots falls.
    """
    parts = [rows[part] for part in slices(len(rows), ROWS)]
    errors = here(_relative, [(told, part, scale, before) for part in parts])
    floor = least_error(np.concatenate(errors))
    weights = [
        np.divide(1.0, scale[part], out=np.zeros(len(part)), where=scale[part] > 0) / np.maximum(error, floor)
        for part, error in zip(parts, errors, strict=True)
    ]
    made = here(_products, [(told, part, scale, weight) for part, weight in zip(parts, weights, strict=True)])
    gram, wanted, squares = (np.sum(part, axis=0) for part in zip(*made, strict=True))
    return gram, wanted, squares


def _products(told: _Told, rows: Ints, scale: Floats, weight: Floats) -> tuple[Floats, Floats, Floats]:
    """The moments of some series with these weights."""
    known = _known(told.test, rows, scale)
    root = np.where(np.isfinite(known), np.sqrt(weight)[:, None, None], 0.0).astype(np.float32)
    goal = np.nan_to_num(known).astype(np.float32) * root
    made = told.all(rows)
    gram, wanted, squares = [], [], []
    for at in range(len(told.test.origins)):
        flat = np.stack([(one[:, at] * root[:, at]).reshape(-1) for one in made])
        target = goal[:, at].reshape(-1)
        gram.append(flat @ flat.T)
        wanted.append(flat @ target)
        squares.append(float(target @ target))
    return np.array(gram, dtype=float), np.array(wanted, dtype=float), np.array(squares)


def _relative(told: _Told, rows: Ints, scale: Floats, weights: Floats) -> Floats:
    """Root mean squared scaled error (rows,) of a combination; 0 where nothing is known."""
    test = told.test
    known = _known(test, rows, scale)
    made = np.zeros(known.shape, dtype=np.float32)
    for values, weight in zip((*test.candidates.values(), told.median), weights, strict=True):
        if weight:
            made += np.float32(weight) * _filled(values[rows, :-1, : test.span])
    apart = (made - known) ** 2
    usable = np.where(scale[rows] > 0, scale[rows], np.inf)
    out: Floats = np.sqrt(np.nan_to_num(mean_known(apart.reshape(len(rows), -1))) / usable)
    return out


def _squares(weights: Floats, gram: Floats, wanted: Floats, squares: Floats) -> Floats:
    """Squared error of a combination per origin."""
    out: Floats = squares - 2 * wanted @ weights + (gram @ weights) @ weights
    return out


def combine(gram: Floats, wanted: Floats, squares: float, held: float) -> Floats:
    """Weights (methods,), none negative, of the least squared error from its moments."""
    count = len(wanted)
    # Methods far behind are left out, or leaning on equal weights would lean on them.
    apart = squares - 2 * wanted + np.diag(gram)
    near = np.flatnonzero(apart <= NEAR * max(float(apart.min()), 1e-12))
    gram, wanted = gram[np.ix_(near, near)], wanted[near]
    size = float(np.trace(gram)) / len(near)
    even = np.full(len(near), 1 / len(near))
    weights = np.zeros(count)
    if not size > 0:
        weights[near] = even
        return weights
    gram = gram + LEAN * size * np.eye(len(near)) + held * size
    weights[near] = _nonnegative(gram, wanted + LEAN * size * even + held * size, even)
    return weights


def _nonnegative(gram: Floats, wanted: Floats, start: Floats) -> Floats:
    """Least squares without negative weights by coordinate descent."""
    weights = start.copy()
    for _ in range(400):
        for n in range(len(weights)):
            weights[n] = max(0.0, weights[n] + (wanted[n] - gram[n] @ weights) / gram[n, n])
    return weights


def _own(squares: Floats, test: Backtest, scale: Floats, kind: Ints) -> Ints:
    """Per series the place of a method that beats the combination (the last row) beyond doubt, else -1."""
    errors, base = squares[:-1], squares[-1]
    ratio = np.divide(errors, base, out=np.ones_like(errors), where=base > 0)
    seen = np.stack([np.isfinite(test.y[:, o : o + test.span]).any(axis=1) for o in test.origins])
    origins = np.where(scale > 0, seen.sum(axis=0), 0)
    usual = np.ones_like(ratio)
    for code in np.unique(kind):
        rows = kind == code
        usual[:, rows] = np.maximum(np.nanmedian(ratio[:, rows], axis=1), 1.0)[:, None]
    score = (origins * np.nan_to_num(ratio, nan=1.0) + DOUBT * usual) / (origins + DOUBT)
    best = score.argmin(axis=0)
    return np.where(score.min(axis=0) < 0.9, best, -1)
