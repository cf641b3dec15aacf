"""Pairing a WordPress site with this sidecar (docs/protocol.md, section 3)."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import uuid
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import Connection, Engine, delete, insert, select, update

from sidecar.core.errors import DevSkyyError, Invalid, Unauthorized
from sidecar.core.store import ShopFacts
from sidecar.db import read, upsert, write
from sidecar.db.app import pairing_codes, shops
from sidecar.security.sealing import Sealer, forget_secrets, get_secret, put_secret
from sidecar.security.tokens import b64encode

MIN_PLUGIN = "0.1.0"
MIN_WOOCOMMERCE = "10.0"
MIN_WORDPRESS = "6.9"
CODE_LIFE_S = 15 * 60
MAX_TRIES = 5
ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"


class WooCommerceKey(BaseModel):
    """A read-only REST key of WooCommerce."""

    model_config = ConfigDict(extra="ignore")
    key: str = Field(min_length=1, max_length=200)
    secret: str = Field(min_length=1, max_length=200)


class Facts(BaseModel):
    """Shop facts as the plugin sends them; what is not known here is kept too."""

    model_config = ConfigDict(extra="allow")
    currency: str = Field(min_length=3, max_length=3)
    decimals: int = Field(ge=0, le=4)
    prices_include_tax: bool = False
    timezone: str = "UTC"
    cogs: bool = False
    hpos: bool = False
    locale: str = "en_US"


class PairingRequest(BaseModel):
    """Body of POST /api/v1/pairing."""

    model_config = ConfigDict(extra="ignore")
    code: str | None = Field(None, max_length=40)
    site_id: uuid.UUID
    home_url: str = Field(pattern=r"^https?://[^\s]+$", max_length=500)
    rest_url: str = Field(pattern=r"^https?://[^\s]+$", max_length=500)
    name: str = Field("", max_length=200)
    versions: dict[str, str]
    facts: Facts
    woocommerce_key: WooCommerceKey | None = None


def parse_request(body: object) -> PairingRequest:
    """The request, versions checked; `invalid` with fields, `version_unsupported`, `woocommerce_missing`."""
    try:
        request = PairingRequest.model_validate(body)
    except ValidationError as error:
        fields = {".".join(map(str, part["loc"])): part["msg"] for part in error.errors(include_url=False)}
        raise Invalid(
            "The pairing request is not complete.",
            hint="Update plugin and sidecar to the same version.",
            fields=fields,
        ) from error
    check_versions(request.versions)
    return request


def check_versions(versions: dict[str, str]) -> None:
    """Refuses plugins, WooCommerce and WordPress that are too old, or no WooCommerce."""
    if not versions.get("woocommerce"):
        raise Invalid(
            "WooCommerce is not active on this site.",
            code="woocommerce_missing",
            hint="Install and activate WooCommerce, then pair.",
        )
    names = {"plugin": "the DevSkyy plugin", "woocommerce": "WooCommerce", "wordpress": "WordPress"}
    for name, least in (
        ("plugin", MIN_PLUGIN),
        ("woocommerce", MIN_WOOCOMMERCE),
        ("wordpress", MIN_WORDPRESS),
    ):
        if version(versions.get(name, "")) < version(least):
            raise DevSkyyError(
                f"This sidecar needs {names[name]} {least} or newer, not {versions.get(name) or 'unknown'}.",
                code="version_unsupported",
                status=426,
                hint=f"Update {names[name]}.",
            )


def version(text: str) -> tuple[int, ...]:
    """A version as numbers that compare; what follows them (`-beta`) does not count."""
    match = re.match(r"\d+(\.\d+)*", text)
    numbers = [int(part) for part in match.group().split(".")] if match else []
    return tuple([*numbers, 0, 0, 0, 0][:4])


def new_code(engine: Engine, *, now: int) -> str:
    """A fresh pairing code `ABCD-EFGH-JKMN`; it holds 15 minutes and once, and ends the codes before it."""
    raw = "".join(secrets.choice(ALPHABET) for _ in range(12))
    row = {
        "shop_id": "",
        "code_hash": _hash(raw),
        "created_at": now,
        "expires_at": now + CODE_LIFE_S,
        "tries": 0,
    }
    with write(engine) as conn:
        conn.execute(delete(pairing_codes))
        conn.execute(insert(pairing_codes), row)
    return "-".join((raw[:4], raw[4:8], raw[8:]))


Also = Callable[[Connection, str], None]
"""What a caller adds to the transaction, for a shop id."""


def nothing_more(_conn: Connection, _shop_id: str) -> None:
    """Adds nothing to the transaction."""


def pair_by_code(
    engine: Engine, sealer: Sealer, request: PairingRequest, *, now: int, also: Also = nothing_more
) -> dict[str, str]:
    """Pairs if the code holds, and uses it up with the same commit."""
    digest = _hash(re.sub(r"[^A-Z0-9]", "", (request.code or "").upper()))
    with write(engine) as conn:
        row = conn.execute(select(pairing_codes).order_by(pairing_codes.c.created_at.desc())).first()
        refusal = _refusal(row, digest, now)
        if refusal is None:
            conn.execute(update(pairing_codes).values(used_at=now))
            return _pair(conn, sealer, request, now, also)
        # Counting must outlive the refusal: it is raised after the commit.
        conn.execute(
            update(pairing_codes)
            .where(pairing_codes.c.used_at.is_(None))
            .values(tries=pairing_codes.c.tries + 1)
        )
    raise refusal


def pair(
    engine: Engine, sealer: Sealer, request: PairingRequest, *, now: int, also: Also = nothing_more
) -> dict[str, str]:
    """Pairs a site whose right was proven already (a request signed with the shared pairing key).

    Gives shop_id, secret and hash_key (base64url). A known site keeps shop_id, hash key and data; its secret
    is new.
    """
    with write(engine) as conn:
        return _pair(conn, sealer, request, now, also)


def unpair(conn: Connection, shop_id: str) -> None:
    """Forgets the signing secret and the WooCommerce key; owned data stays."""
    forget_secrets(conn, shop_id, "signing", "woocommerce_key")
    conn.execute(update(shops).where(shops.c.shop_id == shop_id).values(state="unpaired"))


def move_site(conn: Connection, shop_id: str, home_url: str, rest_url: str | None = None) -> None:
    """Accepts a new home URL for a shop that moved; a person said so."""
    values: dict[str, Any] = {"home_url": home_url.rstrip("/"), "state": "paired", "seen_home_url": None}
    row = conn.execute(select(shops.c.home_url, shops.c.rest_url).where(shops.c.shop_id == shop_id)).one()
    if rest_url or row.rest_url.startswith(row.home_url):
        values["rest_url"] = rest_url or values["home_url"] + row.rest_url[len(row.home_url) :]
    conn.execute(update(shops).where(shops.c.shop_id == shop_id).values(**values))


def shop_facts(facts: dict[str, Any]) -> ShopFacts:
    """The facts that figures need, from a shop's row."""
    return ShopFacts(**{name: facts[name] for name in ShopFacts.__dataclass_fields__ if name in facts})


