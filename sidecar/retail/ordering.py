"""When and how much to order: reorder points, safety stock and quantities from a forecast's distribution.

Demand enters as equally likely totals, so that no shape is assumed. An uncertain lead time is three lengths
with its mean and variance (Gauss-Hermite). The share of pieces served counts what one order cycle adds to the
shortage (Hadley and Whitin, Analysis of Inventory Systems, 1963, chapter 5) as if shoppers waited; where they
leave, a little more is served. Days are whole days, quantities whole pieces.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Totals = Callable[[int], Floats]
"""Days -> (items, len(LEVELS)): quantiles at LEVELS of the demand summed over the next so many days."""

LEVELS: tuple[float, ...] = tuple((2 * n + 1) / 100 for n in range(50))
"""Middles of 50 equally likely parts; quantiles at these stand for the whole distribution."""
PARTS = (1, 4, 1)
"""Weights in sixths of a short, the usual and a long lead time."""
YEAR = 365
HIGHEST = 0.995
"""A higher service level lies beyond what LEVELS can tell."""
STEPS = 24


@dataclass(frozen=True)
class Terms:
    """How each item is bought, shape (n,): days, pieces, and the service level as a share.

    `measure` says of what: "cycle" is the chance that nothing is missed until the next order arrives, "fill"
    the share of pieces served. Someone looks every `check_days`; an order lasts `review_days`.
    """

    lead_days: Whole
    lead_spread: Floats
    review_days: Whole
    service: Floats
    moq: Whole
    pack: Whole
    measure: Literal["cycle", "fill"] = "cycle"
    check_days: int = 1

    @classmethod
    def of(
        cls,
        n: int,
        *,
        lead_days: ArrayLike,
        lead_spread: ArrayLike = 0.0,
        review_days: ArrayLike = 7,
        service: ArrayLike = 0.95,
        moq: ArrayLike = 1,
        pack: ArrayLike = 1,
        measure: Literal["cycle", "fill"] = "cycle",
        check_days: int = 1,
    ) -> Terms:
        """From one value for all items or one each; ValueError names what cannot be."""
        if check_days < 1:
            raise ValueError("check_days must be at least 1")
        return cls(
            numbers(n, lead_days, "lead_days", 0, YEAR).round().astype(np.int64),
            numbers(n, lead_spread, "lead_spread", 0, YEAR),
            numbers(n, review_days, "review_days", 1, YEAR).round().astype(np.int64),
            numbers(n, service, "service", 0.01, HIGHEST),
            np.ceil(numbers(n, moq, "moq", 0, 1e9)).astype(np.int64),
            np.ceil(numbers(n, pack, "pack", 1, 1e9)).astype(np.int64),
            measure,
            check_days,
        )

    @property
    def cycle_days(self) -> Whole:
        """Days from one order to the next, (n,)."""
        days: Whole = np.maximum(self.review_days, self.check_days)
        return days

    @property
    def longest(self) -> int:
        """Days that the forecast must reach: the longest lead time and one cycle."""
        if not len(self.lead_days):
            return 1
        return max(1, int((lengths(self.lead_days, self.lead_spread)[:, 2] + self.cycle_days).max()))


@dataclass(frozen=True)
class Plan:
    """What to order now, shape (n,), in pieces; probabilities are shares.

    `order_in_days` is 0 for today and -1 where no order is due within the forecast. `stockout_probability`
    holds for the lead time that begins now, which no order made now can help; `stockout_if_ordered` and
    `stockout_if_waiting` for lead time and cycle, with and without the quantity, and `short` is the pieces
    expected to be missed by then without it.
    """

    reorder_point: Whole
    safety_stock: Whole
    order_up_to: Whole
    quantity: Whole
    order_in_days: Whole
    stockout_probability: Floats
    stockout_if_ordered: Floats
    stockout_if_waiting: Floats
    short: Floats


def plan(totals: Totals, mean: Floats, stock: ArrayLike, incoming: ArrayLike, terms: Terms) -> Plan:
    """The plan of all items; `mean` (n, days) is pieces expected a day, `stock` may be negative (owed).

    `incoming` is what is on order; it counts as if it came within the lead time.
    """
    n = len(terms.lead_days)
    if mean.ndim != 2 or len(mean) != n:
        raise ValueError(f"mean must have one row for each of {n} items")
    position = numbers(n, stock, "stock", -1e12, 1e12) + numbers(n, incoming, "incoming", 0, 1e12)
    lead, check, cycle = (
        demand_over(totals, terms.lead_days, terms.lead_spread, extra)
        for extra in (0, terms.check_days, terms.cycle_days)
    )
    usual = cycle.mean(axis=1) - lead.mean(axis=1)
    point = whole(level(check, lead, usual, terms))
    up_to = np.maximum(whole(level(cycle, lead, usual, terms)), point)
    due = position <= point
    # Nothing sells and nothing is owed: a reorder point of 0 must not order.
    due &= (up_to > position) & ((point > 0) | (position < 0))
    quantity = np.where(due, round_up(up_to - position, terms.moq, terms.pack), 0)
    return Plan(
        reorder_point=point,
        safety_stock=np.maximum(point - whole(check.mean(axis=1)), 0),
        order_up_to=up_to,
        quantity=quantity,
        order_in_days=np.where(due, 0, _days_until(mean, position - point, point > 0)),
        stockout_probability=chance_short(lead, position),
        stockout_if_ordered=chance_short(cycle, position + quantity),
        stockout_if_waiting=chance_short(cycle, position),
        short=expected_short(cycle, position),
    )


def level(protected: Floats, lead: Floats, usual: Floats, terms: Terms) -> Floats:
    """Pieces, before rounding, that reach the service level over `protected`, (n,).

    `protected` and `lead` are sorted samples (n, m) of demand until the next order arrives and until this one
    does; `usual` is the pieces expected between two orders.
    """
    if terms.measure == "cycle":
        return quantile(protected, terms.service)
    return fill_level(protected, lead, (1 - terms.service) * usual)


def fill_level(protected: Floats, lead: Floats, allowed: Floats) -> Floats:
    """The lowest level at which one cycle adds at most `allowed` pieces of shortage, (n,), by bisection."""
    low, high = np.zeros(len(protected)), protected[:, -1].copy()
    for _ in range(STEPS):
        middle = (low + high) / 2
        missed = expected_short(protected, middle) - expected_short(lead, middle)
        enough = missed <= allowed + 1e-9
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return high


def lengths(days: Whole, spread: Floats) -> Whole:
    """A short, the usual and a long lead time with this mean and standard deviation, (n, 3)."""
    reach = 3**0.5 * spread
    ends = [np.maximum(days - reach, 0), days.astype(float), days + reach]
    found: Whole = np.rint(np.stack(ends, axis=1)).astype(np.int64)
    return found


def demand_over(totals: Totals, lead_days: Whole, lead_spread: Floats, extra_days: ArrayLike = 0) -> Floats:
    """Sorted, equally likely totals (n, 300) over a lead time of uncertain length and `extra_days` more."""
    days = lengths(lead_days, lead_spread) + np.asarray(extra_days, dtype=np.int64).reshape(-1, 1)
    parts = np.zeros((len(days), 3, len(LEVELS)))
    for length in np.unique(days).tolist():
        if length > 0:
            row, column = np.nonzero(days == length)
            parts[row, column] = _checked(totals(length), len(days))[row]
    sample: Floats = np.repeat(parts, PARTS, axis=1).reshape(len(days), sum(PARTS) * len(LEVELS))
    sample.sort(axis=1)
    return sample


def _checked(found: Floats, n: int) -> Floats:
    if found.shape != (n, len(LEVELS)):
        raise ValueError(f"totals must give {len(LEVELS)} quantiles for each of {n} items")
    if not np.isfinite(found).all():
        raise ValueError("totals must be numbers: a forecast is missing")
    return np.maximum(found, 0.0)


def quantile(sample: Floats, share: ArrayLike) -> Floats:
    """The value that a share of each sorted sample (n, m) does not exceed, (n,)."""
    at = np.ceil(np.broadcast_to(np.asarray(share, dtype=float), len(sample)) * sample.shape[1] - 1e-9) - 1
    found: Floats = sample[np.arange(len(sample)), np.clip(at.astype(np.int64), 0, sample.shape[1] - 1)]
    return found


def chance_short(sample: Floats, available: ArrayLike) -> Floats:
    """The chance that demand exceeds what is there, (n,)."""
    there = np.broadcast_to(np.asarray(available, dtype=float), len(sample))
    chance: Floats = (sample > there[:, None]).mean(axis=1)
    return chance


def expected_short(sample: Floats, available: ArrayLike) -> Floats:
    """Pieces expected to be asked for beyond what is there, (n,)."""
    there = np.broadcast_to(np.asarray(available, dtype=float), len(sample))
    short: Floats = np.maximum(sample - there[:, None], 0.0).mean(axis=1)
    return short


def round_up(quantity: ArrayLike, moq: ArrayLike = 1, pack: ArrayLike = 1) -> Whole:
    """Whole packs that hold the quantity and the supplier's least, (n,); nothing stays nothing."""
    wanted, pack = np.asarray(quantity, dtype=float), np.asarray(pack, dtype=float)
    packs = np.ceil(np.maximum(wanted, np.asarray(moq, dtype=float)) / pack - 1e-9) * pack
    found: Whole = np.where(wanted > 0, packs, 0.0).astype(np.int64)
    return found


