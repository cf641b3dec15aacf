"""All forecasting methods by name; one shape of call for each, and one that shares work among several."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from sidecar.ml.ets import ets, ets_plain, ets_season, ets_trend_season, family
from sidecar.ml.intermittent import adida, aggregated, croston, crostons, imapa, sba, tsb
from sidecar.ml.naive import recent_mean, seasonal_mean, seasonal_naive, zero
from sidecar.ml.parallel import slices
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
        "mean_4": recent_mean(4),
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

FAMILIES: tuple[tuple[Family, frozenset[str], bool], ...] = (
    (family, frozenset({"ets", "ets_plain", "ets_season", "ets_trend_season"}), False),
    (thetas, frozenset({"theta", "theta_dynamic"}), True),
    (crostons, frozenset({"croston", "sba"}), False),
    (aggregated, frozenset({"adida", "imapa"}), True),
)
"""Functions that give several methods at little more than the cost of one, and whether they work on the
histories before all origins at once.
"""


def together(
    names: Sequence[str], y: Floats, origins: Sequence[int], horizon: int, season: int
) -> dict[str, Floats]:
    """The forecasts of several methods by name, as each alone, with the work that they share done once."""
    out = {name: np.empty((len(y), len(origins), horizon)) for name in names}
    rest = set(names)
    for function, members, stacks in FAMILIES:
        wanted = [name for name in names if name in members]
        rest -= members
        size = max(1, 2 * CHUNK // max(len(origins), 1)) if stacks else CHUNK
        for rows in slices(len(y) if wanted else 0, size):
            for name, found in function(y[rows], origins, horizon, season, wanted).items():
                if name in out:
                    out[name][rows] = found
    return out | {name: METHODS[name](y, origins, horizon, season) for name in names if name in rest}
