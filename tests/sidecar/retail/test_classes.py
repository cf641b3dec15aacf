"""ABC, XYZ and what the range could do without."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sidecar.retail.classes import abc, rationalise, xyz


def test_abc_by_share_of_value() -> None:
    assert abc([50, 30, 10, 6, 4, 0, -3]).tolist() == ["A", "A", "B", "B", "C", "C", "C"]
    assert abc([4, 90, 6]).tolist() == ["C", "A", "B"]
    assert abc([7.0]).tolist() == ["A"]
    assert abc([0.0, 0.0]).tolist() == ["C", "C"]
    assert abc([]).tolist() == []
    with pytest.raises(ValueError, match="value must be a number"):
        abc([1.0, float("nan")])


def test_xyz_by_steadiness_without_unknown_weeks() -> None:
    rng = np.random.default_rng(2)
    steady, changing, erratic = rng.poisson(40, 52), rng.poisson(2, 52), rng.poisson(0.1, 52)
    gone = steady.astype(float)
    gone[10:40] = np.nan
    short = np.full(52, np.nan)
    short[-5:] = 3
    weekly = np.stack([steady, changing, erratic, gone, short, np.zeros(52)])
    assert xyz(weekly).tolist() == ["X", "Y", "Z", "X", "-", "-"]
    assert xyz(np.zeros((0, 0))).tolist() == []


def products(**changes: Any) -> dict[str, Any]:
    rows: dict[str, Any] = {
        "pieces": [100, 90, 80, 70, 60, 50, 40, 30, 1, 0, 5],
        "value": [1000, 900, 800, 700, 600, 500, 400, 300, 2, 0, 50],
        "days_on_sale": [365] * 11,
        "group": [1] * 11,
        "names": [
            "Linen shirt white", "Wool hat", "Silk scarf", "Denim jacket", "Rain coat", "Long socks",
            "Leather belt", "Canvas bag", "Odd gloves", "Paper fan", "White linen shirt",
        ],
        "price": [20, 15, 30, 80, 90, 5, 25, 35, 9, 4, 21],
    }  # fmt: skip
    return rows | changes


def test_what_the_range_could_do_without() -> None:
    found = {verdict.row: verdict for verdict in rationalise(**products())}
    assert {row: verdict.reason for row, verdict in found.items()} == {
        8: "low_contribution",
        9: "sells_nothing",
        10: "duplicate",
    }
    assert found[10].like == 0
    assert found[10].share == pytest.approx(50 / 5252)


def test_the_young_other_prices_and_other_categories_are_spared() -> None:
    days = [365] * 8 + [100, 100, 365]
    assert [verdict.row for verdict in rationalise(**products(days_on_sale=days))] == [10]
    price = [*products()["price"][:10], 60]
    for changes in ({"price": price}, {"price": float("nan")}, {"group": [1] * 10 + [2]}):
        found = rationalise(**products(**changes))
        assert "duplicate" not in [verdict.reason for verdict in found]


def test_a_twin_that_sells_as_well_is_no_duplicate() -> None:
    pieces = [*products()["pieces"][:10], 40]
    found = rationalise(**products(pieces=pieces))
    assert "duplicate" not in [verdict.reason for verdict in found]


def test_a_small_category_has_no_tail() -> None:
    found = rationalise(
        [9, 8, 1], [900, 800, 1], 365, group=[1, 1, 1], names=["Red cup", "Blue jug", "Old tin"], price=1
    )
    assert found == []
    with pytest.raises(ValueError, match="pieces must lie"):
        rationalise([-1], [1], 365, group=[1], names=["Red cup"], price=1)
