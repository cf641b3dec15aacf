"""From signing in to undoing: the way of one proposal through wp-admin, in a real browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from sidecar.core.changes import Patch, SetField
from tests.wordpress.browser import PAGES, SETTINGS, Tabs, open_proposal, settled, shop_price, sign_in
from tests.wordpress.scene import Item, Scene, until

pytestmark = [pytest.mark.wordpress, pytest.mark.browser]


def slow_product(scene: Scene) -> Item:
    """A product that has stood in stock for over a year without a sale."""
    item = scene.product(
        "Unsold scarf", cost_of_goods_sold={"values": [{"defined_value": 12}]}, stock_quantity=60
    )
    scene.stack.php(
        "$p = wc_get_product( $args['id'] ); $p->set_date_created( strtotime( '-400 days' ) ); $p->save();",
        user="admin",
        args={"id": item.id},
    )
    return item


def connect(page: Page, scene: Scene) -> None:
    """Enter the sidecar's address and a fresh code on the settings tab."""
    code = scene.sidecar.command("pair").strip().splitlines()[0]
    page.get_by_label("Address of the sidecar").fill(scene.sidecar.url)
    page.get_by_label("Pairing code").fill(code)
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.get_by_text("Connected. The sidecar reads the shop now")).to_be_visible()


def test_sign_in_pair_run_approve_and_undo(either_scene: Scene, tabs: Tabs) -> None:
    scene = either_scene
    item = slow_product(scene)
    scene.unpair()

    page = tabs.fresh(scene, "/wp-login.php")
    sign_in(page, "admin")
    page.goto(scene.base_url + PAGES["inbox"])
    settled(page)
    page.get_by_role("link", name="Connect", exact=True).click()
    connect(page, scene)
    until("the first sync", scene.synced, 60)

    page.goto(scene.base_url + PAGES["agents"])
    settled(page)
    page.get_by_role("button", name="Run now: Slow-stock markdowns").click()
    done = page.locator("#devskyy-root").get_by_text(re.compile(r"Done: \d+ proposals? to decide"))
    expect(done).to_be_visible(timeout=60_000)
    page.get_by_role("link", name="Decide them in the Inbox").click()
    settled(page)

    row = page.locator("tr[data-row]", has_text=item.name)
    expect(row).to_have_count(1)
    row.locator(".devskyy-title").click()
    panel = page.locator("aside.devskyy-panel")
    expect(panel.locator("figure.devskyy-chart svg[role=img]")).to_be_visible()
    expect(panel.locator(".devskyy-change-values").first).to_contain_text("not set")  # no sale so far
    becomes = panel.locator(".devskyy-change-line ins").first
    expect(becomes).to_contain_text("$")
    found = re.search(r"\$[\d.]+", becomes.inner_text())
    assert found is not None
    lowered = found.group(0)
    assert lowered != "$40.00"
    expect(panel.get_by_role("heading", name="How sure")).to_be_visible()
    expect(panel.get_by_text("Looked at")).to_be_visible()
    assert shop_price(tabs, scene, item) == "$40.00"

    panel.get_by_role("button", name=re.compile("^Approve")).click()
    expect(panel.get_by_text("Done. The shop has changed.")).to_be_visible()
    assert lowered in shop_price(tabs, scene, item)

    panel.get_by_role("button", name="Undo…").click()
    panel.get_by_role("button", name="Undo now").click()
    expect(panel.get_by_text("Undone. The former values stand again.")).to_be_visible()
    assert shop_price(tabs, scene, item) == "$40.00"
    ident = str(row.get_attribute("data-row")) if row.count() else page.url.rpartition("id=")[2]
    until("the sidecar knows of the undo", lambda: scene.state(ident) == "undone")


def test_a_shop_manager_finds_the_menu_and_approves(scene: Scene, tabs: Tabs) -> None:
    item = scene.product("Manager's scarf")
    ident = scene.propose(item)
    page = tabs.open(scene, "/wp-admin/", "shopmanager")
    page.locator("#toplevel_page_woocommerce a", has_text="DevSkyy").evaluate("link => link.click()")
    settled(page)
    open_proposal(page, ident)
    page.locator("aside").get_by_role("button", name="Approve", exact=True).click()
    expect(page.locator("aside").get_by_text("Done. The shop has changed.")).to_be_visible()
    assert scene.price(item) == "30.00"
    assert '"shopmanager"' in scene.proposal(ident)["decided_by"]


