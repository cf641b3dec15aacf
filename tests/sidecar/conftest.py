"""One demo shop in the real mirror for all tests of agents, never written to, and servers on request."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sidecar.agents import registry
from tests.sidecar.agents.frame_store import Shelf
from tests.sidecar.agents.mirrored import Mirrored, mirror_demo
from tests.sidecar.agents.runs import Ran, run
from tests.sidecar.servers import mariadb, postgresql, rabbitmq, redis

__all__ = ["fitted", "mariadb", "mirrored", "postgresql", "rabbitmq", "redis"]


@pytest.fixture(scope="session")
def mirrored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mirrored]:
    """The generator's small shop, synced."""
    made = mirror_demo(tmp_path_factory.mktemp("mirrored"), "small")
    yield made
    made.databases.dispose()


@pytest.fixture(scope="session")
def fitted(mirrored: Mirrored) -> tuple[Ran, Shelf]:
    """demand-forecast's run over all items of that shop, and what it kept: it takes long, so once for all."""
    shelf = Shelf()
    return run(registry()["demand-forecast"], mirrored, shelf), shelf
