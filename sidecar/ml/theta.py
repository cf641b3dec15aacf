"""Theta: half a line through everything, half the smoothed level, on a series without its season.

Assimakopoulos and Nikolopoulos, The theta model, International Journal of Forecasting 16 (2000); the line and
the level as in Hyndman and Billah (2003), and other weights of the line as in Fiorucci et al. (2016).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sidecar.ml.series import (
    RECENT,
    TREND_FROM,
    Bools,
    Floats,
    Singles,
    by_period,
    first_values,
    mean_known,
    resting,
    slots,
    stacked,
)
from sidecar.ml.smoothing import smooth

CRITICAL = 1.645
"""One-sided 95 % of the normal distribution, for the test of seasonality."""


STRAIGHT = 3
"""Values without which there is no line."""
ONE = np.float32(1)
THETA_RATES = np.array([0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.95])
SHARES = np.array([0, 1 / 3, 1 / 2, 2 / 3])
"""Parts of the line's slope that dynamic theta tries; a half is the classic theta."""


def theta(y: Floats, origins: Sequence[int], horizon: int, season: int) -> Floats:
    """The classic theta method; a season is taken out where the autocorrelation speaks for one."""
    return thetas(y, origins, horizon, season, ("theta",))["theta"]


def theta_dynamic(y: Floats, origins: Sequence[int], horizon: int, season: int) -> Floats:
    """Theta whose line grows with the data, and whose share of it is the one that erred least."""
    return thetas(y, origins, horizon, season, ("theta_dynamic",))["theta_dynamic"]


def thetas(
    y: Floats, origins: Sequence[int], horizon: int, season: int, wanted: Sequence[str]
) -> dict[str, Floats]:
    """Both methods by name; the season, which differs with each origin, is taken out once for both."""
    panels, longest = [], min(max(origins, default=0), RECENT)
    ahead, multiplied = (
        np.empty((len(origins), len(y), horizon)),
        np.empty((len(origins), len(y), 1), dtype=bool),
    )
    for k, origin in enumerate(origins):
        past = y[:, max(origin - RECENT, 0) : origin]
        index, multiplied[k, :, 0] = season_index(past, season)
        behind = index[:, np.arange(past.shape[1]) % index.shape[1]]
        ahead[k] = index[:, slots(past.shape[1], horizon, index.shape[1])]
        divided = past / np.where(behind > 0, behind, np.nan)
        plain = np.where(multiplied[k], divided, past - behind)
        panels.append(stacked(plain, [past.shape[1]], longest))
    # The histories up to all origins lie below each other, ending in the last column, and run as one panel.
    panel = np.concatenate(panels)
    out = {}
    for name, method in (("theta", plain_theta), ("theta_dynamic", plain_dynamic)):
        if name in wanted:
            mean = method(panel, horizon).reshape(ahead.shape)
            found = np.swapaxes(np.where(multiplied, mean * ahead, mean + ahead), 0, 1)
            out[name] = resting(found, y, origins)
    return out


def plain_theta(y: Floats, horizon: int) -> Floats:
    """Smoothed level plus half the slope of the line through everything, (n, horizon)."""
    levels = smooth(y, [y.shape[1]], THETA_RATES)
    level, rate = levels.level[:, :1], levels.rate[:, :1]
    known = ~np.isnan(y)
    count = known.sum(axis=1, keepdims=True)
    slope = line_slope(y)[:, None]
    carried = (1 - (1 - rate) ** np.maximum(count, 1)) / rate
    out: Floats = level + slope / 2 * (np.arange(horizon) + carried)
    return out


def plain_dynamic(y: Floats, horizon: int) -> Floats:
    """Smoothed level plus a share of the slope of the line through everything so far, (n, horizon).

    Rate and share from a grid, by the error one period ahead with the line as it was known then.
    """
    values, weight = by_period(y)
    rate, n = THETA_RATES[:, None].astype(np.float32), y.shape[0]
    # NaN where nothing is known, and then nothing is forecast.
    level = np.tile(mean_known(first_values(y, [y.shape[1]], 6)).astype(np.float32), (len(rate), 1))
    line = _Line(n)
    # `far`: how many steps of the line the level lags behind it. The squared error is quadratic in the share,
    # so three sums tell it for all shares.
    far, errors, both, drifts = (np.zeros_like(level) for _ in range(4))
    error, carried, part = (np.empty_like(level) for _ in range(3))
    for t in range(y.shape[1]):
        _approach_one(far, rate, weight[t], part)
        np.multiply(far, line.slope() * weight[t], out=carried)
        np.subtract(values[t], level, out=error)
        error *= weight[t]
        np.multiply(error, carried, out=part)
        both += part
        np.multiply(carried, carried, out=carried)
        drifts += carried
        np.multiply(error, error, out=part)
        part *= line.count >= STRAIGHT
        errors += part
        line.add(t, values[t], weight[t])
        error *= rate
        level += error
    squares = np.stack([errors - 2 * share * both + share**2 * drifts for share in SHARES], axis=1)
    chosen, share = np.divmod(squares.reshape(-1, n).argmin(axis=0), len(SHARES))
    every = np.arange(n)
    slope = np.where(line.count >= TREND_FROM, SHARES[share] * line.slope(), 0.0)[:, None]
    lag = far[chosen, every].astype(float)[:, None]
    out: Floats = level[chosen, every][:, None] + slope * (np.arange(horizon) + lag)
    return out


