"""Level times weekly profile: the profile slow, the level fast, both from totals, so zeros do no harm."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sidecar.ml.series import Floats, Singles, by_period, first_values, mean_known, slots

RATES = np.array([0.005, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3])
MEMORY = 26
"""Seasons after which a profile's old days weigh about a third."""
BELIEF = 2.0
"""Seasons of a flat profile that stand before the first real one."""


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
    squares, fade = np.zeros_like(bottom), 1 - 1 / MEMORY
    out = np.full((n, len(origins), horizon), np.nan)
    for t in range(max(origins, default=0) + 1):
        for k in (k for k, origin in enumerate(origins) if origin == t):
            level = (top / bottom)[squares.argmin(axis=0), np.arange(n)]
            ahead = _profile(sold, seen)[slots(t, horizon, season)]
            out[:, k] = np.where(known[:, :t].any(axis=1), level * ahead, np.nan).T
        if t >= len(values):
            break
        place = t % season
        index = _profile(sold, seen)[place]
        squares += weight[t] * (values[t] - top / bottom * index) ** 2
        step = rate * weight[t]
        top += step * (values[t] - top)
        bottom += step * (index - bottom)
        np.maximum(bottom, 1e-3, out=bottom)
        keep = 1 - weight[t] * (1 - fade)
        sold[place] = sold[place] * keep + values[t]
        seen[place] = seen[place] * keep + weight[t]
    return out


def _profile(sold: Singles, seen: Singles) -> Singles:
    """Share of each place of the season, mean 1, (season, n)."""
    rates = sold / seen
    centre = rates.mean(axis=0)
    shares: Singles = np.divide(rates, centre, out=np.ones_like(rates), where=centre > 0)
    return shares
