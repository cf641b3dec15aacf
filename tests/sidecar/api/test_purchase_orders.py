"""Purchase orders: drafts, files, sending at most once, receiving once, and all that is refused."""

from __future__ import annotations

import base64
import io
import threading
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from sidecar.core.store import READS
from sidecar.db import read, write
from sidecar.db.app import audit as audit_table
from sidecar.db.app import shops
from sidecar.db.owned import purchase_orders as table
from sidecar.db.owned import suppliers
from sidecar.runtime import purchase_files, purchase_mail, stock_items
from sidecar.runtime.purchase_words import WORDS, words_of
from sidecar.security.tokens import b64decode
from sidecar.store.queries import open_store
from sidecar.store.rest_rows import email_hash
from tests.sidecar.api.test_once import post
from tests.sidecar.kit import ANNA, ERIC, Plugin
from tests.sidecar.pdf_text import text_of
from tests.sidecar.stock_kit import ask, fields, good, product, supplier, variation

LATER = (datetime.now(UTC) + timedelta(days=20)).date().isoformat()


@pytest.fixture
def shop(plugin: Plugin) -> Plugin:
    """A shop that buys two products from one supplier and a variation from another; one counts no stock."""
    product(plugin, 12, "Silk scarf")
    product(plugin, 13, "Card", manage_stock=0, stock_quantity=None)
    product(plugin, 20, "Shirt", type="variable", sku="SHIRT", stock_quantity=9.0)
    variation(plugin, 21, 20, attributes=[{"name": "Size", "option": "S"}])
    variation(plugin, 22, 20, manage_stock=2, attributes=[{"name": "Size", "option": "M"}])
    variation(plugin, 23, 20, manage_stock=2, attributes=[{"name": "Size", "option": "L"}])
    silk = supplier(plugin, contact="Anna Silk", email="anna@silk.test", min_order="500", lead_days=20)
    shirts = supplier(plugin, "Shirts", email="")
    for item, terms in (
        (12, {"supplier_id": silk, "cost": "3.5", "moq": 20, "pack": 6, "supplier_sku": "SC-1"}),
        (13, {"supplier_id": silk}), (21, {"supplier_id": shirts, "cost": "9"}),
    ):  # fmt: skip
        good(ask(plugin, "PUT", f"supplies/{item}", terms))
    return plugin


def drafts(shop: Plugin, *lines: tuple[int, int], **more: Any) -> list[dict[str, Any]]:
    """New drafts of (item, pieces)."""
    given = {"lines": [{"item_id": item, "quantity": count} for item, count in lines], **more}
    found: list[dict[str, Any]] = good(ask(shop, "POST", "purchase-orders", given))["orders"]
    return found


def sent(shop: Plugin, *lines: tuple[int, int], **more: Any) -> dict[str, Any]:
    """An order that was sent by other means."""
    order = drafts(shop, *lines, **more)[0]
    found: dict[str, Any] = good(ask(shop, "POST", f"purchase-orders/{order['id']}/mark-sent", {}))["order"]
    return found


def shown(shop: Plugin, order: dict[str, Any]) -> dict[str, Any]:
    """The order as it stands."""
    found: dict[str, Any] = good(ask(shop, "GET", f"purchase-orders/{order['id']}"))["order"]
    return found


def refused(answer: Any, code: str) -> dict[str, Any]:
    """The error of a 409 with this code."""
    assert (answer.status_code, answer.json["error"]["code"]) == (409, code), answer.text
    found: dict[str, Any] = answer.json["error"]
    return found


def actions(shop: Plugin) -> list[str]:
    """What the audit says of purchase orders, in order."""
    row = audit_table.c
    query = select(row.action).where(row.shop_id == shop.shop_id, row.action.like("purchase.%"))
    with read(shop.rt.db.app) as conn:
        return list(conn.execute(query.order_by(row.n)).scalars())


# Drafts


def test_lines_become_one_draft_a_supplier_with_what_a_person_should_know(shop: Plugin) -> None:
    shirts, silk = drafts(shop, (12, 10), (21, 2), (13, 4), note="Thank you", expected_on=LATER)
    assert (shirts["supplier_name"], shirts["number"], shirts["state"]) == ("Shirts", "PO-0001", "draft")
    assert [line["item_id"] for line in silk["lines"]] == [12, 13]
    assert (silk["total"], silk["note"], silk["expected_on"]) == (
        {"value": "35.00", "currency": "EUR"}, "Thank you", LATER,
    )  # fmt: skip
    assert silk["lines"][0] == {
        "item_id": 12, "product_id": 12, "name": "Silk scarf", "sku": "S-12", "supplier_sku": "SC-1",
        "quantity": 10, "received": 0, "cost": "3.5", "total": "35.00",
    }  # fmt: skip
    assert silk["notes"] == [
        {"code": "below_moq", "message": "Silk scarf: the supplier sells 20 pieces or more.",
         "values": {"name": "Silk scarf", "pieces": 20}},
        {"code": "no_cost", "message": "Card: no cost is known, so the total leaves it out.",
         "values": {"name": "Card"}},
        {"code": "below_min_order", "message": "The supplier takes orders from 500 EUR on.",
         "values": {"amount": "500", "currency": "EUR"}},
    ]  # fmt: skip
    page = good(ask(shop, "GET", "purchase-orders"))
    assert [(one["number"], one["lines"], one["pieces"]) for one in page["items"]] == [
        ("PO-0002", 2, 14), ("PO-0001", 1, 2),
    ]  # fmt: skip
    assert page["items"][0]["without_cost"] == 1
    first = good(shop.get("/api/v1/inventory/purchase-orders", limit=1))
    assert (first["items"][0]["number"], first["total"], first["next"]) == ("PO-0002", 2, "2")
    last = good(shop.get("/api/v1/inventory/purchase-orders", limit=1, cursor=2, state="draft,sent"))
    assert ([one["number"] for one in last["items"]], "next" in last) == (["PO-0001"], False)
    assert fields(shop.get("/api/v1/inventory/purchase-orders", state="lost")).keys() == {"state"}


