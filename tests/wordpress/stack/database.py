"""A MariaDB server of our own: its own data folder, socket and port, under the current user."""

from __future__ import annotations

import getpass
import hashlib
import os
import secrets
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pymysql

from tests.wordpress.stack.packages import Unavailable, program
from tests.wordpress.stack.process import Process, free_port

USER = "wordpress"


class Database:
    """MariaDB in `root/db`: `start` makes the folder when it is not there yet; `stop` shuts down cleanly.

    Other tests may use it too: `Database(tmp_path)`, `start()`, `url("sidecar")`.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.data = root / "db"
        self.process = Process("mariadbd", root / "run", root / "log" / "mariadb.log")
        self._port_file = root / "run" / "mariadbd.port"

    @property
    def port(self) -> int:
        """TCP port on 127.0.0.1 of the running server."""
        return int(self._port_file.read_text())

    @property
    def socket(self) -> str:
        """Path of the socket, in the temporary folder when `root` is too deep for the 107 bytes allowed."""
        path = str(self.root / "run" / "mariadb.sock")
        if len(path) < 100:
            return path
        return f"{tempfile.gettempdir()}/devskyy-{hashlib.sha256(path.encode()).hexdigest()[:16]}.sock"

    @property
    def password(self) -> str:
        """Password of the user `wordpress`, made once for each data folder."""
        return (self.data / "password").read_text()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        server = program("mariadbd")
        if server is None:
            raise Unavailable("mariadbd is missing: apt-get install -y mariadb-server-core")
        if not (self.data / "mysql").is_dir():
            self._make_data()
        if self.process.pid is None:
            self._port_file.parent.mkdir(parents=True, exist_ok=True)
            self._port_file.write_text(str(free_port()))
        self.process.start(
            [
                server,
                "--no-defaults",
                *self._as_user(),
                f"--datadir={self.data}",
                f"--socket={self.socket}",
                f"--port={self.port}",
                f"--pid-file={self.root}/run/mariadb.own.pid",
                f"--init-file={self.data}/init.sql",
                "--bind-address=127.0.0.1",
                "--skip-name-resolve",
                "--skip-log-bin",
                "--character-set-server=utf8mb4",
                "--innodb-buffer-pool-size=192M",
                "--innodb-log-file-size=32M",
                "--innodb-flush-log-at-trx-commit=2",
                "--performance-schema=OFF",
            ]
        )
        self.process.wait(self.answers, seconds=60)

    def stop(self) -> None:
        """Shut the server down and wait for its end."""
        self.process.stop()

    def answers(self) -> bool:
        """Whether a connection gets through; the statements of its start are done by then."""
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(self.socket) == 0

    def query(self, sql: str, *values: Any, database: str | None = None) -> list[tuple[Any, ...]]:
        """Run one statement, values by `%s`, committed at once; rows as tuples."""
        connection = pymysql.connect(
            unix_socket=self.socket, user=USER, password=self.password, database=database, autocommit=True
        )
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql, values or None)
                return list(cursor.fetchall())
        finally:
            connection.close()

    def create(self, name: str) -> None:
        """Make an empty database of that name; one that is there already goes first."""
        self.query(f"DROP DATABASE IF EXISTS `{name}`")
        self.query(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")

    def url(self, name: str) -> str:
        """SQLAlchemy address of a database on this server."""
        return f"mysql+pymysql://{USER}:{self.password}@127.0.0.1:{self.port}/{name}?charset=utf8mb4"

    def _make_data(self) -> None:
        installer = program("mariadb-install-db")
        if installer is None:
            raise Unavailable("mariadb-install-db is missing: apt-get install -y mariadb-server-core")
        self.data.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            [
                installer,
                "--no-defaults",
                *self._as_user(),
                f"--datadir={self.data}",
                "--skip-test-db",
                "--auth-root-authentication-method=socket",
                f"--auth-root-socket-user={getpass.getuser()}",
                "--innodb-log-file-size=32M",
            ],
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise Unavailable(f"mariadb-install-db failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        password = secrets.token_hex(16)
        (self.data / "password").write_text(password)
        grants = [
            f"CREATE USER IF NOT EXISTS '{USER}'@'{host}' IDENTIFIED BY '{password}';\n"
            f"GRANT ALL ON *.* TO '{USER}'@'{host}';\n"
            for host in ("localhost", "127.0.0.1")
        ]
        create = "CREATE DATABASE IF NOT EXISTS wordpress CHARACTER SET utf8mb4;\n"
        (self.data / "init.sql").write_text(create + "".join(grants))

    @staticmethod
    def _as_user() -> list[str]:
        # MariaDB refuses to run as root unless it is told so by name; the folder is root's own then.
        return ["--user=root"] if os.geteuid() == 0 else []
