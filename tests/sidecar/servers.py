"""Private servers for the tests: own data folder and socket or port, gone when the tests are."""

from __future__ import annotations

import getpass
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

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
    server, install, client = _programs("MariaDB", "mariadbd", "mariadb-install-db", "mariadb")
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
        ]  # fmt: skip
        with _running("MariaDB", command, sock.exists):
            make = "CREATE DATABASE app; CREATE DATABASE mirror"
            subprocess.run([client, "--no-defaults", "-S", str(sock), "-uroot", "-e", make], check=True)
            yield f"mysql+pymysql://root@localhost/%s?unix_socket={sock}"


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """SQLAlchemy URL with %s for the database's name (app or mirror)."""
    newest = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    places = os.pathsep.join(map(str, [*reversed(newest), PLACES]))
    install, server, client = _programs("PostgreSQL", "initdb", "postgres", "psql", places=places)
    with _folder("postgres") as folder:
        # PostgreSQL does not run as root.
        user = "postgres" if os.geteuid() == 0 else getpass.getuser()
        if os.geteuid() == 0:
            found = pwd.getpwnam(user)
            os.chown(folder, found.pw_uid, found.pw_gid)
        rights = (
            ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if os.geteuid() == 0 else []
        )
        data = folder / "data"
        subprocess.run(
            [*rights, install, "-D", data, "-U", "root", "-A", "trust", "-E", "UTF8",
             "--locale=C.UTF-8", "--no-sync"],
            check=True, capture_output=True, cwd=folder,
        )  # fmt: skip
        command = [
            *rights, server, "-D", str(data), "-k", str(folder), "-c", "listen_addresses=", "-c", "fsync=off",
        ]  # fmt: skip
        asked = [client, "-X", "-q", "-h", str(folder), "-U", "root", "-d", "postgres"]

        def answers() -> bool:
            return (
                subprocess.run([*asked, "-c", "SELECT 1"], capture_output=True, check=False).returncode == 0
            )

        with _running("PostgreSQL", command, answers, cwd=folder):
            subprocess.run([*asked, "-c", "CREATE DATABASE app", "-c", "CREATE DATABASE mirror"], check=True)
            yield f"postgresql+psycopg://root@/%s?host={folder}"


@pytest.fixture(scope="session")
def redis() -> Iterator[str]:
    """URL of a Redis that keeps nothing on disk."""
    (server,) = _programs("Redis", "redis-server")
    port = free_port()
    with _folder("redis") as folder:
        command = [server, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
        with _running("Redis", command, lambda: _listens(port)):
            yield f"redis://127.0.0.1:{port}/0"


def _programs(what: str, *names: str, places: str = PLACES) -> list[str]:
    """Where the programs are; the test is skipped, by name, when one is not on this machine."""
    found = {name: shutil.which(name, path=places) for name in names}
    if missing := [name for name, path in found.items() if path is None]:
        pytest.skip(f"{what}: {', '.join(missing)} is not on this machine")
    return [str(path) for path in found.values()]


def drop_tables(databases: Databases) -> None:
    """Leaves both databases of a server empty for the next test."""
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


@contextmanager
def _running(
    what: str, command: list[str], ready: Callable[[], bool], cwd: Path | None = None
) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=cwd)
    try:
        end = time.monotonic() + 30
        while not ready():
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"{what} did not start")
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(20)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
