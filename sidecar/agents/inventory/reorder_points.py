"""The stock level at which each product should be ordered again."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field

from sidecar.agents.inventory.models import Id
from sidecar.core.agent import Context, Proposal, Result, Subject, agent
from sidecar.core.changes import Patch, SetField
from sidecar.core.evidence import (
    Band,
    BaselineError,
    Chart,
    ErrorFigure,
    Evidence,
    Fact,
    Mark,
    Message,
    Series,
    Window,
    say,
)
from sidecar.core.schema import PERCENT
from sidecar.core.store import Product
from sidecar.retail.calendar import shop_day
from sidecar.retail.demand import History, first_known, history
from sidecar.retail.evidence import day, days, empty_shades, level_line, number, percent, pieces, text
from sidecar.retail.panel import home_category
from sidecar.retail.reorder import BASELINE, YEAR, Lead
from sidecar.retail.stock_levels import Judged, Unit, judge, units_of

if TYPE_CHECKING:
    import pandas as pd

HISTORY_DAYS = 730
CHART_DAYS = 364
SHOP_DEFAULT = 2
"""WooCommerce's own low-stock threshold for products without one; the shop may have set another."""


class ReorderPointsInput(BaseModel):
    """How long stock takes to arrive, and how sure you want to be."""

    lead_days: int = Field(
        14,
        title="Delivery time in days",
        ge=1,
        le=120,
        description="Days from ordering stock until it is on the shelf.",
    )
    lead_spread_days: float = Field(
        3,
        title="Deliveries early or late by days",
        ge=0,
        le=60,
        description="How many days deliveries are usually early or late (standard deviation).",
    )
    service_level: float = Field(
        0.95,
        title="In stock until the delivery comes",
        ge=0.5,
        le=0.999,
        description="Share of deliveries before which the stock shall not run out.",
        json_schema_extra=PERCENT,
    )
    min_pieces: int = Field(
        5,
        title="Fewest pieces sold a year",
        ge=1,
        le=1000,
        description="Leave items alone that sold fewer pieces than this within a year.",
    )
    min_change: int = Field(
        2,
        title="Smallest change in pieces",
        ge=1,
        le=1000,
        description="Propose only changes of at least this many pieces.",
    )
    min_change_share: float = Field(
        0.2,
        title="Smallest change against the present level",
        ge=0,
        le=1,
        description="Propose only changes of at least this share of the present level.",
        json_schema_extra=PERCENT,
    )
    limit: int = Field(
        25,
        title="Most products at a time",
        ge=1,
        le=200,
        description="Propose at most this many products, most urgent first.",
    )
    product_ids: list[Id] = Field(
        [],
        title="Only these products",
        max_length=200,
        description="Ids of the products to look at; empty for all. Season and method come from these alone.",
    )


class ReorderNow(BaseModel):
    """An item whose stock is at or below the level at which to order more."""

    product_id: int = Field(description="The product.")
    item_id: int = Field(description="The variation, or the product itself.")
    name: str = Field(description="Its name.")
    stock: int = Field(description="Pieces in stock.")
    reorder_point: int = Field(description="Pieces at which to order more.")
    days_left: float | None = Field(None, description="Days the stock lasts at the expected pace.")


class MethodScore(BaseModel):
    """A forecasting method, tried on past lead times of a group of items."""

    items: str = Field(description="Which items.")
    method: str = Field(description="Name of the method.")
    chosen: bool = Field(description="Whether it was used.")
    loss: float = Field(description="Mean pinball loss in pieces; lower is better.")
    covered: float = Field(description="Share of past lead times whose sales the level would have covered.")


class ReorderPointsOutput(BaseModel):
    """What was looked at, what to order now, and how well the levels did on past sales."""

    considered: int = Field(description="Items with managed stock and enough sales.")
    not_judged: dict[str, int] = Field(description="Items left out, by reason.")
    changed: int = Field(description="Items whose low-stock level should change.")
    unchanged: int = Field(description="Items whose level is right as it is.")
    reorder_now: list[ReorderNow] = Field(description="Items to order now, shortest cover first.")
    methods: list[MethodScore] = Field(description="How each method did on past lead times.")
    covered: float | None = Field(None, description="Share of past lead times the chosen methods covered.")
    covered_by_mean: float | None = Field(None, description="The same for the mean over the lead time.")


@dataclass(frozen=True)
class _Shop:
    """What every proposal of a run needs to know."""

    ctx: Context
    inp: ReorderPointsInput
    lead: Lead
    first: date
    last: date
    judged: Judged
    shown: History
    stock_since: date


