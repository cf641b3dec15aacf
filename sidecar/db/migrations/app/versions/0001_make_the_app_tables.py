"""Make the app tables."""

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
        "acts",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column("change_id", sa.String(length=48), nullable=False),
        sa.Column("resource", sa.String(length=190), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False, comment="doing, done or failed"),
        sa.Column("result", sa.JSON(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "change_id", name=op.f("pk_acts")),
        comment="Acts of the sidecar; the row is written first, so that each is done at most once.",
        **OPTIONS,
    )
    op.create_table(
        "agent_settings",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column("agent", sa.String(length=80), nullable=False),
        sa.Column(
            "enabled", sa.Boolean(), nullable=True, comment="null = the agent's default, as the two below"
        ),
        sa.Column("schedule", sa.String(length=80), nullable=True),
        sa.Column("input", sa.JSON(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_by", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("shop_id", "agent", name=op.f("pk_agent_settings")),
        comment="What the owner set for an agent; overrides its declaration.",
        **OPTIONS,
    )
    op.create_table(
        "api_keys",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column(
            "secret_hash",
            sa.String(length=64),
            nullable=False,
            comment="SHA-256; the secret has 256 random bits",
        ),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("id", name=op.f("uq_api_keys_id")),
        comment="API keys dsk_<id>_<secret>; none of their scopes can approve.",
        **OPTIONS,
    )
    op.create_table(
        "audit",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column("n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.JSON(), nullable=True),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("target", sa.String(length=200), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=True),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "n", name=op.f("pk_audit")),
        comment="Append-only record of what people and keys did; each row's hash covers the one before.",
        **OPTIONS,
    )
    op.create_table(
        "debounce",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column("agent", sa.String(length=80), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("cause", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "agent", name=op.f("pk_debounce")),
        comment="Agents that events woke and that wait a moment for more events.",
        **OPTIONS,
    )
    with op.batch_alter_table("debounce", schema=None) as batch_op:
        batch_op.create_index(op.f("ix_debounce_due_at"), ["due_at"], unique=False)

    op.create_table(
        "errors",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.String(length=80), nullable=False, comment="`where` on the wire"),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("hint", sa.Text(), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_errors")),
        comment="Last errors, for the Status page.",
        **OPTIONS,
    )
    with op.batch_alter_table("errors", schema=None) as batch_op:
        batch_op.create_index(op.f("ix_errors_shop_id_at"), ["shop_id", "at"], unique=False)

    op.create_table(
        "events",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("resource", sa.String(length=20), nullable=False),
        sa.Column("resource_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.String(length=48), nullable=True, comment="the change id that caused it"),
        sa.Column("version", sa.String(length=64), nullable=True),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False, comment="stored, done or failed"),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_events")),
        comment="Events as they came in; the id makes a second delivery a duplicate.",
        **OPTIONS,
    )
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.create_index(op.f("ix_events_shop_id_received_at"), ["shop_id", "received_at"], unique=False)
        batch_op.create_index(op.f("ix_events_shop_id_state_seq"), ["shop_id", "state", "seq"], unique=False)

    op.create_table(
        "jobs",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False, comment="protocol section 4"),
        sa.Column("args", sa.JSON(), nullable=False),
        sa.Column(
            "unique_key",
            sa.String(length=190),
            nullable=True,
            comment="no second job while set; null once it ended",
        ),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=True),
        sa.Column("lease_owner", sa.String(length=80), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("result", sa.JSON(), nullable=True),
        sa.Column("error", sa.JSON(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("enqueued_at", sa.BigInteger(), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_jobs")),
        sa.UniqueConstraint("shop_id", "unique_key", name=op.f("uq_jobs_shop_id_unique_key")),
        comment="The truth about background work; the queue only carries the id.",
        **OPTIONS,
    )
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.create_index(op.f("ix_jobs_state_not_before"), ["state", "not_before"], unique=False)

    op.create_table(
        "leases",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("owner", sa.String(length=80), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "name", name=op.f("pk_leases")),
        comment="Who may do a thing alone and until when; shop_id is '' for the whole sidecar.",
        **OPTIONS,
    )
    op.create_table(
        "nonces",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column("jti", sa.String(length=32), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "jti", name=op.f("pk_nonces")),
        comment="Token ids that were used; a second use is refused in every process.",
        **OPTIONS,
    )
    with op.batch_alter_table("nonces", schema=None) as batch_op:
        batch_op.create_index(op.f("ix_nonces_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "pairing_codes",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False, comment="wrong codes sent while this one was open"),
        sa.PrimaryKeyConstraint("shop_id", "code_hash", name=op.f("pk_pairing_codes")),
        comment="One-use pairing codes, hashed. Before pairing there is no shop: shop_id is '' here.",
        **OPTIONS,
    )
    op.create_table(
        "price_history",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column(
            "item_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="product or variation id"
        ),
        sa.Column("at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("regular_price", sa.BigInteger(), nullable=True),
        sa.Column("sale_price", sa.BigInteger(), nullable=True),
        sa.Column("price", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("shop_id", "item_id", "at", name=op.f("pk_price_history")),
        comment="Prices as seen by a sync or an event, a row per change; WooCommerce keeps none.",
        **OPTIONS,
    )
    op.create_table(
        "proposal_history",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column("proposal_id", sa.String(length=32), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("from_state", sa.String(length=16), nullable=True),
        sa.Column("to_state", sa.String(length=16), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.JSON(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("shop_id", "proposal_id", "n", name=op.f("pk_proposal_history")),
        comment="Each step of a proposal through its states.",
        **OPTIONS,
    )
    op.create_table(
        "proposal_open",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column("resource", sa.String(length=190), nullable=False),
        sa.Column("path", sa.String(length=190), nullable=False),
        sa.Column("proposal_id", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "resource", "path", name=op.f("pk_proposal_open")),
        comment="One open proposal per (resource, path); its rows go when it closes.",
        **OPTIONS,
    )
    with op.batch_alter_table("proposal_open", schema=None) as batch_op:
        batch_op.create_index(
            op.f("ix_proposal_open_shop_id_proposal_id"), ["shop_id", "proposal_id"], unique=False
        )

    op.create_table(
        "proposal_targets",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column("proposal_id", sa.String(length=32), nullable=False),
        sa.Column("resource", sa.String(length=190), nullable=False),
        sa.Column("path", sa.String(length=190), nullable=False),
        sa.PrimaryKeyConstraint(
            "shop_id", "proposal_id", "resource", "path", name=op.f("pk_proposal_targets")
        ),
        comment="Every (resource, path) a proposal ever aimed at, for the cool-down.",
        **OPTIONS,
    )
    with op.batch_alter_table("proposal_targets", schema=None) as batch_op:
        batch_op.create_index(
            op.f("ix_proposal_targets_shop_id_resource_path"), ["shop_id", "resource", "path"], unique=False
        )

    op.create_table(
        "proposals",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("agent", sa.String(length=80), nullable=False),
        sa.Column("family", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False, comment="protocol section 7"),
        sa.Column("risk", sa.String(length=8), nullable=False),
        sa.Column("risk_rank", sa.Integer(), nullable=False, comment="1 low, 2 medium, 3 high; to sort by"),
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("snoozed_until", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("decided_by", sa.JSON(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("outcome", sa.JSON(), nullable=True, comment="as the plugin posted it"),
        sa.Column("outcome_at", sa.BigInteger(), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.JSON(), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("undoable", sa.Boolean(), nullable=False),
        sa.Column("effect", sa.Float(), nullable=True, comment="evidence.effect.value; to sort by"),
        sa.Column("position", sa.Integer(), nullable=False, comment="place in its run; the best is first"),
        sa.Column(
            "search", sa.String(length=500), nullable=False, comment="title and subject, lower case; for q="
        ),
        sa.Column("superseded_by", sa.String(length=32), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_proposals")),
        comment="Proposals; changes never change, a later run of the same ones renews the evidence.",
        **OPTIONS,
    )
    with op.batch_alter_table("proposals", schema=None) as batch_op:
        batch_op.create_index(
            op.f("ix_proposals_shop_id_agent_created_at"), ["shop_id", "agent", "created_at"], unique=False
        )
        batch_op.create_index(op.f("ix_proposals_shop_id_run_id"), ["shop_id", "run_id"], unique=False)
        batch_op.create_index(
            op.f("ix_proposals_shop_id_state_created_at"), ["shop_id", "state", "created_at"], unique=False
        )

    op.create_table(
        "run_log",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("level", sa.String(length=10), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "run_id", "n", name=op.f("pk_run_log")),
        comment="What a run said, in order.",
        **OPTIONS,
    )
    op.create_table(
        "runs",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("agent", sa.String(length=80), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False, comment="protocol section 4"),
        sa.Column(
            "trigger", sa.String(length=80), nullable=False, comment="person, schedule, event, api, cli, …"
        ),
        sa.Column("who", sa.JSON(), nullable=True, comment="the person or key that asked"),
        sa.Column("input", sa.JSON(), nullable=False),
        sa.Column("output", sa.JSON(), nullable=True),
        sa.Column("error", sa.JSON(), nullable=True),
        sa.Column("progress_done", sa.BigInteger(), nullable=False),
        sa.Column("progress_total", sa.BigInteger(), nullable=True),
        sa.Column("progress_label", sa.String(length=200), nullable=True),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=True, comment="the mirror generation it saw"),
        sa.Column("seed", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sa.String(length=80), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("duration_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_runs")),
        comment="The truth about every agent run; the job queue only carries its id.",
        **OPTIONS,
    )
    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.create_index(
            op.f("ix_runs_shop_id_agent_created_at"), ["shop_id", "agent", "created_at"], unique=False
        )
        batch_op.create_index(
            op.f("ix_runs_shop_id_state_created_at"), ["shop_id", "state", "created_at"], unique=False
        )

    op.create_table(
        "schedule_fires",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column("agent", sa.String(length=80), nullable=False),
        sa.Column("fire_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("job_id", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("shop_id", "agent", "fire_at", name=op.f("pk_schedule_fires")),
        comment="Firings that happened: a schedule fires once per moment, whichever process sees it.",
        **OPTIONS,
    )
    op.create_table(
        "schedules",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column(
            "agent", sa.String(length=80), nullable=False, comment="an agent, or a chore such as _reconcile"
        ),
        sa.Column("schedule", sa.String(length=80), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("shop_id", "agent", name=op.f("pk_schedules")),
        comment="When each schedule fires next.",
        **OPTIONS,
    )
    with op.batch_alter_table("schedules", schema=None) as batch_op:
        batch_op.create_index(op.f("ix_schedules_next_at"), ["next_at"], unique=False)

    op.create_table(
        "secrets",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column(
            "name", sa.String(length=40), nullable=False, comment="signing, hash_key or woocommerce_key"
        ),
        sa.Column("key_id", sa.String(length=16), nullable=False, comment="which sealing key sealed it"),
        sa.Column(
            "sealed",
            sa.LargeBinary()
            .with_variant(mysql.MEDIUMBLOB(), "mariadb")
            .with_variant(mysql.MEDIUMBLOB(), "mysql"),
            nullable=False,
            comment="12 bytes nonce, then AES-256-GCM text with tag",
        ),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "name", name=op.f("pk_secrets")),
        comment="Secrets of a shop, sealed; AAD is shop_id and name, so a row cannot be moved.",
        **OPTIONS,
    )
    op.create_table(
        "seen_days",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column(
            "day",
            sa.Integer(),
            autoincrement=False,
            nullable=False,
            comment="the shop's calendar day, days since 1970-01-01",
        ),
        sa.PrimaryKeyConstraint("shop_id", "day", name=op.f("pk_seen_days")),
        comment="Days on which the shop was read: stock between two changes is known only for these.",
        **OPTIONS,
    )
    op.create_table(
        "shops",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column("site_id", sa.String(length=36), nullable=False),
        sa.Column(
            "home_url", sa.String(length=500), nullable=False, comment="pinned; without trailing slash"
        ),
        sa.Column(
            "rest_url",
            sa.String(length=500),
            nullable=False,
            comment="as the plugin gave it; may be the ?rest_route= form",
        ),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False, comment="paired, unpaired or site_changed"),
        sa.Column(
            "seen_home_url",
            sa.String(length=500),
            nullable=True,
            comment="the home URL that did not match, while state is site_changed",
        ),
        sa.Column(
            "facts",
            sa.JSON(),
            nullable=False,
            comment="currency, decimals, timezone, … as in the pairing request",
        ),
        sa.Column("versions", sa.JSON(), nullable=False),
        sa.Column("paired_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=True, comment="last accepted request"),
        sa.PrimaryKeyConstraint("shop_id", name=op.f("pk_shops")),
        sa.UniqueConstraint("site_id", name=op.f("uq_shops_site_id")),
        comment="One row per paired WordPress site.",
        **OPTIONS,
    )
    op.create_table(
        "stock_history",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column(
            "item_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="product or variation id"
        ),
        sa.Column("at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("quantity", sa.Float(), nullable=True, comment="null when the shop does not count it"),
        sa.Column("in_stock", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "item_id", "at", name=op.f("pk_stock_history")),
        comment="Stock as seen by a sync or an event, a row per change; WooCommerce keeps none.",
        **OPTIONS,
    )


def downgrade() -> None:
    op.drop_table("stock_history")
    op.drop_table("shops")
    op.drop_table("seen_days")
    op.drop_table("secrets")
    with op.batch_alter_table("schedules", schema=None) as batch_op:
        batch_op.drop_index(op.f("ix_schedules_next_at"))

    op.drop_table("schedules")
    op.drop_table("schedule_fires")
    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.drop_index(op.f("ix_runs_shop_id_state_created_at"))
        batch_op.drop_index(op.f("ix_runs_shop_id_agent_created_at"))

    op.drop_table("runs")
    op.drop_table("run_log")
    with op.batch_alter_table("proposals", schema=None) as batch_op:
        batch_op.drop_index(op.f("ix_proposals_shop_id_state_created_at"))
        batch_op.drop_index(op.f("ix_proposals_shop_id_run_id"))
        batch_op.drop_index(op.f("ix_proposals_shop_id_agent_created_at"))

    op.drop_table("proposals")
    with op.batch_alter_table("proposal_targets", schema=None) as batch_op:
        batch_op.drop_index(op.f("ix_proposal_targets_shop_id_resource_path"))

    op.drop_table("proposal_targets")
    with op.batch_alter_table("proposal_open", schema=None) as batch_op:
        batch_op.drop_index(op.f("ix_proposal_open_shop_id_proposal_id"))

    op.drop_table("proposal_open")
    op.drop_table("proposal_history")
    op.drop_table("price_history")
    op.drop_table("pairing_codes")
    with op.batch_alter_table("nonces", schema=None) as batch_op:
        batch_op.drop_index(op.f("ix_nonces_expires_at"))

    op.drop_table("nonces")
    op.drop_table("leases")
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.drop_index(op.f("ix_jobs_state_not_before"))

    op.drop_table("jobs")
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.drop_index(op.f("ix_events_shop_id_state_seq"))
        batch_op.drop_index(op.f("ix_events_shop_id_received_at"))

    op.drop_table("events")
    with op.batch_alter_table("errors", schema=None) as batch_op:
        batch_op.drop_index(op.f("ix_errors_shop_id_at"))

    op.drop_table("errors")
    with op.batch_alter_table("debounce", schema=None) as batch_op:
        batch_op.drop_index(op.f("ix_debounce_due_at"))

    op.drop_table("debounce")
    op.drop_table("audit")
    op.drop_table("api_keys")
    op.drop_table("agent_settings")
    op.drop_table("acts")
