"""The page Stock: what to order, corrections, levels, suppliers and their files, on a real shop."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.wordpress.browser import PAGES, PICTURES, Tabs, fits, keep, settled
from tests.wordpress.scene import Scene, until

pytestmark = [pytest.mark.wordpress, pytest.mark.browser]


def forecast(scene: Scene) -> None:
    """Forecast all items anew and wait for it."""
    scene.rest("POST", "/devskyy/v1/agents/demand-forecast/runs", json={"input": {}})
    until("the forecast", scene.synced, 60)


def rows(scene: Scene, state: str = "all", **query: Any) -> list[dict[str, Any]]:
    """Items as the page gets them."""
    found = scene.rest("GET", "/devskyy/v1/inventory/items", params={"state": state, "limit": 100, **query})
    return list(found["items"])


@pytest.fixture
def stock(scene: Scene) -> Iterator[Scene]:
    """A shop with forecasts; corrections, suppliers and drafts of a test are taken back."""
    until("the first sync", scene.synced, 60)
    if scene.rest("GET", "/devskyy/v1/inventory")["overview"]["state"] == "no_forecasts":
        forecast(scene)
    yield scene
    if not scene.sidecar.answers():
        scene.sidecar.start()
        scene.calm()
    for name in ("purchase-orders", "overrides", "suppliers", "locations"):
        for one in scene.rest("GET", f"/devskyy/v1/inventory/{name}")["items"]:
            if one.get("state") in ("received", "cancelled"):
                continue  # an order that has ended stays
            scene.rest("DELETE", f"/devskyy/v1/inventory/{name}/{one['id']}")


def opened(tabs: Tabs, scene: Scene, place: str = "") -> Page:
    """The page at one of its parts."""
    return settled(tabs.open(scene, PAGES["stock"] + (f"#{place}" if place else ""), "admin"))


def row_of(page: Page, item: int) -> Locator:
    """An item's line of the list."""
    return page.locator(f'tr[data-row="{item}"]')


def correct(scene: Scene, item: int, per_day: float = 5) -> None:
    """Say over REST that so many are sold a day for two months from now on."""
    page = scene.rest("GET", f"/devskyy/v1/inventory/items/{item}")
    first, last = page["forecast"][0]["day"], page["forecast"][59]["day"]
    body = {"item_id": item, "first_day": first, "last_day": last, "per_day": per_day, "why": "A fair"}
    scene.rest("POST", "/devskyy/v1/inventory/overrides", json=body)


def supplier(scene: Scene, name: str, **more: Any) -> str:
    """A new supplier's id."""
    made = scene.rest("POST", "/devskyy/v1/inventory/suppliers", json={"name": name, **more})
    return str(made["supplier"]["id"])


def supply(scene: Scene, item: int, **terms: Any) -> None:
    """Say from whom an item comes and on what terms."""
    scene.rest("PUT", f"/devskyy/v1/inventory/supplies/{item}", json=terms)


def counted(scene: Scene) -> dict[str, Any]:
    """An item whose stock is counted and that was sold."""
    return next(
        row for row in rows(scene) if "stock" in row and row.get("forecast_28", {}).get("value", 0) > 0
    )