@agent(
    title="Reorder points",
    reads={"products", "order_lines", "stock_days"},
    schedule="weekly",
    on={"stock.changed"},
    risk="low",
    examples=({}, {"lead_days": 30, "lead_spread_days": 5, "service_level": 0.9}, {"product_ids": [12]}),
)
def reorder_points(inp: ReorderPointsInput, ctx: Context) -> Result[ReorderPointsOutput]:
    """Propose the stock level at which each product should be ordered again.

    The level covers the sales of the lead time with the wished certainty. Days without stock do not count as
    days without demand. Several ways to forecast, among them one for rare sales, are tried on past lead
    times, and the best one for slow and for quick items is used. Proposals set WooCommerce's low-stock
    threshold, which sends the alert; one proposal holds all variations of a product.
    """
    today = shop_day(ctx.now, ctx.facts.timezone)
    first, last = today - timedelta(days=HISTORY_DAYS), today - timedelta(days=1)
    lead = Lead(inp.lead_days, inp.lead_spread_days, inp.service_level)
    only = inp.product_ids or None
    products = {product.id: product for product in ctx.store.products(only)}
    items = [item for item in ctx.store.items(products=only) if item.product_id in products]
    ctx.progress(0, 3, "Reading sales and stock")
    lines = ctx.store.order_lines(("item_id", "product_id", "day", "quantity"), first, only)
    units, skipped = units_of(items, products, lines, inp.min_pieces, today)
    stock = ctx.store.stock_days(first, [item_id for unit in units for item_id in unit.item_ids])
    ctx.progress(1, 3, "Trying forecasts on past lead times")
    judged = judge(units, lines, stock, home_category(items), lead, first, last)
    ctx.progress(2, 3, "Comparing with the present levels")
    groups = _changed(judged, inp)
    order = sorted(groups, key=lambda product_id: _urgency(groups[product_id], judged))[: inp.limit]
    shown = [row for product_id in order for row in groups[product_id]]
    past = _history([units[row] for row in shown], lines, stock, first, last)
    shop = _Shop(ctx, inp, lead, first, last, judged, past, first_known(stock, today))
    proposals, at = [], 0
    for product_id in order:
        rows = groups[product_id]
        proposals.append(_proposal(products[product_id], rows, range(at, at + len(rows)), shop))
        at += len(rows)
    changed = sum(len(rows) for rows in groups.values())
    ctx.log(f"{len(units)} items judged, {changed} levels should change, {len(proposals)} proposals")
    return Result(_output(judged, skipped, changed, inp, lead), proposals)


def _history(units: list[Unit], lines: pd.DataFrame, stock: pd.DataFrame, first: date, last: date) -> History:
    own = {item_id: unit.key for unit in units for item_id in unit.item_ids}
    mine = [frame[frame["item_id"].isin(list(own))] for frame in (lines, stock)]
    sold, known = (frame.assign(item_id=frame["item_id"].map(own)) for frame in mine)
    return history([unit.key for unit in units], [unit.created for unit in units], first, last, sold, known)


def _present(unit: Unit) -> int:
    return SHOP_DEFAULT if unit.low is None else unit.low


def _changed(judged: Judged, inp: ReorderPointsInput) -> dict[int, list[int]]:
    """Rows whose level differs enough from the present one, by product."""
    groups: dict[int, list[int]] = {}
    for row, unit in enumerate(judged.units):
        if judged.level(row) == 0 and unit.low is None:
            continue  # nothing sells: an alert of its own that never rings helps nobody
        gap = abs(judged.level(row) - _present(unit))
        if gap >= max(inp.min_change, inp.min_change_share * _present(unit)):
            groups.setdefault(unit.product_id, []).append(row)
    return groups


def _urgency(rows: list[int], judged: Judged) -> tuple[int, float, int]:
    """First what should be ordered now without WooCommerce saying so, then by sales a day."""
    units = judged.units
    silent = sum(_present(units[row]) < units[row].stock <= judged.level(row) for row in rows)
    return (
        -min(silent, 1),
        -sum(float(judged.mean[row]) * units[row].price for row in rows),
        units[rows[0]].product_id,
    )


