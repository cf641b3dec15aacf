"""Make the mirror tables."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

OPTIONS: dict[str, Any] = {
    f"{d}_{k}": v
    for d in ("mysql", "mariadb")
    for k, v in (("engine", "InnoDB"), ("charset", "utf8mb4"), ("collate", "utf8mb4_bin"))
}


def upgrade() -> None:
    op.create_table(
        "categories",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("parent", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("slug", sa.String(length=200), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_categories")),
        comment="Product categories.",
        **OPTIONS,
    )
    op.create_table(
        "coupons",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("code", sa.String(length=200), nullable=False),
        sa.Column("discount_type", sa.String(length=40), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("date_expires", sa.BigInteger(), nullable=True),
        sa.Column("usage_count", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=True),
        sa.Column("modified_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_coupons")),
        comment="Coupons.",
        **OPTIONS,
    )
    op.create_table(
        "customers",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("email_hash", sa.String(length=32), nullable=True),
        sa.Column("country", sa.String(length=2), nullable=True),
        sa.Column("postcode_area", sa.String(length=3), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=True),
        sa.Column(
            "orders_count",
            sa.Integer(),
            nullable=True,
            comment="null when read by wc/v3, which does not tell",
        ),
        sa.Column("total_spent", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_customers")),
        comment="Registered customers without names, addresses or e-mail.",
        **OPTIONS,
    )
    with op.batch_alter_table("customers", schema=None) as batch_op:
        batch_op.create_index(
            op.f("ix_customers_shop_id_email_hash"), ["shop_id", "email_hash"], unique=False
        )

    op.create_table(
        "mirror_state",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column("generation", sa.BigInteger(), nullable=False, comment="goes up with every commit of rows"),
        sa.Column("state", sa.String(length=16), nullable=False, comment="never, running, ok or failed"),
        sa.Column("source", sa.String(length=16), nullable=True, comment="export or rest"),
        sa.Column("progress_done", sa.BigInteger(), nullable=False),
        sa.Column("progress_total", sa.BigInteger(), nullable=True),
        sa.Column("progress_label", sa.String(length=100), nullable=True),
        sa.Column("error", sa.JSON(), nullable=True),
        sa.Column("last_full_at", sa.BigInteger(), nullable=True),
        sa.Column("last_incremental_at", sa.BigInteger(), nullable=True),
        sa.Column("last_reconcile_at", sa.BigInteger(), nullable=True),
        sa.Column(
            "modified_after", sa.BigInteger(), nullable=True, comment="incremental sync reads from here"
        ),
        sa.PrimaryKeyConstraint("shop_id", name=op.f("pk_mirror_state")),
        comment="How far the mirror of a shop is.",
        **OPTIONS,
    )
    op.create_table(
        "order_lines",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column("order_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("item_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("variation_id", sa.BigInteger(), nullable=False, comment="0 for simple products"),
        sa.Column("quantity", sa.Float(), nullable=False),
        sa.Column("subtotal", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("total_tax", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False, comment="when the order was made"),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("sold", sa.Boolean(), nullable=False, comment="as the order, as currency"),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "order_id", "item_id", name=op.f("pk_order_lines")),
        comment="Lines of orders; they repeat the order's day, sold and currency, so that sums need no join.",
        **OPTIONS,
    )
    with op.batch_alter_table("order_lines", schema=None) as batch_op:
        batch_op.create_index(op.f("ix_order_lines_shop_id_day"), ["shop_id", "day"], unique=False)
        batch_op.create_index(
            op.f("ix_order_lines_shop_id_product_id_day"), ["shop_id", "product_id", "day"], unique=False
        )

    op.create_table(
        "orders",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=True),
        sa.Column("paid_at", sa.BigInteger(), nullable=True),
        sa.Column("completed_at", sa.BigInteger(), nullable=True),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("email_hash", sa.String(length=32), nullable=True),
        sa.Column("country", sa.String(length=2), nullable=True),
        sa.Column("postcode_area", sa.String(length=3), nullable=True),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("total_tax", sa.BigInteger(), nullable=False),
        sa.Column("shipping_total", sa.BigInteger(), nullable=False),
        sa.Column("discount_total", sa.BigInteger(), nullable=False),
        sa.Column("prices_include_tax", sa.Boolean(), nullable=False),
        sa.Column("payment_method", sa.String(length=100), nullable=False),
        sa.Column("created_via", sa.String(length=100), nullable=False),
        sa.Column("coupons", sa.JSON(), nullable=False, comment="list of codes"),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("sold", sa.Boolean(), nullable=False, comment="status is processing, completed or on-hold"),
        sa.Column(
            "buyer",
            sa.BigInteger(),
            nullable=False,
            comment="customer id, or a number from the e-mail hash, or 0",
        ),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_orders")),
        comment="Orders without names, addresses or e-mail.",
        **OPTIONS,
    )
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.create_index(op.f("ix_orders_shop_id_day"), ["shop_id", "day"], unique=False)
        batch_op.create_index(op.f("ix_orders_shop_id_email_hash"), ["shop_id", "email_hash"], unique=False)

    op.create_table(
        "products",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column(
            "name",
            sa.Text().with_variant(mysql.MEDIUMTEXT(), "mariadb").with_variant(mysql.MEDIUMTEXT(), "mysql"),
            nullable=False,
        ),
        sa.Column("sku", sa.String(length=200), nullable=False),
        sa.Column("permalink", sa.String(length=1000), nullable=False),
        sa.Column("regular_price", sa.BigInteger(), nullable=True),
        sa.Column("sale_price", sa.BigInteger(), nullable=True),
        sa.Column("price", sa.BigInteger(), nullable=True),
        sa.Column("sale_from", sa.BigInteger(), nullable=True),
        sa.Column("sale_to", sa.BigInteger(), nullable=True),
        sa.Column(
            "manage_stock", sa.SmallInteger(), nullable=False, comment="0 no, 1 yes, 2 counted on the parent"
        ),
        sa.Column("stock_quantity", sa.Float(), nullable=True),
        sa.Column("stock_status", sa.String(length=20), nullable=False),
        sa.Column("backorders", sa.String(length=20), nullable=False),
        sa.Column("low_stock_amount", sa.Float(), nullable=True),
        sa.Column("cost", sa.BigInteger(), nullable=True),
        sa.Column("weight", sa.String(length=40), nullable=False),
        sa.Column("length", sa.String(length=40), nullable=False),
        sa.Column("width", sa.String(length=40), nullable=False),
        sa.Column("height", sa.String(length=40), nullable=False),
        sa.Column("tax_class", sa.String(length=100), nullable=False),
        sa.Column("gtin", sa.String(length=100), nullable=False),
        sa.Column("catalog_visibility", sa.String(length=20), nullable=False),
        sa.Column("categories", sa.JSON(), nullable=False, comment="list of ids"),
        sa.Column("tags", sa.JSON(), nullable=False, comment="list of ids"),
        sa.Column("attributes", sa.JSON(), nullable=False),
        sa.Column("images", sa.JSON(), nullable=False),
        sa.Column(
            "description",
            sa.Text().with_variant(mysql.MEDIUMTEXT(), "mariadb").with_variant(mysql.MEDIUMTEXT(), "mysql"),
            nullable=False,
        ),
        sa.Column(
            "short_description",
            sa.Text().with_variant(mysql.MEDIUMTEXT(), "mariadb").with_variant(mysql.MEDIUMTEXT(), "mysql"),
            nullable=False,
        ),
        sa.Column("total_sales", sa.BigInteger(), nullable=False),
        sa.Column("average_rating", sa.Float(), nullable=True),
        sa.Column("review_count", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=True),
        sa.Column("modified_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_products")),
        comment="Products, variable parents included.",
        **OPTIONS,
    )
    op.create_table(
        "refund_lines",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column("refund_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("item_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("variation_id", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.Float(), nullable=False, comment="pieces taken back, positive"),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False, comment="when the refund was made"),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "refund_id", "item_id", name=op.f("pk_refund_lines")),
        comment="Lines of refunds.",
        **OPTIONS,
    )
    with op.batch_alter_table("refund_lines", schema=None) as batch_op:
        batch_op.create_index(op.f("ix_refund_lines_shop_id_order_id"), ["shop_id", "order_id"], unique=False)
        batch_op.create_index(
            op.f("ix_refund_lines_shop_id_product_id_day"), ["shop_id", "product_id", "day"], unique=False
        )

    op.create_table(
        "refunds",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_refunds")),
        comment="Refunds; amount is positive.",
        **OPTIONS,
    )
    with op.batch_alter_table("refunds", schema=None) as batch_op:
        batch_op.create_index(op.f("ix_refunds_shop_id_day"), ["shop_id", "day"], unique=False)
        batch_op.create_index(op.f("ix_refunds_shop_id_order_id"), ["shop_id", "order_id"], unique=False)

    op.create_table(
        "reviews",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("rating", sa.SmallInteger(), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column(
            "text",
            sa.Text().with_variant(mysql.MEDIUMTEXT(), "mariadb").with_variant(mysql.MEDIUMTEXT(), "mysql"),
            nullable=False,
        ),
        sa.Column("created_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_reviews")),
        comment="Product reviews without their writers.",
        **OPTIONS,
    )
    with op.batch_alter_table("reviews", schema=None) as batch_op:
        batch_op.create_index(op.f("ix_reviews_shop_id_product_id"), ["shop_id", "product_id"], unique=False)

    op.create_table(
        "sync_cursors",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column("resource", sa.String(length=20), nullable=False),
        sa.Column(
            "started_at",
            sa.BigInteger(),
            nullable=False,
            comment="start of the full sync that this belongs to",
        ),
        sa.Column("after", sa.BigInteger(), nullable=False, comment="rows up to this id are committed"),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("finished", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "resource", name=op.f("pk_sync_cursors")),
        comment="Where a full sync stands; committed with its rows, so a killed sync goes on from there.",
        **OPTIONS,
    )
    op.create_table(
        "variations",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("sku", sa.String(length=200), nullable=False),
        sa.Column("regular_price", sa.BigInteger(), nullable=True),
        sa.Column("sale_price", sa.BigInteger(), nullable=True),
        sa.Column("price", sa.BigInteger(), nullable=True),
        sa.Column("sale_from", sa.BigInteger(), nullable=True),
        sa.Column("sale_to", sa.BigInteger(), nullable=True),
        sa.Column(
            "manage_stock", sa.SmallInteger(), nullable=False, comment="0 no, 1 yes, 2 counted on the parent"
        ),
        sa.Column("stock_quantity", sa.Float(), nullable=True),
        sa.Column("stock_status", sa.String(length=20), nullable=False),
        sa.Column("backorders", sa.String(length=20), nullable=False),
        sa.Column("low_stock_amount", sa.Float(), nullable=True),
        sa.Column("cost", sa.BigInteger(), nullable=True),
        sa.Column("weight", sa.String(length=40), nullable=False),
        sa.Column("gtin", sa.String(length=100), nullable=False),
        sa.Column("attributes", sa.JSON(), nullable=False),
        sa.Column("image_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=True),
        sa.Column("modified_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_variations")),
        comment="Variations of variable products.",
        **OPTIONS,
    )
    with op.batch_alter_table("variations", schema=None) as batch_op:
        batch_op.create_index(
            op.f("ix_variations_shop_id_product_id"), ["shop_id", "product_id"], unique=False
        )


def downgrade() -> None:
    with op.batch_alter_table("variations", schema=None) as batch_op:
        batch_op.drop_index(op.f("ix_variations_shop_id_product_id"))

    op.drop_table("variations")
    op.drop_table("sync_cursors")
    with op.batch_alter_table("reviews", schema=None) as batch_op:
        batch_op.drop_index(op.f("ix_reviews_shop_id_product_id"))

    op.drop_table("reviews")
    with op.batch_alter_table("refunds", schema=None) as batch_op:
        batch_op.drop_index(op.f("ix_refunds_shop_id_order_id"))
        batch_op.drop_index(op.f("ix_refunds_shop_id_day"))

    op.drop_table("refunds")
    with op.batch_alter_table("refund_lines", schema=None) as batch_op:
        batch_op.drop_index(op.f("ix_refund_lines_shop_id_product_id_day"))
        batch_op.drop_index(op.f("ix_refund_lines_shop_id_order_id"))

    op.drop_table("refund_lines")
    op.drop_table("products")
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.drop_index(op.f("ix_orders_shop_id_email_hash"))
        batch_op.drop_index(op.f("ix_orders_shop_id_day"))

    op.drop_table("orders")
    with op.batch_alter_table("order_lines", schema=None) as batch_op:
        batch_op.drop_index(op.f("ix_order_lines_shop_id_product_id_day"))
        batch_op.drop_index(op.f("ix_order_lines_shop_id_day"))

    op.drop_table("order_lines")
    op.drop_table("mirror_state")
    with op.batch_alter_table("customers", schema=None) as batch_op:
        batch_op.drop_index(op.f("ix_customers_shop_id_email_hash"))

    op.drop_table("customers")
    op.drop_table("coupons")
    op.drop_table("categories")