def test_the_answer_comes_first_by_one_request_and_an_item_shows_its_forecast(
    stock: Scene, tabs: Tabs
) -> None:
    page = tabs.open(stock, "/wp-admin/admin.php?page=devskyy-status", "admin")
    asked: list[str] = []
    page.on("request", lambda sent: asked.append(sent.url) if "/inventory" in sent.url else None)
    page.goto(stock.base_url + PAGES["stock"])
    settled(page)
    assert len(asked) == 1, asked
    figures = page.locator(".devskyy-figures > div")
    expect(figures).to_have_count(5)
    expect(figures.first).to_contain_text("Will sell in the next 28 days")
    expect(figures.first).to_contain_text("in the last 28 days")
    why = page.locator("p.devskyy-past")  # the shop is new: nothing is known of four weeks ago
    expect(why).to_have_count(2)
    expect(why.first).to_contain_text(
        "To order now, Tied up in slow stock, Forecasts better than a simple one."
    )
    expect(why.last).to_contain_text("Stock has been watched for less than eight weeks.")
    expect(page.locator("figure.devskyy-chart svg")).to_be_visible()
    page.get_by_role("button", name="All", exact=True).click()
    item = counted(stock)
    title = row_of(settled(page), item["item_id"]).locator(".devskyy-title")
    title.focus()
    page.keyboard.press("ArrowDown")
    expect(title).not_to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    panel = page.locator("aside.devskyy-panel")
    expect(panel.get_by_role("heading", name=item["name"])).to_be_visible()
    expect(panel.locator("figure.devskyy-chart .devskyy-mark", has_text="Today")).to_be_visible()
    expect(panel.locator("figure.devskyy-chart path.devskyy-line.is-dashed")).to_have_count(1)
    expect(panel.locator("figure.devskyy-chart path.devskyy-band")).to_have_count(1)
    panel.get_by_role("button", name="Show as table").click()
    assert panel.locator(".devskyy-chart-table tbody tr").count() > 100
    expect(panel.get_by_text("Order when so many are left")).to_be_visible()
    expect(panel.get_by_text("Tested on your past sales")).to_be_visible()
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(title).to_be_focused()
    page.reload()  # the view stays
    expect(page.get_by_role("button", name="All", exact=True)).to_have_attribute("aria-pressed", "true")
    expect(row_of(settled(page), item["item_id"])).to_be_visible()


def test_a_correction_changes_what_to_order_and_is_taken_back(stock: Scene, tabs: Tabs) -> None:
    item = counted(stock)
    page = opened(tabs, stock, f"item={item['item_id']}")
    panel = page.locator("aside.devskyy-panel")
    before = panel.locator(".devskyy-expected b").inner_text()
    panel.get_by_role("button", name="Correct the forecast").click()
    form = panel.get_by_role("form", name="Correct the forecast")
    form.get_by_role("button", name="Correct it").click()
    expect(form.get_by_text("This must be a number.")).to_be_visible()
    form.get_by_label("Pieces a day, instead of the forecast").check()
    form.get_by_label("Pieces a day", exact=True).fill("20")
    first = form.get_by_label("From").input_value()
    form.get_by_label("To, that day included").fill(f"{int(first[:4]) - 1}{first[4:]}")
    form.get_by_role("button", name="Correct it").click()
    expect(form.get_by_text("The last day is before the first.")).to_be_visible()
    days = stock.rest("GET", f"/devskyy/v1/inventory/items/{item['item_id']}")["forecast"]
    form.get_by_label("To, that day included").fill(days[59]["day"])
    form.get_by_label("Why").fill("A fair")
    form.get_by_role("button", name="Correct it").click()
    expect(panel.locator(".devskyy-expected b")).to_have_text("560 pieces in 28 days")
    expect(panel.locator(".devskyy-overrides")).to_contain_text("20 pieces a day from")
    expect(panel.locator(".devskyy-overrides")).to_contain_text("A fair")
    expect(panel.get_by_role("button", name="Correct the forecast")).to_be_focused()
    expect(row_of(page, item["item_id"])).to_contain_text("Corrected by you")
    expect(row_of(page, item["item_id"])).to_contain_text("now")

    panel.get_by_role("button", name=re.compile("^Take back")).click()
    expect(panel.locator(".devskyy-expected b")).to_have_text(before)
    expect(panel.locator(".devskyy-overrides")).to_have_count(0)
    assert stock.rest("GET", "/devskyy/v1/inventory/overrides")["items"] == []


