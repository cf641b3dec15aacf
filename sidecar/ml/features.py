"""What the boosted models know of a series at an origin: its past, the forecasts, calendar and price."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sidecar.ml.backtest import WEEK, Backtest
from sidecar.ml.series import Floats, Ints, mean_known

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
    mean = np.nan_to_num(mean_known(y))
    spread = np.sqrt(np.nan_to_num(mean_known((y - mean[:, None]) ** 2)))
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


def table(test: Backtest, at: int, unit: Floats, columns: Ints, drivers: Drivers, group: Floats) -> Floats:
    """Features (n, columns, f) after origin `at` (-1: the end); unit, group (n,)."""
    origin = (*test.origins, test.y.shape[1])[at]
    past = history(test.y[:, :origin], test.season)
    n = len(unit)
    parts = [np.broadcast_to(past[:, None], (n, len(columns), past.shape[1]))]
    forecasts = [np.nan_to_num(test.candidates[name][:, at][:, columns]) for name in FORECASTS]
    # Not the combination itself: its choice was made knowing what came after the past origins.
    parts.append(np.stack(forecasts, axis=2) / unit[:, None, None])
    own = np.stack([np.log(unit), np.log(unit / group)], axis=1)
    parts.append(np.broadcast_to(own[:, None], (n, len(columns), 2)))
    ahead = np.broadcast_to(test.factors, (n, test.factors.shape[1]))[:, origin + columns]
    parts += [ahead[:, :, None], np.broadcast_to(columns[None, :, None], (n, len(columns), 1))]
    for values, ratio in ((drivers.price, True), (drivers.promo, False)):
        if values is not None:
            usual = mean_known(values[:, max(0, origin - 28) : origin])[:, None]
            there = values[:, origin + columns]
            parts.append((np.log(there / usual) if ratio else there - usual)[:, :, None])
    return np.concatenate(parts, axis=2)


def group_levels(unit: Floats, groups: Ints) -> Floats:
    """Typical unit of each series' group (n,), leaning on all."""
    logs = np.log(unit)
    middle = float(np.median(logs)) if len(logs) else 0.0
    total = np.bincount(groups, logs) if len(logs) else np.zeros(0)
    count = np.bincount(groups) if len(logs) else np.zeros(0)
    typical: Floats = np.exp((total + 5 * middle) / (count + 5))[groups]
    return typical
