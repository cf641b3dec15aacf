"""Shapes of answers about the sidecar's and the shop's state, pairing and events, for the document; tests
compare them with the answers.
"""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field, JsonValue

from sidecar.api.audit_shapes import Break
from sidecar.api.integration_shapes import ServiceHealth
from sidecar.api.shapes import Count, Done, Failure, Id, Maybe, Progress, Shape, Time


class Root(Done):
    """Name, version, and where to read on."""

    name: Literal["devskyy"]
    version: str
    docs: str = Field(description="A path, as is `health`.")
    health: str


class Healthy(Done):
    """The sidecar can work."""

    status: Literal["ok"]
    version: str


class Button(Shape):
    """What a person may press about it; `job` is what `retry` tries again."""

    id: Literal["sync", "retry", "drain", "re-pair"]
    label: str
    job: Maybe[Id] = None


class Check(Shape):
    """What works or does not, and what to do about it; `hint` is empty where nothing is to be done."""

    id: str
    label: str
    status: Literal["good", "warning", "critical"]
    message: str
    hint: str
    action: Maybe[Button] = None


class Down(Shape):
    """The sidecar cannot work, since something is away."""

    ok: Literal[False]
    status: Literal["down"]
    version: str
    checks: list[Check]


class Versions(Shape):
    """The sidecar's version, and the oldest plugin that it takes."""

    version: str
    min_plugin: str


class Paired(Done):
    """What the two share from now on; both secrets are shown this once, in base64url."""

    shop_id: str
    secret: str = Field(description="Signs requests.")
    hash_key: str = Field(description="Of the hash of e-mail addresses.")
    sidecar: Versions


class Moved(Done):
    """The shop's new address is accepted."""

    decision: Literal["moved"]


class ShopFacts(Shape):
    """What the plugin told of the shop; it may tell more."""

    model_config = ConfigDict(extra="allow")

    currency: str = Field(description="ISO 4217.")
    decimals: Count = Field(description="Of prices.")
    prices_include_tax: bool
    timezone: str
    cogs: bool = Field(description="Whether WooCommerce keeps the cost of goods.")
    hpos: bool = Field(description="Whether orders stand in tables of their own.")
    locale: str


class PairedShop(Shape):
    """The shop as it was paired; `versions` by name, such as `woocommerce`."""

    shop_id: str
    home_url: str
    name: str
    facts: ShopFacts
    versions: dict[str, str]
    state: Literal["paired", "site_changed"]
    paired_at: Time


class RowCounts(Shape):
    """How many rows the mirror holds."""

    products: Count
    variations: Count
    orders: Count
    order_lines: Count
    customers: Count
    reviews: Count


class SyncFailure(Failure):
    """Why the last sync failed."""

    hint: Maybe[str] = None  # type: ignore[assignment]


class Sync(Shape):
    """How fresh the mirror is; null while there was no such sync."""

    state: Literal["never", "running", "ok", "failed"]
    generation: Count = Field(description="Goes up with every change of the mirror.")
    last_full_at: Time | None
    last_incremental_at: Time | None
    lag_seconds: int | None
    counts: RowCounts
    progress: Progress
    error: Maybe[SyncFailure] = None


class JobCounts(Shape):
    """How many jobs wait and run, and failed in the last week."""

    queued: Count
    running: Count
    failed: Count


class EventCounts(Shape):
    """How many events came, and how many are not worked off yet; `last_at` is null before the first."""

    received: Count
    last_at: Time | None
    pending: Count


class NotedError(Shape):
    """An error, where it happened, and what to do about it."""

    at: Time
    where: str
    code: str
    message: str
    hint: str


class ServiceState(Shape):
    """How a connected service has been doing."""

    id: Id
    provider: str
    name: str
    state: Literal["new", "connected", "failing", "revoked"]
    health: ServiceHealth


class TroubledHook(Shape):
    """A subscription to look at; `dead` counts the messages of the last week that were given up."""

    id: Id
    url: str
    description: str
    state: Literal["active", "paused", "failing"]
    paused_why: Maybe[Literal["asked", "gone"]] = None
    failures: Count
    retry_at: Maybe[Time] = None
    dead: Count


class BrokenAudit(Shape):
    """What the readings of the audit found wrong."""

    state: Literal["broken"]
    found_at: Time
    problems: list[Break]


class Status(Done):
    """All that the Status page shows; `errors` are the last twenty, the newest first."""

    version: str
    now: Time
    shop: PairedShop
    sync: Sync
    jobs: JobCounts
    events: EventCounts
    checks: list[Check]
    errors: list[NotedError]
    integrations: list[ServiceState]
    webhooks: list[TroubledHook]
    audit: Maybe[BrokenAudit] = None


class RejectedEvent(Shape):
    """An event that cannot be taken, and why; `seq` is as it was sent, null where there was none."""

    seq: JsonValue
    code: Literal["event_unreadable", "event_unknown"]
    message: str


class EventsTaken(Done):
    """What became of a batch: up to `acknowledged`, its highest `seq`, nothing is to be sent again."""

    acknowledged: Count
    duplicates: Count
    rejected: list[RejectedEvent]


class JobQueued(Done):
    """The job that is in line."""

    job: Id
