"""Pricing agents."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from sidecar.agents.pricing.evidence import HISTORY_DAYS, LEVEL, MONTH, Shop, proposal
from sidecar.agents.pricing.models import (
    PriceResponse,
    SlowItem,
    SlowStockMarkdownInput,
    SlowStockMarkdownOutput,
)
from sidecar.core.agent import Context, Result, agent
from sidecar.core.store import Item, OrderLineColumn
from sidecar.core.types import quantize
from sidecar.retail.calendar import shop_day
from sidecar.retail.demand import first_known
from sidecar.retail.elasticity import Elasticity, estimate
from sidecar.retail.markdown import Bounds, Cut, cut, not_judged, open_elsewhere, tied_up
from sidecar.retail.panel import home_category, price_panel
from sidecar.retail.slow import YEAR, Rule, Slow, Sold, empty_days, find_slow, hindsight

if TYPE_CHECKING:
    import pandas as pd

NAME = "slow-stock-markdown"
COLUMNS: tuple[OrderLineColumn, ...] = ("product_id", "item_id", "day", "quantity", "subtotal")


@agent(
    title="Slow-stock markdowns",
    reads={"products", "order_lines", "stock_days", "proposals"},
    schedule="weekly",
    risk="medium",
    examples=({}, {"unsold_days": 90, "cut": 0.15, "limit": 5}),
)
def slow_stock_markdown(inp: SlowStockMarkdownInput, ctx: Context) -> Result[SlowStockMarkdownOutput]:
    """Propose a sale price for stock that has not sold for a while.

    Slow are products with stock and no sale for `unsold_days` days in stock; variations that sold nothing
    while their siblings did, where chance is ruled out; and products that sell far less of their stock than
    their category. The regular price stays; the sale price keeps a margin on the cost and a largest cut. What
    a cut brings is stated only where the shop's own price changes identify it and the product still sells. A
    product for which another agent's markdown is open is left to that one, which is named.
    """
    today = shop_day(ctx.now, ctx.facts.timezone)
    items = list(ctx.store.items())
    reasons = {item.id: not_judged(item, _young(item, inp, today)) for item in items}
    judged = [item for item in items if reasons[item.id] is None]
    skipped = Counter(reason for reason in reasons.values() if reason)
    ctx.progress(0, 3, "Reading sales")
    first = today - timedelta(days=HISTORY_DAYS)
    lines = ctx.store.order_lines(COLUMNS, first)
    lines = lines[(lines["day"] < str(today)) & (lines["quantity"] > 0)]
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
    shop = Shop(
        ctx,
        inp,
        today,
        first,
        lines,
        sold,
        response,
        hindsight(sold, born, rule),
        stock_since=first_known(stock, today),
        bounds=_bounds(inp, ctx, items, lines, today),
    )
    elsewhere = open_elsewhere(ctx.store.open_proposals("sale_price"), NAME, items)
    cuts = {slow.product_id: _cuts(slow, inp, shop.bounds) for slow in found}
    able = [slow for slow in found if cuts[slow.product_id] and slow.product_id not in elsewhere]
    chosen = able[: inp.limit]
    names = {product.id: product for product in ctx.store.products()} if found else {}
    proposals = [proposal(slow, cuts[slow.product_id], names[slow.product_id], shop) for slow in chosen]
    ctx.log(f"{len(found)} slow products among {len(judged)} items, {len(proposals)} proposals")
    proposed = {slow.product_id for slow in chosen}
    output = SlowStockMarkdownOutput(
        considered=len(judged),
        not_judged=dict(sorted(skipped.items())),
        slow=[_line(slow, names[slow.product_id].name, proposed, elsewhere, ctx) for slow in found],
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
    net = (recent["subtotal"] / recent["quantity"]).tolist()
    paid = dict(zip(recent["item_id"].tolist(), net, strict=True))
    return inp.bounds(paid, items, ctx.facts)


def _cuts(slow: Slow, inp: SlowStockMarkdownInput, bounds: Bounds) -> list[Cut]:
    """The new prices of the slow items; none when the bounds leave no room."""
    steps = 1 if slow.reason == "pace" else max(1, slow.quiet // inp.unsold_days)
    made = [cut(item, steps, bounds) for item in slow.items]
    return [one for one in made if one is not None]


def _line(slow: Slow, name: str, proposed: set[int], elsewhere: dict[int, str], ctx: Context) -> SlowItem:
    worth, at_cost = tied_up(slow.items)
    return SlowItem(
        product_id=slow.product_id,
        name=name,
        items=[item.id for item in slow.items],
        reason=slow.reason,
        stock=slow.stock,
        quiet_days=slow.quiet,
        tied_up=quantize(worth, ctx.facts.decimals),
        tied_up_at_cost=at_cost,
        proposed=slow.product_id in proposed,
        open_proposal=elsewhere.get(slow.product_id),
    )


def _response(response: Elasticity | str) -> PriceResponse:
    if isinstance(response, str):
        return PriceResponse(known=False, reason=response[0].upper() + response[1:] + ".")
    low, high = response.interval(LEVEL)
    return PriceResponse(
        known=True,
        elasticity=round(response.value, 3),
        low=round(low, 3),
        high=round(high, 3),
        products=response.products,
        error=round(response.error, 3),
        error_if_ignored=round(response.naive_error, 3),
    )