def test_a_variation_gets_a_low_stock_level_of_its_own_and_loses_it_again(stock: Scene, tabs: Tabs) -> None:
    item = next(row for row in rows(stock) if "stock" in row and row["item_id"] != row["product_id"])
    sql = "SELECT meta_value FROM wp_postmeta WHERE post_id = %s AND meta_key = '_low_stock_amount'"
    page = opened(tabs, stock, f"item={item['item_id']}")
    panel = page.locator("aside.devskyy-panel")
    level = panel.get_by_label("Warn when so many pieces are left")
    level.fill("1.5")
    expect(panel.get_by_text("This must be a whole number.")).to_be_visible()
    level.fill("17")
    level.press("Enter")
    expect(panel.get_by_text("WooCommerce now warns at 17 pieces.")).to_be_visible()
    assert stock.rows(sql, item["item_id"]) == [("17",)]
    # The sidecar hears of it by the shop's own event.
    until("the mirror follows", lambda: rows(stock, search=item["name"])[0].get("low_stock_amount") == 17)
    panel.get_by_role("button", name="Undo", exact=True).click()
    expect(panel.get_by_text("WooCommerce now warns at 2 pieces.")).to_be_visible()
    assert [value for (value,) in stock.rows(sql, item["item_id"]) if value] == []

    resource = f"/wc/v3/products/{item['product_id']}/variations/{item['item_id']}"
    stock.rest("PUT", resource, json={"low_stock_amount": 9})
    tabs.allow("status of 409")
    level.fill("4")
    level.press("Enter")
    expect(panel.get_by_text("Somebody changed the level meanwhile; it is 9 now.")).to_be_visible()
    assert stock.rows(sql, item["item_id"])[0][0] == "9"
    stock.rest("PUT", resource, json={"low_stock_amount": None})


def test_a_file_keeps_its_good_rows_and_names_its_bad_ones(stock: Scene, tabs: Tabs, tmp_path: Path) -> None:
    good, other = [row for row in rows(stock) if row.get("sku")][:2]
    file = tmp_path / "supplies.csv"
    lines = [
        "sku;supplier;cost;lead_days;pack;colour",
        f"{good['sku']};Söhne & Co;4,50;21;6;red",
        "no-such-sku;Söhne & Co;4,50;21;6;red",
        f"{other['sku']};Söhne & Co;cheap;soon;6;red",
    ]
    file.write_bytes("\r\n".join(lines).encode("cp1252"))
    page = opened(tabs, stock, "tab=suppliers")
    page.get_by_role("button", name="Import a file").click()
    form = page.get_by_role("form", name="Import a file")
    form.get_by_role("button", name="Import").click()
    expect(form.get_by_text("Choose a file first.")).to_be_visible()
    form.get_by_label("File").set_input_files(file)
    form.get_by_role("button", name="Import").click()
    report = page.locator(".devskyy-report")
    expect(report.get_by_role("heading", name="1 of 3 rows are in")).to_be_focused()
    expect(report).to_contain_text("1 new supplier: Söhne & Co")
    expect(report).to_contain_text("2 rows were left out")
    bad = report.locator("tbody tr")
    expect(bad.filter(has_text="no-such-sku")).to_contain_text("3")
    expect(bad.filter(has_text="cheap")).to_contain_text("cost")
    expect(bad.filter(has_text="soon")).to_contain_text("lead_days")
    keep(page, PICTURES, "stock-import-1280")
    report.get_by_role("button", name="Close").click()
    expect(page.locator("tr").filter(has_text="Söhne & Co")).to_contain_text("1")

    supply = stock.rest("GET", f"/devskyy/v1/inventory/supplies/{good['item_id']}")["supply"]
    assert (supply["supplier_name"], supply["lead_days"], supply["pack"]) == ("Söhne & Co", 21, 6)
    page.get_by_role("button", name="Import a file").click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save what is known so far as CSV").click()
    saved.value.save_as(tmp_path / "known.csv")
    assert "Söhne & Co" in (tmp_path / "known.csv").read_text("utf-8-sig")


