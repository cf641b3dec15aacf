"""Who may use the API, managed by people in wp-admin: keys, users, sessions, clients; and what becomes of
them when WordPress users change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, select

from sidecar.core.errors import DevSkyyError, Forbidden, Invalid, NotFound
from sidecar.db import read, write
from sidecar.db.app import api_keys
from sidecar.db.identity import oauth_clients
from sidecar.db.identity import users as user_table
from sidecar.runtime import audit, repeats
from sidecar.runtime.base import Caller, Row, Runtime, at, now, present
from sidecar.runtime.identity import end_sessions
from sidecar.runtime.repeats import Asked
from sidecar.runtime.webhooks import emit
from sidecar.security import apikeys, clients, passwords, sessions, users
from sidecar.security.roles import CAPABILITIES, KEEPERS, RANK, ROLES, SCOPES, WORDS, above

DAY_S = 86_400
TOP_ID = 2**63 - 1


@dataclass(frozen=True)
class Standing:
    """A WordPress user and the role they map to; None = no rights any more."""

    id: int
    role: str | None
    deleted: bool = False


def machine(shop_id: str) -> Caller:
    """The machine's own user, who has the shell and so may manage everything here."""
    return Caller("machine", shop_id, role="owner")


def roles(by: Caller) -> Row:
    """Roles and scopes with what they mean, highest role first."""
    capability = {role: name for name, role in CAPABILITIES}
    found = [
        {"name": role, "words": WORDS[role], "scopes": sorted(ROLES[role])}
        | present({"capability": capability.get(role)})
        for role in reversed(RANK)
    ]
    scopes = [{"name": name, "words": words} for name, words in SCOPES.items()]
    return {"roles": found, "scopes": scopes, "mine": by.role}


def holds(who: Caller, scope: str) -> bool:
    """Whether a caller holds a scope; the plugin's signature holds all."""
    return scope in (SCOPES if who.kind == "plugin" else who.scopes)


def owners(rt: Runtime, shop_id: str) -> list[int]:
    """WordPress users who own a login, a key or a client."""
    columns = (user_table.c.wp_user_id, api_keys.c.owner_id, oauth_clients.c.owner_id)
    with read(rt.db.app) as conn:
        found = [
            conn.execute(
                select(column).where(column.table.c.shop_id == shop_id, column.is_not(None))
            ).scalars()
            for column in columns
        ]
        return sorted({int(one) for ids in found for one in ids})


# Keys and clients: what machines sign in with


@dataclass(frozen=True)
class Credential:
    """Where a kind of credential stands, and how one is made and ended."""

    table: Table
    add: Callable[..., tuple[Any, str]]
    get: Callable[[Connection, str, str], Any]
    end: Callable[..., Any]


CREDENTIALS = {
    "key": Credential(api_keys, apikeys.add_key, apikeys.get_key, apikeys.end_key),
    "client": Credential(oauth_clients, clients.create, clients.get, clients.revoke),
}


def credentials(rt: Runtime, shop_id: str, kind: str) -> list[Row]:
    """All keys, or all OAuth clients, newest first."""
    table = CREDENTIALS[kind].table
    mine = select(table).where(table.c.shop_id == shop_id)
    with read(rt.db.app) as conn:
        rows = conn.execute(mine.order_by(table.c.created_at.desc(), table.c.id)).all()
    return [credential_json(row) for row in rows]


def make_credential(
    rt: Runtime,
    by: Caller,
    kind: str,
    name: str,
    scopes: Iterable[str],
    *,
    days: int,
    asked: Asked | None = None,
    **more: Any,
) -> tuple[Row, str | None]:
    """A key or client that belongs to the person who asks (to nobody on the machine itself), and its secret,
    None when it was made before; a key may be bound to `networks`."""
    with write(rt.db.app) as conn:
        if there := repeats.made_before(conn, rt.sealer, asked):
            return credential_json(CREDENTIALS[kind].get(conn, by.shop_id, there)), None
        made, secret = CREDENTIALS[kind].add(
            conn, by.shop_id, name, scopes, now=now(), expires_at=now() + days * DAY_S,
            owner_id=_owner(by), **more,
        )  # fmt: skip
        detail = {"scopes": sorted(made.scopes), "expires_at": at(made.expires_at)}
        audit.record(conn, by.shop_id, by.who, f"{kind}.made", made.id, detail)
        repeats.keep(conn, asked, made.id)
    return credential_json(made), secret


def end_credential(rt: Runtime, by: Caller, kind: str, ident: str) -> Row:
    """Ends a key, or a client with its tokens, at once."""
    with write(rt.db.app) as conn:
        return credential_json(_end(conn, by.shop_id, by.who, kind, ident, "person"))


