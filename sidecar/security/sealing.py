"""Secrets at rest: AES-256-GCM under one key that never enters the database."""

from __future__ import annotations

import hashlib
import os
import secrets as random
import time
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, delete, select

from sidecar.core.errors import Unavailable
from sidecar.db import upsert
from sidecar.db.app import secrets
from sidecar.security.tokens import b64decode, b64encode

KEY_BYTES = 32
NONCE_BYTES = 12


class Sealer:
    """Seals and opens secrets with one 32-byte key; a sealed value belongs to one shop and one name."""

    def __init__(self, key: bytes) -> None:
        self.key_id = hashlib.sha256(b"devskyy sealing key " + key).hexdigest()[:8]
        self._cipher = AESGCM(key)

    def seal(self, shop_id: str, name: str, value: bytes) -> bytes:
        """Nonce and sealed text."""
        nonce = random.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, value, _bound_to(shop_id, name))

    def open(self, shop_id: str, name: str, sealed: bytes) -> bytes:
        """The value again; Unavailable when another key sealed it or it was moved or changed."""
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _bound_to(shop_id, name))
        except (InvalidTag, ValueError) as error:
            raise Unavailable(
                f"The sealed secret {name!r} cannot be opened with the present key.",
                code="sealing_key_wrong",
                hint="Bring back the former DEVSKYY_MASTER_KEY or key file, or pair the shop again.",
            ) from error


def load_key(given: str, path: Path) -> bytes:
    """The sealing key: `given` (base64url of 32 bytes), else the file's; the file is made (0600) when absent.

    Unavailable when the key has the wrong form or the file cannot be read or made.
    """
    try:
        text = given or _read_or_make(path)
        key = b64decode(text.strip())
    except OSError as error:
        raise Unavailable(
            f"The key file {path} cannot be read or made: {error.strerror}.",
            code="sealing_key_unreadable",
            hint="Give the sidecar's user the right to the data folder, or set DEVSKYY_MASTER_KEY.",
        ) from error
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise Unavailable(
            "The sealing key is not base64url of 32 bytes.",
            code="sealing_key_malformed",
            hint="Set DEVSKYY_MASTER_KEY or the key file to what `devskyy keys master` prints.",
        )
    return key


def put_secret(conn: Connection, sealer: Sealer, shop_id: str, name: str, value: bytes) -> None:
    """Seals a secret into its row."""
    row = {
        "shop_id": shop_id,
        "name": name,
        "key_id": sealer.key_id,
        "sealed": sealer.seal(shop_id, name, value),
    }
    upsert(conn, secrets, [row | {"updated_at": int(time.time())}])


def get_secret(conn: Connection, sealer: Sealer, shop_id: str, name: str) -> bytes | None:
    """A shop's secret, or None when it has none of this name."""
    at = (secrets.c.shop_id == shop_id) & (secrets.c.name == name)
    sealed = conn.execute(select(secrets.c.sealed).where(at)).scalar()
    return None if sealed is None else sealer.open(shop_id, name, sealed)


def forget_secrets(conn: Connection, shop_id: str, *names: str) -> None:
    """Deletes secrets of a shop."""
    conn.execute(delete(secrets).where(secrets.c.shop_id == shop_id, secrets.c.name.in_(names)))


def _bound_to(shop_id: str, name: str) -> bytes:
    return f"{shop_id}\0{name}".encode()


def _read_or_make(path: Path) -> str:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.{random.token_hex(4)}")
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(handle, (b64encode(random.token_bytes(KEY_BYTES)) + "\n").encode())
            os.fsync(handle)
            os.link(fresh, path)  # fails when another process was faster; then its key counts
        except FileExistsError:
            pass
        finally:
            os.close(handle)
            fresh.unlink()
    return path.read_text()
