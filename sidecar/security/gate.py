"""The gate of the sidecar's API: which shop, and which person, stands behind a signed request."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, bindparam, select, update

from sidecar.core.errors import Conflict, DevSkyyError, Forbidden
from sidecar.db import remembered, write
from sidecar.db.app import shops
from sidecar.security.pairing import MIN_PLUGIN, version
from sidecar.security.sealing import SEALED, Sealer
from sidecar.security.tokens import Claims, canonical_path, remember, remember_in, replayed, verify

TOUCH_S = 60
SHOP = select(shops).where(shops.c.shop_id == bindparam("shop"))
"""Made once: every request asks it."""


@dataclass(frozen=True)
class Nonce:
    """A token id that was not looked up yet: the view does it in the transaction that writes anyhow."""

    shop_id: str
    jti: str
    until: int
    now: int

    def use(self, conn: Connection) -> None:
        """Remembers it; Conflict `replayed` when it was used before."""
        if not remember_in(conn, self.shop_id, self.jti, self.until, self.now):
            raise replayed()


@dataclass(frozen=True)
class Caller:
    """Who calls: the shop's row, and the person when one acts who may manage the shop.

    `nonce` is there when the caller of `authenticate` wanted to remember it later, and the method needs it.
    """

    shop: Row[Any]
    claims: Claims
    nonce: Nonce | None = None

    @property
    def shop_id(self) -> str:
        """The shop's id."""
        return str(self.shop.shop_id)

    @property
    def person(self) -> dict[str, Any] | None:
        """`{"id", "login", "caps"}`, or None."""
        return self.claims.person

    def require_person(self) -> dict[str, Any]:
        """The person; Forbidden when nobody with manage_woocommerce acts."""
        if self.claims.person is None:
            raise Forbidden(
                "Only a person who may manage the shop can do this.",
                code="person_required",
                hint="Do it in wp-admin as a shop manager or administrator.",
            )
        return self.claims.person


def authenticate(
    engine: Engine,
    sealer: Sealer,
    *,
    authorization: str | None,
    method: str,
    path: str,
    query: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
    plugin_version: str | None = None,
    now: int,
    moving: bool = False,
    later: bool = False,
) -> Caller:
    """The caller of a request that the paired plugin signed; `moving` lets another home URL pass, `later`
    leaves it to the caller to use the nonce before anything else is done.
    """

    found: list[Row[Any]] = []
    kept: list[Nonce] = []

    def key_of(shop_id: str) -> bytes | None:
        found.extend(remembered(engine, SHOP, {"shop": shop_id}))
        sealed = remembered(engine, SEALED, {"shop": shop_id, "secret": "signing"})
        return sealer.open(shop_id, "signing", sealed[0][0]) if sealed else None

    def new(shop_id: str, jti: str, until: int) -> bool:
        if later:
            kept.append(Nonce(shop_id, jti, until, now))
        return later or remember(engine, shop_id, jti, until, now)

    claims = verify(
        authorization,
        key_of=key_of,
        signer="plugin",
        method=method,
        path=canonical_path(path, query),
        body=body,
        now=now,
        remember=new,
    )
    if plugin_version and version(plugin_version) < version(MIN_PLUGIN):
        raise DevSkyyError(
            f"This sidecar needs the plugin {MIN_PLUGIN} or newer, not {plugin_version}.",
            code="version_unsupported",
            status=426,
            hint="Update the DevSkyy plugin.",
        )
    shop = found[0]
    _check_site(engine, shop, claims, moving)
    _touch(engine, shop, now)
    return Caller(shop=shop, claims=claims, nonce=kept[0] if kept else None)


def authenticate_pairing(
    engine: Engine,
    pairing_key: bytes,
    *,
    authorization: str | None,
    method: str,
    path: str,
    body: bytes,
    now: int,
) -> Claims:
    """Checks a pairing request that was signed with the shared pairing key."""
    return verify(
        authorization,
        key_of=lambda _aud: pairing_key,
        signer="plugin",
        method=method,
        path=canonical_path(path),
        body=body,
        now=now,
        audience="pairing",
        remember=lambda aud, jti, until: remember(engine, aud, jti, until, now),
    )


def _check_site(engine: Engine, shop: Row[Any], claims: Claims, moving: bool) -> None:
    home = (claims.home or "").rstrip("/")
    same_site = claims.site == shop.site_id
    if same_site and (home == shop.home_url or moving):
        return
    with write(engine) as conn:
        values = {"state": "site_changed", "seen_home_url": home[:500]}
        conn.execute(update(shops).where(shops.c.shop_id == shop.shop_id).values(**values))
    raise Conflict(
        f"This pairing belongs to {shop.home_url}, but the request came from {home or 'an unnamed site'}.",
        code="site_changed",
        hint="If the shop moved, confirm it under WooCommerce → DevSkyy → Status. "
        "If this is a copy, pair it on its own.",
        details={"paired": shop.home_url, "seen": home},
    )


def _touch(engine: Engine, shop: Row[Any], now: int) -> None:
    if shop.seen_at is not None and shop.seen_at > now - TOUCH_S and shop.state == "paired":
        return
    with write(engine) as conn:
        values: dict[str, Any] = {
            "seen_at": now,
            "state": "paired",
        }  # a copy was refused; the shop itself goes on
        conn.execute(update(shops).where(shops.c.shop_id == shop.shop_id).values(**values))
