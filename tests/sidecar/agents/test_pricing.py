"""slow-stock-markdown: planted slow products, the bounds of a cut, and what is claimed of its effect."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from sidecar.agents.pricing import SlowStockMarkdownInput, slow_stock_markdown
from sidecar.core.agent import Result
from sidecar.core.evidence_text import format_message
from tests.sidecar.agents.frame_store import FACTS, Ctx, FrameStore
from tests.sidecar.agents.mirrored import Mirrored
from tests.sidecar.agents.shop import OLD, TODAY, item, sale, shop

READS = frozenset({"products", "order_lines", "stock_days", "proposals"})


def run(store: FrameStore, **given: Any) -> Result[Any]:
    return slow_stock_markdown(SlowStockMarkdownInput(**given), Ctx(store))


def prices(result: Result[Any]) -> dict[str, str]:
    changes = [change for proposal in result.proposals for change in proposal.changes]
    return {change.resource: change.set[-1].to for change in changes}


@pytest.fixture(scope="module")
def demo(mirrored: Mirrored) -> Result[Any]:
    with mirrored.open(READS) as store:
        return slow_stock_markdown(SlowStockMarkdownInput(limit=100), Ctx(store))


def test_planted_slow_products_are_found(demo: Result[Any], mirrored: Mirrored) -> None:
    planted = {k for k, p in mirrored.truth["products"].items() if "slow" in p["planted"]}
    on_sale = {k for k, p in mirrored.truth["products"].items() if p["prices"][-1][2]}
    found = {line.product_id: line for line in demo.output.slow}
    assert planted - on_sale
    assert planted - on_sale <= set(found)
    unsold = {k for k, line in found.items() if line.reason == "unsold"}
    assert len(unsold & planted) / len(unsold) >= 0.8
    # What else was picked truly sells next to nothing, or would last for more than a year.
    for key in set(found) - planted:
        line, pace = found[key], mirrored.truth["products"][key]["pace"]
        assert line.reason == "variation" or pace < 0.05 or line.stock / pace > 365


def test_most_money_comes_first_and_the_limit_holds(demo: Result[Any], mirrored: Mirrored) -> None:
    worth = [line.tied_up for line in demo.output.slow]
    assert worth == sorted(worth, reverse=True)
    with mirrored.open(READS) as store:
        three = slow_stock_markdown(SlowStockMarkdownInput(limit=3), Ctx(store))
    assert [p.subject.id for p in three.proposals] == [p.subject.id for p in demo.proposals[:3]]


def test_true_price_response_lies_in_the_interval(demo: Result[Any], mirrored: Mirrored) -> None:
    """The pooled estimate against the sales-weighted mean of the true ones, at 95 %."""
    response = demo.output.price_response
    true = mirrored.truth["products"].values()
    mean = np.average([p["elasticity"] for p in true], weights=[p["rate"] for p in true])
    half = (response.high - response.low) / 2 * 1.96 / 1.28
    assert response.elasticity - half <= mean <= response.elasticity + half
    assert response.error < response.error_if_ignored


def test_every_price_keeps_the_bounds(demo: Result[Any], mirrored: Mirrored) -> None:
    with mirrored.open(frozenset({"products"})) as store:
        items = {one.resource: one for one in store.items()}
    for resource, to in prices(demo).items():
        one, new = items[resource], Decimal(to)
        assert one.cost is not None
        assert one.regular_price is not None
        assert one.cost * Decimal("1.1") <= new < one.regular_price
        assert 1 - new / one.regular_price <= Decimal("0.4")
        assert to.endswith(".90"), "the shop's prices end in .90"


def test_effect_only_where_it_still_sells(demo: Result[Any]) -> None:
    reasons = {line.product_id: line.reason for line in demo.output.slow}
    for proposal in demo.proposals:
        effect = proposal.evidence.effect
        assert (effect is not None) == (reasons[proposal.subject.id] == "pace")
        if effect:
            assert effect.low <= effect.value <= effect.high
            assert effect.unit == "EUR/month"


def test_unsold_item_gets_a_sale_price() -> None:
    result = run(shop([item(1)], [sale(1, 100)]))
    assert prices(result) == {"wc/v3/products/1": "32.00"}
    guard, field = result.proposals[0].changes[0].set
    assert (guard.path, guard.was, guard.to) == ("regular_price", "40.00", "40.00")
    assert (field.path, field.was) == ("sale_price", "")
    words = format_message(result.proposals[0].evidence.message, FACTS)
    assert words == "Lower Silk Scarf 1 from €40.00 to €32.00: 12 pieces in stock and no sale for 99 days."


def test_waiting_longer_cuts_deeper_up_to_the_largest_cut() -> None:
    assert prices(run(shop([item(1)], [sale(1, 130)])))["wc/v3/products/1"] == "24.00"
    assert prices(run(shop([item(1)], [sale(1, 600)])))["wc/v3/products/1"] == "24.00"
    assert prices(run(shop([item(1)], [sale(1, 600)]), max_cut=0.3))["wc/v3/products/1"] == "28.00"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"sale_price": Decimal(30)}, "on_sale_or_planned"),
        ({"sale_to": OLD}, "on_sale_or_planned"),
        ({"stock": 0}, "out_of_stock"),
        ({"stock": None}, "stock_not_managed"),
        ({"status": "private"}, "not_published"),
        ({"regular_price": None}, "no_price"),
        ({"created_at": OLD.replace(year=2026, month=10)}, "too_new"),
    ],
)
def test_items_that_may_not_be_marked_down(change: dict[str, Any], reason: str) -> None:
    result = run(shop([item(1, **change)], [sale(1, 100)]))
    assert result.proposals == []
    assert result.output.not_judged == {reason: 1}


def test_recent_sale_is_not_slow() -> None:
    assert run(shop([item(1)], [sale(1, 30)]), weak_share=0).output.slow == []


def test_cost_leaves_no_room() -> None:
    result = run(shop([item(1, cost=Decimal("36.50"))], [sale(1, 100)]))
    assert result.proposals == []
    assert result.output.no_room == 1


def test_cost_floor_stops_the_cut() -> None:
    result = run(shop([item(1, cost=Decimal("30.00"))], [sale(1, 100)]), margin=0.2)
    assert prices(result) == {"wc/v3/products/1": "36.00"}


def test_unknown_cost_caps_the_cut_and_says_so() -> None:
    result = run(shop([item(1, cost=None)], [sale(1, 100)]))
    assert prices(result) == {"wc/v3/products/1": "34.00"}
    notes = " ".join(format_message(note, FACTS) for note in result.proposals[0].evidence.notes)
    assert "cost" in notes
    assert result.output.slow[0].tied_up_at_cost is False
    assert run(shop([item(1, cost=None)], [sale(1, 100)]), max_cut_without_cost=0).proposals == []


def test_tax_in_prices_raises_the_floor() -> None:
    """20 % tax: a cost of 28 with a tenth on top is 30.80 net and 36.96 on the shelf."""
    facts = replace(FACTS, prices_include_tax=True)
    sellers = [item(n) for n in range(2, 30)]
    lines = [sale(n, days, price=40 / 1.2) for n in range(2, 30) for days in (3, 10)]
    result = run(shop([item(1, cost=Decimal("28")), *sellers], [sale(1, 100), *lines], facts=facts))
    new = Decimal(prices(result)["wc/v3/products/1"])
    assert Decimal("36.96") <= new < Decimal("38.01")


def test_days_without_stock_are_not_days_without_demand() -> None:
    away = [(1, ago) for ago in range(10, 61)]
    assert run(shop([item(1)], [sale(1, 80)], empty=away, known_days=200)).output.slow == []
    assert run(shop([item(1)], [sale(1, 80)], known_days=200)).output.slow[0].quiet_days == 79


def test_silent_variation_among_selling_ones() -> None:
    """Two equal variations sell 30 pieces each; then one goes silent while its sibling sells 20 more."""
    both = [item(11, product_id=1), item(12, product_id=1)]
    lines = [sale(n, 200 + 5 * k, product_id=1) for n in (11, 12) for k in range(30)]
    lines += [sale(11, 5 + 8 * k, product_id=1) for k in range(20)]
    result = run(shop(both, lines), weak_share=0)
    assert list(prices(result)) == ["wc/v3/products/1/variations/12"]
    assert result.output.slow[0].reason == "variation"
    few = [line for line in lines if line["item_id"] == 12 or line["day"] < TODAY - timedelta(days=120)]
    assert all(line.reason == "unsold" for line in run(shop(both, few), weak_share=0).output.slow)


def test_variations_of_an_unsold_product_come_in_one_proposal() -> None:
    both = [item(11, product_id=1), item(12, product_id=1)]
    result = run(shop(both, [sale(11, 100, product_id=1)]))
    assert len(result.proposals) == 1
    assert set(prices(result)) == {"wc/v3/products/1/variations/11", "wc/v3/products/1/variations/12"}


def test_stock_that_variations_share_counts_once() -> None:
    both = [item(n, product_id=1, stock_of_parent=True) for n in (11, 12)]
    result = run(shop(both, [sale(11, 100, product_id=1)]))
    assert result.output.slow[0].stock == 12
    assert result.output.tied_up == Decimal("120.00")


def test_no_price_ever_changed() -> None:
    items = [item(n) for n in range(1, 31)]
    lines = [sale(n, ago) for n in range(2, 31) for ago in range(1, 400, 3)]
    result = run(shop(items, [sale(1, 100), *lines]))
    response = result.output.price_response
    assert response.known is False
    assert "price" in response.reason
    assert response.elasticity is None
    notes = [format_message(note, FACTS) for note in result.proposals[0].evidence.notes]
    assert any("cannot say what a lower price brings" in note for note in notes)


def test_currency_without_decimals() -> None:
    facts = replace(FACTS, currency="JPY", decimals=0)
    items = [item(n, regular_price=Decimal(3980), price=Decimal(3980), cost=Decimal(900)) for n in (1, 2, 3)]
    result = run(shop(items, [sale(1, 100)], facts=facts), limit=1)
    assert set(prices(result).values()) <= {"3180", "2380"}
