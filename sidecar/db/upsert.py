"""Bulk inserts and insert-or-update, in the dialect's own words."""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import JSON, Connection, Insert, Table, insert
from sqlalchemy.dialects import mysql, postgresql, sqlite


def upsert(
    conn: Connection, table: Table, rows: Sequence[Mapping[str, Any]], *, keep: Sequence[str] = ()
) -> None:
    """Insert `rows` (all with the same columns) or update those whose key exists, but for `keep`."""
    if not rows:
        return
    key = {column.name for column in table.primary_key}
    change = [name for name in rows[0] if name not in key and name not in keep]
    if conn.dialect.name in ("mysql", "mariadb"):
        stmt = mysql.insert(table)
        # Setting a key column to itself is MySQL's way to say "do nothing".
        names = change or sorted(key)[:1]
        conn.execute(stmt.on_duplicate_key_update({n: stmt.inserted[n] for n in names}), rows)
        return
    make = sqlite.insert if conn.dialect.name == "sqlite" else postgresql.insert
    insert = make(table)
    if change:
        done = insert.on_conflict_do_update(
            index_elements=sorted(key), set_={n: insert.excluded[n] for n in change}
        )
    else:
        done = insert.on_conflict_do_nothing(index_elements=sorted(key))
    conn.execute(done, rows)


def insert_new(conn: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert one row unless its key (or another unique key) is taken; True when it was inserted.

    A statement, not an exception: PostgreSQL's transaction survives it.
    """
    found = conn.execute(_insert_new(table, conn.dialect.name), row)
    return found.first() is not None if found.returns_rows else found.rowcount == 1


@lru_cache(maxsize=256)
def _insert_new(table: Table, dialect: str) -> Insert:
    """Made once: making it takes longer than the insert."""
    if dialect in ("mysql", "mariadb"):
        return mysql.insert(table).prefix_with("IGNORE")
    make = sqlite.insert if dialect == "sqlite" else postgresql.insert
    # Asked for the key, since psycopg counts no rows of an INSERT that SQLAlchemy lets return something.
    return make(table).on_conflict_do_nothing().returning(table.c.shop_id)


def insert_missing(conn: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert many rows, leaving those whose key is taken as they are."""
    if not rows:
        return
    if conn.dialect.name in ("mysql", "mariadb"):
        conn.execute(mysql.insert(table).prefix_with("IGNORE"), rows)
        return
    make = sqlite.insert if conn.dialect.name == "sqlite" else postgresql.insert
    conn.execute(make(table).on_conflict_do_nothing(), rows)


def insert_rows(conn: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert many rows given as tuples in the order of the table's columns.

    Several times faster than dicts through SQLAlchemy: only JSON columns are converted.
    """
    if not conn.dialect.positional:
        conn.execute(insert(table), [dict(zip(table.c.keys(), row, strict=True)) for row in rows])
        return
    places = [place for place, column in enumerate(table.c) if isinstance(column.type, JSON)]
    if places:
        rows = [_dumped(row, places) for row in rows]
    conn.exec_driver_sql(str(insert(table).compile(dialect=conn.dialect)), list(rows))


# One encoder for all rows: json.dumps with an option makes a new one each time. Most lists are empty.
_ENCODE = json.JSONEncoder(ensure_ascii=False).encode


def _dumped(row: tuple[Any, ...], places: Sequence[int]) -> tuple[Any, ...]:
    values = list(row)
    for place in places:
        value = values[place]
        values[place] = "[]" if value == [] else _ENCODE(value)
    return tuple(values)
