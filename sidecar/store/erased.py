"""People who were erased stay out of the mirror, whatever the shop still says of them.

The list holds fingerprints only, under the shop's hash key. It lives in the app database, so that it outlasts
the mirror; writers read it while they hold the mirror (`mirroring.hold`), so that nobody slips through who is
erased while a sync runs.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Engine, select

from sidecar.db import insert_new, read
from sidecar.db.identity import erased_people
from sidecar.db.mirror import customers, orders, reviews
from sidecar.store.rows import Batch

BUYER, CUSTOMER, REVIEW = "buyer", "customer", "review"
ANONYMOUS: dict[str, Any] = {
    "customer_id": 0,
    "email_hash": None,
    "country": None,
    "postcode_area": None,
    "buyer": 0,
}
"""What an order says of its buyer once they are erased; its money, day and products stay."""

ORDER = {name: place for place, name in enumerate(orders.c.keys())}
ACCOUNT = {name: place for place, name in enumerate(customers.c.keys())}
TEXT = reviews.c.keys().index("text")


def fingerprint(hash_key: bytes, shop_id: str, kind: str, value: object) -> str:
    """64 hex digits that stand for an e-mail hash, a customer's number or a review's."""
    return hmac.new(hash_key, f"erased {shop_id} {kind} {value}".encode(), hashlib.sha256).hexdigest()


def remember(conn: Connection, shop_id: str, fingerprints: Iterable[str], at: int) -> int:
    """Adds to the list; how many were new."""
    rows = [{"shop_id": shop_id, "fingerprint": one, "erased_at": at} for one in sorted(fingerprints)]
    return sum(insert_new(conn, erased_people, row) for row in rows)


@dataclass(frozen=True)
class Erased:
    """A shop's list at one moment."""

    hash_key: bytes
    shop_id: str
    known: frozenset[str]

    def clean(self, resource: str, made: Batch) -> Batch:
        """The page without who was erased: accounts left out, orders anonymous, reviews without text."""
        makers = {"customers": self._accounts, "orders": self._orders, "reviews": self._reviews}
        if not self.known or resource not in makers:
            return made
        return replace(made, rows=makers[resource](made.rows))

    def _has(self, kind: str, value: object) -> bool:
        return bool(value) and fingerprint(self.hash_key, self.shop_id, kind, value) in self.known

    def _person(self, number: object, email_hash: object) -> bool:
        return self._has(CUSTOMER, number) or self._has(BUYER, email_hash)

    def _accounts(self, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        number, email = ACCOUNT["id"], ACCOUNT["email_hash"]
        return [row for row in rows if not self._person(row[number], row[email])]

    def _orders(self, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        number, email = ORDER["customer_id"], ORDER["email_hash"]
        return [_anonymous(row) if self._person(row[number], row[email]) else row for row in rows]

    def _reviews(self, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        return [(*row[:TEXT], "", *row[TEXT + 1 :]) if self._has(REVIEW, row[1]) else row for row in rows]


def load(app: Engine, shop_id: str, hash_key: bytes) -> Erased:
    """The list as it stands now."""
    with read(app) as conn:
        mine = select(erased_people.c.fingerprint).where(erased_people.c.shop_id == shop_id)
        return Erased(hash_key, shop_id, frozenset(conn.execute(mine).scalars()))


def _anonymous(row: tuple[Any, ...]) -> tuple[Any, ...]:
    values = list(row)
    for name, value in ANONYMOUS.items():
        values[ORDER[name]] = value
    return tuple(values)
