"""How far a slow item's price may fall: the wanted cut, held by cost, tax and a largest cut.

Agents that propose markdowns share their bounds, the arithmetic, and that a product has one open at most.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from pydantic import BaseModel, Field

from sidecar.core.changes import Patch, SetField
from sidecar.core.schema import PERCENT
from sidecar.core.store import Item, OpenProposal, ShopFacts
from sidecar.retail.evidence import price
from sidecar.retail.prices import nice_price, price_floor, tax_factor, usual_ending

WORTH_IT = Decimal("0.25")
"""A cut below this part of the wanted one is not worth a shopper's look."""


class MarkdownTerms(BaseModel):
    """How far prices may fall, and how many products a run may mark down."""

    cut: float = Field(
        0.2,
        title="First cut",
        ge=0.05,
        le=0.6,
        description="Cut the price by this share at first, and once more for each further period "
        "without a sale.",
        json_schema_extra=PERCENT,
    )
    max_cut: float = Field(
        0.4,
        title="Largest cut",
        ge=0.05,
        le=0.8,
        description="Never cut by more than this share of the regular price.",
        json_schema_extra=PERCENT,
    )
    margin: float = Field(
        0.1,
        title="Least margin on cost",
        ge=0,
        le=3,
        description="Earn at least this share on top of the cost, net of tax.",
        json_schema_extra=PERCENT,
    )
    max_cut_without_cost: float = Field(
        0.15,
        title="Largest cut where the cost is unknown",
        ge=0,
        le=0.5,
        description="Largest cut of a product whose cost is not known. 0 leaves these alone.",
        json_schema_extra=PERCENT,
    )
    limit: int = Field(
        10,
        title="Most products at a time",
        ge=1,
        le=100,
        description="Propose at most this many products, most money tied up first.",
    )

    def bounds(self, last_paid: Mapping[int, float], items: Sequence[Item], facts: ShopFacts) -> Bounds:
        """With the tax and the price endings that the shop's own prices show; `last_paid` net, by item."""
        regular = (item.regular_price for item in items if item.regular_price)
        return Bounds(
            step=Decimal(str(self.cut)),
            max_cut=Decimal(str(self.max_cut)),
            blind_cut=Decimal(str(self.max_cut_without_cost)),
            margin=Decimal(str(self.margin)),
            tax=tax_factor(paid_today(last_paid, items), facts.prices_include_tax),
            ending=usual_ending(regular, facts.decimals),
            decimals=facts.decimals,
        )


@dataclass(frozen=True)
class Bounds:
    """The owner's bounds and the shop's habits; cuts and margin are shares, `tax` None when unknown."""

    step: Decimal
    max_cut: Decimal
    blind_cut: Decimal
    margin: Decimal
    tax: Decimal | None
    ending: Decimal | None
    decimals: int


@dataclass(frozen=True)
class Cut:
    """One item's new price, the lowest that keeps the margin (None: cost unknown), and the wanted cut."""

    item: Item
    old: Decimal
    new: Decimal
    floor: Decimal | None
    wanted: Decimal

    @property
    def share(self) -> float:
        """The cut as a share of the old price."""
        return float(1 - self.new / self.old)


def cut(item: Item, steps: int, bounds: Bounds) -> Cut | None:
    """The price after `steps` steps, or None when the bounds leave no cut worth making."""
    old = item.regular_price
    if old is None or old <= 0:
        return None
    known = item.cost is not None and item.cost > 0 and bounds.tax is not None
    most = bounds.max_cut if known else min(bounds.max_cut, bounds.blind_cut)
    wanted = min(bounds.step * steps, most)
    lowest = old * (1 - most)
    floor = price_floor(item.cost or Decimal(0), bounds.margin, bounds.tax or Decimal(1)) if known else None
    new = nice_price(
        old * (1 - wanted), max(lowest, floor or Decimal(0)), old, bounds.ending, bounds.decimals
    )
    if new is None or 1 - new / old < WORTH_IT * wanted:
        return None
    return Cut(item, old, new, floor, wanted)


def tied_up(items: Sequence[Item]) -> tuple[Decimal, bool]:
    """Cost of the stock of one product's items, and whether all costs are known; else prices stand in."""
    total, known, shared = Decimal(0), True, Decimal(0)
    for item in items:
        value = item.cost if item.cost is not None and item.cost > 0 else None
        known = known and value is not None
        worth = (value if value is not None else item.regular_price or Decimal(0)) * (item.stock or 0)
        if item.stock_of_parent:
            shared = max(shared, worth)
        else:
            total += worth
    return total + shared, known


def not_judged(item: Item, young: bool) -> str | None:
    """Why an item may not be marked down, as the output's name for it, or None."""
    if item.status != "publish":
        return "not_published"
    if item.stock is None:
        return "stock_not_managed"
    if item.stock <= 0:
        return "out_of_stock"
    if item.regular_price is None or item.regular_price <= 0:
        return "no_price"
    if item.sale_price is not None or item.sale_from is not None or item.sale_to is not None:
        return "on_sale_or_planned"
    return "too_new" if young else None


def paid_today(last_paid: Mapping[int, float], items: Sequence[Item]) -> list[tuple[float, float]]:
    """(shelf price, net price last paid) of the items sold lately, to see the tax between the two."""
    return [
        (float(item.price), last_paid[item.id])
        for item in items
        if item.price is not None and item.id in last_paid
    ]


def patches(cuts: Iterable[Cut], decimals: int) -> list[Patch]:
    """One patch per item; a guard holds the regular price that the cut was worked out from."""
    made = []
    for one in cuts:
        regular = price(one.old, decimals).value
        stays = SetField(path="regular_price", was=regular, to=regular)
        lower = SetField(path="sale_price", was="", to=price(one.new, decimals).value)
        made.append(Patch(resource=one.item.resource, set=[stays, lower]))
    return made


def open_elsewhere(found: Iterable[OpenProposal], agent: str, items: Iterable[Item]) -> dict[int, str]:
    """Products with an open sale price that another agent proposed, with that proposal's id."""
    held = {one.resource: one.id for one in found if one.agent != agent}
    return {item.product_id: held[item.resource] for item in items if item.resource in held}
