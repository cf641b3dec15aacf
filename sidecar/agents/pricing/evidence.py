"""The evidence of a markdown: why, how sure, and what the shop's data cannot tell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from sidecar.agents.pricing.models import SlowStockMarkdownInput
from sidecar.core.agent import Context, Proposal, Subject
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
from sidecar.core.store import Product
from sidecar.retail.elasticity import Elasticity
from sidecar.retail.evidence import day, days, number, percent, pieces, price, text
from sidecar.retail.markdown import Bounds, Cut, patches, tied_up
from sidecar.retail.slow import PACE_DAYS, YEAR, Hindsight, Slow, Sold, number_of

if TYPE_CHECKING:
    import pandas as pd

LEVEL = 0.8
HISTORY_DAYS = 730
CHART_WEEKS = 52
MONTH = 30
FEWEST_PICKS = 10


@dataclass(frozen=True)
class Shop:
    """What every proposal of a run needs to know."""

    ctx: Context
    inp: SlowStockMarkdownInput
    today: date
    first: date
    lines: pd.DataFrame
    sold: Sold
    response: Elasticity | str
    past: Hindsight
    stock_since: date
    bounds: Bounds


def proposal(slow: Slow, cuts: list[Cut], product: Product, shop: Shop) -> Proposal:
    """One proposal per product, with one patch per item."""
    decimals = shop.bounds.decimals
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
    return Proposal(subject=subject, changes=list(patches(cuts, decimals)), evidence=evidence)


def _message(slow: Slow, cuts: list[Cut], product: Product, decimals: int) -> Message:
    first, name, stock = cuts[0], text(product.name), pieces(slow.stock)
    old, new = price(first.old, decimals), price(first.new, decimals)
    if slow.reason == "pace":
        lasts = days(round(slow.stock * PACE_DAYS / slow.recent))
        if len(cuts) == 1:
            return say(
                "Lower {product} from {old} to {new}: its {stock} would last {lasts} at the present pace.",
                product=name,
                old=old,
                new=new,
                stock=stock,
                lasts=lasts,
            )
        return say(
            "Lower {count} variations of {product} by {cut}: their {stock} would last {lasts} at the "
            "present pace.",
            count=number(len(cuts)),
            product=name,
            cut=percent(first.share),
            stock=stock,
            lasts=lasts,
        )
    quiet = days(slow.quiet)
    if slow.reason == "variation" or len(cuts) > 1:
        return say(
            "Lower {count} variations of {product} by {cut}: {stock} in stock and no sale for {quiet}.",
            count=number(len(cuts)),
            product=name,
            cut=percent(first.share),
            stock=stock,
            quiet=quiet,
        )
    return say(
        "Lower {product} from {old} to {new}: {stock} in stock and no sale for {quiet}.",
        product=name,
        old=old,
        new=new,
        stock=stock,
        quiet=quiet,
    )


def _method(slow: Slow, shop: Shop) -> Message:
    if slow.reason == "variation":
        return say(
            "The other variations sold, and by their share these should have sold about {expected} "
            "in the same days; "
            "by chance, none would sell less than once in a thousand times.",
            expected=number(round(slow.expected, 1), 1, "pieces"),
        )
    if slow.reason == "pace":
        return say(
            "It sold {through} of its stock in {period}, its category {peers}; counted as slow below "
            "{share} of that.",
            through=percent(slow.through),
            period=days(PACE_DAYS),
            peers=percent(slow.peers),
            share=percent(shop.inp.weak_share),
        )
    return say(
        "Counted as slow after {limit} in stock without a sale; the cut is {step} for each such "
        "period, at most {most}.",
        limit=days(shop.inp.unsold_days),
        step=percent(shop.inp.cut),
        most=percent(shop.inp.max_cut),
    )


def _effect(slow: Slow, cuts: list[Cut], shop: Shop) -> Effect | None:
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
    low, middle, high = (
        round(float(q), 2) for q in np.quantile(extra, [0.5 - LEVEL / 2, 0.5, 0.5 + LEVEL / 2])
    )
    return Effect(
        value=middle,
        low=low,
        high=high,
        level=LEVEL,
        unit=f"{shop.ctx.facts.currency}/month",
        label=say("Expected extra revenue a month."),
    )


def _error(slow: Slow, shop: Shop, effect: Effect | None) -> ErrorFigure | None:
    """The price model's error behind an effect; else how often past picks of the rule sold again."""
    if effect is not None and isinstance(shop.response, Elasticity):
        return ErrorFigure(
            name="Mean error on products left out",
            value=round(shop.response.error, 2),
            unit="pieces per product and price",
            baseline=BaselineError(name="price ignored", value=round(shop.response.naive_error, 2)),
        )
    if slow.reason != "unsold" or shop.past.picks < FEWEST_PICKS:
        return None
    return ErrorFigure(
        name="Past picks that sold again within four weeks",
        value=round(100 * shop.past.sold_again, 1),
        unit="%",
        baseline=BaselineError(name="any product", value=round(100 * shop.past.any_sold, 1)),
    )


