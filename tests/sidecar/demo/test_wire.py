"""The demo shop and a real sidecar over HTTP: pairing, events, approval, undo, and the sidecar away."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from flask import Flask
from werkzeug.serving import make_server

from sidecar.app import create_app
from sidecar.core.errors import DevSkyyError
from sidecar.demo.shop import DemoShop
from sidecar.runtime.base import Runtime
from sidecar.runtime.pairing import new_code
from sidecar.security.tokens import b64decode, canonical_path, sign
from tests.sidecar.demo.conftest import END
from tests.sidecar.kit import do_jobs, settings_in, tiny_registry


class Sidecar:
    """A sidecar on a port that can go away and come back."""

    def __init__(self, app: Flask) -> None:
        self.app, self.port = app, 0
        self.start()

    @property
    def rt(self) -> Runtime:
        found: Runtime = self.app.extensions["devskyy"]
        return found

    def start(self) -> None:
        self.server = make_server("127.0.0.1", self.port, self.app, threaded=True)
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@dataclass
class Pair:
    """Both sides, paired."""

    shop: DemoShop
    sidecar: Sidecar
    product: int

    def proposal(self, to: str = "18.00") -> str:
        """A fresh proposal to cut the product's price from 20.00; its id."""
        asked = {"input": {"product": self.product, "to": to}}
        run = self.shop.link.call("POST", "/api/v1/agents/cut-price/runs", asked, person=True)["run"]
        do_jobs(self.sidecar.rt)
        found = self.shop.link.call("GET", f"/api/v1/runs/{run['id']}")["run"]
        return str(found["proposals"][0])

    def state(self, proposal: str) -> str:
        """The proposal's state at the sidecar."""
        return str(self.shop.link.call("GET", f"/api/v1/proposals/{proposal}")["proposal"]["state"])

    def price(self) -> str:
        return str(self.shop.call("GET", f"wc/v3/products/{self.product}")["regular_price"])


@pytest.fixture(scope="module")
def sidecar(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sidecar]:
    made = Sidecar(create_app(settings_in(tmp_path_factory.mktemp("sidecar")), tiny_registry()))
    yield made
    made.stop()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoShop]:
    made = DemoShop.create(tmp_path_factory.mktemp("shop"), "tiny", end=END).start(drain_every=None)
    yield made
    made.close()


@pytest.fixture
def both(shop: DemoShop, sidecar: Sidecar) -> Pair:
    if shop.link.pairing is None:
        shop.pair(sidecar.url, new_code(sidecar.rt))
    made = shop.call("POST", "wc/v3/products", {"name": "Scarf", "regular_price": "20.00"})
    return Pair(shop, sidecar, made["id"])


def signed(shop: DemoShop, route: str, **query: str) -> requests.Response:
    """A read as the sidecar signs it."""
    paired = shop.link.pairing
    assert paired is not None
    path = canonical_path(route, query.items())
    token = sign(b64decode(paired["secret"]), iss="sidecar", aud=paired["shop_id"], method="GET", path=path,
                 now=int(time.time()))  # fmt: skip
    headers = {"Authorization": f"Bearer {token}"}
    return requests.get(f"{shop.home}/wp-json{path}", headers=headers, timeout=10)


def test_a_wrong_code_says_so(both: Pair) -> None:
    with pytest.raises(DevSkyyError) as caught:
        both.shop.pair(both.sidecar.url, "AAAA-AAAA-AAAA")
    assert caught.value.code == "pairing_code_wrong"


def test_the_owner_approves_and_takes_back(both: Pair) -> None:
    proposal = both.proposal()
    done = both.shop.approve(proposal)
    assert (done["ok"], done["state"], done["proposal"]["state"]) == (True, "applied", "applied")
    assert both.price() == "18.00"
    address = both.shop.call("GET", f"wc/v3/products/{both.product}")["permalink"]
    assert "€18.00" in requests.get(address, timeout=10).text
    back = both.shop.undo(proposal)
    assert (back["ok"], back["state"], both.state(proposal)) == (True, "undone", "undone")
    assert both.price() == "20.00"


def test_a_change_between_proposal_and_approval_is_stale(both: Pair) -> None:
    proposal = both.proposal()
    both.shop.call("PUT", f"wc/v3/products/{both.product}", {"regular_price": "21.00"})
    done = both.shop.approve(proposal)
    assert (done["ok"], done["state"], both.state(proposal)) == (False, "stale", "stale")
    assert both.price() == "21.00"


def test_a_later_hand_refuses_undo_and_the_proposal_stays_applied(both: Pair) -> None:
    proposal = both.proposal()
    both.shop.approve(proposal)
    both.shop.call("PUT", f"wc/v3/products/{both.product}", {"regular_price": "17.00"})
    with pytest.raises(DevSkyyError) as caught:
        both.shop.undo(proposal)
    assert caught.value.code == "changed_since"
    assert both.state(proposal) == "applied"
    assert both.price() == "17.00"


def test_another_digest_is_refused(both: Pair) -> None:
    proposal = both.proposal()
    with pytest.raises(DevSkyyError) as caught:
        both.shop.approve(proposal, "0" * 64)
    assert caught.value.code == "digest_mismatch"
    assert both.price() == "20.00"


