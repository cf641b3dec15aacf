"""`devskyy demo --once`: the main job on a fresh folder, and what it says when it runs already."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path

from tests.sidecar.runtime.test_serve import environment


def demo(folder: Path) -> subprocess.CompletedProcess[str]:
    """One demo that ends after its report."""
    command = [sys.executable, "-m", "sidecar.cli", "demo", "--once"]
    return subprocess.run(
        command, capture_output=True, text=True, env=environment(folder), cwd=folder, check=False
    )


def test_the_demo_does_the_main_job_and_may_be_repeated(tmp_path: Path) -> None:
    for _ in range(2):
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
