"""Purchase orders: drafts, files, sending once, receiving.

Everything that writes takes a person in wp-admin; the report of a sending comes from the plugin alone, which
proves by `send_id` that the sending was its own.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from flask import Response
from pydantic import Field, StringConstraints, field_validator

from sidecar.api import once
from sidecar.api import stock_shapes as shapes
from sidecar.api.access import access, caller, person, runtime
from sidecar.api.group import created, group, said, text
from sidecar.api.models import ID, Model
from sidecar.api.suppliers import CSV, TOP_ID
from sidecar.runtime import purchase_mail, purchase_orders, purchase_receipts

bp = group("purchase-orders", "Purchase orders to suppliers.", "/api/v1/inventory/purchase-orders")

MOST_LINES = 500
LINE_SIGN, TEXT_SIGN = r"[^\x00-\x1f\x7f]", r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2_000, pattern=f"^{TEXT_SIGN}*$")]


def _day(day: Any) -> Any:
    if day is not None and (not isinstance(day, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", day)):
        raise ValueError("must be a day such as 2026-12-24")
    return day


class OrderPath(Model):
    """An order's id."""

    id: str = Field(pattern=ID)


class OrdersQuery(Model):
    """Which orders."""

    state: str | None = Field(None, max_length=100, description="One state or several, separated by commas.")
    supplier_id: str | None = Field(None, pattern=ID)
    limit: int = Field(25, ge=1, le=100)
    cursor: int | None = Field(None, ge=1, le=2**31 - 1, description="`next` of the page before.")


class LineBody(Model):
    """What is ordered of an item; without `cost` the item's known one."""

    item_id: int = Field(ge=1, le=TOP_ID)
    quantity: int = Field(ge=1, le=1_000_000)
    cost: Decimal | None = Field(
        None, ge=0, le=100_000_000, decimal_places=4, description="Of a piece, in the shop's currency."
    )


class WordsBody(Model):
    """What an order says beside its lines."""

    note: Words = Field("", description="Words to the supplier.")
    ship_to: Words | None = Field(None, description="Absent: where the last order went.")
    expected_on: date | None = None

    _is_day = field_validator("expected_on", mode="before")(_day)


class DraftBody(WordsBody):
    """New drafts; without `supplier_id` one for each supplier of the lines' items."""

    supplier_id: str | None = Field(None, pattern=ID)
    lines: list[LineBody] = Field(default_factory=list, max_length=MOST_LINES)


class ChangeBody(Model):
    """What changes of a draft; absent fields stay, lines take the place of all former ones."""

    note: Words | None = None
    ship_to: Words | None = None
    expected_on: date | None = None
    lines: list[LineBody] | None = Field(None, max_length=MOST_LINES)

    _is_day = field_validator("expected_on", mode="before")(_day)

    def given(self) -> dict[str, Any]:
        """Only what was sent; words that are null are empty."""
        found = self.model_dump(exclude_unset=True)
        return found | {name: found[name] or "" for name in ("note", "ship_to") if name in found}


class SendBody(Model):
    """The digest of what the person saw, and what they wrote in the place of its subject or text."""

    digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    subject: str | None = Field(None, max_length=200, pattern=rf"^{LINE_SIGN}*\S{LINE_SIGN}*$")
    text: str | None = Field(None, max_length=10_000, pattern=rf"^{TEXT_SIGN}*\S{TEXT_SIGN}*$")


class SentBody(Model):
    """How a sending went, as the plugin saw it."""

    send_id: str = Field(pattern=ID)
    state: Literal["sent", "failed", "unknown"]
    reason: str = Field("", max_length=300)


class MarkBody(Model):
    """When it is to come; absent: as the order or its lead times say."""

    expected_on: date | None = None

    _is_day = field_validator("expected_on", mode="before")(_day)


class ReceivedLine(Model):
    """What arrived of an item."""

    item_id: int = Field(ge=1, le=TOP_ID)
    quantity: int = Field(ge=1, le=1_000_000)


class ReceiveBody(Model):
    """What arrived; the same `key` again is the same receipt. `over` takes more than was ordered."""

    key: str | None = Field(None, pattern=ID, description="32 hex digits, new for each receipt.")
    lines: list[ReceivedLine] = Field(min_length=1, max_length=MOST_LINES)
    over: bool = False


