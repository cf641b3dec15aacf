"""Tables of who may do what: users, their sessions, OAuth clients, keys that sign, rate windows.

Part of the `app` database, with the column rules of `sidecar.db.app`.
"""

from sqlalchemy import JSON, BigInteger, Boolean, Column, Index, Integer, String, Text, UniqueConstraint

from sidecar.db.app import app
from sidecar.db.types import LongBlob, shop_table, time

users = shop_table(
    "users",
    app,
    Column("id", String(32), primary_key=True),
    Column("login", String(60), nullable=False, comment="lower case"),
    Column(
        "wp_user_id", BigInteger, comment="the WordPress user it belongs to; null when made on the machine"
    ),
    Column("role", String(16), nullable=False, comment="sidecar.security.roles"),
    Column("password_hash", String(200), nullable=False, comment="argon2id"),
    Column("active", Boolean, nullable=False, default=True),
    Column("failures", Integer, nullable=False, default=0, comment="wrong passwords in a row"),
    time("locked_until", null=True),
    time("created_at"),
    time("updated_at"),
    time("last_login_at", null=True),
    UniqueConstraint("shop_id", "login"),
    Index(None, "shop_id", "wp_user_id"),
    comment="People who may sign in to the REST API; their tokens read and run, and never approve.",
    privacy="login and WordPress user id of staff; the row is deleted on erasure",
)

sessions = shop_table(
    "sessions",
    app,
    Column(
        "id", String(32), primary_key=True, comment="the family of refresh tokens; `sid` of access tokens"
    ),
    Column("user_id", String(32), nullable=False),
    Column("device", String(120), nullable=False, default="", comment="User-Agent, shortened"),
    time("created_at"),
    time("last_used_at"),
    time("expires_at"),
    time("revoked_at", null=True),
    Column("revoked_why", String(40), comment="logout, reuse, role, deleted, person, password"),
    Index(None, "shop_id", "user_id"),
    Index(None, "expires_at"),
    comment="Signed-in sessions; ending one ends its access and refresh tokens at once.",
    privacy="kind of browser of staff; deleted with the user, or 30 days after it expired",
)

refresh_tokens = shop_table(
    "refresh_tokens",
    app,
    Column("token_hash", String(64), primary_key=True, comment="SHA-256; the token has 256 random bits"),
    Column("session_id", String(32), nullable=False),
    time("issued_at"),
    time("expires_at"),
    time("used_at", null=True, comment="a second use revokes the session"),
    UniqueConstraint("token_hash"),
    Index(None, "shop_id", "session_id"),
    Index(None, "expires_at"),
    comment="Refresh tokens; each is good for one use.",
    privacy="none; belongs to a session and goes with it",
)

oauth_clients = shop_table(
    "oauth_clients",
    app,
    Column("id", String(32), primary_key=True),
    Column("name", String(100), nullable=False),
    Column("secret_hash", String(64), nullable=False, comment="SHA-256; the secret has 256 random bits"),
    Column("scopes", JSON, nullable=False),
    Column("owner_id", BigInteger, comment="WordPress user id; the client dies with its owner's rights"),
    time("created_at"),
    time("expires_at", null=True),
    time("revoked_at", null=True),
    time("last_used_at", null=True),
    UniqueConstraint("id"),
    Index(None, "shop_id", "owner_id"),
    comment="Machines that get tokens by OAuth 2 client credentials; none of their scopes can approve.",
    privacy="WordPress user id of its owner; deleted on erasure",
)

signing_keys = shop_table(
    "signing_keys",
    app,
    Column("kid", String(32), primary_key=True),
    Column("algorithm", String(8), nullable=False, comment="HS256, EdDSA or RS256"),
    Column("key_id", String(16), nullable=False, comment="which sealing key sealed it"),
    Column("sealed", LongBlob, nullable=False, comment="the secret or the private key"),
    Column("public", Text, comment="PEM of the public key; null for HS256"),
    time("created_at"),
    time("retired_at", null=True, comment="signs no more; verifies until its last token expired"),
    comment="Keys that sign access tokens, by kid; shop_id is '': all shops of a sidecar share them.",
    privacy="none",
)

