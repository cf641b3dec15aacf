"""Suppliers, terms, overrides, places of stock: what is kept, what is refused, what is said of bad rows."""

from __future__ import annotations

import csv
import io
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from sidecar.core.store import READS
from sidecar.db import read
from sidecar.db.app import audit as audit_table
from sidecar.runtime import stock_imports, stock_items
from sidecar.runtime.sheets import BOM
from sidecar.store.queries import open_store
from tests.sidecar.kit import ERIC, Plugin
from tests.sidecar.stock_kit import ask, fields, good, product, supplier, variation

SOON = (datetime.now(UTC) + timedelta(days=10)).date().isoformat()
LATER = (datetime.now(UTC) + timedelta(days=20)).date().isoformat()


@pytest.fixture
def shop(plugin: Plugin) -> Plugin:
    """A shop with two simple products, one variable one of two sizes, and a SKU that stands twice."""
    product(plugin, 12, cost=None)
    product(plugin, 13, "Belt", cost=70_000)
    product(plugin, 20, "Shirt", type="variable", sku="SHIRT")
    for ident, size in ((21, "S"), (22, "M")):
        variation(plugin, ident, 20, attributes=[{"name": "Size", "option": size}])
    product(plugin, 30, "Twin", sku="TWIN")
    product(plugin, 31, "Twin", sku="twin")
    return plugin


def audited(plugin: Plugin, action: str) -> list[dict[str, Any]]:
    """Rows of the audit, the newest first."""
    row = audit_table.c
    query = select(audit_table).where(row.shop_id == plugin.shop_id, row.action == action)
    with read(plugin.rt.db.app) as conn:
        return [dict(one) for one in conn.execute(query.order_by(row.n.desc())).mappings()]


def test_a_supplier_is_kept_changed_and_taken_out(shop: Plugin) -> None:
    ident = supplier(shop, lead_days=20, min_order="250.00", contact="Anna Silk", phone="+49 30 1")
    good(ask(shop, "PUT", "supplies/12", {"supplier_id": ident, "cost": "3.5"}))
    [one] = good(ask(shop, "GET", "suppliers"))["items"]
    assert (one["name"], one["lead_days"], one["min_order"], one["items"]) == ("Silk House", 20, "250", 1)
    changed = good(ask(shop, "PUT", f"suppliers/{ident}", {"name": "Silk House", "lead_days": 30}))[
        "supplier"
    ]
    assert changed["lead_days"] == 30
    assert "email" not in changed, "what is left out is gone: all values are put anew"
    good(ask(shop, "DELETE", f"suppliers/{ident}"))
    assert good(ask(shop, "GET", "suppliers"))["items"] == []
    own = good(ask(shop, "GET", "supplies/12"))["own"]
    assert own == {"cost": "3.5"}, "the item keeps what was said of it"
    assert ask(shop, "GET", f"suppliers/{ident}").status_code == 404


def test_what_the_audit_says_of_a_supplier_names_no_person_in_clear(shop: Plugin) -> None:
    ident = supplier(shop, contact="Anna Silk", email="anna.silk@silk.test", phone="+49 30 1234567")
    good(ask(shop, "PUT", f"suppliers/{ident}", {"name": "Silk & Co", "email": "new.silk@silk.test"}))
    rows = [*audited(shop, "supplier.add"), *audited(shop, "supplier.change")]
    text = repr([{name: row[name] for name in ("detail", "was", "became", "target")} for row in rows])
    for secret in ("anna.silk", "Anna Silk", "1234567", "new.silk"):
        assert secret not in text
    assert rows[1]["was"]["name"] == "Silk House"
    assert rows[1]["became"]["name"] == "Silk & Co"
    assert rows[1]["detail"]["contact_changed"] is True


def test_two_suppliers_cannot_be_called_alike(shop: Plugin) -> None:
    supplier(shop, "Müller & Söhne")
    answer = ask(shop, "POST", "suppliers", {"name": "  MÜLLER  & söhne "})
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "name_taken")
    other = supplier(shop, "Weber")
    answer = ask(shop, "PUT", f"suppliers/{other}", {"name": "müller & söhne"})
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "name_taken")


