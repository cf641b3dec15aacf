"""One gradient-boosted model over all items that corrects the combination, direct for every week ahead.

scikit-learn's HistGradientBoosting with a Poisson loss on demand over its forecast. Rows are series at past
origins; features the methods' forecasts, how demand went, calendar, price and promotion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sidecar.ml.backtest import Backtest
from sidecar.ml.errors import least_error, step_scale
from sidecar.ml.features import Drivers, blocks, group_levels, sampled, table
from sidecar.ml.learning import Boosted, fitted
from sidecar.ml.parallel import here
from sidecar.ml.series import Bools, Floats, Ints, Singles, mean_known

ROWS = 30_000
"""Rows to learn from; more cost time and change little."""
LEAST = 5_000
"""Below so many rows of the earlier origins there is no model: it would learn what happened once."""
ROUNDS = 50


def correct(
    test: Backtest, past: Floats, ahead: Floats, groups: Ints, drivers: Drivers, seed: int
) -> tuple[Floats, Floats] | None:
    """past (n, origins, span) and ahead (n, horizon) of the combination, corrected; None with too little.

    The model of the past is fitted on the earlier half of the origins and judged, and its share set, on the
    later; the past forecasts of the earlier half stay as they were.
    """
    origins = len(test.origins)
    half = origins // 2
    if half < 2:
        return None
    made = here(
        _table,
        [
            (test, at, mean, groups, drivers)
            for at, mean in [*enumerate(np.moveaxis(past, 1, 0)), (-1, ahead)]
        ],
    )
    known = [_lesson(test, at, *made[at]) for at in range(origins)]
    if sum(int(lesson.usable.sum()) for lesson in known[:half]) < LEAST:
        return None
    early, late = here(_fit, [(known[:half], seed), (known, seed)])
    out = past.copy()
    later = range(half, origins)
    parts = [(early, test, past[:, at], *made[at]) for at in later]
    *before, found = here(_apply, [*parts, (late, test, ahead, *made[-1])])
    model = np.stack(before, axis=1)
    share = _share(test, past, model, half)
    out[:, half:] += share * (model - past[:, half:])
    return out, ahead + share * (found - ahead)


@dataclass(frozen=True)
class Lesson:
    """Features (n, blocks, f) after an origin, which of them are usable, and what is known of those (rows,).

    base: what the target is a ratio to.
    """

    features: Singles
    usable: Bools
    target: Floats
    weight: Floats
    base: Floats


def _unit(test: Backtest, at: int, mean: Floats) -> Floats:
    """Level of each series at an origin: between the forecast and the mean of its past."""
    origin = (*test.origins, test.y.shape[1])[at]
    whole = np.nan_to_num(mean_known(test.y[:, :origin]))
    out: Floats = np.maximum(0.5 * mean[:, : test.span].mean(axis=1) + 0.5 * whole, 1e-3)
    return out


def _middle(block: Ints) -> Ints:
    """A period that stands for each block."""
    starts = np.flatnonzero(np.diff(block, prepend=-1))
    ends = np.append(starts[1:], len(block))
    out: Ints = (starts + ends - 1) // 2
    return out


def _block_means(values: Floats, block: Ints) -> Floats:
    """Mean of the known values per block, (n, blocks)."""
    starts = np.flatnonzero(np.diff(block, prepend=-1))
    known = ~np.isnan(values)
    total = np.add.reduceat(np.where(known, values, 0.0), starts, axis=1)
    count = np.add.reduceat(known.astype(float), starts, axis=1)
    out: Floats = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return out


def _table(test: Backtest, at: int, mean: Floats, groups: Ints, drivers: Drivers) -> tuple[Singles, Floats]:
    """Features (n, blocks, f) after an origin, and what the model corrects (n, blocks)."""
    block = blocks(mean.shape[1], test.season)
    unit = _unit(test, at, mean)
    base = _base(mean, block, unit)
    return table(test, at, unit, _middle(block), drivers, group_levels(unit, groups)), base


def _lesson(test: Backtest, at: int, features: Singles, base: Floats) -> Lesson:
    """What is learnt after a past origin.

    A row is a series and a block. The target is demand over its forecast: under a Poisson loss that is the
    forecast as a fixed offset, and a model that learns nothing says 1.
    """
    origin = test.origins[at]
    target = _block_means(test.y[:, origin : origin + test.span], blocks(test.span, test.season)) / base
    scale = step_scale(test.y[:, :origin])[:, None]
    weight = base / np.sqrt(np.where(scale > 0, scale, np.nan))
    usable = np.isfinite(target) & np.isfinite(weight)
    target, weight, base = target[usable], weight[usable], base[usable]
    # What all series share was seen at a few origins only: the model learns how series differ.
    common = float((weight * target).sum()) / max(float(weight.sum()), 1e-12)
    return Lesson(features, usable, target / common if common > 0 else target, weight, base)


def _base(mean: Floats, block: Ints, unit: Floats) -> Floats:
    """What the model corrects, per block: the combination, or a trace of demand where that is nothing."""
    return np.maximum(_block_means(mean, block), 0.05 * unit[:, None])


def _fit(parts: Sequence[Lesson], seed: int) -> tuple[Boosted, float]:
    """The model, and by how much its ratios would change the whole of what it was fitted to.

    They would make it smaller, as large series are the uneven ones.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor

    features, chosen = sampled([part.features for part in parts], [part.usable for part in parts], ROWS, seed)
    target, weight, base = (
        np.concatenate(column)[chosen]
        for column in zip(*((part.target, part.weight, part.base) for part in parts), strict=True)
    )
    # One bulk order is no rule; one series without noise no teacher of the others.
    target = np.minimum(target, np.quantile(target, 0.999))
    weight = np.minimum(weight, np.quantile(weight, 0.95))
    model = HistGradientBoostingRegressor(
        loss="poisson",
        learning_rate=0.1,
        max_iter=ROUNDS,
        max_leaf_nodes=15,
        min_samples_leaf=50,
        l2_regularization=1.0,
        early_stopping=False,
        random_state=seed,
    )
    # A sum of zero has no logarithm; a trace of demand stands in for none at all.
    made = fitted(model, features, target + 1e-6, weight)
    return made, float((base * made.predict(features)).sum() / base.sum())


