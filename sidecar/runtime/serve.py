"""The whole sidecar in one command: web and worker as child processes started again when they die."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import IO

import requests
from pydantic import SecretStr

from sidecar.core.errors import DevSkyyError
from sidecar.settings import Settings

READY_S = 60.0
STOP_S = 40.0
QUICK_S = 10.0
QUICK_DEATHS = 5
LIFELINE = "DEVSKYY_LIFELINE"


def listen(host: str, port: int) -> socket.socket:
    """A listening socket that children inherit; DevSkyyError when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise DevSkyyError(
            f"Cannot listen on {host}:{port}: {error.strerror}.",
            code="address_in_use",
            hint="Stop what listens there, or choose another port with --port (0 picks a free one).",
        ) from error
    sock.listen(256)
    return sock


def address(host: str, port: int) -> str:
    """The URL of a host and port; an address that means "all" becomes loopback."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"


def follow_supervisor() -> None:
    """Ends this process in order when its supervisor is gone, even by kill -9: then the pipe between them
    closes.
    """
    if LIFELINE not in os.environ:
        return
    pipe = int(os.environ.pop(LIFELINE))

    def wait() -> None:
        os.read(pipe, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="lifeline", daemon=True).start()


class Supervisor:
    """Two children, web and worker, of one data folder; `log` takes what they write, not the terminal."""

    def __init__(
        self, settings: Settings, *, say: Callable[[str], None], log: IO[bytes] | None = None
    ) -> None:
        self.settings, self.say, self.log = settings, say, log
        self.sock = listen(settings.host, settings.port)
        self.lifeline = os.pipe()
        self.port: int = self.sock.getsockname()[1]
        self.url = settings.public_url or address(settings.host, self.port)
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self.deaths: dict[str, list[float]] = {}
        self.ending = False

    def migrate(self) -> None:
        """Brings the databases up to date once, before several processes would; in a child, to stay small."""
        command = [sys.executable, "-m", "sidecar.cli", "migrate"]
        done = subprocess.run(command, env=self._environment(), capture_output=True, text=True, check=False)
        if done.returncode:
            self.stop()
            words = done.stderr.strip().splitlines() or ["The databases cannot be brought to this version."]
            told = {line.partition(": ")[0]: line.partition(": ")[2] for line in words}
            raise DevSkyyError(told.get("Error", words[-1]), code="migrate_failed", hint=told.get("Hint", ""))

    def start(self) -> None:
        """Starts both children and waits until the web one answers; DevSkyyError when it does not in a
        minute.
        """
        for name in ("web", "worker"):
            self.children[name] = self._spawn(name)
        self._wait_ready()

    def _spawn(self, name: str) -> subprocess.Popen[bytes]:
        commands = {
            "web": [
                sys.executable, "-m", "gunicorn", "-c", "python:sidecar.runtime.gunicorn_conf",
                "-b", f"fd://{self.sock.fileno()}", "sidecar.app:create_app()",
            ],
            "worker": [sys.executable, "-m", "sidecar.cli", "worker"],
        }  # fmt: skip
        # A group of its own: Ctrl-C reaches the supervisor, which stops the children in order.
        return subprocess.Popen(
            commands[name],
            env=self._environment(),
            stdout=self.log,
            stderr=self.log,
            pass_fds=[self.sock.fileno(), self.lifeline[0]],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _environment(self) -> dict[str, str]:
        data = self.settings.data_dir.absolute()
        # What the command line or a caller set must reach the children as it reached us.
        own = {
            f"DEVSKYY_{name.upper()}": _text(getattr(self.settings, name))
            for name in self.settings.model_fields_set
        }
        ours = {
            "DEVSKYY_DATA_DIR": str(data),
            "DEVSKYY_PORT": str(self.port),
            LIFELINE: str(self.lifeline[0]),
        }
        return {**os.environ, **own, **ours}

    def _wait_ready(self) -> None:
        end = time.monotonic() + READY_S
        local = address(self.settings.host, self.port)
        while time.monotonic() < end:
            if any(child.poll() is not None for child in self.children.values()):
                break
            try:
                if requests.get(f"{local}/health", timeout=2).ok:
                    return
            except requests.RequestException:
                pass
            time.sleep(0.1)
        self.stop()
        raise DevSkyyError("The sidecar did not start.", code="start_failed", hint="Its log above says why.")

    def run(self) -> int:
        """Keeps the children alive until SIGTERM or SIGINT; the exit status."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        while not self.ending:
            for name, child in self.children.items():
                if child.poll() is not None and not self.ending and not self._again(name, child):
                    self.stop()
                    return 1
            time.sleep(0.3)
        self.stop()
        return 0

    def _again(self, name: str, child: subprocess.Popen[bytes]) -> bool:
        moment = time.monotonic()
        recent = [at for at in self.deaths.get(name, []) if at > moment - QUICK_S * QUICK_DEATHS]
        self.deaths[name] = [*recent, moment]
        self.say(f"The {name} process ended with {child.returncode}.")
        if len(recent) >= QUICK_DEATHS:
            self.say(f"The {name} process dies again and again; see the log above.")
            return False
        time.sleep(min(len(recent), 3))
        self.children[name] = self._spawn(name)
        return True

    def _end(self, _number: int, _frame: FrameType | None) -> None:
        self.ending = True

    def stop(self) -> None:
        """Asks the children to finish what they do, and ends them when they take too long; a second call does
        nothing.
        """
        if self.lifeline[0] < 0:
            return
        self.ending = True
        for child in self.children.values():
            if child.poll() is None:
                child.terminate()
        end = time.monotonic() + STOP_S
        for child in self.children.values():
            try:
                child.wait(timeout=max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self.sock.close()
        for end_of_pipe in self.lifeline:
            os.close(end_of_pipe)
        self.lifeline = (-1, -1)


def _text(value: object) -> str:
    plain = value.get_secret_value() if isinstance(value, SecretStr) else value
    return str(plain).lower() if isinstance(plain, bool) else str(plain)
