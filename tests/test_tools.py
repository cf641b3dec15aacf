"""The tools that run the tests: totals, zips by their headers, processes by their ids."""

from __future__ import annotations

import re
import signal
import sys
import zipfile
from pathlib import Path

import pytest

from tests.suites import Total
from tests.wordpress.stack import packages
from tests.wordpress.stack.process import NotStarted, Process, started

CHECKOUT = Path(__file__).resolve().parents[1]
REPORT = """<testsuites><testsuite name="s">
<testcase name="a"/><testcase name="b"><failure message="no"/></testcase>
<testcase name="c"><skipped/></testcase><testcase name="d"><error/></testcase>
</testsuite></testsuites>"""
CHILD = "import subprocess, sys; subprocess.Popen(['sleep', '60'], start_new_session=True).wait()"


def _zip(path: Path, name: str, text: str) -> None:
    with zipfile.ZipFile(path, "w") as opened:
        opened.writestr(name, text)


def test_totals_count_cases_not_suites(tmp_path: Path) -> None:
    (tmp_path / "r.xml").write_text(REPORT)
    total = Total()
    total.add("s", tmp_path / "r.xml", 1)
    assert (total.passed, total.failed, total.skipped, total.failures) == (1, 2, 1, ["s"])


def test_a_suite_that_breaks_off_counts_as_a_failure(tmp_path: Path) -> None:
    total = Total()
    total.add("s", tmp_path / "absent.xml", 2)
    assert (total.failed, total.failures) == (1, ["s"])


def test_checks_are_counted(tmp_path: Path) -> None:
    (tmp_path / "checks").write_text("ok lint\nfailed types\n")
    total = Total()
    total.add_checks(tmp_path / "checks")
    assert (total.passed, total.failed, total.failures) == (1, 1, ["types"])


def test_the_newest_zip_wins_by_its_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = packages.zip_folder()
    folder.mkdir()
    for file, version in (
        ("woocommerce.9.zip", "9.9.5"),
        ("woocommerce-b.zip", "11.0.1"),
        ("woocommerce.zip", "10.2"),
    ):
        _zip(folder / file, "woocommerce/woocommerce.php", f"<?php\n/**\n * Version: {version}\n */")
    _zip(folder / "woocommerce-extra.zip", "extra/extra.php", "Version: 99")
    (folder / "woocommerce-broken.zip").write_bytes(b"no zip")
    assert packages.find_zip("woocommerce") == (folder / "woocommerce-b.zip", "11.0.1")
    assert packages.find_zip("wordpress") is None


def test_a_machine_without_the_zips_is_told_which(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(packages, "missing_packages", list)
    assert (
        packages.why_not(elementor=True)
        == f"no zip of wordpress, woocommerce, elementor in {tmp_path}/devskyy"
    )


def test_without_root_the_exact_line_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "missing_packages", lambda bundler=False: ["php-cli"])
    monkeypatch.setattr(packages, "program", lambda name: None)
    with pytest.raises(packages.Unavailable, match="apt-get install -y --no-install-recommends php-cli"):
        packages.install_packages()


def test_a_killed_process_takes_its_offspring_along(tmp_path: Path) -> None:
    process = Process("sleeper", tmp_path, tmp_path / "log")
    pid = process.start([sys.executable, "-c", CHILD])
    children = Path(f"/proc/{pid}/task/{pid}/children")
    process.wait(lambda: bool(children.read_text()), seconds=20)
    child = int(children.read_text())
    process.stop(signal.SIGKILL)
    assert process.pid is None
    assert started(child) is None


def test_an_id_of_another_program_is_not_signalled(tmp_path: Path) -> None:
    process = Process("gone", tmp_path, tmp_path / "log")
    (tmp_path / "gone.pid").write_text("1 12345")
    assert process.pid is None
    process.stop()
    assert not (tmp_path / "gone.pid").exists()


def test_a_program_that_ends_at_once_says_why(tmp_path: Path) -> None:
    process = Process("quick", tmp_path, tmp_path / "log")
    process.start([sys.executable, "-c", "print('no luck')"])
    with pytest.raises(NotStarted, match="no luck"):
        process.wait(lambda: False, seconds=20)


def test_the_documents_name_commands_that_exist() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (CHECKOUT / "Makefile").read_text(), re.M))
    text = (CHECKOUT / "README.md").read_text() + (CHECKOUT / "docs" / "operations.md").read_text()
    named = set(re.findall(r"(?:^ +|`)make ([a-z0-9-]+)", text, re.M))
    assert named <= targets
    assert {"demo", "test", "wordpress", "e2e"} <= named
