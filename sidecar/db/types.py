"""Column kinds that all tables share, and how they stand on the three dialects.

Times are whole UTC epoch seconds in BIGINT columns and money is a whole number of 1/10,000 of a currency
unit: both sort, compare and add up alike on SQLite, MySQL/MariaDB and PostgreSQL, where DATETIME and DECIMAL
do not.
"""

from typing import Any

from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, String, Table, Text
from sqlalchemy.dialects import mysql
from sqlalchemy.schema import SchemaItem

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

# MySQL's TEXT and BLOB hold 64 kB; a description of 20,000 characters may be 80 kB.
LongText = Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")
LongBlob = LargeBinary().with_variant(mysql.MEDIUMBLOB(), "mysql", "mariadb")


def metadata() -> MetaData:
    """An empty MetaData with the project's constraint names."""
    return MetaData(naming_convention=NAMING)


def shop_table(name: str, meta: MetaData, *parts: SchemaItem, comment: str, privacy: str) -> Table:
    """A table whose first key column is `shop_id`; `comment` is its documentation.

    `privacy` says which personal data it holds, whose, and what becomes of it on erasure; it begins with
    "none" when there is none.
    """
    options: dict[str, Any] = {}
    for dialect in ("mysql", "mariadb"):
        # Binary collation: ids, SKUs and codes compare as on the other databases.
        options |= {
            f"{dialect}_engine": "InnoDB",
            f"{dialect}_charset": "utf8mb4",
            f"{dialect}_collate": "utf8mb4_bin",
        }
    shop = Column("shop_id", String(36), primary_key=True, comment="the shop's UUID")
    return Table(name, meta, shop, *parts, comment=comment, info={"privacy": privacy}, **options)


def time(name: str, *, null: bool = False, comment: str | None = None) -> Column[int]:
    """A column of UTC epoch seconds."""
    return Column(name, BigInteger, nullable=null, comment=comment, info={"kind": "time"})


def money(name: str, *, null: bool = True) -> Column[int]:
    """A column of money in 1/10,000 of the currency unit."""
    return Column(name, BigInteger, nullable=null, info={"kind": "money"})
