"""What a year and its holidays do to demand, learnt from many series together, as factors around 1.

One series tells too little: it has seen a place of the year once or twice. Series are scaled, added up per
group, and each group's index leans on that of all. Dividing demand by the factors, forecasting the rest with
any method and multiplying again is the second stage.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np

from sidecar.ml.calendar import events, year_places
from sidecar.ml.methods import together
from sidecar.ml.series import Floats, Ints, mean_known

WEEK = 7
LEAN = 5.0
"""Series of the whole shop that weigh in a group's index."""
UNITS = 20.0
"""Units per place of the year at which an index counts half; of a named day, times the unevenness."""
CLOSED = 0.1
"""Below this factor a period says nothing about the level."""


def calendar_factors(
    y: Floats,
    horizon: int,
    *,
    per_year: int,
    first_day: date | None = None,
    groups: Sequence[str] | None = None,
    holidays: Sequence[date] = (),
) -> Floats | None:
    """Factors (n, t + horizon) of the year and, for days, of holidays; None where nothing can be learnt.

    `per_year` is 365, 52 or 12; days need `first_day`. The year needs a whole one and a tenth of the next,
    so that growth and season can be told apart; a holiday needs one past instance.
    """
    n, length = y.shape
    codes = np.unique(list(groups) if groups else [""] * n, return_inverse=True)[1]
    total = length + horizon
    daily = per_year == 365 and first_day is not None
    names = events(first_day, total, holidays) if daily and first_day else [""] * total
    places = np.array(year_places(first_day, total)) if daily and first_day else np.arange(total) % per_year
    plain = np.where(np.array(names[:length]) == "", y, np.nan)
    year = year_factors(plain, places, per_year, codes) if per_year != 365 or daily else None
    holiday = event_factors(y if year is None else y / year[:, :length], names)
    found = [part for part in (year, holiday) if part is not None]
    if not found:
        return None
    out: Floats = np.prod(np.stack(np.broadcast_arrays(*found)), axis=0)
    return out


def year_factors(y: Floats, places: Ints, per_year: int, codes: Ints) -> Floats | None:
    """Factors (n, len(places)) of the place in the year, from the series that are known for a year."""
    length = y.shape[1]
    if length < per_year * 1.1:
        return None
    mean = mean_known(y[:, -per_year:])
    old = (~np.isnan(y[:, : length - per_year])).any(axis=1) & (mean > 0)
    if not old.any():
        return None
    # Each series counts alike: the biggest seller is no better a witness of the season.
    weight = 1 / mean[old]
    index, belief = [], []
    for code in [-1, *range(int(codes.max(initial=0)) + 1)]:
        rows = np.flatnonzero(old & (codes == code)) if code >= 0 else np.flatnonzero(old)
        chosen = np.isin(np.flatnonzero(old), rows)
        index.append(_index(y[rows], weight[chosen], places[:length], per_year))
        belief.append(float(len(rows)))
    shop = index[0]
    leaning = [(b * own + LEAN * shop) / (b + LEAN) for own, b in zip(index[1:], belief[1:], strict=True)]
    return np.stack(leaning)[codes][:, places]


