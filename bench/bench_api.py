"""The sidecar's API under 50 clients, against a bare Flask application and a bare table in the same run.

    make bench-api            # 10,000 products, a million order lines
    make bench-api SHORT=1    # 200 products and a few seconds: does it work at all?

Starts the sidecar as `devskyy serve` does (gunicorn and worker), pairs it with a generated shop, reads that
shop in full, runs the agents that need no forecasts, and then measures three things:

- mixed reads by keep-alive clients without pauses, half signed by the plugin, half by API keys;
- `reorder-points` for one product, and `demand-forecast` for one whose forecast is kept, from POST to the
  answer (`Prefer: wait`), one after another;
- events, one by one and in batches, committed before the answer: while the clients still send, everything is
  ended by kill -9, and every event that was acknowledged must stand in the database.

Beside each stands what the machine can do just then: the same clients on Flask and gunicorn that answer the
same JSON from memory, and one commit per event on a table of its own. Prints a table and last one line of
JSON. Exit code 1 when a target is missed, an error was seen or an event is gone.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import random
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from bench.load import Plan, Report, Request, Shop, batch
from sidecar.db import open_databases
from sidecar.demo.schema import get_option
from sidecar.demo.shop import DemoShop
from sidecar.runtime.base import now
from sidecar.runtime.serve import Supervisor, listen
from sidecar.security.apikeys import create_key
from sidecar.settings import Settings

CLIENTS, KEYS, BATCH = 50, 25, 200
READS_P95_MS, RUN_P95_MS, EVENTS_S, BATCHED_S = 100, 200, 400, 2_000
RUNS = ("reorder-points", "demand-forecast")
SCOPES = ("agents:read", "runs:read", "runs:write", "proposals:read", "status:read", "products:read")
QUIET = {
    "debounce_s": 3_600, "sync_every_s": 86_400, "rate_read": "1000000/minute", "rate_run": "100000/minute",
}  # fmt: skip
"""Keeps agents and syncs that nobody asked for out of the figures, and lets 25 keys ask as often as they can.
Rates are counted as always; the plugin's stays as it is.
"""

Figures = dict[str, Any]


def main() -> int:
    """Reads the command line and runs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--short", action="store_true", help="a small shop and short phases; targets count too"
    )
    parser.add_argument("--seconds", type=float, default=0, help="length of each phase")
    parser.add_argument("--folder", type=Path, help="where to keep shop and sidecar, for the next run too")
    wanted = parser.parse_args()
    seconds = wanted.seconds or (3 if wanted.short else 15)
    size = "small" if wanted.short else "large"
    if wanted.folder:
        return Bench(wanted.folder, size, seconds).run()
    with tempfile.TemporaryDirectory(prefix="devskyy-bench-") as folder:
        return Bench(Path(folder), size, seconds).run()


