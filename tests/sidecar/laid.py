"""Migrated databases as copies of one pair: hundreds of tests need them, and migrating takes long."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from sidecar.db import open_databases
from sidecar.db.migrate import upgrade_all

NAMES = ("app.sqlite3", "mirror.sqlite3")


def lay(folder: Path) -> None:
    """Both SQLite files as the migrations leave them, where the folder has none yet."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        if not (folder / name).exists():
            (folder / name).write_bytes(_migrated()[name])


@cache
def _migrated() -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        opened = open_databases(*(f"sqlite:///{folder / name}" for name in NAMES))
        upgrade_all(opened)
        opened.dispose()
        return {name: (folder / name).read_bytes() for name in NAMES}
