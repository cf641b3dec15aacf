"""Floors, tax and endings."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.retail.prices import nice_price, price_floor, tax_factor, usual_ending

D = Decimal
money = st.decimals(min_value="0.05", max_value="5000", places=2)


def test_floor_is_cost_margin_and_tax() -> None:
    assert price_floor(D(10), D("0.1"), D(1)) == D("11.0")
    assert price_floor(D(10), D("0.1"), D("1.2")) == D("13.20")


def test_tax_is_seen_between_shelf_and_net_prices() -> None:
    assert tax_factor([], prices_include_tax=False) == 1
    assert tax_factor([(24.0, 20.0)] * 19, prices_include_tax=True) is None
    # One odd line among many, such as a price that changed since, does not matter.
    assert tax_factor([(24.0, 20.0)] * 30 + [(24.0, 10.0)], prices_include_tax=True) == D("1.2")


@pytest.mark.parametrize(
    ("prices", "decimals", "ending"),
    [
        (["19.90", "29.90", "7.90", "12.00"], 2, "0.90"),
        (["19.90", "29.95", "7.99", "12.00"], 2, None),
        (["1980", "3980", "2500"], 0, "80"),
        ([], 2, None),
    ],
)
def test_usual_ending(prices: list[str], decimals: int, ending: str | None) -> None:
    assert usual_ending([D(p) for p in prices], decimals) == (None if ending is None else D(ending))


@pytest.mark.parametrize(
    ("target", "floor", "below", "ending", "price"),
    [
        ("31.20", "10", "40", "0.90", "30.90"),
        ("31.90", "10", "40", "0.90", "31.90"),
        ("31.20", "31", "40", "0.90", "31.90"),
        ("31.20", "39.95", "40", "0.90", None),
        ("31.204", "10", "40", None, "31.20"),
        ("0.50", "0.10", "1.90", "0.90", "0.90"),
        ("31.20", "45", "40", None, None),
    ],
)
def test_nice_price(target: str, floor: str, below: str, ending: str | None, price: str | None) -> None:
    found = nice_price(D(target), D(floor), D(below), None if ending is None else D(ending), 2)
    assert found == (None if price is None else D(price))


@given(
    target=money, floor=money, below=money, ending=st.sampled_from([None, D("0.90"), D("0.99"), D("0.00")])
)
def test_a_nice_price_is_never_out_of_bounds(target: D, floor: D, below: D, ending: D | None) -> None:
    price = nice_price(target, floor, below, ending, 2)
    if price is None:
        return
    assert floor <= price < below
    assert price > 0
    assert price == price.quantize(D("0.01"))
    if ending is not None:
        assert price % 1 == ending
    # Above the target only because the floor left nothing below it.
    if price > target and ending is None:
        assert price - floor < D("0.01")


@given(target=money, below=money)
def test_without_a_floor_the_price_is_just_under_the_target(target: D, below: D) -> None:
    price = nice_price(target, D(0), below, D("0.90"), 2)
    if price is not None and target >= D("0.90"):
        assert target - 1 < price <= target