def test_what_no_draft_can_be(shop: Plugin) -> None:
    def why(**given: Any) -> dict[str, str]:
        return fields(ask(shop, "POST", "purchase-orders", given))

    assert why() == {"lines": "is empty"}
    assert why(lines=[{"item_id": 12, "quantity": -1}]).keys() == {"lines.0.quantity"}
    assert why(lines=[{"item_id": 12, "quantity": 0}]).keys() == {"lines.0.quantity"}
    assert why(lines=[{"item_id": 12, "quantity": True}]).keys() == {"lines.0.quantity"}
    assert why(lines=[{"item_id": 12, "quantity": 1, "cost": "-1"}]).keys() == {"lines.0.cost"}
    assert "no product" in why(lines=[{"item_id": 999, "quantity": 1}])["lines.0.item_id"]
    product(shop, 50, "Cape", type="variable")
    variation(shop, 51, 50)
    assert "no product" in why(lines=[{"item_id": 50, "quantity": 1}])["lines.0.item_id"], "a parent"
    twice = [{"item_id": 12, "quantity": 1}, {"item_id": 12, "quantity": 2}]
    assert "twice" in why(lines=twice)["lines.1.item_id"]
    assert "no supplier" in why(lines=[{"item_id": 22, "quantity": 1}])["lines.0.item_id"]
    given = {"supplier_id": "0" * 32, "lines": [{"item_id": 12, "quantity": 1}]}
    assert ask(shop, "POST", "purchase-orders", given).status_code == 404
    assert good(ask(shop, "GET", "purchase-orders"))["items"] == []


def test_a_draft_is_changed_and_deleted_and_what_was_sent_is_not(shop: Plugin) -> None:
    [order] = drafts(shop, (12, 10), ship_to="Warehouse 1")
    given = {"lines": [{"item_id": 13, "quantity": 7, "cost": "1.2345"}], "note": "New"}
    new = good(ask(shop, "PUT", f"purchase-orders/{order['id']}", given))["order"]
    assert (new["lines"][0]["total"], new["note"], new["ship_to"]) == ("8.64", "New", "Warehouse 1")
    [other] = drafts(shop, (12, 1))
    assert other["ship_to"] == "Warehouse 1", "goods go where the last ones went"
    good(ask(shop, "DELETE", f"purchase-orders/{other['id']}"))
    assert ask(shop, "GET", f"purchase-orders/{other['id']}").status_code == 404
    good(ask(shop, "POST", f"purchase-orders/{order['id']}/mark-sent", {}))
    refused(ask(shop, "PUT", f"purchase-orders/{order['id']}", given), "not_draft")
    left = good(ask(shop, "DELETE", f"purchase-orders/{order['id']}"))["order"]
    assert left["state"] == "cancelled"
    refused(ask(shop, "DELETE", f"purchase-orders/{order['id']}"), "not_open")
    assert actions(shop) == [
        "purchase.draft", "purchase.change", "purchase.draft", "purchase.delete", "purchase.mark_sent",
        "purchase.close",
    ]  # fmt: skip


def test_under_one_key_orders_suppliers_places_and_overrides_are_made_once(shop: Plugin) -> None:
    lines = [{"item_id": 12, "quantity": 6}, {"item_id": 21, "quantity": 2}]
    override = {"item_id": 12, "first_day": LATER, "last_day": LATER, "factor": 2}
    for path, body in (
        ("purchase-orders", {"lines": lines}), ("suppliers", {"name": "Weber"}), ("overrides", override),
        ("locations", {"name": "Store"}),
    ):  # fmt: skip
        first, again = (post(shop, f"/api/v1/inventory/{path}", body, "once") for _ in range(2))
        assert (first.status_code, again.status_code) == (201, 200), again.text
        assert again.json == first.json | {"repeated": True}
    assert [one["number"] for one in good(ask(shop, "GET", "purchase-orders"))["items"]] == [
        "PO-0002",
        "PO-0001",
    ]
    assert post(shop, "/api/v1/inventory/purchase-orders", {"lines": lines[:1]}, "once").status_code == 409


