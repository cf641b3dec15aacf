"""What every method keeps to: shapes, no look ahead, unknown periods, degenerate series."""

from __future__ import annotations

import numpy as np
import pytest

from sidecar.ml.methods import METHODS, together
from sidecar.ml.series import Floats

ALL = pytest.mark.parametrize("name", METHODS)


def demand(n: int = 12, t: int = 140, seed: int = 0) -> Floats:
    """Counts with a weekly pattern, a third of them mostly nothing."""
    rng = np.random.default_rng(seed)
    level = np.where(np.arange(n) % 3 == 0, 0.3, 8.0)[:, None]
    return rng.poisson(level * (1 + 0.5 * np.sin(np.arange(t) * 2 * np.pi / 7))).astype(float)


@ALL
@pytest.mark.parametrize("season", [1, 7])
def test_later_columns_change_nothing(name: str, season: int) -> None:
    y, other = demand(), demand()
    other[:, 100:] = 1000
    found, again = (METHODS[name](values, [90, 100], 9, season) for values in (y, other))
    assert found.shape == (12, 2, 9)
    assert not np.isnan(found).any()
    np.testing.assert_array_equal(found, again)


@ALL
@pytest.mark.parametrize("season", [1, 7, 52])
def test_starting_values_do_not_look_ahead(name: str, season: int) -> None:
    y, other = demand(), demand()
    y[:3, :6] = other[:3, :6] = np.nan
    y[3:6, :12] = other[3:6, :12] = 0
    other[:, 9:] = 1000
    found, again = (METHODS[name](values, [5, 9], 9, season) for values in (y, other))
    np.testing.assert_array_equal(found, again)


@ALL
def test_one_recursion_answers_as_one_run_per_origin(name: str) -> None:
    y = demand()
    y[1, 20:30], y[2, :70], y[4, 95:] = np.nan, np.nan, np.nan
    together = METHODS[name](y, [90, 110, 140], 5, 7)
    # Starting values may use what comes before the first origin only, so the first one is named each time.
    for k, origin in enumerate([90, 110, 140]):
        alone = METHODS[name](y[:, :origin], [90, origin], 5, 7)[:, 1]
        np.testing.assert_allclose(together[:, k], alone, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("season", [1, 7])
def test_methods_together_answer_as_each_alone(season: int) -> None:
    y = demand(300)
    found = together(tuple(METHODS), y, [100, 140], 8, season)
    for name, method in METHODS.items():
        np.testing.assert_array_equal(found[name], method(y, [100, 140], 8, season), err_msg=name)


@ALL
def test_a_series_alone_is_forecast_as_among_others(name: str) -> None:
    y = demand()
    y[:, 40:44] = np.nan
    together = METHODS[name](y, [140], 8, 7)
    for row in range(len(y)):
        np.testing.assert_allclose(METHODS[name](y[row : row + 1], [140], 8, 7)[0], together[row], rtol=1e-9)


@ALL
@pytest.mark.parametrize("season", [1, 7])
def test_degenerate_series(name: str, season: int) -> None:
    y = np.full((5, 60), np.nan)
    y[1, -1], y[2], y[3], y[4, 30:40] = 6.0, 4.0, 0.0, 3.0
    found = METHODS[name](y, [20, 60], 10, season)
    assert np.isnan(found[0]).all() or name == "zero", "nothing known, nothing said"
    expected = {"zero": [0, 0, 0, 0]}.get(name, [6, 4, 0, 3])
    shape = np.ones(10)
    if name == "sba":
        expected = list(found[1:, 1, 0])
    np.testing.assert_allclose(found[1:, 1], np.array(expected)[:, None] * shape, atol=1e-6)


@ALL
def test_single_precision_and_tiny_inputs(name: str) -> None:
    y = demand()
    found = METHODS[name](y.astype(np.float32), [140], 6, 7)
    np.testing.assert_allclose(found, METHODS[name](y, [140], 6, 7), rtol=1e-4, atol=1e-4)
    for season in (1, 7):
        assert METHODS[name](np.array([[2.0]]), [1], 3, season).shape == (1, 1, 3)
        assert METHODS[name](np.empty((0, 5)), [5], 3, season).shape == (0, 1, 3)
        assert np.isfinite(METHODS[name](np.array([[2.0, 3.0, 1.0]]), [3], 3, season)).all()


@ALL
def test_an_item_away_for_over_a_year_is_forecast_from_before(name: str) -> None:
    y = np.full((2, 900), np.nan)
    y[0, :400], y[1, 800:] = 5.0, 5.0
    found = METHODS[name](y, [900], 4, 7)[:, 0]
    np.testing.assert_allclose(found[0], found[1], atol=0.6 if name == "sba" else 1e-5)
