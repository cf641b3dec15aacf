"""forecast(): choice, combination, intervals, newcomers, and what it does with odd input."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from sidecar.ml.errors import pinball, rmsse, smape, step_scale
from sidecar.ml.features import Drivers
from sidecar.ml.forecast import forecast
from sidecar.ml.offers import offer_factors
from sidecar.ml.selection import combine, kinds

FIRST = date(2025, 1, 6)


def weekly_shop(items: int = 60, days: int = 210, seed: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Counts with a shop-wide week (closed on the seventh day), and the rates behind them."""
    rng = np.random.default_rng(seed)
    level = rng.lognormal(1.0, 0.8, items)
    week = np.array([1.0, 1.0, 1.1, 1.2, 1.5, 1.2, 0.0])
    rate = level[:, None] * week[np.arange(days) % 7]
    return rng.poisson(rate).astype(float), rate


def test_a_shops_week_is_learnt_and_beats_naive() -> None:
    y, rate = weekly_shop()
    made = forecast(y[:, :182], 28, boosted=False)
    ahead = rate[:, 182:]
    closed = np.arange(182, 210) % 7 == 6
    assert made.mean[:, closed].sum() < 0.002 * made.mean.sum()
    assert np.abs(made.total(28) / ahead.sum(axis=1) - 1).mean() < 0.15
    assert (made.error < made.naive_error).mean() > 0.95
    assert not any(
        "not_better" in note
        for note, e, n in zip(made.notes, made.error, made.naive_error, strict=True)
        if e < n
    )


def test_quantiles_rise_and_cover_what_comes() -> None:
    y, _ = weekly_shop(items=120)
    made = forecast(y[:, :182], 28, boosted=False)
    assert (np.diff(made.quantiles, axis=1) >= 0).all()
    assert (made.quantiles >= 0).all()
    assert (made.quantiles == np.round(made.quantiles)).all()
    actual = y[:, 182:]
    over = (actual > made.quantiles[:, -1]).mean()
    assert 0.02 < over < 0.08
    totals = made.total_quantiles(28, (0.1, 0.5, 0.9))
    inside = (actual.sum(axis=1) >= totals[:, 0]) & (actual.sum(axis=1) <= totals[:, 2])
    assert 0.7 < inside.mean() < 0.92
    assert np.nanmean(made.coverage) > 0.85


def test_totals_of_any_length_lie_between_their_neighbours() -> None:
    y, _ = weekly_shop(items=40)
    made = forecast(y, 30, boosted=False)
    five, six, seven = (made.total_quantiles(p, (0.5, 0.95)) for p in (5, 6, 7))
    assert (five <= six).all()
    # Nothing is sold on the seventh day.
    assert seven == pytest.approx(six, rel=0.05)
    assert made.total(30) == pytest.approx(made.mean.sum(axis=1))
    with pytest.raises(ValueError, match="between 1 and 30"):
        made.total(31)


def test_days_out_of_stock_are_not_days_without_demand() -> None:
    rng = np.random.default_rng(2)
    y = rng.poisson(4.0, (40, 180)).astype(float)
    gone = y.copy()
    gone[:, 100:150] = np.nan
    zero = np.nan_to_num(gone)
    unknown, empty = (forecast(values, 14, boosted=False).total(14).mean() for values in (gone, zero))
    assert unknown == pytest.approx(56, rel=0.08)
    assert abs(empty - 56) > 3 * abs(unknown - 56)


def test_a_holiday_on_which_the_shop_was_closed_stays_closed() -> None:
    y, _ = weekly_shop(items=40, days=180)
    closed = [FIRST + timedelta(days=day) for day in (30, 31, 100)]
    y[:, [30, 31, 100]] = 0
    coming = FIRST + timedelta(days=182)
    made = forecast(y, 7, first_day=FIRST, holidays=[*closed, coming], boosted=False)
    plain = forecast(y, 7, first_day=FIRST, holidays=closed, boosted=False)
    assert made.mean[:, 2].sum() < 0.15 * plain.mean[:, 2].sum()
    assert made.mean[:, 3] == pytest.approx(plain.mean[:, 3])


