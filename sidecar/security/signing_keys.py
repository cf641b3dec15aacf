"""Access tokens and the keys that sign them (RFC 7519, RFC 9068): by kid, rotated, each with one algorithm.

The algorithm belongs to the key's row; what a token's header says about it only has to agree.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization as pem
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from jwt.algorithms import OKPAlgorithm, RSAAlgorithm
from sqlalchemy import Connection, Engine, Row, delete, select, update

from sidecar.core.errors import DevSkyyError, Unauthorized, Unavailable
from sidecar.db import insert_new, read, write
from sidecar.db.identity import signing_keys as table
from sidecar.security.sealing import Sealer, key_of
from sidecar.security.tokens import b64decode

ISSUER = "devskyy-sidecar"
TYPE = "at+jwt"
ACCESS_S = 30 * 60
LEEWAY_S = 30
HEADER_MAX = 300
HEADER = frozenset({"alg", "kid", "typ"})
KID = re.compile(r"[a-z0-9]{1,8}-[0-9]{1,9}")
TEXTS = ("iss", "aud", "sub", "scope", "jti")
PEM, DER = pem.Encoding.PEM, pem.Encoding.DER
RSA_BITS = 2048


@dataclass(frozen=True)
class SigningKey:
    """A key that signs; `private` is what PyJWT takes for its algorithm."""

    kid: str
    algorithm: str
    private: Any


def is_access_token(token: str) -> bool:
    """Whether a token calls itself one of ours (`typ`), which keeps it apart from the plugin's signatures."""
    return str(_header(token).get("typ", "")).lower() == TYPE


def encode(key: SigningKey, claims: Mapping[str, Any], *, now: int) -> str:
    """A signed access token that holds half an hour."""
    times = {"iss": ISSUER, "iat": now, "exp": now + ACCESS_S, "jti": secrets.token_hex(16)}
    head = {"kid": key.kid, "typ": TYPE}
    return jwt.encode({**claims, **times}, key.private, algorithm=key.algorithm, headers=head)


def verify(conn: Connection, sealer: Sealer, token: str, *, now: int) -> dict[str, Any]:
    """The claims of a good access token; Unauthorized with `token_invalid` or `token_expired` otherwise."""
    head = _header(token)
    kid = head.get("kid")
    if set(head) != HEADER or head["typ"] != TYPE or not isinstance(kid, str) or not KID.fullmatch(kid):
        raise _invalid()
    row = conn.execute(select(table).where(table.c.shop_id == "", table.c.kid == kid)).one_or_none()
    if row is None or _over(row, now):
        raise _invalid()
    options: Any = dict.fromkeys(("verify_exp", "verify_iat", "verify_nbf", "verify_aud"), False)
    try:
        key = _public(row.public) if row.public else sealer.open("", _name(kid), row.sealed)
        claims: dict[str, Any] = jwt.decode(token, key, algorithms=[row.algorithm], options=options)
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise _invalid() from error
    return _checked(claims, now)


def current(engine: Engine, sealer: Sealer, algorithm: str, *, now: int) -> SigningKey:
    """The key that signs now; made at first use, once for all processes."""
    for _ in range(3):
        with read(engine) as conn:
            mine = (table.c.shop_id == "") & (table.c.algorithm == algorithm) & table.c.retired_at.is_(None)
            row = conn.execute(select(table).where(mine).order_by(table.c.created_at.desc())).first()
            last = _last(conn)
        if row is not None:
            raw = sealer.open("", _name(row.kid), row.sealed)
            return SigningKey(row.kid, algorithm, _private(algorithm, raw))
        _make(engine, sealer, algorithm, last, now)
    raise Unavailable(
        "No key to sign tokens could be made.", code="signing_key_missing", hint="Try again in a moment."
    )


def rotate(engine: Engine, sealer: Sealer, algorithm: str, *, now: int) -> str:
    """Makes a fresh key and gives its kid; the others sign no more and verify until their tokens expired."""
    with read(engine) as conn:
        last = _last(conn)
    kid = _make(engine, sealer, algorithm, last, now)
    with write(engine) as conn:
        kids = conn.execute(select(table.c.kid).where(table.c.shop_id == "")).scalars()
        # Only those before it: of two rotations at once the later key stays.
        former = [one for one in kids if _number(one) <= last]
        mine = (table.c.shop_id == "") & table.c.kid.in_(former) & table.c.retired_at.is_(None)
        conn.execute(update(table).where(mine).values(retired_at=now))
        prune(conn, now=now)
    return kid


