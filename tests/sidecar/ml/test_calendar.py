"""Days that move demand, and what a year does to it, learnt from many series."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from sidecar.ml import intervals
from sidecar.ml.calendar import black_friday, easter, events, nth_weekday, year_places
from sidecar.ml.factors import calendar_factors, event_factors, together_with_factors
from sidecar.ml.forecast import forecast
from sidecar.ml.series import Floats


# The US Census Bureau's and the United Kingdom's published dates.
@pytest.mark.parametrize(
    "day", ["1961-04-02", "2008-03-23", "2011-04-24", "2019-04-21", "2024-03-31", "2026-04-05", "2038-04-25"]
)
def test_easter(day: str) -> None:
    assert easter(int(day[:4])) == date.fromisoformat(day)


def test_movable_days() -> None:
    assert black_friday(2025) == date(2025, 11, 28)
    assert black_friday(2024) == date(2024, 11, 29), "a November that begins on a Friday"
    assert nth_weekday(2026, 5, 6, 2) == date(2026, 5, 10), "Mother's Day in the United States"
    names = events(date(2025, 12, 20), 14, closed=[date(2025, 12, 29), date(2025, 12, 25)])
    assert names[5] == "christmas", "a name is better than a mere holiday"
    assert names[9] == "holiday"
    assert names[12] == "new_year"


def test_places_of_leap_years() -> None:
    places = year_places(date(2024, 2, 27), 4)
    assert places == [57, 58, 58, 59]
    assert year_places(date(2023, 2, 28), 2) == [58, 59]
    assert year_places(date(2024, 12, 31), 2) == [364, 0]


def shop(per_year: int, years: float, growth: float = 1.0, n: int = 60) -> tuple[Floats, Floats]:
    """Counts of n items that all follow one year, and that year's index."""
    rng = np.random.default_rng(3)
    index = 1 + 0.6 * np.sin(np.arange(per_year) * 2 * np.pi / per_year)
    t = np.arange(int(per_year * years))
    level = np.exp(rng.normal(2, 1, n))[:, None]
    return rng.poisson(level * index[t % per_year] * growth ** (t / per_year)).astype(float), index


@pytest.mark.parametrize("growth", [1.0, 1.5, 0.7])
@pytest.mark.parametrize("per_year", [12, 52])
def test_the_year_is_found_and_growth_is_not_taken_for_it(per_year: int, growth: float) -> None:
    y, index = shop(per_year, 1.6, growth)
    found = calendar_factors(y, 9, per_year=per_year)
    assert found is not None
    assert found.shape == (60, y.shape[1] + 9)
    np.testing.assert_allclose(found[0], np.resize(index, found.shape[1]), atol=0.15)


def test_days_with_a_closed_and_a_strong_holiday() -> None:
    y, index = shop(365, 1.8)
    first = date(2024, 1, 1)
    names = np.array(events(first, y.shape[1]))
    y[:, names == "christmas"], y[:, names == "black_friday"] = 0, y[:, names == "black_friday"] * 3
    found = calendar_factors(y, 150, per_year=365, first_day=first)
    assert found is not None
    ahead = np.array(events(first, found.shape[1]))[y.shape[1] :]
    factor = found[0, y.shape[1] :] / index[(np.arange(150) + y.shape[1] - 1) % 365]
    assert factor[ahead == "christmas"] < 0.05
    assert factor[ahead == "black_friday"] == pytest.approx(3, rel=0.15)
    np.testing.assert_allclose(factor[ahead == ""], 1, atol=0.2)
    means = together_with_factors(("tsb", "ses"), y, [y.shape[1]], 150, 7, found)["ses"][:, 0]
    assert means[:, ahead == "christmas"].max() < 0.05 * means.max()
    level = means[:, ahead == ""] / index[(np.arange(150) + y.shape[1] - 1) % 365][ahead == ""]
    assert np.median(level.std(axis=1) / level.mean(axis=1)) < 0.1, "what remains is the level"


def test_groups_have_their_own_year_and_small_ones_lean_on_the_shop() -> None:
    y, _ = shop(52, 1.6)
    other = shop(52, 2.1)[0][:, 26:]
    both = np.vstack([y, other[:1]])
    found = calendar_factors(np.vstack([y, other]), 1, per_year=52, groups=["a"] * 60 + ["b"] * 60)
    assert found is not None
    assert found[0, 13] > 1.4
    assert found[-1, 13] < 0.7
    small = calendar_factors(both, 1, per_year=52, groups=["a"] * 60 + ["b"])
    assert small is not None
    assert small[-1, 13] > 1.2


def test_nothing_is_said_before_there_is_a_year() -> None:
    y, _ = shop(52, 1.05)
    assert calendar_factors(y, 4, per_year=52) is None
    assert calendar_factors(np.full((3, 80), np.nan), 4, per_year=52) is None
    assert calendar_factors(np.zeros((3, 80)), 4, per_year=52) is None
    assert calendar_factors(y, 4, per_year=365) is None, "days without a date"
    young = np.vstack([shop(52, 1.6)[0][:5], np.full((1, 83), np.nan)])
    young[5, 80:] = 4
    found = calendar_factors(young, 4, per_year=52)
    assert found is not None
    assert np.isfinite(found).all(), "an item of three weeks takes the others' year"


def test_a_holiday_of_a_few_bulk_orders_tells_little() -> None:
    rng = np.random.default_rng(8)
    names = events(date(2024, 11, 1), 460)
    y = rng.poisson(0.03, (40, 420)) * rng.choice([1.0, 1.0, 1.0, 12.0], (40, 420))
    found = event_factors(y, names)
    assert found is not None
    assert np.abs(np.log(found)).max() < 0.25
    y = rng.poisson(3.0, (40, 420)).astype(float)
    y[:, np.array(names[:420]) == "black_friday"] *= 3
    found = event_factors(y, names)
    assert found is not None
    assert found.max() == pytest.approx(3, rel=0.15), "what many orders tell stands"


def test_a_peak_seen_once_is_as_uncertain_as_items_differ_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    weeks = np.arange(100)
    peak = np.zeros(52)
    peak[42:48] = 1.1
    own = rng.normal(0, 0.35, (250, 2)).repeat([52, 48], axis=1)  # each year a little different
    level = np.exp(rng.normal(4.5, 0.7, 250))[:, None]
    y = rng.poisson(level * np.exp(peak[weeks % 52] * (1 + own))).astype(float)

    def inside(origin: int) -> tuple[float, float]:
        made = forecast(y[:, :origin], 4, season=52, levels=(0.1, 0.5, 0.9))
        low, high = made.quantiles[:, 0], made.quantiles[:, 2]
        totals = made.total_quantiles(4, (0.1, 0.9))
        actual = y[:, origin : origin + 4]
        total = actual.sum(axis=1)
        return (
            float(((actual >= low) & (actual <= high)).mean()),
            float(((total >= totals[:, 0]) & (total <= totals[:, 1])).mean()),
        )

    at_peak, before = inside(94), inside(84)
    monkeypatch.setattr(intervals, "OWN_YEAR", 0.0)
    blind = inside(94)
    # Eight of ten are wanted; with none of it one or two were inside.
    assert at_peak[0] > 0.7
    assert at_peak[1] > 0.55
    assert max(blind) < 0.3
    assert inside(84) == pytest.approx(before, abs=0.05)
