"""What to order of every stock, and when: the forecast's distribution meets the terms of purchase."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np

from sidecar.core.store import Incoming, Supplies, Supply
from sidecar.retail.holders import Holder
from sidecar.retail.ordering import HIGHEST, LEVELS, YEAR, Plan, Terms, paying_service, plan
from sidecar.retail.outlook import HIGH, LOW, Outlook

SHOWN_DAYS = 28
HOLDING = 0.25
"""Money, room and loss of stock held for a year, as a share of its cost."""
PAYING = (0.8, 0.98)
"""Bounds of a service level that nobody chose.

Beyond, the tail of a forecast is hardly known, and each further piece of stock buys very little.
"""


@dataclass(frozen=True, slots=True)
class Order:
    """What to do about one stock: pieces, days and probabilities as in `ordering.Plan`.

    `by` is the last day on which an order still keeps the wished service; None when none is due within the
    forecast. `cost` of the quantity is None when nobody entered what a piece costs.
    """

    reorder_point: int
    safety_stock: int
    order_up_to: int
    quantity: int
    by: date | None
    stockout_probability: float
    stockout_if_ordered: float
    short: float
    cost: Decimal | None


@dataclass(frozen=True, slots=True)
class Decision:
    """One stock: what is expected over SHOWN_DAYS with its interval, and the order, or why there is none.

    `row` is its row in the outlook, None without a forecast.
    """

    holder: Holder
    supply: Supply
    incoming: int
    row: int | None
    expected: float
    low: float
    high: float
    order: Order | None
    notes: tuple[str, ...]


def decide(
    holders: Sequence[Holder],
    outlook: Outlook,
    supplies: Supplies,
    incoming: Iterable[Incoming],
    *,
    net_prices: bool = False,
) -> list[Decision]:
    """A decision per stock, in the order of `holders`.

    `net_prices`: shelf prices hold no tax, so that they tell the margin. Then the service level that pays
    best stands where nobody entered one, and the decision's supply holds it.
    """
    coming: dict[int, int] = {}
    for part in incoming:
        coming[part.item_id] = coming.get(part.item_id, 0) + part.quantity
    place = outlook.row
    on_order = [sum(coming.get(key, 0) for key in {holder.id, *holder.item_ids}) for holder in holders]
    usual = [holder.terms(supplies) for holder in holders]
    terms = [_paying(*pair, outlook) for pair in zip(holders, usual, strict=True)] if net_prices else usual
    able = [n for n, holder in enumerate(holders) if not _hindrances(holder, place)]
    plans = _plan([holders[n] for n in able], [on_order[n] for n in able], [terms[n] for n in able], outlook)
    orders = {
        n: _order(plans, row, unit_cost(holders[n], terms[n]), outlook.today) for row, n in enumerate(able)
    }
    expected, band = outlook.total(SHOWN_DAYS), outlook.quantiles(SHOWN_DAYS, (LOW, HIGH))
    found = []
    for n, holder in enumerate(holders):
        row = place.get(holder.id)
        figures = (0.0, 0.0, 0.0) if row is None else (expected[row], band[row, 0], band[row, 1])
        pays = ("service_that_pays",) if terms[n] is not usual[n] else ()
        notes = (*_hindrances(holder, place), *_remarks(holder, terms[n], row, outlook), *pays)
        middle, low, high = (float(figure) for figure in figures)
        found.append(Decision(holder, terms[n], on_order[n], row, middle, low, high, orders.get(n), notes))
    return found


def _paying(holder: Holder, supply: Supply, outlook: Outlook) -> Supply:
    """The terms with the service level that pays best, where nobody entered one and the margin is known.

    A piece too many is held until the next order, or until it sells where that takes longer.
    """
    row, cost, price = outlook.row.get(holder.id), unit_cost(holder, supply), holder.price
    if supply.service_given or row is None or cost is None or price is None or price <= cost:
        return supply
    pace = max(float(outlook.mean[row].mean()), 1 / YEAR)
    idle = max(supply.review_days, 1.0, 1 / pace)
    best = float(paying_service(float(price - cost), float(cost), HOLDING, idle))
    return replace(supply, service_level=min(max(best, PAYING[0]), PAYING[1]))


def _hindrances(holder: Holder, place: dict[int, int]) -> list[str]:
    """Why no order can be worked out."""
    found = []
    if holder.id not in place:
        found.append("no_forecast")
    if holder.stock is None:
        found.append("stock_not_managed")
    if not holder.published:
        found.append("not_published")
    return found


def _remarks(holder: Holder, supply: Supply, row: int | None, outlook: Outlook) -> list[str]:
    found = [] if row is None else list(outlook.kept[row].notes)
    if row is not None and bool((outlook.mean[row] != outlook.base[row]).any()):
        found.append("override")
    if supply.service_level > HIGHEST:
        found.append("service_level_lowered")
    if supply.lead_days + supply.review_days > outlook.mean.shape[1] and row is not None:
        found.append("beyond_the_forecast")
    if supply.supplier_id is None:
        found.append("no_supplier")
    if row is not None and not outlook.kept[row].in_stock.all():
        found.append("out_of_stock_days")
    if unit_cost(holder, supply) is None:
        found.append("no_cost")
    if holder.on_sale:
        found.append("on_sale")
    return found


def _plan(
    holders: Sequence[Holder], coming: Sequence[int], terms: Sequence[Supply], outlook: Outlook
) -> Plan:
    rows = np.array([outlook.row[holder.id] for holder in holders], dtype=np.int64)

    def totals(days: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        return outlook.quantiles(days, LEVELS)[rows]

    mean = outlook.mean[rows] if len(rows) else np.zeros((0, 1))
    bought = Terms.of(
        len(rows),
        lead_days=[one.lead_days for one in terms],
        lead_spread=[one.lead_spread_days for one in terms],
        review_days=[max(one.review_days, 1) for one in terms],
        service=[min(one.service_level, HIGHEST) for one in terms],
        moq=[one.moq for one in terms],
        pack=[max(one.pack, 1) for one in terms],
    )
    return plan(totals, mean, [holder.stock or 0 for holder in holders], coming, bought)


def _order(made: Plan, row: int, cost: Decimal | None, today: date) -> Order:
    quantity, wait = int(made.quantity[row]), int(made.order_in_days[row])
    return Order(
        reorder_point=int(made.reorder_point[row]),
        safety_stock=int(made.safety_stock[row]),
        order_up_to=int(made.order_up_to[row]),
        quantity=quantity,
        by=None if wait < 0 else today + timedelta(days=wait),
        stockout_probability=float(made.stockout_probability[row]),
        stockout_if_ordered=float(made.stockout_if_ordered[row]),
        short=float(made.short[row]),
        cost=None if cost is None else cost * quantity,
    )


def unit_cost(holder: Holder, supply: Supply) -> Decimal | None:
    """What a piece costs: the supplier's price, else the cost of goods."""
    return supply.cost if supply.cost is not None else holder.cost
