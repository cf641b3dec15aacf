"""What all tests share: one switch that turns a silent skip of the real stack into a failure."""

from __future__ import annotations

import gc
import os

import pytest

from tests.wordpress.stack import why_not

# Modules and pydantic models are very many objects that stay: to look through them for garbage as often as
# usual was a quarter of all the time of the tests.
gc.set_threshold(50_000)


def pytest_collection_finish() -> None:
    """Leaves what is imported by now out of every later look for garbage."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests of the real stack where it cannot run; DEVSKYY_REQUIRE_STACK=1 lets them fail instead."""
    marked = [item for item in items if item.get_closest_marker("wordpress") is not None]
    if not marked or os.environ.get("DEVSKYY_REQUIRE_STACK") == "1":
        return
    reason = why_not(elementor=True)
    if reason is not None:
        for item in marked:
            item.add_marker(pytest.mark.skip(reason=f"real stack: {reason}"))
