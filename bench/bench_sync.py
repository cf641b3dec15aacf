"""The first sync by the plugin's signed export against paging wc/v3: same shop, same run, same rows.

    make bench-sync

Starts a real WooCommerce shop (order tables on, 20,000 orders) and reads, five times in turns, all orders
through the export and at least 2,000 of them through wc/v3, whose time is scaled to all; medians count. Both
ways end in committed rows, which are compared. Prints a table, and last one line of JSON. Exit code 1 when
rows differ, 2 without a shop.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import select

from sidecar.db import Databases, open_databases, read
from sidecar.db.app import shops
from sidecar.db.migrate import upgrade_all
from sidecar.db.mirror import order_lines, orders
from sidecar.security.pairing import woocommerce_key
from sidecar.security.sealing import Sealer, get_secret, load_key
from sidecar.store.client import ExportClient, WooClient
from sidecar.store.readers import ExportReader, Page, RestReader
from sidecar.store.rows import zone_of
from sidecar.store.sync import Sync
from tests.wordpress.stack import Sidecar, Stack, Unavailable

LEAST = 2000
TURNS = 5


class FirstOrders(RestReader):
    """wc/v3, until enough orders are read."""

    most = LEAST

    def pages(self, resource: str, after: int = 0, modified_after: int | None = None) -> Iterator[Page]:
        count = 0
        for page in super().pages(resource, after, modified_after):
            count += len(page.rows)
            yield Page(page.columns, page.rows, page.last or count >= self.most, page.total)
            if count >= self.most:
                return


def main() -> int:
    """Reads the command line and runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=20_000, help="orders in the shop")
    parser.add_argument("--pages-of", type=int, default=LEAST, help="orders to read through wc/v3")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="devskyy-bench-") as folder:
        try:
            shop = Stack.create(Path(folder) / "shop", hpos=True, orders=wanted.orders)
        except Unavailable as why:
            print(why, file=sys.stderr)
            return 2
        with shop:
            return compare(shop, Path(folder), wanted.pages_of)


def compare(shop: Stack, folder: Path, least: int) -> int:
    """Both ways on one shop, in turns; 0 when they end in the same rows."""
    export, woo, hash_key, shop_id, zone = connect(shop)
    FirstOrders.most = least
    by_export, by_rest = [], []
    megabytes = 0.0
    for turn in range(TURNS):
        # In turns, because whoever comes first finds the shop's database cold.
        at = folder / str(turn)
        exported, paged = databases(at / "export"), databases(at / "rest")
        by_export.append(read_orders(Sync(exported, shop_id, zone, ExportReader(export))))
        megabytes = megabytes or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        by_rest.append(read_orders(Sync(paged, shop_id, zone, FirstOrders(woo, hash_key))))
    (count, rest_count), seconds = (by_export[0][1], by_rest[0][1]), median(s for s, _ in by_export)
    rest_seconds = median(s for s, _ in by_rest)
    scaled = rest_seconds / rest_count * count
    differing, compared = differences(exported, paged)
    answer = {
        "bench": "sync",
        "orders": count,
        "turns": TURNS,
        "export_seconds": round(seconds, 3),
        "export_seconds_each": [round(s, 2) for s, _ in by_export],
        "wc_v3_orders": rest_count,
        "wc_v3_seconds": round(rest_seconds, 3),
        "wc_v3_seconds_each": [round(s, 2) for s, _ in by_rest],
        "wc_v3_seconds_scaled": round(scaled, 1),
        "ratio": round(scaled / seconds, 1),
        "rows_compared": compared,
        "rows_differing": len(differing),
        "rss_mb": round(megabytes),
    }
    show(answer)
    for line in differing[:5]:
        print(line)
    print(json.dumps(answer))
    return 1 if differing else 0


def connect(shop: Stack) -> tuple[ExportClient, WooClient, bytes, str, Any]:
    """Pairs the shop with a sidecar, which then rests, and takes over its secrets."""
    sidecar = Sidecar(shop, {"DEVSKYY_SYNC_EVERY_S": 86_400})
    sidecar.start()
    sidecar.pair()
    sidecar.stop()
    app = open_databases(f"sqlite:///{sidecar.data}/app.sqlite3", f"sqlite:///{sidecar.data}/mirror.sqlite3")
    sealer = Sealer(load_key("", sidecar.data / "master.key"))
    with read(app.app) as conn:
        row = conn.execute(select(shops)).one()
        secret = get_secret(conn, sealer, row.shop_id, "signing")
        hash_key = get_secret(conn, sealer, row.shop_id, "hash_key")
    key = woocommerce_key(app.app, sealer, row.shop_id) or shop.woocommerce_key()
    app.dispose()
    assert secret is not None
    assert hash_key is not None
    export = ExportClient(row.rest_url, row.shop_id, secret, timeout=120)
    woo = WooClient(shop.base_url, *key, timeout=120)
    return export, woo, hash_key, row.shop_id, zone_of(row.facts["timezone"])


def databases(folder: Path) -> Databases:
    """Two empty databases."""
    made = open_databases(f"sqlite:///{folder}/app.sqlite3", f"sqlite:///{folder}/mirror.sqlite3")
    upgrade_all(made)
    return made


def read_orders(sync: Sync) -> tuple[float, int]:
    """Seconds until all orders are committed, and their number."""
    begun = time.perf_counter()
    count = sync.read_resource("orders", int(time.time()))
    return time.perf_counter() - begun, count


def differences(one: Databases, two: Databases) -> tuple[list[str], int]:
    """Orders and lines of `two` that `one` holds otherwise or not at all, and how many were compared."""
    differing, compared = [], 0
    for table in (orders, order_lines):
        key = [column.name for column in table.primary_key]
        with read(one.mirror) as conn:
            mine = {
                tuple(row[name] for name in key): dict(row) for row in conn.execute(select(table)).mappings()
            }
        with read(two.mirror) as conn:
            for row in conn.execute(select(table)).mappings():
                compared += 1
                other = mine.get(tuple(row[name] for name in key), {})
                odd = {name: (other.get(name), row[name]) for name in row if other.get(name) != row[name]}
                if odd:
                    differing.append(
                        f"{table.name} {tuple(row[name] for name in key)}: (export, wc/v3) {odd}"
                    )
    return differing, compared


def show(answer: dict[str, Any]) -> None:
    """The table for people."""
    print(f"{'First sync of orders with their lines':<42}{'orders':>8}{'seconds':>10}")
    print(f"{'signed export':<42}{answer['orders']:>8}{answer['export_seconds']:>10.2f}")
    print(f"{'wc/v3, 100 a page':<42}{answer['wc_v3_orders']:>8}{answer['wc_v3_seconds']:>10.2f}")
    print(f"{'wc/v3, scaled to all orders':<42}{answer['orders']:>8}{answer['wc_v3_seconds_scaled']:>10.1f}")
    print(
        f"The export is {answer['ratio']} times as fast; {answer['rows_compared']} committed rows compared, "
        f"{answer['rows_differing']} differ; peak memory {answer['rss_mb']} MB."
    )


if __name__ == "__main__":
    sys.exit(main())
