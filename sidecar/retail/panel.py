"""From the store's frames to the panel that the elasticity is estimated on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from sidecar.core.store import Item
from sidecar.retail.elasticity import Panel

if TYPE_CHECKING:
    import pandas as pd

MOST_PRODUCTS = 2_000
"""The best-selling products stand for the shop; more would not fit into a run's memory."""


def home_category(items: Sequence[Item]) -> dict[int, int]:
    """Each product's narrowest category, the one that fewest products share; 0 without any."""
    owned = {item.product_id: item.categories for item in items}
    counts: dict[int, int] = {}
    for categories in owned.values():
        for category in categories:
            counts[category] = counts.get(category, 0) + 1
    return {
        product: min(categories, key=lambda c: (counts[c], c), default=0)
        for product, categories in owned.items()
    }


def price_panel(
    lines: pd.DataFrame, items: Sequence[Item], category: Mapping[int, int], first: date, last: date
) -> Panel:
    """The panel of the best-selling products from `first` to `last`, both included.

    `lines` has product_id, item_id, day, quantity, subtotal (before coupons and tax). The reference of each
    item is its regular price of today, so that variations at different prices make one path; what differs by
    a constant, such as tax, drops out later.
    """
    regular = {item.id: float(item.regular_price) for item in items if item.regular_price}
    reference = lines["item_id"].map(regular).to_numpy(dtype=float)
    pieces = lines["quantity"].to_numpy(dtype=float)
    paid = lines["subtotal"].to_numpy(dtype=float) / np.where(pieces > 0, pieces, 1)
    day = (lines["day"].to_numpy().astype("datetime64[D]") - np.datetime64(first, "D")).astype(np.int64)
    days = (last - first).days + 1
    good = (reference > 0) & (paid > 0) & (pieces > 0) & (day >= 0) & (day < days)
    products, row = np.unique(lines["product_id"].to_numpy()[good], return_inverse=True)
    best = np.sort(np.argsort(-np.bincount(row, weights=pieces[good]), kind="stable")[:MOST_PRODUCTS])
    place = np.full(len(products), -1)
    place[best] = np.arange(len(best))
    kept = place[row] >= 0
    at = (place[row][kept], day[good][kept])
    sold, log_paid = np.zeros((len(best), days)), np.zeros((len(best), days))
    np.add.at(sold, at, pieces[good][kept])
    np.add.at(
        log_paid, at, (pieces * np.log(np.where(good, paid, 1) / np.where(good, reference, 1)))[good][kept]
    )
    with np.errstate(invalid="ignore"):
        log_price = np.where(sold > 0, log_paid / sold, np.nan)
    monday = np.datetime64("1970-01-05", "D")
    weekday = ((np.datetime64(first, "D") - monday).astype(int) + np.arange(days)) % 7
    homes = np.array([category.get(int(product), 0) for product in products[best]], dtype=np.int64)
    _, home = np.unique(homes, return_inverse=True)
    return Panel(sold, log_price, np.ones(sold.shape, dtype=bool), home.astype(np.int64), weekday)
