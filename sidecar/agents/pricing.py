"""Pricing agents."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field

from sidecar.core.agent import Context, Proposal, Result, Subject, agent
from sidecar.core.changes import Patch, SetField
from sidecar.core.evidence import (
    BaselineError,
    Chart,
    Effect,
    ErrorFigure,
    Evidence,
    Fact,
    Mark,
    Message,
    Series,
    Shade,
    Window,
    say,
)
from sidecar.core.store import Item, Product
from sidecar.core.types import Money, quantize
from sidecar.retail.calendar import shop_day
from sidecar.retail.elasticity import Elasticity, estimate
from sidecar.retail.evidence import day, days, number, percent, pieces, price, text
from sidecar.retail.markdown import Bounds, Cut, cut, not_judged, paid_today, tied_up
from sidecar.retail.panel import home_category, price_panel
from sidecar.retail.prices import tax_factor, usual_ending
from sidecar.retail.slow import (
    PACE_DAYS,
    YEAR,
    Hindsight,
    Rule,
    Slow,
    Sold,
    empty_days,
    find_slow,
    hindsight,
    number_of,
)

if TYPE_CHECKING:
    import pandas as pd

LEVEL = 0.8
HISTORY_DAYS = 730
CHART_WEEKS = 52
MONTH = 30
FEWEST_PICKS = 10
COLUMNS = ("product_id", "item_id", "day", "quantity", "unit_price")


class SlowStockMarkdownInput(BaseModel):
    """What counts as slow, and how far prices may fall."""

    unsold_days: int = Field(
        60, ge=14, le=365, description="Count stock as slow after this many days in stock without a sale."
    )
    weak_share: float = Field(
        0.2, ge=0, le=1,
        description="Also count a product as slow when it sells less than this share of what its category sells of "
        "its stock, and the stock would last for over a year. 0 switches this off.",
    )  # fmt: skip
    min_age_days: int = Field(90, ge=14, le=730, description="Leave products alone that are younger than this.")
    cut: float = Field(
        0.2, ge=0.05, le=0.6,
        description="Cut the price by this share at first, and once more for each further period without a sale.",
    )  # fmt: skip
    max_cut: float = Field(0.4, ge=0.05, le=0.8, description="Never cut by more than this share of the regular price.")
    margin: float = Field(
        0.1, ge=0, le=3, description="Earn at least this share on top of the cost of goods, net of tax."
    )
    max_cut_without_cost: float = Field(
        0.15, ge=0, le=0.5, description="Largest cut of a product whose cost is not known. 0 leaves these alone."
    )
    limit: int = Field(10, ge=1, le=100, description="Propose at most this many products, most money tied up first.")


class PriceResponse(BaseModel):
    """How sales answered to prices in this shop, or why that cannot be told."""

    known: bool = Field(description="Whether the shop's own past price changes tell it.")
    reason: str | None = Field(None, description="Why not, when it is not known.")
    elasticity: float | None = Field(None, description="Percent more pieces sold per percent of price; negative.")
    low: float | None = Field(None, description="Lower end of the 80% interval.")
    high: float | None = Field(None, description="Upper end of the 80% interval.")
    products: int | None = Field(None, description="Products behind the estimate.")
    error: float | None = Field(None, description="Mean error on products left out, pieces per product and price.")
    error_if_ignored: float | None = Field(None, description="The same error when price is ignored.")


class SlowItem(BaseModel):
    """A product whose stock is slow."""

    product_id: int = Field(description="The product.")
    name: str = Field(description="Its name.")
    items: list[int] = Field(description="Its slow variations, or the product itself.")
    reason: str = Field(description="unsold, variation (only some variations are slow) or pace.")
    stock: int = Field(description="Pieces in stock.")
    quiet_days: int = Field(description="Days in stock since the last sale.")
    tied_up: Money = Field(description="Cost of this stock, in the shop's currency.")
    tied_up_at_cost: bool = Field(description="False when a cost is not known and the price stands in for it.")
    proposed: bool = Field(description="Whether a price cut is proposed.")


class SlowStockMarkdownOutput(BaseModel):
    """What was looked at, what is slow, and what is known of prices."""

    considered: int = Field(description="Items with stock that could be judged.")
    not_judged: dict[str, int] = Field(description="Items left out, by reason.")
    slow: list[SlowItem] = Field(description="All slow products, most money tied up first.")
    tied_up: Money = Field(description="Money tied up in all of them.")
    no_room: int = Field(description="Slow products whose cost leaves no room for a cut.")
    price_response: PriceResponse = Field(description="How sales answered to prices.")


@dataclass(frozen=True)
class _Shop:
    """What every proposal of a run needs to know."""

    ctx: Context
    inp: SlowStockMarkdownInput
    today: date
    first: date
    lines: pd.DataFrame
    sold: Sold
    response: Elasticity | str
    past: Hindsight
    stock_known: bool
    bounds: Bounds


@agent(
    title="Slow-stock markdowns",
    reads={"products", "order_lines", "stock_days"},
    schedule="weekly",
    risk="medium",
    examples=({}, {"unsold_days": 90, "cut": 0.15, "limit": 5}),
)
def slow_stock_markdown(
    inp: SlowStockMarkdownInput, ctx: Context
) -> Result[SlowStockMarkdownOutput]:
    """Propose a sale price for stock that has not sold for a while.

    Slow are products with stock and no sale for `unsold_days` days in stock; variations that sold nothing while their
    siblings did, where chance is ruled out; and products that sell far less of their stock than their category. The regular price
    stays; the sale price keeps a margin on the cost and a largest cut. What a cut brings is stated only where the shop's
    own price changes identify it and the product still sells.
    """
    today = shop_day(ctx.now, ctx.facts.timezone)
    items = list(ctx.store.items())
    reasons = {item.id: not_judged(item, _young(item, inp, today)) for item in items}
    judged = [item for item in items if reasons[item.id] is None]
    skipped = Counter(reason for reason in reasons.values() if reason)
    ctx.progress(0, 3, "Reading sales")
    first = today - timedelta(days=HISTORY_DAYS)
    lines = ctx.store.order_lines(COLUMNS, first)
    lines = lines[lines["day"] < str(today)]
    category = home_category(items)
    ctx.progress(1, 3, "Looking for slow stock")
    rule = Rule(inp.unsold_days, inp.weak_share, first, today)
    sold = Sold.of(lines, "product_id")
    stock = ctx.store.stock_days(today - timedelta(days=YEAR), [item.id for item in judged])
    found = find_slow(judged, sold, Sold.of(lines, "item_id"), empty_days(stock), category, rule)
    found.sort(key=lambda slow: (-tied_up(slow.items)[0], slow.product_id))
    ctx.progress(2, 3, "Estimating how sales answer to prices")
    response = estimate(price_panel(lines, items, category, first, today - timedelta(days=1)))
    born: dict[int, date] = {}
    for item in items:
        born[item.product_id] = min(born.get(item.product_id, today), item.created_at.date())
    shop = _Shop(
        ctx, inp, today, first, lines, sold, response, hindsight(sold, born, rule),
        stock_known=len(stock) > len(judged), bounds=_bounds(inp, ctx, items, lines, today),
    )  # fmt: skip
    cuts = {slow.product_id: _cuts(slow, inp, shop.bounds) for slow in found}
    chosen = [slow for slow in found if cuts[slow.product_id]][: inp.limit]
    names = {product.id: product for product in ctx.store.products()} if found else {}
    proposals = [_proposal(slow, cuts[slow.product_id], names[slow.product_id], shop) for slow in chosen]
    ctx.log(f"{len(found)} slow products among {len(judged)} items, {len(proposals)} proposals")
    proposed = {slow.product_id for slow in chosen}
    output = SlowStockMarkdownOutput(
        considered=len(judged),
        not_judged=dict(sorted(skipped.items())),
        slow=[_line(slow, names[slow.product_id].name, slow.product_id in proposed, ctx) for slow in found],
        tied_up=quantize(sum((tied_up(slow.items)[0] for slow in found), Decimal(0)), ctx.facts.decimals),
        no_room=sum(not value for value in cuts.values()),
        price_response=_response(response),
    )
    return Result(output, proposals)


def _young(item: Item, inp: SlowStockMarkdownInput, today: date) -> bool:
    return (today - item.created_at.date()).days < max(inp.min_age_days, inp.unsold_days)


def _bounds(
    inp: SlowStockMarkdownInput, ctx: Context, items: list[Item], lines: pd.DataFrame, today: date
) -> Bounds:
    """The owner's bounds, with the tax and the price endings that the shop's own prices show."""
    recent = lines[lines["day"] >= str(today - timedelta(days=MONTH))]
    paid = dict(zip(recent["item_id"].tolist(), recent["unit_price"].tolist(), strict=True))
    return Bounds(
        step=Decimal(str(inp.cut)),
        max_cut=Decimal(str(inp.max_cut)),
        blind_cut=Decimal(str(inp.max_cut_without_cost)),
        margin=Decimal(str(inp.margin)),
        tax=tax_factor(paid_today(paid, items), ctx.facts.prices_include_tax),
        ending=usual_ending((item.regular_price for item in items if item.regular_price), ctx.facts.decimals),
        decimals=ctx.facts.decimals,
    )


def _cuts(slow: Slow, inp: SlowStockMarkdownInput, bounds: Bounds) -> list[Cut]:
    """The new prices of the slow items; none when the bounds leave no room."""
    steps = 1 if slow.reason == "pace" else max(1, slow.quiet // inp.unsold_days)
    made = [cut(item, steps, bounds) for item in slow.items]
    return [one for one in made if one is not None]


def _line(slow: Slow, name: str, proposed: bool, ctx: Context) -> SlowItem:
    worth, at_cost = tied_up(slow.items)
    return SlowItem(
        product_id=slow.product_id, name=name, items=[item.id for item in slow.items], reason=slow.reason,
        stock=slow.stock, quiet_days=slow.quiet, tied_up=quantize(worth, ctx.facts.decimals),
        tied_up_at_cost=at_cost, proposed=proposed,
    )  # fmt: skip


def _response(response: Elasticity | str) -> PriceResponse:
    if isinstance(response, str):
        return PriceResponse(known=False, reason=response[0].upper() + response[1:] + ".")
    low, high = response.interval(LEVEL)
    return PriceResponse(
        known=True, elasticity=round(response.value, 3), low=round(low, 3), high=round(high, 3),
        products=response.products, error=round(response.error, 3), error_if_ignored=round(response.naive_error, 3),
    )  # fmt: skip


def _proposal(slow: Slow, cuts: list[Cut], product: Product, shop: _Shop) -> Proposal:
    """One proposal per product, with one patch per item."""
    decimals = shop.bounds.decimals
    patches = [
        Patch(
            resource=one.item.resource,
            set=[SetField(path="sale_price", was="", to=price(one.new, decimals).value)],
        )
        for one in cuts
    ]
    image = product.images[0].id if product.images else None
    subject = Subject("products", product.id, product.name, image, product.permalink)
    effect = _effect(slow, cuts, shop)
    evidence = Evidence(
        message=_message(slow, cuts, product, decimals),
        window=Window(start=shop.first, end=shop.today - timedelta(days=1)),
        n=int(shop.sold.between(product.id, 0, number_of(shop.today))),
        n_label="pieces sold",
        method=_method(slow, shop),
        error=_error(slow, shop, effect),
        effect=effect,
        notes=_notes(slow, cuts, shop, effect),
        facts=_facts(slow, cuts, shop),
        chart=_chart(slow, product, shop),
        considered=_considered(cuts, shop),
    )
    return Proposal(subject=subject, changes=list(patches), evidence=evidence)


def _message(slow: Slow, cuts: list[Cut], product: Product, decimals: int) -> Message:
    first, name, stock = cuts[0], text(product.name), pieces(slow.stock)
    old, new = price(first.old, decimals), price(first.new, decimals)
    if slow.reason == "pace":
        lasts = days(round(slow.stock * PACE_DAYS / slow.recent))
        if len(cuts) == 1:
            return say(
                "Lower {product} from {old} to {new}: its {stock} would last {lasts} at the present pace.",
                product=name, old=old, new=new, stock=stock, lasts=lasts,
            )  # fmt: skip
        return say(
            "Lower {count} variations of {product} by {cut}: their {stock} would last {lasts} at the present pace.",
            count=number(len(cuts)), product=name, cut=percent(first.share), stock=stock, lasts=lasts,
        )  # fmt: skip
    quiet = days(slow.quiet)
    if slow.reason == "variation" or len(cuts) > 1:
        return say(
            "Lower {count} variations of {product} by {cut}: {stock} in stock and no sale for {quiet}.",
            count=number(len(cuts)), product=name, cut=percent(first.share), stock=stock, quiet=quiet,
        )  # fmt: skip
    return say(
        "Lower {product} from {old} to {new}: {stock} in stock and no sale for {quiet}.",
        product=name, old=old, new=new, stock=stock, quiet=quiet,
    )  # fmt: skip


def _method(slow: Slow, shop: _Shop) -> Message:
    if slow.reason == "variation":
        return say(
            "The other variations sold, and by their share these should have sold about {expected} in the same days; "
            "by chance, none would sell less than once in a thousand times.",
            expected=number(round(slow.expected, 1), 1, "pieces"),
        )
    if slow.reason == "pace":
        return say(
            "It sold {through} of its stock in {period}, its category {peers}; counted as slow below {share} of that.",
            through=percent(slow.through), period=days(PACE_DAYS), peers=percent(slow.peers),
            share=percent(shop.inp.weak_share),
        )  # fmt: skip
    return say(
        "Counted as slow after {limit} in stock without a sale; the cut is {step} for each such period, at most {most}.",
        limit=days(shop.inp.unsold_days), step=percent(shop.inp.cut), most=percent(shop.inp.max_cut),
    )  # fmt: skip


def _effect(slow: Slow, cuts: list[Cut], shop: _Shop) -> Effect | None:
    """Extra revenue a month, net of tax, of a product that still sells; None where the data cannot say.

    Draws the pace from its Gamma posterior (Jeffreys prior) and the elasticity from its estimate.
    """
    import numpy as np

    if slow.reason != "pace" or isinstance(shop.response, str) or shop.response.interval(LEVEL)[1] >= 0:
        return None
    if shop.bounds.tax is None:
        return None
    rate = shop.ctx.rng.gamma(slow.recent + 0.5, 1 / PACE_DAYS, 4000)
    factor = float(cuts[0].new / cuts[0].old)
    more = factor ** (1 + shop.response.draws(4000, shop.ctx.rng)) - 1
    extra = rate * MONTH * float(cuts[0].old / shop.bounds.tax) * more
    low, middle, high = (round(float(q), 2) for q in np.quantile(extra, [0.5 - LEVEL / 2, 0.5, 0.5 + LEVEL / 2]))
    return Effect(
        value=middle, low=low, high=high, level=LEVEL, unit=f"{shop.ctx.facts.currency}/month",
        label=say("Expected extra revenue a month."),
    )  # fmt: skip


def _error(slow: Slow, shop: _Shop, effect: Effect | None) -> ErrorFigure | None:
    """The price model's error behind an effect; else how often past picks of the rule sold again."""
    if effect is not None and isinstance(shop.response, Elasticity):
        return ErrorFigure(
            name="Mean error on products left out", value=round(shop.response.error, 2),
            unit="pieces per product and price",
            baseline=BaselineError(name="price ignored", value=round(shop.response.naive_error, 2)),
        )  # fmt: skip
    if slow.reason != "unsold" or shop.past.picks < FEWEST_PICKS:
        return None
    return ErrorFigure(
        name="Past picks that sold again within four weeks", value=round(100 * shop.past.sold_again, 1), unit="%",
        baseline=BaselineError(name="any product", value=round(100 * shop.past.any_sold, 1)),
    )  # fmt: skip


