"""Every page with data, empty and without the sidecar, on a desk and on a telephone, kept as pictures."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.wordpress.browser import PAGES, PICTURES, SETTINGS, Tabs, keep, open_proposal, settled
from tests.wordpress.scene import Scene, until
from tests.wordpress.stack.template import CHECKOUT

pytestmark = [pytest.mark.wordpress, pytest.mark.browser]

WIDTHS = [1280, 390]
AXE = CHECKOUT / "wp-plugin" / "node_modules" / "axe-core" / "axe.min.js"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
LOOK = """async ([place, values]) =>
  (await axe.run(place, { runOnly: { type: 'tag', values } })).violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary}`))"""
widths = pytest.mark.parametrize("width", WIDTHS)


def wider_than_the_window(page: Page) -> int:
    """Pixels by which the page could be scrolled sideways."""
    return int(page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth"))


def barriers(page: Page, place: str = "#devskyy-root") -> list[str]:
    """What axe finds against WCAG 2.2 AA in our part of a page."""
    page.evaluate(AXE.read_text())
    return [f"{page.url}: {words}" for words in page.evaluate(LOOK, [place, WCAG])]


def photograph(page: Page, name: str, width: int) -> None:
    """Keep the page, which must fit the window."""
    keep(page, PICTURES, f"{name}-{width}")
    assert wider_than_the_window(page) <= 0, f"{name} at {width} px scrolls sideways"


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


@widths
def test_pages_with_data(busy: Scene, tabs: Tabs, width: int) -> None:
    found: list[str] = []
    for name, path in PAGES.items():
        page = settled(tabs.open(busy, path, "admin", width))
        photograph(page, f"{name}-data", width)
        found += barriers(page)
    page = settled(tabs.open(busy, PAGES["inbox"], "admin", width))
    open_proposal(page, str(page.locator("tr[data-row]").first.get_attribute("data-row")))
    expect(page.locator("aside figure.devskyy-chart svg")).to_be_visible()
    photograph(page, "inbox-proposal", width)
    found += barriers(page)
    page = settled(tabs.open(busy, PAGES["agents"], "admin", width))
    page.get_by_role("button", name="Set up: Slow-stock markdowns").click()
    photograph(page, "agents-form", width)
    found += barriers(page)
    page = tabs.open(busy, SETTINGS, "admin", width)
    photograph(page, "settings-connected", width)
    found += barriers(page, "#mainform")
    assert found == []


@widths
def test_pages_of_a_shop_that_has_nothing_yet(scene: Scene, tabs: Tabs, width: int) -> None:
    scene.unpair()
    for name, path in PAGES.items():
        photograph(settled(tabs.open(scene, path, "admin", width)), f"{name}-unpaired", width)
    photograph(tabs.open(scene, SETTINGS, "admin", width), "settings-unpaired", width)
    scene.pair()
    with scene.as_a_new_shop():
        until("the first sync", scene.synced, 60)
        for name, path in PAGES.items():
            photograph(settled(tabs.open(scene, path, "admin", width)), f"{name}-empty", width)


@widths
def test_pages_while_the_sidecar_is_down(scene: Scene, tabs: Tabs, width: int) -> None:
    scene.propose(scene.product("Last known scarf"))
    for path in PAGES.values():
        settled(tabs.open(scene, path, "admin", width))
    scene.sidecar.stop()
    for name, path in PAGES.items():
        page = settled(tabs.open(scene, path, "admin", width))
        expect(page.get_by_text("The sidecar does not answer").first).to_be_visible()
        photograph(page, f"{name}-down", width)
