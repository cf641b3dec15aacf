"""Demand over a lead time: its quantile by several methods, and a backtest that picks among them.

Every method sees only days before its origin and only days on which the item could be bought. Sources: SBA is
Syntetos and Boylan (2005); sums over an uncertain lead time follow E[L] v + m^2 Var[L]; the pinball loss is
the proper score of a quantile.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sidecar.retail.demand import Floats, History
from sidecar.retail.distributions import count_quantile, pinball

RECENT, YEAR = 90, 365
SMOOTHING = 0.1
LOOKS = 16
"""Past moments at most, a lead time apart, at which the backtest stands."""
FEWEST_LOOKS = 4
OPEN_SHARE = 0.8
"""A window with fewer days in stock hides demand and is not scored."""
SEASONAL = ("recent pace and season", "pace of the year and season")
BASELINE = "mean over the lead time"


@dataclass(frozen=True)
class Lead:
    """A lead time of `days` with a standard deviation of `spread`, for a service level.

    `lengths` and `weights` stand for its distribution: three points with its mean and variance.
    """

    days: int
    spread: float
    level: float

    @property
    def lengths(self) -> tuple[tuple[int, float], ...]:
        """(days, weight) pairs; Gauss-Hermite nodes rounded to whole days."""
        if self.spread == 0:
            return ((self.days, 1.0),)
        reach = 3**0.5 * self.spread
        ends = (max(1, round(self.days - reach)), round(self.days + reach))
        return ((ends[0], 1 / 6), (self.days, 2 / 3), (ends[1], 1 / 6))

    @property
    def longest(self) -> int:
        """The longest of the lengths."""
        return max(length for length, _ in self.lengths)


@dataclass(frozen=True)
class Scores:
    """Backtest sums per item, shape (items,): windows scored (weighted), loss and covered windows by method.

    `loss` and `covered` map a method's name to arrays; BASELINE is among them.
    """

    windows: Floats
    loss: dict[str, Floats]
    covered: dict[str, Floats]


class Totals:
    """Running totals of a history, so that any stretch of days is two look-ups.

    `sold`, `square` (pieces squared) and `open` count only days in stock; shape (items, days + 1).
    """

    def __init__(self, past: History) -> None:
        open_ = past.open
        sold = past.sold * open_
        self.days = sold.shape[1]
        self.sold, self.square, self.open = (
            np.cumsum(np.pad(part, ((0, 0), (1, 0))), axis=1) for part in (sold, sold**2, open_.astype(float))
        )
        self.old = np.cumsum(np.pad(past.alive, ((0, 0), (1, 0))), axis=1)

    def pace(self, first: int, end: int) -> Floats:
        """Pieces per day in stock from day `first` to before `end`."""
        days = self.open[:, end] - self.open[:, first]
        pace: Floats = (self.sold[:, end] - self.sold[:, first]) / np.maximum(days, 1)
        return pace

    def dispersion(self, first: int, end: int) -> Floats:
        """Variance of a day's pieces over their mean, at least that of a Poisson."""
        days = np.maximum(self.open[:, end] - self.open[:, first], 1)
        mean = self.pace(first, end)
        variance = (self.square[:, end] - self.square[:, first]) / days - mean**2
        ratio: Floats = np.maximum(variance / np.maximum(mean, 1e-12), 1.0)
        return ratio

    def window(self, first: int, length: int) -> Floats:
        """Pieces in a stretch, scaled up for a few days without stock; NaN where most were."""
        days = self.open[:, first + length] - self.open[:, first]
        sold = self.sold[:, first + length] - self.sold[:, first]
        with np.errstate(invalid="ignore", divide="ignore"):
            scaled = sold * length / days
        pieces: Floats = np.where(days >= OPEN_SHARE * length, scaled, np.nan)
        return pieces


def means_at(
    totals: Totals, sba: Floats, end: int, days: int, group: NDArray[np.int64]
) -> tuple[dict[str, Floats], Floats]:
    """Expected pieces a day by method at the start of day `end`, and a day's variance over its mean."""
    first = max(0, end - YEAR)
    year = totals.pace(first, end)
    recent = totals.pace(max(0, end - RECENT), end)
    means = {"recent pace": recent, "pace of the year": year, "rare sales": sba}
    then = end - YEAR
    if then >= RECENT:
        for name, mean, before in zip(
            SEASONAL, (recent, year), ((then - RECENT, then), (then, end)), strict=True
        ):
            means[name] = mean * _season(totals, (then, then + days), before, group)
    return means, totals.dispersion(first, end)


def points(totals: Totals, sba: Floats, end: int, lead: Lead, group: NDArray[np.int64]) -> dict[str, Floats]:
    """Reorder point by method at the start of day `end`; one is absent where history is too short.

    `sba` is the mean a day of rare sales at that day, `group` numbers the category of each item, for the
    season; BASELINE is the mean, rounded up.
    """
    means, dispersion = means_at(totals, sba, end, lead.days, group)
    found = {
        name: point(mean, dispersion * mean * (1 + lead.days / known_days(name, mean)), lead)
        for name, mean in means.items()
    }
    found[BASELINE] = np.ceil(means["pace of the year"] * lead.days)
    return found


