"""Purchase orders: drafts that a person makes and changes, and what is shown of all of them.

States: `draft → sending → sent → part → received`; `unknown` when nobody can say whether the mail went out;
`cancelled` when nothing came of one that was sent. Sending is in `purchase_mail`, receiving in
`purchase_receipts`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from sidecar.core.errors import Conflict, Invalid, NotFound
from sidecar.core.store import Item, ShopFacts, Supplies
from sidecar.core.types import from_scaled, quantize, to_scaled
from sidecar.db import read, write
from sidecar.db.owned import purchase_order_lines, purchase_orders, purchase_receipts
from sidecar.runtime import audit, repeats, stock_items, suppliers
from sidecar.runtime.base import Row, Runtime, at, now, present
from sidecar.runtime.overrides import DAY_S, number
from sidecar.runtime.remarks import Remark, remark
from sidecar.runtime.repeats import Asked
from sidecar.runtime.supplies import money_text
from sidecar.store import owned
from sidecar.store.frames import epoch_day

STATES = ("draft", "sending", "unknown", "sent", "part", "received", "cancelled")
UNDER_WAY = ("unknown", "sent", "part")
WORDS = ("note", "ship_to", "expected_on")
FARTHEST_DUE = 5 * 365
"""Days from today within which goods may be expected; beyond is a slip of the pen."""


def draft(
    rt: Runtime, shop_id: str, given: Mapping[str, Any], who: Row | None, asked: Asked | None = None
) -> list[Row]:
    """New drafts, one for each supplier of the lines, or one to `supplier_id`; Invalid names what is wrong.

    Several come in the order of their suppliers' names; those that `asked` made before, as they are now.
    Nothing goes out of the shop.
    """
    found = _found(rt, shop_id, given["lines"])
    facts = stock_items.facts(rt, shop_id)
    with write(rt.db.app) as conn:
        if before := repeats.made_before(conn, rt.sealer, asked):
            return [shown(conn, shop_id, facts, ident) for ident in _numbered(conn, shop_id, before)]
        stock_items.hold(conn, shop_id)  # two drafts at once get two numbers
        terms = owned.supplies(conn, shop_id)
        parts = _by_supplier(terms, given)
        known = {row["id"]: row for row in suppliers.rows(conn, shop_id)}
        if missing := set(parts) - set(known):
            raise NotFound(f"There is no supplier {missing.pop()}.", hint="Reload the list of suppliers.")
        made = []
        for supplier in sorted(parts, key=lambda key: str(known[key]["name_key"])):
            row = _insert(conn, shop_id, facts, known[supplier], given, who)
            _put_lines(conn, row, parts[supplier], found, terms)
            made.append(row["id"])
            audit.record(conn, shop_id, who, "purchase.draft", row["id"], after=_audited(conn, row))
        repeats.keep(conn, asked, f"{row['number'] - len(made) + 1}-{row['number']}")
        return [shown(conn, shop_id, facts, ident) for ident in made]


def _numbered(conn: Connection, shop_id: str, span: str) -> list[str]:
    """The orders of numbers such as `12-14` that are still there."""
    order, (first, last) = purchase_orders.c, span.split("-")
    mine = (order.shop_id == shop_id) & order.number.between(int(first), int(last))
    return list(conn.execute(select(order.id).where(mine).order_by(order.number)).scalars())


def _found(rt: Runtime, shop_id: str, lines: Sequence[Mapping[str, Any]]) -> dict[int, Item]:
    """The lines' items; Invalid for one that is not there, or there twice."""
    found, wrong = stock_items.items(rt, shop_id, (line["item_id"] for line in lines)), {}
    seen: set[int] = set()
    for n, line in enumerate(lines):
        if line["item_id"] not in found:
            wrong[f"lines.{n}.item_id"] = "is no product or variation of the shop"
        elif line["item_id"] in seen:
            wrong[f"lines.{n}.item_id"] = "is there twice"
        seen.add(line["item_id"])
    if wrong:
        raise Invalid("The lines are not right.", hint="Correct the lines that are named.", fields=wrong)
    return found


