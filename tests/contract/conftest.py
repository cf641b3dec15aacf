"""The shops of the contract suite: the demo shop always, real WooCommerce where its stack can run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest

from sidecar.demo.shop import DemoShop
from tests.contract.shops import Demo, Shop, WooCommerce, lay_out
from tests.wordpress.stack import Stack

END = dt.date(2026, 11, 24)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with DemoShop.create(tmp_path_factory.mktemp("contract"), "tiny", end=END) as shop:
        face = Demo(shop)
        lay_out(face)
        yield face


@pytest.fixture(scope="session")
def woocommerce(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with Stack.create(tmp_path_factory.mktemp("contract") / "shop", hpos=True, orders=60) as stack:
        face = WooCommerce(stack)
        lay_out(face)
        yield face


@pytest.fixture(scope="session", params=["demo", pytest.param("woocommerce", marks=pytest.mark.wordpress)])
def shop(request: pytest.FixtureRequest) -> Shop:
    found: Shop = request.getfixturevalue(request.param)
    return found
