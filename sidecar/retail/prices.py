"""Prices: margin floors, tax, and the endings a shop likes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from statistics import median

from sidecar.core.types import quantize

LIKED = Decimal("0.5")
"""A price ending is the shop's habit when at least this share of its prices has it."""
FEWEST_RATIOS = 20
"""Items with a price and a recent sale that a tax factor needs."""


def price_floor(cost: Decimal, margin: Decimal, tax_factor: Decimal) -> Decimal:
    """The lowest shelf price that earns `margin` on `cost`; `tax_factor` is price with tax / without."""
    return cost * (1 + margin) * tax_factor


def tax_factor(pairs: Sequence[tuple[float, float]], prices_include_tax: bool) -> Decimal | None:
    """Shelf price over net price, from (shelf price, net price paid) pairs of items sold at today's price.

    1 when shelf prices hold no tax; None when they do and the shop has sold too little to see how much.
    """
    if not prices_include_tax:
        return Decimal(1)
    ratios = [shelf / net for shelf, net in pairs if net > 0]
    if len(ratios) < FEWEST_RATIOS:
        return None
    return Decimal(str(round(median(ratios), 4)))


def usual_ending(prices: Iterable[Decimal], decimals: int) -> Decimal | None:
    """What most prices end in after the whole unit (after the hundreds without decimals), if any."""
    step = ending_step(decimals)
    endings = Counter(quantize(price, decimals) % step for price in prices if price >= step)
    if not endings:
        return None
    ending, count = endings.most_common(1)[0]
    return ending if count >= LIKED * endings.total() else None


def ending_step(decimals: int) -> Decimal:
    """The distance between two prices with the same ending: 1.00, or 100 in a currency without decimals."""
    return Decimal(1) if decimals else Decimal(100)


def nice_price(
    target: Decimal, floor: Decimal, below: Decimal, ending: Decimal | None, decimals: int
) -> Decimal | None:
    """The price nearest under `target` with the shop's ending, at least `floor` and under `below`.

    Above `target` only when nothing under it holds the floor; None when no price fits.
    """
    step = ending_step(decimals) if ending is not None else Decimal(1).scaleb(-decimals)
    ending = ending or Decimal(0)
    down = ((target - ending) / step).to_integral_value(ROUND_FLOOR) * step + ending
    up = ((floor - ending) / step).to_integral_value(ROUND_CEILING) * step + ending
    price = quantize(down if down >= floor and down > 0 else max(up, ending or step), decimals)
    return price if floor <= price < below and price > 0 else None