def _approach_one(far: Singles, rate: Singles, weight: Singles, part: Singles) -> None:
    """A step of the lag of a smoothed level behind a line: the sum of the powers of 1 - rate."""
    np.multiply(far, rate, out=part)
    np.subtract(np.float32(1), part, out=part)
    part *= weight
    far += part


class _Line:
    """Least squares line through what came so far, per series; flat until there are `STRAIGHT` values."""

    def __init__(self, n: int) -> None:
        self.count, self.x, self.y, self.spread, self.both = (np.zeros(n, dtype=np.float32) for _ in range(5))

    def add(self, t: int, values: Singles, weight: Singles) -> None:
        """One period more; weight 0 where it is unknown."""
        self.count += weight
        share = weight / np.maximum(self.count, ONE)
        away = np.float32(t) - self.x
        self.x += share * away
        self.y += share * (values - self.y)
        away *= weight
        self.spread += away * (np.float32(t) - self.x)
        self.both += away * (values - self.y)

    def slope(self) -> Singles:
        """Units per period."""
        there = self.count >= STRAIGHT
        slope: Singles = np.divide(self.both, self.spread, out=np.zeros_like(self.both), where=there)
        return slope


def line_slope(y: Floats) -> Floats:
    """Slope of the least squares line through the known values; 0 with too few of them."""
    known = ~np.isnan(y)
    steps = np.arange(y.shape[1], dtype=float)
    count = np.maximum(known.sum(axis=1), 1)
    away = np.where(known, steps - ((known * steps).sum(axis=1) / count)[:, None], 0.0)
    spread = (away**2).sum(axis=1)
    slope: Floats = np.where(known, away * np.nan_to_num(y), 0.0).sum(axis=1) / np.where(
        spread > 0, spread, 1
    )
    return np.where(known.sum(axis=1) >= TREND_FROM, slope, 0.0)


def season_index(y: Floats, season: int) -> tuple[Floats, Bools]:
    """Classical index per place of the season, (n, season), and whether it multiplies (all values above 0).

    Neutral without two whole seasons or where the autocorrelation at the season's length is not clear.
    """
    multiplied: Bools = np.asarray(~(y <= 0).any(axis=1))
    if season < 2 or y.shape[1] < 2 * season:
        return np.where(multiplied, 1.0, 0.0)[:, None], multiplied
    out = np.repeat(np.where(multiplied, 1.0, 0.0)[:, None], season, axis=1)
    clear = np.flatnonzero(seasonal(y, season))
    times, some = multiplied[clear, None], y[clear]
    middle = _centred(some, season)
    with np.errstate(divide="ignore", invalid="ignore"):
        rest = np.where(times, some / middle, some - middle)
    index = np.stack([mean_known(rest[:, place::season]) for place in range(season)], axis=1)
    centre = index.mean(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        index = np.where(times, index / centre, index - centre)
    out[clear] = np.where(np.isnan(index).any(axis=1)[:, None], out[clear], index)
    return out, multiplied


def seasonal(y: Floats, season: int) -> Bools:
    """Whether the autocorrelation one season apart is beyond chance, given those at shorter distances."""
    known = ~np.isnan(y)
    away = np.where(known, y - mean_known(y)[:, None], 0.0)
    power = (away**2).sum(axis=1)
    power = np.where(power > 0, power, np.inf)
    lags = [np.einsum("ij,ij->i", away[:, lag:], away[:, :-lag]) / power for lag in range(1, season + 1)]
    noise = np.sqrt((1 + 2 * np.square(lags[:-1]).sum(axis=0)) / np.maximum(known.sum(axis=1), 1))
    clear: Bools = np.abs(lags[-1]) > CRITICAL * noise
    return clear


def _centred(y: Floats, season: int) -> Floats:
    """Centred moving mean over one season of the known values; NaN at the ends."""
    known = ~np.isnan(y)
    total, count = (_windows(side, season) for side in (np.where(known, y, 0.0), known))
    if season % 2 == 0:
        total, count = (side[:, 1:] + side[:, :-1] for side in (total, count))
    out, reach = np.full_like(y, np.nan), season // 2
    middle = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    out[:, reach : reach + middle.shape[1]] = middle
    return out


def _windows(values: Floats | Bools, width: int) -> Floats:
    """Sums over `width` columns that begin at each column, (n, t - width + 1)."""
    sums = np.cumsum(np.pad(values, ((0, 0), (1, 0))), axis=1, dtype=float)
    out: Floats = sums[:, width:] - sums[:, :-width]
    return out