NO_SUPPLIERS: list[tuple[dict[str, Any], str]] = [
        ({"name": ""}, "name"),
        ({"name": "A\r\nBcc: x@y.test"}, "name"),
        ({"name": "A", "email": "a@b.test\r\nBcc: x@y.test"}, "email"),
        ({"name": "A", "email": "a@b.test, c@d.test"}, "email"),
        ({"name": "A", "email": "nobody"}, "email"),
        ({"name": "A", "lead_days": 10_000}, "lead_days"),
        ({"name": "A", "lead_days": -1}, "lead_days"),
        ({"name": "A", "lead_spread_days": "nan"}, "lead_spread_days"),
        ({"name": "A", "service_level": 1}, "service_level"),
        ({"name": "A", "min_order": "-5"}, "min_order"),
        ({"name": "A", "min_order": "nan"}, "min_order"),
        ({"name": "A", "review_days": 0}, "review_days"),
        ({"name": "A", "colour": "red"}, "colour"),
    ]  # fmt: skip


def test_what_no_supplier_can_be(shop: Plugin) -> None:
    for given, field in NO_SUPPLIERS:
        assert field in fields(ask(shop, "POST", "suppliers", given)), given


NO_TERMS: list[tuple[dict[str, Any], str]] = [
        ({"moq": 0}, "moq"), ({"moq": True}, "moq"), ({"moq": 2.5}, "moq"), ({"pack": 0}, "pack"),
        ({"cost": "0"}, "cost"), ({"cost": "-1"}, "cost"), ({"cost": "1.23456"}, "cost"),
        ({"supplier_sku": "a\nb"}, "supplier_sku"), ({"supplier_id": "x"}, "supplier_id"),
    ]  # fmt: skip


def test_what_no_terms_can_be(shop: Plugin) -> None:
    for given, field in NO_TERMS:
        assert field in fields(ask(shop, "PUT", "supplies/12", given)), given


def test_terms_are_the_items_else_the_suppliers_else_the_shops(shop: Plugin) -> None:
    good(ask(shop, "PUT", "defaults", {"lead_days": 21, "review_days": 14}))
    ident = supplier(shop, lead_days=30, min_order="100")
    good(ask(shop, "PUT", "supplies/12", {"supplier_id": ident, "moq": 10, "pack": 5}))
    supply = good(ask(shop, "GET", "supplies/12"))["supply"]
    assert (supply["lead_days"], supply["review_days"], supply["moq"], supply["pack"]) == (30, 14, 10, 5)
    assert (supply["lead_spread_days"], supply["service_level"]) == (3.0, 0.95)
    assert supply["min_order"] == "100"
    assert good(ask(shop, "GET", "supplies/13"))["supply"]["lead_days"] == 21
    good(ask(shop, "PUT", "supplies/12", {}))
    assert good(ask(shop, "GET", "supplies"))["items"] == [], "terms that say nothing are gone"
    assert audited(shop, "supply.change")[0]["was"] == {"supplier_id": ident, "moq": 10, "pack": 5}


def test_agents_read_terms_costs_and_places(shop: Plugin) -> None:
    ident = supplier(shop, lead_days=30)
    good(ask(shop, "PUT", "supplies/12", {"supplier_id": ident, "cost": "3.5"}))
    good(ask(shop, "PUT", "supplies/13", {"cost": "1.25"}))
    given = {"item_id": 12, "first_day": SOON, "last_day": LATER, "factor": 1.5, "why": "Fair"}
    good(ask(shop, "POST", "overrides", given))
    place = good(ask(shop, "POST", "locations", {"name": "Store", "share": 0.4, "counted": False}))[
        "location"
    ]
    good(ask(shop, "PUT", f"locations/{place['id']}/stock/12", {"quantity": 4}))
    facts = stock_items.facts(shop.rt, shop.shop_id)
    with open_store(shop.rt.db, shop.shop_id, facts, READS) as store:
        supply = store.supplies().of(12)
        assert (supply.supplier_name, supply.lead_days, supply.cost) == ("Silk House", 30, Decimal("3.5"))
        assert store.supplies().of(999).lead_days == 14
        costs = {item.id: item.cost for item in store.items()}
        # WooCommerce's own cost counts where there is one.
        assert (costs[12], costs[13], costs[21]) == (Decimal("3.5"), Decimal(7), None)
        [override] = store.overrides(datetime.now(UTC).date())
        assert (override.kind, override.value, override.last.isoformat()) == ("factor", 1.5, LATER)
        assert store.overrides(datetime.now(UTC).date() + timedelta(days=30)) == []
        [location] = store.locations()
        assert (location.name, location.share, location.counted, location.stock) == (
            "Store", 0.4, False, {12: 4},
        )  # fmt: skip
        assert store.incoming() == []


