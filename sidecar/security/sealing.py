"""Secrets at rest: AES-256-GCM under keys that never enter the database.

A sealed value is `DS2`, 4 bytes of key id, 12 random bytes of nonce, then text and tag. Its associated data
is this head, the shop, the table with the column, and the name, so that it opens nowhere else. Nonces are
random: one key may seal 2^32 values before a repeated nonce becomes likelier than 2^-32 (NIST SP 800-38D,
section 8.3), which is one a second for 136 years; rotating the key begins the count anew.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets as random
import time

from cryptography.exceptions import InvalidTag
from sqlalchemy import Connection, bindparam, delete, select

from sidecar.core.errors import Unavailable
from sidecar.db import upsert
from sidecar.db.app import secrets
from sidecar.security.keyring import KEY_BYTES, Key, Keyring, load_key

__all__ = ["KEY_BYTES", "Sealer", "forget_secrets", "get_secret", "load_key", "put_secret"]

MAGIC = b"DS2"
ID_BYTES = 4
NONCE_BYTES = 12
HEAD_BYTES = len(MAGIC) + ID_BYTES
PLACES = {
    "signing_keys": "signing_keys.sealed",
    "state": "oauth_states.sealed",
    "person": "person_keys.sealed",
}
"""The table and column of a name by its part before the slash; all other names stand in `secrets`."""


class Sealer:
    """Seals with the newest key of a ring and opens with any; a sealed value belongs to one shop and name.

    The name says where the value stands: see `PLACES`.
    """

    def __init__(self, keys: bytes | Keyring) -> None:
        self.ring = keys if isinstance(keys, Keyring) else Keyring(lambda: [keys])

    @property
    def key_id(self) -> str:
        """The id of the key that seals now."""
        return self.ring.newest.id

    def seal(self, shop_id: str, name: str, value: bytes) -> bytes:
        """The sealed form of a value."""
        key, nonce = self.ring.newest, random.token_bytes(NONCE_BYTES)
        head = head_of(key.id)
        return head + nonce + key.cipher.encrypt(nonce, value, _bound_to(head, shop_id, name))

    def open(self, shop_id: str, name: str, sealed: bytes) -> bytes:
        """The value again; Unavailable when the key is gone or the value was moved or changed."""
        key_id = key_of(sealed)
        key = self.ring.get(key_id) if key_id else None
        if key is not None:
            head, rest = sealed[:HEAD_BYTES], sealed[HEAD_BYTES:]
            value = _decrypt(key, rest, _bound_to(head, shop_id, name))
            if value is not None:
                return value
        # The former form had no head, so any key may have sealed it.
        for former in self.ring.keys:
            value = _decrypt(former, sealed, f"{shop_id}\0{name}".encode())
            if value is not None:
                return value
        raise Unavailable(
            f"The sealed secret {name!r} cannot be opened with the present key.",
            code="sealing_key_wrong",
            hint="Bring back the former DEVSKYY_MASTER_KEY or key file, or pair the shop again.",
        )

    def sign(self, text: str) -> str:
        """HMAC-SHA256 of a text under the newest key: `<key id>.<64 hex digits>`."""
        return _signature(self.ring.newest, text)

    def signed(self, text: str, signature: str) -> bool:
        """Whether one of the keys made this signature of the text."""
        key = self.ring.get(signature.partition(".")[0])
        return key is not None and hmac.compare_digest(_signature(key, text), signature)


def head_of(key_id: str) -> bytes:
    """What begins all that this key seals."""
    return MAGIC + bytes.fromhex(key_id)


def key_of(sealed: bytes) -> str | None:
    """The id of the key that sealed a value; None in the former form, which does not say."""
    return sealed[len(MAGIC) : HEAD_BYTES].hex() if sealed.startswith(MAGIC) else None


# Made once: every signed request asks it.
SEALED = select(secrets.c.sealed).where(
    secrets.c.shop_id == bindparam("shop"), secrets.c.name == bindparam("secret")
)


def put_secret(conn: Connection, sealer: Sealer, shop_id: str, name: str, value: bytes) -> None:
    """Seals a secret into its row."""
    sealed = sealer.seal(shop_id, name, value)
    row = {"shop_id": shop_id, "name": name, "key_id": key_of(sealed), "sealed": sealed}
    upsert(conn, secrets, [row | {"updated_at": int(time.time())}])


def get_secret(conn: Connection, sealer: Sealer, shop_id: str, name: str) -> bytes | None:
    """A shop's secret, or None when it has none of this name."""
    sealed = conn.execute(SEALED, {"shop": shop_id, "secret": name}).scalar()
    return None if sealed is None else sealer.open(shop_id, name, sealed)


def forget_secrets(conn: Connection, shop_id: str, *names: str) -> None:
    """Deletes secrets of a shop."""
    conn.execute(delete(secrets).where(secrets.c.shop_id == shop_id, secrets.c.name.in_(names)))


def _bound_to(head: bytes, shop_id: str, name: str) -> bytes:
    place = PLACES.get(name.partition("/")[0], "secrets.sealed")
    return b"\0".join((head, shop_id.encode(), place.encode(), name.encode()))


def _decrypt(key: Key, sealed: bytes, bound_to: bytes) -> bytes | None:
    try:
        return key.cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to)
    except (InvalidTag, ValueError):
        return None


def _signature(key: Key, text: str) -> str:
    return f"{key.id}.{hmac.new(key.mac, text.encode(), hashlib.sha256).hexdigest()}"
