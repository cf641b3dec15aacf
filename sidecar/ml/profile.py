"""Level times weekly profile: the profile slow, the level fast, both from totals, so zeros do no harm."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sidecar.ml.series import Floats, Singles, by_period, first_values, mean_known, slots
from sidecar.ml.smoothing import add_square, approach

RATES = np.array([0.005, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3])
MEMORY = 26
"""Seasons after which a profile's old days weigh about a third."""
BELIEF = 2.0
"""Seasons of a flat profile that stand before the first real one."""
LEAST = np.float32(1e-3)


def profile_level(y: Floats, origins: Sequence[int], horizon: int, season: int) -> Floats:
    """Smoothed level times the profile of the season, the rate from a grid by its error one period ahead.

    The level is smoothed demand over smoothed profile, so a place in which nothing ever sells (a closed day)
    neither raises nor lowers it.
    """
    season = max(season, 1)
    known = ~np.isnan(y)
    values, weight = by_period(y)
    n, rate = len(y), RATES[:, None].astype(np.float32)
    early = np.nan_to_num(mean_known(first_values(y, origins, 2 * season))).astype(np.float32)
    # What was sold and seen per place of the season, with a flat profile as the first seasons.
    sold, seen = np.tile(early * BELIEF, (season, 1)), np.full((season, n), BELIEF, dtype=np.float32)
    top, bottom = np.tile(early, (len(RATES), 1)), np.ones((len(RATES), n), dtype=np.float32)
    squares, step, part, fade = (
        np.zeros_like(bottom),
        np.empty_like(bottom),
        np.empty_like(bottom),
        1 / MEMORY,
    )
    rates: Singles = (sold / seen).astype(np.float32, copy=False)
    out = np.full((n, len(origins), horizon), np.nan)
    for t in range(max(origins, default=0) + 1):
        for k in (k for k, origin in enumerate(origins) if origin == t):
            level = (top / bottom)[squares.argmin(axis=0), np.arange(n)]
            ahead = _shares(rates, rates)[slots(t, horizon, season)]
            out[:, k] = np.where(known[:, :t].any(axis=1), level * ahead, np.nan).T
        if t >= len(values):
            break
        place = t % season
        index = _shares(rates[place], rates)
        np.divide(top, bottom, out=part)
        part *= index
        add_square(squares, part, values[t], weight[t])
        np.multiply(rate, weight[t], out=step)
        approach(top, values[t], step, part)
        approach(bottom, index, step, part)
        np.maximum(bottom, LEAST, out=bottom)
        keep = 1 - weight[t] * np.float32(fade)
        sold[place] = sold[place] * keep + values[t]
        seen[place] = seen[place] * keep + weight[t]
        np.divide(sold[place], seen[place], out=rates[place])
    return out


def _shares(some: Singles, rates: Singles) -> Singles:
    """Shares of a place, or of all, when those of the whole season have the mean 1."""
    centre = rates.mean(axis=0)
    shares: Singles = np.divide(some, centre, out=np.ones_like(some), where=centre > 0)
    return shares
