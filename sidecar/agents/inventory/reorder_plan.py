"""What to order now and in the coming days, from whom, and what it costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
from pydantic import BaseModel, Field

from sidecar.agents.inventory import panel
from sidecar.agents.inventory.models import Stocked, Subset
from sidecar.core.agent import Context, Result, agent
from sidecar.core.schema import PERCENT
from sidecar.core.store import Supplies, Supply
from sidecar.core.types import Money, quantize
from sidecar.retail.budget import Spending, spend
from sidecar.retail.calendar import shop_day
from sidecar.retail.note_words import in_words
from sidecar.retail.ordering import LEVELS, demand_over
from sidecar.retail.outlook import Outlook
from sidecar.retail.stock_plan import SHOWN_DAYS, Decision, Order, decide, unit_cost


class ReorderPlanInput(Subset):
    """How far ahead to look, and how much money there is."""

    days_ahead: int = Field(
        14, title="Days ahead", ge=0, le=60, description="Name also the orders that fall due so soon."
    )
    budget: float | None = Field(
        None,
        title="Budget",
        ge=0,
        le=1e9,
        allow_inf_nan=False,
        description="Money for the orders of today, in the shop's currency; absent for no limit.",
    )
    service_level: float | None = Field(
        None,
        title="In stock until the delivery comes",
        ge=0.5,
        le=0.995,
        description="Share of order cycles in which nothing shall be missed; absent for what the terms say.",
        json_schema_extra=PERCENT,
    )
    limit: int = Field(
        200,
        title="Most lines",
        ge=1,
        le=1000,
        description="Answer at most this many lines, most urgent first.",
    )


class OrderLine(Stocked):
    """One item to order."""

    supplier_id: str | None = Field(None, description="Whom to buy it from; absent when nobody said.")
    supplier_name: str = Field(description="The supplier's name, or nothing.")
    stock: int = Field(description="Pieces in stock.")
    incoming: int = Field(description="Pieces on order that have not arrived.")
    expected: float = Field(description="Pieces expected to sell in 28 days.")
    expected_low: float = Field(description="Lowest of these, in eight of ten cases.")
    expected_high: float = Field(description="Highest of these, in eight of ten cases.")
    lead_days: int = Field(description="Days from order to arrival.")
    reorder_point: int = Field(description="Pieces at which to order more.")
    safety_stock: int = Field(description="Pieces of it beyond what is expected to sell.")
    recommended_order_quantity: int = Field(
        description="Pieces to order now; 0 for an order that is not due."
    )
    order_by: date = Field(description="The last day on which an order keeps the wished service.")
    cost: Money | None = Field(None, description="Money for these pieces; absent without a cost.")
    stockout_probability: float = Field(description="Chance to run out before an order of today arrives.")
    stockout_if_ordered: float = Field(
        description="Chance to run out until the order after this one arrives, when this one is made."
    )
    error: float | None = Field(None, description="RMSSE of the forecast in its backtest.")
    naive_error: float | None = Field(None, description="The same for repeating last week's sales.")
    left_out: str | None = Field(None, description="Why fewer pieces than wished are named.")
    notes: list[str] = Field(description="What limits the figures.")


class SupplierOrder(BaseModel):
    """What one supplier would be asked for."""

    supplier_id: str | None = Field(None, description="The supplier; absent for items without one.")
    supplier_name: str = Field(description="Its name, or nothing.")
    lines: int = Field(description="Items.")
    pieces: int = Field(description="Pieces.")
    cost: Money | None = Field(None, description="Money, of the items whose cost is known.")
    min_order: Money | None = Field(None, description="The least that the supplier takes an order for.")
    missing: Money | None = Field(None, description="Money by which the wished order stays below that.")


class ReorderPlanOutput(BaseModel):
    """The orders of today, those that fall due soon, and what was left out."""

    as_of: date = Field(description="The shop's day.")
    currency: str = Field(description="Currency of all money.")
    considered: int = Field(description="Stocks with a forecast and managed stock.")
    not_judged: dict[str, int] = Field(description="Stocks left out, by reason.")
    now: list[OrderLine] = Field(description="What to order today, most likely to run out first.")
    soon: list[OrderLine] = Field(description="What falls due within the days ahead, soonest first.")
    suppliers: list[SupplierOrder] = Field(description="Today's orders by supplier.")
    total_cost: Money = Field(description="Money of today's orders, of items whose cost is known.")
    without_cost: int = Field(description="Lines of today whose cost is not known.")
    budget_left: Money | None = Field(None, description="What is left of the budget.")
    notes: list[str] = Field(description="What limits the plan.")


@agent(
    title="Reorder plan",
    reads={"products", "sales", "stock_days", "prices", "supplies", "overrides", "incoming"},
    needs={"models"},
    schedule="daily",
    proposes=False,
    budget_s=40,  # fits all items when no forecasts are kept
    paths=("POST /api/v1/ecommerce/inventory/reorder",),
    examples=({}, {"budget": 500}, {"product_ids": [12], "service_level": 0.9}),
)
def reorder_plan(inp: ReorderPlanInput, ctx: Context) -> Result[ReorderPlanOutput]:
    """Say what to order today and soon: pieces, supplier, cost, and the chance to run out.

    Works from the forecast's whole distribution over the lead time and the days until the next look, with
    each supplier's terms: lead time and its spread, smallest order, packs, and the wished service. A budget
    buys what is expected to earn most for the money. Orders nothing: a person makes and sends the order.
    """
    today = shop_day(ctx.now, ctx.facts.timezone)
    ctx.progress(0, 3, "Reading stock and terms")
    holders = panel.stocks(ctx, inp.product_ids)
    seen = panel.current(ctx, holders, today, 0)
    supplies = _wished(ctx.store.supplies(), inp.service_level)
    ctx.progress(2, 3, "Working out orders")
    decisions = decide(
        holders, seen, supplies, ctx.store.incoming(), net_prices=not ctx.facts.prices_include_tax
    )
    judged = [one for one in decisions if one.order is not None]
    due = [one for one in judged if one.order is not None and one.order.quantity > 0]
    due.sort(key=lambda one: (-_order(one).stockout_probability, -one.expected, one.holder.id))
    bought = _spend(due, seen, inp.budget, ctx)
    skipped = Counter(one.notes[0] for one in decisions if one.order is None)
    now = [_line(one, seen, ctx, bought, n) for n, one in enumerate(due)]
    ctx.log(f"{len(judged)} stocks judged, {len(due)} to order today")
    return Result(
        ReorderPlanOutput(
            as_of=today,
            currency=ctx.facts.currency,
            considered=len(judged),
            not_judged=dict(sorted(skipped.items())),
            now=now[: inp.limit],
            soon=_soon(judged, seen, ctx, today + timedelta(days=inp.days_ahead))[: inp.limit],
            suppliers=_by_supplier(due, bought, ctx),
            total_cost=quantize(Decimal(str(round(bought.total, 4))), ctx.facts.decimals),
            without_cost=sum(unit_cost(one.holder, one.supply) is None for one in due),
            budget_left=None
            if inp.budget is None
            else quantize(Decimal(str(round(inp.budget - bought.total, 4))), ctx.facts.decimals),
            notes=[*_notes(seen, inp), *panel.unknown(inp.product_ids, holders)],
        )
    )


def _order(one: Decision) -> Order:
    assert one.order is not None
    return one.order


def _wished(supplies: Supplies, level: float | None) -> Supplies:
    """The terms with another service level."""
    if level is None:
        return supplies

    def with_level(one: Supply) -> Supply:
        return replace(one, service_level=level, service_given=True)

    return Supplies(
        {key: with_level(one) for key, one in supplies.known.items()}, with_level(supplies.default)
    )


def _spend(due: Sequence[Decision], seen: Outlook, money: float | None, ctx: Context) -> Spending:
    """The pieces that the budget and the suppliers' least orders leave."""
    rows = np.array([one.row for one in due], dtype=np.int64)
    lead, spread, cycle = (
        np.array([getattr(one.supply, name) for one in due], dtype=float)
        for name in ("lead_days", "lead_spread_days", "review_days")
    )
    sample = demand_over(
        lambda days: seen.quantiles(days, LEVELS)[rows], lead.astype(np.int64), spread, np.maximum(cycle, 1)
    )
    names = [one.supply.supplier_id or "" for one in due]
    least: dict[Hashable, float] = {
        one.supply.supplier_id or "": float(one.supply.min_order) for one in due if one.supply.min_order
    }
    return spend(
        sample.reshape(len(due), -1) if len(due) else np.zeros((0, 1)),
        [(one.holder.stock or 0) + one.incoming for one in due],
        [_order(one).quantity for one in due],
        moq=[one.supply.moq for one in due],
        pack=[max(one.supply.pack, 1) for one in due],
        cost=[_float(unit_cost(one.holder, one.supply)) for one in due],
        worth=[_margin(one, ctx) for one in due],
        supplier=names,
        least=least,
        money=money,
    )


