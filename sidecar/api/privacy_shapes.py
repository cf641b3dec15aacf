"""Shapes of answers about personal data, for the document; tests compare them with the answers."""

from __future__ import annotations

from typing import Any

from sidecar.api.shapes import Count, Done, Maybe, Shape, Time


class Held(Shape):
    """A row that names the person."""

    table: str
    title: str
    id: str
    data: dict[str, Any]


class Export(Done):
    """A page of what is held about a person."""

    held: bool
    total: Count
    pages: Count
    items: list[Held]


class Erased(Done):
    """What was erased, by table, and what stays."""

    held: bool
    erased: dict[str, Count]
    kept: list[str]
    again: bool


class RuleFigures(Shape):
    """How long rows of a kind are kept."""

    rule: str
    title: str
    days: Count
    unit: str
    due: Count
    runs: str
    setting: Maybe[str] = None
    last_run: Maybe[Time] = None
    last_deleted: Maybe[Count] = None


class Minimum(Shape):
    """What may stay of an erased person."""

    where: str
    what: str
    why: str
    kept: str


class Retention(Done):
    """How long everything is kept."""

    rules: list[RuleFigures]
    lawful_minimum: list[Minimum]
