"""Webhooks out: who is told what. An event is written beside the thing that happened, in its transaction;
`sidecar.runtime.deliveries` makes messages of it and sends them.
"""

from __future__ import annotations

import itertools
import secrets
import time
import uuid
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from sidecar.core.errors import Conflict, Invalid, NotFound
from sidecar.db import read, write
from sidecar.db.outgoing import webhook_deliveries, webhook_outbox, webhooks
from sidecar.runtime import audit, repeats
from sidecar.runtime.base import Row, Runtime, at, now, present
from sidecar.runtime.repeats import Asked
from sidecar.runtime.webhook_events import EVENTS, matches, unknown
from sidecar.security import outbound, signatures
from sidecar.security.sealing import forget_secrets, get_secret, put_secret

MOST = 20
"""Subscriptions of a shop."""

FORMER_S = 86_400
"""How long the secret before the present one signs too."""

LOOK_BACK_S = 7 * 86_400
"""Messages that were given up before are no news any more; their list still has them."""

SHOWN = ("id", "events", "description", "state", "paused_why", "rate_per_minute", "failures")


def emit(conn: Connection, shop_id: str, event: str, data: Row) -> None:
    """Notes an event of the catalogue in the caller's transaction: told if that commits, else not.

    Writes nothing when nobody listens. Takes no lock that others wait for. `data` has the catalogue's fields.
    """
    if set(data) != set(EVENTS[event].fields):
        raise ValueError(f"{event} has the fields {sorted(EVENTS[event].fields)}")
    mine = (webhooks.c.shop_id == shop_id) & (webhooks.c.state != "paused")
    if any(
        matches(wanted, event) for wanted in conn.execute(select(webhooks.c.events).where(mine)).scalars()
    ):
        row = {"shop_id": shop_id, "id": _next_id(), "event": event, "data": data, "created_at": now()}
        conn.execute(insert(webhook_outbox).values(row))


def _next_id() -> str:
    """Sorted by the moment of emitting: what depends on another's commit comes after it."""
    return f"{time.time_ns():016x}{next(_COUNT) & 0xFFFFFFFF:08x}{secrets.token_hex(4)}"


_COUNT = itertools.count()  # within one tick of the clock


def subscribe(
    rt: Runtime,
    shop_id: str,
    who: Row | None,
    *,
    url: str,
    events: list[str],
    description: str = "",
    rate_per_minute: int = 60,
    asked: Asked | None = None,
) -> Row:
    """Makes a subscription; its answer alone holds the secret, and none when `asked` made it before. Invalid,
    AddressRefused, or Conflict."""
    host = _check(rt, url, events)
    ident, secret = uuid.uuid4().hex, signatures.new_secret()
    row = {
        "shop_id": shop_id, "id": ident, "url": url, "events": events, "description": description,
        "state": "active", "rate_per_minute": rate_per_minute, "created_by": who, "created_at": now(),
        "failures": 0, "next_seq": 1, "window_count": 0,
    }  # fmt: skip
    with write(rt.db.app) as conn:
        if before := repeats.made_before(conn, rt.sealer, asked):
            return as_json(conn, load(conn, shop_id, before))
        there = conn.execute(select(func.count()).where(webhooks.c.shop_id == shop_id)).scalar_one()
        if there >= MOST:
            raise Conflict(
                f"There are {MOST} subscriptions already.",
                code="too_many_webhooks",
                hint="End one that is no longer used.",
            )
        conn.execute(insert(webhooks).values(row))
        put_secret(conn, rt.sealer, shop_id, f"webhook/{ident}", secret)
        audit.record(conn, shop_id, who, "webhook.subscribe", ident, {"host": host, "events": events})
        repeats.keep(conn, asked, ident)
        return {**as_json(conn, load(conn, shop_id, ident)), "secret": signatures.secret_text(secret)}


def _check(rt: Runtime, url: str | None, events: list[str] | None) -> str | None:
    if events is not None and (wrong := unknown(events)):
        raise Invalid(
            "There is no such event.",
            hint="GET /api/v1/webhooks/events lists them; `proposal.*` and `*` mean several.",
            fields={"events": ", ".join(wrong)[:200]},
        )
    if url is None:
        return None
    given = rt.settings
    return outbound.check_url(
        url, allow_private=given.webhooks_allow_private, allow_http=given.webhooks_allow_http
    ).host


def load(conn: Connection, shop_id: str, ident: str, *, lock: bool = False) -> Row:
    """A subscription's row; NotFound. `lock` keeps it from others: what plans its messages takes turns."""
    query = select(webhooks).where(webhooks.c.shop_id == shop_id, webhooks.c.id == ident)
    row = conn.execute(query.with_for_update() if lock else query).mappings().first()
    if row is None:
        raise NotFound("There is no such subscription.", hint="GET /api/v1/webhooks/list shows them.")
    return dict(row)


