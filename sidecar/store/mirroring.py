"""Writing pages into the mirror: intervals of ids, single rows, deletions, and what history learns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Engine, Table, delete, func, select, update

from sidecar.db import insert_new, insert_rows, read, upsert, write
from sidecar.db.app import price_history, seen_days, stock_history
from sidecar.db.mirror import mirror_state, refund_lines, refunds, variations
from sidecar.store.rows import KINDS, Batch

IDS_A_STATEMENT = 500


def replace_interval(
    conn: Connection, shop_id: str, resource: str, made: Batch, after: int, up_to: int | None
) -> None:
    """Makes the mirror's rows with after < id <= up_to (None: all beyond) exactly these."""
    kind = KINDS[resource]
    for table, column in ((kind.lines, kind.owner), (kind.table, "id")):
        if table is None:
            continue
        beyond = (table.c.shop_id == shop_id) & (table.c[column] > after)
        conn.execute(delete(table).where(beyond if up_to is None else beyond & (table.c[column] <= up_to)))
    _insert(conn, resource, made)


def replace_rows(
    conn: Connection, shop_id: str, resource: str, made: Batch, asked: Sequence[int] = ()
) -> None:
    """Makes the rows with these ids exactly these; of the `asked` ids the missing are gone."""
    drop_rows(conn, shop_id, resource, [*made.ids, *asked], keep=set(made.ids))
    _insert(conn, resource, made)


def drop_rows(
    conn: Connection, shop_id: str, resource: str, ids: Sequence[int], *, keep: set[int] | None = None
) -> None:
    """Deletes rows with their lines; with one that is not kept go its variations or refunds."""
    kind = KINDS[resource]
    gone = [number for number in ids if number not in (keep or ())]
    if kind.lines is not None:
        _delete(conn, kind.lines, kind.owner, shop_id, ids)
    _delete(conn, kind.table, "id", shop_id, ids)
    if resource == "products":
        _delete(conn, variations, "product_id", shop_id, gone)
    if resource == "orders":
        _delete(conn, refund_lines, "order_id", shop_id, gone)
        _delete(conn, refunds, "order_id", shop_id, gone)


def hold(conn: Connection, shop_id: str) -> None:
    """Makes writers of a shop's rows take turns until the end of the transaction.

    SQLite does that anyway. Elsewhere an erasure could pass a page that is being written and find nothing.
    """
    mine = select(mirror_state.c.generation).where(mirror_state.c.shop_id == shop_id).with_for_update()
    if conn.execute(mine).first() is None:
        fresh = {"shop_id": shop_id, "generation": 0, "state": "never", "progress_done": 0}
        insert_new(conn, mirror_state, fresh)
        conn.execute(mine)


def bump(conn: Connection, shop_id: str, **values: Any) -> None:
    """Counts the mirror's generation up and sets more of its state, in the transaction of the rows."""
    insert_new(
        conn, mirror_state, {"shop_id": shop_id, "generation": 0, "state": "never", "progress_done": 0}
    )
    mine = mirror_state.c.shop_id == shop_id
    conn.execute(update(mirror_state).where(mine).values(generation=mirror_state.c.generation + 1, **values))


def set_state(engine: Engine, shop_id: str, **values: Any) -> None:
    """Sets the mirror's state; rows are as they were, so the generation is too."""
    with write(engine) as conn:
        insert_new(
            conn, mirror_state, {"shop_id": shop_id, "generation": 0, "state": "never", "progress_done": 0}
        )
        conn.execute(update(mirror_state).where(mirror_state.c.shop_id == shop_id).values(**values))


def remember_history(app: Engine, shop_id: str, resource: str, made: Batch, *, at: int, day: int) -> None:
    """Notes stock and prices of products or variations that differ from what was last noted.

    The shop keeps no history of either, so these rows are owned: they outlive the mirror.
    """
    names = KINDS[resource].table.c.keys()
    rows = [dict(zip(names, row, strict=True)) for row in made.rows]
    fresh: dict[Table, list[dict[str, Any]]] = {}
    # Compared before the write begins: others wait for that, and one sync of a shop goes on at a time.
    with read(app) as conn:
        for table, values_of in ((stock_history, _stock_of), (price_history, _prices_of)):
            known = _latest(conn, table, shop_id, made.ids)
            fresh[table] = [
                {"shop_id": shop_id, "item_id": row["id"], "at": at} | values_of(row)
                for row in rows
                if known.get(row["id"]) != tuple(values_of(row).values())
            ]
    with write(app) as conn:
        insert_new(conn, seen_days, {"shop_id": shop_id, "day": day})
        for table, changes in fresh.items():
            upsert(conn, table, changes)


def _stock_of(row: dict[str, Any]) -> dict[str, Any]:
    counted = row["manage_stock"] == 1
    return {
        "quantity": row["stock_quantity"] if counted else None,
        "in_stock": row["stock_status"] != "outofstock",
    }


def _prices_of(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("regular_price", "sale_price", "price")}


def _latest(conn: Connection, table: Table, shop_id: str, ids: Sequence[int]) -> dict[int, tuple[Any, ...]]:
    """The last noted values of each item, without key and time."""
    values = [column for column in table.c if column.name not in ("shop_id", "item_id", "at")]
    found: dict[int, tuple[Any, ...]] = {}
    for some in _parts(ids):
        mine = (table.c.shop_id == shop_id) & table.c.item_id.in_(some)
        last = (
            select(table.c.item_id, func.max(table.c.at).label("at"))
            .where(mine)
            .group_by(table.c.item_id)
            .subquery()
        )
        joined = select(table.c.item_id, *values).join(
            last, (table.c.item_id == last.c.item_id) & (table.c.at == last.c.at)
        )
        found |= {row[0]: tuple(row[1:]) for row in conn.execute(joined.where(table.c.shop_id == shop_id))}
    return found


def _insert(conn: Connection, resource: str, made: Batch) -> None:
    kind = KINDS[resource]
    if made.rows:
        insert_rows(conn, kind.table, made.rows)
    if made.lines and kind.lines is not None:
        insert_rows(conn, kind.lines, made.lines)


def _delete(conn: Connection, table: Table, column: str, shop_id: str, ids: Sequence[int]) -> None:
    for some in _parts(ids):
        conn.execute(delete(table).where(table.c.shop_id == shop_id, table.c[column].in_(some)))


def _parts(ids: Sequence[int]) -> list[list[int]]:
    unique = sorted(set(ids))
    return [unique[start : start + IDS_A_STATEMENT] for start in range(0, len(unique), IDS_A_STATEMENT)]