def _file(ident: str, kind: str, mime: str) -> Response:
    name, body = purchase_mail.file(runtime(), caller().shop_id, ident, kind)
    head = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return Response(body, mimetype=mime, headers=head)


@bp.get("", responses=said(shapes.OrderPage))
@access("products:read")
def list_orders(query: OrdersQuery) -> Any:
    """Orders, the newest first"""
    return {"ok": True, **purchase_orders.page(runtime(), caller().shop_id, **query.model_dump())}


@bp.post("", responses=created(shapes.OrdersMade))
@access("person")
def draft_orders(body: DraftBody) -> Any:
    """New drafts, one for each supplier; nothing goes out"""
    asked = once.asked()
    orders = purchase_orders.draft(runtime(), caller().shop_id, body.model_dump(), person(), asked)
    return once.answer(asked, orders=orders)


@bp.get("/<id>", responses=said(shapes.OneOrder))
@access("products:read")
def get_order(path: OrderPath) -> Any:
    """One order with its lines and receipts"""
    return {"ok": True, "order": purchase_orders.get(runtime(), caller().shop_id, path.id)}


@bp.put("/<id>", responses=said(shapes.OneOrder))
@access("person")
def change_order(path: OrderPath, body: ChangeBody) -> Any:
    """Change a draft"""
    new = purchase_orders.change(runtime(), caller().shop_id, path.id, body.given(), person())
    return {"ok": True, "order": new}


@bp.delete("/<id>", responses=said(shapes.OrderLeft))
@access("person")
def end_order(path: OrderPath) -> Any:
    """Delete a draft, or say that nothing more comes of an order that was sent"""
    left = purchase_orders.end(runtime(), caller().shop_id, path.id, person())
    return {"ok": True} | ({"order": left} if left else {})


@bp.get("/<id>/csv", responses=text(CSV))
@access("products:read")
def order_csv(path: OrderPath) -> Any:
    """The order as CSV"""
    return _file(path.id, "csv", CSV)


@bp.get("/<id>/pdf", responses=text("application/pdf"))
@access("products:read")
def order_pdf(path: OrderPath) -> Any:
    """The order as PDF"""
    return _file(path.id, "pdf", "application/pdf")


@bp.get("/<id>/mail", responses=said(shapes.OneMail))
@access("person")
def preview_mail(path: OrderPath) -> Any:
    """What would be sent to the supplier, word for word, with its digest"""
    return {"ok": True, "mail": purchase_mail.preview(runtime(), caller().shop_id, path.id)}


@bp.post("/<id>/send", responses=said(shapes.Granted))
@access("person")
def grant_sending(path: OrderPath, body: SendBody) -> Any:
    """Let the person's WordPress send it, once"""
    words, shop_id = body.model_dump(include={"subject", "text"}, exclude_none=True), caller().shop_id
    return {"ok": True, **purchase_mail.grant(runtime(), shop_id, path.id, body.digest, person(), words)}


@bp.post("/<id>/sent", responses=said(shapes.OneOrder))
@access("signed")
def report_sending(path: OrderPath, body: SentBody) -> Any:
    """How a sending went; idempotent"""
    order = purchase_mail.report(runtime(), caller().shop_id, path.id, body.model_dump())
    return {"ok": True, "order": order}


@bp.post("/<id>/mark-sent", responses=said(shapes.OneOrder))
@access("person")
def mark_sent(path: OrderPath, body: MarkBody) -> Any:
    """It was ordered by other means, or its mail did arrive"""
    order = purchase_mail.mark_sent(runtime(), caller().shop_id, path.id, body.expected_on, person())
    return {"ok": True, "order": order}


@bp.post("/<id>/reopen", responses=said(shapes.OneOrder))
@access("person")
def reopen(path: OrderPath) -> Any:
    """Its mail did not arrive: a draft again"""
    return {"ok": True, "order": purchase_mail.reopen(runtime(), caller().shop_id, path.id, person())}


@bp.post("/<id>/receive", responses=said(shapes.Received))
@access("person")
def receive(path: OrderPath, body: ReceiveBody) -> Any:
    """Note what arrived; the answer's proposal raises the stock once it is applied"""
    found = purchase_receipts.receive(runtime(), caller().shop_id, path.id, body.model_dump(), person())
    return {"ok": True, **found}
