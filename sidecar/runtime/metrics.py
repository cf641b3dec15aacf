"""Counters for Prometheus; with several processes they meet in a folder (see `counters`)."""

from __future__ import annotations

from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, multiprocess
from prometheus_client.core import REGISTRY
from sqlalchemy import func, select

from sidecar.db import read
from sidecar.db.app import events, jobs, proposals
from sidecar.db.outgoing import webhook_deliveries
from sidecar.runtime.base import Runtime

REQUESTS = Counter("devskyy_requests_total", "Answered requests.", ["route", "method", "status"])
REQUEST_SECONDS = Histogram("devskyy_request_seconds", "Time to answer.", ["route"])
RUNS = Counter("devskyy_runs_total", "Ended runs.", ["agent", "state"])
RUN_SECONDS = Histogram(
    "devskyy_run_seconds", "Time of runs.", ["agent"], buckets=(0.1, 0.5, 1, 2, 5, 15, 60, 300)
)
PROPOSALS = Counter("devskyy_proposals_total", "Proposals that came into a state.", ["agent", "state"])
EVENTS = Counter("devskyy_events_total", "Events from the shop.", ["type", "result"])

TABLES = (("jobs", jobs), ("proposals", proposals), ("events", events), ("webhooks", webhook_deliveries))
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def exposition(rt: Runtime, folder: str | None) -> bytes:
    """All counters of all processes, and how long the queues are right now."""
    if folder and Path(folder).is_dir():
        together = CollectorRegistry()
        multiprocess.MultiProcessCollector(together, path=folder)  # type: ignore[no-untyped-call]
        text = generate_latest(together)
    else:
        text = generate_latest(REGISTRY)
    return text + generate_latest(_gauges(rt))


def _gauges(rt: Runtime) -> CollectorRegistry:
    fresh = CollectorRegistry()
    waiting = Gauge("devskyy_rows", "Rows by state, over all shops.", ["kind", "state"], registry=fresh)
    with read(rt.db.app) as conn:
        for kind, table in TABLES:
            for state, n in conn.execute(select(table.c.state, func.count()).group_by(table.c.state)):
                waiting.labels(kind, state).set(n)
    return fresh
