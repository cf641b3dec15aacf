"""The audit: what a row holds, who may read it, and that no row is altered, removed or moved unseen."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import delete, insert, select, update

from sidecar.app import create_app
from sidecar.cli import main
from sidecar.core.changes import canonical_json
from sidecar.core.errors import DevSkyyError
from sidecar.db import read, write
from sidecar.db.app import audit as table
from sidecar.db.app import jobs, shops
from sidecar.db.identity import audit_checkpoints, audit_checks, audit_heads
from sidecar.runtime import audit, audit_chain, audit_check, keys
from sidecar.runtime.base import Runtime, now
from sidecar.runtime.ticker import Ticker
from sidecar.security import person_keys as people
from sidecar.security.apikeys import create_key
from sidecar.security.sealing import Sealer
from tests.sidecar.kit import (
    ANNA,
    Plugin,
    do_jobs,
    no_devskyy_environment,
    settings_in,
    tiny_registry,
)
from tests.sidecar.servers import empty_tables

SHOP = "shop-1"
WHO = {"id": 7, "login": "anna"}
LOG = "/api/v1/security/audit-log"
SUMMARY = "/api/v1/security/audit-summary"


@pytest.fixture(scope="module", params=["sqlite", "mariadb", "postgresql"])
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    """A runtime on each kind of database."""
    urls = {}
    if request.param != "sqlite":
        server: str = request.getfixturevalue(request.param)
        urls = {"database_url": server % "app", "mirror_url": server % "mirror"}
    with no_devskyy_environment():
        made: Flask = create_app(settings_in(tmp_path_factory.mktemp("audit"), **urls), tiny_registry())
    found: Runtime = made.extensions["devskyy"]
    yield found
    if urls:
        empty_tables(found.db)
    found.close()


@pytest.fixture
def rt(opened: Runtime) -> Runtime:
    """The runtime with nothing in its database."""
    empty_tables(opened.db)
    opened.db.app.update_execution_options(devskyy_sealer=opened.sealer)
    return opened


def note(rt: Runtime, action: str = "test.noted", who: Any = WHO, shop_id: str = SHOP, **more: Any) -> None:
    """One row."""
    with write(rt.db.app) as conn:
        audit.record(conn, shop_id, who, action, **more)


def notes(rt: Runtime, count: int = 6) -> None:
    """Some rows."""
    for n in range(1, count + 1):
        note(rt, f"test.{n}", target=f"t{n}", detail={"n": n, "é": "ü\0", "share": 0.25, "big": 2**70})


def rows(rt: Runtime, shop_id: str = SHOP) -> list[dict[str, Any]]:
    """All rows of a shop in order."""
    with read(rt.db.app) as conn:
        query = select(table).where(table.c.shop_id == shop_id).order_by(table.c.n)
        return [dict(row) for row in conn.execute(query).mappings()]


def found(rt: Runtime, shop_id: str = SHOP) -> list[tuple[int, str]]:
    """What `verify` finds."""
    (report,) = audit.verify(rt, shop_id)
    return [(problem.n, problem.what) for problem in report.problems]


def change(rt: Runtime, place: int, **values: Any) -> None:
    """Alters a row behind the sidecar's back."""
    with write(rt.db.app) as conn:
        mine = (table.c.shop_id == SHOP) & (table.c.n == place)
        assert conn.execute(update(table).where(mine).values(**values)).rowcount == 1


def remove(rt: Runtime, *numbers: int) -> None:
    """Removes rows behind the sidecar's back."""
    with write(rt.db.app) as conn:
        gone = delete(table).where(table.c.shop_id == SHOP, table.c.n.in_(numbers))
        assert conn.execute(gone).rowcount == len(numbers)


def test_a_whole_audit_is_good(rt: Runtime) -> None:
    notes(rt)
    note(rt, "test.odd", who=None, detail={"half": "\ud800", "list": [1, (2, "x")], 5: True, "none": None})
    note(rt, "test.none", who={"key": "k" * 100}, target="t" * 500, before={"a": 1}, after={"a": None})
    names = dict.fromkeys(audit.PERSONAL, "ü🧣" * 50_000)
    note(rt, "x" * 100, who={"id": 7, **names}, detail=names, before=names, after={"long": "ü" * 90_000})
    assert found(rt) == []
    (report,) = audit.verify(rt)
    assert (report.rows, report.n, report.hash) == (9, 9, rows(rt)[-1]["hash"])
    assert audit_log_page(rt)[0]["who"]["login"].startswith("ü🧣")


