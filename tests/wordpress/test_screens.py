"""Every page with data, empty and without the sidecar, on a desk and on a telephone, kept as pictures."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.wordpress.browser import PAGES, SETTINGS, Tabs, fits, open_proposal, settled
from tests.wordpress.scene import Scene, until

pytestmark = [pytest.mark.wordpress, pytest.mark.browser]

OURS = "#devskyy-root"


@pytest.fixture
def busy(scene: Scene) -> Scene:
    """A shop with runs and with proposals in several states."""
    for agent in ("slow-stock-markdown", "reorder-points", "product-data-gaps"):
        scene.rest("POST", f"/devskyy/v1/agents/{agent}/runs", json={"input": {}})
    applied, rejected = (
        scene.propose(scene.product("Applied scarf")),
        scene.propose(scene.product("Unwanted scarf")),
    )
    scene.propose(scene.product("Risky scarf"), risk="high")
    scene.rest(
        "POST", f"/devskyy/v1/proposals/{applied}/approve", json={"digest": scene.proposal(applied)["digest"]}
    )
    scene.rest("POST", f"/devskyy/v1/proposals/{rejected}/reject", json={})
    until("the runs are done", scene.synced, 60)
    return scene


def test_pages_with_data(busy: Scene, tabs: Tabs) -> None:
    found: list[str] = []
    for name, path in PAGES.items():
        found += fits(settled(tabs.open(busy, path, "admin")), f"{name}-data", OURS)
    page = settled(tabs.open(busy, PAGES["inbox"], "admin"))
    open_proposal(page, str(page.locator("tr[data-row]").first.get_attribute("data-row")))
    expect(page.locator("aside figure.devskyy-chart svg")).to_be_visible()
    found += fits(page, "inbox-proposal", OURS)
    page = settled(tabs.open(busy, PAGES["agents"], "admin"))
    page.get_by_role("button", name="Set up: Slow-stock markdowns").click()
    found += fits(page, "agents-form", OURS)
    found += fits(tabs.open(busy, SETTINGS, "admin"), "settings-connected", "#mainform")
    assert found == []


def test_pages_of_a_shop_that_has_nothing_yet(scene: Scene, tabs: Tabs) -> None:
    scene.unpair()
    for name, path in PAGES.items():
        fits(settled(tabs.open(scene, path, "admin")), f"{name}-unpaired")
    fits(tabs.open(scene, SETTINGS, "admin"), "settings-unpaired")
    scene.pair()
    with scene.as_a_new_shop():
        until("the first sync", scene.synced, 60)
        for name, path in PAGES.items():
            fits(settled(tabs.open(scene, path, "admin")), f"{name}-empty")


def test_without_the_sidecar_each_page_says_what_was_known_and_what_to_do(scene: Scene, tabs: Tabs) -> None:
    ident = scene.propose(scene.product("Last known scarf"))
    for path in PAGES.values():
        settled(tabs.open(scene, path, "admin"))
    scene.sidecar.stop()
    for name, path in PAGES.items():
        page = settled(tabs.open(scene, path, "admin"))
        expect(page.get_by_text("The sidecar does not answer").first).to_be_visible()
        expect(page.get_by_text('Start it with "devskyy serve"').first).to_be_visible()
        if name == "inbox":
            row = page.locator(f'[data-row="{ident}"]')
            expect(row).to_be_visible()
            expect(row.locator("button", has_text="Approve")).to_be_disabled()
        fits(page, f"{name}-down")
