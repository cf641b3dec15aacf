"""Overrides of forecasts: what the owner knows better, for an item and some days."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from sidecar.core.errors import Conflict, Invalid, NotFound
from sidecar.db import read, write
from sidecar.db.owned import forecast_overrides
from sidecar.runtime import audit, repeats, stock_items
from sidecar.runtime.base import Row, Runtime, at, now, present
from sidecar.runtime.repeats import Asked
from sidecar.store.frames import epoch_day

LONGEST_DAYS = 366
FARTHEST_DAYS = 730
DAY_S = 86_400
MOST = 1_000


def listed(rt: Runtime, shop_id: str, item_id: int | None) -> list[Row]:
    """Overrides of an item or of all, the latest days first; at most a thousand."""
    row = forecast_overrides.c
    query = select(forecast_overrides).where(row.shop_id == shop_id)
    if item_id is not None:
        query = query.where(row.item_id == item_id)
    with read(rt.db.app) as conn:
        found = conn.execute(query.order_by(row.last_day.desc(), row.id).limit(MOST)).mappings()
        return [override_json(dict(one)) for one in found]


def make(
    rt: Runtime, shop_id: str, given: Mapping[str, Any], who: Row | None, asked: Asked | None = None
) -> Row:
    """A new override, or what `asked` made before.

    Invalid for days that cannot be, Conflict `overlap` where one holds already.
    """
    first, last = given["first_day"], given["last_day"]
    _check(first, last)
    item_id = stock_items.item(rt, shop_id, given["item_id"]).stock_id
    row = {
        "shop_id": shop_id, "id": uuid.uuid4().hex, "item_id": item_id, "first_day": number(first),
        "last_day": number(last), "kind": given["kind"], "value": given["value"], "why": given["why"],
        "created_by": who, "created_at": now(),
    }  # fmt: skip
    with write(rt.db.app) as conn:
        if before := repeats.made_before(conn, rt.sealer, asked):
            return override_json(_load(conn, shop_id, before))
        stock_items.hold(conn, shop_id)
        other = forecast_overrides.c
        same = (other.shop_id == shop_id) & (other.item_id == row["item_id"])
        meets = (other.first_day <= row["last_day"]) & (other.last_day >= row["first_day"])
        if conn.execute(select(other.id).where(same, meets).limit(1)).first():
            raise Conflict(
                "Another override holds on some of these days.",
                code="overlap",
                hint="Delete that one first, or choose other days.",
                fields={"first_day": "overlaps with another override"},
            )
        conn.execute(insert(forecast_overrides).values(row))
        repeats.keep(conn, asked, row["id"])
        audit.record(conn, shop_id, who, "override.add", row["id"], after=_audited(row))
    return override_json(row)


def remove(rt: Runtime, shop_id: str, ident: str, who: Row | None) -> None:
    """Takes an override out; NotFound."""
    mine = (forecast_overrides.c.shop_id == shop_id) & (forecast_overrides.c.id == ident)
    with write(rt.db.app) as conn:
        row = _load(conn, shop_id, ident)
        conn.execute(delete(forecast_overrides).where(mine))
        audit.record(conn, shop_id, who, "override.remove", ident, before=_audited(row), after={})


def _load(conn: Connection, shop_id: str, ident: str) -> Row:
    mine = (forecast_overrides.c.shop_id == shop_id) & (forecast_overrides.c.id == ident)
    row = conn.execute(select(forecast_overrides).where(mine)).mappings().first()
    if row is None:
        raise NotFound("There is no such override.", hint="Reload the item's forecast.")
    return dict(row)


def _check(first: date, last: date) -> None:
    today = date.fromordinal(number_to_ordinal(now() // DAY_S))
    wrong = {}
    if last < first:
        wrong["last_day"] = "must not lie before the first day"
    elif (last - first).days >= LONGEST_DAYS:
        wrong["last_day"] = f"must be at most {LONGEST_DAYS} days after the first"
    elif (last - today).days < -1:
        wrong["last_day"] = "lies in the past: nothing is forecast there"
    elif (last - today).days > FARTHEST_DAYS:
        wrong["last_day"] = "lies more than two years ahead"
    if wrong:
        raise Invalid("These days cannot be.", hint="Choose other days.", fields=wrong)


def number(day: date) -> int:
    """Days since 1970-01-01."""
    return day.toordinal() - date(1970, 1, 1).toordinal()


def number_to_ordinal(days: int) -> int:
    """The ordinal of a day that is counted from 1970-01-01."""
    return days + date(1970, 1, 1).toordinal()


def override_json(row: Mapping[str, Any]) -> Row:
    """An override as the wire shows it."""
    return present({
        "id": row["id"], "item_id": row["item_id"], "first_day": epoch_day(row["first_day"]).isoformat(),
        "last_day": epoch_day(row["last_day"]).isoformat(), "kind": row["kind"], "value": row["value"],
        "why": row["why"] or None, "by": row["created_by"], "at": at(row["created_at"]),
    })  # fmt: skip


def _audited(row: Mapping[str, Any]) -> Row:
    shown = override_json(row)
    return {name: shown[name] for name in ("item_id", "first_day", "last_day", "kind", "value")}
