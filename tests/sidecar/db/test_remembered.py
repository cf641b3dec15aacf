"""What is kept in memory is what a query would answer, also when another process wrote."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, bindparam, event, insert, select, update

from sidecar.core.errors import Unavailable
from sidecar.db import open_databases, remembered, write
from sidecar.db.app import shops
from tests.sidecar.laid import lay

QUERY = select(shops.c.state).where(shops.c.shop_id == bindparam("shop"))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    lay(tmp_path)
    databases = open_databases(f"sqlite:///{tmp_path}/app.sqlite3", f"sqlite:///{tmp_path}/mirror.sqlite3")
    with write(databases.app) as conn:
        row = {
            "shop_id": "a", "site_id": "s", "home_url": "http://shop", "rest_url": "http://shop/wp-json/",
            "name": "Shop", "state": "paired", "facts": {}, "versions": {}, "paired_at": 1,
        }  # fmt: skip
        conn.execute(insert(shops).values(row))
    yield databases.app
    databases.dispose()


def asked(engine: Engine) -> list[str]:
    """Statements that reach the database from now on."""
    seen: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda _c, _cur, text, *_: seen.append(text))
    return seen


def state(engine: Engine) -> str:
    rows = remembered(engine, QUERY, {"shop": "a"})
    return str(rows[0].state) if rows else "none"


def test_a_second_look_asks_nothing(engine: Engine) -> None:
    assert state(engine) == "paired"
    seen = asked(engine)
    assert state(engine) == "paired"
    assert seen == []
    assert remembered(engine, QUERY, {"shop": "b"}) == []
    assert len(seen) == 1


def test_a_commit_elsewhere_in_the_file_makes_nothing_anew(engine: Engine) -> None:
    kept = remembered(engine, QUERY, {"shop": "a"})
    with write(engine) as conn:
        conn.execute(update(shops).values(name="Other"))
    seen = asked(engine)
    assert remembered(engine, QUERY, {"shop": "a"}) is kept
    assert seen == []


def test_a_value_that_changed_and_came_back_is_the_same_answer(engine: Engine) -> None:
    for wanted in ("paired", "gone", "paired"):
        with write(engine) as conn:
            conn.execute(update(shops).values(state=wanted))
        assert state(engine) == wanted
        engine.dispose()
        assert state(engine) == wanted


def test_a_commit_of_this_process_is_seen_at_once(engine: Engine) -> None:
    for wanted in ("unpaired", "paired") * 20:
        with write(engine) as conn:
            conn.execute(update(shops).values(state=wanted))
        assert state(engine) == wanted


def test_a_commit_of_another_process_is_seen_at_once(engine: Engine) -> None:
    assert state(engine) == "paired"
    path = engine.url.database
    code = f"""
import sqlite3
connection = sqlite3.connect({path!r})
connection.execute("UPDATE shops SET state = 'gone'")
connection.commit()
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    assert state(engine) == "gone"


def test_a_transaction_that_is_open_changes_nothing(engine: Engine) -> None:
    assert state(engine) == "paired"
    with write(engine) as conn:
        conn.execute(update(shops).values(state="half"))
        assert state(engine) == "paired"
    assert state(engine) == "half"


def test_a_file_that_went_away_is_an_error_and_not_an_old_answer(engine: Engine, tmp_path: Path) -> None:
    assert state(engine) == "paired"
    engine.dispose()
    for path in tmp_path.glob("app.sqlite3*"):
        path.unlink()
    (tmp_path / "app.sqlite3").mkdir()
    with pytest.raises(Unavailable):
        state(engine)


def test_a_writer_waits_for_another_process(engine: Engine) -> None:
    other = sqlite3.connect(str(engine.url.database), isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.3, lambda: other.execute("COMMIT"))
    timer.start()
    with write(engine) as conn:
        conn.execute(update(shops).values(state="later"))
    timer.join()
    assert state(engine) == "later"
    other.close()
