"""Rate windows: exact over processes and databases, cheap, forgotten in time; addresses and networks."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, func, select

from sidecar.db import Databases, open_databases, read
from sidecar.db.identity import rate_windows
from sidecar.db.migrate import upgrade_all
from sidecar.security import limits
from sidecar.security.limits import Limit, Limiter
from sidecar.security.sealing import Sealer
from tests.sidecar.laid import lay
from tests.sidecar.servers import empty_tables

KEY = bytes(range(32))
MOMENT = 1_790_000_017.25
LONG = Limit("long", 1_000, 3_600)
SHORT = Limit("short", 7, 60)


@pytest.fixture
def databases(tmp_path: Path) -> Iterator[Databases]:
    """Both databases on SQLite, with their tables."""
    lay(tmp_path)
    made = open_databases(f"sqlite:///{tmp_path}/app.sqlite3", f"sqlite:///{tmp_path}/mirror.sqlite3")
    yield made
    made.dispose()


@pytest.fixture(params=["databases", "mariadb", "postgresql"])
def anywhere(request: pytest.FixtureRequest) -> Iterator[Databases]:
    """Both databases on each kind of server."""
    found = request.getfixturevalue(request.param)
    if request.param == "databases":
        yield found
        return
    made = open_databases(found % "app", found % "mirror")
    upgrade_all(made)
    yield made
    empty_tables(made)
    made.dispose()


def limiter(databases: Databases, moment: float = MOMENT) -> Limiter:
    """A process's limiter at a moment that stands still."""
    return Limiter(databases.app, Sealer(KEY), clock=lambda: moment)


def hammer(url: str, barrier: Any, told: Any) -> None:
    """One process: asks far more often than the limit allows, with four threads; tells how often it might."""
    databases = open_databases(url, url)
    own, passed = limiter(databases), []
    barrier.wait()

    def ask() -> None:
        for _ in range(500):
            passed.append(own.take(LONG, "anna").allowed)
            passed.append(own.take(SHORT, "anna").allowed and 1_000_000)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told.put((sum(passed), len(passed)))
    databases.dispose()


def test_several_processes_together_never_let_more_than_the_limit_through(anywhere: Databases) -> None:
    processes = 4
    context = multiprocessing.get_context("spawn")
    barrier, told = context.Barrier(processes), context.Queue()
    url = anywhere.app.url.render_as_string(hide_password=False)
    started = [context.Process(target=hammer, args=(url, barrier, told)) for _ in range(processes)]
    for process in started:
        process.start()
    answers = [told.get(timeout=120) for _ in started]
    for process in started:
        process.join(30)
    assert [process.exitcode for process in started] == [0] * processes
    assert {asked for _, asked in answers} == {4_000}
    short, long = divmod(sum(passed for passed, _ in answers), 1_000_000)
    assert short == SHORT.amount  # its chunk is one: nothing is lost
    assert long == LONG.amount  # all asked until there was none left, so nobody kept a remainder
    with read(anywhere.app) as conn:
        assert conn.execute(select(func.max(rate_windows.c.count))).scalar() == LONG.amount


def test_a_process_that_ends_loses_less_than_a_chunk(databases: Databases) -> None:
    first = limiter(databases)
    assert first.take(LONG, "anna").allowed
    second = limiter(databases)
    passed = 0
    while second.take(LONG, "anna").allowed:
        passed += 1
    assert passed == LONG.amount - LONG.amount // limits.SHARE


def test_a_verdict_says_what_is_left_and_until_when(databases: Databases) -> None:
    own = limiter(databases)
    told = [own.take(SHORT, "anna") for _ in range(9)]
    assert [one.allowed for one in told] == [True] * 7 + [False] * 2
    assert [one.remaining for one in told] == [6, 5, 4, 3, 2, 1, 0, 0, 0]
    # The window began at …:40, 37 s before; 9.6 s after its end one of the seven has lost its share.
    assert [one.reset for one in told] == [23] * 6 + [33] * 3
    assert own.take(SHORT, "bert").allowed
    assert own.take(LONG, "anna").allowed
    assert limiter(databases).take(SHORT, "anna").allowed is False
    assert limiter(databases, MOMENT + 23).take(SHORT, "anna").allowed is False
    assert limiter(databases, MOMENT + 32).take(SHORT, "anna").reset == 1
    assert limiter(databases, MOMENT + 33).take(SHORT, "anna").allowed


START = 1_790_000_040
"""The first second of a window of SHORT."""
FULL = Limit("full", 200, 60)


def passed(databases: Databases, limit: Limit, moment: float, asked: int = 1_000) -> int:
    """How many of many requests another process lets through at that moment."""
    own, count = limiter(databases, moment), 0
    while count < asked and own.take(limit, "anna").allowed:
        count += 1
    return count


def test_a_boundary_lets_nobody_through_twice(anywhere: Databases) -> None:
    for limit in (SHORT, FULL):  # permits by one, and in chunks
        assert passed(anywhere, limit, START - 0.1) == limit.amount
        assert [passed(anywhere, limit, START + after) for after in (0, 0.1, 1)] == [0, 0, 0]
        assert passed(anywhere, limit, START + 30) == limit.amount // 2
        assert passed(anywhere, limit, START + 60) == limit.amount - limit.amount // 2
        assert passed(anywhere, limit, START + 60) == 0
        assert passed(anywhere, limit, START + 240) == limit.amount  # nobody asked for a whole window


