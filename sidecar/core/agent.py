"""An agent: a typed function that reads the shop and returns an answer plus proposals."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from types import ModuleType
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar, get_args, get_type_hints

from pydantic import BaseModel

from sidecar.core.changes import Act, Create, Patch
from sidecar.core.evidence import Evidence
from sidecar.core.forecasts import Models
from sidecar.core.store import READS, ShopFacts, Store

if TYPE_CHECKING:
    from numpy.random import Generator

Risk = Literal["low", "medium", "high"]
Schedule = Literal["off", "hourly", "daily", "weekly", "monthly"]
NEEDS = frozenset({"llm", "fetch", "files", "tool", "models"})
EVENTS = frozenset(
    {
        "order.created", "order.changed", "order.refunded", "product.saved", "product.deleted",
        "stock.changed", "review.posted", "customer.created",
    }
)  # fmt: skip
NAME = re.compile(r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")

Output = TypeVar("Output", bound=BaseModel)


@dataclass(frozen=True)
class Subject:
    """What a proposal is about, for its line in the inbox."""

    resource: str
    id: int
    name: str
    image_id: int | None = None
    permalink: str | None = None


@dataclass(frozen=True)
class Proposal:
    """Changes with the evidence for them; nothing happens until a person approves.

    `risk` None takes the agent's; `expires_days` counts from the run.
    """

    subject: Subject
    changes: list[Patch | Create | Act]
    evidence: Evidence
    risk: Risk | None = None
    expires_days: int = 30


@dataclass(frozen=True)
class Result(Generic[Output]):
    """An agent's answer and what it proposes."""

    output: Output
    proposals: list[Proposal] = field(default_factory=list)


class Context(Protocol):
    """What the runner hands to an agent; an agent takes nothing else from the world."""

    @property
    def store(self) -> Store:
        """The shop at one moment."""
        ...

    @property
    def facts(self) -> ShopFacts:
        """Currency, decimals, time zone and the like."""
        ...

    @property
    def now(self) -> datetime:
        """The moment of the run, in UTC."""
        ...

    @property
    def rng(self) -> Generator:
        """Seeded by the run; the same run gives the same numbers."""
        ...

    @property
    def models(self) -> Models:
        """What earlier runs fitted, and where this one keeps what it fits. Need: `models`."""
        ...

    def progress(self, done: int, total: int, label: str) -> None:
        """Reports progress; raises Cancelled when a person has cancelled the run."""
        ...

    def log(self, message: str) -> None:
        """Adds a line to the run's log."""
        ...


@dataclass(frozen=True)
class Agent:
    """An agent's declaration; every door (REST, form, ability, CLI, schedule, docs) derives from it."""

    name: str
    family: str
    title: str
    summary: str
    description: str
    input_model: type[BaseModel]
    output_model: type[BaseModel]
    run: Callable[[Any, Any], Result[Any]]
    reads: frozenset[str]
    on: frozenset[str]
    schedule: Schedule
    needs: frozenset[str]
    risk: Risk
    proposes: bool
    paths: tuple[str, ...]
    budget_s: float
    examples: tuple[dict[str, Any], ...]


def agent(
    *,
    title: str,
    reads: Iterable[str],
    risk: Risk = "low",
    schedule: Schedule = "off",
    on: Iterable[str] = (),
    needs: Iterable[str] = (),
    proposes: bool = True,
    paths: Iterable[str] = (),
    budget_s: float = 2.0,
    examples: Iterable[dict[str, Any]] = ({},),
    name: str | None = None,
) -> Callable[[Callable[[Any, Any], Result[Any]]], Callable[[Any, Any], Result[Any]]]:
    """Declares a function as an agent; it stays a plain function.

    The name is the function's in kebab case, the family its module, the summary its docstring's first line.
    ValueError or TypeError when the declaration does not hold together.
    """

    def declare(function: Callable[[Any, Any], Result[Any]]) -> Callable[[Any, Any], Result[Any]]:
        text = inspect.getdoc(function) or ""
        if not text:
            raise ValueError(f"{function.__name__} needs a docstring: its first line is the summary")
        input_model, output_model = _models(function)
        spec = Agent(
            name=name or function.__name__.replace("_", "-"),
            family=function.__module__.rsplit(".agents.", 1)[-1].split(".")[0],
            title=title,
            summary=text.splitlines()[0],
            description=text,
            input_model=input_model,
            output_model=output_model,
            run=function,
            reads=_known("reads", reads, READS),
            on=_known("on", on, EVENTS),
            schedule=schedule,
            needs=_known("needs", needs, NEEDS),
            risk=risk,
            proposes=proposes,
            paths=tuple(paths),
            budget_s=budget_s,
            examples=tuple(examples),
        )
        if not NAME.match(spec.name):
            raise ValueError(f"{spec.name!r} is no kebab-case name")
        specs: list[Agent] = getattr(function, "__agents__", [])
        function.__agents__ = [*specs, spec]  # type: ignore[attr-defined]
        return function

    return declare


def _models(function: Callable[..., Any]) -> tuple[type[BaseModel], type[BaseModel]]:
    hints = get_type_hints(function)
    answer = get_args(hints.get("return"))
    inputs = [hints.get(name) for name in inspect.signature(function).parameters]
    if len(inputs) != 2 or not _is_model(inputs[0]) or not answer or not _is_model(answer[0]):
        raise TypeError(f"{function.__name__} must be (inp: Model, ctx: Context) -> Result[Model]")
    return inputs[0], answer[0]  # type: ignore[return-value]


def _is_model(hint: object) -> bool:
    return isinstance(hint, type) and issubclass(hint, BaseModel)


def _known(what: str, given: Iterable[str], known: frozenset[str]) -> frozenset[str]:
    chosen = frozenset(given)
    if chosen - known:
        raise ValueError(f"{what} knows {sorted(known)}, not {sorted(chosen - known)}")
    return chosen


Registry = dict[str, Agent]


def collect(modules: Iterable[ModuleType]) -> Registry:
    """The agents of the given family modules by name, in order; ValueError when a name stands twice."""
    registry: Registry = {}
    for module in modules:
        for value in vars(module).values():
            if not f"{getattr(value, '__module__', '')}.".startswith(f"{module.__name__}."):
                continue
            for spec in getattr(value, "__agents__", ()):
                if spec.name in registry:
                    raise ValueError(f"two agents are called {spec.name!r}")
                registry[spec.name] = spec
    return registry