ALTERED: list[dict[str, Any]] = [
    {"at": 1}, {"who": {"id": 8}}, {"person": "user:8"}, {"person": None}, {"sealed": None},
    {"sealed": "AAAA"}, {"action": "test.other"}, {"target": ""}, {"detail": {"n": 0}}, {"was": {"a": 1}},
    {"became": {}}, {"failed": True}, {"request_id": "r"}, {"form": None}, {"form": 3},
    {"previous": "1" * 64}, {"hash": "1" * 64},
]  # fmt: skip


@pytest.mark.parametrize("n", [1, 3, 6])
def test_an_altered_row_is_named(rt: Runtime, n: int) -> None:
    notes(rt)
    before = rows(rt)[n - 1]
    for values in ALTERED:
        change(rt, n, **values)
        told = {place for place, _ in found(rt)}
        # a changed hash shows at the row itself, and at the one after it or at the head
        assert n in told, values
        assert told <= {n, n + 1}, values
        change(rt, n, **{name: before[name] for name in values})
        assert found(rt) == []


REMOVED = [
    ((1,), (1, "row 1 is missing")),
    ((3,), (3, "row 3 is missing")),
    ((3, 4), (3, "rows 3 to 4 are missing")),
    ((6,), (6, "rows 6 to 6, the newest, are missing")),
    ((5, 6), (5, "rows 5 to 6, the newest, are missing")),
    ((1, 2, 3, 4, 5, 6), (1, "rows 1 to 6, the newest, are missing")),
]


def test_removed_rows_are_named(rt: Runtime) -> None:
    notes(rt)
    kept = rows(rt)
    for gone, told in REMOVED:
        remove(rt, *gone)
        assert found(rt)[0] == told
        with write(rt.db.app) as conn:
            conn.execute(insert(table), [kept[n - 1] for n in gone])
        assert found(rt) == []


@pytest.mark.parametrize("gone", [(3,), (6,), (5, 6), (1, 2, 3, 4, 5, 6)], ids=str)
def test_later_rows_do_not_cover_up_removed_ones(rt: Runtime, gone: tuple[int, ...]) -> None:
    notes(rt)
    remove(rt, *gone)
    note(rt)
    assert found(rt)[0][0] == gone[0]
    assert "missing" in found(rt)[0][1]


def test_reordered_rows_are_named(rt: Runtime) -> None:
    notes(rt)
    for old, new in ((3, 103), (4, 3), (103, 4)):
        change(rt, old, n=new)
    assert {n for n, _ in found(rt)} >= {3, 4}


def test_rows_renumbered_after_one_was_taken_out_are_named(rt: Runtime) -> None:
    notes(rt)
    remove(rt, 3)
    for n in (4, 5, 6):
        change(rt, n, n=n - 1)
    assert found(rt)[0][0] == 3


def forge(rt: Runtime, kept: list[dict[str, Any]]) -> None:
    """What somebody without a sealing key can do at best: a chain that holds in itself."""
    previous = ""
    with write(rt.db.app) as conn:
        conn.execute(delete(table).where(table.c.shop_id == SHOP))
        for n, row in enumerate(kept, 1):
            row |= {"n": n, "previous": previous}
            row["hash"] = previous = audit_chain.digest(row)
            conn.execute(insert(table), row)


def test_a_chain_that_was_computed_anew_is_found_by_the_head(rt: Runtime) -> None:
    notes(rt)
    kept = rows(rt)
    kept[2]["action"] = "test.innocent"
    forge(rt, kept)
    assert found(rt) == [(6, "it is not the row that the signed head tells of")]
    note(rt)  # follows the head, not the forged row
    assert found(rt) == [(7, "it does not follow the row before it: one of the two was altered or moved")]


@pytest.mark.parametrize("way", ["gone", "forged", "older"])
def test_the_newest_rows_cannot_vanish_with_their_head(rt: Runtime, way: str) -> None:
    notes(rt, 4)
    with read(rt.db.app) as conn:
        older = dict(conn.execute(select(audit_heads)).mappings().one())
    notes(rt, 2)
    remove(rt, 5, 6)
    row = rows(rt)[-1]
    with write(rt.db.app) as conn:
        if way == "gone":
            conn.execute(delete(audit_heads))
        elif way == "forged":
            forged = older["signature"][:9] + "0" * 64
            conn.execute(update(audit_heads).values(n=4, hash=row["hash"], signature=forged))
        else:
            conn.execute(update(audit_heads).values({**older, "n": 5}))
    assert found(rt)
    note(rt)
    note(rt)
    assert any("missing" in what for _, what in found(rt)), found(rt)