def test_a_supplier_is_added_changed_and_removed(stock: Scene, tabs: Tabs) -> None:
    page = opened(tabs, stock, "tab=suppliers")
    page.get_by_role("button", name="Add a supplier").click()
    form = page.get_by_role("form", name="Add a supplier")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_text("This is needed.")).to_be_visible()
    expect(form.get_by_label("Name")).to_be_focused()
    form.get_by_label("Name").fill("Seta Milano")
    form.get_by_label("E-mail").fill("not an address")
    form.get_by_label("Delivery time in days").fill("18")
    tabs.allow("status of 422")
    form.get_by_role("button", name="Save").click()
    expect(form.locator(".has-error")).to_contain_text("E-mail")
    form.get_by_label("E-mail").fill("orders@seta.test")
    form.get_by_label("In stock until the delivery comes, in %").fill("98")
    form.get_by_role("button", name="Save").click()
    row = page.locator("tr").filter(has_text="Seta Milano")
    expect(row).to_contain_text("18 days")
    known = stock.rest("GET", "/devskyy/v1/inventory/suppliers")["items"][0]
    assert (known["email"], known["service_level"]) == ("orders@seta.test", 0.98)

    item = counted(stock)
    panel = opened(tabs, stock, f"item={item['item_id']}").locator("aside.devskyy-panel")
    panel.get_by_role("button", name="Change the supply").click()
    supply = panel.get_by_role("form", name="Supply")
    supply.get_by_label("Supplier", exact=True).select_option(label="Seta Milano")
    supply.get_by_label("Pieces in a pack").fill("12")
    supply.get_by_role("button", name="Save").click()
    facts = panel.locator(".devskyy-section").filter(has_text="Change the supply")
    expect(facts).to_contain_text("Seta Milano")
    expect(facts).to_contain_text("12")

    row.get_by_role("button", name="Change: Seta Milano").click()
    form = page.get_by_role("form", name="Seta Milano")
    expect(form.get_by_label("In stock until the delivery comes, in %")).to_have_value("98")
    form.get_by_label("Delivery time in days").fill("")
    form.get_by_role("button", name="Save").click()
    expect(row).to_contain_text("As for the whole shop")
    row.get_by_role("button", name="Remove: Seta Milano").click()
    row.get_by_role("button", name="Yes, remove Seta Milano").click()
    expect(page.get_by_role("heading", name="No suppliers yet")).to_be_visible()


