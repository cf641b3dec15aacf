"""Shapes of answers about agents and runs, for the API document; tests compare the answers with them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from sidecar.api.shapes import Count, Done, Id, Maybe, Time

State = Literal["queued", "running", "done", "failed", "cancelled"]
Error = dict[str, Any]
"""`{"code", "message", "hint", …}`."""


class Progress(BaseModel):
    """How far a run is; `total` is 0 while nobody knows."""

    done: Count
    total: Count
    label: str


class LogLine(BaseModel):
    """A line of a run's log."""

    at: Time
    level: str
    message: str


class Run(BaseModel):
    """A run; a list leaves `log` and `output` out."""

    id: Id
    agent: str
    title: str
    state: State
    trigger: str
    input: dict[str, Any]
    error: Maybe[Error] = None
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


class AgentSettings(BaseModel):
    """What a person has set of an agent, or its own defaults."""

    enabled: bool
    schedule: str
    input: dict[str, Any]


class AgentStats(BaseModel):
    """What came of an agent so far."""

    runs: Count
    proposals: Count
    applied: Count
    rejected: Count
    undone: Count


class LastRun(BaseModel):
    """How an agent's last run went."""

    id: Id
    state: State
    duration_ms: Maybe[Count] = None
    error: Maybe[Error] = None
    created_at: Time
    finished_at: Maybe[Time] = None


class AgentRow(BaseModel):
    """An agent: its declaration, settings and figures."""

    name: str
    title: str
    summary: str
    family: str
    risk: str
    schedule: str
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
