"""Run alone, so that its memory can be measured: a million order lines, and the queries that agents ask.

Writes the mirror's file in one process and reads it in another; prints the number of lines and the reader's
peak in MB.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from datetime import date

from sidecar.core.store import READS, ShopFacts
from sidecar.db import Databases, open_databases, write
from sidecar.db.migrate import upgrade_all
from sidecar.store.queries import open_store

SHOP = "6f1d8b8e-51a7-4c52-8a53-5a3d8f0f3a11"
LINES, PER_ORDER, ITEMS, DAYS, FIRST = 1_000_000, 4, 10_000, 730, 19_700


def databases(folder: str) -> Databases:
    return open_databases(f"sqlite:///{folder}/app.sqlite3", f"sqlite:///{folder}/mirror.sqlite3")


NUMBERS = "WITH RECURSIVE n(x) AS (SELECT 0 UNION ALL SELECT x + 1 FROM n WHERE x + 1 < {count})"
ORDERS = f"""
INSERT INTO orders {NUMBERS} SELECT '{SHOP}', x + 1, 'completed', 'EUR', {FIRST} * 86400, NULL, NULL,
  NULL, x % 60000 + 1, NULL, 'DE', '101', 800000, 0, 0, 0, 0, 'cod', 'checkout', '[]',
  {FIRST} + x * {DAYS} / {{count}}, 1, x % 60000 + 1 FROM n
"""
ROWS = f"""
INSERT INTO order_lines {NUMBERS} SELECT '{SHOP}', x / {PER_ORDER} + 1, x, x * 7919 % {ITEMS} + 1, 0,
  1.0, 200000, 200000, 0, {FIRST + 1} * 86400, {FIRST} + x * {DAYS} / {{count}}, 1, 'EUR' FROM n
"""


def make(folder: str) -> None:
    """Fills the mirror inside SQLite."""
    opened = databases(folder)
    upgrade_all(opened)
    with write(opened.mirror) as conn:
        conn.exec_driver_sql("PRAGMA cache_size = -400000")  # 400 MB: the indexes grow everywhere at once
        conn.exec_driver_sql(ORDERS.format(count=LINES // PER_ORDER))
        conn.exec_driver_sql(ROWS.format(count=LINES))
    opened.dispose()


def ask(folder: str) -> None:
    """Every query over all of it, the largest frames held at once."""
    facts = ShopFacts("EUR", 2, False, "Europe/Berlin", True, True)
    since = date(2020, 1, 1)
    with open_store(databases(folder), SHOP, facts, READS) as store:
        sales = store.daily_sales(since)
        lines = store.order_lines(
            ["order_id", "day", "item_id", "net_quantity", "unit_price", "customer"], since
        )
        customers = store.customers(["customer", "orders", "spent", "first_at", "last_at"])
        assert sales["quantity"].sum() == LINES == len(lines)
        assert customers["orders"].sum() == LINES // PER_ORDER
    print(len(lines), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)  # noqa: T201


if __name__ == "__main__":
    if len(sys.argv) > 2:
        ask(sys.argv[1])
    else:
        make(sys.argv[1])
        subprocess.run([sys.executable, "-m", "tests.sidecar.store.million", sys.argv[1], "ask"], check=True)