SEMICOLONS = (
    "\ufeffSKU;Supplier;Cost;MOQ;Lead days;Colour\r\n"
    "S-12;Müller;12,50;10;14;red\r\n"
    "S-13;Müller;1.234,50;0;14;\r\n"
    "S-21;Müller;1.234,50;1;12. Mrz;\r\n"
    "S-22;Weber;1.234;1;14;\r\n"
    "nothing;Weber;1;1;14;\r\n"
    "S-12;Weber;1;1;14;\r\n"
    "\r\n"
    "TWIN;Weber;1;1;14;\r\n"
    "S-30;Weber;1;1;10000;\r\n"
    ";Weber;1;1;14;\r\n"
    "4,01234E+12;Weber;1;1;14;\r\n"
    "S-13;Weber;#N/A;1;14;;;x\r\n"
)


def test_a_spreadsheets_file_keeps_its_good_rows_and_names_the_bad_ones(shop: Plugin) -> None:
    report = good(ask(shop, "POST", "supplies/import", {"csv": SEMICOLONS}))
    assert (report["read"], report["kept"], report["bad_rows"]) == (11, 1, 10)
    assert report["created_suppliers"] == ["Müller"]
    assert report["ignored_columns"] == ["Colour"]
    found = {(one["line"], one["column"]): one["value"] for one in report["bad"]}
    assert found == {
        (3, "moq"): "0", (4, "lead_days"): "12. Mrz", (5, "cost"): "1.234", (6, "sku"): "nothing",
        (7, "sku"): "S-12", (9, "sku"): "TWIN", (10, "lead_days"): "10000", (11, "sku"): "",
        (12, "sku"): "4,01234E+12", (13, ""): "x",
    }  # fmt: skip
    words = {one["line"]: one["message"] for one in report["bad"]}
    assert "1 or more" in words[3]
    assert "is a date" in words[4]
    assert "may mean 1234 or 1.234" in words[5]
    assert "named by line 2" in words[7]
    assert "30, 31" in words[9]
    assert "at most 365" in words[10]
    assert "shortened by the spreadsheet" in words[12]
    said = {one["line"]: (one["code"], one.get("values")) for one in report["bad"]}
    assert said == {
        3: ("not_within", {"low": 1, "high": 1_000_000}), 4: ("a_date", None),
        5: ("two_meanings", {"one": "1234", "other": "1.234"}), 6: ("no_sku", None),
        7: ("named_before", {"line": 2}), 9: ("several_items", {"items": "30, 31"}),
        10: ("not_within", {"low": 0, "high": 365}), 11: ("names_nothing", None), 12: ("shortened", None),
        13: ("extra_cell", {"columns": 6}),
    }  # fmt: skip
    own = good(ask(shop, "GET", "supplies/12"))["own"]
    assert (own["cost"], own["moq"], own["lead_days"]) == ("12.5", 10, 14)
    assert audited(shop, "supply.import")[0]["became"]["12"]["cost"] == "12.5"


def test_a_trial_keeps_nothing(shop: Plugin) -> None:
    report = good(ask(shop, "POST", "supplies/import", {"csv": SEMICOLONS, "dry_run": True}))
    assert (report["kept"], report["created_suppliers"], report["dry_run"]) == (1, ["Müller"], True)
    assert good(ask(shop, "GET", "suppliers"))["items"] == []
    assert good(ask(shop, "GET", "supplies"))["items"] == []
    assert audited(shop, "supply.import") == []


