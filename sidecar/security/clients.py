"""Machines that get tokens by OAuth 2 client credentials (RFC 6749, section 4.4)."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import uuid
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from sidecar.core.errors import DevSkyyError, NotFound
from sidecar.db.identity import oauth_clients
from sidecar.security import signing_keys
from sidecar.security.apikeys import YEAR_S, check_scopes
from sidecar.security.signing_keys import SigningKey

ID = re.compile(r"[0-9a-f]{32}")


class OAuthError(DevSkyyError):
    """A refusal of the token endpoint; `code` is one of RFC 6749, section 5.2."""

    status = 400


def create(
    conn: Connection,
    shop_id: str,
    name: str,
    scopes: Iterable[str],
    *,
    now: int,
    owner_id: int | None,
    expires_at: int | None = None,
) -> tuple[Row[Any], str]:
    """A new client and its secret, which is shown this once; it holds a year unless told otherwise."""
    secret = f"dss_{secrets.token_urlsafe(32)}"
    row = {
        "shop_id": shop_id, "id": uuid.uuid4().hex, "name": name[:100], "secret_hash": _hash(secret),
        "scopes": sorted(check_scopes(scopes)), "owner_id": owner_id, "created_at": now,
        "expires_at": now + YEAR_S if expires_at is None else expires_at,
    }  # fmt: skip
    conn.execute(insert(oauth_clients), row)
    return get(conn, shop_id, str(row["id"])), secret


def get(conn: Connection, shop_id: str, client_id: str) -> Row[Any]:
    """A client's row; NotFound when the shop has none with this id."""
    mine = (oauth_clients.c.shop_id == shop_id) & (oauth_clients.c.id == client_id)
    row = conn.execute(select(oauth_clients).where(mine)).one_or_none()
    if row is None:
        raise NotFound("There is no such client.", hint="See GET /api/v1/access/clients.")
    return row


def revoke(conn: Connection, shop_id: str, client_id: str, *, now: int) -> Row[Any]:
    """Ends a client and its tokens at once; NotFound when the shop has none with this id."""
    get(conn, shop_id, client_id)
    mine = (oauth_clients.c.shop_id == shop_id) & (oauth_clients.c.id == client_id)
    conn.execute(
        update(oauth_clients).where(mine, oauth_clients.c.revoked_at.is_(None)).values(revoked_at=now)
    )
    return get(conn, shop_id, client_id)


def authenticate(conn: Connection, client_id: str, secret: str, *, now: int) -> Row[Any]:
    """The client with this id and secret; `invalid_client` for everything else."""
    asked = client_id if ID.fullmatch(client_id) else ""
    row = conn.execute(select(oauth_clients).where(oauth_clients.c.id == asked)).one_or_none()
    good = hmac.compare_digest(row.secret_hash if row else "", _hash(secret))
    over = row is None or row.revoked_at is not None
    if row is None or not good or over or (row.expires_at is not None and row.expires_at <= now):
        raise OAuthError(
            "The client is not known, was revoked or has expired.",
            code="invalid_client",
            status=401,
            hint="Check client_id and client_secret, or make a new client in wp-admin.",
        )
    conn.execute(update(oauth_clients).where(oauth_clients.c.id == client_id).values(last_used_at=now))
    return row


def granted(row: Row[Any], wanted: str | None) -> list[str]:
    """The scopes of a token: those asked for, or all that the client has; `invalid_scope` for others."""
    has = set(row.scopes)
    asked = set(wanted.split(" ")) if wanted else has
    if not asked <= has:
        raise OAuthError(
            "The client does not have all of these scopes.",
            code="invalid_scope",
            hint=f"It may ask for: {' '.join(sorted(has))}.",
        )
    return sorted(asked)


def access_token(key: SigningKey, row: Row[Any], scopes: Iterable[str], *, now: int) -> str:
    """An access token of a client."""
    claims = {"aud": row.shop_id, "sub": row.id, "client_id": row.id, "scope": " ".join(scopes)}
    return signing_keys.encode(key, claims, now=now)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
