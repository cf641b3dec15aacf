"""Tables, migrations, transactions and upserts on SQLite and on the servers that are installed."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, String, func, insert, select, text

from sidecar.core.errors import Unavailable
from sidecar.core.types import from_scaled, to_scaled
from sidecar.db import Databases, insert_new, insert_rows, lease, open_databases, read, session, upsert, write
from sidecar.db.app import app, jobs, leases, price_history, runs
from sidecar.db.migrate import current, differences, head, upgrade, upgrade_all
from sidecar.db.mirror import mirror, products, reviews
from tests.sidecar.servers import drop_tables, empty_tables

SHOP = "6f1d8b8e-51a7-4c52-8a53-5a3d8f0f3a11"


@pytest.fixture(params=["sqlite", "mariadb", "postgresql"])
def databases(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Databases]:
    if request.param == "sqlite":
        opened = open_databases(
            f"sqlite:///{tmp_path}/deep/app.sqlite3", f"sqlite:///{tmp_path}/deep/mirror.sqlite3"
        )
    else:
        url = request.getfixturevalue(request.param)
        opened = open_databases(url % "app", url % "mirror")
    upgrade_all(opened)
    yield opened
    if request.param != "sqlite":
        empty_tables(opened)
    opened.dispose()


def test_migrations_make_exactly_the_declared_tables(databases: Databases) -> None:
    drop_tables(databases)  # other tests leave them, without rows
    for _ in range(2):  # a second time changes nothing
        upgrade_all(databases)
    assert differences(databases.app, "app") == []
    assert differences(databases.mirror, "mirror") == []
    assert current(databases.app, "app") == head("app")


UPGRADE = """
import sys
from sidecar.db import open_databases
from sidecar.db.migrate import upgrade_all
databases = open_databases(*sys.argv[1:])
print("ready", flush=True)
sys.stdin.readline()
upgrade_all(databases)
"""


def test_processes_that_upgrade_at_once_take_turns(databases: Databases, tmp_path: Path) -> None:
    if databases.app.dialect.name == "sqlite":
        urls = [f"sqlite:///{tmp_path}/app.sqlite3", f"sqlite:///{tmp_path}/mirror.sqlite3"]
    else:
        drop_tables(databases)
        urls = [engine.url.render_as_string(False) for engine in (databases.app, databases.mirror)]
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", UPGRADE, *urls]
    children = [subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) for _ in range(3)]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    told = [child.communicate(timeout=60)[1] for child in children]
    assert [(child.returncode, words) for child, words in zip(children, told, strict=True)] == [(0, "")] * 3
    made = open_databases(*urls)
    assert differences(made.app, "app") == differences(made.mirror, "mirror") == []
    made.dispose()


def test_differences_sees_a_missing_column(databases: Databases) -> None:
    with write(databases.app) as conn:
        conn.execute(text("ALTER TABLE leases DROP COLUMN until"))
    assert [change[0] for change in differences(databases.app, "app")] == ["add_column"]  # type: ignore[index]
    drop_tables(databases)
    upgrade_all(databases)


def test_both_may_share_one_database(tmp_path: Path) -> None:
    shared = open_databases(f"sqlite:///{tmp_path}/one.sqlite3", f"sqlite:///{tmp_path}/one.sqlite3")
    upgrade_all(shared)
    assert differences(shared.app, "app") == differences(shared.mirror, "mirror") == []
    shared.dispose()


@pytest.mark.parametrize("tables", [app, mirror])
def test_every_key_begins_with_the_shop_and_every_table_says_what_it_is_for(tables: object) -> None:
    for table in tables.tables.values():  # type: ignore[attr-defined]
        assert table.primary_key.columns.keys()[0] == "shop_id", table.name
        assert table.comment, table.name


def test_upsert_inserts_updates_and_keeps(databases: Databases) -> None:
    rows = [{"shop_id": SHOP, "name": name, "owner": "a", "until": 1} for name in ("x", "y")]
    with write(databases.app) as conn:
        upsert(conn, leases, rows)
        upsert(conn, leases, [{"shop_id": SHOP, "name": "x", "owner": "b", "until": 2}], keep=["until"])
        upsert(conn, leases, [])
        found = conn.execute(
            select(leases.c.name, leases.c.owner, leases.c.until).order_by(leases.c.name)
        ).all()
    assert [tuple(row) for row in found] == [("x", "b", 1), ("y", "a", 1)]


def test_insert_new_respects_other_unique_keys(databases: Databases) -> None:
    job = {
        "shop_id": SHOP,
        "kind": "sync",
        "state": "queued",
        "args": {},
        "unique_key": "sync",
        "created_at": 1,
        "title": "",
        "attempts": 0,
    }
    with write(databases.app) as conn:
        assert insert_new(conn, jobs, job | {"id": "1"})
        assert not insert_new(conn, jobs, job | {"id": "2"})
        assert insert_new(conn, jobs, job | {"id": "3", "unique_key": None})
        assert insert_new(conn, jobs, job | {"id": "4", "unique_key": None})
        assert conn.execute(select(func.count()).select_from(jobs)).scalar() == 3


def _plain(column: Column[Any]) -> str | int | None:
    """A value for a column that the test says nothing about."""
    return None if column.nullable else "" if isinstance(column.type, String) else 0


def test_rows_as_tuples_come_back_as_they_were(databases: Databases) -> None:
    words = "Seidenschal „Émilie“ 🧣 \\ 'quoted' \"twice\" %s"
    values = {
        "id": 7,
        "type": "simple",
        "status": "publish",
        "name": words,
        "regular_price": to_scaled(Decimal("19.9950")),
        "manage_stock": 1,
        "stock_quantity": 2.5,
        "stock_status": "instock",
        "backorders": "no",
        "categories": [1, 2],
        "tags": [],
        "attributes": [{"name": words, "options": ["a", "ß"], "variation": True}],
        "images": [],
        "description": "x" * 80_000,
        "short_description": "",
    }
    row = tuple(
        values.get(name, SHOP if name == "shop_id" else _plain(column)) for name, column in products.c.items()
    )
    with write(databases.mirror) as conn:
        insert_rows(conn, products, [row])
        found = conn.execute(select(products)).mappings().one()
    assert {name: found[name] for name in values} == values
    assert from_scaled(found["regular_price"]) == Decimal("19.995")


def test_money_at_the_edges(databases: Databases) -> None:
    amounts = [Decimal(text) for text in ("0", "0.0001", "-12.3456", "922337203685477.5807", "1E+3")]
    with write(databases.app) as conn:
        for number, amount in enumerate(amounts):
            conn.execute(
                insert(price_history),
                {"shop_id": SHOP, "item_id": number, "at": 1, "price": to_scaled(amount)},
            )
        found = conn.execute(select(price_history.c.price).order_by(price_history.c.item_id)).scalars()
        assert [from_scaled(value) for value in found] == amounts
    assert to_scaled(Decimal("0.00005")) == 1


def test_an_exception_leaves_nothing_behind(databases: Databases) -> None:
    def stumble() -> None:
        with write(databases.app) as conn:
            insert_new(conn, leases, {"shop_id": SHOP, "name": "x", "owner": "a", "until": 1})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        stumble()
    with read(databases.app) as conn:
        assert conn.execute(select(leases)).all() == []


def test_a_reader_sees_one_moment(databases: Databases) -> None:
    row = {"shop_id": SHOP, "owner": "a", "until": 1}
    with read(databases.app) as conn:
        assert conn.execute(select(func.count()).select_from(leases)).scalar() == 0
        with write(databases.app) as other:
            insert_new(other, leases, row | {"name": "x"})
        assert conn.execute(select(func.count()).select_from(leases)).scalar() == 0
    with read(databases.app) as conn:
        assert conn.execute(select(func.count()).select_from(leases)).scalar() == 1


def test_writers_wait_for_each_other_and_lose_nothing(databases: Databases) -> None:
    with write(databases.app) as conn:
        insert_new(conn, leases, {"shop_id": SHOP, "name": "n", "owner": "a", "until": 0})
    mine = leases.c.name == "n"

    def add() -> None:
        for _ in range(20):
            with write(databases.app) as conn:
                # read, then write: lost updates would show here
                value = conn.execute(select(leases.c.until).where(mine).with_for_update()).scalar_one()
                conn.execute(leases.update().where(mine).values(until=value + 1))

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with read(databases.app) as conn:
        assert conn.execute(select(leases.c.until).where(mine)).scalar() == 80


def test_a_lease_has_one_owner_until_it_lapses(databases: Databases) -> None:
    engine = databases.app
    assert lease.take(engine, SHOP, "sync", "a", now=100, seconds=60)
    assert lease.take(engine, SHOP, "sync", "a", now=110, seconds=60)  # renewed
    assert not lease.take(engine, SHOP, "sync", "b", now=169, seconds=60)
    assert lease.take(engine, SHOP, "sync", "b", now=170, seconds=60)
    lease.give_back(engine, SHOP, "sync", "a")  # no longer its own
    assert not lease.take(engine, SHOP, "sync", "a", now=180, seconds=60)
    with lease.held(engine, SHOP, "sync", "b", now=180, seconds=60) as taken:
        assert taken
    assert lease.take(engine, SHOP, "sync", "a", now=181, seconds=60)


def code_of(error: pytest.ExceptionInfo[Unavailable]) -> str:
    assert error.value.hint
    assert error.value.status == 503
    return error.value.code


def test_a_locked_database_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "BUSY_S", 0.2)
    one, two = (session.open_engine(f"sqlite:///{tmp_path}/a.sqlite3") for _ in range(2))
    upgrade(one, "app")
    with write(one), pytest.raises(Unavailable) as error, write(two):
        pass
    assert code_of(error) == "database_locked"
    one.dispose()
    two.dispose()


def test_a_missing_table_asks_for_the_migration(tmp_path: Path) -> None:
    engine = session.open_engine(f"sqlite:///{tmp_path}/a.sqlite3")
    with pytest.raises(Unavailable) as error, read(engine) as conn:
        conn.execute(select(runs))
    assert code_of(error) == "database_outdated"
    engine.dispose()


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "a.sqlite3").write_text("this is a shopping list, not a database\n" * 100)
    engine = session.open_engine(f"sqlite:///{tmp_path}/a.sqlite3")
    with pytest.raises(Unavailable) as error:
        session.ping(engine)
    assert code_of(error) == "database_damaged"
    engine.dispose()


def test_a_full_disk_says_so_and_keeps_what_was_there(tmp_path: Path) -> None:
    databases = open_databases(f"sqlite:///{tmp_path}/a.sqlite3", f"sqlite:///{tmp_path}/m.sqlite3")
    upgrade_all(databases)
    row = {"shop_id": SHOP, "product_id": 1, "rating": 5, "verified": True, "status": "approved"}

    def fill() -> None:
        with write(databases.mirror) as conn:
            # SQLite's own limit on pages gives the very error of a full disk.
            pages = conn.exec_driver_sql("PRAGMA page_count").scalar_one()
            conn.exec_driver_sql(f"PRAGMA max_page_count={pages}")
            conn.execute(insert(reviews), [row | {"id": n, "text": "x" * 4000} for n in range(100)])

    with pytest.raises(Unavailable) as error:
        fill()
    assert code_of(error) == "disk_full"
    with read(databases.mirror) as conn:
        assert conn.execute(select(func.count()).select_from(reviews)).scalar() == 0
    databases.dispose()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable) as error:
        session.open_engine(f"sqlite:///{tmp_path}/file/a.sqlite3")
    assert code_of(error) == "database_gone"


def test_a_database_in_place_of_which_stands_a_folder(tmp_path: Path) -> None:
    engine = session.open_engine(f"sqlite:///{tmp_path}")
    with pytest.raises(Unavailable) as error:
        session.ping(engine)
    assert code_of(error) == "database_gone"


@pytest.mark.parametrize("driver", ["mysql+pymysql", "postgresql+psycopg"])
def test_a_server_that_is_away(driver: str) -> None:
    engine = session.open_engine(f"{driver}://nobody@127.0.0.1:1/none")
    with pytest.raises(Unavailable) as error:
        session.ping(engine)
    assert code_of(error) == "database_gone"


@pytest.mark.parametrize("server", ["mariadb", "postgresql"])
def test_a_database_that_the_server_does_not_have(request: pytest.FixtureRequest, server: str) -> None:
    engine = session.open_engine(request.getfixturevalue(server) % "none")
    with pytest.raises(Unavailable) as error:
        session.ping(engine)
    assert code_of(error) == "database_gone"


def test_a_driver_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
    with pytest.raises(Unavailable) as error:
        session.open_engine("postgresql+psycopg://localhost/devskyy")
    assert code_of(error) == "database_driver_missing"
    assert "devskyy[postgres]" in error.value.hint


def test_the_same_schema_compiles_for_postgresql() -> None:
    from sqlalchemy.dialects import postgresql
    from sqlalchemy.schema import CreateTable

    for tables in (app, mirror):
        for table in tables.tables.values():
            assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]
