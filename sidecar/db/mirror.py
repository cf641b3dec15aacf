"""Tables of the `mirror` database: the shop's rows in the form of docs/protocol.md, section 5.

Disposable: `devskyy sync --full` makes it again. All times are UTC epoch seconds, money is in 1/10,000 (see
`types`), `day` is the shop's local calendar day as days since 1970-01-01.
"""

from sqlalchemy import JSON, BigInteger, Boolean, Column, Float, Index, Integer, SmallInteger, String

from sidecar.db.types import LongText, metadata, money, shop_table, time

mirror = metadata()


def _id() -> Column[int]:
    return Column("id", BigInteger, primary_key=True, autoincrement=False)


def _stock() -> list[Column[object]]:
    return [
        Column("manage_stock", SmallInteger, nullable=False, comment="0 no, 1 yes, 2 counted on the parent"),
        Column("stock_quantity", Float),
        Column("stock_status", String(20), nullable=False),
        Column("backorders", String(20), nullable=False),
        Column("low_stock_amount", Float),
    ]


def _prices() -> list[Column[int]]:
    return [
        money("regular_price"),
        money("sale_price"),
        money("price"),
        time("sale_from", null=True),
        time("sale_to", null=True),
    ]


products = shop_table(
    "products",
    mirror,
    _id(),
    Column("type", String(40), nullable=False),
    Column("status", String(20), nullable=False),
    Column("name", LongText, nullable=False),
    Column("sku", String(200), nullable=False, default=""),
    Column("permalink", String(1000), nullable=False, default=""),
    *_prices(),
    *_stock(),
    money("cost"),
    Column("weight", String(40), nullable=False, default=""),
    Column("length", String(40), nullable=False, default=""),
    Column("width", String(40), nullable=False, default=""),
    Column("height", String(40), nullable=False, default=""),
    Column("tax_class", String(100), nullable=False, default=""),
    Column("gtin", String(100), nullable=False, default=""),
    Column("catalog_visibility", String(20), nullable=False, default="visible"),
    Column("categories", JSON, nullable=False, comment="list of ids"),
    Column("tags", JSON, nullable=False, comment="list of ids"),
    Column("attributes", JSON, nullable=False),
    Column("images", JSON, nullable=False),
    Column("description", LongText, nullable=False),
    Column("short_description", LongText, nullable=False),
    Column("total_sales", BigInteger, nullable=False, default=0),
    Column("average_rating", Float),
    Column("review_count", Integer, nullable=False, default=0),
    time("created_at", null=True),
    time("modified_at", null=True),
    comment="Products, variable parents included.",
    privacy="none; a shop's own words",
)

variations = shop_table(
    "variations",
    mirror,
    _id(),
    Column("product_id", BigInteger, nullable=False),
    Column("status", String(20), nullable=False),
    Column("sku", String(200), nullable=False, default=""),
    *_prices(),
    *_stock(),
    money("cost"),
    Column("weight", String(40), nullable=False, default=""),
    Column("gtin", String(100), nullable=False, default=""),
    Column("attributes", JSON, nullable=False),
    Column("image_id", BigInteger),
    time("created_at", null=True),
    time("modified_at", null=True),
    Index(None, "shop_id", "product_id"),
    comment="Variations of variable products.",
    privacy="none",
)

categories = shop_table(
    "categories",
    mirror,
    _id(),
    Column("parent", BigInteger, nullable=False, default=0),
    Column("name", String(200), nullable=False),
    Column("slug", String(200), nullable=False),
    Column("count", Integer, nullable=False, default=0),
    comment="Product categories.",
    privacy="none",
)

orders = shop_table(
    "orders",
    mirror,
    _id(),
    Column("status", String(40), nullable=False),
    Column("currency", String(3), nullable=False),
    time("created_at"),
    time("modified_at", null=True),
    time("paid_at", null=True),
    time("completed_at", null=True),
    Column("customer_id", BigInteger, nullable=False, default=0),
    Column("email_hash", String(32)),
    Column("country", String(2)),
    Column("postcode_area", String(3)),
    money("total", null=False),
    money("total_tax", null=False),
    money("shipping_total", null=False),
    money("discount_total", null=False),
    Column("prices_include_tax", Boolean, nullable=False),
    Column("payment_method", String(100), nullable=False, default=""),
    Column("created_via", String(100), nullable=False, default=""),
    Column("coupons", JSON, nullable=False, comment="list of codes"),
    Column("day", Integer, nullable=False),
    Column("sold", Boolean, nullable=False, comment="status is processing, completed or on-hold"),
    Column(
        "buyer", BigInteger, nullable=False, comment="customer id, or a number from the e-mail hash, or 0"
    ),
    Index(None, "shop_id", "day"),
    Index(None, "shop_id", "email_hash"),
    comment="Orders without names, addresses or e-mail.",
    privacy="customer number, keyed e-mail hash, country and postcode area of the buyer; emptied on "
    "erasure, sums stay",
)

