"""Run every suite that can run here, name those that cannot, and end with one line of totals.

`python -m tests.suites [SUITE …]` runs all, or only the named ones. A suite that something is missing for is
skipped; with DEVSKYY_REQUIRE_STACK=1, or when it was named, it fails. JUnit files go to test-results/.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.wordpress.stack import Stack, why_not
from tests.wordpress.stack.packages import program

CHECKOUT = Path(__file__).resolve().parents[1]
RESULTS = CHECKOUT / "test-results"
REQUIRED = os.environ.get("DEVSKYY_REQUIRE_STACK") == "1"
# A file stays in one process, so that what a file starts is started once.
HALVES = ("-n", "2", "--dist", "loadfile")


@dataclass
class Total:
    """Counts over all suites, and the names of those that did not run or did not pass."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    skips: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def add(self, name: str, report: Path, code: int) -> None:
        """Add a suite's JUnit file; a suite that failed without saying in what counts as one failure."""
        failed = 0
        if report.exists():
            for case in ET.parse(report).iter("testcase"):
                outcome = {child.tag for child in case}
                if outcome & {"failure", "error"}:
                    failed += 1
                elif "skipped" in outcome:
                    self.skipped += 1
                else:
                    self.passed += 1
        if code != 0:
            self.failed += max(failed, 1)
            self.failures.append(name)

    def add_checks(self, path: Path) -> None:
        """Add checks that ran before: a line each, `ok NAME` or `failed NAME`."""
        for line in path.read_text().splitlines():
            outcome, _, name = line.partition(" ")
            if outcome == "ok":
                self.passed += 1
            else:
                self.failed += 1
                self.failures.append(name)


@dataclass(frozen=True)
class Suite:
    """A suite: what keeps it from running here, and how it runs (report file in, exit code out)."""

    name: str
    missing: Callable[[], str | None]
    run: Callable[[Path], int]


def main(names: list[str]) -> int:
    """Run the suites of those names, all without; 0 when nothing failed."""
    os.chdir(CHECKOUT)
    shutil.rmtree(RESULTS, ignore_errors=True)
    RESULTS.mkdir()
    total = Total()
    if checks := os.environ.get("DEVSKYY_CHECKS"):
        total.add_checks(Path(checks))
    for suite in SUITES:
        if not names or suite.name in names:
            _run(suite, total, required=REQUIRED or bool(names))
    for skip in total.skips:
        print(f"skipped {skip}")
    for failure in total.failures:
        print(f"FAILED {failure}")
    print(f"{total.passed} passed, {total.failed} failed, {total.skipped} skipped", flush=True)
    return 1 if total.failed else 0


def _run(suite: Suite, total: Total, required: bool) -> None:
    print(f"\n=== {suite.name}", flush=True)
    reason = suite.missing()
    if reason is None:
        report = RESULTS / f"{suite.name}.xml"
        total.add(suite.name, report, suite.run(report))
    elif required:
        print(f"cannot run: {reason}", flush=True)
        total.failed += 1
        total.failures.append(f"{suite.name}: {reason}")
    else:
        total.skipped += 1
        total.skips.append(f"{suite.name}: {reason}")


def _pytest(*arguments: str) -> Callable[[Path], int]:
    def run(report: Path) -> int:
        argv = [sys.executable, "-m", "pytest", "-q", *arguments, f"--junit-xml={report}"]
        return subprocess.run(argv, check=False).returncode

    return run


def _javascript(report: Path) -> int:
    return subprocess.run(
        [
            "node",
            "--test",
            "--test-reporter=junit",
            f"--test-reporter-destination={report}",
            "--test-reporter=dot",
            "--test-reporter-destination=stdout",
            "assets/tests/",
        ],
        cwd=CHECKOUT / "wp-plugin",
        check=False,
    ).returncode


def _php(hpos: bool) -> Callable[[Path], int]:
    def run(report: Path) -> int:
        with (
            tempfile.TemporaryDirectory(prefix="devskyy-") as folder,
            Stack.create(Path(folder) / "shop", hpos=hpos) as shop,
        ):
            done = shop.phpunit("-c", "tests/php/phpunit.xml", "--log-junit", str(report))
        print(done.stdout[-6000:], done.stderr[-2000:])
        return done.returncode

    return run


def _no_node() -> str | None:
    if program("npm") is None:
        return "Node.js is not installed (apt-get install -y nodejs npm)"
    made = subprocess.run(["make", "plugin-modules"], capture_output=True, text=True, check=False)
    return None if made.returncode == 0 else f"npm cannot install the packages: {made.stderr[-300:]}"


def _no_stack() -> str | None:
    return why_not(elementor=True)


def _no_php() -> str | None:
    if program("phpunit") is None:
        return "PHPUnit is not installed (apt-get install -y phpunit)"
    return _no_stack()


def _no_browser() -> str | None:
    if program("chromium") is None:
        return "Chromium is not installed (apt-get install -y chromium)"
    return _no_stack() or _no_node()


SUITES = [
    Suite(
        "python",
        lambda: None,
        _pytest(*HALVES, "--no-loadscope-reorder", "-m", "not wordpress and not browser"),
    ),
    Suite("javascript", _no_node, _javascript),
    Suite("php", _no_php, _php(hpos=True)),
    Suite("php-posts", _no_php, _php(hpos=False)),
    Suite("stack", _no_stack, _pytest(*HALVES, "-m", "wordpress and not browser")),
    Suite("browser", _no_browser, _pytest(*HALVES, "--no-loadscope-reorder", "-m", "browser")),
]

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
