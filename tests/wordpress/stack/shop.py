"""The shop: WordPress's files, the database and the web server in one folder, with a door to its PHP."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

from tests.wordpress.stack.database import Database
from tests.wordpress.stack.packages import Unavailable, program
from tests.wordpress.stack.person import USERS, Person
from tests.wordpress.stack.process import Process, free_port
from tests.wordpress.stack.template import CHECKOUT, SCRIPTS, Kind, link_tree, template

PLUGIN = "devskyy/devskyy.php"
MARKER = "\n@@result@@"


class PhpError(Exception):
    """A script ended without an answer; carries what it printed."""


class Stack:
    """One shop in `root`: `site/` (WordPress), `db/` (MariaDB), `log/`, `run/` (process ids).

    `base_url` is WordPress's home address, which OAuth1 signatures need; it stays while the folder lives.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.site = self.root / "site"
        self.log = self.root / "log"
        self.database = Database(self.root)
        self.web = Process("php", self.root / "run", self.log / "php.log")
        self._settings = self.root / "stack.json"
        self._people: list[Person] = []

    @classmethod
    def create(
        cls,
        root: Path,
        hpos: bool = True,
        orders: int = 60,
        elementor: bool = False,
        *,
        plugin: bool = True,
        link_plugin: bool = False,
        constants: Mapping[str, Any] | None = None,
        port: int | None = None,
        start: bool = True,
    ) -> Self:
        """Lay a new shop into `root` and start it.

        `plugin` activates wp-plugin/ of this checkout: a copy, or with `link_plugin` a link, so that edits
        show at once. `constants` go into wp-config.php. Over 1000 orders are written as rows (`hpos` only).
        """
        shop = cls(root)
        kind = Kind(hpos, orders, elementor)
        source = template(kind, lambda folder: _build(folder, kind))
        shop.site.parent.mkdir(parents=True, exist_ok=True)
        link_tree(source / "site", shop.site)
        _unlink_content(source / "site", shop.site)
        shutil.copytree(source / "db", shop.root / "db")
        shop._write_settings(port or free_port(), dict(constants or {}))
        if start:
            shop.start()
            if plugin:
                shop.add_plugin(link=link_plugin)
        return shop

    @property
    def base_url(self) -> str:
        """Address of the shop, without a slash at the end; equal to WordPress's home and site address."""
        return str(self._load()["base_url"])

    @property
    def running(self) -> bool:
        """Whether database and web server both run."""
        return self.database.process.pid is not None and self.web.pid is not None

    def start(self) -> None:
        """Start the database and the web server."""
        self.database.start()
        self._save({**self._load(), "db_password": self.database.password, "db_socket": self.database.socket})
        self.start_web()

    def stop(self) -> None:
        """Stop the web server and the database; the folder stays and can be started again."""
        for person in self._people:
            person.close()
        self.stop_web()
        self.database.stop()

    def start_web(self) -> None:
        """Start PHP's web server with four workers and wait until it accepts a connection."""
        port = int(self.base_url.rpartition(":")[2])
        self.web.start(
            [
                _php(),
                *_options(),
                "-S",
                f"127.0.0.1:{port}",
                "-t",
                str(self.site),
                str(SCRIPTS / "router.php"),
            ],
            env={"PHP_CLI_SERVER_WORKERS": "4"},
        )
        self.web.wait(lambda: _accepts(port), seconds=20)

    def stop_web(self) -> None:
        """Stop the web server in the ordinary way."""
        self.web.stop()

    def kill_web(self) -> None:
        """Kill the web server and its workers at once, in the middle of whatever they do."""
        self.web.stop(signal.SIGKILL)

    def php(
        self,
        code: str,
        *,
        user: str | None = None,
        args: Mapping[str, Any] | None = None,
        command_line: bool = False,
    ) -> Any:
        """Run PHP inside the loaded shop and hand back what it returns, by way of JSON.

        `user` is a login that the code runs as; `args` is `$args` in the code. A WP_Error comes back as
        `{"code", "message", "data"}`; PhpError when the code dies. The web server runs it when it is up,
        unless the code is to run as on the command line.
        """
        payload = {"code": code, "user": user, "args": dict(args or {})}
        if self.running and not command_line:
            done = self._through_the_door(payload)
        else:
            done = self.run("eval.php", payload)
        _, marker, answer = done.rpartition(MARKER)
        if not marker:
            raise PhpError(f"{done[-2000:]}{self.debug_log()[-3000:]}")
        return json.loads(answer)

    def _through_the_door(self, payload: Mapping[str, Any]) -> str:
        settings = self._load()
        port = settings["base_url"].rpartition(":")[2]
        answer = requests.post(
            f"http://127.0.0.1:{port}/@php", json=payload, headers={"X-Door": settings["door"]}, timeout=300
        )
        return answer.text

    def run(self, script: str, payload: Mapping[str, Any]) -> str:
        """Run one of the stack's PHP scripts with that input; its output, PhpError when it fails."""
        done = subprocess.run(
            [_php(), *_options(), str(SCRIPTS / script), str(self.site)],
            input=json.dumps(payload),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise PhpError(f"{script}: {done.stderr[-2000:]}{done.stdout[-2000:]}{self.debug_log()[-3000:]}")
        return done.stdout

    def phpunit(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Debian's PHPUnit; its tests find the shop's folder in the environment as DEVSKYY_SITE."""
        phpunit = program("phpunit")
        if phpunit is None:
            raise Unavailable("PHPUnit is missing: apt-get install -y phpunit")
        environment = {**os.environ, "DEVSKYY_SITE": str(self.site), "DEVSKYY_BASE_URL": self.base_url}
        argv = [_php(), *_options(), phpunit, *arguments]
        return subprocess.run(
            argv, env=environment, cwd=CHECKOUT, capture_output=True, text=True, check=False
        )

    def person(self, login: str | None = None) -> Person:
        """A web session, signed in as one of `person.USERS`; without a login, a visitor."""
        self._people.append(Person(self.base_url, login))
        return self._people[-1]

    def woocommerce_key(self, permissions: str = "read") -> tuple[str, str]:
        """A fresh key and secret for wc/v3, of the administrator; `read`, `write` or `read_write`."""
        key = self.php(_KEY, args={"permissions": permissions})
        return str(key["key"]), str(key["secret"])

    def add_plugin(self, *, link: bool = False, activate: bool = True) -> bool:
        """Put wp-plugin/ of this checkout in as `devskyy` and activate it; False when there is none."""
        source, target = CHECKOUT / "wp-plugin", self.site / "wp-content" / "plugins" / "devskyy"
        if not (source / "devskyy.php").is_file():
            return False
        if program("npm") is not None:  # without it, the wp-admin pages have no scripts; all else works
            subprocess.run(["make", "plugin-assets"], cwd=CHECKOUT, check=True, stdout=subprocess.DEVNULL)
        if link:
            target.symlink_to(source)
        else:
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("node_modules", "tests", ".*"))
        if activate:
            failed = self.php(
                "return activate_plugin($args['plugin']);", user="admin", args={"plugin": PLUGIN}
            )
            if failed is not None:
                raise PhpError(f"The plugin does not start: {failed}")
        return True

    def set_constants(self, **constants: Any) -> None:
        """Set constants of wp-config.php; the next request sees them."""
        settings = self._load()
        self._save({**settings, "constants": {**settings["constants"], **constants}})

    def debug_log(self) -> str:
        """What PHP and WordPress have complained about so far (WP_DEBUG is on)."""
        path = self.log / "debug.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.stop()

    def _write_settings(self, port: int, constants: dict[str, Any]) -> None:
        self.log.mkdir(parents=True, exist_ok=True)
        address, door = f"http://127.0.0.1:{port}", secrets.token_hex(32)
        self._save({"base_url": address, "log": str(self.log), "door": door, "constants": constants})

    def _load(self) -> dict[str, Any]:
        return dict(json.loads(self._settings.read_text()))

    def _save(self, settings: Mapping[str, Any]) -> None:
        # Replaced in one step: the web server may be reading it.
        partial = self._settings.with_suffix(".part")
        partial.write_text(json.dumps(settings))
        partial.replace(self._settings)


def _build(folder: Path, kind: Kind) -> None:
    """Install a shop of that kind into `folder`, whose `site/` holds the code; nothing runs at the end."""
    shop = Stack(folder)
    content = shop.site / "wp-content"
    (content / "mu-plugins").mkdir(exist_ok=True)
    shutil.copy(SCRIPTS / "wp-config.php", shop.site / "wp-config.php")
    shutil.copy(SCRIPTS / "mu-plugin.php", content / "mu-plugins" / "stack.php")
    shop._write_settings(80, {})
    shop.database.start()
    try:
        shop._save({**shop._load(), "db_password": shop.database.password, "db_socket": shop.database.socket})
        plugins = ["woocommerce/woocommerce.php", *(["elementor/elementor.php"] if kind.elementor else [])]
        print(
            f"Installing the shop (order tables {'on' if kind.hpos else 'off'}, {kind.orders} orders)",
            flush=True,
        )
        shop.run("install.php", {"passwords": USERS})
        shop.run("activate.php", {"plugins": plugins})
        shop.run("store.php", {"passwords": USERS, "hpos": kind.hpos})
        shop.run("seed.php", {"orders": kind.orders})
    finally:
        shop.database.stop()


def _unlink_content(source: Path, site: Path) -> None:
    """Real copies of what WordPress writes to: its configuration and the uploads."""
    (site / "wp-config.php").unlink()
    shutil.copy2(source / "wp-config.php", site / "wp-config.php")
    uploads = site / "wp-content" / "uploads"
    shutil.rmtree(uploads, ignore_errors=True)
    shutil.copytree(source / "wp-content" / "uploads", uploads)


def _php() -> str:
    found = program("php")
    if found is None:
        raise Unavailable("PHP is missing: apt-get install -y php-cli")
    return found


def _options() -> list[str]:
    """Settings of PHP; not `opcache.file_cache`, which mixed class names up between scripts."""
    values = {
        "memory_limit": "768M",
        "max_execution_time": "300",
        "opcache.memory_consumption": "192",
        "opcache.max_accelerated_files": "20000",
        "opcache.revalidate_freq": "0",
        "display_errors": "0",
        "log_errors": "1",
    }
    return [part for name, value in values.items() for part in ("-d", f"{name}={value}")]


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


_KEY = """
global $wpdb;
$key = 'ck_' . wc_rand_hash();
$secret = 'cs_' . wc_rand_hash();
$wpdb->insert( $wpdb->prefix . 'woocommerce_api_keys', array(
    'user_id' => 1,
    'description' => 'test',
    'permissions' => $args['permissions'],
    'consumer_key' => wc_api_hash( $key ),
    'consumer_secret' => $secret,
    'truncated_key' => substr( $key, -7 ),
) );
return array( 'key' => $key, 'secret' => $secret );
"""
