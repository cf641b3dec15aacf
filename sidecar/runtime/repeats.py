"""Requests that are sent twice: under one Idempotency-Key a thing is made once
(draft-ietf-httpapi-idempotency-key-header-07).

What was made is noted in the transaction that makes it. The answer to the repeat holds the thing as it is
now, never its secret: that is shown once and kept nowhere, so whoever lost it ends the thing and makes
another.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, select, update

from sidecar.core.errors import Conflict
from sidecar.db import insert_new
from sidecar.db.identity import idempotency_keys
from sidecar.runtime.base import now
from sidecar.security.sealing import Sealer


@dataclass
class Asked:
    """A request under a key: `key_hash` says who asks for what under which key, `content` what it says;
    `repeated` is set when it made something before."""

    shop_id: str
    key_hash: str
    content: str
    repeated: bool = False


def made_before(conn: Connection, sealer: Sealer, asked: Asked | None) -> str | None:
    """The id of what this request made before; None when it is new, which takes its key: `keep` must follow.

    Conflict when the key was used for another request. Of two at once the second waits here for the first;
    call it first in a transaction.
    """
    if asked is None:
        return None
    row = {
        "shop_id": asked.shop_id, "key_hash": asked.key_hash, "asked": sealer.sign(asked.content),
        "target": "", "created_at": now(),
    }  # fmt: skip
    if insert_new(conn, idempotency_keys, row):
        return None
    # Not locked: MariaDB's waiting inserts share the row, and would deadlock if each then wanted it alone.
    there = conn.execute(select(idempotency_keys).where(*_is(asked))).one()
    if not sealer.signed(asked.content, there.asked):
        raise Conflict(
            "This Idempotency-Key was used for another request.",
            code="idempotency_key_reused",
            hint="Send a new key with a new request.",
        )
    asked.repeated = True
    return str(there.target)


def keep(conn: Connection, asked: Asked | None, target: str) -> None:
    """Notes the id of what was made."""
    if asked is not None:
        conn.execute(update(idempotency_keys).where(*_is(asked)).values(target=target))


def _is(asked: Asked) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    columns = idempotency_keys.c
    return columns.shop_id == asked.shop_id, columns.key_hash == asked.key_hash
