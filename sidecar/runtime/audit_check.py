"""Whether the audit is unbroken, and how lately it was looked at.

Reading all of a long audit takes minutes, so it happens once a day, in a job; what was added since is read
whenever somebody asks. A row altered behind what was read is therefore found within a day, and every answer
says when all of it was read last.
"""

from __future__ import annotations

import json
from typing import Any

import structlog
from sqlalchemy import Connection, bindparam, func, select

from sidecar.core.errors import DevSkyyError
from sidecar.db import read, upsert, write
from sidecar.db.app import audit as audit_table
from sidecar.db.identity import audit_checks, audit_heads
from sidecar.runtime import audit, audit_chain, jobs
from sidecar.runtime.audit_chain import Report
from sidecar.runtime.base import Row, Runtime, at, now, present
from sidecar.security.sealing import Sealer

KIND = "audit-check"
WHOLE_S = 86_400
"""How often all of it is read."""

MOST = 1_000
"""Rows that are read for an answer; the ticker keeps what is new below that."""

STEP, MOST_STEP = 500, 20_000
log = structlog.get_logger(__name__)


def state(conn: Connection, sealer: Sealer, shop_id: str) -> Row:
    """How the audit stands: `{state, entries, checked_at, unread?, since?, whole_at?, problems?, found_at?}`.

    `state` is `empty`, `unbroken`, `partly` (nothing wrong in what was read, but not all was read yet) or
    `broken`. Writes nothing.
    """
    saved, moment = _saved(conn, sealer, shop_id), now()
    report, ended = _read(conn, sealer, shop_id, saved, MOST)
    problems, known = _problems(saved, report), bool(saved and saved["problems"])
    whole_at = saved["whole_at"] if saved else moment if ended else None
    last, first = (
        # Each by itself: both at once, SQLite would walk all rows instead of looking at an end of an index.
        conn.execute(select(end).where(audit_table.c.shop_id == shop_id)).scalar()
        for end in (func.max(audit_table.c.n), func.min(audit_table.c.at))
    )
    if problems:
        word = "broken"
    elif not last and not report.n:
        word = "empty"
    else:
        word = "unbroken" if whole_at and ended else "partly"
    found_at = None if not problems else saved["found_at"] if saved and known else moment
    times = {"since": at(first), "checked_at": at(moment), "whole_at": at(whole_at), "found_at": at(found_at)}
    numbers = {"entries": report.n - report.let_go, "unread": None if ended else (last or 0) - report.n}
    return present({"state": word, **numbers, **times, "problems": problems or None})


def found(conn: Connection, sealer: Sealer, shop_id: str) -> Row | None:
    """What the readings found wrong, as in `state`; None when nothing was. Reads no entry, so it is quick."""
    saved = _saved(conn, sealer, shop_id)
    if saved is None or not saved["problems"]:
        return None
    return {"state": "broken", "found_at": at(saved["found_at"]), "problems": saved["problems"]}


def run(rt: Runtime, shop_id: str, _args: Row) -> Row:
    """Reads all of a shop's audit in one moment and keeps what was found; the handler of the job."""
    moment = now()
    with read(rt.db.app) as conn:
        report = audit_chain.verify(conn, rt.sealer, shop_id)
    _keep(rt, report, moment, whole=True)
    return {"rows": report.rows, "problems": len(report.problems)}


def keep_up(rt: Runtime) -> None:
    """Queues the daily reading of all of it, and reads on where many rows are new; a chore of the ticker."""
    with read(rt.db.app) as conn:
        saved = {name: _saved(conn, rt.sealer, name) for name in audit_chain.shops_with_audit(conn)}
        heads = {row.shop_id: row.n for row in conn.execute(select(audit_heads)).all()}
    for shop_id, row in saved.items():
        if row is None or (row["whole_at"] or 0) <= now() - WHOLE_S:
            jobs.start(rt, shop_id, KIND, {}, title="Check the whole audit", unique_key=KIND)
        elif heads.get(shop_id, 0) - row["n"] > STEP:
            moment = now()
            with read(rt.db.app) as conn:
                report, _ = _read(conn, rt.sealer, shop_id, row, MOST_STEP)
            _keep(rt, report, moment, whole=False)


def _read(
    conn: Connection, sealer: Sealer, shop_id: str, saved: Row | None, most: int
) -> tuple[Report, bool]:
    after = (saved["n"], saved["hash"]) if saved else None
    return audit_chain.verify_on(conn, sealer, shop_id, after, most)


def _keep(rt: Runtime, report: Report, moment: int, *, whole: bool) -> None:
    """Writes how far it was read; what is newly found wrong shows on the Status page too."""
    with write(rt.db.app) as conn:
        mine = audit_checks.c.shop_id == report.shop_id
        conn.execute(select(audit_checks.c.n).where(mine).with_for_update())
        saved = _saved(conn, rt.sealer, report.shop_id)
        problems = _problems(None if whole else saved, report)
        known = bool(saved and saved["problems"])
        row: Row = {
            "shop_id": report.shop_id, "n": report.n, "hash": report.hash, "checked_at": moment,
            "whole_at": moment if whole else saved and saved["whole_at"], "problems": problems,
            "found_at": None if not problems else saved["found_at"] if saved and known else moment,
        }  # fmt: skip
        upsert(conn, audit_checks, [row | {"signature": rt.sealer.sign(_text(row))}])
    if problems and not known:
        first = problems[0]
        log.error("audit_broken", shop_id=report.shop_id, row=first["n"], why=first["what"])
        words = f"The audit is broken at entry {first['n']}: {first['what']}."
        hint = "Keep a copy of the database, run `devskyy audit verify`, and compare with a backup."
        audit.trouble(rt, report.shop_id, "audit", DevSkyyError(words, code="audit_broken", hint=hint))


# Made once: Status asks it often.
SAVED = select(audit_checks).where(audit_checks.c.shop_id == bindparam("shop"))


def _saved(conn: Connection, sealer: Sealer, shop_id: str) -> Row | None:
    """How far it was read before; None too where the row was not signed by this sidecar."""
    row = conn.execute(SAVED, {"shop": shop_id}).mappings().first()
    return dict(row) if row is not None and sealer.signed(_text(row), row["signature"]) else None


def _text(row: Any) -> str:
    names = ("shop_id", "n", "hash", "checked_at", "whole_at", "problems", "found_at")
    return "devskyy audit check\n" + json.dumps([row[name] for name in names])


def _problems(saved: Row | None, report: Report) -> list[Row]:
    known = list(saved["problems"]) if saved else []
    found = [{"n": one.n, "what": one.what} for one in report.problems]
    return (known + [one for one in found if one not in known])[: audit_chain.MOST_PROBLEMS]
