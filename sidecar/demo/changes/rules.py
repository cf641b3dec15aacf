"""What may be written at all, what differs, and what is put back: the pen decides here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sidecar.core.evidence_text import field_label
from sidecar.demo.changes.ledger import Entry
from sidecar.demo.changes.target import IMAGE, META, SALE, WriteError, has, snapshot, value
from sidecar.demo.changes.values import same, show

PATCH = re.compile(r"^wc/v3/(products/\d+(/variations/\d+)?|products/(categories|tags)/\d+|coupons/\d+)$")
PRODUCT = re.compile(r"^wc/v3/products/\d+(/variations/\d+)?$")
CREATE = re.compile(r"^wc/v3/(coupons|products)$")
NEVER = ("id", "type", "stock_quantity", "permalink", "meta_data", "images")


def refuse(change: Mapping[str, Any]) -> None:
    """WriteError change_refused for what no proposal may write, whoever approved it."""
    resource, kind = str(change.get("resource", "")), change.get("kind")
    known = {
        "patch": PATCH.match(resource),
        "create": CREATE.match(resource),
        "act": resource.startswith("sidecar/"),
    }.get(str(kind))
    if not known or not isinstance(change.get("change_id"), str):
        raise WriteError("change_refused", f'"{resource}" is not something that a proposal may write.')
    for item in change["set"] if kind == "patch" else []:
        path, to = item["path"], item.get("to")
        plain = re.fullmatch(r"[a-z][a-z_]*", path) and path not in NEVER
        moves = path == "stock_delta"
        fits = plain or META.match(path) or IMAGE.match(path)
        if not fits or (moves and (not PRODUCT.match(resource) or not isinstance(to, int))):
            raise WriteError("change_refused", f'The field "{path}" is never written by a proposal.')


def refuse_for(change: Mapping[str, Any], current: Mapping[str, Any]) -> None:
    """WriteError for what only the present state shows: a variable product's price, an absent field."""
    for item in change.get("set", []) if change["kind"] == "patch" else []:
        if current.get("type") == "variable" and item["path"] in SALE:
            message = "A variable product has no price of its own: its variations have."
            raise WriteError("variable_parent", message)
        if not has(current, item["path"]):
            raise WriteError("change_refused", f'There is no field "{item["path"]}".')


def differences(
    items: list[dict[str, Any]], current: Mapping[str, Any], side: str
) -> dict[str, dict[str, Any]]:
    """`{path: {"expected", "now"}}` of paths whose value is another one; stock moves are not compared."""
    found = {}
    for item in items:
        path = item["path"]
        now = value(current, path)
        if path != "stock_delta" and not same(path, item.get(side), now):
            found[path] = {"expected": item.get(side), "now": now}
    return found


def sentence(found: Mapping[str, Mapping[str, Any]]) -> str:
    """The differences in words."""
    return " ".join(
        f"{field_label(p)} is {show(v['now'])} now, not {show(v['expected'])}." for p, v in found.items()
    )


def record(change: Mapping[str, Any], current: Mapping[str, Any]) -> dict[str, Any]:
    """What a new row must remember of the values that stand there now."""
    if change["kind"] == "create":
        return {"body": change["body"]}
    if change["kind"] != "patch":
        return {}
    return {"set": change["set"], "stood": snapshot([item["path"] for item in change["set"]], current)}


def values_back(entry: Entry, current: Mapping[str, Any]) -> dict[str, Any]:
    """What stood there; a sale that somebody changed since our write is left as they set it."""
    back: dict[str, Any] = {}
    for path, stood in entry.record["stood"].items():
        if path == "stock_delta":
            back[path] = -(entry.delta or 0)
            continue
        after = entry.record.get("after")
        untouched = after is None or same(path, after.get(path), value(current, path))
        if path in entry.paths or untouched:
            back[path] = stood
    return back
