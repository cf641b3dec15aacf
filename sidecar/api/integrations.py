"""Connected services: add, connect by OAuth 2, check, remove. No answer ever holds a credential."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, StringConstraints, field_validator, model_validator

from sidecar.api import integration_shapes as shapes
from sidecar.api import once
from sidecar.api.access import PERSON, access, caller, person, runtime
from sidecar.api.group import created, group, said
from sidecar.api.models import ID, Model
from sidecar.db import read
from sidecar.runtime import integration_calls, integrations, oauth_code
from sidecar.runtime.base import Row

bp = group("integrations", "Connected services and their credentials.", "/api/v1/integrations")

Address = Annotated[str, StringConstraints(min_length=8, max_length=400)]
Scope = Annotated[str, StringConstraints(pattern=r"^[\x21\x23-\x5b\x5d-\x7e]{1,200}$")]
HealthPath = Annotated[str, StringConstraints(pattern=r"^/[!-\[\]-~]{0,199}$")]
NOT_FOR_KEYS = frozenset(
    {"host", "content-length", "content-type", "transfer-encoding", "connection", "upgrade", "te", "trailer",
     "accept-encoding", "user-agent"}
)  # fmt: skip
OURS = frozenset(
    {
        "response_type",
        "client_id",
        "redirect_uri",
        "scope",
        "state",
        "code_challenge",
        "code_challenge_method",
    }
)


def _visible(secret: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[\x21-\x7e]+", secret.get_secret_value()):
        raise ValueError("must be printable ASCII without blanks")
    return secret


class ApiKey(Model):
    """A key that is sent in a header."""

    key: SecretStr = Field(min_length=1, max_length=4_000)
    header: str = Field("Authorization", pattern=r"^[A-Za-z][A-Za-z0-9-]{0,59}$")
    prefix: str = Field("Bearer ", pattern=r"^[\x20-\x7e]{0,20}$", description="What stands before the key.")

    _check_key = field_validator("key")(_visible)

    @field_validator("header")
    @classmethod
    def _usable(cls, header: str) -> str:
        if header.lower() in NOT_FOR_KEYS:
            raise ValueError("this header is not for keys")
        return header


class Basic(Model):
    """User and password of HTTP Basic (RFC 7617)."""

    username: str = Field(min_length=1, max_length=200, pattern=r"^[^:\x00-\x1f\x7f]+$")
    password: SecretStr = Field(max_length=1_000)


class OAuth2(Model):
    """A client of an OAuth 2 provider; PKCE is always used."""

    authorize_url: Address
    token_url: Address
    revoke_url: Address | None = None
    issuer: str | None = Field(
        None,
        max_length=400,
        description="Only for providers that send `iss`: then it must be this (RFC 9207).",
    )
    client_id: str = Field(min_length=1, max_length=400, pattern=r"^[\x20-\x7e]+$")
    client_secret: SecretStr | None = Field(None, min_length=1, max_length=4_000)
    client_auth: Literal["basic", "post"] = Field("basic", description="How the client secret is sent.")
    scopes: list[Scope] = Field(default_factory=list, max_length=100)
    params: dict[str, str] = Field(
        default_factory=dict, max_length=10, description="More for the authorize address: `access_type`, …"
    )

    @field_validator("params")
    @classmethod
    def _not_ours(cls, params: dict[str, str]) -> dict[str, str]:
        if any(name in OURS or len(name) > 60 or len(value) > 400 for name, value in params.items()):
            raise ValueError("too long, or a name that the flow itself sends")
        return params


class ClientSecret(Model):
    """A new secret of the OAuth 2 client."""

    client_secret: SecretStr = Field(min_length=1, max_length=4_000)


class IntegrationBody(Model):
    """A service, with exactly one of `api_key`, `basic` and `oauth2`."""

    provider: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,59}$", examples=["mailer"])
    name: str = Field(min_length=1, max_length=100, examples=["Main account"])
    base_url: Address = Field(description="Calls go to addresses under this one and nowhere else.")
    health_path: HealthPath = Field("/", description="What a health call reads, under the base URL.")
    rate_per_minute: int = Field(60, ge=1, le=6_000)
    api_key: ApiKey | None = None
    basic: Basic | None = None
    oauth2: OAuth2 | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> IntegrationBody:
        if sum(part is not None for part in (self.api_key, self.basic, self.oauth2)) != 1:
            raise ValueError("give exactly one of api_key, basic and oauth2")
        return self


class IntegrationChange(Model):
    """What to change; new credentials must be of the same kind, and addresses stay."""

    name: str | None = Field(None, min_length=1, max_length=100)
    health_path: HealthPath | None = None
    rate_per_minute: int | None = Field(None, ge=1, le=6_000)
    api_key: ApiKey | None = None
    basic: Basic | None = None
    oauth2: ClientSecret | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> IntegrationChange:
        if sum(part is not None for part in (self.api_key, self.basic, self.oauth2)) > 1:
            raise ValueError("give one of api_key, basic and oauth2 at most")
        return self


class IntegrationPath(Model):
    """An integration's id."""

    id: str = Field(pattern=ID)