def _end(conn: Connection, shop_id: str, who: Row | None, kind: str, ident: str, why: str) -> Any:
    ended = CREDENTIALS[kind].end(conn, shop_id, ident, now=now())
    audit.record(conn, shop_id, who, f"{kind}.revoked", ident, {"why": why})
    emit(conn, shop_id, f"security.{kind}_revoked", {kind: ident})
    return ended


def credential_json(row: Any) -> Row:
    """A key or client as the wire shows it."""
    shown = {"id": row.id, "name": row.name, "scopes": sorted(row.scopes), "owner_id": row.owner_id}
    return present(shown | {"networks": getattr(row, "networks", None)} | _life(row))


def _life(row: Any) -> Row:
    over = row.expires_at is not None and row.expires_at <= now()
    state = "revoked" if row.revoked_at is not None else "expired" if over else "active"
    times = ("created_at", "expires_at", "revoked_at", "last_used_at")
    return {"state": state} | {name: at(getattr(row, name)) for name in times}


# Users and their sessions


def list_users(rt: Runtime, shop_id: str) -> list[Row]:
    """All users, newest first."""
    with read(rt.db.app) as conn:
        return [user_json(row) | {"sessions": row.sessions} for row in users.listed(conn, shop_id, now=now())]


def user_named(rt: Runtime, shop_id: str, login: str) -> Row:
    """The user with a login; NotFound."""
    with read(rt.db.app) as conn:
        row = users.by_login(conn, shop_id, login)
    if row is None:
        raise NotFound("There is no such user.", hint="See devskyy users list.")
    return user_json(row)


def make_user(
    rt: Runtime,
    by: Caller,
    login: str,
    role: str,
    password: str | None,
    person: Standing | None,
    asked: Asked | None = None,
) -> tuple[Row, str | None]:
    """A user with at most the role of the person who asks and of the WordPress user it is for; the password,
    when one was made just now."""
    _at_most(role, _cap(by, person))
    login, made = users.login_of(login), passwords.generate() if password is None else None
    hashed = passwords.hash_password(password or made or "")
    wp_user_id = person.id if person else _owner(by)
    with write(rt.db.app) as conn:
        if there := repeats.made_before(conn, rt.sealer, asked):
            return user_json(users.get(conn, by.shop_id, there)), None
        row = users.add(conn, by.shop_id, login, role, hashed, wp_user_id, now=now())
        repeats.keep(conn, asked, row.id)
        audit.record(
            conn, by.shop_id, by.who, "user.made", row.id, present({"role": role, "for": wp_user_id})
        )
    return user_json(row) | {"sessions": 0}, made


def change_user(
    rt: Runtime,
    by: Caller,
    user_id: str,
    *,
    role: str | None = None,
    active: bool | None = None,
    password: str | None = None,
    person: Standing | None = None,
) -> Row:
    """Changes a user and ends their sessions, unless they were only switched on.

    Raising a role or switching on asks again what the WordPress user whose login it is maps to (`person`),
    unless it is the login of the person who asks.
    """
    hashed = passwords.hash_password(password) if password is not None else None
    values: Row = present({"role": role, "active": active, "password_hash": hashed})
    if hashed or active:
        values |= {"failures": 0, "locked_until": None}
    with write(rt.db.app) as conn:
        was = users.get(conn, by.shop_id, user_id, lock=True)
        _check_change(by, was, role, active, person)
        if not values:
            return user_json(was)
        row = users.change(conn, by.shop_id, user_id, now=now(), **values)
        why = "role" if role else "password" if hashed else None if active else "person"
        ended = end_sessions(conn, by.shop_id, why, user_id=user_id) if why else 0
        audit.record(
            conn, by.shop_id, by.who, "user.changed", user_id,
            {"password": "changed" if hashed else "kept", "ended": ended},
            before={"role": was.role, "active": was.active}, after={"role": row.role, "active": row.active},
        )  # fmt: skip
    return user_json(row)


def delete_user(rt: Runtime, by: Caller, user_id: str) -> None:
    """Deletes a user with their sessions."""
    with write(rt.db.app) as conn:
        row = users.get(conn, by.shop_id, user_id, lock=True)
        _at_most(row.role, by.role)
        ended = end_sessions(conn, by.shop_id, "deleted", user_id=user_id)
        users.remove(conn, by.shop_id, user_id)
        detail = {"role": row.role, "ended": ended}
        audit.record(conn, by.shop_id, by.who, "user.deleted", user_id, detail)


def user_json(row: Any) -> Row:
    """A user as the wire shows it, without the number of sessions."""
    shown = {name: getattr(row, name) for name in ("id", "login", "role", "wp_user_id", "active")}
    locked = row.locked_until if row.locked_until and row.locked_until > now() else None
    times = {name: at(getattr(row, name)) for name in ("created_at", "updated_at", "last_login_at")}
    return present(shown | {"locked_until": at(locked)} | times)