def _output(
    judged: Judged, skipped: Counter[str], changed: int, inp: ReorderPointsInput, lead: Lead
) -> ReorderPointsOutput:
    now = []
    for row, unit in enumerate(judged.units):
        if unit.stock <= judged.level(row):
            pace = float(judged.mean[row])
            left = round(max(unit.stock, 0) / pace, 1) if pace > 0 else None
            now.append(
                ReorderNow(
                    product_id=unit.product_id,
                    item_id=unit.key,
                    name=unit.name,
                    stock=unit.stock,
                    reorder_point=judged.level(row),
                    days_left=left,
                )
            )
    now.sort(key=lambda line: (line.days_left is None, line.days_left or 0.0, line.item_id))
    chosen, mean = judged.coverage()
    return ReorderPointsOutput(
        considered=len(judged.units),
        not_judged=dict(sorted(skipped.items())),
        changed=changed,
        unchanged=len(judged.units) - changed,
        reorder_now=now,
        methods=[
            MethodScore(
                items=f"sell {'at least' if quick else 'less than'} one piece in {lead.days} days",
                method=name,
                chosen=picked,
                loss=round(loss, 4),
                covered=round(covered, 4),
            )
            for quick, name, picked, loss, covered in judged.table()
        ],
        covered=None if chosen is None else round(chosen, 4),
        covered_by_mean=None if mean is None else round(mean, 4),
    )


def _proposal(product: Product, rows: list[int], shown: range, shop: _Shop) -> Proposal:
    judged = shop.judged
    patches = [
        Patch(
            resource=judged.units[row].resource,
            set=[SetField(path="low_stock_amount", was=judged.units[row].low, to=judged.level(row))],
        )
        for row in rows
    ]
    main = max(rows, key=lambda row: (judged.level(row) - _present(judged.units[row]), -row))
    image = product.images[0].id if product.images else None
    past = shown[rows.index(main)]
    evidence = Evidence(
        message=_message(product, rows, main, shop),
        window=Window(start=shop.first, end=shop.last),
        n=int(shop.shown.sold[shown.start : shown.stop].sum()),
        n_label="pieces sold",
        method=_method(main, shop),
        error=_error(main, shop),
        notes=_notes(main, shop),
        facts=_facts(main, past, shop),
        chart=_chart(main, past, shop),
        considered=_considered(main, shop),
    )
    subject = Subject("products", product.id, product.name, image, product.permalink)
    return Proposal(subject=subject, changes=list(patches), evidence=evidence)


def _message(product: Product, rows: list[int], main: int, shop: _Shop) -> Message:
    unit, level = shop.judged.units[main], shop.judged.level(main)
    if len(rows) > 1:
        return say(
            "Set the low-stock alert of {count} variations of {product}; for {variation} at {new}.",
            count=number(len(rows)),
            product=text(product.name),
            variation=text(unit.label),
            new=pieces(level),
        )
    name = text(unit.name)
    if unit.low is None:
        return say(
            "Set the low-stock alert of {product} at {new}; it has none of its own.",
            product=name,
            new=pieces(level),
        )
    return say(
        "Move the low-stock alert of {product} from {old} to {new}.",
        product=name,
        old=number(unit.low),
        new=pieces(level),
    )


def _method(main: int, shop: _Shop) -> Message:
    """How the level was found; the method's name is one of a few words, so each has its sentence."""
    lead, level = days(shop.lead.days), percent(shop.lead.level)
    method = shop.judged.method(main)
    if method == "rare sales":
        return say(
            "Sales within {lead} stay at or below this level {level} of the time; forecast for rare "
            "sales (SBA), negative binomial.",
            lead=lead,
            level=level,
        )
    if method == "recent pace":
        return say(
            "Sales within {lead} stay at or below this level {level} of the time; pace of the last "
            "90 days, negative binomial.",
            lead=lead,
            level=level,
        )
    if method == "recent pace and season":
        return say(
            "Sales within {lead} stay at or below this level {level} of the time; pace of the last "
            "90 days and last year's "
            "season of the category, negative binomial.",
            lead=lead,
            level=level,
        )
    if method == "pace of the year and season":
        return say(
            "Sales within {lead} stay at or below this level {level} of the time; pace of the last "
            "year and its season in the "
            "category, negative binomial.",
            lead=lead,
            level=level,
        )
    return say(
        "Sales within {lead} stay at or below this level {level} of the time; pace of the last year, "
        "negative binomial.",
        lead=lead,
        level=level,
    )


def _error(main: int, shop: _Shop) -> ErrorFigure | None:
    scored = shop.judged.loss(main)
    if scored is None:
        return None
    return ErrorFigure(
        name="Average miss (pinball loss)",
        value=round(scored[0], 3),
        unit="pieces per lead time",
        baseline=BaselineError(name=BASELINE, value=round(scored[1], 3)),
    )


