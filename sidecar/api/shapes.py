"""What the shapes of answers share, for the document; they stand in modules `*_shapes` by topic."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

T = TypeVar("T")


class Shape(BaseModel):
    """What an answer, or a part of one, holds: nothing that is not named."""

    # Only tests validate with them: the sidecar starts a fifth of a second sooner without their validators.
    model_config = ConfigDict(extra="forbid", defer_build=True)


def _absent(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


def _never_null(given: Any) -> Any:
    if given is None:
        raise ValueError("what is not known is absent, never null")
    return given


Maybe = Annotated[T | SkipJsonSchema[None], AfterValidator(_never_null), Field(json_schema_extra=_absent)]
"""A field that is absent when there is nothing to say; never null."""

Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Day = Annotated[str, Field(json_schema_extra={"format": "date"})]
Id = Annotated[str, Field(pattern="^[0-9a-f]{16,32}$")]
Amount = Annotated[str, Field(pattern=r"^\d+(\.\d+)?$", description="In the shop's currency.")]
Count = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1, description="1 is all.")]
Role = Literal["owner", "manager", "analyst", "support", "read-only", "agent"]
Ok = Literal[True]


class Money(Shape):
    """An amount and its currency."""

    value: Amount
    currency: str


class Who(Shape):
    """Who did it: a person by id and login, a login, an API key or a client by name."""

    id: Maybe[int] = Field(None, description="In WordPress.")
    login: Maybe[str] = None
    key: Maybe[str] = None
    client: Maybe[str] = None
    erased: Maybe[Ok] = Field(None, description="Nothing else is left of them.")


class Failure(Shape):
    """An error, and what to do about it."""

    code: str
    message: str
    hint: str
    fields: Maybe[dict[str, str]] = Field(None, description="What is wrong, by the path of the field.")
    details: Maybe[dict[str, Any]] = None


class Progress(Shape):
    """How far it is; `total` is 0 while nobody knows."""

    done: Count
    total: Count
    label: str


class Done(Shape):
    """Done; there is no more to say."""

    ok: Ok


class Made(Shape):
    """Something was made; `repeated` when the same request made it before."""

    ok: Ok
    repeated: Maybe[Ok] = None
