"""Start a program in its own session, and find and end it again by its process id."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path


class NotStarted(Exception):
    """A program ended or stayed silent instead of getting ready; carries the end of its log."""


def free_port() -> int:
    """A TCP port on the loopback address that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Process:
    """One background program: `<run>/<name>.pid` remembers it, `<log>` takes its output.

    The file holds the id and the start time, so that an id given to another program since is never signalled.
    """

    def __init__(self, name: str, run: Path, log: Path) -> None:
        self.name, self.log = name, log
        self._file = run / f"{name}.pid"

    @property
    def pid(self) -> int | None:
        """Process id, None when it does not run."""
        try:
            pid, since = (int(part) for part in self._file.read_text().split())
        except (FileNotFoundError, ValueError):
            return None
        return pid if started(pid) == since else None

    def start(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> int:
        """Start it detached from this terminal; a second start of a running one changes nothing."""
        if (running := self.pid) is not None:
            return running
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        pid = os.posix_spawn(
            argv[0],
            list(argv),
            {**os.environ, **(env or {})},
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, str(self.log), append, 0o644),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsid=True,
        )
        self._file.write_text(f"{pid} {started(pid)}")
        return pid

    def wait(self, ready: Callable[[], bool], seconds: float) -> None:
        """Wait until `ready` says so; NotStarted when the program ends first or the time runs out."""
        deadline = time.monotonic() + seconds
        while not ready():
            if self.pid is None or time.monotonic() > deadline:
                tail = self.log.read_text(errors="replace")[-2000:] if self.log.exists() else ""
                raise NotStarted(f"{self.name} did not start:\n{tail}")
            time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGTERM, seconds: float = 30.0) -> None:
        """Signal the program and its group and wait for the end; SIGKILL when that takes too long.

        SIGKILL goes to the children in sessions of their own too: nobody would be left to end them.
        """
        pid = self.pid
        if pid is None:
            self._file.unlink(missing_ok=True)
            return
        family = [pid, *_offspring(pid)]
        if how is signal.SIGKILL:
            _kill(family)
        else:
            os.killpg(pid, how)
        deadline = time.monotonic() + seconds
        while any(started(member) is not None for member in family):
            if time.monotonic() > deadline:
                _kill(family)
            time.sleep(0.02)
        self._file.unlink(missing_ok=True)


def _kill(pids: Sequence[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _offspring(pid: int) -> list[int]:
    """Process ids of all children, and theirs."""
    found = []
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in listed.read_text().split():
                found += [int(child), *_offspring(int(child))]
    return found


def started(pid: int) -> int | None:
    """Start time in clock ticks since boot; None when the process is gone or only waits to be collected."""
    with contextlib.suppress(ChildProcessError):  # started by an earlier command, not by us
        os.waitpid(pid, os.WNOHANG)
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] == "Z" else int(fields[19])