def test_whoever_keeps_asking_gets_the_limit_in_any_window_of_its_length(databases: Databases) -> None:
    clock, let = [float(START)], []
    processes = [Limiter(databases.app, Sealer(KEY), clock=lambda: clock[0]) for _ in range(2)]
    for tenth in range(3 * 600):
        clock[0] = START + tenth / 10
        let += [clock[0] for own in processes if own.take(FULL, "anna").allowed]
    assert max(sum(one - 60 < other <= one for other in let) for one in let) == FULL.amount
    assert len(let) > 2.8 * FULL.amount  # and is not kept waiting for what others had


def test_a_wait_of_what_is_told_suffices(databases: Databases) -> None:
    for limit in (SHORT, FULL, Limit("one", 1, 60), Limit("odd", 13, 7)):
        clock = [START + 11.3]
        own = Limiter(databases.app, Sealer(KEY), clock=lambda clock=clock: clock[0])
        for _ in range(40):
            told = own.take(limit, "anna")
            while told.allowed:
                told = own.take(limit, "anna")
            clock[0] += told.reset - 1.001
            assert not own.take(limit, "anna").allowed
            clock[0] += 1.001
            assert own.take(limit, "anna").allowed


def test_what_a_slow_process_counted_in_the_former_window_counts(databases: Databases) -> None:
    early, late = limiter(databases, START + 0.1), limiter(databases, START - 0.1)
    assert early.take(SHORT, "anna").allowed
    assert sum(late.take(SHORT, "anna").allowed for _ in range(9)) == SHORT.amount
    assert not early.take(SHORT, "anna").allowed


def test_it_writes_once_a_chunk_and_never_when_all_is_used(databases: Databases) -> None:
    own, written = limiter(databases), []
    event.listen(databases.app, "before_cursor_execute", lambda *given: written.append(given[2][:6]))
    for _ in range(1_000):
        own.take(LONG, "anna")
    assert written.count("UPDATE") == limits.SHARE
    before = len(written)
    assert not any(own.take(LONG, "anna").allowed for _ in range(100))
    assert len(written) == before


def test_windows_are_deleted_when_they_have_passed(databases: Databases) -> None:
    limiter(databases).take(SHORT, "anna")
    limiter(databases).take(LONG, "anna")
    limits.prune(databases.app, int(MOMENT))
    assert _names(databases) == {"short anna", "long anna"}
    limits.prune(databases.app, int(MOMENT) + 82)  # the next window still looks at it
    assert _names(databases) == {"short anna", "long anna"}
    limits.prune(databases.app, int(MOMENT) + 84)
    assert _names(databases) == {"long anna"}


def _names(databases: Databases) -> set[str]:
    with read(databases.app) as conn:
        return set(conn.execute(select(rate_windows.c.name)).scalars())


def test_memory_is_bounded_and_forgetting_lets_nobody_more_through(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "LEASES", 3)
    own = limiter(databases)
    passed = 0
    for round_ in range(10):
        passed += own.take(SHORT, "anna").allowed
        for other in range(4):
            own.take(SHORT, f"{round_} {other}")
    assert len(own._leases) == 3
    assert passed == SHORT.amount


def test_hashes_are_alike_in_all_processes_and_tell_nothing(databases: Databases) -> None:
    first, second = limiter(databases).hashed("192.0.2.7"), limiter(databases).hashed("192.0.2.7")
    assert first == second != limiter(databases).hashed("192.0.2.8")
    lost = Limiter(databases.app, Sealer(bytes(32)))
    assert lost.hashed("192.0.2.7") != first  # the sealing key was lost: a fresh one is made …
    assert lost.hashed("192.0.2.7") == Limiter(databases.app, Sealer(bytes(32))).hashed("192.0.2.7")  # … once


@pytest.mark.parametrize(
    ("text", "amount", "seconds"),
    [("10/minute", 10, 60), ("600/hour", 600, 3_600), ("5/second", 5, 1), ("9/day", 9, 86_400)],
)
def test_limits_in_words(text: str, amount: int, seconds: int) -> None:
    assert Limit.of("x", text) == Limit("x", amount, seconds)


def test_wrong_words_are_refused() -> None:
    for words in ("", "many", "10", "/minute"):
        with pytest.raises(ValueError):
            Limit.of("x", words)
    for words in ("10.0.0.0/33", "example.com", "1.2.3"):
        with pytest.raises(ValueError):
            limits.networks(words)


def test_addresses_and_networks() -> None:
    near = limits.networks("10.0.0.0/8, 2001:db8::/32 192.0.2.7")
    assert limits.networks("") == ()
    for text in ("10.1.2.3", "2001:db8::1", "192.0.2.7", "::ffff:10.1.2.3", " 10.1.2.3 "):
        assert limits.within(limits.address(text), near), text
    for text in ("11.1.2.3", "192.0.2.8", "::1", "", None, "10.1.2.3:80", "10.1.2.3, 1.1.1.1", "x" * 9_999):
        assert not limits.within(limits.address(text), near), text
    assert limits.counted(limits.address("2001:db8:1:2:3::4")) == "2001:db8:1:2::/64"
    assert limits.counted(limits.address("192.0.2.7")) == "192.0.2.7"
    assert limits.counted(None) == "unknown"
