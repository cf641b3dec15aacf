"""A private MariaDB server for the tests of the database room: own data folder and socket, no network."""

from __future__ import annotations

import getpass
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def mariadb() -> Iterator[str]:
    """SQLAlchemy URL with %s for the database's name (app or mirror)."""
    tools = [
        shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")
        for name in ("mariadbd", "mariadb-install-db", "mariadb")
    ]
    if None in tools:
        pytest.skip("MariaDB: mariadbd, mariadb-install-db or mariadb is not on this machine")
    server, install, client = map(str, tools)
    # A socket's path may hold about 100 characters: pytest's own folders are too deep.
    folder = Path(tempfile.mkdtemp(prefix="devskyy-maria-"))
    user = getpass.getuser()
    subprocess.run(
        [install, "--no-defaults", f"--datadir={folder}/data", "--auth-root-authentication-method=normal",
         "--skip-test-db", f"--user={user}"],
        check=True, capture_output=True,
    )  # fmt: skip
    socket = folder / "s.sock"
    process = subprocess.Popen(
        [server, "--no-defaults", f"--datadir={folder}/data", f"--socket={socket}", "--skip-networking",
         f"--pid-file={folder}/pid", f"--user={user}", "--innodb-flush-log-at-trx-commit=2"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait(process, socket)
        make = "CREATE DATABASE app; CREATE DATABASE mirror"
        subprocess.run([client, "--no-defaults", "-S", str(socket), "-uroot", "-e", make], check=True)
        yield f"mysql+pymysql://root@localhost/%s?unix_socket={socket}"
    finally:
        process.terminate()
        process.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def _wait(process: subprocess.Popen[bytes], socket: Path) -> None:
    end = time.monotonic() + 30
    while not socket.exists():
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError("MariaDB did not start")
        time.sleep(0.1)
