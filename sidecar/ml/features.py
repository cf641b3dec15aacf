"""What the boosted models know of a series at an origin: its past, the forecasts, calendar and price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sidecar.ml.backtest import WEEK, Backtest
from sidecar.ml.series import Bools, Floats, Ints, Singles, mean_known

FORECASTS = ("mean_8", "mean_91", "ses", "tsb", "imapa", "profile_level", "theta")


@dataclass(frozen=True)
class Drivers:
    """What is known of the future too, (n, t + horizon) each or None: price, and promotions as 0 to 1."""

    price: Floats | None = None
    promo: Floats | None = None

    def rows(self, chosen: Ints) -> Drivers:
        """Those of some items."""
        parts = (values if values is None else values[chosen] for values in (self.price, self.promo))
        return Drivers(*parts)


def blocks(horizon: int, season: int) -> Ints:
    """Block of each period ahead: weeks of days, else single periods."""
    out: Ints = np.arange(horizon) // (WEEK if season == WEEK else 1)
    return out


def history(y: Floats, season: int) -> Floats:
    """How demand went up to now, (n, features), all free of the series' unit but the logarithms."""
    short, middle, long = (WEEK, 28, 91) if season == WEEK else (2, 8, 26)
    known = np.isfinite(y)
    sold = np.where(known, y, 0.0)
    count = known.sum(axis=1)
    mean = sold.sum(axis=1) / np.maximum(count, 1)
    squares = np.einsum("rt,rt->r", sold, sold) / np.maximum(count, 1)
    spread = np.sqrt(np.maximum(squares - mean**2, 0.0))
    one = np.maximum(mean, 1e-9)
    busy = sold > 0
    idle = np.where(busy.any(axis=1), busy[:, ::-1].argmax(axis=1), y.shape[1])
    size = sold.sum(axis=1) / np.maximum(busy.sum(axis=1), 1)
    return np.stack(
        [
            np.log1p(mean),
            np.log1p(size),
            spread / one,
            busy.sum(axis=1) / np.maximum(count, 1),
            np.log1p(idle),
            np.log1p(count),
            *(np.nan_to_num(mean_known(y[:, -width:])) / one for width in (short, middle, long)),
            np.nan_to_num(mean_known(busy[:, -middle:].astype(float))),
            sold.max(axis=1, initial=0.0) / one,
        ],
        axis=1,
    )


def table(test: Backtest, at: int, unit: Floats, columns: Ints, drivers: Drivers, group: Floats) -> Singles:
    """Features (n, columns, f) after origin `at` (-1: the end); unit, group (n,)."""
    origin = (*test.origins, test.y.shape[1])[at]
    past = history(test.y[:, :origin], test.season)
    parts = [*past.T[:, :, None]]
    # Not the combination itself: its choice was made knowing what came after the past origins.
    parts += [np.nan_to_num(test.candidates[name][:, at][:, columns]) / unit[:, None] for name in FORECASTS]
    parts += [np.log(unit)[:, None], np.log(unit / group)[:, None]]
    parts += [test.factors[:, origin + columns], columns[None]]
    for values, ratio in ((drivers.price, True), (drivers.promo, False)):
        if values is not None:
            usual = mean_known(values[:, max(0, origin - 28) : origin])[:, None]
            there = values[:, origin + columns]
            parts.append(np.log(there / usual) if ratio else there - usual)
    out = np.empty((len(unit), len(columns), len(parts)), dtype=np.float32)
    for place, part in enumerate(parts):
        out[:, :, place] = part
    return out


def sampled(tables: Sequence[Singles], usable: Sequence[Bools], most: int, seed: int) -> tuple[Singles, Ints]:
    """At most so many rows of the tables, of those usable (n, columns), and their places among these."""
    counts = np.array([int(part.sum()) for part in usable])
    total = int(counts.sum())
    chosen = np.arange(total)
    if total > most:
        chosen = np.random.default_rng(seed).choice(total, most, replace=False)
    out = np.empty((len(chosen), tables[0].shape[2]), dtype=np.float32)
    for first, made, there in zip(np.cumsum(counts) - counts, tables, usable, strict=True):
        rows = np.flatnonzero((chosen >= first) & (chosen < first + int(there.sum())))
        out[rows] = made.reshape(-1, made.shape[2])[np.flatnonzero(there)[chosen[rows] - first]]
    return out, chosen


def group_levels(unit: Floats, groups: Ints) -> Floats:
    """Typical unit of each series' group (n,), leaning on all."""
    logs = np.log(unit)
    middle = float(np.median(logs)) if len(logs) else 0.0
    total = np.bincount(groups, logs) if len(logs) else np.zeros(0)
    count = np.bincount(groups) if len(logs) else np.zeros(0)
    typical: Floats = np.exp((total + 5 * middle) / (count + 5))[groups]
    return typical
