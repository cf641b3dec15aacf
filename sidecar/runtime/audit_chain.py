"""The audit's chain: how rows are appended, checked and let go.

Each row's hash covers the one before, the shop and the sealed form of its personal values. The head, signed
under the sealing key, is written with every row, so that the newest rows cannot vanish either; a signed
checkpoint stands for rows that retention let go. What remains possible to somebody who can write to the
database but has no sealing key: bringing back an older state of all its tables at once. Against that the
worker logs each head (`audit_head`), outside the database.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, delete, func, select, update

from sidecar.db import insert_new, read, upsert, write
from sidecar.db.app import audit, shops
from sidecar.db.identity import audit_checkpoints, audit_heads
from sidecar.runtime.base import Row, now
from sidecar.security.sealing import Sealer

FORM = 2
FORMER = ("n", "at", "who", "action", "target", "detail")
COVERED = (
    "form", "shop_id", "n", "at", "who", "person", "sealed", "action", "target", "detail", "was", "became",
    "failed", "request_id",
)  # fmt: skip
CHUNK = 1_000
MOST_PROBLEMS = 20
LOST = "0" * 64
"""What a row follows whose chain was broken before it."""
PAIRED_JUST_NOW_S = 60
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Problem:
    """What is wrong with a row, or with the rows that should stand at its place."""

    n: int
    what: str


@dataclass
class Report:
    """How the audit of a shop stands; `n` and `hash` are those of its newest row."""

    shop_id: str
    rows: int = 0
    let_go: int = 0
    n: int = 0
    hash: str = ""
    problems: list[Problem] = field(default_factory=list)

    def add(self, n: int, what: str) -> None:
        """Notes a problem; after the first twenty the audit is known to be broken."""
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(n, what))


def digest(row: Mapping[str, Any]) -> str:
    """The hash of a row; `form` says by which rule, and null means the first."""
    # The first form is core's canonical JSON, which refuses some of what an altered row may hold.
    former = row["form"] is None
    covered: tuple[str, ...] = FORMER if former else COVERED
    values = {name: row[name] for name in covered}
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=not former)
    return hashlib.sha256((row["previous"] + text).encode(errors="surrogatepass")).hexdigest()


def append(conn: Connection, sealer: Sealer, shop_id: str, row: Row) -> None:
    """Writes the next row and the head in the caller's transaction; others wait for its end."""
    whole: Row = {}
    for again in (False, True, True):
        n, previous = _end(conn, sealer, shop_id, doubted=again)
        whole = {**row, "form": FORM, "shop_id": shop_id, "n": n + 1, "previous": previous}
        whole["hash"] = digest(whole)
        if insert_new(conn, audit, whole):
            break
    else:
        raise RuntimeError(f"the audit of {shop_id} takes no row")
    signature = sealer.sign(_head_text(shop_id, whole["n"], whole["hash"]))
    head = {"shop_id": shop_id, "n": whole["n"], "hash": whole["hash"], "signature": signature}
    upsert(conn, audit_heads, [head | {"at": whole["at"]}])


def _end(conn: Connection, sealer: Sealer, shop_id: str, *, doubted: bool) -> tuple[int, str]:
    """The number and hash that the next row follows: the head's, never simply those of the last row there is.

    Where the head is gone or forged, a number is left out, so that `verify` tells of it ever after.
    """
    head = conn.execute(select(audit_heads).where(audit_heads.c.shop_id == shop_id).with_for_update()).first()
    good = head is not None and sealer.signed(_head_text(shop_id, head.n, head.hash), head.signature)
    if head is not None and good and not doubted:
        return head.n, head.hash
    last = conn.execute(
        select(audit.c.n, audit.c.hash, audit.c.form)
        .where(audit.c.shop_id == shop_id)
        .order_by(audit.c.n.desc())
        .limit(1)
        .with_for_update()
    ).first()
    if head is not None and good and (last is None or last.n <= head.n):
        return head.n, head.hash
    if head is None and last is None and not _paired_before(conn, shop_id):
        return 0, ""
    if head is None and last is not None and last.form is None:
        return last.n, last.hash  # rows of the first form had no head yet
    log.error("audit_broken", shop_id=shop_id, why="its signed head is missing, forged or behind")
    return max(head.n if head else 0, last.n if last else 0) + 1, LOST


def _paired_before(conn: Connection, shop_id: str) -> bool:
    old = (shops.c.shop_id == shop_id) & (shops.c.paired_at < now() - PAIRED_JUST_NOW_S)
    return conn.execute(select(shops.c.shop_id).where(old)).first() is not None


