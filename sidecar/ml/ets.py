"""Exponential smoothing with level, damped trend and season: a grid of parameters for many series at once.

The recursions are those of Hyndman, Koehler, Ord and Snyder, Forecasting with Exponential Smoothing (2008),
in their error-correction form with additive errors; season additive or, for positive series, multiplicative.
An unknown period is an error of zero: time passes, nothing is learnt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from sidecar.ml.series import (
    TREND_FROM,
    Bools,
    Floats,
    Ints,
    Singles,
    by_period,
    first_known,
    mean_known,
    opening,
    slots,
)

WINDOW = 4
"""Seasons from which level, trend and season start; at least `SHORTEST` periods."""
SHORTEST = 10


@dataclass(frozen=True)
class Grid:
    """Parameter points, each array (points,); `seasonal` points have a season, `trend` ones a trend."""

    alpha: Floats
    beta: Floats
    gamma: Floats
    phi: Floats
    trend: Bools
    seasonal: bool
    multiplicative: bool = False

    def parameters(self, season: int) -> Floats:
        """How many numbers a point fits, starting values included."""
        count: Floats = 2.0 + 3.0 * self.trend.astype(float) + (season if self.seasonal else 0)
        return count


def grid(
    levels: Sequence[float], trends: Sequence[float] = (), gammas: Sequence[float] = (), times: bool = False
) -> Grid:
    """Points with a level alone at `levels`, and with a damped trend at `trends`, for each of `gammas`.

    With gammas a season is added, or multiplied where `times`. Coarse on purpose: four times as many points
    forecast no better on retail, car parts or M3.
    """
    points = [(a, 0.0, g, 1.0, False) for a, g in product(levels, gammas or (0.0,))]
    points += [
        (a, a * share, g, phi, True)
        for a, g, share, phi in product(trends, gammas or (0.0,), (0.05, 0.2), (0.9, 0.98))
    ]
    inside = [point for point in points if point[0] + point[2] <= 1]
    a, b, g, phi, has_trend = (np.array(column) for column in zip(*inside, strict=True))
    return Grid(a, b, g, phi, has_trend.astype(bool), bool(gammas), times)


@dataclass(frozen=True)
class Start:
    """Where series begin: column (n,), level (n,), intercept and slope of a line (n,), season (season, n)."""

    at: Ints
    level: Floats
    intercept: Floats
    slope: Floats
    season: Floats


@dataclass(frozen=True)
class Fit:
    """The best point per series and origin: criterion (n, k) and forecasts (n, k, horizon)."""

    criterion: Floats
    mean: Floats


def starts(y: Floats, origins: Sequence[int], season: int, multiplicative: bool = False) -> Start:
    """Level, line and season of the first window of each series, which ends before the first origin after it.

    A line and the means of the places in the season, in turns; a season needs two whole ones.
    """
    at = first_known(y)
    end = opening(y, origins)
    steps = np.arange(max(WINDOW * season, SHORTEST))
    columns = at[:, None] + steps
    inside = (columns < end[:, None]) & (columns < y.shape[1])
    x = np.where(inside, y[np.arange(len(y))[:, None], np.minimum(columns, y.shape[1] - 1)], np.nan)
    place = columns % season
    whole = inside.sum(axis=1) >= 2 * season if season > 1 else np.zeros(len(y), dtype=bool)
    seasonal = np.ones_like(x) if multiplicative else np.zeros_like(x)
    by_place = np.full((season, len(y)), 1.0 if multiplicative else 0.0)
    for turn in range(3):
        plain = _without(x, seasonal, multiplicative)
        intercept, slope = _line(plain, steps)
        if season < 2 or turn == 2:
            break
        line = intercept[:, None] + slope[:, None] * steps
        rest = np.divide(x, line, out=np.full_like(x, np.nan), where=line > 0) if multiplicative else x - line
        by_place = _place_means(rest, place, season, whole, multiplicative)
        seasonal = by_place[place, np.arange(len(y))[:, None]]
    level = _known_mean(plain[:, : max(season, SHORTEST)])
    return Start(at, level, intercept - slope, slope, by_place)


def _without(x: Floats, seasonal: Floats, multiplicative: bool) -> Floats:
    return (
        np.divide(x, seasonal, out=np.full_like(x, np.nan), where=seasonal > 0)
        if multiplicative
        else x - seasonal
    )


def _known_mean(x: Floats) -> Floats:
    return np.nan_to_num(mean_known(x))


def _line(x: Floats, steps: Floats | Ints) -> tuple[Floats, Floats]:
    """Least squares of the known values on their place; flat with too few of them."""
    known = ~np.isnan(x)
    count = np.maximum(known.sum(axis=1), 1)
    middle = (known * steps).sum(axis=1) / count
    mean = np.where(known, x, 0.0).sum(axis=1) / count
    away = np.where(known, steps - middle[:, None], 0.0)
    spread = (away**2).sum(axis=1)
    slope = (away * np.where(known, x, 0.0)).sum(axis=1) / np.where(spread > 0, spread, 1.0)
    slope = np.where(known.sum(axis=1) >= min(TREND_FROM, len(steps)), slope, 0.0)
    return mean - slope * middle, slope


def _place_means(rest: Floats, place: Ints, season: int, whole: Bools, multiplicative: bool) -> Floats:
    """Mean rest per place of the season, (season, n), centred; neutral where the window was too short."""
    neutral = 1.0 if multiplicative else 0.0
    rows = np.broadcast_to(np.arange(len(rest))[:, None], rest.shape)
    known = ~np.isnan(rest)
    cells = (place * len(rest) + rows)[known]
    total = np.bincount(cells, rest[known], season * len(rest)).reshape(season, len(rest))
    count = np.bincount(cells, minlength=season * len(rest)).reshape(season, len(rest))
    means = np.where(count > 0, total / np.maximum(count, 1), neutral)
    centre = means.mean(axis=0)
    means = means / np.where(centre > 0, centre, 1.0) if multiplicative else means - centre
    return np.where(whole, means, neutral)


def fit(y: Floats, origins: Sequence[int], horizon: int, season: int, points: Grid) -> Fit:
    """Runs all points over all series once; at each origin the point with the least AICc so far counts."""
    season = max(season, 1) if points.seasonal else 1
    start = starts(y, origins, season, points.multiplicative)
    known = ~np.isnan(y)
    values, weight = by_period(y)
    gaps = known.all(axis=1).all()
    state = _State(points, start, len(y), season)
    criterion = np.full((len(y), len(origins)), np.inf)
    mean = np.full((len(y), len(origins), horizon), np.nan)
    for t in range(max(origins, default=0) + 1):
        for k in (k for k, origin in enumerate(origins) if origin == t):
            criterion[:, k], mean[:, k] = state.best(known[:, :t].sum(axis=1), t, horizon)
        if t < y.shape[1]:
            state.step(t, values[t], None if gaps else weight[t])
    return Fit(criterion, mean)


class _State:
    """States of all points (points, n) while time passes; written in place because this is the hot loop."""

    def __init__(self, points: Grid, start: Start, n: int, season: int) -> None:
        shape = (len(points.alpha), n)
        self.points, self.start, self.season = points, start, season
        self.alpha, self.beta, self.gamma, self.phi = (
            side[:, None].astype(np.float32) for side in (points.alpha, points.beta, points.gamma, points.phi)
        )
        self.level, self.slope, self.drift, self.squares, self.error, self.part = (
            np.zeros(shape, dtype=np.float32) for _ in range(6)
        )
        self.places = np.repeat(start.season[:, None, :].astype(np.float32), shape[0], axis=1)
        self.trends = bool(points.trend.any())
        self.begin: dict[int, Ints] = {}
        for t in np.unique(start.at):
            self.begin[int(t)] = np.flatnonzero(start.at == t)

    def step(self, t: int, values: Singles, weight: Singles | None) -> None:
        """One period: forecast, error, update."""
        if t in self.begin:
            self._begin(self.begin[t])
        if self.trends:
            self.level += self.drift
        place = self.places[t % self.season]
        if self.points.multiplicative:
            self._multiplied(place, values, weight)
            return
        np.subtract(values, self.level, out=self.error)
        if self.points.seasonal:
            self.error -= place
        if weight is not None:
            self.error *= weight
        self._learn(self.error)
        if self.points.seasonal:
            np.multiply(self.error, self.gamma, out=self.part)
            place += self.part

    def _learn(self, error: Singles) -> None:
        np.multiply(self.error, self.error, out=self.part)
        self.squares += self.part
        np.multiply(error, self.alpha, out=self.part)
        self.level += self.part
        if self.trends:
            np.multiply(error, self.beta, out=self.part)
            np.add(self.drift, self.part, out=self.slope)
            np.multiply(self.slope, self.phi, out=self.drift)

    def _multiplied(self, place: Singles, values: Singles, weight: Singles | None) -> None:
        np.multiply(self.level, place, out=self.part)
        np.subtract(values, self.part, out=self.error)
        if weight is not None:
            self.error *= weight
        base = np.maximum(self.level, 1e-9)
        relative = self.error / np.maximum(place, np.float32(1e-3))
        self._learn(relative.astype(np.float32, copy=False))
        place += self.gamma * self.error / base
        np.maximum(place, 0.0, out=place)

    def _begin(self, rows: Ints) -> None:
        """Sets the states of series whose first value comes now."""
        trend = self.points.trend[:, None]
        self.level[:, rows] = np.where(trend, self.start.intercept[rows], self.start.level[rows])
        self.slope[:, rows] = np.where(trend, self.start.slope[rows], 0.0)
        self.drift[:, rows] = self.slope[:, rows] * np.where(trend, self.phi, 0.0)

    def best(self, seen: Ints, origin: int, horizon: int) -> tuple[Floats, Floats]:
        """Least AICc per series and the forecasts of its point."""
        every = np.arange(self.level.shape[1])
        scores = aicc(self.squares.astype(float), seen, self.points.parameters(self.season)[:, None])
        chosen = scores.argmin(axis=0)
        level, drift = self.level[chosen, every].astype(float), self.drift[chosen, every]
        phi = self.points.phi[chosen]
        powers = np.cumsum(phi[:, None] ** np.arange(horizon), axis=1)
        mean = level[:, None] + drift[:, None] * powers
        if self.points.seasonal:
            ahead = self.places[:, chosen, every].T[:, slots(origin, horizon, self.season)]
            mean = mean * ahead if self.points.multiplicative else mean + ahead
        return scores[chosen, every], np.where((seen > 0)[:, None], mean, np.nan)


def aicc(squares: Floats, seen: Ints, parameters: Floats) -> Floats:
    """Akaike's criterion, corrected for short series; where it does not exist, the fewest parameters win."""
    count = np.maximum(seen, 1.0)
    # A constant series errs by nothing; the floor keeps the logarithm finite and lets the simplest point win.
    fit = count * np.log(np.maximum(squares / count, 1e-12))
    spare = count - parameters - 1
    penalty = np.where(spare > 0, 2 * parameters * count / np.maximum(spare, 1e-9), 1e9 * parameters)
    return fit + penalty


