"""Idempotency-Key on routes that make something: how it is read, and what a repeat is answered."""

from __future__ import annotations

import hashlib
from typing import Any

from flask import request

from sidecar.api.access import caller
from sidecar.core.errors import Invalid
from sidecar.runtime.base import present
from sidecar.runtime.repeats import Asked


def idempotency_key() -> str | None:
    """The request's Idempotency-Key, 1 to 200 printable characters; Invalid otherwise."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not (0 < len(key) <= 200 and key.isprintable()):
        hint = "Send 1 to 200 printable characters, such as a UUID."
        raise Invalid("The Idempotency-Key is not usable.", hint=hint, fields={"Idempotency-Key": hint})
    return key


def asked() -> Asked | None:
    """This request under its Idempotency-Key; None when it has none. Each caller's keys are their own."""
    key, who = idempotency_key(), caller()
    if key is None:
        return None
    name = who.ident or (who.who or {}).get("id") or ""
    digest = hashlib.sha256("\n".join((who.kind, str(name), request.path, key)).encode()).hexdigest()
    content = hashlib.sha256(request.get_data()).hexdigest()
    return Asked(who.shop_id, digest, f"{request.method} {request.path} {content}")


def answer(of: Asked | None, /, **fields: Any) -> tuple[dict[str, Any], int]:
    """201 with what was made; 200 with `repeated` when the same request made it before. None is left out."""
    if of is not None and of.repeated:
        return {"ok": True, "repeated": True, **present(fields)}, 200
    return {"ok": True, **present(fields)}, 201
