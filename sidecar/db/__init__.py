"""The databases: `app` (owned data) and `mirror` (the shop's rows): tables, transactions, migrations."""

from sidecar.db.remembered import remembered
from sidecar.db.session import Databases, open_databases, read, write
from sidecar.db.upsert import insert_missing, insert_new, insert_rows, upsert

__all__ = [
    "Databases", "insert_missing", "insert_new", "insert_rows", "open_databases", "read", "remembered",
    "upsert", "write",
]  # fmt: skip
