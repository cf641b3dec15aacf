"""Candidates for every series at past origins and at the end: all choice and every interval rests on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from sidecar.ml.bulk import held, returned
from sidecar.ml.factors import calendar_factors, together_with_factors
from sidecar.ml.methods import together
from sidecar.ml.parallel import mapped, slices
from sidecar.ml.series import CHUNK, Floats, Ints, mean_known

WEEK = 7
YEAR = {7: 365, 52: 52, 12: 12}
"""Periods of a year by those of a season: days, weeks, months."""
ADJUSTED = (
    "mean_8",
    "mean_28",
    "mean_91",
    "ses",
    "ets_plain",
    "theta",
    "sba",
    "tsb",
    "imapa",
    "profile_level",
)
"""Run on demand without the calendar; it is put back afterwards."""
OF_WEEKS = (*ADJUSTED, "mean_4")
"""Those of weeks, whose other means reach back too far."""
PLAIN = ("seasonal_naive", "ets", "theta", "theta_dynamic")
"""Run on demand as it is; they know a season of their own."""
ORIGINS = 6
TRENDED = ("ets_own", "theta_own", "theta_dynamic_own", "ets_plain", "theta")
TOLD = {7: 28, 52: 8, 12: 6}
"""Known periods from which a trend is believed: days, weeks, months."""
CLOSED = 0.1
STEADY = ("mean_28", "ses", "sba", "tsb", "profile_level")
"""Methods that say how much of the level is of the last days only."""
LAG = {7: 7, 52: 1}
"""Periods between the origins whose levels are averaged: a week."""
LAGS = 3
LATELY = 182
"""Periods that those levels are told from."""
LONG = 546
"""Periods from which the forecasts of the end are made: half as many cost accuracy, more tell nothing new."""


@dataclass(frozen=True)
class Backtest:
    """Candidates (n, origins + 1, horizon) by name, the last origin being the end of the series.

    `span`: how many periods after the past origins are known. actual (n, origins, span), NaN where unknown.
    factors (n or 1, t + horizon): the calendar, 1 is a usual period. steady (n,): the mean level of forecasts
    made now, a week and two weeks ago, as a share of that of now. year (n or 1, t + horizon): the part of the
    calendar that is learnt from a year or more, None without.
    """

    y: Floats
    origins: tuple[int, ...]
    span: int
    horizon: int
    season: int
    candidates: dict[str, NDArray[np.float32]]
    factors: Floats
    steady: Floats
    year: Floats | None = None

    @property
    def actual(self) -> Floats:
        """What came after each past origin."""
        return np.stack([self.y[:, o : o + self.span] for o in self.origins], axis=1)

    def past(self, name: str) -> Floats:
        """A candidate after the past origins, (n, origins, span)."""
        return self.candidates[name][:, :-1, : self.span].astype(np.float64)

    def rows(self, chosen: Ints) -> Backtest:
        """That of some items."""
        return replace(
            self,
            y=self.y[chosen],
            candidates={name: values[chosen] for name, values in self.candidates.items()},
            factors=self.factors if len(self.factors) == 1 else self.factors[chosen],
            steady=self.steady[chosen],
            year=self.year if self.year is None or len(self.year) == 1 else self.year[chosen],
        )


def past_origins(length: int, horizon: int, year: int) -> tuple[tuple[int, ...], int]:
    """Up to six origins, half a span apart, and the span: the horizon or a third of the history.

    Origins from which a year's course can be told are preferred where at least two are left.
    """
    span = min(horizon, max(1, length // 3))
    step = -(-span // 2)
    least = max(3, length // 3)
    origins = [length - span - step * n for n in range(ORIGINS) if length - span - step * n >= least]
    late = [origin for origin in origins if origin >= 1.15 * year]
    return tuple(sorted(late if len(late) >= 2 else origins)), span


def backtest(
    y: Floats,
    horizon: int,
    season: int,
    *,
    first_day: date | None = None,
    groups: Sequence[str] | None = None,
    holidays: Sequence[date] = (),
    offers: Floats | None = None,
    orders: Floats | None = None,
) -> Backtest:
    """All candidates for y (n, t), NaN unknown, none negative.

    offers (n, t + horizon): factors of promotions and prices, which are known ahead. orders (n, t): in how
    many orders y was bought.
    """
    length = y.shape[1]
    year = YEAR.get(season, 10**9)
    origins, span = past_origins(length, horizon, year)
    usual = y if offers is None else y / offers[:, :length]
    week, known = _week_factors(usual, horizon, season, first_day, holidays)
    rest = np.where(week[:length] > CLOSED, usual / np.maximum(week[:length], CLOSED), np.nan)
    # The calendar of the backtest comes from before its first origin, that of the forecast from all.
    early = _calendar(rest[:, : origins[0]] if origins else rest, horizon + length, season, first_day, groups)
    late = _calendar(np.where(known, np.nan, rest), length + horizon, season, first_day, groups)
    own = season if 2 * season <= length else 1
    inner = own if season == WEEK else 1
    every = (*origins, length)
    regular = week[None, :] if offers is None else offers * week
    factors = regular if late is None else late * regular
    plain = _run(y, PLAIN, every, horizon, own, offers)
    names = OF_WEEKS if season == YEAR[52] else ADJUSTED
    if early is None and late is None:
        calm = held(y, regular, season, orders)
        adjusted = _run(calm, names, every, horizon, inner, regular)
        raised = returned(y, calm, every, season)
    else:
        before = regular if early is None else early * regular
        calm = held(y, before, season, orders)
        adjusted = _run(calm, names, origins, horizon, inner, before) if origins else {}
        raised = returned(y, calm, origins, season)
        calm = held(y, factors, season, orders)
        ahead = _lately(calm, names, horizon, inner, factors)
        raised = np.concatenate([raised, returned(y, calm, (length,), season)], axis=1)
        adjusted = {
            name: np.concatenate([adjusted.pop(name), ahead.pop(name)], axis=1)
            if origins
            else ahead.pop(name)
            for name in names
        }
    for values in adjusted.values():
        values *= raised[:, :, None]
    candidates = {f"{name}_own": values for name, values in plain.items()} | adjusted
    _hold_trends(y, every, season, candidates)
    steady = _steady(calm, season, inner, factors[:, :length])
    return Backtest(y, origins, span, horizon, season, candidates, factors, steady, late)


def _lately(
    y: Floats, names: Sequence[str], horizon: int, season: int, factors: Floats
) -> dict[str, NDArray[np.float32]]:
    """The adjusted methods at the end, from the last `LONG` periods of series that are known in them."""
    length = y.shape[1]
    first = max(0, length - LONG)
    made = _run(y[:, first:], names, (length - first,), horizon, season, factors[:, first:])
    asleep = np.flatnonzero(~np.isfinite(y[:, first:]).any(axis=1)) if first else np.zeros(0, dtype=np.intp)
    if len(asleep):
        own = factors if len(factors) == 1 else factors[asleep]
        for name, found in _run(y[asleep], names, (length,), horizon, season, own).items():
            made[name][asleep] = found
    return made


def _steady(y: Floats, season: int, inner: int, factors: Floats) -> Floats:
    """Share (n,) of the newest level that is left when the last weeks' forecasts are averaged."""
    length, lag = y.shape[1], LAG.get(season, 0)
    first = max(0, length - LATELY)
    origins = [length - first - lag * n for n in range(LAGS)]
    if not lag or origins[-1] < TOLD[season]:
        return np.ones(len(y))
    # A whole season ahead, so that its place does not matter; the calendar is left out on both sides.
    found = _run(y[:, first:] / np.maximum(factors[:, first:], CLOSED), STEADY, origins, inner, inner, None)
    levels = np.mean([values.mean(axis=2) for values in found.values()], axis=0)
    begun = np.isfinite(y[:, first:]).cumsum(axis=1)[:, [origin - 1 for origin in origins]] >= TOLD[season]
    usual = mean_known(np.where(begun, levels, np.nan))
    share = np.divide(usual, levels[:, 0], out=np.ones(len(y)), where=begun[:, 0] & (levels[:, 0] > 0))
    out: Floats = np.clip(share, 0.5, 2.0)
    return out


