"""Keeping the mirror up to date: as jobs, one sync of a shop at a time."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, bindparam, func, select, update

from sidecar.db import read, write
from sidecar.db.app import jobs as jobs_table
from sidecar.db.app import shops
from sidecar.db.mirror import customers, mirror_state, order_lines, orders, products, reviews, variations
from sidecar.runtime import jobs, shop
from sidecar.runtime.base import Row, Runtime, at, now
from sidecar.runtime.memo import Memo
from sidecar.runtime.webhooks import emit
from sidecar.security.pairing import woocommerce_key
from sidecar.security.sealing import get_secret
from sidecar.store.client import WooClient
from sidecar.store.readers import pick_reader
from sidecar.store.rows import zone_of
from sidecar.store.sync import Sync

Progress = Callable[[int, int | None, str], None]
COUNTED = {
    "products": products, "variations": variations, "orders": orders, "order_lines": order_lines,
    "customers": customers, "reviews": reviews,
}  # fmt: skip

COUNTS: Memo[dict[str, int]] = Memo(lambda counts: sum(counts.values()))


def start_sync(rt: Runtime, shop_id: str, *, full: bool) -> str:
    """Queues a sync; one of a kind at a time."""
    title = "Read the whole shop" if full else "Read what changed in the shop"
    return jobs.start(
        rt, shop_id, "sync", {"full": full}, title=title, unique_key="sync:full" if full else "sync"
    )


def add_reconcile(conn: Connection, shop_id: str) -> str:
    """Writes the nightly comparison of ids as a job."""
    return jobs.add(
        conn, shop_id, "reconcile", {}, title="Look for what was deleted in the shop", unique_key="reconcile"
    )


def start_due(rt: Runtime) -> None:
    """Queues a sync for each shop whose mirror is older than `sync_every_s`; a full one where there is none
    yet.
    """
    for row in shop.paired(rt):
        state = _state(rt, row["shop_id"])
        last = state and max(state["last_full_at"] or 0, state["last_incremental_at"] or 0)
        if not last:
            if not _tried_lately(rt, row["shop_id"]):
                start_sync(rt, row["shop_id"], full=True)
        elif last < now() - rt.settings.sync_every_s and not _tried_lately(rt, row["shop_id"]):
            start_sync(rt, row["shop_id"], full=False)


def _tried_lately(rt: Runtime, shop_id: str) -> bool:
    since = now() - rt.settings.sync_every_s
    mine = (jobs_table.c.shop_id == shop_id) & (jobs_table.c.kind == "sync")
    query = select(jobs_table.c.id).where(mine, jobs_table.c.created_at > since).limit(1)
    with read(rt.db.app) as conn:
        return conn.execute(query).first() is not None


STATE = select(mirror_state).where(mirror_state.c.shop_id == bindparam("shop"))  # made once: asked often


def _state(rt: Runtime, shop_id: str) -> Row | None:
    with read(rt.db.mirror) as conn:
        row = conn.execute(STATE, {"shop": shop_id}).mappings().first()
    return dict(row) if row else None


def open_sync(rt: Runtime, shop_id: str) -> Sync:
    """A shop's sync through the plugin's export, or through wc/v3 where the plugin has none."""
    row = shop.shop_row(rt, shop_id)
    export = shop.client(rt, shop_id)
    with read(rt.db.app) as conn:
        hash_key = get_secret(conn, rt.sealer, shop_id, "hash_key") or b""
    key = woocommerce_key(rt.db.app, rt.sealer, shop_id)
    root = (rt.settings.shop_url or row["rest_url"]).split("/wp-json")[0].split("?")[0].rstrip("/")
    rest = WooClient(root, *key, timeout=rt.settings.shop_timeout_s) if key else None
    zone = zone_of(row["facts"].get("timezone", "UTC"))
    return Sync(rt.db, shop_id, zone, pick_reader(export, rest, hash_key), hash_key)


def sync(rt: Runtime, shop_id: str, args: Row, progress: Progress | None = None) -> Row:
    """Reads the shop into the mirror, all of it or what changed; goes on where a killed one stopped."""
    reader = open_sync(rt, shop_id)
    full = bool(args.get("full")) or not _has_rows(rt, shop_id)
    report = reader.full(progress) if full else reader.incremental()
    _refresh_facts(rt, shop_id)
    seconds = round(report.seconds, 3)
    return {"rows": report.rows, "seconds": seconds, "generation": report.generation, "full": full}


def tell_sync(conn: Connection, job: Row) -> None:
    """Lets webhooks know of a sync that is done, or has failed for good."""
    if job["state"] == "done":
        emit(conn, job["shop_id"], "sync.finished", {"full": job["result"]["full"]})
    elif job["state"] == "failed":
        told = {"full": bool(job["args"].get("full")), "code": job["error"]["code"]}
        emit(conn, job["shop_id"], "sync.failed", told)


def _has_rows(rt: Runtime, shop_id: str) -> bool:
    state = _state(rt, shop_id)
    return bool(state and state["modified_after"] is not None)


def _refresh_facts(rt: Runtime, shop_id: str) -> None:
    """Keeps currency, time zone and versions as the shop has them now."""
    told = shop.client(rt, shop_id).shop()
    known = {name: told[name] for name in ("facts", "versions", "name") if told.get(name)}
    if known:
        with write(rt.db.app) as conn:
            conn.execute(update(shops).where(shops.c.shop_id == shop_id).values(**known))


def reconcile(rt: Runtime, shop_id: str, _args: Row) -> Row:
    """Compares ids with the shop, drops what is gone there and reads what is missing here."""
    if not _has_rows(rt, shop_id):
        return {}
    report = open_sync(rt, shop_id).reconcile()
    return {"missing": report.rows, "deleted": report.deleted}


def refresh_rows(rt: Runtime, shop_id: str, wanted: dict[str, list[int]]) -> None:
    """Reads the named rows again; those that are gone in the shop are dropped. Before the first sync there is
    no need.
    """
    if not _has_rows(rt, shop_id):
        return
    reader = open_sync(rt, shop_id)
    for resource, ids in wanted.items():
        reader.refresh(resource, ids)


def _counts(rt: Runtime, shop_id: str) -> dict[str, int]:
    with read(rt.db.mirror) as conn:
        return {
            name: conn.execute(
                select(func.count()).select_from(table).where(table.c.shop_id == shop_id)
            ).scalar_one()
            for name, table in COUNTED.items()
        }


def figures(rt: Runtime, shop_id: str) -> Row:
    """`sync` of Status: state, age, progress and how many rows there are."""
    state = _state(rt, shop_id) or {}
    generation = state.get("generation", 0)  # whatever is written to the mirror raises it
    counts = COUNTS.get((rt.owner, shop_id), lambda: _counts(rt, shop_id), generation)
    last = max(state.get("last_full_at") or 0, state.get("last_incremental_at") or 0)
    answer = {
        "state": state.get("state", "never"), "generation": generation,
        "last_full_at": at(state.get("last_full_at")),
        "last_incremental_at": at(state.get("last_incremental_at")),
        "lag_seconds": now() - last if last else None, "counts": counts,
        "progress": {
            "done": state.get("progress_done", 0), "total": state.get("progress_total") or 0,
            "label": state.get("progress_label") or "",
        },
    }  # fmt: skip
    return {**answer, "error": state["error"]} if state.get("error") else answer
