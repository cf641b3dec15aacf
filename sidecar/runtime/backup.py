"""Copies of what is neither disposable nor in WooCommerce."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from sidecar.core.errors import DevSkyyError
from sidecar.runtime.base import Runtime


def back_up(rt: Runtime, target: Path) -> list[Path]:
    """Copies the app database (SQLite, while it is used) and the key file into a new folder; the files
    written.

    The mirror is left out: `devskyy sync --full` makes it again. The folder is as secret as the key in it.
    """
    if rt.db.app.dialect.name != "sqlite":
        raise DevSkyyError(
            f"The app database is {rt.db.app.dialect.name}.",
            code="backup_elsewhere",
            hint="Use mysqldump or pg_dump for it, and copy master.key from the data folder.",
        )
    folder = target / datetime.now(UTC).strftime("devskyy-%Y%m%dT%H%M%SZ")
    folder.mkdir(parents=True, mode=0o700)
    database = Path(str(rt.db.app.url.database))
    copy = folder / "app.sqlite3"
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(copy)) as out:
        source.backup(out)
        found = out.execute("PRAGMA integrity_check").fetchone()[0]
    if found != "ok":
        raise DevSkyyError(
            f"The copy is damaged: {found}", code="backup_damaged", hint="Check the disk and try again."
        )
    os.chmod(copy, 0o600)
    written = [copy]
    key = rt.settings.master_key_file or rt.settings.data_dir / "master.key"
    if key.is_file():
        written.append(Path(shutil.copy2(key, folder / "master.key")))
    return written
