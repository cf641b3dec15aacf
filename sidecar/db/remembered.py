"""Rows that every request asks for, kept in memory for as long as the database stays as it is."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import CompoundSelect, Dialect, Engine, Row, Select, event

from sidecar.db.session import read

MOST = 1_000
"""Answers that a process keeps; beyond them it begins anew."""

Query = Select[Any] | CompoundSelect[Any]
Key = tuple[Query, tuple[tuple[str, object], ...]]
Version = tuple[int, int]
Rows = Sequence[Row[*tuple[Any, ...]]]


@dataclass
class _Answer:
    """Rows, as SQLite gave them and as SQLAlchemy made them, and the version they were last looked at."""

    version: Version
    raw: list[Any]
    rows: Rows


class _Watch:
    """One process's eye on one SQLite file: a connection that never writes, and the answers so far."""

    def __init__(self, engine: Engine) -> None:
        self._lock = threading.Lock()
        self._connection: Any = None
        self._opened = 0
        self._answers: dict[Key, _Answer] = {}
        self._path, self._dialect = engine.url.database, engine.dialect
        event.listen(engine, "engine_disposed", lambda _engine: self.close())

    def get(self, key: Key) -> tuple[Version, Rows | None]:
        """What differs after every commit of any process, and the rows if they are as they were.

        After a commit the file is asked again, without what SQLAlchemy does around a question, which takes
        ten times as long. sqlite3.Error when the file cannot be read.
        """
        with self._lock:
            if self._connection is None:
                self._connection = sqlite3.connect(
                    f"file:{self._path}?mode=ro", uri=True, check_same_thread=False
                )
                self._opened += 1
            version = self._opened, int(self._connection.execute("PRAGMA data_version").fetchone()[0])
            kept = self._answers.get(key)
            if kept is None:
                return version, None
            if kept.version != version:
                if self.ask(self._connection, key) != kept.raw:
                    return version, None
                kept.version = version
            return version, kept.rows

    def ask(self, connection: Any, key: Key) -> list[Any]:
        """What SQLite answers."""
        text, names, fixed = _text(key[0], self._dialect)
        given = {**fixed, **dict(key[1])}
        return list(connection.execute(text, [given[name] for name in names]).fetchall())

    def keep(self, key: Key, answer: _Answer) -> None:
        """Keeps an answer that was read after its version was seen."""
        with self._lock:
            if len(self._answers) >= MOST:
                self._answers = {}
            self._answers[key] = answer

    def close(self) -> None:
        """Lets the file go."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection, self._answers = None, {}


_watches: WeakKeyDictionary[Engine, _Watch] = WeakKeyDictionary()
_lock = threading.Lock()


def remembered(engine: Engine, query: Query, given: Mapping[str, object]) -> Rows:
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
            version, kept = watch.get(key)
        except sqlite3.Error:
            watch.close()  # the query says what is wrong
        else:
            if kept is not None:
                return kept
    with read(engine) as conn:
        rows = conn.execute(query, given).all()
        if watch is not None and version is not None:
            # In the same moment.
            watch.keep(key, _Answer(version, watch.ask(conn.connection.driver_connection, key), rows))
    return rows


@lru_cache(maxsize=100)
def _text(query: Query, dialect: Dialect) -> tuple[str, Sequence[str], Mapping[str, object]]:
    """A query as SQLite reads it, the names of its parameters in their order, and values it holds itself."""
    made = query.compile(dialect=dialect)
    return str(made), getattr(made, "positiontup", None) or (), made.params


def _watch(engine: Engine) -> _Watch | None:
    if engine.dialect.name != "sqlite" or engine.url.database in (None, "", ":memory:"):
        return None
    with _lock:
        found = _watches.get(engine)
        if found is None:
            found = _watches[engine] = _Watch(engine)
        return found
