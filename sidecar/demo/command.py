"""`devskyy demo`: a shop and a sidecar on this machine, and the main job done once over the real wire."""

from __future__ import annotations

import fcntl
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from sidecar import __version__
from sidecar.core.errors import DevSkyyError, Unavailable
from sidecar.core.store import ShopFacts
from sidecar.demo.findings import sentence
from sidecar.demo.report import FieldLine, ReportData, RunLine, SyncLine, Walk, write_report
from sidecar.demo.shop import DemoShop
from sidecar.demo.walk import field_values, pick, truth_lines
from sidecar.runtime.serve import Supervisor
from sidecar.security.pairing import shop_facts
from sidecar.settings import Settings

SYNC_S, RUN_S = 300.0, 300.0
PROPOSALS_SHOWN = 100
LINES_SHOWN = 5
Json = dict[str, Any]


def run_demo(folder: Path, report: Path, *, once: bool, size: str = "small") -> int:
    """Runs the demo in `folder`, writes the report and, unless `once`, leaves both servers running until
    Ctrl-C.
    """
    console = Console()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with _alone(folder):
        console.print(f"[bold]DevSkyy {__version__} demo[/bold] in {folder}/")
        with console.status("Making the demo shop …"):
            shop = DemoShop.create(folder, size=size)
        with shop, _sidecar(folder, console) as sidecar:
            data = _main_job(shop, sidecar, folder, console)
            write_report(report, data)
            console.print(f"\nReport: [bold]{report}[/bold]")
            if not once:
                _stay(shop, sidecar, console)
    return 0


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DevSkyyError(
                f"A demo runs in {folder} already.",
                code="demo_running",
                hint="Stop it with Ctrl-C, or give another folder: devskyy --data-dir other demo",
            ) from error
        yield


@contextmanager
def _sidecar(folder: Path, console: Console) -> Iterator[Supervisor]:
    data = folder / "sidecar"
    shutil.rmtree(data, ignore_errors=True)  # every demo begins with an empty sidecar
    settings = Settings(
        data_dir=data, database_url="", mirror_url="", broker_url="", host="127.0.0.1", port=0, public_url="",
        shop_url="", web_workers=1, docs_open=False,
    )  # fmt: skip
    with (folder / "sidecar.log").open("wb") as log:
        supervisor = Supervisor(settings, say=console.print, log=log)
        try:
            with console.status("Starting the sidecar …"):
                supervisor.start()
            yield supervisor
        except DevSkyyError as error:
            error.hint = error.hint or f"See {folder / 'sidecar.log'}."
            raise
        finally:
            supervisor.stop()


def _main_job(shop: DemoShop, sidecar: Supervisor, folder: Path, console: Console) -> ReportData:
    begun = time.monotonic()
    shop.pair(sidecar.url, code=_code(folder / "sidecar"))
    console.print(f"Paired [bold]{shop.home}[/bold] with [bold]{sidecar.url}[/bold] by a one-time code.")
    counts = _watch_sync(shop, console)
    seconds = time.monotonic() - begun
    console.print(f"Read {sum(counts.values()):,} rows in {seconds:.1f} s.")
    agents: list[Json] = shop.link.call("GET", "/api/v1/agents")["items"]
    # As in a shop: those that run by themselves come before those that somebody asks.
    agents.sort(key=lambda one: one["schedule"] == "off")
    made = [_run(shop, agent, console) for agent in agents]
    runs = [_still_open(shop, run) for run in made]
    walks = [walk for walk in [_walk(shop, runs, console)] if walk]
    about = shop.link.call("GET", "/api/v1/status")["shop"]
    _summary(runs, shop_facts(about["facts"]), console)
    first, last = _span(shop)
    return ReportData(
        generated_at=datetime.now(UTC), version=__version__, shop_name=about["name"], shop_url=shop.home,
        facts=shop_facts(about["facts"]), first_day=first, last_day=last,
        sync=[SyncLine(name, rows) for name, rows in counts.items()], sync_seconds=seconds, runs=runs,
        walks=walks,
        truth=truth_lines(shop, runs),
    )  # fmt: skip


