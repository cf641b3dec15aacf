"""Dead and slow stock: what lies there without selling, and the money in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sidecar.retail.ordering import YEAR, Floats, numbers


@dataclass(frozen=True)
class Dead:
    """Per item (n,): "dead", "slow" or ""; money in its stock (NaN: cost unknown); days the stock lasts.

    `days_of_cover` is infinite without a sale and 0 without stock. `total` is the known money in dead and
    slow stock, `unknown` the number of such items without a cost.
    """

    state: NDArray[np.str_]
    value: Floats
    days_of_cover: Floats
    total: float
    unknown: int


def find(
    stock: ArrayLike,
    cost: ArrayLike,
    days_since_sale: ArrayLike,
    pieces: ArrayLike,
    *,
    min_days_no_sale: int = 60,
    window_days: int = 90,
    slow_cover_days: int = YEAR,
) -> Dead:
    """Dead: in stock without a sale for so many days; slow: at the pace of the window it lasts too long,
    which without a sale in at least that window is for ever.

    `days_since_sale` are days in stock since the last sale, or since the item came where it never sold;
    `pieces` those sold within `window_days`. `cost` NaN is unknown; stock below 0 (owed) counts as none.
    """
    if min_days_no_sale < 1 or window_days < 1:
        raise ValueError("min_days_no_sale and window_days must be at least 1")
    n = np.size(stock)
    there = np.maximum(numbers(n, stock, "stock", -1e12, 1e12), 0.0)
    quiet = numbers(n, days_since_sale, "days_since_sale", 0, 1e6)
    sold = numbers(n, pieces, "pieces", 0, 1e12)
    price = np.broadcast_to(np.asarray(cost, dtype=float), n)
    if (price < 0).any():
        raise ValueError("cost must be at least 0, or NaN where it is unknown")
    with np.errstate(divide="ignore"):
        cover = np.where(there > 0, there * window_days / np.where(sold > 0, sold, 1e-300), 0.0)
    cover = np.where((there > 0) & (sold == 0), np.inf, cover)
    dead = (there > 0) & (quiet >= min_days_no_sale)
    # Without a sale in the window but in stock for fewer days it is young, not slow.
    slow = ~dead & ((sold > 0) | (quiet >= window_days)) & (cover > slow_cover_days)
    value = there * price
    bound = value[dead | slow]
    return Dead(
        np.where(dead, "dead", np.where(slow, "slow", "")),
        value,
        cover,
        float(np.nansum(bound)),
        int(np.isnan(bound).sum()),
    )
