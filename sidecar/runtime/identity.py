"""Signing in: logins, refresh, logout and OAuth tokens, each with its row in the audit."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from sqlalchemy import Connection, select

from sidecar.core.errors import DevSkyyError, Invalid, Unauthorized, Unavailable
from sidecar.db import lease, read, write
from sidecar.db.app import shops
from sidecar.runtime import audit
from sidecar.runtime.base import Caller, Row, Runtime, now
from sidecar.runtime.webhooks import emit
from sidecar.security import clients, passwords, sessions, signing_keys, users
from sidecar.security.roles import ROLES
from sidecar.security.signing_keys import ACCESS_S, SigningKey

ALONE_S = 20
"""How long an attempt to sign in may keep others of the same login waiting when its process dies."""


def login(rt: Runtime, shop: str | None, given: str, password: str, device: str, address: str = "") -> Row:
    """Tokens for a right password; 401 `login_wrong` in one text and about one time for all else, 503 `busy`.

    `shop` is needed when several are paired. A wrong password is audited with the network address it came
    from; what names no login of ours is not, since anybody could fill the audit with that.
    """
    shop_id, name = _shop(rt, shop), users.login_of(given)
    with _alone(rt, shop_id, name):
        user, grown = _checked(rt, shop_id, name, password, address)
        key = _key(rt)
        with write(rt.db.app) as conn:
            row = users.get(conn, shop_id, user.id, lock=True)
            if not row.active or row.password_hash != user.password_hash:
                raise _login_wrong()  # changed while it was checked
            users.succeeded(conn, row, now=now(), new_hash=grown)
            session_id, token = sessions.start(conn, shop_id, row.id, device, now=now())
            audit.record(conn, shop_id, who_is(row), "session.started", session_id)
    return _tokens(key, row, session_id, token)


def refresh(rt: Runtime, token: str, address: str = "") -> Row:
    """New tokens for a refresh token, which is used up; 401 `refresh_wrong`, or `refresh_reused` when that
    ended the session just now."""
    with read(rt.db.app) as conn:
        shop_id = sessions.shop_of(conn, token)
    if shop_id is None:
        raise _refresh_wrong()
    key = _key(rt)
    with write(rt.db.app) as conn:
        found = sessions.refresh(conn, shop_id, token, now=now())
        if found.state == "reused" and found.session is not None:
            who = who_is(found.user) if found.user is not None else None
            detail = {"ended": True} | _from(conn, found.user, address)
            audit.record(conn, found.session.shop_id, who, "session.reused", found.session.id, detail)
            emit(conn, found.session.shop_id, "security.session_reused", {"session": found.session.id})
    if found.state == "good" and found.user is not None and found.session is not None:
        return _tokens(key, found.user, found.session.id, found.token)
    if found.state == "reused":
        raise Unauthorized(
            "The refresh token was used before, so the session was ended.",
            code="refresh_reused",
            hint="Sign in again. If it was not you who used it, change the password.",
        )
    raise _refresh_wrong()


def logout(rt: Runtime, who: Caller, *, everywhere: bool) -> int:
    """Ends the caller's session, or all of the login; how many ended."""
    if who.kind != "user" or who.session is None:
        raise Invalid(
            "Only a login can sign out.",
            code="no_session",
            hint="Revoke a key or client in wp-admin instead.",
        )
    one = {"user_id": who.ident} if everywhere else {"session_id": who.session}
    with write(rt.db.app) as conn:
        ended = end_sessions(conn, who.shop_id, "logout", **one)
        audit.record(
            conn, who.shop_id, who.who, "session.ended", who.session, {"why": "logout", "ended": ended}
        )
    return ended


def end_sessions(conn: Connection, shop_id: str, why: str, **which: str) -> int:
    """Ends the session `session_id`, or all of the user `user_id`, and tells webhooks; how many ended."""
    ended = sessions.end(conn, shop_id, why, now=now(), **which)
    for session in ended:
        emit(conn, shop_id, "security.session_revoked", {"session": session, "why": why})
    return len(ended)


def client_token(rt: Runtime, client_id: str, secret: str, scope: str | None) -> Row:
    """A token for an OAuth client (RFC 6749, section 4.4); OAuthError otherwise."""
    key = _key(rt)
    with write(rt.db.app) as conn:
        client = clients.authenticate(conn, client_id, secret, now=now())
        scopes = clients.granted(client, scope)
    token = clients.access_token(key, client, scopes, now=now())
    return {"access_token": token, "token_type": "Bearer", "expires_in": ACCESS_S, "scope": " ".join(scopes)}


def public_keys(rt: Runtime) -> list[dict[str, Any]]:
    """The public keys of access tokens."""
    with read(rt.db.app) as conn:
        return signing_keys.public_keys(conn, now=now())


def rotate(rt: Runtime) -> str:
    """Signs access tokens with a fresh key from now on; its kid."""
    return signing_keys.rotate(rt.db.app, rt.sealer, rt.settings.token_algorithm, now=now())


