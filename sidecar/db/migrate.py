"""Migrations of both databases, run from code: no ini file, the scripts travel in the package."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Literal

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, MetaData, func, select

from sidecar.core.errors import Unavailable
from sidecar.db import forecasts, identity, outgoing, owned
from sidecar.db.app import app
from sidecar.db.mirror import mirror
from sidecar.db.session import Databases, read, write

assert forecasts  # importing them adds their tables to `app`
assert identity
assert outgoing
assert owned

Which = Literal["app", "mirror"]
METADATA: dict[Which, MetaData] = {"app": app, "mirror": mirror}
HERE = Path(__file__).parent / "migrations"
LOCK_NAME = "devskyy_migrations"
LOCK_NUMBER = int.from_bytes(b"DevSkyy")
LOCK_S = 60


def config(which: Which) -> Config:
    """Alembic's configuration for one of the two databases."""
    made = Config()
    made.set_main_option("script_location", str(HERE).replace("%", "%%"))
    made.set_main_option("version_locations", str(HERE / which / "versions").replace("%", "%%"))
    made.set_main_option("path_separator", "newline")
    made.attributes["version_table"] = version_table(which)
    made.attributes["metadata"] = METADATA[which]
    return made


def version_table(which: Which) -> str:
    """The table that holds the revision: one each, so that both may share one database."""
    return f"devskyy_{which}_version"


def upgrade(engine: Engine, which: Which) -> None:
    """Brings the tables to the newest revision; does nothing when they are there.

    Processes that come at once take turns: Unavailable when one waits longer than a minute on MySQL/MariaDB.
    """
    if current(engine, which) == head(which):
        return
    with _alone(engine), write(engine) as conn:
        made = config(which)
        made.attributes["connection"] = conn
        command.upgrade(made, "head")  # reads the revision again, now that nobody else changes it


@contextmanager
def _alone(engine: Engine) -> Iterator[None]:
    """Holds the right to change tables until after the commit; SQLite gives it to a transaction at BEGIN."""
    if engine.dialect.name == "sqlite":
        yield
        return
    with engine.connect() as conn:
        conn.detach()  # closed at the end instead of going back to the pool, which gives up its lock
        if engine.dialect.name == "postgresql":
            conn.execute(select(func.pg_advisory_lock(LOCK_NUMBER)))
        elif conn.execute(select(func.get_lock(LOCK_NAME, LOCK_S))).scalar() != 1:
            raise Unavailable(
                "Another process has been changing the tables for a minute.",
                code="database_locked",
                hint="Wait until its migration has ended, then start again.",
            )
        yield


def upgrade_all(databases: Databases) -> None:
    """`upgrade` of both databases."""
    upgrade(databases.app, "app")
    upgrade(databases.mirror, "mirror")


@cache
def head(which: Which) -> str | None:
    """The newest revision that the package knows."""
    return ScriptDirectory.from_config(config(which)).get_current_head()


def current(engine: Engine, which: Which) -> str | None:
    """The revision of the database, None when it is empty."""
    with read(engine) as conn:
        return MigrationContext.configure(
            conn, opts={"version_table": version_table(which)}
        ).get_current_revision()


def differences(engine: Engine, which: Which) -> list[object]:
    """What autogenerate would still change: empty when migrations and tables agree."""
    names = set(METADATA[which].tables)

    def ours(name: str | None, kind: str, _parents: object) -> bool:
        return kind != "table" or name in names

    with read(engine) as conn:
        opts = {"version_table": version_table(which), "compare_type": True, "include_name": ours}
        return list(compare_metadata(MigrationContext.configure(conn, opts=opts), METADATA[which]))
