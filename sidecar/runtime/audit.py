"""What people and keys did (append only) and what went wrong lately."""

from __future__ import annotations

import hashlib
import math
import uuid
from collections.abc import Mapping
from typing import Any, cast

import structlog
from sqlalchemy import Connection, bindparam, delete, insert, select

from sidecar.core.errors import DevSkyyError, NotFound, Unavailable
from sidecar.db import read, write
from sidecar.db.app import errors
from sidecar.runtime import audit_chain
from sidecar.runtime.base import SEALER, Row, Runtime, at, now
from sidecar.security.person_keys import PersonKeys
from sidecar.security.sealing import Sealer

KEPT_ERRORS = 200
OPEN = frozenset({"id", "key", "client"})
"""What of `who` stays readable: a number, or the name of a machine's key."""
PERSONAL = frozenset({
    "login", "email", "ip", "address", "device", "user_agent", "display_name", "first_name", "last_name",
    "phone",
})  # fmt: skip
"""Names that are sealed wherever a caller puts them."""
FAILURES = frozenset({"failed", "refused", "denied", "locked", "reused", "stale", "undo_failed", "broken"})
"""Last words of actions that tell of a failure."""
VISITOR = "visitor"
NAME_MAX = 200
"""Characters of a sealed value: all of a row's must fit its column, which some databases would cut unseen."""
TEXT_MAX = 20_000
DAY_S = 86_400
log = structlog.get_logger(__name__)


def request_id() -> str | None:
    """The id of the request or job that is being served."""
    found = structlog.contextvars.get_contextvars().get("request_id")
    return str(found) if found else None


def record(
    conn: Connection,
    shop_id: str,
    who: Row | None,
    action: str,
    target: str = "",
    detail: Row | None = None,
    *,
    before: Row | None = None,
    after: Row | None = None,
    personal: Row | None = None,
    failed: bool | None = None,
) -> None:
    """Appends a row in the caller's transaction, chained to the one before by its hash.

    `who` is `{"id", "login"}`, `{"key": name}`, `{"client": name}` or None for the sidecar itself. `personal`
    values, and whatever has one of the names in `PERSONAL`, are sealed under the key of the person who acts.
    """
    sealer = sealer_of(conn)
    parts, hidden = _parted({"who": who, "detail": detail or {}, "before": before, "after": after})
    if personal:
        hidden["personal"] = _plain(personal, NAME_MAX)
    person = actor(who) or (VISITOR if hidden else None)
    sealed = _sealed(conn, sealer, shop_id, person, hidden) if person and hidden else None
    row: Row = {
        "at": now(), "who": parts["who"], "person": person, "sealed": sealed, "action": _text(action, 60),
        "target": _text(target, 200), "detail": parts["detail"], "was": parts["before"],
        "became": parts["after"], "request_id": _text(request_id() or "", 64) or None,
        "failed": action.rpartition(".")[2] in FAILURES if failed is None else failed,
    }  # fmt: skip
    audit_chain.append(conn, sealer, shop_id, row)


def about(conn: Connection, shop_id: str, person: str, values: Row) -> Row:
    """Personal values of somebody else than who acts, sealed under their key, to stand inside a `detail`."""
    return {
        "person": person,
        "sealed": PersonKeys(conn, sealer_of(conn), shop_id).seal(person, _plain(values)),
    }


def sealer_of(conn: Connection) -> Sealer:
    """The sealer that the runtime gave to its database."""
    return cast(Sealer, conn.get_execution_options()[SEALER])


def actor(who: Mapping[str, Any] | None) -> str | None:
    """Who acts, as one word: `user:7`, `key:script`, `client:erp`; None for the sidecar."""
    if not who:
        return None
    if who.get("id"):
        return f"user:{who['id']}"[:64]
    for kind in ("key", "client"):
        if who.get(kind):
            return f"{kind}:{_text(str(who[kind]), 60 - len(kind))}"
    if who.get("login"):
        return "login:" + hashlib.sha256(str(who["login"]).encode(errors="replace")).hexdigest()[:32]
    return None


