"""A worker process for the tests: `worker_script.py broker|jobs FOLDER [BROKER_URL]`.

It prints `ready` and works until killed.
"""

from __future__ import annotations

import sqlite3
import sys
import threading
import time
from pathlib import Path

import dramatiq
from dramatiq.middleware import Retries


def broker_worker(folder: Path, *, lease_s: float = 1.5) -> dramatiq.Broker:
    """A broker whose one actor writes each number it is given into a file of its own."""
    from sidecar.runtime.broker import SqliteBroker

    retries = Retries(max_retries=2, min_backoff=50, max_backoff=200)
    broker = SqliteBroker(folder / "jobs.sqlite3", middleware=[retries], lease_s=lease_s)

    def mark(number: int) -> None:
        time.sleep(0.01)
        with sqlite3.connect(folder / "marks.sqlite3", timeout=10) as conn:
            conn.execute("INSERT INTO marks (number) VALUES (?)", (number,))

    def fail(_number: int) -> None:
        raise RuntimeError("as asked")

    dramatiq.actor(mark, broker=broker)
    dramatiq.actor(fail, broker=broker)
    return broker


def tell() -> None:
    """Says on standard output that work begins."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()


def main() -> None:
    """Works until killed."""
    kind, folder = sys.argv[1], Path(sys.argv[2])
    if kind == "broker":
        from sidecar.runtime.broker import start_worker

        start_worker(broker_worker(folder), 4)
        tell()
        threading.Event().wait()
    else:
        from sidecar.opening import open_runtime
        from sidecar.runtime import jobs
        from sidecar.runtime.work import serve_jobs
        from tests.sidecar.kit import settings_in, tiny_registry

        url = "".join(sys.argv[3:])
        rt = open_runtime(settings_in(folder, job_threads=4, broker_url=url), tiny_registry(), migrate=False)
        jobs.LEASE_S = 5  # so that the test of a killed worker need not wait for 15 s
        if url:
            rt.broker.heartbeat_timeout = 5_000  # type: ignore[attr-defined]  # of Redis alone
        tell()
        serve_jobs(rt)


if __name__ == "__main__":
    main()
