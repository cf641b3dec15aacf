"""Sales by day, and how the rule's past picks went on."""

from __future__ import annotations

import math
from datetime import date, timedelta

import pytest

from sidecar.retail.slow import Rule, Sold, at_most, hindsight, number_of
from tests.sidecar.agents.frame_store import line_frame
from tests.sidecar.agents.shop import TODAY, sale


def sold(*lines: tuple[int, int]) -> Sold:
    return Sold.of(line_frame([sale(item, ago) for item, ago in lines]), "item_id")


def test_last_and_between() -> None:
    today = number_of(TODAY)
    found = sold((1, 5), (1, 9), (1, 9), (2, 1))
    assert found.last(1, today) == today - 5
    assert found.last(1, today - 5) == today - 9
    assert found.last(1, today - 20) is None
    assert found.last(3, today) is None
    assert found.between(1, today - 9, today) == 3
    assert found.between(1, today - 8, today - 5) == 0
    assert found.between(3, 0, today) == 0


def test_hindsight_counts_what_the_picks_sold_next() -> None:
    """One product stopped 200 days ago for good; one sells every 40 days; one every week."""
    rule = Rule(30, 0, TODAY - timedelta(days=730), TODAY)
    lines = [(1, 200), *((2, ago) for ago in range(1, 400, 40)), *((3, ago) for ago in range(1, 400, 7))]
    born = dict.fromkeys((1, 2, 3), date(2024, 1, 1))
    found = hindsight(sold(*lines), born, rule)
    assert found.picks > 0
    assert 0 < found.sold_again < found.any_sold < 1
    assert math.isnan(hindsight(sold(), born, rule).sold_again)
    assert hindsight(sold(*lines), dict.fromkeys((1, 2, 3), TODAY), rule).picks == 0


@pytest.mark.parametrize(("count", "exact"), [(0, 3.69), (2, 7.22), (10, 18.39), (50, 65.92)])
def test_at_most_is_near_the_exact_bound(count: int, exact: float) -> None:
    assert at_most(count) == pytest.approx(exact, rel=0.09)
