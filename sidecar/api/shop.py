"""The shop's side of things: status, events, sync, jobs, audit."""

from __future__ import annotations

from typing import Any

from sidecar.api import shop_shapes as shapes
from sidecar.api.access import SIGNED, access, caller, runtime, use_nonce
from sidecar.api.audit_shapes import Entries
from sidecar.api.group import group, said
from sidecar.api.models import CursorQuery, EventsBody, JobPath, SyncBody
from sidecar.db import read
from sidecar.runtime import audit_log, events, health, jobs, mirror

QUEUED: dict[Any, Any] = {"202": shapes.JobQueued}
bp = group("shop", "Status, events and sync.", "/api/v1")


@bp.get("/status", responses=said(shapes.Status))
@access("status:read")
def status() -> Any:
    """All that the Status page shows"""
    return {"ok": True, **health.status(runtime(), caller().shop_id)}


def post_events(body: EventsBody) -> Any:
    """Take events of the shop; may be sent again"""
    # Together with the nonce: a second transaction would take as long again.
    return {"ok": True, **events.accept(runtime(), caller().shop_id, body.events, use_nonce)}


post_events.__uses_nonce__ = True  # type: ignore[attr-defined]
bp.post("/events", responses=said(shapes.EventsTaken))(access(SIGNED)(post_events))


@bp.post("/sync", responses=QUEUED)
@access("sync:write")
def post_sync(body: SyncBody) -> Any:
    """Read the shop, all of it or what changed"""
    return {"ok": True, "job": mirror.start_sync(runtime(), caller().shop_id, full=body.full)}, 202


@bp.post("/jobs/<id>/retry", responses=QUEUED)
@access("sync:write")
def retry_job(path: JobPath) -> Any:
    """Try a failed job again"""
    jobs.retry(runtime(), caller().shop_id, path.id)
    return {"ok": True, "job": path.id}, 202


@bp.get("/audit", responses=said(Entries))
@access(SIGNED)
def get_audit(query: CursorQuery) -> Any:
    """What people and keys did, newest first"""
    with read(runtime().db.app) as conn:
        return {
            "ok": True,
            **audit_log.page(conn, caller().shop_id, audit_log.Filters(), query.limit, query.cursor),
        }
