"""Who may use the API, managed in wp-admin (docs/protocol.md, section 10)."""

from __future__ import annotations

from typing import Any

from sidecar.api import access_shapes as shapes
from sidecar.api import once
from sidecar.api.access import PERSON, SIGNED, access, caller, runtime
from sidecar.api.access_models import (
    ClientBody,
    IdPath,
    KeyBody,
    PeopleBody,
    PersonBody,
    UserBody,
    UserChangeBody,
)
from sidecar.api.group import OK, created, group, said
from sidecar.core.errors import Invalid
from sidecar.runtime import people
from sidecar.runtime.people import Standing
from sidecar.security import passwords

bp = group("access", "Keys, logins, sessions and clients.", "/api/v1/access")


@bp.post("/people", responses=said(shapes.Adjusted))
@access(SIGNED)
def post_people(body: PeopleBody) -> Any:
    """WordPress users whose rights changed: what they no longer may ends at once"""
    found = [Standing(one.id, one.role, one.deleted) for one in body.people]
    return {"ok": True, **people.adjust(runtime(), caller().shop_id, caller().who, found)}


@bp.get("/roles", responses=said(shapes.Roles))
@access(PERSON)
def get_roles() -> Any:
    """Roles and scopes, and what they mean"""
    return {"ok": True, **people.roles(caller())}


@bp.get("/owners", responses=said(shapes.Owners))
@access(SIGNED)
def get_owners() -> Any:
    """WordPress users who own a login, a key or a client"""
    return {"ok": True, "ids": people.owners(runtime(), caller().shop_id)}


@bp.get("/keys", responses=said(shapes.Keys))
@access(PERSON)
def get_keys() -> Any:
    """API keys, newest first"""
    return {"ok": True, "items": people.credentials(runtime(), caller().shop_id, "key")}


@bp.post("/keys", responses=created(shapes.KeyMade))
@access(PERSON)
def post_key(body: KeyBody) -> Any:
    """Make an API key; its text is shown this once"""
    return new_key(body)


def new_key(body: KeyBody) -> Any:
    """A new key of the person who asks, as an answer."""
    asked = once.asked()
    key, text = people.make_credential(
        runtime(), caller(), "key", body.name, body.scopes, days=body.days, networks=body.networks,
        asked=asked,
    )  # fmt: skip
    return once.answer(asked, key=key, text=text)


@bp.delete("/keys/<id>", responses=said(shapes.KeyEnded))
@access(PERSON)
def delete_key(path: IdPath) -> Any:
    """End an API key at once"""
    return {"ok": True, "key": people.end_credential(runtime(), caller(), "key", path.id)}


@bp.get("/users", responses=said(shapes.Users))
@access(PERSON)
def get_users() -> Any:
    """Who may sign in, newest first"""
    return {"ok": True, "items": people.list_users(runtime(), caller().shop_id)}


@bp.post("/users", responses=created(shapes.UserMade))
@access(PERSON)
def post_user(body: UserBody) -> Any:
    """Make a login; a password that was made is shown this once"""
    asked, person = once.asked(), _standing(body.person)
    user, made = people.make_user(runtime(), caller(), body.login, body.role, body.password, person, asked)
    return once.answer(asked, user=user, password=made)


@bp.patch("/users/<id>", responses=said(shapes.UserChanged))
@access(PERSON)
def patch_user(path: IdPath, body: UserChangeBody) -> Any:
    """Change a login's role or password, switch it off or on"""
    made = _new_password(body)
    user = people.change_user(
        runtime(), caller(), path.id, role=body.role, active=body.active, password=made or body.password,
        person=_standing(body.person),
    )  # fmt: skip
    return {"ok": True, "user": user, **({"password": made} if made else {})}


@bp.delete("/users/<id>", responses=OK)
@access(PERSON)
def delete_user(path: IdPath) -> Any:
    """Delete a login with its sessions"""
    people.delete_user(runtime(), caller(), path.id)
    return {"ok": True}


@bp.get("/sessions", responses=said(shapes.Sessions))
@access(PERSON)
def get_sessions() -> Any:
    """Sessions that live, newest first"""
    return {"ok": True, "items": people.list_sessions(runtime(), caller().shop_id)}


@bp.delete("/sessions/<id>", responses=OK)
@access(PERSON)
def delete_session(path: IdPath) -> Any:
    """End a session with all its tokens"""
    people.end_session(runtime(), caller(), path.id)
    return {"ok": True}


@bp.get("/clients", responses=said(shapes.Clients))
@access(PERSON)
def get_clients() -> Any:
    """OAuth clients, newest first"""
    return {"ok": True, "items": people.credentials(runtime(), caller().shop_id, "client")}


@bp.post("/clients", responses=created(shapes.ClientMade))
@access(PERSON)
def post_client(body: ClientBody) -> Any:
    """Make an OAuth client; its secret is shown this once"""
    asked = once.asked()
    client, secret = people.make_credential(
        runtime(), caller(), "client", body.name, body.scopes, days=body.days, asked=asked
    )
    return once.answer(asked, client=client, client_secret=secret)


@bp.delete("/clients/<id>", responses=said(shapes.ClientEnded))
@access(PERSON)
def delete_client(path: IdPath) -> Any:
    """End an OAuth client and its tokens at once"""
    return {"ok": True, "client": people.end_credential(runtime(), caller(), "client", path.id)}


def _standing(person: PersonBody | None) -> Standing | None:
    return Standing(person.id, person.role) if person else None


def _new_password(body: UserChangeBody) -> str | None:
    if body.new_password and body.password is not None:
        words = "either a password or a new one"
        raise Invalid("Two passwords are too many.", hint=f"Send {words}.", fields={"new_password": words})
    return passwords.generate() if body.new_password else None
