"""From fitted rows to forecasts worth keeping."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sidecar.core.forecasts import KeptForecast
from sidecar.retail.demand import History

if TYPE_CHECKING:
    import numpy as np

    from sidecar.agents.inventory.panel import Panel
    from sidecar.ml.forecast import Forecast
    from sidecar.retail.demand import Bools, Floats

SHOWN_DAYS = 180
PERIODS = (1, 2, 3, 5, 7, 10, 14, 21, 28, 35, 45, 60, 75, 90)
"""Days whose totals are kept with a forecast."""


def kept(panel: Panel, made: Forecast) -> list[KeptForecast]:
    """The fitted rows in the form in which they are kept."""
    totals, there = _totals(made), _there(panel.past)
    return [
        _row(row, holder.id, holder.product_id, panel.past, made, totals, there)
        for row, holder in enumerate(panel.holders)
    ]


def kept_alone(item_id: int, past: History, made: Forecast) -> KeptForecast:
    """The only fitted row in the form in which it is kept."""
    return _row(0, item_id, item_id, past, made, _totals(made), _there(past))


def _row(
    row: int,
    item_id: int,
    product_id: int,
    past: History,
    made: Forecast,
    totals: tuple[Floats, tuple[float, ...]],
    there: Bools,
) -> KeptForecast:
    import numpy as np

    sold, alive = past.sold[row], past.alive[row]
    started = int(np.argmax(alive)) if alive.any() else len(alive) - 1
    sales = np.flatnonzero(sold > 0)

    def own(values: Floats) -> Floats:
        # A copy in single precision: a view would hold the figures of all items in memory.
        return values.astype(np.float32)

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
        mean=own(made.mean[row]),
        quantiles=own(made.quantiles[row]),
        periods=PERIODS,
        total_levels=totals[1],
        totals=own(totals[0][row]),
        sold=own(sold[-SHOWN_DAYS:]),
        in_stock=there[row].copy(),
    )


def _there(past: History) -> Bools:
    """Of the last days, those on which an item could be bought, or was not made yet."""
    last = slice(-SHOWN_DAYS, None)
    found: Bools = ~past.alive[:, last] | ~(past.empty[:, last] & (past.sold[:, last] == 0))
    return found


def _totals(made: Forecast) -> tuple[Floats, tuple[float, ...]]:
    """Quantiles of totals (n, periods, levels) on one grid, whatever the history behind a forecast."""
    import numpy as np

    from sidecar.ml.intervals import TOTAL_LEVELS

    return np.stack([made.total_quantiles(days, TOTAL_LEVELS) for days in PERIODS], axis=1), TOTAL_LEVELS


def _known(value: np.float64) -> float | None:
    import numpy as np

    return float(value) if np.isfinite(value) else None
