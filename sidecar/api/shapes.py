"""Shapes of answers, for the document of the API; tests compare them with what the routes answer."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, Field
from pydantic.json_schema import SkipJsonSchema

T = TypeVar("T")


def _absent(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


Maybe = Annotated[T | SkipJsonSchema[None], Field(json_schema_extra=_absent)]
"""A field that is absent when there is nothing to say; never null."""

Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Id = Annotated[str, Field(pattern="^[0-9a-f]{16,32}$")]
Count = Annotated[int, Field(ge=0)]
Role = Literal["owner", "manager", "analyst", "support", "read-only", "agent"]
Ok = Literal[True]


class Done(BaseModel):
    """Done; there is no more to say."""

    ok: Ok


class Made(BaseModel):
    """Something was made; `repeated` when the same request made it before."""

    ok: Ok
    repeated: Maybe[Ok] = None


# Who may do what


class _Lives(BaseModel):
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


class User(BaseModel):
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


class Session(BaseModel):
    """A session that lives."""

    id: Id
    user_id: Id
    login: str
    device: str
    created_at: Time
    last_used_at: Time
    expires_at: Time


class RoleWords(BaseModel):
    """A role and what it may do."""

    name: Role
    words: str
    scopes: list[str]
    capability: Maybe[str] = Field(None, description="The WordPress capability that gives it.")


class ScopeWords(BaseModel):
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
    expires_in: Count
    refresh_token: str
    refresh_expires_in: Count
    scope: str
    role: Role
    shop_id: str


class ClientToken(Done):
    """A token of an OAuth client (RFC 6749, section 5.1)."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: Count
    scope: str


class SignedOut(Done):
    """How many sessions ended."""

    ended: Count


class PublicKeys(Done):
    """A JWK set (RFC 7517)."""

    keys: list[dict[str, Any]]


# The audit


class Entry(BaseModel):
    """What somebody did."""

    n: int
    at: Time
    by: Literal["person", "key", "client", "visitor", "sidecar"]
    who: Maybe[dict[str, Any]] = None
    person: Maybe[str] = None
    erased: Maybe[Ok] = None
    action: str
    target: str
    failed: Maybe[Ok] = None
    detail: Maybe[dict[str, Any]] = None
    before: Maybe[dict[str, Any]] = None
    after: Maybe[dict[str, Any]] = None
    personal: Maybe[dict[str, Any]] = None
    request_id: Maybe[str] = None
    hash: str


class Entries(Done):
    """A page of the audit, newest first."""

    items: list[Entry]
    total: Count
    next: Maybe[str] = None


class ActionCount(BaseModel):
    """How often an action was done, and how often it failed."""

    action: str
    count: Count
    failed: Count


class PersonCount(BaseModel):
    """How much somebody did."""

    person: Maybe[str] = None
    by: str
    who: Maybe[dict[str, Any]] = None
    erased: Maybe[Ok] = None
    count: Count
    failed: Count


class DayCount(BaseModel):
    """How much was done on a day, UTC."""

    day: str
    count: Count
    failed: Count


class Break(BaseModel):
    """What is wrong with a row."""

    n: int
    what: str


class Chain(BaseModel):
    """Whether the audit is unbroken: `checked_at` says when what is new was read, `whole_at` when all was."""

    state: Literal["empty", "unbroken", "partly", "broken"]
    entries: int
    unread: Maybe[Count] = None
    since: Maybe[Time] = None
    checked_at: Time
    whole_at: Maybe[Time] = None
    found_at: Maybe[Time] = None
    problems: Maybe[list[Break]] = None


class Summary(Done):
    """How much was done in a period, and whether the record is unbroken."""

    since: Time
    until: Time
    total: Count
    failed: Count
    actions: list[ActionCount]
    people: list[PersonCount]
    days: list[DayCount]
    first_at: Maybe[Time] = None
    chain: Chain


# Connected services


class Trouble(BaseModel):
    """An error, and what to do about it."""

    at: Maybe[Time] = None
    code: str
    message: str
    hint: str


