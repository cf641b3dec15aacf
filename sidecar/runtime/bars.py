"""Syncs and runs in the foreground, with progress in the terminal."""

from __future__ import annotations

import time

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)

from sidecar.core.errors import Conflict
from sidecar.db import read
from sidecar.runtime import jobs, mirror, runs
from sidecar.runtime.base import Row, Runtime

WAIT_S = 0.5
"""Between two looks at a sync that was there first."""


def sync_with_bar(rt: Runtime, shop_id: str, *, full: bool, console: Console | None = None) -> Row:
    """Reads the shop with one bar per kind of row, after a sync that runs already; `rows`, `seconds`,
    `generation`.
    """
    columns = (
        TextColumn("{task.description:<12}"),
        BarColumn(),
        MofNCompleteColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console or Console(stderr=True)) as bars:
        tasks: dict[str, TaskID] = {}

        def show(done: int, total: int | None, label: str) -> None:
            if label not in tasks:
                tasks[label] = bars.add_task(label, total=total)
            bars.update(tasks[label], completed=done, total=total if total is not None else done)

        said = False
        while True:
            try:
                return mirror.sync(rt, shop_id, {"full": full}, show)
            except Conflict as error:
                if error.code != "sync_running":
                    raise
            if not said:
                bars.console.print("Another sync of this shop runs: waiting until it ends.")
                said = True
            time.sleep(WAIT_S)


def run_here(
    rt: Runtime, shop_id: str, name: str, given: Row, *, trigger: str, seed: int | None = None
) -> Row:
    """Asks for a run and does its job in this process; the run as on the wire."""
    from sidecar.db import write
    from sidecar.runtime import work

    assert work  # importing it fills the table of job handlers
    agent = runs.find_agent(rt, name)
    with write(rt.db.app) as conn:
        run, job = runs.add(conn, shop_id, agent, given, trigger=trigger, seed=seed)
    if job:
        jobs.perform(rt, shop_id, job)
    with read(rt.db.app) as conn:
        return runs.as_json(conn, runs.load(conn, shop_id, run["id"]))
