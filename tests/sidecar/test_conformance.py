"""Every agent × every check: what any agent must do, whatever it is about."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError
from sqlalchemy import text

from sidecar.agents import FAMILIES, registry
from sidecar.core.agent import Agent, Proposal
from sidecar.core.changes import Act, Create, Patch, digest, touched, with_ids, written
from sidecar.core.errors import Cancelled
from sidecar.core.evidence import Evidence, Message
from sidecar.core.evidence_text import format_message, format_param
from sidecar.core.schema import portable
from sidecar.db import write
from tests.sidecar.agents.frame_store import Ctx, FrameStore, Shelf
from tests.sidecar.agents.mirrored import SHOP_ID, Mirrored, migrated
from tests.sidecar.agents.runs import Ran, run
from tests.sidecar.agents.watched import Writes

AGENTS = list(registry().values())
each_agent = pytest.mark.parametrize("agent", AGENTS, ids=[agent.name for agent in AGENTS])
MISSING = (None, "")


@pytest.fixture(scope="module")
def results(mirrored: Mirrored, fitted: tuple[Ran, Shelf], shelf: Shelf) -> dict[str, Ran]:
    """Each agent's run from its defaults on the demo shop."""
    found = {agent.name: agent for agent in AGENTS}
    ran = {"demand-forecast": fitted[0]}
    return {name: ran.get(name) or run(agent, mirrored, shelf.copy()) for name, agent in found.items()}


@pytest.fixture(scope="module")
def shelf(fitted: tuple[Ran, Shelf]) -> Shelf:
    """The forecasts of all items but a few: agents use what was kept and fit what was not."""
    kept = fitted[1].copy()
    for key in sorted(kept.held)[-3:]:
        del kept.held[key]
    return kept


def _messages(evidence: Evidence) -> list[Message]:
    found = [evidence.message, evidence.method, *evidence.notes, *evidence.considered]
    return found + ([evidence.effect.label] if evidence.effect else [])


def _proposals(results: Any, agent: Agent) -> list[Proposal]:
    found: list[Proposal] = results[agent.name].result.proposals
    return found


def test_families_hold_the_agents() -> None:
    assert [agent.name for agent in AGENTS] == [
        "product-data-gaps", "demand-forecast", "assortment-review", "dead-stock", "reorder-plan",
        "reorder-points", "size-gaps", "stock-transfers", "slow-stock-markdown",
    ]  # fmt: skip
    assert {agent.family for agent in AGENTS} == {module.__name__.rsplit(".", 1)[-1] for module in FAMILIES}


@each_agent
def test_empty_shop(agent: Agent, tmp_path: Path, mirrored: Mirrored) -> None:
    databases = migrated(tmp_path)
    empty = Mirrored(databases, mirrored.facts, {}, tmp_path)
    with empty.open(agent.reads) as store:
        result = agent.run(agent.input_model(), Ctx(store))
    databases.dispose()
    assert result.proposals == []
    assert isinstance(result.output, agent.output_model)


@each_agent
def test_demo_shop_has_work_for_it(agent: Agent, results: Any) -> None:
    result = results[agent.name].result
    assert isinstance(result.output, agent.output_model)
    assert bool(result.proposals) == agent.proposes
    limit = getattr(agent.input_model(), "limit", None)
    assert limit is None or len(result.proposals) <= limit


@each_agent
def test_same_seed_same_answer(agent: Agent, mirrored: Mirrored, results: Any, shelf: Shelf) -> None:
    with mirrored.open(agent.reads) as store:
        again = agent.run(agent.input_model(), Ctx(store, models=shelf.copy()))
    first = results[agent.name].result
    assert again.output == first.output
    assert again.proposals == first.proposals


@each_agent
def test_nothing_is_written(agent: Agent, results: Any) -> None:
    assert not results[agent.name].wrote


def test_a_write_would_be_seen(tmp_path: Path) -> None:
    databases = migrated(tmp_path)
    writes = Writes(databases)
    for place, engine in enumerate((databases.app, databases.mirror)):
        before = writes.count()
        assert writes.count() == before
        with write(engine) as conn:
            conn.execute(text("CREATE TABLE written (n INTEGER)"))
        assert writes.count()[place] != before[place]
    writes.close()
    databases.dispose()


@each_agent
def test_reads_what_it_declares_and_no_more(agent: Agent, results: Any) -> None:
    assert results[agent.name].asked == set(agent.reads)


@each_agent
def test_was_equals_the_mirror(agent: Agent, mirrored: Mirrored, results: Any) -> None:
    with mirrored.open(frozenset({"products"})) as store:
        owners: dict[str, Any] = {product.resource: product for product in store.products()}
        owners |= {item.resource: item for item in store.items() if item.variation_id}
    for proposal in _proposals(results, agent):
        for change in proposal.changes:
            if isinstance(change, Patch):
                for field in change.set:
                    there = _present(owners[change.resource], field.path)
                    assert _same(field.was, there), (change.resource, field)


def _present(owner: Any, path: str) -> Any:
    if path.startswith("images["):
        return owner.images[int(path[7 : path.index("]")])].alt
    value = getattr(owner, path)
    return list(value) if isinstance(value, tuple) else value


def _same(was: Any, there: Any) -> bool:
    if was in MISSING or there in MISSING:
        return was in MISSING and there in MISSING
    if isinstance(there, list):
        return set(was) == set(there)
    return str(was) == str(there) or float(was) == float(there)


