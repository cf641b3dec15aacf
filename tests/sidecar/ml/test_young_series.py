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


def test_ten_weeks_are_enough_for_intervals_that_hold() -> None:
    """No past forecast had eight weeks to go by; the spread of the weeks themselves stands in."""
    rng = np.random.default_rng(6)
    rate = rng.gamma(4.0, 5.0, (200, 1))
    y = rng.negative_binomial(2.0, 2.0 / (2.0 + rate), (200, 14)).astype(float)
    found = forecast(y[:, :10], 4, season=52, levels=(0.1, 0.9))
    low, high = found.quantiles.transpose(1, 0, 2)
    assert 0.74 < ((y[:, 10:] >= low) & (y[:, 10:] <= high)).mean() < 0.86


def test_uneven_demand_is_expected_in_full() -> None:
    """Squares are least for a forecast somewhat too low, and first sales make it lower."""
    rng = np.random.default_rng(7)
    rate = rng.gamma(2.0, 2.0, (300, 1))
    y = rng.negative_binomial(0.5, 0.5 / (0.5 + rate), (300, 26)).astype(float)
    begins = rng.integers(0, 14, 300)
    y[np.arange(26) < begins[:, None]] = np.nan
    first = np.argmax(np.nan_to_num(y) > 0, axis=1)
    y[np.arange(26) < first[:, None]] = np.nan
    found = forecast(y[:, :22], 4, season=52)
    assert abs(found.mean.sum() / (4 * rate.sum()) - 1) < 0.12
