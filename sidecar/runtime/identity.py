"""Signing in: logins, refresh, logout and OAuth tokens, each with its row in the audit."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from sidecar.core.errors import DevSkyyError, Invalid, Unauthorized
from sidecar.db import read, write
from sidecar.db.app import shops
from sidecar.runtime import audit
from sidecar.runtime.base import Caller, Row, Runtime, now
from sidecar.runtime.webhooks import emit
from sidecar.security import clients, passwords, sessions, signing_keys, users
from sidecar.security.roles import ROLES
from sidecar.security.signing_keys import ACCESS_S, SigningKey


def login(rt: Runtime, shop: str | None, given: str, password: str, device: str) -> Row:
    """Tokens for a right password; 401 `login_wrong` in one text and about one time for all else, 503 `busy`.

    `shop` is needed when several are paired.
    """
    shop_id, name = _shop(rt, shop), users.login_of(given)
    with passwords.slot():
        with write(rt.db.app) as conn:
            tried = users.begin_try(conn, shop_id, name, now=now())
        good = passwords.matches(tried.hash, password)
        if tried.user is None or tried.locked or not good or not tried.user.active:
            _note_lock(rt, tried, good)
            raise _login_wrong()
        grown = passwords.hashed(password) if passwords.outgrown(tried.user.password_hash) else None
    key = _key(rt)
    with write(rt.db.app) as conn:
        user = users.get(conn, shop_id, tried.user.id, lock=True)
        if not user.active or user.password_hash != tried.user.password_hash:
            raise _login_wrong()  # changed while it was checked
        users.end_try(conn, user, now=now(), new_hash=grown)
        session_id, token = sessions.start(conn, shop_id, user.id, device, now=now())
        audit.record(conn, shop_id, who_is(user), "session.started", session_id)
    return _tokens(key, user, session_id, token)


def refresh(rt: Runtime, token: str) -> Row:
    """New tokens for a refresh token, which is used up; 401 `refresh_wrong`, or `refresh_reused` when that
    ended the session just now."""
    if not sessions.FORM.fullmatch(token):
        raise _refresh_wrong()
    key = _key(rt)
    with write(rt.db.app) as conn:
        found = sessions.refresh(conn, token, now=now())
        if found.state == "reused" and found.session is not None:
            who = who_is(found.user) if found.user is not None else None
            audit.record(
                conn, found.session.shop_id, who, "session.reused", found.session.id, {"ended": True}
            )
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
        ended = sessions.end(conn, who.shop_id, "logout", now=now(), **one)
        audit.record(
            conn, who.shop_id, who.who, "session.ended", who.session, {"why": "logout", "ended": ended}
        )
    return ended


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


def _note_lock(rt: Runtime, tried: users.Try, good: bool) -> None:
    if tried.user is None or tried.locked or good:
        return
    failures = tried.user.failures + 1
    if failures >= users.FREE_TRIES:
        with write(rt.db.app) as conn:
            detail = {"failures": failures, "seconds": users.wait_after(failures)}
            audit.record(conn, tried.user.shop_id, None, "user.locked", tried.user.id, detail)
            emit(conn, tried.user.shop_id, "security.login_locked", {"user": tried.user.id})


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