order_lines = shop_table(
    "order_lines",
    mirror,
    Column("order_id", BigInteger, primary_key=True, autoincrement=False),
    Column("item_id", BigInteger, primary_key=True, autoincrement=False),
    Column("product_id", BigInteger, nullable=False),
    Column("variation_id", BigInteger, nullable=False, comment="0 for simple products"),
    Column("quantity", Float, nullable=False),
    money("subtotal", null=False),
    money("total", null=False),
    money("total_tax", null=False),
    time("at", comment="when the order was made"),
    Column("day", Integer, nullable=False),
    Column("sold", Boolean, nullable=False, comment="as the order, as currency"),
    Column("currency", String(3), nullable=False),
    Index(None, "shop_id", "product_id", "day"),
    Index(None, "shop_id", "day"),
    comment="Lines of orders; they repeat the order's day, sold and currency, so that sums need no join.",
    privacy="what was bought; belongs to nobody once its order is anonymous",
)

refunds = shop_table(
    "refunds",
    mirror,
    _id(),
    Column("order_id", BigInteger, nullable=False),
    time("created_at"),
    time("modified_at", null=True),
    money("amount", null=False),
    Column("day", Integer, nullable=False),
    Index(None, "shop_id", "order_id"),
    Index(None, "shop_id", "day"),
    comment="Refunds; amount is positive.",
    privacy="what was paid back; belongs to nobody once its order is anonymous",
)

refund_lines = shop_table(
    "refund_lines",
    mirror,
    Column("refund_id", BigInteger, primary_key=True, autoincrement=False),
    Column("item_id", BigInteger, primary_key=True, autoincrement=False),
    Column("order_id", BigInteger, nullable=False),
    Column("product_id", BigInteger, nullable=False),
    Column("variation_id", BigInteger, nullable=False),
    Column("quantity", Float, nullable=False, comment="pieces taken back, positive"),
    money("total", null=False),
    time("at", comment="when the refund was made"),
    Column("day", Integer, nullable=False),
    Index(None, "shop_id", "product_id", "day"),
    Index(None, "shop_id", "order_id"),
    comment="Lines of refunds.",
    privacy="what came back; belongs to nobody once its order is anonymous",
)

customers = shop_table(
    "customers",
    mirror,
    _id(),
    Column("email_hash", String(32)),
    Column("country", String(2)),
    Column("postcode_area", String(3)),
    time("created_at", null=True),
    Column("orders_count", Integer, comment="null when read by wc/v3, which does not tell"),
    money("total_spent"),
    Index(None, "shop_id", "email_hash"),
    comment="Registered customers without names, addresses or e-mail.",
    privacy="customer number, keyed e-mail hash, country and postcode area; the row is deleted on erasure",
)

coupons = shop_table(
    "coupons",
    mirror,
    _id(),
    Column("code", String(200), nullable=False),
    Column("discount_type", String(40), nullable=False),
    money("amount", null=False),
    time("date_expires", null=True),
    Column("usage_count", Integer, nullable=False, default=0),
    time("created_at", null=True),
    time("modified_at", null=True),
    comment="Coupons.",
    privacy="none",
)

reviews = shop_table(
    "reviews",
    mirror,
    _id(),
    Column("product_id", BigInteger, nullable=False),
    Column("rating", SmallInteger, nullable=False),
    Column("verified", Boolean, nullable=False),
    Column("status", String(20), nullable=False),
    Column("text", LongText, nullable=False),
    time("created_at", null=True),
    Index(None, "shop_id", "product_id"),
    comment="Product reviews without their writers.",
    privacy="the text that a buyer wrote; emptied on erasure, the rating stays",
)

mirror_state = shop_table(
    "mirror_state",
    mirror,
    Column("generation", BigInteger, nullable=False, default=0, comment="goes up with every commit of rows"),
    Column("state", String(16), nullable=False, default="never", comment="never, running, ok or failed"),
    Column("source", String(16), comment="export or rest"),
    Column("progress_done", BigInteger, nullable=False, default=0),
    Column("progress_total", BigInteger),
    Column("progress_label", String(100)),
    Column("error", JSON),
    time("last_full_at", null=True),
    time("last_incremental_at", null=True),
    time("last_reconcile_at", null=True),
    time("modified_after", null=True, comment="incremental sync reads from here"),
    comment="How far the mirror of a shop is.",
    privacy="the last error may name a person (taken out of the text)",
)

sync_cursors = shop_table(
    "sync_cursors",
    mirror,
    Column("resource", String(20), primary_key=True),
    Column("started_at", BigInteger, nullable=False, comment="start of the full sync that this belongs to"),
    Column("after", BigInteger, nullable=False, comment="rows up to this id are committed"),
    Column("done", BigInteger, nullable=False),
    Column("total", BigInteger),
    Column("finished", Boolean, nullable=False),
    comment="Where a full sync stands; committed with its rows, so a killed sync goes on from there.",
    privacy="none",
)