def test_a_new_item_leans_on_its_category_and_says_so() -> None:
    rng = np.random.default_rng(3)
    y = np.concatenate([rng.poisson(2.0, (20, 120)), rng.poisson(20.0, (20, 120))]).astype(float)
    y[0], y[20] = np.nan, np.nan
    groups = ["ring"] * 20 + ["scarf"] * 20
    made = forecast(y, 14, groups=groups, boosted=False)
    assert made.total(14)[0] < 0.45 * made.total(14)[20]
    assert made.method[0] == "like_category"
    assert made.notes[0].split()[:2] == ["no_history", "like_category"]
    # What is only borrowed is less certain than what was seen.
    width = made.total_quantiles(14, (0.1, 0.9))
    assert width[20, 1] - width[20, 0] > width[21, 1] - width[21, 0]


def test_the_boosted_models_know_what_a_promotion_does() -> None:
    rng = np.random.default_rng(7)
    weeks = rng.random((260, 20)) < 0.25
    promo = np.repeat(weeks, 7, axis=1).astype(float)
    level = rng.lognormal(2.0, 0.5, 260)
    y = rng.poisson(level[:, None] * (1 + 1.5 * promo)).astype(float)
    informed = forecast(y[:, :112], 28, promo=promo, seed=1)
    blind = forecast(y[:, :112], 28, seed=1)
    actual = y[:, 112:]
    scale = step_scale(y[:, :112])
    assert rmsse(actual, informed.mean, scale).mean() < 0.93 * rmsse(actual, blind.mean, scale).mean()
    again = forecast(y[:, :112], 28, promo=promo, seed=1)
    assert (again.mean == informed.mean).all()
    assert (again.quantiles == informed.quantiles).all()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"horizon": 0}, "horizon must be between 1 and 365"),
        ({"horizon": 1000}, "horizon must be between 1 and 365"),
        ({"season": 0}, "season must be at least 1"),
        ({"levels": (0.9, 0.1)}, "levels must rise"),
        ({"levels": ()}, "levels must rise"),
        ({"groups": ["one"]}, "one group per item"),
        ({"price": np.ones((2, 3))}, "price must cover"),
        ({"orders": np.ones((2, 47))}, "orders must cover the past: 2 rows and 40 columns"),
    ],
)
def test_what_cannot_be_is_refused_in_plain_words(change: dict[str, object], said: str) -> None:
    given: dict[str, object] = {"y": np.ones((2, 40)), "horizon": 7} | change
    with pytest.raises(ValueError, match=said):
        forecast(**given)  # type: ignore[arg-type]


def test_odd_histories_have_a_stated_answer() -> None:
    y = np.full((6, 60), np.nan)
    y[1, -1] = 3.0
    y[2] = 0.0
    y[3] = -2.0
    y[4] = np.where(np.arange(60) < 20, 4.0, 0.0)
    y[5, ::3] = 5.0
    made = forecast(y, 10)
    assert np.isfinite(made.mean).all()
    assert np.isfinite(made.quantiles).all()
    assert (made.mean >= 0).all()
    notes = [set(note.split()) for note in made.notes]
    assert "no_history" in notes[0]
    assert "one_point" in notes[1]
    assert "never_sold" in notes[2]
    assert {"negative_as_zero", "never_sold"} <= notes[3]
    assert made.total(10)[2] == made.total(10)[3] == 0
    assert made.total(10)[5] == pytest.approx(50, rel=0.1)
    assert forecast(np.zeros((0, 30)), 5).mean.shape == (0, 5)
    assert set(forecast(np.zeros((2, 0)), 5).method) == {"none"}


def test_seven_points_make_no_trend() -> None:
    made = forecast(np.array([[45.0, 52, 48, 55, 60, 58, 62]]), 30)
    assert made.mean.max() < 64
    assert made.mean.min() > 45


