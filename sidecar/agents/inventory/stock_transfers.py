"""What to move between the places where stock lies."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import numpy as np
from pydantic import BaseModel, Field

from sidecar.agents.inventory import panel
from sidecar.agents.inventory.models import Stocked, Subset
from sidecar.core.agent import Context, Result, agent
from sidecar.core.schema import PERCENT
from sidecar.core.store import Location, Supplies
from sidecar.core.types import Money, quantize
from sidecar.retail.calendar import shop_day
from sidecar.retail.demand import Floats
from sidecar.retail.distributions import count_quantile
from sidecar.retail.holders import Holder
from sidecar.retail.ordering import Whole
from sidecar.retail.outlook import HIGH, LOW, Outlook
from sidecar.retail.stock_plan import unit_cost
from sidecar.retail.transfers import Transfer, propose

WIDTH = 2.5631
"""Standard deviations between the 10 % and the 90 % quantile of a normal distribution."""

NEAR = 0.02
"""Shares that add up to 1 within this are whole: a person writes 33 % three times."""


class StockTransfersInput(Subset):
    """What a move must be worth."""

    service_level: float = Field(
        0.9,
        title="In stock at each place",
        ge=0.5,
        le=0.995,
        description="Share of delivery times for which each place shall have enough.",
        json_schema_extra=PERCENT,
    )
    min_pieces: int = Field(
        2, title="Fewest pieces of a move", ge=1, le=1000, description="Name only moves of so many pieces."
    )
    trip_cost: float = Field(
        0,
        title="Cost of moving an item",
        ge=0,
        le=1e6,
        allow_inf_nan=False,
        description="Money that moving one item between two places costs, in the shop's currency.",
    )
    limit: int = Field(
        200, title="Most moves", ge=1, le=1000, description="Answer at most this many, most valuable first."
    )


class Move(Stocked):
    """Pieces of one item to take from one place to another."""

    source_id: str = Field(description="The place that has more than it needs.")
    source_name: str = Field(description="Its name.")
    target_id: str = Field(description="The place that lacks pieces.")
    target_name: str = Field(description="Its name.")
    pieces: int = Field(description="Pieces to move.")
    source_stock: int = Field(description="Pieces at the first place now.")
    target_stock: int = Field(description="Pieces at the second place now.")
    source_keeps: int = Field(description="Pieces that the first place needs until its next delivery.")
    target_needs: int = Field(description="Pieces that the second place needs until a delivery could come.")
    gain: Money | None = Field(
        None, description="Margin of the pieces less the cost of the move; absent where it is not known."
    )


class StockTransfersOutput(BaseModel):
    """The moves that are worth it, and why there may be none."""

    as_of: date = Field(description="The shop's day.")
    currency: str = Field(description="Currency of all money.")
    places: int = Field(description="Places with a share of the shop's demand.")
    considered: int = Field(description="Items that lie at these places.")
    moves: list[Move] = Field(description="What to move, most valuable first.")
    total_pieces: int = Field(description="Pieces of all moves.")
    notes: list[str] = Field(description="What limits the answer.")


@agent(
    title="Stock transfers",
    reads={"products", "sales", "stock_days", "prices", "supplies", "overrides", "locations"},
    needs={"models"},
    proposes=False,
    budget_s=40,  # fits all items when no forecasts are kept
    examples=({}, {"min_pieces": 1, "service_level": 0.95}),
)
def stock_transfers(inp: StockTransfersInput, ctx: Context) -> Result[StockTransfersOutput]:
    """Say which pieces to move between places of stock.

    Each place needs what its share of the demand may ask until its own delivery comes, and gives only what it
    can spare until then. WooCommerce knows one stock and no place of a sale, so the share of each place is
    what the owner entered. Changes nothing.
    """
    today = shop_day(ctx.now, ctx.facts.timezone)
    ctx.progress(0, 3, "Reading the places of stock")
    everywhere = ctx.store.locations()
    places = [one for one in everywhere if one.share is not None and one.share > 0]
    notes = _notes(everywhere, places)
    holders = []
    if len(places) > 1:
        held = {key for one in places for key in one.stock}
        found = panel.stocks(ctx, inp.product_ids)
        notes += panel.unknown(inp.product_ids, found)
        holders = [one for one in found if one.id in held and one.published]
    seen = panel.current(ctx, holders, today, 0) if holders else None
    ctx.progress(2, 3, "Weighing what is spare against what is missing")
    moves: list[Move] = []
    if seen is not None:
        supplies = ctx.store.supplies()
        holders = [holder for holder in holders if holder.id in seen.row]
        moves = _moves(holders, places, seen, supplies, inp, ctx)
    if inp.trip_cost and any(move.gain is None for move in moves):
        notes.append("Where no margin is known the cost of the move was not weighed.")
    ctx.log(f"{len(places)} places, {len(holders)} items, {len(moves)} moves")
    return Result(
        StockTransfersOutput(
            as_of=today,
            currency=ctx.facts.currency,
            places=len(places),
            considered=len(holders),
            moves=moves[: inp.limit],
            total_pieces=sum(move.pieces for move in moves[: inp.limit]),
            notes=notes,
        )
    )


def _notes(everywhere: Sequence[Location], places: Sequence[Location]) -> list[str]:
    if not everywhere:
        return ["No places of stock are entered, so there is nothing to move."]
    notes = []
    silent = [one.name for one in everywhere if one not in places]
    if silent:
        notes.append(f"Left out for want of a share of the demand: {', '.join(silent)}.")
    if len(places) < 2:
        notes.append("Moves need two places with a share of the demand.")
    served = sum(one.share or 0.0 for one in places)
    if places and served > 1 + NEAR:
        notes.append(f"The places' shares add up to {served:.0%} of the demand; each counts in proportion.")
    elif places and served < 1 - NEAR:
        notes.append(
            f"The places serve {served:.0%} of the demand; the rest counts as served from elsewhere."
        )
    return notes


def _moves(
    holders: Sequence[Holder],
    places: Sequence[Location],
    seen: Outlook,
    supplies: Supplies,
    inp: StockTransfersInput,
    ctx: Context,
) -> list[Move]:
    stock = np.array([[float(one.stock.get(holder.id, 0)) for one in places] for holder in holders])
    shares = np.array([one.share or 0.0 for one in places])
    shares = shares / max(shares.sum(), 1.0)
    terms = [holder.terms(supplies) for holder in holders]
    lead = np.array([max(one.lead_days, 1) for one in terms])
    review = np.array([max(one.review_days, 1) for one in terms])
    rows = np.array([seen.row[holder.id] for holder in holders])
    need, keep = (_needed(seen, rows, days, shares, inp.service_level) for days in (lead, lead + review))
    worth = np.array([_margin(holder, supplies, ctx) for holder in holders])
    found = propose(
        stock,
        keep,
        need,
        worth=np.nan_to_num(worth),
        trip_cost=np.where(np.isfinite(worth), inp.trip_cost, 0.0),
        least=inp.min_pieces,
    )

    def move(one: Transfer) -> Move:
        holder, source, target = holders[one.row], places[one.source], places[one.target]
        gain = None
        if np.isfinite(worth[one.row]):
            gain = quantize(Decimal(str(round(one.gain, 4))), ctx.facts.decimals)
        return Move(
            product_id=holder.product_id,
            item_id=holder.id,
            name=holder.name,
            sku=holder.sku,
            source_id=source.id,
            source_name=source.name,
            target_id=target.id,
            target_name=target.name,
            pieces=one.pieces,
            source_stock=int(stock[one.row, one.source]),
            target_stock=int(stock[one.row, one.target]),
            source_keeps=int(keep[one.row, one.source]),
            target_needs=int(need[one.row, one.target]),
            gain=gain,
        )

    made = [move(one) for one in found]
    return sorted(made, key=lambda one: (-(one.gain or 0), -one.pieces, one.item_id, one.target_id))


def _needed(seen: Outlook, rows: Whole, days: Whole, shares: Floats, level: float) -> Floats:
    """Pieces (items, places) that cover so many days at each place, by a place's part of the demand.

    A part p of a count with mean m and variance v has mean pm and variance pm + p^2 (v - m).
    """
    found = np.zeros((len(rows), len(shares)))
    for length in np.unique(days).tolist():
        at = np.flatnonzero(days == length)
        mean = seen.total(int(length))[rows[at]]
        ends = seen.quantiles(int(length), (LOW, HIGH))[rows[at]]
        extra = np.maximum(((ends[:, 1] - ends[:, 0]) / WIDTH) ** 2 - mean, 0.0)
        for place, share in enumerate(shares.tolist()):
            found[at, place] = count_quantile(share * mean, share * mean + share**2 * extra, level)
    return found


def _margin(holder: Holder, supplies: Supplies, ctx: Context) -> float:
    """What a piece earns; NaN where cost or price is unknown, or the price holds an unknown tax."""
    cost, price = unit_cost(holder, holder.terms(supplies)), holder.price
    if cost is None or price is None or ctx.facts.prices_include_tax:
        return float("nan")
    return max(float(price - cost), 0.0)
