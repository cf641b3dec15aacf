"""Index runs and proposals by their age alone: lists begin with the newest of all agents and states."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = ("runs", "proposals")


def upgrade() -> None:
    for table in TABLES:
        op.create_index(f"ix_{table}_shop_id_created_at", table, ["shop_id", "created_at"])


def downgrade() -> None:
    for table in TABLES:
        op.drop_index(f"ix_{table}_shop_id_created_at", table)
