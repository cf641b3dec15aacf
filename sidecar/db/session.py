"""Engines and transactions: the same rules on SQLite, MySQL/MariaDB and PostgreSQL.

Writers take SQLite's write lock at BEGIN, so that a read-then-write never fails half way; readers see one
moment. Trouble with the database itself becomes `Unavailable` with a hint, wherever the statement was run.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import orjson
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import IntegrityError, NoSuchModuleError

from sidecar.core.errors import DevSkyyError, Unavailable

BUSY_S = 15.0
"""Longest wait for another writer on SQLite."""

KEPT, MOST = 10, 128
"""Connections that a process keeps, more than the usual threads of a web process: what comes back beyond them
is closed, and opening one costs more than most requests. And the most that SQLite is opened by.
"""

SHORTEST_S, LONGEST_S = 0.0001, 0.001
"""Between two looks at SQLite's write lock."""

TURNS: WeakKeyDictionary[Engine, threading.Lock] = WeakKeyDictionary()
READERS: WeakKeyDictionary[Engine, list[Connection]] = WeakKeyDictionary()
"""Idle connections that only read, each within SQLAlchemy's one long transaction: to begin and end that takes
longer than most queries. SQLite's own transactions are begun and ended at each use.
"""

READ = {"devskyy_read": True}
# A reader of PostgreSQL sees one moment; a writer there must see what others committed while it waited for
# them, as on the other databases: REPEATABLE READ would end it instead ("could not serialize access").
READ_POSTGRESQL = READ | {"isolation_level": "REPEATABLE READ"}

# (words of the driver, code, message, hint): the first match counts.
TROUBLE = [
    (
        ("database is locked", "lock wait timeout", "deadlock"),
        "database_locked",
        "Another process holds the database.",
        "Try again in a moment. If it stays, look for a second sidecar on the same data folder.",
    ),
    (
        ("database or disk is full", "no space left", "disk full", "the table is full"),
        "disk_full",
        "The disk of the database is full.",
        "Free some space on it; the sidecar goes on by itself.",
    ),
    (
        ("readonly database", "read-only", "read only"),
        "database_readonly",
        "The database cannot be written.",
        "Give the sidecar's user the right to write the data folder and its files.",
    ),
    (
        ("unable to open", "can't connect", "connection refused", "gone away", "lost connection",
         "disk i/o error", "server closed", "connection failed", "terminating connection",
         "could not connect", "access denied", "unknown database", "password authentication",
         "server has gone", "timed out"),
        "database_gone",
        "The database cannot be reached.",
        "Check DEVSKYY_DATABASE_URL and DEVSKYY_MIRROR_URL, the server, and that the data folder exists.",
    ),
    (
        ("no such table", "no such column", "doesn't exist", "does not exist", "unknown column"),
        "database_outdated",
        "The database lacks a table or column of this version.",
        "Stop the sidecar and run `devskyy migrate`.",
    ),
    (
        ("malformed", "not a database"),
        "database_damaged",
        "The database file is damaged.",
        "Restore it from a backup. The mirror may be deleted instead: `devskyy sync --full` makes it again.",
    ),
]  # fmt: skip


@dataclass(frozen=True)
class Databases:
    """The two engines of a sidecar."""

    app: Engine
    mirror: Engine

    def dispose(self) -> None:
        """Closes all idle connections."""
        self.app.dispose()
        self.mirror.dispose()


def open_databases(app_url: str, mirror_url: str) -> Databases:
    """Engines for both URLs; folders of SQLite files are made. Runs no migration: `migrate.upgrade_all`."""
    return Databases(app=open_engine(app_url), mirror=open_engine(mirror_url))


