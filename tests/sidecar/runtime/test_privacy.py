"""A marked person stands in every table; after the erasure nothing of them is left but the lawful minimum."""

from __future__ import annotations

import io
import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, func, insert, select, update

from sidecar.app import create_app
from sidecar.db import read, write
from sidecar.db.app import errors, events, jobs, proposal_history, proposals, run_log, runs, schedules
from sidecar.db.identity import audit_checkpoints, refresh_tokens, sessions
from sidecar.db.mirror import customers, order_lines, orders, reviews
from sidecar.runtime import audit_chain, inbox, privacy, retention, runner, schedule, ticker
from sidecar.runtime.base import now
from sidecar.runtime.personal import PLACES, Person
from sidecar.security.tokens import b64decode
from sidecar.store import erased
from sidecar.store.client import ExportClient
from sidecar.store.readers import ExportReader
from sidecar.store.rows import zone_of
from sidecar.store.sync import Sync
from tests.sidecar.kit import ANNA, ERIC, Plugin, do_jobs, no_devskyy_environment, settings_in, tiny_registry
from tests.sidecar.runtime import marked
from tests.sidecar.runtime.marked import EMAIL, LOGIN, NUMBER, REVIEW, TABLES, UNMARKED
from tests.sidecar.servers import empty_tables
from tests.sidecar.store.rows import T0, order
from tests.sidecar.store.shop import SECRET, SHOP_ID, Shop, serving

EXPORT, ERASE, RETENTION = (
    f"/api/v1/gdpr/{name}" for name in ("export-data", "delete-data", "data-retention")
)


def erase(plugin: Plugin, **body: Any) -> dict[str, Any]:
    answer = plugin.send("POST", ERASE, body or marked.request(plugin), who=ANNA)
    assert answer.status_code == 200, answer.data
    return dict(answer.json)


def export(plugin: Plugin, **more: Any) -> dict[str, Any]:
    answer = plugin.send("POST", EXPORT, marked.request(plugin) | more, who=ANNA)
    assert answer.status_code == 200, answer.data
    return dict(answer.json)


def one(plugin: Plugin, table: Any, *where: Any) -> Any:
    with read(marked.engine(plugin, table)) as conn:
        return conn.execute(select(table).where(table.c.shop_id == plugin.shop_id, *where)).mappings().one()


def test_every_table_with_personal_data_is_marked(plugin: Plugin) -> None:
    marked.fill(plugin)
    seen = {table for table, _, _ in marked.found_in_rows(plugin)}
    personal = {name for name, table in TABLES.items() if not table.info["privacy"].startswith("none")}
    assert personal - seen == set(UNMARKED)
    assert seen <= personal, "a table with a mark says so in its note"
    places = {place.table.name for place in PLACES}
    assert places - seen - {"webhook_deliveries", "webhook_outbox"} == set()


def test_nothing_is_left_of_an_erased_person_but_the_lawful_minimum(plugin: Plugin) -> None:
    marked.fill(plugin)
    assert {what for _, what in marked.found_in_files(plugin)} == set(marked.needles(plugin))
    answer = erase(plugin)
    assert (answer["held"], answer["again"], answer["kept"]) == (True, False, ["audit"])
    # Deleted bytes are overwritten at once; the job writes the files anew, for copies in pages that moved.
    assert marked.found_in_files(plugin, but=("number",)) == set()
    assert do_jobs(plugin.rt, ("compact",)) == 1
    left = marked.found_in_rows(plugin)
    assert {(table, column) for table, column, _ in left} <= marked.exempt()
    assert {what for _, _, what in left} == {"number"}
    # The number of a member of staff stands in the audit as text; nothing else stands anywhere.
    assert marked.found_in_files(plugin, but=("number",)) == set()
    assert erase(plugin)["again"] is True


