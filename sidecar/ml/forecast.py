"""Demand per item for the coming periods: expected values, quantiles, and how good they were in the past."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from sidecar.ml.backtest import backtest
from sidecar.ml.boosted import correct
from sidecar.ml.counts import count_quantiles, sparse_rows
from sidecar.ml.errors import rmsse, step_scale
from sidecar.ml.features import Drivers
from sidecar.ml.inputs import checked, driver, first_notes, group_codes, order_counts
from sidecar.ml.intervals import TOTAL_LEVELS, period_quantiles, spread, total_quantiles
from sidecar.ml.newcomers import Peers, with_group
from sidecar.ml.offers import offer_factors
from sidecar.ml.selection import NAIVE, choose
from sidecar.ml.series import Bools, Floats, Ints

LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
STEADIER = {7: 0.5}
"""Power of the steady level in what is expected of a period, by season: the newest level is partly chance."""


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
    levels: Sequence[float] = LEVELS,
    first_day: date | None = None,
    groups: Sequence[str] | None = None,
    price: Floats | None = None,
    promo: Floats | None = None,
    orders: Floats | None = None,
    holidays: Sequence[date] | None = None,
    boosted: bool = True,
    peers: Peers | None = None,
    seed: int = 0,
) -> Forecast:
    """Demand over the coming `horizon` periods for every row of y (n, t), oldest first.

    NaN is a period of which nothing is known (before an item existed, out of stock): it never counts as zero.
    Negative demand counts as zero, with a note. season 7, 52, 12 or 1: days, weeks, months, or none of
    them; first_day (of y) and holidays (past and coming) matter for days. groups (n,): categories, from which
    items without a history borrow. price, promo (n, t + horizon). orders (n, t): in how many orders a
    period's pieces were bought, which tells bulk orders from many buyers. boosted=False leaves out the models
    over all items. peers: items of the groups that are forecast elsewhere and count for what the group sells.
    The mean is for sums and costs; for "how many will it be" take the middle quantile of the total.
    """
    y, levels = checked(y, horizon, season, levels)
    n = len(y)
    notes = first_notes(y, season)
    drivers = Drivers(driver(price, y, horizon, "price"), driver(promo, y, horizon, "promo"))
    codes = group_codes(groups, n)
    made = order_counts(orders, y)
    y = np.where(np.isfinite(y), np.maximum(y, 0.0), np.nan)
    if not np.isfinite(y).any():
        return _nothing(n, horizon, levels, notes)
    offers = offer_factors(y, drivers)
    test = backtest(
        y,
        horizon,
        season,
        first_day=first_day,
        groups=groups,
        holidays=holidays or (),
        offers=offers,
        orders=made,
    )
    chosen = choose(test)
    past, ahead = chosen.past, chosen.ahead
    corrected = correct(test, past, ahead, codes, drivers, seed) if boosted else None
    if corrected is not None:
        past, ahead = corrected
    still = STEADIER.get(season, 0.0)
    ahead = ahead * test.steady[:, None] ** still
    young = with_group(y, ahead, codes, test.factors, season, _beside(peers, groups))
    ahead = young.ahead
    band = spread(test, past, ahead, young.spread)
    quantiles, coverage = period_quantiles(test, past, ahead, band, levels)
    sparse = np.flatnonzero(sparse_rows(y) & ~young.borrowed)
    if boosted and test.origins and len(sparse):
        quantiles[sparse], coverage[sparse] = count_quantiles(
            test.rows(sparse),
            past[sparse],
            ahead[sparse],
            band.rows(sparse),
            codes[sparse],
            drivers.rows(sparse),
            levels,
            seed,
        )
    # Stock that was ordered for a week's peak lies for months: totals stand around a level that moves slowly.
    lengths, totals = total_quantiles(test, past, ahead * test.steady[:, None] ** (1 - still), band)
    scale = step_scale(y)
    error = rmsse(test.actual, past, scale) if test.origins else np.full(n, np.nan)
    naive = rmsse(test.actual, test.past(NAIVE), scale) if test.origins else np.full(n, np.nan)
    return Forecast(
        mean=ahead,
        quantiles=quantiles,
        levels=levels,
        method=tuple(
            "like_category" if new else name for new, name in zip(young.borrowed, chosen.method, strict=True)
        ),
        error=error,
        naive_error=naive,
        coverage=coverage,
        notes=_joined(notes, young.borrowed, error, naive),
        total_periods=lengths,
        total_values=totals,
    )


def _beside(peers: Peers | None, groups: Sequence[str] | None) -> tuple[Floats, Ints] | None:
    """Rates of the peers and the codes of their groups, of those groups that are forecast here."""
    if peers is None or groups is None:
        return None
    named = np.unique(np.asarray(groups, dtype=str))
    home = np.asarray(peers.groups, dtype=str)
    place = np.minimum(np.searchsorted(named, home), len(named) - 1)
    same = named[place] == home
    return peers.rate[same], place[same]


def _joined(notes: list[list[str]], borrowed: Bools, error: Floats, naive: Floats) -> tuple[str, ...]:
    """Notes as texts, with what the forecast adds to those of the history."""
    tests = {
        "like_category": borrowed,
        "too_short_for_backtest": np.isnan(error),
        "not_better_than_naive": error >= naive,
    }
    more = [[code for code, told in tests.items() if told[row]] for row in range(len(notes))]
    return tuple(" ".join(first + last) for first, last in zip(notes, more, strict=True))


def _nothing(n: int, horizon: int, levels: tuple[float, ...], notes: list[list[str]]) -> Forecast:
    """Zero for every item, said to be without a history; the caller decides what that is worth."""
    unknown = np.full(n, np.nan)
    return Forecast(
        mean=np.zeros((n, horizon)),
        quantiles=np.zeros((n, len(levels), horizon)),
        levels=levels,
        method=("none",) * n,
        error=unknown,
        naive_error=unknown,
        coverage=unknown,
        notes=_joined(notes, np.zeros(n, dtype=bool), unknown, unknown),
        total_periods=(horizon,),
        total_values=np.zeros((n, 1, len(TOTAL_LEVELS))),
    )