def _notes(main: int, shop: _Shop) -> list[Message]:
    notes = [
        say(
            "No effect is stated: how many stock-outs this avoids depends on when you order, which "
            "the shop does not record."
        )
    ]
    if shop.inp.product_ids:
        notes.append(
            say("Only the products asked for were looked at; season and method come from them alone.")
        )
    if shop.judged.loss(main) is None:
        notes.append(say("No error is stated: the sales are too young for a test on past lead times."))
    if shop.stock_since > shop.last - timedelta(days=YEAR):
        notes.append(
            say(
                "Stock is known only since {since}; before that, days without stock count as days without "
                "demand, so levels may be low.",
                since=day(shop.stock_since),
            )
        )
    if shop.judged.units[main].on_sale:
        notes.append(
            say(
                "It is on sale now; the level follows past sales and may be too low while the lower "
                "price lasts."
            )
        )
    if shop.judged.units[main].low is None:
        notes.append(
            say(
                "Compared with WooCommerce's usual {standard}; if your inventory settings name "
                "another number, that one applies now.",
                standard=pieces(SHOP_DEFAULT),
            )
        )
    return notes


def _facts(main: int, past: int, shop: _Shop) -> list[Fact]:
    unit, mean = shop.judged.units[main], float(shop.judged.mean[main])
    facts = [
        Fact(label="In stock", value=pieces(unit.stock)),
        Fact(
            label="Expected within the lead time", value=number(round(mean * shop.lead.days, 1), 1, "pieces")
        ),
    ]
    if mean > 0:
        facts.append(Fact(label="Stock lasts", value=days(round(max(unit.stock, 0) / mean))))
    covered = shop.judged.covered(main)
    if covered is not None:
        facts.append(Fact(label="Past lead times this method covered", value=percent(covered[0])))
        facts.append(Fact(label="Past lead times tried", value=number(round(covered[2]))))
    gone = int((shop.shown.empty[past] & shop.shown.alive[past]).sum())
    if gone:
        facts.append(Fact(label="Days without stock, left out", value=days(gone)))
    return facts


def _considered(main: int, shop: _Shop) -> list[Message]:
    said = []
    covered = shop.judged.covered(main)
    if covered is not None:
        said.append(
            say(
                "Ordering at the mean over the lead time, {mean}, would have covered {share} of past "
                "lead times.",
                mean=pieces(float(shop.judged.points[BASELINE][main])),
                share=percent(covered[1]),
            )
        )
    lower, level = shop.judged.at_level(main, 0.9, shop.lead), shop.judged.level(main)
    if shop.lead.level > 0.9 and lower < level:
        said.append(say("For {share} certainty {level} would do.", share=percent(0.9), level=pieces(lower)))
    return said


def _chart(main: int, past: int, shop: _Shop) -> Chart:
    """What sold within each past lead time, against both levels; the next lead time as a band."""
    import numpy as np

    unit, lead = shop.judged.units[main], shop.lead.days
    sold, count = shop.shown.sold[past], shop.shown.sold.shape[1]
    sums = np.convolve(sold, np.ones(lead))[:count]
    start = max(lead - 1, count - CHART_DAYS, int(np.argmax(shop.shown.alive[past])) + lead - 1)
    places = range(count - 1 - 7 * ((count - 1 - start) // 7), count, 7)
    xs = [(shop.first + timedelta(days=n)).isoformat() for n in places]
    today, until = shop.last + timedelta(days=1), shop.last + timedelta(days=lead)
    low, high = shop.judged.at_level(main, 0.1, shop.lead), shop.judged.at_level(main, 0.9, shop.lead)
    ends = [*xs, until.isoformat()] if xs else [shop.last.isoformat(), until.isoformat()]
    series = [
        Series(
            name="Sold in the lead time up to that day",
            kind="line",
            points=[(x, float(sums[n])) for x, n in zip(xs, places, strict=True)]
            or [(shop.last.isoformat(), 0.0)],
        ),
        level_line("Proposed alert", ends, shop.judged.level(main), dashed=False),
        level_line("Alert now", ends, _present(unit)),
    ]
    begin = shop.first + timedelta(days=places[0] if xs else count - 1)
    gone = (shop.shown.empty & shop.shown.alive)[past][(begin - shop.first).days :]
    return Chart(
        title=f"Pieces of {unit.name} sold within {lead} days",
        x_label="Day",
        y_label="Pieces",
        unit="pieces",
        x_type="date",
        series=series,
        band=Band(
            name="Next lead time, 8 of 10 cases",
            points=[
                (today.isoformat(), float(low), float(high)),
                (until.isoformat(), float(low), float(high)),
            ],
        ),
        marks=[Mark(x=today.isoformat(), label="Today")],
        shade=empty_shades(gone, begin, "Out of stock"),
    )