def test_figures_stay_right_and_rows_stay_whole(plugin: Plugin) -> None:
    marked.fill(plugin)
    before = one(plugin, orders)
    counted = {name: rows(plugin, table) for name, table in TABLES.items()}
    erase(plugin)
    after = one(plugin, orders)
    emptied = {"customer_id": 0, "email_hash": None, "country": None, "postcode_area": None, "buyer": 0}
    assert dict(after) == dict(before) | emptied
    gone = {name for name, n in counted.items() if rows(plugin, TABLES[name]) < n}
    assert gone == {
        "api_keys", "customers", "events", "oauth_clients", "proposal_open", "proposal_targets",
        "refresh_tokens", "sessions", "users",
    }  # fmt: skip
    assert one(plugin, reviews)["text"] == ""
    assert one(plugin, runs)["who"] == {"erased": True}
    assert one(plugin, runs)["input"] == {"customer_id": 0, "erased": "yes", "ask": ["erased"]}
    assert one(plugin, run_log)["message"].startswith("Customer 0 (erased) asked erased. erased ")


def rows(plugin: Plugin, table: Any) -> int:
    with read(marked.engine(plugin, table)) as conn:
        return int(conn.execute(select(func.count()).select_from(table)).scalar_one())


def test_a_proposal_about_the_person_closes_and_keeps_a_true_digest(plugin: Plugin) -> None:
    marked.fill(plugin)
    erase(plugin)
    row = one(plugin, proposals)
    assert (row["state"], row["subject"]["name"]) == ("expired", "erased")
    shown = inbox.get(plugin.rt, plugin.shop_id, row["id"])["proposal"]
    assert shown["digest"] == row["digest"] != "plain"
    with read(plugin.rt.db.app) as conn:
        notes = list(conn.execute(select(proposal_history.c.note)).scalars())
    assert "It was about a person who was erased." in notes


def test_the_audit_stays_whole_and_says_no_more_who(plugin: Plugin) -> None:
    marked.fill(plugin)
    [before] = [item for item in export(plugin)["items"] if item["data"].get("action") == "test.act"]
    assert before["data"]["personal"]["personal"]["email"] == EMAIL
    erase(plugin)
    [after] = [item for item in export(plugin)["items"] if item["data"].get("action") == "test.act"]
    assert "personal" not in after["data"]
    with write(plugin.rt.db.app) as conn:
        conn.execute(delete(audit_checkpoints))  # the filler's, which nobody signed
        assert audit_chain.verify(conn, plugin.rt.sealer, plugin.shop_id).problems == []


