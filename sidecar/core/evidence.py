"""Why an agent proposes something: typed, so that wp-admin can translate, format and draw it."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


def _as_written(schema: dict[str, Any], model: type[BaseModel]) -> None:
    """Says in the schema how evidence is written: fields without a value are absent, all others are there."""
    schema["required"] = []
    for name, field in model.model_fields.items():
        key = field.serialization_alias or name
        if field.default is not None:
            schema["required"].append(key)
            continue
        known = schema["properties"][key]
        del known["default"]
        known |= known.pop("anyOf")[0]  # the other one is null


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, json_schema_extra=_as_written)


class Text(_Strict):
    """Words from the shop, shown as they are."""

    type: Literal["text"] = "text"
    value: str


class MoneyValue(_Strict):
    """Money in the shop's currency, as a string."""

    type: Literal["money"] = "money"
    value: str = Field(pattern=r"^-?\d+(\.\d+)?$")
    currency: str | None = None


class Number(_Strict):
    """A number with an optional unit."""

    type: Literal["number"] = "number"
    value: float
    unit: str | None = None
    decimals: int | None = Field(None, ge=0, le=6)


class Percent(_Strict):
    """A share: 0.15 is 15 %."""

    type: Literal["percent"] = "percent"
    value: float


class Day(_Strict):
    """A calendar day in the shop's time zone."""

    type: Literal["date"] = "date"
    value: date


class Days(_Strict):
    """A number of days."""

    type: Literal["days"] = "days"
    value: float = Field(ge=0)


class Pieces(_Strict):
    """A number of pieces of stock."""

    type: Literal["pieces"] = "pieces"
    value: float


Param = Annotated[Text | MoneyValue | Number | Percent | Day | Days | Pieces, Field(discriminator="type")]


class Message(_Strict):
    """A sentence with typed parameters; the template is the key of its translation."""

    template: str
    params: dict[str, Param] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _complete(self) -> Message:
        named = set(PLACEHOLDER.findall(self.template))
        if named != set(self.params):
            raise ValueError(f"template names {sorted(named)}, params are {sorted(self.params)}")
        return self


def say(template: str, **params: Param) -> Message:
    """A message; agents call it with a literal template so that the catalogue finds it."""
    return Message(template=template, params=params)


class BaselineError(_Strict):
    """The same error for the method anybody would try first."""

    name: str
    value: float


class ErrorFigure(_Strict):
    """How wrong the method was in a backtest."""

    name: str
    value: float
    unit: str
    baseline: BaselineError | None = None


class Effect(_Strict):
    """What the change is expected to bring, with its interval at `level`."""

    value: float
    low: float
    high: float
    level: float = Field(ge=0.5, le=0.99)
    unit: str
    label: Message

    @model_validator(mode="after")
    def _ordered(self) -> Effect:
        if not self.low <= self.value <= self.high:
            raise ValueError("an effect lies inside its interval")
        return self


class Window(_Strict):
    """The days of data behind the figures, both included."""

    start: date = Field(serialization_alias="from", validation_alias="from")
    end: date = Field(serialization_alias="to", validation_alias="to")

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


Point = tuple[float | str, float | None]


class Series(_Strict):
    """One line, row of bars or staircase; `points` are (x, y), y None where unknown."""

    name: str
    kind: Literal["line", "bar", "step"]
    style: Literal["solid", "dashed"] = "solid"
    points: list[Point]


class Band(_Strict):
    """An interval around a series; `points` are (x, low, high)."""

    name: str
    points: list[tuple[float | str, float, float]]


class Mark(_Strict):
    """A labelled place on the x axis, such as today."""

    x: float | str
    label: str


class Shade(_Strict):
    """A shaded stretch of the x axis, such as days out of stock."""

    start: float | str = Field(serialization_alias="from", validation_alias="from")
    end: float | str = Field(serialization_alias="to", validation_alias="to")
    label: str

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class Chart(_Strict):
    """One picture with one message."""

    title: str
    x_label: str
    y_label: str
    unit: str
    x_type: Literal["date", "number", "category"]
    series: list[Series] = Field(min_length=1)
    band: Band | None = None
    marks: list[Mark] = Field(default_factory=list)
    shade: list[Shade] = Field(default_factory=list)


class Fact(_Strict):
    """A labelled figure of the evidence."""

    label: str
    value: Param


class Evidence(_Strict):
    """All that stands behind one proposal (docs/protocol.md, section 7)."""

    message: Message
    window: Window
    n: int = Field(ge=0)
    n_label: str
    method: Message
    error: ErrorFigure | None = None
    effect: Effect | None = None
    notes: list[Message] = Field(default_factory=list)
    facts: list[Fact] = Field(default_factory=list)
    chart: Chart
    considered: list[Message] = Field(default_factory=list)

    @model_validator(mode="after")
    def _absent_is_explained(self) -> Evidence:
        if (self.effect is None or self.error is None) and not self.notes:
            raise ValueError("a missing effect or error needs a note that says why")
        return self
