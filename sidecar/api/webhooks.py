"""Webhooks out: subscriptions, their messages, the catalogue of events."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from sidecar.api import hook_shapes as shapes
from sidecar.api import once
from sidecar.api.access import access, caller, runtime
from sidecar.api.group import OK, created, group, said
from sidecar.api.models import ID, Model
from sidecar.runtime import deliveries, webhooks
from sidecar.runtime.webhook_events import EVENTS

bp = group("webhooks", "Messages to other systems when something happens.", "/api/v1/webhooks")

TRIED: dict[Any, Any] = {"202": shapes.Tried}
AGAIN: dict[Any, Any] = {"202": shapes.Again}

EventName = Annotated[str, StringConstraints(pattern=r"^(\*|[a-z]+\.(\*|[a-z_]+))$", max_length=60)]
Events = Annotated[list[EventName], Field(min_length=1, max_length=50)]
Url = Annotated[str, StringConstraints(min_length=8, max_length=500)]
Rate = Annotated[int, Field(ge=1, le=6_000)]


class WebhookPath(Model):
    """A subscription's id."""

    id: str = Field(pattern=ID)


class DeliveryPath(WebhookPath):
    """A message's id under its subscription's."""

    delivery: str = Field(pattern=ID)


class SubscribeBody(Model):
    """Where messages go and about what; events by name, group (`proposal.*`) or all (`*`)."""

    url: Url = Field(description="https://…; private addresses only where the settings allow them.")
    events: Events
    description: str = Field("", max_length=200)
    rate_per_minute: Rate = 60


class WebhookBody(Model):
    """What changes; absent fields stay as they are."""

    url: Url | None = None
    events: Events | None = None
    description: str | None = Field(None, max_length=200)
    rate_per_minute: Rate | None = None
    state: Literal["active", "paused"] | None = None

    @model_validator(mode="after")
    def _something(self) -> WebhookBody:
        if not self.model_dump(exclude_none=True):
            raise ValueError("at least one field is needed")
        return self


class WebhookTestBody(Model):
    """Which subscription to try."""

    id: str = Field(pattern=ID)


class DeliveriesQuery(Model):
    """Which messages; `cursor` is `next` of the page before."""

    state: Literal["waiting", "delivered", "dead"] | None = None
    limit: int = Field(25, ge=1, le=100)
    cursor: int | None = Field(None, ge=1, le=2**53)


@bp.get("/events", responses=said(shapes.HookEvents))
@access("webhooks:read")
def list_events() -> Any:
    """The catalogue: what each event means and holds"""
    items = [{"event": name, "means": one.means, "fields": one.fields} for name, one in EVENTS.items()]
    return {"ok": True, "items": items}


@bp.get("/list", responses=said(shapes.Hooks))
@access("webhooks:read")
def list_webhooks() -> Any:
    """All subscriptions"""
    return {"ok": True, "items": webhooks.listed(runtime(), caller().shop_id)}


@bp.post("/subscribe", responses=created(shapes.HookMade))
@access("webhooks:write")
def subscribe(body: SubscribeBody) -> Any:
    """Subscribe; the answer alone holds the secret"""
    asked, who = once.asked(), caller()
    made = webhooks.subscribe(runtime(), who.shop_id, who.who, asked=asked, **body.model_dump())
    return once.answer(asked, webhook=made)


@bp.patch("/<id>", responses=said(shapes.OneHook))
@access("webhooks:write")
def change(path: WebhookPath, body: WebhookBody) -> Any:
    """Pause, resume, or change where and about what"""
    given = body.model_dump(exclude_none=True)
    return {"ok": True, "webhook": webhooks.change(runtime(), caller().shop_id, path.id, caller().who, given)}


@bp.delete("/<id>", responses=OK)
@access("webhooks:write")
def unsubscribe(path: WebhookPath) -> Any:
    """End a subscription; its messages are deleted"""
    webhooks.end(runtime(), caller().shop_id, path.id, caller().who)
    return {"ok": True}


@bp.post("/<id>/secret", responses=said(shapes.HookRolled))
@access("webhooks:write")
def roll(path: WebhookPath) -> Any:
    """A new secret; the former one signs too for 24 hours"""
    asked, who = once.asked(), caller()
    made = webhooks.roll(runtime(), who.shop_id, path.id, who.who, asked)
    return {"ok": True, "webhook": made} | ({"repeated": True} if asked and asked.repeated else {})


@bp.post("/test", responses=TRIED)
@access("webhooks:write")
def send_test(body: WebhookTestBody) -> Any:
    """Send a `webhook.test`; its delivery tells how it went"""
    sent = webhooks.send_test(runtime(), caller().shop_id, body.id, caller().who)
    return {"ok": True, "delivery": sent}, 202


@bp.get("/<id>/deliveries", responses=said(shapes.Deliveries))
@access("webhooks:read")
def list_deliveries(path: WebhookPath, query: DeliveriesQuery) -> Any:
    """A subscription's messages and how they went, the last in line first"""
    return {"ok": True, **deliveries.page(runtime(), caller().shop_id, path.id, **query.model_dump())}


@bp.post("/<id>/deliveries/<delivery>/redeliver", responses=AGAIN)
@access("webhooks:write")
def redeliver(path: DeliveryPath) -> Any:
    """Send a message again, last in line and under its own id"""
    shop_id, who = caller().shop_id, caller().who
    return {
        "ok": True,
        "delivery": deliveries.redeliver(runtime(), shop_id, path.id, path.delivery, who),
    }, 202
