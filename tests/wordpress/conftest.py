"""Shops for the tests on the real stack; each is laid from a template and stopped at the end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.wordpress.stack import Stack


@pytest.fixture(scope="session", params=[True, False], ids=["hpos", "posts"])
def bare_shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A shop without the plugin, once with WooCommerce's order tables and once with orders as posts."""
    root = tmp_path_factory.mktemp("shop")
    with Stack.create(root, hpos=request.param, plugin=False) as shop:
        yield shop