def _season(
    totals: Totals, coming: tuple[int, int], base: tuple[int, int], group: NDArray[np.int64]
) -> Floats:
    """How much faster each category sold in the `coming` days a year ago than in the `base` days."""
    ratios = []
    for first, last in (coming, base):
        sold = np.bincount(group, weights=totals.sold[:, last] - totals.sold[:, first])
        ratios.append(
            (sold + 1) / (np.bincount(group, weights=totals.open[:, last] - totals.open[:, first]) + 1)
        )
    # A category with few sales says little about its season: at most threefold either way.
    ratio: Floats = np.clip(ratios[0] / ratios[1], 1 / 3, 3)[group]
    return ratio


def known_days(method: str, mean: Floats) -> Floats:
    """Days of sales that stand behind a method's mean; the fewer, the less sure it is.

    For rare sales these are the intervals that the smoothing remembers, (2 - a) / a of them.
    """
    if method == "rare sales":
        return (2 - SMOOTHING) / SMOOTHING / np.clip(mean, 1e-3, 1.0)
    return np.full(len(mean), float(RECENT if "recent" in method else YEAR))


def point(mean: Floats, variance: Floats, lead: Lead) -> Floats:
    """Quantile of the sum over the lead time of days with this mean and variance."""
    return count_quantile(mean * lead.days, variance * lead.days + (mean * lead.spread) ** 2, lead.level)


def rare_sales(past: History, ends: list[int]) -> dict[int, Floats]:
    """Mean a day by Syntetos and Boylan at each of `ends`: smoothed size over interval, less the bias."""
    open_, wanted = past.open, set(ends)
    start = min(ends, default=0)
    seen = open_[:, :start] & (past.sold[:, :start] > 0)
    hits = np.maximum(seen.sum(axis=1), 1)
    size = np.maximum((past.sold[:, :start] * seen).sum(axis=1) / hits, 1.0)
    interval = np.maximum(open_[:, :start].sum(axis=1), 1) / hits
    gap, found = np.zeros(len(size)), {}
    ever = seen.any(axis=1)
    for index, (now, can) in enumerate(zip(past.sold.T[: max(ends, default=0) + 1], open_.T, strict=False)):
        if index in wanted:
            found[index] = np.where(ever, (1 - SMOOTHING / 2) * size / np.maximum(interval, 1.0), 0.0)
        gap = gap + can
        hit = can & (now > 0)
        ever = ever | hit
        size = np.where(hit, size + SMOOTHING * (now - size), size)
        interval = np.where(hit, interval + SMOOTHING * (gap - interval), interval)
        gap = np.where(hit, 0.0, gap)
    if past.sold.shape[1] in wanted:
        found[past.sold.shape[1]] = np.where(
            ever, (1 - SMOOTHING / 2) * size / np.maximum(interval, 1.0), 0.0
        )
    return found


def origins(days: int, lead: Lead) -> list[int]:
    """Days at which the backtest stands; with 15 months before each where there are enough such."""
    ends = [days - lead.longest - look * lead.days for look in range(LOOKS)]
    full = [end for end in ends if end >= YEAR + RECENT]
    return (
        full if len(full) >= FEWEST_LOOKS else [end for end in ends if end >= max(RECENT, 3 * lead.longest)]
    )


def backtest(past: History, lead: Lead, group: NDArray[np.int64]) -> Scores:
    """Sets every method's point at past moments, a lead time apart, and scores it on what then sold."""
    totals, ends = Totals(past), origins(past.sold.shape[1], lead)
    sba = rare_sales(past, ends)
    windows = np.zeros(len(past.ids))
    loss: dict[str, Floats] = {}
    covered: dict[str, Floats] = {}
    for end in ends:
        old = totals.old[:, end] >= RECENT
        sold = [(weight, totals.window(end, length)) for length, weight in lead.lengths]
        seen = [(weight, old & ~np.isnan(actual), np.nan_to_num(actual)) for weight, actual in sold]
        for name, level in points(totals, sba[end], end, lead, group).items():
            for weight, fair, actual in seen:
                missed = np.where(fair, weight * pinball(actual, level, lead.level), 0)
                held = np.where(fair & (actual <= level), weight, 0)
                loss[name], covered[name] = loss.get(name, 0) + missed, covered.get(name, 0) + held
                if name == BASELINE:
                    windows += weight * fair
    if ends and min(ends) < YEAR + RECENT:
        # The season was not known at every moment, so it cannot be compared with the others.
        for name in SEASONAL:
            loss.pop(name, None), covered.pop(name, None)
    return Scores(windows, loss, covered)


def best_methods(scores: Scores, groups: NDArray[np.int64]) -> dict[int, str]:
    """The method with the least loss in each group; without past windows it is the pace of the year."""
    chosen = {}
    for group in np.unique(groups).tolist():
        rows = groups == group
        losses = {name: float(loss[rows].sum()) for name, loss in scores.loss.items() if name != BASELINE}
        tested = losses and scores.windows[rows].sum() >= FEWEST_LOOKS
        chosen[group] = min(losses, key=lambda name: losses[name]) if tested else "pace of the year"
    return chosen
