"""A key for each person, under which the audit seals what is personal: destroying it erases all of that.

Persons are named `user:<WordPress id>` or `buyer:<e-mail hash>`. A person's key is sealed by the master key;
what it seals carries 4 bytes of its hash, so that values of a key that was erased are told from damaged ones
and a person who acts again gets a new key.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Mapping
from typing import Any

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, select, update

from sidecar.core.errors import Unavailable
from sidecar.db import insert_new
from sidecar.db.identity import person_keys as table
from sidecar.security.sealing import Sealer, key_of
from sidecar.security.tokens import b64decode, b64encode

TAG_BYTES = 4
NONCE_BYTES = 12
log = structlog.get_logger(__name__)


class PersonKeys:
    """The keys of a shop's people within one transaction; each is looked up once."""

    def __init__(self, conn: Connection, sealer: Sealer, shop_id: str) -> None:
        self.conn, self.sealer, self.shop_id = conn, sealer, shop_id
        self._known: dict[str, bytes | None] = {}

    def seal(self, person: str, values: Mapping[str, Any]) -> str:
        """Values sealed under the person's key, which is made at first use; base64url."""
        key, nonce = self._key_or_new(person), secrets.token_bytes(NONCE_BYTES)
        text = json.dumps(values, sort_keys=True, separators=(",", ":")).encode()
        return b64encode(_tag(key) + nonce + AESGCM(key).encrypt(nonce, text, self._bound_to(person)))

    def open(self, person: str, sealed: str) -> dict[str, Any] | None:
        """The values again; None once the person's key was destroyed, or when they cannot be opened."""
        key = self._key(person)
        try:
            raw = b64decode(sealed)
            if key is None or raw[:TAG_BYTES] != _tag(key):
                return None
            nonce, text = raw[TAG_BYTES:][:NONCE_BYTES], raw[TAG_BYTES + NONCE_BYTES :]
            found = json.loads(AESGCM(key).decrypt(nonce, text, self._bound_to(person)))
        except (InvalidTag, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def _key(self, person: str) -> bytes | None:
        if person not in self._known:
            row = self.conn.execute(select(table.c.sealed).where(self._mine(person))).first()
            self._known[person] = self._opened(person, row.sealed) if row and row.sealed else None
        return self._known[person]

    def _opened(self, person: str, sealed: bytes) -> bytes | None:
        try:
            return self.sealer.open(self.shop_id, f"person/{person}", sealed)
        except Unavailable as error:
            log.warning("person_key_closed", person=person, reason=error.message)
            return None

    def _key_or_new(self, person: str) -> bytes:
        row = self.conn.execute(select(table.c.sealed).where(self._mine(person))).first()
        if row is None or row.sealed is None:
            self._make(person)
            # Locked, since on some databases another process's row is not seen otherwise.
            locked = select(table.c.sealed).where(self._mine(person)).with_for_update()
            row = self.conn.execute(locked).one()
        return self.sealer.open(self.shop_id, f"person/{person}", row.sealed)

    def _make(self, person: str) -> None:
        sealed = self.sealer.seal(self.shop_id, f"person/{person}", AESGCM.generate_key(256))
        values = {"key_id": key_of(sealed), "sealed": sealed, "created_at": int(time.time())}
        if not insert_new(self.conn, table, {"shop_id": self.shop_id, "person": person, **values}):
            erased = table.c.sealed.is_(None)
            self.conn.execute(update(table).where(self._mine(person), erased).values(values))

    def _mine(self, person: str) -> Any:
        return (table.c.shop_id == self.shop_id) & (table.c.person == person)

    def _bound_to(self, person: str) -> bytes:
        return b"\0".join((b"audit.sealed", self.shop_id.encode(), person.encode()))


def erase(conn: Connection, shop_id: str, person: str) -> bool:
    """Destroys a person's key, so that nothing it sealed can be read again; whether there was one.

    SQLite overwrites the key's old place (`secure_delete`). Copies in backups last until these are deleted.
    """
    mine = (table.c.shop_id == shop_id) & (table.c.person == person) & table.c.sealed.is_not(None)
    gone = update(table).where(mine).values(sealed=None, erased_at=int(time.time()))
    return conn.execute(gone).rowcount > 0


def _tag(key: bytes) -> bytes:
    return hashlib.sha256(b"devskyy person key " + key).digest()[:TAG_BYTES]
