"""All forecasting methods by name; one shape of call for each, and one that shares work among several."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from sidecar.ml.ets import ets, ets_plain, ets_season, ets_trend_season, family
from sidecar.ml.intermittent import adida, aggregated, croston, crostons, imapa, sba, tsb
from sidecar.ml.naive import recent_mean, seasonal_mean, seasonal_naive, zero
from sidecar.ml.profile import profile_level
from sidecar.ml.series import CHUNK, Floats, Method, in_chunks
from sidecar.ml.smoothing import ses
from sidecar.ml.theta import theta, theta_dynamic, thetas

Family = Callable[[Floats, Sequence[int], int, int, Sequence[str]], dict[str, Floats]]

METHODS: dict[str, Method] = {
    name: in_chunks(method)
    for name, method in {
        "zero": zero,
        "seasonal_naive": seasonal_naive,
        "mean_8": recent_mean(8),
        "mean_28": recent_mean(28),
        "mean_91": recent_mean(91),
        "seasonal_mean_8": seasonal_mean(8),
        "ses": ses,
        "ets": ets,
        "ets_plain": ets_plain,
        "ets_season": ets_season,
        "ets_trend_season": ets_trend_season,
        "theta": theta,
        "theta_dynamic": theta_dynamic,
        "profile_level": profile_level,
        "croston": croston,
        "sba": sba,
        "tsb": tsb,
        "adida": adida,
        "imapa": imapa,
    }.items()
}
"""`(y (n, t), origins, horizon, season) -> (n, len(origins), horizon)`.

Means, not clipped at zero. NaN where nothing is known before the origin.
"""

FAMILIES: tuple[tuple[Family, frozenset[str]], ...] = (
    (family, frozenset({"ets", "ets_plain", "ets_season", "ets_trend_season"})),
    (thetas, frozenset({"theta", "theta_dynamic"})),
    (crostons, frozenset({"croston", "sba"})),
    (aggregated, frozenset({"adida", "imapa"})),
)
"""Functions that give several methods at little more than the cost of one."""


def together(
    names: Sequence[str], y: Floats, origins: Sequence[int], horizon: int, season: int
) -> dict[str, Floats]:
    """The forecasts of several methods by name, as each alone, with the work that they share done once."""
    out = {name: np.empty((len(y), len(origins), horizon)) for name in names}
    for first in range(0, len(y), CHUNK):
        rows = slice(first, first + CHUNK)
        for name, found in _chunk(names, y[rows], origins, horizon, season).items():
            out[name][rows] = found
    return out


def _chunk(
    names: Sequence[str], y: Floats, origins: Sequence[int], horizon: int, season: int
) -> dict[str, Floats]:
    found: dict[str, Floats] = {}
    for function, members in FAMILIES:
        wanted = [name for name in names if name in members]
        if wanted:
            made = function(y, origins, horizon, season, wanted)
            found |= {name: made[name] for name in wanted}
    return found | {name: METHODS[name](y, origins, horizon, season) for name in names if name not in found}
