"""Delivery of webhook messages: at least once, in order for each subscription, by any number of workers.

A subscription is leased before its first waiting message is sent, and the lease ends by itself: whatever is
killed half way, another worker sends the same message again under the same id. A message that fails stays
first, and those behind it wait, until it is delivered or dead.
"""

from __future__ import annotations

import random
import secrets
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import Connection, delete, exists, or_, select, update

from sidecar import __version__
from sidecar.core.changes import canonical_json
from sidecar.core.errors import Conflict, DevSkyyError, NotFound
from sidecar.db import read, write
from sidecar.db.outgoing import webhook_deliveries as messages
from sidecar.db.outgoing import webhook_outbox, webhooks
from sidecar.runtime import audit
from sidecar.runtime.base import Row, Runtime, at, now, present
from sidecar.runtime.webhook_events import matches
from sidecar.runtime.webhooks import add, forget_former, head, keys, load, plan, refuse_paused
from sidecar.security import outbound, signatures
from sidecar.store.transport import redact

HORIZON_S = 86_400
"""How long a message is tried; then it is dead and steps aside."""

BACKOFF_S, LONGEST_BACKOFF_S = 10, 3_600
OPENS_AFTER = 5
"""Failed attempts in a row that open the circuit: from then on one attempt after each pause."""

PAUSE_S, LONGEST_PAUSE_S = 60, 3_600
LEASE_S = 45
TICK_S = 1.0
THREADS = 8
BATCH = 100
ERROR_MAX = 300
DAY = 86_400

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Claim:
    """A message that is this thread's to send."""

    token: str
    hook: Row
    message: Row
    keys: list[bytes]


@dataclass(frozen=True)
class Outcome:
    """How an attempt went."""

    ok: bool
    status: int | None
    error: str | None
    duration_ms: int
    retry_after: int = 0


class Deliverer:
    """A worker's sender of messages: one look at the database a second, a few threads that send."""

    def __init__(self, rt: Runtime) -> None:
        self.rt = rt
        self.busy: set[tuple[str, str]] = set()
        self.stop = threading.Event()

    def run(self, stop: threading.Event) -> None:
        """Sends until told to stop; what is under way is finished first."""
        self.stop = stop
        with ThreadPoolExecutor(THREADS, thread_name_prefix="webhook") as pool:
            while not stop.wait(TICK_S):
                try:
                    for key in due(self.rt):
                        if key not in self.busy:
                            self.busy.add(key)
                            pool.submit(self._drain, key)
                except Exception as error:
                    log.warning("webhooks_not_looked_at", reason=str(error))

    def _drain(self, key: tuple[str, str]) -> None:
        try:
            for _ in range(BATCH):
                if self.stop.is_set() or not deliver(self.rt, *key):
                    return
        except Exception as error:
            log.warning("webhook_not_sent", webhook=key[1], reason=str(error))
        finally:
            self.busy.discard(key)


def due(rt: Runtime) -> list[tuple[str, str]]:
    """(shop, subscription) whose next message may be tried now; makes messages of new events first."""
    with read(rt.db.app) as conn:
        shops = conn.execute(select(webhook_outbox.c.shop_id).distinct().limit(20)).scalars().all()
    for shop_id in shops:
        relay(rt, shop_id)
    with read(rt.db.app) as conn:
        query = select(webhooks.c.shop_id, webhooks.c.id).where(webhooks.c.next_at <= now())
        return [(row.shop_id, row.id) for row in conn.execute(query.order_by(webhooks.c.next_at).limit(100))]


def relay(rt: Runtime, shop_id: str) -> int:
    """Makes a message of each new event for each subscription that listens; returns how many.

    Here messages get their order. The locked subscriptions make workers take turns; the transactions in which
    events happen wait for nobody.
    """
    made = 0
    with write(rt.db.app) as conn:
        mine = select(webhooks).where(webhooks.c.shop_id == shop_id).order_by(webhooks.c.id)
        hooks = [dict(row) for row in conn.execute(mine.with_for_update()).mappings()]
        query = select(webhook_outbox).where(webhook_outbox.c.shop_id == shop_id)
        found = conn.execute(query.order_by(webhook_outbox.c.id).limit(500)).mappings().all()
        for hook in hooks:
            wanted = [row for row in found if matches(hook["events"], row["event"])]
            if wanted and hook["state"] != "paused":
                for row in wanted:
                    add(conn, hook, row["event"], row["data"], row["created_at"])
                plan(conn, hook)
                made += len(wanted)
        ids = [row["id"] for row in found]
        gone = (webhook_outbox.c.shop_id == shop_id) & webhook_outbox.c.id.in_(ids)
        conn.execute(delete(webhook_outbox).where(gone))
    return made


def deliver(rt: Runtime, shop_id: str, ident: str) -> bool:
    """Sends a subscription's next message if it may be tried now; whether it was delivered."""
    claimed = claim(rt, shop_id, ident)
    if claimed is None:
        return False
    outcome = attempt(rt, claimed)
    state = settle(rt, claimed, outcome)
    log.info(
        "webhook_sent", shop_id=shop_id, webhook=ident, delivery=claimed.message["id"], state=state,
        event_name=claimed.message["event"], status=outcome.status, ms=outcome.duration_ms,
    )  # fmt: skip
    return state == "delivered"


