"""The clock of the sidecar: whoever holds its lease fires schedules and sweeps; every worker carries one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import structlog
from sqlalchemy import delete

from sidecar.core.errors import DevSkyyError
from sidecar.db import lease, read, write
from sidecar.db.app import nonces
from sidecar.runtime import (
    audit_chain,
    audit_check,
    deliveries,
    events,
    identity,
    jobs,
    keys,
    mirror,
    proposals,
    purchase_mail,
    retention,
    runs,
    schedule,
    shop,
)
from sidecar.runtime.base import Runtime, now
from sidecar.security import limits

LEASE_S = 15
DAY_S = 86_400
log = structlog.get_logger(__name__)


class Ticker:
    """One second's round, with each chore at its own pace."""

    def __init__(self, rt: Runtime) -> None:
        self.rt = rt
        self.next: dict[str, float] = {}

    def run(self, stop: threading.Event) -> None:
        """Ticks until told to stop; trouble with the database is logged and the next second tries again."""
        while not stop.wait(1.0):
            try:
                if self.hold():
                    self.tick()
            except Exception as error:
                log.warning("tick_failed", reason=str(error))
        self.release()

    def hold(self) -> bool:
        """Whether this process is the ticker now; takes a lease that is free or has ended."""
        return lease.take(self.rt.db.app, "", "ticker", self.rt.owner, now=now(), seconds=LEASE_S)

    def release(self) -> None:
        """Gives the lease back, so that another process need not wait for its end."""
        try:
            lease.give_back(self.rt.db.app, "", "ticker", self.rt.owner)
        except DevSkyyError as error:
            log.warning("ticker_lease_stays", reason=error.message)

    def tick(self) -> None:
        """Does what is due this second."""
        chores: list[tuple[str, float, Callable[[], object]]] = [
            ("woken", 1, lambda: events.run_woken(self.rt)),
            ("schedules", 1, lambda: fire_due(self.rt)),
            ("jobs", 5, lambda: jobs.sweep(self.rt)),
            ("events", 5, self._neglected),
            ("sync", 5, lambda: mirror.start_due(self.rt)),
            ("place", 60, self._place),
            ("proposals", 10, lambda: proposals.sweep(self.rt)),
            ("settle", 30, self._settle),
            ("purchases", 60, lambda: purchase_mail.sweep(self.rt)),
            ("windows", 60, lambda: limits.prune(self.rt.db.app, now())),
            ("webhooks", 60, lambda: deliveries.bury(self.rt)),
            ("prune", 3600, self._prune),
            ("identity", 600, lambda: identity.prune(self.rt)),
            ("audit", 3600, self._audit),
            ("audit-check", 300, lambda: audit_check.keep_up(self.rt)),
            ("reseal", 300, lambda: keys.start_due(self.rt)),
        ]
        for name, every, chore in chores:
            if time.monotonic() >= self.next.get(name, 0):
                self.next[name] = time.monotonic() + every
                chore()

    def _place(self) -> None:
        for row in shop.paired(self.rt):
            with write(self.rt.db.app) as conn:
                schedule.place_all(conn, row["shop_id"], list(self.rt.registry.values()))

    def _neglected(self) -> None:
        for shop_id in events.neglected(self.rt):
            events.start_refresh(self.rt, shop_id)

    def _settle(self) -> None:
        for row in shop.paired(self.rt):
            if shop.unsettled(self.rt, row["shop_id"]):
                jobs.start(
                    self.rt,
                    row["shop_id"],
                    "settle",
                    {},
                    title="Ask the shop how changes went",
                    unique_key="settle",
                )

    def _prune(self) -> None:
        deliveries.prune(self.rt)
        with write(self.rt.db.app) as conn:
            conn.execute(delete(nonces).where(nonces.c.expires_at < now()))

    def _audit(self) -> None:
        audit_chain.log_heads(self.rt.db.app)
        with read(self.rt.db.app) as conn:
            found = audit_chain.overdue(conn, now() - self.rt.settings.audit_days * DAY_S)
        for shop_id in found:
            jobs.start(self.rt, shop_id, "audit", {}, title="Let go of old audit rows", unique_key="audit")


def fire_due(rt: Runtime) -> int:
    """Asks for the runs and chores that schedules ask for now; returns how many."""
    if not schedule.any_due(rt, now()):
        return 0
    sent: list[tuple[str, str]] = []
    with write(rt.db.app) as conn:
        for row in schedule.take_due(conn, now()):
            if row["agent"] == schedule.RECONCILE:
                job = mirror.add_reconcile(conn, row["shop_id"])
                sent.append((row["shop_id"], job))
            elif row["agent"] == schedule.RETENTION:
                sent.append((row["shop_id"], retention.add(conn, row["shop_id"])))
            elif agent := rt.registry.get(row["agent"]):
                try:
                    _, made = runs.add(conn, row["shop_id"], agent, {}, trigger="schedule")
                except DevSkyyError as error:
                    log.warning("schedule_skipped", agent=row["agent"], reason=error.message)
                    continue
                sent += [(row["shop_id"], made)] if made else []
    for shop_id, job in sent:
        jobs.send(rt, shop_id, job)
    return len(sent)
