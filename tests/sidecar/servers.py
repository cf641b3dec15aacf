"""Private servers for the tests: own data folder and socket or port, gone when the tests are."""

from __future__ import annotations

import getpass
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from sidecar.db import Databases, write
from sidecar.db.app import app
from sidecar.db.migrate import version_table
from sidecar.db.mirror import mirror
from tests.wordpress.stack.process import free_port

PLACES = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin"


@pytest.fixture(scope="session")
def mariadb() -> Iterator[str]:
    """SQLAlchemy URL with %s for the database's name (app or mirror)."""
    server, install, client = _programs(
        "MariaDB", "mariadb-server-core mariadb-client-core", "mariadbd", "mariadb-install-db", "mariadb"
    )
    with _folder("maria") as folder:
        user = getpass.getuser()
        subprocess.run(
            [install, "--no-defaults", f"--datadir={folder}/data", "--auth-root-authentication-method=normal",
             "--skip-test-db", f"--user={user}"],
            check=True, capture_output=True,
        )  # fmt: skip
        sock = folder / "s.sock"
        command = [
            server, "--no-defaults", f"--datadir={folder}/data", f"--socket={sock}", "--skip-networking",
            f"--pid-file={folder}/pid", f"--user={user}", "--innodb-flush-log-at-trx-commit=2",
            "--innodb-flush-method=nosync",
        ]  # fmt: skip
        # SIGKILL: in order, it would write to the end what is thrown away next.
        with _running("MariaDB", command, sock.exists, stop=signal.SIGKILL):
            make = "CREATE DATABASE app; CREATE DATABASE mirror"
            subprocess.run([client, "--no-defaults", "-S", str(sock), "-uroot", "-e", make], check=True)
            yield f"mysql+pymysql://root@localhost/%s?unix_socket={sock}"


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """SQLAlchemy URL with %s for the database's name (app or mirror)."""
    newest = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    places = os.pathsep.join(map(str, [*reversed(newest), PLACES]))
    install, server, client = _programs(
        "PostgreSQL", "postgresql", "initdb", "postgres", "psql", places=places
    )
    with _folder("postgres") as folder:
        rights = _not_as_root("postgres", folder)
        data = str(folder / "data")
        subprocess.run(
            [*rights, install, "-D", data, "-U", "devskyy", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
             "--no-sync"],
            check=True, capture_output=True, cwd=folder,
        )  # fmt: skip
        quick = ["-c", "listen_addresses=", "-c", "fsync=off"]
        command = [*rights, server, "-D", data, "-k", str(folder), *quick]
        asked = [client, "-X", "-q", "-h", str(folder), "-U", "devskyy", "-d", "postgres"]

        def answers() -> bool:
            done = subprocess.run([*asked, "-c", "SELECT 1"], capture_output=True, check=False)
            return done.returncode == 0

        # SIGINT: by SIGTERM it would wait for every client to leave.
        with _running("PostgreSQL", command, answers, cwd=folder, stop=signal.SIGINT):
            subprocess.run([*asked, "-c", "CREATE DATABASE app", "-c", "CREATE DATABASE mirror"], check=True)
            yield f"postgresql+psycopg://devskyy@/%s?host={folder}"


@pytest.fixture(scope="session")
def redis() -> Iterator[str]:
    """URL of a Redis that keeps nothing on disk."""
    (server,) = _programs("Redis", "redis-server", "redis-server")
    port = free_port()
    with _folder("redis") as folder:
        command = [server, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
        with _running("Redis", command, lambda: _listens(port)):
            yield f"redis://127.0.0.1:{port}/0"


@pytest.fixture(scope="session")
def rabbitmq() -> Iterator[str]:
    """URL of a RabbitMQ with its own name service (epmd), so that none stays behind."""
    # Not the one in /usr/sbin, which writes to the system's folders.
    server, names = _programs(
        "RabbitMQ", "rabbitmq-server", "rabbitmq-server", "epmd", places=f"/usr/lib/rabbitmq/bin:{PLACES}"
    )
    port, names_port = free_port(), free_port()
    with _folder("rabbit") as folder:
        (folder / "plugins").write_text("[].")
        rights = _not_as_root("rabbitmq", folder)
        environment = {
            "HOME": str(folder), "ERL_EPMD_ADDRESS": "127.0.0.1", "ERL_EPMD_PORT": str(names_port),
            "RABBITMQ_NODENAME": "devskyy@localhost", "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder / "log"), "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(port), "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_PID_FILE": str(folder / "pid"), "RABBITMQ_CONF_ENV_FILE": str(folder / "none"),
        }  # fmt: skip
        options = {"cwd": folder, "env": os.environ | environment}
        with (
            _running("epmd", [*rights, names], lambda: _listens(names_port), **options),
            _running("RabbitMQ", [*rights, server], lambda: _listens(port), **options),
        ):
            yield f"amqp://guest:guest@127.0.0.1:{port}/"


def _programs(what: str, packages: str, *names: str, places: str = PLACES) -> list[str]:
    """Where the programs are; the test is skipped, by name, when one is not on this machine."""
    found = [path for name in names if (path := shutil.which(name, path=places))]
    if len(found) < len(names):
        pytest.skip(f"{what} is not installed (apt-get install -y {packages})")
    return found


def empty_tables(databases: Databases) -> None:
    """Leaves both databases of a server without rows, which is far quicker than without tables."""
    for engine, tables in ((databases.app, app), (databases.mirror, mirror)):
        with write(engine) as conn:
            for table in tables.sorted_tables:
                conn.execute(table.delete())


def drop_tables(databases: Databases) -> None:
    """Leaves both databases of a server empty, for tests of the tables themselves."""
    for engine, tables in ((databases.app, app), (databases.mirror, mirror)):
        tables.drop_all(engine)
        with write(engine) as conn:
            for name in (version_table("app"), version_table("mirror")):
                conn.execute(text(f"DROP TABLE IF EXISTS {name}"))


@contextmanager
def _folder(name: str) -> Iterator[Path]:
    # A socket's path may hold about 100 characters: pytest's own folders are too deep.
    folder = Path(tempfile.mkdtemp(prefix=f"devskyy-{name}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _not_as_root(user: str, folder: Path) -> list[str]:
    """The words that start a server as its package's user, who gets the folder; none unless this is root."""
    if os.geteuid() != 0:
        return []
    found = pwd.getpwnam(user)
    os.chown(folder, found.pw_uid, found.pw_gid)
    return ["setpriv", f"--reuid={user}", f"--regid={found.pw_gid}", "--clear-groups"]


@contextmanager
def _running(
    what: str,
    command: list[str],
    ready: Callable[[], bool],
    stop: signal.Signals = signal.SIGTERM,
    **how: Any,
) -> Iterator[None]:
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, stdout=quiet, stderr=quiet, stdin=quiet, **how)
    try:
        end = time.monotonic() + 30
        while not ready():
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"{what} did not start")
            time.sleep(0.1)
        yield
    finally:
        process.send_signal(stop)
        process.wait(20)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
