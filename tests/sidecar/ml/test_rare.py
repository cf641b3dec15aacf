"""Items that hardly ever sell: calibrated by simulation, and beside the others as if they were not there."""

from __future__ import annotations

import numpy as np
import pytest

from sidecar.ml.forecast import forecast as by_methods
from sidecar.ml.newcomers import Peers
from sidecar.ml.rare import MOST, Rates, forecast, rare_rows
from sidecar.ml.series import Floats

NAN = float("nan")
DAYS, AHEAD = 500, 60


@pytest.fixture(scope="module")
def simulated() -> tuple[Floats, Floats, Floats]:
    """History (n, DAYS), what came in AHEAD days more, and what was to come; rates are exponential."""
    rng = np.random.default_rng(5)
    rates = rng.exponential(4 / DAYS, 3_000)
    whole = rng.poisson(np.repeat(rates[:, None], DAYS + AHEAD, axis=1)).astype(float)
    return whole[:, :DAYS], whole[:, DAYS:].sum(axis=1), rates * AHEAD


def test_totals_are_right_on_average_and_in_their_tails(simulated: tuple[Floats, Floats, Floats]) -> None:
    past, came, true = simulated
    few = rare_rows(past, 7)
    made = forecast(past[few], AHEAD)
    assert set(made.method) == {"rare"}
    assert made.total(AHEAD).sum() == pytest.approx(true[few].sum(), rel=0.1)
    sold = past[few].sum(axis=1)
    for count in range(int(MOST) + 1):
        own = sold == count
        assert made.total(AHEAD)[own].sum() == pytest.approx(true[few][own].sum(), rel=0.15)
    for place, level in enumerate((0.9, 0.975)):
        high = made.total_quantiles(AHEAD, (0.9, 0.975))[:, place]
        assert level - 0.02 <= (came[few] <= high).mean() <= min(level + 0.06, 1.0)


def test_quantiles_are_those_of_the_negative_binomial() -> None:
    from scipy.stats import nbinom

    rates = Rates(np.array([1.0, 3.5]), np.array([200.0, 150.0]))
    found = rates.quantiles(90, (0.5, 0.9, 0.99))
    for row in range(2):
        share = rates.periods[row] / (rates.periods[row] + 90)
        assert found[row].tolist() == nbinom.ppf((0.5, 0.9, 0.99), rates.shape[row], share).tolist()


def test_the_young_the_unknown_and_the_busy_are_not_rare() -> None:
    y = np.zeros((5, 120))
    y[1, :100] = NAN  # new
    y[2, 5:] = NAN  # out of stock ever since
    y[3, ::20] = 1.0
    y[4, 50] = -3.0
    assert rare_rows(y, 7).tolist() == [True, False, False, False, True]
    assert not rare_rows(y, 12).any()
    assert "negative_as_zero" in forecast(y, 14).notes[4]


def test_both_kinds_come_back_in_their_order() -> None:
    rng = np.random.default_rng(2)
    y = rng.poisson(2.0, (9, 200)).astype(float)
    y[1::3] = 0.0
    y[4, 30] = 1.0
    named = list("aabbccaab")
    made = forecast(y, 28, groups=named)
    assert [name == "rare" for name in made.method] == [row % 3 == 1 for row in range(9)]
    rest = [0, 2, 3, 5, 6, 8]
    alone = by_methods(y[rest], 28, groups=[named[row] for row in rest])
    assert np.allclose(made.mean[rest], alone.mean)
    assert np.allclose(made.total_quantiles(14, (0.1, 0.9))[rest], alone.total_quantiles(14, (0.1, 0.9)))
    assert made.total(28)[4] > made.total(28)[1] > 0
    assert all(np.isfinite(part).all() for part in (made.mean, made.quantiles, made.total_values))


def test_one_column_of_nothing_known_goes_with_the_rare() -> None:
    y = np.zeros((2, 100))
    y[1] = NAN
    made = forecast(y, 28)
    assert made.method == ("rare", "none")
    assert made.total_quantiles(14, (0.9,))[1] == 0


def test_a_newcomer_expects_what_its_category_sells_slow_items_too() -> None:
    rng = np.random.default_rng(3)
    y = np.concatenate([rng.poisson(2.0, (6, 300)), np.zeros((30, 300)), np.full((1, 300), NAN)]).astype(
        float
    )
    named = ["shoes"] * len(y)
    new = forecast(y, 28, groups=named).total(28)[-1]
    blind = by_methods(np.concatenate([y[:6], y[-1:]]), 28, groups=named[:7]).total(28)[-1]
    assert 0 < new < 0.35 * blind
    elsewhere = Peers(np.zeros(30), ("hats",) * 30)
    same = by_methods(np.concatenate([y[:6], y[-1:]]), 28, groups=named[:7], peers=elsewhere)
    assert same.total(28)[-1] == pytest.approx(blind)


def test_the_error_is_that_of_past_days(simulated: tuple[Floats, Floats, Floats]) -> None:
    past = simulated[0]
    made = forecast(past[rare_rows(past, 7)], AHEAD)
    told = np.isfinite(made.error)
    assert told.any()
    assert np.nanmean(made.error) < np.nanmean(made.naive_error)
    assert np.nanmin(made.coverage) > 0.8
    never = past[rare_rows(past, 7)].sum(axis=1) == 0
    assert np.isnan(made.error[never]).all()


def test_origins_before_an_item_was_there_tell_nothing_of_it() -> None:
    y = np.zeros((40, 730))
    y[:, [20, 220, 420, 700]] = 1.0  # as many units as the form knows, so that it tells no usual rate
    y[0, :620], y[1, :660] = np.nan, np.nan
    y[0, 650], y[1, 690] = 2.0, 2.0
    made = forecast(y, 90)
    assert set(made.method) == {"rare"}
    assert np.isfinite(made.error[[0, *range(2, 40)]]).all()
    assert np.isnan(made.error[1])
    assert made.notes[1] == "too_short_for_backtest"
