"""Tables of what leaves the sidecar: webhooks and connections to other services.

Part of the `app` database, with its column rules. Their secrets stand sealed in `secrets`.
"""

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, String, UniqueConstraint

from sidecar.db.app import app
from sidecar.db.types import LongBlob, shop_table, time

webhooks = shop_table(
    "webhooks",
    app,
    Column("id", String(32), primary_key=True),
    Column("url", String(500), nullable=False),
    Column("events", JSON, nullable=False, comment="names of the catalogue, or `*`"),
    Column("description", String(200), nullable=False, default=""),
    Column("state", String(16), nullable=False, comment="active, paused or failing (circuit open)"),
    Column("rate_per_minute", Integer, nullable=False),
    Column("created_by", JSON, comment="the person or key that subscribed"),
    time("created_at"),
    Column("failures", Integer, nullable=False, default=0, comment="failed attempts in a row"),
    time("retry_at", null=True, comment="while the circuit is open: when one attempt may try again"),
    Column("next_seq", BigInteger, nullable=False, default=1),
    time("last_ok_at", null=True),
    time("next_at", null=True, comment="when its first waiting message may be tried; null: none waits"),
    Column("lease_owner", String(80), comment="who sends its messages now; one at a time, for their order"),
    time("lease_until", null=True),
    time("window_at", null=True, comment="start of the minute that `rate_per_minute` counts"),
    Column("window_count", Integer, nullable=False, default=0),
    time("former_until", null=True, comment="how long the secret before this one signs too"),
    Column("paused_why", String(20), comment="asked, or gone (the address answered 410)"),
    Index(None, "next_at"),
    comment="Subscriptions to webhooks; the secret is sealed under `webhook/<id>`.",
    privacy='who subscribed (staff, replaced by "erased"); the address of a system of the shop',
)

webhook_deliveries = shop_table(
    "webhook_deliveries",
    app,
    Column("id", String(32), primary_key=True),
    Column("webhook_id", String(32), nullable=False),
    Column("seq", BigInteger, nullable=False, comment="order within its subscription"),
    Column("event", String(60), nullable=False),
    Column("payload", JSON, nullable=False, comment="ids and states only, no personal data"),
    Column("state", String(16), nullable=False, comment="waiting, delivered or dead"),
    Column("attempts", Integer, nullable=False, default=0),
    time("next_at"),
    time("created_at"),
    time("queued_at", comment="when it was put in line, last by hand: retries end 24 hours later"),
    time("done_at", null=True),
    Column("status", Integer, comment="HTTP status of the last attempt"),
    Column("error", String(300)),
    Column("duration_ms", Integer),
    UniqueConstraint("shop_id", "webhook_id", "seq"),
    Index(None, "shop_id", "webhook_id", "state", "seq"),
    Index(None, "state", "queued_at"),
    Index(None, "done_at"),
    comment="Each webhook message and how its delivery went.",
    privacy="none; payloads hold ids and states only",
)

webhook_outbox = shop_table(
    "webhook_outbox",
    app,
    Column("id", String(32), primary_key=True, comment="nanosecond and chance, in hex: sorted by time"),
    Column("event", String(60), nullable=False),
    Column("data", JSON, nullable=False, comment="ids and states only, no personal data"),
    time("created_at"),
    Index(None, "id"),
    comment="What happened and no webhook message was made of yet; written with the thing itself.",
    privacy="none; holds ids and states only",
)

integrations = shop_table(
    "integrations",
    app,
    Column("id", String(32), primary_key=True),
    Column("provider", String(60), nullable=False),
    Column("name", String(100), nullable=False),
    Column("kind", String(16), nullable=False, comment="oauth2, api_key or basic"),
    Column("config", JSON, nullable=False, comment="addresses, client id, scopes; no secret"),
    Column("state", String(16), nullable=False, comment="new, connected, failing or revoked"),
    Column("rate_per_minute", Integer, nullable=False),
    time("token_expires_at", null=True),
    time("last_ok_at", null=True),
    time("last_error_at", null=True),
    Column("last_error", String(300)),
    Column("failures", Integer, nullable=False, default=0, comment="in a row"),
    time("retry_at", null=True, comment="while the circuit is open"),
    Column("created_by", JSON),
    time("created_at"),
    time("updated_at"),
    UniqueConstraint("shop_id", "provider", "name"),
    comment="Connections to other services; credentials are sealed under `link/<id>`.",
    privacy='who connected it (staff, replaced by "erased")',
)

oauth_states = shop_table(
    "oauth_states",
    app,
    Column("state_hash", String(64), primary_key=True),
    Column("integration_id", String(32), nullable=False),
    Column("key_id", String(16), nullable=False),
    Column("sealed", LongBlob, nullable=False, comment="the PKCE verifier, and who began"),
    Column("redirect_uri", String(500), nullable=False),
    time("created_at"),
    time("expires_at"),
    Index(None, "expires_at"),
    comment="Authorizations under way; each state is good for one return within ten minutes.",
    privacy="none readable; who began it (staff) is sealed in, and goes with the row within a day",
)

integration_calls = shop_table(
    "integration_calls",
    app,
    Column("integration_id", String(32), primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False, comment="UTC day, days since 1970-01-01"),
    Column("calls", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False, comment="by its rate budget or its open circuit"),
    Column("ms", BigInteger, nullable=False, comment="milliseconds of all calls together"),
    comment="Calls to each connected service a day, for its health.",
    privacy="none",
)
