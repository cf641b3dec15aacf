"""`devskyy demo --once`: the main job, also after one that was stopped, and what it says when one runs."""

from __future__ import annotations

import fcntl
import signal
import subprocess
import sys
from pathlib import Path

from tests.sidecar.runtime.test_serve import environment

DEMO = [sys.executable, "-m", "sidecar.cli", "demo", "--once"]


def demo(folder: Path) -> subprocess.CompletedProcess[str]:
    """One demo that ends after its report."""
    return subprocess.run(
        DEMO, capture_output=True, text=True, env=environment(folder), cwd=folder, check=False
    )


def stopped_demo(folder: Path) -> None:
    """A demo that is told to end as soon as it has read its shop; its files stay for the next one."""
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        DEMO,
        stdout=pipe,
        stderr=pipe,
        text=True,
        env=environment(folder) | {"PYTHONUNBUFFERED": "1"},
        cwd=folder,
    )
    assert process.stdout is not None
    assert any(line.startswith("Read ") for line in process.stdout)
    process.send_signal(signal.SIGTERM)
    _, complaints = process.communicate(timeout=60)
    assert (process.returncode, complaints) == (0, "")


def test_the_demo_does_the_main_job_and_may_be_repeated(tmp_path: Path) -> None:
    stopped_demo(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {".demo"}
    for name in ("shop-small.sqlite3", "sidecar/app.sqlite3", "sidecar/mirror.sqlite3", "sidecar/master.key"):
        assert (tmp_path / ".demo" / name).exists(), name
    done = demo(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    words = " ".join(done.stdout.split())
    for agent in ("Product data gaps", "Demand forecast", "Reorder plan", "Slow-stock markdowns"):
        assert f"{agent}: done" in words
    assert "(applied) → – (undone)" in words
    report = (tmp_path / "demo-report.html").read_text()
    assert "<svg" in report
    assert {path.name for path in tmp_path.iterdir()} == {".demo", "demo-report.html"}


def test_a_second_demo_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".demo").mkdir()
    with (tmp_path / ".demo" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = demo(tmp_path)
    assert done.returncode == 1
    assert "A demo runs in .demo already." in done.stderr
