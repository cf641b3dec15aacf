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


def back_up(rt: Runtime, target: Path, key_to: Path | None = None) -> list[Path]:
    """Copies the app database (SQLite, while it is used) into a new folder; the files written.

    The sealing key is left out, since whoever holds it beside the database reads every secret in it; it goes
    into a new folder of `key_to`, which may not be the same place. The mirror is left out too: `devskyy sync
    --full` makes it again.
    """
    if rt.db.app.dialect.name != "sqlite":
        raise DevSkyyError(
            f"The app database is {rt.db.app.dialect.name}.",
            code="backup_elsewhere",
            hint="Use mysqldump or pg_dump for it, and copy the key file to another place.",
        )
    if key_to is not None:
        _check_apart(target, key_to)
    name = datetime.now(UTC).strftime("devskyy-%Y%m%dT%H%M%SZ")
    written = [_copy_database(rt, _folder(target, name))]
    if key_to is not None and rt.settings.key_file.is_file():
        keys = _folder(key_to, name) / "master.key"
        shutil.copyfile(rt.settings.key_file, keys)
        os.chmod(keys, 0o600)
        written.append(keys)
    return written


def _check_apart(target: Path, key_to: Path) -> None:
    data, keys = target.resolve(), key_to.resolve()
    if data == keys or data in keys.parents or keys in data.parents:
        raise DevSkyyError(
            "The key would lie beside what it seals.",
            code="backup_key_beside_data",
            hint="Name a folder with --key-to that is neither in the backup's nor above it.",
        )


def _folder(target: Path, name: str) -> Path:
    folder = target / name
    folder.mkdir(parents=True, mode=0o700)
    return folder


def _copy_database(rt: Runtime, folder: Path) -> Path:
    copy = folder / "app.sqlite3"
    copy.touch(0o600)
    with (
        closing(sqlite3.connect(Path(str(rt.db.app.url.database)))) as source,
        closing(sqlite3.connect(copy)) as out,
    ):
        source.backup(out)
        found = out.execute("PRAGMA integrity_check").fetchone()[0]
    if found != "ok":
        raise DevSkyyError(
            f"The copy is damaged: {found}", code="backup_damaged", hint="Check the disk and try again."
        )
    return copy
