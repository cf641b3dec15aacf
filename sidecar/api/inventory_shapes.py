"""Shapes of answers about forecasts and what to order, for the document; tests compare them with the answers.

Quantities are pieces. A note is a code; docs/forecasts.md says what the codes mean.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sidecar.api.shapes import Amount, Count, Day, Done, Id, Maybe, Money, Ok, Shape, Share, Time
from sidecar.api.stock_shapes import OverrideRow

Rmsse = Maybe[float]
"""A root mean squared scaled error (see docs/forecasts.md); absent where the history is too short."""


class CountBefore(Shape):
    """What a figure was four weeks ago, and on which day it was worked out."""

    value: float
    day: Day


class AmountBefore(Shape):
    """What an amount was four weeks ago, and on which day it was worked out."""

    value: Amount
    day: Day


class _Figure(Shape):
    unit: Maybe[str] = Field(None, description="`items`, `share` (1 is all) or a currency.")
    note: Maybe[str] = Field(None, description="Why there is no value.")
    before_note: Maybe[str] = Field(None, description="Why nothing is known of four weeks ago.")


class CountFigure(_Figure):
    """How many items."""

    value: Maybe[Count] = None
    before: Maybe[CountBefore] = None
    with_forecast: Maybe[Count] = None


class AmountFigure(_Figure):
    """Money; `without_cost` counts the items that it leaves out since no cost is known."""

    value: Maybe[Amount] = None
    before: Maybe[AmountBefore] = None
    items: Maybe[Count] = None
    without_cost: Maybe[Count] = None


class ShareFigure(_Figure):
    """For which share of the `tested` items the forecast is better than last week's sales again."""

    value: Maybe[Share] = None
    before: Maybe[CountBefore] = None
    tested: Maybe[Count] = None
    items: Maybe[Count] = None


class Figures(Shape):
    """The shop's stock in figures; `stockouts` are items that ran out in the last four weeks."""

    items: CountFigure
    to_order: CountFigure
    order_cost: AmountFigure
    dead_stock: AmountFigure
    accuracy: ShareFigure
    stockouts: CountFigure


class SoldDay(Shape):
    """What sold on a day, and whether there was stock."""

    day: Day
    sold: float
    in_stock: bool


class ExpectedDay(Shape):
    """What is expected of a day, with its interval; `before_override` is what it was without overrides."""

    day: Day
    mean: float
    low: float
    high: float
    before_override: Maybe[float] = None


class StockChart(Shape):
    """The whole shop's sales, day by day; `level` is that of the interval."""

    history: list[SoldDay]
    forecast: list[ExpectedDay]
    level: Share


class Overview(Done):
    """The figures of the Stock page; `no_forecasts` before anything was fitted."""

    as_of: Day
    currency: str
    figures: Figures
    state: Literal["ok", "no_forecasts"]
    fitted_at: Maybe[Time] = None
    chart: Maybe[StockChart] = None


class Expected(Shape):
    """What is expected over the next 28 days together, with its interval at `level`."""

    value: float
    low: float
    high: float
    level: Share
    unit: Literal["pieces"]


class Idle(Shape):
    """A stock that sells nothing or too little, and the money in it."""

    state: Literal["dead", "slow"]
    value: Maybe[Amount] = None
    currency: str
    days_no_sale: Count = Field(description="Days in stock since the last sale.")
    pieces_90: float = Field(description="Pieces sold in 90 days.")
    proposal_id: Maybe[Id] = Field(None, description="The open proposal that would lower its price.")


class StockRow(Shape):
    """A stock: what is there, what is expected, what to order; what is not known is absent."""

    item_id: int
    product_id: int
    resource: str = Field(description="Its path in the REST API of WooCommerce.")
    name: str
    sku: str
    image_id: Maybe[int] = None
    stock: Maybe[int] = None
    incoming: Count
    drafted: Maybe[Count] = Field(None, description="In drafts of purchase orders.")
    low_stock_amount: Maybe[int] = None
    supplier_id: Maybe[Id] = None
    supplier_name: Maybe[str] = None
    supplier_sku: Maybe[str] = None
    cost: Maybe[Money] = Field(None, description="Of a piece.")
    override: Maybe[Ok] = None
    notes: list[str]
    forecast_28: Maybe[Expected] = None
    method: Maybe[str] = None
    error: Rmsse = Field(None, description="RMSSE of a backtest.")
    naive_error: Rmsse = Field(None, description="The same of last week's sales again.")
    made_at: Maybe[Time] = None
    reorder_point: Maybe[Count] = None
    safety_stock: Maybe[Count] = None
    order_quantity: Maybe[Count] = None
    order_by: Maybe[Day] = Field(None, description="The last day on which an order keeps the service.")
    order_cost: Maybe[Money] = None
    stockout_probability: Maybe[Share] = Field(None, description="Until an order of today could come.")
    dead: Maybe[Idle] = None


class Totals(Shape):
    """Of all rows that were asked for, on all pages; the cost of what is to be ordered, as far as known."""

    items: Count
    order_cost: Maybe[Money] = None


class StockPage(Done):
    """Rows of the Stock page."""

    items: list[StockRow]
    total: Count
    totals: Totals
    as_of: Day
    generation: Count
    next: Maybe[str] = None


class Part(Shape):
    """A figure of which the order is made."""

    code: str
    label: str
    value: float
    unit: Literal["pieces", "days", "share"]


class Accuracy(Shape):
    """How wrong the forecast was in a backtest, and the same of last week's sales again.

    `coverage` is the share of days inside the widest interval, which is one of `coverage_level`.
    """

    error: Rmsse = None
    naive_error: Rmsse = None
    metric: Literal["RMSSE"]
    coverage: Maybe[Share] = None
    coverage_level: Share


class OneStock(Done):
    """A stock with its history and forecast, day by day, and the parts of its order."""

    item: StockRow
    overrides: list[OverrideRow]
    parts: list[Part]
    notes: list[str]
    level: Share = Field(description="Of the interval.")
    as_of: Day
    history: list[SoldDay]
    forecast: list[ExpectedDay]
    accuracy: Maybe[Accuracy] = None


class RecommendedRow(StockRow):
    """A stock with its forecast, a figure for each day from `first_day` on; its notes are sentences."""

    recommended_order_quantity: Maybe[Count] = None
    first_day: Maybe[Day] = None
    unit: Maybe[Literal["pieces a day"]] = None
    forecast: Maybe[list[float]] = None
    confidence_intervals: Maybe[list[tuple[float, float]]] = Field(None, description="Low and high.")
    level: Maybe[Share] = None


class Recommendations(Done):
    """One product's stocks."""

    product_id: int
    as_of: Day
    generation: Count
    items: list[RecommendedRow]