def _apply(
    fit: tuple[Boosted, float], test: Backtest, mean: Floats, features: Singles, base: Floats
) -> Floats:
    """The combination (n, periods) with each block moved to the model's level."""
    block = blocks(mean.shape[1], test.season)
    model, whole = fit
    ratio = model.predict(features.reshape(-1, features.shape[2])).reshape(base.shape) / whole
    found = np.clip(ratio, 0.2, 5.0) * base
    levels = _block_means(mean, block)
    moved = np.divide(found, levels, out=np.zeros_like(found), where=levels > 0)
    out: Floats = np.where((levels > 0)[:, block], mean * moved[:, block], found[:, block])
    return out


def _share(test: Backtest, past: Floats, model: Floats, half: int) -> float:
    """The model's share of the least error where it was least: 0 unless it helped after every judged origin.

    Judged are origins of which the model has seen no period; series weigh as when methods are chosen.
    """
    scale = step_scale(test.y)
    taught = test.origins[half - 1] + test.span
    clear = [at for at in range(half, len(test.origins)) if test.origins[at] >= taught]
    if not clear:
        return 0.0
    actual = test.actual[:, clear]
    usable = np.isfinite(actual) & (scale > 0)[:, None, None]
    miss = np.where(usable, actual - past[:, clear], 0.0)
    apart = model[:, [at - half for at in clear]] - past[:, clear]
    one = np.where(scale > 0, scale, 1.0)
    error = np.sqrt((miss**2).sum(axis=(1, 2)) / np.maximum(usable.sum(axis=(1, 2)), 1) / one)
    weight = np.where(usable, (1 / one / np.maximum(error, least_error(error)))[:, None, None], 0.0)
    size = (weight * apart**2).sum(axis=(0, 2))
    gain = (weight * apart * miss).sum(axis=(0, 2))
    shares = np.divide(gain, size, out=np.zeros(len(clear)), where=size > 0)
    return float(np.clip(shares.min(), 0.0, 1.0))
