"""Every kind of caller that the matrix knows: how it shows itself, and how it is met.

A kind is a `Kind`: `good` callers are known and are let in as the table says; bad ones are met with the same
refusal on every route that is not open.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import uuid
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jwt
from flask import Flask
from jwt.warnings import InsecureKeyLengthWarning
from sqlalchemy import select, update

from sidecar.api.table import Route
from sidecar.db import read, write
from sidecar.db.identity import oauth_clients, sessions, users
from sidecar.db.identity import signing_keys as keys_table
from sidecar.security import clients, signing_keys
from sidecar.security import sessions as signed_in
from sidecar.security import users as logins
from sidecar.security.apikeys import create_key, revoke_key
from sidecar.security.roles import ROLES, SCOPES
from sidecar.security.tokens import canonical_path
from tests.sidecar.kit import ANNA, ERIC, Plugin

NOW = int(time.time())
HOUR = 3_600
FAR = "192.0.2.7"


@dataclass(frozen=True)
class Sent:
    """What goes over the wire beside method and path."""

    head: dict[str, str] = field(default_factory=dict)
    query: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""


@dataclass(frozen=True)
class Kind:
    """A kind of caller; `refusal` is the status and code that a bad one meets."""

    name: str
    send: Callable[[Route, str], Sent]
    refusal: tuple[int, str] | None = None
    kind: str = ""
    scopes: Callable[[Route], frozenset[str]] = lambda _: frozenset()
    manages: bool = False
    only: Callable[[Route], bool] = lambda _: True


def bearer(text: str) -> Callable[[Route, str], Sent]:
    """A caller with one fixed token."""
    return lambda _route, _path: Sent({"Authorization": f"Bearer {text}"})


def encoded(claims: dict[str, Any], key: Any, algorithm: str, head: Any = None) -> str:
    """A JWT, also under a key that PyJWT finds too short for its algorithm."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InsecureKeyLengthWarning)
        return jwt.encode(claims, key, algorithm=algorithm, headers=head)