def _notes(slow: Slow, cuts: list[Cut], shop: _Shop, effect: Effect | None) -> list[Message]:
    notes = [*_why_no_effect(slow, shop, effect), *_why_no_error(slow, shop, effect)]
    if not shop.stock_known:
        notes.append(
            say("The shop's past stock is not known yet, so days without stock may count as days without a sale.")
        )
    if any(one.floor is None for one in cuts):
        notes.append(
            say(
                "The cost of some of this stock is not known, so the cut stays within {most} and no margin is checked.",
                most=percent(min(shop.inp.max_cut, shop.inp.max_cut_without_cost)),
            )
        )
    return notes


def _why_no_effect(slow: Slow, shop: _Shop, effect: Effect | None) -> list[Message]:
    if effect is not None:
        return []
    if isinstance(shop.response, str):
        return [
            say(
                "This shop's data cannot say what a lower price brings: {reason}.", reason=text(shop.response)
            )
        ]
    if slow.reason != "pace":
        return [
            say("No effect is stated: it did not sell in this time, so there is no pace that a lower price could raise.")
        ]
    if shop.bounds.tax is None:
        return [say("No effect is stated: too few sales show how much tax the prices hold.")]
    return [say("No effect is stated: past price changes in this shop do not show that lower prices sell more.")]


