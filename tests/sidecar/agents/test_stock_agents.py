"""Forecasts, orders, dead stock, sizes and moves: what must be found in the demo shop, and odd histories."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from sidecar.agents import registry
from sidecar.agents.inventory import (
    AssortmentReviewInput,
    DeadStockInput,
    DemandForecastInput,
    ReorderPlanInput,
    SizeGapsInput,
    StockTransfersInput,
    assortment_review,
    dead_stock,
    demand_forecast,
    reorder_plan,
    size_gaps,
    stock_transfers,
)
from sidecar.agents.inventory.given import given_demand
from sidecar.core.errors import Invalid
from sidecar.core.store import Incoming, Item, Location, Override, Supplies
from tests.sidecar.agents.frame_store import DEFAULT_SUPPLY, FACTS, Ctx, FrameStore, Shelf
from tests.sidecar.agents.mirrored import Mirrored
from tests.sidecar.agents.runs import Ran, run
from tests.sidecar.agents.shop import TODAY, item, product, sale, shop

NAN = float("nan")


def daily(item_id: int, pieces: int = 2, days: int = 400, **more: Any) -> list[dict[str, Any]]:
    """The same pieces on every day."""
    return [sale(item_id, ago, pieces, **more) for ago in range(1, days + 1)]


def forecast(store: FrameStore, shelf: Shelf | None = None, **given: Any) -> Any:
    ctx = Ctx(store, models=shelf or Shelf())
    return demand_forecast(DemandForecastInput(**given), ctx).output


def plan(store: FrameStore, shelf: Shelf | None = None, **given: Any) -> Any:
    return reorder_plan(ReorderPlanInput(**given), Ctx(store, models=shelf or Shelf())).output


# --- the demo shop --------------------------------------------------------------------------------------


def planted(mirrored: Mirrored, what: str) -> set[int]:
    found = {key for key, one in mirrored.truth["products"].items() if what in one["planted"]}
    assert found
    return found


@pytest.fixture(scope="module")
def demo(mirrored: Mirrored, fitted: tuple[Ran, Shelf]) -> dict[str, Any]:
    """The answers of the agents that read kept forecasts."""
    names = ("reorder-plan", "dead-stock", "size-gaps", "stock-transfers")
    most = {"reorder-plan": {"limit": 1000}, "dead-stock": {"limit": 100}, "size-gaps": {"limit": 500}}
    agents = registry()
    return {name: run(agents[name], mirrored, fitted[1].copy(), most.get(name)).result for name in names}


def test_what_runs_out_is_in_the_plan(demo: dict[str, Any], mirrored: Mirrored) -> None:
    output = demo["reorder-plan"].output
    named = {line.product_id for line in (*output.now, *output.soon)}
    assert planted(mirrored, "near_stockout") <= named
    assert output.total_cost == sum(line.cost for line in output.now)
    chances = [line.stockout_probability for line in output.now]
    assert chances == sorted(chances, reverse=True)


def test_what_stopped_selling_is_found_and_marked_down(demo: dict[str, Any], mirrored: Mirrored) -> None:
    result = demo["dead-stock"]
    idle = {line.product_id for line in result.output.items}
    assert planted(mirrored, "slow") <= idle
    assert not planted(mirrored, "fresh") & idle
    for proposal in result.proposals:
        assert proposal.subject.id in idle
        patch = {field.path: field for change in proposal.changes for field in change.set}
        assert Decimal(patch["sale_price"].to) < Decimal(patch["regular_price"].was)
    proposed = {change.resource for proposal in result.proposals for change in proposal.changes}
    marked = [line for line in result.output.items if line.markdown is not None]
    assert len(proposed) == len(marked)


def test_no_markdown_earns_less_than_the_margin(demo: dict[str, Any], mirrored: Mirrored) -> None:
    with mirrored.open(frozenset({"products"})) as store:
        costs = {one.resource: one.cost for one in store.items()}
    cuts = [change for proposal in demo["dead-stock"].proposals for change in proposal.changes]
    assert cuts
    for change in cuts:
        price = Decimal(next(field.to for field in change.set if field.path == "sale_price"))
        assert price >= costs[change.resource] * Decimal("1.1")


def test_size_curves_are_those_that_were_planted(demo: dict[str, Any]) -> None:
    output = demo["size-gaps"].output
    true = [0.10, 0.24, 0.31, 0.22, 0.13]
    assert len(output.curves) >= 5
    for category, sizes in output.curves.items():
        assert list(sizes.values()) == pytest.approx(true, abs=0.06), category
    for own in output.broken:
        assert own.lost == pytest.approx(sum(line.share for line in own.sizes if line.missing), abs=0.01)
        assert all(line.stock + line.incoming <= 0 for line in own.sizes if line.missing)
        assert sum(line.share for line in own.sizes) == pytest.approx(1, abs=0.01)


def test_moves_take_only_what_is_spare(demo: dict[str, Any]) -> None:
    output = demo["stock-transfers"].output
    assert output.places == 2
    assert output.moves
    for move in output.moves:
        assert move.source_stock - move.pieces >= move.source_keeps
        assert move.target_stock < move.target_needs


def test_forecasts_are_near_the_true_demand(fitted: tuple[Ran, Shelf], mirrored: Mirrored) -> None:
    """Of the items that sell steadily, the next four weeks' true mean is mostly inside the 80 % interval."""
    output = fitted[0].result.output
    assert output.fitted > 900
    month = {key: float(one.mean[:28].sum()) for key, one in fitted[1].held.items()}
    true = {}
    for key, unit in mirrored.truth["units"].items():
        own = mirrored.truth["products"][unit["product_id"]]
        if not own["planted"]:
            true[key] = own["pace"] * unit["share"] * 28
    keys = sorted(set(true) & set(month))
    expected, real = (np.array([part[key] for key in keys]) for part in (month, true))
    assert expected.sum() == pytest.approx(real.sum(), rel=0.25)
    quick = real >= 5
    assert np.corrcoef(expected[quick], real[quick])[0, 1] > 0.8


