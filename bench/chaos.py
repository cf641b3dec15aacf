"""kill -9 at random moments: what is lost, what is done twice, and does everything settle?

    make chaos

A real shop and its sidecar take thousands of events and approvals, while the sidecar, its web and worker
processes, PHP's web server, and PHP at the command line are killed again and again, at moments that a seed
chooses. Then the killing stops, and everything must come to rest:

- every event that was ever written to the shop's outbox is in the sidecar, once, and worked off;
- every proposal is applied, by one change of the value it aimed at (database triggers keep the history);
- shop, ledger, sidecar and mirror agree.

Prints a table, and last one line of JSON. Exit code 1 when anything is lost, doubled or unsettled, 2 without
a shop.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import requests

from sidecar.core.agent import Proposal, Subject
from sidecar.core.changes import Patch, SetField
from sidecar.db import open_databases, write
from sidecar.runtime import proposals
from sidecar.runtime.base import Runtime
from sidecar.settings import Settings
from tests.wordpress.scene import FACTS, Scene, evidence, registry
from tests.wordpress.stack import Sidecar, Stack, Unavailable
from tests.wordpress.stack.process import NotStarted, _offspring
from tests.wordpress.stack.shop import _options, _php
from tests.wordpress.stack.template import SCRIPTS

SETTINGS = {
    "DEVSKYY_DEBOUNCE_S": "3600",  # no agent wakes: their proposals would mix with ours
    "DEVSKYY_SYNC_EVERY_S": "86400",
    "DEVSKYY_SHOP_TIMEOUT_S": "20",
    "DEVSKYY_LOG_LEVEL": "WARNING",
}
STOCK, PRICE, NEW_PRICE = 30, "40", "30"
BURST = 400
OPEN = ("pending", "snoozed", "approved", "applying", "undoing")
# PHP most of all: it holds the pen, and comes back at once.
VICTIMS = ("web", "worker", "worker", "sidecar", *["php"] * 5, "emitter", "cron")

TABLES = (
    "CREATE TABLE chaos_noted (event_id CHAR(36) NOT NULL, seq BIGINT, what VARCHAR(200), at TIMESTAMP(3))",
    # Rows of another state are no events: lost rights of people, which travel by a route of their own.
    "CREATE TRIGGER chaos_noted AFTER INSERT ON wp_devskyy_outbox FOR EACH ROW"
    " IF NEW.state = 'waiting' THEN INSERT INTO chaos_noted VALUES"
    " (NEW.event_id, NEW.seq, CONCAT_WS(' ', NEW.type, NEW.resource_id, NEW.origin), NOW(3)); END IF",
    "CREATE TABLE chaos_written (id INT AUTO_INCREMENT PRIMARY KEY, post BIGINT, field VARCHAR(40),"
    " was VARCHAR(40), became VARCHAR(40))",
    "CREATE TRIGGER chaos_written AFTER UPDATE ON wp_postmeta FOR EACH ROW"
    " IF NEW.meta_key IN ('_stock', '_regular_price') AND NOT (NEW.meta_value <=> OLD.meta_value) THEN"
    " INSERT INTO chaos_written (post, field, was, became)"
    " VALUES (NEW.post_id, NEW.meta_key, OLD.meta_value, NEW.meta_value); END IF",
)
PRODUCTS = """
$ids = [];
for ($i = 0; $i < $args['n']; $i++) {
    $product = new WC_Product_Simple();
    $product->set_name("Chaos $i");
    $product->set_regular_price($args['price']);
    $product->set_manage_stock(true);
    $product->set_stock_quantity($args['stock']);
    $ids[] = $product->save();
}
return $ids;
"""
EMIT = """
for ($i = 0; $i < $args['n']; $i++) {
    $id = $args['ids'][array_rand($args['ids'])];
    DevSkyy\\Events\\Outbox::note($i % 2 ? 'product.saved' : 'stock.changed', 'products', $id);
    if ($i % 10 === 0) {
        DevSkyy\\Events\\Outbox::settle();
    }
}
return true;
"""
CRON = "do_action('devskyy_tick'); do_action('action_scheduler_run_queue', 'WP Cron'); return true;"
DRAIN = "do_action('devskyy_tick'); DevSkyy\\Events\\Drain::run(20.0, 5.0, true); return true;"


def main() -> int:
    """Reads the command line and runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000, help="events that the shop notes at least")
    parser.add_argument("--applies", type=int, default=1_000, help="proposals that are approved")
    parser.add_argument("--seed", type=int, default=20_261_126, help="chooses victims and moments")
    parser.add_argument("--kill-every", default="4,12", help="shortest and longest time between kills, s")
    parser.add_argument("--rest", type=float, default=240.0, help="longest time to come to rest, s")
    parser.add_argument("--limit", type=float, default=1800.0, help="longest time of killing, s")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="devskyy-chaos-") as folder:
        try:
            stack = Stack.create(Path(folder) / "shop", hpos=True)
        except Unavailable as why:
            print(why, file=sys.stderr)
            return 2
        with stack:
            chaos = Chaos(stack, wanted)
            try:
                return chaos.run()
            finally:
                chaos.scene.sidecar.stop()