def test_a_day_that_is_a_slip_of_the_pen_is_refused(shop: Plugin) -> None:
    [order] = drafts(shop, (12, 10), expected_on=LATER)
    path = f"purchase-orders/{order['id']}"
    for day in ("0001-01-01", "1999-12-24", "2226-12-24", "9999-12-31"):
        body = {"lines": [{"item_id": 12, "quantity": 1}], "expected_on": day}
        for answer in (
            ask(shop, "POST", "purchase-orders", body),
            ask(shop, "PUT", path, body),
            ask(shop, "POST", f"{path}/mark-sent", {"expected_on": day}),
        ):
            assert fields(answer) == {"expected_on": "must lie within five years of today"}, day
    assert good(ask(shop, "GET", path))["order"] == order
    assert good(ask(shop, "GET", "purchase-orders"))["total"] == 1


def test_a_supplier_with_open_orders_stays(shop: Plugin) -> None:
    [order] = drafts(shop, (12, 10))
    refused(ask(shop, "DELETE", f"suppliers/{order['supplier_id']}"), "in_use")
    good(ask(shop, "DELETE", f"purchase-orders/{order['id']}"))
    good(ask(shop, "DELETE", f"suppliers/{order['supplier_id']}"))


# Files


def test_files_hold_every_script_and_run_no_formula(shop: Plugin) -> None:
    product(shop, 40, "=cmd|' /C calc'!A0", sku="+1")
    product(shop, 41, "Шёлк 絹 شال")
    [order] = drafts(shop, (12, 10), (40, 1), (41, 2), supplier_id=supplier(shop, "Ünïcode & Söhne"))
    text = ask(shop, "GET", f"purchase-orders/{order['id']}/csv").get_data(as_text=True)
    assert "PO-0001,1,SC-1,S-12,Silk scarf,10,3.50,35.00,EUR\r\n" in text
    assert "'=cmd|" in text
    assert ",'+1," in text
    assert "Шёлк 絹 شال" in text
    answer = ask(shop, "GET", f"purchase-orders/{order['id']}/pdf")
    assert answer.mimetype == "application/pdf"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="PO-0001.pdf"'
    pdf = answer.get_data()
    assert pdf.startswith(b"%PDF-")
    assert pdf == ask(shop, "GET", f"purchase-orders/{order['id']}/pdf").get_data()
    assert b"FiraGO" in pdf
    warnings = good(ask(shop, "GET", f"purchase-orders/{order['id']}/mail"))["mail"]["warnings"]
    assert {"code": "not_in_the_font", "values": {"signs": "絹"}}.items() <= warnings[-1].items(), warnings


def speaks(shop: Plugin, **facts: Any) -> None:
    """The shop told these facts."""
    with write(shop.rt.db.app) as conn:
        told = conn.execute(select(shops.c.facts)).scalar_one() | facts
        conn.execute(update(shops).values(facts=told))


def test_a_german_shop_orders_in_german(shop: Plugin) -> None:
    speaks(shop, locale="de_DE_formal")
    house = supplier(shop, "Seidenhaus Größe & Söhne", contact="Jörg Weiß")
    lines = [(12, 1), (13, 2_000)]
    to = {"supplier_id": house, "ship_to": "Straße 1", "note": "Per LKW, bitte."}
    [order] = drafts(shop, *lines, expected_on="2027-02-03", **to)
    good(ask(shop, "PUT", "supplies/13", {"supplier_id": house, "cost": "1.25"}))
    given = {"lines": [{"item_id": item, "quantity": count} for item, count in lines]}
    good(ask(shop, "PUT", f"purchase-orders/{order['id']}", given))
    mail = good(ask(shop, "GET", f"purchase-orders/{order['id']}/mail"))["mail"]
    assert mail["subject"] == "Bestellung PO-0001 von My shop"
    assert mail["text"].split("\n\n") == [
        "Guten Tag Jörg Weiß,", "anbei erhalten Sie unsere Bestellung PO-0001 (2 Positionen, 2001 Stück).",
        "Bitte liefern Sie bis zum 03.02.2027.", "Per LKW, bitte.",
        "Bitte bestätigen Sie die Bestellung mit einer Antwort auf diese E-Mail.", "My shop",
    ]  # fmt: skip
    assert not [one for one in mail["warnings"] if one["code"] == "not_in_the_font"]
    text = text_of(ask(shop, "GET", f"purchase-orders/{order['id']}/pdf").get_data())
    for words in (
        "Bestellung PO-0001", "An: Seidenhaus Größe & Söhne", "Bitte liefern bis: 03.02.2027",
        "Lieferadresse", "Straße 1", "Bemerkung", "Stück", "1,25", "2.500,00", "Summe: 2.503,50\u00a0EUR",
    ):  # fmt: skip
        assert words in text, (words, text)
    csv = ask(shop, "GET", f"purchase-orders/{order['id']}/csv").get_data(as_text=True)
    assert "2500.00" in csv, "programs read it"
    speaks(shop, locale="de_CH", decimal_separator=".", thousand_separator="’")
    text = text_of(ask(shop, "GET", f"purchase-orders/{order['id']}/pdf").get_data())
    assert "Summe: 2’503.50\u00a0EUR" in text, "the shop's own signs"