def shops_with_audit(conn: Connection) -> list[str]:
    """The shops that have, or should have, an audit."""
    found = {str(name) for name in conn.execute(select(shops.c.shop_id)).scalars()}
    for table in (audit_heads, audit_checkpoints, audit):
        found |= {str(name) for name in conn.execute(select(table.c.shop_id).distinct()).scalars()}
    return sorted(found)


def verify(conn: Connection, sealer: Sealer, shop_id: str) -> Report:
    """Reads the whole audit of a shop in one moment and reports every altered, missing or moved row."""
    report = Report(shop_id)
    _start(conn, sealer, report)
    last: Row = {}
    for row in _rows(conn, shop_id):
        _check(report, row)
        last = row
    _check_head(conn, sealer, report, last)
    return report


def verify_on(
    conn: Connection, sealer: Sealer, shop_id: str, after: tuple[int, str] | None, most: int
) -> tuple[Report, bool]:
    """Reads what follows a row that was checked before (its number and hash; None: from the start on), `most`
    rows at most; whether it came to the end."""
    report = Report(shop_id)
    _start(conn, sealer, report)
    if after is not None and after[0] > report.n:
        mine = (audit.c.shop_id == shop_id) & (audit.c.n == after[0])
        if conn.execute(select(audit.c.hash).where(mine)).scalar() == after[1]:
            report.n, report.hash = after
        else:
            report.add(after[0], "it is missing, or not the row that was checked before")
    rows = list(_rows(conn, shop_id, most + 1, report.n))
    for row in rows[:most]:
        _check(report, row)
    if len(rows) > most:
        return report, False
    _check_head(conn, sealer, report, rows[-1] if rows else {})
    return report, True


def _check_head(conn: Connection, sealer: Sealer, report: Report, last: Row) -> None:
    shop_id = report.shop_id
    head = conn.execute(select(audit_heads).where(audit_heads.c.shop_id == shop_id)).first()
    if head is None:
        if last.get("form") is not None or report.let_go or (not last and _paired_before(conn, shop_id)):
            report.add(report.n + 1, "the signed head is missing, and perhaps the newest rows with it")
    elif not sealer.signed(_head_text(shop_id, head.n, head.hash), head.signature):
        report.add(head.n, "the head was not signed by this sidecar")
    elif head.n > report.n:
        report.add(report.n + 1, f"rows {report.n + 1} to {head.n}, the newest, are missing")
    elif (head.n, head.hash) != (report.n, report.hash):
        report.add(report.n, "it is not the row that the signed head tells of")


def _start(conn: Connection, sealer: Sealer, report: Report) -> None:
    mine = audit_checkpoints.c.shop_id == report.shop_id
    point = conn.execute(
        select(audit_checkpoints).where(mine).order_by(audit_checkpoints.c.n.desc()).limit(1)
    ).first()
    if point is None:
        return
    report.n, report.hash, report.let_go = point.n, point.hash, point.rows_let_go
    if not sealer.signed(_point_text(report.shop_id, point), point.signature):
        report.add(point.n, "the checkpoint was not signed by this sidecar")


def _rows(conn: Connection, shop_id: str, limit: int | None = None, after: int = 0) -> Iterator[Row]:
    left = limit
    while True:
        query = select(audit).where(audit.c.shop_id == shop_id, audit.c.n > after).order_by(audit.c.n)
        found = conn.execute(query.limit(CHUNK if left is None else left)).mappings().all()
        for row in found:
            yield dict(row)
        if left is not None or len(found) < CHUNK:
            return
        after = found[-1]["n"]


def _check(report: Report, row: Row) -> None:
    n, expected = row["n"], report.n + 1
    if n > expected:
        gone = f"row {expected} is" if n == expected + 1 else f"rows {expected} to {n - 1} are"
        report.add(expected, f"{gone} missing")
    elif n < expected:
        report.add(n, "it was put before the checkpoint")
    elif row["previous"] != report.hash:
        report.add(n, "it does not follow the row before it: one of the two was altered or moved")
    if digest(row) != row["hash"]:
        report.add(n, "it was altered")
    report.rows += 1
    report.n, report.hash = n, row["hash"]


def let_go(engine: Engine, sealer: Sealer, shop_id: str, before: int, *, at_once: int = CHUNK) -> int:
    """Deletes the rows from before a moment, the oldest first, behind a signed checkpoint; how many.

    Each step is a transaction of its own, so that a kill between two loses nothing.
    """
    gone = 0
    while step := _let_go_some(engine, sealer, shop_id, before, at_once):
        gone += step
    return gone


