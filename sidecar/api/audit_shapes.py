"""Shapes of answers about the audit, for the document; tests compare them with the answers."""

from __future__ import annotations

from typing import Any, Literal

from sidecar.api.shapes import Count, Day, Done, Maybe, Ok, Shape, Time, Who


class Entry(Shape):
    """What somebody did."""

    n: int
    at: Time
    by: Literal["person", "key", "client", "visitor", "sidecar"]
    who: Maybe[Who] = None
    person: Maybe[str] = None
    erased: Maybe[Ok] = None
    action: str
    target: str
    failed: Maybe[Ok] = None
    detail: Maybe[dict[str, Any]] = None
    before: Maybe[dict[str, Any]] = None
    after: Maybe[dict[str, Any]] = None
    personal: Maybe[dict[str, Any]] = None
    request_id: Maybe[str] = None
    hash: str


class Entries(Done):
    """A page of the audit, newest first."""

    items: list[Entry]
    total: Count
    next: Maybe[str] = None


class ActionCount(Shape):
    """How often an action was done, and how often it failed."""

    action: str
    count: Count
    failed: Count


class PersonCount(Shape):
    """How much somebody did."""

    person: Maybe[str] = None
    by: str
    who: Maybe[Who] = None
    erased: Maybe[Ok] = None
    count: Count
    failed: Count


class DayCount(Shape):
    """How much was done on a day, UTC."""

    day: Day
    count: Count
    failed: Count


class Break(Shape):
    """What is wrong with a row."""

    n: int
    what: str


class Chain(Shape):
    """Whether the audit is unbroken: `checked_at` says when what is new was read, `whole_at` when all was."""

    state: Literal["empty", "unbroken", "partly", "broken"]
    entries: int
    unread: Maybe[Count] = None
    since: Maybe[Time] = None
    checked_at: Time
    whole_at: Maybe[Time] = None
    found_at: Maybe[Time] = None
    problems: Maybe[list[Break]] = None


class Summary(Done):
    """How much was done in a period, and whether the record is unbroken."""

    since: Time
    until: Time
    total: Count
    failed: Count
    actions: list[ActionCount]
    people: list[PersonCount]
    days: list[DayCount]
    first_at: Maybe[Time] = None
    chain: Chain
