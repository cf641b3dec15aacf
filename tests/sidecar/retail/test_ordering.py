"""Reorder points and quantities on demand of known distribution."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sidecar.retail.ordering import (
    LEVELS,
    Terms,
    chance_short,
    demand_over,
    expected_short,
    fill_level,
    lengths,
    paying_service,
    plan,
    quantile,
    round_up,
    whole,
)


def poisson(rates: list[float], draws: int = 20_000) -> Callable[[int], np.ndarray]:
    """Totals of independent Poisson days, by counting draws."""
    rng = np.random.default_rng(8)

    def totals(days: int) -> np.ndarray:
        return np.quantile(rng.poisson(np.array(rates) * days, (draws, len(rates))), LEVELS, axis=0).T

    return totals


def steady(rates: list[float], days: int = 90) -> np.ndarray:
    return np.tile(np.array(rates)[:, None], (1, days))


def terms(n: int = 1, **changes: Any) -> Terms:
    wanted: dict[str, Any] = {"lead_days": 14, "review_days": 7, "service": 0.95} | changes
    return Terms.of(n, **wanted)


def test_points_cover_fresh_demand_as_wished() -> None:
    rates = [0.1, 1.0, 8.0]
    found = plan(poisson(rates), steady(rates), [0, 0, 0], 0, terms(3))
    fresh = np.random.default_rng(1).poisson(np.array(rates) * 15, (20_000, 3))
    held = (fresh <= found.reorder_point).mean(axis=0)
    assert (held >= 0.94).all()
    assert ((fresh <= found.reorder_point - 1).mean(axis=0) < 0.95).all()
    assert (found.order_up_to > found.reorder_point).all()
    assert (found.quantity == found.order_up_to).all()
    assert np.abs(found.safety_stock + np.array(rates) * 15 - found.reorder_point).max() <= 1.1


def test_an_uncertain_lead_time_has_its_mean_and_spread_and_asks_for_more() -> None:
    days = lengths(np.array([30]), np.array([6.0]))[0]
    weights = np.array([1, 4, 1]) / 6
    assert (days * weights).sum() == pytest.approx(30)
    assert ((days - 30) ** 2 * weights).sum() == pytest.approx(36, rel=0.15)
    rates = [5.0]
    sure, unsure = (plan(poisson(rates), steady(rates), 0, 0, terms(lead_spread=spread)) for spread in (0, 5))
    assert unsure.safety_stock[0] > 1.5 * sure.safety_stock[0]
    sample = demand_over(poisson(rates), np.array([14]), np.array([5.0]))
    assert sample.mean() == pytest.approx(70, rel=0.02)
    assert sample.std() == pytest.approx((70 + 25 * 25) ** 0.5, rel=0.12)


def test_fill_level_serves_the_share_asked_for() -> None:
    """A weekly order-up-to policy, played out with shoppers who wait."""
    rates, fill = [4.0], 0.95
    wanted = terms(service=fill, measure="fill", check_days=7)
    target = int(plan(poisson(rates), steady(rates), 0, 0, wanted).order_up_to[0])
    rng = np.random.default_rng(3)
    stock, pipe, asked, served = target, [0, 0], 0, 0
    for _ in range(20_000):
        pipe.append(target - stock - sum(pipe))
        stock += pipe.pop(0)
        demand = rng.poisson(28)
        asked, served = asked + demand, served + min(max(stock, 0), demand)
        stock -= demand
    assert served / asked == pytest.approx(fill, abs=0.02)


def test_fill_level_agrees_with_a_search_by_hand() -> None:
    rng = np.random.default_rng(5)
    protected, lead = (np.sort(rng.gamma(3, scale, (4, 300)), axis=1) for scale in (9.0, 6.0))
    found = fill_level(protected, lead, np.full(4, 0.5))
    for row, level in enumerate(found):
        grid = np.linspace(0, protected[row].max(), 4000)
        missed = [
            np.maximum(protected[row] - s, 0).mean() - np.maximum(lead[row] - s, 0).mean() for s in grid
        ]
        assert level == pytest.approx(grid[np.argmax(np.array(missed) <= 0.5)], abs=0.05)


def test_orders_come_in_whole_packs_of_at_least_the_least() -> None:
    assert round_up([0, 1, 13, 5, -3], [1, 1, 1, 20, 5], [1, 12, 12, 6, 6]).tolist() == [0, 12, 24, 24, 0]
    rates = [1.0]
    found = plan(poisson(rates), steady(rates), 0, 0, terms(pack=12, moq=30))
    assert found.quantity[0] % 12 == 0
    assert found.quantity[0] >= max(30, found.order_up_to[0])


def test_a_smooth_quantile_stands_for_the_nearest_count() -> None:
    assert whole(np.array([0.0, 0.02, 0.5, 1.49, 1.5, 3.0])).tolist() == [0, 0, 1, 1, 2, 3]
    # Something that hardly ever sells is not kept in stock for one that might.
    rare = np.tile(np.linspace(0, 0.4, 50), (1, 1))
    found = plan(lambda days: rare, steady([0.004]), 0, 0, terms())
    assert found.quantity.tolist() == [0]


def test_when_to_order() -> None:
    rates = [2.0] * 4
    point = int(plan(poisson(rates), steady(rates), 0, 0, terms(4)).reorder_point[0])
    found = plan(poisson(rates), steady(rates), [point, point + 1, point + 20, 9999], 0, terms(4))
    assert found.order_in_days.tolist() == [0, 1, 10, -1]
    assert (found.quantity > 0).tolist() == [True, False, False, False]
    # What is on order counts, what is owed counts against it.
    both = plan(poisson(rates), steady(rates), [-5, -5, 0, 0], [0, 5, 0, point + 1], terms(4))
    assert both.quantity[0] == both.quantity[2] + 5 == both.quantity[1] + 5
    assert both.quantity[3] == 0


def test_nothing_sells_nothing_is_ordered_but_what_is_owed() -> None:
    none = np.zeros((2, 90))
    found = plan(lambda days: np.zeros((2, 50)), none, [0, -3], 0, terms(2))
    assert found.quantity.tolist() == [0, 3]
    assert found.order_in_days.tolist() == [-1, 0]


def test_chances_and_shortages() -> None:
    sample = np.array([[0.0, 1.0, 2.0, 3.0], [5.0, 5.0, 5.0, 9.0]])
    assert chance_short(sample, [1, 5]).tolist() == [0.5, 0.25]
    assert expected_short(sample, [1, 5]).tolist() == [0.75, 1.0]
    assert quantile(sample, [0.5, 0.76]).tolist() == [1.0, 9.0]
    found = plan(poisson([3.0]), steady([3.0]), 45, 0, terms())
    assert found.stockout_probability[0] == pytest.approx(0.3, abs=0.05)
    assert found.stockout_if_ordered[0] < 0.06 < found.stockout_if_waiting[0]


def test_the_service_that_pays_is_the_critical_ratio() -> None:
    found = paying_service([1.0, 5.0, 0.0], 10.0, 0.25, 7)
    idle = 10 * 0.25 * 7 / 365
    assert found[0] == pytest.approx(1 / (1 + idle))
    assert found[1] > found[0]
    assert found[2] == 0.01


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"lead_days": float("nan")}, "lead_days must be a number"),
        ({"lead_days": -1}, "lead_days must lie between"),
        ({"lead_spread": float("inf")}, "lead_spread must be a number"),
        ({"service": 1.0}, "service must lie between"),
        ({"pack": 0}, "pack must lie between"),
        ({"moq": "many"}, "moq must be one number"),
        ({"review_days": [1, 2]}, "review_days must be one number or one for each of 1"),
    ],
)
def test_terms_that_cannot_be_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        terms(**changes)


def test_bad_stock_and_forecasts_are_refused() -> None:
    good = steady([1.0])
    with pytest.raises(ValueError, match="stock must be a number"):
        plan(poisson([1.0]), good, [float("nan")], 0, terms())
    with pytest.raises(ValueError, match="incoming must lie"):
        plan(poisson([1.0]), good, 0, -1, terms())
    with pytest.raises(ValueError, match="a forecast is missing"):
        plan(lambda days: np.full((1, 50), np.nan), good, 0, 0, terms())
    with pytest.raises(ValueError, match="one row for each"):
        plan(poisson([1.0]), steady([1.0, 2.0]), 0, 0, terms())


def test_no_items_and_no_lead_time_are_fine() -> None:
    empty = plan(lambda days: np.zeros((0, 50)), np.zeros((0, 30)), [], [], terms(0))
    assert len(empty.quantity) == 0
    assert terms(0).longest == 1
    found = plan(poisson([2.0]), steady([2.0]), 0, 0, terms(lead_days=0))
    assert found.stockout_probability[0] == 0
    assert found.reorder_point[0] >= 4
