"""Sending a purchase order: shown first, granted once, sent by WordPress as the person who pressed.

The grant is one step in the database (`draft → sending`), so of two presses or two processes one gets it. The
plugin mails with what came in the grant and reports. Without a report within `REPORT_WITHIN_S` nobody knows
whether the mail went out: the order is `unknown`, and only a person's press makes it a draft again.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from datetime import date
from typing import Any

from sqlalchemy import Connection, select

from sidecar.core.changes import canonical_json
from sidecar.core.errors import Conflict, Invalid
from sidecar.core.store import ShopFacts
from sidecar.db import read, write
from sidecar.db.owned import purchase_orders
from sidecar.runtime import audit, purchase_files, stock_items, suppliers
from sidecar.runtime.base import Row, Runtime, now
from sidecar.runtime.purchase_files import Sheet
from sidecar.runtime.purchase_orders import due, lines_of, load, need_state, notes, number_text, put, shown
from sidecar.runtime.remarks import Remark, remark
from sidecar.runtime.shop import shop_row
from sidecar.security.pairing import shop_facts
from sidecar.security.sealing import get_secret
from sidecar.store import owned
from sidecar.store.frames import epoch_day
from sidecar.store.rest_rows import email_hash
from sidecar.store.rows import local_day, zone_of

REPORT_WITHIN_S = 900
NOT_DRAFT = "Reload the order to see where it stands; it is sent at most once."


def file(rt: Runtime, shop_id: str, ident: str, kind: str) -> tuple[str, bytes]:
    """`(name, bytes)` of an order as `csv` or `pdf`; NotFound."""
    shop = shop_row(rt, shop_id)
    with read(rt.db.app) as conn:
        sheet = _sheet(conn, shop, load(conn, shop_id, ident))
    if kind == "csv":
        return f"{sheet.number}.csv", purchase_files.csv_text(sheet).encode()
    return f"{sheet.number}.pdf", purchase_files.pdf(sheet, rt.settings.pdf_font)


def preview(rt: Runtime, shop_id: str, ident: str) -> Row:
    """What would be sent: `{"to", "subject", "text", "file", "digest", "warnings"}`; NotFound."""
    shop = shop_row(rt, shop_id)
    with read(rt.db.app) as conn:
        row = load(conn, shop_id, ident)
        sheet = _sheet(conn, shop, row)
        if row["mail"] and row["state"] != "draft":
            mail, warnings = dict(row["mail"]), list[Remark]()
        else:
            mail = _mail(conn, sheet)
            warnings = notes(conn, row, sheet.lines, owned.supplies(conn, shop_id))
    if not mail["to"]:
        warnings.insert(0, remark("no_address"))
    if lacking := purchase_files.missing(sheet, rt.settings.pdf_font):
        warnings.append(remark("not_in_the_font", signs=lacking[:40]))
    said = [one.as_json() for one in warnings]
    return mail | {"file": f"{sheet.number}.pdf", "digest": _digest(sheet, mail), "warnings": said}


def grant(rt: Runtime, shop_id: str, ident: str, seen: str, who: Row, words: Row | None = None) -> Row:
    """Lets a person's WordPress send a draft, once: `{"send_id", "mail", "pdf" (base64), "order"}`.

    `words` are the person's own `subject` and `text` in the place of what was shown. Conflict `not_draft`, or
    `digest_mismatch` when it is not what the person saw; Invalid without an address or a line.
    """
    shop = shop_row(rt, shop_id)
    facts = shop_facts(shop["facts"])
    with read(rt.db.app) as conn:
        sheet = _sheet(conn, shop, load(conn, shop_id, ident))
    need_state(sheet.row, ("draft",), "not_draft", NOT_DRAFT)
    body = purchase_files.pdf(sheet, rt.settings.pdf_font)  # before the step: a failure here changes nothing
    with write(rt.db.app) as conn:
        row = load(conn, shop_id, ident, lock=True)
        need_state(row, ("draft",), "not_draft", NOT_DRAFT)
        sheet = _sheet(conn, shop, row)
        mail = _mail(conn, sheet)
        _check(sheet, mail)
        if not hmac.compare_digest(seen, _digest(sheet, mail)):
            raise Conflict(
                "The order is not the one that was shown.",
                code="digest_mismatch",
                hint="Look at it again, then send it.",
            )
        shown_mail, mail = mail, mail | (words or {})
        key = get_secret(conn, rt.sealer, shop_id, "hash_key") or b""
        send_id, hashed = uuid.uuid4().hex, email_hash(mail["to"], key)
        row = put(
            conn, row, state="sending", send_id=send_id, sent_by=who, sent_at=now(), sent_how="mail",
            mail=mail, mail_hash=hashed, error=None,
        )  # fmt: skip
        to = audit.about(conn, shop_id, f"buyer:{hashed}", {"email": mail["to"]})
        detail = {"send": send_id, "to": to} | ({"own_words": True} if mail != shown_mail else {})
        _note(conn, row, who, "send", detail, before="draft")
        order = shown(conn, shop_id, facts, ident)
    return {"send_id": send_id, "mail": mail, "pdf": base64.b64encode(body).decode(), "order": order}


def _check(sheet: Sheet, mail: Row) -> None:
    wrong = {}
    if not mail["to"]:
        wrong["to"] = "The supplier has no e-mail address."
    if not sheet.lines:
        wrong["lines"] = "The order has no line."
    if wrong:
        raise Invalid(
            "The order cannot be sent.",
            code="not_sendable",
            hint="Complete the order and its supplier, then look at it again.",
            fields=wrong,
        )


def report(rt: Runtime, shop_id: str, ident: str, given: Row) -> Row:
    """Takes the plugin's word on a sending: `sent`, `failed` (nothing went out) or `unknown`. Idempotent.

    Conflict `send_unknown` when another sending was granted since.
    """
    facts, state = stock_items.facts(rt, shop_id), given["state"]
    with write(rt.db.app) as conn:
        row = load(conn, shop_id, ident, lock=True)
        if not row["send_id"] or not hmac.compare_digest(row["send_id"], given["send_id"]):
            raise Conflict(
                "The order knows of no such sending.", code="send_unknown", hint="Reload the order."
            )
        if state == "sent" and row["state"] in ("sending", "unknown", "draft"):
            _sent(conn, row, facts, None, "sent", {"send": row["send_id"]})
        elif state == "failed" and row["state"] in ("sending", "unknown"):
            reason = str(given.get("reason") or "WordPress could not send the mail.")[:300]
            after = put(conn, row, state="draft", sent_at=None, error=reason, **NOT_SENT)
            _note(conn, after, None, "send_failed", {"send": row["send_id"]}, before=row["state"])
        elif state == "unknown" and row["state"] == "sending":
            _lost(conn, row)
        return shown(conn, shop_id, facts, ident)


NOT_SENT: Row = {"sent_how": None, "sent_by": None, "mail": None, "mail_hash": None}


def mark_sent(rt: Runtime, shop_id: str, ident: str, expected_on: date | None, who: Row) -> Row:
    """Notes that an order went out by other means, or, of an `unknown` one, that its mail did; Conflict."""
    facts = stock_items.facts(rt, shop_id)
    with write(rt.db.app) as conn:
        row = load(conn, shop_id, ident, lock=True)
        need_state(row, ("draft", "unknown"), "not_draft", NOT_DRAFT)
        if not lines_of(conn, row):
            raise Invalid(
                "The order has no line.",
                code="not_sendable",
                hint="Add what is ordered first.",
                fields={"lines": "is empty"},
            )
        day = due(expected_on)
        how = "mail" if row["state"] == "unknown" else "other"
        _sent(conn, row, facts, who, "mark_sent", {}, sent_how=how, day=day)
        return shown(conn, shop_id, facts, ident)


def reopen(rt: Runtime, shop_id: str, ident: str, who: Row) -> Row:
    """Makes an `unknown` order a draft again, since a person knows that its mail did not arrive; Conflict."""
    facts = stock_items.facts(rt, shop_id)
    with write(rt.db.app) as conn:
        row = load(conn, shop_id, ident, lock=True)
        need_state(
            row, ("unknown",), "not_unknown", "Only an order whose sending is unclear is opened again."
        )
        after = put(conn, row, state="draft", sent_at=None, **NOT_SENT)
        _note(conn, after, who, "reopen", {}, before="unknown")
        return shown(conn, shop_id, facts, ident)


def sweep(rt: Runtime) -> int:
    """Calls sendings `unknown` of which nothing was heard; how many."""
    order, before = purchase_orders.c, now() - REPORT_WITHIN_S
    late = (order.state == "sending") & (order.sent_at < before)
    with read(rt.db.app) as conn:
        found = conn.execute(select(order.shop_id, order.id).where(late).limit(100)).all()
    for shop_id, ident in found:
        with write(rt.db.app) as conn:
            row = load(conn, shop_id, ident, lock=True)
            if row["state"] == "sending":
                _lost(conn, row)
    return len(found)


def _lost(conn: Connection, row: Row) -> None:
    words = "Nobody can say whether the mail went out. Ask the supplier, then say which it is."
    after = put(conn, row, state="unknown", error=words)
    _note(conn, after, None, "unknown", {"send": row["send_id"]}, before="sending", failed=True)


def _sent(
    conn: Connection, row: Row, facts: ShopFacts, who: Row | None, action: str, detail: Row, *,
    day: int | None = None, sent_how: str = "mail",
) -> None:  # fmt: skip
    """The order is sent; where nobody said when it is to come, its longest lead time says so."""
    if day is None:
        day = row["expected_on"]
    if day is None:
        terms = owned.supplies(conn, row["shop_id"])
        lead = max((terms.of(line["item_id"]).lead_days for line in lines_of(conn, row)), default=0)
        day = local_day(now(), zone_of(facts.timezone)) + lead
    values = {"state": "sent", "sent_at": now(), "sent_how": sent_how, "expected_on": day, "error": None}
    if who is not None:
        values["sent_by"] = who
    after = put(conn, row, **values)
    _note(conn, after, who, action, detail, before=row["state"])


def _sheet(conn: Connection, shop: Row, row: Row) -> Sheet:
    return Sheet(row, lines_of(conn, row), shop["name"], shop_facts(shop["facts"]))


def _mail(conn: Connection, sheet: Sheet) -> Row:
    known = {row["id"]: row for row in suppliers.rows(conn, sheet.row["shop_id"])}
    supplier = known.get(sheet.row["supplier_id"], {})
    words, contact = sheet.words, supplier.get("contact")
    what = words.counted(len(sheet.lines), sum(line["quantity"] for line in sheet.lines))
    parts = [words.hello.format(name=contact) if contact else words.hello_nobody]
    parts.append(words.attached.format(number=sheet.number, what=what))
    if sheet.row["expected_on"] is not None:
        parts.append(words.deliver.format(day=words.date(epoch_day(sheet.row["expected_on"]))))
    parts += [sheet.row["note"]] if sheet.row["note"] else []
    parts += [words.confirm, sheet.shop]
    subject = words.subject.format(number=sheet.number, shop=sheet.shop)
    return {
        "to": supplier.get("email", ""), "subject": " ".join(subject.split()), "text": "\n\n".join(parts),
    }  # fmt: skip


def _digest(sheet: Sheet, mail: Row) -> str:
    """SHA-256 over all that the supplier would read."""
    names = ("item_id", "name", "sku", "supplier_sku", "quantity", "cost")
    row = {name: sheet.row[name] for name in ("id", "number", "supplier_name", "currency", "note", "ship_to")}
    row |= {"expected_on": sheet.row["expected_on"], "shop": sheet.shop}
    lines: list[Any] = [{name: line[name] for name in names} for line in sheet.lines]
    wanted = {name: mail[name] for name in ("to", "subject", "text")}
    text = canonical_json({"order": row, "lines": lines, "mail": wanted})
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def _note(
    conn: Connection, row: Row, who: Row | None, action: str, detail: Row, *, before: str,
    failed: bool | None = None,
) -> None:  # fmt: skip
    detail = {"number": number_text(row["number"])} | detail
    was, became = {"state": before}, {"state": row["state"]}
    audit.record(
        conn, row["shop_id"], who, f"purchase.{action}", row["id"], detail, before=was, after=became,
        failed=True if action == "send_failed" else failed,
    )  # fmt: skip
