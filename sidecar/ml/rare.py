"""Items that hardly ever sell: a closed form in place of the methods, which have nothing to choose from.

Pieces come one by one at a rate of the item's own, and rates differ over such items as in Greenwood and Yule
(1920): what is expected leans on what the others sell, and counts are negative binomial.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

import numpy as np

from sidecar.ml.backtest import YEAR, past_origins
from sidecar.ml.errors import rmsse, step_scale
from sidecar.ml.forecast import LEVELS, Forecast
from sidecar.ml.forecast import forecast as forecast_by_methods
from sidecar.ml.inputs import checked, driver, first_notes
from sidecar.ml.intervals import LENGTHS, TOTAL_LEVELS
from sidecar.ml.methods import METHODS
from sidecar.ml.newcomers import YOUNG, Peers
from sidecar.ml.parallel import slices
from sidecar.ml.series import Bools, Floats, first_known

MOST = 4.0
"""Units in the whole history up to which an item is rare."""
COUNTS = 64
"""Counts looked at for a quantile: far more than such items sell."""
ROWS = 512


@dataclass(frozen=True)
class Rates:
    """Gamma of each item's rate per period: shape (n,) and periods (n,), the mean is their ratio."""

    shape: Floats
    periods: Floats

    @property
    def mean(self) -> Floats:
        """Units expected per period, (n,)."""
        mean: Floats = self.shape / self.periods
        return mean

    def quantiles(self, periods: int, levels: Sequence[float]) -> Floats:
        """Whole counts (n, levels) of so many periods together."""
        from scipy.special import betainc

        counts = np.arange(COUNTS)
        stay = (self.periods / (self.periods + periods))[:, None]
        reached = betainc(self.shape[:, None], counts + 1.0, stay)
        return np.stack([(reached < level).sum(axis=1) for level in levels], axis=1).astype(np.float64)


def rare_rows(y: Floats, season: int) -> Bools:
    """Items (n,) known for long, by day, that sold next to nothing."""
    if season != 7:  # months are few: on development data of car parts the methods' pinball loss is 2 % lower
        return np.zeros(len(y), dtype=bool)
    known = np.isfinite(y)
    settled = (y.shape[1] - first_known(y) >= 4 * YOUNG.get(season, 4)) & (
        known.sum(axis=1) >= 2 * YOUNG.get(season, 4)
    )
    units = np.where(known, np.maximum(y, 0.0), 0.0)
    few: Bools = settled & (units.sum(axis=1) <= MOST)
    return few


def forecast(
    y: Floats,
    horizon: int,
    *,
    season: int = 7,
    levels: Sequence[float] = LEVELS,
    first_day: date | None = None,
    groups: Sequence[str] | None = None,
    price: Floats | None = None,
    promo: Floats | None = None,
    orders: Floats | None = None,
    holidays: Sequence[date] | None = None,
    seed: int = 0,
) -> Forecast:
    """As `forecast.forecast`, with the rare items by the closed form (their method is "rare")."""
    y, levels = checked(y, horizon, season, levels)
    price, promo = driver(price, y, horizon, "price"), driver(promo, y, horizon, "promo")
    rare = rare_rows(y, season)
    few, rest = np.flatnonzero(rare), np.flatnonzero(~rare)
    made = _rare(y[few], horizon, season, levels)
    if not len(rest):
        return made
    named = None if groups is None else np.asarray(groups, dtype=str)
    found = forecast_by_methods(
        y[rest],
        horizon,
        season=season,
        levels=levels,
        first_day=first_day,
        groups=None if named is None else named[rest].tolist(),
        price=None if price is None else price[rest],
        promo=None if promo is None else promo[rest],
        orders=None if orders is None else np.asarray(orders)[rest],
        holidays=holidays,
        peers=None if named is None else Peers(made.mean.mean(axis=1), tuple(named[few].tolist())),
        seed=seed,
    )
    return _merged(found, rest, made, few) if len(few) else found


def _rates(units: Floats, known: Floats) -> Rates:
    """The rates of items that sold so many units (n,) in so many known periods (n,).

    Rates are taken as exponential, so that counts of units are geometric; since only items of at most `MOST`
    are here, the ratio of one count's share to the one before is that of a geometric cut off there.
    """
    told = (float(units.sum()) + 0.5) / (len(units) + 1)
    low, high = 0.0, 1.0
    for _ in range(40):
        ratio = (low + high) / 2
        weights = ratio ** np.arange(MOST + 1)
        low, high = (ratio, high) if (weights @ np.arange(MOST + 1)) / weights.sum() < told else (low, ratio)
    usual = float(known.mean()) if len(known) else 1.0
    return Rates(units + 1.0, known + usual * (1 / max(high, 1e-6) - 1))


