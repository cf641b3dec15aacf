"""Signed requests in both directions (docs/protocol.md, section 1)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import jwt
from jwt.types import Options
from sqlalchemy import Connection, Engine, delete

from sidecar.core.errors import Conflict, Unauthorized
from sidecar.db import insert_new, write
from sidecar.db.app import nonces

LIFE_S = 60
LEEWAY_S = 30
DAY_S = 86_400
REQUIRED = ("iss", "aud", "iat", "exp", "jti", "m", "p", "bh")


@dataclass(frozen=True)
class Claims:
    """What a signed request says about itself once everything about it was checked."""

    iss: str
    aud: str
    jti: str
    iat: int
    exp: int
    site: str | None
    home: str | None
    who: dict[str, Any] | None

    @property
    def person(self) -> dict[str, Any] | None:
        """The person who acts and may manage the shop, or None."""
        caps = (self.who or {}).get("caps")
        return self.who if isinstance(caps, list) and "manage_woocommerce" in caps else None


def b64encode(raw: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def b64decode(text: str) -> bytes:
    """Bytes of base64url with or without padding; ValueError when it is none."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("not base64url") from error


def canonical_path(path: str, query: Iterable[tuple[str, str]] = ()) -> str:
    """The path as both sides sign it: the decoded query pairs encoded again, sorted, joined."""
    pairs = sorted((quote(key, safe="-._~"), quote(value, safe="-._~")) for key, value in query)
    return path + ("?" if pairs else "") + "&".join(f"{key}={value}" for key, value in pairs)


def body_hash(body: bytes) -> str:
    """Lower-case hex SHA-256 of the raw body."""
    return hashlib.sha256(body).hexdigest()


def sign(
    key: bytes,
    *,
    iss: str,
    aud: str,
    method: str,
    path: str,
    body: bytes = b"",
    now: int,
    jti: str | None = None,
    more: Mapping[str, object] | None = None,
) -> str:
    """A token for one request; `path` is canonical, `more` adds site, home and who."""
    claims: dict[str, Any] = {
        "iss": iss,
        "aud": aud,
        "iat": now,
        "exp": now + LIFE_S,
        "jti": jti or secrets.token_hex(16),
        "m": method.upper(),
        "p": path,
        "bh": body_hash(body),
        **(more or {}),
    }
    return jwt.encode(claims, key, algorithm="HS256")


def verify(
    header: str | None,
    *,
    key_of: Callable[[str], bytes | None],
    signer: str,
    method: str,
    path: str,
    body: bytes,
    now: int,
    audience: str | None = None,
    remember: Callable[[str, str, int], bool],
) -> Claims:
    """The claims of a request whose `Authorization` header holds for exactly this request.

    `key_of` gives the key of an audience or None, `signer` is who must have signed (`plugin` or `sidecar`),
    `remember` tells whether a token id is new. Unauthorized or Conflict with the codes of the protocol.
    """
    token = _bearer(header)
    aud = _peek_audience(token)
    if audience is not None and aud != audience:
        raise Unauthorized(
            "The request was signed for another shop.",
            code="audience_mismatch",
            hint="Pair the plugin with this sidecar again.",
        )
    key = key_of(aud)
    if key is None:
        raise Unauthorized(
            "This sidecar knows no such shop.",
            code="shop_unpaired",
            hint="Pair the plugin with this sidecar (WooCommerce → Settings → DevSkyy).",
        )
    claims = _decode(token, key)
    if claims["iss"] != signer:
        raise _invalid("it was not signed by the other side")
    _check_time(claims, now)
    if (claims["m"], claims["p"], claims["bh"]) != (method.upper(), path, body_hash(body)):
        raise Unauthorized(
            "The request differs from what was signed.",
            code="request_altered",
            hint="Something between the two rewrites requests (a proxy, a firewall, a caching layer): "
            "let it pass path, query and body as they are.",
        )
    if method.upper() not in ("GET", "HEAD") and not remember(aud, claims["jti"], claims["exp"] + 60):
        raise replayed()
    return Claims(
        iss=claims["iss"],
        aud=aud,
        jti=claims["jti"],
        iat=claims["iat"],
        exp=claims["exp"],
        site=_text(claims.get("site")),
        home=_text(claims.get("home")),
        who=claims["who"] if isinstance(claims.get("who"), dict) else None,
    )


