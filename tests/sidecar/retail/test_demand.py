"""Histories: what sold, what could not sell, and weeks as the shop counts them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd

from sidecar.retail.calendar import shop_day, week_starts
from sidecar.retail.demand import first_known, history, open_days_since_sale, runs, weekly
from sidecar.retail.evidence import empty_shades

FIRST, LAST = date(2026, 1, 1), date(2026, 1, 10)


def sales(*rows: tuple[int, int, float]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["item_id", "day", "quantity"])
    frame["day"] = pd.to_datetime([FIRST + timedelta(days=n) for n in frame["day"]])
    return frame


def stock(*rows: tuple[int, int, bool]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["item_id", "day", "in_stock"])
    frame["day"] = pd.to_datetime([FIRST + timedelta(days=n) for n in frame["day"]])
    return frame


def test_sales_land_on_their_item_and_day() -> None:
    past = history(
        [7, 3],
        [FIRST, FIRST],
        FIRST,
        LAST,
        sales((3, 0, 2), (7, 9, 1), (3, 0, 1), (99, 1, 5), (7, 20, 4)),
        stock(),
    )
    assert past.sold.sum() == 4
    assert past.sold[1, 0] == 3
    assert past.sold[0, 9] == 1
    assert past.days()[-1] == LAST


def test_orders_are_counted_where_they_are_known() -> None:
    sold = sales((3, 0, 2), (7, 9, 1), (3, 0, 1), (7, 20, 4))
    assert history([7, 3], [FIRST] * 2, FIRST, LAST, sold, stock()).orders is None
    past = history([7, 3], [FIRST] * 2, FIRST, LAST, sold.assign(orders=[2, 1, 1, 3]), stock())
    assert past.orders is not None
    assert past.orders[1, 0] == 3
    assert past.orders[0].tolist() == [0] * 9 + [1]


def test_a_day_that_ended_empty_is_open_only_if_it_sold() -> None:
    past = history(
        [1], [FIRST], FIRST, LAST, sales((1, 2, 1)), stock((1, 2, False), (1, 3, False), (1, 4, True))
    )
    assert past.open[0].tolist() == [True, True, True, False] + [True] * 6
    assert past.known[0].sum() == 3
    assert open_days_since_sale(past)[0] == 6


def test_days_before_creation_do_not_count_unless_it_sold() -> None:
    young = history([1, 2], [date(2026, 1, 6)] * 2, FIRST, LAST, sales((2, 1, 1)), stock())
    assert young.open.sum(axis=1).tolist() == [5, 9]


def test_no_items() -> None:
    assert history([], [], FIRST, LAST, sales(), stock()).sold.shape == (0, 10)


def test_weeks_end_on_the_last_day() -> None:
    assert weekly(np.arange(10.0)[None, :]).tolist() == [[float(sum(range(3, 10)))]]
    assert week_starts(FIRST, LAST) == [date(2026, 1, 4)]


def test_first_known_day_of_stock() -> None:
    assert first_known(stock((1, 4, True), (1, 2, True)), LAST) == date(2026, 1, 3)
    assert first_known(stock(), LAST) == LAST


def test_runs_and_shades() -> None:
    mask = np.array([True, True, False, True])
    assert runs(mask) == [(0, 1), (3, 3)]
    shades = empty_shades(mask, FIRST, "Out of stock")
    assert [(shade.start, shade.end) for shade in shades] == [
        ("2026-01-01", "2026-01-02"),
        ("2026-01-04", "2026-01-04"),
    ]


def test_the_shop_counts_days_in_its_own_zone() -> None:
    late = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
    assert shop_day(late, "UTC") == date(2026, 11, 23)
    assert shop_day(late, "Europe/Berlin") == date(2026, 11, 24)
    assert shop_day(late, "America/New_York") == date(2026, 11, 23)