def open_engine(url: str) -> Engine:
    """An engine with the project's rules; Unavailable when its driver is not installed."""
    parsed = make_url(url)
    # What a statement carries (personal data, sealed keys) stays out of error messages and logs.
    options: dict[str, Any] = {"hide_parameters": True, "json_deserializer": _json}
    if parsed.get_backend_name() == "sqlite":
        options["connect_args"] = {"timeout": BUSY_S, "check_same_thread": False}
        options |= {"pool_size": KEPT, "max_overflow": MOST - KEPT}
        if parsed.database and parsed.database != ":memory:":
            _make_folder(Path(parsed.database).parent)
    else:
        options |= {"pool_pre_ping": True, "pool_recycle": 1800, "pool_size": KEPT, "max_overflow": 5}
        if parsed.get_backend_name() == "postgresql":
            options["isolation_level"] = "READ COMMITTED"
        else:
            options["isolation_level"] = "REPEATABLE READ"
            if "charset" not in parsed.query:
                parsed = parsed.update_query_dict({"charset": "utf8mb4"})
    try:
        engine = create_engine(parsed, **options)
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise Unavailable(
            f"The driver for {parsed.drivername} is not installed.",
            code="database_driver_missing",
            hint="Install it: pip install 'devskyy[mysql]' or 'devskyy[postgres]' "
            "(URLs mysql+pymysql://… and postgresql+psycopg://…).",
        ) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _sqlite_connect)
        event.listen(engine, "begin", _sqlite_begin)
        TURNS[engine] = threading.Lock()
        if parsed.database and parsed.database != ":memory:":
            READERS[engine] = []
            event.listen(engine, "engine_disposed", _close_readers)
            event.listen(engine, "set_engine_execution_options", lambda own, _: _close_readers(own))
    event.listen(engine, "handle_error", _explain)
    return engine