@pytest.mark.parametrize("locale", ["pt_BR", "pl_PL", "it_IT", "fr_FR", "es_ES", "nl_NL", "en_GB", "ja"])
def test_every_language_of_an_order_has_all_its_words(shop: Plugin, locale: str) -> None:
    speaks(shop, locale=locale, thousand_separator=" ")
    [order] = drafts(shop, (12, 1_000), (13, 2), expected_on="2027-02-03", ship_to="Way 1", note="By truck.")
    words = words_of(locale)
    text = text_of(ask(shop, "GET", f"purchase-orders/{order['id']}/pdf").get_data())
    day = words.date(date(2027, 2, 3))
    for said in (
        words.title.format(number="PO-0001"), words.due.format(day=day), words.ship_to, words.note,
        words.to.format(name="Silk House"), *words.columns,
    ):  # fmt: skip
        assert said in text, (said, text)
    assert "3\u00a0500" + words.decimal + "00" in text, "a space does not part an amount"
    mail = good(ask(shop, "GET", f"purchase-orders/{order['id']}/mail"))["mail"]
    assert (words is WORDS["en"]) == (mail["text"].startswith("Hello"))
    assert day in mail["text"]
    assert "{" not in mail["subject"] + mail["text"] + text


def test_what_the_pdf_lacks_comes_from_the_owners_font(shop: Plugin, tmp_path: Any) -> None:
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    pen = TTGlyphPen(None)
    for point in ((0, 0), (500, 0), (500, 500)):
        pen.lineTo(point) if point != (0, 0) else pen.moveTo(point)
    pen.closePath()
    glyph, made = pen.glyph(), FontBuilder(1000)
    made.setupGlyphOrder([".notdef", "silk"])
    made.setupCharacterMap({ord("絹"): "silk"})
    made.setupGlyf({".notdef": glyph, "silk": glyph})
    made.setupHorizontalMetrics({".notdef": (600, 0), "silk": (600, 0)})
    made.setupHorizontalHeader(ascent=800, descent=-200)
    made.setupNameTable({"familyName": "SilkTest", "styleName": "Regular"})
    made.setupOS2()
    made.setupPost()
    made.save(tmp_path / "silk.ttf")
    product(shop, 41, "絹")
    [order] = drafts(shop, (41, 2), supplier_id=supplier(shop, "絹屋"))
    shop.rt.settings.pdf_font = tmp_path / "silk.ttf"
    assert b"SilkTest" in ask(shop, "GET", f"purchase-orders/{order['id']}/pdf").get_data()
    mail = good(ask(shop, "GET", f"purchase-orders/{order['id']}/mail"))["mail"]
    assert mail["warnings"][-1]["values"] == {"signs": "屋"}, "one of the two is in no font"
    shop.rt.settings.pdf_font = tmp_path / "none.ttf"
    answer = ask(shop, "GET", f"purchase-orders/{order['id']}/pdf")
    assert (answer.status_code, answer.json["error"]["code"]) == (503, "pdf_font_unreadable")


# Sending


def digest(shop: Plugin, order: dict[str, Any]) -> str:
    """Of what is shown before sending."""
    return str(good(ask(shop, "GET", f"purchase-orders/{order['id']}/mail"))["mail"]["digest"])


def send(shop: Plugin, order: dict[str, Any], seen: str) -> Any:
    """A person's press on Send."""
    return ask(shop, "POST", f"purchase-orders/{order['id']}/send", {"digest": seen})


def report(shop: Plugin, order: dict[str, Any], send_id: str, state: str, **more: Any) -> Any:
    """The plugin's word on it."""
    body = {"send_id": send_id, "state": state, **more}
    return ask(shop, "POST", f"purchase-orders/{order['id']}/sent", body, who=None)


def test_what_is_shown_is_what_is_granted_and_only_once(shop: Plugin) -> None:
    [order] = drafts(shop, (12, 24), note="By truck, please.")
    mail = good(ask(shop, "GET", f"purchase-orders/{order['id']}/mail"))["mail"]
    assert mail["to"] == "anna@silk.test"
    assert mail["subject"] == "Purchase order PO-0001 of My shop"
    for words in ("Hello Anna Silk,", "1 line, 24 pieces", "By truck, please.", "My shop"):
        assert words in mail["text"]
    assert mail["file"] == "PO-0001.pdf"
    granted = good(send(shop, order, mail["digest"]))
    assert {name: granted["mail"][name] for name in ("to", "subject", "text")} == {
        name: mail[name] for name in ("to", "subject", "text")
    }
    assert base64.b64decode(granted["pdf"]).startswith(b"%PDF-")
    assert granted["order"]["state"] == "sending"
    refused(send(shop, order, mail["digest"]), "not_draft")
    done = good(report(shop, order, granted["send_id"], "sent"))["order"]
    assert (done["state"], done["sent_how"], done["sent_to"]) == ("sent", "mail", "anna@silk.test")
    assert done["expected_on"], "its lead time says when it is to come"
    good(report(shop, order, granted["send_id"], "sent"))
    good(report(shop, order, granted["send_id"], "failed"))
    assert shown(shop, order)["state"] == "sent", "the first word counts"
    refused(send(shop, order, mail["digest"]), "not_draft")
    assert actions(shop) == ["purchase.draft", "purchase.send", "purchase.sent"]


