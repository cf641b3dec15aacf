"""What agents found that only answer, in a sentence each and with the first few of their lines."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sidecar.core.evidence_text import format_money, format_number
from sidecar.core.store import ShopFacts
from sidecar.demo.report import RunLine

SHOWN = 3
Json = dict[str, Any]


def sentence(run: RunLine, facts: ShopFacts) -> str:
    """What the run found; the error of one that failed, its notes where there is nothing else to say."""
    if run.error:
        return str(run.error.get("message", run.state))
    told = SENTENCES.get(run.agent)
    found = told(run.output, facts) if told and run.output else ""
    return found or " ".join(run.output.get("notes", [])[:1]) or "Nothing to propose."


def lines(run: RunLine, facts: ShopFacts) -> list[str]:
    """The first lines of what it found, most important first."""
    told = LINES.get(run.agent)
    if told is None:
        return []
    name, line = told
    return [line(one, facts) for one in run.output.get(name, [])[:SHOWN]]


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _money(value: object, facts: ShopFacts) -> str:
    return format_money(Decimal(str(value)), facts)


def _forecast(output: Json, facts: ShopFacts) -> str:
    made = _count(output["fitted"] + output["kept"], "item", "items")
    better = output.get("better_than_naive")
    if better is None:
        return f"Forecast {made}; too little is known to test how well."
    return (
        f"Forecast {made}; on past days {better:.0%} of {output['tested']:,} were nearer than repeating "
        "the week before."
    )


def _plan(output: Json, facts: ShopFacts) -> str:
    due = sum(one["lines"] for one in output["suppliers"])  # the list of today's orders may be cut short
    unknown = f" ({output['without_cost']:,} of them without a cost)" if output["without_cost"] else ""
    return (
        f"{_count(due, 'item', 'items')} to order today for {_money(output['total_cost'], facts)}{unknown}, "
        f"{len(output['soon']):,} soon."
    )


def _review(output: Json, facts: ShopFacts) -> str:
    best = sum(one["products"] for one in output["classes"] if one["name"].startswith("A"))
    return (
        f"{best:,} of {_count(output['considered'], 'product', 'products')} bring most of the revenue; the "
        f"range could do without {len(output['dispensable']):,}."
    )


def _sizes(output: Json, facts: ShopFacts) -> str:
    ranges = _count(output["considered"], "range", "ranges")
    return f"{output['broken_total']:,} of {ranges} lack sizes that shoppers want."


def _moves(output: Json, facts: ShopFacts) -> str:
    if not output["moves"]:
        return ""
    pieces = _count(output["total_pieces"], "piece", "pieces")
    return f"{_count(len(output['moves']), 'move', 'moves')} of {pieces} between {output['places']} places."


def _dead(output: Json, facts: ShopFacts) -> str:
    left = sum("open_proposal" in line for line in output["items"])
    shared = f" {left:,} of them have another agent's markdown open." if left else ""
    return (
        f"{_count(len(output['items']), 'stock lies', 'stocks lie')} still, "
        f"{_money(Decimal(output['dead_value']) + Decimal(output['slow_value']), facts)} tied up.{shared}"
    )


def _expected(one: Json, facts: ShopFacts) -> str:
    low, high = (format_number(round(one[key])) for key in ("total_low", "total_high"))
    days = len(one["forecast"])
    return f"{one['name']}: {format_number(round(one['total']))} pieces in {days} days ({low} to {high})"


def _ordered(one: Json, facts: ShopFacts) -> str:
    return (
        f"{one['name']}: order {one['recommended_order_quantity']:,}, {one['stock']:,} in stock, "
        f"{one['stockout_probability']:.0%} likely to run out"
    )


def _spare(one: Json, facts: ShopFacts) -> str:
    return f"{one['name']}: {WHY.get(one['reason'], one['reason'])}"


def _broken(one: Json, facts: ShopFacts) -> str:
    gone = ", ".join(size["size"] for size in one["sizes"] if size["missing"])
    return f"{one['name']}: {gone} missing, {one['lost']:.0%} of its shoppers do not find their size"


def _move(one: Json, facts: ShopFacts) -> str:
    return f"{one['name']}: {one['pieces']:,} from {one['source_name']} to {one['target_name']}"


WHY = {
    "sells_nothing": "sells nothing",
    "duplicate": "a like product outsells it",
    "low_contribution": "next to nothing of its category's revenue",
}
Told = Callable[[Json, ShopFacts], str]
SENTENCES: dict[str, Told] = {
    "demand-forecast": _forecast,
    "reorder-plan": _plan,
    "assortment-review": _review,
    "size-gaps": _sizes,
    "stock-transfers": _moves,
    "dead-stock": _dead,
}
LINES: dict[str, tuple[str, Told]] = {
    "demand-forecast": ("items", _expected),
    "reorder-plan": ("now", _ordered),
    "assortment-review": ("dispensable", _spare),
    "size-gaps": ("broken", _broken),
    "stock-transfers": ("moves", _move),
}
