"""Keys and types of every answer, as real WooCommerce gave them when `vectors/shapes.json` was recorded.

Record anew with `python -m tests.contract.record` after an upgrade of WooCommerce, and read the difference.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.contract.shops import Shop, ask
from tests.contract.values import complaints

SHAPES = json.loads((Path(__file__).parent / "vectors" / "shapes.json").read_text())
# The demo shop answers the part of these that a sync reads.
PARTIAL = ("/wp/v2/posts", "/wp/v2/pages", "/wp/v2/media")


@pytest.mark.parametrize("path", SHAPES, ids=list(SHAPES))
def test_shape(shop: Shop, path: str) -> None:
    found = ask(shop, path)
    wrong = complaints(found, SHAPES[path])
    if shop.name == "demo" and path in PARTIAL:
        wrong = [w for w in wrong if "no key" not in w]
    assert wrong == []
