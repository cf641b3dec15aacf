"""Series that began after the origins of the backtest."""

from __future__ import annotations

from datetime import date

import numpy as np

from sidecar.ml.forecast import forecast


def test_a_young_series_has_quantiles_of_its_own_size() -> None:
    """Its past forecasts of nothing, before it began, say nothing about its spread."""
    rng = np.random.default_rng(3)
    y = rng.poisson(5.0, (60, 200)).astype(float)
    y[:3, :178] = np.nan
    found = forecast(y, 28, boosted=False)
    totals = found.total_quantiles(21, (0.05, 0.5, 0.95))
    assert (totals[:3, 2] < 2 * 21 * 5).all()
    assert (totals[:3, 0] > 0.5 * 21 * 5).all()
    assert (found.quantiles[:3, -1] < 20).all()


def test_an_item_away_for_two_years_is_expected_to_sell_as_before() -> None:
    """The forecasts of the end look back a year and a half, and farther where that tells nothing."""
    rng = np.random.default_rng(4)
    y = rng.poisson(5.0, (40, 1100)).astype(float)
    y[:3, 400:] = np.nan
    found = forecast(y, 14, first_day=date(2023, 1, 1), boosted=False)
    np.testing.assert_allclose(found.mean[:3].mean(axis=1), found.mean[3:].mean(), rtol=0.25)