def prune(conn: Connection, *, now: int) -> None:
    """Deletes keys whose last token has expired."""
    conn.execute(delete(table).where(table.c.retired_at <= now - ACCESS_S - LEEWAY_S))


def public_keys(conn: Connection, *, now: int) -> list[dict[str, Any]]:
    """The public keys as a JWK set (RFC 7517); those of HS256 are secrets and stay here."""
    rows = conn.execute(select(table).where(table.c.public.is_not(None)).order_by(table.c.created_at))
    return [_jwk(row) for row in rows if not _over(row, now)]


def _last(conn: Connection) -> int:
    kids = conn.execute(select(table.c.kid).where(table.c.shop_id == "")).scalars()
    return max((_number(kid) for kid in kids), default=0)


def _number(kid: str) -> int:
    return int(kid.rpartition("-")[2])


def _make(engine: Engine, sealer: Sealer, algorithm: str, last: int, now: int) -> str:
    """The key after number `last`; of several who saw the same last one, the database lets one in."""
    raw, public = _fresh(algorithm)
    kid = f"{algorithm.lower()}-{last + 1}"
    sealed = sealer.seal("", _name(kid), raw)
    row = {
        "shop_id": "", "kid": kid, "algorithm": algorithm, "key_id": key_of(sealed), "sealed": sealed,
        "public": public, "created_at": now, "retired_at": None,
    }  # fmt: skip
    with write(engine) as conn:
        insert_new(conn, table, row)
    return kid


def _fresh(algorithm: str) -> tuple[bytes, str | None]:
    if algorithm == "HS256":
        return secrets.token_bytes(32), None
    if algorithm == "EdDSA":
        key = ed25519.Ed25519PrivateKey.generate()
        return key.private_bytes_raw(), _pem(key.public_key())
    made = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    raw = made.private_bytes(DER, pem.PrivateFormat.PKCS8, pem.NoEncryption())
    return raw, _pem(made.public_key())


def _pem(key: ed25519.Ed25519PublicKey | rsa.RSAPublicKey) -> str:
    return key.public_bytes(PEM, pem.PublicFormat.SubjectPublicKeyInfo).decode()


@lru_cache(maxsize=8)
def _private(algorithm: str, raw: bytes) -> Any:
    if algorithm == "HS256":
        return raw
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.from_private_bytes(raw)
    return pem.load_der_private_key(raw, None)


@lru_cache(maxsize=32)
def _public(text: str) -> Any:
    return pem.load_pem_public_key(text.encode())


def _jwk(row: Row[Any]) -> dict[str, Any]:
    algorithm: Any = OKPAlgorithm if row.algorithm == "EdDSA" else RSAAlgorithm
    known = algorithm.to_jwk(_public(row.public), as_dict=True)
    kept = {name: known[name] for name in ("kty", "crv", "x", "n", "e") if name in known}
    return {**kept, "kid": row.kid, "use": "sig", "alg": row.algorithm}


def _name(kid: str) -> str:
    """What the sealed key is bound to."""
    return f"signing_keys/{kid}"


def _over(row: Row[Any], now: int) -> bool:
    return row.retired_at is not None and row.retired_at <= now - ACCESS_S - LEEWAY_S


def _header(token: str) -> dict[str, Any]:
    first = token.partition(".")[0]
    if len(first) > HEADER_MAX:
        return {}
    try:
        found = json.loads(b64decode(first))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _checked(claims: dict[str, Any], now: int) -> dict[str, Any]:
    texts = all(isinstance(claims.get(name), str) for name in TEXTS)
    times = all(type(claims.get(name)) is int for name in ("iat", "exp"))
    if not texts or not times or claims["iss"] != ISSUER:
        raise _invalid()
    if claims["iat"] > now + LEEWAY_S or claims["exp"] - claims["iat"] > ACCESS_S:
        raise _invalid()
    if claims["exp"] <= now:
        raise Unauthorized(
            "The access token expired.",
            code="token_expired",
            hint="Get a new one: POST /api/v1/auth/refresh.",
        )
    return claims


def _invalid() -> DevSkyyError:
    # One text for all ways to be wrong.
    return Unauthorized(
        "The access token is none of ours.", code="token_invalid", hint="Sign in: POST /api/v1/auth/login."
    )
