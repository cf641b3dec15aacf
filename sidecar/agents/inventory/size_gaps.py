"""Which sizes a product lacks, measured by what its shoppers ask for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from pydantic import BaseModel, Field

from sidecar.agents.inventory import panel
from sidecar.agents.inventory.models import Stocked, Subset
from sidecar.core.agent import Context, Result, agent
from sidecar.core.schema import PERCENT
from sidecar.core.store import Supplies
from sidecar.core.types import Money, quantize
from sidecar.retail.calendar import shop_day
from sidecar.retail.demand import Floats, History
from sidecar.retail.size_ranges import SizeRange, matrix, ranges_of, size_names
from sidecar.retail.sizes import Broken, Curve, broken, completion, curve
from sidecar.retail.stock_plan import unit_cost

YEAR, FEWEST = 365, 3


class SizeGapsInput(Subset):
    """What counts as broken, and how long the stock shall last."""

    lost: float = Field(
        0.2,
        title="Shoppers without their size",
        ge=0.05,
        le=0.9,
        description="A range is broken when at least this share of its shoppers does not find their size.",
        json_schema_extra=PERCENT,
    )
    cover_days: int = Field(
        28, title="Days to cover", ge=7, le=90, description="Complete the sizes for so many days of sales."
    )
    attribute: str = Field(
        "",
        title="Attribute that names the size",
        max_length=100,
        description="Name of the attribute; empty for the one that is called size, in the usual languages.",
    )
    limit: int = Field(
        50,
        title="Most products",
        ge=1,
        le=500,
        description="Answer at most this many, most lost sales first.",
    )


class SizeLine(Stocked):
    """One size of a product."""

    size: str = Field(description="The size.")
    share: float = Field(description="Share of the product's shoppers who want it.")
    stock: int = Field(description="Pieces in stock.")
    incoming: int = Field(description="Pieces on order.")
    missing: bool = Field(description="Whether it is out of stock though wanted.")
    buy: int = Field(description="Pieces that complete the curve for the days to cover.")
    cost: Money | None = Field(None, description="Money for these pieces; absent without a cost.")


class BrokenRange(BaseModel):
    """A product, or one colour of it, whose sizes do not fit its shoppers."""

    product_id: int = Field(description="The product.")
    name: str = Field(description="Its name, with what tells it from its other ranges.")
    lost: float = Field(description="Share of its shoppers who do not find their size.")
    expected: float = Field(description="Pieces expected to sell in the days to cover, all sizes in stock.")
    lost_pieces: float = Field(description="Of these, pieces that the missing sizes would have sold.")
    own_share: float = Field(
        description="Weight of its own sales against its category's in the curve, 0 to 1."
    )
    pieces: float = Field(description="Pieces sold that stand behind the curve.")
    sizes: list[SizeLine] = Field(description="All sizes, in order.")


class SizeGapsOutput(BaseModel):
    """The broken ranges, what completes them, and the curve of each category."""

    as_of: date = Field(description="The shop's day.")
    currency: str = Field(description="Currency of all money.")
    considered: int = Field(description="Ranges with at least two sizes and managed stock.")
    broken: list[BrokenRange] = Field(description="Broken ranges, most lost pieces first.")
    broken_total: int = Field(description="Broken ranges in all.")
    curves: dict[str, dict[str, float]] = Field(
        description="Share of each size, by category; of categories with at least three ranges."
    )
    notes: list[str] = Field(description="What limits the figures.")


@dataclass(frozen=True)
class _Found:
    """All ranges with their curve, what is there, what is expected and what completes them."""

    ranges: list[SizeRange]
    names: list[str]
    curve: Curve
    stock: Floats
    demand: Floats
    buy: Floats
    incoming: dict[int, int]
    supplies: Supplies


@agent(
    title="Size gaps",
    reads={"products", "categories", "sales", "stock_days", "prices", "supplies", "overrides", "incoming"},
    needs={"models"},
    proposes=False,
    budget_s=40,  # fits all items when no forecasts are kept
    examples=({}, {"lost": 0.3, "cover_days": 60}),
)
def size_gaps(inp: SizeGapsInput, ctx: Context) -> Result[SizeGapsOutput]:
    """Find products whose missing sizes turn shoppers away, and what completes them.

    The share of each size comes from the product's own sales, drawn to its category's curve as far as chance
    can explain the difference; days on which a size was out of stock do not count against it. Colours are
    ranges of their own. Changes nothing: the pieces to buy go into an order on the Stock page.
    """
    today = shop_day(ctx.now, ctx.facts.timezone)
    ctx.progress(0, 3, "Reading sizes and sales")
    found = _find(inp, ctx, today)
    wanted = set(inp.product_ids)
    gaps = [
        gap
        for gap in broken(found.curve, found.stock, inp.lost)
        if not wanted or found.ranges[gap.row].product_id in wanted
    ]
    gaps.sort(key=lambda gap: (-gap.lost * found.demand[gap.row], gap.row))
    ctx.log(f"{len(found.ranges)} ranges, {len(gaps)} broken")
    notes = _notes(found.ranges)
    if wanted:
        notes += panel.unknown(inp.product_ids, panel.stocks(ctx, inp.product_ids))
    titles = {key: category.name for key, category in ctx.store.categories().items()}
    return Result(
        SizeGapsOutput(
            as_of=today,
            currency=ctx.facts.currency,
            considered=sum(not wanted or own.product_id in wanted for own in found.ranges),
            broken=[_broken(gap, found, ctx.facts.decimals) for gap in gaps[: inp.limit]],
            broken_total=len(gaps),
            curves=_curves(found, titles),
            notes=notes,
        )
    )


def _find(inp: SizeGapsInput, ctx: Context, today: date) -> _Found:
    holders = [one for one in panel.stocks(ctx, []) if one.stock is not None and one.published]
    ranges = ranges_of(holders, panel.homes(holders), inp.attribute)
    seen_in = panel.demand(ctx, [one for own in ranges for one in own.sizes.values()])
    names = size_names(ranges)
    pieces, there = _year(seen_in.past)
    ctx.progress(1, 3, "Fitting size curves")
    fitted = curve(
        matrix(ranges, names, pieces, float("nan")),
        [own.home for own in ranges],
        matrix(ranges, names, there),
    )
    seen = panel.current(ctx, seen_in.holders, today, 0)
    expected = dict(zip(seen.row, seen.total(inp.cover_days).tolist(), strict=True))
    incoming: dict[int, int] = {}
    for part in ctx.store.incoming():
        incoming[part.item_id] = incoming.get(part.item_id, 0) + part.quantity
    held = {one.id: (one.stock or 0) + incoming.get(one.id, 0) for one in seen_in.holders}
    stock = matrix(ranges, names, held)
    demand = matrix(ranges, names, expected).sum(axis=1)
    buy = completion(fitted, stock, demand).astype(float)
    return _Found(ranges, names, fitted, stock, demand, buy, incoming, ctx.store.supplies())


def _year(past: History) -> tuple[dict[int, float], dict[int, float]]:
    """Pieces of the last year and the share of its days with stock, by holder."""
    sold, open_ = past.sold[:, -YEAR:].sum(axis=1), past.open[:, -YEAR:].mean(axis=1)
    return dict(zip(past.ids, sold.tolist(), strict=True)), dict(zip(past.ids, open_.tolist(), strict=True))


def _broken(gap: Broken, found: _Found, decimals: int) -> BrokenRange:
    own, expected = found.ranges[gap.row], float(found.demand[gap.row])
    return BrokenRange(
        product_id=own.product_id,
        name=own.name,
        lost=round(gap.lost, 4),
        expected=round(expected, 2),
        lost_pieces=round(gap.lost * expected, 2),
        own_share=round(float(found.curve.own[gap.row]), 4),
        pieces=float(found.curve.pieces[gap.row]),
        sizes=[
            _size(gap, column, found, decimals)
            for column, size in enumerate(found.names)
            if size in own.sizes
        ],
    )


def _size(gap: Broken, column: int, found: _Found, decimals: int) -> SizeLine:
    size = found.names[column]
    holder = found.ranges[gap.row].sizes[size]
    cost, pieces = unit_cost(holder, found.supplies.of(holder.id)), int(found.buy[gap.row, column])
    return SizeLine(
        product_id=holder.product_id,
        item_id=holder.id,
        name=holder.name,
        sku=holder.sku,
        size=size,
        share=round(float(found.curve.share[gap.row, column]), 4),
        stock=holder.stock or 0,
        incoming=found.incoming.get(holder.id, 0),
        missing=column in gap.missing,
        buy=pieces,
        cost=None if cost is None or not pieces else quantize(cost * pieces, decimals),
    )


def _curves(found: _Found, titles: dict[int, str]) -> dict[str, dict[str, float]]:
    curves = {}
    for n, home in enumerate(found.curve.groups):
        own = [one for one in found.ranges if one.home == home]
        sizes = {size for one in own for size in one.sizes}
        if len(own) >= FEWEST:
            shares = zip(found.names, found.curve.category[n].tolist(), strict=True)
            curves[titles.get(home, str(home))] = {
                size: round(share, 4) for size, share in shares if size in sizes
            }
    return dict(sorted(curves.items()))


def _notes(ranges: Sequence[SizeRange]) -> list[str]:
    if not ranges:
        return ["No product has variations with a size and managed stock; name the attribute if it differs."]
    return ["What is on order counts as if it were there."]