def verify(rt: Runtime, shop_id: str | None = None) -> list[audit_chain.Report]:
    """How the audit of a shop, or of all, stands; each is read in one moment."""
    reports = []
    with read(rt.db.app) as conn:
        found = audit_chain.shops_with_audit(conn)
    if shop_id is not None and shop_id not in found:
        raise NotFound("There is no such shop.", hint=f"Shops here: {', '.join(found) or 'none'}.")
    for one in found if shop_id is None else [shop_id]:
        with read(rt.db.app) as conn:
            reports.append(audit_chain.verify(conn, rt.sealer, one))
    return reports


def let_go_old(rt: Runtime, shop_id: str, _args: Row) -> Row:
    """Lets rows go that are older than `DEVSKYY_AUDIT_DAYS`; the handler of the nightly job."""
    before = now() - rt.settings.audit_days * DAY_S
    return {"let_go": audit_chain.let_go(rt.db.app, rt.sealer, shop_id, before)}


def _parted(parts: dict[str, Row | None]) -> tuple[dict[str, Row | None], dict[str, Row]]:
    """What may stand open, and what is to be sealed, of each part."""
    shown: dict[str, Row | None] = {}
    hidden: dict[str, Row] = {}
    for name, values in parts.items():
        if values is None:
            shown[name] = None
            continue
        plain = _plain(values)
        secret = set(plain) - OPEN if name == "who" else set(plain) & PERSONAL
        shown[name] = {key: value for key, value in plain.items() if key not in secret}
        kept = {key: _plain(plain[key], NAME_MAX) for key in secret if plain[key] is not None}
        if kept:
            hidden[name] = kept
    return shown, hidden


def _sealed(conn: Connection, sealer: Sealer, shop_id: str, person: str, hidden: Row) -> str | None:
    try:
        return PersonKeys(conn, sealer, shop_id).seal(person, hidden)
    except Unavailable as error:
        # The master key that sealed the person's key is lost: the row counts more than the name in it.
        log.warning("audit_person_unsealed", person=person, reason=error.message)
        return None


def _plain(value: Any, most: int = TEXT_MAX) -> Any:
    """A value that every database gives back as it was, and that hashes alike ever after."""
    if isinstance(value, Mapping):
        return {_text(str(key), 200): _plain(part, most) for key, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(part, most) for part in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**63 else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return _text(str(value), most)


def _text(text: str, most: int) -> str:
    """Text that every database takes: no NUL, no half surrogates, not too long."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()[:most]


def trouble(rt: Runtime, shop_id: str, place: str, error: DevSkyyError) -> None:
    """Keeps an error for the Status page; never raises, since the database may be what failed."""
    row: dict[str, Any] = {
        "shop_id": shop_id, "id": uuid.uuid4().hex, "at": now(), "place": place, "code": error.code[:60],
        "message": error.message, "hint": error.hint, "request_id": request_id(),
    }  # fmt: skip
    try:
        with write(rt.db.app) as conn:
            conn.execute(insert(errors).values(row))
            _prune(conn, shop_id)
    except Exception as problem:
        log.warning("error_not_kept", reason=str(problem), code=error.code)


def _prune(conn: Connection, shop_id: str) -> None:
    mine = errors.c.shop_id == shop_id
    keep = select(errors.c.at).where(mine).order_by(errors.c.at.desc()).offset(KEPT_ERRORS).limit(1)
    limit = conn.execute(keep).scalar()
    if limit is not None:
        conn.execute(delete(errors).where(mine, errors.c.at <= limit))


ERRORS = (
    select(errors)
    .where(errors.c.shop_id == bindparam("shop"))
    .order_by(errors.c.at.desc())
    .limit(bindparam("most"))
)


def last_errors(conn: Connection, shop_id: str, limit: int = 20) -> list[Row]:
    """The last errors, newest first, as the wire shows them."""
    rows = conn.execute(ERRORS, {"shop": shop_id, "most": limit})
    return [
        {
            "at": at(row["at"]),
            "where": row["place"],
            "code": row["code"],
            "message": row["message"],
            "hint": row["hint"],
        }
        for row in rows.mappings()
    ]
