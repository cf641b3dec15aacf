"""What the report's template shows, put into words."""

from __future__ import annotations

import re
from datetime import UTC, date
from decimal import Decimal
from typing import Any

from sidecar.core.changes import written
from sidecar.core.evidence import Evidence
from sidecar.core.evidence_text import (
    field_label,
    format_effect,
    format_error,
    format_message,
    format_money,
    format_number,
    format_param,
)
from sidecar.core.store import ShopFacts
from sidecar.demo import findings
from sidecar.demo.report import FieldLine, ReportData, RunLine, Walk
from sidecar.demo.report_chart import draw, legend

BEST = 3
"""Proposals of an agent shown with their evidence; the others are one line each."""
FIELDS = 5
"""Fields of a walked proposal shown one by one."""
RESOURCE = re.compile(r"^wc/v3/products/(\d+)(?:/variations/(\d+))?$")
MONEY = {"sale_price", "regular_price"}
Json = dict[str, Any]


def view(data: ReportData) -> Json:
    """The template's variables."""
    facts = data.facts
    return {
        "data": data,
        "generated": data.generated_at.astimezone(UTC).strftime("%-d %B %Y, %H:%M UTC"),
        "span": _span(data.first_day, data.last_day),
        "tiles": _tiles(data),
        "about": _about(facts),
        "rows": sum(line.rows for line in data.sync),
        "sync": [(_words(line.resource), f"{line.rows:,}", line.seconds) for line in data.sync],
        "runs": [_run(run, facts) for run in data.runs],
        "walks": [_walk(walk, facts) for walk in data.walks],
    }


def _span(first: date | None, last: date | None) -> str:
    if first is None or last is None:
        return "no orders yet"
    return f"orders from {first.day} {first:%B %Y} to {last.day} {last:%B %Y}"


def _tiles(data: ReportData) -> list[tuple[str, str]]:
    counts = {line.resource: line.rows for line in data.sync}
    tiles = [
        (f"{counts[name]:,}", _words(name))
        for name in ("products", "orders", "order_lines")
        if name in counts
    ]
    proposals = sum(len(run.proposals) for run in data.runs)
    return [
        *tiles,
        (f"{data.sync_seconds:.1f} s", "first sync"),
        (f"{len(data.runs)}", "agents run"),
        (f"{proposals}", "proposals waiting"),
    ]


def _about(facts: ShopFacts) -> list[tuple[str, str]]:
    return [
        ("Currency", f"{facts.currency}, {facts.decimals} decimals"),
        ("Prices", "with tax" if facts.prices_include_tax else "without tax"),
        ("Time zone", facts.timezone),
        ("Cost of goods", "known" if facts.cogs else "not kept"),
        ("Order tables (HPOS)", "on" if facts.hpos else "off"),
    ]


def _words(name: str) -> str:
    return name.replace("_", " ")


def _run(run: RunLine, facts: ShopFacts) -> Json:
    return {
        "run": run,
        "seconds": f"{run.duration_ms / 1000:.1f} s",
        "found": "" if run.proposals or run.error else findings.sentence(run, facts),
        "lines": findings.lines(run, facts),
        "figures": _figures(run.output, facts),
        "cards": [_card(proposal, facts) for proposal in run.proposals[:BEST]],
        "others": [_title(proposal, facts) for proposal in run.proposals[BEST:]],
    }


def _figures(output: Json, facts: ShopFacts) -> list[tuple[str, str]]:
    """The plain figures of an agent's output, lists as their length; nested ones one level deep."""
    found: list[tuple[str, str]] = []
    for name, value in output.items():
        if isinstance(value, dict):
            found += [(f"{_words(name)}: {_words(key)}", text) for key, text in _figures(value, facts)]
        elif isinstance(value, list):
            if name not in ("fields", "methods") and f"{name}_total" not in output:
                found.append((_words(name), f"{len(value):,}"))
        elif (text := _figure(name, value, facts)) is not None:
            found.append((_words(name), text))
    return [(name[:1].upper() + name[1:], text) for name, text in found]


def _figure(name: str, value: object, facts: ShopFacts) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name.endswith(("share", "covered", "covered_by_mean")) and isinstance(value, int | float):
        return f"{value:.1%}"
    if isinstance(value, int | float):
        return format_number(value)
    if name == "tied_up":
        return format_money(Decimal(str(value)), facts)
    return str(value)


def _title(proposal: Json, facts: ShopFacts) -> str:
    return format_message(Evidence.model_validate(proposal["evidence"]).message, facts)


def _card(proposal: Json, facts: ShopFacts) -> Json:
    evidence = Evidence.model_validate(proposal["evidence"])
    window = evidence.window
    days = (
        f"{window.end.day} {window.end:%B %Y}"
        if window.start == window.end
        else f"{window.start.day} {window.start:%b %Y} to {window.end.day} {window.end:%b %Y}"
    )
    return {
        "title": format_message(evidence.message, facts),
        "risk": proposal["risk"],
        "basis": f"{evidence.n:,} {evidence.n_label}, {days}",
        "method": format_message(evidence.method, facts),
        "error": format_error(evidence.error) if evidence.error else None,
        "effect": format_effect(evidence.effect, facts) if evidence.effect else None,
        "notes": [format_message(note, facts) for note in evidence.notes],
        "considered": [format_message(one, facts) for one in evidence.considered],
        "facts": [(fact.label, format_param(fact.value, facts)) for fact in evidence.facts],
        "chart": draw(evidence.chart),
        "chart_title": evidence.chart.title,
        "legend": legend(evidence.chart),
        "changes": _changes(proposal, facts),
    }


def _changes(proposal: Json, facts: ShopFacts) -> list[tuple[str, str, str, str]]:
    """(what, field, was, to) of every field that the proposal sets."""
    return [
        (
            _resource(change["resource"]),
            field_label(part["path"]),
            _value(part["path"], part["was"], facts),
            _value(part["path"], part["to"], facts),
        )
        for change in proposal["changes"]
        for part in written(change)
    ]


def _resource(resource: str) -> str:
    match = RESOURCE.match(resource)
    if not match:
        return resource
    return f"Variation {match[2]}" if match[2] else f"Product {match[1]}"


def _value(path: str, value: object, facts: ShopFacts) -> str:
    if value in (None, "", []):
        return "–"
    if path in MONEY:
        return format_money(Decimal(str(value)), facts)
    if isinstance(value, list):
        return ", ".join(str(_id(part)) for part in value)
    return str(value)


def _id(part: object) -> object:
    return part.get("name") or part.get("id") if isinstance(part, dict) else part


def _walk(walk: Walk, facts: ShopFacts) -> Json:
    fields = [
        (
            _resource(line.resource),
            field_label(line.path),
            *(_value(line.path, v, facts) for v in _steps(line)),
        )
        for line in walk.fields
    ]
    return {
        "title": _title(walk.proposal, facts),
        "by": walk.approved_by,
        "states": walk.states,
        "fields": fields[:FIELDS],
        "more": len(fields[FIELDS:]),
        "restored": all(before == undone for _, _, before, _, undone in fields),
    }


def _steps(line: FieldLine) -> tuple[object, object, object]:
    return line.before, line.after, line.undone