# --- histories ------------------------------------------------------------------------------------------


def test_days_without_stock_are_not_days_without_demand() -> None:
    gone = [(1, ago) for ago in range(1, 400) if (ago // 14) % 2]
    there = set(range(1, 400)) - {ago for _, ago in gone}
    lines = [sale(1, ago, 2) for ago in sorted(there)]
    store = shop([item(1)], lines, empty=gone, known_days=400)
    one = forecast(store, product_ids=[1], forecast_periods=28).items[0]
    assert one.total == pytest.approx(56, rel=0.15)
    blind = shop([item(1)], lines)
    assert forecast(blind, product_ids=[1], forecast_periods=28).items[0].total < 50


def test_nothing_sold_and_one_day_sold_say_so() -> None:
    store = shop([item(1), item(2)], [sale(2, 1, 5)])
    output = forecast(store)
    by_id = {one.item_id: one for one in output.items}
    assert by_id[1].error is None
    assert all(np.isfinite(by_id[key].forecast).all() for key in (1, 2))
    assert by_id[1].total < 1
    assert "Nothing of it was ever sold." in by_id[1].notes
    assert by_id[2].error is None
    assert by_id[2].notes


def test_an_item_without_stock_management_gets_a_forecast_and_no_order() -> None:
    store = shop([item(1, stock=None)], daily(1))
    one = forecast(store, product_ids=[1]).items[0]
    assert one.total == pytest.approx(60, rel=0.1)
    assert one.reorder_point is None
    assert "WooCommerce does not manage its stock, so nothing can be ordered by it." in one.notes
    output = plan(store)
    assert (output.now, output.not_judged) == ([], {"stock_not_managed": 1})


def test_returns_beyond_sales_and_days_to_come_are_named() -> None:
    store = shop([item(1)], [*daily(1), sale(1, 30, -9), sale(1, -3, 500)])
    output = forecast(store)
    assert output.items[0].total == pytest.approx(60, rel=0.15)
    assert "Days that are not over yet were left out." in output.notes
    assert any("More came back than sold" in note for note in output.notes)


def test_an_override_is_on_top_and_named() -> None:
    week = TODAY + timedelta(days=6)
    known = Override("o", 1, TODAY, week, "per_day", 10.0, "A fair.")
    plain = forecast(shop([item(1)], daily(1)), product_ids=[1]).items[0]
    store = replace(shop([item(1)], daily(1)), all_overrides=[known])
    one = forecast(store, product_ids=[1]).items[0]
    assert one.forecast[:7] == [10.0] * 7
    assert one.forecast[7:] == plain.forecast[7:]
    assert one.total == pytest.approx(plain.total - sum(plain.forecast[:7]) + 70, abs=0.1)
    assert one.total_low <= one.total <= one.total_high
    assert any("own figures" in note for note in one.notes)


def test_a_kept_forecast_is_used_while_it_is_fresh() -> None:
    shelf, store = Shelf(), shop([item(1), item(2)], [*daily(1), *daily(2, 1)])
    assert forecast(store, shelf).fitted == 2
    again = forecast(store, shelf, product_ids=[1])
    assert (again.fitted, again.kept) == (0, 1)
    shelf.held[1] = replace(shelf.held[1], first_day=TODAY - timedelta(days=8))
    assert forecast(store, shelf, product_ids=[1]).fitted == 1
    assert shelf.held[1].first_day == TODAY
    assert forecast(store, shelf, product_ids=[1], refit=True).fitted == 1


# --- orders ---------------------------------------------------------------------------------------------


def terms(**more: Any) -> Supplies:
    return Supplies({1: replace(DEFAULT_SUPPLY, item_id=1, **more)}, DEFAULT_SUPPLY)


def test_terms_of_purchase_shape_the_order() -> None:
    store = shop([item(1, stock=5)], daily(1))
    plain = plan(store).now[0]
    assert plain.reorder_point >= 28
    assert plain.order_by == TODAY
    assert plain.stockout_probability > 0.9
    packed = plan(replace(store, all_supplies=terms(pack=24, moq=60))).now[0]
    assert packed.recommended_order_quantity % 24 == 0
    assert packed.recommended_order_quantity >= 60
    longer = plan(replace(store, all_supplies=terms(lead_days=40, lead_spread_days=0.0))).now[0]
    assert longer.reorder_point >= 80
    assert longer.expected == plain.expected
    coming = plan(replace(store, all_incoming=[Incoming(1, "p", 200, None)]))
    assert coming.now == []
    assert plan(store, service_level=0.5).now[0].safety_stock < plain.safety_stock


def test_a_budget_buys_what_pays_and_a_suppliers_least_is_kept() -> None:
    items = [item(1, stock=0, cost=Decimal(10)), item(2, stock=0, cost=Decimal(35))]
    store = shop(items, [*daily(1), *daily(2)])
    whole = plan(store)
    assert {line.item_id for line in whole.now} == {1, 2}
    half = plan(store, budget=float(whole.total_cost) / 2)
    assert half.total_cost <= whole.total_cost / 2
    assert half.budget_left >= 0
    pieces = {line.item_id: line.recommended_order_quantity for line in half.now}
    assert pieces[1] > pieces[2]
    assert any(line.left_out == "The budget does not reach for all of it." for line in half.now)
    silk = {"supplier_id": "s", "supplier_name": "Silk House"}
    small = plan(replace(store, all_supplies=terms(min_order=Decimal(100_000), **silk)))
    by_id = {line.item_id: line for line in small.now}
    assert by_id[1].recommended_order_quantity == 0
    assert by_id[1].left_out == "The supplier's smallest order is not reached."
    assert by_id[2].recommended_order_quantity > 0
    assert (half.without_cost, plan(store, budget=0).without_cost) == (0, 0)
    order = next(one for one in small.suppliers if one.supplier_id == "s")
    assert order.missing is not None
    assert order.missing > 0


def test_variations_that_share_a_stock_are_one_line() -> None:
    shared = [
        item(
            key,
            product_id=9,
            stock=3,
            stock_of_parent=True,
            name=f"Coat - {size}",
            attributes=(("Size", size),),
        )
        for key, size in ((1, "S"), (2, "M"))
    ]
    lines = [*daily(1, 1, product_id=9), *daily(2, 1, product_id=9)]
    output = plan(shop(shared, lines, [product(9)]))
    assert [(line.item_id, line.name, line.stock) for line in output.now] == [(9, "Coat", 3)]
    assert output.now[0].expected == pytest.approx(56, rel=0.1)


def test_without_a_cost_no_money_is_named() -> None:
    output = plan(shop([item(1, stock=0, cost=None)], daily(1)))
    assert output.now[0].cost is None
    assert output.without_cost == 1
    assert any("costs" in note for note in output.now[0].notes)


# --- dead stock, sizes, moves ---------------------------------------------------------------------------


def idle(store: FrameStore, **given: Any) -> Any:
    return dead_stock(DeadStockInput(**given), Ctx(store))


def stopped(item_id: int, pieces: int, since: int, every: int = 1) -> list[dict[str, Any]]:
    return [sale(item_id, ago, pieces) for ago in range(since, 700, every)]


def test_dead_is_what_chance_does_not_explain() -> None:
    items = [item(key, stock=4) for key in (1, 2, 3)]
    lines = [*stopped(1, 1, 100), *stopped(2, 1, 100, every=60), *daily(3)]
    result = idle(shop(items, lines))
    states = {line.item_id: line.state for line in result.output.items}
    assert states == {1: "dead"}
    assert result.output.items[0].chance < 0.001
    assert result.output.dead_value == Decimal("40.00")
    assert [proposal.subject.id for proposal in result.proposals] == [1]
    more = idle(shop([replace(one, stock=40) for one in items], lines))
    assert {line.item_id: line.state for line in more.output.items} == {1: "dead", 2: "slow"}


def test_days_without_stock_do_not_make_it_dead() -> None:
    gone = [(1, ago) for ago in range(21, 100)]
    store = shop([item(1, stock=4)], stopped(1, 1, 100), empty=gone, known_days=400)
    assert idle(store).output.items == []


def test_what_stopped_is_slow_until_the_owner_calls_it_dead() -> None:
    items = [item(key, stock=40) for key in (1, 2)]
    lines = [*stopped(1, 1, 130), *stopped(2, 1, 130, every=60)]
    result = idle(shop(items, lines), min_days_no_sale=180)
    found = {line.item_id: (line.state, line.days_of_cover is None) for line in result.output.items}
    assert found == {1: ("slow", True), 2: ("slow", False)}
    said = {one.subject.id: one.evidence.message.template for one in result.proposals}
    assert "no sale for" in said[1]
    assert "would last" in said[2]
    assert result.output.slow_value == Decimal("800.00")


def test_what_must_not_be_cut_says_why() -> None:
    def reason(**more: Any) -> str:
        result = idle(shop([item(1, stock=4, **more)], stopped(1, 1, 100)))
        assert result.proposals == []
        return str(result.output.items[0].reason)

    sale_price = {"sale_price": Decimal(30), "price": Decimal(30)}
    assert reason(**sale_price) == "It is on sale already, or a sale is planned."
    assert reason(cost=Decimal(39)) == "The margin on its cost leaves no room for a cut."
    young = datetime(2026, 9, 1, tzinfo=UTC)
    assert reason(created_at=young) == "It is too new."


def test_the_limit_of_value_holds() -> None:
    items = [item(key, stock=10) for key in (1, 2, 3)]
    lines = [line for key in (1, 2, 3) for line in stopped(key, 1, 100)]
    assert len(idle(shop(items, lines)).proposals) == 3
    assert len(idle(shop(items, lines), max_inventory_value=250).proposals) == 2


def sized(stock: dict[str, int]) -> list[Item]:
    return [
        item(10 * row + n, product_id=row, stock=pieces if row == 1 else 9, attributes=(("Size", size),))
        for row in (1, 2, 3, 4)
        for n, (size, pieces) in enumerate(stock.items(), start=1)
    ]


def test_a_broken_range_is_completed_to_its_curve() -> None:
    items = sized({"S": 8, "M": 0, "L": 8})
    share = {1: 1, 2: 3, 3: 1}
    lines = [
        sale(one.id, ago, share[one.id % 10], product_id=one.product_id)
        for one in items
        for ago in range(1, 300, 5)
    ]
    store = shop(items, lines, [product(key) for key in (1, 2, 3, 4)])
    output = size_gaps(SizeGapsInput(), Ctx(store)).output
    assert [own.product_id for own in output.broken] == [1]
    middle = next(line for line in output.broken[0].sizes if line.size == "M")
    assert middle.missing
    assert middle.share == pytest.approx(0.6, abs=0.05)
    assert middle.buy == pytest.approx(28 / 5 * 3, abs=3)
    assert [line.size for line in output.broken[0].sizes] == ["S", "M", "L"]
    assert size_gaps(SizeGapsInput(lost=0.8), Ctx(store)).output.broken == []
    assert size_gaps(SizeGapsInput(attribute="Colour"), Ctx(store)).output.considered == 0


def test_moves_need_two_places_with_a_share() -> None:
    store = shop([item(1, stock=60)], daily(1))
    places = [Location("a", "Depot", True, 0.5, {1: 0}), Location("b", "Store", True, 0.5, {1: 60})]

    def moves(*known: Location) -> Any:
        return stock_transfers(StockTransfersInput(), Ctx(replace(store, all_locations=list(known)))).output

    assert moves().notes == ["No places of stock are entered, so there is nothing to move."]
    found = moves(*places)
    assert [(one.source_name, one.target_name) for one in found.moves] == [("Store", "Depot")]
    assert found.moves[0].pieces >= 10
    assert found.moves[0].gain == found.moves[0].pieces * Decimal("30.00")
    assert found.notes == []
    half = moves(*(replace(one, share=0.25) for one in places))
    assert 0 < half.moves[0].target_needs < 0.7 * found.moves[0].target_needs
    assert half.notes == ["The places serve 50% of the demand; the rest counts as served from elsewhere."]
    double = moves(*(replace(one, share=1.0) for one in places))
    assert double.moves == found.moves
    assert double.notes == ["The places' shares add up to 200% of the demand; each counts in proportion."]
    both = replace(
        store,
        all_items=[item(1, stock=60), item(2, stock=60, cost=None)],
        lines=shop([], [*daily(1), *daily(2)]).lines,
    )
    laid = [replace(one, stock=dict.fromkeys((1, 2), one.stock[1])) for one in places]
    dear = stock_transfers(StockTransfersInput(trip_cost=1e6), Ctx(replace(both, all_locations=laid))).output
    assert [(one.item_id, one.gain) for one in dear.moves] == [(2, None)]
    assert dear.notes == ["Where no margin is known the cost of the move was not weighed."]
    unknown = moves(places[0], replace(places[1], share=None))
    assert unknown.moves == []
    assert any("Store" in note for note in unknown.notes)


@pytest.mark.parametrize(
    ("agent", "given"),
    [
        (demand_forecast, DemandForecastInput),
        (reorder_plan, ReorderPlanInput),
        (dead_stock, DeadStockInput),
        (size_gaps, SizeGapsInput),
        (assortment_review, AssortmentReviewInput),
    ],
)
def test_products_that_are_not_there_are_named(agent: Any, given: Any) -> None:
    store = shop(sized({"S": 8, "M": 0}), daily(11, product_id=1))
    output = agent(given(product_ids=[1, 999, 999]), Ctx(store, models=Shelf())).output
    note = "Not among the shop's published or private products, so nothing is said of them: 999."
    assert [one for one in output.notes if "Not among" in one] == [note]
    assert agent(given(product_ids=[1]), Ctx(store, models=Shelf())).output.notes == [
        one for one in output.notes if one != note
    ]


def test_stock_that_is_not_counted_has_no_value() -> None:
    store = shop([item(1, stock=None), item(2, stock=0)], [*daily(1), *daily(2)])
    output = assortment_review(AssortmentReviewInput(), Ctx(store, models=Shelf())).output
    assert {one.product_id: (one.stock, one.stock_value) for one in output.products} == {
        1: (None, None),
        2: (0, Decimal("0.00")),
    }


# --- what somebody sends --------------------------------------------------------------------------------


def test_sent_figures_are_forecast_without_the_shop() -> None:
    shelf = Shelf()
    output = forecast(shop([]), shelf, historical_sales=[45, 52, 48, 55, 60, 58, 62], forecast_periods=30)
    one = output.items[0]
    assert len(one.forecast) == len(one.confidence_intervals) == 30
    assert 40 * 30 < one.total < 100 * 30
    assert one.first_day == TODAY
    assert all(low <= high for low, high in one.confidence_intervals)
    assert shelf.held == {}
    assert output.basis == "sent"
    none = forecast(shop([item(1)], daily(1)), historical_sales=[])
    assert (none.basis, [one.item_id for one in none.items]) == ("shop", [1])


def given(
    values: list[float | None], days: list[str] | None = None
) -> tuple[list[Any], Any, tuple[str, ...]]:
    found = given_demand(values, days or [], TODAY, "Europe/Berlin")
    row = [None if np.isnan(value) else float(value) for value in found.sold[0]]
    return row, found.first, found.notes


def test_sent_days_are_put_in_order_and_what_is_odd_is_named() -> None:
    day = [(TODAY - timedelta(days=n)).isoformat() for n in range(6)]
    assert given([1.0, 2.0]) == ([1.0, 2.0], TODAY - timedelta(days=2), ())
    assert given([5.0], [day[1]]) == ([5.0], TODAY - timedelta(days=1), ())
    assert given([3.0, 4.0, 1.0], [day[1], day[3], day[1]])[::2] == (
        [4.0, 0.0, 4.0],
        ("duplicate_days", "gaps"),
    )
    assert given([3.0, None], [day[2], day[1]])[::2] == ([3.0, None], ("unknown_days",))
    assert given([3.0, 9.0], [day[1], day[0]])[::2] == ([3.0], ("future_days",))
    assert given([3.0, -4.0], [day[2], day[1]])[::2] == ([3.0, 0.0], ("negative",))
    assert given([3.0], [day[5]])[2] == ("ends_early",)
    old = (TODAY - timedelta(days=2000)).isoformat()
    assert given([3.0, 7.0], [day[1], old])[::2] == ([3.0], ("old_days",))


def test_moments_count_on_the_shops_day() -> None:
    yesterday = TODAY - timedelta(days=1)
    late = f"{yesterday - timedelta(days=1)}T23:30:00+00:00"  # half past midnight in Berlin
    row, first, notes = given([2.0, 3.0], [late, f"{yesterday}T01:00:00-01:00"])
    assert (row, first) == ([5.0], yesterday)
    assert set(notes) == {"mixed_time_zones", "duplicate_days"}


@pytest.mark.parametrize(
    ("values", "days"), [([None, None], []), ([4.0], [TODAY.isoformat()]), ([4.0], ["1999-01-01"])]
)
def test_nothing_to_forecast_from_is_refused(values: list[float | None], days: list[str]) -> None:
    with pytest.raises(Invalid, match="no day with a figure"):
        given_demand(values, days, TODAY, "UTC")


@pytest.mark.parametrize(
    "wrong",
    [
        {"forecast_periods": 0},
        {"forecast_periods": 1000},
        {"historical_sales": [NAN]},
        {"historical_sales": [float("inf")]},
        {"historical_sales": [1e30]},
        {"historical_sales": ["many"]},
        {"historical_sales": [3, True]},
        {"historical_sales": [1, 2], "historical_days": ["0001-01-01T00:00:00+14:00", "2026-01-01"]},
        {"historical_sales": [1, 2], "historical_days": ["9999-12-31T23:59:00-12:00", "2026-01-01"]},
        {"product_ids": [10**30]},
        {"product_ids": [0]},
        {"historical_sales": [1], "historical_days": ["yesterday"]},
        {"historical_sales": [1], "historical_days": ["2026-02-30"]},
        {"historical_sales": [1, 2], "historical_days": ["2026-01-01"]},
        {"historical_sales": [1], "product_ids": [1]},
        {"historical_sales": [1] * 2000},
    ],
)
def test_wrong_input_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        DemandForecastInput(**wrong)


def test_money_that_is_no_number_is_refused() -> None:
    for wrong in (NAN, float("inf"), -1):
        with pytest.raises(ValidationError):
            ReorderPlanInput(budget=wrong)
        with pytest.raises(ValidationError):
            DeadStockInput(max_inventory_value=wrong)
    assert FACTS.currency == plan(shop([])).currency
