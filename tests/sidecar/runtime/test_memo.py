"""Counts of large tables: counted rarely, by one thread, and never kept where counting is cheap."""

from __future__ import annotations

import threading
import time

import pytest

from sidecar.runtime.memo import WORTH, Memo

KEY = ("process", "shop")


def test_a_small_count_is_never_old() -> None:
    memo, seen = Memo[int](int), iter(range(WORTH - 3, WORTH))
    assert [memo.get(KEY, lambda: next(seen)) for _ in range(3)] == [WORTH - 3, WORTH - 2, WORTH - 1]


def test_a_large_count_is_kept_as_long_as_it_is_worth(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, asked = [100.0], 0
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])

    def count() -> int:
        nonlocal asked
        asked += 1
        clock[0] += 0.1
        return WORTH + asked

    memo = Memo[int](int)
    assert [memo.get(KEY, count), memo.get(KEY, count)] == [WORTH + 1, WORTH + 1]
    assert memo.get(("process", "other"), count) == WORTH + 2
    clock[0] += 9.7
    assert memo.get(KEY, count) == WORTH + 1
    clock[0] += 0.3
    assert memo.get(KEY, count) == WORTH + 3


def test_who_comes_while_it_is_counted_gets_the_former_answer() -> None:
    memo, go, counting = Memo[int](int), threading.Event(), threading.Event()
    memo.get(KEY, lambda: WORTH)
    time.sleep(0.01)

    def slow() -> int:
        counting.set()
        assert go.wait(10)
        return WORTH + 1

    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(memo.get(KEY, slow)))
    thread.start()
    assert counting.wait(10)
    assert memo.get(KEY, lambda: 1 // 0) == WORTH
    go.set()
    thread.join(10)
    assert found == [WORTH + 1]


def test_another_version_is_counted_anew() -> None:
    memo, counted = Memo(int), []

    def count() -> int:
        counted.append(None)
        time.sleep(0.01)  # kept for a second
        return WORTH + len(counted)

    assert [memo.get(("p", "s"), count, version) for version in (1, 1, 2, 2)] == [
        WORTH + 1, WORTH + 1, WORTH + 2, WORTH + 2,
    ]  # fmt: skip
