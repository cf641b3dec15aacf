"""Connections that read are used again, and each use sees the file as it is then."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, text

from sidecar.core.errors import Unavailable
from sidecar.db import read, write
from sidecar.db.session import KEPT, READERS, open_engine, overwrite_deleted


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = open_engine(f"sqlite:///{tmp_path}/some.sqlite3")
    with write(made) as conn:
        conn.execute(text("CREATE TABLE things (n INTEGER)"))
        conn.execute(text("INSERT INTO things VALUES (1)"))
    yield made
    made.dispose()


def number(conn: Connection) -> int:
    return int(conn.execute(text("SELECT n FROM things")).scalar_one())


def change(engine: Engine) -> None:
    with write(engine) as conn:
        conn.execute(text("UPDATE things SET n = n + 1"))


def test_each_use_sees_one_moment_and_the_next_a_later_one(engine: Engine) -> None:
    for before in range(1, 4):
        with read(engine) as conn:
            assert number(conn) == before
            change(engine)
            assert number(conn) == before
    assert len(READERS[engine]) == 1


def test_readers_within_each_other_see_their_own_moments(engine: Engine) -> None:
    with read(engine) as outer:
        assert number(outer) == 1
        change(engine)
        with read(engine) as inner:
            assert inner is not outer
            assert (number(outer), number(inner)) == (1, 2)


def test_what_a_reader_writes_does_not_stay(engine: Engine) -> None:
    with read(engine) as conn:
        conn.execute(text("UPDATE things SET n = 50"))
    with read(engine) as conn:
        assert number(conn) == 1


def test_an_error_leaves_the_next_reader_well(engine: Engine) -> None:
    with pytest.raises(ZeroDivisionError), read(engine) as conn:
        conn.execute(text(f"SELECT {1 / number(conn) / 0}"))
    with pytest.raises(Unavailable), read(engine) as conn:
        conn.execute(text("SELECT n FROM nowhere"))
    change(engine)
    with read(engine) as conn:
        assert number(conn) == 2


def test_idle_readers_hold_neither_the_file_nor_its_log(engine: Engine, tmp_path: Path) -> None:
    with read(engine) as conn:
        number(conn)
    change(engine)
    assert overwrite_deleted(engine)
    assert (tmp_path / "some.sqlite3-wal").stat().st_size == 0


def test_only_some_are_kept_and_none_after_the_end(engine: Engine, tmp_path: Path) -> None:
    readers = [read(engine) for _ in range(KEPT + 3)]
    for reader in readers:
        number(reader.__enter__())
    for reader in readers:
        reader.__exit__(None, None, None)
    assert len(READERS[engine]) == KEPT
    engine.dispose()
    assert READERS[engine] == []
    held = [os.readlink(one) for one in Path("/proc/self/fd").iterdir() if one.exists()]
    assert not [path for path in held if path.startswith(str(tmp_path))]


def test_a_connection_that_broke_is_not_used_again(engine: Engine) -> None:
    with read(engine) as broken:
        broken.connection.driver_connection.close()  # type: ignore[union-attr]
    with read(engine) as conn:
        assert conn is not broken
        assert number(conn) == 1
