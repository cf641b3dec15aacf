"""Demand as matrices, items by days; days without stock apart from days without demand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class History:
    """Pieces sold, shape (items, days); `empty` marks days known to have ended or passed without stock.

    `known` marks days whose stock is known at all; `alive` those since the item was made; `orders` counts the
    orders in which the pieces were sold, where these are known.
    """

    ids: tuple[int, ...]
    first: date
    last: date
    sold: Floats
    empty: Bools
    known: Bools
    alive: Bools
    orders: Floats | None = None

    @property
    def open(self) -> Bools:
        """Days on which a shopper could have bought, as far as is known."""
        could: Bools = self.alive & ~(self.empty & (self.sold == 0))
        return could

    def days(self) -> list[date]:
        """The days of the columns."""
        return [self.first + timedelta(days=n) for n in range(self.sold.shape[1])]


def history(
    ids: Sequence[int],
    created: Sequence[date],
    first: date,
    last: date,
    sales: pd.DataFrame,
    stock: pd.DataFrame,
) -> History:
    """Demand of `ids` from `first` to `last`, both included.

    `sales` has item_id, day, quantity, and orders or not; `stock` has item_id, day, in_stock (as
    Store.stock_days). A day on which an item sold out counts as open, since it sold.
    """
    shape = (len(ids), (last - first).days + 1)
    sold, known, empty = np.zeros(shape), np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    rows, columns, inside = _places(ids, first, shape[1], sales)
    np.add.at(sold, (rows, columns), sales["quantity"].to_numpy(dtype=float)[inside])
    orders = None
    if "orders" in sales:
        orders = np.zeros(shape)
        np.add.at(orders, (rows, columns), sales["orders"].to_numpy(dtype=float)[inside])
    rows, columns, inside = _places(ids, first, shape[1], stock)
    known[rows, columns] = True
    empty[rows, columns] = ~stock["in_stock"].to_numpy(dtype=bool)[inside]
    ages = np.array([(day - first).days for day in created], dtype=int)
    alive = np.arange(shape[1])[None, :] >= ages[:, None] if len(ids) else np.zeros(shape, dtype=bool)
    # What sold before the listed date of creation was on sale: the product was imported or made again.
    alive |= np.cumsum(sold, axis=1) > 0
    return History(tuple(ids), first, last, np.maximum(sold, 0), empty, known, alive, orders)


def _places(
    ids: Sequence[int], first: date, days: int, frame: pd.DataFrame
) -> tuple[NDArray[np.intp], NDArray[np.int64], Bools]:
    """Row and column of each frame row, and which rows are inside the window and known."""
    order = np.argsort(np.asarray(ids, dtype=np.int64), kind="stable")
    ranked = np.asarray(ids, dtype=np.int64)[order]
    wanted = frame["item_id"].to_numpy(dtype=np.int64)
    day = frame["day"].to_numpy().astype("datetime64[D]")
    column = (day - np.datetime64(first, "D")).astype(np.int64)
    at = np.searchsorted(ranked, wanted)
    inside = (at < len(ranked)) & (column >= 0) & (column < days)
    inside[inside] = ranked[at[inside]] == wanted[inside]
    return order[at[inside]], column[inside], inside


def first_known(stock: pd.DataFrame, today: date) -> date:
    """The first day whose stock is known, or today; `stock` as Store.stock_days."""
    return today if stock.empty else min(stock["day"].min().date(), today)


def weekly(values: Floats) -> Floats:
    """Sums over whole weeks that end on the last day, shape (items, weeks)."""
    weeks = values.shape[1] // 7
    sums: Floats = values[:, values.shape[1] - 7 * weeks :].reshape(len(values), weeks, 7).sum(axis=2)
    return sums


def open_days_since_sale(past: History) -> NDArray[np.int64]:
    """Days in stock since the last sale, per item; without any sale all days in stock."""
    after = np.cumsum(past.sold[:, ::-1] > 0, axis=1)[:, ::-1] == 0
    count: NDArray[np.int64] = (past.open & after).sum(axis=1)
    return count


def runs(mask: Bools) -> list[tuple[int, int]]:
    """Stretches of True as (first, last) positions, both included."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]
