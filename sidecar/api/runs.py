"""Runs: list, one, its stream of events, cancel."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

from flask import Response, stream_with_context

from sidecar.api import run_shapes as shapes
from sidecar.api.access import access, caller, runtime
from sidecar.api.group import group, said, text
from sidecar.api.models import RunPath, RunsQuery
from sidecar.runtime import runs
from sidecar.runtime.base import Runtime

bp = group("runs", "What ran.", "/api/v1/runs")
STREAM_S = 55.0
POLL_S = 0.5


@bp.get("", responses=said(shapes.RunPage))
@access("runs:read")
def list_runs(query: RunsQuery) -> Any:
    """Runs, newest first"""
    states = [state for state in (query.state or "").split(",") if state]
    page = runs.page(
        runtime(), caller().shop_id, agent=query.agent, states=states, limit=query.limit, cursor=query.cursor
    )
    return {"ok": True, **page}


@bp.get("/<id>", responses=said(shapes.OneRun))
@access("runs:read")
def get_run(path: RunPath) -> Any:
    """One run with its log and output"""
    return {"ok": True, "run": runs.get(runtime(), caller().shop_id, path.id)}


@bp.get("/<id>/events", responses=text("text/event-stream"))
@access("runs:read")
def stream_run(path: RunPath) -> Response:
    """A run as server-sent events, one per change, until it ends"""
    rt, shop_id = runtime(), caller().shop_id
    runs.get(rt, shop_id, path.id)
    head = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Response(
        stream_with_context(_stream(rt, shop_id, path.id)), mimetype="text/event-stream", headers=head
    )


@bp.post("/<id>/cancel", responses=said(shapes.OneRun))
@access("runs:write")
def cancel_run(path: RunPath) -> Any:
    """Stop a run"""
    return {"ok": True, "run": runs.cancel(runtime(), caller().shop_id, path.id, caller().who)}


def _stream(rt: Runtime, shop_id: str, ident: str) -> Iterator[str]:
    end, last = time.monotonic() + STREAM_S, ""
    while time.monotonic() < end:
        run = runs.get(rt, shop_id, ident)
        text = json.dumps(run, separators=(",", ":"))
        if text != last:
            yield f"event: run\ndata: {text}\n\n"
            last = text
        if run["state"] in runs.ENDED:
            return
        time.sleep(POLL_S)
    yield "event: again\ndata: {}\n\n"  # a thread is not held for ever: the browser connects anew