def paying_service(worth: ArrayLike, cost: ArrayLike, holding: float, review_days: ArrayLike) -> Floats:
    """The chance of no stockout in a cycle that pays best: a missed piece loses `worth`, an idle one costs.

    The critical ratio of the newsvendor; `holding` is the yearly cost of stock as a share of its cost.
    Bounded to what `Terms` takes.
    """
    lost = np.maximum(np.asarray(worth, dtype=float), 0.0)
    idle = np.maximum(np.asarray(cost, dtype=float), 0.0) * holding * np.asarray(review_days) / YEAR
    share: Floats = np.clip(lost / np.maximum(lost + idle, 1e-12), 0.01, HIGHEST)
    return share


def _days_until(mean: Floats, spare: Floats, sells: NDArray[np.bool_]) -> Whole:
    """Days until the expected demand has used `spare`, -1 where the forecast ends before."""
    used = np.cumsum(np.maximum(mean, 0.0), axis=1) >= np.maximum(spare, 0.0)[:, None] - 1e-9
    found: Whole = np.where(used.any(axis=1) & sells, used.argmax(axis=1) + 1, -1)
    return found


def whole(values: Floats) -> Whole:
    """The whole pieces that a quantile of a smooth distribution stands for; half a piece rounds up.

    A count is at most k as often as a smooth variable in its place is below k + 1/2.
    """
    found: Whole = np.floor(values + 0.5 + 1e-9).astype(np.int64)
    return found


def numbers(n: int, value: ArrayLike, name: str, lowest: float, highest: float) -> Floats:
    """One value for all, or one each, as (n,) floats within bounds; ValueError says what is wrong."""
    try:
        found = np.broadcast_to(np.asarray(value, dtype=float), n)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be one number or one for each of {n} items") from None
    if not np.isfinite(found).all():
        raise ValueError(f"{name} must be a number for every item")
    if ((found < lowest) | (found > highest)).any():
        raise ValueError(f"{name} must lie between {lowest:g} and {highest:g}")
    return np.array(found)