class Bench:
    """One run in one folder."""

    def __init__(self, folder: Path, size: str, seconds: float) -> None:
        self.folder, self.size, self.seconds = folder, size, seconds
        self.data = folder / "sidecar"
        self.answer: Figures = {
            "bench": "api",
            "clients": CLIENTS,
            "load_before": round(os.getloadavg()[0], 1),
        }
        self.wrong: list[str] = []
        self.seq = 0

    def run(self) -> int:
        """Everything; the exit code."""
        with DemoShop.create(self.folder, size=self.size) as shop:
            self.shop = shop
            with self.sidecar() as sidecar:
                self.prepare(sidecar)
                self.reads(sidecar)
                self.runs(sidecar)
            self.events("single", [1], EVENTS_S)
            self.events("batched", [BATCH], BATCHED_S)
        return self.judge()

    # Servers.

    @contextmanager
    def sidecar(self) -> Iterator[Supervisor]:
        """The sidecar as `devskyy serve` starts it."""
        settings = Settings(_env_file=None, data_dir=self.data, host="127.0.0.1", port=0, **QUIET)  # type: ignore[arg-type]
        with (self.folder / "sidecar.log").open("ab") as log:
            supervisor = Supervisor(settings, say=print, log=log)
            try:
                supervisor.migrate()
                supervisor.start()
                self.answer["web"] = f"{settings.web_workers} processes, {settings.web_threads} threads each"
                yield supervisor
            finally:
                supervisor.stop()

    @contextmanager
    def bare(self, answers: dict[str, Any]) -> Iterator[tuple[int, int]]:
        """The baseline's port and process, with as many children and threads as the sidecar has."""
        path = self.folder / "answers.json"
        path.write_text(json.dumps(answers))
        sock = listen("127.0.0.1", 0)
        settings = Settings(_env_file=None)
        command = [
            sys.executable, "-m", "gunicorn", "-k", "gthread", "-w", str(settings.web_workers), "--threads",
            str(settings.web_threads), "--keep-alive", "5", "--no-control-socket", "--log-level", "warning",
            "-b", f"fd://{sock.fileno()}", "bench.bare:make()",
        ]  # fmt: skip
        child = subprocess.Popen(
            command, pass_fds=[sock.fileno()], env=os.environ | {"BENCH_ANSWERS": str(path)}
        )
        port = sock.getsockname()[1]
        try:
            _until(lambda: _answers(f"http://127.0.0.1:{port}{next(iter(answers))}"), "The baseline")
            yield port, child.pid
        finally:
            child.terminate()
            child.wait(20)
            sock.close()

    # The shop.

    def prepare(self, sidecar: Supervisor) -> None:
        """Pairs, reads the shop and runs every agent, unless the folder holds all that already."""
        begun = time.monotonic()
        if get_option(self.shop.con, "pairing") is None or not (self.data / "paired").exists():
            code = subprocess.run(
                [sys.executable, "-m", "sidecar.cli", "pair"], check=True, capture_output=True, text=True,
                env=os.environ | {"DEVSKYY_DATA_DIR": str(self.data.absolute())},
            ).stdout.split()[0]  # fmt: skip
            self.shop.pair(sidecar.url, code=code)
            (self.data / "paired").touch()
        self.pairing = get_option(self.shop.con, "pairing") | {"url": sidecar.url}
        _set_pairing(self.shop, self.pairing)
        call = self.shop.link.call
        _until(lambda: call("GET", "/api/v1/status")["sync"]["state"] == "ok", "The first sync", 900)
        self.still(call)
        for agent in call("GET", "/api/v1/agents")["items"]:
            # Forecasts of 48,000 stocks have a bench of their own.
            if not agent["needs"] and not call("GET", "/api/v1/runs", agent=agent["name"])["items"]:
                run = call("POST", f"/api/v1/agents/{agent['name']}/runs", {"input": {}})["run"]["id"]
                _until(lambda run=run: _ended(call, run), f"The run of {agent['name']}", 600)
        # What an earlier run in this folder left behind is worked off first.
        _until(lambda: call("GET", "/api/v1/status")["events"]["pending"] == 0, "The refresh", 600)
        counts = call("GET", "/api/v1/status")["sync"]["counts"]
        self.answer |= {name: counts[name] for name in ("products", "order_lines")}
        self.answer["prepared_seconds"] = round(time.monotonic() - begun, 1)
        databases = open_databases(
            f"sqlite:///{self.data}/app.sqlite3", f"sqlite:///{self.data}/mirror.sqlite3"
        )
        shop_id = self.pairing["shop_id"]
        self.keys = [
            create_key(databases.app, shop_id, f"bench {n}", SCOPES, now=now())[1] for n in range(KEYS)
        ]
        databases.dispose()
        rows = self.shop.con.execute(
            "SELECT id FROM products WHERE status = 'publish' AND type IN ('simple', 'variable') ORDER BY id"
        ).fetchall()
        self.products = [row["id"] for row in rows]

    def still(self, call: Any) -> None:
        """Lets no agent run by itself: at night all stocks are forecast, which takes a core for minutes."""
        for agent in call("GET", "/api/v1/agents")["items"]:
            path = f"/api/v1/agents/{agent['name']}/settings"
            call("PUT", path, {"schedule": "off"}, person=True)
        for run in call("GET", "/api/v1/runs", state="queued,running")["items"]:
            call("POST", f"/api/v1/runs/{run['id']}/cancel", person=True)
        _until(lambda: not call("GET", "/api/v1/runs", state="queued,running")["items"], "A run", 300)

    def signer(self) -> Shop:
        """What the plugin signs with."""
        site = get_option(self.shop.con, "site_id")
        return Shop(self.pairing["shop_id"], self.pairing["secret"], site, self.shop.home)

    # What is measured.

    def reads(self, sidecar: Supervisor) -> None:
        """Mixed reads, and the same ones from memory before and after."""
        paths = self.paths()
        dice = random.Random(7)
        clients = []
        for n in range(CLIENTS):
            key = self.keys[n % KEYS] if n % 2 else None
            order = dice.sample(paths, len(paths))
            clients.append([Request(kind, "GET", path, key=key) for kind, path in order])
        load(Plan("127.0.0.1", sidecar.port, self.signer(), clients, 1.0))  # both sides warm
        before = cpu_of(sidecar.children["web"].pid)
        report = self.checked(load(Plan("127.0.0.1", sidecar.port, self.signer(), clients, self.seconds)))
        spent = cpu_of(sidecar.children["web"].pid) - before
        found = {path: self.get(sidecar, path) for _, path in paths}
        with self.bare(found) as (port, pid):
            load(Plan("127.0.0.1", port, None, clients, 1.0))
            before = cpu_of(pid)
            bare = self.checked(load(Plan("127.0.0.1", port, None, clients, self.seconds / 2)))
            bare_spent = cpu_of(pid) - before
        self.answer["reads"] = figures(report, spent) | {
            "target_p95_ms": READS_P95_MS, "bare": figures(bare, bare_spent), "by_route_ms": by_kind(report),
        }  # fmt: skip

    def paths(self) -> list[tuple[str, str]]:
        """A hundred reads as wp-admin and scripts send them, by kind."""
        call = self.shop.link.call
        proposals = [one["id"] for one in call("GET", "/api/v1/proposals", limit="50")["items"]]
        runs = [one["id"] for one in call("GET", "/api/v1/runs")["items"]]
        agents = [one["name"] for one in call("GET", "/api/v1/agents")["items"]]
        dice = random.Random(3)
        some = dice.sample(self.products, 20)
        return [
            *[("status", "/api/v1/status")] * 8,
            *[("agents", "/api/v1/agents")] * 6,
            *[("agent", f"/api/v1/agents/{dice.choice(agents)}") for _ in range(6)],
            *[("proposals", "/api/v1/proposals?limit=25&state=pending")] * 8,
            *[("proposals", "/api/v1/proposals?limit=25&page=2")] * 4,
            *[("proposals", f"/api/v1/proposals?agent={name}&limit=25&sort=risk") for name in agents],
            *[("proposal", f"/api/v1/proposals/{dice.choice(proposals)}") for _ in range(25)],
            *[("runs", "/api/v1/runs?limit=25")] * 6,
            *[("run", f"/api/v1/runs/{dice.choice(runs)}") for _ in range(10)],
            *[("products", f"/api/v1/ecommerce/products?cursor={one}&limit=25") for one in some[:6]],
            *[("product", f"/api/v1/ecommerce/products/{one}") for one in some],
        ]

    def get(self, sidecar: Supervisor, path: str) -> Any:
        """One answer, for the baseline."""
        head = {"Authorization": f"Bearer {self.keys[0]}"}
        answer = requests.get(sidecar.url + path, headers=head, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def runs(self, sidecar: Supervisor) -> None:
        """One run after another, each for one product that sells; of `demand-forecast` once forecasts of
        these products are kept."""
        sold = self.shop.con.execute(
            "SELECT id FROM products WHERE status = 'publish' AND type IN ('simple', 'variable') "
            "AND total_sales > 20 ORDER BY id"
        ).fetchall()
        some = random.Random(5).sample([row["id"] for row in sold], 60)
        call = self.shop.link.call
        run = call("POST", "/api/v1/agents/demand-forecast/runs", {"input": {"product_ids": some}})
        _until(lambda: _ended(call, run["run"]["id"]), "The fit of 60 products", 120)
        for agent in RUNS:
            asked = [self.asking(agent, product) for product in some]
            load(Plan("127.0.0.1", sidecar.port, self.signer(), [asked[:10]], 30.0, once=True))
            report = self.checked(
                load(Plan("127.0.0.1", sidecar.port, self.signer(), [asked[10:]], 60.0, once=True))
            )
            self.answer[f"{agent}_one_product"] = figures(report) | {"target_p95_ms": RUN_P95_MS}

    def asking(self, agent: str, product: int) -> Request:
        """The request for a run about one product that is answered when the run ends."""
        body = json.dumps({"input": {"product_ids": [product]}}).encode()
        path, wait = f"/api/v1/agents/{agent}/runs", {"Prefer": "wait=10"}
        return Request("run", "POST", path, body, key=self.keys[0], headers=wait)

    def events(self, name: str, sizes: list[int], target: int) -> None:
        """Events until everything is ended by kill -9, then the count of what stands."""
        size, clients = sizes[0], CLIENTS if sizes[0] == 1 else 4
        share = int(target * 4 * (self.seconds + 2) / size / clients) + 1
        plans = []
        for _ in range(clients):
            plans.append([batch(self.take(size), self.products) for _ in range(share)])
        with self.sidecar() as sidecar:
            requests.get(f"{sidecar.url}/health", timeout=10)
            plan = Plan("127.0.0.1", sidecar.port, self.signer(), plans, self.seconds + 30, once=True)
            report, killed, spent = load_and_kill(plan, sidecar, self.seconds)
        before = [(at, ids) for at, ids in report.acknowledged if at <= killed]
        said = {one for _, ids in report.acknowledged for one in ids}
        seconds = killed - report.started
        count = sum(len(ids) for _, ids in before)
        stands, lost = self.count(said)
        early = [when for kind, when, _, status in report.answers if status != 200 and when < killed]
        self.wrong += [f"{name}: {len(early)} wrong answers; {report.wrong[:2]}"] if early else []
        self.wrong += [f"{name}: {lost} acknowledged events are gone"] if lost else []
        answers = [one for one in report.answers if one[1] <= killed]
        whole = Report(report.started, killed, report.cpu, answers)
        self.answer[f"events_{name}"] = {
            "per_second": round(count / seconds), "target_per_second": target, "events_a_request": size,
            "clients": clients, "acknowledged": len(said), "stored": stands, "lost": lost,
            **figures(whole, spent), "bare_commits_per_second": self.commits(),
        }  # fmt: skip

    def take(self, count: int) -> range:
        """The next numbers of the outbox; new ones in every run."""
        self.seq = self.seq or time.time_ns() // 1000
        self.seq += count
        return range(self.seq - count, self.seq)

    def count(self, said: set[str]) -> tuple[int, int]:
        """How many of these events stand in the database, and how many do not."""
        con = sqlite3.connect(self.data / "app.sqlite3")
        stored = {row[0] for row in con.execute("SELECT id FROM events")}
        con.close()
        return len(said & stored), len(said - stored)

    def commits(self) -> int:
        """Commits a second of one row each on a table of its own, by one writer without any server."""
        path = self.folder / "bare.sqlite3"
        path.unlink(missing_ok=True)
        con = sqlite3.connect(path, isolation_level=None)
        con.execute("PRAGMA journal_mode=WAL")
        con.execute("PRAGMA synchronous=NORMAL")
        con.execute("CREATE TABLE events (id TEXT PRIMARY KEY, seq INTEGER, body TEXT)")
        begun, count = time.monotonic(), 0
        while time.monotonic() - begun < min(2.0, self.seconds):
            count += 1
            con.execute("INSERT INTO events VALUES (?, ?, ?)", (f"{count:032x}", count, "{}" * 40))
        con.close()
        return round(count / (time.monotonic() - begun))

    # The end.

    def checked(self, report: Report) -> Report:
        """Keeps what went wrong for the verdict."""
        self.wrong += report.wrong[:5]
        self.answer["errors"] = self.answer.get("errors", 0) + len(report.wrong)
        return report

    def judge(self) -> int:
        """Prints everything; 1 when a target is missed or something went wrong."""
        found = self.answer
        reads = found["reads"]
        single, batched = found["events_single"], found["events_batched"]
        missed = [
            *(["mixed reads"] if reads["p95_ms"] >= READS_P95_MS else []),
            *(
                f"{agent} for one product"
                for agent in RUNS
                if found[f"{agent}_one_product"]["p95_ms"] >= RUN_P95_MS
            ),
            *(["events one by one"] if single["per_second"] < EVENTS_S else []),
            *(["events in batches"] if batched["per_second"] < BATCHED_S else []),
        ]
        found |= {"missed": missed, "wrong": self.wrong[:10], "load_after": round(os.getloadavg()[0], 1)}
        show(found)
        for line in self.wrong[:10]:
            print(f"WRONG  {line}")
        for what in missed:
            print(f"MISSED {what}")
        print(json.dumps(found))
        return 1 if missed or self.wrong else 0


def load(plan: Plan) -> Report:
    """Runs the clients in a process of their own."""
    command = [sys.executable, "-m", "bench.load"]
    done = subprocess.run(command, input=pickle.dumps(plan), stdout=subprocess.PIPE, check=True)
    found: Report = pickle.loads(done.stdout)
    return found


def load_and_kill(plan: Plan, sidecar: Supervisor, seconds: float) -> tuple[Report, float, float]:
    """Runs the clients, and ends web and worker by kill -9 while they still send; when that was, and how much
    processor time the web processes had used.
    """
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as taken:
        pickle.dump(plan, given)
        given.seek(0)
        child = subprocess.Popen(
            [sys.executable, "-m", "bench.load"], stdin=given, stdout=taken, stderr=subprocess.PIPE
        )
        assert child.stderr is not None
        child.stderr.readline()  # "sending": all is signed
        before = cpu_of(sidecar.children["web"].pid)
        time.sleep(seconds)
        spent = cpu_of(sidecar.children["web"].pid) - before
        killed = time.monotonic()
        for process in sidecar.children.values():
            os.killpg(process.pid, signal.SIGKILL)
        child.terminate() if child.poll() is None else None
        child.wait(60)
        taken.seek(0)
        return pickle.load(taken), killed, spent


def cpu_of(pid: int) -> float:
    """Seconds of processor time that a process and its children have used so far."""
    tick, total = os.sysconf("SC_CLK_TCK"), 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            own, rest = path.parent.name, path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        if str(pid) in (own, rest[1]):
            total += int(rest[11]) + int(rest[12])
    return total / tick


def figures(report: Report, spent: float = 0.0) -> Figures:
    """Requests a second, percentiles, the clients' share of one core, and what the server took of the two."""
    times = sorted(seconds * 1000 for _, _, seconds, _ in report.answers)
    wall = report.ended - report.started
    server = {"server_cpu_ms": round(spent / len(times) * 1000, 2), "server_cores": round(spent / wall, 2)}
    return (server if spent else {}) | {
        "requests": len(times), "requests_per_second": round(len(times) / wall, 1),
        "p50_ms": round(at(times, 0.5), 1), "p95_ms": round(at(times, 0.95), 1),
        "p99_ms": round(at(times, 0.99), 1), "max_ms": round(times[-1], 1),
        "client_core_share": round(report.cpu / wall, 2),
    }  # fmt: skip


def at(times: list[float], share: float) -> float:
    """A percentile of sorted times."""
    return times[min(len(times) - 1, int(share * len(times)))]


def by_kind(report: Report) -> Figures:
    """p50 and p95 of each kind of request, in ms."""
    kinds: dict[str, list[float]] = {}
    for kind, _, seconds, _ in report.answers:
        kinds.setdefault(kind, []).append(seconds * 1000)
    return {
        kind: [round(statistics.median(times), 1), round(at(sorted(times), 0.95), 1)]
        for kind, times in sorted(kinds.items())
    }


def show(found: Figures) -> None:
    """The table for people."""
    reads = found["reads"]
    bare = reads["bare"]
    print(
        f"{found['products']:,} products, {found['order_lines']:,} order lines; {found['web']}; "
        f"load {found['load_before']} before, {found['load_after']} after"
    )
    print(f"{'':<44}{'p50 ms':>9}{'p95 ms':>9}{'a second':>10}{'cpu ms':>8}{'cores':>7}{'target':>11}")
    lines = [
        (f"mixed reads, {CLIENTS} clients", reads, f"p95 < {READS_P95_MS}"),
        ("  the same JSON from memory (bare Flask)", bare, ""),
        *((f"{name} for one product", found[f"{name}_one_product"], f"p95 < {RUN_P95_MS}") for name in RUNS),
    ]
    for label, name in (("events one by one", "single"), (f"events, {BATCH} a request", "batched")):
        line = found[f"events_{name}"]
        lines.append(
            (label, line | {"requests_per_second": line["per_second"]}, f">= {line['target_per_second']}")
        )
        lines.append(
            ("  bare commits of one row", {"requests_per_second": line["bare_commits_per_second"]}, "")
        )
    for label, line, target in lines:
        shown = [line.get(name, "") for name in ("p50_ms", "p95_ms", "requests_per_second")]
        more = [line.get(name, "") for name in ("server_cpu_ms", "server_cores")]
        print("{:<44}{:>9}{:>9}{:>10}{:>8}{:>7}{:>11}".format(label, *shown, *more, target))
    for name in ("single", "batched"):
        line = found[f"events_{name}"]
        print(
            f"{line['acknowledged']:,} events acknowledged before kill -9 ({name}), {line['lost']} are gone"
        )
    print(
        f"A read takes {reads['server_cpu_ms'] / bare['server_cpu_ms']:.1f} times the processor time of a "
        f"bare answer, its p95 is {reads['p95_ms'] / bare['p95_ms']:.1f} times as long. The clients used "
        f"{reads['client_core_share']:.0%} of a core, and {bare['client_core_share']:.0%} on the baseline, "
        f"which gave {bare['requests_per_second'] / reads['requests_per_second']:.1f} times as many answers."
    )
    print(
        "cpu ms: processor time of the web processes per request; cores: how many of the machine's they got."
    )


def _ended(call: Any, run: str) -> bool:
    state = call("GET", f"/api/v1/runs/{run}")["run"]["state"]
    if state == "failed":
        raise SystemExit(f"The run {run} failed.")
    return bool(state == "done")


def _set_pairing(shop: DemoShop, pairing: dict[str, Any]) -> None:
    from sidecar.demo.schema import set_option

    set_option(shop.con, "pairing", pairing)


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:
        return False


def _until(look: Any, what: str, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not look():
        if time.monotonic() > end:
            raise SystemExit(f"{what} did not end in {seconds:.0f} seconds.")
        time.sleep(0.3)


if __name__ == "__main__":
    sys.exit(main())
