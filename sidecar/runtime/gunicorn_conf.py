"""Gunicorn in production: `gunicorn -c python:sidecar.runtime.gunicorn_conf 'sidecar.app:create_app()'`.

Threads, not greenlets: the work is short and the database drivers block. `devskyy serve` uses it too.
"""

import gc
import importlib
from pathlib import Path
from typing import Any

from sidecar.runtime.counters import share_counters
from sidecar.settings import Settings

# What the app imports stays: it is seldom looked through for garbage while it loads, and then no more.
gc.set_threshold(50_000)

_settings = Settings()
_tmp = Path(_settings.data_dir) / "tmp"
_tmp.mkdir(parents=True, exist_ok=True)
share_counters(_settings.data_dir)

bind = f"{_settings.host}:{_settings.port}"
worker_class = "sidecar.runtime.web_worker.Worker"
workers = _settings.web_workers
threads = _settings.web_threads
timeout = 120
graceful_timeout = 30
keepalive = 5
max_requests = 20_000
max_requests_jitter = 2_000
worker_tmp_dir = str(_tmp)
secure_scheme_headers: dict[str, str] = {}  # sidecar.api.shield decides whom it believes
control_socket_disable = True  # it would write into the home folder
accesslog = None  # the app logs each request with its id
errorlog = "-"
loglevel = "warning"
proc_name = "devskyy"


def on_starting(_server: Any) -> None:
    """Imports the app once for all web processes, which are made from this one and share its memory."""
    importlib.import_module("sidecar.app")
    gc.collect()
    gc.freeze()


def when_ready(_server: Any) -> None:
    """Lets `devskyy serve` take the server with it when it is killed."""
    from sidecar.runtime.serve import follow_supervisor

    follow_supervisor()


def pre_fork(server: Any, worker: Any) -> None:
    """Lets the workers see how many connections each of them holds."""
    from sidecar.runtime.web_worker import seat

    worker.at_once = _settings.url("app").startswith("sqlite")
    seat(worker, server.WORKERS.values())


def child_exit(_server: Any, worker: Any) -> None:
    """Takes a dead worker's gauges out of the metrics, and its connections out of the others' sight."""
    from prometheus_client import multiprocess

    from sidecar.runtime.web_worker import leave

    leave(worker)
    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
