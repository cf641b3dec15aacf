"""From the store's frames to one row of daily demand per stock, and from that to forecasts worth keeping."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from sidecar.core.agent import Context
from sidecar.core.forecasts import WHOLE_SHOP, KeptForecast
from sidecar.core.store import Store
from sidecar.retail.calendar import shop_day
from sidecar.retail.demand import History, history
from sidecar.retail.holders import Holder, holders_of
from sidecar.retail.outlook import Outlook, outlook

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from sidecar.ml.forecast import Forecast
    from sidecar.retail.demand import Floats

HISTORY_DAYS, HORIZON, SHOWN_DAYS = 730, 90, 180
PERIODS = (1, 2, 3, 5, 7, 10, 14, 21, 28, 35, 45, 60, 75, 90)
"""Days whose totals are kept with a forecast."""
FEW = 500
"""So many ids are told to the database; with more it reads all and the rest is dropped here."""
FRESH_DAYS = 7
"""A forecast that is older is made anew before an answer rests on it."""


@dataclass(frozen=True)
class Panel:
    """Demand of each holder's stock, (n, days); `notes` are codes of what had to be left out."""

    holders: list[Holder]
    past: History
    category: tuple[int, ...]
    notes: tuple[str, ...] = ()


def demand(ctx: Context, holders: Sequence[Holder]) -> Panel:
    """Daily demand of these stocks up to yesterday; days before the shop's first order are unknown."""
    today = shop_day(ctx.now, ctx.facts.timezone)
    first, last = _window(ctx.store, today)
    ids = [item_id for holder in holders for item_id in holder.item_ids]
    few = ids if len(ids) <= FEW else None
    sold = ctx.store.daily_sales(first, few)
    stock = ctx.store.stock_days(first, few)
    owner = {item_id: holder.id for holder in holders for item_id in holder.item_ids}
    sold, stock = (_of(frame, owner) for frame in (sold, stock))
    past = history(
        [holder.id for holder in holders], [holder.created for holder in holders], first, last, sold, stock
    )
    odd = {"future_days": sold["day"] > str(today), "negative": sold["quantity"] < 0}
    notes = tuple(code for code, rows in odd.items() if bool(rows.any()))
    return Panel(list(holders), past, tuple(homes(holders)), notes)


def _window(store: Store, today: date) -> tuple[date, date]:
    span = store.sales_span()
    earliest = today - timedelta(days=HISTORY_DAYS)
    last = today - timedelta(days=1)
    first = earliest if span is None else max(earliest, span[0])
    return min(first, last), last


def _of(frame: pd.DataFrame, owner: dict[int, int]) -> pd.DataFrame:
    mine = frame[frame["item_id"].isin(list(owner))]
    return mine.assign(item_id=mine["item_id"].map(owner))


def homes(holders: Sequence[Holder]) -> list[int]:
    """Each stock's narrowest category, the one that fewest products share."""
    from sidecar.retail.panel import home_category

    homes = home_category([item for holder in holders for item in holder.items])
    return [homes.get(holder.product_id, 0) for holder in holders]


def known_demand(past: History) -> Floats:
    """Pieces sold a day (n, days); NaN before the item existed and on days without stock."""
    import numpy as np

    return np.where(past.open, past.sold, np.nan)


def fit(
    panel: Panel, horizon: int, seed: int, progress: Callable[[int, int, str], None] | None = None
) -> Forecast:
    """Forecasts of all rows of the panel for the days after its last."""
    from sidecar.ml.forecast import forecast

    if progress:
        progress(1, 3, "Trying methods on past days")
    return forecast(
        known_demand(panel.past),
        horizon,
        season=7,
        first_day=panel.past.first,
        groups=[str(home) for home in panel.category],
        seed=seed,
    )


def kept(panel: Panel, made: Forecast) -> list[KeptForecast]:
    """The fitted rows in the form in which they are kept."""
    totals = _totals(made)
    return [
        _row(row, panel.holders[row].id, panel.holders[row].product_id, panel.past, made, totals)
        for row in range(len(panel.holders))
    ]


def kept_alone(item_id: int, past: History, made: Forecast) -> KeptForecast:
    """The only fitted row in the form in which it is kept."""
    return _row(0, item_id, item_id, past, made, _totals(made))


def _row(
    row: int,
    item_id: int,
    product_id: int,
    past: History,
    made: Forecast,
    totals: tuple[Floats, tuple[float, ...]],
) -> KeptForecast:
    import numpy as np

    sold, alive = past.sold[row], past.alive[row]
    started = int(np.argmax(alive)) if alive.any() else len(alive) - 1
    sales = np.flatnonzero(sold > 0)
    return KeptForecast(
        item_id=item_id,
        product_id=product_id,
        first_day=past.last + timedelta(days=1),
        method=made.method[row],
        notes=tuple(made.notes[row].split()),
        error=_known(made.error[row]),
        naive_error=_known(made.naive_error[row]),
        coverage=_known(made.coverage[row]),
        pieces=float(sold.sum()),
        since=past.first + timedelta(days=started),
        last_sale=past.first + timedelta(days=int(sales[-1])) if len(sales) else None,
        levels=made.levels,
        mean=made.mean[row],
        quantiles=made.quantiles[row],
        periods=PERIODS,
        total_levels=totals[1],
        totals=totals[0][row],
        sold=sold[-SHOWN_DAYS:],
        in_stock=(past.open | ~past.alive)[row][-SHOWN_DAYS:],
    )


def _totals(made: Forecast) -> tuple[Floats, tuple[float, ...]]:
    """Quantiles of totals (n, periods, levels) on one grid, whatever the history behind a forecast."""
    import numpy as np

    from sidecar.ml.intervals import TOTAL_LEVELS

    return np.stack([made.total_quantiles(days, TOTAL_LEVELS) for days in PERIODS], axis=1), TOTAL_LEVELS


def _known(value: np.float64) -> float | None:
    import numpy as np

    return float(value) if np.isfinite(value) else None


def whole_shop(panel: Panel, seed: int) -> KeptForecast:
    """The forecast of what all stocks sell together, a series of its own."""
    import numpy as np

    past = panel.past
    total = past.sold.sum(axis=0, keepdims=True)
    never = np.zeros(total.shape, dtype=bool)
    alive = np.cumsum(total, axis=1) > 0
    joined = History((WHOLE_SHOP,), past.first, past.last, total, never, never, alive)
    made = fit(Panel([], joined, (0,)), HORIZON, seed)
    return kept_alone(WHOLE_SHOP, joined, made)


def stocks(ctx: Context, product_ids: Sequence[int]) -> list[Holder]:
    """The stocks of these products, or of all that are published or private."""
    return holders_of(ctx.store.items(products=list(product_ids) or None))


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
        panel = demand(ctx, missing)
        fresh = kept(panel, fit(panel, HORIZON, seed, ctx.progress))
        ctx.models.keep(fresh, all_items=False)
        found |= {one.item_id: one for one in fresh}
    return outlook([found[ident] for ident in ids if ident in found], ctx.store.overrides(today), today)
