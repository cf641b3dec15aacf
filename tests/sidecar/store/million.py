"""Run alone, so that its memory can be measured: a million order lines, and the queries that agents ask.

Writes the mirror's file in one process and reads it in another; prints the number of lines and the reader's
peak in MB.
"""

from __future__ import annotations

import random
import resource
import subprocess
import sys
from datetime import date

from sidecar.core.store import READS, ShopFacts
from sidecar.db import Databases, insert_rows, open_databases, write
from sidecar.db.migrate import upgrade_all
from sidecar.db.mirror import order_lines, orders
from sidecar.store.queries import open_store

SHOP = "6f1d8b8e-51a7-4c52-8a53-5a3d8f0f3a11"
LINES, PER_ORDER, ITEMS, DAYS, FIRST = 1_000_000, 4, 10_000, 730, 19_700


def databases(folder: str) -> Databases:
    return open_databases(f"sqlite:///{folder}/app.sqlite3", f"sqlite:///{folder}/mirror.sqlite3")


def make(folder: str) -> None:
    """Fills the mirror in pages of 10,000 orders."""
    opened = databases(folder)
    upgrade_all(opened)
    draw = random.Random(1)
    for start in range(0, LINES // PER_ORDER, 10_000):
        heads, lines = [], []
        for number in range(start + 1, start + 10_001):
            day = FIRST + (number * DAYS) // (LINES // PER_ORDER)
            at = day * 86_400
            heads.append(
                (
                    SHOP,
                    number,
                    "completed",
                    "EUR",
                    at,
                    at,
                    at,
                    None,
                    number % 60_000 + 1,
                    None,
                    "DE",
                    "101",
                    800_000,
                    0,
                    0,
                    0,
                    False,
                    "cod",
                    "checkout",
                    [],
                    day,
                    True,
                    number % 60_000 + 1,
                )
            )
            lines += [
                (
                    SHOP,
                    number,
                    number * 10 + n,
                    draw.randint(1, ITEMS),
                    0,
                    1.0,
                    200_000,
                    200_000,
                    0,
                    at,
                    day,
                    True,
                    "EUR",
                )
                for n in range(PER_ORDER)
            ]
        with write(opened.mirror) as conn:
            insert_rows(conn, orders, heads)
            insert_rows(conn, order_lines, lines)
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
