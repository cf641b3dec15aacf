"""Forecasts that need no fitting: nothing, the last season, the mean of the last periods."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sidecar.ml.series import Floats, Method, last_values, mean_known, slots


def zero(y: Floats, origins: Sequence[int], horizon: int, season: int) -> Floats:
    """Nothing sells: what every forecast of slow demand has to beat."""
    return np.zeros((len(y), len(origins), horizon))


def seasonal_naive(y: Floats, origins: Sequence[int], horizon: int, season: int) -> Floats:
    """The last known value of the same place in the season; where there is none, the last known value."""
    season = max(season, 1)
    filled = _carried(y, season)
    if season > 1:
        filled = np.where(np.isnan(filled), _carried(y, 1), filled)
    out = np.full((len(y), len(origins), horizon), np.nan)
    for k, origin in enumerate(origins):
        seen = min(season, origin)
        steps = np.arange(horizon) % season
        # Less than a season of history: the newest value stands for what was not seen.
        columns = np.where(steps + origin - season >= 0, steps + origin - season, origin - 1)
        if seen:
            out[:, k] = filled[:, columns]
            out[:, k] = np.where(np.isnan(out[:, k]), _carried(y[:, :origin], 1)[:, -1:], out[:, k])
    return out


def recent_mean(periods: int) -> Method:
    """The mean of the last known `periods` values, for each period to come."""

    def method(y: Floats, origins: Sequence[int], horizon: int, season: int) -> Floats:
        means = [_last_mean(y, origin, periods) for origin in origins]
        return np.repeat(np.stack(means, axis=1)[:, :, None], horizon, axis=2)

    method.__doc__ = f"The mean of the last {periods} known periods."
    method.__name__ = f"mean_{periods}"
    return method


def _last_mean(y: Floats, origin: int, periods: int) -> Floats:
    mean = mean_known(y[:, max(origin - periods, 0) : origin])
    # Few have gaps, for which the last known values lie farther back.
    gaps = np.flatnonzero(np.isnan(y[:, max(origin - periods, 0) : origin]).any(axis=1))
    mean[gaps] = mean_known(last_values(y[gaps], origin, periods))
    return mean


def seasonal_mean(seasons: int) -> Method:
    """The mean of the last `seasons` known values of the same place in the season."""

    def method(y: Floats, origins: Sequence[int], horizon: int, season: int) -> Floats:
        season = max(season, 1)
        out = np.empty((len(y), len(origins), horizon))
        for k, origin in enumerate(origins):
            by_slot = np.stack(
                [_slot_mean(y, origin, slot, season, seasons) for slot in range(season)], axis=1
            )
            lacking = mean_known(last_values(y, origin, seasons * season))
            by_slot = np.where(np.isnan(by_slot), lacking[:, None], by_slot)
            out[:, k] = by_slot[:, slots(origin, horizon, season)]
        return out

    method.__doc__ = f"The mean of the last {seasons} known values of the same place in the season."
    method.__name__ = f"seasonal_mean_{seasons}"
    return method


def _slot_mean(y: Floats, origin: int, slot: int, season: int, seasons: int) -> Floats:
    values = y[:, slot:origin:season]
    return mean_known(last_values(values, values.shape[1], seasons))


def _carried(y: Floats, season: int) -> Floats:
    """Each unknown value replaced by the last known one a whole number of seasons before."""
    out = np.array(y.T, order="C")
    for period in range(season, len(out)):
        np.copyto(out[period], out[period - season], where=np.isnan(out[period]))
    return out.T
