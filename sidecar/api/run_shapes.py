"""Shapes of answers about agents and runs, for the API document; tests compare the answers with them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from sidecar.api.shapes import Count, Done, Failure, Id, Maybe, Progress, Shape, Time
from sidecar.core.agent import Risk, Schedule

State = Literal["queued", "running", "done", "failed", "cancelled"]


class LogLine(Shape):
    """A line of a run's log."""

    at: Time
    level: Literal["info", "error"]
    message: str


class Run(Shape):
    """A run; a list leaves `log` and `output` out."""

    id: Id
    agent: str
    title: str
    state: State
    trigger: str
    input: dict[str, Any]
    error: Maybe[Failure] = None
    duration_ms: Maybe[Count] = None
    generation: Maybe[Count] = Field(None, description="Of the copy of the shop that it read.")
    created_at: Time
    started_at: Maybe[Time] = None
    finished_at: Maybe[Time] = None
    progress: Progress
    log: list[LogLine]
    proposals: list[Id]
    output: Maybe[dict[str, Any]] = None


class RunPage(Done):
    """Runs, the newest first."""

    items: list[Run]
    total: Count
    next: Maybe[str] = None


class OneRun(Done):
    """A run with its log and output."""

    run: Run


class AgentSettings(Shape):
    """What a person has set of an agent, or its own defaults."""

    enabled: bool
    schedule: str
    input: dict[str, Any]


class AgentStats(Shape):
    """What came of an agent so far."""

    runs: Count
    proposals: Count
    applied: Count
    rejected: Count
    undone: Count


class LastRun(Shape):
    """How an agent's last run went."""

    id: Id
    state: State
    duration_ms: Maybe[Count] = None
    error: Maybe[Failure] = None
    created_at: Time
    finished_at: Maybe[Time] = None


class AgentRow(Shape):
    """An agent: its declaration, settings and figures."""

    name: str
    title: str
    summary: str
    family: str
    risk: Risk
    schedule: Schedule
    reads: list[str]
    on: list[str] = Field(description="Events that start it.")
    needs: list[str]
    readonly: bool
    input_schema: dict[str, Any]
    output_schema: dict[str, Any]
    examples: list[dict[str, Any]]
    settings: AgentSettings
    stats: AgentStats
    last_run: Maybe[LastRun] = None


class Agents(Done):
    """All agents."""

    items: list[AgentRow]


class OneAgent(Done):
    """An agent."""

    agent: AgentRow
