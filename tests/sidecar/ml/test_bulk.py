"""Bulk orders: held down by what lies before them, put back on average, and lasting changes believed."""

from __future__ import annotations

import numpy as np
import pytest

from sidecar.ml.bulk import PEAK, PEAK_OF_ORDERS, SIZE, held, returned
from sidecar.ml.forecast import forecast
from sidecar.ml.series import Floats

FLAT = np.ones((1, 1000))


def steady(items: int = 20, days: int = 120, rate: float = 8.0) -> Floats:
    return np.random.default_rng(5).poisson(rate, (items, days)).astype(float)


def test_a_peak_counts_as_twice_the_usual_sale_and_the_rest_stays() -> None:
    y = np.full((6, 60), 5.0)
    y[0, 40] = 900.0
    calm = held(y, FLAT, 7)
    assert calm[0, 40] == pytest.approx(5 * PEAK[7])
    calm[0, 40] = 900.0
    assert np.array_equal(calm, y)


def test_a_period_is_held_by_what_lies_before_it() -> None:
    y = steady()
    y[3, 50] = 400.0
    y[4, :30] = np.nan
    whole = held(y, FLAT, 7)
    assert np.array_equal(whole[:, :80], held(y[:, :80], FLAT, 7), equal_nan=True)
    assert whole[3, 50] < 40


def test_months_and_what_sells_now_and_then_are_not_held() -> None:
    y = steady()
    y[0, 100] = 500.0
    assert held(y, FLAT, 12) is y
    y *= (np.arange(120) + np.arange(20)[:, None]) % 6 == 0
    y[0, 100] = 500.0
    assert np.array_equal(held(y, FLAT, 7), y)


def test_a_new_level_is_believed_within_weeks() -> None:
    y = steady(days=160)
    y[0, 100:] *= 4
    calm = held(y, FLAT, 7)
    assert calm[0, 100:104].sum() < 0.6 * y[0, 100:104].sum()
    assert calm[0, 130:].sum() > 0.97 * y[0, 130:].sum()


def test_the_season_of_a_whole_shop_is_no_bulk_order() -> None:
    y = steady(days=160)
    y[:, 100:] = np.rint(y[:, 100:] * np.linspace(1, 4, 60))
    calm = held(y, FLAT, 7)
    assert calm[:, 100:].sum() > 0.97 * y[:, 100:].sum()


def test_a_peak_that_the_calendar_explains_stays() -> None:
    y = np.full((6, 60), 5.0)
    calendar = np.ones((1, 60))
    y[:, 50], calendar[:, 50] = 20.0, 4.0
    assert np.allclose(held(y, calendar, 7), y)


def test_what_was_held_is_put_back_half_to_its_item_and_half_to_all() -> None:
    calm = np.ones((2, 10))
    y = calm.copy()
    y[0, 3] = 31.0
    factors = returned(y, calm, (2, 10), 7)
    assert factors[:, 0].tolist() == [1, 1]
    assert factors[:, 1] == pytest.approx([4**0.75, 4**0.25])
    # Alone, an item gets back all of its own.
    assert returned(y[:1], calm[:1], (10,), 7) == pytest.approx(4)
    # What hardly sells is never held down: it neither takes nor thins what the others get back.
    rare = np.zeros((5, 10))
    rare[:, 4] = 1.0
    factors = returned(np.vstack([y, rare]), np.vstack([calm, rare]), (10,), 7)
    assert factors[:2, 0] == pytest.approx([4**0.75, 4**0.25])
    assert factors[2:, 0].tolist() == [1] * 5


def test_many_buyers_are_no_bulk_order_and_one_who_takes_much_is() -> None:
    y, orders = np.full((12, 60), 6.0), np.full((12, 60), 3.0)
    y[:2, 40], orders[0, 40] = 15.0, 8.0  # fifteen pieces: eight buyers, or three
    orders[2, 40] = 0.0  # unknown
    y[2, 40] = 90.0
    calm = held(y, FLAT, 7, orders)
    assert calm[0, 40] == 15
    assert calm[1, 40] == pytest.approx(3 * SIZE * 2)
    assert calm[2, 40] == pytest.approx(PEAK_OF_ORDERS * 6)
    assert np.array_equal(np.delete(calm, 40, axis=1), np.delete(y, 40, axis=1))
    whole = held(y, FLAT, 7, orders)
    assert np.array_equal(whole[:, :45], held(y[:, :45], FLAT, 7, orders[:, :45]))


def test_what_sells_now_and_then_keeps_its_orders() -> None:
    y = steady() * ((np.arange(120) + np.arange(20)[:, None]) % 6 == 0)
    y[0, 100] = 500.0
    assert np.array_equal(held(y, FLAT, 7, np.minimum(y, 1.0)), y)


def test_more_is_expected_after_many_buyers_than_after_one() -> None:
    y = steady(40, 150, 12.0)
    orders = np.ceil(y / 2)
    y[0, -3:] = 40
    one, many = orders.copy(), orders.copy()
    one[0, -3:], many[0, -3:] = 1, 20
    told = [float(forecast(y, 14, orders=made, boosted=False).mean[0].sum()) for made in (one, many)]
    assert told[1] > 1.1 * told[0]


@pytest.mark.parametrize(("season", "periods"), [(7, 150), (52, 40)])
def test_one_order_of_a_thousand_pieces_hardly_moves_what_is_expected(season: int, periods: int) -> None:
    y = steady(40, periods, 12.0)
    before = forecast(y, 4, season=season, boosted=False)
    y[0, -2] += 1000
    after = forecast(y, 4, season=season, boosted=False)
    assert after.mean[0].sum() < 2.5 * before.mean[0].sum()
    assert after.mean[1:].sum() == pytest.approx(before.mean[1:].sum(), rel=0.1)