def test_several_are_decided_together_by_keyboard_and_button(scene: Scene, tabs: Tabs) -> None:
    items = [scene.product(f"Bulk scarf {n}") for n in range(3)]
    idents = [scene.propose(item) for item in items]
    page = settled(tabs.open(scene, PAGES["inbox"], "admin"))
    page.set_viewport_size({"width": 390, "height": 844})
    every = page.get_by_label("Select all on this page")
    every.check()  # on the phone too
    for ident in idents:
        expect(page.locator(f'[data-row="{ident}"] input[type=checkbox]')).to_be_checked()
    every.uncheck()
    page.set_viewport_size({"width": 1280, "height": 900})
    for ident in idents:
        page.locator(f'[data-row="{ident}"] .devskyy-title').focus()
        page.keyboard.press("Space")
        expect(page.locator(f'[data-row="{ident}"] input[type=checkbox]')).to_be_checked()
    page.locator(".devskyy-bulk").get_by_role("button", name=re.compile("^Approve")).click()
    second = page.get_by_role("button", name="Yes, change 3 prices")
    expect(second).to_be_visible()
    assert [scene.price(item) for item in items] == ["40.00"] * 3
    second.click()
    expect(page.locator("#devskyy-root").get_by_text("3 approved and applied.")).to_be_visible()
    assert [scene.price(item) for item in items] == ["30.00"] * 3


def test_rejected_and_put_off_leave_the_shop_alone(scene: Scene, tabs: Tabs) -> None:
    rejected, later = scene.product("Rejected scarf"), scene.product("Later scarf")
    no, not_now = scene.propose(rejected), scene.propose(later)
    page = settled(tabs.open(scene, PAGES["inbox"], "admin"))
    page.locator(f'[data-row="{no}"]').get_by_role("button", name=re.compile("^Reject")).click()
    until("it is rejected", lambda: scene.state(no) == "rejected")
    expect(page.locator(f'[data-row="{no}"]')).to_have_count(0)
    page.locator(f'[data-row="{not_now}"]').get_by_role("button", name="Later", exact=True).click()
    page.locator(".devskyy-later").get_by_role("button", name="Tomorrow").click()
    until("it sleeps", lambda: scene.state(not_now) == "snoozed")
    expect(page.locator(f'[data-row="{not_now}"]')).to_have_count(0)
    assert [scene.price(item) for item in (rejected, later)] == ["40.00", "40.00"]


def test_undo_restores_the_sale_that_stood_there(scene: Scene, tabs: Tabs) -> None:
    sale = {
        "sale_price": "35.00",
        "date_on_sale_from": "2026-01-01T00:00:00",
        "date_on_sale_to": "2031-01-31T23:59:59",
    }
    item = scene.product("Scarf on sale", **sale)
    change = Patch(resource=item.resource, set=[SetField(path="regular_price", was="40.00", to="30.00")])
    ident = scene.propose_changes(item, [change])
    fields = "regular_price,sale_price,date_on_sale_from,date_on_sale_to"
    before = scene.rest("GET", f"/wc/v3/products/{item.id}?_fields={fields}")
    page = settled(tabs.open(scene, PAGES["inbox"], "admin"))
    open_proposal(page, ident)
    panel = page.locator("aside")
    panel.get_by_role("button", name="Approve", exact=True).click()
    expect(panel.get_by_text("Done. The shop has changed.")).to_be_visible()
    assert scene.rest("GET", f"/wc/v3/products/{item.id}?_fields=sale_price")["sale_price"] == ""
    panel.get_by_role("button", name="Undo…").click()
    panel.get_by_role("button", name="Undo now").click()
    expect(panel.get_by_text("Undone. The former values stand again.")).to_be_visible()
    assert scene.rest("GET", f"/wc/v3/products/{item.id}?_fields={fields}") == before


def test_undo_works_while_the_sidecar_is_down(scene: Scene, tabs: Tabs) -> None:
    item = scene.product("Scarf to take back")
    ident = scene.propose(item)
    page = settled(tabs.open(scene, PAGES["inbox"], "admin"))
    open_proposal(page, ident)
    panel = page.locator("aside")
    panel.get_by_role("button", name="Approve", exact=True).click()
    expect(panel.get_by_text("Done. The shop has changed.")).to_be_visible()
    expect(panel.get_by_role("button", name="Undo…")).to_be_enabled()
    scene.sidecar.stop()
    panel.get_by_role("button", name="Undo…").click()
    panel.get_by_role("button", name="Undo now").click()
    expect(panel.get_by_text("Undone. The former values stand again.")).to_be_visible()
    assert (scene.price(item), scene.ledger(ident)) == ("40.00", ["undone"])
    scene.sidecar.start()
    scene.rest("POST", "/devskyy/v1/status/drain")
    until("the sidecar hears of it", lambda: scene.state(ident) == "undone")


def test_settings_tab_shows_the_connection(scene: Scene, tabs: Tabs) -> None:
    page = tabs.open(scene, SETTINGS, "admin")
    expect(page.get_by_text(scene.sidecar.url)).to_be_visible()
    expect(page.get_by_role("button", name="Disconnect")).to_be_visible()


def test_page_scripts_stay_below_plugin_checks_limit(scene: Scene) -> None:
    built = scene.stack.site / "wp-content" / "plugins" / "devskyy" / "build"
    sizes = {path.name: path.stat().st_size for path in Path(built).glob("*.js")}
    assert {"inbox.js", "agents.js", "runs.js", "status.js"} <= set(sizes)
    assert max(sizes.values()) <= 293_000, sizes
