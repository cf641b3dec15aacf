"""Dead and slow stock by what the kept forecasts remember of the last half year."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import numpy as np

from sidecar.core.forecasts import KeptForecast
from sidecar.retail.dead import find
from sidecar.retail.outlook import Outlook
from sidecar.retail.stock_plan import Decision, unit_cost

MIN_DAYS = 90
PACE_DAYS = 90
STATES: dict[str, Literal["dead", "slow"]] = {"dead": "dead", "slow": "slow"}


@dataclass(frozen=True, slots=True)
class Idle:
    """One stock that sells nothing ("dead") or too little ("slow").

    `quiet` is days in stock since the last sale, `pieces` sold in PACE_DAYS, `value` the money in the stock,
    None where no cost is known; `cover` days that the stock lasts, None without a sale.
    """

    decision: Decision
    state: Literal["dead", "slow"]
    quiet: int
    pieces: float
    value: Decimal | None
    cover: float | None


def idle(decisions: Sequence[Decision], seen: Outlook, min_days: int = MIN_DAYS) -> list[Idle]:
    """The dead and slow stocks, most money first."""
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
        state: Literal["dead", "slow"] | None = STATES.get(str(found.state[n]))
        # Without a forecast that knows the item for long enough, a short window looks like a slow pace.
        if state == "slow" and (kept[n].first_day - kept[n].since).days < PACE_DAYS:
            continue
        if state is not None:
            cost, cover = costs[n], float(found.days_of_cover[n])
            value = None if cost is None else cost * (one.holder.stock or 0)
            lines.append(Idle(one, state, quiet[n], pieces[n], value, cover if np.isfinite(cover) else None))
    return sorted(lines, key=lambda line: (-(line.value or Decimal(0)), line.decision.holder.id))


def quiet_days(one: KeptForecast) -> int:
    """Days in stock since the last sale, or since the item is known where it never sold."""
    start = one.since if one.last_sale is None else one.last_sale
    days = (one.first_day - start).days - (one.last_sale is not None)
    known = min(days, len(one.in_stock))
    empty = int((~one.in_stock[len(one.in_stock) - known :]).sum()) if known > 0 else 0
    return max(days - empty, 0)