def remember(engine: Engine, shop_id: str, jti: str, until: int, now: int) -> bool:
    """Whether this jti is new; it is kept until `until` in the database, so that all processes agree."""
    with write(engine) as conn:
        return remember_in(conn, shop_id, jti, until, now)


def remember_in(conn: Connection, shop_id: str, jti: str, until: int, now: int) -> bool:
    """As `remember`, in the caller's transaction."""
    if jti.endswith("00"):  # about one in 256: what is past is let go many at a time
        conn.execute(delete(nonces).where(nonces.c.expires_at < now))
    row = {"shop_id": shop_id, "jti": jti, "expires_at": until}
    if insert_new(conn, nonces, row):
        return True
    same = (nonces.c.shop_id == shop_id) & (nonces.c.jti == jti)
    past = delete(nonces).where(same, nonces.c.expires_at < now)
    return bool(conn.execute(past).rowcount) and insert_new(conn, nonces, row)


def replayed() -> Conflict:
    """The refusal of a token that was used before."""
    return Conflict(
        "The request came a second time.", code="replayed", hint="Send it again with a new token."
    )


def _bearer(header: str | None) -> str:
    scheme, _, token = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthorized(
            "The request is not signed.",
            code="signature_missing",
            hint="Only the paired plugin may call this. "
            "If it did: let the web server pass the Authorization header on.",
        )
    return token.strip()


def _invalid(why: str) -> Unauthorized:
    return Unauthorized(
        f"The signature does not hold: {why}.",
        code="signature_invalid",
        hint="The secrets of the two sides differ: pair them again.",
    )


def _peek_audience(token: str) -> str:
    # Read by hand: the library would take the whole token apart twice. What it says is checked by `_decode`.
    try:
        claims = json.loads(b64decode(token.split(".")[1]))
    except (IndexError, ValueError, RecursionError) as error:
        raise _invalid("it is no JSON Web Token") from error
    aud = claims.get("aud") if isinstance(claims, dict) else None
    if not isinstance(aud, str) or not aud or not aud.isprintable():  # PostgreSQL takes no NUL
        raise _invalid("it names no shop")
    return aud


def _decode(token: str, key: bytes) -> dict[str, Any]:
    # Time and audience are checked by us: the library has no "less than a day late" and no choice of codes.
    options: Options = {
        "require": list(REQUIRED),
        "verify_exp": False,
        "verify_iat": False,
        "verify_nbf": False,
        "verify_aud": False,
    }
    try:
        claims: dict[str, Any] = jwt.decode(token, key, algorithms=["HS256"], options=options)
    except jwt.PyJWTError as error:
        raise _invalid("it was made with another key or lacks a claim") from error
    texts = all(isinstance(claims[name], str) for name in ("iss", "jti", "m", "p", "bh"))
    times = all(type(claims[name]) is int for name in ("iat", "exp"))
    if not texts or not times or len(claims["jti"]) != 32 or not 0 < claims["exp"] - claims["iat"] <= LIFE_S:
        raise _invalid("a claim has the wrong form")
    return claims


def _check_time(claims: Mapping[str, Any], now: int) -> None:
    ahead, late = claims["iat"] - now, now - claims["exp"]
    if ahead <= LEEWAY_S and late <= LEEWAY_S:
        return
    if late >= DAY_S:
        raise Unauthorized(
            "The token expired long ago.", code="signature_expired", hint="Send the request again."
        )
    skew = now - claims["iat"]
    raise Unauthorized(
        f"The clocks of the shop and the sidecar differ by about {abs(skew)} seconds.",
        code="clock_skew",
        hint="Set the time of both machines by NTP.",
        details={"skew_seconds": skew},
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
