"""Sealing again what older keys sealed, in small transactions, while everything runs.

What is left to do is read from the sealed values themselves, so a killed re-sealer goes on where it was, and
two at once do each other no harm: a value is replaced only while it is still the one that was opened.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    Table,
    and_,
    func,
    literal,
    or_,
    select,
    tuple_,
    update,
)

from sidecar.core.errors import Unavailable
from sidecar.db import read, write
from sidecar.db.app import secrets
from sidecar.db.identity import person_keys, signing_keys
from sidecar.db.outgoing import oauth_states
from sidecar.security.sealing import HEAD_BYTES, MAGIC, Sealer, head_of, key_of

AT_ONCE = 100
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class SealedColumn:
    """A table with columns `sealed` and `key_id`; `ident` names its row within the shop, and `prefix` + ident
    is what the value is bound to.
    """

    table: Table
    ident: Column[str]
    prefix: str = ""

    def after(self, place: tuple[str, str]) -> ColumnElement[bool]:
        """Rows behind a place in the key's order."""
        here = self.table.c.shop_id
        return tuple_(here, self.ident) > tuple_(literal(place[0]), literal(place[1]))

    def due(self, sealer: Sealer) -> ColumnElement[bool]:
        """Rows that an older key of the ring sealed, or the former form; not those whose key is gone."""
        sealed, older = self.table.c.sealed, sealer.ring.keys[1:]
        head = func.substr(sealed, 1, HEAD_BYTES)
        return and_(
            sealed.is_not(None),
            or_(
                func.substr(sealed, 1, len(MAGIC)) != literal(MAGIC, sealed.type),
                *(head == literal(head_of(key.id), sealed.type) for key in older),
            ),
        )


SEALED = (
    SealedColumn(secrets, secrets.c.name),
    SealedColumn(signing_keys, signing_keys.c.kid, "signing_keys/"),
    SealedColumn(person_keys, person_keys.c.person, "person/"),
    SealedColumn(oauth_states, oauth_states.c.state_hash, "state/"),
)
"""Every sealed column; a new one is added here, and its names' first part to `sealing.PLACES`."""


def due(conn: Connection, sealer: Sealer) -> bool:
    """Whether anything waits to be sealed again."""
    return any(
        conn.execute(select(place.ident).where(place.due(sealer)).limit(1)).first() is not None
        for place in SEALED
    )


def reseal(engine: Engine, sealer: Sealer) -> dict[str, int]:
    """Seals all under the newest key; `{"sealed", "closed"}`, where closed ones have a key that is gone."""
    done: Counter[str] = Counter(sealed=0, closed=0)
    for place in SEALED:
        at: tuple[str, str] | None = ("", "")
        while at is not None:
            at = _some(engine, sealer, place, at, done)
    return dict(done)


def _some(
    engine: Engine, sealer: Sealer, place: SealedColumn, at: tuple[str, str], done: Counter[str]
) -> tuple[str, str] | None:
    table = place.table
    query = select(table.c.shop_id, place.ident.label("ident"), table.c.sealed)
    query = query.where(place.due(sealer), place.after(at)).order_by(table.c.shop_id, place.ident)
    with write(engine) as conn:
        rows = conn.execute(query.limit(AT_ONCE).with_for_update()).all()
        for row in rows:
            done["sealed" if _one(conn, sealer, place, row) else "closed"] += 1
    return (rows[-1].shop_id, rows[-1].ident) if rows else None


def _one(conn: Connection, sealer: Sealer, place: SealedColumn, row: Any) -> bool:
    name = f"{place.prefix}{row.ident}"
    try:
        value = sealer.open(row.shop_id, name, row.sealed)
    except Unavailable as error:
        log.warning("not_resealed", table=place.table.name, name=name, code=error.code)
        return False
    sealed = sealer.seal(row.shop_id, name, value)
    same = (place.table.c.shop_id == row.shop_id) & (place.ident == row.ident)
    same &= place.table.c.sealed == row.sealed
    conn.execute(update(place.table).where(same).values(sealed=sealed, key_id=key_of(sealed)))
    return True


def sealed_by(engine: Engine, sealer: Sealer) -> dict[str, int]:
    """How many values each key sealed; the former form counts for the key that opens it, or for `unknown`."""
    found: Counter[str] = Counter()
    for place in SEALED:
        for row in _all(engine, place):
            key_id = key_of(row.sealed)
            if key_id is None or sealer.ring.get(key_id) is None:
                key_id = _former(sealer, row.shop_id, f"{place.prefix}{row.ident}", row.sealed) or key_id
            found[key_id or "unknown"] += 1
    return dict(found)


def _all(engine: Engine, place: SealedColumn) -> Iterator[Any]:
    query = select(place.table.c.shop_id, place.ident.label("ident"), place.table.c.sealed)
    with read(engine) as conn:
        yield from conn.execute(query.where(place.table.c.sealed.is_not(None)))


def _former(sealer: Sealer, shop_id: str, name: str, sealed: bytes) -> str | None:
    for key in sealer.ring.keys:
        try:
            Sealer(key.raw).open(shop_id, name, sealed)
        except Unavailable:
            continue
        return key.id
    return None
