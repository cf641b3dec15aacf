"""Size curves: which share of a product's demand falls on each size, and what a broken range lacks.

Sales of product p in size s are Poisson with mean a_p c_s e_ps: the product's pace, its category's curve, and
the share of days on which the size was there, so that a sold-out size is not taken for an unwanted one. Each
product's own curve is drawn to its category's as far as chance can explain the difference (gamma-Poisson
shrinkage with the strength from the moments).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sidecar.retail.ordering import Floats, Whole, numbers

ROUNDS = 100
FIRM = 1e4
"""Pieces behind a category's curve at most: then products follow it to the letter."""
FEWEST_PRODUCTS = 3
LOST = 0.2
"""A range is broken when at least this share of its shoppers does not find their size."""


@dataclass(frozen=True)
class Curve:
    """Shares of demand by size: share (products, sizes), sums to 1, 0 where there is no such size.

    category (groups, sizes) at the sorted `groups`; own (products,) is the weight of a product's own sales
    against its category's, 0-1; pieces (products,) that stand behind it.
    """

    share: Floats
    category: Floats
    groups: tuple[int, ...]
    own: Floats
    pieces: Floats


def curve(sold: Floats, group: ArrayLike, there: Floats | None = None) -> Curve:
    """The curves from pieces sold (products, sizes), NaN where the product does not come in that size.

    `there` is the share of days with stock, same shape (None: always). Negative pieces are refused: net
    returns against sales before.
    """
    if sold.ndim != 2:
        raise ValueError("sold must have one row a product and one column a size")
    made = ~np.isnan(sold)
    pieces = np.where(made, sold, 0.0)
    if not np.isfinite(pieces).all() or (pieces < 0).any():
        raise ValueError("sold must be at least 0, or NaN where a product does not come in a size")
    open_ = made.astype(float) if there is None else np.where(made, np.clip(there, 0.0, 1.0), 0.0)
    if not np.isfinite(open_).all():
        raise ValueError("there must be a number for every size that is made")
    # What sold was there, whatever the records of its stock say.
    open_ = np.maximum(open_, np.where(pieces > 0, 0.01, 0.0))
    homes = numbers(len(sold), group, "group", -(2**53), 2**53).astype(np.int64)
    names = np.unique(homes)
    share, own = np.zeros(sold.shape), np.zeros(len(sold))
    category = np.zeros((len(names), sold.shape[1]))
    for at, home in enumerate(names.tolist()):
        rows = homes == home
        base, pace = _fit(pieces[rows], open_[rows], made[rows])
        category[at] = base
        expected = pace[:, None] * base * open_[rows]
        strength = _strength(pieces[rows], expected)
        factor = (pieces[rows] + strength) / (expected + strength)
        drawn = np.where(made[rows], base * factor, 0.0)
        even = made[rows] / np.maximum(made[rows].sum(axis=1, keepdims=True), 1)
        sums = drawn.sum(axis=1, keepdims=True)
        share[rows] = np.where(sums > 0, drawn / np.maximum(sums, 1e-300), even)
        mass = expected.sum(axis=1) / np.maximum(made[rows].sum(axis=1), 1)
        own[rows] = mass / (mass + strength)
    return Curve(share, category, tuple(names.tolist()), own, pieces.sum(axis=1))


def _fit(sold: Floats, there: Floats, made: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """The category's curve (sizes,) and each product's pace (products,), by turns until both agree."""
    # One piece spread evenly over the sizes that are made keeps a size without sales in the curve.
    prior = np.asarray(made.any(axis=0), dtype=float) / max(int(made.any(axis=0).sum()), 1)
    base: Floats = np.array(prior)
    pace: Floats = np.zeros(len(sold))
    for _ in range(ROUNDS):
        pace = np.divide(sold.sum(axis=1), np.maximum(there @ base, 1e-12))
        was, reach = base, np.matmul(pace, there)
        base = np.divide(sold.sum(axis=0) + prior, reach + 1.0)
        base = np.divide(base, max(float(base.sum()), 1e-12))
        if np.abs(base - was).max(initial=0.0) < 1e-9:
            break
    return base, pace


def _strength(sold: Floats, expected: Floats) -> float:
    """How many pieces the category's curve counts for: Var = m + m^2 / strength, over its products."""
    cells = expected > 0
    rows = int(cells.any(axis=1).sum())
    if rows < FEWEST_PRODUCTS:
        return FIRM
    free = cells.sum() - rows - cells.any(axis=0).sum() + 1
    scale = cells.sum() / max(free, 1)
    extra = float(((sold - expected)[cells] ** 2 * scale - expected[cells]).sum())
    return float(np.clip((expected[cells] ** 2).sum() / max(extra, 1e-12), 0.5, FIRM))


@dataclass(frozen=True)
class Broken:
    """A product whose sizes do not fit its shoppers: row, missing sizes (columns), share who find none."""

    row: int
    missing: tuple[int, ...]
    lost: float


def broken(found: Curve, stock: Floats, lost: float = LOST) -> list[Broken]:
    """Products with some stock whose empty sizes are wanted by at least a share `lost` of their shoppers."""
    if stock.shape != found.share.shape:
        raise ValueError("stock must have the shape of the curve")
    empty = ~(stock > 0) & (found.share > 0)
    gone = np.where(empty, found.share, 0.0).sum(axis=1)
    rows = np.flatnonzero((stock > 0).any(axis=1) & (gone >= lost))
    return [
        Broken(row, tuple(np.flatnonzero(empty[row]).tolist()), float(gone[row])) for row in rows.tolist()
    ]


def completion(found: Curve, stock: Floats, demand: ArrayLike) -> Whole:
    """Pieces of each size to buy (products, sizes) so that the stock follows the curve for so much demand.

    `demand` (products,) is the pieces expected until the next delivery after this one. Sizes with too much
    are left as they are; stock below 0 is owed and comes on top.
    """
    if stock.shape != found.share.shape:
        raise ValueError("stock must have the shape of the curve")
    pieces = numbers(len(stock), demand, "demand", 0, 1e9)
    have = np.where(found.share > 0, np.nan_to_num(stock), 0.0)
    buy: Whole = np.maximum(_whole(found.share * pieces[:, None]) - have, 0.0).astype(np.int64)
    return buy


def _whole(parts: Floats) -> Floats:
    """Whole numbers that add up to the rounded sum of each row (largest remainders)."""
    floor = np.floor(parts + 1e-9)
    more = np.rint(parts.sum(axis=1) - floor.sum(axis=1)).astype(np.int64)
    rank = np.argsort(np.argsort(-(parts - floor), axis=1, kind="stable"), axis=1, kind="stable")
    whole: Floats = floor + (rank < more[:, None])
    return whole