class Chaos:
    """One run: threads that approve, emit, drain and kill, and the reckoning afterwards."""

    def __init__(self, stack: Stack, wanted: argparse.Namespace) -> None:
        self.stack, self.wanted = stack, wanted
        self.scene = Scene(stack)
        self.scene.sidecar = Sidecar(stack, SETTINGS)
        self.rng = random.Random(wanted.seed)
        self.kills: Counter[str] = Counter()
        self.answers: Counter[str] = Counter()
        self.caught = self.under_fire = self.spared = 0
        self.deltas: dict[int, int] = {}
        self.proposed: dict[str, tuple[int, str]] = {}
        self.digests: dict[str, str] = {}
        self.scripts: dict[str, subprocess.Popen[str]] = {}
        self.killing, self.working = threading.Event(), threading.Event()
        self.lock = threading.Lock()

    def run(self) -> int:
        """All of it; 0 when nothing was lost, doubled or left open."""
        begun = time.monotonic()
        self.prepare()
        prepared = time.monotonic()
        self.working.set()
        self.killing.set()
        jobs = [self.approve, self.approve, self.approve, self.emit, self.cron, self.kill]
        threads = [threading.Thread(target=job, args=(n,), daemon=True) for n, job in enumerate(jobs)]
        for thread in threads:
            thread.start()
        while time.monotonic() - prepared < self.wanted.limit and not self.enough():
            time.sleep(2)
        states = self.states()
        self.under_fire, self.spared = states["applied"], states["pending"]
        self.killing.clear()
        threads[-1].join()
        self.keep_up()
        killed = time.monotonic()
        while time.monotonic() - killed < self.wanted.rest and not (self.enough() and self.at_rest()):
            self.quietly(DRAIN)
            time.sleep(2)
        self.working.clear()
        for thread in threads:
            thread.join(90)
        result = self.reckon()
        times = {
            "prepared": prepared - begun,
            "killing": killed - prepared,
            "rest": time.monotonic() - killed,
        }
        return self.tell(result, {name: round(seconds, 1) for name, seconds in times.items()})

    # --- before -------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Products, histories, a paired sidecar that has read the shop, and pending proposals."""
        half = (self.wanted.applies + 1) // 2
        given = {"n": half, "price": PRICE, "stock": STOCK}
        ids: list[int] = self.stack.php(PRODUCTS, user="admin", args=given)
        for sql in TABLES:
            self.scene.rows(sql)
        self.scene.sidecar.start()
        self.scene.sidecar.pair()
        end = time.monotonic() + 90
        while not self.scene.synced():
            if time.monotonic() > end:
                raise RuntimeError("The first sync did not end.")
            time.sleep(0.5)
        self.deltas = {ident: self.rng.choice([-3, -2, -1, 1, 2, 3, 4]) for ident in ids}
        found = [self.proposal(ident, "regular_price", PRICE, NEW_PRICE) for ident in ids]
        found += [self.proposal(ident, "stock_delta", STOCK, self.deltas[ident]) for ident in ids]
        self.propose(found[: self.wanted.applies])

    def proposal(self, ident: int, path: str, was: Any, to: Any) -> Proposal:
        """One change of one product."""
        change = Patch(resource=f"wc/v3/products/{ident}", set=[SetField(path=path, was=was, to=to)])
        return Proposal(
            Subject("products", ident, f"Chaos {ident}"), [change], evidence(f"Chaos {ident}"), risk="low"
        )

    def propose(self, found: list[Proposal]) -> None:
        """Stores proposals as an agent's run would leave them."""
        settings = Settings(data_dir=self.scene.sidecar.data)
        databases = open_databases(settings.url("app"), settings.url("mirror"))
        agents = registry()
        rt = Runtime(settings, databases, agents, cast(Any, None), cast(Any, None))
        shop_id = self.scene.identity()["shop_id"]
        with write(databases.app) as conn:
            made, left = proposals.create(
                rt, conn, shop_id, agents["slow-stock-markdown"], uuid.uuid4().hex, found, FACTS
            )
        databases.dispose()
        assert not left, left
        for ident, one in zip(made, found, strict=True):
            change = one.changes[0]
            assert isinstance(change, Patch)
            self.proposed[ident] = (one.subject.id, change.set[0].path)
        self.digests = dict(self.scene.asked("SELECT id, digest FROM proposals"))

    # --- work ---------------------------------------------------------------------------------------------

    def approve(self, number: int) -> None:
        """A person who approves what is pending, a few at a time, and again what came back."""
        rng, person = random.Random(self.wanted.seed + number), None
        while self.working.is_set():
            try:
                person = person or self.stack.person("admin")
                pending = self.pending()
                if not pending:
                    time.sleep(1)
                    continue
                some = rng.sample(pending, min(len(pending), rng.randint(1, 25)))
                items = [{"id": ident, "digest": self.digests[ident]} for ident in some]
                body = {"action": "approve", "items": items}
                answer = person.rest("POST", "/devskyy/v1/proposals/bulk", json=body)
                if answer.status_code == 403:
                    person = None  # signing in at once with others, WordPress may lose a session
                if not self.note(answer):
                    time.sleep(2)  # the plugin waits some seconds before it asks a lost sidecar again
            except (requests.RequestException, PermissionError, ValueError) as error:
                self.answers[type(error).__name__] += 1
                time.sleep(0.3)

    def note(self, answer: requests.Response) -> bool:
        """Counts how each approval was answered; whether any was carried out."""
        if not answer.ok:
            self.answers[f"HTTP {answer.status_code}"] += 1
            return False
        results = ["applied" if one["ok"] else one["error"]["code"] for one in answer.json()["results"]]
        with self.lock:
            self.answers.update(results)
        return "applied" in results

    def emit(self, _number: int) -> None:
        """PHP processes that note events as the hooks do."""
        ids = list(self.deltas)
        while self.working.is_set() and self.noted() < self.wanted.events:
            self.script("emitter", EMIT, {"n": BURST, "ids": ids})

    def cron(self, _number: int) -> None:
        """WP-Cron of a busy shop."""
        while self.working.is_set():
            self.script("cron", CRON, {})
            time.sleep(4)

    def script(self, name: str, code: str, given: dict[str, Any]) -> None:
        """One PHP process that may be killed."""
        command = [_php(), *_options(), str(SCRIPTS / "eval.php"), str(self.stack.site)]
        pipe, quiet = subprocess.PIPE, subprocess.DEVNULL
        process = subprocess.Popen(command, stdin=pipe, stdout=quiet, stderr=quiet, text=True)
        self.scripts[name] = process
        with suppress(BrokenPipeError, subprocess.TimeoutExpired):
            process.communicate(json.dumps({"code": code, "user": "admin", "args": given}), timeout=90)
        if process.poll() is None:
            process.kill()
            process.wait()

    def quietly(self, code: str) -> None:
        """PHP whose trouble shows in the reckoning."""
        self.script("drain", code, {})

    # --- killing ------------------------------------------------------------------------------------------

    def kill(self, _number: int) -> None:
        """Kills by the seed's choice until told to stop, each kind once before any a second time; what ends
        is started again, as systemd would."""
        shortest, longest = (float(part) for part in self.wanted.kill_every.split(","))
        first = sorted(set(VICTIMS))
        self.rng.shuffle(first)
        while self.killing.is_set():
            time.sleep(self.rng.uniform(shortest, longest))
            for victim in (*first[-1:], self.rng.choice(VICTIMS)):
                if self.kill_one(victim):
                    self.kills[victim] += 1
                    first = [one for one in first if one != victim]
                    break
                first = first[-1:] + first[:-1]  # it does not run just now: another one, and it later
            self.keep_up()

    def kill_one(self, victim: str) -> bool:
        """kill -9; False when it does not run just now."""
        if victim == "sidecar":
            self.scene.sidecar.kill()
        elif victim == "php":
            self.stack.kill_web()
            left = "SELECT COUNT(*) FROM wp_devskyy_ledger WHERE state = 'applying'"
            self.caught += int(self.scene.rows(left)[0][0])
        elif victim in ("emitter", "cron"):
            process = self.scripts.get(victim)
            if process is None or process.poll() is not None:
                return False
            process.kill()
        else:
            found = self.children(victim)
            if not found:
                return False
            with suppress(ProcessLookupError):
                os.kill(self.rng.choice(found), signal.SIGKILL)
        return True

    def children(self, kind: str) -> list[int]:
        """Process ids of the sidecar's web (the server and its workers) or worker processes."""
        pid, found = self.scene.sidecar.process.pid, []
        for child in _offspring(pid) if pid else []:
            with suppress(OSError):
                words = Path(f"/proc/{child}/cmdline").read_text()
                if ("gunicorn" in words) if kind == "web" else words.endswith("sidecar.cli\0worker\0"):
                    found.append(child)
        return found

    def keep_up(self) -> None:
        """Starts what does not run."""
        if self.stack.web.pid is None:
            self.stack.start_web()
        if self.scene.sidecar.process.pid is None:
            try:
                self.scene.sidecar.start()
            except NotStarted:
                self.answers["sidecar did not start in a minute"] += 1

    # --- the reckoning ------------------------------------------------------------------------------------

    def noted(self) -> int:
        """Events that the shop ever noted."""
        return int(self.scene.rows("SELECT COUNT(*) FROM chaos_noted")[0][0])

    def states(self) -> Counter[str]:
        """Proposals by state."""
        return Counter(dict(self.scene.asked("SELECT state, COUNT(*) FROM proposals GROUP BY state")))

    def pending(self) -> list[str]:
        """Proposals that wait for a person."""
        return [row[0] for row in self.scene.asked("SELECT id FROM proposals WHERE state = 'pending'")]

    def enough(self) -> bool:
        """Whether there is nothing left to kill for."""
        return self.noted() >= self.wanted.events and not self.states()["pending"]

    def at_rest(self) -> bool:
        """Whether nothing moves any more."""
        waits = self.scene.rows("SELECT COUNT(*) FROM wp_devskyy_outbox WHERE state = 'waiting'")[0][0]
        stored = self.scene.asked("SELECT COUNT(*) FROM events WHERE state = 'stored'")[0][0]
        jobs = self.scene.asked("SELECT COUNT(*) FROM jobs WHERE state IN ('queued', 'running')")[0][0]
        return not (waits or stored or jobs or any(self.states()[state] for state in OPEN))

    def reckon(self) -> dict[str, Any]:
        """What was lost, doubled, left open, or differs between the four places."""
        noted = {row[0]: row[1:] for row in self.scene.rows("SELECT * FROM chaos_noted ORDER BY seq")}
        left = {row[0] for row in self.scene.rows("SELECT event_id FROM wp_devskyy_outbox")}
        stored = dict(self.scene.asked("SELECT id, state FROM events"))
        lost = [event for event in noted if event not in stored and event not in left]
        for event in lost[:10]:
            print("lost:", event, *noted[event])
        states = dict(self.scene.asked("SELECT id, state FROM proposals"))
        ledger = Counter(row[0] for row in self.scene.rows("SELECT proposal FROM wp_devskyy_ledger"))
        settled = dict(self.scene.rows("SELECT proposal, state FROM wp_devskyy_ledger"))
        mine = {ident: state for ident, state in states.items() if ident in self.proposed}
        jobs = Counter(dict(self.scene.asked("SELECT state, COUNT(*) FROM jobs GROUP BY state")))
        return {
            "events_noted": len(noted),
            "events_lost": len(lost),
            "events_waiting": len(left),
            "events_not_worked_off": sum(state != "done" for state in stored.values()),
            "events_unknown_to_shop": len(set(stored) - set(noted)),
            "proposals": dict(Counter(mine.values())),
            "proposals_gone": len(set(self.proposed) - set(mine)),
            "unsettled": sum(state in OPEN for state in mine.values()),
            "ledger_twice": sum(count > 1 for count in ledger.values()),
            "ledger_differs": sum(
                (state == "applied") != (settled.get(ident) == "applied") for ident, state in mine.items()
            ),
            **self.values(mine),
            "jobs_open": jobs["queued"] + jobs["running"],
            "jobs_failed": jobs["failed"],
        }

    def values(self, states: dict[str, str]) -> dict[str, int]:
        """Each field's history and end in the shop, and what the mirror holds of it."""
        history: Counter[tuple[int, str]] = Counter(self.scene.rows("SELECT post, field FROM chaos_written"))
        meta = "SELECT post_id, meta_key, meta_value FROM wp_postmeta"
        rows = self.scene.rows(f"{meta} WHERE meta_key IN ('_stock', '_regular_price')")
        shop = {(post, key): float(value) for post, key, value in rows if post in self.deltas}
        columns = "SELECT id, regular_price, stock_quantity FROM products"
        mirror = {row[0]: row[1:] for row in self.scene.asked(columns, file="mirror")}
        twice = lost = differs = 0
        for ident, (product, path) in self.proposed.items():
            key = "_stock" if path == "stock_delta" else "_regular_price"
            before = float(STOCK if path == "stock_delta" else PRICE)
            after = before + self.deltas[product] if path == "stock_delta" else float(NEW_PRICE)
            done = states.get(ident) == "applied"
            found = shop[product, key]
            twice += history[product, key] > 1
            lost += found != (after if done else before)
            price, stock = mirror.get(product, (None, None))
            differs += (stock if path == "stock_delta" else (price or 0) / 10_000) != found
        return {"written_twice": twice, "value_wrong": lost, "mirror_differs": differs}

    def tell(self, found: dict[str, Any], seconds: dict[str, float]) -> int:
        """The table, the line of JSON, and the exit code."""
        bad = {
            name: count
            for name, count in found.items()
            if name not in ("events_noted", "proposals") and count
        }
        few = found["events_noted"] < self.wanted.events or sum(self.kills.values()) == 0
        short = few or self.spared > 0
        print(f"\n{'kill -9 of':<34}{'times':>8}")
        for name, count in sorted(self.kills.items()):
            print(f"  {name:<32}{count:>8}")
        print(f"Changes caught between ledger and outcome: {self.caught}")
        print(f"Applied while killing went on: {self.under_fire}; still to be approved then: {self.spared}")
        print(
            "Approvals were answered: " + ", ".join(f"{n} × {what}" for what, n in self.answers.most_common())
        )
        print(f"{'':<34}{'found':>8}")
        for name, count in found.items():
            shown = (
                ", ".join(f"{n} {state}" for state, n in count.items()) if isinstance(count, dict) else count
            )
            print(f"  {name.replace('_', ' '):<32}{shown:>8}{'   <-- must be 0' if name in bad else ''}")
        print("Seconds: " + ", ".join(f"{name} {value:.0f}" for name, value in seconds.items()))
        verdict = "lost" if bad else "too little happened" if short else "ok"
        line: dict[str, Any] = {
            "bench": "chaos",
            "verdict": verdict,
            "seed": self.wanted.seed,
            "kills": dict(self.kills),
        }
        line |= {"caught_applying": self.caught, "applied_under_fire": self.under_fire, "spared": self.spared}
        print(json.dumps(line | found | {"seconds": seconds}))
        return 0 if verdict == "ok" else 1


if __name__ == "__main__":
    sys.exit(main())
