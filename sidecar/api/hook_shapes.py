"""Shapes of answers about webhooks, for the document of the API; tests compare them with the answers."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from sidecar.api.shapes import Count, Done, Id, Made, Maybe, Ok, Shape, Time


class HookEvent(Shape):
    """An event of the catalogue: what it means, and what the fields of its data are."""

    event: str
    means: str
    fields: dict[str, str]


class HookEvents(Done):
    """The catalogue."""

    items: list[HookEvent]


class Counted(Shape):
    """Messages by how they went."""

    waiting: Count
    delivered: Count
    dead: Count


class Hook(Shape):
    """A subscription; what follows `?` in its address is not shown."""

    id: Id
    url: str
    events: list[str]
    description: str
    state: Literal["active", "paused", "failing"]
    paused_why: Maybe[Literal["asked", "gone"]] = None
    rate_per_minute: Count
    failures: Count
    created_at: Time
    retry_at: Maybe[Time] = None
    last_ok_at: Maybe[Time] = None
    former_until: Maybe[Time] = Field(None, description="How long the secret before this one signs too.")
    counts: Counted


class HookWithSecret(Hook):
    """A subscription whose secret was just made: it is shown this once, and not in a repeat."""

    secret: Maybe[str] = None


class Hooks(Done):
    """Subscriptions, the oldest first."""

    items: list[Hook]


class OneHook(Done):
    """A subscription."""

    webhook: Hook


class HookMade(Made):
    """A new subscription."""

    webhook: HookWithSecret


class HookRolled(Done):
    """A subscription with a new secret; `repeated` when the same request made it before."""

    webhook: HookWithSecret
    repeated: Maybe[Ok] = None


class Payload(Shape):
    """What is sent; the catalogue says of each event what its data hold."""

    type: str
    timestamp: Time
    data: dict[str, Any]


class Delivery(Shape):
    """A message and how it went; `id` is the `webhook-id` of all its attempts."""

    id: str
    seq: Count
    event: str
    payload: Payload
    state: Literal["waiting", "delivered", "dead"]
    attempts: Count
    status: Maybe[int] = None
    error: Maybe[str] = None
    duration_ms: Maybe[Count] = None
    created_at: Time
    done_at: Maybe[Time] = None
    next_at: Maybe[Time] = None


class Deliveries(Done):
    """Messages, the last in line first."""

    items: list[Delivery]
    next: Maybe[str] = None


class Tried(Done):
    """The message that is in line."""

    delivery: str


class Again(Done):
    """The message that is in line again."""

    delivery: Delivery