def woocommerce_key(engine: Engine, sealer: Sealer, shop_id: str) -> tuple[str, str] | None:
    """Key and secret of the read-only WooCommerce key, or None when the plugin gave none."""
    with read(engine) as conn:
        raw = get_secret(conn, sealer, shop_id, "woocommerce_key")
    if raw is None:
        return None
    pair = json.loads(raw)
    return pair["key"], pair["secret"]


def _pair(conn: Connection, sealer: Sealer, request: PairingRequest, now: int, also: Also) -> dict[str, str]:
    site_id = str(request.site_id)
    known = conn.execute(select(shops.c.shop_id).where(shops.c.site_id == site_id)).scalar()
    shop_id = known or str(uuid.uuid4())
    row = {
        "shop_id": shop_id,
        "site_id": site_id,
        "home_url": request.home_url.rstrip("/"),
        "rest_url": request.rest_url,
        "name": request.name,
        "state": "paired",
        "seen_home_url": None,
        "facts": request.facts.model_dump(),
        "versions": request.versions,
        "paired_at": now,
    }
    upsert(conn, shops, [row])
    secret = secrets.token_bytes(32)
    hash_key = get_secret(conn, sealer, shop_id, "hash_key") if known else None
    put_secret(conn, sealer, shop_id, "signing", secret)
    if hash_key is None:
        hash_key = secrets.token_bytes(32)
        put_secret(conn, sealer, shop_id, "hash_key", hash_key)
    if request.woocommerce_key:
        put_secret(
            conn, sealer, shop_id, "woocommerce_key", request.woocommerce_key.model_dump_json().encode()
        )
    also(conn, shop_id)
    return {"shop_id": shop_id, "secret": b64encode(secret), "hash_key": b64encode(hash_key)}


def _refusal(row: Any, digest: str, now: int) -> DevSkyyError | None:
    again = "Run `devskyy pair` on the sidecar's machine for a new code."
    if row is None:
        return Unauthorized("The pairing code is wrong.", code="pairing_code_wrong", hint=again)
    if row.tries >= MAX_TRIES:
        return DevSkyyError(
            "Too many wrong codes; this one is void.", code="pairing_locked", status=429, hint=again
        )
    if not secrets.compare_digest(row.code_hash, digest):
        return Unauthorized(
            "The pairing code is wrong.", code="pairing_code_wrong", hint=f"Check it for slips. {again}"
        )
    if row.used_at is not None or row.expires_at <= now:
        return DevSkyyError(
            "The pairing code expired or was used.", code="pairing_code_expired", status=410, hint=again
        )
    return None


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
