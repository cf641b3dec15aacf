"""One demo shop in the real mirror for all tests of agents, never written to, and servers on request."""

from __future__ import annotations

import fcntl
import os
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sidecar.agents import registry
from tests.sidecar.agents.frame_store import Shelf
from tests.sidecar.agents.mirrored import Mirrored, mirror_demo, opened
from tests.sidecar.agents.runs import Ran, run
from tests.sidecar.servers import mariadb, postgresql, rabbitmq, redis

__all__ = ["fitted", "mariadb", "mirrored", "postgresql", "rabbitmq", "redis"]


# By the seconds that they take: both halves of a run shall end at about the same time.
LONGEST = (
    "runtime/test_serve.py", "sidecar/test_planted_secrets.py", "runtime/test_broker.py",
    "runtime/test_webhooks.py", "store/test_queries.py", "runtime/test_demo.py", "demo/test_report.py",
    "runtime/test_integrations.py", "sidecar/test_conformance.py", "runtime/test_privacy.py",
    "db/test_database.py", "security/test_limits.py", "agents/test_stock_agents.py", "api/test_matrix.py",
    "api/test_purchase_orders.py", "api/test_fuzz.py", "store/test_sync.py", "api/test_auth.py",
    "api/test_openapi.py", "runtime/test_audit.py", "security/test_sealing.py",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begins with the files that take longest."""
    place = {name: n for n, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get("/".join(item.path.parts[-2:]), len(LONGEST)))


@pytest.fixture(scope="session")
def mirrored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mirrored]:
    """The generator's small shop, synced."""
    base = tmp_path_factory.getbasetemp()

    def make() -> Path:
        folder = tmp_path_factory.mktemp("mirrored")
        mirror_demo(folder, "small").databases.dispose()
        return folder

    found = opened(once(base, "mirrored", make), "small")
    yield found
    found.databases.dispose()


@pytest.fixture(scope="session")
def fitted(mirrored: Mirrored, tmp_path_factory: pytest.TempPathFactory) -> tuple[Ran, Shelf]:
    """demand-forecast's run over all items of that shop, and what it kept: it takes long, so once for all."""

    def make() -> tuple[Ran, Shelf]:
        shelf = Shelf()
        return run(registry()["demand-forecast"], mirrored, shelf), shelf

    found: tuple[Ran, Shelf] = once(tmp_path_factory.getbasetemp(), "fitted", make)
    return found


def once(base: Path, name: str, make: Callable[[], Any]) -> Any:
    """What `make` makes, for all processes of this run: the first makes it, the others wait and read it."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return make()
    kept = base.parent / f"{name}.pickle"
    with (base.parent / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            kept.write_bytes(pickle.dumps(make()))
        return pickle.loads(kept.read_bytes())
