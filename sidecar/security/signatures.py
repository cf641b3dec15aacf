"""Signatures of webhook messages (Standard Webhooks 1.0, symmetric): made here, checked by who receives them.

`webhook-signature` holds one or more `v1,<base64>` with spaces between: HMAC-SHA256 of `id.timestamp.body`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence

from sidecar.core.errors import Invalid, Unauthorized

PREFIX = "whsec_"
SECRET_BYTES = 32
TOLERANCE_S = 300
"""How far the timestamp of a message may be from the receiver's clock: the replay window."""


def new_secret() -> bytes:
    """A fresh secret of 256 bits."""
    return secrets.token_bytes(SECRET_BYTES)


def secret_text(secret: bytes) -> str:
    """A secret as it is shown, once."""
    return PREFIX + base64.b64encode(secret).decode()


def secret_bytes(text: str) -> bytes:
    """A shown secret's bytes; Invalid when it is none."""
    try:
        return base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise Invalid("This is no webhook secret.", hint="It begins with whsec_.") from None


def headers(ident: str, moment: int, body: bytes, keys: Sequence[bytes]) -> dict[str, str]:
    """The three headers of an attempt; a signature for each secret, the newest first."""
    signed = " ".join(_signature(key, ident, str(moment), body) for key in keys)
    return {"webhook-id": ident, "webhook-timestamp": str(moment), "webhook-signature": signed}


def verify(
    secret: str, given: Mapping[str, str], body: bytes, *, now: int, tolerance: int = TOLERANCE_S
) -> str:
    """What a receiver does: returns the message's id, by which it drops those it has had already.

    Unauthorized `signature_missing`, `signature_expired` (older or newer than `tolerance` seconds: a replay)
    or `signature_invalid`.
    """
    found = {name.lower(): value for name, value in given.items()}
    ident, moment, signed = (found.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if not ident or not signed or not (moment.isascii() and moment.isdigit()):
        raise Unauthorized("A webhook header is missing.", code="signature_missing", hint="Drop it.")
    if abs(now - int(moment)) > tolerance:
        raise Unauthorized(
            "The message is too old or too new.", code="signature_expired", hint="Set the clock, or drop it."
        )
    ours = _signature(secret_bytes(secret), ident, moment, body).encode()
    # All are compared, so that the time taken tells nothing.
    if sum([hmac.compare_digest(ours, one.encode()) for one in signed.split(" ")]) == 0:
        raise Unauthorized(
            "The signature does not fit.", code="signature_invalid", hint="Check the secret; sign raw bytes."
        )
    return ident


def _signature(key: bytes, ident: str, moment: str, body: bytes) -> str:
    made = hmac.new(key, f"{ident}.{moment}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(made).decode()
