"""Sparse demand as counts: how likely 0, 1, 2 … pieces are, from one model over all such items.

A boosted classifier says in which class of counts a period ends (scikit-learn's HistGradientBoosting). A
negative binomial around the mean is mixed in, by as much as the last past origin asks for; quantiles are
whole pieces of the mixture.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sidecar.ml.backtest import WEEK, Backtest
from sidecar.ml.boosted import ROWS
from sidecar.ml.errors import pinball, step_scale
from sidecar.ml.features import Drivers, group_levels, table
from sidecar.ml.intervals import Spread, spread
from sidecar.ml.learning import Boosted, fitted
from sidecar.ml.parallel import here
from sidecar.ml.series import Bools, Floats, Ints, mean_known

LEAST = 2_000
"""Below so many rows there is no classifier."""
IDLE = 0.2
"""Share of empty periods from which an item is a matter of counts."""
PARTS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Parts of the classifier in the mixture that are tried."""
COLUMNS = 14
"""Periods of the horizon for which distributions are made; the others take the nearest one's."""
EDGES = (0.15, 0.3, 0.45, 0.6, 0.72, 0.82, 0.9, 0.96, 0.99)
"""Quantiles of demand, where there is any, that part the classes."""


@dataclass(frozen=True)
class Classes:
    """Smallest and largest whole count of each class."""

    low: Floats
    high: Floats


def sparse_rows(y: Floats) -> Bools:
    """Items of whole counts with empty periods between them."""
    whole = (np.nan_to_num(y) % 1 == 0).all(axis=1)
    idle = np.nan_to_num(mean_known(np.where(np.isnan(y), np.nan, y == 0)), nan=1.0) > IDLE
    out: Bools = whole & idle
    return out


def count_quantiles(
    test: Backtest,
    past: Floats,
    ahead: Floats,
    band: Spread,
    groups: Ints,
    drivers: Drivers,
    levels: tuple[float, ...],
    seed: int,
) -> tuple[Floats, Floats]:
    """Quantiles (n, levels, horizon) of these items, and the share (n,) of the last span inside them."""
    classes = _classes(test.y)
    horizon = ahead.shape[1]
    chosen = _columns(horizon, test.season)
    place = _nearest(horizon, chosen, test.season)
    last = len(test.origins) - 1
    inside, part = np.full(len(ahead), np.nan), 0.5
    # Judged by a model that has seen only what followed the earlier origins.
    seen = (range(max(last, 0)), range(len(test.origins)))
    early, model = here(_fit, [(test, groups, drivers, classes, origins, seed) for origins in seen])
    if last >= 1:
        short = _columns(test.span, test.season)
        before = spread(replace(test, origins=test.origins[:last]), past[:, :last], ahead, band.apart)
        both = _chances(early, test, last, past[:, last], before, groups, drivers, classes, short)
        actual = test.actual[:, last][:, short]
        part = _part(both, classes, actual, levels, step_scale(test.y, 1))
        bounds = _quantiles(_mixed(both, part), classes, (levels[0], levels[-1]))
        covered = (actual >= bounds[:, 0]) & (actual <= bounds[:, 1])
        inside = mean_known(np.where(np.isnan(actual), np.nan, covered))
    both = _chances(model, test, -1, ahead, band, groups, drivers, classes, chosen)
    out = _quantiles(_mixed(both, part), classes, levels)[:, :, place]
    open_days = np.broadcast_to(test.factors, (len(ahead), test.factors.shape[1]))[:, -horizon:] > 0.1
    return np.where(open_days[:, None], out, 0.0), inside


def _classes(y: Floats) -> Classes:
    """Classes 0, then stretches of counts with about as much demand each; the last is open."""
    sold = y[np.nan_to_num(y) > 0]
    tops = np.unique(np.floor(np.quantile(sold, EDGES))) if len(sold) else np.array([1.0])
    high = np.unique(np.concatenate([[0.0], tops, [sold.max() if len(sold) else 1.0]]))
    return Classes(np.concatenate([[0.0], high[:-1] + 1]), high)


def _columns(horizon: int, season: int) -> Ints:
    """The periods that get a distribution: all, or the first and the last week, or some evenly apart."""
    if horizon <= COLUMNS:
        return np.arange(horizon)
    if season == WEEK:
        return np.concatenate([np.arange(WEEK), np.arange(horizon - WEEK, horizon)])
    return np.unique(np.linspace(0, horizon - 1, COLUMNS).round().astype(np.intp))


def _nearest(horizon: int, chosen: Ints, season: int) -> Ints:
    """For each period the place of the nearest chosen one, of the same weekday for days."""
    away = np.abs(np.arange(horizon)[:, None] - chosen)
    if season == WEEK and horizon > COLUMNS:
        away = away + horizon * ((np.arange(horizon)[:, None] - chosen) % WEEK != 0)
    out: Ints = away.argmin(axis=1)
    return out


def _units(test: Backtest, at: int) -> Floats:
    origin = (*test.origins, test.y.shape[1])[at]
    return np.maximum(np.nan_to_num(mean_known(test.y[:, :origin])), 1e-3)