def _rare(y: Floats, horizon: int, season: int, levels: tuple[float, ...]) -> Forecast:
    n = len(y)
    notes = first_notes(y, season)
    y = np.where(np.isfinite(y), np.maximum(y, 0.0), np.nan)
    known = np.isfinite(y)
    rates = _rates(np.where(known, y, 0.0).sum(axis=1), known.sum(axis=1).astype(float))
    one = rates.quantiles(1, levels)
    lengths = tuple(sorted({*(length for length in LENGTHS if length < horizon), horizon}))
    totals = np.stack([rates.quantiles(length, TOTAL_LEVELS) for length in lengths], axis=1)
    error, naive, coverage = _tested(y, horizon, season, one[:, -1])
    told = [
        [
            *own,
            *(["too_short_for_backtest"] if np.isnan(bad) else []),
            *(["not_better_than_naive"] if bad >= plain else []),
        ]
        for own, bad, plain in zip(notes, error.tolist(), naive.tolist(), strict=True)
    ]
    return Forecast(
        mean=np.repeat(rates.mean[:, None], horizon, axis=1),
        quantiles=np.repeat(one[:, :, None], horizon, axis=2),
        levels=levels,
        method=("rare",) * n,
        error=error,
        naive_error=naive,
        coverage=coverage,
        notes=tuple(" ".join(codes) for codes in told),
        total_periods=lengths,
        total_values=totals,
    )


def _tested(y: Floats, horizon: int, season: int, high: Floats) -> tuple[Floats, Floats, Floats]:
    """RMSSE of the closed form and of seasonal naive at past origins, and the share of periods up to `high`.

    (n,) each; NaN where nothing was known after the origins or nothing ever moved.
    """
    n = len(y)
    origins, span = past_origins(y.shape[1], horizon, YEAR.get(season, 10**9))
    if not origins or not n:
        return np.full(n, np.nan), np.full(n, np.nan), np.full(n, np.nan)
    known = np.isfinite(y)
    sold = np.where(known, y, 0.0)
    before: list[Floats] = []
    begun: list[Bools] = []
    for origin in origins:
        # An item that was not there yet is none whose rate was told wrong.
        there: Bools = np.asarray(known[:, :origin].any(axis=1))
        mean = np.full(n, np.nan)
        mean[there] = _rates(
            sold[there, :origin].sum(axis=1), known[there, :origin].sum(axis=1).astype(float)
        ).mean
        before.append(mean)
        begun.append(there)
    own, plain, inside = [], [], []
    for rows in slices(n, ROWS):
        part = y[rows]
        actual = np.stack(
            [
                np.where(there[rows][:, None], part[:, origin : origin + span], np.nan)
                for origin, there in zip(origins, begun, strict=True)
            ],
            axis=1,
        )
        expected = np.stack([mean[rows] for mean in before], axis=1)[:, :, None]
        again = METHODS["seasonal_naive"](part, origins, span, season)
        scale = step_scale(part)
        own.append(rmsse(actual, expected, scale))
        plain.append(rmsse(actual, again, scale))
        seen = np.isfinite(actual)
        covered = (seen & (actual <= high[rows][:, None, None])).sum(axis=(1, 2))
        count = seen.sum(axis=(1, 2))
        inside.append(np.divide(covered, count, out=np.full(len(part), np.nan), where=count > 0))
    return np.concatenate(own), np.concatenate(plain), np.concatenate(inside)


def _merged(one: Forecast, rows: Any, other: Forecast, others: Any) -> Forecast:
    """Both forecasts in the order of the items they were made of."""
    if one.total_periods != other.total_periods:
        # Nothing was known of these, and so nothing is expected of any length.
        shape = (len(rows), len(other.total_periods), len(TOTAL_LEVELS))
        one = Forecast(
            **{**_parts(one), "total_periods": other.total_periods, "total_values": np.zeros(shape)}
        )
    order = np.argsort(np.concatenate([rows, others]), kind="stable")
    joined: dict[str, Any] = _parts(one)
    for name, values in _parts(other).items():
        if isinstance(values, np.ndarray):
            joined[name] = np.concatenate([joined[name], values])[order]
        elif name in ("method", "notes"):
            both = (*joined[name], *values)
            joined[name] = tuple(both[place] for place in order)
    return Forecast(**joined)


def _parts(made: Forecast) -> dict[str, Any]:
    return {field.name: getattr(made, field.name) for field in fields(made)}
