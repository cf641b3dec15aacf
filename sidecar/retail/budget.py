"""Which orders a limited sum buys: whole packs by what they are expected to earn for the money."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sidecar.retail.ordering import Floats, Whole, expected_short, numbers, round_up

LOTS = 20
"""Steps in which one item's quantity is weighed; large quantities are cut into so many parts."""


@dataclass(frozen=True)
class Spending:
    """Pieces to order of each item (n,), why fewer than wanted (n,), money in all, and what suppliers lack.

    Reasons: "" as wanted, "budget", "supplier_minimum", "no_cost". `missing` is the money by which orders
    that were dropped fell short of their supplier's least.
    """

    quantity: Whole
    reason: tuple[str, ...]
    total: float
    missing: dict[Hashable, float]


def spend(
    sample: Floats,
    position: ArrayLike,
    wanted: ArrayLike,
    *,
    moq: ArrayLike = 1,
    pack: ArrayLike = 1,
    cost: ArrayLike,
    worth: ArrayLike,
    supplier: Sequence[Hashable],
    least: Mapping[Hashable, float],
    money: float | None = None,
) -> Spending:
    """Cuts the wanted quantities (n,) to the money, and drops suppliers whose order stays below their least.

    `sample` (n, m) is demand over lead time and cycle, `position` stock and orders, `cost` money a piece, NaN
    where unknown, `worth` what a piece not missed earns (NaN: as much as it costs). Without a cost an item
    cannot be weighed against money: it is left out where there is a limit.
    """
    n = len(sample)
    start = numbers(n, position, "position", -1e12, 1e12)
    pieces = round_up(numbers(n, wanted, "wanted", 0, 1e9), moq, pack)
    price = _money(n, cost, "cost")
    gain = _money(n, worth, "worth")
    gain = np.where(np.isnan(gain), price, gain)
    if money is not None and not (np.isfinite(money) and money >= 0):
        raise ValueError("money must be a number of at least 0")
    if len(supplier) != n:
        raise ValueError(f"supplier must name one for each of {n} items")
    able = ~np.isnan(price) | (money is None)
    lots = _lots(sample, start, np.where(able, pieces, 0), moq, pack, np.nan_to_num(price), gain)
    dropped: dict[Hashable, float] = {}
    while True:
        allowed = np.array([name not in dropped for name in supplier], dtype=bool)
        bought = _greedy(lots, allowed, money)
        short = _short(bought, price, supplier, least)
        if not short:
            break
        # One at a time: the money of the first may lift the second above its least.
        name = max(short, key=lambda key: short[key] / least[key])
        dropped[name] = short[name]
    reason = tuple(
        ""
        if bought[row] == pieces[row]
        else "no_cost"
        if not able[row]
        else "supplier_minimum"
        if supplier[row] in dropped
        else "budget"
        for row in range(n)
    )
    return Spending(bought, reason, float((bought * np.nan_to_num(price)).sum()), dropped)


@dataclass(frozen=True)
class _Lots:
    """Steps of all items, best first; `row` names the item, `pieces` and `money` are the step's."""

    n: int
    row: Whole
    pieces: Whole
    money: Floats


def _lots(
    sample: Floats, start: Floats, pieces: Whole, moq: ArrayLike, pack: ArrayLike, price: Floats, gain: Floats
) -> _Lots:
    n = len(pieces)
    packs = np.broadcast_to(np.asarray(pack, dtype=np.int64), n)
    step = np.maximum(-(-pieces // (packs * LOTS)), 1) * packs
    first = np.minimum(np.maximum(round_up(np.minimum(pieces, 1), moq, pack), step), pieces)
    ends = np.stack([np.minimum(first + step * k, pieces) for k in range(LOTS + 1)], axis=1)
    starts = np.concatenate([np.zeros((n, 1), dtype=np.int64), ends[:, :-1]], axis=1)
    missed = np.stack(
        [expected_short(sample, start + part) for part in (starts[:, 0], *ends.T)], axis=1
    ).reshape(n, LOTS + 2)
    size = ends - starts
    money = size * price[:, None]
    earned = np.maximum(missed[:, :-1] - missed[:, 1:], 0.0) * gain[:, None]
    rate = np.where(money > 0, earned / np.maximum(money, 1e-12), np.inf)
    # A later step of an item never comes before an earlier one.
    rate = np.minimum.accumulate(rate, axis=1)
    row, column = np.nonzero(size > 0)
    order = np.lexsort((column, row, -rate[row, column]))
    row, column = row[order], column[order]
    return _Lots(n, row, size[row, column], money[row, column])


def _greedy(lots: _Lots, allowed: NDArray[np.bool_], money: float | None) -> Whole:
    bought = np.zeros(lots.n, dtype=np.int64)
    left, closed = np.inf if money is None else money, ~allowed
    for row, pieces, cost in zip(lots.row.tolist(), lots.pieces.tolist(), lots.money.tolist(), strict=True):
        if closed[row]:
            continue
        if cost > left + 1e-9:
            closed[row] = True
            continue
        bought[row] += pieces
        left -= cost
    return bought


def _short(
    bought: Whole, price: Floats, supplier: Sequence[Hashable], least: Mapping[Hashable, float]
) -> dict[Hashable, float]:
    """What each supplier's order lacks; one that holds an item of unknown cost is not judged."""
    sums: dict[Hashable, float] = {}
    for name, pieces, money in zip(supplier, bought.tolist(), price.tolist(), strict=True):
        if pieces:
            sums[name] = sums.get(name, 0.0) + pieces * money
    return {name: least[name] - total for name, total in sums.items() if total < least.get(name, 0.0) - 1e-9}


def _money(n: int, value: ArrayLike, name: str) -> Floats:
    found = np.broadcast_to(np.asarray(value, dtype=float), n).copy()
    if (found < 0).any() or np.isinf(found).any():
        raise ValueError(f"{name} must be at least 0, or NaN where it is unknown")
    return found
