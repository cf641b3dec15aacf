"""The one door to an agent: REST, CLI, schedule and event all come through here.

The run's row is the truth. The agent sees one moment of the shop, a clock and seeded random numbers; its
answer and its
proposals are committed together, or not at all.
"""

from __future__ import annotations

import threading
import time
import traceback
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import structlog
from dramatiq.middleware import Interrupt, raise_thread_exception
from sqlalchemy import delete, func, insert, select, update

from sidecar.core.agent import Agent, Result
from sidecar.core.errors import Cancelled, DevSkyyError, Unavailable, UndeclaredRead
from sidecar.core.store import ShopFacts, Store
from sidecar.db import read, write
from sidecar.db.app import run_log, runs
from sidecar.runtime import audit, metrics, proposals
from sidecar.runtime.base import Row, Runtime, now
from sidecar.runtime.jobs import LostLease
from sidecar.runtime.models import KeptModels
from sidecar.runtime.runs import ENDED, load, tell_end
from sidecar.runtime.shop import shop_row
from sidecar.security.pairing import shop_facts
from sidecar.store.queries import open_store

if TYPE_CHECKING:
    from numpy.random import Generator

PROGRESS_S = 0.5
LOG_MAX = 1_000
log = structlog.get_logger(__name__)


class TimeUp(Interrupt):
    """Raised inside an agent that takes longer than `run_timeout_s`."""


class RunContext:
    """What an agent is handed (sidecar.core.agent.Context)."""

    def __init__(self, rt: Runtime, run: Row, store: Store, models: KeptModels | None) -> None:
        self._rt, self._run, self._store, self._models = rt, run, store, models
        self._now = datetime.fromtimestamp(run["started_at"], UTC)
        self._told = 0.0

    @property
    def store(self) -> Store:
        """The shop at one moment."""
        return self._store

    @property
    def facts(self) -> ShopFacts:
        """Currency, decimals, time zone and the like."""
        return self._store.facts

    @property
    def now(self) -> datetime:
        """The moment of the run, in UTC."""
        return self._now

    @cached_property
    def rng(self) -> Generator:
        """Seeded by the run."""
        from numpy.random import default_rng

        return default_rng(self._run["seed"])

    @property
    def models(self) -> KeptModels:
        """What earlier runs fitted, and where this one keeps what it fits."""
        if self._models is None:
            raise UndeclaredRead(
                "The agent asked for models, which its declaration does not name.",
                hint='Add "models" to needs=.',
            )
        return self._models

    def progress(self, done: int, total: int, label: str) -> None:
        """Stores progress twice a second at most; raises Cancelled when a person has cancelled the run."""
        if time.monotonic() - self._told < PROGRESS_S and done < total:
            return
        self._told = time.monotonic()
        values = {"progress_done": done, "progress_total": total, "progress_label": label[:200]}
        mine = _mine(self._run)
        with write(self._rt.db.app) as conn:
            conn.execute(update(runs).where(mine).values(values))
            stop = conn.execute(select(runs.c.cancel_requested).where(mine)).scalar()
        if stop:
            raise Cancelled("The run was cancelled.", hint="Run the agent again when you want to.")

    def log(self, message: str) -> None:
        """Adds a line to the run's log."""
        note(self._rt, self._run, "info", message)


def execute(rt: Runtime, shop_id: str, ident: str) -> Row:
    """Runs a queued run to its end and returns its row; a run that has ended is left as it is.

    An agent's failure ends the run as `failed`; only trouble with database or shop is raised, so that it is
    tried again.
    """
    run = _begin(rt, shop_id, ident)
    if run["state"] in ENDED:
        return run
    agent = rt.registry.get(run["agent"])
    started = time.monotonic()
    with structlog.contextvars.bound_contextvars(run=ident, agent=run["agent"]):
        try:
            if agent is None:
                raise DevSkyyError(
                    "This agent is no longer installed.", code="agent_unknown", hint="Remove its schedule."
                )
            _succeed(rt, run, agent, _call(rt, run, agent), started)
        except Cancelled as error:
            _end(rt, run, "cancelled", started, error=error.as_dict())
        except Unavailable:
            _wait(rt, run)
            raise
        except DevSkyyError as error:
            _fail(rt, run, started, error)
        except TimeUp:
            _fail(rt, run, started, _timed_out(rt))
        except Exception as error:
            log.error("agent_crashed", exc=traceback.format_exc(limit=20))
            _fail(rt, run, started, _crash(error))
    with read(rt.db.app) as conn:
        return load(conn, shop_id, ident)


def _begin(rt: Runtime, shop_id: str, ident: str) -> Row:
    with write(rt.db.app) as conn:
        row = load(conn, shop_id, ident)
        if row["state"] in ENDED:
            return row
        if row["cancel_requested"]:
            conn.execute(update(runs).where(_mine(row)).values(state="cancelled", finished_at=now()))
            tell_end(conn, row, "cancelled")
            return load(conn, shop_id, ident)
        # A run that died half way starts anew; its first start stays, so that "now" and the numbers stay the
        # same.
        values = {
            "state": "running",
            "started_at": row["started_at"] or now(),
            "attempts": row["attempts"] + 1,
            "lease_owner": rt.owner,
        }
        conn.execute(update(runs).where(_mine(row)).values(values))
        conn.execute(delete(run_log).where(run_log.c.shop_id == shop_id, run_log.c.run_id == ident))
        return load(conn, shop_id, ident)


