"""The price of each stock on each day, and how far below the regular one: what was, and what is planned.

The past is what lines of orders were sold at and, since the shop is watched, its own price changes; a change
between two sales is placed as in `price_path`. The future holds nothing but sales the shop has entered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from sidecar.core.store import Item
from sidecar.retail.demand import Bools, Floats
from sidecar.retail.holders import Holder
from sidecar.retail.price_path import daily_prices

if TYPE_CHECKING:
    import pandas as pd

Ints = NDArray[np.int64]
SLOPE = -1.5
"""How demand answers to price where a change is placed between two sales; a usual elasticity."""
LEAST = 0.03
"""A price this close to the regular one is no promotion: roundings and taxes of several rates."""
LOWEST, HIGHEST = 0.1, 3.0
"""Shares of the regular price beyond which a price is a gift or a slip."""
RECENT_DAYS = 30


@dataclass(frozen=True)
class Offers:
    """Price over today's regular price, and depth of the cut from 0 to 1; (n, days + ahead), NaN unknown."""

    price: Floats
    promo: Floats


def offers(
    holders: Sequence[Holder],
    window: tuple[date, int, int],
    sales: pd.DataFrame,
    changes: pd.DataFrame,
    timezone: str,
    tax: float | None,
) -> Offers | None:
    """Offers over `window` (first day, past days, days ahead); None where no price ever differed.

    `sales` has item_id, day, ordered and value (before coupons, without tax); `changes` as `Store.prices`;
    `tax` is the shelf price over the net one, None when that cannot be seen.
    """
    first, days, ahead = window
    today = date.fromordinal(first.toordinal() + days)
    planned = _planned(holders, today, ahead, timezone)
    values, seen, pieces = _paid(holders, first, days + 1, sales, tax)
    known, depth = _watched(holders, first, days, changes, timezone)
    there = np.isfinite(known)
    values[:, :days][there], seen[:, :days][there] = known[there], True
    # Today's price is known too, so that a sale that ended does not go on until the next order.
    now = np.isfinite(planned[:, 0])
    values[now, days], seen[now, days] = np.log(planned[now, 0]), True
    past = np.exp(daily_prices(values, seen, pieces, SLOPE, LEAST)[:, :days])
    past[~seen.any(axis=1)] = np.nan
    price = np.concatenate([past, planned], axis=1)
    promo = _depth(price)
    promo[:, :days] = np.where(there, depth, promo[:, :days])
    differs = (np.abs(np.nan_to_num(price, nan=1.0) - 1) > LEAST) | (np.nan_to_num(promo) > 0)
    return Offers(price, promo) if differs.any() else None


def tax_pairs(sales: pd.DataFrame, items: Sequence[Item], today: date) -> list[tuple[float, float]]:
    """(shelf price, net price paid) of items sold lately, for `prices.tax_factor`."""
    since = np.datetime64(today, "D") - np.timedelta64(RECENT_DAYS, "D")
    good = ((sales["day"] >= since) & (sales["ordered"] > 0) & (sales["value"] > 0)).to_numpy()
    recent = sales[good]
    paid = dict(zip(recent["item_id"].tolist(), (recent["value"] / recent["ordered"]).tolist(), strict=True))
    return [(float(item.price), paid[item.id]) for item in items if item.price and item.id in paid]


def _depth(price: Floats) -> Floats:
    cut = 1 - price
    return np.where(np.isnan(price), np.nan, np.where(cut >= LEAST, np.minimum(cut, 1.0), 0.0))


def _planned(holders: Sequence[Holder], today: date, ahead: int, timezone: str) -> Floats:
    """Share of the regular price on each of the coming days, (n, ahead); of a shared stock the mean."""
    zone = ZoneInfo(timezone)
    found = np.full((len(holders), ahead), np.nan)
    for row, holder in enumerate(holders):
        own = [item for item in holder.items if item.regular_price]
        if own:
            found[row] = 1.0
        for item in own:
            if item.sale_price is not None and item.regular_price:
                start = 0 if item.sale_from is None else max(_days(item.sale_from, today, zone), 0)
                end = ahead - 1 if item.sale_to is None else _days(item.sale_to, today, zone)
                cut = 1 - float(item.sale_price / item.regular_price)
                found[row, start : max(end + 1, 0)] -= cut / len(own)
    return np.where(found > LOWEST, found, np.nan)


