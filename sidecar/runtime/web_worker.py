"""Gunicorn's worker with threads, among workers that share new connections evenly.

All workers listen to one socket, and whoever wakes first takes what came: of 50 connections one of two
workers may hold 35, or all of them, for as long as they are kept alive, and one core then answers those. So a
worker that holds more than another lets that one go first, for a moment.
"""

from __future__ import annotations

import mmap
import struct
import time
from typing import Any

from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

MOST, NONE = 64, 2**32 - 1
SLACK, PAUSE_S = 1, 0.002
"""Connections that a worker may hold more than another, and how long it then leaves a new one to others."""

_board = mmap.mmap(-1, 4 * MOST)
"""How many connections each worker holds: memory that all of them share, since the master makes it."""
_board.write(struct.pack("I", NONE) * MOST)


class Worker(ThreadWorker):  # type: ignore[misc]
    """One worker; `place` is its own on the board."""

    place = -1

    def notify(self) -> None:
        """Tells the master that it lives, and the others what it holds: before it waits for connections."""
        super().notify()
        self._tell()

    def accept(self, listener: Any) -> None:
        """Takes a connection, unless another worker was quicker while this one held back."""
        if self.nr_conns > fewest() + SLACK:
            time.sleep(PAUSE_S)
        super().accept(listener)
        self._tell()

    def _tell(self) -> None:
        if self.place >= 0:
            struct.pack_into("I", _board, 4 * self.place, self.nr_conns)


def fewest() -> int:
    """The fewest connections that a worker holds now."""
    return int(min(struct.unpack_from(f"{MOST}I", _board)))


def seat(worker: Any, others: Any) -> None:
    """Gives a worker a place on the board before it is forked."""
    taken = {other.place for other in others}
    worker.place = next((place for place in range(MOST) if place not in taken), -1)


def leave(worker: Any) -> None:
    """Wipes out what a worker that ended held."""
    if worker.place >= 0:
        struct.pack_into("I", _board, 4 * worker.place, NONE)