def prune(rt: Runtime) -> None:
    """Deletes sessions that ended long ago and signing keys whose last token expired."""
    with write(rt.db.app) as conn:
        sessions.prune(conn, now=now())
        signing_keys.prune(conn, now=now())


def who_is(user: Any) -> Row:
    """A user's row or a token's holder as the audit names people: by WordPress user where there is one."""
    name = getattr(user, "login", None) or user.name
    return {"login": name} if user.wp_user_id is None else {"id": user.wp_user_id, "login": name}


def _key(rt: Runtime) -> SigningKey:
    return signing_keys.current(rt.db.app, rt.sealer, rt.settings.token_algorithm, now=now())


def _shop(rt: Runtime, wanted: str | None) -> str:
    with read(rt.db.app) as conn:
        query = select(shops.c.shop_id).where(shops.c.state != "unpaired")
        ids = list(conn.execute(query).scalars())
    if wanted is None and len(ids) > 1:
        raise Invalid(
            "Several shops are paired here.", fields={"shop": "is needed"},
            hint="Say which: shop = its shop_id, as the Status page shows it.",
        )  # fmt: skip
    # A shop that is none is no error of its own: nobody learns which exist.
    return (ids[0] if ids else "") if wanted is None else wanted if wanted in ids else ""


@contextmanager
def _alone(rt: Runtime, shop_id: str, name: str) -> Iterator[None]:
    """One attempt at a time for each login, in any process and whether it exists or not: so that many guesses
    at once are counted one by one, and many right passwords at once are all let in."""
    digest = hashlib.sha256(f"{shop_id} {name}".encode()).hexdigest()[:32]
    owner, end = secrets.token_hex(8), time.monotonic() + passwords.WAIT_S
    place = (rt.db.app, "", f"login {digest}", owner)
    while not _undisturbed(lambda: lease.take(*place, now=now(), seconds=ALONE_S)):
        if time.monotonic() > end:
            raise passwords.busy()
        time.sleep(0.05)
    try:
        yield
    finally:
        while not _undisturbed(partial(lease.give_back, *place)) and time.monotonic() < end:
            time.sleep(0.05)


def _undisturbed(call: Callable[[], bool | None]) -> bool:
    """Whether a call did it; False too when MariaDB ended it for a deadlock with others who came first."""
    try:
        return call() is not False
    except Unavailable as error:
        if error.code != "database_locked":
            raise
        return False


def _checked(rt: Runtime, shop_id: str, name: str, password: str, address: str) -> tuple[Any, str | None]:
    """The user whose password this is, and a new hash when the old one took too little work."""
    with passwords.slot():
        with read(rt.db.app) as conn:
            user = users.by_login(conn, shop_id, name)
        good = passwords.matches(user.password_hash if user is not None else None, password)
        if user is None or users.is_locked(user, now()) or not user.active:
            raise _login_wrong()
        if not good:
            _count(rt, user, address)
            raise _login_wrong()
        return user, passwords.hashed(password) if passwords.outgrown(user.password_hash) else None


def _count(rt: Runtime, user: Any, address: str) -> None:
    with write(rt.db.app) as conn:
        wait = users.failed(conn, user.shop_id, user.id, now=now())
        came = _from(conn, user, address)
        audit.record(conn, user.shop_id, None, "session.refused", user.id, came)
        if wait:
            audit.record(conn, user.shop_id, None, "user.locked", user.id, {"seconds": wait} | came)
            emit(conn, user.shop_id, "security.login_locked", {"user": user.id})


def _from(conn: Connection, user: Any, address: str) -> Row:
    """The address that an attempt came from, sealed under the key of whose login it is: it may be theirs, and
    goes with them."""
    person = audit.actor(who_is(user)) if user is not None else None
    return (
        {"from": audit.about(conn, user.shop_id, person, {"address": address})} if person and address else {}
    )


def _login_wrong() -> DevSkyyError:
    return Unauthorized(
        "Login or password is wrong, or has to wait.",
        code="login_wrong",
        hint="After several wrong passwords a login waits, up to an hour. Logins are made in wp-admin under "
        "WooCommerce → DevSkyy → Access.",
    )


def _refresh_wrong() -> DevSkyyError:
    return Unauthorized(
        "The refresh token is not good.", code="refresh_wrong", hint="Sign in again: POST /api/v1/auth/login."
    )


def _tokens(key: SigningKey, user: Any, session_id: str, token: str) -> Row:
    access = sessions.access_token(key, user, session_id, now=now())
    return {
        "access_token": access, "token_type": "Bearer", "expires_in": ACCESS_S,
        "refresh_token": token, "refresh_expires_in": sessions.REFRESH_S,
        "scope": " ".join(sorted(ROLES[user.role])), "role": user.role, "shop_id": user.shop_id,
    }  # fmt: skip
