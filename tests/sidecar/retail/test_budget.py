"""Spending limited money on orders."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from sidecar.retail.budget import spend
from sidecar.retail.ordering import expected_short


def sample(rates: list[float], seed: int = 3) -> np.ndarray:
    return np.sort(np.random.default_rng(seed).poisson(rates, (300, len(rates))).T.astype(float), axis=1)


def test_with_money_enough_all_is_as_wanted() -> None:
    found = spend(
        sample([5, 9]), 0, [8, 13], pack=[1, 6], moq=[1, 12], cost=[2, 3], worth=4, supplier=["a", "b"],
        least={},
    )  # fmt: skip
    assert found.quantity.tolist() == [8, 18]
    assert found.reason == ("", "")
    assert found.total == 8 * 2 + 18 * 3


def test_the_money_goes_where_it_earns_most() -> None:
    """Against all ways to spend it."""
    demand = sample([4, 4, 4])
    cost, worth, money = np.array([1.0, 2.0, 5.0]), np.array([3.0, 3.0, 3.0]), 12.0
    found = spend(demand, 0, [6, 6, 6], cost=cost, worth=worth, supplier="aaa", least={}, money=money)
    assert found.total <= money
    assert set(found.reason) == {"", "budget"}

    def earned(pieces: Any) -> float:
        return float(
            ((expected_short(demand, 0) - expected_short(demand, np.array(pieces, float))) * worth).sum()
        )

    best = max(earned(ways) for ways in product(range(7), repeat=3) if (np.array(ways) * cost).sum() <= money)
    assert earned(found.quantity) >= 0.97 * best


def test_stock_that_is_there_comes_before_new_stock() -> None:
    found = spend(sample([6, 6]), [0, 6], [6, 6], cost=1, worth=1, supplier="aa", least={}, money=6)
    assert found.quantity[0] > found.quantity[1]


def test_packs_are_bought_whole_or_not_at_all() -> None:
    found = spend(sample([20]), 0, [24], pack=12, cost=1, worth=2, supplier="a", least={}, money=20)
    assert found.quantity.tolist() == [12]
    assert spend(
        sample([20]), 0, [24], pack=12, moq=24, cost=1, worth=2, supplier="a", least={}, money=20
    ).quantity.tolist() == [0]


def test_large_quantities_are_weighed_in_steps_and_stay_whole_packs() -> None:
    found = spend(sample([5000]), 0, [5003], pack=7, cost=1, worth=2, supplier="a", least={}, money=3000)
    assert found.quantity[0] % 7 == 0
    assert 2600 <= found.quantity[0] <= 3000


def test_an_order_below_the_suppliers_least_is_dropped_and_its_money_used() -> None:
    wanted: dict[str, Any] = {"cost": 1, "worth": 2, "supplier": ["a", "b"], "money": 14}
    found = spend(sample([6, 12]), 0, [6, 12], least={"a": 20.0}, **wanted)
    assert found.quantity.tolist() == [0, 12]
    assert found.reason == ("supplier_minimum", "")
    assert 14 <= found.missing["a"] < 20
    kept = spend(sample([6, 12]), 0, [6, 12], least={"a": 2.0}, **wanted)
    assert kept.reason[0] != "supplier_minimum"
    assert kept.missing == {}


def test_unknown_costs() -> None:
    nan = float("nan")
    wanted: dict[str, Any] = {"worth": nan, "supplier": "ab", "least": {"a": 50.0}}
    free = spend(sample([5, 5]), 0, [6, 6], cost=[nan, 1], **wanted)
    assert free.quantity.tolist() == [6, 6]
    assert free.reason == ("", "")
    bound = spend(sample([5, 5]), 0, [6, 6], cost=[nan, 1], money=100, **wanted)
    assert bound.quantity.tolist() == [0, 6]
    assert bound.reason == ("no_cost", "")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"money": -1}, "money must be"),
        ({"money": float("nan")}, "money must be"),
        ({"cost": -2}, "cost must be at least 0"),
        ({"worth": float("inf")}, "worth must be at least 0"),
        ({"supplier": "abc"}, "supplier must name one"),
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, Any], words: str) -> None:
    given: dict[str, Any] = {"cost": 1, "worth": 1, "supplier": "a", "least": {}} | changes
    with pytest.raises(ValueError, match=words):
        spend(sample([5]), 0, [6], **given)


def test_nothing_wanted() -> None:
    found = spend(np.zeros((0, 300)), [], [], cost=[], worth=[], supplier=[], least={}, money=5)
    assert len(found.quantity) == 0
    assert found.total == 0
