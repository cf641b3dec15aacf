"""Dead and slow stock by what the kept forecasts remember of the last half year."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from sidecar.core.forecasts import KeptForecast
from sidecar.retail.dead import find
from sidecar.retail.ordering import YEAR
from sidecar.retail.outlook import Outlook
from sidecar.retail.stock_plan import Decision, unit_cost

MIN_DAYS = 90
PACE_DAYS = 90
SURPRISE = 0.01
"""A silence with at most this chance at the earlier pace is no accident."""
STATES: dict[str, Literal["dead", "slow"]] = {"dead": "dead", "slow": "slow"}


@dataclass(frozen=True, slots=True)
class Idle:
    """One stock that sells nothing ("dead") or too little ("slow").

    `quiet` is days in stock since the last sale, `pieces` sold in PACE_DAYS, `value` the money in the stock,
    None where no cost is known; `cover` days that the stock lasts, None where nothing sells; `chance` of so
    long a silence at the pace before it, None where it never sold.
    """

    decision: Decision
    state: Literal["dead", "slow"]
    quiet: int
    pieces: float
    value: Decimal | None
    cover: float | None
    chance: float | None


def idle(decisions: Sequence[Decision], seen: Outlook, min_days: int = MIN_DAYS) -> list[Idle]:
    """The dead and slow stocks, most money first.

    A silence that the item's own pace makes no surprise does not make it dead: what sells a few pieces a year
    is slow when its stock lasts for more than a year, and else in order.
    """
    able = [one for one in decisions if one.row is not None and (one.holder.stock or 0) > 0]
    kept = [seen.kept[one.row] for one in able if one.row is not None]
    quiet = [quiet_days(one) for one in kept]
    pieces = [float(one.sold[-PACE_DAYS:].sum()) for one in kept]
    costs = [unit_cost(one.holder, one.supply) for one in able]
    found = find(
        [one.holder.stock or 0 for one in able],
        [float("nan") if cost is None else float(cost) for cost in costs],
        quiet,
        pieces,
        min_days_no_sale=min_days,
        window_days=PACE_DAYS,
    )
    lines = []
    for n, one in enumerate(able):
        stock, pace = one.holder.stock or 0, _pace(kept[n])
        chance = None if pace is None else math.exp(-pace * quiet[n])
        state, cover = STATES.get(str(found.state[n])), float(found.days_of_cover[n])
        silent = state == "dead" or pieces[n] == 0
        if state and silent and pace is not None and chance is not None and chance > SURPRISE:
            cover = stock / pace
            state = "slow" if cover > YEAR else None
        # Of a young item a short window looks like a slow pace.
        young = (kept[n].first_day - kept[n].since).days < PACE_DAYS
        if state is not None and not (state == "slow" and young):
            value = None if costs[n] is None else (costs[n] or Decimal(0)) * stock
            lasts = cover if math.isfinite(cover) else None
            lines.append(Idle(one, state, quiet[n], pieces[n], value, lasts, chance))
    return sorted(lines, key=lambda line: (-(line.value or Decimal(0)), line.decision.holder.id))


def _pace(one: KeptForecast) -> float | None:
    """Pieces a day from the start to the last sale, whose end is chosen by a sale; None without one."""
    if one.last_sale is None or one.pieces <= 0:
        return None
    days = (one.last_sale - one.since).days + 1
    return one.pieces / days


def quiet_days(one: KeptForecast) -> int:
    """Days in stock since the last sale, or since the item is known where it never sold."""
    start = one.since if one.last_sale is None else one.last_sale
    days = (one.first_day - start).days - (one.last_sale is not None)
    known = min(days, len(one.in_stock))
    empty = int((~one.in_stock[len(one.in_stock) - known :]).sum()) if known > 0 else 0
    return max(days - empty, 0)