def _index(y: Floats, weight: Floats, places: Ints, per_year: int) -> Floats:
    """Index (per_year,) around 1 of the weighted sum of some series, less their growth; 1 without any."""
    if not len(y):
        return np.ones(per_year)
    known = ~np.isnan(y)
    seen = (known * weight[:, None]).sum(axis=0)
    rate = np.where(known, y * weight[:, None], 0.0).sum(axis=0) / np.where(seen > 0, seen, np.nan)
    if per_year == 365:
        rate = _moving(rate, WEEK)
    over = len(rate) - per_year
    both = ~np.isnan(rate[per_year:]) & ~np.isnan(rate[:over])
    before, after = rate[:over][both].sum(), rate[per_year:][both].sum()
    growth = float(np.clip(after / before, 0.5, 2.0)) if before > 0 and after > 0 else 1.0
    flat = rate / growth ** (np.arange(len(rate)) / per_year)
    there = ~np.isnan(flat)
    count = np.bincount(places[there], minlength=per_year)
    total = np.bincount(places[there], flat[there], per_year)
    by_place = np.divide(total, count, out=np.full(per_year, np.nan), where=count > 0)
    centre = mean_known(by_place)
    if not centre > 0:
        return np.ones(per_year)
    index = np.where(np.isnan(by_place), 1.0, by_place / centre)
    # Neighbouring weeks are alike; a little of them takes most of the noise away and leaves peaks standing.
    index = (np.roll(index, 1) + 8 * index + np.roll(index, -1)) / 10 if per_year == 52 else index
    units = np.where(known, y, 0.0).sum() / per_year * (WEEK if per_year == 365 else 1)
    out: Floats = 1 + (index - 1) * units / (units + UNITS)
    return out


def unevenness(y: Floats, lag: int) -> float:
    """Variance over mean of what all series sell together: 1 of pieces one by one, more of bulk orders.

    From the distance of each period to the mean of those `lag` before and after it, of the same weekday.
    """
    known = np.isfinite(y)
    total = np.where(known.any(axis=0), np.where(known, y, 0.0).sum(axis=0), np.nan)
    away = total[lag:-lag] - (total[: -2 * lag] + total[2 * lag :]) / 2
    usual = mean_known(total)
    if not usual > 0 or not np.isfinite(away).any():
        return 1.0
    return max(1.0, float(mean_known(away**2) / (1.5 * usual)))


def _moving(rate: Floats, width: int) -> Floats:
    """Centred moving mean of the known values, narrower at the ends."""
    known = ~np.isnan(rate)
    kernel = np.ones(width)
    total = np.convolve(np.where(known, rate, 0.0), kernel, "same")
    count = np.convolve(known.astype(float), kernel, "same")
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def event_factors(y: Floats, names: Sequence[str]) -> Floats | None:
    """Factors (1, len(names)) of named days against the same weekday in the six weeks around them."""
    length = y.shape[1]
    named = np.asarray(names) != ""
    if not named[:length].any():
        return None
    plain = np.where(named[:length], np.nan, y)
    offsets = [WEEK * n for n in range(-3, 4) if n]
    out = np.ones(len(names))
    lean = UNITS * unevenness(plain, WEEK)
    for name in np.unique(np.asarray(names)[:length][named[:length]]):
        days = np.flatnonzero(np.asarray(names) == name)
        sold, expected = 0.0, 0.0
        for day in days[days < length]:
            around = [plain[:, day + k] for k in offsets if 0 <= day + k < length]
            usual = mean_known(np.stack(around, axis=1)) if around else np.full(len(y), np.nan)
            both = ~np.isnan(usual) & ~np.isnan(y[:, day])
            sold, expected = sold + y[both, day].sum(), expected + usual[both].sum()
        out[days] = (sold + lean) / (expected + lean)
    return out[None, :]


def together_with_factors(
    names: Sequence[str], y: Floats, origins: Sequence[int], horizon: int, season: int, factors: Floats
) -> dict[str, Floats]:
    """Methods by name on demand without the calendar, the calendar put back; shapes as the methods'.

    The factors (n or 1, at least max(origins) + horizon) must themselves come from before the first origin.
    """
    rest, ahead = _without(y, origins, horizon, factors)
    return {name: found * ahead for name, found in together(names, rest, origins, horizon, season).items()}


def _without(y: Floats, origins: Sequence[int], horizon: int, factors: Floats) -> tuple[Floats, Floats]:
    """Demand without the calendar, and the factors (n, origins, horizon) that come after the origins."""
    wide = np.broadcast_to(factors, (len(y), factors.shape[1]))
    past = wide[:, : y.shape[1]]
    rest = np.where(past > CLOSED, y / np.maximum(past, CLOSED), np.nan)
    return rest, np.stack([wide[:, origin : origin + horizon] for origin in origins], axis=1)
