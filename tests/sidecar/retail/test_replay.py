"""The replay of the bench of stock decisions, on demand whose outcome is known."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from bench.bench_inventory import compare, interval, read_off, weights
from bench.replay import World, lead_times, pace, replay, s_q, try_all, up_to
from bench.stock_policies import KINDS, OURS, RULES, SAME, TARGETS, Shop, expect, ours, promised, rules


def steady(rate: float = 2.0, days: int = 60, lead: int = 3) -> World:
    return World(np.full((1, days), rate), np.full((1, days), lead))


def test_the_days_go_as_they_should() -> None:
    """By hand: 2 pieces a day, up to 20 each week, 3 days on the way."""
    seen = replay(steady(), up_to(lambda day: np.array([[20.0]])), np.array([[20.0]]), 0, 21, 0)
    stock, evenings = 20, []
    for day in range(21):
        stock += {10: 14, 17: 14}.get(day, 0)
        stock -= 2
        evenings.append(stock)
    assert seen.held[0, 0] == pytest.approx(np.mean(evenings))
    assert seen.missed[0, 0] == 0
    assert seen.orders[0, 0] == 2
    assert seen.asked[0] == 42


def test_what_is_not_there_is_missed_and_gone() -> None:
    seen = replay(steady(), up_to(lambda day: np.array([[0.0, 7.0]])), np.array([[5.0, 5.0]]), 0, 14, 0)
    # Five of the first week are served, then nothing; with a level of 7 seven come on day 10.
    assert seen.missed[0].tolist() == [23, 16]
    assert seen.fill[0].tolist() == [pytest.approx(5 / 28), pytest.approx(12 / 28)]


def test_only_judged_days_and_days_that_exist_count() -> None:
    demand = np.full((1, 20), 1.0)
    demand[0, :10] = np.nan
    world = World(demand, np.full((1, 20), 1))
    none = up_to(lambda day: np.array([[0.0]]))
    seen = replay(world, none, np.array([[4.0]]), 0, 20, 0)
    assert seen.held[0, 0] == pytest.approx((3 + 2 + 1) / 10)
    assert seen.asked[0] == 10
    assert replay(world, none, np.array([[4.0]]), 0, 20, 14).missed[0, 0] == 6
    assert pace(demand).tolist() == [1.0]


def test_nobody_orders_before_the_first_sale() -> None:
    demand = np.full((1, 21), 1.0)
    demand[0, :10] = np.nan
    world = World(demand, np.full((1, 21), 1))
    seen = replay(world, up_to(lambda day: np.array([[9.0]])), np.zeros((1, 1)), 0, 21, 0)
    assert seen.orders[0, 0] == 1
    assert seen.missed[0, 0] == 5


def test_s_q_orders_as_many_times_q_as_it_needs() -> None:
    order = s_q(lambda day: (np.array([[10.0, 10.0, 10.0]]), np.array([[4.0, 4.0, 25.0]])))
    assert order(0, np.array([[11.0, 10.0, -3.0]])).tolist() == [[0.0, 4.0, 25.0]]
    assert order(0, np.array([[7.0, 2.0, -15.0]])).tolist() == [[4.0, 12.0, 50.0]]


def test_tuned_rules_serve_the_target_and_hold_least() -> None:
    rng = np.random.default_rng(4)
    world = World(rng.poisson(3.0, (20, 182)).astype(float), lead_times((20, 182), 10, 3, 1))
    s, q = try_all(world, 182, 17).serving((0.9, 0.97))
    seen = replay(world, s_q(lambda day: (s, q)), s + q, 0, 182, 0)
    assert (seen.fill >= [0.9, 0.97]).all()
    assert seen.fill[:, 0].mean() < 0.93
    less = replay(world, s_q(lambda day: (s * 0.8, q)), s * 0.8 + q, 0, 182, 0)
    assert (less.fill < [0.9, 0.97]).mean() > 0.8


def test_rules_tuned_by_worth_cost_least() -> None:
    rng = np.random.default_rng(4)
    world = World(rng.poisson(3.0, (6, 182)).astype(float), lead_times((6, 182), 10, 3, 1))
    tried, idle, worth = try_all(world, 182, 17), np.full(6, 2.0), np.full((6, 2), [0.1, 4.0])
    s, q = tried.paying(idle, worth)
    seen = replay(world, s_q(lambda day: (s, q)), s + q, 0, 182, 0)
    cost = idle[:, None] * seen.held + worth * seen.missed
    for setting in range(2):
        least = (idle[:, None] * tried.held + worth[:, [setting]] * tried.missed).min(axis=1)
        assert cost[:, setting] == pytest.approx(least)
    assert (seen.fill[:, 1] > seen.fill[:, 0]).all()


def test_lead_times_have_their_mean_and_spread() -> None:
    days = lead_times((200, 200), 14, 4, 3)
    assert days.mean() == pytest.approx(14, abs=0.05)
    assert days.std() == pytest.approx(4, abs=0.05)
    assert days.min() >= 1
    assert (days == lead_times((200, 200), 14, 4, 3)).all()


def test_values_are_read_between_settings_and_never_beyond() -> None:
    fill, cost = np.array([[0.5, 0.7, 0.9]]), np.array([[10.0, 20.0, 40.0]])
    assert read_off(np.array([0.8]), fill, cost)[0] == pytest.approx(30)
    assert np.isnan(read_off(np.array([0.95]), fill, cost)).all()
    assert np.isnan(read_off(np.array([0.4]), fill, cost)).all()


def test_policies_are_compared_where_they_serve_the_same() -> None:
    """Steady demand of items that differ in price: nothing to forecast, but the service can be shared out."""
    rng = np.random.default_rng(7)
    shape = (24, 182 + 28)
    price = np.geomspace(0.5, 40, 24)
    world = World(rng.poisson(3.0, shape).astype(float), lead_times(shape, 14, 4, 2))
    of = Shop(world, price, date(2026, 1, 1), np.ones_like(world.demand))
    expected = expect(of)
    tuned, own = rules(of, 5), ours(of, expected)
    seen = {kind: {**tuned[kind], **own[kind]} for kind in KINDS}
    lines = compare(of, seen["pieces"], "pieces", 0.95, weights(24, 1))
    served, base, _, _ = lines[RULES]
    assert served[0] == pytest.approx(seen["pieces"][RULES].fill[:, TARGETS.index(0.95)].mean(), abs=0.01)
    assert (lines[OURS][0] == served).all()
    assert lines[OURS][1][0] < lines[SAME][1][0]
    assert lines[OURS][3][0] == pytest.approx(1 - lines[OURS][1][0] / base[0])
    value, low, high = interval(lines[OURS][3])
    assert low < value < high
    kept = promised(of, expected).fill.mean(axis=0)
    assert (np.diff(kept) >= 0).all()
