"""Reads and writes one REST resource in the words of a proposal's paths."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from typing import Any, Protocol

from sidecar.demo.changes.values import IDS, id_list

SALE = ("regular_price", "sale_price", "date_on_sale_from_gmt", "date_on_sale_to_gmt")
NULLABLE = ("low_stock_amount", "usage_limit", "usage_limit_per_user")
META = re.compile(r"^meta_data\[(.+)\]$")
IMAGE = re.compile(r"^images\[(\d+)\]\.alt$")
CHANGE_ID = "_devskyy_change_id"


class WriteError(Exception):
    """A REST call failed or a change is refused; `code` as the shop or the protocol names it."""

    def __init__(self, code: str, message: str, status: int = 409, **details: Any) -> None:
        super().__init__(message)
        self.code, self.message, self.status, self.details = code, message, status, details


class Call(Protocol):
    """Does one REST request inside the shop as the approver; the answer's JSON object, WriteError on
    an error."""

    def __call__(
        self,
        method: str,
        resource: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, str] | None = None,
        origin: str | None = None,
    ) -> dict[str, Any]: ...


def value(data: Mapping[str, Any], path: str) -> Any:
    """The value of a path in a resource as REST shows it."""
    if found := META.match(path):
        return next((m["value"] for m in data.get("meta_data", []) if m["key"] == found[1]), None)
    if found := IMAGE.match(path):
        images = data.get("images", [])
        return images[int(found[1])]["alt"] if int(found[1]) < len(images) else None
    if path == "stock_delta":
        return data.get("stock_quantity")
    return id_list(data.get(path)) if path in IDS else data.get(path)


def has(data: Mapping[str, Any], path: str) -> bool:
    """Whether the resource knows this path at all."""
    if found := IMAGE.match(path):
        return int(found[1]) < len(data.get("images", []))
    if path == "stock_delta":
        return data.get("manage_stock") is True
    return ("meta_data" if META.match(path) else path) in data


def snapshot(paths: list[str], data: Mapping[str, Any]) -> dict[str, Any]:
    """Values by path; a price brings its sale along, since WooCommerce changes one with the other."""
    if set(paths) & set(SALE):
        paths = [*paths, *(p for p in SALE if p not in paths)]
    return {path: value(data, path) for path in paths}


def write(
    call: Call, resource: str, values: Mapping[str, Any], current: Mapping[str, Any], origin: str | None
) -> None:
    """Write values by path: one request for the fields, others for image texts; WriteError when one fails."""
    body: dict[str, Any] = {}
    for path, new in values.items():
        if found := META.match(path):
            body.setdefault("meta_data", []).append({"key": found[1], "value": None if new == "" else new})
        elif path == "stock_delta":
            body["inventory_delta"] = new
        elif not IMAGE.match(path):
            body[path] = _to_send(path, new)
    if body:
        call("PUT", resource, body, origin=origin)
    for path, new in values.items():
        if found := IMAGE.match(path):
            # WooCommerce's products route ignores an empty text, so undo needs the media route.
            media = current["images"][int(found[1])]["id"]
            call("PUT", f"wp/v2/media/{media}", {"alt_text": str(new or "")}, origin=origin)


def _to_send(path: str, new: Any) -> Any:
    if path in ("categories", "tags", "brands"):
        return [{"id": number} for number in id_list(new)]
    if new is None or new == "":
        # A null sale date would be ignored: only an empty text clears it.
        return None if path in NULLABLE else ""
    return new


def created(con: sqlite3.Connection, change_id: str) -> int:
    """The id of what a change has already created, 0 for nothing: looked up before any retry."""
    for table in ("coupons", "products"):
        sql = (
            f"SELECT t.id FROM {table} t, json_each(t.extra, '$.meta_data') m WHERE "
            f"json_extract(m.value, '$.key') = ? "
            "AND json_extract(m.value, '$.value') = ? LIMIT 1"
        )
        row = con.execute(sql, (CHANGE_ID, change_id)).fetchone()
        if row:
            return int(row[0])
    return 0