def _why_no_error(slow: Slow, shop: _Shop, effect: Effect | None) -> list[Message]:
    if effect is not None or (slow.reason == "unsold" and shop.past.picks >= FEWEST_PICKS):
        return []
    if slow.reason == "unsold":
        return [
            say(
                "No error is stated: looking back, the rule would have picked only {count} products.",
                count=number(shop.past.picks),
            )
        ]
    return [say("No error is stated: this counts what sold and forecasts nothing.")]


def _facts(slow: Slow, cuts: list[Cut], shop: _Shop) -> list[Fact]:
    decimals, first = shop.bounds.decimals, cuts[0]
    worth, at_cost = tied_up([one.item for one in cuts])
    facts = [
        Fact(label="Tied up at cost" if at_cost else "Tied up at selling price", value=price(worth, decimals)),
        Fact(label="In stock", value=pieces(slow.stock)),
    ]
    today = number_of(shop.today)
    last = shop.sold.last(slow.product_id, today)
    if last is not None:
        facts.append(Fact(label="Last sale of the product", value=day(date(1970, 1, 1) + timedelta(days=last))))
    since = max(slow.quiet, PACE_DAYS) if slow.reason == "pace" else slow.quiet
    if today - YEAR - since >= number_of(shop.first):
        before = shop.sold.between(slow.product_id, today - YEAR - since, today - YEAR)
        facts.append(Fact(label="Sold in the same days a year earlier", value=pieces(before)))
    if first.floor is not None and first.item.cost is not None and shop.bounds.tax is not None:
        facts.append(Fact(label="Cost", value=price(first.item.cost, decimals)))
        earned = float(first.new / shop.bounds.tax / first.item.cost) - 1
        facts.append(Fact(label="Earned on top of the cost after the cut", value=percent(earned)))
    if isinstance(shop.response, Elasticity):
        facts.append(
            Fact(label="A 10% lower price sold more of what sells, by", value=percent(0.9**shop.response.value - 1))
        )
    return facts


