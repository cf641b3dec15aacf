"""Forecasts that outlive the run that made them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

WHOLE_SHOP = 0
"""The item id under which the sum of all items is kept."""


@dataclass(frozen=True, slots=True, eq=False)
class KeptForecast:
    """What is expected of one item, in pieces a day, from `first_day` on.

    `item_id` is what has a stock of its own: a simple product, a variation, or the parent whose variations
    share one stock. mean (h,); quantiles (q, h) at `levels`; totals (p, l): quantiles at `total_levels` of
    the pieces sold over the first `periods` days together. error and naive_error are the RMSSE of a backtest
    for this forecast and for last week's sales again; coverage is the share of backtest days inside the
    widest interval; each None where the history is too short. sold and in_stock (k,) are the last days
    before `first_day`, `pieces` what sold since `since`. `made_at` is an epoch second, 0 until it is kept.
    """

    item_id: int
    product_id: int
    first_day: date
    method: str
    notes: tuple[str, ...]
    error: float | None
    naive_error: float | None
    coverage: float | None
    pieces: float
    since: date
    last_sale: date | None
    levels: tuple[float, ...]
    mean: Floats
    quantiles: Floats
    periods: tuple[int, ...]
    total_levels: tuple[float, ...]
    totals: Floats
    sold: Floats
    in_stock: NDArray[np.bool_]
    made_at: int = 0


class Models(Protocol):
    """What an agent may keep of what it fitted; handed in with `needs={"models"}`."""

    def keep(self, forecasts: Sequence[KeptForecast], *, all_items: bool = False) -> None:
        """Stores forecasts when the run succeeds; may be called part by part.

        With `all_items` the parts together are all: forecasts of other items are let go.
        """
        ...

    def forecasts(self, ids: Sequence[int] | None = None) -> list[KeptForecast]:
        """The forecasts that were kept before this run, by item; those of `ids` if named."""
        ...
