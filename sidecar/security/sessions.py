"""Signed-in sessions: refresh tokens that hold once, and access tokens that die with their session."""

from __future__ import annotations

import hashlib
import re
import secrets
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, insert, select, update

from sidecar.core.errors import NotFound, Unauthorized
from sidecar.db import read, write
from sidecar.db.app import shops
from sidecar.db.identity import oauth_clients, refresh_tokens, sessions, users
from sidecar.security import signing_keys
from sidecar.security.roles import ROLES
from sidecar.security.sealing import Sealer
from sidecar.security.signing_keys import SigningKey

REFRESH_S = 7 * 86_400
LONGEST_S = 90 * 86_400
"""However often it is refreshed, a session ends after so long."""
KEPT_S = 30 * 86_400
TOUCH_S = 60
FORM = re.compile(r"dsr_[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class Refreshed:
    """What a refresh token was good for: `state` is `good`, `reused` (its session ended just now) or
    `wrong`."""

    state: str
    session: Row[Any] | None = None
    user: Row[Any] | None = None
    token: str = ""


@dataclass(frozen=True)
class Holder:
    """Whom an access token stands for: `kind` is `user` or `client`; `name` is the login or the client's
    name."""

    kind: str
    shop_id: str
    id: str
    name: str
    scopes: frozenset[str]
    session: str | None = None
    role: str | None = None
    wp_user_id: int | None = None


def start(conn: Connection, shop_id: str, user_id: str, device: str, *, now: int) -> tuple[str, str]:
    """A new session: its id and its first refresh token."""
    session_id = uuid.uuid4().hex
    shown = "".join(letter for letter in device if letter.isprintable())[:120]
    row = {
        "shop_id": shop_id, "id": session_id, "user_id": user_id, "device": shown, "created_at": now,
        "last_used_at": now, "expires_at": now + REFRESH_S,
    }  # fmt: skip
    conn.execute(insert(sessions), row)
    return session_id, _add_token(conn, shop_id, session_id, now + REFRESH_S, now)


def shop_of(conn: Connection, text: str) -> str | None:
    """The shop of a refresh token, or None when there is no such token."""
    digest = _hash(text) if FORM.fullmatch(text) else ""
    query = select(refresh_tokens.c.shop_id).where(refresh_tokens.c.token_hash == digest)
    return conn.execute(query).scalar()


def refresh(conn: Connection, shop_id: str, text: str, *, now: int) -> Refreshed:
    """Uses up a refresh token; the same one a second time ends its session, since one of two users of it
    stole it.

    The update decides: of two processes with one token exactly one changes the row. It is the transaction's
    first statement and names the whole key, so that MariaDB locks this row and no gaps beside it.
    """
    mine = (refresh_tokens.c.shop_id == shop_id) & (refresh_tokens.c.token_hash == _hash(text))
    fresh = (refresh_tokens.c.used_at.is_(None)) & (refresh_tokens.c.expires_at > now)
    won = conn.execute(update(refresh_tokens).where(mine, fresh).values(used_at=now)).rowcount == 1
    token = conn.execute(select(refresh_tokens).where(mine).with_for_update()).one_or_none()
    if token is None or (not won and token.used_at is None):
        return Refreshed("wrong")
    at = (sessions.c.shop_id == token.shop_id) & (sessions.c.id == token.session_id)
    session = conn.execute(select(sessions).where(at).with_for_update()).one_or_none()
    if session is None or session.revoked_at is not None or session.expires_at <= now:
        return Refreshed("wrong")
    who = (users.c.shop_id == token.shop_id) & (users.c.id == session.user_id)
    user = conn.execute(select(users).where(who)).one_or_none()
    if not won:
        end(conn, token.shop_id, "reuse", now=now, session_id=session.id)
        return Refreshed("reused", session, user)
    if user is None or not user.active:
        return Refreshed("wrong")
    until = min(now + REFRESH_S, session.created_at + LONGEST_S)
    conn.execute(update(sessions).where(at).values(last_used_at=now, expires_at=until))
    return Refreshed("good", session, user, _add_token(conn, token.shop_id, session.id, until, now))


def end(
    conn: Connection,
    shop_id: str,
    why: str,
    *,
    now: int,
    session_id: str | None = None,
    user_id: str | None = None,
) -> list[str]:
    """Ends one session or all of a user; the ids of those that ended."""
    mine = (sessions.c.shop_id == shop_id) & sessions.c.revoked_at.is_(None) & (sessions.c.expires_at > now)
    mine &= sessions.c.id == session_id if session_id is not None else sessions.c.user_id == user_id
    ids = list(conn.execute(select(sessions.c.id).where(mine).with_for_update()).scalars())
    if ids:
        these = (sessions.c.shop_id == shop_id) & sessions.c.id.in_(ids)
        conn.execute(update(sessions).where(these).values(revoked_at=now, revoked_why=why))
    return ids


def listed(conn: Connection, shop_id: str, *, now: int) -> list[Row[Any]]:
    """Sessions that live, newest first, each with its user's `login`."""
    both = sessions.join(users, (users.c.shop_id == sessions.c.shop_id) & (users.c.id == sessions.c.user_id))
    mine = (sessions.c.shop_id == shop_id) & sessions.c.revoked_at.is_(None) & (sessions.c.expires_at > now)
    query = select(sessions, users.c.login).select_from(both).where(mine)
    return list(conn.execute(query.order_by(sessions.c.created_at.desc(), sessions.c.id)))


def unknown() -> NotFound:
    """The error for a session that does not live."""
    return NotFound("There is no such session.", hint="See GET /api/v1/access/sessions.")


def prune(conn: Connection, *, now: int) -> None:
    """Deletes what ended 30 days ago."""
    conn.execute(delete(refresh_tokens).where(refresh_tokens.c.expires_at < now - KEPT_S))
    conn.execute(delete(sessions).where(sessions.c.expires_at < now - KEPT_S))


def access_token(key: SigningKey, user: Row[Any], session_id: str, *, now: int) -> str:
    """An access token of a login."""
    claims = {
        "aud": user.shop_id, "sub": user.id, "sid": session_id, "role": user.role,
        "scope": " ".join(sorted(ROLES[user.role])),
    }  # fmt: skip
    return signing_keys.encode(key, claims, now=now)


def check(engine: Engine, sealer: Sealer, token: str, *, now: int) -> Holder:
    """Whom an access token stands for, looked up on each use: it dies at once with its session or client.

    Unauthorized with `token_invalid`, `token_expired`, `session_ended`, `client_ended` or `shop_unpaired`.
    """
    with read(engine) as conn:
        claims = signing_keys.verify(conn, sealer, token, now=now)
        shop = conn.execute(select(shops.c.state).where(shops.c.shop_id == claims["aud"])).scalar()
        row = _session(conn, claims) if "sid" in claims else _client(conn, claims)
    if shop == "unpaired":
        raise Unauthorized("The shop is not paired any more.", code="shop_unpaired", hint="Pair it again.")
    scopes = frozenset(claims["scope"].split())
    if "sid" in claims:
        return _user_holder(engine, claims, row, scopes, now)
    return _client_holder(claims, row, scopes, now)


def _session(conn: Connection, claims: dict[str, Any]) -> Row[Any] | None:
    both = sessions.join(users, (users.c.shop_id == sessions.c.shop_id) & (users.c.id == sessions.c.user_id))
    columns: tuple[Any, ...] = (
        sessions.c.id, sessions.c.user_id, sessions.c.revoked_at, sessions.c.expires_at,
        sessions.c.last_used_at, users.c.login, users.c.role, users.c.active, users.c.wp_user_id,
    )  # fmt: skip
    mine = (sessions.c.shop_id == claims["aud"]) & (sessions.c.id == str(claims["sid"]))
    return conn.execute(select(*columns).select_from(both).where(mine)).one_or_none()


def _client(conn: Connection, claims: dict[str, Any]) -> Row[Any] | None:
    mine = (oauth_clients.c.shop_id == claims["aud"]) & (oauth_clients.c.id == claims["sub"])
    return conn.execute(select(oauth_clients).where(mine)).one_or_none()


def _user_holder(
    engine: Engine, claims: dict[str, Any], row: Row[Any] | None, scopes: frozenset[str], now: int
) -> Holder:
    ended = row is None or row.revoked_at is not None or row.expires_at <= now
    if row is None or ended or not row.active or row.user_id != claims["sub"]:
        raise Unauthorized(
            "The session has ended.", code="session_ended", hint="Sign in again: POST /api/v1/auth/login."
        )
    if row.last_used_at < now - TOUCH_S:
        with write(engine) as conn:
            mine = (sessions.c.shop_id == claims["aud"]) & (sessions.c.id == row.id)
            conn.execute(update(sessions).where(mine).values(last_used_at=now))
    held = scopes & ROLES[row.role]
    return Holder("user", claims["aud"], row.user_id, row.login, held, row.id, row.role, row.wp_user_id)


def _client_holder(claims: dict[str, Any], row: Row[Any] | None, scopes: frozenset[str], now: int) -> Holder:
    over = row is None or row.revoked_at is not None
    if row is None or over or (row.expires_at is not None and row.expires_at <= now):
        raise Unauthorized(
            "The client was revoked or has expired.",
            code="client_ended",
            hint="Make a new one in wp-admin under WooCommerce → DevSkyy → Access.",
        )
    return Holder("client", claims["aud"], row.id, row.name, scopes & frozenset(row.scopes))


def _add_token(conn: Connection, shop_id: str, session_id: str, until: int, now: int) -> str:
    text = f"dsr_{secrets.token_urlsafe(32)}"
    row = {
        "shop_id": shop_id, "token_hash": _hash(text), "session_id": session_id, "issued_at": now,
        "expires_at": until,
    }  # fmt: skip
    conn.execute(insert(refresh_tokens), row)
    return text


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