def test_the_combination_takes_the_good_method_and_leaves_the_bad_one() -> None:
    rng = np.random.default_rng(4)
    truth = rng.gamma(4.0, 2.0, 1050)
    made = np.stack([truth + rng.normal(0, 0.5, truth.shape), rng.gamma(4.0, 2.0, truth.shape)])
    weights = combine(made @ made.T, made @ truth, float(truth @ truth), 0.3)
    assert weights == pytest.approx([1.0, 0.0], abs=0.02)


def test_steady_demand_is_another_kind_than_that_with_gaps_if_there_is_enough_of_it() -> None:
    day = np.arange(100)
    y = np.repeat(3.0 * np.stack([day >= 0, day % 3 > 0, day % 5 == 0]), 40, axis=0)
    y[:, ::4] = 0  # on closed days nobody could buy
    assert kinds(y).tolist() == [0] * 40 + [1] * 40 + [2] * 40
    few = np.r_[0:40, 40:50, 80:120]
    assert kinds(y[few]).tolist() == [0] * 40 + [2] * 50


def test_best_sellers_among_many_slow_items_keep_their_upper_quantiles() -> None:
    rng = np.random.default_rng(1)
    level = np.concatenate([rng.uniform(20, 60, 40), rng.uniform(0.05, 0.5, 500)])
    often = np.where(level > 1, 0.7, 1.0)[:, None]
    asked = rng.random((540, 228)) < often
    y = rng.negative_binomial(0.8, 0.8 / (0.8 + level[:, None] / often), (540, 228)) * asked.astype(float)
    loss = []
    for rows in (slice(None), slice(40)):
        made = forecast(y[rows, :200], 28, levels=(0.5, 0.8, 0.95))
        loss.append(pinball(y[:40, 200:], made.quantiles[:40, 2], 0.95).mean())
    assert loss[0] < 1.05 * loss[1], "counts of a best seller need classes of their own"


def test_what_was_uneven_before_the_last_origins_keeps_its_intervals_wide() -> None:
    rng = np.random.default_rng(1)
    y = rng.poisson(1.0, (80, 15)).astype(float)
    y[:, :8] = 0
    y[:40, [2, 5]] = 20
    high = forecast(y, 13, season=52, levels=(0.5, 0.95)).quantiles[:, 1].mean(axis=1)
    assert high[:40].mean() > 1.4 * high[40:].mean()