def test_a_draft_is_made_changed_saved_as_files_and_deleted(stock: Scene, tabs: Tabs, tmp_path: Path) -> None:
    item, other = [row for row in rows(stock) if "stock" in row][:2]
    for row in rows(stock):
        wanted = row["item_id"] in (item["item_id"], other["item_id"])
        if wanted or row.get("order_quantity"):  # what else would be ordered, sells nothing for now
            correct(stock, row["item_id"], per_day=20 if wanted else 0)
    seta = supplier(stock, "Seta Milano", email="orders@seta.test")
    supply(stock, item["item_id"], supplier_id=seta, cost="4.50", pack=12)
    page = opened(tabs, stock)
    expect(page.locator(".devskyy-figures > div", has_text="To order now")).to_contain_text("2 items")
    page.get_by_label("Select all on this page").check()
    chosen = page.get_by_role("region", name="Chosen items")
    expect(chosen.get_by_role("button", name="Make purchase orders for 1 item")).to_be_visible()
    chosen.get_by_label("Supplier of 1 item that has none").select_option(label="Seta Milano")
    chosen.get_by_role("button", name="Make purchase orders for 2 items").click()
    expect(page.locator(".devskyy-notice strong", has_text="2 drafts are written.")).to_be_focused()
    page.locator(".devskyy-notice").get_by_role("button", name=re.compile("^Order PO-")).first.click()
    panel = page.locator("aside.devskyy-panel")
    pieces = panel.get_by_label(f"Pieces of {item['name']}")
    assert int(pieces.input_value()) % 12 == 0
    pieces.fill("0")
    expect(panel.get_by_text("Each line needs a whole number of pieces.")).to_be_visible()
    pieces.fill("13")
    expect(panel.locator("tfoot")).to_contain_text("$58.50")  # of what is typed, before it is saved
    paid = panel.get_by_label(f"Cost of a piece of {item['name']}, in USD")
    expect(paid).to_have_value("4.50")
    paid.fill("4.12345")
    expect(panel.get_by_text("A cost is a number from 0 with at most four decimals")).to_be_visible()
    expect(panel.get_by_role("button", name="Save", exact=True)).to_be_disabled()
    paid.fill("4.1235")
    expect(panel.locator("tfoot")).to_contain_text("$53.61")
    panel.get_by_label("Words to the supplier").fill("Please hurry.")
    expect(panel.get_by_text("Save your changes first.")).to_be_visible()
    panel.get_by_role("button", name="Save", exact=True).click()
    expect(panel.get_by_text(f"{item['name']}: comes in packs of 12.")).to_be_visible()
    expect(panel.locator("tfoot")).to_contain_text("$53.61")
    expect(paid).to_have_value("4.1235")
    for kind, start in (("PDF", b"%PDF-"), ("CSV", b"")):
        with page.expect_download() as saved:
            panel.get_by_role("button", name=f"Save as {kind}").click()
        saved.value.save_as(tmp_path / kind)
        assert re.fullmatch(rf"PO-\d{{4}}\.{kind.lower()}", saved.value.suggested_filename)
        assert (tmp_path / kind).read_bytes().startswith(start)
    assert item["name"] in (tmp_path / "CSV").read_text("utf-8-sig")
    order = re.search(r"order=(\w{32})", page.url)
    assert order is not None
    panel.get_by_role("button", name=re.compile("^Delete: ")).click()
    panel.get_by_role("button", name="Yes, delete this draft").click()
    expect(panel).to_have_count(0)
    expect(page.locator(f'tr[data-row="{order[1]}"]')).to_have_count(0)
    expect(page.locator("tr[data-row]")).to_have_count(1)
    page.get_by_role("tab", name="Items").click()
    page.get_by_label("Select all on this page").check()
    expect(chosen.get_by_text("1 item is in a draft already and is left out.")).to_be_visible()
    expect(chosen.get_by_role("button", name="Make purchase orders for 1 item")).to_be_visible()


def test_an_order_is_sent_by_two_presses_and_its_goods_raise_the_stock(stock: Scene, tabs: Tabs) -> None:
    item = next(row for row in rows(stock) if "stock" in row)
    seta = supplier(stock, "Seta Milano", email="orders@seta.test")
    body = {"supplier_id": seta, "lines": [{"item_id": item["item_id"], "quantity": 12}]}
    order = stock.rest("POST", "/devskyy/v1/inventory/purchase-orders", json=body)["orders"][0]
    mails = stock.stack.log / "mail.jsonl"
    before = mails.read_text().count("orders@seta.test") if mails.exists() else 0
    page = opened(tabs, stock, f"tab=orders&order={order['id']}")
    panel = page.locator("aside.devskyy-panel")
    panel.get_by_role("button", name="Send by e-mail").click()
    shown = panel.locator(".devskyy-mail")
    expect(shown.get_by_role("heading", name="This will be sent")).to_be_focused()
    expect(shown).to_contain_text("orders@seta.test")
    expect(shown).to_contain_text(order["number"])
    assert not mails.exists() or mails.read_text().count("orders@seta.test") == before
    shown.get_by_label("Subject").fill("Bestellung für den Herbst")
    shown.get_by_role("button", name="Yes, send it to orders@seta.test").click()
    expect(panel.get_by_text("Mailed to orders@seta.test.")).to_be_visible()
    assert mails.read_text().count("orders@seta.test") == before + 1
    assert json.loads(mails.read_text().splitlines()[-1])["subject"] == "Bestellung für den Herbst"
    expect(row_of(page, order["id"])).to_contain_text("Sent")

    sql = "SELECT meta_value FROM wp_postmeta WHERE post_id = %s AND meta_key = '_stock'"
    was = int(stock.rows(sql, item["item_id"])[0][0])
    arrived = panel.get_by_label(f"Arrived of {item['name']}")
    arrived.fill("13")
    put = panel.get_by_role("button", name=re.compile("^Put "))
    expect(put).to_have_attribute("aria-disabled", "true")
    arrived.fill("5")
    put.click()
    expect(panel.get_by_text("Partly received")).to_be_visible()
    assert int(stock.rows(sql, item["item_id"])[0][0]) == was + 5
    panel.get_by_role("button", name="All of it arrived").click()
    panel.get_by_role("button", name="Put 7 pieces into stock").click()
    expect(panel.locator(".devskyy-panel-badges").get_by_text("Received", exact=True)).to_be_visible()
    assert int(stock.rows(sql, item["item_id"])[0][0]) == was + 12
    panel.get_by_role("button", name="Undo: 5 pieces out of stock again").click()
    expect(panel.get_by_text("Taken back")).to_be_visible()
    assert int(stock.rows(sql, item["item_id"])[0][0]) == was + 7
    panel.get_by_role("button", name="Undo: 7 pieces out of stock again").click()
    expect(panel.get_by_text("Taken back")).to_have_count(2)
    assert int(stock.rows(sql, item["item_id"])[0][0]) == was


