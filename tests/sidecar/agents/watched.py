"""What an agent asked of the store, and whether it wrote anything."""

from __future__ import annotations

import sqlite3
from typing import Any, ClassVar

from sidecar.db import Databases


class Watched:
    """A store that remembers which queries it was asked."""

    NAMES: ClassVar = {
        "products": "products",
        "items": "products",
        "categories": "categories",
        "sales_span": "sales",
        "daily_sales": "sales",
        "order_lines": "order_lines",
        "stock_days": "stock_days",
        "prices": "prices",
        "customers": "customers",
        "reviews": "reviews",
        "supplies": "supplies",
        "overrides": "overrides",
        "locations": "locations",
        "incoming": "incoming",
        "open_proposals": "proposals",
    }

    def __init__(self, store: Any) -> None:
        self.store = store
        self.asked: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        if name in self.NAMES:
            self.asked.add(self.NAMES[name])
        return getattr(self.store, name)


class Writes:
    """Sees from connections of its own whether anybody committed anything to either database."""

    def __init__(self, databases: Databases) -> None:
        engines = (databases.app, databases.mirror)
        self.watching = [sqlite3.connect(str(engine.url.database)) for engine in engines]

    def count(self) -> list[int]:
        """SQLite's data_version of both: another number after any commit of another connection."""
        return [con.execute("PRAGMA data_version").fetchone()[0] for con in self.watching]

    def close(self) -> None:
        for con in self.watching:
            con.close()