@each_agent
def test_changes_are_new_and_apart(agent: Agent, results: Any) -> None:
    seen: set[tuple[str, str]] = set()
    for proposal in _proposals(results, agent):
        assert proposal.changes
        assert all(isinstance(change, Patch | Create | Act) for change in proposal.changes)
        changes = with_ids("a" * 32, proposal.changes)
        assert len(digest("a" * 32, changes)) == 64
        aims = touched(changes)
        assert not aims & seen
        seen |= aims
        for change in changes:
            if change["kind"] == "patch":
                new = written(change)
                assert new, "a patch of guards alone changes nothing"
                assert not any(_same(field["was"], field["to"]) for field in new)


@each_agent
def test_evidence_is_complete(agent: Agent, results: Any, mirrored: Mirrored) -> None:
    for proposal in _proposals(results, agent):
        evidence = proposal.evidence
        assert evidence.n > 0
        assert evidence.n_label
        assert evidence.window.start <= evidence.window.end
        assert evidence.facts
        assert evidence.chart.series[0].points
        if evidence.effect is not None:
            assert evidence.error is not None
        for message in _messages(evidence):
            words = format_message(message, mirrored.facts)
            assert words[0].isupper()
            assert words.endswith(".")
            assert "nan" not in words.split()
        for fact in evidence.facts:
            assert format_param(fact.value, mirrored.facts)
        assert proposal.subject.name


@each_agent
def test_needs_no_key(agent: Agent) -> None:
    assert "llm" not in agent.needs


@each_agent
def test_json_round_trip(agent: Agent, results: Any) -> None:
    result = results[agent.name].result
    assert agent.output_model.model_validate_json(result.output.model_dump_json()) == result.output
    sparse = result.output.model_dump_json(exclude_none=True)
    assert agent.output_model.model_validate_json(sparse) == result.output
    for proposal in result.proposals:
        body = proposal.evidence.model_dump_json(by_alias=True, exclude_none=True)
        assert Evidence.model_validate_json(body) == proposal.evidence


@each_agent
def test_schemas_are_portable_and_documented(agent: Agent) -> None:
    given = portable(agent.input_model, strict=True)
    assert given["additionalProperties"] is False
    assert "required" not in given, "an agent runs from its defaults"
    for name, schema in given["properties"].items():
        assert schema.get("description"), name
        if schema.get("type") in ("integer", "number"):
            assert {"minimum", "maximum"} <= set(schema), name
    _described(portable(agent.output_model, strict=False), agent.name)
    assert agent.title
    assert agent.summary.endswith(".")
    assert len(agent.description) > len(agent.summary)


def _described(schema: Any, where: str) -> None:
    for name, part in schema.get("properties", {}).items():
        assert part.get("description"), f"{where}.{name}"
        _described(part, f"{where}.{name}")
        _described(part.get("items", {}), f"{where}.{name}")


@each_agent
def test_examples_run(agent: Agent, mirrored: Mirrored, shelf: Shelf, results: Any) -> None:
    assert {} in agent.examples
    assert agent.name in results, "the empty example ran there"
    for example in filter(None, agent.examples):
        with mirrored.open(agent.reads) as store:
            ctx = Ctx(store, models=shelf.copy())
            result = agent.run(agent.input_model.model_validate(example), ctx)
        limit = example.get("limit")
        assert limit is None or len(result.proposals) <= limit


@each_agent
def test_stays_within_its_budget(agent: Agent, results: Any) -> None:
    """CPU time, so that a busy machine does not decide."""
    assert results[agent.name].spent < agent.budget_s


@each_agent
def test_can_be_cancelled(agent: Agent) -> None:
    class Stopped(Ctx):
        def progress(self, done: int, total: int, label: str) -> None:
            raise Cancelled("A person cancelled it.")

    with pytest.raises(Cancelled):
        agent.run(agent.input_model(), Stopped(FrameStore()))


@each_agent
def test_input_is_bounded(agent: Agent) -> None:
    for name, schema in portable(agent.input_model, strict=True)["properties"].items():
        if "maximum" in schema:
            with pytest.raises(ValidationError):
                agent.input_model.model_validate({name: schema["maximum"] + 1})


def _say_calls() -> Iterator[tuple[str, ast.Call]]:
    for module in FAMILIES:
        source = Path(inspect.getfile(module))
        files = source.parent.glob("*.py") if source.name == "__init__.py" else [source]
        for file in files:
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say":
                    yield file.name, node


def test_templates_are_literal_sentences() -> None:
    """The plugin's catalogue of translations is read from these calls."""
    calls = list(_say_calls())
    assert len(calls) > 20
    for file, call in calls:
        template = call.args[0]
        assert isinstance(template, ast.Constant), (file, call.lineno)
        assert isinstance(template.value, str)
        assert template.value[0].isupper() or template.value[0] == "{"
        assert template.value.endswith("."), (file, template.value)


def test_outputs_may_grow() -> None:
    for agent in AGENTS:
        model: type[BaseModel] = agent.output_model
        assert model.model_config.get("extra") != "forbid"


def test_shop_id_matters(mirrored: Mirrored) -> None:
    """Another shop in the same databases sees nothing of this one."""
    from sidecar.store.queries import open_store

    assert SHOP_ID != "1" * 32
    agent = registry()["product-data-gaps"]
    with open_store(mirrored.databases, "1" * 32, mirrored.facts, agent.reads) as store:
        assert agent.run(agent.input_model(), Ctx(store)).output.products == 0
