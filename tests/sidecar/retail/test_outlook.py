"""Kept forecasts brought up to today: age, overrides, totals, and what may share a stock."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from sidecar.core.forecasts import KeptForecast
from sidecar.core.store import Override
from sidecar.retail.dead_stock import quiet_days
from sidecar.retail.holders import holders_of
from sidecar.retail.note_words import NOTE_WORDS, in_words
from sidecar.retail.outlook import Outlook, outlook
from tests.sidecar.agents.shop import TODAY, item

LEVELS = (0.05, 0.1, 0.5, 0.9, 0.95)
PERIODS = (1, 7, 14, 28, 90)


def kept(item_id: int = 1, pace: float = 2.0, **more: Any) -> KeptForecast:
    """Poisson-like demand of one pace for 90 days from today on."""
    mean = np.full(90, pace)
    spread = np.array([-1.6, -1.3, 0.0, 1.3, 1.6])
    totals = np.array([[max(pace * p + z * (pace * p) ** 0.5, 0) for z in spread] for p in PERIODS])
    plain = KeptForecast(
        item_id=item_id,
        product_id=item_id,
        first_day=TODAY,
        method="ets",
        notes=(),
        error=0.7,
        naive_error=1.0,
        coverage=0.9,
        pieces=700.0,
        since=TODAY - timedelta(days=400),
        last_sale=TODAY - timedelta(days=1),
        levels=LEVELS,
        mean=mean,
        quantiles=np.stack([np.maximum(mean + z * pace**0.5, 0) for z in spread]),
        periods=PERIODS,
        total_levels=LEVELS,
        totals=totals,
        sold=np.full(180, pace),
        in_stock=np.ones(180, dtype=bool),
        made_at=1,
    )
    return replace(plain, **more)


def over(kind: Any, value: float, first: int, last: int, item_id: int = 1) -> Override:
    return Override(
        "o", item_id, TODAY + timedelta(days=first), TODAY + timedelta(days=last), kind, value, ""
    )


def seen(*made: KeptForecast, overrides: tuple[Override, ...] = (), today: date = TODAY) -> Outlook:
    return outlook(made, list(overrides), today)


def test_totals_are_those_of_the_forecast_and_between_them() -> None:
    found = seen(kept())
    assert found.total(7) == pytest.approx(14)
    assert found.quantiles(7, LEVELS)[0] == pytest.approx(kept().totals[1])
    ten = found.quantiles(10, LEVELS)[0]
    assert (kept().totals[1] < ten).all()
    assert (ten < kept().totals[2]).all()
    assert (np.diff(found.quantiles(28, (0.2, 0.4, 0.6, 0.8))[0]) > 0).all()


def test_beyond_its_end_the_pace_goes_on() -> None:
    found = seen(kept())
    assert found.total(180) == pytest.approx(360)
    assert found.quantiles(180, (0.5,))[0, 0] == pytest.approx(360)


def test_an_older_forecast_is_read_from_today_on() -> None:
    rising = kept(mean=np.arange(90, dtype=float))
    found = seen(rising, kept(2), today=TODAY + timedelta(days=5))
    assert found.mean.shape == (2, 85)
    assert found.mean[0, 0] == 5
    assert found.total(2)[0] == 11
    assert found.quantiles(90, (0.5,)).shape == (2, 1)


def test_what_is_too_old_or_yet_to_begin_is_left_out() -> None:
    assert seen(kept(), today=TODAY + timedelta(days=15)).kept == ()
    assert seen(kept(), today=TODAY - timedelta(days=1)).kept == ()
    assert seen().quantiles(7, LEVELS).shape == (0, 5)
    assert seen().total(120).shape == (0,)


def test_overrides_replace_days_and_keep_the_ratio_of_variance_to_mean() -> None:
    plain = seen(kept(), kept(2))
    found = seen(kept(), kept(2), overrides=(over("factor", 3.0, 0, 6), over("per_day", 0.0, 10, 11)))
    assert found.mean[0, :7] == pytest.approx(6)
    assert found.mean[0, 10:12] == pytest.approx(0)
    assert found.mean[0, 12:] == pytest.approx(2)
    assert found.mean[1] == pytest.approx(plain.mean[1])
    assert found.high[0, :7] == pytest.approx(6 + (plain.high[0, :7] - 2) * 3**0.5)
    before = plain.quantiles(7, LEVELS)[0]
    assert found.quantiles(7, LEVELS)[0] == pytest.approx(np.maximum(42 + (before - 14) * 3**0.5, 0))
    assert found.base[0] == pytest.approx(plain.mean[0])


def test_an_override_of_what_never_sells_has_a_spread_of_its_own() -> None:
    silent = kept(pace=0.0)
    found = seen(silent, overrides=(over("per_day", 4.0, -5, 400),))
    assert found.mean[0] == pytest.approx(4)
    low, high = found.quantiles(7, (0.1, 0.9))[0]
    assert low < 28 < high
    assert (found.low[0] < 4).all()
    assert (found.high[0] > 4).all()


def test_an_override_of_what_hardly_sells_is_a_count_every_day_and_over_days() -> None:
    sold = np.zeros(180)
    sold[::18] = 2.0  # a tenth of a piece a day, two at a time
    weekday = np.arange(90) % 7 == 0
    rare = kept(
        mean=np.where(weekday, 0.4, 0.05),
        quantiles=np.stack([np.where(weekday, high, 0.0) for high in (0, 0, 0, 1, 1)]),
        totals=np.array([[0.0, 0.0, p // 14, 1 + p // 5, 2 + p // 4] for p in PERIODS]),
        sold=sold,
    )
    found = seen(rare, kept(2), overrides=(over("per_day", 5.0, 0, 400),))
    # Two at a time on a day of 18: variance 17/9 of the mean. The quantiles are those of scipy's nbinom.
    assert found.low[0] == pytest.approx(1)
    assert found.high[0] == pytest.approx(9)
    drawn = np.random.default_rng(0).negative_binomial(5 * 9 / 8, 9 / 17, size=(40_000, 28))
    for days in (1, 7, 28):
        wanted = np.quantile(drawn[:, :days].sum(axis=1), (0.1, 0.5, 0.9))
        assert found.quantiles(days, (0.1, 0.5, 0.9))[0] == pytest.approx(wanted, abs=1)
    few = seen(rare, overrides=(over("per_day", 5.0, 0, 0),))
    assert few.low[0, 1:] == pytest.approx(seen(rare).low[0, 1:])
    assert few.quantiles(28, (0.1,))[0, 0] < 5 < few.quantiles(28, (0.9,))[0, 0]
    wide = kept(pace=0.5, totals=np.array([[0.0, 0.1 * p, 0.4 * p, 2.0 * p, 6.0 * p] for p in PERIODS]))
    more = seen(wide, overrides=(over("factor", 1.1, 0, 2),)).quantiles(28, LEVELS)
    assert (more >= seen(wide).quantiles(28, LEVELS) - 1e-9).all()
    assert found.high[1] == pytest.approx(seen(kept(2)).high[0])


def test_an_override_that_is_over_changes_nothing() -> None:
    found = seen(kept(), overrides=(over("factor", 9.0, -9, -1),))
    assert (found.mean == found.base).all()


def test_quiet_days_leave_out_days_without_stock() -> None:
    there = np.ones(180, dtype=bool)
    there[-50:-20] = False
    silent = kept(last_sale=TODAY - timedelta(days=101))
    assert quiet_days(silent) == 100
    assert quiet_days(replace(silent, in_stock=there)) == 70
    assert quiet_days(kept()) == 0
    assert quiet_days(replace(kept(), last_sale=None, since=TODAY - timedelta(days=30))) == 30


def test_variations_that_share_a_stock_are_one_holder() -> None:
    size = [(("Size", name),) for name in ("S", "M")]
    shared = [
        item(n, product_id=9, stock_of_parent=True, stock=7, name=f"Coat - {one[0][1]}", attributes=one)
        for n, one in zip((1, 2), size, strict=True)
    ]
    found = {holder.id: holder for holder in holders_of([*shared, item(3), item(4, stock=None)])}
    assert set(found) == {3, 4, 9}
    assert (found[9].name, found[9].stock, found[9].item_ids) == ("Coat", 7, (1, 2))
    assert found[9].resource == "wc/v3/products/9"
    assert found[4].stock is None


def test_every_code_has_a_sentence() -> None:
    assert all(words.endswith(".") for words in NOTE_WORDS.values())
    assert in_words(["no_cost", "no_cost", "what_is_this"]) == [NOTE_WORDS["no_cost"], "what_is_this"]