class World:
    """A paired shop, whose logins, keys and clients are made as asked for, and another shop beside it."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.shop, self.other = Plugin(app).pair(), Plugin(app).pair()
        self.rt = self.shop.rt
        self.engine = self.rt.db.app
        self.signing = signing_keys.current(self.engine, self.rt.sealer, "HS256", now=NOW)

    # --- tokens of logins and clients

    def login(self, role: str, shop: Plugin | None = None) -> tuple[Any, str]:
        """A user of a role and its session's id."""
        shop_id = (shop or self.shop).shop_id
        with write(self.engine) as conn:
            user = logins.add(conn, shop_id, f"{role}-{uuid.uuid4().hex[:8]}", role, "no hash", None, now=NOW)
            session, _ = signed_in.start(conn, shop_id, user.id, "test", now=NOW)
        return user, session

    def token(self, role: str = "owner") -> str:
        """The access token of a fresh login."""
        user, session = self.login(role)
        return signed_in.access_token(self.signing, user, session, now=NOW)

    def forged(self, *, key: Any = None, algorithm: str = "HS256", head: Any = None, **claims: Any) -> str:
        """An owner's token with other claims, another header, key or algorithm."""
        user, session = self.login("owner")
        good: dict[str, Any] = {
            "iss": signing_keys.ISSUER, "aud": self.shop.shop_id, "sub": user.id, "sid": session,
            "scope": " ".join(SCOPES), "role": "owner", "iat": NOW, "exp": NOW + 1_800,
            "jti": uuid.uuid4().hex,
        }  # fmt: skip
        header = {"kid": self.signing.kid, "typ": signing_keys.TYPE, **(head or {})}
        secret = self.signing.private if key is None else key
        return encoded({**good, **claims}, secret, algorithm, header)

    def ended(self, change: Callable[[Any, str], Any]) -> str:
        """The token of a login after something was changed: a statement made from user and session."""
        user, session = self.login("owner")
        text = signed_in.access_token(self.signing, user, session, now=NOW)
        with write(self.engine) as conn:
            conn.execute(change(user, session))
        return text

    def client(self, scopes: frozenset[str], *, revoked: bool = False) -> str:
        """The access token of a fresh OAuth client."""
        with write(self.engine) as conn:
            row, _ = clients.create(conn, self.shop.shop_id, "machine", scopes, now=NOW, owner_id=None)
            text = clients.access_token(self.signing, row, sorted(scopes), now=NOW)
            if revoked:
                mine = oauth_clients.c.id == row.id
                conn.execute(update(oauth_clients).where(mine).values(revoked_at=NOW))
        return text

    def key(self, scopes: frozenset[str], **more: Any) -> str:
        """A fresh API key."""
        return create_key(self.engine, self.shop.shop_id, "script", scopes, now=NOW, **more)[1]

    def revoked_key(self) -> str:
        """An API key that was revoked."""
        key, text = create_key(self.engine, self.shop.shop_id, "script", SCOPES, now=NOW)
        revoke_key(self.engine, self.shop.shop_id, key.id, now=NOW)
        return text

    # --- signatures

    def signed(self, *, who: Any = None, plugin: Plugin | None = None, **more: Any) -> Callable[..., Sent]:
        """A request that the plugin signed."""
        sender = plugin or self.shop

        def send(route: Route, path: str) -> Sent:
            token = sender.token(route.method, path, who=who, **more)
            return Sent({"Authorization": f"Bearer {token}"})

        return send

    def altered(self, route: Route, path: str) -> Sent:
        """Signed with one query, sent with another."""
        token = self.shop.token(route.method, canonical_path(path, [("limit", "5")]), who=ANNA)
        return Sent({"Authorization": f"Bearer {token}"}, query=[("limit", "6")])

    def query_added(self, route: Route, path: str) -> Sent:
        """Signed without a query, sent with one."""
        return Sent(self.signed(who=ANNA)(route, path).head, query=[("limit", "6")])

    def body_altered(self, route: Route, path: str) -> Sent:
        """Signed with one body, sent with another."""
        token = self.shop.token(route.method, path, b'{"full": true}', who=ANNA)
        head = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        return Sent(head, body=b'{"full": false}')

    def replayed(self, route: Route, path: str) -> Sent:
        """Signed once, sent a second time."""
        sent = self.signed(who=ANNA)(route, path)
        ask(self.app, route, path, sent)
        return sent

    def resigned(self, algorithm: str, key: Any) -> Callable[..., Sent]:
        """The plugin's claims for just this request under another algorithm."""

        def send(route: Route, path: str) -> Sent:
            claims = jwt.decode(
                self.shop.token(route.method, path, who=ANNA), options={"verify_signature": False}
            )
            return Sent({"Authorization": f"Bearer {encoded(claims, key, algorithm)}"})

        return send

    def unsigned_by_hand(self, route: Route, path: str) -> Sent:
        """A good token whose signature was cut off, `alg` spelled another way."""
        middle = self.shop.token(route.method, path, who=ANNA).split(".")[1]
        head = base64.urlsafe_b64encode(json.dumps({"alg": "nOnE", "typ": "JWT"}).encode()).rstrip(b"=")
        return Sent({"Authorization": f"Bearer {head.decode()}.{middle}."})

    def public_key(self) -> tuple[str, bytes]:
        """The kid and PEM of a key whose public half everybody knows."""
        kid = signing_keys.current(self.engine, self.rt.sealer, "EdDSA", now=NOW).kid
        with read(self.engine) as conn:
            return kid, conn.execute(
                select(keys_table.c.public).where(keys_table.c.kid == kid)
            ).scalar_one().encode()


def ask(app: Flask, route: Route, path: str, sent: Sent) -> Any:
    """One request from another machine, by https."""
    return app.test_client().open(
        path, method=route.method, headers=sent.head, query_string=sent.query, data=sent.body,
        base_url="https://sidecar.test", environ_base={"REMOTE_ADDR": FAR},
    )  # fmt: skip


def kinds(world: World) -> list[Kind]:
    """All kinds: good ones, then bad ones."""
    return [*_plugins(world), *_scoped(world), *_nobody(world), *_bad_keys(world), *_bad_tokens(world),
            *_bad_signatures(world)]  # fmt: skip


