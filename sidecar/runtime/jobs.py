"""Background work: the row in the app database is the truth, the queue only carries its id.

A job is claimed by compare-and-set under a lease that its process renews. Whatever dies leaves a lease that
ends; the
sweeper then sends the job again. Handlers are therefore idempotent.
"""

from __future__ import annotations

import threading
import traceback
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import dramatiq
import structlog
from sqlalchemy import ColumnElement, Connection, bindparam, func, or_, select, update

from sidecar.core.errors import Cancelled, Conflict, DevSkyyError, NotFound, Unavailable
from sidecar.db import insert_new, read, write
from sidecar.db.app import jobs
from sidecar.runtime import audit
from sidecar.runtime.base import Row, Runtime, now

LEASE_S = 15
TRIES = 5
QUEUE = "default"
RESEND_S = 300
POSTPONE_S = 20
WEEK = 7 * 86_400
Handler = Callable[[Runtime, str, dict[str, Any]], Any]
HANDLERS: dict[str, Handler] = {}
GIVEN_UP: dict[str, Callable[[Runtime, str, dict[str, Any], DevSkyyError], None]] = {}
"""What each kind of job does; `sidecar.runtime.work` fills it; and what else must know when a kind has failed
for good.
"""
TELL: dict[str, Callable[[Connection, Row], None]] = {}
"""What is told of a kind of job (its row) in the transaction in which it ends."""

log = structlog.get_logger(__name__)


class LostLease(DevSkyyError):
    """Another process has taken this work over."""

    status = 409
    code = "lease_lost"


def add(
    conn: Connection,
    shop_id: str,
    kind: str,
    args: Mapping[str, Any],
    *,
    title: str,
    unique_key: str | None = None,
) -> str:
    """Writes a job in the caller's transaction and returns its id; with `unique_key`, that of the one already
    open.

    The caller sends it (`send`) after the commit; if it never gets there, the sweeper does.
    """
    job = uuid.uuid4().hex
    row = {
        "shop_id": shop_id, "id": job, "kind": kind, "title": title, "state": "queued", "args": dict(args),
        "unique_key": unique_key, "attempts": 0, "created_at": now(),
    }  # fmt: skip
    same = (jobs.c.shop_id == shop_id) & (jobs.c.unique_key == unique_key)
    for _ in range(3):
        if insert_new(conn, jobs, row):
            return job
        # Locked, since on some databases the other job could end between the two statements.
        if found := conn.execute(select(jobs.c.id).where(same).with_for_update()).scalar():
            return str(found)
    raise Unavailable("The job could not be queued.", code="job_not_queued", hint="Try again in a moment.")


def start(
    rt: Runtime,
    shop_id: str,
    kind: str,
    args: Mapping[str, Any],
    *,
    title: str,
    unique_key: str | None = None,
) -> str:
    """Writes and sends a job; returns its id."""
    with write(rt.db.app) as conn:
        job = add(conn, shop_id, kind, args, title=title, unique_key=unique_key)
    send(rt, shop_id, job)
    return job


def send(rt: Runtime, shop_id: str, job: str, *, delay_s: float = 0) -> None:
    """Puts a job on the queue; a queue that is away is logged and left to the sweeper."""
    message = rt.broker.get_actor("do_job").message(shop_id, job)
    try:
        rt.broker.enqueue(message, delay=int(delay_s * 1000) or None)
    except Exception as error:
        log.warning("queue_away", job=job, reason=str(error))
        return
    _set(rt, shop_id, job, {"enqueued_at": now()}, only="queued")


def declare_actors(rt: Runtime) -> None:
    """Declares the one actor that carries all jobs on the runtime's broker."""

    def do_job(shop_id: str, job: str) -> None:
        perform(rt, shop_id, job)

    dramatiq.actor(broker=rt.broker, queue_name=QUEUE)(do_job)


def perform(rt: Runtime, shop_id: str, job: str) -> None:
    """Does a job if it is to be done now and nobody else does it; a second delivery does nothing."""
    row = claim(rt, shop_id, job)
    if row is None:
        return
    with (
        structlog.contextvars.bound_contextvars(shop_id=shop_id, job=job, kind=row["kind"]),
        holding(rt, shop_id, job),
    ):
        try:
            result = HANDLERS[row["kind"]](rt, shop_id, row["args"])
        except LostLease:
            log.warning("job_taken_over")
        except Cancelled:
            finish(rt, shop_id, job, "cancelled")
        except DevSkyyError as error:
            if error.code == "sync_running":
                _postpone(rt, shop_id, row)
                return
            _failed(rt, shop_id, row, error, again=isinstance(error, Unavailable))
        except Exception as error:
            log.error("job_crashed", exc=traceback.format_exc(limit=20))
            _failed(rt, shop_id, row, _unexpected(error), again=True)
        else:
            finish(rt, shop_id, job, "done", result=result)


