"""The demo shop's pen when it is interrupted, and what its writes tell the outbox."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sidecar.demo.applier import Applier
from sidecar.demo.changes import ledger
from sidecar.demo.changes.values import same
from sidecar.demo.shop import DemoShop
from tests.sidecar.demo.conftest import END


class Crash(BaseException):
    """The process ends here."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoShop]:
    made = DemoShop.create(tmp_path_factory.mktemp("pen"), "tiny", end=END)
    yield made
    made.close()


@pytest.fixture
def product(shop: DemoShop) -> str:
    body = {"name": "Scarf", "regular_price": "20.00", "manage_stock": True, "stock_quantity": 10}
    return f"wc/v3/products/{shop.call('POST', 'wc/v3/products', body)['id']}"


def crash_at(place: str, times: int = 1) -> Callable[[str], None]:
    """A crash when `place` is reached for the n-th time."""
    seen = []

    def crash(at: str) -> None:
        seen.append(at)
        if seen.count(place) == times:
            raise Crash

    return crash


def patch(proposal: str, n: int, resource: str, path: str, was: Any, to: Any) -> dict[str, Any]:
    item = {"path": path, "was": was, "to": to}
    return {"kind": "patch", "change_id": f"{proposal}-{n}", "resource": resource, "set": [item]}


def interrupted(shop: DemoShop, changes: list[dict[str, Any]], crash: Callable[[str], None]) -> str:
    """Apply until the crash; the proposal's id."""
    proposal = changes[0]["change_id"].rpartition("-")[0]
    with pytest.raises(Crash):
        Applier(shop.con, shop.call, crash).apply(proposal, changes)
    return proposal


def states(shop: DemoShop, proposal: str) -> list[str]:
    return [entry.state for entry in ledger.entries(shop.con, proposal)]


@pytest.mark.parametrize("place", ["after_ledger_row", "after_write"])
def test_a_crash_in_the_middle_is_settled_as_applied(shop: DemoShop, product: str, place: str) -> None:
    proposal = uuid.uuid4().hex
    interrupted(shop, [patch(proposal, 1, product, "regular_price", "20.00", "18.00")], crash_at(place))
    assert states(shop, proposal) == ["applying"]
    assert shop.applier.settle() == 1
    assert states(shop, proposal) == ["applied"]
    assert shop.call("GET", product)["regular_price"] == "18.00"
    assert shop.applier.settle() == 0
    assert shop.applier.undo(proposal)["state"] == "undone"
    assert shop.call("GET", product)["regular_price"] == "20.00"


def test_a_crash_before_the_second_change_is_finished(shop: DemoShop, product: str) -> None:
    proposal = uuid.uuid4().hex
    changes = [
        patch(proposal, 1, product, "regular_price", "20.00", "18.00"),
        patch(proposal, 2, product, "low_stock_amount", None, 3),
    ]
    interrupted(shop, changes, crash_at("after_ledger_row", 2))
    assert states(shop, proposal) == ["applied", "applying"]
    shop.applier.settle()
    assert states(shop, proposal) == ["applied", "applied"]
    assert shop.call("GET", product)["low_stock_amount"] == 3


def test_another_value_after_a_crash_fails_and_takes_the_rest_back(shop: DemoShop, product: str) -> None:
    proposal = uuid.uuid4().hex
    changes = [
        patch(proposal, 1, product, "low_stock_amount", None, 3),
        patch(proposal, 2, product, "regular_price", "20.00", "18.00"),
    ]
    interrupted(shop, changes, crash_at("after_ledger_row", 2))
    shop.call("PUT", product, {"regular_price": "17.00"})
    shop.applier.settle()
    assert states(shop, proposal) == ["compensated", "failed"]
    found = shop.call("GET", product)
    assert (found["regular_price"], found["low_stock_amount"]) == ("17.00", None)


@pytest.mark.parametrize("place", ["after_ledger_row", "after_write"])
def test_stock_moves_once_whenever_the_crash_comes(shop: DemoShop, product: str, place: str) -> None:
    proposal = uuid.uuid4().hex
    interrupted(shop, [patch(proposal, 1, product, "stock_delta", 10, 5)], crash_at(place))
    shop.applier.settle()
    assert states(shop, proposal) == ["applied"]
    assert shop.call("GET", product)["stock_quantity"] == 15