def test_an_older_state_of_everything_is_the_window_that_remains(rt: Runtime) -> None:
    notes(rt, 2)
    with read(rt.db.app) as conn:
        older = dict(conn.execute(select(audit_heads)).mappings().one())
    note(rt)
    remove(rt, 3)
    with write(rt.db.app) as conn:
        conn.execute(update(audit_heads).values(older))
    assert found(rt) == []  # as docs/operations.md says; the log's `audit_head` lines tell of row 3


def test_a_wiped_audit_of_a_paired_shop_is_found(rt: Runtime) -> None:
    values = {
        "shop_id": SHOP, "site_id": "s", "home_url": "h", "rest_url": "r", "name": "", "state": "paired",
        "facts": {}, "versions": {}, "paired_at": now() - 3_600,
    }  # fmt: skip
    with write(rt.db.app) as conn:
        conn.execute(insert(shops).values(values))
    assert found(rt) == [(1, "the signed head is missing, and perhaps the newest rows with it")]
    note(rt)
    assert found(rt)[0] == (1, "row 1 is missing")


def former(rt: Runtime, count: int = 3) -> None:
    """Rows as the first version wrote them: readable, hashed by another rule, without a head."""
    previous = ""
    with write(rt.db.app) as conn:
        for n in range(1, count + 1):
            row: dict[str, Any] = {
                "n": n, "at": 100 + n, "who": WHO, "action": "run.ask", "target": "t", "detail": {"n": n},
            }  # fmt: skip
            digest = audit_chain.hashlib.sha256((previous + canonical_json(row)).encode()).hexdigest()
            conn.execute(insert(table), {**row, "shop_id": SHOP, "previous": previous, "hash": digest})
            previous = digest


def test_rows_of_the_former_form_are_part_of_the_chain(rt: Runtime) -> None:
    former(rt)
    assert found(rt) == []
    notes(rt, 2)
    assert [row["form"] for row in rows(rt)] == [None, None, None, 2, 2]
    assert found(rt) == []
    change(rt, 2, target="other")
    assert found(rt) == [(2, "it was altered")]
    change(rt, 2, target="t")
    remove(rt, 3)
    assert found(rt)[0] == (3, "row 3 is missing")


def test_shops_do_not_share_a_chain(rt: Runtime) -> None:
    notes(rt, 2)
    note(rt, shop_id="shop-2")
    change(rt, 2, shop_id="shop-2")
    assert found(rt) == [(2, "rows 2 to 2, the newest, are missing")]
    assert found(rt, "shop-2")[0][0] == 2
    with pytest.raises(DevSkyyError):
        audit.verify(rt, "shop-3")


def test_nothing_personal_stands_open(rt: Runtime) -> None:
    detail = {"email": "anna@shop.test", "ip": "192.0.2.7", "note": "kept"}
    about = {"login": "eric"}
    with write(rt.db.app) as conn:
        boxed = audit.about(conn, SHOP, "user:9", about)
        audit.record(
            conn, SHOP, {**WHO, "name": "Anna A."}, "user.made", "u9", {**detail, "for": boxed},
            personal={"city": "Bremen"}, before={"role": "support", "login": "old"}, after={"role": "owner"},
        )  # fmt: skip
        audit.record(conn, SHOP, None, "user.locked", "u9", {"ip": "192.0.2.8"})
    with read(rt.db.app) as conn:
        for row in rows(rt):
            text = json.dumps(row)
            for secret in ("anna", "Anna", "eric", "192.0.2", "Bremen", "shop.test", "old"):
                assert secret not in text, row
        shown = audit_log_page(rt)
    assert shown[1]["who"] == {**WHO, "name": "Anna A."}
    assert shown[1]["detail"] == {**detail, "for": {"person": "user:9", **about}}
    assert shown[1]["personal"] == {"city": "Bremen"}
    assert shown[1]["before"] == {"role": "support", "login": "old"}
    assert shown[1]["after"] == {"role": "owner"}
    assert (shown[0]["by"], shown[0]["detail"], shown[0]["failed"]) == ("visitor", {"ip": "192.0.2.8"}, True)
    with write(rt.db.app) as conn:
        assert people.erase(conn, SHOP, "user:7")
    shown = audit_log_page(rt)
    assert shown[1]["who"] == {"id": 7, "login": "erased person"}
    assert shown[1]["erased"] is True
    assert shown[1]["detail"] == {"note": "kept", "for": {"person": "user:9", **about}}
    assert "personal" not in shown[1]
    with write(rt.db.app) as conn:
        assert people.erase(conn, SHOP, "user:9")
    assert audit_log_page(rt)[1]["detail"]["for"] == {"person": "user:9", "erased": True}
    assert found(rt) == []