def _plugins(world: World) -> list[Kind]:
    return [
        Kind("plugin without a person", world.signed(), kind="plugin"),
        Kind("plugin for a manager", world.signed(who=ANNA), kind="plugin", manages=True),
        Kind("plugin for a person without the right", world.signed(who=ERIC), kind="plugin"),
        Kind("another shop's plugin, for itself", world.signed(who=ANNA, plugin=world.other), kind="plugin",
             manages=True),
        Kind("plugin, replayed read", world.replayed, kind="plugin", manages=True,
             only=lambda route: route.method == "GET"),
    ]  # fmt: skip


def _scoped(world: World) -> list[Kind]:
    everything = frozenset(SCOPES)
    found = [
        Kind(f"login of {role}", bearer(world.token(role)), kind="user", scopes=lambda _, held=held: held)
        for role, held in ROLES.items()
    ]
    makers: tuple[tuple[str, Callable[[frozenset[str]], str]], ...] = (
        ("key", world.key),
        ("client", world.client),
    )
    for kind, make in makers:
        one = {scope: make(frozenset({scope})) for scope in SCOPES}
        but = {scope: make(everything - {scope}) for scope in SCOPES}
        whole = make(everything)

        def of(texts: dict[str, str], whole: str = whole) -> Callable[[Route, str], Sent]:
            return lambda route, path: bearer(texts.get(route.scope or "", whole))(route, path)

        found += [
            Kind(f"{kind} with every scope", bearer(whole), kind=kind, scopes=lambda _: everything),
            Kind(f"{kind} with just the scope", of(one), kind=kind,
                 scopes=lambda route: frozenset({route.scope} & everything)),
            Kind(f"{kind} with every other scope", of(but), kind=kind,
                 scopes=lambda route: everything - {route.scope}),
        ]  # fmt: skip
    return found


def _nobody(world: World) -> list[Kind]:
    basic = base64.b64encode(b"anna:secret").decode()
    missing, invalid = (401, "signature_missing"), (401, "signature_invalid")
    return [
        Kind("no token", lambda *_: Sent(), missing),
        Kind("an empty token", lambda *_: Sent({"Authorization": "Bearer "}), missing),
        Kind("a password", lambda *_: Sent({"Authorization": f"Basic {basic}"}), missing),
        Kind("nonsense", bearer("nonsense"), invalid),
        Kind("a token in the query", lambda *_: Sent(query=[("access_token", world.token())]), missing),
        Kind("a refresh token", bearer(f"dsr_{'x' * 43}"), invalid),
        Kind("a client's secret", bearer(f"dss_{'x' * 43}"), invalid),
    ]


def _bad_keys(world: World) -> list[Kind]:
    every = frozenset(SCOPES)
    good = world.key(every)
    return [
        Kind("an unknown key", bearer(f"dsk_{'0' * 16}_{'x' * 43}"), (401, "api_key_wrong")),
        Kind("a key with another secret", bearer(good[:-4] + "AAAA"), (401, "api_key_wrong")),
        Kind("an expired key", bearer(world.key(every, expires_at=NOW - 1)), (401, "api_key_expired")),
        Kind("a revoked key", bearer(world.revoked_key()), (401, "api_key_revoked")),
        Kind("a key from another network", bearer(world.key(every, networks=["203.0.113.0/24"])),
             (403, "address_not_allowed")),
    ]  # fmt: skip