def test_without_the_sidecar_the_last_known_stays_and_levels_can_be_set(stock: Scene, tabs: Tabs) -> None:
    item = counted(stock)
    settled(opened(tabs, stock, f"item={item['item_id']}"))
    stock.sidecar.stop()
    page = opened(tabs, stock, f"item={item['item_id']}")
    expect(page.get_by_text("You see what was known").first).to_be_visible()
    panel = page.locator("aside.devskyy-panel")
    expect(panel.locator("figure.devskyy-chart svg")).to_be_visible()
    expect(panel.get_by_role("button", name="Correct the forecast")).to_have_attribute(
        "aria-disabled", "true"
    )
    expect(page.get_by_role("button", name="Forecast anew")).to_have_attribute("aria-disabled", "true")
    panel.get_by_label("Warn when so many pieces are left").fill("3")
    panel.get_by_role("button", name="Set", exact=True).click()
    expect(panel.get_by_text("WooCommerce now warns at 3 pieces.")).to_be_visible()
    panel.get_by_role("button", name="Undo", exact=True).click()
    expect(panel.get_by_text("WooCommerce now warns at 2 pieces.")).to_be_visible()
    stock.sidecar.start()
    page.get_by_role("button", name="Try again").first.click()
    expect(page.get_by_text("You see what was known")).to_have_count(0)


def first_of(page: Page, held: list[Route]) -> Route:
    """A request that was held back, once it has come."""
    for _ in range(200):
        if held:
            return held.pop()
        page.wait_for_timeout(50)
    raise AssertionError("nothing was asked for")


def test_the_first_forecast_is_one_press_away(scene: Scene, tabs: Tabs) -> None:
    with scene.as_a_new_shop():
        until("the first sync", scene.synced, 60)
        page = opened(tabs, scene)
        expect(page.get_by_role("heading", name="No forecast yet")).to_be_visible()
        page.get_by_role("button", name="Make the first forecast").click()
        expect(page.locator(".devskyy-figures")).to_be_visible(timeout=60_000)


