"""Make the tables of what the owner keeps here: suppliers, terms, overrides, places, purchase orders."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

OPTIONS: dict[str, Any] = {
    f"{d}_{k}": v
    for d in ("mysql", "mariadb")
    for k, v in (("engine", "InnoDB"), ("charset", "utf8mb4"), ("collate", "utf8mb4_bin"))
}


def upgrade() -> None:
    op.create_table(
        "forecast_overrides",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("item_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "first_day",
            sa.Integer(),
            nullable=False,
            comment="the shop's calendar day, days since 1970-01-01",
        ),
        sa.Column("last_day", sa.Integer(), nullable=False, comment="included"),
        sa.Column("kind", sa.String(length=10), nullable=False, comment="factor or per_day"),
        sa.Column(
            "value", sa.Float(), nullable=False, comment="times the forecast, or pieces a day instead of it"
        ),
        sa.Column("why", sa.String(length=300), nullable=False),
        sa.Column("created_by", sa.JSON(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_forecast_overrides")),
        comment="What the owner knows better than the forecast, for some days.",
        **OPTIONS,
    )
    with op.batch_alter_table("forecast_overrides", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_forecast_overrides_shop_id_item_id_first_day"),
            ["shop_id", "item_id", "first_day"],
            unique=False,
        )

    op.create_table(
        "location_stock",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column("location_id", sa.String(length=32), nullable=False),
        sa.Column("item_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "location_id", "item_id", name=op.f("pk_location_stock")),
        comment="Pieces of an item at a place, as the owner told.",
        **OPTIONS,
    )
    with op.batch_alter_table("location_stock", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_location_stock_shop_id_item_id"), ["shop_id", "item_id"], unique=False
        )

    op.create_table(
        "locations",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column(
            "name_key", sa.String(length=200), nullable=False, comment="folded and lower case: no two alike"
        ),
        sa.Column(
            "share",
            sa.Float(),
            nullable=True,
            comment="of the shop's demand that is served from here; WooCommerce does not know",
        ),
        sa.Column(
            "counted",
            sa.Boolean(),
            nullable=False,
            comment="whether WooCommerce's stock contains what lies here",
        ),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_locations")),
        sa.UniqueConstraint("shop_id", "name_key", name=op.f("uq_locations_shop_id_name_key")),
        comment="Places where stock lies, where there are several.",
        **OPTIONS,
    )
    op.create_table(
        "purchase_order_lines",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column("order_id", sa.String(length=32), nullable=False),
        sa.Column("item_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False, comment="place on the order, from 1"),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("sku", sa.String(length=200), nullable=False),
        sa.Column("supplier_sku", sa.String(length=200), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("received", sa.Integer(), nullable=False, comment="of applied receipts"),
        sa.Column("cost", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("shop_id", "order_id", "item_id", name=op.f("pk_purchase_order_lines")),
        comment="What a purchase order asks for; names as they were then.",
        **OPTIONS,
    )
    with op.batch_alter_table("purchase_order_lines", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_purchase_order_lines_shop_id_item_id"), ["shop_id", "item_id"], unique=False
        )

    op.create_table(
        "purchase_orders",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, comment="counts from 1 in each shop"),
        sa.Column("supplier_id", sa.String(length=32), nullable=False),
        sa.Column("supplier_name", sa.String(length=200), nullable=False),
        sa.Column(
            "state",
            sa.String(length=16),
            nullable=False,
            comment="draft, sending, unknown, sent, part, received or cancelled",
        ),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("note", sa.Text(), nullable=False, comment="words to the supplier"),
        sa.Column("ship_to", sa.Text(), nullable=False),
        sa.Column(
            "expected_on",
            sa.Integer(),
            nullable=True,
            comment="the shop's calendar day, days since 1970-01-01",
        ),
        sa.Column("created_by", sa.JSON(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("send_id", sa.String(length=32), nullable=True, comment="the one sending that was granted"),
        sa.Column("sent_by", sa.JSON(), nullable=True),
        sa.Column(
            "sent_at", sa.BigInteger(), nullable=True, comment="when sending began, then when it ended"
        ),
        sa.Column("sent_how", sa.String(length=10), nullable=True, comment="mail or other"),
        sa.Column(
            "mail", sa.JSON(none_as_null=True), nullable=True, comment="{to, subject, text} as it was sent"
        ),
        sa.Column(
            "mail_hash", sa.String(length=32), nullable=True, comment="keyed hash of the address it went to"
        ),
        sa.Column("error", sa.String(length=300), nullable=True, comment="why the last sending failed"),
        sa.Column("closed_short", sa.Boolean(), nullable=False, comment="the rest is not coming"),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_purchase_orders")),
        sa.UniqueConstraint("shop_id", "number", name=op.f("uq_purchase_orders_shop_id_number")),
        comment="Purchase orders: drafts until a person sends them.",
        **OPTIONS,
    )
    with op.batch_alter_table("purchase_orders", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_purchase_orders_shop_id_mail_hash"), ["shop_id", "mail_hash"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_purchase_orders_shop_id_state_created_at"),
            ["shop_id", "state", "created_at"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_purchase_orders_shop_id_supplier_id"), ["shop_id", "supplier_id"], unique=False
        )

    op.create_table(
        "purchase_receipts",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column(
            "id",
            sa.String(length=32),
            nullable=False,
            comment="chosen by who received, so that a repeat is one",
        ),
        sa.Column("order_id", sa.String(length=32), nullable=False),
        sa.Column(
            "proposal_id", sa.String(length=32), nullable=True, comment="null where no stock is counted"
        ),
        sa.Column(
            "state", sa.String(length=16), nullable=False, comment="pending, applied, undone or failed"
        ),
        sa.Column("lines", sa.JSON(), nullable=False, comment="[{item_id, quantity}]"),
        sa.Column("who", sa.JSON(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_purchase_receipts")),
        comment="What arrived of a purchase order; its proposal raises the stock.",
        **OPTIONS,
    )
    with op.batch_alter_table("purchase_receipts", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_purchase_receipts_shop_id_order_id"), ["shop_id", "order_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_purchase_receipts_shop_id_proposal_id"), ["shop_id", "proposal_id"], unique=False
        )

    op.create_table(
        "suppliers",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column(
            "name_key", sa.String(length=200), nullable=False, comment="folded and lower case: no two alike"
        ),
        sa.Column("contact", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column(
            "email_hash",
            sa.String(length=32),
            nullable=True,
            comment="keyed, as for buyers: how an erasure finds the row",
        ),
        sa.Column("phone", sa.String(length=60), nullable=False),
        sa.Column("note", sa.Text(), nullable=False, comment="for the shop only"),
        sa.Column("lead_days", sa.Integer(), nullable=True, comment="days from order to arrival, on average"),
        sa.Column("lead_spread_days", sa.Float(), nullable=True, comment="standard deviation of them"),
        sa.Column(
            "review_days", sa.Integer(), nullable=True, comment="days between two looks at what to order"
        ),
        sa.Column("service_level", sa.Float(), nullable=True, comment="0.5 to 0.999"),
        sa.Column("min_order", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_suppliers")),
        sa.UniqueConstraint("shop_id", "name_key", name=op.f("uq_suppliers_shop_id_name_key")),
        comment="Whom the shop buys from.",
        **OPTIONS,
    )
    with op.batch_alter_table("suppliers", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_suppliers_shop_id_email_hash"), ["shop_id", "email_hash"], unique=False
        )

    op.create_table(
        "supplies",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column(
            "item_id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="0 = what holds for all items",
        ),
        sa.Column("supplier_id", sa.String(length=32), nullable=True),
        sa.Column("supplier_sku", sa.String(length=200), nullable=False),
        sa.Column("cost", sa.BigInteger(), nullable=True),
        sa.Column("lead_days", sa.Integer(), nullable=True, comment="days from order to arrival, on average"),
        sa.Column("lead_spread_days", sa.Float(), nullable=True, comment="standard deviation of them"),
        sa.Column(
            "review_days", sa.Integer(), nullable=True, comment="days between two looks at what to order"
        ),
        sa.Column("service_level", sa.Float(), nullable=True, comment="0.5 to 0.999"),
        sa.Column("moq", sa.Integer(), nullable=True, comment="smallest number of pieces of an order"),
        sa.Column("pack", sa.Integer(), nullable=True, comment="pieces come in multiples of this"),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "item_id", name=op.f("pk_supplies")),
        comment="From whom an item is bought and on what terms; null = as the supplier or the shop says.",
        **OPTIONS,
    )
    with op.batch_alter_table("supplies", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_supplies_shop_id_supplier_id"), ["shop_id", "supplier_id"], unique=False
        )
    _forecasts()


def _forecasts() -> None:
    blob = sa.LargeBinary().with_variant(mysql.MEDIUMBLOB(), "mysql", "mariadb")
    op.create_table(
        "forecasts",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column(
            "item_id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="0 = the sum of all items",
        ),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.String(length=32), nullable=False, comment="the run that made it"),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column(
            "first_day", sa.Integer(), nullable=False, comment="days since 1970-01-01, as the two below"
        ),
        sa.Column("since", sa.Integer(), nullable=False),
        sa.Column("last_sale", sa.Integer(), nullable=True),
        sa.Column("method", sa.String(length=60), nullable=False),
        sa.Column(
            "error",
            sa.Float(),
            nullable=True,
            comment="RMSSE of a backtest; null where the history is too short",
        ),
        sa.Column("naive_error", sa.Float(), nullable=True),
        sa.Column("coverage", sa.Float(), nullable=True),
        sa.Column("pieces", sa.Float(), nullable=False),
        sa.Column("notes", sa.JSON(), nullable=False, comment="list of codes"),
        sa.Column(
            "grid",
            sa.JSON(),
            nullable=False,
            comment="levels, periods, total_levels and the length of each part",
        ),
        sa.Column(
            "numbers",
            blob,
            nullable=False,
            comment="the parts one after the other, float32, little end",
        ),
        sa.PrimaryKeyConstraint("shop_id", "item_id", name=op.f("pk_forecasts")),
        comment="The newest forecast of each item, made by demand-forecast.",
        **OPTIONS,
    )


def downgrade() -> None:
    for table in (
        "forecasts", "supplies", "suppliers", "purchase_receipts", "purchase_orders", "purchase_order_lines",
        "locations", "location_stock", "forecast_overrides",
    ):  # fmt: skip
        op.drop_table(table)