def promoted_shop(days: int, seed: int = 9) -> tuple[np.ndarray, np.ndarray]:
    """Counts of 60 items whose sales of three days, at cuts of 20 to 40 %, sell up to five times as much."""
    rng = np.random.default_rng(seed)
    items = 60
    depth = np.zeros((items, days))
    for item in range(items):
        for start in rng.choice(np.arange(5, days - 3, 7), days // 28, replace=False):
            depth[item, start : start + 3] = rng.uniform(0.2, 0.4)
    level = rng.lognormal(1.5, 0.4, items)
    return rng.poisson(level[:, None] * np.exp(4 * depth)).astype(float), depth


def test_a_promotion_known_ahead_is_forecast_better_than_without() -> None:
    y, depth = promoted_shop(182)
    actual, ahead = y[:, 154:], depth[:, 154:]
    there = ahead > 0
    with_it = forecast(y[:, :154], 28, promo=depth, boosted=False).mean
    as_price = forecast(y[:, :154], 28, price=10 * (1 - depth), boosted=False).mean
    without = forecast(y[:, :154], 28, boosted=False).mean

    def wrong(mean: np.ndarray, days: np.ndarray) -> float:
        return float(np.abs(mean - actual)[days].sum() / actual[days].sum())

    assert wrong(without, there) > 0.5
    assert wrong(with_it, there) < 0.6 * wrong(without, there)
    assert wrong(as_price, there) < 0.6 * wrong(without, there)
    # Days without an offer are not taken for lively ones.
    assert wrong(with_it, ~there) < wrong(without, ~there)
    assert with_it[there].sum() == pytest.approx(actual[there].sum(), rel=0.1)


def test_a_promotion_of_which_nothing_is_known_changes_nothing() -> None:
    y, depth = promoted_shop(120)
    unknown = np.full((len(y), 134), np.nan)
    plain = forecast(y, 14, boosted=False)
    for given in ({"promo": unknown}, {"price": unknown}, {"promo": np.zeros(unknown.shape)}):
        assert np.array_equal(forecast(y, 14, boosted=False, **given).mean, plain.mean)
    # What comes after the history teaches nothing: only the forecast of that day changes.
    known = np.concatenate([depth, np.zeros((len(y), 14))], axis=1)
    planned = known.copy()
    planned[:, -1] = 0.3
    before, after = (forecast(y, 14, boosted=False, promo=one).mean for one in (known, planned))
    assert np.allclose(before[:, :-1], after[:, :-1])
    assert (after[:, -1] > 2 * before[:, -1]).all()


def test_stock_is_not_ordered_for_one_weeks_peak() -> None:
    """After a week at four times the usual pace the mean follows; the totals for orders move by less."""
    rng = np.random.default_rng(2)
    y = rng.poisson(8.0, (40, 140)).astype(float)
    y[:20, -7:] = rng.poisson(32.0, (20, 7))
    made = forecast(y, 28, boosted=False)
    middle = made.total_quantiles(28, [0.5])[:, 0] / made.total(28)
    assert np.median(middle[:20]) < 0.9
    assert np.median(middle[20:]) == pytest.approx(1.0, abs=0.05)


def test_errors_by_hand() -> None:
    y = np.array([[1.0, 3.0, np.nan, 4.0, 2.0]])
    assert step_scale(y) == pytest.approx([4.0])
    assert step_scale(y, 1) == pytest.approx([2.0])
    assert rmsse(np.array([[2.0, 6.0]]), np.array([[2.0, 2.0]]), np.array([4.0])) == pytest.approx(
        [np.sqrt(2)]
    )
    assert pinball(np.array([3.0, 1.0]), np.array([2.0, 2.0]), 0.8) == pytest.approx([0.8, 0.2])
    assert smape(np.array([3.0, 0.0]), np.array([1.0, 0.0])) == pytest.approx([100.0, 0.0])


def test_items_that_began_late_do_not_widen_the_totals_of_others() -> None:
    rng = np.random.default_rng(5)
    steady = rng.poisson(1.4, (40, 400)).astype(float)
    late = rng.poisson(1.0, (16, 400)).astype(float)
    late[:, :220] = 0
    made = forecast(np.concatenate([steady, late]), 90)
    middle, high = made.total_quantiles(21, (0.5, 0.98))[:40].T
    # 29 pieces are expected and 41 are the 0.98 quantile of such counts.
    assert 25 < np.median(middle) < 34
    assert np.median(high) < 60


def test_a_price_that_fell_with_demand_is_no_reason_to_expect_less() -> None:
    rng = np.random.default_rng(6)
    y = rng.poisson(2.0, (40, 300)).astype(float)
    price = np.ones((40, 328))
    y[:10, 200:] = rng.poisson(0.1, (10, 100))
    price[:10, 230:] = 0.7
    factors = offer_factors(y, Drivers(price, 1 - price))
    assert factors is not None
    assert factors.min() >= 1.0
    assert factors.max() <= 1.1


def test_a_loud_last_week_is_believed_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    y = np.random.default_rng(2).poisson(6.0, (40, 140)).astype(float)
    y[0, -5:] *= 3
    made = forecast(y, 14, boosted=False)
    monkeypatch.setattr("sidecar.ml.forecast.STEADIER", {})
    loud = forecast(y, 14, boosted=False)
    assert 6 * 14 < made.mean[0].sum() < 0.95 * loud.mean[0].sum()
    assert made.mean[1:].sum() == pytest.approx(loud.mean[1:].sum(), rel=0.02)
    # Orders stand around the steady level already.
    assert made.total_quantiles(14, (0.5,))[0] == pytest.approx(loud.total_quantiles(14, (0.5,))[0], rel=0.02)
