"""Keys and permissions under the names that programs look for."""

from __future__ import annotations

from typing import Any

from sidecar.api import access_shapes as shapes
from sidecar.api.access import ANY, PERSON, access, caller, runtime
from sidecar.api.access_models import KeyBody, PermissionBody, RevokeBody
from sidecar.api.group import created, group, said
from sidecar.api.people import new_key
from sidecar.runtime import people
from sidecar.runtime.base import present

bp = group("security", "Keys and permissions.", "/api/v1")


@bp.post("/security/generate-key", responses=created(shapes.KeyMade))
@access(PERSON)
def generate_key(body: KeyBody) -> Any:
    """Make an API key; its text is shown this once"""
    return new_key(body)


@bp.post("/security/revoke-key", responses=said(shapes.KeyEnded))
@access(PERSON)
def revoke_key(body: RevokeBody) -> Any:
    """End an API key at once"""
    return {"ok": True, "key": people.end_credential(runtime(), caller(), "key", body.id)}


@bp.post("/security/check-permission", responses=said(shapes.Permission))
@access(ANY)
def check_permission(body: PermissionBody) -> Any:
    """Whether the caller holds a scope"""
    who = caller()
    answer = {"allowed": people.holds(who, body.scope), "scope": body.scope, "kind": who.kind}
    return {"ok": True, **present(answer | {"role": who.role})}


@bp.get("/admin/users", responses=said(shapes.Users))
@access("users:read")
def get_users() -> Any:
    """Who may sign in, newest first"""
    return {"ok": True, "items": people.list_users(runtime(), caller().shop_id)}
