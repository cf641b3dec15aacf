"""A shop over HTTP, two migrated databases and a sync between them.

The databases are SQLite's, but for tests under `ON_SERVERS`, which run on each kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sidecar.core.store import READS, ShopFacts
from sidecar.db import Databases, open_databases
from sidecar.db.migrate import upgrade_all
from sidecar.store.client import ExportClient
from sidecar.store.queries import open_store
from sidecar.store.readers import ExportReader
from sidecar.store.rows import zone_of
from sidecar.store.sync import Sync
from tests.sidecar.laid import lay
from tests.sidecar.servers import empty_tables
from tests.sidecar.store.shop import SECRET, SHOP_ID, Shop, serving

ON_SERVERS = pytest.mark.parametrize("databases", ["sqlite", "mariadb", "postgresql"], indirect=True)
FACTS = ShopFacts("EUR", 2, False, "Europe/Berlin", True, True)


@pytest.fixture
def shop() -> Iterator[Shop]:
    with serving(Shop()) as running:
        yield running


@pytest.fixture
def databases(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Databases]:
    kind = getattr(request, "param", "sqlite")
    url = f"sqlite:///{tmp_path}/%s.sqlite3" if kind == "sqlite" else request.getfixturevalue(kind)
    if kind == "sqlite":
        lay(tmp_path)
    opened = open_databases(url % "app", url % "mirror")
    upgrade_all(opened)
    yield opened
    if kind != "sqlite":
        empty_tables(opened)
    opened.dispose()


@pytest.fixture
def client(shop: Shop) -> ExportClient:
    return ExportClient(f"{shop.url}/wp-json/", SHOP_ID, SECRET, sleep=lambda _s: None, timeout=5)


@pytest.fixture
def sync(databases: Databases, client: ExportClient) -> Sync:
    return Sync(databases, SHOP_ID, zone_of("Europe/Berlin"), ExportReader(client, page=3))


@pytest.fixture
def opened(databases: Databases) -> Callable[..., Any]:
    """`with opened() as store`: the store with all reads, or those named."""

    def make(reads: frozenset[str] = READS, **more: Any) -> Any:
        return open_store(databases, SHOP_ID, FACTS, reads, **more)

    return make
