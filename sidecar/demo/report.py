"""The demo's report: one HTML file that shows what was read, found, approved, applied and undone."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sidecar.core.store import ShopFacts


@dataclass(frozen=True)
class SyncLine:
    """How many rows of one resource the first sync read, and in how many seconds where that is known."""

    resource: str
    rows: int
    seconds: float | None = None


@dataclass(frozen=True)
class RunLine:
    """One agent run; `proposals` are JSON objects as in docs/protocol.md, section 7, best first."""

    agent: str
    title: str
    family: str
    summary: str
    state: str
    duration_ms: int
    output: dict[str, Any]
    proposals: list[dict[str, Any]] = field(default_factory=list)
    error: dict[str, Any] | None = None


@dataclass(frozen=True)
class FieldLine:
    """One field of a walked proposal: its value in the shop before, after applying, and after undoing."""

    resource: str
    path: str
    before: Any
    after: Any
    undone: Any


@dataclass(frozen=True)
class Walk:
    """One proposal's way: approved, applied and undone, with the values read back from the shop."""

    proposal: dict[str, Any]
    approved_by: str
    states: list[str]
    fields: list[FieldLine]


@dataclass(frozen=True)
class TruthLine:
    """What the generator planted beside what an agent found; `verdict` says in words how they compare."""

    what: str
    true: str
    found: str
    verdict: str


@dataclass(frozen=True)
class ReportData:
    """All that the report shows."""

    generated_at: datetime
    version: str
    shop_name: str
    shop_url: str
    facts: ShopFacts
    first_day: date | None
    last_day: date | None
    sync: list[SyncLine]
    sync_seconds: float
    runs: list[RunLine]
    walks: list[Walk] = field(default_factory=list)
    truth: list[TruthLine] = field(default_factory=list)


def write_report(path: Path, data: ReportData) -> None:
    """Writes the report to `path`: one self-contained file without scripts or outside requests."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from sidecar.demo.report_view import view

    loader = FileSystemLoader(Path(__file__).parent)
    pages = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    path.write_text(pages.get_template("report.html.j2").render(view(data)), encoding="utf-8")
