"""Shapes of requests about keys, users, sessions and clients (docs/protocol.md, section 10)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sidecar.api.models import Model
from sidecar.security.passwords import MAX_LENGTH, MIN_LENGTH
from sidecar.security.roles import SCOPES

Role = Literal["owner", "manager", "analyst", "support", "read-only", "agent"]
Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]
Scope = Annotated[str, Field(min_length=1, max_length=60, json_schema_extra={"enum": list(SCOPES)})]
Scopes = Annotated[list[Scope], Field(min_length=1, max_length=50)]
Days = Annotated[int, Field(ge=1, le=3650, description="Days until it expires.")]
Password = Annotated[str, Field(min_length=MIN_LENGTH, max_length=MAX_LENGTH)]
WpId = Annotated[int, Field(ge=1, le=2**63 - 1, description="A WordPress user's id.")]


class IdPath(Model):
    """An id of 16 (keys) or 32 hex digits."""

    id: str = Field(pattern=r"^[0-9a-f]{16,32}$")


class LoginBody(Model):
    """Who signs in; `shop` is needed where several are paired."""

    login: str = Field(min_length=1, max_length=60)
    password: str = Field(min_length=1, max_length=MAX_LENGTH)
    shop: str | None = Field(None, max_length=36, description="The shop's id.")


class RefreshBody(Model):
    """A refresh token, which is used up."""

    refresh_token: str = Field(min_length=1, max_length=100)


class LogoutBody(Model):
    """Whether all sessions of the login end, or this one."""

    everywhere: bool = False


class PermissionBody(Model):
    """Which scope is meant."""

    scope: str = Field(min_length=1, max_length=60)


class KeyBody(Model):
    """A new API key."""

    name: Name
    scopes: Scopes
    days: Days = 365
    networks: list[Annotated[str, Field(max_length=60)]] | None = Field(
        None, max_length=50, description="Addresses it may come from, such as 192.0.2.0/24; absent: all."
    )


class RevokeBody(Model):
    """Which key ends."""

    id: str = Field(pattern=r"^[0-9a-f]{16}$")


class ClientBody(Model):
    """A new OAuth client."""

    name: Name
    scopes: Scopes
    days: Days = 365


class PersonBody(Model):
    """A WordPress user and the role they map to."""

    id: WpId
    role: Role


class UserBody(Model):
    """A new login; without a password one is made."""

    login: str = Field(min_length=1, max_length=60)
    role: Role
    password: Password | None = None
    person: PersonBody | None = Field(None, description="Whose login it is; absent: the person who asks.")


class UserChangeBody(Model):
    """What changes; absent fields stay as they are."""

    role: Role | None = None
    active: bool | None = None
    password: Password | None = None
    new_password: bool = Field(False, description="Make a password and show it this once.")
    person: PersonBody | None = Field(
        None, description="Whose login it is; needed to raise or switch on somebody else's."
    )


class StandingBody(Model):
    """A WordPress user and what they may do now."""

    id: WpId
    login: str = Field("", max_length=60)
    role: Role | None = None
    deleted: bool = False


class PeopleBody(Model):
    """WordPress users whose rights changed."""

    people: list[StandingBody] = Field(max_length=500)