def _float(value: Decimal | None) -> float:
    return float("nan") if value is None else float(value)


def _margin(one: Decision, ctx: Context) -> float:
    """What a piece earns; NaN where cost or price is unknown, or the price holds an unknown tax."""
    cost, price = unit_cost(one.holder, one.supply), one.holder.price
    if cost is None or price is None or ctx.facts.prices_include_tax:
        return float("nan")
    return max(float(price - cost), 0.0)


REASONS = {
    "budget": "The budget does not reach for all of it.",
    "supplier_minimum": "The supplier's smallest order is not reached.",
    "no_cost": "Its cost is not known, so it cannot be weighed against the budget.",
}


def _line(one: Decision, seen: Outlook, ctx: Context, bought: Spending | None, n: int) -> OrderLine:
    order, holder, supply = _order(one), one.holder, one.supply
    assert one.row is not None
    assert order.by is not None
    kept = seen.kept[one.row]
    pieces = 0 if bought is None else int(bought.quantity[n])
    cost = unit_cost(holder, supply)
    return OrderLine(
        product_id=holder.product_id,
        item_id=holder.id,
        name=holder.name,
        sku=holder.sku,
        supplier_id=supply.supplier_id,
        supplier_name=supply.supplier_name,
        stock=holder.stock or 0,
        incoming=one.incoming,
        expected=round(one.expected, 2),
        expected_low=round(one.low, 2),
        expected_high=round(one.high, 2),
        lead_days=supply.lead_days,
        reorder_point=order.reorder_point,
        safety_stock=order.safety_stock,
        recommended_order_quantity=pieces,
        order_by=order.by,
        cost=None if cost is None or not pieces else quantize(cost * pieces, ctx.facts.decimals),
        stockout_probability=round(order.stockout_probability, 4),
        stockout_if_ordered=round(order.stockout_if_ordered, 4),
        error=None if kept.error is None else round(kept.error, 4),
        naive_error=None if kept.naive_error is None else round(kept.naive_error, 4),
        left_out=None if bought is None else REASONS.get(bought.reason[n]),
        notes=in_words(one.notes),
    )


