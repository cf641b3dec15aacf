"""reorder-points: levels that hold, stock-outs left out, and proposals only where they matter."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sidecar.agents.inventory import ReorderPointsInput, reorder_points
from sidecar.core.agent import Result
from sidecar.core.evidence_text import format_message
from sidecar.demo.generator import generate, load_truth
from sidecar.retail.panel import home_category
from sidecar.retail.reorder import Lead
from sidecar.retail.stock_levels import Judged, judge, units_of
from tests.sidecar.agents.frame_store import FACTS, Ctx, FrameStore, demo_store
from tests.sidecar.agents.mirrored import END, Mirrored
from tests.sidecar.agents.shop import TODAY, item, product, sale, shop

READS = frozenset({"products", "order_lines", "stock_days"})


def run(store: FrameStore, **given: Any) -> Result[Any]:
    return reorder_points(ReorderPointsInput(**given), Ctx(store))


def levels(result: Result[Any]) -> dict[str, tuple[Any, Any]]:
    return {
        change.resource: (change.set[0].was, change.set[0].to)
        for proposal in result.proposals
        for change in proposal.changes
    }


@pytest.fixture(scope="module")
def demo(mirrored: Mirrored) -> Result[Any]:
    with mirrored.open(READS) as store:
        return reorder_points(ReorderPointsInput(limit=200), Ctx(store))


def test_planted_stock_outs_are_in_the_list(demo: Result[Any], mirrored: Mirrored) -> None:
    near = {k for k, p in mirrored.truth["products"].items() if "near_stockout" in p["planted"]}
    assert near
    assert near <= {line.product_id for line in demo.output.reorder_now}


def test_a_single_product_is_judged_alone(demo: Result[Any], mirrored: Mirrored) -> None:
    whole = {one.subject.id: one for one in demo.proposals}
    wanted = next(line.product_id for line in demo.output.reorder_now if line.product_id in whole)
    with mirrored.open(READS) as store:
        ctx = Ctx(store)
        alone = reorder_points(ReorderPointsInput(product_ids=[wanted]), ctx)
    judged = alone.output.considered + sum(alone.output.not_judged.values())
    with mirrored.open(READS) as store:
        assert judged == len(list(store.items(products=[wanted])))
    assert {line.product_id for line in alone.output.reorder_now} == {wanted}
    assert {one.subject.id for one in alone.proposals} <= {wanted}
    for one in alone.proposals:
        notes = [note.template for note in one.evidence.notes]
        assert any("Only the products asked for" in note for note in notes)
    assert all("Only the products" not in n.template for one in demo.proposals for n in one.evidence.notes)


def test_past_lead_times_were_covered_as_wished(demo: Result[Any]) -> None:
    output = demo.output
    assert 0.93 <= output.covered <= 0.98
    assert output.covered_by_mean < 0.9
    for quick in ("at least", "less than"):
        tried = [line for line in output.methods if quick in line.items]
        chosen = [line for line in tried if line.chosen]
        assert len(chosen) == 1
        assert chosen[0].loss <= min(line.loss for line in tried)


@pytest.fixture(scope="module")
def true_shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Judged, dict[str, Any], Lead]:
    path: Path = generate(tmp_path_factory.mktemp("levels") / "shop.sqlite", "small", seed=11, end=END)
    store, lead = demo_store(path), Lead(14, 3.0, 0.95)
    products = {one.id: one for one in store.products()}
    items = list(store.items())
    units, _ = units_of(items, products, store.lines, 5, END)
    judged = judge(
        units,
        store.lines,
        store.stock,
        home_category(items),
        lead,
        END - timedelta(days=730),
        END - timedelta(days=1),
    )
    return judged, load_truth(path), lead


def test_levels_cover_the_true_demand_to_come(true_shop: tuple[Judged, dict[str, Any], Lead]) -> None:
    """Draws the next lead time from the true parameters and counts how often the level suffices.

    Products on sale are counted apart: their evidence says that the level does not foresee the lower price.
    """
    judged, truth, lead = true_shop
    rng = np.random.default_rng(5)
    means = np.array([_true_demand(unit.key, truth, lead.longest) for unit in judged.units])
    cumulated = np.concatenate([np.zeros((len(means), 1)), np.cumsum(means, axis=1)], axis=1)
    levels = np.array([judged.level(row) for row in range(len(means))])
    lengths, weights = zip(*lead.lengths, strict=True)
    drawn = rng.choice(lengths, (400, len(means)), p=weights)
    held = rng.poisson(cumulated[np.arange(len(means))[None, :], drawn]) <= levels
    usual = np.array([not unit.on_sale for unit in judged.units])
    quick = judged.groups == 1
    # Whole pieces cover more than asked where few sell.
    assert 0.95 <= held[:, usual].mean() <= 0.985
    assert 0.935 <= held[:, usual & quick].mean() <= 0.975
    assert held[:, ~usual].mean() >= 0.9


def _true_demand(unit_id: int, truth: dict[str, Any], days: int) -> list[float]:
    """Mean pieces of each coming day at today's price, by the generator's formula."""
    unit = truth["units"][unit_id]
    one, about = truth["products"][unit["product_id"]], truth["shop"]
    season = about["categories"][one["category"]]
    _, regular, cut = one["prices"][-1]
    if one["slow_from"]:
        return [0.0] * days
    scale = one["rate"] * unit["share"] * ((cut or regular) / one["reference_price"]) ** one["elasticity"]
    start = date.fromisoformat(about["start"])
    means = []
    for n in range(days):
        day = END + timedelta(days=n)
        angle = 2 * np.pi * (day.timetuple().tm_yday - season["season_peak_day"]) / 365.25
        trend = one["trend"] * ((day - start).days - about["days"] / 2) / 365
        means.append(
            scale
            * np.exp(season["season_amplitude"] * np.cos(angle) + trend)
            * about["weekday"][day.weekday()]
        )
    return means


def test_steady_seller_gets_a_level_above_its_mean() -> None:
    lines = [sale(1, ago, 2) for ago in range(1, 700)]
    result = run(shop([item(1)], lines), lead_days=10, lead_spread_days=0)
    assert levels(result)["wc/v3/products/1"][0] is None
    assert 20 <= levels(result)["wc/v3/products/1"][1] <= 30


def test_days_without_stock_are_no_days_without_demand() -> None:
    """It sells 2 a day in stock and is out of stock every other fortnight."""
    away = [ago for ago in range(1, 700) if ago // 14 % 2]
    lines = [sale(1, ago, 2) for ago in range(1, 700) if ago not in away]
    known = shop([item(1)], lines, empty=[(1, ago) for ago in away], known_days=700)
    blind = shop([item(1)], lines)
    told = levels(run(known, lead_days=10, lead_spread_days=0))["wc/v3/products/1"][1]
    assert told >= 20
    shades = run(known, lead_days=10, lead_spread_days=0).proposals[0].evidence.chart.shade
    assert shades
    assert all(shade.label == "Out of stock" for shade in shades)
    pace = run(blind, lead_days=10).proposals[0].evidence.facts[1].value.value
    assert pace < 2 * 10 * 0.75
    notes = [format_message(note, FACTS) for note in run(blind).proposals[0].evidence.notes]
    assert any(note.startswith("Stock is known only since") for note in notes)


def test_a_right_level_is_left_alone() -> None:
    lines = [sale(1, ago, 2) for ago in range(1, 700)]
    level = levels(run(shop([item(1)], lines)))["wc/v3/products/1"][1]
    result = run(shop([item(1, low_stock_amount=level + 1)], lines))
    assert result.proposals == []
    assert result.output.unchanged == 1


def test_what_no_longer_sells_gets_no_level_of_its_own() -> None:
    sales = [sale(1, days) for days in range(150, 400, 5)]
    assert levels(run(shop([item(1)], sales))) == {}
    assert levels(run(shop([item(1, low_stock_amount=9)], sales))) == {"wc/v3/products/1": (9, 0)}


def test_present_level_is_what_was() -> None:
    lines = [sale(1, ago, 2) for ago in range(1, 700)]
    result = run(shop([item(1, low_stock_amount=5)], lines))
    assert levels(result)["wc/v3/products/1"][0] == 5
    assert format_message(result.proposals[0].evidence.message, FACTS).startswith("Move the low-stock alert")


def test_a_running_sale_is_pointed_out() -> None:
    lines = [sale(1, ago, 2) for ago in range(1, 700)]
    on_sale = item(1, sale_price=Decimal(30), price=Decimal(30))

    def told(one: Any) -> bool:
        notes = run(shop([one], lines)).proposals[0].evidence.notes
        return any(format_message(note, FACTS).startswith("It is on sale now") for note in notes)

    assert told(on_sale)
    assert not told(item(1))


def test_variations_of_a_product_come_in_one_proposal() -> None:
    both = [item(11, product_id=1), item(12, product_id=1)]
    lines = [sale(n, ago, 2, product_id=1) for n in (11, 12) for ago in range(1, 700)]
    result = run(shop(both, lines))
    assert len(result.proposals) == 1
    assert set(levels(result)) == {"wc/v3/products/1/variations/11", "wc/v3/products/1/variations/12"}


def test_shared_stock_sets_the_level_of_the_product() -> None:
    both = [item(n, product_id=1, stock_of_parent=True) for n in (11, 12)]
    lines = [sale(n, ago, 1, product_id=1) for n in (11, 12) for ago in range(1, 700)]
    result = run(shop(both, lines, products=[product(1, type="variable", low_stock_amount=3)]), lead_days=10)
    assert list(levels(result)) == ["wc/v3/products/1"]
    assert levels(result)["wc/v3/products/1"][0] == 3
    assert levels(result)["wc/v3/products/1"][1] >= 20


@pytest.mark.parametrize(
    ("change", "count", "reason"),
    [
        ({"stock": None}, 50, "stock_not_managed"),
        ({}, 2, "too_few_sales"),
        ({"status": "draft"}, 50, "not_published"),
    ],
)
def test_items_that_cannot_be_judged(change: dict[str, Any], count: int, reason: str) -> None:
    result = run(shop([item(1, **change)], [sale(1, ago) for ago in range(1, count + 1)]))
    assert result.output.not_judged == {reason: 1}
    assert result.output.considered == 0


def test_most_urgent_comes_first() -> None:
    """Stock below the new level but above the present one: nobody would say so."""
    lines = [sale(n, ago, 2, price=40) for n in (1, 2) for ago in range(1, 700)]
    items = [item(1, stock=500, price=Decimal(90)), item(2, stock=8)]
    assert run(shop(items, lines)).proposals[0].subject.id == 2
    assert [line.item_id for line in run(shop(items, lines)).output.reorder_now] == [2]
    assert run(shop(items, lines)).output.reorder_now[0].days_left == pytest.approx(4, abs=0.5)


def test_longer_and_less_certain_deliveries_ask_for_more() -> None:
    lines = [sale(1, ago, 2) for ago in range(1, 700)]

    def level(**given: Any) -> int:
        found: int = levels(run(shop([item(1)], lines), **given))["wc/v3/products/1"][1]
        return found

    base = level(lead_days=14, lead_spread_days=0)
    assert level(lead_days=28, lead_spread_days=0) > base
    assert level(lead_days=14, lead_spread_days=7) > base
    assert level(lead_days=14, lead_spread_days=7, service_level=0.99) > level(
        lead_days=14, lead_spread_days=7
    )


def test_sales_of_today_do_not_count_as_a_whole_day() -> None:
    lines = [sale(1, ago, 2) for ago in range(1, 400)]
    again = [*lines, sale(1, 0, 50)]
    assert levels(run(shop([item(1)], lines))) == levels(run(shop([item(1)], again)))
    assert TODAY == END