def _days(moment: datetime, today: date, zone: ZoneInfo) -> int:
    return (moment.astimezone(zone).date() - today).days


def _paid(
    holders: Sequence[Holder], first: date, days: int, sales: pd.DataFrame, tax: float | None
) -> tuple[Floats, Bools, Floats]:
    """Log of the price paid over the regular one, where any, and pieces of the stock itself; (n, days).

    On days without a sale of its own, a stock takes the price of its product's other variations.
    """
    shape = (len(holders), days)
    own, weight = np.zeros(shape), np.zeros(shape)
    if tax is None or not len(holders):
        return own, weight > 0, weight
    regular = {
        item.id: float(item.regular_price) / tax
        for holder in holders
        for item in holder.items
        if item.regular_price
    }
    place = {item.id: row for row, holder in enumerate(holders) for item in holder.items}
    products, product = np.unique([holder.product_id for holder in holders], return_inverse=True)
    row = sales["item_id"].map(place).to_numpy(dtype=float)
    reference = sales["item_id"].map(regular).to_numpy(dtype=float)
    ordered, value = sales["ordered"].to_numpy(dtype=float), sales["value"].to_numpy(dtype=float)
    column = (sales["day"].to_numpy().astype("datetime64[D]") - np.datetime64(first, "D")).astype(np.int64)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = value / ordered / reference
    good = np.isfinite(row) & (share >= LOWEST) & (share <= HIGHEST) & (column >= 0) & (column < days)
    at, logs, pieces = row[good].astype(np.int64), np.log(share[good]), ordered[good]
    np.add.at(own, (at, column[good]), logs * pieces)
    np.add.at(weight, (at, column[good]), pieces)
    kin, kin_weight = np.zeros((len(products), days)), np.zeros((len(products), days))
    np.add.at(kin, (product[at], column[good]), logs * pieces)
    np.add.at(kin_weight, (product[at], column[good]), pieces)
    values = np.where(
        weight > 0, own / np.maximum(weight, 1e-9), kin[product] / np.maximum(kin_weight[product], 1e-9)
    )
    return values, kin_weight[product] > 0, weight


def _watched(
    holders: Sequence[Holder], first: date, days: int, changes: pd.DataFrame, timezone: str
) -> tuple[Floats, Floats]:
    """Log price over today's regular price, and depth of the cut, since price changes are watched; (n, days).

    A day has the price of its end.
    """
    known, depth = np.full((len(holders), days), np.nan), np.full((len(holders), days), np.nan)
    lead = {holder.items[0].id: row for row, holder in enumerate(holders)}
    mine = changes[changes["item_id"].isin(list(lead))]
    if mine.empty or not days:
        return known, depth
    regular = np.array([float(holder.items[0].regular_price or np.nan) for holder in holders])
    row = mine["item_id"].map(lead).to_numpy(dtype=np.int64)
    local = mine["at"].dt.tz_localize("UTC").dt.tz_convert(timezone).dt.tz_localize(None)
    column = (local.to_numpy().astype("datetime64[D]") - np.datetime64(first, "D")).astype(np.int64)
    price, usual = mine["price"].to_numpy(dtype=float), mine["regular_price"].to_numpy(dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        share, cut = price / regular[row], 1 - price / usual
    good = (column < days) & (share >= LOWEST) & (share <= HIGHEST)
    at = (row[good], np.maximum(column[good], 0))
    known[at], depth[at] = np.log(share[good]), np.clip(np.where(cut >= LEAST, cut, 0.0), 0.0, 1.0)[good]
    last = np.maximum.accumulate(np.where(np.isfinite(known), np.arange(days), -1), axis=1)
    rows = np.arange(len(holders))[:, None]
    filled = [np.where(last >= 0, part[rows, np.maximum(last, 0)], np.nan) for part in (known, depth)]
    return filled[0], filled[1]
