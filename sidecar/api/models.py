"""Shapes of requests: paths, queries and bodies of all routes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, ClassVar, Literal, get_args

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from sidecar.core.types import UNSTORABLE, unstorable

ID = r"^[0-9a-f]{32}$"
NAME = r"^[a-z][a-z0-9-]{0,79}$"
ChangeState = Literal[
    "applied", "compensated", "skipped", "failed", "undone", "stale", "applying", "undoing"
]  # fmt: skip
OutcomeState = Literal["applying", "applied", "stale", "failed", "undone", "undo_failed"]


class Model(BaseModel):
    """The base of all request shapes: unknown fields are refused, an absent body is an empty one."""

    model_config = ConfigDict(extra="forbid")
    reads_parts: ClassVar[bool] = False
    """Whether texts are looked at where the parts are read, one by one."""

    @model_validator(mode="before")
    @classmethod
    def _absent_is_empty(cls, value: Any) -> Any:
        if (path := unstorable(value)) is not None and not cls.reads_parts:
            complaint = PydanticCustomError("text_not_storable", UNSTORABLE)
            raise ValidationError.from_exception_data(
                cls.__name__, [InitErrorDetails(type=complaint, loc=path, input=None)]
            )
        if isinstance(value, dict):
            # Pydantic takes true for 1, and so for somebody else's number: as text it is refused by name.
            # So does it take a number for a time.
            times = {name: f"number {value[name]}" for name in _times(cls) if _counts(value.get(name))}
            return value | times | {name: _texts(value[name]) for name in _numbers(cls) if name in value}
        return {} if value is None else value

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """The schema; cached, since flask-openapi asks for it on every request with a query."""
        return super().model_json_schema(*args, **kwargs) if args or kwargs else _cached(cls)


@lru_cache(maxsize=256)
def _numbers(model: type[BaseModel]) -> tuple[str, ...]:
    """The fields that hold a number or several, and no boolean."""
    kinds = {name: set(_kinds(field.annotation)) for name, field in model.model_fields.items()}
    return tuple(name for name, found in kinds.items() if found & {int, float} and bool not in found)


@lru_cache(maxsize=256)
def _times(model: type[BaseModel]) -> tuple[str, ...]:
    return tuple(
        name for name, field in model.model_fields.items() if AwareDatetime in _kinds(field.annotation)
    )


def _counts(given: Any) -> bool:
    if isinstance(given, str):
        return given.strip().lstrip("+-").replace(".", "", 1).isdigit()
    return isinstance(given, int | float)


def _texts(given: Any) -> Any:
    if isinstance(given, list):
        return [_texts(one) for one in given]
    return str(given).lower() if isinstance(given, bool) else given


def _kinds(annotation: Any) -> Iterator[Any]:
    yield annotation
    for part in get_args(annotation):
        yield from _kinds(part)


@lru_cache(maxsize=256)
def _cached(model: type[BaseModel]) -> dict[str, Any]:
    return BaseModel.model_json_schema.__func__(model)  # type: ignore[attr-defined, no-any-return]


class ProposalPath(Model):
    """A proposal's id."""

    id: str = Field(pattern=ID)


class RunPath(Model):
    """A run's id."""

    id: str = Field(pattern=ID)


class JobPath(Model):
    """A job's id."""

    id: str = Field(pattern=ID)


class AgentPath(Model):
    """An agent's name."""

    name: str = Field(max_length=80)


class TypedAgentPath(AgentPath):
    """An agent's name under its family."""

    type: str = Field(max_length=40)


class RunsQuery(Model):
    """Which runs."""

    agent: str | None = Field(None, max_length=80)
    state: str | None = Field(None, max_length=100, description="One state or several, separated by commas.")
    limit: int = Field(25, ge=1, le=100)
    cursor: str | None = Field(None, max_length=80)


class ProposalsQuery(Model):
    """Which proposals."""

    state: str | None = Field(None, max_length=200, description="One state or several, separated by commas.")
    family: str | None = Field(None, max_length=40)
    agent: str | None = Field(None, max_length=80)
    risk: Literal["low", "medium", "high"] | None = None
    q: str | None = Field(None, max_length=200)
    sort: str = Field("-created_at", max_length=20)
    limit: int = Field(25, ge=1, le=100)
    page: int = Field(1, ge=1, le=100_000)


class CursorQuery(Model):
    """A page of a list."""

    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = Field(None, max_length=80)


class RunBody(Model):
    """What an agent shall run with; absent fields take their defaults."""

    input: dict[str, JsonValue] = Field(default_factory=dict)


class AgentSettingsBody(Model):
    """What the owner sets for an agent; absent fields stay as they are, null goes back to the default."""

    enabled: bool | None = None
    schedule: str | None = Field(None, max_length=80)
    input: dict[str, JsonValue] | None = None


class ApproveBody(Model):
    """The digest of what the person saw."""

    digest: str = Field(pattern=r"^[0-9a-f]{64}$")


class RejectBody(Model):
    """Why, in the person's words."""

    reason: str | None = Field(None, max_length=2_000)


class SnoozeBody(Model):
    """Until when."""

    until: AwareDatetime


class ChangeResult(Model):
    """How one change went."""

    model_config = ConfigDict(extra="ignore")

    change_id: str = Field(max_length=48)
    state: ChangeState
    message: str | None = Field(None, max_length=2_000)
    created_id: int | None = None


class OutcomeBody(Model):
    """How applying or undoing went, as the plugin saw it."""

    model_config = ConfigDict(extra="ignore")

    state: OutcomeState
    results: list[ChangeResult] = Field(default_factory=list, max_length=500)
    at: AwareDatetime
    note: str | None = Field(None, max_length=2_000)


class EventsBody(Model):
    """A batch of the plugin's outbox; each event is read on its own, so that one bad one does not stop the
    others.
    """

    reads_parts = True
    events: list[JsonValue] = Field(max_length=10_000)


class SyncBody(Model):
    """Whether to read the whole shop."""

    full: bool = False


class SiteBody(Model):
    """What a person decided about a shop with a new address."""

    decision: Literal["moved"]


class PairingBody(Model):
    """A pairing request (docs/protocol.md, section 3); checked by `sidecar.security.pairing`."""

    model_config = ConfigDict(extra="allow")