def test_the_owners_own_words_go_out_in_the_place_of_what_was_shown(shop: Plugin) -> None:
    [order] = drafts(shop, (12, 24))
    at, seen = f"purchase-orders/{order['id']}/send", digest(shop, order)
    no = ({"subject": " "}, {"subject": "a\r\nBcc: x@x.test"}, {"text": "\n"}, {"text": "x" * 10_001})
    for wrong in no:
        assert fields(ask(shop, "POST", at, {"digest": seen} | wrong)).keys() == wrong.keys()
    own = {"subject": "Bestellung", "text": "Guten Tag,\n\nbitte liefern Sie."}
    granted = good(ask(shop, "POST", at, {"digest": seen} | own))
    assert granted["mail"] == {"to": "anna@silk.test"} | own
    mail = good(ask(shop, "GET", f"purchase-orders/{order['id']}/mail"))["mail"]
    assert {name: mail[name] for name in own} == own, "and stay to be read"
    with read(shop.rt.db.app) as conn:
        found = conn.execute(select(audit_table.c.detail).where(audit_table.c.action == "purchase.send"))
        assert found.scalar_one()["own_words"] is True


def test_the_audit_keeps_the_address_sealed(shop: Plugin) -> None:
    [order] = drafts(shop, (12, 24))
    good(send(shop, order, digest(shop, order)))
    with read(shop.rt.db.app) as conn:
        rows = conn.execute(select(audit_table).where(audit_table.c.action == "purchase.send")).all()
    assert len(rows) == 1
    assert "anna@silk" not in repr(rows)


@pytest.mark.parametrize("change", ["line", "note", "supplier"])
def test_what_changed_since_it_was_shown_is_not_sent(shop: Plugin, change: str) -> None:
    [order] = drafts(shop, (12, 24))
    seen = digest(shop, order)
    if change == "supplier":
        name = {"name": "Silk House", "email": "other@silk.test"}
        good(ask(shop, "PUT", f"suppliers/{order['supplier_id']}", name))
    else:
        more = {"lines": [{"item_id": 12, "quantity": 25}]} if change == "line" else {"note": "x"}
        good(ask(shop, "PUT", f"purchase-orders/{order['id']}", more))
    refused(send(shop, order, seen), "digest_mismatch")
    assert shown(shop, order)["state"] == "draft"


def test_without_an_address_or_a_line_nothing_is_sent(shop: Plugin) -> None:
    [order] = drafts(shop, (21, 2))
    mail = good(ask(shop, "GET", f"purchase-orders/{order['id']}/mail"))["mail"]
    assert mail["warnings"][0]["code"] == "no_address"
    answer = send(shop, order, mail["digest"])
    assert answer.json["error"]["code"] == "not_sendable"
    assert fields(answer).keys() == {"to"}
    good(ask(shop, "PUT", f"purchase-orders/{order['id']}", {"lines": []}))
    assert fields(send(shop, order, digest(shop, order))).keys() == {"to", "lines"}
    assert fields(ask(shop, "POST", f"purchase-orders/{order['id']}/mark-sent", {})).keys() == {"lines"}


def test_of_many_presses_at_once_one_is_granted(shop: Plugin) -> None:
    [order] = drafts(shop, (12, 24))
    seen, answers = digest(shop, order), []
    barrier = threading.Barrier(6)

    def press() -> None:
        mine = Plugin(shop.app)
        mine.site, mine.home, mine.shop_id, mine.secret = shop.site, shop.home, shop.shop_id, shop.secret
        barrier.wait()
        answers.append(send(mine, order, seen).status_code)

    threads = [threading.Thread(target=press) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200] + [409] * 5


def test_a_mail_that_failed_leaves_a_draft_that_says_why(shop: Plugin) -> None:
    [order] = drafts(shop, (12, 24))
    send_id = good(send(shop, order, digest(shop, order)))["send_id"]
    refused(report(shop, order, "0" * 32, "sent"), "send_unknown")
    again = good(report(shop, order, send_id, "failed", reason="No mail server."))["order"]
    assert (again["state"], again["error"]) == ("draft", "No mail server.")
    good(send(shop, order, digest(shop, order)))