def test_export_tells_everything_in_pages_and_no_secret(plugin: Plugin) -> None:
    marked.fill(plugin)
    whole = export(plugin, limit=500)
    named = {item["table"] for item in whole["items"]}
    seen = {table for table, _, _ in marked.found_in_rows(plugin)} | {"refresh_tokens"}
    assert named == seen - {"person_keys"} | {"order_lines", "refunds", "refund_lines"}
    pages = [export(plugin, limit=4, page=n + 1)["items"] for n in range(-(-whole["total"] // 4))]
    assert [item["id"] for page in pages for item in page] == [item["id"] for item in whole["items"]]
    for item in whole["items"]:
        assert not set(item["data"]) & {"password_hash", "secret_hash", "token_hash", "sealed", "shop_id"}
    [found] = [item for item in whole["items"] if item["table"] == "orders"]
    assert (found["data"]["total"], found["data"]["created_at"]) == ("0.00", "1970-01-01T00:00:01Z")


def test_somebody_unknown_is_told_as_not_held(plugin: Plugin) -> None:
    plugin.proposal()
    stranger = {"email_hash": "f" * 32, "customer_id": 5, "user_id": 5, "login": "nobody"}
    assert erase(plugin, **stranger) == {"ok": True, "held": False, "erased": {}, "kept": [], "again": False}
    answer = plugin.send("POST", EXPORT, stranger, who=ANNA).json
    assert (answer["held"], answer["total"], answer["items"]) == (False, 0, [])


def test_others_are_left_alone(plugin: Plugin) -> None:
    """Alike, but somebody else: a number that begins so, a longer login, another address, another shop."""
    other = {"id": NUMBER + 1, "login": f"{LOGIN}2"}
    message = f"Customer {NUMBER}9 x.{EMAIL} {LOGIN}-b {LOGIN}.c @{LOGIN}"
    values = {"who": other, "input": {"customer_id": NUMBER * 10, "note": message}, "state": "done"}
    row = marked.row_of(runs, plugin.shop_id, {"id": "a" * 32, **values})
    elsewhere = marked.row_of(runs, "another", {"id": "b" * 32, "who": marked.STAFF})
    with write(plugin.rt.db.app) as conn:
        conn.execute(insert(runs), [row, elsewhere])
    answer = erase(plugin)
    assert answer["erased"] == {}
    kept = one(plugin, runs)
    assert (kept["who"], kept["input"]) == (values["who"], values["input"])
    with read(plugin.rt.db.app) as conn:
        assert conn.execute(select(runs.c.who).where(runs.c.shop_id == "another")).scalar() == marked.STAFF


def test_a_shops_words_keep_what_happens_to_be_a_login() -> None:
    person = Person(logins=frozenset({"silk"}), user_id=3)
    assert person.without({"title": "Silk scarf"}, logins=False) == {"title": "Silk scarf"}
    assert person.without("Asked by silk.", logins=True) == "Asked by erased."


def test_two_erasures_at_once_both_end(plugin: Plugin) -> None:
    marked.fill(plugin)
    body, answers = marked.request(plugin), []

    def again() -> None:
        answers.append(privacy.erase(plugin.rt, plugin.shop_id, body | {"review_ids": [REVIEW]}, ANNA))

    threads = [threading.Thread(target=again) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(answer["again"] for answer in answers) == [False, True, True, True]
    assert {(table, column) for table, column, _ in marked.found_in_rows(plugin)} <= marked.exempt()
    for name in ("customers", "users", "orders"):
        assert sum(answer["erased"].get(name, 0) for answer in answers) == 1


def test_a_run_under_way_starts_anew(plugin: Plugin) -> None:
    answer = plugin.send("POST", "/api/v1/agents/cut-price/runs", {"input": {}}, who=ANNA)
    ident = answer.json["run"]["id"]
    run = runner._begin(plugin.rt, plugin.shop_id, ident)
    found = runner._call(plugin.rt, run, plugin.rt.registry["cut-price"])
    erase(plugin)
    with pytest.raises(runner.LostLease):
        runner._succeed(plugin.rt, run, plugin.rt.registry["cut-price"], found, time.monotonic())
    assert one(plugin, runs)["state"] == "queued"
    assert runner.execute(plugin.rt, plugin.shop_id, ident)["state"] == "done"


REFUSED: list[dict[str, Any]] = [
    {},
    {"review_ids": [1]},
    {"email_hash": "marked.person@example.test"},
    {"email_hash": "A" * 32},
    {"customer_id": 0},
    {"customer_id": 2**63},
    {"customer_id": "7"},
    {"login": ""},
    {"login": "x" * 61},
    {"user_id": 1, "review_ids": [[1]]},
    {"user_id": 1, "email": EMAIL},
]


@pytest.mark.parametrize("body", REFUSED)
@pytest.mark.parametrize("path", [EXPORT, ERASE])
def test_bad_input_is_refused_by_name(plugin: Plugin, body: dict[str, Any], path: str) -> None:
    answer = plugin.send("POST", path, body, who=ANNA)
    if body == {"customer_id": "7"}:  # a number as text is a number
        assert answer.status_code == 200
        return
    assert (answer.status_code, answer.json["error"]["code"]) == (422, "invalid")
    assert EMAIL.lower() not in answer.text.lower()


def test_only_a_person_may_export_and_erase(plugin: Plugin) -> None:
    for path in (EXPORT, ERASE):
        for who in (None, ERIC):
            answer = plugin.send("POST", path, marked.request(plugin), who=who)
            assert (answer.status_code, answer.json["error"]["code"]) == (403, "approval_needs_person")


def test_the_log_names_nobody(plugin: Plugin) -> None:
    with logged() as text:
        marked.fill(plugin)
        export(plugin)
        erase(plugin)
        plugin.send("POST", ERASE, {"email_hash": EMAIL}, who=ANNA)
        plugin.get("/api/v1/runs", agent=EMAIL)
        plugin.run({"crash": True})
        logging.getLogger("somebody").error("mail to %s failed", EMAIL, extra={"x": 1})
        do_jobs(plugin.rt, ("compact",))
    lines = text.getvalue().lower()
    assert "person_erased" in lines
    assert "mail to …@… failed" in lines or "\\u2026@" in lines
    for what, mark in marked.needles(plugin).items():
        assert mark not in lines, what


class logged:
    """All log lines, as the sidecar writes them."""

    def __enter__(self) -> io.StringIO:
        self.top = logging.getLogger()
        [ours] = [handler for handler in self.top.handlers if getattr(handler, "devskyy", False)]
        self.text = io.StringIO()
        self.handler = logging.StreamHandler(self.text)
        self.handler.setFormatter(ours.formatter)
        self.level = self.top.level
        self.top.addHandler(self.handler)
        self.top.setLevel(logging.INFO)
        return self.text

    def __exit__(self, *_exc: object) -> None:
        self.top.removeHandler(self.handler)
        self.top.setLevel(self.level)


# --- The mirror, on each kind of database -------------------------------------------------------------------


@pytest.fixture
def shop() -> Iterator[Shop]:
    with serving(Shop()) as running:
        yield running


@pytest.fixture(params=["sqlite", "mariadb", "postgresql"])
def there(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Plugin]:
    """A paired plugin."""
    urls = {}
    if request.param != "sqlite":
        url = request.getfixturevalue(request.param)
        urls = {"database_url": url % "app", "mirror_url": url % "mirror"}
    with no_devskyy_environment():
        made: Flask = create_app(settings_in(tmp_path, **urls), tiny_registry())
    rt = made.extensions["devskyy"]
    yield Plugin(made).pair()
    if request.param != "sqlite":
        empty_tables(rt.db)
    rt.close()


def test_on_every_database_nothing_is_left(there: Plugin) -> None:
    marked.fill(there)
    erase(there)
    assert {(table, column) for table, column, _ in marked.found_in_rows(there)} <= marked.exempt()
    assert {item["table"] for item in export(there)["items"]} == {"audit"}


def sync_of(plugin: Plugin, shop: Shop, reader: type[ExportReader] = ExportReader) -> Sync:
    client = ExportClient(f"{shop.url}/wp-json/", SHOP_ID, SECRET, sleep=lambda _s: None, timeout=5)
    key = b64decode(plugin.hash_key)
    return Sync(plugin.rt.db, plugin.shop_id, zone_of("UTC"), reader(client, page=3), key)


def with_person(plugin: Plugin, shop: Shop) -> None:
    """A shop that never anonymises: the person by number only, by e-mail only, by both; and somebody else."""
    code = marked.request(plugin)["email_hash"]
    who = {"email_hash": code, "country": "XK", "postcode_area": "QQ7"}
    shop.put("orders", **order(1, (1, 0, 2, "40.00")) | who | {"customer_id": NUMBER})
    shop.put("orders", **order(2, (1, 0, 1, "20.00")) | who | {"customer_id": 0})
    shop.put("orders", **order(3, (1, 0, 1, "20.00")) | {"customer_id": NUMBER})
    shop.put("orders", **order(4, (1, 0, 1, "20.00")) | {"customer_id": 5, "email_hash": "e" * 32})
    account = {"created_at": T0, "orders_count": 3, "total_spent": "80.00"}
    shop.put("customers", id=NUMBER, **who, **account)
    shop.put("customers", id=5, email_hash="e" * 32, country="DE", postcode_area="101", **account)
    text = {"product_id": 1, "rating": 5, "verified": 1, "status": "approved", "created_at": T0}
    shop.put("reviews", id=REVIEW, text=marked.WORDS, **text)
    shop.put("reviews", id=2, text="Fine.", **text)


def buyers(plugin: Plugin) -> list[tuple[Any, ...]]:
    with read(plugin.rt.db.mirror) as conn:
        names = [orders.c[name] for name in ("id", "customer_id", "email_hash", "country", "buyer")]
        return [tuple(row) for row in conn.execute(select(*names).order_by(orders.c.id))]


ANONYMOUS = [(n, 0, None, None, 0) for n in (1, 2, 3)]


def is_out(plugin: Plugin) -> None:
    """Only the other customer is known; the orders' lines and sums are all there."""
    found = buyers(plugin)
    assert found[:3] == ANONYMOUS
    assert found[3][:3] == (4, 5, "e" * 32)
    with read(plugin.rt.db.mirror) as conn:
        assert list(conn.execute(select(customers.c.id)).scalars()) == [5]
        texts = conn.execute(select(reviews.c.id, reviews.c.text).order_by(reviews.c.id)).all()
        assert [tuple(row) for row in texts] == [(2, "Fine."), (REVIEW, "")]
        assert conn.execute(select(func.sum(orders.c.total))).scalar_one() > 0
        assert conn.execute(select(func.sum(order_lines.c.total))).scalar_one() == 1_000_000


def test_no_later_sync_brings_the_person_back(there: Plugin, shop: Shop) -> None:
    with_person(there, shop)
    sync = sync_of(there, shop)
    sync.full()
    assert buyers(there)[0][1:3] == (NUMBER, marked.request(there)["email_hash"])
    erase(there)
    is_out(there)
    sync.incremental()
    sync.refresh("orders", [1, 2, 3])
    sync.refresh("customers", [NUMBER])
    sync.refresh("reviews", [REVIEW])
    sync.reconcile()
    is_out(there)
    sync.full()
    is_out(there)


def test_somebody_erased_before_the_first_sync_never_comes_in(there: Plugin, shop: Shop) -> None:
    with_person(there, shop)
    assert erase(there)["held"] is False
    sync_of(there, shop).full()
    is_out(there)


def test_an_erasure_between_reading_and_writing_a_page_counts(there: Plugin, shop: Shop) -> None:
    with_person(there, shop)

    class Late(ExportReader):
        def pages(self, resource: str, **how: Any) -> Any:
            for page in super().pages(resource, **how):
                if resource == "orders":
                    erase(there)
                yield page

    sync_of(there, shop, Late).full()
    is_out(there)


def test_an_erasure_waits_for_a_page_that_is_being_written(
    there: Plugin, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page was found to name nobody erased, and is written; the erasure must not look past it."""
    with_person(there, shop)
    begun, sync = threading.Event(), sync_of(there, shop)
    load, thread = erased.load, threading.Thread(target=lambda: begun.wait(30) and erase(there))

    def slow(*given: Any) -> Any:
        found = load(*given)
        if not begun.is_set() and sync_reads_orders(there):
            begun.set()
            time.sleep(1.0)  # the erasure has long come to the mirror
        return found

    monkeypatch.setattr(erased, "load", slow)
    thread.start()
    sync.full()
    thread.join(60)
    assert begun.is_set()
    is_out(there)


def sync_reads_orders(plugin: Plugin) -> bool:
    with read(plugin.rt.db.mirror) as conn:
        return conn.execute(select(reviews.c.id)).first() is not None


# --- Retention ----------------------------------------------------------------------------------------------


def test_the_chore_lets_go_of_what_is_old_and_of_nothing_else(plugin: Plugin, monkeypatch: Any) -> None:
    day, moment = 86_400, now()
    young = plugin.proposal()
    old = {"shop_id": plugin.shop_id}
    made = [
        (runs, {"id": "old", "state": "done", "finished_at": moment - 401 * day}),
        (runs, {"id": "going", "state": "running", "finished_at": None, "created_at": 1}),
        (run_log, {"run_id": "old"}),
        (errors, {"id": "old", "at": moment - 91 * day}),
        (errors, {"id": "new", "at": moment - 89 * day}),
        (events, {"id": "old", "state": "done", "received_at": moment - 31 * day}),
        (events, {"id": "waits", "state": "stored", "received_at": moment - 31 * day}),
        (sessions, {"id": "old", "expires_at": moment - 31 * day, "revoked_at": None}),
        (sessions, {"id": "ended", "expires_at": moment + day, "revoked_at": moment - 31 * day}),
        (sessions, {"id": "open", "expires_at": moment + day, "revoked_at": None}),
        (refresh_tokens, {"session_id": "old"}),
        (proposals, {"id": "old", "state": "applied", "updated_at": moment - 731 * day}),
        (proposals, {"id": "open", "state": "snoozed", "updated_at": moment - 731 * day}),
        (proposal_history, {"proposal_id": "old"}),
        (jobs, {"id": "old", "state": "failed", "finished_at": moment - 31 * day}),
    ]
    with write(plugin.rt.db.app) as conn:
        for table, values in made:
            conn.execute(insert(table).values(marked.row_of(table, plugin.shop_id, {**old, **values})))
    due = {rule["rule"]: rule["due"] for rule in plugin.get(RETENTION).json["rules"]}
    assert {name for name, n in due.items() if n} == {
        "runs", "errors", "events", "sessions", "proposals", "jobs",
    }  # fmt: skip
    monkeypatch.setattr(retention, "CHUNK", 1)  # in pieces
    with write(plugin.rt.db.app) as conn:
        retention.add(conn, plugin.shop_id)
    do_jobs(plugin.rt, ("retention",))
    for table, gone, stays in (
        (runs, {"old"}, {"going"}),
        (errors, {"old"}, {"new"}),
        (events, {"old"}, {"waits"}),
        (sessions, {"old", "ended"}, {"open"}),
        (proposals, {"old"}, {"open", young["id"]}),
        (jobs, {"old"}, set()),
    ):
        with read(plugin.rt.db.app) as conn:
            ids = set(conn.execute(select(table.c.id)).scalars())
        assert not ids & gone, table.name
        assert stays <= ids, table.name
    assert [rows(plugin, table) for table in (refresh_tokens,)] == [0]
    shown = {rule["rule"]: rule for rule in plugin.get(RETENTION).json["rules"]}
    assert (shown["sessions"]["last_deleted"], shown["sessions"]["due"]) == (2, 0)
    assert shown["sessions"]["last_run"] >= "2026"
    assert shown["runs"] | {"last_run": ""} == {
        "rule": "runs", "title": "Runs that ended, with their logs", "days": 400, "unit": "days", "due": 0,
        "setting": "DEVSKYY_KEEP_RUNS_DAYS", "last_run": "", "last_deleted": 1, "runs": "nightly",
    }  # fmt: skip


def test_the_chore_runs_every_night(plugin: Plugin) -> None:
    clock = ticker.Ticker(plugin.rt)
    clock._place()
    with write(plugin.rt.db.app) as conn:
        conn.execute(
            update(schedules).where(schedules.c.agent == schedule.RETENTION).values(next_at=now() - 1)
        )
    ticker.fire_due(plugin.rt)
    assert do_jobs(plugin.rt, ("retention",)) == 1
    with read(plugin.rt.db.app) as conn:
        [job] = conn.execute(select(jobs).where(jobs.c.kind == "retention")).mappings()
        following = conn.execute(
            select(schedules.c.next_at).where(schedules.c.agent == schedule.RETENTION)
        ).scalar()
    assert (job["state"], job["result"]) == ("done", {"deleted": {}})
    assert now() < following <= now() + 86_400


def test_an_overwrite_waits_for_no_reader_and_is_made_up_for_at_night(plugin: Plugin) -> None:
    marked.fill(plugin)
    with read(plugin.rt.db.app) as reader:
        reader.execute(select(func.count()).select_from(runs)).scalar_one()  # holds its moment
        erase(plugin)
        assert ("app.sqlite3-wal", "words") not in marked.found_in_files(plugin)
        assert {what for _, what in marked.found_in_files(plugin)} >= {"login"}, "the reader's moment is kept"
    retention.run(plugin.rt, plugin.shop_id, {})
    assert marked.found_in_files(plugin, but=("number",)) == set()