def _by_supplier(terms: Supplies, given: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    if given.get("supplier_id"):
        return {given["supplier_id"]: list(given["lines"])}
    parts: dict[str, list[Mapping[str, Any]]] = {}
    wrong = {}
    for n, line in enumerate(given["lines"]):
        supplier = terms.of(line["item_id"]).supplier_id
        if supplier is None:
            wrong[f"lines.{n}.item_id"] = "has no supplier"
        else:
            parts.setdefault(supplier, []).append(line)
    if wrong:
        hint = "Give these items a supplier, or name one for the whole order."
        raise Invalid("Some items have no supplier.", code="no_supplier", hint=hint, fields=wrong)
    if not parts:
        raise Invalid(
            "An order needs a supplier or a line.",
            hint="Name a supplier, or items that have one.",
            fields={"lines": "is empty"},
        )
    return parts


def _insert(
    conn: Connection, shop_id: str, facts: ShopFacts, supplier: Row, given: Mapping[str, Any], who: Row | None
) -> Row:
    order, moment = purchase_orders.c, now()
    mine = order.shop_id == shop_id
    last = conn.execute(select(func.coalesce(func.max(order.number), 0)).where(mine)).scalar_one()
    newest = select(order.ship_to).where(mine, order.number == last)
    ship_to = given.get("ship_to")
    if ship_to is None:
        ship_to = conn.execute(newest).scalar() or ""  # goods mostly go where the last ones went
    row = {
        "shop_id": shop_id, "id": uuid.uuid4().hex, "number": last + 1, "supplier_id": supplier["id"],
        "supplier_name": supplier["name"], "state": "draft", "currency": facts.currency,
        "note": given.get("note") or "", "ship_to": ship_to, "expected_on": due(given.get("expected_on")),
        "created_by": who, "created_at": moment, "updated_at": moment, "closed_short": False,
    }  # fmt: skip
    conn.execute(insert(purchase_orders).values(row))
    return row


def _put_lines(
    conn: Connection, row: Row, lines: Iterable[Mapping[str, Any]], found: Mapping[int, Item], terms: Supplies
) -> None:
    order = purchase_order_lines.c
    mine = (order.shop_id == row["shop_id"]) & (order.order_id == row["id"])
    conn.execute(delete(purchase_order_lines).where(mine))
    made = []
    for n, line in enumerate(lines, start=1):
        item, supply = found[line["item_id"]], terms.of(line["item_id"])
        cost = line.get("cost")
        if cost is None:
            cost = item.cost if supply.cost is None else supply.cost
        made.append({
            "shop_id": row["shop_id"], "order_id": row["id"], "item_id": item.id, "n": n,
            "product_id": item.product_id, "name": item.name[:300], "sku": item.sku[:200],
            "supplier_sku": supply.supplier_sku, "quantity": line["quantity"], "received": 0,
            "cost": to_scaled(cost),
        })  # fmt: skip
    if made:
        conn.execute(insert(purchase_order_lines), made)


def change(rt: Runtime, shop_id: str, ident: str, given: Mapping[str, Any], who: Row | None) -> Row:
    """Changes a draft: lines that are given take the place of all former ones; Conflict `not_draft`."""
    found = _found(rt, shop_id, given.get("lines") or [])
    facts = stock_items.facts(rt, shop_id)
    with write(rt.db.app) as conn:
        row = load(conn, shop_id, ident, lock=True)
        need_state(row, ("draft",), "not_draft", "Only a draft can be changed; what was sent stands.")
        before = _audited(conn, row)
        words = {name: given[name] for name in WORDS if name in given}
        if "expected_on" in words:
            words["expected_on"] = due(words["expected_on"])
        row = put(conn, row, error=None, **words)
        if given.get("lines") is not None:
            _put_lines(conn, row, given["lines"], found, owned.supplies(conn, shop_id))
        audit.record(conn, shop_id, who, "purchase.change", ident, before=before, after=_audited(conn, row))
        return shown(conn, shop_id, facts, ident)


def end(rt: Runtime, shop_id: str, ident: str, who: Row | None) -> Row | None:
    """Deletes a draft (None), or says that nothing more comes of an order that was sent: `cancelled` when
    nothing came, else `received` with `closed_short`. Conflict `not_open` while it is sent or when it ended.
    """
    facts = stock_items.facts(rt, shop_id)
    with write(rt.db.app) as conn:
        row = load(conn, shop_id, ident, lock=True)
        before = _audited(conn, row)
        if row["state"] == "draft":
            for table in (purchase_order_lines, purchase_receipts):
                mine = (table.c.shop_id == shop_id) & (table.c.order_id == ident)
                conn.execute(delete(table).where(mine))
            mine = (purchase_orders.c.shop_id == shop_id) & (purchase_orders.c.id == ident)
            conn.execute(delete(purchase_orders).where(mine))
            audit.record(conn, shop_id, who, "purchase.delete", ident, before=before, after={})
            return None
        need_state(row, UNDER_WAY, "not_open", "Reload the order to see where it stands.")
        some = any(line["received"] for line in lines_of(conn, row))
        row = put(conn, row, state="received" if some else "cancelled", closed_short=some)
        audit.record(conn, shop_id, who, "purchase.close", ident, before=before, after=_audited(conn, row))
        return shown(conn, shop_id, facts, ident)


def page(
    rt: Runtime, shop_id: str, *, state: str | None, supplier_id: str | None, limit: int, cursor: int | None
) -> Row:
    """Orders, the newest first: `{"items", "total", "next"?}`; `cursor` is the last number seen."""
    order = purchase_orders.c
    query = select(purchase_orders).where(order.shop_id == shop_id)
    if state:
        query = query.where(order.state.in_(_states(state)))
    if supplier_id:
        query = query.where(order.supplier_id == supplier_id)
    facts = stock_items.facts(rt, shop_id)
    with read(rt.db.app) as conn:
        total = conn.execute(select(func.count()).select_from(query.subquery())).scalar_one()
        if cursor is not None:
            query = query.where(order.number < cursor)
        rows = conn.execute(query.order_by(order.number.desc()).limit(limit + 1)).mappings()
        found = [dict(row) for row in rows]
        sums = _sums(conn, shop_id, [row["id"] for row in found[:limit]])
    items = [_head(row, facts) | sums.get(row["id"], NOTHING) for row in found[:limit]]
    for item in items:
        item["total"] = {"value": _money(item["total"], facts), "currency": item["currency"]}
    answer: Row = {"items": items, "total": total}
    return answer | ({"next": str(found[limit - 1]["number"])} if len(found) > limit else {})


NOTHING: Row = {"lines": 0, "pieces": 0, "received": 0, "total": 0, "without_cost": 0}


def _sums(conn: Connection, shop_id: str, ids: list[str]) -> dict[str, Row]:
    line = purchase_order_lines.c
    query = (
        select(
            line.order_id, func.count(), func.sum(line.quantity), func.sum(line.received),
            func.coalesce(func.sum(line.quantity * line.cost), 0), func.count() - func.count(line.cost),
        )
        .where(line.shop_id == shop_id, line.order_id.in_(ids))
        .group_by(line.order_id)
    )  # fmt: skip
    return {
        ident: dict(zip(NOTHING, (int(one) for one in values), strict=True))
        for ident, *values in conn.execute(query)
    }


def _states(text: str) -> list[str]:
    wanted = [one.strip() for one in text.split(",") if one.strip()]
    if unknown := [one for one in wanted if one not in STATES]:
        raise Invalid(
            f"There is no state {unknown[0]}.",
            hint=f"States: {', '.join(STATES)}.",
            fields={"state": "is no state"},
        )
    return wanted


def get(rt: Runtime, shop_id: str, ident: str) -> Row:
    """One order with its lines and receipts; NotFound."""
    facts = stock_items.facts(rt, shop_id)
    with read(rt.db.app) as conn:
        return shown(conn, shop_id, facts, ident)


def shown(conn: Connection, shop_id: str, facts: ShopFacts, ident: str) -> Row:
    """An order as the wire shows it; NotFound."""
    row = load(conn, shop_id, ident)
    lines, terms = lines_of(conn, row), owned.supplies(conn, shop_id)
    receipts = [
        present({
            "id": one["id"], "state": one["state"], "lines": one["lines"], "by": one["who"],
            "at": at(one["at"]), "proposal_id": one["proposal_id"],
        })
        for one in receipts_of(conn, row)
    ]  # fmt: skip
    total = total_of(lines)
    return _head(row, facts) | {
        "lines": [_line(line, facts) for line in lines],
        "receipts": receipts,
        "pieces": sum(line["quantity"] for line in lines),
        "total": {"value": _money(total, facts), "currency": row["currency"]},
        "notes": [one.as_json() for one in notes(conn, row, lines, terms)],
    }


def _head(row: Row, facts: ShopFacts) -> Row:
    names = ("id", "supplier_id", "supplier_name", "state", "currency", "created_by", "sent_by", "sent_how")
    head = {name: row[name] for name in names} | {"number": number_text(row["number"])}
    head |= {name: row[name] or None for name in ("note", "ship_to", "error", "closed_short")}
    head |= {name: at(row[name]) for name in ("created_at", "updated_at", "sent_at")}
    day = row["expected_on"]
    head["expected_on"] = None if day is None else epoch_day(day).isoformat()
    head["sent_to"] = (row["mail"] or {}).get("to")
    return present(head) | {"decimals": facts.decimals}


def _line(line: Row, facts: ShopFacts) -> Row:
    cost = from_scaled(line["cost"])
    sum_ = None if cost is None else _money(line["cost"] * line["quantity"], facts)
    names = ("item_id", "product_id", "name", "sku", "supplier_sku", "quantity", "received")
    return present({name: line[name] for name in names} | {"cost": money_text(cost), "total": sum_})


def notes(conn: Connection, row: Row, lines: Sequence[Row], terms: Supplies) -> list[Remark]:
    """What a person should know before it is sent."""
    found = []
    for line in lines:
        supply = terms.of(line["item_id"])
        if line["quantity"] < supply.moq:
            found.append(remark("below_moq", name=line["name"], pieces=supply.moq))
        elif line["quantity"] % supply.pack:
            found.append(remark("not_in_packs", name=line["name"], pieces=supply.pack))
        if line["cost"] is None:
            found.append(remark("no_cost", name=line["name"]))
    known = {one["id"]: one for one in suppliers.rows(conn, row["shop_id"])}.get(row["supplier_id"])
    least = from_scaled(known["min_order"]) if known else None
    total = Decimal(from_scaled(total_of(lines)) or 0)
    if lines and least is not None and total < least:
        found.append(remark("below_min_order", amount=money_text(least), currency=row["currency"]))
    return found


def number_text(n: int) -> str:
    """An order's number as people write it."""
    return f"PO-{n:04d}"


def total_of(lines: Iterable[Mapping[str, Any]]) -> int:
    """What the lines with a known cost come to, in ten-thousandths."""
    return sum((line["cost"] or 0) * line["quantity"] for line in lines)


def _money(scaled: int, facts: ShopFacts) -> str:
    return format(quantize(Decimal(from_scaled(scaled) or 0), facts.decimals), "f")


def load(conn: Connection, shop_id: str, ident: str, *, lock: bool = False) -> Row:
    """An order's row; NotFound."""
    query = select(purchase_orders).where(purchase_orders.c.shop_id == shop_id, purchase_orders.c.id == ident)
    row = conn.execute(query.with_for_update() if lock else query).mappings().first()
    if row is None:
        raise NotFound("There is no such purchase order.", hint="Reload the list of purchase orders.")
    return dict(row)


def lines_of(conn: Connection, row: Row) -> list[Row]:
    """An order's lines in their order."""
    line = purchase_order_lines.c
    query = select(purchase_order_lines).where(line.shop_id == row["shop_id"], line.order_id == row["id"])
    return [dict(one) for one in conn.execute(query.order_by(line.n)).mappings()]


def receipts_of(conn: Connection, row: Row) -> list[Row]:
    """What arrived of an order, the oldest first."""
    one = purchase_receipts.c
    query = select(purchase_receipts).where(one.shop_id == row["shop_id"], one.order_id == row["id"])
    return [dict(found) for found in conn.execute(query.order_by(one.at, one.id)).mappings()]


def put(conn: Connection, row: Row, **values: Any) -> Row:
    """Changes a loaded row where its state still stands; Conflict `changed_since` where it does not."""
    order, values = purchase_orders.c, values | {"updated_at": now()}
    mine = (order.shop_id == row["shop_id"]) & (order.id == row["id"]) & (order.state == row["state"])
    if conn.execute(update(purchase_orders).where(mine).values(values)).rowcount != 1:
        raise Conflict(
            "Somebody else was faster.",
            code="changed_since",
            hint="Reload the order to see where it stands.",
        )
    return row | values


def need_state(row: Row, states: Sequence[str], code: str, hint: str) -> None:
    """Conflict with this code unless the order is in one of the states."""
    if row["state"] not in states:
        raise Conflict(
            f"The purchase order is {row['state']}.", code=code, hint=hint, details={"state": row["state"]}
        )


def due(day: date | None) -> int | None:
    """The day on which goods are to come, as a number; Invalid when it is a slip of the pen."""
    if day is not None and abs(number(day) - now() // DAY_S) > FARTHEST_DUE:
        raise Invalid(
            "The order cannot come on that day.",
            hint="Write the day on which the goods are to come, or leave it empty.",
            fields={"expected_on": "must lie within five years of today"},
        )
    return None if day is None else number(day)


def _audited(conn: Connection, row: Row) -> Row:
    """What may stand open in the audit: no words, no addresses."""
    lines = [
        present(
            {
                "item": line["item_id"],
                "quantity": line["quantity"],
                "cost": money_text(from_scaled(line["cost"])),
            }
        )
        for line in lines_of(conn, row)[:100]
    ]
    day = row["expected_on"]
    return present({
        "number": number_text(row["number"]), "supplier": row["supplier_id"], "state": row["state"],
        "lines": lines, "expected_on": None if day is None else epoch_day(day).isoformat(),
    })  # fmt: skip