def test_after_a_crash_only_a_person_opens_it_again(shop: Plugin) -> None:
    [order] = drafts(shop, (12, 24))
    send_id = good(send(shop, order, digest(shop, order)))["send_id"]
    assert purchase_mail.sweep(shop.rt) == 0, "it may still be under way"
    refused(ask(shop, "POST", f"purchase-orders/{order['id']}/reopen"), "not_unknown")
    with write(shop.rt.db.app) as conn:
        conn.execute(update(table).values(sent_at=table.c.sent_at - purchase_mail.REPORT_WITHIN_S - 1))
    assert purchase_mail.sweep(shop.rt) == 1
    lost = shown(shop, order)
    assert lost["state"] == "unknown"
    assert "Ask the supplier" in lost["error"]
    refused(send(shop, order, digest(shop, order)), "not_draft")
    assert good(ask(shop, "POST", f"purchase-orders/{order['id']}/reopen"))["order"]["state"] == "draft"
    # A late word that it did go out counts, so that it is not sent twice.
    assert good(report(shop, order, send_id, "sent"))["order"]["state"] == "sent"
    assert actions(shop)[-3:] == ["purchase.unknown", "purchase.reopen", "purchase.sent"]


def test_an_unknown_one_may_be_called_sent(shop: Plugin) -> None:
    [order] = drafts(shop, (12, 24))
    send_id = good(send(shop, order, digest(shop, order)))["send_id"]
    assert good(report(shop, order, send_id, "unknown"))["order"]["state"] == "unknown"
    done = good(ask(shop, "POST", f"purchase-orders/{order['id']}/mark-sent", {"expected_on": LATER}))[
        "order"
    ]
    assert (done["state"], done["expected_on"], done["sent_how"]) == ("sent", LATER, "mail")


# Receiving


def receive(shop: Plugin, order: dict[str, Any], *lines: tuple[int, int], **more: Any) -> Any:
    """A person notes what arrived."""
    given = {"lines": [{"item_id": item, "quantity": count} for item, count in lines], **more}
    return ask(shop, "POST", f"purchase-orders/{order['id']}/receive", given)


def apply(shop: Plugin, proposal: dict[str, Any]) -> None:
    """What the plugin does at once."""
    assert shop.decide(proposal, "approve", {"digest": proposal["digest"]}).status_code == 200
    assert shop.report(proposal, "applied").status_code == 200


def coming(shop: Plugin) -> dict[int, int]:
    """What agents see as being on its way."""
    facts = stock_items.facts(shop.rt, shop.shop_id)
    with open_store(shop.rt.db, shop.shop_id, facts, READS) as store:
        return {one.item_id: one.quantity for one in store.incoming()}


def test_goods_arrive_in_parts_and_the_stock_rises_by_proposals(shop: Plugin) -> None:
    [draft] = drafts(shop, (12, 24), (13, 5))
    assert coming(shop) == {}, "a draft is on no way"
    order = good(ask(shop, "POST", f"purchase-orders/{draft['id']}/mark-sent", {}))["order"]
    assert coming(shop) == {12: 24, 13: 5}
    first = good(receive(shop, order, (12, 10), (13, 5)))
    [change] = first["proposal"]["changes"]
    assert (change["resource"], change["set"]) == (
        "wc/v3/products/12", [{"path": "stock_delta", "was": 5, "to": 10}],
    )  # fmt: skip
    assert first["proposal"]["undoable"] is True
    assert first["order"]["state"] == "sent", "it waits for the stock"
    apply(shop, first["proposal"])
    now = shown(shop, order)
    assert (now["state"], [line["received"] for line in now["lines"]]) == ("part", [10, 5])
    assert coming(shop) == {12: 14}
    second = good(receive(shop, order, (12, 14)))
    apply(shop, second["proposal"])
    assert shown(shop, order)["state"] == "received"
    assert coming(shop) == {}
    assert shop.decide(second["proposal"], "undo").status_code == 200
    assert shop.report(second["proposal"], "undone").status_code == 200
    now = shown(shop, order)
    assert (now["state"], now["lines"][0]["received"]) == ("part", 10)
    assert sorted(one["state"] for one in now["receipts"]) == ["applied", "undone"]
    assert shop.report(second["proposal"], "undone").status_code == 200
    assert shown(shop, order)["lines"][0]["received"] == 10, "told twice, taken back once"


def test_variations_raise_their_own_stock_or_their_products(shop: Plugin) -> None:
    silk = drafts(shop, (12, 1))[0]["supplier_id"]
    order = sent(shop, (21, 3), (22, 4), (23, 5), supplier_id=silk)
    found = good(receive(shop, order, (21, 3), (22, 4), (23, 5)))["proposal"]["changes"]
    assert {one["resource"]: (one["set"][0]["was"], one["set"][0]["to"]) for one in found} == {
        "wc/v3/products/20": (9, 9), "wc/v3/products/20/variations/21": (5, 3),
    }  # fmt: skip


def test_where_no_stock_is_counted_the_receipt_alone_says_so(shop: Plugin) -> None:
    order = sent(shop, (13, 5))
    answer = good(receive(shop, order, (13, 5)))
    assert "proposal" not in answer
    assert (answer["receipt"]["state"], answer["order"]["state"]) == ("applied", "received")


