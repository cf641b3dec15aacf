"""What works and what does not, each with what to do about it."""

from __future__ import annotations

import shutil

from sqlalchemy import bindparam, func, select

from sidecar import __version__
from sidecar.core.errors import DevSkyyError
from sidecar.db import read, session
from sidecar.db.app import leases, proposals
from sidecar.runtime import audit, audit_check, events, integrations, jobs, mirror, shop, webhooks
from sidecar.runtime.base import Row, Runtime, at, now

# Made once: Status asks them often.
TICKER = select(leases.c.until).where(leases.c.name == "ticker")
LATE = select(func.count()).where(
    proposals.c.shop_id == bindparam("shop"),
    proposals.c.state.in_(("approved", "applying", "undoing")),
    proposals.c.updated_at < bindparam("since"),
)
LOW_DISK = 500 * 1024 * 1024


def vital(rt: Runtime) -> list[Row]:
    """What keeps the sidecar from working at all; empty when it can work."""
    broken = []
    for name, engine in (("app", rt.db.app), ("mirror", rt.db.mirror)):
        try:
            session.ping(engine)
        except DevSkyyError as error:
            broken.append(
                check(f"database_{name}", f"Database ({name})", "critical", error.message, error.hint)
            )
    return broken


def status(rt: Runtime, shop_id: str) -> Row:
    """All that the Status page shows (docs/protocol.md, section 4.1)."""
    row = shop.shop_row(rt, shop_id)
    sync = mirror.figures(rt, shop_id)
    with read(rt.db.app) as conn:
        work, inbound = jobs.counts(conn, shop_id), events.figures(rt, conn, shop_id)
        errors, failed = audit.last_errors(conn, shop_id), jobs.last_failed(conn, shop_id)
        services, hooks = integrations.health(conn, shop_id), webhooks.troubled(conn, shop_id)
        broken = audit_check.found(conn, rt.sealer, shop_id)
        worker = conn.execute(TICKER).scalar()
        late = conn.execute(LATE, {"shop": shop_id, "since": now() - shop.SETTLE_AFTER_S}).scalar_one()
    checks = [
        _sync(rt, sync),
        _worker(worker),
        _jobs(work, failed),
        _events(inbound),
        _late_check(late),
        _disk(rt),
        _site(row),
    ]
    return {
        "version": __version__, "now": at(now()), "shop": _shop(row), "sync": sync, "jobs": work,
        "events": inbound, "checks": checks, "errors": errors,
        "integrations": services, "webhooks": hooks, **({"audit": broken} if broken else {}),
    }  # fmt: skip


def _shop(row: Row) -> Row:
    names = ("shop_id", "home_url", "name", "facts", "versions", "state")
    return {**{name: row[name] for name in names}, "paired_at": at(row["paired_at"])}


def check(ident: str, label: str, state: str, message: str, hint: str = "", action: Row | None = None) -> Row:
    found: Row = {"id": ident, "label": label, "status": state, "message": message, "hint": hint}
    return {**found, "action": action} if action else found


SYNC = {"id": "sync", "label": "Read the shop now"}


def _sync(rt: Runtime, sync: Row) -> Row:
    label, lag = "Copy of the shop", sync["lag_seconds"]
    if sync["state"] == "failed":
        error = sync.get("error") or {}
        return check(
            "sync",
            label,
            "critical",
            error.get("message", "The last sync failed."),
            error.get("hint", ""),
            SYNC,
        )
    if lag is None:
        if sync["state"] == "running":
            return check("sync", label, "good", "The shop is being read for the first time.")
        return check(
            "sync",
            label,
            "warning",
            "The shop was not read yet.",
            "Read it now, or wait for the worker.",
            SYNC,
        )
    if lag > 3 * rt.settings.sync_every_s + 60:
        return check(
            "sync",
            label,
            "warning",
            f"The copy is {lag // 60} minutes old.",
            "See whether the worker runs, then read the shop.",
            SYNC,
        )
    return check("sync", label, "good", f"The copy is {lag} seconds old.")


def _worker(until: int | None) -> Row:
    if until is not None and until >= now():
        return check("worker", "Worker", "good", "The worker runs.")
    hint = "Start it with `devskyy worker`; `devskyy serve` brings its own."
    return check("worker", "Worker", "critical", "No worker runs: agents, syncs and schedules wait.", hint)


def _jobs(work: dict[str, int], last: Row | None) -> Row:
    if last is not None:
        error = last["error"] or {}
        message = f"{last['title']} failed: {error.get('message', 'see the log.')}"
        action = {"id": "retry", "label": "Retry", "job": last["id"]}
        return check(
            "jobs", "Jobs", "warning", message, error.get("hint") or "Remove the cause, then retry.", action
        )
    return check("jobs", "Jobs", "good", f"{work['queued']} waiting, {work['running']} running.")


def _events(inbound: Row) -> Row:
    if inbound["pending"] > 1000:
        hint = "The worker is behind or the shop cannot be read; see the checks above."
        return check(
            "events", "Events", "warning", f"{inbound['pending']} events wait to be worked off.", hint
        )
    return check("events", "Events", "good", f"{inbound['received']} received, {inbound['pending']} waiting.")


def _late_check(late: int) -> Row:
    if late:
        hint = "The sidecar asks the shop's ledger by itself; if it stays, press the button."
        return check(
            "outcomes",
            "Outcomes",
            "warning",
            f"{late} approved changes have no outcome yet.",
            hint,
            {"id": "drain", "label": "Send what waits"},
        )
    return check("outcomes", "Outcomes", "good", "Every approved change has its outcome.")


def _disk(rt: Runtime) -> Row:
    try:
        free = shutil.disk_usage(rt.settings.data_dir).free
    except OSError as error:
        return check(
            "disk",
            "Disk",
            "critical",
            f"The data folder cannot be read: {error.strerror}.",
            "Bring the folder back.",
        )
    if free < LOW_DISK:
        return check(
            "disk", "Disk", "warning", f"{free // 2**20} MB are free.", "Free some space in the data folder."
        )
    return check("disk", "Disk", "good", f"{free // 2**30} GB are free.")


def _site(row: Row) -> Row:
    if row["state"] == "site_changed":
        message = f"Requests came from {row['seen_home_url']} instead of {row['home_url']}."
        return check(
            "site",
            "Shop",
            "critical",
            message,
            "If the shop moved, confirm it; a copy must pair on its own.",
            {"id": "re-pair", "label": "Pair again"},
        )
    return check("site", "Shop", "good", f"Paired with {row['home_url']}.")