def audit_log_page(rt: Runtime, **filters: Any) -> list[dict[str, Any]]:
    """Entries, newest first."""
    from sidecar.runtime import audit_log

    with read(rt.db.app) as conn:
        return list(audit_log.page(conn, SHOP, audit_log.Filters(**filters), 50, None)["items"])


def test_filters(rt: Runtime) -> None:
    note(rt, "proposal.approve", target="p1", detail={"text": "50 % Ünïcode_x"})
    note(rt, "proposal.failed", who={"key": "Script"}, target="p1")
    note(rt, "run.ask", who={"id": 9, "login": "Eric"}, target="p2")
    note(rt, "run.askew", who=None)
    with write(rt.db.app) as conn:
        conn.execute(update(table).where(table.c.n == 1).values(at=1_000))

    def seen(**filters: Any) -> list[int]:
        return [entry["n"] for entry in audit_log_page(rt, **filters)]

    assert seen() == [4, 3, 2, 1]
    assert seen(action="proposal.") == [2, 1]
    assert seen(action="run.ask") == [3]
    assert seen(action="run.ask, proposal.approve") == [3, 1]
    assert seen(target="p1") == [2, 1]
    assert seen(person="user:9") == [3]
    assert seen(person="key:Script") == [2]
    assert seen(person="none") == [4]
    assert seen(since=1_001) == [4, 3, 2]
    assert seen(until=1_001, since=1_000) == [1]
    assert seen(failed=True) == [2]
    assert seen(failed=False) == [4, 3, 1]
    assert seen(q="ERIC") == [3]
    assert seen(q="anna") == [1]
    assert seen(q="script") == [2]
    assert seen(q="50 %") == [1]
    assert seen(q="Ünïcode_x") == [1]
    assert seen(q="ünïcode%x") == []
    assert seen(q="P2") == [3]


def test_the_summary_counts(rt: Runtime) -> None:
    from sidecar.runtime import audit_log

    for _ in range(3):
        note(rt, "run.ask")
    note(rt, "user.locked", who=None)
    note(rt, "run.ask", who={"key": "script"}, failed=True)
    with write(rt.db.app) as conn:
        conn.execute(update(table).where(table.c.n == 1).values(at=86_400 * 20_000))
        people.erase(conn, SHOP, "user:7")
    with read(rt.db.app) as conn:
        whole = audit_log.summary(conn, SHOP, 0, now() + 1)
        part = audit_log.summary(conn, SHOP, 86_400 * 20_001, now() + 1)
        none = audit_log.summary(conn, "nobody", 0, now() + 1)
    assert (whole["total"], whole["failed"]) == (5, 2)
    assert whole["actions"] == [
        {"action": "run.ask", "count": 4, "failed": 1},
        {"action": "user.locked", "count": 1, "failed": 1},
    ]
    assert whole["people"] == [
        {
            "person": "user:7", "by": "person", "who": {"id": 7, "login": "erased person"}, "erased": True,
            "count": 3, "failed": 0,
        },
        {"by": "sidecar", "count": 1, "failed": 1},
        {"person": "key:script", "by": "key", "who": {"key": "script"}, "count": 1, "failed": 1},
    ]  # fmt: skip
    assert whole["days"][0] == {"day": "2024-10-04", "count": 1, "failed": 0}
    assert whole["first_at"] == "2024-10-04T00:00:00Z"
    assert (part["total"], len(part["days"])) == (4, 1)
    assert (none["total"], none["people"], "first_at" in none) == (0, [], False)


