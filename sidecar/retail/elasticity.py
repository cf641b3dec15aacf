"""How demand answered to price in the shop's past: one pooled elasticity, or why there is none.

Poisson pseudo-maximum likelihood of pieces sold on log price with two sets of fixed effects, product and
category week, so that what is true of a product at all times, and of a category in one week (season,
campaign), cannot pass for a price response. It is the log-log model in a form that keeps weeks without a sale
(Santos Silva and Tenreyro 2006; algorithm of Correia, Guimaraes and Zylkin 2020). Errors are clustered by
product.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sidecar.retail.demand import Bools, Floats
from sidecar.retail.distributions import t_quantile
from sidecar.retail.price_path import daily_prices

Ints = NDArray[np.int64]
FEWEST_PRODUCTS = 12
"""Products with a price change that a pooled estimate needs; clustered errors are too small with fewer."""
SELLS_EVERY = 4.0
"""Days between selling days, on average at most. Of what sells less often, whole promotions pass without a
sale and are not seen, which makes those that are seen look stronger than they were."""
FEWEST_DAYS = 8
"""Days with a sale that a product needs to take part."""
LEVEL = 0.02
"""Prices closer than this in log terms count as one price."""
SPAN = 200
"""Price levels either side of the reference: factors of exp(4)."""
ROUNDS = 4
"""Fits, each placing the price changes by the slope of the one before; two years of sales settle in three."""


@dataclass(frozen=True)
class Cells:
    """Pieces sold per product, week and price level; `exposure` is days on sale weighted by weekday."""

    product: Ints
    time: Ints
    level: Ints
    pieces: Floats
    log_price: Floats
    exposure: Floats


@dataclass(frozen=True)
class Elasticity:
    """Percent more pieces per percent of price (negative), its standard error, and what stands behind it.

    `error` and `naive_error` are mean absolute errors, in pieces per product and price, of predicting
    products left out of the fit: with the estimate, and as if price did not matter.
    """

    value: float
    se: float
    products: int
    pieces: int
    error: float
    naive_error: float

    def interval(self, level: float) -> tuple[float, float]:
        """The interval at `level`, from Student's t over the products."""
        half = t_quantile(0.5 + level / 2, self.products - 1) * self.se
        return self.value - half, self.value + half

    def draws(self, count: int, rng: np.random.Generator) -> Floats:
        """Random values of the elasticity as uncertain as the estimate."""
        return self.value + self.se * rng.standard_t(self.products - 1, count)


@dataclass(frozen=True)
class Panel:
    """Daily matrices, shape (products, days); category of each product, weekday of each day (0 = Monday).

    `log_price` is the price paid relative to one reference per product, NaN on days without a sale; `open`
    marks the days on which shoppers could buy.
    """

    sold: Floats
    log_price: Floats
    open: Bools
    category: Ints
    weekday: Ints


