"""Prices and promotions by day: what was paid, what the shop's own changes say, and what is planned."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sidecar.retail.holders import holders_of
from sidecar.retail.offers import Offers, offers, tax_pairs
from tests.sidecar.agents.shop import TODAY, item, sale

DAYS, AHEAD = 100, 30
FIRST = TODAY - timedelta(days=DAYS)


def sold(*lines: dict[str, Any]) -> pd.DataFrame:
    rows = [(one["item_id"], one["day"], one["quantity"], one["subtotal"]) for one in lines]
    frame = pd.DataFrame(rows, columns=["item_id", "day", "ordered", "value"])
    return frame.assign(day=pd.to_datetime(frame["day"]))


def changes(rows: Iterable[tuple[int, datetime, float, float]] = ()) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows), columns=["item_id", "at", "regular_price", "price"])
    return frame.assign(at=pd.to_datetime(frame["at"]).dt.tz_localize(None) if len(frame) else frame["at"])


def found(
    items: Any, lines: pd.DataFrame, watched: pd.DataFrame | None = None, tax: float | None = 1.0
) -> Offers | None:
    window = (FIRST, DAYS, AHEAD)
    return offers(holders_of(items), window, lines, changes() if watched is None else watched, "UTC", tax)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def at(ago: int) -> int:
    """The column of a day that many days before today."""
    return DAYS - ago


def test_a_past_sale_is_seen_in_what_was_paid() -> None:
    daily = [sale(1, ago, 2, 30.0 if 40 <= ago <= 50 else 40.0) for ago in range(1, 100)]
    made = found([item(1)], sold(*daily))
    assert made is not None
    assert made.price[0, at(45)] == pytest.approx(0.75)
    assert made.promo[0, [at(51), at(50), at(40), at(39)]] == pytest.approx([0, 0.25, 0.25, 0])
    assert (made.price[0, DAYS:] == 1).all()
    assert (made.promo[0, DAYS:] == 0).all()


def test_only_what_the_shop_has_entered_lies_ahead() -> None:
    start, end = TODAY + timedelta(days=10), TODAY + timedelta(days=14)
    planned = item(1, sale_price=Decimal("32.00"), sale_from=noon(start), sale_to=noon(end))
    open_end = item(2, sale_price=Decimal("20.00"), price=Decimal("20.00"))
    over = item(3, sale_price=Decimal("20.00"), sale_to=noon(TODAY - timedelta(days=1)))
    made = found([planned, open_end, over], sold())
    assert made is not None
    assert np.flatnonzero(made.promo[0, DAYS:]).tolist() == [10, 11, 12, 13, 14]
    assert made.promo[0, DAYS + 12] == pytest.approx(0.2)
    assert made.promo[1, DAYS:] == pytest.approx(0.5)
    assert (made.promo[2, DAYS:] == 0).all()
    assert (made.promo[0, :DAYS] == 0).all()


def test_a_sale_that_ended_does_not_go_on_until_the_next_order() -> None:
    made = found([item(1)], sold(*(sale(1, ago, 1, 20.0) for ago in range(60, 66))))
    assert made is not None
    assert made.promo[0, at(62)] == pytest.approx(0.5)
    assert made.promo[0, at(1)] == 0


def test_a_variation_without_sales_takes_its_siblings_price() -> None:
    pair = [item(2, product_id=1), item(3, product_id=1)]
    lines = [sale(2, ago, 1, 28.0 if ago in range(20, 40) else 40.0, product_id=1) for ago in range(1, 90)]
    made = found(pair, sold(*lines))
    assert made is not None
    assert made.price[1] == pytest.approx(made.price[0])
    own = [*lines, sale(3, 30, 5, 40.0, product_id=1)]
    dearer = found(pair, sold(*own))
    assert dearer is not None
    assert dearer.price[1, at(30)] == pytest.approx(1)


def test_the_watched_price_beats_what_orders_tell() -> None:
    lines = sold(*(sale(1, ago, 1, 40.0) for ago in range(1, 90, 10)))
    rows = [
        (1, noon(TODAY - timedelta(days=30)), 50.0, 40.0),
        (1, noon(TODAY - timedelta(days=20)), 40.0, 40.0),
    ]
    made = found([item(1)], lines, changes(rows))
    assert made is not None
    assert made.price[0] == pytest.approx(1)
    assert np.flatnonzero(made.promo[0]).tolist() == list(range(at(30), at(20)))
    assert made.promo[0, at(25)] == pytest.approx(0.2)


def test_taxes_come_off_the_shelf_price() -> None:
    lines = sold(*(sale(1, ago, 1, 25.21 if ago > 50 else 33.61) for ago in range(1, 90)))
    made = found([item(1)], lines, tax=1.19)
    assert made is not None
    assert made.promo[0, [at(60), at(10)]] == pytest.approx([0.25, 0], abs=0.001)
    assert tax_pairs(lines, [item(1), item(2)], TODAY) == [(40.0, 33.61)]


def test_what_is_not_known_is_not_told() -> None:
    on_sale = item(1, sale_price=Decimal("30.00"))
    blind = found([on_sale, item(2, regular_price=None, price=None)], sold(sale(2, 5, 1, 10.0)), tax=None)
    assert blind is not None
    assert np.isnan(blind.price[1]).all()
    assert np.isnan(blind.promo[1]).all()
    assert blind.promo[0, DAYS:] == pytest.approx(0.25)
    assert found([item(1)], sold(sale(1, 5))) is None
    assert found([], sold()) is None


def test_a_gift_and_a_slip_are_no_prices() -> None:
    lines = sold(*(sale(1, ago) for ago in range(1, 60)), sale(1, 70, 1, 0.5), sale(1, 80, 1, 4000.0))
    assert found([item(1)], lines) is None


def test_a_shared_stock_takes_the_mean_of_what_is_planned() -> None:
    pair = [item(key, product_id=1, stock_of_parent=True) for key in (2, 3)]
    pair[0] = replace(pair[0], sale_price=Decimal("20.00"))
    made = found(pair, sold())
    assert made is not None
    assert made.price.shape == (1, DAYS + AHEAD)
    assert made.promo[0, DAYS:] == pytest.approx(0.25)
