"""What each kind of job does, and the process that does it: worker threads beside the ticker."""

from __future__ import annotations

import signal
import threading
from types import FrameType

import structlog

from sidecar.core.errors import DevSkyyError
from sidecar.runtime import audit, audit_check, events, jobs, keys, mirror, privacy, retention, runner, shop
from sidecar.runtime.base import Row, Runtime
from sidecar.runtime.broker import start_worker
from sidecar.runtime.deliveries import Deliverer
from sidecar.runtime.ticker import Ticker

log = structlog.get_logger(__name__)


def run(rt: Runtime, shop_id: str, args: Row) -> Row:
    """Does one agent run."""
    return {"run": args["run"], "state": runner.execute(rt, shop_id, args["run"])["state"]}


def run_given_up(rt: Runtime, shop_id: str, args: Row, error: DevSkyyError) -> None:
    """A run whose job failed for good has failed too."""
    runner.give_up(rt, shop_id, args["run"], error)


jobs.GIVEN_UP |= {"run": run_given_up}
jobs.TELL |= {"sync": mirror.tell_sync}
jobs.HANDLERS |= {
    "run": run,
    "sync": mirror.sync,
    "reconcile": mirror.reconcile,
    "refresh": events.refresh,
    "settle": shop.settle,
    "audit": audit.let_go_old,
    audit_check.KIND: audit_check.run,
    keys.KIND: keys.reseal,
    "retention": retention.run,
    "compact": privacy.compact,
}


def serve_jobs(rt: Runtime, stop: threading.Event | None = None) -> None:
    """Works until told to stop, by `stop` or by SIGTERM or SIGINT; what is under way is finished first."""
    ended = stop or threading.Event()
    if stop is None:
        _stop_on_signals(ended)
    threading.Thread(target=_warm, name="warm", daemon=True).start()
    worker = start_worker(rt.broker, rt.settings.job_threads)
    ticker = threading.Thread(target=Ticker(rt).run, args=(ended,), name="ticker", daemon=True)
    ticker.start()
    webhooks = threading.Thread(target=Deliverer(rt).run, args=(ended,), name="webhooks", daemon=True)
    webhooks.start()
    log.info("worker_started", threads=rt.settings.job_threads, agents=len(rt.registry))
    ended.wait()
    worker.stop(timeout=rt.settings.run_timeout_s * 1000)
    ticker.join(timeout=10)
    webhooks.join(timeout=rt.settings.webhooks_timeout_s + 5)
    log.info("worker_stopped")


def _warm() -> None:
    """Loads what agents load when they first run, so that nobody's run waits for it."""
    import pandas

    assert pandas


def _stop_on_signals(ended: threading.Event) -> None:
    def end(_number: int, _frame: FrameType | None) -> None:
        ended.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