class AuthorizeBody(Model):
    """Where the provider sends the browser back to."""

    redirect_uri: str = Field(min_length=8, max_length=500, description="A page of this shop's wp-admin.")


class CallbackBody(Model):
    """What the provider added to the address of the return."""

    state: str = Field(min_length=1, max_length=200)
    code: str | None = Field(None, min_length=1, max_length=4_000)
    error: str | None = Field(None, max_length=200)
    iss: str | None = Field(None, max_length=400)


@bp.get("", responses=said(shapes.Services))
@access("integrations:read")
def list_integrations() -> Any:
    """Connected services with their health"""
    with read(runtime().db.app) as conn:
        items = integrations.listed(conn, caller().shop_id)
    return {"ok": True, "items": items, "total": len(items)}


@bp.post("", responses=created(shapes.ServiceMade))
@access(PERSON)
def make_integration(body: IntegrationBody) -> Any:
    """Add a service; its credentials are sealed and never shown"""
    given = body.model_dump(include={"provider", "name", "base_url", "health_path", "rate_per_minute"})
    asked = once.asked()
    made = integrations.make(runtime(), caller().shop_id, given | _parts(body), person(), asked)
    return once.answer(asked, integration=made)


@bp.get("/<id>", responses=said(shapes.OneService))
@access("integrations:read")
def get_integration(path: IntegrationPath) -> Any:
    """One service with its health"""
    return {"ok": True, "integration": integrations.get(runtime(), caller().shop_id, path.id)}


@bp.patch("/<id>", responses=said(shapes.OneService))
@access(PERSON)
def change_integration(path: IntegrationPath, body: IntegrationChange) -> Any:
    """Change name, rate budget, health path or credentials"""
    plain = body.model_dump(include={"name", "health_path", "rate_per_minute"}, exclude_none=True)
    changed = integrations.edit(runtime(), caller().shop_id, path.id, plain, _parts(body), person())
    return {"ok": True, "integration": changed}


@bp.delete("/<id>", responses=said(shapes.ServiceRemoved))
@access(PERSON)
def remove_integration(path: IntegrationPath) -> Any:
    """Revoke at the provider where it can be, and forget the credentials"""
    return {"ok": True, **oauth_code.disconnect(runtime(), caller().shop_id, path.id, person())}


@bp.post("/<id>/authorize", responses=said(shapes.Authorize))
@access(PERSON)
def authorize_integration(path: IntegrationPath, body: AuthorizeBody) -> Any:
    """The address where the person lets the sidecar in"""
    url = oauth_code.begin(runtime(), caller().shop_id, path.id, body.redirect_uri, person())
    return {"ok": True, "url": url}


@bp.post("/<id>/callback", responses=said(shapes.OneService))
@access(PERSON)
def finish_integration(path: IntegrationPath, body: CallbackBody) -> Any:
    """Take the provider's return; each start is good for one, within ten minutes"""
    connected = oauth_code.finish(runtime(), caller().shop_id, path.id, body.model_dump(), person())
    return {"ok": True, "integration": connected}


@bp.post("/<id>/check", responses=said(shapes.Checked))
@access(PERSON)
def check_integration(path: IntegrationPath) -> Any:
    """Call the service's health path now"""
    found = integration_calls.check(runtime(), caller().shop_id, path.id, person())
    return {
        "ok": True,
        **found,
        "integration": integrations.get(runtime(), caller().shop_id, path.id),
    }


def _parts(body: IntegrationBody | IntegrationChange) -> Row:
    """`{"kind", "config", "credentials"}` of what was given; empty when nothing was."""
    if body.api_key is not None:
        # A change leaves alone what it does not name.
        unnamed = isinstance(body, IntegrationChange)
        config = body.api_key.model_dump(include={"header", "prefix"}, exclude_unset=unnamed)
        return _part("api_key", config, {"key": body.api_key.key.get_secret_value()})
    if body.basic is not None:
        password = body.basic.password.get_secret_value()
        return _part("basic", {}, {"username": body.basic.username, "password": password})
    if body.oauth2 is not None:
        secret = body.oauth2.client_secret
        config = body.oauth2.model_dump(exclude={"client_secret"}, exclude_none=True)
        return _part("oauth2", config, {"client_secret": secret.get_secret_value()} if secret else {})
    return {}


def _part(kind: str, config: Row, credentials: Row) -> Row:
    return {"kind": kind, "config": config, "credentials": credentials}