def cells(panel: Panel, slope: float) -> Cells:
    """Pieces and days per product, week and price.

    The price of a day without a sale is placed by `price_path`, which depends on `slope`. Days before a
    product's first and after its last sale are left out, since nothing shows their price.
    """
    seen = ~np.isnan(panel.log_price)
    before = np.cumsum(seen, axis=1) > 0
    after = np.cumsum(seen[:, ::-1], axis=1)[:, ::-1] > 0
    selling = np.maximum(seen.sum(axis=1), 1)
    often = ((before & after).sum(axis=1) / selling <= SELLS_EVERY) & (selling >= FEWEST_DAYS)
    used = before & after & panel.open & often[:, None]
    paths = daily_prices(panel.log_price, seen, panel.sold, slope, LEVEL / 2)
    level = np.rint(paths / LEVEL).astype(np.int64)
    level = np.clip(level, -SPAN, SPAN) + SPAN
    factor = _weekday_factor(panel.sold, used, panel.weekday)
    product, day = np.nonzero(used)
    weeks = panel.sold.shape[1] // 7 + 1
    key = (product * weeks + (panel.sold.shape[1] - 1 - day) // 7) * (2 * SPAN + 1) + level[product, day]
    unique, cell = np.unique(key, return_inverse=True)
    owner, week = np.divmod(unique // (2 * SPAN + 1), weeks)
    levels = unique % (2 * SPAN + 1)
    return Cells(
        product=owner,
        time=panel.category[owner] * weeks + week,
        level=levels,
        pieces=_sums(cell, panel.sold[product, day], len(unique)),
        log_price=(levels - SPAN) * LEVEL,
        exposure=_sums(cell, factor[panel.weekday[day]], len(unique)),
    )


def _sums(place: Ints, weights: Floats, count: int) -> Floats:
    sums: Floats = np.bincount(place, weights=weights, minlength=count).astype(np.float64)
    return sums


def _weekday_factor(sold: Floats, used: Bools, weekday: Ints) -> Floats:
    """How busy each weekday is, mean 1."""
    busy = np.bincount(weekday, weights=(sold * used).sum(axis=0), minlength=7)
    there = np.bincount(weekday, weights=used.sum(axis=0), minlength=7)
    rate = (busy + 1) / (there + 1)
    factor: Floats = rate / rate.mean()
    return factor


def estimate(panel: Panel) -> Elasticity | str:
    """The pooled elasticity, or in plain words why the data cannot tell it."""
    slope = 0.0
    for _ in range(ROUNDS):
        table = _informative(cells(panel, slope))
        products = len(np.unique(table.product))
        if products < FEWEST_PRODUCTS:
            return (
                f"only {products} products sold often enough at more than one price, "
                f"and {FEWEST_PRODUCTS} are needed"
            )
        fit = _fit(table)
        if fit is None:
            return "prices moved only together with the season, so that the two cannot be told apart"
        slope, se = fit
    error, naive = _left_out(table)
    return Elasticity(slope, se, products, int(table.pieces.sum()), error, naive)


def _informative(table: Cells) -> Cells:
    """Without cells that say nothing of price: products at one price, products or weeks without a sale."""
    keep = np.ones(len(table.pieces), dtype=bool)
    while True:
        sums = [np.bincount(key, weights=table.pieces * keep) for key in (table.product, table.time)]
        lows = np.full(int(table.product.max(initial=0)) + 1, 3 * SPAN)
        highs = -lows
        np.minimum.at(lows, table.product[keep], table.level[keep])
        np.maximum.at(highs, table.product[keep], table.level[keep])
        good = keep & (sums[0][table.product] > 0) & (sums[1][table.time] > 0)
        good = good & (highs > lows)[table.product] & (table.exposure > 0)
        if good.sum() == keep.sum():
            return _take(table, keep)
        keep = good


def _take(table: Cells, keep: Bools) -> Cells:
    return Cells(**{name: getattr(table, name)[keep] for name in Cells.__dataclass_fields__})


def _fit(table: Cells) -> tuple[float, float] | None:
    """Slope and clustered standard error; None when no price variation is left beside the fixed effects."""
    _, unit = np.unique(table.product, return_inverse=True)
    _, time = np.unique(table.time, return_inverse=True)
    y, x, offset = table.pieces, table.log_price, np.log(table.exposure)
    eta = np.log((y + y.mean()) / 2)
    slope = 0.0
    for _ in range(30):
        mu = np.exp(eta)
        z = eta - offset + (y - mu) / mu
        flat_z, flat_x = _within(z, mu, unit, time), _within(x, mu, unit, time)
        power = float((mu * flat_x**2).sum())
        if power < 1e-6 * max(float((mu * x**2).sum()), 1e-9):
            return None
        new = float((mu * flat_x * flat_z).sum()) / power
        eta = np.clip(z - (flat_z - new * flat_x) + offset, -30, 12)
        if abs(new - slope) < 1e-5:
            break
        slope = new
    score = np.bincount(unit, weights=flat_x * (y - np.exp(eta)))
    clusters = len(score)
    return new, float(np.sqrt((score**2).sum() * clusters / (clusters - 1))) / power


def _within(values: Floats, weight: Floats, unit: Ints, time: Ints) -> Floats:
    """What is left of `values` after weighted means by unit and by time are taken off, alternating."""
    out = values - np.average(values, weights=weight)
    totals = [np.maximum(np.bincount(key, weights=weight), 1e-300) for key in (unit, time)]
    for _ in range(60):
        moved = 0.0
        for key, total in zip((unit, time), totals, strict=True):
            means = np.bincount(key, weights=weight * out) / total
            out = out - means[key]
            moved = max(moved, float(np.abs(means).max()))
        if moved < 1e-5:
            break
    return out


def _left_out(table: Cells, folds: int = 5) -> tuple[float, float]:
    """Mean absolute error over left-out products of pieces at each price, with the slope and with none."""
    losses: list[tuple[float, float]] = []
    _, unit = np.unique(table.product, return_inverse=True)
    for fold in range(folds):
        out = unit % folds == fold
        fit = _fit(_informative(_take(table, ~out)))
        if fit is None:
            continue
        train, test = _take(table, ~out), _take(table, out)
        losses.append((_loss(train, test, fit[0]), _loss(train, test, 0.0)))
    if not losses:
        return float("nan"), float("nan")
    mean = np.mean(losses, axis=0)
    return float(mean[0]), float(mean[1])


def _loss(train: Cells, test: Cells, slope: float) -> float:
    """Deals a left-out product's pieces to its prices by calendar and price, and compares with the truth."""
    calendar = _calendar(train, slope)
    factor = np.array([calendar.get(int(time), 1.0) for time in np.unique(test.time)])
    _, time = np.unique(test.time, return_inverse=True)
    _, unit = np.unique(test.product, return_inverse=True)
    mean = test.exposure * factor[time] * np.exp(slope * test.log_price)
    scale = np.bincount(unit, weights=test.pieces) / np.bincount(unit, weights=mean)
    _, group = np.unique(unit * (2 * SPAN + 1) + test.level, return_inverse=True)
    gap = np.bincount(group, weights=test.pieces - scale[unit] * mean)
    return float(np.abs(gap).mean())


def _calendar(table: Cells, slope: float) -> dict[int, float]:
    """Factor of each category week, given the slope, by proportional fitting."""
    names, time = np.unique(table.time, return_inverse=True)
    _, unit = np.unique(table.product, return_inverse=True)
    base = table.exposure * np.exp(slope * table.log_price)
    by_time, by_unit = np.bincount(time, weights=table.pieces), np.bincount(unit, weights=table.pieces)
    factor = np.ones(len(names))
    for _ in range(15):
        scale = by_unit / np.bincount(unit, weights=base * factor[time])
        factor = by_time / np.bincount(time, weights=base * scale[unit])
    return dict(zip(names.tolist(), factor.tolist(), strict=True))
