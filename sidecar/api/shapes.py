"""What the shapes of answers share, for the document; they stand in modules `*_shapes` by topic."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, Field
from pydantic.json_schema import SkipJsonSchema

T = TypeVar("T")


def _absent(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


Maybe = Annotated[T | SkipJsonSchema[None], Field(json_schema_extra=_absent)]
"""A field that is absent when there is nothing to say; never null."""

Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Id = Annotated[str, Field(pattern="^[0-9a-f]{16,32}$")]
Count = Annotated[int, Field(ge=0)]
Role = Literal["owner", "manager", "analyst", "support", "read-only", "agent"]
Ok = Literal[True]


class Done(BaseModel):
    """Done; there is no more to say."""

    ok: Ok


class Made(BaseModel):
    """Something was made; `repeated` when the same request made it before."""

    ok: Ok
    repeated: Maybe[Ok] = None
