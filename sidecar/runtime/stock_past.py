"""What the Stock page's figures were four weeks ago, as agents answered then: no more is kept of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, select

from sidecar.db.app import runs, seen_days
from sidecar.retail.dead_stock import MIN_DAYS
from sidecar.runtime.base import Row, now

DAY = 86_400
AGO_DAYS, REACH_DAYS = 28, 10
"""The figure of this many days ago, or of the nearest run at most so many days before or after."""
EPOCH = date(1970, 1, 1)
Told = Callable[[Row], float | str | None]


def figures(conn: Connection, shop_id: str) -> dict[str, Row]:
    """By the figure's name `{value, day}`; a figure that nobody worked out then is absent."""
    found: dict[str, Row] = {}
    for agent, (alike, told) in SOURCES.items():
        run = _nearest(conn, shop_id, agent, alike)
        for name, value_of in told.items() if run else ():
            value = value_of(run)
            if value is not None:
                day = EPOCH + timedelta(days=run["finished_at"] // DAY)
                found[name] = {"value": value, "day": day.isoformat()}
    return found


def watched_since(conn: Connection, shop_id: str) -> date | None:
    """The first day whose stock is known."""
    query = select(seen_days.c.day).where(seen_days.c.shop_id == shop_id).order_by(seen_days.c.day).limit(1)
    day = conn.execute(query).scalar()
    return None if day is None else EPOCH + timedelta(days=day)


def _nearest(conn: Connection, shop_id: str, agent: str, alike: Callable[[Row], bool]) -> Row:
    """The run nearest to four weeks ago that was asked for the same as the page shows; {} without any."""
    row, then = runs.c, now() - AGO_DAYS * DAY
    near = row.finished_at.between(then - REACH_DAYS * DAY, then + REACH_DAYS * DAY)
    query = select(row.id, row.input, row.finished_at).where(
        row.shop_id == shop_id, row.agent == agent, row.state == "done", near
    )
    same = [dict(one) for one in conn.execute(query).mappings() if alike(one["input"])]
    best = min(same, key=lambda one: abs(one["finished_at"] - then), default=None)
    if best is None:
        return {}
    # Answers are long: only the one that counts is read.
    mine = (row.shop_id == shop_id) & (row.id == best["id"])
    return best | {"output": conn.execute(select(row.output).where(mine)).scalar() or {}}


def _nothing_named(given: Row, *names: str) -> bool:
    return not any(given.get(name) for name in ("product_ids", *names))


def _whole_plan(given: Row) -> bool:
    return _nothing_named(given) and given.get("budget") is None and given.get("service_level") is None


def _usual_dead(given: Row) -> bool:
    return _nothing_named(given) and given.get("min_days_no_sale") == MIN_DAYS


def _due(run: Row) -> float | None:
    lines: list[Any] = run["output"].get("now", [])
    # A full list may have been cut.
    return len(lines) if len(lines) < run["input"].get("limit", 0) else None


def _cost(run: Row) -> str | None:
    output = run["output"]
    known = output.get("without_cost", 0) < len(output.get("now", []))
    return output.get("total_cost") if known else None


def _dead(run: Row) -> str | None:
    output = run["output"]
    parts = [output.get("dead_value"), output.get("slow_value")]
    if None in parts or output.get("without_cost", 0) == len(output.get("items", ())) > 0:
        return None
    return format(sum((Decimal(part) for part in parts), Decimal(0)), "f")


SOURCES: dict[str, tuple[Callable[[Row], bool], dict[str, Told]]] = {
    "demand-forecast": (
        lambda given: _nothing_named(given, "historical_sales"),
        {"accuracy": lambda run: run["output"].get("better_than_naive")},
    ),
    "reorder-plan": (_whole_plan, {"to_order": _due, "order_cost": _cost}),
    "dead-stock": (_usual_dead, {"dead_stock": _dead}),
}
"""By agent: whether a run was asked for what the page shows, and the figures in its answer."""
