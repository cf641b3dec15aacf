"""What the pricing agents take and answer."""

from __future__ import annotations

from pydantic import BaseModel, Field

from sidecar.core.schema import PERCENT
from sidecar.core.types import Money
from sidecar.retail.markdown import MarkdownTerms


class SlowRule(BaseModel):
    """What counts as slow."""

    unsold_days: int = Field(
        60,
        title="Days without a sale",
        ge=14,
        le=365,
        description="Count stock as slow after this many days in stock without a sale.",
    )
    weak_share: float = Field(
        0.2,
        title="Sales against the category",
        ge=0,
        le=1,
        description="Also count a product as slow when it sells less than this share of what its category "
        "sells of its stock, and the stock would last for over a year. 0 switches this off.",
        json_schema_extra=PERCENT,
    )
    min_age_days: int = Field(
        90,
        title="Youngest product in days",
        ge=14,
        le=730,
        description="Leave products alone that are younger than this.",
    )


class SlowStockMarkdownInput(MarkdownTerms, SlowRule):
    """What counts as slow, and how far prices may fall."""


class PriceResponse(BaseModel):
    """How sales answered to prices in this shop, or why that cannot be told."""

    known: bool = Field(description="Whether the shop's own past price changes tell it.")
    reason: str | None = Field(None, description="Why not, when it is not known.")
    elasticity: float | None = Field(
        None, description="Percent more pieces sold per percent of price; negative."
    )
    low: float | None = Field(None, description="Lower end of the 80% interval.")
    high: float | None = Field(None, description="Upper end of the 80% interval.")
    products: int | None = Field(None, description="Products behind the estimate.")
    error: float | None = Field(
        None, description="Mean error on products left out, pieces per product and price."
    )
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
    tied_up_at_cost: bool = Field(
        description="False when a cost is not known and the price stands in for it."
    )
    proposed: bool = Field(description="Whether a price cut is proposed.")
    open_proposal: str | None = Field(
        None, description="Another agent's open proposal for its sale price, to which it is left."
    )


class SlowStockMarkdownOutput(BaseModel):
    """What was looked at, what is slow, and what is known of prices."""

    considered: int = Field(description="Items with stock that could be judged.")
    not_judged: dict[str, int] = Field(description="Items left out, by reason.")
    slow: list[SlowItem] = Field(description="All slow products, most money tied up first.")
    tied_up: Money = Field(description="Money tied up in all of them.")
    no_room: int = Field(description="Slow products whose cost leaves no room for a cut.")
    price_response: PriceResponse = Field(description="How sales answered to prices.")