def as_json(conn: Connection, row: Row) -> Row:
    """A subscription on the wire; what follows ? in its address may be a secret and is left out."""
    mine = (webhook_deliveries.c.shop_id == row["shop_id"]) & (webhook_deliveries.c.webhook_id == row["id"])
    counted = conn.execute(
        select(webhook_deliveries.c.state, func.count()).where(mine).group_by(webhook_deliveries.c.state)
    )
    counts = {"waiting": 0, "delivered": 0, "dead": 0} | {state: int(n) for state, n in counted}
    times = {name: at(row[name]) for name in ("created_at", "retry_at", "last_ok_at", "former_until")}
    shown = {**{name: row[name] for name in SHOWN}, "url": _shown_url(row), **times}
    return present({**shown, "counts": counts})


def _shown_url(row: Any) -> str:
    url, query, _ = row["url"].partition("?")
    return f"{url}?…" if query else url


def listed(rt: Runtime, shop_id: str) -> list[Row]:
    """All subscriptions of a shop, the oldest first."""
    query = select(webhooks).where(webhooks.c.shop_id == shop_id)
    with read(rt.db.app) as conn:
        rows = conn.execute(query.order_by(webhooks.c.created_at, webhooks.c.id)).mappings().all()
        return [as_json(conn, dict(row)) for row in rows]


# Made once: Status asks them often.
LOST = (
    select(webhook_deliveries.c.webhook_id, func.count())
    .where(webhook_deliveries.c.state == "dead", webhook_deliveries.c.queued_at > bindparam("since"))
    .where(webhook_deliveries.c.shop_id == bindparam("shop"))
    .group_by(webhook_deliveries.c.webhook_id)
)
ALL = select(webhooks).where(webhooks.c.shop_id == bindparam("shop")).order_by(webhooks.c.created_at)


def troubled(conn: Connection, shop_id: str) -> list[Row]:
    """Subscriptions to look at, for Status: their circuit is open, their address is gone, or messages that
    were put in line in the last week were given up (`dead` counts them)."""
    lost = conn.execute(LOST, {"shop": shop_id, "since": now() - LOOK_BACK_S})
    dead = {ident: int(count) for ident, count in lost}
    rows = conn.execute(ALL, {"shop": shop_id})
    bad = [
        row for row in rows.mappings()
        if row["state"] == "failing" or row["paused_why"] == "gone" or row["id"] in dead
    ]  # fmt: skip
    return [_in_trouble(row, dead.get(row["id"], 0)) for row in bad]


def _in_trouble(row: Any, dead: int) -> Row:
    names = ("id", "description", "state", "paused_why", "failures")
    shown = {name: row[name] for name in names}
    return present({**shown, "url": _shown_url(row), "retry_at": at(row["retry_at"]), "dead": dead})


def change(rt: Runtime, shop_id: str, ident: str, who: Row | None, given: Row) -> Row:
    """Changes url, events, description, rate, or state (`active` resumes, `paused`); the rest stays."""
    host = _check(rt, given.get("url"), given.get("events"))
    with write(rt.db.app) as conn:
        row = load(conn, shop_id, ident, lock=True)
        values = dict(given)
        if given.get("state") == "paused":
            values |= {"paused_why": "asked", "next_at": None}
        elif given.get("state") == "active" or (host and row["state"] == "failing"):
            values |= {"state": "active", "paused_why": None, "failures": 0, "retry_at": None}
            _hasten(conn, row)
        if values:
            conn.execute(update(webhooks).where(_this(row)).values(values))
        row |= values
        if row["state"] != "paused":
            plan(conn, row)
        told = {name: given[name] for name in given if name != "url"} | ({"host": host} if host else {})
        audit.record(conn, shop_id, who, "webhook.change", ident, told)
        return as_json(conn, load(conn, shop_id, ident))


def _hasten(conn: Connection, row: Row) -> None:
    """Whoever resumes wants to see it work now, not when a back-off ends."""
    mine = (webhook_deliveries.c.shop_id == row["shop_id"]) & (webhook_deliveries.c.webhook_id == row["id"])
    late = (webhook_deliveries.c.state == "waiting") & (webhook_deliveries.c.next_at > now())
    conn.execute(update(webhook_deliveries).where(mine, late).values(next_at=now()))


def roll(rt: Runtime, shop_id: str, ident: str, who: Row | None, asked: Asked | None = None) -> Row:
    """A new secret, in this answer alone; the former one signs too for 24 hours. None when `asked` did it
    before: a repeat must not let the one that holds go."""
    secret = signatures.new_secret()
    with write(rt.db.app) as conn:
        if repeats.made_before(conn, rt.sealer, asked):
            return as_json(conn, load(conn, shop_id, ident))
        repeats.keep(conn, asked, ident)
        row = load(conn, shop_id, ident, lock=True)
        former = keys(rt, conn, row)[:1]
        put_secret(conn, rt.sealer, shop_id, f"webhook/{ident}", b"".join([secret, *former]))
        conn.execute(update(webhooks).where(_this(row)).values(former_until=now() + FORMER_S))
        audit.record(conn, shop_id, who, "webhook.roll", ident)
        return {**as_json(conn, load(conn, shop_id, ident)), "secret": signatures.secret_text(secret)}