def test_a_variable_products_row_holds_for_its_variations(shop: Plugin) -> None:
    text = "sep=;\nitem_id;moq;service level\n20;6;95%\n"
    report = good(ask(shop, "POST", "supplies/import", {"csv": text}))
    assert report["kept"] == 1
    for ident in (21, 22):
        own = good(ask(shop, "GET", f"supplies/{ident}"))["own"]
        assert own == {"moq": 6, "service_level": 0.95}


def test_columns_that_are_not_there_stay_and_empty_cells_clear(shop: Plugin) -> None:
    ident = supplier(shop)
    good(ask(shop, "PUT", "supplies/12", {"supplier_id": ident, "cost": "3.5", "moq": 10}))
    good(ask(shop, "POST", "supplies/import", {"csv": "sku,moq\nS-12,\n"}))
    assert good(ask(shop, "GET", "supplies/12"))["own"] == {"supplier_id": ident, "cost": "3.5"}


def test_what_is_exported_can_be_read_in_and_runs_no_formula(shop: Plugin) -> None:
    product(shop, 40, "=HYPERLINK(1)", sku="+40")
    ident = supplier(shop, "@Silk;=1")
    given = {"supplier_id": ident, "cost": "1234.5", "supplier_sku": "-x", "moq": 3}
    good(ask(shop, "PUT", "supplies/40", given))
    text = ask(shop, "GET", "supplies.csv").get_data(as_text=True)
    assert text.startswith(BOM)
    cells = [cell for row in csv.reader(io.StringIO(text.removeprefix(BOM))) for cell in row]
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "-", "@")]
    assert "'=HYPERLINK(1)" in cells
    good(ask(shop, "PUT", "supplies/40", {}))
    report = good(ask(shop, "POST", "supplies/import", {"csv": text}))
    assert report["bad"] == []
    assert report["created_suppliers"] == []
    own = good(ask(shop, "GET", "supplies/40"))["own"]
    assert own == given, "what went out came back"


NO_FILES = [
        ("colour,size\n1,2\n", "sku / item_id"), ("sku,sku\na,b\n", "twice"),
        ("sku,supplier\nS-12,M\ufffdller", "UTF-8"),
        ("\n", "sku / item_id"), ("PK\x03\x04", "sku / item_id"),
    ]  # fmt: skip


def test_a_file_that_is_none(shop: Plugin) -> None:
    for text, words in NO_FILES:
        answer = ask(shop, "POST", "supplies/import", {"csv": text})
        assert answer.json["error"]["code"] == "csv_unreadable"
        assert words in fields(answer)["csv"]
        assert answer.json["error"]["details"]["why"]["message"] == fields(answer)["csv"]


def test_an_open_quotation_mark_spoils_no_more_than_its_rows(shop: Plugin) -> None:
    text = 'sku,supplier\nS-13,Weber\nS-12,"Weber\n' + "S-30,x\n" * 400
    report = good(ask(shop, "POST", "supplies/import", {"csv": text}))
    assert (report["kept"], report["bad_rows"]) == (1, 1)
    assert "quotation mark" in report["bad"][0]["message"]
    assert report["bad"][0]["line"] == 3
    for short in ('S-12,"Scarf,5\nS-13,Shirt,6\n', 'S-12,Scarf,"5', '"S-12,Scarf,5\nS-13,Shirt,6'):
        report = good(ask(shop, "POST", "supplies/import", {"csv": f"sku,name,moq\nS-22,Belt,7\n{short}"}))
        assert (report["kept"], report["bad_rows"], report["bad"][0]["line"]) == (1, 1, 3), short
        assert "quotation mark" in report["bad"][0]["message"]
        assert "\x1a" not in report["bad"][0]["value"]
    answer = ask(shop, "POST", "supplies/import", {"csv": "sku,moq\n" + "A" * 200_000})
    assert "a cell is longer than 131,072 characters" in fields(answer)["csv"]


