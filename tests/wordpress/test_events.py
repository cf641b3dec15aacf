"""Orders of the shop reach the sidecar once and in order, whether it was up or down when they were placed."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

from tests.wordpress.browser import PAGES, SETTINGS, Tabs, check_out, settled
from tests.wordpress.scene import Scene, until
from tests.wordpress.stack import Person

pytestmark = [pytest.mark.wordpress, pytest.mark.browser]

PAGES_TIMED = [
    "/wp-admin/index.php",
    "/wp-admin/admin.php?page=wc-orders",
    SETTINGS,
    PAGES["inbox"],
    PAGES["status"],
]


def test_an_order_at_checkout_reaches_the_sidecar_once(either_scene: Scene, tabs: Tabs) -> None:
    scene = either_scene
    item = scene.product("Scarf to buy")
    scene.run_cron()
    until("the product's events", lambda: any(event["resource_id"] == item.id for event in scene.events()))
    before = len(scene.events())
    order = check_out(tabs, scene, item, "guest@shop.test")
    # Nobody is in wp-admin: WP-Cron alone brings the event.
    scene.run_cron()
    until("the order's event", lambda: scene.events_of(order))
    until("its rows are read", lambda: scene.events_of(order)[0]["state"] == "done")
    mirrored = scene.asked("SELECT COUNT(*) FROM orders WHERE id = ?", order, file="mirror")
    assert mirrored[0][0] == 1
    scene.run_cron()
    assert len(scene.events_of(order)) == 1
    sold = [event["type"] for event in scene.events()[before:] if event["resource_id"] == item.id]
    assert sold.count("stock.changed") == 1
    page = settled(tabs.open(scene, PAGES["status"], "admin"))
    news = page.locator("section.devskyy-card", has_text="News from the shop")
    expect(news.get_by_text("All sent")).to_be_visible()


def test_the_shop_sells_on_and_nothing_is_lost_while_the_sidecar_is_down(
    either_scene: Scene, tabs: Tabs
) -> None:
    scene = either_scene
    item = scene.product("Scarf to buy meanwhile")
    scene.run_cron()
    until("nothing waits", lambda: waiting(scene) == 0)
    until("nothing is at work", scene.synced)
    before = len(scene.events())
    scene.sidecar.stop()
    orders = [check_out(tabs, scene, item, "down@shop.test")]
    orders += [scene.order_by_store_api(item, f"down{n}@shop.test") for n in range(4)]
    scene.run_cron()
    assert waiting(scene) >= len(orders)

    page = settled(tabs.open(scene, PAGES["status"], "admin"))
    expect(page.get_by_role("heading", name="The sidecar does not answer")).to_be_visible()
    expect(page.get_by_text('Start it with "devskyy serve"').first).to_be_visible()

    scene.sidecar.start()
    page.get_by_role("button", name="Send now").first.click()
    until("nothing waits any more", lambda: waiting(scene) == 0)
    page.reload()
    settled(page)
    scene.run_cron()
    came = scene.events()[before:]
    created = [event["resource_id"] for event in came if event["type"] == "order.created"]
    assert created == orders
    seqs = [event["seq"] for event in came]
    assert seqs == sorted(set(seqs))
    until("all are worked off", lambda: all(event["state"] == "done" for event in scene.events()))
    expect(page.get_by_role("heading", name="The sidecar does not answer")).to_have_count(0)


def test_events_are_sent_by_themselves_once_the_sidecar_is_back(scene: Scene) -> None:
    item = scene.product("Scarf that waits")
    scene.sidecar.stop()
    order = scene.order_by_store_api(item)
    scene.run_cron()  # meets nobody and backs off
    assert not scene.events_of(order)
    scene.sidecar.start()
    # A read of the sidecar tells the plugin that it is back; what is due then goes with the next cron.
    scene.sidecar.command("sync")
    scene.run_cron()
    until("the order's event", lambda: scene.events_of(order))
    assert len(scene.events_of(order)) == 1


def test_wp_admin_opens_in_its_usual_time_without_the_sidecar(scene: Scene) -> None:
    admin = scene.person("admin")
    usual = {path: opening(admin, path) for path in PAGES_TIMED}
    scene.sidecar.stop()
    stopped = {path: opening(admin, path) for path in PAGES_TIMED}
    with listening_in_silence(int(scene.sidecar.url.rpartition(":")[2])):
        silent = {path: opening(admin, path) for path in PAGES_TIMED}
        begun = time.monotonic()
        told = scene.rest("GET", "/devskyy/v1/status")
        assert time.monotonic() - begun < 10
    assert told["error"]["hint"]
    slow = {
        path: (usual[path], without)
        for times in (stopped, silent)
        for path, without in times.items()
        if without > 2 * usual[path] + 1
    }
    assert not slow


def waiting(scene: Scene) -> int:
    """Events in the plugin's outbox."""
    return int(scene.rows("SELECT COUNT(*) FROM wp_devskyy_outbox WHERE state = 'waiting'")[0][0])


def opening(person: Person, path: str) -> float:
    """Seconds until the page's HTML is there; the better of two, since other work disturbs."""
    seconds = []
    for _ in range(2):
        begun = time.monotonic()
        assert person.get(path).status_code == 200
        seconds.append(time.monotonic() - begun)
    return min(seconds)


@contextmanager
def listening_in_silence(port: int) -> Iterator[None]:
    """Somebody takes connections at that port and never says a word."""
    with socket.create_server(("127.0.0.1", port)):
        yield
