"""Tables of what the shop's owner keeps here: suppliers, terms of purchase, forecast overrides, places of
stock, purchase orders and what came of them.

Part of the `app` database, with its column rules. Pieces are whole numbers, an item is a variation or a
simple product.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
)

from sidecar.db.app import app
from sidecar.db.types import money, shop_table, time


def _item(*, key: bool = False) -> Column[int]:
    """A variation's id, or a simple product's."""
    return Column("item_id", BigInteger, primary_key=key, autoincrement=False, nullable=False)


def _terms() -> list[Column[object]]:
    """Terms that stand at an item, at a supplier or for the whole shop; null = as the next wider one says."""
    return [
        Column("lead_days", Integer, comment="days from order to arrival, on average"),
        Column("lead_spread_days", Float, comment="standard deviation of them"),
        Column("review_days", Integer, comment="days between two looks at what to order"),
        Column("service_level", Float, comment="0.5 to 0.999"),
    ]


suppliers = shop_table(
    "suppliers",
    app,
    Column("id", String(32), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("name_key", String(200), nullable=False, comment="folded and lower case: no two alike"),
    Column("contact", String(200), nullable=False, default=""),
    Column("email", String(254), nullable=False, default=""),
    Column("email_hash", String(32), comment="keyed, as for buyers: how an erasure finds the row"),
    Column("phone", String(60), nullable=False, default=""),
    Column("note", Text, nullable=False, default="", comment="for the shop only"),
    *_terms(),
    money("min_order"),
    time("created_at"),
    time("updated_at"),
    UniqueConstraint("shop_id", "name_key"),
    Index(None, "shop_id", "email_hash"),
    comment="Whom the shop buys from.",
    privacy="name, e-mail address and telephone number of the supplier's contact; emptied on erasure, the "
    "supplier stays; the note may name a person (taken out)",
)

supplies = shop_table(
    "supplies",
    app,
    Column(
        "item_id", BigInteger, primary_key=True, autoincrement=False, comment="0 = what holds for all items"
    ),
    Column("supplier_id", String(32)),
    Column("supplier_sku", String(200), nullable=False, default=""),
    money("cost"),
    *_terms(),
    Column("moq", Integer, comment="smallest number of pieces of an order"),
    Column("pack", Integer, comment="pieces come in multiples of this"),
    time("updated_at"),
    Index(None, "shop_id", "supplier_id"),
    comment="From whom an item is bought and on what terms; null = as the supplier or the shop says.",
    privacy="none",
)

forecast_overrides = shop_table(
    "forecast_overrides",
    app,
    Column("id", String(32), primary_key=True),
    _item(),
    Column("first_day", Integer, nullable=False, comment="the shop's calendar day, days since 1970-01-01"),
    Column("last_day", Integer, nullable=False, comment="included"),
    Column("kind", String(10), nullable=False, comment="factor or per_day"),
    Column("value", Float, nullable=False, comment="times the forecast, or pieces a day instead of it"),
    Column("why", String(300), nullable=False, default=""),
    Column("created_by", JSON),
    time("created_at"),
    Index(None, "shop_id", "item_id", "first_day"),
    comment="What the owner knows better than the forecast, for some days.",
    privacy='who said so (staff, replaced by "erased"); the reason may name a person (taken out)',
)

locations = shop_table(
    "locations",
    app,
    Column("id", String(32), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("name_key", String(200), nullable=False, comment="folded and lower case: no two alike"),
    Column(
        "share", Float, comment="of the shop's demand that is served from here; WooCommerce does not know"
    ),
    Column("counted", Boolean, nullable=False, comment="whether WooCommerce's stock contains what lies here"),
    time("created_at"),
    time("updated_at"),
    UniqueConstraint("shop_id", "name_key"),
    comment="Places where stock lies, where there are several.",
    privacy="none; the shop's own places",
)

location_stock = shop_table(
    "location_stock",
    app,
    Column("location_id", String(32), primary_key=True),
    _item(key=True),
    Column("quantity", Integer, nullable=False),
    time("updated_at"),
    Index(None, "shop_id", "item_id"),
    comment="Pieces of an item at a place, as the owner told.",
    privacy="none",
)

purchase_orders = shop_table(
    "purchase_orders",
    app,
    Column("id", String(32), primary_key=True),
    Column("number", Integer, nullable=False, comment="counts from 1 in each shop"),
    Column("supplier_id", String(32), nullable=False),
    Column("supplier_name", String(200), nullable=False),
    Column(
        "state",
        String(16),
        nullable=False,
        comment="draft, sending, unknown, sent, part, received or cancelled",
    ),
    Column("currency", String(3), nullable=False),
    Column("note", Text, nullable=False, default="", comment="words to the supplier"),
    Column("ship_to", Text, nullable=False, default=""),
    Column("expected_on", Integer, comment="the shop's calendar day, days since 1970-01-01"),
    Column("created_by", JSON),
    time("created_at"),
    time("updated_at"),
    Column("send_id", String(32), comment="the one sending that was granted"),
    Column("sent_by", JSON),
    time("sent_at", null=True, comment="when sending began, then when it ended"),
    Column("sent_how", String(10), comment="mail or other"),
    Column("mail", JSON(none_as_null=True), comment="{to, subject, text} as it was sent"),
    Column("mail_hash", String(32), comment="keyed hash of the address it went to"),
    Column("error", String(300), comment="why the last sending failed"),
    Column("closed_short", Boolean, nullable=False, default=False, comment="the rest is not coming"),
    UniqueConstraint("shop_id", "number"),
    Index(None, "shop_id", "state", "created_at"),
    Index(None, "shop_id", "supplier_id"),
    Index(None, "shop_id", "mail_hash"),
    comment="Purchase orders: drafts until a person sends them.",
    privacy='who made and sent it (staff, replaced by "erased"); the mail to the supplier\'s contact '
    "(emptied on erasure); the note and the address may name a person (taken out)",
)

purchase_order_lines = shop_table(
    "purchase_order_lines",
    app,
    Column("order_id", String(32), primary_key=True),
    _item(key=True),
    Column("n", Integer, nullable=False, comment="place on the order, from 1"),
    Column("product_id", BigInteger, nullable=False),
    Column("name", String(300), nullable=False),
    Column("sku", String(200), nullable=False, default=""),
    Column("supplier_sku", String(200), nullable=False, default=""),
    Column("quantity", Integer, nullable=False),
    Column("received", Integer, nullable=False, default=0, comment="of applied receipts"),
    money("cost"),
    Index(None, "shop_id", "item_id"),
    comment="What a purchase order asks for; names as they were then.",
    privacy="none",
)

purchase_receipts = shop_table(
    "purchase_receipts",
    app,
    Column("id", String(32), primary_key=True, comment="chosen by who received, so that a repeat is one"),
    Column("order_id", String(32), nullable=False),
    Column("proposal_id", String(32), comment="null where no stock is counted"),
    Column("state", String(16), nullable=False, comment="pending, applied, undone or failed"),
    Column("lines", JSON, nullable=False, comment="[{item_id, quantity}]"),
    Column("who", JSON),
    time("at"),
    Index(None, "shop_id", "order_id"),
    Index(None, "shop_id", "proposal_id"),
    comment="What arrived of a purchase order; its proposal raises the stock.",
    privacy='who received (staff, replaced by "erased")',
)
