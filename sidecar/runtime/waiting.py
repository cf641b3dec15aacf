"""Waiting for a run on the caller's behalf (`Prefer: wait=N`, RFC 7240), within what a process can spare."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import select

from sidecar.db import read
from sidecar.db.app import runs
from sidecar.runtime.base import Runtime
from sidecar.runtime.runs import ENDED

LONGEST_S = 10
QUICK_S, SLOW_S, PATIENT_AFTER_S = 0.01, 0.1, 1.0

_lock = threading.Lock()
_seated = 0


def wished(header: str | None) -> int:
    """Seconds that a Prefer header asks to wait, 10 at most; 0 when it asks for none or cannot be read."""
    for part in (header or "").split(","):
        name, _, value = part.split(";")[0].partition("=")
        if name.strip().lower() == "wait":
            text = value.strip().strip('"')
            return min(int(text), LONGEST_S) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    return 0


def until_ended(rt: Runtime, shop_id: str, ident: str, seconds: float) -> bool:
    """Whether the run ended within these seconds.

    At most half of a process's threads wait at a time, so that others are answered meanwhile; who finds no
    seat is told at once that it has not ended.
    """
    if seconds <= 0:
        return False
    with _seat(max(1, rt.settings.web_threads // 2)) as mine:
        return mine and _watch(rt, shop_id, ident, seconds)


def _watch(rt: Runtime, shop_id: str, ident: str, seconds: float) -> bool:
    begun = time.monotonic()
    query = select(runs.c.state).where(runs.c.shop_id == shop_id, runs.c.id == ident)
    while True:
        with read(rt.db.app) as conn:
            if conn.execute(query).scalar() in ENDED:
                return True
        spent = time.monotonic() - begun
        if spent >= seconds:
            return False
        time.sleep(QUICK_S if spent < PATIENT_AFTER_S else SLOW_S)


@contextmanager
def _seat(most: int) -> Iterator[bool]:
    global _seated
    with _lock:
        free = _seated < most
        _seated += free
    try:
        yield free
    finally:
        with _lock:
            _seated -= free
