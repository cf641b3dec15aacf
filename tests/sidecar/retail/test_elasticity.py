"""The pooled price response: recovered where it is there, refused where it is not."""

from __future__ import annotations

import numpy as np
import pytest

from sidecar.retail.elasticity import Panel, estimate

DAYS = 500


def panel(
    elasticity: float,
    *,
    products: int = 40,
    rate: float = 0.8,
    cut: float = 0.25,
    seed: int = 1,
    together: bool = False,
) -> Panel:
    """Products with a season, and sales of 12 days at random times or, `together`, all at the same time."""
    rng = np.random.default_rng(seed)
    price = np.ones((products, DAYS))
    for first in range(20, DAYS - 20, 60):
        for row in range(products):
            start = first if together else first + rng.integers(0, 45)
            price[row, start : start + 12] = 1 - cut
    season = 0.5 * np.cos(2 * np.pi * np.arange(DAYS) / 365)
    mean = rate * rng.lognormal(0, 0.4, (products, 1)) * np.exp(season) * price**elasticity
    sold = rng.poisson(mean).astype(float)
    seen = np.where(sold > 0, np.log(price), np.nan)
    weekday = np.arange(DAYS) % 7
    return Panel(sold, seen, np.ones(sold.shape, dtype=bool), np.zeros(products, dtype=np.int64), weekday)


@pytest.mark.parametrize("true", [-2.5, -1.5, -0.5])
def test_true_elasticity_is_recovered(true: float) -> None:
    """Over eight shops: next to no bias, and the 95 % interval holds it nearly as often as it says."""
    found = [estimate(panel(true, seed=seed)) for seed in range(8)]
    values = [one.value for one in found if not isinstance(one, str)]
    assert len(values) == 8
    assert abs(np.mean(values) - true) < 0.12
    inside = 0
    for one in found:
        assert not isinstance(one, str)
        low, high = one.interval(0.95)
        inside += low <= true <= high
    assert inside >= 5


def test_prices_that_do_nothing_are_not_credited() -> None:
    found = estimate(panel(0.0))
    assert not isinstance(found, str)
    low, high = found.interval(0.95)
    assert low < 0 < high


def test_a_response_predicts_products_left_out_better() -> None:
    found = estimate(panel(-2.0))
    assert not isinstance(found, str)
    assert found.error < found.naive_error
    assert found.products == 40


def test_prices_that_never_change_tell_nothing() -> None:
    found = estimate(panel(-2.0, cut=0.0))
    assert isinstance(found, str)
    assert "more than one price" in found


def test_few_products_tell_nothing() -> None:
    assert isinstance(estimate(panel(-2.0, products=8)), str)


def test_prices_that_move_only_with_the_calendar_tell_nothing() -> None:
    """All go on sale in the same whole weeks: season and price cannot be told apart."""
    one = panel(-2.0, together=True)
    weeks = (DAYS - 1 - np.arange(DAYS)) // 7
    cheap = weeks % 6 == 0
    log_price = np.where(one.sold > 0, np.where(cheap, np.log(0.7), 0.0)[None, :], np.nan)
    blended = Panel(
        np.maximum(one.sold, 1),
        np.where(np.isnan(log_price), np.where(cheap, np.log(0.7), 0.0), log_price),
        one.open,
        one.category,
        one.weekday,
    )
    found = estimate(blended)
    assert isinstance(found, str)
    assert "season" in found


def test_an_empty_panel_tells_nothing() -> None:
    none = np.zeros((0, DAYS))
    found = estimate(Panel(none, none, none.astype(bool), np.zeros(0, dtype=np.int64), np.arange(DAYS) % 7))
    assert isinstance(found, str)


def test_draws_are_as_wide_as_the_estimate() -> None:
    found = estimate(panel(-1.5))
    assert not isinstance(found, str)
    drawn = found.draws(20_000, np.random.default_rng(1))
    low, high = found.interval(0.8)
    assert np.quantile(drawn, [0.1, 0.9]) == pytest.approx([low, high], abs=0.05 * (high - low))