def _let_go_some(engine: Engine, sealer: Sealer, shop_id: str, before: int, at_once: int) -> int:
    with write(engine) as conn:
        # Whoever appends, or lets go too, waits here.
        conn.execute(select(audit_heads.c.n).where(audit_heads.c.shop_id == shop_id).with_for_update())
        rows = list(takewhile(lambda row: row["at"] < before, _rows(conn, shop_id, at_once)))
        if not rows:
            return 0
        report = Report(shop_id)
        _start(conn, sealer, report)
        for row in rows:
            _check(report, row)
        if report.problems:
            _tell(conn, sealer, shop_id, report.problems[0])
        _set_point(conn, sealer, report)
        old = (audit.c.shop_id == shop_id) & (audit.c.n <= report.n)
        return int(conn.execute(delete(audit).where(old)).rowcount)


def _set_point(conn: Connection, sealer: Sealer, report: Report) -> None:
    mine = audit_checkpoints.c.shop_id == report.shop_id
    conn.execute(delete(audit_checkpoints).where(mine))
    point: Row = {
        "shop_id": report.shop_id, "n": report.n, "hash": report.hash, "at": now(),
        "rows_let_go": report.let_go + report.rows,
    }  # fmt: skip
    signature = sealer.sign(
        _text("checkpoint", *(point[name] for name in ("shop_id", "n", "hash", "rows_let_go")))
    )
    conn.execute(audit_checkpoints.insert(), point | {"signature": signature})


def _tell(conn: Connection, sealer: Sealer, shop_id: str, problem: Problem) -> None:
    """What was wrong with rows outlives them."""
    row: Row = {
        "at": now(), "who": None, "person": None, "sealed": None, "action": "audit.broken",
        "target": str(problem.n), "detail": {"what": problem.what}, "was": None, "became": None,
        "failed": True, "request_id": None,
    }  # fmt: skip
    log.error("audit_broken", shop_id=shop_id, row=problem.n, why=problem.what)
    append(conn, sealer, shop_id, row)


def overdue(conn: Connection, before: int) -> list[str]:
    """The shops whose oldest row is from before a moment."""
    old = select(audit.c.shop_id).group_by(audit.c.shop_id).having(func.min(audit.c.at) < before)
    return [str(name) for name in conn.execute(old).scalars()]


def log_heads(engine: Engine) -> None:
    """Writes each head to the log, which somebody who holds the database cannot take back."""
    with read(engine) as conn:
        for head in conn.execute(select(audit_heads)).all():
            log.info("audit_head", shop_id=head.shop_id, n=head.n, hash=head.hash)


def sign_again(engine: Engine, sealer: Sealer) -> int:
    """Signs heads and checkpoints under the newest key; how many. What no key of ours signed stays."""
    done = 0
    for table, text in ((audit_heads, _head_row), (audit_checkpoints, _point_row)):
        newest = table.c.signature.startswith(f"{sealer.key_id}.")
        with read(engine) as conn:
            ids = list(conn.execute(select(table.c.shop_id).where(~newest)).scalars())
        for shop_id in ids:
            with write(engine) as conn:
                mine = table.c.shop_id == shop_id
                row = conn.execute(select(table).where(mine, ~newest).with_for_update()).first()
                if row is not None and sealer.signed(text(row), row.signature):
                    conn.execute(update(table).where(mine).values(signature=sealer.sign(text(row))))
                    done += 1
    return done


def signed_by(conn: Connection, sealer: Sealer) -> set[str]:
    """Ids of the keys that signed a head or checkpoint which stands now."""
    found = set()
    for table, text in ((audit_heads, _head_row), (audit_checkpoints, _point_row)):
        for row in conn.execute(select(table)).all():
            if sealer.signed(text(row), row.signature):
                found.add(row.signature.partition(".")[0])
    return found


def _head_row(row: Any) -> str:
    return _head_text(row.shop_id, row.n, row.hash)


def _point_row(row: Any) -> str:
    return _point_text(row.shop_id, row)


def _head_text(shop_id: str, n: int, last: str) -> str:
    return _text("head", shop_id, n, last)


def _point_text(shop_id: str, point: Any) -> str:
    return _text("checkpoint", shop_id, point.n, point.hash, point.rows_let_go)


def _text(*parts: object) -> str:
    return "devskyy audit\n" + "\n".join(map(str, parts))