def _code(data: Path) -> str:
    command = [sys.executable, "-m", "sidecar.cli", "--data-dir", str(data.absolute()), "pair"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unavailable("No pairing code could be made.", hint=done.stderr.strip()[-500:])
    return done.stdout.strip()


def _watch_sync(shop: DemoShop, console: Console) -> dict[str, int]:
    columns = (TextColumn("{task.description:<12}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bars:
        task = bars.add_task("Reading", total=None)

        def look() -> Json | None:
            sync: Json = shop.link.call("GET", "/api/v1/status")["sync"]
            step = sync["progress"]
            bars.update(
                task,
                description=step["label"] or "Reading",
                completed=step["done"],
                total=step["total"] or None,
            )
            if sync["state"] == "failed":
                error = sync.get("error", {})
                raise DevSkyyError(
                    error.get("message", "The sync failed."), code="sync_failed", hint=error.get("hint", "")
                )
            return sync if sync["state"] == "ok" else None

        found = _until(look, SYNC_S, "The sync took too long.")
    counts: dict[str, int] = found["counts"]
    return counts


def _run(shop: DemoShop, agent: Json, console: Console) -> RunLine:
    with console.status(f"Running {agent['title']} …"):
        asked = shop.link.call("POST", f"/api/v1/agents/{agent['name']}/runs", {"input": {}}, person=True)[
            "run"
        ]

        def look() -> Json | None:
            run: Json = shop.link.call("GET", f"/api/v1/runs/{asked['id']}")["run"]
            return run if run["state"] in ("done", "failed", "cancelled") else None

        run = _until(look, RUN_S, f"{agent['title']} took too long.")
        found = _proposals(shop, run)
    console.print(
        f"{agent['title']}: {run['state']} in {run.get('duration_ms', 0) / 1000:.1f} s, "
        f"{len(run['proposals'])} proposals"
    )
    return RunLine(
        agent=agent["name"], title=agent["title"], family=agent["family"], summary=agent["summary"],
        state=run["state"], duration_ms=run.get("duration_ms", 0), output=run.get("output", {}),
        proposals=found, error=run.get("error"),
    )  # fmt: skip


def _still_open(shop: DemoShop, line: RunLine) -> RunLine:
    """The run with what is pending now: a later agent's proposal for the same field takes its place."""
    ids = [proposal["id"] for proposal in line.proposals]
    return replace(line, proposals=_proposals(shop, {"agent": line.agent, "proposals": ids}))


def _proposals(shop: DemoShop, run: Json) -> list[Json]:
    page = shop.link.call(
        "GET",
        "/api/v1/proposals",
        agent=run["agent"],
        state="pending",
        limit=str(PROPOSALS_SHOWN),
    )
    wanted = set(run["proposals"])
    return [proposal for proposal in page["items"] if proposal["id"] in wanted]


def _walk(shop: DemoShop, runs: list[RunLine], console: Console) -> Walk | None:
    proposal = pick(runs)
    if proposal is None:
        return None
    before = field_values(shop, proposal)
    applied = shop.approve(proposal["id"], proposal["digest"])
    after = field_values(shop, proposal)
    undone = shop.undo(proposal["id"])
    last = field_values(shop, proposal)
    console.print(f"\nWalked one proposal through the shop: [bold]{proposal['title']}[/bold]")
    lines = [FieldLine(key[0], key[1], before[key], after[key], last[key]) for key in before]
    if len(lines) > LINES_SHOWN:
        console.print(f"  ({len(lines)} fields; the first {LINES_SHOWN}:)")
    for line in lines[:LINES_SHOWN]:
        console.print(
            f"  {line.resource} {line.path}: {line.before or '–'} → {line.after} (applied) "
            f"→ {line.undone or '–'} (undone)"
        )
    states = ["pending", "approved", applied["state"], "undoing", undone["state"]]
    if (applied["state"], undone["state"]) != ("applied", "undone"):
        raise DevSkyyError(
            f"The proposal ended as {states}.", code="demo_failed", hint=str(applied["results"])
        )
    return Walk(proposal=proposal, approved_by="owner", states=states, fields=lines)


def _summary(runs: list[RunLine], facts: ShopFacts, console: Console) -> None:
    columns = ("Agent", "Result", "Proposals", "The best of them, or what it found")
    table = Table(*columns, title="What the agents found")
    for run in runs:
        best = run.proposals[0]["title"] if run.proposals else sentence(run, facts)
        table.add_row(run.title, run.state, str(len(run.proposals)), best)
    console.print()
    console.print(table)


def _span(shop: DemoShop) -> tuple[Any, Any]:
    row = shop.con.execute("SELECT min(date_created), max(date_created) FROM orders").fetchone()
    days = [datetime.fromisoformat(text.replace("Z", "+00:00")).date() if text else None for text in row]
    return days[0], days[1]


def _until(look: Callable[[], Json | None], seconds: float, late: str) -> Json:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = look()
        if found is not None:
            return found
        time.sleep(0.2)
    raise Unavailable(late, code="demo_late", hint="See sidecar.log in the demo's folder.")


def _stay(shop: DemoShop, sidecar: Supervisor, console: Console) -> None:
    console.print(f"\nShop:    [bold]{shop.home}[/bold]")
    console.print(f"Sidecar: [bold]{sidecar.url}[/bold] (API: {sidecar.url}/docs)")
    console.print("Both run until you press Ctrl-C.")
    try:
        sidecar.run()
    except (KeyboardInterrupt, SystemExit):
        console.print("Stopping.")
