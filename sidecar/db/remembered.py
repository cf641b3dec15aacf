"""Rows that every request asks for, kept in memory for as long as the database stays as it is."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, Row, Select, event

from sidecar.db.session import read

MOST = 1_000
"""Answers that a process keeps; beyond them it begins anew."""

Key = tuple[Select[Any], tuple[tuple[str, object], ...]]


class _Watch:
    """One process's eye on one SQLite file: a connection that never writes, and the answers so far."""

    def __init__(self, engine: Engine) -> None:
        self._lock = threading.Lock()
        self._connection: Any = None
        self._version = -1
        self._answers: dict[Key, Sequence[Row[Any]]] = {}
        self._path = engine.url.database
        event.listen(engine, "engine_disposed", lambda _engine: self.close())

    def version(self) -> int:
        """A number that differs after every commit of any process; what was kept of another one is dropped.

        sqlite3.Error when the file cannot be read.
        """
        with self._lock:
            if self._connection is None:
                self._connection = sqlite3.connect(
                    f"file:{self._path}?mode=ro", uri=True, check_same_thread=False
                )
            version = int(self._connection.execute("PRAGMA data_version").fetchone()[0])
            if version != self._version or len(self._answers) >= MOST:
                self._version, self._answers = version, {}
            return version

    def get(self, key: Key) -> Sequence[Row[Any]] | None:
        return self._answers.get(key)

    def keep(self, key: Key, rows: Sequence[Row[Any]], version: int) -> None:
        """Keeps rows that were read after `version` was seen."""
        with self._lock:
            if version == self._version:
                self._answers[key] = rows

    def close(self) -> None:
        """Lets the file go."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection, self._version, self._answers = None, -1, {}


_watches: WeakKeyDictionary[Engine, _Watch] = WeakKeyDictionary()
_lock = threading.Lock()


def remembered(engine: Engine, query: Select[Any], given: Mapping[str, object]) -> Sequence[Row[Any]]:
    """The rows of a query that is made once, with these parameters; nobody may change what they hold.

    SQLite counts the commits of all other connections (https://sqlite.org/pragma.html#pragma_data_version),
    so a change is seen as soon as the query itself would see it: a key revoked by another process is refused
    by the next request. Other databases count nothing of the kind, and are asked each time.
    """
    watch = _watch(engine)
    key = (query, tuple(given.items()))
    version = None
    if watch is not None:
        try:
            version = watch.version()
        except sqlite3.Error:
            watch.close()  # the query says what is wrong
        else:
            kept = watch.get(key)
            if kept is not None:
                return kept
    with read(engine) as conn:
        rows = conn.execute(query, given).all()
    if watch is not None and version is not None:
        watch.keep(key, rows, version)
    return rows


def _watch(engine: Engine) -> _Watch | None:
    if engine.dialect.name != "sqlite" or engine.url.database in (None, "", ":memory:"):
        return None
    with _lock:
        found = _watches.get(engine)
        if found is None:
            found = _watches[engine] = _Watch(engine)
        return found
