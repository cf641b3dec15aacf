"""What people and keys did (append only) and what went wrong lately."""

from __future__ import annotations

import hashlib
import uuid
from typing import Any

import structlog
from sqlalchemy import Connection, delete, func, insert, select

from sidecar.core.changes import canonical_json
from sidecar.core.errors import DevSkyyError, NotFound
from sidecar.db import insert_new, write
from sidecar.db.app import audit, errors
from sidecar.runtime.base import Row, Runtime, at, now, present

KEPT_ERRORS = 200
log = structlog.get_logger(__name__)


def request_id() -> str | None:
    """The id of the request or job that is being served."""
    found = structlog.contextvars.get_contextvars().get("request_id")
    return str(found) if found else None


def record(
    conn: Connection, shop_id: str, who: Row | None, action: str, target: str = "", detail: Row | None = None
) -> None:
    """Appends a row in the caller's transaction, chained to the one before by its hash."""
    row: Row = {"at": now(), "who": who, "action": action, "target": target, "detail": detail or {}}
    # PostgreSQL locks the last row, not the place behind it: whoever had to wait there looks once more.
    while not insert_new(conn, audit, _next(conn, shop_id, row)):
        pass


def _next(conn: Connection, shop_id: str, row: Row) -> Row:
    last = conn.execute(
        select(audit.c.n, audit.c.hash)
        .where(audit.c.shop_id == shop_id)
        .order_by(audit.c.n.desc())
        .limit(1)
        .with_for_update()
    ).first()
    n, previous = (last.n + 1, last.hash) if last else (1, "")
    row = {"n": n, **row}
    digest = hashlib.sha256((previous + canonical_json(row)).encode()).hexdigest()
    return {**row, "shop_id": shop_id, "request_id": request_id(), "previous": previous, "hash": digest}


def entries(conn: Connection, shop_id: str, limit: int, cursor: str | None) -> Row:
    """A page of the audit, newest first; `cursor` is a row number."""
    query = select(audit).where(audit.c.shop_id == shop_id)
    if cursor is not None:
        if not cursor.isdigit():
            raise NotFound(
                "That cursor is none of ours.", code="cursor_unknown", hint="Start again without cursor."
            )
        query = query.where(audit.c.n < int(cursor))
    rows = conn.execute(query.order_by(audit.c.n.desc()).limit(limit + 1)).mappings().all()
    answer: Row = {"items": [_entry(dict(row)) for row in rows[:limit]]}
    answer["total"] = conn.execute(select(func.count()).where(audit.c.shop_id == shop_id)).scalar_one()
    if len(rows) > limit:
        answer["next"] = str(rows[limit - 1]["n"])
    return answer


def _entry(row: Row) -> Row:
    names = ("n", "who", "action", "target", "detail", "request_id", "hash")
    return present({**{name: row[name] for name in names}, "at": at(row["at"])})


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


def last_errors(conn: Connection, shop_id: str, limit: int = 20) -> list[Row]:
    """The last errors, newest first, as the wire shows them."""
    rows = conn.execute(
        select(errors).where(errors.c.shop_id == shop_id).order_by(errors.c.at.desc()).limit(limit)
    )
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
