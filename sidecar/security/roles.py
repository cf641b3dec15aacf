"""Roles and scopes: the one table of who may call what, for the code, the documentation and the tests.

No scope approves: deciding on a proposal, and everything under `person`, takes the plugin's signed word for
somebody in wp-admin who may manage the shop.
"""

from __future__ import annotations

from collections.abc import Collection

SCOPES: dict[str, str] = {
    "agents:read": "see the agents and their settings",
    "products:read": "read what the mirror knows of the catalogue",
    "runs:read": "see runs, their input, output and log",
    "runs:write": "start and cancel runs",
    "proposals:read": "see proposals and their evidence",
    "status:read": "see status, health, metrics and documentation",
    "sync:write": "start a sync",
    "audit:read": "read the audit log",
    "users:read": "see who may sign in, and their sessions",
    "webhooks:read": "see webhooks and their deliveries",
    "webhooks:write": "subscribe, test and end webhooks",
    "integrations:read": "see connected services and their health",
}
"""Every scope with what it lets its holder do."""

READ = frozenset(scope for scope in SCOPES if scope.endswith(":read"))
STAFF = READ - {"audit:read", "users:read"}

ROLES: dict[str, frozenset[str]] = {
    "owner": READ | {"runs:write", "sync:write"},
    "manager": READ | {"runs:write", "sync:write"},
    "analyst": STAFF | {"runs:write"},
    "support": STAFF - {"webhooks:read", "integrations:read"} | {"runs:write"},
    "read-only": STAFF - {"webhooks:read", "integrations:read"},
    "agent": frozenset({"agents:read", "products:read", "runs:read", "runs:write", "status:read"}),
}
"""What a token of `/auth/login` holds, by role: it reads and runs, and never more. API keys and OAuth clients
hold the scopes they were given, at most all of `SCOPES`."""

CAPABILITIES: tuple[tuple[str, str], ...] = (
    ("manage_options", "owner"),
    ("manage_woocommerce", "manager"),
    ("view_woocommerce_reports", "analyst"),
    ("edit_shop_orders", "support"),
    ("read", "read-only"),
)
"""Roles by WordPress capability, the highest first; `agent` is for machines and comes from none."""


RANK: tuple[str, ...] = ("read-only", "agent", "support", "analyst", "manager", "owner")
"""Roles from the lowest up; nobody gives or keeps a login above what their WordPress user stands for."""

KEEPERS = frozenset({"owner", "manager"})
"""Roles whose holders may own API keys and OAuth clients."""

WORDS: dict[str, str] = {
    "owner": "administrators of the site",
    "manager": "people who run the shop",
    "analyst": "people who read reports and try agents",
    "support": "people who answer customers and look after orders",
    "read-only": "people who only look",
    "agent": "programs that sign in with a login of their own",
}
"""Who a role is meant for."""


def above(role: str, limit: str) -> bool:
    """Whether a role ranks higher than another."""
    return RANK.index(role) > RANK.index(limit)


def role_for(capabilities: Collection[str]) -> str | None:
    """The highest role that these WordPress capabilities stand for, or None."""
    return next((role for capability, role in CAPABILITIES if capability in capabilities), None)
