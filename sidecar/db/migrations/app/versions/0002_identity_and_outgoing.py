"""Make the tables of identity, webhooks and integrations; seal the audit's persons."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

OPTIONS: dict[str, Any] = {
    f"{d}_{k}": v
    for d in ("mysql", "mariadb")
    for k, v in (("engine", "InnoDB"), ("charset", "utf8mb4"), ("collate", "utf8mb4_bin"))
}

AUDIT_INDEXES = (("shop_id", "at"), ("shop_id", "person"), ("shop_id", "request_id"))


def upgrade() -> None:
    op.create_table(
        "audit_checkpoints",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column(
            "n", sa.BigInteger(), autoincrement=False, nullable=False, comment="the last row that was let go"
        ),
        sa.Column(
            "hash",
            sa.String(length=64),
            nullable=False,
            comment="that row's hash, from which the chain goes on",
        ),
        sa.Column("rows_let_go", sa.BigInteger(), nullable=False),
        sa.Column(
            "signature",
            sa.String(length=80),
            nullable=False,
            comment="key id and HMAC-SHA256 under that sealing key",
        ),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "n", name=op.f("pk_audit_checkpoints")),
        comment="Where the audit begins after retention; signed, so that rows cannot be dropped unseen.",
        **OPTIONS,
    )
    op.create_table(
        "audit_checks",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column("n", sa.BigInteger(), nullable=False, comment="the row up to which the audit was read"),
        sa.Column("hash", sa.String(length=64), nullable=False, comment="that row's hash"),
        sa.Column("checked_at", sa.BigInteger(), nullable=False),
        sa.Column(
            "whole_at",
            sa.BigInteger(),
            nullable=True,
            comment="when all of it was read last, not only what was new",
        ),
        sa.Column("problems", sa.JSON(), nullable=False, comment="what was wrong: [{n, what}]"),
        sa.Column("found_at", sa.BigInteger(), nullable=True, comment="when something was first found wrong"),
        sa.Column(
            "signature",
            sa.String(length=80),
            nullable=False,
            comment="key id and HMAC-SHA256 under that sealing key",
        ),
        sa.PrimaryKeyConstraint("shop_id", name=op.f("pk_audit_checks")),
        comment="How far the audit was checked; signed, so that nobody writes that it was.",
        **OPTIONS,
    )
    op.create_table(
        "audit_heads",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column("n", sa.BigInteger(), nullable=False, comment="the newest row of the audit"),
        sa.Column(
            "hash",
            sa.String(length=64),
            nullable=False,
            comment="that row's hash, from which the next one goes on",
        ),
        sa.Column(
            "signature",
            sa.String(length=80),
            nullable=False,
            comment="key id and HMAC-SHA256 under that sealing key",
        ),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", name=op.f("pk_audit_heads")),
        comment="Where the audit ends, written with each row; signed, so that no newest row can go unseen.",
        **OPTIONS,
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column(
            "key_hash",
            sa.String(length=64),
            nullable=False,
            comment="SHA-256 of who asked, for what and under which key",
        ),
        sa.Column(
            "asked",
            sa.String(length=80),
            nullable=False,
            comment="key id and HMAC-SHA256 of the request's content",
        ),
        sa.Column("target", sa.String(length=64), nullable=False, comment="id of what was made"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "key_hash", name=op.f("pk_idempotency_keys")),
        comment="Requests that made something under an Idempotency-Key: sent again, they make nothing more.",
        **OPTIONS,
    )
    with op.batch_alter_table("idempotency_keys", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_idempotency_keys_created_at"), ["created_at"], unique=False)
    op.create_table(
        "integration_calls",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column("integration_id", sa.String(length=32), nullable=False),
        sa.Column(
            "day", sa.Integer(), autoincrement=False, nullable=False, comment="UTC day, days since 1970-01-01"
        ),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("failed", sa.BigInteger(), nullable=False),
        sa.Column(
            "refused", sa.BigInteger(), nullable=False, comment="by its rate budget or its open circuit"
        ),
        sa.Column("ms", sa.BigInteger(), nullable=False, comment="milliseconds of all calls together"),
        sa.PrimaryKeyConstraint("shop_id", "integration_id", "day", name=op.f("pk_integration_calls")),
        comment="Calls to each connected service a day, for its health.",
        **OPTIONS,
    )
    op.create_table(
        "integrations",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("provider", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False, comment="oauth2, api_key or basic"),
        sa.Column("config", sa.JSON(), nullable=False, comment="addresses, client id, scopes; no secret"),
        sa.Column(
            "state", sa.String(length=16), nullable=False, comment="new, connected, failing or revoked"
        ),
        sa.Column("rate_per_minute", sa.Integer(), nullable=False),
        sa.Column("token_expires_at", sa.BigInteger(), nullable=True),
        sa.Column("last_ok_at", sa.BigInteger(), nullable=True),
        sa.Column("last_error_at", sa.BigInteger(), nullable=True),
        sa.Column("last_error", sa.String(length=300), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False, comment="in a row"),
        sa.Column("retry_at", sa.BigInteger(), nullable=True, comment="while the circuit is open"),
        sa.Column("created_by", sa.JSON(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_integrations")),
        sa.UniqueConstraint(
            "shop_id", "provider", "name", name=op.f("uq_integrations_shop_id_provider_name")
        ),
        comment="Connections to other services; credentials are sealed under `link/<id>`.",
        **OPTIONS,
    )
    op.create_table(
        "oauth_clients",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column(
            "secret_hash",
            sa.String(length=64),
            nullable=False,
            comment="SHA-256; the secret has 256 random bits",
        ),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column(
            "owner_id",
            sa.BigInteger(),
            nullable=True,
            comment="WordPress user id; the client dies with its owner's rights",
        ),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_oauth_clients")),
        sa.UniqueConstraint("id", name=op.f("uq_oauth_clients_id")),
        comment="Machines that get tokens by OAuth 2 client credentials; none of their scopes can approve.",
        **OPTIONS,
    )
    with op.batch_alter_table("oauth_clients", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_oauth_clients_shop_id_owner_id"), ["shop_id", "owner_id"], unique=False
        )

    op.create_table(
        "oauth_states",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column("state_hash", sa.String(length=64), nullable=False),
        sa.Column("integration_id", sa.String(length=32), nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column(
            "sealed",
            sa.LargeBinary()
            .with_variant(mysql.MEDIUMBLOB(), "mariadb")
            .with_variant(mysql.MEDIUMBLOB(), "mysql"),
            nullable=False,
            comment="the PKCE verifier, and who began",
        ),
        sa.Column("redirect_uri", sa.String(length=500), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "state_hash", name=op.f("pk_oauth_states")),
        comment="Authorizations under way; each state is good for one return within ten minutes.",
        **OPTIONS,
    )
    with op.batch_alter_table("oauth_states", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_oauth_states_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "person_keys",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column(
            "person",
            sa.String(length=64),
            nullable=False,
            comment="`user:<WordPress id>` or `buyer:<e-mail hash>`",
        ),
        sa.Column("key_id", sa.String(length=16), nullable=False, comment="which sealing key sealed it"),
        sa.Column(
            "sealed",
            sa.LargeBinary()
            .with_variant(mysql.MEDIUMBLOB(), "mariadb")
            .with_variant(mysql.MEDIUMBLOB(), "mysql"),
            nullable=True,
            comment="the person's key; null once erased",
        ),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("erased_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("shop_id", "person", name=op.f("pk_person_keys")),
        comment="A key for each person, under which the audit seals their personal values.",
        **OPTIONS,
    )
    op.create_table(
        "rate_windows",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column(
            "name",
            sa.String(length=160),
            nullable=False,
            comment="rule and who it counts, hashed where it is an address",
        ),
        sa.Column(
            "starts_at", sa.BigInteger(), autoincrement=False, nullable=False, comment="its first second"
        ),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "name", "starts_at", name=op.f("pk_rate_windows")),
        comment="What each caller used of its rate limit; in SQL, so that all processes agree.",
        **OPTIONS,
    )
    with op.batch_alter_table("rate_windows", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_rate_windows_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "refresh_tokens",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column(
            "token_hash",
            sa.String(length=64),
            nullable=False,
            comment="SHA-256; the token has 256 random bits",
        ),
        sa.Column("session_id", sa.String(length=32), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True, comment="a second use revokes the session"),
        sa.PrimaryKeyConstraint("shop_id", "token_hash", name=op.f("pk_refresh_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_refresh_tokens_token_hash")),
        comment="Refresh tokens; each is good for one use.",
        **OPTIONS,
    )
    with op.batch_alter_table("refresh_tokens", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_refresh_tokens_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_refresh_tokens_shop_id_session_id"), ["shop_id", "session_id"], unique=False
        )

    op.create_table(
        "sessions",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column(
            "id",
            sa.String(length=32),
            nullable=False,
            comment="the family of refresh tokens; `sid` of access tokens",
        ),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("device", sa.String(length=120), nullable=False, comment="User-Agent, shortened"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_used_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column(
            "revoked_why",
            sa.String(length=40),
            nullable=True,
            comment="logout, reuse, role, deleted, person, password",
        ),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_sessions")),
        comment="Signed-in sessions; ending one ends its access and refresh tokens at once.",
        **OPTIONS,
    )
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sessions_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_sessions_shop_id_user_id"), ["shop_id", "user_id"], unique=False)

    op.create_table(
        "signing_keys",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column("kid", sa.String(length=32), nullable=False),
        sa.Column("algorithm", sa.String(length=8), nullable=False, comment="HS256, EdDSA or RS256"),
        sa.Column("key_id", sa.String(length=16), nullable=False, comment="which sealing key sealed it"),
        sa.Column(
            "sealed",
            sa.LargeBinary()
            .with_variant(mysql.MEDIUMBLOB(), "mariadb")
            .with_variant(mysql.MEDIUMBLOB(), "mysql"),
            nullable=False,
            comment="the secret or the private key",
        ),
        sa.Column("public", sa.Text(), nullable=True, comment="PEM of the public key; null for HS256"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column(
            "retired_at",
            sa.BigInteger(),
            nullable=True,
            comment="signs no more; verifies until its last token expired",
        ),
        sa.PrimaryKeyConstraint("shop_id", "kid", name=op.f("pk_signing_keys")),
        comment="Keys that sign access tokens, by kid; shop_id is '': all shops of a sidecar share them.",
        **OPTIONS,
    )
    op.create_table(
        "users",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("login", sa.String(length=60), nullable=False, comment="lower case"),
        sa.Column(
            "wp_user_id",
            sa.BigInteger(),
            nullable=True,
            comment="the WordPress user it belongs to; null when made on the machine",
        ),
        sa.Column("role", sa.String(length=16), nullable=False, comment="sidecar.security.roles"),
        sa.Column("password_hash", sa.String(length=200), nullable=False, comment="argon2id"),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False, comment="wrong passwords in a row"),
        sa.Column("locked_until", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("last_login_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_users")),
        sa.UniqueConstraint("shop_id", "login", name=op.f("uq_users_shop_id_login")),
        comment="People who may sign in to the REST API; their tokens read and run, and never approve.",
        **OPTIONS,
    )
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_users_shop_id_wp_user_id"), ["shop_id", "wp_user_id"], unique=False
        )

    op.create_table(
        "webhook_deliveries",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("webhook_id", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False, comment="order within its subscription"),
        sa.Column("event", sa.String(length=60), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False, comment="ids and states only, no personal data"),
        sa.Column("state", sa.String(length=16), nullable=False, comment="waiting, delivered or dead"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column(
            "queued_at",
            sa.BigInteger(),
            nullable=False,
            comment="when it was put in line, last by hand: retries end 24 hours later",
        ),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True, comment="HTTP status of the last attempt"),
        sa.Column("error", sa.String(length=300), nullable=True),
        sa.Column("duration_ms", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_webhook_deliveries")),
        sa.UniqueConstraint(
            "shop_id", "webhook_id", "seq", name=op.f("uq_webhook_deliveries_shop_id_webhook_id_seq")
        ),
        comment="Each webhook message and how its delivery went.",
        **OPTIONS,
    )
    with op.batch_alter_table("webhook_deliveries", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_webhook_deliveries_shop_id_webhook_id_state_seq"),
            ["shop_id", "webhook_id", "state", "seq"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_webhook_deliveries_state_queued_at"), ["state", "queued_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_webhook_deliveries_done_at"), ["done_at"], unique=False)

    op.create_table(
        "webhook_outbox",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column(
            "id",
            sa.String(length=32),
            nullable=False,
            comment="nanosecond and chance, in hex: sorted by time",
        ),
        sa.Column("event", sa.String(length=60), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False, comment="ids and states only, no personal data"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_webhook_outbox")),
        comment="What happened and no webhook message was made of yet; written with the thing itself.",
        **OPTIONS,
    )
    with op.batch_alter_table("webhook_outbox", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_webhook_outbox_id"), ["id"], unique=False)

    op.create_table(
        "webhooks",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False, comment="names of the catalogue, or `*`"),
        sa.Column("description", sa.String(length=200), nullable=False),
        sa.Column(
            "state", sa.String(length=16), nullable=False, comment="active, paused or failing (circuit open)"
        ),
        sa.Column("rate_per_minute", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.JSON(), nullable=True, comment="the person or key that subscribed"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False, comment="failed attempts in a row"),
        sa.Column(
            "retry_at",
            sa.BigInteger(),
            nullable=True,
            comment="while the circuit is open: when one attempt may try again",
        ),
        sa.Column("next_seq", sa.BigInteger(), nullable=False),
        sa.Column("last_ok_at", sa.BigInteger(), nullable=True),
        sa.Column(
            "next_at",
            sa.BigInteger(),
            nullable=True,
            comment="when its first waiting message may be tried; null: none waits",
        ),
        sa.Column(
            "lease_owner",
            sa.String(length=80),
            nullable=True,
            comment="who sends its messages now; one at a time, for their order",
        ),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column(
            "window_at",
            sa.BigInteger(),
            nullable=True,
            comment="start of the minute that `rate_per_minute` counts",
        ),
        sa.Column("window_count", sa.Integer(), nullable=False),
        sa.Column(
            "former_until",
            sa.BigInteger(),
            nullable=True,
            comment="how long the secret before this one signs too",
        ),
        sa.Column(
            "paused_why",
            sa.String(length=20),
            nullable=True,
            comment="asked, or gone (the address answered 410)",
        ),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_webhooks")),
        comment="Subscriptions to webhooks; the secret is sealed under `webhook/<id>`.",
        **OPTIONS,
    )
    with op.batch_alter_table("webhooks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_webhooks_next_at"), ["next_at"], unique=False)

    op.create_table(
        "erased_people",
        sa.Column("shop_id", sa.String(length=36), nullable=False, comment="the shop's UUID"),
        sa.Column(
            "fingerprint",
            sa.String(length=64),
            nullable=False,
            comment="HMAC-SHA256 of e-mail hash, customer or review number under the shop's hash key",
        ),
        sa.Column("erased_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "fingerprint", name=op.f("pk_erased_people")),
        comment="Who was erased, as fingerprints: the mirror's sync leaves them out for ever.",
        **OPTIONS,
    )
    with op.batch_alter_table("api_keys", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "owner_id",
                sa.BigInteger(),
                nullable=True,
                comment="WordPress user id; the key dies with its owner's rights",
            )
        )
        batch_op.add_column(
            sa.Column(
                "networks",
                sa.JSON(),
                nullable=True,
                comment="addresses it may come from, as CIDR; null = any",
            )
        )
        batch_op.create_index(
            batch_op.f("ix_api_keys_shop_id_owner_id"), ["shop_id", "owner_id"], unique=False
        )

    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("person", sa.String(length=64), nullable=True, comment="whose key sealed `sealed`")
        )
        batch_op.add_column(
            sa.Column(
                "sealed",
                sa.Text()
                .with_variant(mysql.MEDIUMTEXT(), "mariadb")
                .with_variant(mysql.MEDIUMTEXT(), "mysql"),
                nullable=True,
                comment="personal values of the row, base64url; the hash covers this form",
            )
        )
        batch_op.add_column(
            sa.Column(
                "form", sa.Integer(), nullable=True, comment="which rule its hash follows; null = the first"
            )
        )
        batch_op.add_column(
            sa.Column(
                "was",
                sa.JSON(none_as_null=True),
                nullable=True,
                comment="what stood there before, where a value was changed",
            )
        )
        batch_op.add_column(
            sa.Column("became", sa.JSON(none_as_null=True), nullable=True, comment="what stands there since")
        )
        batch_op.add_column(
            sa.Column("failed", sa.Boolean(), nullable=True, comment="whether it failed or was refused")
        )
        for columns in AUDIT_INDEXES:
            name = batch_op.f("ix_audit_" + "_".join(columns))
            batch_op.create_index(name, list(columns), unique=False)


def downgrade() -> None:
    with op.batch_alter_table("audit", schema=None) as batch_op:
        for columns in AUDIT_INDEXES:
            batch_op.drop_index(batch_op.f("ix_audit_" + "_".join(columns)))
        for name in ("failed", "became", "was", "form"):
            batch_op.drop_column(name)
        batch_op.drop_column("sealed")
        batch_op.drop_column("person")

    with op.batch_alter_table("api_keys", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_api_keys_shop_id_owner_id"))
        batch_op.drop_column("networks")
        batch_op.drop_column("owner_id")

    for table in (
        "webhooks", "webhook_outbox", "webhook_deliveries", "users", "signing_keys", "sessions",
        "refresh_tokens",
        "rate_windows", "person_keys", "oauth_states", "oauth_clients", "integrations", "integration_calls",
        "audit_checkpoints", "audit_checks", "audit_heads", "idempotency_keys",
    ):  # fmt: skip
        op.drop_table(table)