@pytest.mark.parametrize("place", ["after_ledger_row", "after_write"])
def test_a_coupon_is_made_once(shop: DemoShop, place: str) -> None:
    proposal = uuid.uuid4().hex
    code = f"c{proposal[:8]}"
    body = {"code": code, "amount": "10", "discount_type": "percent"}
    change = {"kind": "create", "change_id": f"{proposal}-1", "resource": "wc/v3/coupons", "body": body}
    interrupted(shop, [change], crash_at(place))
    shop.applier.settle()
    assert states(shop, proposal) == ["applied"]
    sql = "SELECT count(*) FROM coupons WHERE code = ?"
    assert shop.con.execute(sql, (code,)).fetchone()[0] == 1
    assert shop.applier.undo(proposal)["state"] == "undone"
    assert shop.con.execute(sql, (code,)).fetchone()[0] == 0


def test_an_interrupted_undo_is_finished(shop: DemoShop, product: str) -> None:
    proposal = uuid.uuid4().hex
    changes = [
        patch(proposal, 1, product, "regular_price", "20.00", "18.00"),
        patch(proposal, 2, product, "stock_delta", 10, -4),
    ]
    assert shop.applier.apply(proposal, changes)["state"] == "applied"
    with pytest.raises(Crash):
        Applier(shop.con, shop.call, crash_at("before_restore", 2)).undo(proposal)
    assert states(shop, proposal) == ["undoing", "undone"]
    shop.applier.settle()
    assert states(shop, proposal) == ["undone", "undone"]
    found = shop.call("GET", product)
    assert (found["regular_price"], found["stock_quantity"]) == ("20.00", 10)


def test_our_own_writes_carry_their_origin(shop: DemoShop, product: str) -> None:
    proposal = uuid.uuid4().hex
    shop.applier.apply(proposal, [patch(proposal, 1, product, "regular_price", "20.00", "18.00")])
    shop.call("PUT", product, {"regular_price": "19.00"})
    sql = "SELECT type, origin FROM outbox WHERE resource_id = ? ORDER BY seq DESC LIMIT 2"
    rows = shop.con.execute(sql, (int(product.rpartition("/")[2]),)).fetchall()
    assert [tuple(row) for row in rows] == [("product.saved", None), ("product.saved", f"{proposal}-1")]


@pytest.mark.parametrize(
    ("path", "a", "b", "equal"),
    [
        ("regular_price", "20", "20.00", True),
        ("regular_price", "20", "20.01", False),
        ("regular_price", "", None, True),
        ("regular_price", "abc", "abc", False),
        ("sku", "007", "7", False),
        ("name", "Hat &amp; scarf ", "Hat & scarf", True),
        ("low_stock_amount", 3, "3", True),
        ("low_stock_amount", 0, None, False),
        ("categories", [2, 1], [{"id": 1}, {"id": 2}], True),
        ("categories", [], None, True),
        ("date_on_sale_from_gmt", "2026-01-01T00:00:00", "2026-01-01T01:00:00+01:00", True),
        ("date_on_sale_from_gmt", "soon", "2026-01-01T00:00:00", False),
        ("meta_data[a]", {"x": 1, "y": 2}, {"y": 2, "x": 1}, True),
        ("featured", True, "true", True),
    ],
)
def test_typed_comparison(path: str, a: Any, b: Any, equal: bool) -> None:
    assert same(path, a, b) is equal
    assert same(path, b, a) is equal


def test_a_shop_is_kept_until_another_is_asked_for(tmp_path: Path) -> None:
    first = DemoShop.create(tmp_path, "tiny", end=END)
    home, key = first.home, first.key
    first.call("PUT", "wc/v3/products/101", {"name": "Renamed"})
    first.close()
    again = DemoShop.create(tmp_path, "tiny", end=END)
    assert (again.home, again.key) == (home, key)
    assert again.call("GET", "wc/v3/products/101")["name"] == "Renamed"
    again.close()
    fresh = DemoShop.create(tmp_path, "tiny", end=END, fresh=True)
    assert fresh.call("GET", "wc/v3/products/101")["name"] != "Renamed"
    fresh.close()