def test_the_keyboard_goes_on_where_its_press_was_made(stock: Scene, tabs: Tabs) -> None:
    item = counted(stock)
    page = opened(tabs, stock, "tab=suppliers")
    add = page.get_by_role("button", name="Add a supplier")
    add.press("Enter")
    expect(page.get_by_label("Name")).to_be_focused()
    page.keyboard.press("Escape")
    expect(add).to_be_focused()
    seta = supplier(stock, "Seta Milano")
    page = opened(tabs, stock, "tab=suppliers")
    change, remove = (page.get_by_role("button", name=f"{act}: Seta Milano") for act in ("Change", "Remove"))
    change.press("Enter")
    expect(page.get_by_label("Name")).to_be_focused()
    page.keyboard.press("Escape")
    expect(change).to_be_focused()
    remove.press("Enter")
    expect(page.get_by_role("button", name="Yes, remove Seta Milano")).to_be_focused()
    page.keyboard.press("Escape")
    expect(remove).to_be_focused()

    correct(stock, item["item_id"])
    page = opened(tabs, stock, f"item={item['item_id']}")
    panel = page.locator("aside.devskyy-panel")
    panel.get_by_role("button", name=re.compile("^Take back")).press("Enter")
    expect(panel.get_by_role("button", name="Correct the forecast")).to_be_focused()
    panel.get_by_role("button", name="Change the supply").press("Enter")
    expect(panel.get_by_label("Supplier", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    expect(panel.get_by_role("button", name="Change the supply")).to_be_focused()

    body = {"supplier_id": seta, "lines": [{"item_id": item["item_id"], "quantity": 12}]}
    order = stock.rest("POST", "/devskyy/v1/inventory/purchase-orders", json=body)["orders"][0]
    page = opened(tabs, stock, f"tab=orders&order={order['id']}")
    panel = page.locator("aside.devskyy-panel")
    other = panel.get_by_role("button", name=re.compile("^Ordered another way"))
    other.press("Enter")
    page.keyboard.press("Escape")  # of the question, not of the panel
    expect(other).to_be_focused()
    other.press("Enter")
    page.keyboard.press("Enter")
    expect(panel.get_by_text("Ordered another way; nothing was mailed.")).to_be_visible()
    assert panel.evaluate("panel => panel.contains(document.activeElement)")
    page.keyboard.press("Escape")
    expect(row_of(page, order["id"]).locator(".devskyy-title")).to_be_focused()


def test_what_is_typed_while_an_answer_is_awaited_stays_and_nothing_is_said_that_is_not_so(
    stock: Scene, tabs: Tabs
) -> None:
    item = counted(stock)
    held: list[Route] = []
    page = opened(tabs, stock, "tab=suppliers")
    page.get_by_role("button", name="Add a supplier").click()
    page.get_by_label("Name").fill("Seta Milano")
    tabs.allow("status of 502")
    page.route(
        "**/inventory/suppliers?*", lambda route: route.fulfill(status=502, body="<h1>Late</h1>"), times=1
    )
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("form").get_by_text("It may be busy, or you may be signed out.")).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value("Seta Milano")
    page.route("**/inventory/suppliers?*", lambda route: held.append(route), times=2)
    page.get_by_role("button", name="Save").click()
    first_of(page, held).continue_()
    asked = first_of(page, held)
    expect(page.get_by_role("heading", name="No suppliers yet")).to_have_count(0)
    asked.continue_()
    expect(page.locator("tr").filter(has_text="Seta Milano")).to_be_visible()

    page.get_by_role("tab", name="Items").click()
    settled(page).get_by_role("button", name="All", exact=True).click()
    expect(row_of(page, item["item_id"])).to_be_visible()
    page.route("**/inventory/items?*", lambda route: held.append(route), times=1)
    page.get_by_role("button", name="Slow or not selling").click()
    asked = first_of(page, held)
    expect(row_of(page, item["item_id"])).to_have_count(0)  # it sells
    asked.continue_()
    settled(page)

    seta = stock.rest("GET", "/devskyy/v1/inventory/suppliers")["items"][0]["id"]
    body = {"supplier_id": seta, "lines": [{"item_id": item["item_id"], "quantity": 12}]}
    order = stock.rest("POST", "/devskyy/v1/inventory/purchase-orders", json=body)["orders"][0]
    page = opened(tabs, stock, f"tab=orders&order={order['id']}")
    panel = page.locator("aside.devskyy-panel")
    paid = panel.get_by_label(f"Cost of a piece of {item['name']}, in USD")
    paid.fill("")
    paid.press_sequentially("4,55")  # as typed in half of the world
    expect(panel.locator("tfoot")).to_contain_text("$54.60")
    note = panel.get_by_label("Words to the supplier")
    note.fill("Please hurry")
    page.route(f"**/inventory/purchase-orders/{order['id']}?*", lambda route: held.append(route), times=1)
    save = panel.get_by_role("button", name="Save", exact=True)
    save.click()
    pressed = first_of(page, held)
    note.fill("Please hurry, and ring first")
    pressed.continue_()
    expect(paid).to_have_value("4.55")
    expect(save).to_be_enabled()
    expect(note).to_have_value("Please hurry, and ring first")
    save.click()
    expect(panel.get_by_role("button", name="Send by e-mail")).to_be_visible()
    saved = stock.rest("GET", f"/devskyy/v1/inventory/purchase-orders/{order['id']}")["order"]
    assert (saved["note"], float(saved["lines"][0]["cost"])) == ("Please hurry, and ring first", 4.55)


def test_every_part_fits_the_window(stock: Scene, tabs: Tabs) -> None:
    item = counted(stock)
    correct(stock, item["item_id"])
    stock.rest(
        "POST", "/devskyy/v1/inventory/suppliers", json={"name": "A supplier with a rather long name & Sons"}
    )
    for name, place in {"items": "", "item": f"item={item['item_id']}", "suppliers": "tab=suppliers"}.items():
        page = opened(tabs, stock, place)
        fits(page, f"stock-{name}")
        if name == "items":
            page.get_by_label("Select all on this page").check()  # on the phone too
            low = "nodes => nodes.filter(n => n.offsetWidth && n.offsetHeight < 32).map(n => n.innerText)"
            assert page.locator("#devskyy-part button").evaluate_all(low) == []
            page.get_by_role("button", name="Slow or not selling").click()
            fits(settled(page), "stock-slow")


def test_what_lies_at_a_place_is_said_and_a_lost_answer_makes_no_second_place(
    stock: Scene, tabs: Tabs
) -> None:
    item = counted(stock)
    page = opened(tabs, stock, "tab=places")
    page.get_by_role("button", name="Add a place").click()
    form = page.get_by_role("form", name="Add a place")
    form.get_by_label("Name").fill("Warehouse")
    lost: list[int] = []

    def lose(route: Route) -> None:
        lost.append(route.fetch().status)
        route.abort()

    tabs.allow("net::ERR_FAILED")
    page.route("**/inventory/locations*", lose, times=1)
    form.get_by_role("button", name="Save").click()
    expect(form.locator(".is-error")).to_be_visible()
    form.get_by_role("button", name="Save").click()
    row = page.locator("tr").filter(has_text="Warehouse")
    expect(row).to_have_count(1)
    assert lost == [201]
    assert len(stock.rest("GET", "/devskyy/v1/inventory/locations")["items"]) == 1

    row.get_by_role("button", name="What lies in Warehouse", exact=True).click()
    lies = page.get_by_role("region", name="What lies in Warehouse")
    lies.get_by_role("searchbox", name="Find an item").fill(item["name"])
    lies.get_by_label(f"Pieces of {item['name']}").first.fill("7")
    lies.get_by_role("button", name=f"Save: {item['name']}").first.click()
    expect(row.locator(".col-pieces")).to_contain_text("7")
    row.get_by_role("button", name="Remove: Warehouse").click()
    row.get_by_role("button", name="Yes, remove Warehouse").click()
    expect(page.get_by_role("heading", name="One place only")).to_be_visible()


def test_a_markdown_is_looked_for_at_an_item_that_does_not_sell(stock: Scene, tabs: Tabs) -> None:
    item = next(row for row in rows(stock, "dead") if not row["dead"].get("proposal_id"))
    page = opened(tabs, stock, f"item={item['item_id']}")
    panel = page.locator("aside.devskyy-panel")
    panel.get_by_role("button", name="Look for a markdown").click()
    found = panel.get_by_role("link", name="Look at the proposed markdown")
    expect(panel.get_by_text(re.compile("^Done[:.]")).or_(found)).to_be_visible()
    run = stock.rest("GET", "/devskyy/v1/runs", params={"agent": "dead-stock", "limit": 1})["items"][0]
    assert (run["state"], run["input"]["product_ids"]) == ("done", [item["product_id"]])
