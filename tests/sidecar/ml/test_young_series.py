"""Series that began after the origins of the backtest."""

from __future__ import annotations

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
