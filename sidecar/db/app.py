"""Tables of the `app` database: everything the sidecar owns and could not read again from the shop.

All times are UTC epoch seconds, money is in 1/10,000 (see `types`). Values that only travel
(evidence, outcomes, facts) are JSON.
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

from sidecar.db.types import LongBlob, LongText, metadata, money, shop_table, time

app = metadata()

shops = shop_table(
    "shops",
    app,
    Column("site_id", String(36), nullable=False, unique=True),
    Column("home_url", String(500), nullable=False, comment="pinned; without trailing slash"),
    Column(
        "rest_url", String(500), nullable=False, comment="as the plugin gave it; may be the ?rest_route= form"
    ),
    Column("name", String(200), nullable=False),
    Column("state", String(16), nullable=False, comment="paired, unpaired or site_changed"),
    Column(
        "seen_home_url", String(500), comment="the home URL that did not match, while state is site_changed"
    ),
    Column(
        "facts", JSON, nullable=False, comment="currency, decimals, timezone, … as in the pairing request"
    ),
    Column("versions", JSON, nullable=False),
    time("paired_at"),
    time("seen_at", null=True, comment="last accepted request"),
    comment="One row per paired WordPress site.",
    privacy="none; name and address of the shop itself",
)

secrets = shop_table(
    "secrets",
    app,
    Column("name", String(40), primary_key=True, comment="signing, hash_key or woocommerce_key"),
    Column("key_id", String(16), nullable=False, comment="which sealing key sealed it"),
    Column("sealed", LongBlob, nullable=False, comment="12 bytes nonce, then AES-256-GCM text with tag"),
    time("updated_at"),
    comment="Secrets of a shop, sealed; AAD is shop_id and name, so a row cannot be moved.",
    privacy="none; keys of the shop, sealed",
)

pairing_codes = shop_table(
    "pairing_codes",
    app,
    Column("code_hash", String(64), primary_key=True),
    time("created_at"),
    time("expires_at"),
    time("used_at", null=True),
    Column("tries", Integer, nullable=False, default=0, comment="wrong codes sent while this one was open"),
    comment="One-use pairing codes, hashed. Before pairing there is no shop: shop_id is '' here.",
    privacy="none",
)

nonces = shop_table(
    "nonces",
    app,
    Column("jti", String(32), primary_key=True),
    time("expires_at"),
    Index(None, "expires_at"),
    comment="Token ids that were used; a second use is refused in every process.",
    privacy="none",
)

api_keys = shop_table(
    "api_keys",
    app,
    Column("id", String(16), primary_key=True),
    Column("name", String(100), nullable=False),
    Column("secret_hash", String(64), nullable=False, comment="SHA-256; the secret has 256 random bits"),
    Column("scopes", JSON, nullable=False),
    time("created_at"),
    time("expires_at", null=True),
    time("revoked_at", null=True),
    time("last_used_at", null=True),
    Column("owner_id", BigInteger, comment="WordPress user id; the key dies with its owner's rights"),
    Column("networks", JSON, comment="addresses it may come from, as CIDR; null = any"),
    UniqueConstraint("id"),
    Index(None, "shop_id", "owner_id"),
    comment="API keys dsk_<id>_<secret>; none of their scopes can approve.",
    privacy="name and WordPress user id of its owner (staff); the row is deleted on erasure",
)

agent_settings = shop_table(
    "agent_settings",
    app,
    Column("agent", String(80), primary_key=True),
    Column("enabled", Boolean, comment="null = the agent's default, as the two below"),
    Column("schedule", String(80)),
    Column("input", JSON),
    time("updated_at"),
    Column("updated_by", JSON),
    comment="What the owner set for an agent; overrides its declaration.",
    privacy='who set it (staff, replaced by "erased"); the input may name a person (taken out of it)',
)

runs = shop_table(
    "runs",
    app,
    Column("id", String(32), primary_key=True),
    Column("agent", String(80), nullable=False),
    Column("title", String(200), nullable=False),
    Column("state", String(16), nullable=False, comment="protocol section 4"),
    Column("trigger", String(80), nullable=False, comment="person, schedule, event, api, cli, …"),
    Column("who", JSON, comment="the person or key that asked"),
    Column("input", JSON, nullable=False),
    Column("output", JSON),
    Column("error", JSON),
    Column("progress_done", BigInteger, nullable=False, default=0),
    Column("progress_total", BigInteger),
    Column("progress_label", String(200)),
    Column("cancel_requested", Boolean, nullable=False, default=False),
    Column("generation", BigInteger, comment="the mirror generation it saw"),
    Column("seed", BigInteger),
    Column("attempts", Integer, nullable=False, default=0),
    Column("lease_owner", String(80)),
    time("lease_until", null=True),
    time("created_at"),
    time("started_at", null=True),
    time("finished_at", null=True),
    Column("duration_ms", BigInteger),
    Index(None, "shop_id", "state", "created_at"),
    Index(None, "shop_id", "agent", "created_at"),
    Index(None, "shop_id", "created_at"),
    comment="The truth about every agent run; the job queue only carries its id.",
    privacy='who asked (staff, replaced by "erased"); input, output and error may name a person (taken out)',
)

run_log = shop_table(
    "run_log",
    app,
    Column("run_id", String(32), primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    time("at"),
    Column("level", String(10), nullable=False),
    Column("message", Text, nullable=False),
    comment="What a run said, in order.",
    privacy="lines may name a person (taken out of the text)",
)

proposals = shop_table(
    "proposals",
    app,
    Column("id", String(32), primary_key=True),
    Column("agent", String(80), nullable=False),
    Column("family", String(40), nullable=False),
    Column("title", String(300), nullable=False),
    Column("state", String(16), nullable=False, comment="protocol section 7"),
    Column("risk", String(8), nullable=False),
    Column("risk_rank", Integer, nullable=False, comment="1 low, 2 medium, 3 high; to sort by"),
    Column("run_id", String(32), nullable=False),
    time("created_at"),
    time("expires_at"),
    time("snoozed_until", null=True),
    time("decided_at", null=True),
    Column("decided_by", JSON),
    Column("reason", Text),
    Column("outcome", JSON, comment="as the plugin posted it"),
    time("outcome_at", null=True),
    Column("digest", String(64), nullable=False),
    Column("subject", JSON, nullable=False),
    Column("changes", JSON, nullable=False),
    Column("evidence", JSON, nullable=False),
    Column("undoable", Boolean, nullable=False),
    Column("effect", Float, comment="evidence.effect.value; to sort by"),
    Column("position", Integer, nullable=False, default=0, comment="place in its run; the best is first"),
    Column(
        "search", String(500), nullable=False, default="", comment="title and subject, lower case; for q="
    ),
    Column("superseded_by", String(32)),
    time("updated_at"),
    Index(None, "shop_id", "state", "created_at"),
    Index(None, "shop_id", "agent", "created_at"),
    Index(None, "shop_id", "created_at"),
    Index(None, "shop_id", "run_id"),
    comment="Proposals; changes never change, a later run of the same ones renews the evidence.",
    privacy='who decided (staff, replaced by "erased"); texts, evidence and changes may name a person '
    "(taken out)",
)

proposal_open = shop_table(
    "proposal_open",
    app,
    Column("resource", String(190), primary_key=True),
    Column("path", String(190), primary_key=True),
    Column("proposal_id", String(32), nullable=False),
    Index(None, "shop_id", "proposal_id"),
    comment="One open proposal per (resource, path); its rows go when it closes.",
    privacy="the resource may be a customer; the row is deleted on erasure",
)

proposal_targets = shop_table(
    "proposal_targets",
    app,
    Column("proposal_id", String(32), primary_key=True),
    Column("resource", String(190), primary_key=True),
    Column("path", String(190), primary_key=True),
    Index(None, "shop_id", "resource", "path"),
    comment="Every (resource, path) a proposal ever aimed at, for the cool-down.",
    privacy="the resource may be a customer; the row is deleted on erasure",
)

proposal_history = shop_table(
    "proposal_history",
    app,
    Column("proposal_id", String(32), primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("from_state", String(16)),
    Column("to_state", String(16), nullable=False),
    time("at"),
    Column("who", JSON),
    Column("note", Text),
    comment="Each step of a proposal through its states.",
    privacy='who made the step (staff, replaced by "erased"); the note may name a person (taken out)',
)

acts = shop_table(
    "acts",
    app,
    Column("change_id", String(48), primary_key=True),
    Column("resource", String(190), nullable=False),
    Column("state", String(16), nullable=False, comment="doing, done or failed"),
    Column("result", JSON),
    time("at"),
    comment="Acts of the sidecar; the row is written first, so that each is done at most once.",
    privacy="resource and result may name a person (taken out)",
)

events = shop_table(
    "events",
    app,
    Column("id", String(36), primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("type", String(40), nullable=False),
    Column("resource", String(20), nullable=False),
    Column("resource_id", BigInteger, nullable=False),
    time("at"),
    Column("origin", String(48), comment="the change id that caused it"),
    Column("version", String(64)),
    time("received_at"),
    Column("state", String(16), nullable=False, comment="stored, done or failed"),
    time("done_at", null=True),
    Column("attempts", Integer, nullable=False, default=0),
    Column("error", JSON),
    Index(None, "shop_id", "state", "seq"),
    Index(None, "shop_id", "received_at"),
    comment="Events as they came in; the id makes a second delivery a duplicate.",
    privacy="numbers of customers and orders; events of the person's are deleted on erasure",
)

debounce = shop_table(
    "debounce",
    app,
    Column("agent", String(80), primary_key=True),
    time("due_at"),
    time("first_at"),
    Column("count", Integer, nullable=False),
    Column("cause", JSON, nullable=False),
    Index(None, "due_at"),
    comment="Agents that events woke and that wait a moment for more events.",
    privacy="the number of a customer, for a minute; replaced by 0 on erasure",
)

schedules = shop_table(
    "schedules",
    app,
    Column("agent", String(80), primary_key=True, comment="an agent, or a chore such as _reconcile"),
    Column("schedule", String(80), nullable=False),
    time("next_at"),
    time("last_at", null=True),
    Index(None, "next_at"),
    comment="When each schedule fires next.",
    privacy="none",
)

schedule_fires = shop_table(
    "schedule_fires",
    app,
    Column("agent", String(80), primary_key=True),
    Column("fire_at", BigInteger, primary_key=True, autoincrement=False),
    time("at"),
    Column("job_id", String(32)),
    comment="Firings that happened: a schedule fires once per moment, whichever process sees it.",
    privacy="none",
)

jobs = shop_table(
    "jobs",
    app,
    Column("id", String(32), primary_key=True),
    Column("kind", String(40), nullable=False),
    Column("title", String(200), nullable=False, default=""),
    Column("state", String(16), nullable=False, comment="protocol section 4"),
    Column("args", JSON, nullable=False),
    Column("unique_key", String(190), comment="no second job while set; null once it ended"),
    Column("attempts", Integer, nullable=False, default=0),
    time("not_before", null=True),
    Column("lease_owner", String(80)),
    time("lease_until", null=True),
    Column("result", JSON),
    Column("error", JSON),
    time("created_at"),
    time("enqueued_at", null=True),
    time("started_at", null=True),
    time("finished_at", null=True),
    UniqueConstraint("shop_id", "unique_key"),
    Index(None, "state", "not_before"),
    comment="The truth about background work; the queue only carries the id.",
    privacy="arguments, result and error may name a person (taken out)",
)

leases = shop_table(
    "leases",
    app,
    Column("name", String(80), primary_key=True),
    Column("owner", String(80), nullable=False),
    time("until"),
    comment="Who may do a thing alone and until when; shop_id is '' for the whole sidecar.",
    privacy="none",
)

audit = shop_table(
    "audit",
    app,
    Column("n", BigInteger, primary_key=True, autoincrement=False),
    time("at"),
    Column("who", JSON),
    Column("person", String(64), comment="whose key sealed `sealed`"),
    Column("sealed", LongText, comment="personal values of the row, base64url; the hash covers this form"),
    Column("action", String(60), nullable=False),
    Column("target", String(200), nullable=False, default=""),
    Column("detail", JSON, nullable=False),
    Column("request_id", String(64)),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("form", Integer, comment="which rule its hash follows; null = the first"),
    Column("was", JSON(none_as_null=True), comment="what stood there before, where a value was changed"),
    Column("became", JSON(none_as_null=True), comment="what stands there since"),
    Column("failed", Boolean, comment="whether it failed or was refused"),
    Index(None, "shop_id", "at"),
    Index(None, "shop_id", "person"),
    Index(None, "shop_id", "request_id"),
    comment="Append-only record of what people and keys did; each row's hash covers the one before.",
    privacy="login, name and address of people, also the network address that a failed sign-in came from, "
    "sealed under each person's own key, which erasure destroys; "
    "WordPress user ids stay",
)

errors = shop_table(
    "errors",
    app,
    Column("id", String(32), primary_key=True),
    time("at"),
    Column("place", String(80), nullable=False, comment="`where` on the wire"),
    Column("code", String(60), nullable=False),
    Column("message", Text, nullable=False),
    Column("hint", Text, nullable=False, default=""),
    Column("request_id", String(64)),
    Index(None, "shop_id", "at"),
    comment="Last errors, for the Status page.",
    privacy="message and hint may name a person (taken out of the text)",
)

stock_history = shop_table(
    "stock_history",
    app,
    Column("item_id", BigInteger, primary_key=True, autoincrement=False, comment="product or variation id"),
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    Column("quantity", Float, comment="null when the shop does not count it"),
    Column("in_stock", Boolean, nullable=False),
    comment="Stock as seen by a sync or an event, a row per change; WooCommerce keeps none.",
    privacy="none",
)

price_history = shop_table(
    "price_history",
    app,
    Column("item_id", BigInteger, primary_key=True, autoincrement=False, comment="product or variation id"),
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    money("regular_price"),
    money("sale_price"),
    money("price"),
    comment="Prices as seen by a sync or an event, a row per change; WooCommerce keeps none.",
    privacy="none",
)

seen_days = shop_table(
    "seen_days",
    app,
    Column(
        "day",
        Integer,
        primary_key=True,
        autoincrement=False,
        comment="the shop's calendar day, days since 1970-01-01",
    ),
    comment="Days on which the shop was read: stock between two changes is known only for these.",
    privacy="none",
)
