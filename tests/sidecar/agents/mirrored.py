"""The demo generator's shop in the real mirror: exported, synced, and read by the real queries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import insert, select

from sidecar.core.store import ShopFacts
from sidecar.db import Databases, open_databases, read, write
from sidecar.db.mirror import variations
from sidecar.db.owned import location_stock, locations
from sidecar.demo import export
from sidecar.demo.generator import generate, load_truth
from sidecar.demo.schema import connect, get_option
from sidecar.security.pairing import shop_facts
from sidecar.store.queries import SqlStore, open_store
from sidecar.store.readers import Page
from sidecar.store.rows import COLUMNS, zone_of
from sidecar.store.sync import Sync
from tests.sidecar.laid import lay

END = dt.date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)
SHOP_ID = "0" * 32


class FileReader:
    """Reads the demo shop's export without HTTP."""

    source = "export"

    def __init__(self, path: Path) -> None:
        self.con = connect(path)

    def begin(self) -> int:
        return int(NOW.timestamp())

    def pages(self, resource: str, after: int = 0, modified_after: int | None = None) -> Iterator[Page]:
        start: int | None = after
        while start is not None:
            body = export.page(self.con, resource, b"k" * 32, after=start, limit=5000)
            yield Page(body["columns"], body["rows"], body["next"] is None, body.get("total"))
            start = body["next"]

    def rows(self, resource: str, ids: Sequence[int]) -> Page:
        body = export.page(self.con, resource, b"k" * 32, ids=ids)
        return Page(body["columns"], body["rows"], last=True)

    def ids(self, resource: str) -> list[int]:
        assert resource in COLUMNS
        found: list[int] = export.id_page(self.con, resource, 0, 10**6)["ids"]
        return found


@dataclass(frozen=True)
class Mirrored:
    """A synced shop: its databases, facts, and what the generator planted."""

    databases: Databases
    facts: ShopFacts
    truth: dict[str, Any]
    path: Path

    def open(self, reads: frozenset[str]) -> Any:
        """`with … as store`: the store of a run that declared these reads."""
        return open_store(self.databases, SHOP_ID, self.facts, reads, now=NOW)


def mirror_demo(folder: Path, size: str, seed: int = 7) -> Mirrored:
    """Generates a shop of this size and syncs it in full."""
    path = generate(folder / f"{size}.sqlite", size, seed=seed, end=END)
    databases = migrated(folder)
    reader = FileReader(path)
    facts = shop_facts(get_option(reader.con, "facts"))
    app = Flask("demo")
    app.config["SHOP_HOME"] = "http://shop.test"
    with app.app_context():
        Sync(databases, SHOP_ID, zone_of(facts.timezone), reader, now=NOW.timestamp).full()
    reader.con.close()
    put_in_places(databases)
    databases.dispose()
    return opened(folder, size)


def opened(folder: Path, size: str) -> Mirrored:
    """What `mirror_demo` left in the folder."""
    path = folder / f"{size}.sqlite"
    databases = open_databases(f"sqlite:///{folder}/app.sqlite3", f"sqlite:///{folder}/mirror.sqlite3")
    con = connect(path)
    facts = shop_facts(get_option(con, "facts"))
    con.close()
    return Mirrored(databases, facts, load_truth(path), path)


def put_in_places(databases: Databases) -> None:
    """A warehouse that serves most of the demand and a store that holds every third item's whole stock."""
    query = select(variations.c.id, variations.c.stock_quantity).where(variations.c.shop_id == SHOP_ID)
    with read(databases.mirror) as conn:
        held = [
            (row.id, int(row.stock_quantity or 0)) for row in conn.execute(query.order_by(variations.c.id))
        ]
    times = {"created_at": 0, "updated_at": 0}
    places = [
        {"shop_id": SHOP_ID, "id": key * 32, "name": name, "name_key": name.lower(), "share": share,
         "counted": True, **times}
        for key, name, share in (("a", "Warehouse", 0.8), ("b", "Store", 0.2))
    ]  # fmt: skip
    rows = [
        {"shop_id": SHOP_ID, "location_id": ("b" if key % 3 == 0 else "a") * 32, "item_id": key,
         "quantity": stock, "updated_at": 0}
        for key, stock in held
    ]  # fmt: skip
    with write(databases.app) as conn:
        conn.execute(insert(locations), places)
        if rows:
            conn.execute(insert(location_stock), rows)


def migrated(folder: Path) -> Databases:
    """Two fresh databases."""
    lay(folder)
    return open_databases(f"sqlite:///{folder}/app.sqlite3", f"sqlite:///{folder}/mirror.sqlite3")


__all__ = ["END", "NOW", "SHOP_ID", "Mirrored", "SqlStore", "migrated", "mirror_demo", "opened"]