def _fit(
    test: Backtest,
    groups: Ints,
    drivers: Drivers,
    classes: Classes,
    origins: range,
    seed: int,
) -> Boosted | None:
    """The classifier on what followed these origins; None with too little."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    if not origins:
        return None
    columns = _columns(test.span, test.season)
    features, counts = [], []
    for at in origins:
        unit = _units(test, at)
        found = table(test, at, unit, columns, drivers, group_levels(unit, groups))
        actual = test.actual[:, at][:, columns]
        usable = np.isfinite(actual)
        features.append(found[usable])
        counts.append(actual[usable])
    x, count = np.concatenate(features), np.concatenate(counts)
    if len(count) < LEAST or not (count > 0).any():
        return None
    if len(count) > ROWS:
        chosen = np.random.default_rng(seed).choice(len(count), ROWS, replace=False)
        x, count = x[chosen], count[chosen]
    model = HistGradientBoostingClassifier(
        learning_rate=0.11,
        max_iter=35,
        max_leaf_nodes=8,
        min_samples_leaf=40,
        l2_regularization=5.0,
        early_stopping=False,
        random_state=seed,
    )
    return fitted(model, x, np.searchsorted(classes.high, count))


def _part(
    both: tuple[Floats, Floats | None],
    classes: Classes,
    actual: Floats,
    levels: tuple[float, ...],
    scale: Floats,
) -> float:
    """The classifier's part of the mixture with the least pinball loss, in units of each series' steps."""
    usable = np.isfinite(actual) & (scale > 0)[:, None]
    weight = np.where(usable, 1 / np.where(scale > 0, scale, 1.0)[:, None], 0.0)
    known = np.nan_to_num(actual)
    losses = []
    for part in PARTS:
        found = _quantiles(_mixed(both, part), classes, levels)
        loss = sum(pinball(known, found[:, n], level) for n, level in enumerate(levels))
        losses.append(float((weight * loss).sum()))
    return PARTS[int(np.argmin(losses))]


def _mixed(both: tuple[Floats, Floats | None], part: float) -> Floats:
    binomial, boosted = both
    return binomial if boosted is None else (1 - part) * binomial + part * boosted


def _chances(
    model: Boosted | None,
    test: Backtest,
    at: int,
    mean: Floats,
    band: Spread,
    groups: Ints,
    drivers: Drivers,
    classes: Classes,
    columns: Ints,
) -> tuple[Floats, Floats | None]:
    """Chance of each class (n, columns, classes) by the negative binomial and by the classifier."""
    flat = mean[:, columns]
    over = np.maximum(band.dispersion, _uneven(test, at))
    binomial = np.diff(_binomial(flat, over, classes.high[:-1]), axis=2, prepend=0.0, append=1.0)
    if model is None:
        return binomial, None
    unit = _units(test, at)
    features = table(test, at, unit, columns, drivers, group_levels(unit, groups))
    found = model.predict_proba(features.reshape(-1, features.shape[2]))
    shares = np.zeros((len(found), len(classes.high)))
    shares[:, model.classes] = found
    return binomial, shares.reshape(*flat.shape, -1)


def _uneven(test: Backtest, at: int) -> Floats:
    """Variance over mean of each item's known periods before an origin, (n,).

    The least dispersion of its counts: errors after few origins may be small by chance.
    """
    known = test.y[:, : (*test.origins, test.y.shape[1])[at]]
    usual = np.nan_to_num(mean_known(known))
    squares = np.nan_to_num(mean_known((known - usual[:, None]) ** 2))
    uneven: Floats = np.divide(squares, usual, out=np.zeros(len(known)), where=usual > 0)
    return uneven


def _binomial(mean: Floats, dispersion: Floats, counts: Floats) -> Floats:
    """Chance of at most each count when the variance is dispersion times the mean, (n, columns, counts)."""
    from scipy.special import betainc

    over = np.maximum(dispersion, 1.01)[:, None, None]
    size = np.maximum(mean, 1e-6)[:, :, None] / (over - 1)
    out: Floats = betainc(size, counts + 1.0, 1 / over)
    return out


def _quantiles(shares: Floats, classes: Classes, levels: tuple[float, ...]) -> Floats:
    """Whole counts (n, levels, columns) at which the chance of at most so many reaches each level."""
    reached = shares.cumsum(axis=2)
    out = []
    for level in levels:
        at = np.minimum((reached < level - 1e-9).sum(axis=2), shares.shape[2] - 1)
        mass = np.take_along_axis(shares, at[:, :, None], axis=2)[:, :, 0]
        before = np.take_along_axis(reached, at[:, :, None], axis=2)[:, :, 0] - mass
        part = np.clip((level - before) / np.maximum(mass, 1e-9), 0.0, 1.0)
        low, high = classes.low[at], classes.high[at]
        out.append(np.clip(np.ceil(low + part * (high - low + 1) - 1), low, high))
    return np.stack(out, axis=1)
