"""Tools → Erase Personal Data and Export Personal Data of a real WordPress reach a real sidecar."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.wordpress.scene import Scene, until
from tests.wordpress.stack import Person

pytestmark = pytest.mark.wordpress

PAGES = {"export": "export-personal-data.php", "erase": "erase-personal-data.php"}
KINDS = {"export": "export_personal_data", "erase": "remove_personal_data"}
BUTTONS = {"export": "export-personal-data", "erase": "remove-personal-data"}
MAKE = "return wp_create_user_request( $args['email'], $args['kind'], array(), 'confirmed' );"
REVIEW = """
return wp_insert_comment( array( 'comment_post_ID' => $args['product'], 'comment_type' => 'review',
    'comment_author_email' => $args['email'], 'comment_content' => 'I liked it.', 'comment_approved' => 1 ) );
"""
TOUCH = "$order = wc_get_order( $args['order'] ); $order->set_customer_note( 'Again' ); $order->save();"


def steps(scene: Scene, who: Person, what: str, email: str) -> Iterator[dict[str, Any]]:
    """Does a request as the button of the Tools page does: each exporter or eraser, page by page."""
    request = scene.stack.php(MAKE, user="admin", args={"email": email, "kind": KINDS[what]})
    page = who.request("GET", f"/wp-admin/{PAGES[what]}").text
    tags = re.findall(r"<[^>]*data-request-id[^>]*>", page)
    tag = next(tag for tag in tags if f'data-request-id="{request}"' in tag and BUTTONS[what] in tag)
    data = dict(re.findall(r'data-([a-z-]+)="([^"]*)"', tag))
    word = "eraser" if what == "erase" else "exporter"
    for index in range(1, int(data[f"{word}s-count"]) + 1):
        number, done = 1, False
        while not done and number < 20:
            given = {
                "action": f"wp-privacy-{what}-personal-data", "id": request, "page": number, word: index,
                "security": data["nonce"], "sendAsEmail": "false",
            }  # fmt: skip
            answer = who.request("POST", "/wp-admin/admin-ajax.php", data=given).json()
            yield answer
            if not answer["success"]:
                return
            done, number = answer["data"]["done"], number + 1


def mirrored(scene: Scene, order: int) -> tuple[Any, ...] | None:
    rows = scene.asked(
        "SELECT email_hash, country, postcode_area, customer_id, buyer, total FROM orders WHERE id = ?",
        order,
        file="mirror",
    )
    return rows[0] if rows else None


def test_a_buyer_is_erased_and_does_not_come_back(scene: Scene) -> None:
    item, email = scene.product("Private scarf"), f"private-{time.time_ns()}@shop.test"
    order = scene.order_by_store_api(item, email=email)
    review = scene.stack.php(REVIEW, user="admin", args={"product": item.id, "email": email})
    scene.sidecar.command("sync", "--full")
    before = mirrored(scene, order)
    assert before is not None
    assert before[0]
    assert before[4]
    assert scene.asked("SELECT text FROM reviews WHERE id = ?", review, file="mirror") == [("I liked it.",)]

    told = list(steps(scene, scene.person("admin"), "export", email))
    assert all(answer["success"] for answer in told), told
    groups = {part["group_id"] for answer in told for part in answer["data"].get("data") or []}
    assert {"devskyy-orders", "devskyy-order_lines", "devskyy-reviews"} <= groups

    said = list(steps(scene, scene.person("admin"), "erase", email))
    assert all(answer["success"] for answer in said), said
    words = " ".join(word for answer in said for word in answer["data"]["messages"])
    assert "DevSkyy keeps the sums and products of 1 order, without its buyer." in words
    assert mirrored(scene, order) == (None, None, None, 0, 0, before[5])
    assert scene.asked("SELECT text FROM reviews WHERE id = ?", review, file="mirror") == [("",)]

    # WooCommerce keeps the order's address, as it does by default, and the order changes once more.
    scene.stack.php(TOUCH, user="admin", args={"order": order})
    scene.run_cron()
    scene.sidecar.command("sync", "--full")
    assert mirrored(scene, order) == (None, None, None, 0, 0, before[5])


def test_with_the_sidecar_away_the_tool_says_what_to_do(scene: Scene) -> None:
    email = f"away-{time.time_ns()}@shop.test"
    order = scene.order_by_store_api(scene.product("Lost scarf"), email=email)
    scene.sidecar.command("sync", "--full")
    scene.sidecar.stop()
    said = list(steps(scene, scene.person("admin"), "erase", email))
    [ours] = [a["data"] for a in said if any("DevSkyy's sidecar" in m for m in a["data"]["messages"])]
    assert ours["items_retained"] is True
    assert "devskyy serve" in ours["messages"][0]
    [*_, last] = steps(scene, scene.person("admin"), "export", email)
    assert last["success"] is False
    assert "would not be complete" in last["data"]
    scene.sidecar.start()
    until("the sidecar answers", scene.sidecar.answers)
    list(steps(scene, scene.person("admin"), "erase", email))
    found = mirrored(scene, order)
    assert found is not None
    assert found[0] is None
