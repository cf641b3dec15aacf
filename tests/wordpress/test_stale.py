"""What somebody changed between proposal and approval, or between apply and undo, is never overwritten."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from sidecar.core.changes import Patch, SetField
from tests.wordpress.browser import PAGES, Tabs, open_proposal, settled
from tests.wordpress.scene import Scene, until

pytestmark = [pytest.mark.wordpress, pytest.mark.browser]


def test_a_change_in_wp_admin_before_the_approval_is_kept(scene: Scene, tabs: Tabs) -> None:
    item = scene.product("Edited scarf")
    ident = scene.propose(item)
    page = settled(tabs.open(scene, PAGES["inbox"], "admin"))
    open_proposal(page, ident)

    edit = tabs.open(scene, f"/wp-admin/post.php?post={item.id}&action=edit", "shopmanager")
    edit.locator("#_regular_price").fill("38.50")
    edit.locator("#publish").click()
    expect(edit.get_by_text("Product updated.")).to_be_visible()
    modified = scene.rows("SELECT post_modified_gmt FROM wp_posts WHERE ID = %s", item.id)

    tabs.allow("status of 409")
    panel = page.locator("aside")
    panel.get_by_role("button", name="Approve", exact=True).click()
    expect(
        panel.get_by_text("The shop has changed since the proposal was made, so nothing was written.").first
    ).to_be_visible()
    expect(
        panel.get_by_text("Regular price is 38.50 now, not 40.00").or_(panel.get_by_text("38.5")).first
    ).to_be_visible()
    assert scene.price(item) == "38.50"
    assert scene.rows("SELECT post_modified_gmt FROM wp_posts WHERE ID = %s", item.id) == modified
    assert scene.ledger(ident) == ["stale"]
    until("the sidecar knows", lambda: scene.state(ident) == "stale")


def test_one_stale_change_of_several_keeps_all_from_being_written(scene: Scene) -> None:
    first, second = scene.product("First scarf"), scene.product("Second scarf")
    changes = [
        Patch(resource=item.resource, set=[SetField(path="regular_price", was="40.00", to="30.00")])
        for item in (first, second)
    ]
    ident = scene.propose_changes(first, changes)
    scene.rest("PUT", f"/wc/v3/products/{second.id}", json={"regular_price": "41.00"})
    answer = scene.person("admin").rest(
        "POST", f"/devskyy/v1/proposals/{ident}/approve", json={"digest": scene.proposal(ident)["digest"]}
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "stale")
    results = answer.json()["data"]["results"]
    assert [row["state"] for row in results] == ["skipped", "skipped"]
    assert "Regular price is 41.00 now, not 40.00" in results[1]["message"]
    assert scene.ledger(ident) == ["skipped", "stale"]
    assert (scene.price(first), scene.price(second)) == ("40.00", "41.00")


def test_an_undo_does_not_overwrite_what_came_after(scene: Scene, tabs: Tabs) -> None:
    item = scene.product("Changed scarf")
    ident = scene.propose(item)
    page = settled(tabs.open(scene, PAGES["inbox"], "admin"))
    open_proposal(page, ident)
    panel = page.locator("aside")
    panel.get_by_role("button", name="Approve", exact=True).click()
    expect(panel.get_by_text("Done. The shop has changed.")).to_be_visible()
    scene.rest("PUT", f"/wc/v3/products/{item.id}", json={"regular_price": "29.00"})
    tabs.allow("status of 409")
    panel.get_by_role("button", name="Undo…").click()
    panel.get_by_role("button", name="Undo now").click()
    expect(panel.get_by_text("Regular price is 29.00 now, not 30.00")).to_be_visible()
    assert scene.price(item) == "29.00"
    until(
        "both still count it as applied",
        lambda: scene.state(ident) == "applied" and scene.ledger(ident) == ["applied"],
    )


def test_an_approval_of_something_else_than_was_shown_is_refused(scene: Scene) -> None:
    item = scene.product("Other scarf")
    ident = scene.propose(item)
    answer = scene.person("admin").rest(
        "POST", f"/devskyy/v1/proposals/{ident}/approve", json={"digest": "0" * 64}
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "digest_mismatch")
    assert answer.json()["data"]["hint"]
    assert (scene.price(item), scene.state(ident), scene.ledger(ident)) == ("40.00", "pending", [])


def test_two_approvals_at_once_write_once(scene: Scene) -> None:
    item = scene.product("Contested scarf")
    ident = scene.propose(item)
    body = {"digest": scene.proposal(ident)["digest"]}
    first = scene.person("admin").rest("POST", f"/devskyy/v1/proposals/{ident}/approve", json=body)
    second = scene.person("shopmanager").rest("POST", f"/devskyy/v1/proposals/{ident}/approve", json=body)
    assert first.status_code == 200
    assert (second.status_code, second.json()["code"]) == (409, "not_pending")
    assert (scene.price(item), scene.ledger(ident)) == ("30.00", ["applied"])
