"""The whole sidecar as processes: started by one command, paired over HTTP, killed and started again."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from sidecar.demo.shop import DemoShop
from sidecar.security.tokens import b64decode, sign


def environment(folder: Path, **more: str) -> dict[str, str]:
    """The environment of a sidecar in a folder, with nothing of the machine's own settings."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("DEVSKYY_", "PROMETHEUS_"))
    }
    own = {
        "DEVSKYY_DATA_DIR": str(folder / "data"),
        "DEVSKYY_LOG_LEVEL": "WARNING",
        "HOME": str(folder / "home"),
    }
    return {**kept, **own, **more}


def command(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """One command, ended."""
    return subprocess.run(
        [sys.executable, "-m", "sidecar.cli", *words],
        capture_output=True,
        text=True,
        env=environment(folder),
        check=False,
    )


@dataclass
class Running:
    """A sidecar that was started by `devskyy serve`."""

    folder: Path
    process: subprocess.Popen[str]
    url: str

    def children(self) -> dict[str, int]:
        """Process ids of the children by kind."""
        found = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and _parent(entry) == self.process.pid:
                words = (entry / "cmdline").read_bytes().decode().split("\0")
                found["web" if "gunicorn" in words else "worker"] = int(entry.name)
        return found


def _parent(entry: Path) -> int:
    try:
        return int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
    except (OSError, IndexError):
        return 0


@pytest.fixture(scope="module")
def sidecar(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A sidecar with two web processes and a worker."""
    folder = tmp_path_factory.mktemp("serve")
    (folder / "home").mkdir()
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "sidecar.cli", "serve", "--port", "0"],
            stdout=subprocess.PIPE, stderr=log, text=True, env=environment(folder), cwd=folder,
        )  # fmt: skip
        assert process.stdout is not None
        line = process.stdout.readline()
        match = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert match, (folder / "log").read_text()
        yield Running(folder, process, match.group())
        process.terminate()
        assert process.wait(timeout=60) == 0
        process.stdout.close()


@pytest.fixture(scope="module")
def shop(sidecar: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoShop]:
    """A demo shop that is paired with it by a code from the command line."""
    with DemoShop.create(tmp_path_factory.mktemp("shop"), size="tiny") as made:
        made.pair(sidecar.url, command(sidecar.folder, "pair").stdout.strip())
        wait_for(lambda: made.link.call("GET", "/api/v1/status")["sync"]["state"] == "ok", 120)
        yield made


def wait_for(condition: Callable[[], Any], seconds: float = 60.0) -> Any:
    """Waits until something is true, and gives it."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)
    return found


def test_it_listens_and_writes_only_into_its_folder(sidecar: Running, shop: DemoShop) -> None:
    assert requests.get(f"{sidecar.url}/health", timeout=5).json()["ok"] is True
    names = {path.name for path in (sidecar.folder / "data").iterdir()}
    assert {"app.sqlite3", "mirror.sqlite3", "jobs.sqlite3", "master.key", "metrics"} <= names
    assert (sidecar.folder / "data" / "master.key").stat().st_mode & 0o077 == 0
    assert list((sidecar.folder / "home").iterdir()) == []
    assert {path.name for path in sidecar.folder.iterdir()} == {"data", "home", "log"}


def test_two_web_processes_agree_on_a_replay(sidecar: Running, shop: DemoShop) -> None:
    paired, site = shop.link.pairing, shop.link
    assert paired is not None
    about = json.loads(shop.con.execute("SELECT value FROM options WHERE name = 'site_id'").fetchone()[0])
    token = sign(
        b64decode(paired["secret"]), iss="plugin", aud=paired["shop_id"], method="POST",
        path="/api/v1/events", body=b'{"events": []}', now=int(time.time()), jti=uuid.uuid4().hex,
        more={"site": about, "home": site.home},
    )  # fmt: skip
    head = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    told: list[int] = []

    def send() -> None:
        answer = requests.post(
            f"{sidecar.url}/api/v1/events", data=b'{"events": []}', headers=head, timeout=20
        )
        told.append(answer.status_code)

    threads = [threading.Thread(target=send) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == [200] + [409] * 15


def test_an_order_reaches_the_mirror_by_an_event(shop: DemoShop) -> None:
    before = shop.link.call("GET", "/api/v1/status")
    unit = shop.con.execute("SELECT id FROM products WHERE type = 'simple' AND stock > 5 LIMIT 1").fetchone()[
        0
    ]
    shop.place_order((unit, 1))
    shop.drain()

    def arrived() -> bool:
        now = shop.link.call("GET", "/api/v1/status")
        grown = now["sync"]["counts"]["orders"] == before["sync"]["counts"]["orders"] + 1
        return bool(grown and now["events"]["pending"] == 0)

    wait_for(arrived)


def test_a_killed_worker_comes_back_and_finishes(sidecar: Running, shop: DemoShop) -> None:
    worker = sidecar.children()["worker"]
    run = shop.link.call("POST", "/api/v1/agents/demand-forecast/runs", {"input": {}}, person=True)["run"]
    wait_for(lambda: shop.link.call("GET", f"/api/v1/runs/{run['id']}")["run"]["state"] != "queued")
    os.kill(worker, signal.SIGKILL)
    state = shop.link.call("GET", f"/api/v1/runs/{run['id']}")["run"]["state"]
    assert state == "running", "it was not killed in the middle"
    done = wait_for(lambda: shop.link.call("GET", f"/api/v1/runs/{run['id']}")["run"].get("finished_at"), 120)
    assert done
    assert shop.link.call("GET", f"/api/v1/runs/{run['id']}")["run"]["state"] == "done"
    assert sidecar.children()["worker"] != worker


def test_a_killed_web_server_comes_back(sidecar: Running) -> None:
    web = sidecar.children()["web"]
    os.killpg(web, signal.SIGKILL)

    def answers() -> bool:
        try:
            return requests.get(f"{sidecar.url}/health", timeout=5).ok
        except requests.RequestException:
            return False

    wait_for(lambda: sidecar.children().get("web") not in (None, web))
    wait_for(answers)


def test_metrics_come_from_all_processes(sidecar: Running, shop: DemoShop) -> None:
    run = shop.link.call("POST", "/api/v1/agents/product-data-gaps/runs", {"input": {}}, person=True)["run"]
    wait_for(lambda: shop.link.call("GET", f"/api/v1/runs/{run['id']}")["run"]["state"] == "done")
    text = requests.get(f"{sidecar.url}/metrics", timeout=10).text
    assert "devskyy_runs_total{" in text, "the worker's counter"
    assert "devskyy_requests_total{" in text, "the web processes' counter"


def test_commands_say_what_to_do(sidecar: Running, shop: DemoShop, tmp_path: Path) -> None:
    doctor = command(sidecar.folder, "doctor")
    assert doctor.returncode == 0, doctor.stdout + doctor.stderr
    assert "Reach http://127.0.0.1" in doctor.stdout
    lonely = command(tmp_path, "sync")
    assert (lonely.returncode, "No shop is paired." in lonely.stderr) == (1, True)
    assert "devskyy pair" in lonely.stderr
    assert command(tmp_path, "run", "x", "--input", "{").returncode == 2
    taken = subprocess.run(
        [sys.executable, "-m", "sidecar.cli", "serve", "--port", sidecar.url.rsplit(":", 1)[1]],
        capture_output=True, text=True, env=environment(tmp_path), check=False,
    )  # fmt: skip
    assert (taken.returncode, "Cannot listen on" in taken.stderr) == (1, True)


def test_children_do_not_outlive_a_killed_supervisor(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "sidecar.cli", "serve", "--port", "0"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment(tmp_path),
    )  # fmt: skip
    assert process.stdout is not None
    url = process.stdout.readline().split()[-1]
    children = Running(tmp_path, process, url).children()
    assert set(children) == {"web", "worker"}
    process.kill()
    process.wait()
    process.stdout.close()
    wait_for(
        lambda: (
            not [pid for pid in children.values() if Path(f"/proc/{pid}/cmdline").exists() and _alive(pid)]
        )
    )


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_no_command_decides_on_proposals() -> None:
    from sidecar.cli import main

    assert sorted(main.commands) == [
        "access", "agents", "audit", "backup", "catalog", "demo", "doctor", "keys", "migrate", "openapi",
        "pair", "run", "serve", "sync", "users", "worker",
    ]  # fmt: skip


def test_keys_and_backups_from_the_command_line(sidecar: Running, shop: DemoShop, tmp_path: Path) -> None:
    made = command(sidecar.folder, "keys", "create", "reader", "--scope", "runs:read").stdout.strip()
    head = {"Authorization": f"Bearer {made}"}
    assert requests.get(f"{sidecar.url}/api/v1/runs", headers=head, timeout=10).ok
    ident = made.split("_")[1]
    assert ident in command(sidecar.folder, "keys", "list").stdout
    assert command(sidecar.folder, "keys", "revoke", ident).returncode == 0
    answer = requests.get(f"{sidecar.url}/api/v1/runs", headers=head, timeout=10)
    assert answer.json()["error"]["code"] == "api_key_revoked"
    words = ("backup", str(tmp_path / "backup"), "--key-to", str(tmp_path / "safe"))
    paths = [Path(line) for line in command(sidecar.folder, *words).stdout.split()]
    assert [path.name for path in paths] == ["app.sqlite3", "master.key"]
    assert all(path.stat().st_mode & 0o077 == 0 for path in paths)
    beside = command(sidecar.folder, "backup", str(tmp_path / "b"), "--key-to", str(tmp_path / "b" / "keys"))
    assert (beside.returncode, (tmp_path / "b").exists()) == (1, False)
    plain = command(sidecar.folder, "backup", str(tmp_path / "plain"))
    assert [Path(line).name for line in plain.stdout.split()] == ["app.sqlite3"]
    assert "key is not in it" in plain.stderr


def test_an_agent_from_the_command_line(sidecar: Running, shop: DemoShop) -> None:
    done = command(sidecar.folder, "run", "product-data-gaps", "--seed", "3")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["trigger"] == "cli"
    wrong = command(sidecar.folder, "run", "product-data-gaps", "--input", '{"limit": -1, "colour": 1}')
    assert wrong.returncode == 1
    assert "limit:" in wrong.stderr
    assert "colour: There is no such field." in wrong.stderr
    synced = command(sidecar.folder, "sync")
    assert synced.returncode == 0, synced.stderr
