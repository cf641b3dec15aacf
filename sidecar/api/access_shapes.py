"""Shapes of answers about keys, logins and roles, for the document; tests compare them with the answers."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sidecar.api.shapes import Count, Done, Id, Made, Maybe, Role, Shape, Time


class _Lives(Shape):
    state: Literal["active", "revoked", "expired"]
    created_at: Time
    expires_at: Maybe[Time] = None
    revoked_at: Maybe[Time] = None
    last_used_at: Maybe[Time] = None
    owner_id: Maybe[int] = Field(None, description="The WordPress user it ends with.")


class Client(_Lives):
    """An OAuth client without its secret."""

    id: Id
    name: str
    scopes: list[str]


class Key(Client):
    """An API key without its text."""

    networks: Maybe[list[str]] = None


class User(Shape):
    """A login."""

    id: Id
    login: str
    role: Role
    active: bool
    wp_user_id: Maybe[int] = None
    locked_until: Maybe[Time] = None
    created_at: Time
    updated_at: Time
    last_login_at: Maybe[Time] = None
    sessions: Maybe[Count] = None


class Session(Shape):
    """A session that lives."""

    id: Id
    user_id: Id
    login: str
    device: str
    created_at: Time
    last_used_at: Time
    expires_at: Time


class RoleWords(Shape):
    """A role and what it may do."""

    name: Role
    words: str
    scopes: list[str]
    capability: Maybe[str] = Field(None, description="The WordPress capability that gives it.")


class ScopeWords(Shape):
    """A scope and what it means."""

    name: str
    words: str


class Roles(Done):
    """Roles and scopes, the highest first; `mine` is that of the person who asks."""

    roles: list[RoleWords]
    scopes: list[ScopeWords]
    mine: Role


class Keys(Done):
    """API keys."""

    items: list[Key]


class KeyEnded(Done):
    """The key as it stands now."""

    key: Key


class KeyMade(Made):
    """A new key; `text` is shown this once, and not in a repeat."""

    key: Key
    text: Maybe[str] = None


class Clients(Done):
    """OAuth clients."""

    items: list[Client]


class ClientEnded(Done):
    """The client as it stands now."""

    client: Client


class ClientMade(Made):
    """A new client; its secret is shown this once, and not in a repeat."""

    client: Client
    client_secret: Maybe[str] = None


class Users(Done):
    """Logins."""

    items: list[User]


class UserMade(Made):
    """A login; a password that was made is shown this once, and not in a repeat."""

    user: User
    password: Maybe[str] = None


class UserChanged(Done):
    """The login as it stands now; a password that was made is shown this once."""

    user: User
    password: Maybe[str] = None


class Sessions(Done):
    """Sessions that live."""

    items: list[Session]


class Adjusted(Done):
    """How much was lowered, switched off or ended."""

    users: Count
    sessions: Count
    keys: Count
    clients: Count


class Owners(Done):
    """WordPress users who own a login, key or client."""

    ids: list[int]


class Permission(Done):
    """Whether the caller holds the scope."""

    allowed: bool
    scope: str
    kind: Literal["plugin", "key", "user", "client"]
    role: Maybe[Role] = None


class Tokens(Done):
    """Tokens of a login; the refresh token holds once."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: Count = Field(description="Seconds.")
    refresh_token: str
    refresh_expires_in: Count = Field(description="Seconds.")
    scope: str
    role: Role
    shop_id: str


class ClientToken(Done):
    """A token of an OAuth client (RFC 6749, section 5.1)."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: Count = Field(description="Seconds.")
    scope: str


class SignedOut(Done):
    """How many sessions ended."""

    ended: Count


class PublicKey(Shape):
    """A key that verifies access tokens (RFC 7517, RFC 8037)."""

    kty: Literal["RSA", "OKP"]
    kid: str
    use: Literal["sig"]
    alg: Literal["RS256", "EdDSA"]
    crv: Maybe[Literal["Ed25519"]] = None
    x: Maybe[str] = None
    n: Maybe[str] = None
    e: Maybe[str] = None


class PublicKeys(Done):
    """A JWK set (RFC 7517)."""

    keys: list[PublicKey]
