"""Dead and slow stock."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sidecar.retail.dead import find


def test_dead_slow_and_neither() -> None:
    found = find(
        stock=[10, 10, 10, 0, -4, 500, 10],
        cost=[2.0, 2.0, float("nan"), 2.0, 2.0, 1.0, 2.0],
        days_since_sale=[60, 59, 200, 400, 400, 3, 10],
        pieces=[0, 0, 0, 0, 0, 9, 30],
    )
    assert found.state.tolist() == ["dead", "", "dead", "", "", "slow", ""]
    assert found.total == 20 + 500
    assert found.unknown == 1
    assert found.days_of_cover[[0, 3, 5, 6]].tolist() == [np.inf, 0, 5000, 30]


def test_the_owner_says_what_dead_is() -> None:
    given: dict[str, Any] = {"stock": [5], "cost": [1], "days_since_sale": [40], "pieces": [0]}
    assert find(**given, min_days_no_sale=41).state.tolist() == [""]
    assert find(**given, min_days_no_sale=40).state.tolist() == ["dead"]
    with pytest.raises(ValueError, match="min_days_no_sale"):
        find(**given, min_days_no_sale=0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"stock": [float("nan")]}, "stock must be a number"),
        ({"days_since_sale": [-1]}, "days_since_sale must lie"),
        ({"pieces": [-1]}, "pieces must lie"),
        ({"cost": [-1]}, "cost must be at least 0"),
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, Any], words: str) -> None:
    given: dict[str, Any] = {"stock": [5], "cost": [1], "days_since_sale": [40], "pieces": [0]} | changes
    with pytest.raises(ValueError, match=words):
        find(**given)
