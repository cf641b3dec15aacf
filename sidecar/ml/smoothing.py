"""Simple exponential smoothing of many series over a grid of rates at once; the floor of several methods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sidecar.ml.series import Floats, Singles, by_period, first_values, mean_known

RATES = np.array([0.01, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.65, 0.8, 0.95])


@dataclass(frozen=True)
class Levels:
    """Levels (n, origins) with the rate (n, origins) of the smallest squared error one period ahead."""

    level: Floats
    rate: Floats
    error: Floats


def smooth(y: Floats, origins: Sequence[int], rates: Floats = RATES, start: int = 6) -> Levels:
    """Level after each origin, with the rate that erred least up to there; unknown periods change nothing.

    Starts at the mean of the first `start` periods.
    """
    first = np.nan_to_num(mean_known(first_values(y, origins, start))).astype(np.float32)
    values, weight = by_period(y)
    grid = rates[:, None].astype(np.float32)
    level = np.repeat(first[None, :], len(rates), axis=0)
    squares, error, square = np.zeros_like(level), np.empty_like(level), np.empty_like(level)
    out = [np.full((len(y), len(origins)), np.nan) for _ in range(3)]
    wanted, everything = _places(origins), bool(weight.all())
    for t in range(y.shape[1] + 1):
        for k in wanted.get(t, ()):
            best, every = squares.argmin(axis=0), np.arange(len(y))
            seen = weight[:t].any(axis=0)
            for target, source in zip(out, (level, np.broadcast_to(grid, level.shape), squares), strict=True):
                target[:, k] = np.where(seen, source[best, every], np.nan)
        if t >= max(origins, default=0):
            break
        np.subtract(values[t], level, out=error)
        if not everything:
            error *= weight[t]
        np.multiply(error, error, out=square)
        squares += square
        error *= grid
        level += error
    return Levels(*out)


def _places(origins: Sequence[int]) -> dict[int, list[int]]:
    """Which of the answers are due after how many columns."""
    places: dict[int, list[int]] = {}
    for k, origin in enumerate(origins):
        places.setdefault(origin, []).append(k)
    return places


def ses(y: Floats, origins: Sequence[int], horizon: int, season: int) -> Floats:
    """Simple exponential smoothing, its rate from a grid."""
    return np.repeat(smooth(y, origins).level[:, :, None], horizon, axis=2)


def add_square(squares: Singles, rates: Singles, value: Singles, weight: Singles) -> None:
    """Adds the squared errors of the rates, which are overwritten."""
    np.subtract(value, rates, out=rates)
    rates *= weight
    np.multiply(rates, rates, out=rates)
    squares += rates


def approach(level: Singles, value: Singles, step: Singles, part: Singles) -> None:
    """Moves the level towards the value by the step; `part` is room to compute in."""
    np.subtract(value, level, out=part)
    part *= step
    level += part