def test_received_twice_is_received_once(shop: Plugin) -> None:
    order, key = sent(shop, (12, 24)), "ab" * 16
    first = good(receive(shop, order, (12, 24), key=key))
    again = good(receive(shop, order, (12, 24), key=key))
    assert again["proposal"]["id"] == first["proposal"]["id"]
    error = refused(receive(shop, order, (12, 24)), "more_than_ordered")
    assert error["details"]["lines"][0]["waiting"] == 24
    apply(shop, first["proposal"])
    assert good(receive(shop, order, (12, 24), key=key))["receipt"]["state"] == "applied"
    assert shown(shop, order)["lines"][0]["received"] == 24
    refused(receive(shop, order, (12, 23), key=key), "key_taken")
    refused(receive(shop, sent(shop, (12, 24)), (12, 24), key=key), "key_taken")


def test_more_than_was_ordered_takes_a_second_word(shop: Plugin) -> None:
    order = sent(shop, (12, 24))
    refused(receive(shop, order, (12, 25)), "more_than_ordered")
    apply(shop, good(receive(shop, order, (12, 25), over=True))["proposal"])
    now = shown(shop, order)
    assert (now["state"], now["lines"][0]["received"]) == ("received", 25)
    assert coming(shop) == {}


def test_what_cannot_be_received(shop: Plugin) -> None:
    [draft] = drafts(shop, (12, 24))
    refused(receive(shop, draft, (12, 24)), "not_sent")
    order = sent(shop, (12, 24))
    assert fields(receive(shop, order, (21, 1))) == {"lines.0.item_id": "was not ordered"}
    assert fields(receive(shop, order, (12, 1), (12, 2))) == {"lines.1.item_id": "is there twice"}
    assert fields(receive(shop, order, (12, 0))).keys() == {"lines.0.quantity"}
    assert fields(receive(shop, order, (12, -5))).keys() == {"lines.0.quantity"}
    assert fields(receive(shop, order)).keys() == {"lines"}
    assert fields(receive(shop, order, (12, 1), key="x")).keys() == {"key"}
    good(ask(shop, "DELETE", f"purchase-orders/{order['id']}"))
    refused(receive(shop, order, (12, 24)), "not_sent")


def test_a_receipt_that_was_not_applied_does_not_count(shop: Plugin) -> None:
    order = sent(shop, (12, 24))
    for state in ("stale", "failed"):
        asked = good(receive(shop, order, (12, 24)))["proposal"]
        assert shop.decide(asked, "approve", {"digest": asked["digest"]}).status_code == 200
        assert shop.report(asked, state).status_code == 200
        assert shown(shop, order)["receipts"][-1]["state"] == "failed"
    asked = good(receive(shop, order, (12, 24)))["proposal"]
    assert shop.decide(asked, "reject", {}).status_code == 200
    now = shown(shop, order)
    assert (now["state"], now["lines"][0]["received"]) == ("sent", 0)
    # A refused receipt does not cool down the next one.
    apply(shop, good(receive(shop, order, (12, 24)))["proposal"])
    assert shown(shop, order)["state"] == "received"


def test_two_orders_of_one_product_do_not_wait_for_each_other_for_ever(shop: Plugin) -> None:
    first, second = sent(shop, (12, 24)), sent(shop, (12, 6))
    waits = good(receive(shop, first, (12, 24)))["proposal"]
    comes = good(receive(shop, second, (12, 6)))["proposal"]
    refused(shop.decide(waits, "approve", {"digest": waits["digest"]}), "not_pending")
    assert shown(shop, first)["receipts"][0]["state"] == "failed", "it can be received again"
    assert shop.decide(comes, "approve", {"digest": comes["digest"]}).status_code == 200
    refused(receive(shop, first, (12, 24)), "busy")
    assert shop.report(comes, "applied").status_code == 200
    apply(shop, good(receive(shop, first, (12, 24)))["proposal"])
    assert shown(shop, first)["state"] == "received"


def test_the_rest_may_not_be_coming(shop: Plugin) -> None:
    order = sent(shop, (12, 24))
    apply(shop, good(receive(shop, order, (12, 10)))["proposal"])
    ended = good(ask(shop, "DELETE", f"purchase-orders/{order['id']}"))["order"]
    assert (ended["state"], ended["closed_short"]) == ("received", True)
    assert coming(shop) == {}


# Who


def test_only_a_person_who_manages_the_shop_orders_sends_and_receives(shop: Plugin) -> None:
    [order] = drafts(shop, (12, 24))
    body = {"digest": digest(shop, order)}
    for method, path, given in (
        ("POST", "purchase-orders", {}), ("PUT", f"purchase-orders/{order['id']}", {}),
        ("DELETE", f"purchase-orders/{order['id']}", None),
        ("POST", f"purchase-orders/{order['id']}/send", body),
        ("POST", f"purchase-orders/{order['id']}/mark-sent", {}),
        ("POST", f"purchase-orders/{order['id']}/receive", {"lines": [{"item_id": 12, "quantity": 1}]}),
    ):  # fmt: skip
        for who in (None, ERIC):
            answer = ask(shop, method, path, given, who=who)
            assert (answer.status_code, answer.json["error"]["code"]) == (403, "approval_needs_person")
    assert shown(shop, order)["state"] == "draft"


