"""API keys for scripts: `dsk_<id>_<secret>`, hashed, scoped, expiring, revocable. No scope can approve."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, bindparam, insert, select, update

from sidecar.core.errors import Forbidden, Invalid, NotFound, Unauthorized
from sidecar.db import read, remembered, write
from sidecar.db.app import api_keys, shops
from sidecar.security import limits
from sidecar.security.roles import SCOPES

FORM = re.compile(r"dsk_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")
TOUCH_S = 60
YEAR_S = 365 * 86_400
MOST_NETWORKS = 50


@dataclass(frozen=True)
class ApiKey:
    """A key without its secret; times in epoch seconds, `owner_id` a WordPress user, `networks` as CIDR."""

    shop_id: str
    id: str
    name: str
    scopes: frozenset[str]
    created_at: int
    expires_at: int | None
    revoked_at: int | None
    last_used_at: int | None
    owner_id: int | None = None
    networks: Sequence[str] | None = None

    def require(self, scope: str) -> None:
        """Forbidden unless the key holds the scope."""
        if scope not in self.scopes:
            raise Forbidden(
                f"This key lacks the scope {scope}.",
                code="scope_missing",
                hint=f"Make one with it: devskyy keys create --scope {scope}",
            )


def create_key(
    engine: Engine, shop_id: str, name: str, scopes: Iterable[str], *, now: int, **more: Any
) -> tuple[ApiKey, str]:
    """As `add_key`, in a transaction of its own."""
    with write(engine) as conn:
        return add_key(conn, shop_id, name, scopes, now=now, **more)


def add_key(
    conn: Connection,
    shop_id: str,
    name: str,
    scopes: Iterable[str],
    *,
    now: int,
    expires_at: int | None = None,
    owner_id: int | None = None,
    networks: Sequence[str] | None = None,
) -> tuple[ApiKey, str]:
    """A new key and its text, which is shown this once and cannot be had again.

    It holds a year unless told otherwise, and works from `networks` only when there are any.
    """
    key_id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
    row = {
        "shop_id": shop_id,
        "id": key_id,
        "name": name[:100],
        "secret_hash": _hash(secret),
        "scopes": sorted(check_scopes(scopes)),
        "created_at": now,
        "expires_at": now + YEAR_S if expires_at is None else expires_at,
        "owner_id": owner_id,
        "networks": check_networks(networks),
    }
    conn.execute(insert(api_keys), row)
    return get_key(conn, shop_id, key_id), f"dsk_{key_id}_{secret}"


def check_scopes(scopes: Iterable[str]) -> frozenset[str]:
    """The scopes if all are known and there is one; Invalid otherwise."""
    wanted = frozenset(scopes)
    if not wanted or wanted - SCOPES.keys():
        unknown = ", ".join(sorted(wanted - SCOPES.keys())) or "none given"
        raise Invalid(
            "A key needs known scopes.",
            hint=f"Choose from {', '.join(sorted(SCOPES))}.",
            fields={"scopes": f"unknown: {unknown}"},
        )
    return wanted


def check_networks(given: Sequence[str] | None) -> list[str] | None:
    """The networks in their one form, or None for none; Invalid for what is no address or network."""
    if not given:
        return None
    try:
        found = sorted({str(network) for text in given for network in limits.networks(text)})
    except ValueError as error:
        words = f"{str(error)[:100]}"
        raise Invalid(
            "A network is not right.", hint="Write them like 192.0.2.0/24 or 2001:db8::/32.",
            fields={"networks": words},
        ) from error  # fmt: skip
    if not found or len(found) > MOST_NETWORKS:
        words = f"must be 1 to {MOST_NETWORKS}"
        raise Invalid("The networks are not right.", hint=f"They {words}.", fields={"networks": words})
    return found


# Made once: every request asks it.
BY_ID = (
    select(api_keys, shops.c.state)
    .select_from(api_keys.outerjoin(shops, shops.c.shop_id == api_keys.c.shop_id))
    .where(api_keys.c.id == bindparam("key"))
)


def check_key(engine: Engine, text: str, *, now: int, address: str | None = None) -> ApiKey:
    """The key that this text is; Unauthorized when it is unknown, revoked or expired, Forbidden when it may
    not come from this address."""
    match = FORM.fullmatch(text)
    key_id, secret = match.groups() if match else ("", "")
    rows = remembered(engine, BY_ID, {"key": key_id}) if match else ()
    row = rows[0] if rows else None
    # One text for all ways to be wrong: nobody learns which ids exist.
    if row is None or not hmac.compare_digest(row.secret_hash, _hash(secret)):
        raise Unauthorized(
            "The API key is not known.", code="api_key_wrong", hint="Make one: devskyy keys create"
        )
    _check_alive(row, now)
    if row.networks and not limits.within(limits.address(address), _networks(row.networks)):
        raise Forbidden(
            "This API key may not be used from this address.",
            code="address_not_allowed",
            hint="Make a key for this network in wp-admin under WooCommerce → DevSkyy → Access.",
        )
    if row.last_used_at is None or row.last_used_at < now - TOUCH_S:
        with write(engine) as conn:
            conn.execute(update(api_keys).where(api_keys.c.id == key_id).values(last_used_at=now))
    return _key(row)


def get_key(conn: Connection, shop_id: str, key_id: str) -> ApiKey:
    """One key; NotFound when the shop has none with this id."""
    mine = (api_keys.c.shop_id == shop_id) & (api_keys.c.id == key_id)
    row = conn.execute(select(api_keys).where(mine)).one_or_none()
    if row is None:
        raise NotFound("There is no such API key.", hint="See devskyy keys list.")
    return _key(row)


def list_keys(engine: Engine, shop_id: str) -> list[ApiKey]:
    """All keys of a shop, oldest first."""
    with read(engine) as conn:
        rows = conn.execute(
            select(api_keys).where(api_keys.c.shop_id == shop_id).order_by(api_keys.c.created_at)
        )
        return [_key(row) for row in rows]


def revoke_key(engine: Engine, shop_id: str, key_id: str, *, now: int) -> None:
    """As `end_key`, in a transaction of its own."""
    with write(engine) as conn:
        end_key(conn, shop_id, key_id, now=now)


def end_key(conn: Connection, shop_id: str, key_id: str, *, now: int) -> ApiKey:
    """Ends a key at once; NotFound when the shop has none with this id."""
    get_key(conn, shop_id, key_id)
    mine = (api_keys.c.shop_id == shop_id) & (api_keys.c.id == key_id)
    conn.execute(update(api_keys).where(mine, api_keys.c.revoked_at.is_(None)).values(revoked_at=now))
    return get_key(conn, shop_id, key_id)


def _check_alive(row: Row[Any], now: int) -> None:
    if row.revoked_at is not None:
        raise Unauthorized(
            "The API key was revoked.", code="api_key_revoked", hint="Make a new one: devskyy keys create"
        )
    if row.expires_at is not None and row.expires_at <= now:
        raise Unauthorized(
            "The API key expired.", code="api_key_expired", hint="Make a new one: devskyy keys create"
        )
    if row.state == "unpaired":
        raise Unauthorized("The shop is not paired any more.", code="shop_unpaired", hint="Pair it again.")


def _networks(kept: Sequence[str]) -> tuple[limits.Network, ...]:
    return limits.networks(",".join(kept))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _key(row: Row[Any]) -> ApiKey:
    values: dict[str, Any] = {name: getattr(row, name) for name in ApiKey.__dataclass_fields__}
    return ApiKey(**values | {"scopes": frozenset(values["scopes"])})