LEVELS = (0.02, 0.06, 0.12, 0.25, 0.45, 0.7, 0.95)
SEASON_LEVELS = (0.02, 0.08, 0.2, 0.45, 0.8)
TRENDS = (0.06, 0.2, 0.45, 0.8)
GAMMAS = (0.01, 0.08, 0.25)

PLAIN = grid(LEVELS)
TREND = grid(LEVELS, TRENDS)
SEASON = grid(SEASON_LEVELS, gammas=GAMMAS)
BOTH = grid((), TRENDS, gammas=(0.01, 0.1))
TIMES = grid(SEASON_LEVELS, gammas=GAMMAS, times=True)


def ets(y: Floats, origins: Sequence[int], horizon: int, season: int) -> Floats:
    """The smoothing with the least AICc of all: level, damped trend, season added or multiplied."""
    return family(y, origins, horizon, season, ("ets",))["ets"]


def family(
    y: Floats, origins: Sequence[int], horizon: int, season: int, wanted: Sequence[str]
) -> dict[str, Floats]:
    """`ets` and its parts by name, each part fitted once."""
    season = max(season, 1)
    parts = {"ets_plain": TREND}
    if season > 1:
        parts |= {"ets_season": SEASON, "ets_trend_season": BOTH}
    fits = {
        name: fit(y, origins, horizon, season, points)
        for name, points in parts.items()
        if name in wanted or "ets" in wanted
    }
    out = {name: found.mean for name, found in fits.items()}
    if "ets" in wanted:
        every = list(fits.values())
        if season > 1:
            every.append(multiplied(y, origins, horizon, season))
        out["ets"] = least(every)
    if season == 1 and "ets_season" in wanted:
        out["ets_season"] = fit(y, origins, horizon, season, PLAIN).mean
    if season == 1 and "ets_trend_season" in wanted:
        out["ets_trend_season"] = out.get("ets_plain", fit(y, origins, horizon, season, TREND).mean)
    return {name: out[name] for name in wanted}