def keys(rt: Runtime, conn: Connection, row: Row) -> list[bytes]:
    """The secrets that sign now: the present one, and the former one while it counts."""
    both = get_secret(conn, rt.sealer, row["shop_id"], f"webhook/{row['id']}") or b""
    size = signatures.SECRET_BYTES
    former = both[size:] if (row["former_until"] or 0) > now() else b""
    return [key for key in (both[:size], former) if key]


def forget_former(rt: Runtime) -> None:
    """Drops secrets whose 24 hours are over."""
    with write(rt.db.app) as conn:
        over = select(webhooks).where(webhooks.c.former_until <= now()).with_for_update()
        for row in conn.execute(over).mappings().all():
            present_one = keys(rt, conn, dict(row))[:1]
            put_secret(conn, rt.sealer, row["shop_id"], f"webhook/{row['id']}", b"".join(present_one))
            conn.execute(update(webhooks).where(_this(dict(row))).values(former_until=None))


def end(rt: Runtime, shop_id: str, ident: str, who: Row | None) -> None:
    """Ends a subscription; its messages and its secret are deleted."""
    with write(rt.db.app) as conn:
        row = load(conn, shop_id, ident, lock=True)
        mine = (webhook_deliveries.c.shop_id == shop_id) & (webhook_deliveries.c.webhook_id == ident)
        conn.execute(delete(webhook_deliveries).where(mine))
        conn.execute(delete(webhooks).where(_this(row)))
        forget_secrets(conn, shop_id, f"webhook/{ident}")
        audit.record(conn, shop_id, who, "webhook.end", ident, {"host": urlsplit(row["url"]).hostname})


def send_test(rt: Runtime, shop_id: str, ident: str, who: Row | None) -> str:
    """Puts a `webhook.test` in line for one subscription, whatever it listens to; the delivery's id."""
    with write(rt.db.app) as conn:
        row = load(conn, shop_id, ident, lock=True)
        refuse_paused(row)
        made = add(conn, row, "webhook.test", {"webhook": ident}, now())
        plan(conn, row)
        audit.record(conn, shop_id, who, "webhook.test", ident, {"delivery": made})
    return made


def refuse_paused(row: Row) -> None:
    """Conflict while a subscription is paused."""
    if row["state"] == "paused":
        raise Conflict(
            "The subscription is paused.", code="webhook_paused", hint='Resume it first: {"state": "active"}.'
        )


def add(conn: Connection, hook: Row, event: str, data: Row, happened_at: int) -> str:
    """Puts a message in line for a locked subscription and returns its id; `plan` must follow."""
    payload = {"type": event, "timestamp": at(happened_at), "data": {"shop": hook["shop_id"], **data}}
    row = {
        "shop_id": hook["shop_id"], "id": uuid.uuid4().hex, "webhook_id": hook["id"], "seq": hook["next_seq"],
        "event": event, "payload": payload, "state": "waiting", "attempts": 0, "next_at": now(),
        "created_at": now(), "queued_at": now(),
    }  # fmt: skip
    conn.execute(insert(webhook_deliveries).values(row))
    hook["next_seq"] += 1
    return str(row["id"])


def head(conn: Connection, hook: Row) -> Row | None:
    """The message whose turn it is."""
    mine = (webhook_deliveries.c.shop_id == hook["shop_id"]) & (webhook_deliveries.c.webhook_id == hook["id"])
    waiting = select(webhook_deliveries).where(mine, webhook_deliveries.c.state == "waiting")
    row = conn.execute(waiting.order_by(webhook_deliveries.c.seq).limit(1)).mappings().first()
    return dict(row) if row else None


def plan(conn: Connection, hook: Row) -> None:
    """Sets when a locked subscription's next message may be tried, whatever happened to it."""
    first, moment = head(conn, hook), now()
    held = hook["lease_until"] or 0
    when: int | None = None
    if first is not None and hook["state"] != "paused":
        pause = (hook["retry_at"] or 0) if hook["state"] == "failing" else 0
        when = held if held > moment else max(first["next_at"], pause)
    values: dict[str, Any] = {"next_at": when, "next_seq": hook["next_seq"]}
    conn.execute(update(webhooks).where(_this(hook)).values(values))


def _this(row: Row) -> Any:
    return (webhooks.c.shop_id == row["shop_id"]) & (webhooks.c.id == row["id"])
