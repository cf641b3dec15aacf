"""All forecasting methods by name; one shape of call for each."""

from __future__ import annotations

from sidecar.ml.ets import ets, ets_plain, ets_season, ets_trend_season
from sidecar.ml.intermittent import adida, croston, imapa, sba, tsb
from sidecar.ml.naive import recent_mean, seasonal_mean, seasonal_naive, zero
from sidecar.ml.profile import profile_level
from sidecar.ml.series import Method, in_chunks
from sidecar.ml.smoothing import ses
from sidecar.ml.theta import theta, theta_dynamic

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
