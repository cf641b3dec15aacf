"""Two agents propose markdowns: a product has one of them open at most, and the other names it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from sidecar.agents.inventory import DeadStockInput, dead_stock
from sidecar.agents.pricing import SlowStockMarkdownInput, slow_stock_markdown
from sidecar.app import create_app
from sidecar.core.agent import Agent, Context, Registry, Result, agent
from sidecar.core.store import Item, OpenProposal
from sidecar.retail.markdown import MarkdownTerms
from tests.sidecar.agents.frame_store import Ctx, FrameStore, Shelf
from tests.sidecar.agents.shop import item, sale, shop
from tests.sidecar.kit import Plugin, cut_price, no_devskyy_environment, settings_in

NAMES = ("dead-stock", "slow-stock-markdown")
Run = Callable[[FrameStore], Result[Any]]


def dead(store: FrameStore) -> Result[Any]:
    return dead_stock(DeadStockInput(), Ctx(store, models=Shelf()))


def slow(store: FrameStore) -> Result[Any]:
    return slow_stock_markdown(SlowStockMarkdownInput(), Ctx(store))


AGENTS: dict[str, Run] = {"dead-stock": dead, "slow-stock-markdown": slow}


def still(*more: Item) -> FrameStore:
    """Products 1 and 2 sold every day until 100 days ago."""
    lines = [sale(key, ago) for key in (1, 2) for ago in range(100, 700)]
    return shop([item(1, stock=8), item(2, stock=8), *more], lines)


def lines_of(output: Any) -> dict[int, Any]:
    return {line.product_id: line for line in getattr(output, "items", None) or output.slow}


@pytest.mark.parametrize("name", NAMES)
def test_what_the_other_agent_has_open_is_left_to_it(name: str) -> None:
    run, other = AGENTS[name], next(one for one in NAMES if one != name)
    assert {proposal.subject.id for proposal in run(still()).proposals} == {1, 2}
    held = replace(still(), all_proposals=[OpenProposal("wc/v3/products/1", "p" * 32, other)])
    result = run(held)
    assert [proposal.subject.id for proposal in result.proposals] == [2]
    found = lines_of(result.output)
    assert found[1].open_proposal == "p" * 32
    assert found[2].open_proposal is None


@pytest.mark.parametrize("name", NAMES)
def test_its_own_open_proposal_is_made_again(name: str) -> None:
    held = replace(still(), all_proposals=[OpenProposal("wc/v3/products/1", "p" * 32, name)])
    result = AGENTS[name](held)
    assert {proposal.subject.id for proposal in result.proposals} == {1, 2}
    assert lines_of(result.output)[1].open_proposal is None


@pytest.mark.parametrize("name", NAMES)
def test_one_variation_holds_its_whole_product(name: str) -> None:
    pair = [item(key, product_id=3, stock=8) for key in (31, 32)]
    lines = [sale(key, ago, product_id=3) for key in (31, 32) for ago in range(100, 700)]
    store = shop(pair, lines)
    assert len(AGENTS[name](store).proposals) == 1
    other = next(one for one in NAMES if one != name)
    held = replace(store, all_proposals=[OpenProposal("wc/v3/products/3/variations/32", "p" * 32, other)])
    assert AGENTS[name](held).proposals == []


def test_the_bounds_of_a_markdown_are_the_same() -> None:
    own, others = (one.model_fields for one in (DeadStockInput, SlowStockMarkdownInput))
    for name in MarkdownTerms.model_fields:
        assert own[name].metadata == others[name].metadata
        assert own[name].description == others[name].description
    assert next(iter(others)) == "unsold_days"
    assert next(iter(own)) == "product_ids"


class SeenInput(BaseModel):
    """Nothing is asked."""


class SeenOutput(BaseModel):
    """What is open."""

    found: list[tuple[str, str, str]]


@agent(title="See", reads={"proposals"}, proposes=False)
def see_open(inp: SeenInput, ctx: Context) -> Result[SeenOutput]:
    """Name what is open.

    For tests.
    """
    found = ctx.store.open_proposals("regular_price")
    return Result(SeenOutput(found=[(one.resource, one.id, one.agent) for one in found]))


@pytest.fixture
def plugin(tmp_path: Path) -> Iterator[Plugin]:
    specs: list[Agent] = [*see_open.__agents__, *cut_price.__agents__]  # type: ignore[attr-defined]
    registry: Registry = {one.name: one for one in specs}
    with no_devskyy_environment():
        made = create_app(settings_in(tmp_path), registry)
    yield Plugin(made).pair()
    made.extensions["devskyy"].close()


def test_the_store_knows_what_is_open(plugin: Plugin) -> None:
    def seen() -> list[Any]:
        found: list[Any] = plugin.run({}, name="see-open")["output"]["found"]
        return found

    assert seen() == []
    first, other = plugin.proposal(product=7), plugin.proposal(product=8)
    assert seen() == [
        ["wc/v3/products/7", first["id"], "cut-price"],
        ["wc/v3/products/8", other["id"], "cut-price"],
    ]
    plugin.decide(first, "reject", {"reason": "no"})
    assert [one[1] for one in seen()] == [other["id"]]
