"""Shapes of answers about suppliers, terms, places and purchase orders, for the document of the API; the
tests of these routes compare every answer with them.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from sidecar.api.proposal_shapes import Proposal
from sidecar.api.shapes import Amount, Count, Day, Done, Id, Made, Maybe, Money, Ok, Shape, Time, Who
from sidecar.runtime.purchase_orders import STATES


class Remark(Shape):
    """What is said by a code with its values, and in English."""

    code: str
    message: str
    values: Maybe[dict[str, Any]] = None


class _Terms(Shape):
    lead_days: Maybe[Count] = None
    lead_spread_days: Maybe[float] = None
    review_days: Maybe[Count] = None
    service_level: Maybe[float] = None


class SupplierRow(_Terms):
    """A supplier; what is not known is absent."""

    id: Id
    name: str
    contact: Maybe[str] = None
    email: Maybe[str] = None
    phone: Maybe[str] = None
    note: Maybe[str] = None
    min_order: Maybe[Amount] = None
    created_at: Time
    updated_at: Time


class CountedSupplier(SupplierRow):
    """A supplier, and how many items name it."""

    items: Count


class Suppliers(Done):
    """Suppliers by name."""

    items: list[CountedSupplier]


class OneSupplier(Done):
    """A supplier."""

    supplier: SupplierRow


class SupplierMade(Made):
    """A new supplier."""

    supplier: SupplierRow


class ItemRow(Shape):
    """What names an item; one that is no longer in the shop has its id only."""

    item_id: int
    product_id: Maybe[int] = None
    name: Maybe[str] = None
    sku: Maybe[str] = None


class OwnTerms(_Terms):
    """What stands at an item or the shop itself; what is inherited is absent."""

    supplier_id: Maybe[Id] = None
    supplier_sku: Maybe[str] = None
    cost: Maybe[Amount] = None
    moq: Maybe[Count] = None
    pack: Maybe[Count] = None


class ShopTerms(Shape):
    """What holds where nothing else was said."""

    lead_days: Count
    lead_spread_days: float
    review_days: Count
    service_level: float
    moq: Count
    pack: Count
    cost: Maybe[Amount] = None


class SupplyTerms(ShopTerms):
    """What holds for an item, wherever it was said."""

    item_id: int
    supplier_id: Maybe[Id] = None
    supplier_name: Maybe[str] = None
    supplier_sku: Maybe[str] = None
    min_order: Maybe[Amount] = None
    service_given: bool = Field(description="Whether somebody entered the service level.")


class SupplyRow(Shape):
    """An item, what holds for it, and what of it stands at the item."""

    item: ItemRow
    supply: SupplyTerms
    own: OwnTerms


class OneSupply(Done, SupplyRow):
    """One item's terms."""


class SupplyPage(Done):
    """Items with terms of their own."""

    items: list[SupplyRow]
    total: Count
    next: Maybe[str] = None


class Defaults(Done):
    """The shop's terms, and what of them was entered."""

    supply: ShopTerms
    own: OwnTerms


class BadCell(Remark):
    """What is wrong in a cell of a file; `column` is empty where the row as a whole is wrong."""

    line: Count
    column: str
    value: str


class Imported(Done):
    """What became of a file."""

    read: Count
    kept: Count
    bad_rows: Count
    bad: list[BadCell]
    ignored_columns: Maybe[list[str]] = None
    dry_run: bool


class SuppliesImported(Imported):
    """What became of a file of terms."""

    created_suppliers: list[str]


class OverrideRow(Shape):
    """What holds instead of the forecast on some days."""

    id: Id
    item_id: int
    first_day: Day
    last_day: Day
    kind: Literal["factor", "per_day"]
    value: float
    why: Maybe[str] = None
    by: Maybe[Who] = None
    at: Time


class Overrides(Done):
    """Overrides, the latest days first."""

    items: list[OverrideRow]


class OverrideMade(Made):
    """A new override."""

    override: OverrideRow


class Place(Shape):
    """A place of stock."""

    id: Id
    name: str
    share: Maybe[float] = None
    counted: bool


class CountedPlace(Place):
    """A place, and how much lies there."""

    items: Count
    pieces: Count


class Places(Done):
    """Places of stock by name."""

    items: list[CountedPlace]


class OnePlace(Done):
    """A place of stock."""

    location: Place


class PlaceMade(Made):
    """A new place of stock."""

    location: Place


class Lying(Shape):
    """How much of an item lies at a place."""

    item_id: int
    sku: Maybe[str] = None
    name: Maybe[str] = None
    quantity: Count


class PlaceStock(Done):
    """What lies at a place."""

    items: list[Lying]


class PiecesThere(Shape):
    """How much of an item lies where."""

    location_id: Id
    item_id: int
    quantity: Count


class PiecesKept(Done):
    """What was said of an item at a place."""

    stock: PiecesThere


# Purchase orders


class _Order(Shape):
    id: Id
    number: str
    supplier_id: Id
    supplier_name: str
    state: Literal[STATES]  # type: ignore[valid-type]
    currency: str
    decimals: Count
    note: Maybe[str] = None
    ship_to: Maybe[str] = None
    expected_on: Maybe[Day] = None
    error: Maybe[str] = None
    closed_short: Maybe[Ok] = None
    created_by: Maybe[Who] = None
    created_at: Time
    updated_at: Time
    sent_by: Maybe[Who] = None
    sent_at: Maybe[Time] = None
    sent_how: Maybe[Literal["mail", "other"]] = None
    sent_to: Maybe[str] = None
    pieces: Count
    total: Money = Field(description="Of the lines whose cost is known.")


class OrderRow(_Order):
    """An order in the list: `lines` are counted."""

    lines: Count
    received: Count
    without_cost: Count


class OrderPage(Done):
    """Orders, the newest first."""

    items: list[OrderRow]
    total: Count
    next: Maybe[str] = None


class OrderLine(Shape):
    """What is ordered of an item."""

    item_id: int
    product_id: int
    name: str
    sku: str
    supplier_sku: str
    quantity: Count
    received: Count
    cost: Maybe[Amount] = None
    total: Maybe[Amount] = None


class ReceivedRow(Shape):
    """How much of an item came."""

    item_id: int
    quantity: Count


class NewReceipt(Shape):
    """What came in one go, and whether it is in stock."""

    id: Id
    state: str
    lines: list[ReceivedRow]


class Receipt(NewReceipt):
    """What came when, and the proposal that put it into stock."""

    by: Maybe[Who] = None
    at: Time
    proposal_id: Maybe[Id] = None


class Order(_Order):
    """A whole order."""

    lines: list[OrderLine]
    receipts: list[Receipt]
    notes: list[Remark]


class OneOrder(Done):
    """An order."""

    order: Order


class OrderLeft(Done):
    """What is left of it: nothing of a draft."""

    order: Maybe[Order] = None


class OrdersMade(Made):
    """New drafts."""

    orders: list[Order]


class MailWords(Shape):
    """A mail to the supplier."""

    to: str
    subject: str
    text: str


class MailShown(MailWords):
    """What would be sent, and the digest of all that the supplier would read."""

    file: str
    digest: str
    warnings: list[Remark]


class OneMail(Done):
    """What would be sent."""

    mail: MailShown


class Granted(OneOrder):
    """What WordPress is to mail, once."""

    send_id: Id
    mail: MailWords
    pdf: str = Field(description="The attached file in base64.")


class Received(OneOrder):
    """What came, and the proposal that raises the stock once it is applied."""

    receipt: NewReceipt
    proposal: Maybe[Proposal] = None
