"""API keys for scripts: `dsk_<id>_<secret>`, hashed, scoped, expiring, revocable. No scope can approve."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, Row, insert, select, update

from sidecar.core.errors import Forbidden, Invalid, NotFound, Unauthorized
from sidecar.db import read, write
from sidecar.db.app import api_keys

SCOPES = frozenset({"agents:read", "runs:read", "runs:write", "proposals:read", "status:read", "sync:write"})
"""All there is: deciding on a proposal or changing an agent's settings takes a person in wp-admin."""

FORM = re.compile(r"dsk_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")
TOUCH_S = 60


@dataclass(frozen=True)
class ApiKey:
    """A key without its secret; times in epoch seconds."""

    shop_id: str
    id: str
    name: str
    scopes: frozenset[str]
    created_at: int
    expires_at: int | None
    revoked_at: int | None
    last_used_at: int | None

    def require(self, scope: str) -> None:
        """Forbidden unless the key holds the scope."""
        if scope not in self.scopes:
            raise Forbidden(
                f"This key lacks the scope {scope}.",
                code="scope_missing",
                hint=f"Make one with it: devskyy keys create --scope {scope}",
            )


def create_key(
    engine: Engine, shop_id: str, name: str, scopes: Iterable[str], *, now: int, expires_at: int | None = None
) -> tuple[ApiKey, str]:
    """A new key and its text, which is shown this once and cannot be had again."""
    wanted = frozenset(scopes)
    if not wanted or wanted - SCOPES:
        unknown = ", ".join(sorted(wanted - SCOPES)) or "none given"
        raise Invalid(
            "A key needs known scopes.",
            hint=f"Choose from {', '.join(sorted(SCOPES))}.",
            fields={"scopes": f"unknown: {unknown}"},
        )
    key_id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
    row = {
        "shop_id": shop_id,
        "id": key_id,
        "name": name[:100],
        "secret_hash": _hash(secret),
        "scopes": sorted(wanted),
        "created_at": now,
        "expires_at": expires_at,
    }
    with write(engine) as conn:
        conn.execute(insert(api_keys), row)
    return ApiKey(shop_id, key_id, name[:100], wanted, now, expires_at, None, None), f"dsk_{key_id}_{secret}"


def check_key(engine: Engine, text: str, *, now: int) -> ApiKey:
    """The key that this text is; Unauthorized when it is unknown, revoked or expired."""
    match = FORM.fullmatch(text)
    key_id, secret = match.groups() if match else ("", "")
    with read(engine) as conn:
        row = conn.execute(select(api_keys).where(api_keys.c.id == key_id)).one_or_none()
    # One text for all ways to be wrong: nobody learns which ids exist.
    if row is None or not hmac.compare_digest(row.secret_hash, _hash(secret)):
        raise Unauthorized(
            "The API key is not known.", code="api_key_wrong", hint="Make one: devskyy keys create"
        )
    if row.revoked_at is not None:
        raise Unauthorized(
            "The API key was revoked.", code="api_key_revoked", hint="Make a new one: devskyy keys create"
        )
    if row.expires_at is not None and row.expires_at <= now:
        raise Unauthorized(
            "The API key expired.", code="api_key_expired", hint="Make a new one: devskyy keys create"
        )
    if row.last_used_at is None or row.last_used_at < now - TOUCH_S:
        with write(engine) as conn:
            conn.execute(update(api_keys).where(api_keys.c.id == key_id).values(last_used_at=now))
    return _key(row)


def list_keys(engine: Engine, shop_id: str) -> list[ApiKey]:
    """All keys of a shop, oldest first."""
    with read(engine) as conn:
        rows = conn.execute(
            select(api_keys).where(api_keys.c.shop_id == shop_id).order_by(api_keys.c.created_at)
        )
        return [_key(row) for row in rows]


def revoke_key(engine: Engine, shop_id: str, key_id: str, *, now: int) -> None:
    """Ends a key at once; NotFound when the shop has none with this id."""
    mine = (api_keys.c.shop_id == shop_id) & (api_keys.c.id == key_id)
    with write(engine) as conn:
        if conn.execute(select(api_keys.c.id).where(mine)).first() is None:
            raise NotFound("There is no such API key.", hint="See devskyy keys list.")
        conn.execute(update(api_keys).where(mine, api_keys.c.revoked_at.is_(None)).values(revoked_at=now))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _key(row: Row[Any]) -> ApiKey:
    values: dict[str, Any] = {name: getattr(row, name) for name in ApiKey.__dataclass_fields__}
    return ApiKey(**values | {"scopes": frozenset(values["scopes"])})