def test_nobody_can_run_the_receiving(shop: Plugin) -> None:
    answer = shop.send("POST", "/api/v1/agents/receive-goods/runs", {}, who=ANNA)
    assert answer.status_code == 404


def test_a_thousand_lines_of_text_stay_on_the_page(shop: Plugin) -> None:
    product(shop, 50, "Long " * 55)
    [order] = drafts(shop, (50, 1), supplier_id=supplier(shop, "x" * 200), note="w" * 2_000)
    sheet = ask(shop, "GET", f"purchase-orders/{order['id']}/pdf").get_data()
    assert io.BytesIO(sheet).read(5) == b"%PDF-"
    assert purchase_files.BOX not in order["supplier_name"]


def test_erasing_a_suppliers_contact_leaves_supplier_and_order(shop: Plugin) -> None:
    [order] = drafts(shop, (12, 24))
    send_id = good(send(shop, order, digest(shop, order)))["send_id"]
    good(report(shop, order, send_id, "sent"))
    person = {"email_hash": email_hash("Anna@Silk.test", b64decode(shop.hash_key))}
    held = good(shop.send("POST", "/api/v1/gdpr/export-data", person, who=ANNA))
    tables = {one["table"] for one in held["items"]}
    assert {"suppliers", "purchase_orders"} <= tables
    assert "anna@silk.test" in repr(held)
    assert good(shop.send("POST", "/api/v1/gdpr/delete-data", person, who=ANNA))["held"] is True
    left = good(ask(shop, "GET", f"suppliers/{order['supplier_id']}"))["supplier"]
    assert (left["name"], left["lead_days"]) == ("Silk House", 20)
    assert {"email", "contact", "phone"} & set(left) == set()
    now = shown(shop, order)
    assert (now["state"], "sent_to" in now) == ("sent", False)
    with read(shop.rt.db.app) as conn:
        rows = "".join(repr(conn.execute(select(one)).all()) for one in (suppliers, table, audit_table))
    assert "silk.test" not in rows
    assert "Anna Silk" not in rows
    left = good(shop.send("POST", "/api/v1/gdpr/export-data", person, who=ANNA))["items"]
    assert {one["table"] for one in left} <= {"audit"}, (
        "the audit says that something was done, not with whom"
    )
    assert "silk.test" not in repr(left)


def test_a_stock_that_variations_share_is_bought_counted_and_received_as_one(shop: Plugin) -> None:
    product(shop, 40, "Ribbon belt", sku="BELT", type="variable", manage_stock=1, stock_quantity=7.0)
    for ident, colour in ((41, "Red"), (42, "Blue")):
        options = [{"name": "Colour", "option": colour}]
        variation(shop, ident, 40, sku=f"BELT-{colour}", manage_stock=2, attributes=options)
    knitters = supplier(shop, "Knitters")
    said = good(ask(shop, "PUT", "supplies/40", {"supplier_id": knitters, "cost": 9.5, "moq": 12}))
    assert said["item"] == {"item_id": 40, "product_id": 40, "name": "Ribbon belt", "sku": "BELT"}
    for ident in (40, 41, 42):
        assert good(ask(shop, "GET", f"supplies/{ident}"))["own"]["moq"] == 12
    listed = {one["name"]: one["items"] for one in good(ask(shop, "GET", "suppliers"))["items"]}
    assert listed["Knitters"] == 1
    file = "sku,moq\nBELT,5\nBELT-Blue,6\n"
    told = good(ask(shop, "POST", "supplies/import", {"csv": file}))
    assert (told["kept"], [bad["code"] for bad in told["bad"]]) == (1, ["named_before"])
    assert good(ask(shop, "GET", "supplies/42"))["own"]["moq"] == 5
    exported = ask(shop, "GET", "supplies.csv").text
    assert "BELT," in exported
    assert "BELT-Red" not in exported

    day = (datetime.now(UTC) + timedelta(days=5)).date().isoformat()
    wanted = {"item_id": 41, "first_day": day, "last_day": day, "factor": 2, "why": "Fair"}
    made = good(ask(shop, "POST", "overrides", wanted))
    assert made["override"]["item_id"] == 40

    [order] = good(ask(shop, "POST", "purchase-orders", {"lines": [{"item_id": 40, "quantity": 12}]}))[
        "orders"
    ]
    line = order["lines"][0]
    assert (line["name"], line["sku"], line["total"]) == ("Ribbon belt", "BELT", "114.00")
    good(ask(shop, "POST", f"purchase-orders/{order['id']}/mark-sent", {}))
    arrived = {"lines": [{"item_id": 40, "quantity": 5}]}
    changes = good(ask(shop, "POST", f"purchase-orders/{order['id']}/receive", arrived))["proposal"][
        "changes"
    ]
    assert [(one["resource"], one["set"][0]["to"]) for one in changes] == [("wc/v3/products/40", 5)]
