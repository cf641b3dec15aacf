"""Goods that arrive: a receipt, and a proposal that raises the stock, which the plugin applies at once.

The receipt follows its proposal: applied, the order's lines count it; undone, they no longer do. Of items
whose stock WooCommerce does not count nothing is raised; the receipt alone says that they came.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, insert, select, update

from sidecar.core.agent import Proposal, Subject
from sidecar.core.changes import Patch, SetField
from sidecar.core.errors import Conflict, Invalid
from sidecar.core.evidence import Chart, Evidence, Fact, Pieces, Series, Text, Window, say
from sidecar.core.store import Item
from sidecar.db import write
from sidecar.db.owned import purchase_order_lines, purchase_receipts
from sidecar.runtime import audit, inbox, proposals, stock_items
from sidecar.runtime.base import Row, Runtime, now
from sidecar.runtime.purchase_orders import (
    UNDER_WAY,
    lines_of,
    load,
    need_state,
    number_text,
    put,
    receipts_of,
    shown,
)
from sidecar.store.frames import epoch_day
from sidecar.store.rows import local_day, zone_of

MOST_BARS = 40
NOT_SENT = "Only what was ordered can arrive: send the order, or mark it as sent, first."


RECEIVING = proposals.Author("receive-goods", "inventory", "Receiving", "low")
"""Whose name the proposals bear; no agent is called so, and nobody can run it."""


def receive(rt: Runtime, shop_id: str, ident: str, given: Mapping[str, Any], who: Row) -> Row:
    """Notes what arrived of an order: `{"order", "receipt", "proposal"?}`; its proposal waits to be applied.

    The same `key` again is the same receipt. Conflict `not_sent`, `more_than_ordered` (unless `over`), `busy`
    and `key_taken`; Invalid for items that were not ordered.
    """
    facts = stock_items.facts(rt, shop_id)
    items = stock_items.items(rt, shop_id, (line["item_id"] for line in given["lines"]))
    with write(rt.db.app) as conn:
        row = load(conn, shop_id, ident, lock=True)
        key = given.get("key") or uuid.uuid4().hex
        known = _receipt(conn, shop_id, purchase_receipts.c.id == key)
        if known is not None:
            _same(known, ident, given["lines"])
            return _answer(conn, shop_id, row, known, facts)
        need_state(row, (*UNDER_WAY, "received"), "not_sent", NOT_SENT)
        lines = lines_of(conn, row)
        _check(conn, row, lines, given)
        receipt: Row = {
            "shop_id": shop_id, "id": key, "order_id": ident, "proposal_id": None, "state": "pending",
            "lines": [{"item_id": one["item_id"], "quantity": one["quantity"]} for one in given["lines"]],
            "who": who, "at": now(),
        }  # fmt: skip
        changes = _changes(receipt["lines"], items)
        if changes:
            today = epoch_day(local_day(now(), zone_of(facts.timezone)))
            asked = _proposal(row, lines, receipt, changes, items, Window(start=today, end=today))
            receipt["proposal_id"] = proposals.lodge(conn, shop_id, RECEIVING, key, asked, facts)["id"]
        conn.execute(insert(purchase_receipts).values(receipt))
        detail = {"receipt": key, "lines": receipt["lines"][:100]}
        audit.record(conn, shop_id, who, "purchase.receive", ident, detail)
        if not changes:
            _move(conn, receipt, "applied")
        row = load(conn, shop_id, ident)
        return _answer(
            conn, shop_id, row, _receipt(conn, shop_id, purchase_receipts.c.id == key) or {}, facts
        )


def _check(conn: Connection, row: Row, lines: Sequence[Row], given: Mapping[str, Any]) -> None:
    ordered = {line["item_id"]: line for line in lines}
    wrong: dict[str, str] = {}
    seen: set[int] = set()
    for n, one in enumerate(given["lines"]):
        if one["item_id"] not in ordered:
            wrong[f"lines.{n}.item_id"] = "was not ordered"
        elif one["item_id"] in seen:
            wrong[f"lines.{n}.item_id"] = "is there twice"
        seen.add(one["item_id"])
    if wrong:
        raise Invalid("The lines are not right.", hint="Correct the lines that are named.", fields=wrong)
    waiting = _waiting(conn, row)
    over = []
    for one in given["lines"]:
        line, held = ordered[one["item_id"]], waiting.get(one["item_id"], 0)
        if line["received"] + held + one["quantity"] > line["quantity"]:
            over.append({
                "item_id": one["item_id"], "name": line["name"], "ordered": line["quantity"],
                "received": line["received"], "waiting": held, "given": one["quantity"],
            })  # fmt: skip
    if over and not given.get("over"):
        raise Conflict(
            "More pieces than were ordered.",
            code="more_than_ordered",
            hint="Count again. If they did arrive, say so, and they are received all the same.",
            details={"lines": over},
        )


def _waiting(conn: Connection, row: Row) -> dict[int, int]:
    """Pieces of receipts whose stock is still being raised, by item."""
    found: dict[int, int] = {}
    for receipt in receipts_of(conn, row):
        if receipt["state"] == "pending":
            for one in receipt["lines"]:
                found[one["item_id"]] = found.get(one["item_id"], 0) + one["quantity"]
    return found


def _same(known: Row, ident: str, lines: Sequence[Mapping[str, Any]]) -> None:
    given = [{"item_id": one["item_id"], "quantity": one["quantity"]} for one in lines]
    if known["order_id"] != ident or known["lines"] != given:
        raise Conflict(
            "This key belongs to another receipt.",
            code="key_taken",
            hint="Choose a new key for each receipt.",
            fields={"key": "is taken"},
        )


def _changes(lines: Sequence[Mapping[str, Any]], items: Mapping[int, Item]) -> list[Patch]:
    """A patch for each product or variation that counts the stock of what arrived."""
    added: dict[str, int] = {}
    stood: dict[str, int] = {}
    for one in lines:
        item = items.get(one["item_id"])
        if item is None or item.stock is None:
            continue
        holder = f"wc/v3/products/{item.product_id}" if item.stock_of_parent else item.resource
        added[holder] = added.get(holder, 0) + one["quantity"]
        stood[holder] = item.stock
    return [
        Patch(resource=name, set=[SetField(path="stock_delta", was=stood[name], to=count)])
        for name, count in sorted(added.items())
    ]


def _proposal(
    row: Row, lines: Sequence[Row], receipt: Row, changes: list[Patch], items: Mapping[int, Item],
    window: Window,
) -> Proposal:  # fmt: skip
    """The proposal with its evidence: what was ordered, what came before and what comes now."""
    arrived = {one["item_id"]: one["quantity"] for one in receipt["lines"]}
    pieces = sum(arrived.values())
    raised = sum(int(str(patch.set[0].to)) for patch in changes)
    order = Text(value=number_text(row["number"]))
    named = [line for line in lines if line["item_id"] in arrived][:MOST_BARS]
    series = [
        Series(name=name, kind="bar", points=[(line["name"], float(line[column])) for line in named])
        for name, column in (("Ordered", "quantity"), ("Came before", "received"))
    ]
    comes = [(line["name"], float(arrived[line["item_id"]])) for line in named]
    series.append(Series(name="Comes now", kind="bar", points=list(comes)))
    notes = [say("No effect is stated: this notes what arrived.")]
    if raised < pieces:
        left = Pieces(value=pieces - raised)
        notes.append(say("Of {left} WooCommerce counts no stock: nothing is raised for them.", left=left))
    evidence = Evidence(
        message=say(
            "Receive {pieces} of {order} from {supplier}.",
            pieces=Pieces(value=pieces), order=order, supplier=Text(value=row["supplier_name"]),
        ),
        window=window, n=pieces, n_label="pieces arrived",
        method=say("Counted by the person who received the goods; stock rises by exactly these pieces."),
        notes=notes,
        facts=[Fact(label="Raises stock by", value=Pieces(value=raised))],
        chart=Chart(
            title=f"{number_text(row['number'])}: ordered and arrived", x_label="Product", y_label="Pieces",
            unit="pieces", x_type="category", series=series,
        ),
    )  # fmt: skip
    first = next(item for item in (items.get(one["item_id"]) for one in receipt["lines"]) if item)
    subject = Subject("products", first.product_id, first.name, first.image_id, first.permalink)
    return Proposal(subject, list(changes), evidence, "low")


def follow(conn: Connection, proposal: Row, state: str) -> None:
    """Takes a receipt along with its proposal, in the transaction that moved it."""
    became = {"applied": "applied", "undone": "undone"} | dict.fromkeys(
        ("rejected", "superseded", "expired", "stale", "failed"), "failed"
    )
    if state in became:
        mine = purchase_receipts.c.proposal_id == proposal["id"]
        receipt = _receipt(conn, proposal["shop_id"], mine)
        if receipt is not None:
            _move(conn, receipt, became[state])


proposals.FOLLOWERS[RECEIVING.name] = follow


def _move(conn: Connection, receipt: Row, state: str) -> None:
    """A receipt's new state; the order's lines and the order itself agree with it."""
    if receipt["state"] == state:
        return
    row = load(conn, receipt["shop_id"], receipt["order_id"], lock=True)
    one = purchase_receipts.c
    mine = (one.shop_id == receipt["shop_id"]) & (one.id == receipt["id"]) & (one.state == receipt["state"])
    if conn.execute(update(purchase_receipts).where(mine).values(state=state)).rowcount != 1:
        return  # another process has moved it meanwhile
    sign = (state == "applied") - (receipt["state"] == "applied")
    line = purchase_order_lines.c
    for part in receipt["lines"] if sign else ():
        where = (line.shop_id == row["shop_id"]) & (line.order_id == row["id"])
        count = line.received + sign * part["quantity"]
        conn.execute(
            update(purchase_order_lines).where(where, line.item_id == part["item_id"]).values(received=count)
        )
    if sign:
        _agree(conn, row)


def _agree(conn: Connection, row: Row) -> None:
    lines = lines_of(conn, row)
    some = any(line["received"] for line in lines)
    whole = all(line["received"] >= line["quantity"] for line in lines) or row["closed_short"]
    none = "cancelled" if row["closed_short"] else "sent"
    state = "received" if some and whole else "part" if some else none
    if row["state"] != state:
        put(conn, row, state=state)


def _receipt(conn: Connection, shop_id: str, condition: Any) -> Row | None:
    query = select(purchase_receipts).where(purchase_receipts.c.shop_id == shop_id, condition)
    row = conn.execute(query).mappings().first()
    return None if row is None else dict(row)


def _answer(conn: Connection, shop_id: str, row: Row, receipt: Row, facts: Any) -> Row:
    answer: Row = {
        "order": shown(conn, shop_id, facts, row["id"]),
        "receipt": {"id": receipt["id"], "state": receipt["state"], "lines": receipt["lines"]},
    }
    if receipt["proposal_id"]:
        answer["proposal"] = inbox.as_json(proposals.load(conn, shop_id, receipt["proposal_id"]))
    return answer
