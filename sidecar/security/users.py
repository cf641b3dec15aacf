"""Logins of the REST API: who may sign in, with which role, and how long wrong passwords make them wait."""

from __future__ import annotations

import re
import unicodedata
import uuid
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, func, select, update

from sidecar.core.errors import Conflict, Invalid, NotFound
from sidecar.db import insert_new
from sidecar.db.identity import refresh_tokens, sessions, users
from sidecar.security.roles import RANK

LOGIN = re.compile(r"[\w .@+-]{1,60}")
FREE_TRIES = 5
FIRST_WAIT_S = 30
LONGEST_WAIT_S = 3600


def login_of(text: str) -> str:
    """A login in its one form, lower case; Invalid when it cannot be one."""
    login = unicodedata.normalize("NFC", text).strip().lower()
    if not LOGIN.fullmatch(login):
        words = "1 to 60 letters, digits, spaces or . @ + - _"
        raise Invalid("This cannot be a login.", hint=f"Use {words}.", fields={"login": f"must be {words}"})
    return login


def check_role(role: str) -> str:
    """The role, if there is such a one; Invalid otherwise."""
    if role not in RANK:
        raise Invalid(
            "There is no such role.", hint=f"Choose from {', '.join(reversed(RANK))}.",
            fields={"role": "unknown"},
        )  # fmt: skip
    return role


def add(
    conn: Connection,
    shop_id: str,
    login: str,
    role: str,
    password_hash: str,
    wp_user_id: int | None,
    *,
    now: int,
) -> Row[Any]:
    """A new user; Conflict when the login is taken."""
    row = {
        "shop_id": shop_id, "id": uuid.uuid4().hex, "login": login_of(login), "wp_user_id": wp_user_id,
        "role": check_role(role), "password_hash": password_hash, "active": True, "failures": 0,
        "created_at": now, "updated_at": now,
    }  # fmt: skip
    if not insert_new(conn, users, row):
        raise Conflict(
            "This login is taken.", code="login_taken", hint="Choose another, or change the user who has it."
        )
    return get(conn, shop_id, str(row["id"]))


def get(conn: Connection, shop_id: str, user_id: str, *, lock: bool = False) -> Row[Any]:
    """A user's row; NotFound when the shop has none with this id."""
    query = select(users).where(users.c.shop_id == shop_id, users.c.id == user_id)
    row = conn.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound("There is no such user.", hint="See GET /api/v1/access/users.")
    return row


def by_login(conn: Connection, shop_id: str, login: str) -> Row[Any] | None:
    """The user with a login, or None."""
    mine = (users.c.shop_id == shop_id) & (users.c.login == login_of(login))
    return conn.execute(select(users).where(mine)).one_or_none()


def listed(conn: Connection, shop_id: str, *, now: int) -> list[Row[Any]]:
    """All users, newest first, each with `sessions`, the number of those that live."""
    live = and_(
        sessions.c.shop_id == users.c.shop_id, sessions.c.user_id == users.c.id,
        sessions.c.revoked_at.is_(None), sessions.c.expires_at > now,
    )  # fmt: skip
    number = select(func.count()).select_from(sessions).where(live).scalar_subquery().label("sessions")
    mine = select(users, number).where(users.c.shop_id == shop_id)
    return list(conn.execute(mine.order_by(users.c.created_at.desc(), users.c.id)))


def change(conn: Connection, shop_id: str, user_id: str, *, now: int, **values: Any) -> Row[Any]:
    """Sets columns of a user; NotFound when the shop has none with this id."""
    get(conn, shop_id, user_id, lock=True)
    mine = (users.c.shop_id == shop_id) & (users.c.id == user_id)
    conn.execute(update(users).where(mine).values(**values, updated_at=now))
    return get(conn, shop_id, user_id)


def remove(conn: Connection, shop_id: str, user_id: str) -> Row[Any]:
    """Deletes a user with all sessions and tokens; what was deleted."""
    row = get(conn, shop_id, user_id, lock=True)
    theirs = (sessions.c.shop_id == shop_id) & (sessions.c.user_id == user_id)
    ids = select(sessions.c.id).where(theirs)
    conn.execute(
        delete(refresh_tokens).where(
            refresh_tokens.c.shop_id == shop_id, refresh_tokens.c.session_id.in_(ids)
        )
    )
    conn.execute(delete(sessions).where(theirs))
    conn.execute(delete(users).where(users.c.shop_id == shop_id, users.c.id == user_id))
    return row


def is_locked(row: Row[Any], now: int) -> bool:
    """Whether a login has to wait after wrong passwords."""
    return row.locked_until is not None and row.locked_until > now


def failed(conn: Connection, shop_id: str, user_id: str, *, now: int) -> int:
    """Counts a wrong password; seconds that the login waits from now, 0 before the fifth in a row."""
    mine = (users.c.shop_id == shop_id) & (users.c.id == user_id)
    conn.execute(update(users).where(mine).values(failures=users.c.failures + 1))
    failures = conn.execute(select(users.c.failures).where(mine).with_for_update()).scalar() or 0
    if failures < FREE_TRIES:
        return 0
    conn.execute(update(users).where(mine).values(locked_until=now + wait_after(failures)))
    return wait_after(failures)


def succeeded(conn: Connection, row: Row[Any], *, now: int, new_hash: str | None = None) -> None:
    """The password was right: nothing is held against the login any more."""
    values: dict[str, Any] = {"failures": 0, "locked_until": None, "last_login_at": now}
    if new_hash:
        values["password_hash"] = new_hash
    mine = (users.c.shop_id == row.shop_id) & (users.c.id == row.id)
    conn.execute(update(users).where(mine).values(**values))


def wait_after(failures: int) -> int:
    """Seconds that a login waits after so many wrong passwords in a row (five or more): 30, then twice as
    long each time, up to an hour."""
    return int(min(FIRST_WAIT_S * 2 ** min(failures - FREE_TRIES, 20), LONGEST_WAIT_S))
