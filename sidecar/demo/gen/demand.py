"""Plays the shop day by day: demand meets stock, stock is reordered, some goods come back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sidecar.demo.gen.catalogue import Bools, Catalogue, Floats, Ints

BASKET = np.array([0.60, 0.24, 0.10, 0.04, 0.02])
CANCELLED = 0.02
RING = 64


@dataclass(frozen=True)
class Day:
    """Order lines of one day: `order` counts the day's orders from 0, `lag` days until return (0: kept)."""

    index: int
    order: Ints
    unit: Ints
    quantity: Ints
    lag: Ints
    cancelled: Bools


class Demand:
    """Stock of K units over D days; iterate it once, then read the stock, the receipts and the empty days."""

    def __init__(self, catalogue: Catalogue, rng: np.random.Generator) -> None:
        self.catalogue, self.rng = catalogue, rng
        self.expected = catalogue.expected()
        units = len(catalogue.unit_product)
        self.lead = catalogue.lead_days[catalogue.unit_product]
        self.caution = rng.uniform(-0.4, 2.0, units)
        self.empty = np.zeros((catalogue.size.days, units), dtype=bool)
        self.on_order = np.zeros(units, dtype=np.int64)
        self.arrivals = np.zeros((RING, units), dtype=np.int64)
        self.returns = np.zeros((RING, units), dtype=np.int64)
        self.closed = np.zeros(units, dtype=bool)
        self.receipts: list[tuple[int, Ints, Ints]] = []
        pace = self._pace(0)
        self.stock = np.ceil(pace * (self.lead + 30) + 1).astype(np.int64)
        self.initial = self.stock.copy()

    def __iter__(self) -> Iterator[Day]:
        for index in range(self.catalogue.size.days):
            self._receive(index)
            self._plant(index)
            yield self._sell(index)
            self._reorder(index)

    def _pace(self, index: int) -> Floats:
        """Mean daily demand of each unit over the month before `index` (the first month at the start)."""
        month = self.expected[max(0, index - 28) : max(28, index)]
        pace: Floats = month.mean(axis=0)[self.catalogue.unit_product] * self.catalogue.unit_share
        return pace

    def _receive(self, index: int) -> None:
        slot = index % RING
        self._book(index, self.arrivals[slot])
        self.on_order -= self.arrivals[slot]
        self.stock += self.returns[slot]
        self.arrivals[slot] = self.returns[slot] = 0

    def _book(self, index: int, quantity: Ints) -> None:
        moved = np.flatnonzero(quantity)
        if len(moved):
            self.stock[moved] += quantity[moved]
            self.receipts.append((index, moved, quantity[moved].copy()))

    def _plant(self, index: int) -> None:
        """Overstock what goes slow today; days before the end leave too little of what is to run out."""
        shop = self.catalogue
        slow = shop.slow_from[shop.unit_product] == index
        if slow.any():
            wanted = np.maximum(2, np.ceil(self.rng.integers(20, 60, len(slow)) * shop.unit_share)).astype(
                np.int64
            )
            self._book(index, np.where(slow, np.maximum(wanted - self.stock, 0), 0))
            self.closed |= slow
        if index == shop.size.days - 4:
            near = np.isin(shop.unit_product, shop.near)
            rest = self.expected[index:].sum(axis=0)[shop.unit_product] * shop.unit_share
            cover = self.expected[index:].mean(axis=0)[shop.unit_product] * shop.unit_share * self.lead
            wanted = np.rint(rest + 0.25 * cover).astype(np.int64)
            self._book(index, np.where(near, wanted - self.stock, 0))
            self._close(near)

    def _close(self, units: Bools) -> None:
        self.closed |= units
        self.on_order[units] = 0
        self.arrivals[:, units] = 0

    def _sell(self, index: int) -> Day:
        shop = self.catalogue
        wanted = self.rng.poisson(self.expected[index][shop.unit_product] * shop.unit_share)
        sold = np.minimum(wanted, self.stock)
        day = self._baskets(index, np.repeat(np.arange(len(sold)), sold))
        self.stock -= sold
        gone_back = day.cancelled[day.order]
        np.add.at(self.stock, day.unit[gone_back], day.quantity[gone_back])
        self.empty[index] = self.stock == 0
        back = day.lag > 0
        np.add.at(self.returns, ((index + day.lag[back]) % RING, day.unit[back]), day.quantity[back])
        return day

    def _baskets(self, index: int, units: Ints) -> Day:
        """Deal the day's units into orders of one to five, and join equal units of an order into one line."""
        units = self.rng.permutation(units)
        sizes = self.rng.choice(len(BASKET), len(units), p=BASKET) + 1
        dealt = np.repeat(np.arange(len(sizes)), sizes)[: len(units)]
        keys, quantity = np.unique(dealt * len(self.stock) + units, return_counts=True)
        order, unit = keys // len(self.stock), keys % len(self.stock)
        count = int(order[-1]) + 1 if len(order) else 0
        cancelled = self.rng.random(count) < CANCELLED
        rate = self.catalogue.return_rate[self.catalogue.unit_product[unit]]
        lag = self.rng.integers(5, 31, len(unit))
        comes_back = (self.rng.random(len(unit)) < rate) & ~cancelled[order]
        comes_back &= index + lag < self.catalogue.size.days
        return Day(index, order, unit, quantity, np.where(comes_back, lag, 0), cancelled)

    def _reorder(self, index: int) -> None:
        pace = self._pace(index + 1)
        over_lead = pace * self.lead
        point = np.ceil(over_lead + self.caution * np.sqrt(over_lead))
        due = (self.stock + self.on_order <= point) & ~self.closed & (pace > 0)
        if due.any():
            order = np.where(due, np.maximum(2, np.ceil(pace * 45)), 0).astype(np.int64)
            self.on_order += order
            np.add.at(self.arrivals, ((index + self.lead) % RING, np.arange(len(order))), order)
