"""What the range lives on, what it could do without, and how much of each is worth holding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Literal

import numpy as np
from pydantic import BaseModel, Field

from sidecar.agents.inventory import panel
from sidecar.agents.inventory.models import Subset
from sidecar.core.agent import Context, Result, agent
from sidecar.core.schema import PERCENT
from sidecar.core.store import Supplies
from sidecar.core.types import Money, quantize
from sidecar.retail.calendar import shop_day
from sidecar.retail.classes import Verdict, abc, rationalise, xyz
from sidecar.retail.demand import Floats, weekly
from sidecar.retail.holders import Holder
from sidecar.retail.ordering import paying_service
from sidecar.retail.stock_plan import Decision, decide, unit_cost

YEAR = 365


class AssortmentReviewInput(Subset):
    """What holding stock costs, and how long a product must have had its chance."""

    holding_cost: float = Field(
        0.25,
        title="Cost of holding stock a year",
        ge=0.01,
        le=2,
        description="Money, room and loss of stock held for a year, as a share of its cost.",
        json_schema_extra=PERCENT,
    )
    min_days: int = Field(
        180,
        title="Days on sale before a verdict",
        ge=28,
        le=365,
        description="Say nothing of products that could be bought on fewer days of the last year.",
    )
    limit: int = Field(
        100,
        title="Most products",
        ge=1,
        le=1000,
        description="Answer at most this many products, best first.",
    )


class ReviewedProduct(BaseModel):
    """One product with its class and the stock that is worth holding."""

    product_id: int = Field(description="The product.")
    name: str = Field(description="Its name.")
    abc: Literal["A", "B", "C"] = Field(
        description="A brings the first 80 % of the revenue, B the next 15 %."
    )
    xyz: Literal["X", "Y", "Z", "-"] = Field(
        description="X sells steadily, Y changes, Z is erratic; - is too young to say."
    )
    revenue: Money = Field(description="Net revenue of the last year.")
    pieces: float = Field(description="Pieces sold in the last year, net of returns.")
    stock: int | None = Field(None, description="Pieces in stock; absent where it is not managed.")
    stock_value: Money | None = Field(
        None, description="Money in the stock; absent without a cost or a counted stock."
    )
    recommended_service_level: float | None = Field(
        None, description="Share of order cycles without a stockout that pays best; absent without a margin."
    )
    recommended_stock: int | None = Field(
        None, description="Pieces to fill up to with an order of today, at that service level."
    )
    notes: list[str] = Field(description="Why figures are absent.")


class Dispensable(BaseModel):
    """A product that the range could do without."""

    product_id: int = Field(description="The product.")
    name: str = Field(description="Its name.")
    reason: Literal["sells_nothing", "duplicate", "low_contribution"] = Field(
        description="No sale in a year; outsold by a like one; or in the tail of its category."
    )
    share: float = Field(description="Its share of its category's revenue.")
    like_product_id: int | None = Field(None, description="The like product that outsells it.")
    like_name: str | None = Field(None, description="That product's name.")
    stock_value: Money | None = Field(
        None, description="Money in its stock; absent without a cost or a counted stock."
    )


class ClassFigures(BaseModel):
    """What one class of products brings and holds."""

    name: str = Field(description="The class, such as AX.")
    products: int = Field(description="Products in it.")
    revenue: Money = Field(description="Their net revenue of the last year.")
    stock_value: Money = Field(description="Money in their stock, where the cost is known.")


class AssortmentReviewOutput(BaseModel):
    """The range by class, what it could do without, and the stock worth holding."""

    as_of: date = Field(description="The shop's day.")
    currency: str = Field(description="Currency of all money.")
    considered: int = Field(description="Products that are published.")
    classes: list[ClassFigures] = Field(description="Figures by class.")
    products: list[ReviewedProduct] = Field(description="Products, most revenue first.")
    dispensable: list[Dispensable] = Field(description="What the range could do without, most stock first.")
    notes: list[str] = Field(description="What limits the figures.")


@dataclass(frozen=True)
class _Rows:
    """One row per product: its stocks, pieces and revenue of the last year, weeks, and days on sale."""

    holders: list[list[Holder]]
    pieces: Floats
    revenue: Floats
    weeks: Floats
    days: Floats
    homes: list[int]


@agent(
    title="Assortment review",
    reads={"products", "sales", "stock_days", "prices", "supplies", "overrides", "incoming"},
    needs={"models"},
    proposes=False,
    budget_s=40,  # fits all items when no forecasts are kept
    paths=("POST /api/v1/ecommerce/inventory/optimize",),
    examples=({}, {"holding_cost": 0.4, "limit": 20}),
)
def assortment_review(inp: AssortmentReviewInput, ctx: Context) -> Result[AssortmentReviewOutput]:
    """Class products by revenue and steadiness, and say what to hold and what to do without.

    ABC by the last year's revenue, XYZ by how much weekly sales vary in weeks with stock. The service level
    that pays best weighs the margin of a missed sale against the cost of holding a piece; the recommended
    stock reaches it. Products that sell nothing, are outsold by a like one, or bring next to nothing in their
    category are named. Changes nothing.
    """
    today = shop_day(ctx.now, ctx.facts.timezone)
    ctx.progress(0, 3, "Reading sales and stock")
    found = panel.stocks(ctx, inp.product_ids)
    holders = [one for one in found if one.published]
    rows = _rows(holders, panel.demand(ctx, holders), ctx, today)
    letters, marks = abc(rows.revenue), xyz(rows.weeks)
    seen = panel.current(ctx, holders, today, 0)
    ctx.progress(2, 3, "Weighing service against holding")
    supplies = ctx.store.supplies()
    wished = _paying(holders, supplies, inp, ctx)
    made = decide(holders, seen, _with(supplies, wished, holders), ctx.store.incoming())
    decisions = {one.holder.id: one for one in made}
    lines = [
        _line(row, rows, f"{letters[row]}{marks[row]}", decisions, wished, ctx)
        for row in range(len(rows.holders))
    ]
    verdicts = _verdicts(rows, inp)
    ctx.log(f"{len(lines)} products, {len(verdicts)} dispensable")
    order = sorted(range(len(lines)), key=lambda row: (-rows.revenue[row], lines[row].product_id))
    notes = [
        "Revenue is net of tax and returns, and of the discounts that were given.",
        *panel.unknown(inp.product_ids, found),
    ]
    return Result(
        AssortmentReviewOutput(
            as_of=today,
            currency=ctx.facts.currency,
            considered=len(lines),
            classes=_classes(lines, ctx),
            products=[lines[row] for row in order[: inp.limit]],
            dispensable=[_dispensable(one, lines) for one in verdicts],
            notes=notes,
        )
    )


def _rows(holders: Sequence[Holder], found: panel.Panel, ctx: Context, today: date) -> _Rows:
    groups: dict[int, list[int]] = {}
    for n, holder in enumerate(holders):
        groups.setdefault(holder.product_id, []).append(n)
    sold, open_ = found.past.sold[:, -YEAR:], found.past.open[:, -YEAR:]
    since = found.past.first if sold.shape[1] < YEAR else date.fromordinal(today.toordinal() - YEAR)
    frame = ctx.store.daily_sales(since)
    frame = frame[frame["day"] < str(today)]
    money = frame.groupby("product_id")["revenue"].sum().to_dict()
    parts = list(groups.values())
    there = [open_[own].any(axis=0) for own in parts]
    daily = [
        np.where(there[n] | (sold[own].sum(axis=0) > 0), sold[own].sum(axis=0), np.nan)
        for n, own in enumerate(parts)
    ]
    weeks = weekly(np.stack(daily)) if daily else np.zeros((0, 0))
    homes = panel.homes(holders)
    return _Rows(
        holders=[[holders[n] for n in own] for own in parts],
        pieces=np.array([sold[own].sum() for own in parts]),
        revenue=np.array([float(money.get(key, 0.0)) for key in groups]),
        weeks=weeks,
        days=np.array([float(days.sum()) for days in there]),
        homes=[homes[own[0]] for own in parts],
    )


def _paying(
    holders: Sequence[Holder], supplies: Supplies, inp: AssortmentReviewInput, ctx: Context
) -> dict[int, float]:
    """The service level that pays best, by stock; absent without a cost and a price free of tax."""
    able = []
    for holder in holders:
        cost, price = unit_cost(holder, holder.terms(supplies)), holder.price
        if cost is not None and price is not None and not ctx.facts.prices_include_tax and price > cost:
            able.append((holder.id, float(price - cost), float(cost)))
    if not able:
        return {}
    keys, worth, costs = zip(*able, strict=True)
    by_id = {holder.id: holder for holder in holders}
    review = [max(by_id[key].terms(supplies).review_days, 1) for key in keys]
    levels = paying_service(worth, costs, inp.holding_cost, review)
    return dict(zip(keys, levels.tolist(), strict=True))


def _with(supplies: Supplies, wished: dict[int, float], holders: Sequence[Holder]) -> Supplies:
    """The terms with the service level that pays best, bounded to what terms may hold."""
    known = dict(supplies.known)
    for holder in holders:
        if holder.id in wished:
            level = max(wished[holder.id], 0.5)
            known[holder.id] = replace(holder.terms(supplies), service_level=level, service_given=True)
    return Supplies(known, supplies.default)


def _line(
    row: int,
    rows: _Rows,
    mark: str,
    decisions: dict[int, Decision],
    wished: dict[int, float],
    ctx: Context,
) -> ReviewedProduct:
    own, decimals = rows.holders[row], ctx.facts.decimals
    managed = [one for one in own if one.stock is not None]
    orders = [decisions[one.id].order for one in managed if one.id in wished]
    levels = [wished[one.id] for one in own if one.id in wished]
    full = [order.order_up_to for order in orders if order is not None]
    worth = _value(managed, decisions) if managed else None
    notes = []
    if not levels:
        notes.append("No service level is named: cost or price are not known, or prices hold tax.")
    if not managed:
        notes.append("WooCommerce does not manage its stock.")
    return ReviewedProduct(
        product_id=own[0].product_id,
        name=own[0].items[0].name.rsplit(" - ", 1)[0] if own[0].items[0].variation_id else own[0].name,
        abc=_letter(mark[0]),
        xyz=_mark(mark[1]),
        revenue=quantize(Decimal(str(round(rows.revenue[row], 4))), decimals),
        pieces=float(rows.pieces[row]),
        stock=sum(one.stock or 0 for one in managed) if managed else None,
        stock_value=None if worth is None else quantize(worth, decimals),
        recommended_service_level=round(float(np.mean(levels)), 4) if levels else None,
        recommended_stock=sum(full) if full else None,
        notes=notes,
    )


def _letter(text: str) -> Literal["A", "B", "C"]:
    return "A" if text == "A" else "B" if text == "B" else "C"


def _mark(text: str) -> Literal["X", "Y", "Z", "-"]:
    return "X" if text == "X" else "Y" if text == "Y" else "Z" if text == "Z" else "-"


def _value(own: Sequence[Holder], decisions: dict[int, Decision]) -> Decimal | None:
    """Money in the stock; None when a cost of what is there is not known."""
    total = Decimal(0)
    for one in own:
        cost = unit_cost(one, decisions[one.id].supply)
        if (one.stock or 0) > 0:
            if cost is None:
                return None
            total += cost * (one.stock or 0)
    return total


def _classes(lines: Sequence[ReviewedProduct], ctx: Context) -> list[ClassFigures]:
    groups: dict[str, list[ReviewedProduct]] = {}
    for line in lines:
        groups.setdefault(f"{line.abc}{line.xyz}", []).append(line)
    decimals = ctx.facts.decimals
    return [
        ClassFigures(
            name=name,
            products=len(own),
            revenue=quantize(sum((one.revenue for one in own), Decimal(0)), decimals),
            stock_value=quantize(
                sum((one.stock_value for one in own if one.stock_value is not None), Decimal(0)), decimals
            ),
        )
        for name, own in sorted(groups.items())
    ]


def _verdicts(rows: _Rows, inp: AssortmentReviewInput) -> list[Verdict]:
    names = [own[0].items[0].name.rsplit(" - ", 1)[0] for own in rows.holders]
    prices = [own[0].price for own in rows.holders]
    return rationalise(
        np.maximum(rows.pieces, 0),
        rows.revenue,
        rows.days,
        group=rows.homes,
        names=names,
        price=[float("nan") if price is None else float(price) for price in prices],
        min_days=inp.min_days,
    )


def _dispensable(verdict: Verdict, lines: Sequence[ReviewedProduct]) -> Dispensable:
    line = lines[verdict.row]
    like = lines[verdict.like] if verdict.like >= 0 else None
    return Dispensable(
        product_id=line.product_id,
        name=line.name,
        reason=verdict.reason,
        share=round(verdict.share, 4),
        like_product_id=None if like is None else like.product_id,
        like_name=None if like is None else like.name,
        stock_value=line.stock_value,
    )
