"""The contract: declarations, changes, evidence, money and the portable schema profile."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from types import ModuleType
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, ValidationError

from sidecar.core import changes, evidence, schema, types
from sidecar.core.agent import Context, Result, agent, collect


class In(BaseModel):
    days: int = Field(60, ge=7, description="Days.")
    label: str | None = None
    mode: Literal["one"] = "one"


class Nested(BaseModel):
    part: In | None = None
    parts: list[In] = []


def test_declaration_derives_name_family_and_summary() -> None:
    @agent(title="Quiet items", reads={"products"})
    def quiet_items(inp: In, ctx: Context) -> Result[Nested]:
        """Says which items are quiet.

        More text.
        """
        return Result(Nested())

    module = ModuleType(__name__)
    module.quiet_items = quiet_items  # type: ignore[attr-defined]
    (spec,) = collect([module]).values()
    assert (spec.name, spec.summary) == ("quiet-items", "Says which items are quiet.")
    assert (spec.input_model, spec.output_model) == (In, Nested)
    assert quiet_items(In(), None).output == Nested()


@pytest.mark.parametrize(
    "change",
    [
        {"reads": {"passwords"}},
        {"reads": {"products"}, "on": {"moon.rise"}},
        {"reads": set(), "name": "Bad Name"},
    ],
)
def test_declaration_refuses_what_it_does_not_know(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"knows|kebab"):

        @agent(title="x", **change)
        def thing(inp: In, ctx: Context) -> Result[Nested]:
            """Does a thing."""
            return Result(Nested())


def test_declaration_needs_typed_models() -> None:
    with pytest.raises(TypeError, match="must be"):

        @agent(title="x", reads=())
        def thing(inp: dict, ctx: Context) -> Result[Nested]:  # type: ignore[type-arg]
            """Does a thing."""
            return Result(Nested())


def test_two_agents_of_one_name_are_refused() -> None:
    @agent(title="a", reads=(), name="twin")
    @agent(title="b", reads=(), name="twin")
    def thing(inp: In, ctx: Context) -> Result[Nested]:
        """Does a thing."""
        return Result(Nested())

    module = ModuleType(__name__)
    module.thing = thing  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="twin"):
        collect([module])


def test_portable_schema_has_no_foreign_words() -> None:
    text = json.dumps(schema.portable(Nested, strict=False))
    assert not any(f'"{word}"' in text for word in schema.FORBIDDEN)
    strict = schema.portable(In, strict=True)
    assert strict["additionalProperties"] is False
    assert strict["properties"]["mode"]["enum"] == ["one"]
    assert strict["properties"]["label"] == {"type": "string", "title": "Label"}
    evidence_schema = json.dumps(schema.portable(evidence.Evidence, strict=False))
    assert '"$ref"' not in evidence_schema


def test_portable_schema_refuses_exclusive_bounds() -> None:
    class Open(BaseModel):
        x: float = Field(1.0, gt=0)

    with pytest.raises(ValueError, match="exclusiveMinimum"):
        schema.portable(Open, strict=True)


def test_patch_refuses_floats_absolute_stock_and_foreign_paths() -> None:
    for bad in (
        {"path": "regular_price", "was": "1.0", "to": 1.5},
        {"path": "stock_quantity", "was": 3, "to": 4},
        {"path": "stock_delta", "was": 3, "to": "4"},
        {"path": "meta_data[a]; DROP", "was": "", "to": "x"},
    ):
        with pytest.raises((ValidationError, TypeError)):
            changes.SetField.model_validate(bad)
    with pytest.raises(ValidationError):
        changes.Patch(resource="wc/v3/../users/1", set=[changes.SetField(path="name", to="x")])


def test_digest_covers_id_and_changes() -> None:
    patch = changes.Patch(resource="wc/v3/products/1", set=[changes.SetField(path="name", was="Ä/b", to="é")])
    first = changes.with_ids("p1", [patch])
    assert first[0]["change_id"] == "p1-1"
    assert changes.digest("p1", first) != changes.digest("p2", first)
    assert changes.canonical_json({"b": "Ä/", "a": []}) == '{"a":[],"b":"Ä/"}'
    assert changes.touched(first) == {("wc/v3/products/1", "name")}


def test_messages_must_name_what_they_carry() -> None:
    with pytest.raises(ValidationError, match="template names"):
        evidence.say("Lower {product}.")
    assert evidence.say("Lower {product}.", product=evidence.Text(value="x")).template == "Lower {product}."


def test_evidence_explains_what_is_absent() -> None:
    chart = {"title": "t", "x_label": "x", "y_label": "y", "unit": "", "x_type": "number",
             "series": [{"name": "s", "kind": "line", "points": [[1, 2]]}]}  # fmt: skip
    base = {"message": {"template": "Hello."}, "window": {"from": "2026-01-01", "to": "2026-02-01"}, "n": 3,
            "n_label": "orders", "method": {"template": "Counting."}, "chart": chart}  # fmt: skip
    with pytest.raises(ValidationError, match="note"):
        evidence.Evidence.model_validate(base)
    told = evidence.Evidence.model_validate({**base, "notes": [{"template": "Too few orders."}]})
    assert told.model_dump(mode="json", by_alias=True)["window"] == {"from": "2026-01-01", "to": "2026-02-01"}


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=4))
def test_money_survives_the_database(value: Decimal) -> None:
    assert types.from_scaled(types.to_scaled(value)) == value


def test_money_and_times_from_the_shop() -> None:
    assert [types.money(text) for text in ("", "abc", "NaN", None)] == [None] * 4
    assert types.money("19.90") == Decimal("19.90")
    assert types.quantize(Decimal("1.005"), 2) == Decimal("1.01")
    assert types.parse_utc("2026-11-24T06:35:00") == datetime(2026, 11, 24, 6, 35, tzinfo=UTC)
    assert types.utc_text(types.parse_utc("2026-11-24T07:35:00+01:00")) == "2026-11-24T06:35:00Z"
