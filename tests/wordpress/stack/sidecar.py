"""The sidecar beside a shop: all in one process, its data in the shop's folder, paired by a key file."""

from __future__ import annotations

import base64
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import requests

from tests.wordpress.stack.person import Person
from tests.wordpress.stack.process import Process, free_port
from tests.wordpress.stack.shop import PhpError, Stack

PAIR = "return DevSkyy\\Plugin::pair_with_key();"


class Sidecar:
    """`devskyy serve` for one shop; the port stays the same while the shop's folder lives."""

    def __init__(self, shop: Stack, settings: Mapping[str, Any] | None = None) -> None:
        """`settings` are more of the sidecar's settings by environment name (`DEVSKYY_DEBOUNCE_S`)."""
        self.shop = shop
        self.data = shop.root / "sidecar"
        self.log = shop.log / "sidecar.log"
        self.process = Process("sidecar", shop.root / "run", self.log)
        self.key_file = self.data / "pairing.key"
        self._settings = {name: str(value) for name, value in (settings or {}).items()}

    @property
    def url(self) -> str:
        """Address of the sidecar, without a slash at the end."""
        return f"http://127.0.0.1:{self._port()}"

    @property
    def environment(self) -> dict[str, str]:
        """The sidecar's settings as environment variables."""
        return {
            "DEVSKYY_DATA_DIR": str(self.data),
            "DEVSKYY_PORT": str(self._port()),
            "DEVSKYY_PAIRING_KEY_FILE": str(self.key_file),
            "DEVSKYY_WEB_WORKERS": "1",
            **self._settings,
        }

    def start(self) -> None:
        """Start it and wait until it says that it is well."""
        self._make_key()
        self.process.start([sys.executable, "-m", "sidecar.cli", "serve"], env=self.environment)
        self.process.wait(self.answers, seconds=60)

    def stop(self) -> None:
        """Stop it in the ordinary way."""
        self.process.stop()

    def kill(self) -> None:
        """Kill it with its workers, in the middle of whatever they do."""
        self.process.stop(signal.SIGKILL)

    def answers(self) -> bool:
        """Whether /health says that it is well."""
        try:
            return requests.get(self.url + "/health", timeout=2).status_code == 200
        except requests.RequestException:
            return False

    def pair(self) -> None:
        """Name the sidecar in wp-config.php and pair the shop with it by the shared key file."""
        self._make_key()
        self.shop.set_constants(DEVSKYY_SIDECAR_URL=self.url, DEVSKYY_PAIRING_KEY_FILE=str(self.key_file))
        answer = self.shop.php(PAIR, user="admin")
        if answer is not True:
            raise PhpError(f"The shop could not be paired: {answer}")

    def command(self, *arguments: str) -> str:
        """Run `devskyy` with this sidecar's settings; what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "sidecar.cli", *arguments],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"devskyy {' '.join(arguments)}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.stdout

    def visitor(self) -> Person:
        """A web session whose paths are the sidecar's."""
        return Person(self.url)

    def _port(self) -> int:
        file = self.data / "port"
        if not file.exists():
            self.data.mkdir(parents=True, exist_ok=True)
            file.write_text(str(free_port()))
        return int(file.read_text())

    def _make_key(self) -> None:
        if not self.key_file.exists():
            self.data.mkdir(parents=True, exist_ok=True)
            self.key_file.write_text(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("="))