def least(fits: Sequence[Fit]) -> Floats:
    """Per series and origin the forecasts with the least criterion; the earlier one where they tie."""
    chosen = np.argmin(np.stack([found.criterion for found in fits]), axis=0)
    means = np.stack([found.mean for found in fits])
    out: Floats = np.take_along_axis(means, chosen[None, :, :, None], axis=0)[0]
    return out


def multiplied(y: Floats, origins: Sequence[int], horizon: int, season: int) -> Fit:
    """The fit with a multiplied season, of series whose values before an origin are all above zero."""
    good = np.stack([~(y[:, :origin] <= 0).any(axis=1) for origin in origins], axis=1)
    rows = np.flatnonzero(good.any(axis=1))
    criterion, mean = np.full(good.shape, np.inf), np.full((*good.shape, horizon), np.nan)
    if len(rows):
        found = fit(y[rows], origins, horizon, season, TIMES)
        criterion[rows], mean[rows] = np.where(good[rows], found.criterion, np.inf), found.mean
    return Fit(criterion, mean)


def ets_plain(y: Floats, origins: Sequence[int], horizon: int, season: int) -> Floats:
    """Level with or without a damped trend, no season."""
    return family(y, origins, horizon, season, ("ets_plain",))["ets_plain"]


def ets_season(y: Floats, origins: Sequence[int], horizon: int, season: int) -> Floats:
    """Level and added season; without a season, the level alone."""
    return family(y, origins, horizon, season, ("ets_season",))["ets_season"]


def ets_trend_season(y: Floats, origins: Sequence[int], horizon: int, season: int) -> Floats:
    """Level, damped trend and added season."""
    return family(y, origins, horizon, season, ("ets_trend_season",))["ets_trend_season"]
