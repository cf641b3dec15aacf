"""Plays ordering policies on real demand, day by day, for many items and settings at once.

A day begins with what arrives, then (once a week) orders go out, then shoppers come; who finds nothing
leaves. Every policy meets the same demand and, for an order of one item on one day, the same lead time.
Nobody orders an item before its first day of sale: what to buy for its launch is another question.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sidecar.retail.ordering import whole

Floats = NDArray[np.float64]
Order = Callable[[int, Floats], Floats]
"""(day, stock and orders (n, k)) -> pieces to order (n, k)."""

REVIEW = 7
LONGEST = 45
POINTS = np.concatenate([np.linspace(0, 3, 25), np.geomspace(3.3, 12, 12)])
"""Reorder points that are tried, in mean demands over lead time and review."""
SIZES = (0, 7, 14, 28)
"""Order quantities that are tried, in days of mean demand; 0 stands for single pieces."""


@dataclass(frozen=True)
class World:
    """Demand (n, days), NaN before an item exists; lead time (n, days) of an order made that day."""

    demand: Floats
    lead: NDArray[np.int64]

    def rows(self, chosen: slice | NDArray[np.int64]) -> World:
        """The same with some of its items."""
        return World(self.demand[chosen], self.lead[chosen])


@dataclass(frozen=True)
class Outcome:
    """Per item and setting (n, k): mean pieces held, pieces missed, orders made; pieces asked for (n,)."""

    held: Floats
    missed: Floats
    orders: Floats
    asked: Floats

    @property
    def fill(self) -> Floats:
        """The share of pieces served, (n, k); 1 where nothing was asked for."""
        share: Floats = 1 - self.missed / np.maximum(self.asked, 1e-12)[:, None]
        return share


def lead_times(shape: tuple[int, int], mean: float, spread: float, seed: int) -> NDArray[np.int64]:
    """Whole days drawn from a gamma distribution, at least 1."""
    drawn = np.random.default_rng(seed).gamma((mean / spread) ** 2, spread**2 / mean, shape)
    days: NDArray[np.int64] = np.clip(np.rint(drawn), 1, LONGEST).astype(np.int64)
    return days


def replay(world: World, order: Order, start: Floats, first: int, last: int, judged: int) -> Outcome:
    """From day `first` to before `last`, beginning with `start` (n, k); judged from day `judged` on."""
    stock, (n, k) = start.copy(), start.shape
    coming, rows = np.zeros((n, k)), np.arange(n)
    arrivals = np.zeros((last - first + LONGEST + 1, n, k), dtype=np.float32)
    held, missed, orders = (np.zeros((n, k)) for _ in range(3))
    there = np.isfinite(world.demand)
    begun = np.pad(there, ((0, 0), (1, 0)))[:, :-1].cumsum(axis=1) > 0
    asked = np.where(there, world.demand, 0.0)
    for day in range(first, last):
        stock += arrivals[day - first]
        coming -= arrivals[day - first]
        counts = day >= judged
        if (day - first) % REVIEW == 0:
            pieces = order(day, stock + coming) * begun[:, day, None]
            arrivals[day - first + world.lead[:, day], rows] += pieces
            coming += pieces
            orders += counts * (pieces > 0)
        served = np.minimum(stock, asked[:, day, None])
        stock -= served
        if counts:
            held += stock * there[:, day, None]
            missed += asked[:, day, None] - served
    days = np.maximum(there[:, judged:last].sum(axis=1), 1)[:, None]
    return Outcome(held / days, missed, orders, asked[:, judged:last].sum(axis=1))


def up_to(levels: Callable[[int], Floats]) -> Order:
    """Orders whole pieces up to a level (n, k), rounded, that is set anew on every day of ordering."""

    def order(day: int, position: Floats) -> Floats:
        pieces: Floats = np.maximum(whole(levels(day)) - position, 0.0)
        return pieces

    return order


def s_q(rules: Callable[[int], tuple[Floats, Floats]]) -> Order:
    """At or below s (n, k), as many times Q as bring stock and orders above s again."""

    def order(day: int, position: Floats) -> Floats:
        s, q = rules(day)
        pieces: Floats = np.where(position <= s, np.ceil((s - position) / q + 1e-9) * q, 0.0)
        return pieces

    return order


def pace(demand: Floats) -> Floats:
    """Mean pieces a day of (n, days) since an item exists."""
    known = np.isfinite(demand)
    mean: Floats = np.where(known, demand, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return mean


@dataclass(frozen=True)
class Tried:
    """Every pair s, Q (n, pairs) and how it went on the days of training, per item."""

    s: Floats
    q: Floats
    held: Floats
    missed: Floats
    fill: Floats

    def serving(self, targets: Sequence[float]) -> tuple[Floats, Floats]:
        """s and Q (n, targets) that hold least of those that serve the target.

        An item that no pair serves so well gets the one that serves best.
        """
        best = []
        for target in targets:
            enough = self.fill >= np.minimum(target, self.fill.max(axis=1))[:, None]
            best.append(np.where(enough, self.held, np.inf).argmin(axis=1))
        return self._pairs(np.stack(best, axis=1))

    def paying(self, idle: Floats, worth: Floats) -> tuple[Floats, Floats]:
        """s and Q (n, settings) that cost least.

        A piece held throughout costs `idle` (n,), a piece missed `worth` (n, settings).
        """
        costs = [idle[:, None] * self.held + one[:, None] * self.missed for one in worth.T]
        return self._pairs(np.stack([cost.argmin(axis=1) for cost in costs], axis=1))

    def _pairs(self, best: NDArray[np.int64]) -> tuple[Floats, Floats]:
        return np.take_along_axis(self.s, best, axis=1), np.take_along_axis(self.q, best, axis=1)


def try_all(world: World, last: int, protected_days: float, chunk: int = 100) -> Tried:
    """Plays every pair on the days before `last`; `protected_days` is lead time and review."""
    parts = [
        _try(world.rows(slice(row, row + chunk)), last, protected_days)
        for row in range(0, len(world.demand), chunk)
    ]
    return Tried(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _try(world: World, last: int, days: float) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    mean = pace(world.demand[:, :last])[:, None]
    s = np.repeat(np.ceil(mean * days * POINTS), len(SIZES), axis=1)
    q = np.tile(np.maximum(np.rint(mean * np.array(SIZES)), 1.0), len(POINTS))
    seen = replay(world, s_q(lambda day: (s, q)), s + q, 0, last, 0)
    return s, q, seen.held, seen.missed, seen.fill
