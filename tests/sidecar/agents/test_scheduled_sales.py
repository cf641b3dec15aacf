"""A sale that the shop has scheduled raises the forecast of its days; fitted in slices, or all at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from sidecar.agents.inventory import DemandForecastInput, demand_forecast, panel
from sidecar.agents.inventory.panel import shared_out
from sidecar.core.forecasts import WHOLE_SHOP
from sidecar.core.store import Item, Override
from sidecar.retail.holders import holders_of
from tests.sidecar.agents.frame_store import Ctx, FrameStore, Shelf
from tests.sidecar.agents.shop import TODAY, item, sale, shop

ITEMS, DAYS, SALE, FROM, TO = 100, 400, 14, 7, 20


@pytest.fixture(scope="module")
def past() -> FrameStore:
    """Every item is 30 % off for two weeks of each ten, at times of its own, and sells twice as much then."""
    rng = np.random.default_rng(1)
    lines = []
    for key in range(1, ITEMS + 1):
        pace, shift = rng.uniform(1, 5), int(rng.integers(0, 70))
        for ago in range(1, DAYS + 1):
            off = (ago + shift) % 70 < SALE and ago > 40
            pieces = rng.poisson(pace * (0.7**-2 if off else 1))
            if pieces:
                lines.append(sale(key, ago, pieces, 28.0 if off else 40.0))
    return shop([item(key) for key in range(1, ITEMS + 1)], lines)


def day(ahead: int) -> datetime:
    return datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=UTC) + timedelta(days=ahead, hours=12)


def planned(one: Item) -> Item:
    return replace(one, sale_price=Decimal("28.00"), sale_from=day(FROM), sale_to=day(TO))


def kept(store: FrameStore) -> dict[int, Any]:
    shelf = Shelf()
    demand_forecast(DemandForecastInput(), Ctx(store, models=shelf))
    return shelf.held


def test_a_scheduled_sale_raises_the_forecast_of_its_days(past: FrameStore) -> None:
    half = [planned(one) if one.id % 2 else one for one in past.all_items]
    plain, with_sale = kept(past), kept(replace(past, all_items=half))

    def ratio(key: int, days: slice) -> float:
        return float(with_sale[key].mean[days].sum() / plain[key].mean[days].sum())

    inside = slice(FROM, TO + 1)
    on_sale, others = ([ratio(key, inside) for key in range(first, ITEMS + 1, 2)] for first in (1, 2))
    assert np.median(on_sale) > 1.2
    assert np.median(others) == pytest.approx(1, abs=0.05)
    after = [ratio(key, slice(TO + 8, 60)) for key in range(1, ITEMS + 1, 2)]
    assert np.median(after) == pytest.approx(1, abs=0.05)


def test_slices_hold_all_and_answer_the_same_questions(
    past: FrameStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = replace(past, all_items=past.all_items[:40])
    override = Override("o" * 32, 7, TODAY, TODAY + timedelta(days=60), "per_day", 500.0, "fair")
    some = replace(some, all_overrides=[override])
    monkeypatch.setattr(panel, "SLICE", 15)
    shelf = Shelf()
    ctx = Ctx(some, models=shelf)
    output = demand_forecast(DemandForecastInput(limit=3), ctx).output
    assert output.fitted == 40
    assert sum(output.methods.values()) == 40
    assert set(shelf.held) == {WHOLE_SHOP, *range(1, 41)}
    assert output.items[0].item_id == 7
    assert len(output.items) == 3
    best = sorted((one for key, one in shelf.held.items() if key), key=lambda one: -one.mean[:28].sum())
    assert [one.item_id for one in output.items[1:]] == [one.item_id for one in best if one.item_id != 7][:2]
    whole = float(shelf.held[WHOLE_SHOP].mean[:28].sum())
    assert whole == pytest.approx(sum(float(one.mean[:28].sum()) for one in best), rel=0.25)


def test_categories_lie_together() -> None:
    holders = holders_of(item(key, categories=(key % 3 + 1,)) for key in range(1, 31))
    home = {one.id: one.items[0].categories[0] for one in holders}
    parts = shared_out(holders, home, 10)
    assert [{home[one.id] for one in part} for part in parts] == [{1}, {2}, {3}]
    assert shared_out(holders, home, 100) == [holders]
    assert [len(part) for part in shared_out(holders, home, 8)] == [8, 8, 8, 6]
    assert shared_out([], {}, 8) == []
