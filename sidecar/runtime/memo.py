"""Counts that take long: a process keeps them for a hundred times as long as they took."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Value = TypeVar("Value")
WORTH, FACTOR, LONGEST_S = 20_000, 100, 60.0
"""From how many rows on a count is kept at all, and for how long."""


@dataclass
class _Kept(Generic[Value]):
    lock: threading.Lock = field(default_factory=threading.Lock)
    value: Value | None = None
    until: float = 0.0
    version: int = 0


class Memo(Generic[Value]):
    """Answers by key; `rows` tells how many rows an answer counted. Fewer than `WORTH` are counted each time.

    While one thread counts anew, the others get the former answer.
    """

    def __init__(self, rows: Callable[[Value], int]) -> None:
        self._rows, self._kept, self._lock = rows, dict[tuple[str, str], _Kept[Value]](), threading.Lock()

    def get(self, key: tuple[str, str], count: Callable[[], Value], version: int = 0) -> Value:
        """The answer for (process, shop), counted now or a moment ago; another `version` counts anew."""
        with self._lock:
            kept = self._kept.setdefault(key, _Kept())
        if kept.value is None or kept.version != version:
            kept.version = version
            return self._count(kept, count)
        if time.monotonic() < kept.until or not kept.lock.acquire(blocking=False):
            return kept.value
        try:
            return self._count(kept, count)
        finally:
            kept.lock.release()

    def _count(self, kept: _Kept[Value], count: Callable[[], Value]) -> Value:
        begun = time.monotonic()
        value = count()
        kept.until = begun + min((time.monotonic() - begun) * FACTOR, LONGEST_S)
        kept.value = value if self._rows(value) >= WORTH else None
        return value