def claim(rt: Runtime, shop_id: str, ident: str) -> Claim | None:
    """Leases a subscription and takes its next message; None while that is not due, held or too fast."""
    moment, token = now(), f"{rt.owner}-{secrets.token_hex(4)}"
    with write(rt.db.app) as conn:
        try:
            hook = load(conn, shop_id, ident, lock=True)
        except NotFound:
            return None
        if hook["state"] == "paused" or hook["next_at"] is None or hook["next_at"] > moment:
            return None
        first = head(conn, hook)
        if first is None:
            _change(conn, hook, next_at=None)
            return None
        window, count = hook["window_at"] or 0, hook["window_count"]
        if not window <= moment < window + 60:
            window, count = moment, 0
        if count >= hook["rate_per_minute"]:
            _change(conn, hook, next_at=window + 60)
            return None
        until = moment + LEASE_S
        lease = {"lease_owner": token, "lease_until": until, "next_at": until}
        _change(conn, hook, window_at=window, window_count=count + 1, **lease)
        tried = messages.c.attempts + 1
        conn.execute(update(messages).where(_that(first)).values(attempts=tried))
        return Claim(token, hook, {**first, "attempts": first["attempts"] + 1}, keys(rt, conn, hook))


def attempt(rt: Runtime, claimed: Claim) -> Outcome:
    """One signed POST; never raises for what the other side does."""
    body = canonical_json(claimed.message["payload"]).encode()
    head_lines = signatures.headers(claimed.message["id"], now(), body, claimed.keys)
    more = {"Content-Type": "application/json", "User-Agent": f"DevSkyy-Webhooks/{__version__}"}
    given = rt.settings
    try:
        answer = outbound.send(
            "POST",
            claimed.hook["url"],
            headers={**head_lines, **more},
            body=body,
            timeout=given.webhooks_timeout_s,
            allow_private=given.webhooks_allow_private,
            allow_http=given.webhooks_allow_http,
            max_bytes=4 * ERROR_MAX,
        )
    except DevSkyyError as error:
        return Outcome(False, None, f"{error.code}: {error.message}"[:ERROR_MAX], 0)
    if 200 <= answer.status < 300:
        return Outcome(True, answer.status, None, answer.duration_ms)
    private = [head_lines["webhook-signature"], *head_lines["webhook-signature"].replace("v1,", "").split()]
    private += [signatures.secret_text(key).removeprefix(signatures.PREFIX) for key in claimed.keys]
    words = f"HTTP {answer.status} {_excerpt(answer.body, private)}".strip()[:ERROR_MAX]
    wait = min(outbound.retry_after(answer.headers.get("retry-after"), now()) or 0, HORIZON_S)
    return Outcome(False, answer.status, words, answer.duration_ms, wait)


def _excerpt(body: bytes, private: list[str]) -> str:
    """The beginning of an answer, without what we sent in confidence and without control characters."""
    text = body.decode("utf-8", "replace")
    for word in private:
        text = text.replace(word, "…")
    return redact(" ".join("".join(sign if sign.isprintable() else " " for sign in text).split()))


def backoff(attempts: int) -> float:
    """Seconds until the next attempt after `attempts` failed ones: full jitter over 10 s, 20 s … one hour."""
    return random.uniform(0, min(LONGEST_BACKOFF_S, BACKOFF_S * 2 ** min(attempts - 1, 20)))


def settle(rt: Runtime, claimed: Claim, outcome: Outcome) -> str:
    """Writes down how an attempt went; `lost` when another worker has taken the subscription over."""
    message, gone = claimed.message, outcome.status == 410
    with write(rt.db.app) as conn:
        try:
            hook = load(conn, message["shop_id"], message["webhook_id"], lock=True)
        except NotFound:
            return "lost"
        if hook["lease_owner"] != claimed.token:
            return "lost"
        told = _message_after(message, outcome, dead=gone)
        conn.execute(update(messages).where(_that(message), messages.c.state == "waiting").values(told))
        hook |= _hook_after(hook, outcome, gone=gone) | {"lease_owner": None, "lease_until": None}
        kept = ("state", "paused_why", "failures", "retry_at", "last_ok_at", "lease_owner", "lease_until")
        _change(conn, hook, **{name: hook[name] for name in kept})
        plan(conn, hook)
        if gone:
            audit.record(conn, hook["shop_id"], None, "webhook.gone", hook["id"])
    return str(told["state"])


def _message_after(message: Row, outcome: Outcome, *, dead: bool) -> Row:
    moment, last = now(), message["queued_at"] + HORIZON_S
    told = {"status": outcome.status, "error": outcome.error, "duration_ms": outcome.duration_ms}
    if outcome.ok:
        return {**told, "state": "delivered", "done_at": moment}
    if dead or moment >= last:
        return {**told, "state": "dead", "done_at": moment}
    wait = max(backoff(message["attempts"]), outcome.retry_after)
    return {**told, "state": "waiting", "next_at": min(moment + int(wait + 0.999), last)}


