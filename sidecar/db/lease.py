"""Leases: who may do a thing alone, in any process, until a time that a crash lets pass."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, delete, update

from sidecar.db.app import leases
from sidecar.db.session import write
from sidecar.db.upsert import insert_new


def take(engine: Engine, shop_id: str, name: str, owner: str, *, now: int, seconds: int) -> bool:
    """Takes or renews the lease for `owner`; False while somebody else holds it."""
    mine = (leases.c.shop_id == shop_id) & (leases.c.name == name)
    row = {"shop_id": shop_id, "name": name, "owner": owner, "until": now + seconds}
    with write(engine) as conn:
        free = (leases.c.owner == owner) | (leases.c.until <= now)
        if conn.execute(update(leases).where(mine, free).values(owner=owner, until=now + seconds)).rowcount:
            return True
        return insert_new(conn, leases, row)


def give_back(engine: Engine, shop_id: str, name: str, owner: str) -> None:
    """Ends the lease of `owner`; nothing happens when it is another's by now."""
    with write(engine) as conn:
        mine = (leases.c.shop_id == shop_id) & (leases.c.name == name) & (leases.c.owner == owner)
        conn.execute(delete(leases).where(mine))


@contextmanager
def held(engine: Engine, shop_id: str, name: str, owner: str, *, now: int, seconds: int) -> Iterator[bool]:
    """The lease for a block: yields whether it was taken, and gives it back at the end."""
    taken = take(engine, shop_id, name, owner, now=now, seconds=seconds)
    try:
        yield taken
    finally:
        if taken:
            give_back(engine, shop_id, name, owner)
