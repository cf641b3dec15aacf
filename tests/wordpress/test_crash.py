"""The PHP process dies in the middle of an apply or an undo, and the ledger settles what it left."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from sidecar.core.changes import Patch, SetField
from tests.wordpress.browser import PAGES, Tabs, settled
from tests.wordpress.scene import Scene, until

pytestmark = [pytest.mark.wordpress, pytest.mark.browser]

BEFORE, AFTER = "devskyy_after_ledger_row", "devskyy_after_write"


def kill_during(scene: Scene, tabs: Tabs, step: str, ident: str, undo: bool = False) -> None:
    """Press the button in the Inbox, and kill every PHP process once the step is reached."""
    page = settled(tabs.open(scene, PAGES["inbox"] + f"#id={ident}&state=all", "admin"))
    panel = page.locator("aside")
    held = scene.switch(step)
    reached = held.with_name(held.name + ".reached")
    reached.unlink(missing_ok=True)
    tabs.allow("ERR_")  # the connection breaks, and that is the point
    if undo:
        panel.get_by_role("button", name="Undo…").click()
        panel.get_by_role("button", name="Undo now").click()
    else:
        panel.get_by_role("button", name="Approve", exact=True).click()
    until("the step is reached", reached.exists)
    scene.stack.kill_web()
    scene.stack.start_web()
    reached.unlink()


@pytest.mark.parametrize(
    ("step", "left"), [(BEFORE, "40.00"), (AFTER, "30.00")], ids=["not-written", "written"]
)
def test_an_interrupted_apply_is_settled_by_the_next_visit_to_wp_admin(
    scene: Scene, tabs: Tabs, step: str, left: str
) -> None:
    item = scene.product("Interrupted scarf")
    ident = scene.propose(item)
    kill_during(scene, tabs, step, ident)
    assert (scene.price(item), scene.ledger(ident)) == (left, ["applying"])

    page = tabs.open(scene, PAGES["inbox"] + f"#id={ident}&state=all", "shopmanager")
    settled(page)
    assert (scene.price(item), scene.ledger(ident)) == ("30.00", ["applied"])
    page.goto(scene.base_url + PAGES["status"])
    settled(page)
    until("the sidecar knows", lambda: scene.state(ident) == "applied")
    page.goto(scene.base_url + PAGES["inbox"] + f"#id={ident}&state=all")
    page.reload()
    expect(page.locator("aside").get_by_role("button", name="Undo…")).to_be_visible()


def test_an_interrupted_apply_is_settled_by_cron_alone(scene: Scene, tabs: Tabs) -> None:
    item = scene.product("Night scarf")
    ident = scene.propose(item)
    kill_during(scene, tabs, AFTER, ident)
    scene.stack.php("do_action( 'devskyy_tick' ); return true;")
    assert (scene.price(item), scene.ledger(ident)) == ("30.00", ["applied"])
    until("the sidecar knows", lambda: scene.state(ident) == "applied")


def test_what_somebody_wrote_after_the_crash_is_kept(scene: Scene, tabs: Tabs) -> None:
    item = scene.product("Rewritten scarf")
    ident = scene.propose(item)
    kill_during(scene, tabs, BEFORE, ident)
    scene.stack.php(
        "update_post_meta( $args['id'], '_regular_price', '33.00' );",
        args={"id": item.id},
    )
    scene.stack.php("do_action( 'devskyy_tick' ); return true;")
    assert (scene.price(item), scene.ledger(ident)) == ("33.00", ["failed"])
    until("the sidecar knows", lambda: scene.state(ident) == "failed")


def test_the_second_of_two_writes_interrupted_ends_whole(scene: Scene, tabs: Tabs) -> None:
    first, second = scene.product("Left scarf"), scene.product("Right scarf")
    changes = [
        Patch(resource=item.resource, set=[SetField(path="short_description", was="", to="Soft.")])
        for item in (first, second)
    ]
    ident = scene.propose_changes(first, changes)
    kill_during(scene, tabs, AFTER, ident)
    assert scene.ledger(ident) == ["applying", "applying"]
    scene.stack.php("do_action( 'devskyy_tick' ); return true;")
    assert scene.ledger(ident) == ["applied", "applied"]
    for item in (first, second):
        assert (
            "Soft."
            in scene.rest("GET", f"/wc/v3/products/{item.id}?_fields=short_description")["short_description"]
        )


@pytest.mark.parametrize(
    ("step", "left"), [(BEFORE, "30.00"), (AFTER, "40.00")], ids=["not-written", "written"]
)
def test_an_interrupted_undo_is_settled(scene: Scene, tabs: Tabs, step: str, left: str) -> None:
    item = scene.product("Scarf on its way back")
    ident = scene.propose(item)
    scene.rest(
        "POST", f"/devskyy/v1/proposals/{ident}/approve", json={"digest": scene.proposal(ident)["digest"]}
    )
    kill_during(scene, tabs, step, ident, undo=True)
    assert (scene.price(item), scene.ledger(ident)) == (left, ["undoing"])
    scene.stack.php("do_action( 'devskyy_tick' ); return true;")
    assert (scene.price(item), scene.ledger(ident)) == ("40.00", ["undone"])
    until("the sidecar knows", lambda: scene.state(ident) == "undone")