def list_sessions(rt: Runtime, shop_id: str) -> list[Row]:
    """Sessions that live, newest first."""
    names, times = ("id", "user_id", "login", "device"), ("created_at", "last_used_at", "expires_at")
    with read(rt.db.app) as conn:
        rows = sessions.listed(conn, shop_id, now=now())
    return [
        {name: getattr(row, name) for name in names} | {name: at(getattr(row, name)) for name in times}
        for row in rows
    ]


def end_session(rt: Runtime, by: Caller, session_id: str) -> None:
    """Ends a session; NotFound unless it lives."""
    with write(rt.db.app) as conn:
        if not end_sessions(conn, by.shop_id, "person", session_id=session_id):
            raise sessions.unknown()
        audit.record(conn, by.shop_id, by.who, "session.ended", session_id, {"why": "person"})


def wp_id(by: Caller) -> int:
    """The WordPress user who asks; Forbidden when the request names none: nothing may belong to nobody."""
    found = (by.who or {}).get("id")
    if type(found) is not int or not 0 < found <= TOP_ID:
        raise Forbidden(
            "The request names no WordPress user.", code="approval_needs_person", hint="Do it in wp-admin."
        )
    return found


def _owner(by: Caller) -> int | None:
    return None if by.kind == "machine" else wp_id(by)


def _check_change(
    by: Caller, row: Any, role: str | None, active: bool | None, person: Standing | None
) -> None:
    _at_most(row.role, by.role)
    aimed = role or row.role
    _at_most(aimed, by.role)
    more = above(aimed, row.role) or (bool(active) and not row.active)
    if not more or by.kind != "plugin" or row.wp_user_id in (None, wp_id(by)):
        return
    if person is None or person.id != row.wp_user_id:
        raise Invalid(
            "Whose login this is has to be asked first.", hint="Send person = that WordPress user and role.",
            fields={"person": f"must be WordPress user {row.wp_user_id}"},
        )  # fmt: skip
    _at_most(aimed, person.role)


def _cap(by: Caller, person: Standing | None) -> str | None:
    if person is None or by.role is None or person.role is None:
        return by.role if person is None else None
    return by.role if above(person.role, by.role) else person.role


def _at_most(role: str, limit: str | None) -> None:
    users.check_role(role)
    if limit is None or above(role, limit):
        raise _too_high(role, limit)


def _too_high(role: str, limit: str | None) -> DevSkyyError:
    return Forbidden(
        f"The role {role} is above what this WordPress user may have: {limit or 'none'}.",
        code="role_too_high",
        hint="Choose a lower role, or let an administrator do it.",
    )


# WordPress users change


def adjust(rt: Runtime, shop_id: str, who: Row | None, people: Sequence[Standing]) -> Row:
    """Lowers, switches off and ends what WordPress users have lost the right to; counts of what was changed.

    Nothing is raised or made.
    """
    done = dict.fromkeys(("users", "sessions", "keys", "clients"), 0)
    by_id = {person.id: person for person in people}
    with write(rt.db.app) as conn:
        for row in _of(conn, user_table, user_table.c.wp_user_id, shop_id, by_id):
            _adjust_user(conn, shop_id, who, row, by_id[row.wp_user_id], done)
        for kind, table in ((kind, one.table) for kind, one in CREDENTIALS.items()):
            live = table.c.revoked_at.is_(None)
            for row in _of(conn, table, table.c.owner_id, shop_id, by_id, live):
                _adjust_owned(conn, shop_id, who, kind, row, by_id[row.owner_id], done)
    return done


def _of(
    conn: Connection, table: Table, column: Any, shop_id: str, ids: Iterable[int], *more: Any
) -> Sequence[Any]:
    return conn.execute(select(table).where(table.c.shop_id == shop_id, column.in_(list(ids)), *more)).all()


def _adjust_user(
    conn: Connection, shop_id: str, who: Row | None, row: Any, person: Standing, done: dict[str, int]
) -> None:
    why = "deleted" if person.deleted else "role"
    if person.role is None or person.deleted:
        if not row.active:
            return
        action, values = "user.disabled", dict[str, Any](active=False)
    elif above(row.role, person.role):
        action, values = "user.lowered", dict[str, Any](role=person.role)
    else:
        return
    users.change(conn, shop_id, row.id, now=now(), **values)
    ended = end_sessions(conn, shop_id, why, user_id=row.id)
    detail = present({"why": why, "role": person.role, "was": row.role}) | {"ended": ended}
    audit.record(conn, shop_id, who, action, row.id, detail)
    done["users"] += 1
    done["sessions"] += ended


def _adjust_owned(
    conn: Connection,
    shop_id: str,
    who: Row | None,
    kind: str,
    row: Any,
    person: Standing,
    done: dict[str, int],
) -> None:
    if person.role in KEEPERS and not person.deleted:
        return
    _end(conn, shop_id, who, kind, row.id, "deleted" if person.deleted else "role")
    done[f"{kind}s"] += 1
