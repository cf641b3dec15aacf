"""docs/privacy.md, made from the code: what tables hold, how long, what erasing does, what may stay."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Table

from sidecar.db.migrate import METADATA
from sidecar.runtime.privacy import LAWFUL_MINIMUM
from sidecar.runtime.retention import ELSEWHERE, RULES
from sidecar.settings import Settings

HEAD = """<!-- Made by `devskyy catalog`; change the tables' notes and sidecar/runtime instead. -->
# Personal data

A *person* is a buyer, known by a keyed hash of the e-mail address and by their customer number, or a
member of the shop's staff, known by WordPress user id and login. The sidecar holds no names, no street
addresses, no telephone numbers and no readable e-mail addresses of buyers; where somebody typed one into
a text, it is found by its hash. Contacts of suppliers stand in clear, since orders are mailed to them;
they are found by the same hash.

## How a person is shown and erased

In wp-admin under Tools → Export Personal Data and Tools → Erase Personal Data; the plugin hands the
request on to the sidecar, with the hash, the user's number and login, never the address. While the
sidecar is away, an export fails with what to do, and an erasure says that the person was not erased
there: run it again then.

- `POST /api/v1/gdpr/export-data` `{"email_hash"?, "customer_id"?, "user_id"?, "login"?, "review_ids"?,
  "page"?, "limit"?}` → `{"ok", "held", "total", "pages", "items": [{"table", "title", "id", "data"}]}`.
- `POST /api/v1/gdpr/delete-data`, the same without page → `{"ok", "held", "erased": {table: rows},
  "kept", "again"}`; `held` is false for somebody of whom nothing was held, `again` true for somebody
  erased before.
- `GET /api/v1/gdpr/data-retention` → every rule below with how many rows are due and when it last ran.

The two writes take a person in wp-admin, by the plugin's signature; API keys and logins cannot do them.

What erasing does: accounts are deleted, orders lose their buyer and stay in the sums, reviews lose their
text, and texts, evidence, logs, jobs and errors lose whatever names the person. Staff are replaced by
`{"erased": true}`; their logins, sessions, keys and clients are deleted, and the key under which the
audit sealed their name is destroyed, and with it the network addresses from which somebody failed to sign
in as them. A run under way starts anew. A fingerprint stays, so that no later
sync brings the person back: even an order that WooCommerce keeps with its address comes in without a
buyer. SQLite overwrites what it deletes, its log is emptied at once, and a job writes both files anew.
MariaDB and PostgreSQL overwrite deleted rows when they clean up (purge, autovacuum).

Not touched: the shop's own words. Where a login is a word like any other (a manager called `silk`),
titles and evidence about silk scarves stay as they are. WooCommerce's and WordPress's own data is erased
by their own erasers in the same request. Demo exports hold made-up people only. Logs go to standard
error, with ids and counts; e-mail addresses in them are masked.

## What may stay

| Where | What | Why | How long |
|---|---|---|---|"""


def privacy_page() -> str:
    """The page."""
    lines = [HEAD, *(f"| {' | '.join(row)} |" for row in LAWFUL_MINIMUM)]
    lines += [
        "",
        "## How long",
        "",
        "A nightly job lets go of what is older (audit and webhooks: every hour). The retention of backups "
        "is yours: `devskyy backup` never deletes one.",
        "",
        "| Rows | Kept for | Setting |",
        "|---|---|---|",
        *_rules(),
        "",
        "Sessions of the plugin's signature (nonces), rate windows and leases end within minutes or hours.",
    ]
    for which, title in (("app", "app database"), ("mirror", "mirror")):
        lines += [
            "",
            f"## Tables of the {title}",
            "",
            "| Table | What it is | Personal data |",
            "|---|---|---|",
        ]
        lines += [_table(table) for _, table in sorted(METADATA[which].tables.items())]  # type: ignore[index]
    return "\n".join(lines) + "\n"


def _rules() -> Iterator[str]:
    for rule in (*RULES, *ELSEWHERE):
        setting = rule.days if isinstance(rule.days, str) else ""
        days = Settings.model_fields[setting].default if setting else rule.days
        yield _rule(rule.title, days, setting)


def _rule(title: str, days: object, setting: str) -> str:
    kept = "1 day" if days == 1 else f"{days} days"
    return f"| {title} | {kept} | {f'`DEVSKYY_{setting.upper()}`' if setting else 'fixed'} |"


def _table(table: Table) -> str:
    note = str(table.info["privacy"])
    cells = (f"`{table.name}`", str(table.comment), note[0].upper() + note[1:])
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
