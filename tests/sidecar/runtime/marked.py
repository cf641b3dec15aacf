"""One marked person in every table of both databases, and a search for what is left of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Boolean, Float, Integer, LargeBinary, SmallInteger, Table, insert, select
from sqlalchemy.types import BigInteger

from sidecar.db import read, write
from sidecar.db.migrate import METADATA
from sidecar.db.mirror import mirror
from sidecar.runtime import audit
from sidecar.runtime.privacy import LAWFUL_MINIMUM
from sidecar.security.tokens import b64decode
from sidecar.store.rest_rows import email_hash
from sidecar.store.rows import buyer
from tests.sidecar.kit import Plugin

EMAIL, LOGIN, DEVICE = "Marked.Person@Example.test", "marked.person", "Marked-Browser/7"
NUMBER, REVIEW = 770_077_123, 880_088_456
WORDS = "A marked person wrote these words."
KEY_NAME = "the marked key"
STAFF = {"id": NUMBER, "login": LOGIN}
TABLES: dict[str, Table] = dict(METADATA["app"].tables) | dict(METADATA["mirror"].tables)

UNMARKED = {
    "order_lines": "belongs to its order",
    "refunds": "belongs to its order",
    "refund_lines": "belongs to its order",
    "rate_windows": "hashes that end with their window",
    "erased_people": "fingerprints, which are the lawful minimum",
}
"""Tables with a note about personal data that hold no value of the person: why."""


def exempt() -> set[tuple[str, str]]:
    """(table, column) of the lawful minimum."""
    places = [place.strip() for where, *_ in LAWFUL_MINIMUM for place in where.split(",")]
    return {(place.split(".")[0], place.split(".")[1]) for place in places if "." in place}


def marks(plugin: Plugin) -> dict[str, Any]:
    """The person's values in each column that is personal, by table; every table is named.

    None: pairing or `audit.record` fills it.
    """
    code = email_hash(EMAIL, b64decode(plugin.hash_key))
    assert code
    path = f"wc/v3/customers/{NUMBER}"
    text = f"Customer {NUMBER} ({EMAIL}) asked {LOGIN}."
    by = f"{LOGIN} said so, see {EMAIL}."
    return {
        "acts": {"resource": f"sidecar/mail/customers/{NUMBER}", "result": {"sent_to": [EMAIL]}},
        "agent_settings": {"updated_by": STAFF, "input": {"to": EMAIL}},
        "api_keys": {"name": KEY_NAME, "owner_id": NUMBER},
        "audit": None,
        "audit_checkpoints": {},
        "audit_checks": {},
        "audit_heads": None,
        "categories": {},
        "coupons": {},
        "customers": {"id": NUMBER, "email_hash": code, "country": "XK", "postcode_area": "QQ7"},
        "debounce": {"cause": {"type": "customer.created", "resource": "customers", "id": NUMBER}},
        "erased_people": {},
        "errors": {"message": text, "hint": by},
        "events": {"resource": "customers", "resource_id": NUMBER},
        "forecast_overrides": {"created_by": STAFF, "why": by},
        "forecasts": {},
        "idempotency_keys": {},
        "integration_calls": {},
        "integrations": {"created_by": STAFF, "last_error": text, "config": {"account": EMAIL}},
        "jobs": {
            "args": {"resource": "customers", "ids": [NUMBER]},
            "result": {"email_hash": code, "buyer": buyer(None, code)},
            "error": {"message": text},
            "title": f"Write to {EMAIL}",
        },
        "leases": {},
        "location_stock": {},
        "locations": {},
        "mirror_state": {"error": {"message": text}},
        "nonces": {},
        "oauth_clients": {"name": KEY_NAME, "owner_id": NUMBER},
        "oauth_states": {},
        "order_lines": {"order_id": 1},
        "orders": {
            "customer_id": NUMBER,
            "email_hash": code,
            "country": "XK",
            "postcode_area": "QQ7",
            "buyer": NUMBER,
        },
        "pairing_codes": {},
        "person_keys": None,
        "price_history": {},
        "products": {},
        "proposal_history": {"who": STAFF, "note": by},
        "proposal_open": {"resource": path},
        "proposal_targets": {"resource": path},
        "proposals": {
            "state": "pending",
            "decided_by": STAFF,
            "reason": by,
            "outcome": {"note": by},
            "title": f"Write to customer {NUMBER}",
            "search": f"write to {EMAIL.lower()}",
            "subject": {"resource": "customers", "id": NUMBER, "name": EMAIL},
            "changes": [{"kind": "act", "change_id": "x-1", "resource": f"sidecar/{path}"}],
            "evidence": {"facts": [{"label": "Who", "value": {"type": "text", "value": EMAIL}}]},
        },
        "purchase_order_lines": {},
        "purchase_orders": {
            "created_by": STAFF,
            "sent_by": STAFF,
            "note": by,
            "ship_to": by,
            "mail": {"to": EMAIL, "subject": "An order", "text": by},
            "mail_hash": code,
            "error": text,
        },
        "purchase_receipts": {"who": STAFF},
        "rate_windows": {},
        "refresh_tokens": {"session_id": "marked-session"},
        "refund_lines": {"order_id": 1},
        "refunds": {"order_id": 1},
        "reviews": {"id": REVIEW, "text": f"{WORDS} {EMAIL}"},
        "run_log": {"message": f"{text} {code} {buyer(None, code)}"},
        "runs": {
            "state": "done",
            "who": STAFF,
            "input": {"customer_id": NUMBER, EMAIL: "yes", "ask": [LOGIN]},
            "output": {"customers": [{"customer": buyer(None, code)}, {"email_hash": code}]},
            "error": {"message": text},
            "progress_label": EMAIL,
        },
        "schedule_fires": {},
        "schedules": {},
        "secrets": {},
        "seen_days": {},
        "sessions": {"id": "marked-session", "user_id": "marked-user", "device": DEVICE},
        "shops": None,
        "signing_keys": {},
        "stock_history": {},
        "suppliers": {
            "contact": LOGIN,
            "email": EMAIL,
            "email_hash": code,
            "phone": DEVICE,
            "note": by,
        },
        "supplies": {},
        "sync_cursors": {},
        "users": {"id": "marked-user", "login": LOGIN, "wp_user_id": NUMBER},
        "variations": {},
        "webhook_deliveries": {},
        "webhook_outbox": {},
        "webhooks": {"created_by": STAFF, "description": by},
    }


def fill(plugin: Plugin) -> None:
    """A row of the person in every table, and what `audit.record` seals about them."""
    wanted = marks(plugin)
    assert set(wanted) == set(TABLES), "every table has a filler here"
    with write(plugin.rt.db.app) as conn:
        audit.record(
            conn, plugin.shop_id, STAFF, "test.act", "x", personal={"email": EMAIL, "device": DEVICE}
        )
    for name, values in wanted.items():
        if values is not None:
            table = TABLES[name]
            with write(engine(plugin, table)) as conn:
                conn.execute(insert(table).values(row_of(table, plugin.shop_id, values)))


def row_of(table: Table, shop_id: str, values: dict[str, Any]) -> dict[str, Any]:
    """A row of plain values, but for these."""
    row = {column.name: _plain(column) for column in table.c} | {"shop_id": shop_id, **values}
    # One that is held by no worker and by no clock.
    return row | {name: None for name in ("unique_key", "lease_owner", "lease_until") if name in row}


def _plain(column: Any) -> Any:
    kind = column.type
    if isinstance(kind, JSON):
        return {"nothing": "personal"}
    if isinstance(kind, Boolean):
        return False
    if isinstance(kind, Float | Integer | BigInteger | SmallInteger):
        return 1
    if isinstance(kind, LargeBinary):
        return b"sealed"
    return "plain"[: kind.length] if getattr(kind, "length", None) else "plain"


def engine(plugin: Plugin, table: Table) -> Any:
    """The database of a table."""
    return plugin.rt.db.mirror if table.metadata is mirror else plugin.rt.db.app


def needles(plugin: Plugin) -> dict[str, str]:
    """What must not be found, in lower case, by what it is; nothing so short that chance could write it."""
    code = email_hash(EMAIL, b64decode(plugin.hash_key))
    assert code
    return {
        "e-mail": EMAIL.lower(), "hash": code, "buyer": str(buyer(None, code)), "number": str(NUMBER),
        "login": LOGIN, "device": DEVICE.lower(), "words": WORDS.lower(), "key": KEY_NAME,
    }  # fmt: skip


def found_in_rows(plugin: Plugin) -> set[tuple[str, str, str]]:
    """(table, column, what) wherever the person still stands."""
    wanted = needles(plugin)
    found = set()
    for table in TABLES.values():
        with read(engine(plugin, table)) as conn:
            for row in conn.execute(select(table)).mappings():
                for name, value in row.items():
                    text = str(value).lower()
                    found |= {(table.name, name, what) for what, mark in wanted.items() if mark in text}
    return found


def found_in_files(plugin: Plugin, *, but: tuple[str, ...] = ()) -> set[tuple[str, str]]:
    """(file, what) in the raw bytes of the data folder."""
    wanted = {what: mark.encode() for what, mark in needles(plugin).items() if what not in but}
    return {
        (path.name, what)
        for path in files(plugin)
        for what, mark in wanted.items()
        if mark in path.read_bytes().lower()
    }


def files(plugin: Plugin) -> Iterator[Path]:
    """Every file of the data folder."""
    return (path for path in plugin.rt.settings.data_dir.rglob("*") if path.is_file())


def request(plugin: Plugin) -> dict[str, Any]:
    """The body that the plugin sends."""
    return {
        "email_hash": email_hash(EMAIL, b64decode(plugin.hash_key)), "customer_id": NUMBER,
        "user_id": NUMBER, "login": LOGIN, "review_ids": [REVIEW],
    }  # fmt: skip
