"""When agents and chores run by themselves: UTC, and once per moment whichever process sees it first."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import get_args

from sqlalchemy import Connection, delete, select, update

from sidecar.core.agent import Agent, Schedule
from sidecar.core.errors import Invalid
from sidecar.db import insert_new, read
from sidecar.db.app import schedule_fires, schedules
from sidecar.runtime.base import Row, Runtime, now
from sidecar.runtime.runs import is_on, overrides

RECONCILE = "_reconcile"
RETENTION = "_retention"
CHORES = {RECONCILE: "daily", RETENTION: "daily"}
WORDS = get_args(Schedule)


def check(text: str) -> None:
    """Invalid unless `text` is a known word or a cron line of five fields."""
    if text in WORDS:
        return
    from croniter import croniter

    if len(text.split()) != 5 or not croniter.is_valid(text):
        raise Invalid(
            "This schedule is not understood.",
            hint=f"Use {', '.join(WORDS)} or five cron fields such as `0 6 * * 1` (UTC).",
            fields={"schedule": "unknown"},
        )


def cron(text: str, shop_id: str, name: str) -> str:
    """A schedule as a cron line; the words get a minute of their own, so that shops and agents do not start
    together.
    """
    spread = int(hashlib.sha256(f"{shop_id}/{name}".encode()).hexdigest()[:8], 16)
    minute, hour = spread % 60, 2 + spread // 60 % 3
    lines = {
        "hourly": f"{minute} * * * *",
        "daily": f"{minute} {hour} * * *",
        "weekly": f"{minute} {hour} * * 1",
        "monthly": f"{minute} {hour} 1 * *",
    }
    return lines.get(text, text)


def following(line: str, after: int) -> int:
    """The first moment of a cron line after `after`."""
    from croniter import croniter

    return int(croniter(line, datetime.fromtimestamp(after, UTC)).get_next(datetime).timestamp())


def place(conn: Connection, shop_id: str, agent: Agent) -> None:
    """Brings an agent's row in line with what the owner set; a running countdown is kept when nothing
    changed.
    """
    saved = overrides(conn, shop_id, agent.name)
    _place(conn, shop_id, agent.name, (saved["schedule"] or agent.schedule) if is_on(saved) else "off")


def place_all(conn: Connection, shop_id: str, agents: list[Agent]) -> None:
    """Rows for all agents and chores of a shop; rows of agents that are gone are dropped."""
    for agent in agents:
        place(conn, shop_id, agent)
    for name, text in CHORES.items():
        _place(conn, shop_id, name, text)
    names = [agent.name for agent in agents] + list(CHORES)
    conn.execute(delete(schedules).where(schedules.c.shop_id == shop_id, schedules.c.agent.not_in(names)))


def _place(conn: Connection, shop_id: str, name: str, text: str) -> None:
    mine = (schedules.c.shop_id == shop_id) & (schedules.c.agent == name)
    row = conn.execute(select(schedules.c.schedule).where(mine)).first()
    if row and row.schedule == text:
        return
    conn.execute(delete(schedules).where(mine))
    if text != "off":
        next_at = following(cron(text, shop_id, name), now())
        insert_new(conn, schedules, {"shop_id": shop_id, "agent": name, "schedule": text, "next_at": next_at})


def any_due(rt: Runtime, moment: int) -> bool:
    """Whether `take_due` would find something; takes no write lock."""
    with read(rt.db.app) as conn:
        due = select(schedules.c.agent).where(schedules.c.next_at <= moment).limit(1)
        return conn.execute(due).first() is not None


def take_due(conn: Connection, moment: int) -> list[Row]:
    """Moves every due schedule on and returns those that this call is the first to see; missed moments fire
    once.
    """
    rows = conn.execute(select(schedules).where(schedules.c.next_at <= moment).limit(100)).mappings().all()
    taken = []
    for row in rows:
        mine = (schedules.c.shop_id == row["shop_id"]) & (schedules.c.agent == row["agent"])
        line = cron(row["schedule"], row["shop_id"], row["agent"])
        conn.execute(update(schedules).where(mine).values(next_at=following(line, moment), last_at=moment))
        fire = {"shop_id": row["shop_id"], "agent": row["agent"], "fire_at": row["next_at"], "at": moment}
        if insert_new(conn, schedule_fires, fire):
            taken.append(dict(row))
    return taken
