"""The mirror follows the shop: whole, in part, by events and by night; and survives being killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import Any

import pytest
from sqlalchemy import select

from sidecar.core.errors import Conflict, DevSkyyError
from sidecar.db import Databases, lease, read
from sidecar.db.app import price_history, stock_history
from sidecar.db.mirror import (
    mirror_state,
    order_lines,
    orders,
    products,
    refund_lines,
    refunds,
    sync_cursors,
    variations,
)
from sidecar.store.readers import ExportReader
from sidecar.store.rows import COLUMNS, KINDS
from sidecar.store.sync import Sync
from tests.sidecar.store.conftest import ON_SERVERS
from tests.sidecar.store.rows import order, product, refund, variation
from tests.sidecar.store.shop import SECRET, SHOP_ID, Shop


def ids(databases: Databases, table: Any = orders) -> list[int]:
    with read(databases.mirror) as conn:
        return list(conn.execute(select(table.c.id).order_by(table.c.id)).scalars())


def state(databases: Databases) -> Any:
    with read(databases.mirror) as conn:
        return conn.execute(select(mirror_state)).mappings().one()


def fill(shop: Shop, count: int = 10) -> None:
    for n in range(1, 5):
        shop.put("products", **product(n))
    shop.put("products", **product(5, type="variable", manage_stock=0))
    shop.put("variations", **variation(51, 5))
    shop.put("categories", id=1, parent=0, name="Scarves", slug="scarves", count=4)
    for n in range(1, count + 1):
        shop.put("orders", **order(n, (1, 0, 2, "40.00"), (5, 51, 1, "30.00")))
    shop.put("refunds", **refund(900, 2, (1, 0, 1, "20.00")))


@pytest.mark.parametrize("resource", [name for name in COLUMNS if name not in ("orders", "refunds")])
def test_tables_have_the_exports_columns_in_its_order(resource: str) -> None:
    assert KINDS[resource].table.c.keys() == ["shop_id", *COLUMNS[resource]]


@ON_SERVERS
def test_a_full_sync_reads_everything(shop: Shop, sync: Sync, databases: Databases) -> None:
    fill(shop)
    told: list[tuple[int, int | None, str]] = []
    report = sync.full(lambda *step: told.append(step))
    assert report.rows["orders"] == 10
    assert ids(databases) == list(range(1, 11))
    with read(databases.mirror) as conn:
        assert len(conn.execute(select(order_lines)).all()) == 20
        assert conn.execute(select(refund_lines.c.quantity, refund_lines.c.total)).one() == (1.0, 200_000)
        assert conn.execute(select(sync_cursors)).all() == []
    assert [step for step in told if step[2] == "Orders"] == [
        (3, 10, "Orders"),
        (6, 10, "Orders"),
        (9, 10, "Orders"),
        (10, 10, "Orders"),
    ]
    now = state(databases)
    assert (now["state"], now["error"], now["source"], now["generation"]) == (
        "ok",
        None,
        "export",
        report.generation,
    )


@ON_SERVERS
def test_a_second_full_sync_drops_what_is_gone_and_updates(
    shop: Shop, sync: Sync, databases: Databases
) -> None:
    fill(shop)
    sync.full()
    for gone in (1, 5, 10):
        del shop.rows["orders"][gone]
    del shop.rows["variations"][51]
    shop.put("orders", **order(4, (2, 0, 1, "19.99"), status="cancelled"))
    sync.full()
    assert ids(databases) == [2, 3, 4, 6, 7, 8, 9]
    assert ids(databases, variations) == []
    with read(databases.mirror) as conn:
        rows = conn.execute(
            select(order_lines.c.product_id, order_lines.c.total, order_lines.c.sold).where(
                order_lines.c.order_id == 4
            )
        ).all()
    assert [tuple(row) for row in rows] == [(2, 199_900, False)]


def test_an_empty_shop(sync: Sync, databases: Databases) -> None:
    assert sum(sync.full().rows.values()) == 0
    assert state(databases)["state"] == "ok"


@ON_SERVERS
def test_a_text_with_a_nul(shop: Shop, sync: Sync, databases: Databases) -> None:
    shop.put("products", **product(1, name="Sca\0rf", attributes=[{"name": "a\0b", "options": []}]))
    sync.full()
    with read(databases.mirror) as conn:
        found = conn.execute(select(products.c.name, products.c.attributes)).one()
    assert tuple(found) == ("Scarf", [{"name": "a\0b", "options": []}])


def test_other_shops_rows_stay(shop: Shop, sync: Sync, databases: Databases) -> None:
    fill(shop)
    sync.full()
    for rows in shop.rows.values():
        rows.clear()
    Sync(databases, "another", sync.zone, sync.reader).full()
    assert ids(databases) == list(range(1, 11))


def test_incremental_reads_what_changed_with_one_second_of_overlap(
    shop: Shop, sync: Sync, databases: Databases
) -> None:
    fill(shop)
    shop.clock = int(time.time())
    sync.full()
    shop.log.clear()
    edge = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(shop.clock - 1))
    shop.put("orders", **order(3, (1, 0, 1, "20.00"), modified_at=edge, status="refunded"))
    shop.put("orders", **order(11, (1, 0, 1, "20.00"), modified_at=edge))
    shop.put(
        "reviews", id=1, product_id=1, rating=5, verified=1, status="approved", text="Good", created_at=edge
    )
    report = sync.incremental()
    assert (report.rows["orders"], report.rows["reviews"], report.rows["products"]) == (2, 1, 0)
    assert ids(databases) == list(range(1, 12))
    asked = {p["resource"]: p for path, p in shop.log if path.endswith("/export")}
    assert asked["orders"]["modified_after"] == edge
    assert "modified_after" not in asked["reviews"]


def test_the_watermark_is_the_shops_clock_not_ours(shop: Shop, sync: Sync, databases: Databases) -> None:
    fill(shop)
    shop.clock = int(time.time()) - 20  # the shop's clock is slow
    sync.full()
    assert state(databases)["modified_after"] == shop.clock


def test_incremental_needs_a_full_sync(sync: Sync) -> None:
    with pytest.raises(Conflict) as error:
        sync.incremental()
    assert error.value.code == "sync_needed"


@ON_SERVERS
def test_refresh_reads_rows_again_and_drops_missing_ones(
    shop: Shop, sync: Sync, databases: Databases
) -> None:
    fill(shop)
    before = sync.full().generation
    shop.put("orders", **order(3, (1, 0, 9, "180.00")))
    del shop.rows["orders"][2]
    del shop.rows["products"][5]
    report = sync.refresh("orders", [2, 3, 2, 777])
    sync.refresh("products", [5])
    assert report.generation == before + 1
    assert ids(databases) == [1, *range(3, 11)]
    assert ids(databases, products) == [1, 2, 3, 4]
    assert ids(databases, variations) == []  # with its product
    assert ids(databases, refunds) == []  # with its order
    with read(databases.mirror) as conn:
        assert conn.execute(
            select(order_lines.c.quantity).where(order_lines.c.order_id == 3)
        ).scalars().all() == [9.0]


@ON_SERVERS
def test_reconcile_deletes_gone_and_reads_missing_rows(shop: Shop, sync: Sync, databases: Databases) -> None:
    fill(shop)
    sync.full()
    del shop.rows["orders"][1]
    shop.put("orders", **order(20, (1, 0, 1, "20.00")))
    shop.put("categories", id=1, parent=0, name="Shawls", slug="shawls", count=4)
    report = sync.reconcile()
    assert (report.deleted, report.rows["orders"]) == (1, 1)
    assert ids(databases) == [*range(2, 11), 20]
    with read(databases.mirror) as conn:
        assert conn.execute(select(KINDS["categories"].table.c.name)).scalar() == "Shawls"
        assert conn.execute(select(sync_cursors)).all() == []


def test_a_row_that_arrives_during_reconcile_is_kept(shop: Shop, sync: Sync, databases: Databases) -> None:
    fill(shop)
    sync.full()

    class Late(ExportReader):
        def ids(self, resource: str) -> list[int]:
            found = super().ids(resource)
            if resource == "orders":  # bought after the shop's list was made, told by an event
                shop.put("orders", **order(50, (1, 0, 1, "20.00")))
                sync.refresh("orders", [50])
            return found

    Sync(databases, SHOP_ID, sync.zone, Late(sync.reader._client)).reconcile()  # type: ignore[attr-defined]
    assert 50 in ids(databases)


def test_one_sync_at_a_time(shop: Shop, sync: Sync, databases: Databases) -> None:
    fill(shop)
    assert lease.take(databases.app, SHOP_ID, "sync", "somebody", now=int(time.time()), seconds=60)
    with pytest.raises(Conflict) as error:
        sync.full()
    assert error.value.code == "sync_running"
    lease.give_back(databases.app, SHOP_ID, "sync", "somebody")
    sync.full()
    sync.full()  # and the lease was given back


def test_a_shop_that_fails_half_way_is_told_and_resumed(shop: Shop, sync: Sync, databases: Databases) -> None:
    fill(shop, 60)

    def fail_after_some(done: int, _total: int | None, label: str) -> None:
        if (label, done) == ("Orders", 6):
            shop.script = [(500, {}, b"Fatal error")] * 50

    with pytest.raises(DevSkyyError) as error:
        sync.full(fail_after_some)
    assert error.value.code == "shop_failed"
    assert state(databases)["state"] == "failed"
    assert state(databases)["error"]["code"] == "shop_failed"
    committed = ids(databases)
    assert committed == list(range(1, len(committed) + 1))
    assert 6 <= len(committed) < 60
    shop.script.clear()
    shop.log.clear()
    sync.full()
    asked = [p for path, p in shop.log if path.endswith("/export") and "modified_after" not in p]
    # Two pages are asked for at a time: they may arrive in either order.
    assert min(int(p["after"]) for p in asked if p["resource"] == "orders") == committed[-1]
    assert ids(databases) == list(range(1, 61))


def test_pages_that_shift_while_they_are_read(shop: Shop, sync: Sync, databases: Databases) -> None:
    fill(shop, 60)

    def change(done: int, _total: int | None, label: str) -> None:
        if (label, done) == ("Orders", 6):  # by now the places of all pages are guessed
            for gone in (30, 31, 33):
                del shop.rows["orders"][gone]
            shop.put("orders", **order(100, (1, 0, 1, "20.00")))

    sync.full(change)
    assert ids(databases) == [n for n in range(1, 61) if n not in (30, 31, 33)] + [100]


def test_a_malformed_export_writes_nothing_of_its_page(shop: Shop, sync: Sync, databases: Databases) -> None:
    fill(shop)
    shop.rows["orders"][5]["lines"][0][4] = "twenty"
    with pytest.raises(DevSkyyError) as error:
        sync.full()
    assert error.value.code == "export_malformed"
    assert ids(databases) == [1, 2, 3]


def test_columns_of_a_newer_plugin_are_left_out(
    shop: Shop, sync: Sync, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(shop)
    more = {name: ("new", *columns) for name, columns in COLUMNS.items()}
    monkeypatch.setattr("tests.sidecar.store.shop.COLUMNS", more)
    sync.full()
    assert ids(databases) == list(range(1, 11))


@ON_SERVERS
def test_history_notes_changes_of_stock_and_price_once(shop: Shop, sync: Sync, databases: Databases) -> None:
    fill(shop)
    moments = iter(range(1_800_000_000, 1_900_000_000))
    sync.now = lambda: next(moments)
    sync.full()
    sync.full()
    shop.put("products", **product(1, stock_quantity=0, stock_status="outofstock"))
    shop.put("products", **product(2, price="15.00", sale_price="15.00"))
    sync.refresh("products", [1, 2])
    with read(databases.app) as conn:
        stock = conn.execute(
            select(stock_history.c.quantity, stock_history.c.in_stock)
            .where(stock_history.c.item_id == 1)
            .order_by(stock_history.c.at)
        ).all()
        price = (
            conn.execute(
                select(price_history.c.price).where(price_history.c.item_id == 2).order_by(price_history.c.at)
            )
            .scalars()
            .all()
        )
        untouched = conn.execute(select(price_history).where(price_history.c.item_id == 3)).all()
    assert [tuple(row) for row in stock] == [(5.0, True), (0.0, False)]
    assert price == [200_000, 150_000]
    assert len(untouched) == 1


CHILD = """
import sys, time
from sidecar.db import open_databases
from sidecar.store.client import ExportClient
from sidecar.store.readers import ExportReader
from sidecar.store.rows import zone_of
from sidecar.store.sync import Sync
app, mirror, url, shop_id, secret = sys.argv[1:]
def slow(done, total, label):
    print(label, done, flush=True)
    time.sleep(0.05)