def _hook_after(hook: Row, outcome: Outcome, *, gone: bool) -> Row:
    paused = hook["state"] == "paused"
    if outcome.ok:
        state = "paused" if paused else "active"
        return {"state": state, "failures": 0, "retry_at": None, "last_ok_at": now()}
    failures = hook["failures"] + 1
    if gone:
        return {"state": "paused", "paused_why": "gone", "failures": failures}
    if paused or failures < OPENS_AFTER:
        return {"failures": failures}
    pause = min(LONGEST_PAUSE_S, PAUSE_S * 2 ** min(failures - OPENS_AFTER, 20))
    return {"state": "failing", "failures": failures, "retry_at": now() + pause}


def bury(rt: Runtime) -> int:
    """Ends messages whose 24 hours are over and that an open circuit, a pause or others held up; how many.

    One that was never tried is kept where it can be: a worker that was off for a day loses nothing.
    """
    limit = now() - HORIZON_S - 600
    held = exists().where(
        webhooks.c.shop_id == messages.c.shop_id, webhooks.c.id == messages.c.webhook_id,
        webhooks.c.state != "active",
    )  # fmt: skip
    old = (
        (messages.c.state == "waiting") & (messages.c.queued_at < limit) & or_(messages.c.attempts > 0, held)
    )
    values = {"state": "dead", "done_at": now()}
    with read(rt.db.app) as conn:
        if conn.execute(select(messages.c.id).where(old).limit(1)).first() is None:
            return 0
    with write(rt.db.app) as conn:
        return conn.execute(update(messages).where(old).values(values)).rowcount


def prune(rt: Runtime) -> None:
    """Drops messages that are old enough, by what became of them, and former secrets."""
    keep = {"delivered": rt.settings.keep_deliveries_days, "dead": rt.settings.keep_dead_deliveries_days}
    with write(rt.db.app) as conn:
        for state, days in keep.items():
            old = (messages.c.state == state) & (messages.c.done_at < now() - days * DAY)
            conn.execute(delete(messages).where(old))
    forget_former(rt)


def redeliver(rt: Runtime, shop_id: str, ident: str, delivery: str, who: Row | None) -> Row:
    """Puts a delivered or dead message in line again, last, under its own id; Conflict while it waits."""
    with write(rt.db.app) as conn:
        hook = load(conn, shop_id, ident, lock=True)
        refuse_paused(hook)
        row = _load(conn, hook, delivery)
        if row["state"] == "waiting":
            raise Conflict(
                "The message is waiting already.", code="delivery_waiting", hint="It is tried by itself."
            )
        moment = now()
        again: Row = {"state": "waiting", "seq": hook["next_seq"], "attempts": 0, "next_at": moment}
        again |= {"queued_at": moment, "done_at": None}
        conn.execute(update(messages).where(_that(row)).values(again))
        hook["next_seq"] += 1
        plan(conn, hook)
        audit.record(conn, shop_id, who, "webhook.redeliver", ident, {"delivery": delivery})
        return as_json({**row, **again})


def page(rt: Runtime, shop_id: str, ident: str, *, state: str | None, limit: int, cursor: int | None) -> Row:
    """A subscription's messages, the last in line first; `next` is there while more follow."""
    with read(rt.db.app) as conn:
        load(conn, shop_id, ident)
        query = select(messages).where(messages.c.shop_id == shop_id, messages.c.webhook_id == ident)
        query = query.where(messages.c.state == state) if state else query
        query = query.where(messages.c.seq < cursor) if cursor is not None else query
        rows = conn.execute(query.order_by(messages.c.seq.desc()).limit(limit + 1)).mappings().all()
    answer: Row = {"items": [as_json(dict(row)) for row in rows[:limit]]}
    return {**answer, "next": str(rows[limit - 1]["seq"])} if len(rows) > limit else answer


def as_json(row: Row) -> Row:
    """A delivery on the wire; `id` is the `webhook-id` of all its attempts."""
    names = ("id", "seq", "event", "payload", "state", "attempts", "status", "error", "duration_ms")
    times = {name: at(row[name]) for name in ("created_at", "done_at")}
    times |= {"next_at": at(row["next_at"])} if row["state"] == "waiting" else {}
    return present({**{name: row[name] for name in names}, **times})


def _load(conn: Connection, hook: Row, ident: str) -> Row:
    mine = (messages.c.shop_id == hook["shop_id"]) & (messages.c.webhook_id == hook["id"])
    row = conn.execute(select(messages).where(mine, messages.c.id == ident)).mappings().first()
    if row is None:
        raise NotFound("There is no such delivery.", hint="It may be too old: see its subscription's list.")
    return dict(row)


def _that(message: Row) -> Any:
    return (messages.c.shop_id == message["shop_id"]) & (messages.c.id == message["id"])


def _change(conn: Connection, hook: Row, **values: Any) -> None:
    mine = (webhooks.c.shop_id == hook["shop_id"]) & (webhooks.c.id == hook["id"])
    conn.execute(update(webhooks).where(mine).values(values))
