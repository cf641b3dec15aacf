"""Stock that lies there without selling, each with the markdown that would move it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, Field

from sidecar.agents.inventory import panel
from sidecar.agents.inventory.evidence import error_notes, forecast_error, sales_chart, window
from sidecar.agents.inventory.models import Stocked, Subset
from sidecar.core.agent import Context, Proposal, Result, Subject, agent
from sidecar.core.evidence import Evidence, Fact, Message, Window, say
from sidecar.core.store import Item, Product
from sidecar.core.types import Money, quantize
from sidecar.retail.calendar import shop_day
from sidecar.retail.dead_stock import MIN_DAYS, PACE_DAYS, Idle, idle
from sidecar.retail.evidence import day, days, number, percent, pieces, price, text
from sidecar.retail.markdown import (
    Bounds,
    Cut,
    MarkdownTerms,
    cut,
    not_judged,
    open_elsewhere,
    patches,
)
from sidecar.retail.note_words import in_words
from sidecar.retail.outlook import Outlook
from sidecar.retail.stock_plan import decide, unit_cost

MONTH = 30
NAME = "dead-stock"


class DeadRule(Subset):
    """What counts as dead, and how much of it to mark down."""

    min_days_no_sale: int = Field(
        MIN_DAYS,
        title="Days without a sale",
        ge=14,
        le=365,
        description="Count stock as dead after this many days in stock without a sale.",
    )
    max_inventory_value: float | None = Field(
        None,
        title="Most stock to mark down",
        ge=0,
        le=1e9,
        allow_inf_nan=False,
        description="Propose markdowns for stock worth at most this much at cost; absent for no limit.",
    )
    min_age_days: int = Field(
        90, title="Youngest product in days", ge=14, le=730, description="Leave younger products alone."
    )


class DeadStockInput(MarkdownTerms, DeadRule):
    """What counts as dead, and how far prices may fall."""


class DeadItem(Stocked):
    """One stock that does not sell, or far too slowly."""

    state: Literal["dead", "slow"] = Field(
        description="dead without a sale for the days asked for; slow when it would last over a year."
    )
    stock: int = Field(description="Pieces in stock.")
    days_no_sale: int = Field(description="Days in stock since the last sale.")
    pieces_90: float = Field(description="Pieces sold in the last 90 days.")
    days_of_cover: float | None = Field(None, description="Days the stock lasts; absent without a sale.")
    value: Money | None = Field(None, description="Money in it at cost; absent without a cost.")
    chance: float | None = Field(
        None, description="Chance of so long a silence at its earlier pace; absent where it never sold."
    )
    expected: float = Field(description="Pieces expected to sell in 28 days at today's price.")
    markdown: Money | None = Field(None, description="The sale price that is proposed.")
    open_proposal: str | None = Field(
        None, description="Another agent's open proposal for its sale price, to which it is left."
    )
    reason: str | None = Field(None, description="Why no markdown is proposed.")


class DeadStockOutput(BaseModel):
    """What lies still, what it ties up, and which of it has a markdown."""

    as_of: date = Field(description="The shop's day.")
    currency: str = Field(description="Currency of all money.")
    considered: int = Field(description="Stocks with pieces and a forecast.")
    items: list[DeadItem] = Field(description="Dead and slow stock, most money first.")
    dead_value: Money = Field(description="Money in dead stock whose cost is known.")
    slow_value: Money = Field(description="Money in slow stock whose cost is known.")
    without_cost: int = Field(description="Dead or slow stocks whose cost is not known.")
    notes: list[str] = Field(description="What limits the figures.")


@dataclass(frozen=True)
class _Shop:
    """What every proposal of a run needs to know."""

    inp: DeadStockInput
    seen: Outlook
    bounds: Bounds
    today: date
    elsewhere: dict[int, str]


@dataclass(frozen=True)
class _Group:
    """The idle stocks of one product with the cuts that the bounds leave."""

    lines: list[Idle]
    cuts: list[Cut]

    @property
    def value(self) -> Decimal:
        """Money at cost, as far as it is known."""
        return sum((line.value for line in self.lines if line.value is not None), Decimal(0))


@agent(
    title="Dead stock",
    reads={
        "products",
        "sales",
        "stock_days",
        "prices",
        "order_lines",
        "supplies",
        "overrides",
        "incoming",
        "proposals",
    },
    needs={"models"},
    risk="medium",
    budget_s=40,  # fits all items when no forecasts are kept
    paths=("POST /api/v1/ecommerce/inventory/deadstock",),
    examples=({}, {"min_days_no_sale": 60, "limit": 5}, {"max_inventory_value": 1000}),
)
def dead_stock(inp: DeadStockInput, ctx: Context) -> Result[DeadStockOutput]:
    """Find stock that does not sell, and propose a sale price for it.

    Dead is stock without a sale for `min_days_no_sale` days in stock, where its earlier pace rules out
    chance; slow is stock that would last for more than a year. Every stock is judged, variations by
    themselves. The regular price stays, and the sale price keeps a margin on the cost and a largest cut.
    A product for which another agent's markdown is open is left to that one, which is named. Runs when asked:
    slow-stock-markdown looks every week by itself.
    """
    today = shop_day(ctx.now, ctx.facts.timezone)
    ctx.progress(0, 3, "Reading stock and sales")
    holders = panel.stocks(ctx, inp.product_ids)
    seen = panel.current(ctx, holders, today, 0)
    ctx.progress(2, 3, "Looking for dead stock")
    decisions = decide(holders, seen, ctx.store.supplies(), ctx.store.incoming())
    lines = idle(decisions, seen, inp.min_days_no_sale)
    items = list(ctx.store.items())
    elsewhere = open_elsewhere(ctx.store.open_proposals("sale_price"), NAME, items)
    shop = _Shop(inp, seen, _bounds(inp, ctx, items, today), today, elsewhere)
    groups = {key: _Group(own, _cuts(own, shop)) for key, own in _by_product(lines).items()}
    chosen = _chosen(groups, inp)
    names = {one.id: one for one in ctx.store.products(list(chosen) or [0])}
    proposals = [_proposal(groups[key], names[key], shop) for key in chosen]
    ctx.log(f"{len(lines)} idle stocks, {len(proposals)} proposals")
    considered = sum(one.row is not None and (one.holder.stock or 0) > 0 for one in decisions)
    output = _output(lines, groups, chosen, considered, shop, ctx)
    output.notes += panel.unknown(inp.product_ids, holders)
    return Result(output, proposals)


def _by_product(lines: Sequence[Idle]) -> dict[int, list[Idle]]:
    found: dict[int, list[Idle]] = {}
    for line in lines:
        found.setdefault(line.decision.holder.product_id, []).append(line)
    return found


def _bounds(inp: DeadStockInput, ctx: Context, items: list[Item], today: date) -> Bounds:
    """The owner's bounds, with the tax and the price endings that the shop's own prices show."""
    since = today - timedelta(days=MONTH)
    lines = ctx.store.order_lines(("item_id", "day", "quantity", "subtotal"), since)
    lines = lines[(lines["day"] < str(today)) & (lines["quantity"] > 0)]
    paid = dict(zip(lines["item_id"].tolist(), (lines["subtotal"] / lines["quantity"]).tolist(), strict=True))
    return inp.bounds(paid, items, ctx.facts)


def _cuts(own: Sequence[Idle], shop: _Shop) -> list[Cut]:
    """The new prices of a product's idle stocks; none when the bounds leave no room."""
    made: list[Cut] = []
    for line in own:
        if line.decision.holder.product_id in shop.elsewhere:
            continue
        steps = 1 if line.state == "slow" else max(1, line.quiet // shop.inp.min_days_no_sale)
        for item in line.decision.holder.items:
            if _hindrance(item, shop) is None:
                found = cut(item, steps, shop.bounds)
                made += [found] if found is not None else []
    return made


def _hindrance(item: Item, shop: _Shop) -> str | None:
    return not_judged(item, (shop.today - item.created_at.date()).days < shop.inp.min_age_days)


def _chosen(groups: dict[int, _Group], inp: DeadStockInput) -> list[int]:
    """Products to mark down, most money first, within the owner's limit of value."""
    chosen: list[int] = []
    left = inp.max_inventory_value
    for key, group in groups.items():
        if not group.cuts or len(chosen) == inp.limit:
            continue
        if left is not None:
            if float(group.value) > left:
                continue
            left -= float(group.value)
        chosen.append(key)
    return chosen


def _output(
    lines: Sequence[Idle],
    groups: dict[int, _Group],
    chosen: Sequence[int],
    considered: int,
    shop: _Shop,
    ctx: Context,
) -> DeadStockOutput:
    decimals = ctx.facts.decimals

    def value(state: str) -> Decimal:
        known = (line.value for line in lines if line.state == state and line.value is not None)
        return quantize(sum(known, Decimal(0)), decimals)

    notes = {note for line in lines for note in line.decision.notes if note == "no_cost"}
    return DeadStockOutput(
        as_of=shop.today,
        currency=ctx.facts.currency,
        considered=considered,
        items=[_line(line, groups, chosen, shop) for line in lines],
        dead_value=value("dead"),
        slow_value=value("slow"),
        without_cost=sum(line.value is None for line in lines),
        notes=in_words(sorted(notes)),
    )


REASONS = {
    "not_published": "It is not published.",
    "stock_not_managed": "Its stock is not managed.",
    "out_of_stock": "It is out of stock.",
    "no_price": "It has no regular price.",
    "on_sale_or_planned": "It is on sale already, or a sale is planned.",
    "too_new": "It is too new.",
}


def _line(line: Idle, groups: dict[int, _Group], chosen: Sequence[int], shop: _Shop) -> DeadItem:
    holder, decimals = line.decision.holder, shop.bounds.decimals
    own = {item.id for item in holder.items}
    mine = [one for one in groups[holder.product_id].cuts if one.item.id in own]
    proposed = bool(mine) and holder.product_id in chosen
    hindrance = _hindrance(holder.items[0], shop)
    elsewhere = shop.elsewhere.get(holder.product_id)
    why = (
        None
        if proposed
        else "Another markdown of it is open."
        if elsewhere
        else REASONS.get(hindrance, hindrance)
        if hindrance
        else "The margin on its cost leaves no room for a cut."
        if not mine
        else "Others tie up more money, or the limit of value is reached."
    )
    return DeadItem(
        product_id=holder.product_id,
        item_id=holder.id,
        name=holder.name,
        sku=holder.sku,
        state=line.state,
        stock=holder.stock or 0,
        days_no_sale=line.quiet,
        pieces_90=line.pieces,
        days_of_cover=None if line.cover is None else round(line.cover, 1),
        value=None if line.value is None else quantize(line.value, decimals),
        chance=None if line.chance is None else round(line.chance, 4),
        expected=round(line.decision.expected, 2),
        markdown=quantize(mine[0].new, decimals) if proposed else None,
        open_proposal=elsewhere,
        reason=why,
    )


def _proposal(group: _Group, product: Product, shop: _Shop) -> Proposal:
    """One proposal per product, with one patch per item."""
    decimals = shop.bounds.decimals
    cut_ids = {one.item.id for one in group.cuts}
    lines = [line for line in group.lines if cut_ids & set(line.decision.holder.item_ids)]
    row = lines[0].decision.row
    assert row is not None
    kept = shop.seen.kept[row]
    start, end = window(kept)
    evidence = Evidence(
        message=_message(lines, group.cuts, product, decimals),
        window=Window(start=start, end=end),
        n=max((kept.first_day - kept.since).days, 1),
        n_label="days of sales",
        method=_method(lines[0], shop),
        error=forecast_error(kept),
        notes=_notes(lines[0], group.cuts, shop),
        facts=_facts(lines, group.cuts, shop),
        chart=sales_chart(lines[0].decision.holder.name, row, shop.seen),
        considered=_considered(group.cuts[0], shop),
    )
    image = product.images[0].id if product.images else None
    subject = Subject("products", product.id, product.name, image, product.permalink)
    return Proposal(subject=subject, changes=list(patches(group.cuts, decimals)), evidence=evidence)


def _message(lines: Sequence[Idle], cuts: Sequence[Cut], product: Product, decimals: int) -> Message:
    first, line = cuts[0], lines[0]
    name, stock = text(product.name), pieces(sum(one.decision.holder.stock or 0 for one in lines))
    if len(cuts) > 1:
        return say(
            "Lower {count} variations of {product} by {cut}: {stock} lie still.",
            count=number(len(cuts)),
            product=name,
            cut=percent(first.share),
            stock=stock,
        )
    old, new = price(first.old, decimals), price(first.new, decimals)
    item = text(line.decision.holder.name)
    if line.state == "dead" or line.cover is None:
        return say(
            "Lower {product} from {old} to {new}: {stock} and no sale for {quiet} in stock.",
            product=item,
            old=old,
            new=new,
            stock=stock,
            quiet=days(line.quiet),
        )
    return say(
        "Lower {product} from {old} to {new}: its {stock} would last {lasts} at the present pace.",
        product=item,
        old=old,
        new=new,
        stock=stock,
        lasts=days(round(line.cover)),
    )


def _method(line: Idle, shop: _Shop) -> Message:
    if line.state == "dead":
        return say(
            "Counted as dead after {limit} in stock without a sale; the cut is {step} for each such period, "
            "at most {most}.",
            limit=days(shop.inp.min_days_no_sale),
            step=percent(shop.inp.cut),
            most=percent(shop.inp.max_cut),
        )
    return say(
        "Counted as slow where the stock would last for more than a year at the pace of the last {period}; "
        "the cut is {step}.",
        period=days(PACE_DAYS),
        step=percent(shop.inp.cut),
    )


def _notes(line: Idle, cuts: Sequence[Cut], shop: _Shop) -> list[Message]:
    row = line.decision.row
    assert row is not None
    notes = [
        say(
            "No effect is stated: it hardly sold at today's price, so its own sales cannot say what a lower "
            "price brings."
        ),
        *error_notes(shop.seen.kept[row]),
    ]
    if any(one.floor is None for one in cuts):
        notes.append(
            say(
                "The cost of some of this stock is not known, so the cut stays within {most} and no margin "
                "is checked.",
                most=percent(min(shop.inp.max_cut, shop.inp.max_cut_without_cost)),
            )
        )
    return notes


def _facts(lines: Sequence[Idle], cuts: Sequence[Cut], shop: _Shop) -> list[Fact]:
    decimals, first, line = shop.bounds.decimals, cuts[0], lines[0]
    row = line.decision.row
    assert row is not None
    kept = shop.seen.kept[row]
    known = [one.value for one in lines if one.value is not None]
    facts = [Fact(label="In stock", value=pieces(sum(one.decision.holder.stock or 0 for one in lines)))]
    if known:
        facts.insert(0, Fact(label="Tied up at cost", value=price(sum(known, Decimal(0)), decimals)))
    if kept.last_sale is not None:
        facts.append(Fact(label="Last sale", value=day(kept.last_sale)))
    facts.append(Fact(label="Days in stock since then", value=days(line.quiet)))
    if line.chance is not None and line.state == "dead":
        facts.append(
            Fact(label="Chance of so long a silence at its earlier pace", value=percent(line.chance))
        )
    facts.append(
        Fact(
            label="Expected to sell in four weeks at today's price",
            value=number(round(line.decision.expected, 1), 1, "pieces"),
        )
    )
    cost = unit_cost(line.decision.holder, line.decision.supply)
    if first.floor is not None and first.item.cost is not None and shop.bounds.tax is not None:
        earned = float(first.new / shop.bounds.tax / first.item.cost) - 1
        facts.append(Fact(label="Cost", value=price(cost or first.item.cost, decimals)))
        facts.append(Fact(label="Earned on top of the cost after the cut", value=percent(earned)))
    return facts


def _considered(first: Cut, shop: _Shop) -> list[Message]:
    said = [
        say(
            "A sale price leaves the regular price of {old} in place, so that the cut ends by taking the "
            "sale price away.",
            old=price(first.old, shop.bounds.decimals),
        )
    ]
    if first.floor is not None:
        said.append(
            say(
                "Anything below {floor} would earn less than {margin} on top of the cost.",
                floor=price(first.floor, shop.bounds.decimals),
                margin=percent(shop.inp.margin),
            )
        )
    return said