def _notes(slow: Slow, cuts: list[Cut], shop: Shop, effect: Effect | None) -> list[Message]:
    notes = [*_why_no_effect(slow, shop, effect), *_why_no_error(slow, shop, effect)]
    if slow.quiet and shop.stock_since > shop.today - timedelta(days=slow.quiet):
        notes.append(
            say(
                "Stock is known only since {since}; before that, days without stock count as days "
                "without a sale.",
                since=day(shop.stock_since),
            )
        )
    if any(one.floor is None for one in cuts):
        notes.append(
            say(
                "The cost of some of this stock is not known, so the cut stays within {most} and no "
                "margin is checked.",
                most=percent(min(shop.inp.max_cut, shop.inp.max_cut_without_cost)),
            )
        )
    return notes


def _why_no_effect(slow: Slow, shop: Shop, effect: Effect | None) -> list[Message]:
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
            say(
                "No effect is stated: it did not sell in this time, so there is no pace that a lower "
                "price could raise."
            )
        ]
    if shop.bounds.tax is None:
        return [say("No effect is stated: too few sales show how much tax the prices hold.")]
    return [
        say("No effect is stated: past price changes in this shop do not show that lower prices sell more.")
    ]


def _why_no_error(slow: Slow, shop: Shop, effect: Effect | None) -> list[Message]:
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


def _facts(slow: Slow, cuts: list[Cut], shop: Shop) -> list[Fact]:
    decimals, first = shop.bounds.decimals, cuts[0]
    worth, at_cost = tied_up([one.item for one in cuts])
    facts = [
        Fact(
            label="Tied up at cost" if at_cost else "Tied up at selling price", value=price(worth, decimals)
        ),
        Fact(label="In stock", value=pieces(slow.stock)),
    ]
    today = number_of(shop.today)
    last = shop.sold.last(slow.product_id, today)
    if last is not None:
        facts.append(
            Fact(label="Last sale of the product", value=day(date(1970, 1, 1) + timedelta(days=last)))
        )
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
            Fact(
                label="A 10% lower price sold more of what sells, by",
                value=percent(0.9**shop.response.value - 1),
            )
        )
    return facts


def _considered(cuts: list[Cut], shop: Shop) -> list[Message]:
    decimals, first = shop.bounds.decimals, cuts[0]
    said = [
        say(
            "A sale price leaves the regular price of {old} in place, so that the cut ends by taking "
            "the sale price away.",
            old=price(first.old, decimals),
        )
    ]
    if first.floor is not None:
        said.append(
            say(
                "Anything below {floor} would earn less than {margin} on top of the cost.",
                floor=price(first.floor, decimals),
                margin=percent(shop.inp.margin),
            )
        )
    return said


def _chart(slow: Slow, product: Product, shop: Shop) -> Chart:
    """Pieces sold per week, with the days sold below today's price shaded."""
    weeks = min(CHART_WEEKS, HISTORY_DAYS // 7)
    begin = shop.today - timedelta(days=7 * weeks)
    starts = [begin + timedelta(days=7 * n) for n in range(weeks)]
    points = [
        (start.isoformat(), shop.sold.between(product.id, number_of(start), number_of(start) + 7))
        for start in starts
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


def _cheaper(slow: Slow, begin: date, shop: Shop) -> list[Shade]:
    """Stretches in which it sold below today's price, from first to last such sale."""
    own = shop.lines[(shop.lines["product_id"] == slow.product_id) & (shop.lines["day"] >= str(begin))]
    if own.empty or shop.bounds.tax is None:
        return []
    regular = {item.id: float(item.regular_price or 0) / float(shop.bounds.tax) for item in slow.items}
    net = own["item_id"].map(regular)
    low = (own["subtotal"] < 0.97 * net * own["quantity"]).to_numpy()
    sale_days = own["day"].dt.date.to_numpy()
    shades: list[tuple[date, date]] = []
    stretch: list[date] = []
    for when, cheap in zip(sale_days, low, strict=True):
        if cheap:
            stretch.append(when)
        if stretch and (not cheap or when is sale_days[-1]):
            shades.append((stretch[0], stretch[-1]))
            stretch = []
    return [
        Shade(start=a.isoformat(), end=b.isoformat(), label="Sold below today's price") for a, b in shades
    ]