class ServiceHealth(BaseModel):
    """How a service has been doing."""

    last_used_at: Maybe[Time] = None
    last_ok_at: Maybe[Time] = None
    last_error: Maybe[Trouble] = None
    failures: Count
    retry_at: Maybe[Time] = None
    used_this_minute: Count
    calls_today: Count
    failed_today: Count
    refused_today: Count
    mean_ms: Maybe[Count] = None


class Service(BaseModel):
    """A connected service, without its credentials."""

    id: Id
    provider: str
    name: str
    kind: str
    state: str
    rate_per_minute: Count
    base_url: str
    health_path: Maybe[str] = None
    config: dict[str, Any]
    token_expires_at: Maybe[Time] = None
    created_by: Maybe[dict[str, Any]] = None
    created_at: Time
    updated_at: Time
    health: ServiceHealth


class Services(Done):
    """Connected services."""

    items: list[Service]
    total: Count


class OneService(Done):
    """A service as it stands now."""

    integration: Service


class ServiceMade(Made):
    """A new service."""

    integration: Service


class ServiceRemoved(Done):
    """Whether the service itself revoked what it had given."""

    revoked: bool


class Authorize(Done):
    """Where the person lets the sidecar in."""

    url: str


class Checked(OneService):
    """How a call of the health path went."""

    works: bool
    error: Maybe[Trouble] = None


# Personal data


class Held(BaseModel):
    """A row that names the person."""

    table: str
    title: str
    id: str
    data: dict[str, Any]


class Export(Done):
    """A page of what is held about a person."""

    held: bool
    total: Count
    pages: Count
    items: list[Held]


class Erased(Done):
    """What was erased, by table, and what stays."""

    held: bool
    erased: dict[str, Count]
    kept: list[str]
    again: bool


class RuleFigures(BaseModel):
    """How long rows of a kind are kept."""

    rule: str
    title: str
    days: Count
    unit: str
    due: Count
    runs: str
    setting: Maybe[str] = None
    last_run: Maybe[Time] = None
    last_deleted: Maybe[Count] = None


class Minimum(BaseModel):
    """What may stay of an erased person."""

    where: str
    what: str
    why: str
    kept: str


class Retention(Done):
    """How long everything is kept."""

    rules: list[RuleFigures]
    lawful_minimum: list[Minimum]


# Products


class _Unit(BaseModel):
    id: int
    status: str
    sku: Maybe[str] = None
    stock_quantity: Maybe[float] = Field(None, description="Pieces.")
    stock_status: str
    backorders: Maybe[str] = None
    low_stock_amount: Maybe[float] = None
    manage_stock: bool | Literal["parent"]
    regular_price: Maybe[str] = None
    sale_price: Maybe[str] = None
    price: Maybe[str] = None
    sale_from: Maybe[Time] = None
    sale_to: Maybe[Time] = None
    created_at: Maybe[Time] = None
    modified_at: Maybe[Time] = None
    attributes: Maybe[Any] = None


class Variation(_Unit):
    """A variation of a product; prices are texts with the shop's decimals."""

    image_id: Maybe[int] = None


class Product(_Unit):
    """A product of the mirror; prices are texts with the shop's decimals."""

    type: str
    name: str
    permalink: Maybe[str] = None
    catalog_visibility: Maybe[str] = None
    categories: Maybe[list[int]] = None
    tags: Maybe[list[int]] = None
    images: Maybe[list[Any]] = None
    total_sales: Maybe[int] = None
    average_rating: Maybe[float] = None
    review_count: Maybe[int] = None
    description: Maybe[str] = None
    short_description: Maybe[str] = None
    variations: Maybe[list[Variation]] = None


class Products(Done):
    """A page of products, by id; `generation` tells one state of the mirror."""

    items: list[Product]
    generation: Count
    next: Maybe[str] = None


class OneProduct(Done):
    """A product with its texts and variations."""

    product: Product
    generation: Count