def _hold_trends(
    y: Floats, origins: Sequence[int], season: int, candidates: dict[str, NDArray[np.float32]]
) -> None:
    """A trend of a few periods is no trend: there the smoothed level stands for the methods that have one."""
    known = np.isfinite(y).cumsum(axis=1)
    for at, origin in enumerate(origins):
        few = known[:, origin - 1] < TOLD.get(season, 8)
        for name in TRENDED:
            candidates[name][few, at] = candidates["ses"][few, at]


def _calendar(
    y: Floats, total: int, season: int, first_day: date | None, groups: Sequence[str] | None
) -> Floats | None:
    """Factors of the year and of the days that any shop knows."""
    if season not in YEAR or not len(y):
        return None
    return calendar_factors(y, total - y.shape[1], per_year=YEAR[season], first_day=first_day, groups=groups)


def _week_factors(
    y: Floats, horizon: int, season: int, first_day: date | None, holidays: Sequence[date]
) -> tuple[Floats, NDArray[np.bool_]]:
    """Factors (t + horizon,) of weekday and of the caller's holidays, and which past days are such.

    All series speak. Two seasons of days are needed for the weekday; the holidays share one factor, as most
    are seen once.
    """
    length = y.shape[1]
    factors = np.ones(length + horizon)
    named = np.zeros(length + horizon, dtype=bool)
    if season != WEEK or length < 2 * WEEK or not len(y):
        return factors, named[:length]
    if first_day is not None:
        away = [(day - first_day).days for day in holidays]
        named[[place for place in away if 0 <= place < length + horizon]] = True
    level = mean_known(y)
    scaled = y / np.where(level > 0, level, np.nan)[:, None]
    sold = scaled[scaled > 0]
    if not len(sold):
        return factors, named[:length]
    # A bulk order would make its weekday; above the hundredth largest they count alike.
    shop = mean_known(np.minimum(scaled, np.quantile(sold, 0.99)), axis=0)
    usual = np.where(named[:length], np.nan, shop)
    around = np.array([mean_known(usual[max(0, t - 10) : t + 11]) for t in range(length)])
    ratio = np.divide(usual, around, out=np.full(length, np.nan), where=around > 0)
    places = np.arange(length + horizon) % WEEK
    profile = np.array([mean_known(ratio[places[:length] == place][-26:]) for place in range(WEEK)])
    profile = np.where(np.isnan(profile), 1.0, profile)
    factors = (profile / profile.mean())[places]
    past = np.flatnonzero(named[:length] & (around > 0) & ~np.isnan(shop))
    expected = (around[past] * factors[past]).sum()
    if expected > 0:
        one = expected / len(past) / 2
        factors = np.where(named, factors * (shop[past].sum() + one) / (expected + one), factors)
    return factors, named[:length]


def _run(
    y: Floats,
    names: Sequence[str],
    origins: Sequence[int],
    horizon: int,
    season: int,
    factors: Floats | None,
) -> dict[str, NDArray[np.float32]]:
    """Methods on slices of rows, over the cores of this machine or a cluster."""
    every = slices(len(y), CHUNK)
    parts = []
    for rows in every:
        own = factors[rows] if factors is not None and len(factors) > 1 else factors
        parts.append((y[rows], tuple(names), tuple(origins), horizon, season, own))
    done = mapped(_rows, parts)
    out = {name: np.empty((len(y), len(origins), horizon), dtype=np.float32) for name in names}
    for rows in every:
        # Let go of each part once it is copied, so that all of them never stand twice.
        for name, found in zip(names, done.pop(0), strict=True):
            out[name][rows] = found
    return out


def _rows(
    y: Floats,
    names: Sequence[str],
    origins: Sequence[int],
    horizon: int,
    season: int,
    factors: Floats | None,
) -> list[NDArray[np.float32]]:
    found = (
        together(names, y, origins, horizon, season)
        if factors is None
        else together_with_factors(names, y, origins, horizon, season, factors)
    )
    return [np.maximum(found[name], 0.0).astype(np.float32) for name in names]
