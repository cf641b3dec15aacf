"""Sparse demand as counts: how likely 0, 1, 2 … pieces are, from one model over all such items.

A boosted classifier says in which class of counts a period ends (scikit-learn's HistGradientBoosting). A
negative binomial around the mean is mixed in, by as much as the last past origin asks for; quantiles are
whole pieces of the mixture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sidecar.ml.backtest import WEEK, Backtest
from sidecar.ml.boosted import ROWS
from sidecar.ml.errors import pinball, step_scale
from sidecar.ml.features import Drivers, group_levels, sampled, table
from sidecar.ml.intervals import Spread, spread
from sidecar.ml.learning import Boosted, fitted
from sidecar.ml.parallel import here, slices
from sidecar.ml.series import Bools, Floats, Ints, Singles, mean_known

LEAST = 2_000
"""Below so many rows there is no classifier."""
IDLE = 0.2
"""Share of empty periods from which an item is a matter of counts."""
PARTS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Parts of the classifier in the mixture that are tried."""
COLUMNS = 14
"""Periods of the horizon for which distributions are made; the others take the nearest one's."""
PART = 1024
"""Items whose distributions are made at once."""
EDGES = (0.15, 0.3, 0.45, 0.6, 0.72, 0.82, 0.9, 0.96, 0.99, 0.995, 0.9975, 0.999, 0.9997)
"""Quantiles of demand, where there is any, that part the classes; best sellers are in the last ones."""


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
    short = _columns(test.span, test.season)
    columns = [*(short for _ in test.origins), chosen]
    tables = here(_table, [(test, at, groups, drivers, own) for at, own in enumerate(columns)])
    # Judged by a model that has seen only what followed the earlier origins.
    early, model = here(
        _fit, [(test, tables[:upto], classes, short, seed) for upto in (max(last, 0), last + 1)]
    )
    if last >= 1:
        before = spread(replace(test, origins=test.origins[:last]), past[:, :last], ahead, band.apart)
        over = np.maximum(before.dispersion, _uneven(test, last))
        both = _chances(early, tables[last], past[:, last][:, short], over, classes)
        actual = test.actual[:, last][:, short]
        part = _part(both, classes, actual, levels, step_scale(test.y, 1))
        bounds = _quantiles(_mixed(both, part), classes, (levels[0], levels[-1]))
        covered = (actual >= bounds[:, 0]) & (actual <= bounds[:, 1])
        inside = mean_known(np.where(np.isnan(actual), np.nan, covered))
    over = np.maximum(band.dispersion, _uneven(test, -1))
    both = _chances(model, tables[-1], ahead[:, chosen], over, classes)
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


def _table(test: Backtest, at: int, groups: Ints, drivers: Drivers, columns: Ints) -> Singles:
    """Features (n, columns, f) after an origin, the last of which is the end."""
    origin = (*test.origins, test.y.shape[1])[at]
    unit = np.maximum(np.nan_to_num(mean_known(test.y[:, :origin])), 1e-3)
    return table(test, at, unit, columns, drivers, group_levels(unit, groups))


def _fit(
    test: Backtest, tables: Sequence[Singles], classes: Classes, columns: Ints, seed: int
) -> Boosted | None:
    """The classifier on what followed the origins of these tables; None with too little."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    if not tables:
        return None
    actual = [test.actual[:, at][:, columns] for at in range(len(tables))]
    usable = [np.isfinite(part) for part in actual]
    x, chosen = sampled(tables, usable, ROWS, seed)
    count = np.concatenate([part[there] for part, there in zip(actual, usable, strict=True)])
    if len(count) < LEAST or not (count > 0).any():
        return None
    count = count[chosen]
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
    losses = here(_loss, [(_mixed(both, part), classes, known, weight, levels) for part in PARTS])
    return PARTS[int(np.argmin(losses))]


def _loss(
    shares: Floats, classes: Classes, known: Floats, weight: Floats, levels: tuple[float, ...]
) -> float:
    found = _quantiles(shares, classes, levels)
    return float(sum((weight * pinball(known, found[:, n], level)).sum() for n, level in enumerate(levels)))


def _mixed(both: tuple[Floats, Floats | None], part: float) -> Floats:
    binomial, boosted = both
    return binomial if boosted is None else (1 - part) * binomial + part * boosted


def _chances(
    model: Boosted | None, features: Singles, mean: Floats, over: Floats, classes: Classes
) -> tuple[Floats, Floats | None]:
    """Chance of each class (n, columns, classes) by the negative binomial and by the classifier."""
    parts = slices(len(mean), PART)
    made = here(_shares, [(model, features[rows], mean[rows], over[rows], classes) for rows in parts])
    binomial = np.concatenate([one for one, _ in made])
    return binomial, None if model is None else np.concatenate([two for _, two in made if two is not None])


def _shares(
    model: Boosted | None, features: Singles, mean: Floats, over: Floats, classes: Classes
) -> tuple[Floats, Floats | None]:
    binomial = np.diff(_binomial(mean, over, classes.high[:-1]), axis=2, prepend=0.0, append=1.0)
    return binomial, None if model is None else _classified(model, features, classes)


def _classified(model: Boosted, features: Singles, classes: Classes) -> Floats:
    """Chance of each class (n, columns, classes); of one that the classifier never saw, none."""
    found = model.predict_proba(features.reshape(-1, features.shape[2]))
    shares = np.zeros((len(found), len(classes.high)))
    shares[:, model.classes] = found
    return shares.reshape(*features.shape[:2], -1)


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