def test_retention_goes_on_behind_a_signed_checkpoint(rt: Runtime) -> None:
    notes(rt, 9)
    with write(rt.db.app) as conn:
        conn.execute(update(table).where(table.c.n <= 7).values(at=1_000))
    forge_signed(rt)
    assert found(rt) == []
    assert audit_chain.let_go(rt.db.app, rt.sealer, SHOP, 1_001, at_once=3) == 7
    assert audit_chain.let_go(rt.db.app, rt.sealer, SHOP, 1_001) == 0
    (report,) = audit.verify(rt)
    assert (report.problems, report.rows, report.let_go, report.n) == ([], 2, 7, 9)
    note(rt)
    assert found(rt) == []
    with read(rt.db.app) as conn:
        assert len(conn.execute(select(audit_checkpoints)).all()) == 1
    assert audit_chain.let_go(rt.db.app, rt.sealer, SHOP, now() + 1) == 3
    (report,) = audit.verify(rt)
    assert (report.problems, report.rows, report.let_go, report.n) == ([], 0, 10, 10)
    note(rt)
    assert found(rt) == []
    with write(rt.db.app) as conn:
        conn.execute(update(audit_checkpoints).values(rows_let_go=5))
    assert found(rt) == [(10, "the checkpoint was not signed by this sidecar")]
    with write(rt.db.app) as conn:
        conn.execute(delete(audit_checkpoints))
    assert found(rt)[0] == (1, "rows 1 to 10 are missing")


def forge_signed(rt: Runtime) -> None:
    """Makes the chain good again after a test changed its rows' times."""
    forge(rt, rows(rt))
    row = rows(rt)[-1]
    signature = rt.sealer.sign(audit_chain._head_text(SHOP, row["n"], row["hash"]))
    with write(rt.db.app) as conn:
        conn.execute(update(audit_heads).values(n=row["n"], hash=row["hash"], signature=signature))


def test_retention_tells_of_what_was_wrong_before_it_goes(rt: Runtime) -> None:
    notes(rt, 4)
    change(rt, 2, target="other", at=1_000)
    change(rt, 1, at=1_000)
    assert audit_chain.let_go(rt.db.app, rt.sealer, SHOP, 1_001) == 2
    last = rows(rt)[-1]
    assert (last["action"], last["target"], last["failed"]) == ("audit.broken", "1", True)
    assert [row["n"] for row in rows(rt)] == [3, 4, 5]
    assert found(rt) == []


def test_rows_put_before_the_checkpoint_are_named(rt: Runtime) -> None:
    notes(rt, 3)
    kept = rows(rt)
    assert audit_chain.let_go(rt.db.app, rt.sealer, SHOP, now() + 1) == 3
    with write(rt.db.app) as conn:
        conn.execute(insert(table), kept[0])
    assert found(rt)[0] == (1, "it was put before the checkpoint")


def test_the_nightly_chore_lets_old_rows_go(rt: Runtime) -> None:
    notes(rt, 3)
    with write(rt.db.app) as conn:
        conn.execute(update(table).where(table.c.n <= 2).values(at=now() - 731 * 86_400))
    forge_signed(rt)
    ticker = Ticker(rt)
    ticker._audit()
    with read(rt.db.app) as conn:
        assert conn.execute(select(jobs.c.shop_id, jobs.c.kind)).all() == [(SHOP, "audit")]
    assert do_jobs(rt, ("audit",)) == 1
    assert [row["n"] for row in rows(rt)] == [3]
    assert found(rt) == []
    ticker._audit()
    assert do_jobs(rt, ("audit",)) == 0


def test_rotating_the_key_keeps_the_head_and_checkpoint_good(rt: Runtime) -> None:
    notes(rt, 3)
    with write(rt.db.app) as conn:
        conn.execute(update(table).where(table.c.n == 1).values(at=1_000))
    forge_signed(rt)
    audit_chain.let_go(rt.db.app, rt.sealer, SHOP, 1_001)
    second = keys.rotate(rt)
    assert found(rt) == []
    assert keys.reseal(rt) == {"sealed": 1, "closed": 0, "signed": 2}
    with read(rt.db.app) as conn:
        assert audit_chain.signed_by(conn, rt.sealer) == {second}
    assert found(rt) == []
    assert audit_log_page(rt)[0]["who"] == WHO
    with write(rt.db.app) as conn:
        conn.execute(update(audit_heads).values(signature=f"{second}.{'0' * 64}"))
    third = keys.rotate(rt)
    assert keys.reseal(rt)["signed"] == 1  # a forged head is not signed anew
    with read(rt.db.app) as conn:
        assert audit_chain.signed_by(conn, rt.sealer) == {third}
    assert found(rt) == [(3, "the head was not signed by this sidecar")]


