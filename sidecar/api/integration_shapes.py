"""Shapes of answers about connected services, for the document; tests compare them with the answers."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from sidecar.api.shapes import Count, Done, Id, Made, Maybe, Shape, Time, Who


class Trouble(Shape):
    """An error, and what to do about it."""

    at: Maybe[Time] = None
    code: str
    message: str
    hint: str


class ServiceHealth(Shape):
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


class Service(Shape):
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
    created_by: Maybe[Who] = None
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
    status: Maybe[int] = Field(None, description="Of its answer.")
    ms: Maybe[Count] = Field(None, description="Milliseconds until its answer.")
    error: Maybe[Trouble] = None