def _unexpected(error: Exception) -> DevSkyyError:
    return DevSkyyError(
        f"{type(error).__name__}: {error}"[:500],
        hint="The sidecar's log holds the details. Retry; if it stays, report it with the log.",
    )


def claim(rt: Runtime, shop_id: str, job: str) -> Row | None:
    """Takes a queued job, or a running one whose lease has ended; None when there is nothing to take."""
    moment = now()
    free = or_(
        (jobs.c.state == "queued") & or_(jobs.c.not_before.is_(None), jobs.c.not_before <= moment),
        (jobs.c.state == "running") & (jobs.c.lease_until < moment),
    )
    values = {
        "state": "running", "lease_owner": rt.owner, "lease_until": moment + LEASE_S, "started_at": moment,
        "attempts": jobs.c.attempts + 1,
    }  # fmt: skip
    mine = (jobs.c.shop_id == shop_id) & (jobs.c.id == job)
    with write(rt.db.app) as conn:
        if conn.execute(update(jobs).where(mine, free).values(values)).rowcount != 1:
            return None
        return dict(conn.execute(select(jobs).where(mine)).mappings().one())


@contextmanager
def holding(rt: Runtime, shop_id: str, job: str) -> Iterator[None]:
    """Renews a job's lease while its work goes on."""
    done = threading.Event()

    def beat() -> None:
        while not done.wait(LEASE_S / 3):
            try:
                _set(rt, shop_id, job, {"lease_until": now() + LEASE_S}, only="running")
            except DevSkyyError as error:
                log.warning("lease_not_renewed", reason=error.message)

    thread = threading.Thread(target=beat, name=f"job-{job[:8]}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(timeout=LEASE_S)


def _set(rt: Runtime, shop_id: str, job: str, values: Row, *, only: str) -> bool:
    mine = (jobs.c.shop_id == shop_id) & (jobs.c.id == job) & (jobs.c.state == only)
    if only == "running":
        mine &= jobs.c.lease_owner == rt.owner
    with write(rt.db.app) as conn:
        return conn.execute(update(jobs).where(mine).values(values)).rowcount == 1


def finish(
    rt: Runtime, shop_id: str, job: str, state: str, *, result: Any = None, error: Row | None = None
) -> None:
    """Ends a job; its unique key becomes free."""
    values = {
        "state": state, "result": result, "error": error, "finished_at": now(), "unique_key": None,
        "lease_owner": None, "lease_until": None,
    }  # fmt: skip
    mine = (jobs.c.shop_id == shop_id) & (jobs.c.id == job)
    held = (jobs.c.state == "running") & (jobs.c.lease_owner == rt.owner)
    with write(rt.db.app) as conn:
        ended = _end(conn, mine, held, values)
    if ended and state == "done":
        _forgive(rt, shop_id, job)


def _end(conn: Connection, mine: ColumnElement[bool], only: ColumnElement[bool], values: Row) -> bool:
    """Writes the end of a job and tells of it; False when it was not ours to end."""
    if conn.execute(update(jobs).where(mine, only).values(values)).rowcount != 1:
        return False
    row = dict(conn.execute(select(jobs).where(mine)).mappings().one())
    if row["kind"] in TELL:
        TELL[row["kind"]](conn, row)
    return True


def _forgive(rt: Runtime, shop_id: str, job: str) -> None:
    """A success takes back the failures of its kind before it: what they were to do is done. Runs stand for
    themselves.
    """
    mine = (jobs.c.shop_id == shop_id) & (jobs.c.state == "failed") & (jobs.c.kind != "run")
    kind = select(jobs.c.kind).where(jobs.c.shop_id == shop_id, jobs.c.id == job).scalar_subquery()
    with read(rt.db.app) as conn:
        ids = list(conn.execute(select(jobs.c.id).where(mine, jobs.c.kind == kind)).scalars())
    if ids:
        with write(rt.db.app) as conn:
            conn.execute(update(jobs).where(mine, jobs.c.id.in_(ids)).values(state="cancelled"))


def _postpone(rt: Runtime, shop_id: str, row: Row) -> None:
    """Another sync has the shop, perhaps a killed one whose lease goes on: later, and no try is lost."""
    later: Row = {"state": "queued", "not_before": now() + POSTPONE_S, "attempts": row["attempts"] - 1}
    later |= {"enqueued_at": None, "lease_owner": None, "lease_until": None}
    if _set(rt, shop_id, row["id"], later, only="running"):
        send(rt, shop_id, row["id"], delay_s=POSTPONE_S + 1)


def _failed(rt: Runtime, shop_id: str, row: Row, error: DevSkyyError, *, again: bool) -> None:
    log.warning("job_failed", code=error.code, reason=error.message, attempt=row["attempts"])
    audit.trouble(rt, shop_id, f"job:{row['kind']}", error)
    if not again or row["attempts"] >= TRIES:
        finish(rt, shop_id, row["id"], "failed", error=error.as_dict())
        _tell(rt, shop_id, row, error)
        return
    delay = min(2 ** row["attempts"], 300)
    values = {
        "state": "queued", "error": error.as_dict(), "not_before": now() + delay, "enqueued_at": None,
        "lease_owner": None, "lease_until": None,
    }  # fmt: skip
    _set(rt, shop_id, row["id"], values, only="running")
    send(rt, shop_id, row["id"], delay_s=delay + 1)


def retry(rt: Runtime, shop_id: str, job: str) -> None:
    """Sends a failed job again; NotFound, or Conflict when it has not failed."""
    mine = (jobs.c.shop_id == shop_id) & (jobs.c.id == job)
    with write(rt.db.app) as conn:
        state = conn.execute(select(jobs.c.state).where(mine)).scalar()
        if state is None:
            raise NotFound("There is no such job.", hint="Reload the Status page: the job may be gone.")
        if state not in ("failed", "cancelled"):
            raise Conflict(
                f"The job is {state}.", code="not_failed", hint="Only a failed job can be tried again."
            )
        values = {
            "state": "queued",
            "attempts": 0,
            "not_before": None,
            "finished_at": None,
            "enqueued_at": None,
        }
        conn.execute(update(jobs).where(mine).values(values))
    send(rt, shop_id, job)


def sweep(rt: Runtime) -> int:
    """Sends again what the queue lost and what died while running; returns how many."""
    moment = now()
    lost = or_(
        (jobs.c.state == "queued")
        & jobs.c.enqueued_at.is_(None)
        & (func.coalesce(jobs.c.not_before, jobs.c.created_at) < moment - 5),
        (jobs.c.state == "queued") & (jobs.c.enqueued_at < moment - RESEND_S),
        (jobs.c.state == "running") & (jobs.c.lease_until < moment),
    )
    with read(rt.db.app) as conn:
        rows = (
            conn.execute(
                select(jobs.c.shop_id, jobs.c.id, jobs.c.attempts, jobs.c.state, jobs.c.kind, jobs.c.args)
                .where(lost)
                .limit(500)
            )
            .mappings()
            .all()
        )
    for row in rows:
        if row["state"] == "running" and row["attempts"] >= TRIES:
            _give_up(rt, dict(row))
        else:
            send(rt, row["shop_id"], row["id"])
    return len(rows)


def _give_up(rt: Runtime, row: Row) -> None:
    error = DevSkyyError(
        f"The process died {TRIES} times while doing this.",
        code="job_kills_worker",
        hint="Look for memory limits and crashes in the sidecar's log, then retry.",
    )
    values = {"state": "failed", "error": error.as_dict(), "finished_at": now(), "unique_key": None}
    mine = (jobs.c.shop_id == row["shop_id"]) & (jobs.c.id == row["id"])
    dead = (jobs.c.state == "running") & (jobs.c.lease_until < now())
    with write(rt.db.app) as conn:
        _end(conn, mine, dead, values)
    audit.trouble(rt, row["shop_id"], f"job:{row['kind']}", error)
    _tell(rt, row["shop_id"], row, error)


def _tell(rt: Runtime, shop_id: str, row: Row, error: DevSkyyError) -> None:
    if row["kind"] in GIVEN_UP:
        GIVEN_UP[row["kind"]](rt, shop_id, row["args"], error)


# Made once: Status asks them often.
COUNTS = (
    select(jobs.c.state, func.count())
    .where(
        jobs.c.shop_id == bindparam("shop"),
        (jobs.c.state != "failed") | (jobs.c.finished_at > bindparam("since")),
    )
    .group_by(jobs.c.state)
)
FAILED = (
    select(jobs)
    .where(
        jobs.c.shop_id == bindparam("shop"),
        jobs.c.state == "failed",
        jobs.c.finished_at > bindparam("since"),
    )
    .order_by(jobs.c.finished_at.desc())
    .limit(1)
)


def counts(conn: Connection, shop_id: str) -> dict[str, int]:
    """How many jobs of a shop are queued and running, and failed in the last week."""
    rows = conn.execute(COUNTS, {"shop": shop_id, "since": now() - WEEK})
    found = {state: int(n) for state, n in rows}
    return {state: found.get(state, 0) for state in ("queued", "running", "failed")}


def last_failed(conn: Connection, shop_id: str) -> Row | None:
    """The job that failed last, within a week."""
    row = conn.execute(FAILED, {"shop": shop_id, "since": now() - WEEK}).mappings().first()
    return dict(row) if row else None