def _considered(cuts: list[Cut], shop: _Shop) -> list[Message]:
    decimals, first = shop.bounds.decimals, cuts[0]
    said = [
        say(
            "A sale price leaves the regular price of {old} in place, so that the cut ends by taking the sale price away.",
            old=price(first.old, decimals),
        )
    ]
    if first.floor is not None:
        said.append(
            say(
                "Anything below {floor} would earn less than {margin} on top of the cost.",
                floor=price(first.floor, decimals), margin=percent(shop.inp.margin),
            )
        )  # fmt: skip
    return said


def _chart(slow: Slow, product: Product, shop: _Shop) -> Chart:
    """Pieces sold per week, with the days sold below today's price shaded."""
    weeks = min(CHART_WEEKS, HISTORY_DAYS // 7)
    begin = shop.today - timedelta(days=7 * weeks)
    starts = [begin + timedelta(days=7 * n) for n in range(weeks)]
    points = [
        (start.isoformat(), shop.sold.between(product.id, number_of(start), number_of(start) + 7)) for start in starts
    ]
    marks = [Mark(x=shop.today.isoformat(), label="Today")]
    last = shop.sold.last(product.id, number_of(shop.today))
    if last is not None and last >= number_of(begin):
        marks.insert(0, Mark(x=(date(1970, 1, 1) + timedelta(days=last)).isoformat(), label="Last sale"))
    return Chart(
        title="Pieces sold per week",
        x_label="Week from",
        y_label="Pieces",
        unit="pieces",
        x_type="date",
        series=[Series(name="Sold", kind="bar", points=[(x, float(y)) for x, y in points])],
        marks=marks,
        shade=_cheaper(slow, begin, shop),
    )


def _cheaper(slow: Slow, begin: date, shop: _Shop) -> list[Shade]:
    """Stretches in which the product was paid for at less than today's price, from first to last such sale."""
    own = shop.lines[(shop.lines["product_id"] == slow.product_id) & (shop.lines["day"] >= str(begin))]
    if own.empty or shop.bounds.tax is None:
        return []
    regular = {item.id: float(item.regular_price or 0) / float(shop.bounds.tax) for item in slow.items}
    net = own["item_id"].map(regular)
    low = (own["unit_price"] < 0.97 * net).to_numpy()
    sale_days = own["day"].dt.date.to_numpy()
    shades: list[tuple[date, date]] = []
    stretch: list[date] = []
    for when, cheap in zip(sale_days, low, strict=True):
        if cheap:
            stretch.append(when)
        if stretch and (not cheap or when is sale_days[-1]):
            shades.append((stretch[0], stretch[-1]))
            stretch = []
    return [Shade(start=a.isoformat(), end=b.isoformat(), label="Sold below today's price") for a, b in shades]
