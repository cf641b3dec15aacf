"""What will sell: fitted for all items, kept, and answered from what was kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, field_validator, model_validator

from sidecar.agents.inventory import panel
from sidecar.agents.inventory.given import given_demand, moment
from sidecar.agents.inventory.keeping import kept_alone
from sidecar.agents.inventory.models import Stocked, Subset
from sidecar.core.agent import Context, Result, agent
from sidecar.core.forecasts import KeptForecast
from sidecar.retail.calendar import shop_day
from sidecar.retail.demand import History
from sidecar.retail.holders import Holder
from sidecar.retail.note_words import in_words
from sidecar.retail.outlook import HIGH, LOW, Outlook, outlook
from sidecar.retail.stock_plan import SHOWN_DAYS, Decision, decide


def _no_word(value: Any) -> Any:
    """Pydantic takes true for 1, which would be a sale that nobody named."""
    if isinstance(value, bool):
        raise ValueError("must be a number of pieces, not true or false")
    return value


Quantity = Annotated[float, BeforeValidator(_no_word), Field(ge=-1e9, le=1e9, allow_inf_nan=False)]
YEAR = 365
STEADY = 0.1
"""A pace within this share of the recent one counts as steady."""


class DemandForecastInput(Subset):
    """What to forecast, and how far."""

    forecast_periods: int = Field(
        30, title="Days ahead", ge=1, le=90, description="How many days to answer, from today on."
    )
    limit: int = Field(
        20,
        title="Most items in the answer",
        ge=1,
        le=200,
        description="Answer at most this many items, those that sell most first; all are fitted and kept.",
    )
    refit: bool = Field(
        False,
        title="Fit anew",
        description="Fit the named products anew even where a forecast of the last days is kept.",
    )
    historical_sales: list[Quantity | None] = Field(
        [],
        title="Sales to forecast from",
        max_length=1_095,
        description="Pieces sold a day, oldest first, null where unknown; instead of the shop's own sales.",
    )
    historical_days: list[str] = Field(
        [],
        title="Days of these sales",
        max_length=1_095,
        description="The day of each figure, such as 2026-03-01; without them they end yesterday.",
    )

    @field_validator("historical_days")
    @classmethod
    def _are_days(cls, days: list[str]) -> list[str]:
        for text in days:
            moment(text)
        return days

    @model_validator(mode="after")
    def _fit_together(self) -> DemandForecastInput:
        if self.historical_days and len(self.historical_days) != len(self.historical_sales):
            raise ValueError(
                f"historical_days names {len(self.historical_days)} days, historical_sales has "
                f"{len(self.historical_sales)} figures"
            )
        if self.historical_sales and self.product_ids:
            raise ValueError("historical_sales stand instead of the shop's own: name no product_ids")
        return self


class ItemForecast(Stocked):
    """What is expected of one item, and how good such forecasts were so far."""

    first_day: date = Field(description="The day of the first figure.")
    unit: str = Field(description="Unit of the figures.")
    forecast: list[float] = Field(description="Pieces expected on each day.")
    confidence_intervals: list[list[float]] = Field(
        description="Lowest and highest pieces of each day, in eight of ten cases."
    )
    total: float = Field(description="Pieces expected over all these days.")
    total_low: float = Field(description="Lowest total, in eight of ten cases.")
    total_high: float = Field(description="Highest total, in eight of ten cases.")
    trend: Literal["increasing", "steady", "decreasing"] | None = Field(
        None, description="The expected pace against that of the last 28 days in stock."
    )
    seasonality_factor: float | None = Field(
        None, description="The expected pace against that of the whole history, from one year on."
    )
    method: str = Field(description="Name of the method that was best in the backtest.")
    error: float | None = Field(None, description="RMSSE of the backtest; lower is better.")
    naive_error: float | None = Field(None, description="The same for repeating last week's sales.")
    coverage: float | None = Field(
        None, description="Share of backtest days inside the widest interval of the forecast."
    )
    recommended_order_quantity: int | None = Field(None, description="Pieces to order now.")
    reorder_point: int | None = Field(None, description="Pieces at which to order more.")
    safety_stock: int | None = Field(
        None, description="Pieces of the reorder point beyond what is expected to sell."
    )
    stockout_probability: float | None = Field(
        None, description="Chance to run out before an order made today arrives."
    )
    notes: list[str] = Field(description="What limits the figures, and why some are absent.")


class DemandForecastOutput(BaseModel):
    """How many items were forecast, how well, and the figures of those that were asked for."""

    basis: Literal["shop", "sent"] = Field(
        description="What the forecasts rest on: the shop's own sales, or the figures that were sent."
    )
    first_day: date = Field(description="The first day that is forecast.")
    items: list[ItemForecast] = Field(description="Forecasts, most pieces first.")
    fitted: int = Field(description="Items fitted in this run.")
    kept: int = Field(description="Items answered from a forecast that was kept before.")
    tested: int = Field(description="Items with a backtest.")
    better_than_naive: float | None = Field(
        None, description="Share of these whose error is below that of repeating last week's sales."
    )
    methods: dict[str, int] = Field(description="Items by the method that was chosen.")
    notes: list[str] = Field(description="What was left out, and why.")


@agent(
    title="Demand forecast",
    reads={"products", "sales", "stock_days", "prices", "supplies", "overrides", "incoming"},
    needs={"models"},
    schedule="daily",
    proposes=False,
    budget_s=40,  # two years of all items, several methods on several past moments each
    paths=("POST /api/v1/ecommerce/inventory/forecast",),
    examples=(
        {},
        {"product_ids": [12], "forecast_periods": 30},
        {"historical_sales": [45, 52, 48, 55, 60, 58, 62], "forecast_periods": 30},
    ),
)
def demand_forecast(inp: DemandForecastInput, ctx: Context) -> Result[DemandForecastOutput]:
    """Forecast what each product and variation will sell on each of the coming days.

    Several methods are tried on past days and the best one for each item is used; its error stands beside
    that of simply repeating last week. Days without stock do not count as days without demand, cancelled
    orders do not count, and returns are taken off. Without named products all items are fitted and kept, so
    that one product is answered at once. Changes nothing.
    """
    today = shop_day(ctx.now, ctx.facts.timezone)
    if inp.historical_sales:
        return _from_given(inp, ctx, today)
    ctx.progress(0, 3, "Reading sales and stock")
    holders = panel.stocks(ctx, inp.product_ids)
    tally = Tally()
    if inp.product_ids and not inp.refit:
        seen = panel.current(ctx, holders, today, 0)
        tally.add(seen.kept)
    else:
        best = _fit_anew(inp, ctx, holders, today, tally)
        seen = outlook(best, ctx.store.overrides(today), today)
    ctx.progress(99, 100, "Working out orders")
    shown = [one for one in holders if one.id in seen.row]
    decisions = decide(
        shown,
        seen,
        ctx.store.supplies(),
        ctx.store.incoming(),
        net_prices=not ctx.facts.prices_include_tax,
    )
    decisions.sort(key=lambda one: (-one.expected, one.holder.id))
    tally.notes += panel.unknown(inp.product_ids, holders)
    ctx.log(f"{len(holders)} items, {tally.fitted} fitted anew")
    items = [_item(one, seen, inp.forecast_periods) for one in decisions[: inp.limit]]
    return Result(_output("shop", today, items, tally))


@dataclass
class Tally:
    """What is said of all forecasts together."""

    fitted: int = 0
    kept: int = 0
    tested: int = 0
    better: int = 0
    methods: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, forecasts: Sequence[KeptForecast]) -> None:
        """Counts these forecasts; those without a moment of keeping were fitted in this run."""
        self.fitted += sum(not one.made_at for one in forecasts)
        self.kept += sum(bool(one.made_at) for one in forecasts)
        tested = [one for one in forecasts if one.error is not None and one.naive_error is not None]
        self.tested += len(tested)
        self.better += sum((one.error or 0) < (one.naive_error or 0) for one in tested)
        for one in forecasts:
            self.methods[one.method] = self.methods.get(one.method, 0) + 1


def _fit_anew(
    inp: DemandForecastInput, ctx: Context, holders: list[Holder], today: date, tally: Tally
) -> list[KeptForecast]:
    """Fits and keeps all these stocks, slice by slice; returns those that may be among the most sold.

    Only they are held: the forecasts of a large shop would not fit into memory at once.
    """
    import numpy as np

    source = panel.Source(ctx, holders)
    changed = {one.item_id for one in ctx.store.overrides(today)}
    best: list[KeptForecast] = []
    total = np.zeros((source.last - source.first).days + 1)
    for part in panel.fitted(ctx, source, 0):
        ctx.models.keep(part.kept)
        tally.add(part.kept)
        tally.notes += part.notes
        total += part.sold
        known = [one for one in (*best, *part.kept) if one.item_id not in changed]
        known.sort(key=lambda one: (-float(one.mean[:SHOWN_DAYS].sum()), one.item_id))
        named = [one for one in (*best, *part.kept) if one.item_id in changed]
        best = known[: inp.limit] + named
    if not inp.product_ids:
        whole = [panel.whole_shop(source, total)] if holders else []
        ctx.models.keep(whole, all_items=True)
    return best


def _output(
    basis: Literal["shop", "sent"], today: date, shown: list[ItemForecast], tally: Tally
) -> DemandForecastOutput:
    return DemandForecastOutput(
        basis=basis,
        first_day=today,
        items=shown,
        fitted=tally.fitted,
        kept=tally.kept,
        tested=tally.tested,
        better_than_naive=round(tally.better / tally.tested, 4) if tally.tested else None,
        methods=dict(sorted(tally.methods.items())),
        notes=in_words(tally.notes),
    )


def _item(one: Decision, seen: Outlook, days: int) -> ItemForecast:
    assert one.row is not None
    row, order = one.row, one.order
    kept = seen.kept[row]
    holder = one.holder
    given: dict[str, Any] = _figures(row, seen, days) | _pace(kept, float(seen.mean[row].mean()))
    if order is not None:
        given |= {
            "recommended_order_quantity": order.quantity,
            "reorder_point": order.reorder_point,
            "safety_stock": order.safety_stock,
            "stockout_probability": round(order.stockout_probability, 4),
        }
    return ItemForecast(
        product_id=holder.product_id,
        item_id=holder.id,
        name=holder.name,
        sku=holder.sku,
        notes=in_words(one.notes),
        **given,
    )


def _figures(row: int, seen: Outlook, days: int) -> dict[str, Any]:
    """The forecast of a row with its intervals and its error."""
    shown = slice(0, days)
    mean, low, high = (part[row, shown].round(3).tolist() for part in (seen.mean, seen.low, seen.high))
    total = seen.quantiles(days, (LOW, HIGH))[row]
    kept = seen.kept[row]
    return {
        "first_day": seen.today,
        "unit": "pieces a day",
        "forecast": mean,
        "confidence_intervals": [list(pair) for pair in zip(low, high, strict=True)],
        "total": round(float(seen.total(days)[row]), 2),
        "total_low": round(float(total[0]), 2),
        "total_high": round(float(total[1]), 2),
        "method": kept.method,
        "error": _rounded(kept.error),
        "naive_error": _rounded(kept.naive_error),
        "coverage": _rounded(kept.coverage),
    }


def _pace(kept: KeptForecast, pace: float) -> dict[str, Any]:
    """Trend and season: the expected pace against what sold lately and over the whole history."""
    found: dict[str, Any] = {}
    sold, there = kept.sold[-28:], kept.in_stock[-28:]
    if there.any():
        recent = float(sold[there].mean())
        if recent > 0 or pace > 0:
            change = pace / recent - 1 if recent > 0 else 1.0
            found["trend"] = (
                "steady" if abs(change) <= STEADY else "increasing" if change > 0 else "decreasing"
            )
    age = (kept.first_day - kept.since).days
    if age >= YEAR and kept.pieces > 0:
        found["seasonality_factor"] = round(pace / (kept.pieces / age), 3)
    return found


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _from_given(inp: DemandForecastInput, ctx: Context, today: date) -> Result[DemandForecastOutput]:
    """The forecast of the figures that were sent; nothing is kept."""
    import numpy as np

    given = given_demand(inp.historical_sales, inp.historical_days, today, ctx.facts.timezone)
    last = given.first + timedelta(days=given.sold.shape[1] - 1)
    known = np.isfinite(given.sold)
    past = History(
        (0,), given.first, last, np.where(known, given.sold, 0.0), ~known, known, np.ones_like(known)
    )
    made = panel.fit(panel.Panel([], past, (0,)), panel.HORIZON, 0)
    kept = kept_alone(0, past, made)
    start = last + timedelta(days=1)
    seen = outlook([kept], [], start)
    item = ItemForecast(
        product_id=0,
        item_id=0,
        name="",
        sku="",
        notes=in_words([*given.notes, *kept.notes]),
        **_figures(0, seen, inp.forecast_periods),
        **_pace(kept, float(seen.mean[0].mean())),
    )
    tally = Tally()
    tally.add([kept])
    return Result(_output("sent", start, [item], tally))