def test_a_lost_master_key_stops_no_row(rt: Runtime) -> None:
    note(rt)
    rt.db.app.update_execution_options(devskyy_sealer=Sealer(b"x" * 32))
    note(rt, "test.later")
    last = rows(rt)[-1]
    assert (last["action"], last["person"], last["sealed"]) == ("test.later", "user:7", None)


def test_several_at_once_make_one_chain(rt: Runtime) -> None:
    told: list[str] = []

    def one(n: int) -> None:
        for _ in range(5):
            try:
                note(rt, who={"id": n % 2 + 1, "login": "x"})
                told.append("noted")
            except DevSkyyError as error:
                told.append(error.code)

    threads = [threading.Thread(target=one, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # MariaDB may end one of those who wait for the very first row; nobody is let in twice.
    assert set(told) <= {"noted", "database_locked"}
    assert told.count("noted") >= 20
    assert [row["n"] for row in rows(rt)] == list(range(1, told.count("noted") + 1))
    assert found(rt) == []


WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, {root!r})
from sidecar.opening import open_runtime
from sidecar.db import write
from sidecar.runtime import audit
from tests.sidecar.kit import settings_in, tiny_registry
rt = open_runtime(settings_in(Path({folder!r})), tiny_registry())
print("ready", flush=True)
while True:
    with write(rt.db.app) as conn:
        audit.record(conn, {shop!r}, {{"id": 1, "login": "x"}}, "test.written")
"""


def test_several_processes_and_kill_9_leave_a_good_chain(tmp_path: Path) -> None:
    with no_devskyy_environment():
        rt = create_app(settings_in(tmp_path), tiny_registry()).extensions["devskyy"]
    root = str(Path(__file__).parents[3])
    code = WRITER.format(root=root, folder=str(tmp_path), shop=SHOP)
    command = [sys.executable, "-c", code]
    writers = [subprocess.Popen(command, stdout=subprocess.PIPE, cwd=root) for _ in range(2)]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"ready\n"
    end = time.monotonic() + 60
    while len(rows(rt)) < 60 and time.monotonic() < end:
        time.sleep(0.05)
    for writer in writers:
        writer.kill()
        writer.communicate()
    assert len(rows(rt)) >= 60
    assert found(rt) == []
    note(rt)
    assert found(rt) == []
    rt.close()


def state(rt: Runtime) -> dict[str, Any]:
    """What the page Activity says of the chain."""
    with read(rt.db.app) as conn:
        return audit_check.state(conn, rt.sealer, SHOP)


def test_the_chain_s_state_says_what_was_read_and_when(rt: Runtime) -> None:
    with time_machine.travel(1_795_000_000, tick=False) as clock:
        assert state(rt) == {"state": "empty", "entries": 0} | dict.fromkeys(
            ("checked_at", "whole_at"), "2026-11-18T11:06:40Z"
        )
        notes(rt)
        audit_check.run(rt, SHOP, {})
        clock.shift(3600)
        note(rt)
        assert state(rt) == {
            "state": "unbroken", "entries": 7, "since": "2026-11-18T11:06:40Z",
            "whole_at": "2026-11-18T11:06:40Z", "checked_at": "2026-11-18T12:06:40Z",
        }  # fmt: skip
        change(rt, 7, action="test.other")  # what is new is read whenever somebody asks
        assert (state(rt)["state"], state(rt)["problems"]) == (
            "broken", [{"n": 7, "what": "it was altered"}],
        )  # fmt: skip
        change(rt, 7, action="test.noted")
        assert state(rt)["state"] == "unbroken"
        change(rt, 3, action="test.other")  # what was read before is found by the daily reading of all
        assert state(rt)["state"] == "unbroken"
        audit_check.run(rt, SHOP, {})
        clock.shift(3600)
        told = state(rt)
        assert (told["state"], told["problems"]) == ("broken", [{"n": 3, "what": "it was altered"}])
        assert told["found_at"] == "2026-11-18T12:06:40Z"
        with read(rt.db.app) as conn:
            known = {name: told[name] for name in ("state", "found_at", "problems")}
            assert audit_check.found(conn, rt.sealer, SHOP) == known  # for Status, without reading
            assert [one["code"] for one in audit.last_errors(conn, SHOP)] == ["audit_broken"]
        change(rt, 3, action="test.3")  # told until all was read again
        assert state(rt)["state"] == "broken"
        audit_check.run(rt, SHOP, {})
        assert state(rt)["state"] == "unbroken"
        with read(rt.db.app) as conn:
            assert audit_check.found(conn, rt.sealer, SHOP) is None


@pytest.mark.parametrize("way", ["altered", "removed", "reordered", "newest", "head"])
def test_no_row_can_be_changed_without_the_whole_check_finding_it(rt: Runtime, way: str) -> None:
    notes(rt)
    audit_check.run(rt, SHOP, {})
    if way == "altered":
        change(rt, 2, who={"id": 8})
    elif way == "removed":
        remove(rt, 4)
    elif way == "reordered":
        change(rt, 2, n=99)
        change(rt, 3, n=2)
        change(rt, 99, n=3)
    elif way == "newest":
        remove(rt, 6)
    else:
        with write(rt.db.app) as conn:
            conn.execute(update(audit_heads).values(hash="0" * 64))
    if way in ("newest", "head"):
        assert state(rt)["state"] == "broken"  # seen at once: the answer looks at the end of the chain
    assert audit_check.run(rt, SHOP, {})["problems"] > 0
    assert state(rt)["state"] == "broken"


def test_nobody_writes_that_the_audit_was_checked(rt: Runtime) -> None:
    notes(rt)
    audit_check.run(rt, SHOP, {})
    change(rt, 2, action="test.other")
    assert state(rt)["state"] == "unbroken"
    with write(rt.db.app) as conn:
        conn.execute(update(audit_checks).values(whole_at=now() + 9))
    assert state(rt)["state"] == "broken"  # an unsigned word counts for nothing: all is read again


def test_a_long_audit_is_read_in_steps(rt: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("MOST", 4), ("STEP", 3), ("MOST_STEP", 5)):
        monkeypatch.setattr(audit_check, name, value)
    notes(rt)
    told = state(rt)
    assert (told["state"], told["entries"], told["unread"], "whole_at" in told) == ("partly", 4, 2, False)
    audit_check.keep_up(rt)
    audit_check.keep_up(rt)
    with read(rt.db.app) as conn:
        assert list(conn.execute(select(jobs.c.kind)).scalars()) == ["audit-check"]
    assert do_jobs(rt, (audit_check.KIND,)) == 1
    assert (state(rt)["state"], state(rt)["entries"]) == ("unbroken", 6)
    for _ in range(7):
        note(rt)
    assert (state(rt)["state"], state(rt)["unread"]) == ("partly", 3)
    whole_at = state(rt)["whole_at"]
    audit_check.keep_up(rt)
    told = state(rt)
    assert (told["state"], told["entries"], told["whole_at"]) == ("unbroken", 13, whole_at)


def test_rows_let_go_leave_the_chain_unbroken(rt: Runtime) -> None:
    notes(rt)
    audit_check.run(rt, SHOP, {})
    audit_chain.let_go(rt.db.app, rt.sealer, SHOP, now() + 1)
    note(rt)
    assert (state(rt)["state"], state(rt)["entries"]) == ("unbroken", 1)
    audit_check.run(rt, SHOP, {})
    assert (state(rt)["state"], state(rt)["entries"]) == ("unbroken", 1)


def key_of(plugin: Plugin, *scopes: str) -> dict[str, str]:
    """Headers with a fresh API key."""
    _, text = create_key(plugin.rt.db.app, plugin.shop_id, "script", scopes, now=int(time.time()))
    return {"Authorization": f"Bearer {text}"}


def test_the_routes(plugin: Plugin) -> None:
    plugin.decide(plugin.proposal(), "reject", {"reason": "no"})
    answer = plugin.get(LOG, limit=2)
    assert answer.status_code == 200, answer.json
    items = answer.json["items"]
    assert [entry["action"] for entry in items] == ["proposal.reject", "run.ask"]
    assert items[0]["who"] == {"id": 7, "login": "anna"}
    assert (items[0]["by"], items[0]["person"]) == ("person", "user:7")
    assert items[0]["request_id"]
    assert answer.json["total"] == 3
    rest = plugin.get(LOG, limit=2, cursor=answer.json["next"]).json
    assert [entry["action"] for entry in rest["items"]] == ["pairing.made"]
    assert rest["items"][0]["by"] == "sidecar"
    assert "next" not in rest
    only = plugin.get(LOG, q="anna", action="run.", since="2026-01-01T00:00:00+02:00").json
    assert [entry["action"] for entry in only["items"]] == ["run.ask"]
    same = plugin.get(LOG, request_id=items[0]["request_id"]).json
    assert [entry["n"] for entry in same["items"]] == [items[0]["n"]]
    summary = plugin.get(SUMMARY).json
    assert (summary["total"], summary["failed"]) == (3, 0)
    assert (summary["chain"]["state"], summary["chain"]["entries"]) == ("unbroken", 3)
    assert {"action": "run.ask", "count": 1, "failed": 0} in summary["actions"]
    assert plugin.get(SUMMARY, until="2020-01-01T00:00:00Z").json["total"] == 0
    for moment in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"):
        assert plugin.get(SUMMARY, since=moment, until=moment).json["total"] == 0
        assert plugin.get(LOG, since=moment, until=moment).json["total"] == 0


def test_who_may_read_it(plugin: Plugin) -> None:
    other = Plugin(plugin.app).pair()
    good, bad = key_of(plugin, "audit:read"), key_of(plugin, "runs:read", "status:read")
    for path in (LOG, SUMMARY):
        assert plugin.client.get(path, headers=good).json["total"] == 1
        assert plugin.client.get(path, headers=bad).json["error"]["code"] == "scope_missing"
        assert plugin.client.get(path).status_code == 401
        assert plugin.send("POST", path, {}, who=ANNA).status_code == 405
        assert plugin.send("DELETE", path, who=ANNA).status_code == 405
    ours = {entry["hash"] for entry in plugin.get(LOG).json["items"]}
    assert not ours & {entry["hash"] for entry in other.get(LOG).json["items"]}


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0}, {"limit": 201}, {"limit": "x"}, {"since": "soon"}, {"until": "2026-01-01T00:00:00"},
        {"q": "\0"}, {"target": "\0"}, {"failed": "perhaps"},
        {"q": "x" * 101}, {"action": "x" * 601}, {"unknown": 1},
    ],
    ids=str,
)  # fmt: skip
def test_bad_queries(plugin: Plugin, query: dict[str, Any]) -> None:
    assert plugin.get(LOG, **query).status_code == 422


@pytest.mark.parametrize(
    "query",
    [
        {"cursor": "x"}, {"cursor": "9" * 40}, {"cursor": "²"},
    ],
    ids=str,
)  # fmt: skip
def test_bad_cursors(plugin: Plugin, query: dict[str, Any]) -> None:
    answer = plugin.get(LOG, **query)
    assert (answer.status_code, answer.json["error"]["code"]) == (404, "cursor_unknown")


@pytest.mark.parametrize("q", ["'", "%", "_", "\\", '"', "🧣", "x' OR '1'='1"])
def test_free_text_is_only_text(plugin: Plugin, q: str) -> None:
    answer = plugin.get(LOG, q=q)
    assert (answer.status_code, answer.json["total"]) == (200, 0)


def test_the_command_names_the_row_and_fails(plugin: Plugin, tmp_path: Path) -> None:
    plugin.decide(plugin.proposal(), "reject", {"reason": "no"})
    command = ["--data-dir", str(tmp_path), "audit", "verify"]
    with no_devskyy_environment():
        good = CliRunner().invoke(main, command)
        assert (good.exit_code, "3 rows, head 3" in good.output) == (0, True), good.output
        with write(plugin.rt.db.app) as conn:
            conn.execute(update(table).where(table.c.n == 2).values(target="other"))
        bad = CliRunner().invoke(main, [*command, "--shop", plugin.shop_id])
        assert bad.exit_code == 1
        assert f"{plugin.shop_id}: row 2: it was altered" in bad.output
        assert CliRunner().invoke(main, [*command, "--shop", "none"]).exit_code == 1


def test_events_are_taken_in_without_the_audit(plugin: Plugin) -> None:
    from tests.sidecar.runtime.test_events import event, post

    before = len(rows(plugin.rt, plugin.shop_id))
    assert post(plugin, [event(n) for n in range(1, 50)]).status_code == 200
    assert len(rows(plugin.rt, plugin.shop_id)) == before
