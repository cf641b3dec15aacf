"""Passwords: argon2id, few at once in a process, and as slow for a login that does not exist."""

from __future__ import annotations

import secrets
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import Argon2Error, InvalidHashError

from sidecar.core.errors import Invalid, Unavailable

HASHER = PasswordHasher()
"""The second recommended choice of RFC 9106: 64 MiB, 3 passes, 4 lanes."""

MIN_LENGTH, MAX_LENGTH = 12, 256
AT_ONCE = 2
WAIT_S = 5.0
_slots = threading.BoundedSemaphore(AT_ONCE)


@contextmanager
def slot(wait_s: float | None = None) -> Iterator[None]:
    """One of the few places where this process may hash; `busy` when none gets free in time.

    Each hash takes 64 MiB and a tenth of a second: without a bound, a flood of logins would take the machine.
    """
    slots = _slots
    if not slots.acquire(timeout=WAIT_S if wait_s is None else wait_s):
        raise busy()
    try:
        yield
    finally:
        slots.release()


def busy() -> Unavailable:
    """The error for those who waited too long for their turn."""
    return Unavailable(
        "Too many passwords are being checked at once.", code="busy", hint="Try again in a few seconds."
    )


def check_form(password: str) -> str:
    """The password if it may be one: 12 to 256 characters; Invalid otherwise, before any hashing."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        words = f"must have {MIN_LENGTH} to {MAX_LENGTH} characters"
        raise Invalid("This cannot be a password.", hint=f"A password {words}.", fields={"password": words})
    return password


def generate() -> str:
    """A fresh password of 144 random bits."""
    return secrets.token_urlsafe(18)


def hash_password(password: str) -> str:
    """The argon2id hash of a password; takes a place by itself."""
    check_form(password)
    with slot():
        return hashed(password)


def hashed(password: str) -> str:
    """The argon2id hash of a password that was checked; the caller holds a `slot`."""
    return HASHER.hash(_bytes(password))


def matches(stored: str | None, password: str) -> bool:
    """Whether a password is the one that was hashed; without a hash the work is done all the same.

    The caller holds a `slot`.
    """
    if len(password) > MAX_LENGTH:
        return False
    nobody = _nobody(HASHER)  # made by the first sign-in, whoever that is for
    try:
        good = HASHER.verify(stored or nobody, _bytes(password))
    except (Argon2Error, InvalidHashError):
        return False
    return good and stored is not None


def outgrown(stored: str) -> bool:
    """Whether a hash was made with less work than today's."""
    was = extract_parameters(stored)
    return was.memory_cost < HASHER.memory_cost or was.time_cost < HASHER.time_cost


@lru_cache(maxsize=4)
def _nobody(hasher: PasswordHasher) -> str:
    return hasher.hash(secrets.token_bytes(16))


def _bytes(password: str) -> bytes:
    # One form for letters that keyboards compose differently (RFC 8265, section 4).
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
