"""Demand per item for the coming periods: expected values, quantiles, and how good they were in the past."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MAX_HORIZON = 365
TOTAL_LEVELS = (0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.975, 0.99)


@dataclass(frozen=True)
class Forecast:
    """What is expected of n items over h periods, in units per period.

    mean (n, h); quantiles (n, q, h) at `levels`; method, notes: one per item, codes joined by spaces.
    error, naive_error (n,): RMSSE of this forecast and of seasonal naive over the backtest, NaN where the
    history is too short; coverage (n,): share of backtest periods inside the widest interval.
    """

    mean: Floats
    quantiles: Floats
    levels: tuple[float, ...]
    method: tuple[str, ...]
    error: Floats
    naive_error: Floats
    coverage: Floats
    notes: tuple[str, ...]
    total_periods: tuple[int, ...]
    total_values: Floats

    def total(self, periods: int) -> Floats:
        """Expected units over the first `periods`, per item."""
        total: Floats = self.mean[:, : self._within(periods)].sum(axis=1)
        return total

    def total_quantiles(self, periods: int, levels: Sequence[float]) -> Floats:
        """Quantiles (n, levels) of the units sold over the first `periods` together.

        Interpolated between the lengths and levels that were measured; levels are cut at 0.01 and 0.99.
        """
        known = np.array(self.total_periods)
        late = min(int(np.searchsorted(known, self._within(periods))), len(known) - 1)
        early = max(late - 1, 0)
        expected = self.mean.cumsum(axis=1)
        share = 0.0 if late == early else (periods - known[early]) / (known[late] - known[early])
        around = [self.total_values[:, at] - expected[:, known[at] - 1, None] for at in (early, late)]
        values = expected[:, periods - 1, None] + (1 - share) * around[0] + share * around[1]
        values = np.maximum.accumulate(np.maximum(values, 0.0), axis=1)
        return np.stack([_at_level(values, level) for level in levels], axis=1)

    def _within(self, periods: int) -> int:
        if not 1 <= periods <= self.mean.shape[1]:
            raise ValueError(f"periods must be between 1 and {self.mean.shape[1]}, not {periods}.")
        return periods


def _at_level(values: Floats, level: float) -> Floats:
    """Linear between the neighbouring levels of the table."""
    place = float(np.interp(level, TOTAL_LEVELS, np.arange(len(TOTAL_LEVELS))))
    low = int(place)
    high = min(low + 1, len(TOTAL_LEVELS) - 1)
    return values[:, low] + (place - low) * (values[:, high] - values[:, low])


def forecast(
    y: Floats,
    horizon: int,
    *,
    season: int = 7,
    levels: Sequence[float] = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95),
    first_day: date | None = None,
    groups: Sequence[str] | None = None,
    price: Floats | None = None,
    promo: Floats | None = None,
    holidays: Sequence[date] | None = None,
    seed: int = 0,
) -> Forecast:
    """Demand over the coming `horizon` periods for every row of y (n, t), oldest first; NaN is unknown."""
    y = np.asarray(y, dtype=np.float64)
    if y.ndim != 2:
        raise ValueError("y must have one row per item and one column per period.")
    if not 1 <= horizon <= MAX_HORIZON:
        raise ValueError(f"horizon must be between 1 and {MAX_HORIZON} periods, not {horizon}.")
    n, length = y.shape
    y = np.where(np.isfinite(y), np.maximum(y, 0.0), np.nan)
    padded = np.concatenate([np.full((n, max(0, season - length)), np.nan), y], axis=1)
    last = padded[:, -season:] if padded.shape[1] else np.full((n, season), np.nan)
    known = np.isfinite(y)
    average = np.where(known, y, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    last = np.where(np.isfinite(last), last, average[:, None])
    mean = np.resize(last, (n, horizon)) if n == 0 else np.tile(last, -(-horizon // season))[:, :horizon]
    lag = y[:, season:] - y[:, :-season] if length > season else np.full((n, 1), np.nan)
    spread = np.sqrt(
        np.where(np.isfinite(lag), lag**2, 0.0).sum(axis=1) / np.maximum(np.isfinite(lag).sum(axis=1), 1)
    )
    spread = np.where(spread > 0, spread, np.sqrt(np.maximum(average, 0.0)))
    z = np.array([_normal(level) for level in levels])
    quantiles = np.maximum(mean[:, None, :] + z[None, :, None] * spread[:, None, None], 0.0)
    periods = tuple(
        sorted({p for p in (1, 2, 3, 5, 7, 10, 14, 21, 28, 45, 60, 90, 180, horizon) if p <= horizon})
    )
    zt = np.array([_normal(level) for level in TOTAL_LEVELS])
    cumulated = mean.cumsum(axis=1)[:, np.array(periods) - 1]
    totals = cumulated[:, :, None] + zt * (spread[:, None] * np.sqrt(np.array(periods)))[:, :, None]
    return Forecast(
        mean=mean,
        quantiles=quantiles,
        levels=tuple(levels),
        method=("seasonal_naive",) * n,
        error=np.full(n, np.nan),
        naive_error=np.full(n, np.nan),
        coverage=np.full(n, np.nan),
        notes=tuple("" if any_known else "no_history" for any_known in known.sum(axis=1) > 0),
        total_periods=periods,
        total_values=np.maximum(totals, 0.0),
    )


def _normal(level: float) -> float:
    from statistics import NormalDist

    return NormalDist().inv_cdf(level)