rate_windows = shop_table(
    "rate_windows",
    app,
    Column(
        "name", String(160), primary_key=True, comment="rule and who it counts, hashed where it is an address"
    ),
    Column("starts_at", BigInteger, primary_key=True, autoincrement=False, comment="its first second"),
    Column("count", BigInteger, nullable=False),
    time("expires_at"),
    Index(None, "expires_at"),
    comment="What each caller used of its rate limit; in SQL, so that all processes agree.",
    privacy="hash of a network address for a few minutes; deleted when the window has passed",
)

person_keys = shop_table(
    "person_keys",
    app,
    Column("person", String(64), primary_key=True, comment="`user:<WordPress id>` or `buyer:<e-mail hash>`"),
    Column("key_id", String(16), nullable=False, comment="which sealing key sealed it"),
    Column("sealed", LongBlob, comment="the person's key; null once erased"),
    time("created_at"),
    time("erased_at", null=True),
    comment="A key for each person, under which the audit seals their personal values.",
    privacy="the key is destroyed on erasure, so that what it sealed can never be read again",
)

audit_checkpoints = shop_table(
    "audit_checkpoints",
    app,
    Column("n", BigInteger, primary_key=True, autoincrement=False, comment="the last row that was let go"),
    Column("hash", String(64), nullable=False, comment="that row's hash, from which the chain goes on"),
    Column("rows_let_go", BigInteger, nullable=False),
    Column("signature", String(80), nullable=False, comment="key id and HMAC-SHA256 under that sealing key"),
    time("at"),
    comment="Where the audit begins after retention; signed, so that rows cannot be dropped unseen.",
    privacy="none",
)

audit_heads = shop_table(
    "audit_heads",
    app,
    Column("n", BigInteger, nullable=False, comment="the newest row of the audit"),
    Column("hash", String(64), nullable=False, comment="that row's hash, from which the next one goes on"),
    Column("signature", String(80), nullable=False, comment="key id and HMAC-SHA256 under that sealing key"),
    time("at"),
    comment="Where the audit ends, written with each row; signed, so that no newest row can go unseen.",
    privacy="none",
)

audit_checks = shop_table(
    "audit_checks",
    app,
    Column("n", BigInteger, nullable=False, comment="the row up to which the audit was read"),
    Column("hash", String(64), nullable=False, comment="that row's hash"),
    time("checked_at"),
    time("whole_at", null=True, comment="when all of it was read last, not only what was new"),
    Column("problems", JSON, nullable=False, comment="what was wrong: [{n, what}]"),
    time("found_at", null=True, comment="when something was first found wrong"),
    Column("signature", String(80), nullable=False, comment="key id and HMAC-SHA256 under that sealing key"),
    comment="How far the audit was checked; signed, so that nobody writes that it was.",
    privacy="none",
)

idempotency_keys = shop_table(
    "idempotency_keys",
    app,
    Column(
        "key_hash", String(64), primary_key=True, comment="SHA-256 of who asked, for what and under which key"
    ),
    Column("asked", String(80), nullable=False, comment="key id and HMAC-SHA256 of the request's content"),
    Column("target", String(64), nullable=False, comment="id of what was made"),
    time("created_at"),
    Index(None, "created_at"),
    comment="Requests that made something under an Idempotency-Key: sent again, they make nothing more.",
    privacy="none; keyed hashes, deleted within two days",
)

erased_people = shop_table(
    "erased_people",
    app,
    Column(
        "fingerprint",
        String(64),
        primary_key=True,
        comment="HMAC-SHA256 of e-mail hash, customer or review number under the shop's hash key",
    ),
    time("erased_at"),
    comment="Who was erased, as fingerprints: the mirror's sync leaves them out for ever.",
    privacy="a keyed fingerprint, which says nothing without the e-mail and the shop's key; kept, so that no "
    "sync brings the person back",
)