def test_places_and_what_lies_there(shop: Plugin) -> None:
    ident = good(ask(shop, "POST", "locations", {"name": "Store", "share": 0.25}))["location"]["id"]
    text = "sku\tquantity\nS-12\t4\nS-13\t-3\nSHIRT\t2\nS-21\t2.5\nS-22\t\n"
    report = good(ask(shop, "POST", f"locations/{ident}/stock/import", {"csv": text}))
    assert report["kept"] == 1
    assert [one["line"] for one in report["bad"]] == [3, 4, 5, 6]
    text = "item_id,quantity\n20,2\n"
    report = good(ask(shop, "POST", f"locations/{ident}/stock/import", {"csv": text}))
    assert "variations" in report["bad"][0]["message"]
    [place] = good(ask(shop, "GET", "locations"))["items"]
    assert (place["items"], place["pieces"], place["share"]) == (1, 4, 0.25)
    assert "12,S-12,Scarf,4" in ask(shop, "GET", f"locations/{ident}/stock.csv").get_data(as_text=True)
    assert fields(ask(shop, "PUT", f"locations/{ident}/stock/12", {"quantity": -1}))
    assert ask(shop, "PUT", f"locations/{ident}/stock/999", {"quantity": 1}).status_code == 404
    assert ask(shop, "POST", "locations", {"name": " STORE "}).status_code == 409
    good(ask(shop, "PUT", f"locations/{ident}", {"name": "Shop floor", "counted": False}))
    good(ask(shop, "DELETE", f"locations/{ident}"))
    assert good(ask(shop, "GET", "locations"))["items"] == []


NO_OVERRIDES: list[tuple[dict[str, Any], str]] = [
        ({"factor": 2, "per_day": 1}, "body"), ({}, "body"), ({"factor": -1}, "factor"),
        ({"factor": "inf"}, "factor"), ({"factor": 1, "last_day": "2020-01-01"}, "last_day"),
        ({"factor": 1, "first_day": "2020-01-01", "last_day": "2020-02-01"}, "last_day"),
        ({"factor": 1, "first_day": 20_000}, "first_day"),
        ({"factor": 1, "last_day": "24.12.2026"}, "last_day"),
        ({"factor": 1, "last_day": "2999-01-01"}, "last_day"), ({"factor": 1, "item_id": 0}, "item_id"),
    ]  # fmt: skip


def test_what_no_override_can_be(shop: Plugin) -> None:
    for given, field in NO_OVERRIDES:
        given = {"item_id": 12, "first_day": SOON, "last_day": LATER, **given}
        assert field in fields(ask(shop, "POST", "overrides", given)), given


def test_overrides_do_not_meet(shop: Plugin) -> None:
    given = {"item_id": 12, "first_day": SOON, "last_day": LATER, "per_day": 2.5}
    ident = good(ask(shop, "POST", "overrides", given))["override"]["id"]
    answer = ask(shop, "POST", "overrides", {**given, "first_day": LATER})
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "overlap")
    good(ask(shop, "POST", "overrides", {**given, "item_id": 13}))
    assert ask(shop, "POST", "overrides", {**given, "item_id": 20}).status_code == 404, "a parent is no item"
    good(ask(shop, "DELETE", f"overrides/{ident}"))
    assert [one["item_id"] for one in good(ask(shop, "GET", "overrides"))["items"]] == [13]
    assert ask(shop, "DELETE", f"overrides/{ident}").status_code == 404


def test_only_a_person_who_manages_the_shop_writes(shop: Plugin) -> None:
    for method, path, body in (
        ("POST", "suppliers", {"name": "A"}), ("PUT", "defaults", {}), ("PUT", "supplies/12", {}),
        ("POST", "supplies/import", {"csv": "sku\n"}), ("POST", "locations", {"name": "A"}),
    ):  # fmt: skip
        for who in (None, ERIC):
            answer = ask(shop, method, path, body, who=who)
            assert (answer.status_code, answer.json["error"]["code"]) == (403, "approval_needs_person")


def test_an_import_of_ten_thousand_rows_is_quick(shop: Plugin) -> None:
    text = "item_id,moq,cost\n" + "".join(f"{n},5,1.5\n" for n in range(1_000, 11_000))
    begun = time.monotonic()
    report = stock_imports.import_supplies(shop.rt, shop.shop_id, text, None, dry_run=False)
    assert time.monotonic() - begun < 5
    assert (report["kept"], report["bad_rows"], len(report["bad"])) == (0, 10_000, 1_000)
    assert stock_items.shelf(shop.rt, shop.shop_id).find("s-12", "")[0][0].id == 12