reader = ExportReader(ExportClient(url, shop_id, bytes.fromhex(secret)), page=3)
Sync(open_databases(app, mirror), shop_id, zone_of("Europe/Berlin"), reader).full(slow)
"""


@ON_SERVERS
def test_a_killed_sync_goes_on_where_it_stood(shop: Shop, sync: Sync, databases: Databases) -> None:
    fill(shop, 60)
    urls = [engine.url.render_as_string(False) for engine in (databases.app, databases.mirror)]
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, *urls, f"{shop.url}/wp-json/", SHOP_ID, SECRET.hex()],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    for line in child.stdout:
        if line.startswith("Orders 30"):
            break
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()
    committed = ids(databases)
    assert committed == list(range(1, len(committed) + 1))
    assert 30 <= len(committed) < 60
    assert state(databases)["state"] == "running"
    with pytest.raises(Conflict):  # the lease of the dead one has not lapsed
        sync.full()
    shop.log.clear()
    real = sync.now
    sync.now = lambda: real() + 121
    sync.full()
    asked = [p for path, p in shop.log if path.endswith("/export") and "modified_after" not in p]
    assert min(int(p["after"]) for p in asked if p["resource"] == "orders") == committed[-1]
    assert not [p for p in asked if p["resource"] == "products"]  # done before the kill
    assert ids(databases) == list(range(1, 61))
    with read(databases.mirror) as conn:
        assert len(conn.execute(select(order_lines)).all()) == 120
