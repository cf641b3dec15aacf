"""Pairing as the runtime does it: the shop is recorded, and its first full sync queued."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection

from sidecar.core.errors import Unauthorized, Unavailable
from sidecar.db import write
from sidecar.runtime import audit, mirror, schedule
from sidecar.runtime.base import Row, Runtime, now
from sidecar.runtime.webhooks import emit
from sidecar.security import gate
from sidecar.security import pairing as secure
from sidecar.security.tokens import b64decode

MIN_PLUGIN = secure.MIN_PLUGIN
KEY_BYTES = 32


def pair(rt: Runtime, body: Row, authorization: str | None, path: str, raw: bytes) -> dict[str, str]:
    """Pairs by the code in the body or else by a signature with the shared key; `shop_id`, `secret`,
    `hash_key`.
    """
    wanted = secure.parse_request(body)

    def also(conn: Connection, shop_id: str) -> None:
        schedule.place_all(conn, shop_id, list(rt.registry.values()))
        by = {"by": "code" if wanted.code else "key"}
        audit.record(conn, shop_id, None, "pairing.made", wanted.home_url, by)
        emit(conn, shop_id, "shop.paired", {})

    if wanted.code:
        made = secure.pair_by_code(rt.db.app, rt.sealer, wanted, now=now(), also=also)
    else:
        key = shared_key(rt)
        if key is None or not authorization:
            raise Unauthorized(
                "A pairing request needs a code.",
                code="pairing_code_wrong",
                hint="Run `devskyy pair` on the sidecar's machine and enter the code it prints.",
            )
        gate.authenticate_pairing(
            rt.db.app, key, authorization=authorization, method="POST", path=path, body=raw, now=now()
        )
        made = secure.pair(rt.db.app, rt.sealer, wanted, now=now(), also=also)
    mirror.start_sync(rt, made["shop_id"], full=True)
    return made


def shared_key(rt: Runtime) -> bytes | None:
    """The shared pairing key of the settings, or None; Unavailable when it is malformed."""
    text = rt.settings.pairing_key.get_secret_value()
    if not text and rt.settings.pairing_key_file and Path(rt.settings.pairing_key_file).is_file():
        text = Path(rt.settings.pairing_key_file).read_text()
    if not text.strip():
        return None
    try:
        key = b64decode(text.strip())
    except ValueError:
        key = b""
    if len(key) < KEY_BYTES:
        raise Unavailable(
            "The shared pairing key is not base64url of at least 32 bytes.",
            code="pairing_key_malformed",
            hint="Correct DEVSKYY_PAIRING_KEY or its file on the sidecar's machine.",
        )
    return key


def unpair(rt: Runtime, shop_id: str, who: Row) -> None:
    """Forgets the shop's secrets; owned data stays."""
    with write(rt.db.app) as conn:
        secure.unpair(conn, shop_id)
        audit.record(conn, shop_id, who, "pairing.ended")
        emit(conn, shop_id, "shop.unpaired", {})


def move(rt: Runtime, shop_id: str, home_url: str, who: Row) -> None:
    """Accepts the shop's new home URL, as its signed request names it."""
    with write(rt.db.app) as conn:
        secure.move_site(conn, shop_id, home_url)
        audit.record(conn, shop_id, who, "pairing.moved", home_url)
        emit(conn, shop_id, "shop.moved", {})


def new_code(rt: Runtime) -> str:
    """A fresh pairing code; the one before it is void."""
    return secure.new_code(rt.db.app, now=now())
