"""A migrated database and a sealer for the tests of the security room."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.db import Databases, open_databases
from sidecar.db.migrate import upgrade_all
from sidecar.security.sealing import Sealer


@pytest.fixture
def databases(tmp_path: Path) -> Iterator[Databases]:
    opened = open_databases(f"sqlite:///{tmp_path}/app.sqlite3", f"sqlite:///{tmp_path}/mirror.sqlite3")
    upgrade_all(opened)
    yield opened
    opened.dispose()


@pytest.fixture
def sealer() -> Sealer:
    return Sealer(bytes(32))
