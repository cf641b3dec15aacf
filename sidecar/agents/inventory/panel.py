"""From the store's frames to one row of daily demand per stock, and from that to forecasts.

A shop of any size is worked through in slices of some thousand stocks, so that memory does not grow with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from sidecar.agents.inventory.keeping import kept, kept_alone
from sidecar.core.agent import Context
from sidecar.core.forecasts import WHOLE_SHOP, KeptForecast
from sidecar.core.store import Store
from sidecar.retail.calendar import shop_day
from sidecar.retail.demand import History, history
from sidecar.retail.holders import Holder, holders_of
from sidecar.retail.outlook import Outlook, outlook
from sidecar.retail.prices import tax_factor

if TYPE_CHECKING:
    import pandas as pd

    from sidecar.ml.forecast import Forecast
    from sidecar.retail.demand import Floats
    from sidecar.retail.offers import Offers

HISTORY_DAYS, HORIZON = 730, 90
FEW = 500
"""So many ids are told to the database; with more it reads all and the rest is dropped here."""
FRESH_DAYS = 7
"""A forecast that is older is made anew before an answer rests on it."""
NAMED = 10
"""So many ids are named in a note."""
SLICE = 4_000
"""Stocks that are fitted together: enough to learn what they share, few enough for a small machine."""


@dataclass(frozen=True)
class Panel:
    """Demand of each holder's stock, (n, days); `notes` are codes of what had to be left out."""

    holders: list[Holder]
    past: History
    category: tuple[int, ...]
    notes: tuple[str, ...] = ()
    offers: Offers | None = None


class Source:
    """What the shop sold, read once, of which panels of some stocks are made."""

    def __init__(self, ctx: Context, holders: Sequence[Holder]) -> None:
        self.ctx, self.holders = ctx, list(holders)
        self.today = shop_day(ctx.now, ctx.facts.timezone)
        self.first, self.last = _window(ctx.store, self.today)
        ids = [item_id for holder in holders for item_id in holder.item_ids]
        self.sold = ctx.store.daily_sales(self.first, ids if len(ids) <= FEW else None)
        self.home = {holder.id: home for holder, home in zip(self.holders, homes(self.holders), strict=True)}

    def panel(self, holders: Sequence[Holder], offers: bool = False) -> Panel:
        """Demand of these stocks; with `offers` what they cost on each day, past and coming, too."""
        owner = {item_id: holder.id for holder in holders for item_id in holder.item_ids}
        sold = self.sold[self.sold["item_id"].isin(list(owner))]
        stock = self.ctx.store.stock_days(self.first, list(owner))
        stock = stock.assign(item_id=stock["item_id"].map(owner))
        past = history(
            [holder.id for holder in holders],
            [holder.created for holder in holders],
            self.first,
            self.last,
            sold.assign(item_id=sold["item_id"].map(owner)),
            stock,
        )
        odd = {"future_days": sold["day"] > str(self.today), "negative": sold["quantity"] < 0}
        notes = tuple(code for code, rows in odd.items() if bool(rows.any()))
        category = tuple(self.home[holder.id] for holder in holders)
        made = Panel(list(holders), past, category, notes)
        return replace(made, offers=self._offers(made, sold)) if offers else made

    def _offers(self, panel: Panel, sold: pd.DataFrame) -> Offers | None:
        from sidecar.retail.offers import offers, tax_pairs

        facts, items = self.ctx.facts, [item for holder in panel.holders for item in holder.items]
        tax = tax_factor(tax_pairs(sold, items, self.today), facts.prices_include_tax)
        changes = self.ctx.store.prices(self.first, [item.id for item in items])
        window = (self.first, panel.past.sold.shape[1], HORIZON)
        return offers(
            panel.holders, window, sold, changes, facts.timezone, None if tax is None else float(tax)
        )


def demand(ctx: Context, holders: Sequence[Holder]) -> Panel:
    """Daily demand of these stocks up to yesterday; days before the shop's first order are unknown."""
    return Source(ctx, holders).panel(holders)


def _window(store: Store, today: date) -> tuple[date, date]:
    span = store.sales_span()
    earliest = today - timedelta(days=HISTORY_DAYS)
    last = today - timedelta(days=1)
    first = earliest if span is None else max(earliest, span[0])
    return min(first, last), last