def _call(rt: Runtime, run: Row, agent: Agent) -> tuple[Result[Any], Store, KeptModels | None]:
    moment = datetime.fromtimestamp(run["started_at"], UTC)
    facts = shop_facts(shop_row(rt, run["shop_id"])["facts"])
    with open_store(rt.db, run["shop_id"], facts, agent.reads, now=moment) as store:
        inp = agent.input_model.model_validate(run["input"])
        models = KeptModels(rt.db.app, run["shop_id"]) if "models" in agent.needs else None
        with _limit(rt.settings.run_timeout_s):
            result = agent.run(inp, RunContext(rt, run, store, models))
        return result, store, models


class _limit:
    """Interrupts this thread after some seconds, unless the work is done before."""

    def __init__(self, seconds: float) -> None:
        self.lock, self.done, self.thread = threading.Lock(), False, threading.get_ident()
        self.timer = threading.Timer(seconds, self._strike)
        self.timer.daemon = True

    def _strike(self) -> None:
        with self.lock:
            if not self.done:
                raise_thread_exception(self.thread, TimeUp)  # type: ignore[no-untyped-call]

    def __enter__(self) -> None:
        self.timer.start()

    def __exit__(self, *_exc: object) -> None:
        with self.lock:
            self.done = True
        self.timer.cancel()


def _succeed(
    rt: Runtime,
    run: Row,
    agent: Agent,
    found: tuple[Result[Any], Store, KeptModels | None],
    started: float,
) -> None:
    result, store, models = found
    output = result.output.model_dump(mode="json", exclude_none=True)
    if models is not None:
        # Its writes come before the one that ends the run: whoever lost the run must not make them.
        with read(rt.db.app) as conn:
            _still_ours(rt, load(conn, run["shop_id"], run["id"]))
        models.store(run["id"])
    with write(rt.db.app) as conn:
        _still_ours(rt, load(conn, run["shop_id"], run["id"]))
        given = (run["shop_id"], agent, run["id"], result.proposals, store.facts)
        made, left = proposals.create(rt, conn, *given)
        for line in [*store.notes(), *(f"Left out: {words}" for words in left)]:
            _line(conn, run, "info", line)
        values = {**_ended("done", started), "output": output, "generation": store.generation}
        conn.execute(update(runs).where(_mine(run)).values(values))
        tell_end(conn, run, "done")
    _count(run, "done", started)
    log.info("run_done", proposals=len(made), left_out=len(left))


def _wait(rt: Runtime, run: Row) -> None:
    """Puts the run back in line: its job is tried again."""
    with write(rt.db.app) as conn:
        mine = _mine(run) & (runs.c.state == "running") & (runs.c.lease_owner == rt.owner)
        conn.execute(update(runs).where(mine).values(state="queued"))


def _still_ours(rt: Runtime, row: Row) -> None:
    if row["state"] != "running" or row["lease_owner"] != rt.owner:
        raise LostLease("Another process runs this now.")


def _fail(rt: Runtime, run: Row, started: float, error: DevSkyyError) -> None:
    if isinstance(error, LostLease):
        raise error
    note(rt, run, "error", error.message)
    audit.trouble(rt, run["shop_id"], f"agent:{run['agent']}", error)
    _end(rt, run, "failed", started, error=error.as_dict())


def _end(rt: Runtime, run: Row, state: str, started: float, *, error: Row) -> None:
    with write(rt.db.app) as conn:
        ended = update(runs).where(_mine(run), runs.c.state == "running")
        if conn.execute(ended.values(**_ended(state, started), error=error)).rowcount:
            tell_end(conn, run, state)
    _count(run, state, started)
    log.info(f"run_{state}", code=error["code"])


def _ended(state: str, started: float) -> Row:
    return {"state": state, "finished_at": now(), "duration_ms": int((time.monotonic() - started) * 1000)}


def _count(run: Row, state: str, started: float) -> None:
    metrics.RUNS.labels(run["agent"], state).inc()
    metrics.RUN_SECONDS.labels(run["agent"]).observe(time.monotonic() - started)


def _timed_out(rt: Runtime) -> DevSkyyError:
    return DevSkyyError(
        f"The run took longer than {rt.settings.run_timeout_s} seconds.",
        code="run_timeout",
        hint="Narrow its input, or raise DEVSKYY_RUN_TIMEOUT_S.",
    )


def _crash(error: Exception) -> DevSkyyError:
    return DevSkyyError(
        f"The agent stopped: {type(error).__name__}: {error}"[:500],
        code="agent_crashed",
        hint="The sidecar's log holds the details; report it with the run's id.",
    )


def give_up(rt: Runtime, shop_id: str, ident: str, error: DevSkyyError) -> None:
    """Ends a run as failed from outside; one that has ended stays as it is."""
    mine = (runs.c.shop_id == shop_id) & (runs.c.id == ident) & runs.c.state.not_in(ENDED)
    with write(rt.db.app) as conn:
        ended = update(runs).where(mine).values(state="failed", finished_at=now(), error=error.as_dict())
        if conn.execute(ended).rowcount:
            tell_end(conn, load(conn, shop_id, ident), "failed")


def note(rt: Runtime, run: Row, level: str, message: str) -> None:
    """Adds a line to a run's log, up to a thousand."""
    with write(rt.db.app) as conn:
        _line(conn, run, level, message)


def _line(conn: Any, run: Row, level: str, message: str) -> None:
    mine = (run_log.c.shop_id == run["shop_id"]) & (run_log.c.run_id == run["id"])
    n = conn.execute(select(func.coalesce(func.max(run_log.c.n), 0)).where(mine)).scalar_one() + 1
    if n <= LOG_MAX:
        row = {
            "shop_id": run["shop_id"],
            "run_id": run["id"],
            "n": n,
            "at": now(),
            "level": level,
            "message": message[:2000],
        }
        conn.execute(insert(run_log).values(row))


def _mine(run: Row) -> Any:
    return (runs.c.shop_id == run["shop_id"]) & (runs.c.id == run["id"])
