"""A migrated database and a sealer for the tests of the security room."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.db import Databases, open_databases
from sidecar.security.sealing import Sealer
from tests.sidecar.laid import lay


@pytest.fixture
def databases(tmp_path: Path) -> Iterator[Databases]:
    lay(tmp_path)
    opened = open_databases(f"sqlite:///{tmp_path}/app.sqlite3", f"sqlite:///{tmp_path}/mirror.sqlite3")
    yield opened
    opened.dispose()


@pytest.fixture
def sealer() -> Sealer:
    return Sealer(bytes(32))
