"""product-data-gaps: planted gaps, and proposals only from the shop's own words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sidecar.agents.catalog import ProductDataGapsInput, product_data_gaps
from sidecar.core.agent import Result
from sidecar.core.store import Attribute, Category, Image
from tests.sidecar.agents.frame_store import FACTS, Ctx, FrameStore
from tests.sidecar.agents.mirrored import Mirrored
from tests.sidecar.agents.shop import item, product, shop

FIELD = {
    "description": "description",
    "short_description": "short_description",
    "images": "image",
    "weight": "weight",
    "alt": "alt_text",
    "title": "name",
    "category": "category",
}
CATEGORIES = {
    5: Category(5, 0, "Scarves", "scarves", 6),
    7: Category(7, 0, "Gifts", "gifts", 1),
    15: Category(15, 0, "Uncategorized", "uncategorized", 1),
}


def run(store: FrameStore, **given: Any) -> Result[Any]:
    return product_data_gaps(ProductDataGapsInput(**given), Ctx(store))


def one_shop(*products: Any) -> FrameStore:
    return shop([item(p.id) for p in products], products=products, all_categories=CATEGORIES)


def sets(result: Result[Any]) -> dict[str, tuple[Any, Any]]:
    return {
        field.path: (field.was, field.to)
        for proposal in result.proposals
        for change in proposal.changes
        for field in change.set
    }


@pytest.fixture(scope="module")
def demo(mirrored: Mirrored) -> Result[Any]:
    with mirrored.open(frozenset({"products", "categories"})) as store:
        return product_data_gaps(ProductDataGapsInput(limit=200), Ctx(store))


def test_planted_gaps_are_found_exactly(demo: Result[Any], mirrored: Mirrored) -> None:
    planted = {(k, FIELD[gap]) for k, p in mirrored.truth["products"].items() for gap in p["gaps"]}
    found = {(line.product_id, name) for line in demo.output.gaps for name in line.missing}
    assert planted
    assert found == planted


def test_unused_field_is_shown_but_not_counted(demo: Result[Any]) -> None:
    fields = {line.field: line for line in demo.output.fields}
    assert fields["gtin"].used is False
    assert fields["sku"].share == 1
    assert "GTIN" not in [x for x, _ in demo.proposals[0].evidence.chart.series[0].points]


def test_categories_are_proposed_as_the_truth_has_them(demo: Result[Any], mirrored: Mirrored) -> None:
    with mirrored.open(frozenset({"categories"})) as store:
        names = {key: category.name for key, category in store.categories().items()}
    moved = [
        (proposal.subject.id, field.to)
        for proposal in demo.proposals
        for change in proposal.changes
        for field in change.set
        if field.path == "categories"
    ]
    assert moved
    for product_id, ids in moved:
        assert [names[i] for i in ids] == [mirrored.truth["products"][product_id]["category"]]


def test_complete_product_has_no_gap() -> None:
    result = run(one_shop(product(1, gtin="4006381333931")))
    assert result.output.complete == 1
    assert result.output.complete_share == 1
    assert result.proposals == []


def test_alt_texts_name_product_and_colour() -> None:
    colour = (Attribute("Colour", ("Navy",), True), Attribute("Size", ("S", "M"), True))
    pictures = (Image(1, ""), Image(2, "kept"), Image(3, " "))
    result = run(one_shop(product(1, images=pictures, attributes=colour)))
    assert sets(result) == {
        "images[0].alt": ("", "Silk Scarf 1, Navy"),
        "images[2].alt": (" ", "Silk Scarf 1, Navy (3)"),
    }


def test_nothing_is_made_of_a_name_that_says_nothing() -> None:
    result = run(one_shop(product(1, name="Scarf", images=(Image(1, ""),))))
    assert result.proposals == []
    assert result.output.gaps[0].missing == ["alt_text", "name"]


def test_short_description_is_the_first_sentences() -> None:
    result = run(one_shop(product(1, short_description="")))
    assert sets(result)["short_description"] == ("", "A scarf of silk that is woven in one piece.")


@pytest.mark.parametrize(
    "text", ["", "<p>Silk</p>", "<p>" + "long " * 60 + ".</p>", "no end of a sentence here at all " * 2]
)
def test_no_short_description_without_a_fitting_sentence(text: str) -> None:
    result = run(one_shop(product(1, short_description="", description=text)))
    assert "short_description" not in sets(result)


def test_category_only_when_all_namesakes_agree() -> None:
    scarves = [product(n, name=f"Model {n} Silk Scarf") for n in range(2, 8)]
    lost = product(1, name="Model 1 Silk Scarf", categories=(15,))
    assert sets(run(one_shop(lost, *scarves)))["categories"] == ([15], [5])
    astray = [replace(scarves[0], categories=(7,)), *scarves[1:]]
    assert "categories" not in sets(run(one_shop(lost, *astray)))
    assert "categories" not in sets(run(one_shop(lost, *scarves[:3])))
    assert "categories" not in sets(run(one_shop(lost, *scarves), propose_category=False))


def test_one_proposal_holds_all_of_a_product() -> None:
    result = run(one_shop(product(1, short_description="", images=(Image(1, ""),))))
    assert len(result.proposals) == 1
    assert set(sets(result)) == {"short_description", "images[0].alt"}


def test_attribute_that_siblings_have_is_reported() -> None:
    made = (Attribute("Material", ("Silk",), False),)
    others = [product(n, attributes=made) for n in range(2, 12)]
    gaps = run(one_shop(product(1), *others)).output.gaps
    assert [(line.product_id, line.missing) for line in gaps] == [(1, ["attributes"])]


def test_best_sellers_come_first() -> None:
    weak = [product(n, short_description="", total_sales=n) for n in range(1, 5)]
    result = run(one_shop(*weak, *[product(n) for n in range(5, 9)]), limit=2)
    assert [proposal.subject.id for proposal in result.proposals] == [4, 3]
    assert [line.product_id for line in result.output.gaps] == [4, 3, 2, 1]


def test_cost_is_asked_for_only_where_the_shop_keeps_costs() -> None:
    store = shop([item(1, cost=None), item(2)], all_categories=CATEGORIES)
    assert [line.missing for line in run(store).output.gaps] == [["cost"]]
    store.facts = replace(FACTS, cogs=False)
    assert run(store).output.gaps == []


def test_drafts_and_other_types_are_left_out() -> None:
    hidden = [product(2, status="draft", sku=""), product(3, type="external", sku="")]
    assert run(one_shop(product(1), *hidden)).output.products == 1