def homes(holders: Sequence[Holder]) -> list[int]:
    """Each stock's narrowest category, the one that fewest products share."""
    from sidecar.retail.panel import home_category

    homes = home_category([item for holder in holders for item in holder.items])
    return [homes.get(holder.product_id, 0) for holder in holders]


def known_demand(past: History) -> Floats:
    """Pieces sold a day (n, days); NaN before the item existed and on days without stock."""
    import numpy as np

    return np.where(past.open, past.sold, np.nan)


def fit(panel: Panel, horizon: int, seed: int) -> Forecast:
    """Forecasts of all rows of the panel for the days after its last."""
    from sidecar.ml.rare import forecast

    offers = panel.offers
    return forecast(
        known_demand(panel.past),
        horizon,
        season=7,
        first_day=panel.past.first,
        groups=[str(home) for home in panel.category],
        price=None if offers is None else offers.price,
        promo=None if offers is None else offers.promo,
        orders=panel.past.orders,
        seed=seed,
    )


@dataclass(frozen=True)
class Fitted:
    """One slice: its forecasts, what it sold on each day (days,), and codes of what had to be left out."""

    kept: list[KeptForecast]
    sold: Floats
    notes: tuple[str, ...]


def fitted(ctx: Context, source: Source, seed: int) -> Iterator[Fitted]:
    """The shop's forecasts, slice by slice."""
    parts = shared_out(source.holders, source.home, SLICE)
    for n, part in enumerate(parts):
        ctx.progress(n + 1, len(parts) + 2, "Trying methods on past days")
        panel = source.panel(part, offers=True)
        made = fit(panel, HORIZON, seed)
        yield Fitted(kept(panel, made), panel.past.sold.sum(axis=0), panel.notes)


def shared_out(holders: Sequence[Holder], home: dict[int, int], most: int) -> list[list[Holder]]:
    """Stocks in slices of about equal size; categories lie together, since newcomers borrow from theirs."""
    count = -(-len(holders) // most)
    if count <= 1:
        return [list(holders)] if holders else []
    ordered = sorted(holders, key=lambda one: (home[one.id], one.product_id, one.id))
    size = -(-len(ordered) // count)
    return [ordered[first : first + size] for first in range(0, len(ordered), size)]


def whole_shop(source: Source, sold: Floats) -> KeptForecast:
    """The forecast of what all stocks sell together, a series of its own; `sold` (days,)."""
    import numpy as np

    total = sold[None, :]
    never = np.zeros(total.shape, dtype=bool)
    alive = np.cumsum(total, axis=1) > 0
    joined = History((WHOLE_SHOP,), source.first, source.last, total, never, never, alive)
    return kept_alone(WHOLE_SHOP, joined, fit(Panel([], joined, (0,)), HORIZON, 0))


def stocks(ctx: Context, product_ids: Sequence[int]) -> list[Holder]:
    """The stocks of these products, or of all that are published or private."""
    return holders_of(ctx.store.items(products=list(product_ids) or None))


def unknown(product_ids: Sequence[int], holders: Sequence[Holder]) -> list[str]:
    """A sentence about the products that were asked for and have no stock here; none when all are there."""
    there = {holder.product_id for holder in holders}
    gone = [str(one) for one in dict.fromkeys(product_ids) if one not in there]
    if not gone:
        return []
    named = ", ".join(gone[:NAMED]) + (f" and {len(gone) - NAMED} more" if len(gone) > NAMED else "")
    return [f"Not among the shop's published or private products, so nothing is said of them: {named}."]


def current(ctx: Context, holders: Sequence[Holder], today: date, seed: int) -> Outlook:
    """What is expected of these stocks, from kept forecasts; what lacks a fresh one is fitted and kept."""
    ids = [holder.id for holder in holders]
    found = {
        one.item_id: one
        for one in ctx.models.forecasts(ids)
        if 0 <= (today - one.first_day).days <= FRESH_DAYS
    }
    missing = [holder for holder in holders if holder.id not in found]
    if missing:
        for part in fitted(ctx, Source(ctx, missing), seed):
            ctx.models.keep(part.kept)
            found |= {one.item_id: one for one in part.kept}
    return outlook([found[ident] for ident in ids if ident in found], ctx.store.overrides(today), today)