def _soon(judged: Sequence[Decision], seen: Outlook, ctx: Context, until: date) -> list[OrderLine]:
    found = []
    for one in judged:
        by = _order(one).by
        if not _order(one).quantity and by is not None and by <= until:
            found.append(_line(one, seen, ctx, None, 0))
    return sorted(found, key=lambda line: (line.order_by, -line.expected, line.item_id))


def _by_supplier(due: Sequence[Decision], bought: Spending, ctx: Context) -> list[SupplierOrder]:
    groups: dict[str, list[int]] = {}
    for n, one in enumerate(due):
        groups.setdefault(one.supply.supplier_id or "", []).append(n)
    decimals = ctx.facts.decimals
    found = []
    for name, rows in sorted(groups.items(), key=lambda group: -len(group[1])):
        supply = due[rows[0]].supply
        pieces = [int(bought.quantity[n]) for n in rows]
        costs = [
            cost * count
            for n, count in zip(rows, pieces, strict=True)
            if (cost := unit_cost(due[n].holder, due[n].supply)) is not None
        ]
        missing = bought.missing.get(name)
        found.append(
            SupplierOrder(
                supplier_id=supply.supplier_id,
                supplier_name=supply.supplier_name,
                lines=sum(count > 0 for count in pieces),
                pieces=sum(pieces),
                cost=quantize(sum(costs, Decimal(0)), decimals) if costs else None,
                min_order=supply.min_order,
                missing=None if missing is None else quantize(Decimal(str(round(missing, 4))), decimals),
            )
        )
    return found


def _notes(seen: Outlook, inp: ReorderPlanInput) -> list[str]:
    notes = [f"Expected sales cover {SHOWN_DAYS} days; what is on order counts as if it came in time."]
    if inp.budget is not None:
        notes.append("The budget goes first to the packs that are expected to earn most for their money.")
    if seen.age.size and int(seen.age.max()):
        notes.append(f"The oldest forecast was made {int(seen.age.max())} days ago.")
    return notes
