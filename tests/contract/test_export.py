"""The bulk export holds the same rows as paging wc/v3, in the columns of docs/protocol.md."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from sidecar.store.client import WooClient
from sidecar.store.readers import RestReader
from sidecar.store.rows import COLUMNS
from tests.contract.shops import HASH_KEY, Shop

PRICES = ("cost", "regular_price", "sale_price", "price")
NUMBERS = (*PRICES, "total", "amount", "discount_total", "shipping_total", "average_rating")
# wc/v3 does not say these; the address hash needs the key that pairing gives.
UNSAID = {"customers": {"orders_count", "total_spent"}, "refunds": {"modified_at"}}


@pytest.mark.parametrize("resource", COLUMNS)
def test_export_is_what_wc_v3_says(shop: Shop, resource: str) -> None:
    page = shop.export(resource)
    assert tuple(page["columns"]) == tuple(COLUMNS[resource])
    assert page["next"] is None
    assert page["total"] == len(page["rows"])
    ids = [row[0] for row in page["rows"]]
    assert ids == sorted(set(ids))
    reader = RestReader(WooClient(shop.url, *shop.read_key), HASH_KEY)
    paged = sorted(
        (list(row) for found in reader.pages(resource) for row in found.rows), key=lambda row: row[0]
    )
    assert [row[0] for row in paged] == ids
    for exported, read in zip(page["rows"], paged, strict=True):
        one, other = (_plain(resource, row) for row in (exported, read))
        if one.get("email_hash") is None:
            for side in (one, other):
                side.pop("email_hash", None)
        # wc/v3 works out who bought the product and writes it down; the export may not write, so it only
        # reads what is written.
        assert one.pop("verified", 0) <= other.pop("verified", 0)
        assert one == other


def _plain(resource: str, row: list[Any]) -> dict[str, Any]:
    """A row by column: absent is None, money a number, terms a set, nothing that wc/v3 leaves unsaid."""
    found = dict(zip(COLUMNS[resource], row, strict=True))
    for name in UNSAID.get(resource, ()):
        del found[name]
    for name, value in found.items():
        if value == "" or (name == "cost" and value is not None and not Decimal(value)):
            found[name] = None
        elif name in NUMBERS and value is not None:
            found[name] = Decimal(value)
        elif name in ("categories", "tags"):
            found[name] = sorted(value)
    return found