def _bad_tokens(world: World) -> list[Kind]:
    invalid, ended = (401, "token_invalid"), (401, "session_ended")
    forged, secret = world.forged, world.signing.private
    kid, public = world.public_key()
    return [
        Kind("an expired token", bearer(forged(iat=NOW - HOUR, exp=NOW - 1_800)), (401, "token_expired")),
        Kind("a token from tomorrow", bearer(forged(iat=NOW + 24 * HOUR, exp=NOW + 24 * HOUR + 9)), invalid),
        Kind("a token of a year", bearer(forged(exp=NOW + 8_760 * HOUR)), invalid),
        Kind("a token for nobody's shop", bearer(forged(aud=str(uuid.uuid4()))), ended),
        Kind("a token for another shop", bearer(forged(aud=world.other.shop_id)), ended),
        Kind("a token for two shops", bearer(forged(aud=[world.shop.shop_id, world.other.shop_id])), invalid),
        Kind("a token of another issuer", bearer(forged(iss="plugin")), invalid),
        Kind("a token for another user", bearer(forged(sub=uuid.uuid4().hex)), ended),
        Kind("a token without a session", bearer(forged(sid=uuid.uuid4().hex)), ended),
        Kind("a token that is not signed", bearer(forged(key="", algorithm="none")), invalid),
        Kind("a token of another algorithm", bearer(forged(algorithm="HS512")), invalid),
        Kind("a token under the wrong key", bearer(forged(key=b"x" * 32)), invalid),
        Kind("a token of an unknown kid", bearer(forged(head={"kid": "hs256-999"})), invalid),
        Kind("a token that names a key's address", bearer(forged(head={"jku": "http://evil.test"})), invalid),
        Kind("a token signed with a public key", bearer(_confused(world, kid, public)), invalid),
        Kind("a token of another type", bearer(forged(head={"typ": "JWT"}, key=secret)),
             (401, "signature_invalid")),
        Kind("a token of a revoked session", bearer(world.ended(
            lambda _, one: update(sessions).where(sessions.c.id == one).values(revoked_at=NOW))), ended),
        Kind("a token of a session that is over", bearer(world.ended(
            lambda _, one: update(sessions).where(sessions.c.id == one).values(expires_at=NOW - 1))), ended),
        Kind("a token of a user who was switched off", bearer(world.ended(
            lambda user, _: update(users).where(users.c.id == user.id).values(active=False))), ended),
        Kind("a token of a revoked client", bearer(world.client(frozenset(SCOPES), revoked=True)),
             (401, "client_ended")),
    ]  # fmt: skip


def _confused(world: World, kid: str, public: bytes) -> str:
    """HS256 under the bytes of a public key: what a verifier takes that believes the token's algorithm."""
    payload = world.forged().split(".")[1]
    head = {"alg": "HS256", "typ": signing_keys.TYPE, "kid": kid}
    first = base64.urlsafe_b64encode(json.dumps(head).encode()).rstrip(b"=").decode()
    mac = hmac.new(public, f"{first}.{payload}".encode(), hashlib.sha256).digest()
    return f"{first}.{payload}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def _bad_signatures(world: World) -> list[Kind]:
    invalid, altered = (401, "signature_invalid"), (401, "request_altered")
    signed, shop = world.signed, world.shop
    clone = {"site": str(uuid.uuid4()), "home": "http://copy.test"}
    foreign = signed(who=ANNA, plugin=world.other, aud=shop.shop_id)
    unknown = signed(who=ANNA, aud=str(uuid.uuid4()))
    return [
        Kind("a signature under the wrong key", signed(who=ANNA, key=b"x" * 32), invalid),
        Kind("a signature by another shop's key", signed(who=ANNA, key=world.other.secret), invalid),
        Kind("another shop's plugin in our name", foreign, invalid),
        Kind("a signature for nobody's shop", unknown, (401, "shop_unpaired")),
        Kind("a signature of the sidecar itself", signed(who=ANNA, iss="sidecar"), invalid),
        Kind("a signature that is none", world.resigned("none", ""), invalid),
        Kind("a signature that was cut off", world.unsigned_by_hand, invalid),
        Kind("a signature of another algorithm", world.resigned("HS384", shop.secret), invalid),
        Kind("an expired signature", signed(who=ANNA, now=NOW - 3 * 24 * HOUR), (401, "signature_expired")),
        Kind("a late signature", signed(who=ANNA, now=NOW - HOUR), (401, "clock_skew")),
        Kind("an early signature", signed(who=ANNA, now=NOW + HOUR), (401, "clock_skew")),
        Kind("a signature for another path",
             lambda route, _: signed(who=ANNA)(route, "/api/v1/elsewhere"), altered),
        Kind("an altered query", world.altered, altered),
        Kind("an added query", world.query_added, altered),
        Kind("an altered body", world.body_altered, altered),
        Kind("a replayed signature", world.replayed, (409, "replayed"),
             only=lambda route: route.method != "GET"),
        Kind("a copy of the shop", signed(who=ANNA, claims=clone), (409, "site_changed")),
    ]  # fmt: skip
