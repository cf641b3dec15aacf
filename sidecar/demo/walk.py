"""Which proposal the demo walks through the shop, and what the shop says about its fields meanwhile."""

from __future__ import annotations

import re
from typing import Any

from sidecar.core.changes import written
from sidecar.demo.generator import load_truth
from sidecar.demo.report import RunLine, TruthLine
from sidecar.demo.report_truth import compare
from sidecar.demo.shop import DemoShop

META = re.compile(r"^meta_data\[(.+)\]$")
ALT = re.compile(r"^images\[(\d+)\]\.alt$")


def pick(runs: list[RunLine]) -> dict[str, Any] | None:
    """The first proposal that changes a price, else the first that can be undone, or None without any."""
    undoable = [proposal for run in runs for proposal in run.proposals if proposal["undoable"]]
    prices = [proposal for proposal in undoable if _paths(proposal) & {"regular_price", "sale_price"}]
    return next(iter([*prices, *undoable]), None)


def _paths(proposal: dict[str, Any]) -> set[str]:
    return {part["path"] for change in proposal["changes"] for part in written(change)}


def field_values(shop: DemoShop, proposal: dict[str, Any]) -> dict[tuple[str, str], Any]:
    """The present value in the shop of every field that the proposal sets, by (resource, path)."""
    found: dict[tuple[str, str], Any] = {}
    for change in proposal["changes"]:
        if not written(change):
            continue
        body = shop.call("GET", change["resource"])
        for part in written(change):
            found[change["resource"], part["path"]] = value_of(body, part["path"])
    return found


def value_of(body: dict[str, Any], path: str) -> Any:
    """A field of a resource by the path of a change."""
    if meta := META.match(path):
        return next((item["value"] for item in body.get("meta_data", []) if item["key"] == meta[1]), None)
    if alt := ALT.match(path):
        return body["images"][int(alt[1])]["alt"]
    if path == "stock_delta":
        return body["stock_quantity"]
    return body[path]


def truth_lines(shop: DemoShop, runs: list[RunLine]) -> list[TruthLine]:
    """What the generator planted beside what the agents found."""
    return compare(load_truth(shop.path), runs)
