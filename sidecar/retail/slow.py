"""Which stock is slow: unsold for long, outrun by its siblings, or there for years at the present pace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from sidecar.core.store import Item

if TYPE_CHECKING:
    import pandas as pd

EXPECTED = 7.0
"""Pieces a silent variation should have sold: then none by chance is below one in a thousand (exp(-7)),
as it must be where a thousand variations are looked at."""
PACE_DAYS = 90
YEAR = 365
FEWEST_PEERS = 5
"""Products with stock that a category needs for its sell-through to be a yardstick."""


@dataclass(frozen=True)
class Rule:
    """When stock counts as slow: days without a sale, and sell-through against the category's (0 = ignore).

    Sales are known from `first` on.
    """

    unsold_days: int
    weak_share: float
    first: date
    today: date


@dataclass(frozen=True)
class Slow:
    """Slow items of one product; `quiet` is days in stock without a sale, `recent` pieces sold in PACE_DAYS.

    `expected` is what a silent variation should have sold by its share, `through` and `peers` are the sell-
    through of the product and of its category.
    """

    product_id: int
    items: list[Item]
    reason: Literal["unsold", "variation", "pace"]
    quiet: int
    recent: int = 0
    expected: float = 0.0
    through: float = 0.0
    peers: float = 0.0

    @property
    def stock(self) -> int:
        """Pieces in stock; a stock that variations share counts once."""
        return stock_of(self.items)


def stock_of(items: Sequence[Item]) -> int:
    """Pieces in stock of items of one product."""
    own = sum(item.stock or 0 for item in items if not item.stock_of_parent)
    return own + max((item.stock or 0 for item in items if item.stock_of_parent), default=0)


@dataclass
class Sold:
    """Sale days since 1970 and pieces so far, per key (product or item), both ascending."""

    days: dict[int, NDArray[np.int64]] = field(default_factory=dict)
    pieces: dict[int, NDArray[np.float64]] = field(default_factory=dict)

    @classmethod
    def of(cls, lines: pd.DataFrame, key: str) -> Sold:
        """From order lines with the key column, day and quantity."""
        found = cls()
        if lines.empty:
            return found
        sums = lines.groupby([key, "day"], sort=True)["quantity"].sum()
        sums = sums[sums > 0]
        keys = sums.index.get_level_values(0).to_numpy()
        days = sums.index.get_level_values(1).to_numpy().astype("datetime64[D]").astype(np.int64)
        names, starts = np.unique(keys, return_index=True)
        for name, own_days, own in zip(
            names.tolist(),
            np.split(days, starts[1:]),
            np.split(sums.to_numpy(dtype=float), starts[1:]),
            strict=True,
        ):
            found.days[name], found.pieces[name] = own_days, np.cumsum(own)
        return found

    def last(self, key: int, before: int) -> int | None:
        """The last sale day before a day, or None."""
        days = self.days.get(key)
        at = 0 if days is None else int(np.searchsorted(days, before))
        return int(days[at - 1]) if days is not None and at else None

    def between(self, key: int, first: int, before: int) -> float:
        """Pieces sold from `first` on and before `before`."""
        days = self.days.get(key)
        if days is None:
            return 0.0
        cumulated = np.concatenate(([0.0], self.pieces[key]))
        a, b = np.searchsorted(days, (first, before))
        return float(cumulated[b] - cumulated[a])


def number_of(day: date) -> int:
    """A day as days since 1970."""
    return int(np.datetime64(day, "D").astype(np.int64))


def empty_days(stock: pd.DataFrame) -> dict[int, NDArray[np.int64]]:
    """Days without stock per item, as days since 1970, ascending."""
    gone = stock[~stock["in_stock"].astype(bool)]
    if gone.empty:
        return {}
    days = gone["day"].to_numpy().astype("datetime64[D]").astype(np.int64)
    items = gone["item_id"].to_numpy(dtype=np.int64)
    order = np.lexsort((days, items))
    names, starts = np.unique(items[order], return_index=True)
    return dict(zip(names.tolist(), np.split(days[order], starts[1:]), strict=True))


def find_slow(
    items: Sequence[Item],
    products: Sold,
    variations: Sold,
    empty: Mapping[int, NDArray[np.int64]],
    category: Mapping[int, int],
    rule: Rule,
) -> list[Slow]:
    """The slow ones among `items`, which all have stock and may be marked down; one answer per product."""
    groups: dict[int, list[Item]] = {}
    for item in items:
        groups.setdefault(item.product_id, []).append(item)
    peers = _sell_through(groups, products, category, rule) if rule.weak_share else {}
    answers = []
    for product_id, own in groups.items():
        slow = (
            _unsold(product_id, own, products, empty, rule)
            or _silent(product_id, own, products, variations, empty, rule)
            or _weak(product_id, own, products, variations, peers.get(category.get(product_id, 0)), rule)
        )
        if slow:
            answers.append(slow)
    return answers


def _quiet(
    key: int, born: date, sold: Sold, empties: Sequence[NDArray[np.int64]], rule: Rule
) -> tuple[int, int]:
    """First day after the last sale (or the birth) and the days since on which there was stock."""
    today = number_of(rule.today)
    last = sold.last(key, today)
    first = max(number_of(born), number_of(rule.first)) if last is None else last + 1
    gone = [days[days >= first] for days in empties]
    shared = set(gone[0].tolist()) if gone else set()
    for days in gone[1:]:
        shared &= set(days.tolist())
    return first, max(today - first - len(shared), 0)


def _unsold(
    product_id: int, own: list[Item], products: Sold, empty: Mapping[int, NDArray[np.int64]], rule: Rule
) -> Slow | None:
    """The whole product has not sold."""
    born = min(item.created_at.date() for item in own)
    none: NDArray[np.int64] = np.array([], dtype=np.int64)
    _, quiet = _quiet(product_id, born, products, [empty.get(item.id, none) for item in own], rule)
    return Slow(product_id, own, "unsold", quiet) if quiet >= rule.unsold_days else None


def _silent(
    product_id: int,
    own: list[Item],
    products: Sold,
    variations: Sold,
    empty: Mapping[int, NDArray[np.int64]],
    rule: Rule,
) -> Slow | None:
    """Some variations have not sold although the others did, so much that it is no chance."""
    today, found, quiets, due = number_of(rule.today), [], [], 0.0
    none: NDArray[np.int64] = np.array([], dtype=np.int64)
    for item in own if len(own) > 1 else ():
        if item.stock_of_parent:
            continue
        first, quiet = _quiet(item.id, item.created_at.date(), variations, [empty.get(item.id, none)], rule)
        if quiet < rule.unsold_days:
            continue
        before = products.between(product_id, 0, first)
        share = (variations.between(item.id, 0, first) + 0.5) / (before + 0.5 * len(own))
        expected = (
            min(share, 1.0) * products.between(product_id, first, today) * quiet / max(today - first, 1)
        )
        if expected >= EXPECTED:
            found.append(item)
            quiets.append(quiet)
            due += expected
    return Slow(product_id, found, "variation", min(quiets), expected=due) if found else None


def _sell_through(
    groups: Mapping[int, list[Item]], products: Sold, category: Mapping[int, int], rule: Rule
) -> dict[int, float]:
    """Pieces sold of pieces sold or still there, per category with enough products."""
    today = number_of(rule.today)
    sold: dict[int, float] = {}
    there: dict[int, float] = {}
    count: dict[int, int] = {}
    for product_id, own in groups.items():
        home = category.get(product_id, 0)
        sold[home] = sold.get(home, 0.0) + products.between(product_id, today - PACE_DAYS, today)
        there[home] = there.get(home, 0.0) + stock_of(own)
        count[home] = count.get(home, 0) + 1
    return {
        home: sold[home] / (sold[home] + there[home])
        for home in sold
        if count[home] >= FEWEST_PEERS and sold[home] + there[home]
    }


def _weak(
    product_id: int, own: list[Item], products: Sold, variations: Sold, peers: float | None, rule: Rule
) -> Slow | None:
    """It sells far less of its stock than the category, and the stock lasts over a year, even by luck."""
    today = number_of(rule.today)
    recent = products.between(product_id, today - PACE_DAYS, today)
    stock = stock_of(own)
    if not peers or not recent or not stock:
        return None
    through = recent / (recent + stock)
    if through >= rule.weak_share * peers or stock * PACE_DAYS <= YEAR * at_most(recent):
        return None

    def lasts(item: Item) -> bool:
        pieces = variations.between(item.id, today - PACE_DAYS, today)
        return item.stock_of_parent or (item.stock or 0) * PACE_DAYS > YEAR * pieces

    long = [item for item in own if lasts(item)]
    quiet = today - (products.last(product_id, today) or today)
    return Slow(product_id, long, "pace", quiet, int(recent), through=through, peers=peers) if long else None


def at_most(pieces: float) -> float:
    """The highest mean that a Poisson count leaves plausible (about 97.5 %, by square roots)."""
    return float((pieces + 1) ** 0.5 + 1) ** 2


@dataclass(frozen=True)
class Hindsight:
    """How past picks of the rule went on: the share that sold again soon, and that share of all products."""

    picks: int
    sold_again: float
    any_sold: float
    days: int


def hindsight(
    products: Sold, born: Mapping[int, date], rule: Rule, days: int = 28, looks: int = 9
) -> Hindsight:
    """Which products the rule would have picked at `looks` past moments, and what they sold next.

    Shares are NaN without a pick. Past stock is not asked for: a product that was out of stock counts as a
    pick that did not sell.
    """
    today = number_of(rule.today)
    picked, again, all_, sold = 0, 0, 0, 0
    for look in range(1, looks + 1):
        then = today - look * days
        for product_id, day in born.items():
            if number_of(day) > then - rule.unsold_days:
                continue
            last = products.last(product_id, then)
            if last is None:
                continue
            sells = products.between(product_id, then, then + days) > 0
            all_, sold = all_ + 1, sold + sells
            if then - last >= rule.unsold_days:
                picked, again = picked + 1, again + sells
    nan = float("nan")
    return Hindsight(picked, again / picked if picked else nan, sold / all_ if all_ else nan, days)