def _json(text: str) -> Any:
    """JSON of a column; what orjson is too strict for (NaN, numbers beyond 64 bits), json reads."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(text)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(
            f"The data folder {folder} cannot be made: {error.strerror}.",
            code="database_gone",
            hint="Choose a folder that the sidecar's user may write: DEVSKYY_DATA_DIR.",
        ) from error


def _sqlite_connect(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes too late and is never IMMEDIATE
    _use_wal(connection)
    for pragma in (
        "synchronous=NORMAL",
        "foreign_keys=ON",
        "cache_size=-16000",
        "temp_store=FILE",
        # Pages of the log, 16 MB: most of them are of the same few pages, which then reach the file, and the
        # disk, once for many commits.
        "wal_autocheckpoint=4000",
        "secure_delete=ON",  # what is deleted is overwritten: an erased person must not stay in free pages
    ):
        connection.execute(f"PRAGMA {pragma}")


def _use_wal(connection: Any) -> None:
    """Where two processes switch a new file at once, SQLite refuses one of them without waiting."""
    end = time.monotonic() + BUSY_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > end:
                raise
            time.sleep(0.05)


def _sqlite_begin(connection: Connection) -> None:
    # Straight to the driver: SQLAlchemy's own way takes ten times as long, and every request comes here.
    run = connection.connection.driver_connection.execute  # type: ignore[union-attr]
    try:
        if connection.get_execution_options().get("devskyy_read"):
            run("BEGIN")
        else:
            _begin_writing(run)
    except sqlite3.Error as error:
        raise _trouble(error) or error from error


def _begin_writing(run: Callable[[str], Any]) -> None:
    """Takes SQLite's write lock, looking for it every millisecond while another process holds it.

    SQLite's own waiting sleeps longer and longer, up to a tenth of a second, while most transactions here
    take less than one millisecond.
    """
    end, pause = time.monotonic() + BUSY_S, SHORTEST_S
    run("PRAGMA busy_timeout=0")
    try:
        while True:
            try:
                run("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > end:
                    raise
                time.sleep(pause)
                pause = min(2 * pause, LONGEST_S)
    finally:
        run(f"PRAGMA busy_timeout={int(BUSY_S * 1000)}")


@contextmanager
def write(engine: Engine) -> Iterator[Connection]:
    """A transaction that writes; commits at the end, rolls back on any exception."""
    with _turn(engine), engine.begin() as conn:
        yield conn


@contextmanager
def _turn(engine: Engine) -> Iterator[None]:
    """Lets the threads of a process write to SQLite one after another: there they would wait by sleeping, up
    to a tenth of a second at a time, while the file is free. Other processes wait at the file.
    """
    lock = TURNS.get(engine)
    taken = lock is not None and lock.acquire(timeout=BUSY_S)
    try:
        yield
    finally:
        if lock is not None and taken:
            lock.release()


@contextmanager
def read(engine: Engine) -> Iterator[Connection]:
    """A transaction that only reads and sees one moment; takes no lock and is rolled back at the end."""
    idle = READERS.get(engine)
    if idle is not None:
        with _reader(engine, idle) as conn:
            yield conn
        return
    with engine.connect() as conn:
        postgresql = engine.dialect.name == "postgresql"
        conn = conn.execution_options(**(READ_POSTGRESQL if postgresql else READ))
        with conn.begin() as transaction:
            yield conn
            transaction.rollback()


@contextmanager
def _reader(engine: Engine, idle: list[Connection]) -> Iterator[Connection]:
    try:
        conn = idle.pop()
    except IndexError:
        conn = engine.connect().execution_options(**READ)
        conn.begin()
    driver: sqlite3.Connection = conn.connection.driver_connection  # type: ignore[assignment]
    try:
        if not driver.in_transaction:  # a new one has begun
            _sqlite_begin(conn)
        yield conn
    finally:
        if _ended(driver) and len(idle) < KEPT:
            idle.append(conn)
        else:
            _let_go(conn)


def _ended(driver: sqlite3.Connection) -> bool:
    """Whether the transaction could be rolled back, so that the connection may be used again."""
    try:
        driver.rollback()
    except sqlite3.Error:
        return False
    return True


def _close_readers(engine: Engine) -> None:
    idle = READERS.get(engine, [])
    while idle:
        _let_go(idle.pop())


def _let_go(conn: Connection) -> None:
    conn.invalidate()
    conn.close()


def ping(engine: Engine) -> None:
    """Asks the database for an answer; Unavailable when it gives none."""
    with read(engine) as conn:
        conn.execute(text("SELECT 1"))


def overwrite_deleted(engine: Engine, *, rebuild: bool = False) -> bool:
    """Empties SQLite's log of old pages into its file; with `rebuild`, writes the whole file anew first.

    False when a reader needed the log for longer than two seconds. Servers do both by themselves (InnoDB's
    purge, autovacuum).
    Unavailable when the file is locked or the disk is full: a rebuild takes the file's size once more.
    """
    if engine.dialect.name != "sqlite":
        return True
    connection = engine.raw_connection()
    try:
        run = connection.driver_connection.execute  # type: ignore[union-attr]
        if rebuild:
            run("VACUUM")
        run("PRAGMA busy_timeout=2000")
        return bool(run("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0)
    except sqlite3.OperationalError as error:
        raise _trouble(error) or error from error
    finally:
        connection.driver_connection.execute(f"PRAGMA busy_timeout={int(BUSY_S * 1000)}")  # type: ignore[union-attr]
        connection.close()


def _explain(context: ExceptionContext) -> Unavailable | None:
    error = context.original_exception
    running = context.execution_context
    if running is not None and running.execution_options.get("skip_user_error_events"):
        return None  # SQLAlchemy asks MySQL for a table by this very error
    if isinstance(error, DevSkyyError) or isinstance(context.sqlalchemy_exception, IntegrityError):
        return None
    return _trouble(error)


def _trouble(error: BaseException) -> Unavailable | None:
    words = str(error).lower()
    for signs, code, message, hint in TROUBLE:
        if any(sign in words for sign in signs):
            return Unavailable(message, code=code, hint=hint, details={"reason": str(error)[:200]})
    return None
