"""The sealing keys: where they come from, several at once, read again when they change.

They stand in `DEVSKYY_MASTER_KEY` (newest first, separated by commas) or else in the key file (one a line,
newest first). With `DEVSKYY_KMS_COMMAND` both hold wrapped keys, which that program unwraps.
"""

from __future__ import annotations

import hashlib
import os
import secrets as random
import shlex
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import structlog
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sidecar.core.errors import Unavailable
from sidecar.security.tokens import b64decode, b64encode

KEY_BYTES = 32
KMS_TIMEOUT_S = 30
PRIVATE = 0o600
RETRY_S = 1.0
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Key:
    """One sealing key; its id, 8 hex digits, names it without telling it."""

    raw: bytes = field(repr=False)

    @cached_property
    def id(self) -> str:
        """The key's public name."""
        return hashlib.sha256(b"devskyy sealing key " + self.raw).hexdigest()[:8]

    @cached_property
    def cipher(self) -> AESGCM:
        """AES-256-GCM under the key itself."""
        return AESGCM(self.raw)

    @cached_property
    def mac(self) -> bytes:
        """A key of its own for signatures, by HKDF-SHA256 (RFC 5869)."""
        return HKDF(SHA256(), 32, salt=None, info=b"devskyy signatures").derive(self.raw)


class Keyring:
    """All keys, newest first; `stamp` tells cheaply whether `load` would give others. Safe for threads."""

    def __init__(self, load: Callable[[], list[bytes]], stamp: Callable[[], object] = lambda: None) -> None:
        self._load, self._stamp = load, stamp
        self._lock = threading.Lock()
        self._seen, self._read_at = stamp(), time.monotonic()
        self._keys = tuple(Key(raw) for raw in load())

    @property
    def newest(self) -> Key:
        """The key that seals."""
        return self.keys[0]

    @property
    def keys(self) -> tuple[Key, ...]:
        """All keys; read again when the file is not the one that was read."""
        if self._stamp() != self._seen:
            self._again()
        return self._keys

    def get(self, key_id: str) -> Key | None:
        """The key of this id, or None when it is not here even after another look."""
        found = self._find(key_id)
        if found is None and time.monotonic() - self._read_at > RETRY_S:
            self._again()
            found = self._find(key_id)
        return found

    def _find(self, key_id: str) -> Key | None:
        return next((key for key in self.keys if key.id == key_id), None)

    def _again(self) -> None:
        with self._lock:
            stamp = self._stamp()
            self._read_at = time.monotonic()
            try:
                self._keys = tuple(Key(raw) for raw in self._load())
            except Unavailable as error:
                # A file that is being mended must not stop a process that holds good keys.
                log.warning("sealing_keys_not_read", code=error.code, reason=error.message)
            self._seen = stamp


def open_keyring(given: str, path: Path, kms: str = "") -> Keyring:
    """The ring of `given`, else of the key file, which is made (0600) when absent.

    Unavailable when a key has the wrong form, the file cannot be read or made, or the KMS gives none.
    """
    opened: dict[str, bytes] = {}

    def key_of(text: str) -> bytes:
        # Each wrapped key is unwrapped once a process: a KMS is slow and counts its calls.
        if text not in opened:
            opened[text] = key_from(unwrap(kms, text) if kms else text)
        return opened[text]

    if split(given):
        return Keyring(lambda: [key_of(text) for text in split(given)])
    if not kms:
        make_file(path)
    return Keyring(lambda: [key_of(text) for text in file_lines(path)], lambda: _stamp(path))


def load_key(given: str, path: Path) -> bytes:
    """The key that seals: the first of `given`, else of the file; the file is made (0600) when absent.

    Unavailable when the key has the wrong form or the file cannot be read or made.
    """
    return open_keyring(given, path).newest.raw


def split(given: str) -> list[str]:
    """The keys of `DEVSKYY_MASTER_KEY`, newest first."""
    return [text.strip() for text in given.split(",") if text.strip()]


def key_from(text: str) -> bytes:
    """32 bytes of base64url; Unavailable when it is none."""
    try:
        key = b64decode(text)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise Unavailable(
            "The sealing key is not base64url of 32 bytes.",
            code="sealing_key_malformed",
            hint="Set DEVSKYY_MASTER_KEY or the key file to what `devskyy keys master` prints.",
        )
    return key


def fresh_key() -> str:
    """A new key as text."""
    return b64encode(random.token_bytes(KEY_BYTES))


def unwrap(command: str, wrapped: str) -> str:
    """What the KMS program makes of a wrapped key: run without a shell, wrapped on its standard input, the
    key (base64url) on its standard output. Unavailable when it fails; what it says is not repeated.
    """
    hint = "Run the program of DEVSKYY_KMS_COMMAND by hand and see what it says."
    try:
        done = subprocess.run(
            shlex.split(command), input=wrapped + "\n", capture_output=True, text=True,
            timeout=KMS_TIMEOUT_S, check=False,
        )  # fmt: skip
    except (OSError, ValueError, IndexError, subprocess.TimeoutExpired) as error:
        raise Unavailable(
            f"The KMS program did not run: {type(error).__name__}.", code="kms_failed", hint=hint
        ) from error
    if done.returncode != 0:
        raise Unavailable(
            f"The KMS program ended with status {done.returncode}.", code="kms_failed", hint=hint
        )
    return done.stdout.strip()


def file_lines(path: Path) -> list[str]:
    """The key file's lines, newest key first; Unavailable when there are none."""
    try:
        lines = [line.strip() for line in path.read_text().splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, error) from error
    return lines or [""]  # an empty file is a malformed key, not a reason to seal with none


def make_file(path: Path) -> None:
    """Makes the key file with one fresh key unless it is there."""
    try:
        if path.exists():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = _written(path, [fresh_key()])
        try:
            os.link(fresh, path)  # fails when another process was faster; then its key counts
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    except OSError as error:
        raise _unreadable(path, error) from error


def replace_file(path: Path, lines: list[str]) -> None:
    """Puts other keys into the key file: whole or not at all, 0600, and its owner stays who it was."""
    try:
        place = path.resolve()
        fresh = _written(place, lines)
        try:
            if place.exists() and os.geteuid() == 0:
                owner = place.stat()
                os.chown(fresh, owner.st_uid, owner.st_gid)
            os.replace(fresh, place)
        finally:
            fresh.unlink(missing_ok=True)
        folder = os.open(place.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise _unreadable(path, error) from error


def _written(path: Path, lines: list[str]) -> Path:
    fresh = path.with_name(f".{path.name}.{random.token_hex(4)}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
    try:
        os.write(handle, "".join(f"{line}\n" for line in lines).encode())
        os.fsync(handle)
    finally:
        os.close(handle)
    return fresh


def _stamp(path: Path) -> object:
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_size, found.st_ino)


def _unreadable(path: Path, error: Exception) -> Unavailable:
    why = error.strerror if isinstance(error, OSError) else "it is no text"
    return Unavailable(
        f"The key file {path} cannot be read or made: {why}.",
        code="sealing_key_unreadable",
        hint="Give the sidecar's user the right to the data folder, or set DEVSKYY_MASTER_KEY.",
    )
