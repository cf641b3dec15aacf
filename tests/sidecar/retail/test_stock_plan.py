"""Which service level an order aims at: what somebody entered, else what pays, else the built-in one."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from sidecar.core.store import Supplies
from sidecar.retail.holders import holders_of
from sidecar.retail.stock_plan import Decision, decide
from tests.sidecar.agents.frame_store import DEFAULT_SUPPLY
from tests.sidecar.agents.shop import item
from tests.sidecar.retail.test_outlook import kept, seen

FREE = replace(DEFAULT_SUPPLY, service_given=False)


def planned(supply: Any = FREE, *, net: bool = True, pace: float = 2.0, **more: Any) -> Decision:
    holders = holders_of([item(1, stock=0, **more)])
    return decide(holders, seen(kept(1, pace)), Supplies({}, supply), [], net_prices=net)[0]


def test_what_somebody_entered_holds() -> None:
    one = planned(DEFAULT_SUPPLY)
    assert one.supply.service_level == 0.95
    assert "service_that_pays" not in one.notes


def test_a_high_margin_asks_for_more_and_none_for_less() -> None:
    """A missed sale loses 30.00 and a week of holding 5 cents; at a price of 10.03 it loses 3 cents."""
    rich = planned()
    poor = planned(price=Decimal("10.03"), cost=Decimal("10.00"))
    assert rich.supply.service_level == 0.98
    assert poor.supply.service_level == 0.8
    middle = planned(price=Decimal("10.50"), cost=Decimal("10.00"))
    assert middle.supply.service_level == pytest.approx(0.5 / (0.5 + 10 * 0.25 * 7 / 365), abs=1e-6)
    assert all("service_that_pays" in one.notes for one in (rich, poor, middle))
    assert rich.order is not None
    assert poor.order is not None
    assert rich.order.reorder_point > poor.order.reorder_point


def test_what_sells_slowly_is_held_until_it_sells() -> None:
    slow = planned(pace=0.02, price=Decimal("12.00"), cost=Decimal("10.00"))
    assert slow.supply.service_level == pytest.approx(2 / (2 + 10 * 0.25 * 50 / 365), abs=1e-6)


@pytest.mark.parametrize(
    "given",
    [
        {"net": False},
        {"cost": None},
        {"price": None},
        {"price": Decimal("9.00")},
    ],
)
def test_without_a_known_margin_the_built_in_level_holds(given: dict[str, Any]) -> None:
    one = planned(**given)
    assert one.supply.service_level == 0.95
    assert "service_that_pays" not in one.notes