def test_reject_and_snooze(both: Pair) -> None:
    proposal = both.proposal()
    tomorrow = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
    both.shop.snooze(proposal, f"{tomorrow:%Y-%m-%dT%H:%M:%SZ}")
    assert both.state(proposal) == "snoozed"
    other = both.proposal("16.00")
    both.shop.reject(other, "Too cheap")
    assert both.state(other) == "rejected"


def test_events_arrive_once_and_in_order(both: Pair) -> None:
    both.shop.drain()
    order = both.shop.place_order((both.product, 1))
    waiting = both.shop.con.execute("SELECT count(*) FROM outbox WHERE state = 'waiting'").fetchone()[0]
    assert waiting >= 2
    assert both.shop.drain() == waiting
    assert both.shop.drain() == 0
    row = both.shop.con.execute(
        "SELECT type FROM outbox WHERE resource_id = ? ORDER BY seq", (order,)
    ).fetchone()
    assert row["type"] == "order.created"


def test_with_the_sidecar_away_undo_works_and_everything_waits(both: Pair) -> None:
    proposal = both.proposal()
    both.shop.approve(proposal)
    both.sidecar.stop()
    order = both.shop.place_order((both.product, 1))
    assert both.shop.undo(proposal)["state"] == "undone"
    assert both.price() == "20.00"
    with pytest.raises(DevSkyyError) as caught:
        both.shop.drain()
    assert caught.value.code == "sidecar_unreachable"
    both.sidecar.start()
    assert both.shop.drain() > 0
    assert both.state(proposal) == "undone"
    assert order > 0


def test_export_answers_the_sidecar_only(both: Pair) -> None:
    answer = signed(both.shop, "/devskyy/v1/export", resource="orders", limit="50")
    found = answer.json()
    assert answer.status_code == 200
    assert len(found["rows"]) == 50
    assert found["next"] == found["rows"][-1][0]
    more = signed(
        both.shop, "/devskyy/v1/export", resource="orders", limit="50", after=str(found["next"])
    ).json()
    assert more["rows"][0][0] > found["next"]
    assert "total" not in more
    bare = requests.get(f"{both.shop.home}/wp-json/devskyy/v1/export?resource=orders", timeout=10)
    assert (bare.status_code, bare.json()["code"]) == (401, "signature_missing")
    assert bare.json()["data"]["hint"]
    wrong = signed(both.shop, "/devskyy/v1/export", resource="secrets")
    assert (wrong.status_code, wrong.json()["code"]) == (400, "invalid")


def test_ids_ledger_and_shop_for_the_sidecar(both: Pair) -> None:
    ids = signed(both.shop, "/devskyy/v1/export/ids", resource="products", limit="10").json()
    assert len(ids["ids"]) == 10
    assert ids["next"] == ids["ids"][-1]
    only = signed(both.shop, "/devskyy/v1/export", resource="products", ids=f"{ids['ids'][0]},999999").json()
    assert [row[0] for row in only["rows"]] == ids["ids"][:1]
    proposal = both.proposal()
    both.shop.approve(proposal)
    rows = signed(both.shop, "/devskyy/v1/ledger", proposal=proposal).json()["rows"]
    assert [(row["change_id"], row["state"]) for row in rows] == [(f"{proposal}-1", "applied")]
    about = signed(both.shop, "/devskyy/v1/shop").json()
    assert about["counts"]["orders"] > 500
    assert about["facts"]["currency"] == "EUR"


def test_the_owners_routes_want_the_owners_key(both: Pair) -> None:
    proposal = both.proposal()
    url = f"{both.shop.home}/wp-json/devskyy/v1/proposals/{proposal}/approve"
    refused = requests.post(url, json={}, timeout=10)
    assert (refused.status_code, refused.json()["code"]) == (403, "session_required")
    assert both.price() == "20.00"
    done = requests.post(url, json={}, headers={"X-Demo-Owner": both.shop.owner_key}, timeout=10)
    assert done.json()["state"] == "applied"
    assert both.price() == "18.00"


def test_unpairing_forgets_on_both_sides(both: Pair) -> None:
    both.shop.unpair()
    with pytest.raises(DevSkyyError) as caught:
        both.shop.link.call("GET", "/api/v1/status")
    assert caught.value.code == "not_paired"


def test_the_first_sync_reads_every_row(both: Pair) -> None:
    do_jobs(both.sidecar.rt, ("sync",))
    status: dict[str, Any] = both.shop.link.call("GET", "/api/v1/status")
    assert status["sync"]["state"] == "ok", status["sync"]
    counts = {name: both.shop.con.execute(sql).fetchone()[0] for name, sql in (
        ("products", "SELECT count(*) FROM products WHERE parent_id = 0"),
        ("variations", "SELECT count(*) FROM products WHERE parent_id > 0"),
        ("orders", "SELECT count(*) FROM orders"),
        ("order_lines", "SELECT count(*) FROM order_lines"),
        ("customers", "SELECT count(*) FROM customers"),
    )}  # fmt: skip
    assert {name: status["sync"]["counts"][name] for name in counts} == counts
