"""What goes wrong around the pairing ends in a clear error with a hint, and nothing half-written."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from playwright.sync_api import Page, expect

from tests.wordpress.browser import PAGES, SETTINGS, Tabs, open_proposal, settled
from tests.wordpress.scene import Scene, until
from tests.wordpress.signing import Request, code_of
from tests.wordpress.stack.process import free_port

pytestmark = [pytest.mark.wordpress, pytest.mark.browser]

PLAIN = "update_option( 'permalink_structure', $args['to'] ); flush_rewrite_rules(); return true;"
PRETTY = "/%postname%/"


@pytest.fixture
def parted(scene: Scene) -> Iterator[Scene]:
    """The shop without a pairing; the sidecar is up. Whatever a test tries, no key may be left over."""
    scene.unpair()
    assert (scene.paired(), scene.keys_given()) == (False, 0)
    shops = scene.asked("SELECT shop_id, state FROM shops")
    yield scene
    if not scene.paired():
        assert scene.keys_given() == 0
        assert scene.asked("SELECT shop_id, state FROM shops") == shops


def connect(tabs: Tabs, scene: Scene, url: str, code: str) -> Page:
    """Try to connect on the settings tab."""
    page = tabs.open(scene, SETTINGS, "admin")
    page.get_by_label("Address of the sidecar").fill(url)
    page.get_by_label("Pairing code").fill(code)
    page.get_by_role("button", name="Connect", exact=True).click()
    page.wait_for_load_state()
    return page


def refused(page: Page, message: str, hint: str) -> None:
    """The page says what happened and what to do, and still offers to connect."""
    notice = page.locator(".error.inline, .notice-error, #message.error").first
    expect(notice).to_contain_text(message)
    expect(notice).to_contain_text(hint)
    expect(page.get_by_role("button", name="Connect", exact=True)).to_be_visible()


def new_code(scene: Scene) -> str:
    """A pairing code as `devskyy pair` prints it."""
    return scene.sidecar.command("pair").strip().splitlines()[0]


# --- codes and addresses ----------------------------------------------------------------------------------


def test_a_wrong_code_costs_neither_the_address_nor_the_right_one(parted: Scene, tabs: Tabs) -> None:
    code = new_code(parted)
    page = connect(tabs, parted, parted.sidecar.url, "AAAA-BBBB-CCCC")
    refused(page, "The pairing code is wrong.", "Type the twelve characters")
    expect(page.get_by_label("Address of the sidecar")).to_have_value(parted.sidecar.url)
    page.get_by_label("Pairing code").fill(code.lower())
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.get_by_text("Connected. The sidecar reads the shop now")).to_be_visible()
    assert (parted.paired(), parted.keys_given()) == (True, 1)


def test_five_wrong_codes_end_the_right_one(parted: Scene, tabs: Tabs) -> None:
    code = new_code(parted)
    body = {"url": parted.sidecar.url, "code": "AAAA-BBBB-CCCC"}
    for _ in range(5):
        answer = parted.person("admin").rest("POST", "/devskyy/v1/pairing", json=body)
        assert code_of(answer) == "pairing_code_wrong"
    refused(connect(tabs, parted, parted.sidecar.url, code), "Too many wrong codes", "it makes a new code")


def test_a_used_and_an_expired_code_say_so(parted: Scene, tabs: Tabs) -> None:
    used, late = new_code(parted), ""
    page = connect(tabs, parted, parted.sidecar.url, used)
    expect(page.get_by_text("Connected. The sidecar reads the shop now")).to_be_visible()
    parted.unpair()
    refused(
        connect(tabs, parted, parted.sidecar.url, used),
        "The pairing code expired or was used.",
        'Run "devskyy pair" again',
    )
    late = new_code(parted)
    parted.rewrite("UPDATE pairing_codes SET expires_at = expires_at - 3600")
    refused(
        connect(tabs, parted, parted.sidecar.url, late),
        "The pairing code expired or was used.",
        'Run "devskyy pair" again',
    )


@pytest.mark.parametrize(
    ("url", "message", "hint"),
    [
        ("http://127.0.0.1:{free}", "The sidecar does not answer.", 'Start it with "devskyy serve"'),
        ("{shop}", "it is not a DevSkyy sidecar", "Check the address and port"),
        ("http://user:secret@127.0.0.1:8787", "That is not an address of a sidecar.", "no user name"),
        (
            "http://127.0.0.1:8787/?a=b",
            "That is not an address of a sidecar.",
            "no user name, query or fragment",
        ),
        ("", "The address of the sidecar is missing.", 'Enter the address that "devskyy serve" prints'),
    ],
    ids=["nobody", "the-shop-itself", "credentials", "query", "empty"],
)
def test_a_wrong_address_says_what_is_there_instead(
    parted: Scene, tabs: Tabs, url: str, message: str, hint: str
) -> None:
    given = url.format(free=free_port(), shop=parted.base_url)
    refused(connect(tabs, parted, given, "AAAA-BBBB-CCCC"), message, hint)


def test_a_certificate_that_nobody_vouches_for_is_refused(parted: Scene, tabs: Tabs, tmp_path: Path) -> None:
    with answering({"/health": {"ok": True, "status": "ok", "version": "0.1.0"}}, tls=tmp_path) as url:
        page = connect(tabs, parted, url, "AAAA-BBBB-CCCC")
        refused(page, "The secure connection to the sidecar failed.", "Its certificate must be valid")


def test_a_server_that_redirects_is_not_followed(parted: Scene, tabs: Tabs) -> None:
    with answering({}, redirect=parted.sidecar.url) as url:
        refused(
            connect(tabs, parted, url, new_code(parted)),
            "The address answers with a redirect",
            "Enter the final address",
        )


# --- versions and hosts -----------------------------------------------------------------------------------


def test_a_sidecar_that_is_too_old_is_refused(parted: Scene, tabs: Tabs) -> None:
    with answering({"/health": {"ok": True, "status": "ok", "version": "0.0.1"}}) as url:
        page = connect(tabs, parted, url, "AAAA-BBBB-CCCC")
        refused(page, "Plugin 0.1.0 and sidecar 0.0.1 do not fit together.", "Update the older one")


def test_a_sidecar_that_wants_a_newer_plugin_leaves_nothing_behind(parted: Scene, tabs: Tabs) -> None:
    made = {
        "ok": True,
        "shop_id": "x",
        "secret": "A" * 43,
        "hash_key": "B" * 43,
        "sidecar": {"version": "9.0.0", "min_plugin": "9.0.0"},
    }
    health = {"ok": True, "status": "ok", "version": "9.0.0"}
    with answering({"/health": health, "/api/v1/pairing": made}) as url:
        page = connect(tabs, parted, url, "AAAA-BBBB-CCCC")
        refused(page, "Plugin 0.1.0 and sidecar 9.0.0 do not fit together.", "Update the older one")


def test_an_old_woocommerce_is_named_and_the_shop_sells_on(parted: Scene, tabs: Tabs) -> None:
    item = parted.product("Old shop's scarf")
    parted.switch("woocommerce-old")
    try:
        page = tabs.open(parted, "/wp-admin/plugins.php", "admin")
        expect(
            page.get_by_text("DevSkyy needs WooCommerce 10.0 or newer; this shop runs 9.9.5")
        ).to_be_visible()
        answer = parted.stack.php(
            "return DevSkyy\\Sidecar\\Pairing::with_code( $args['url'], 'AAAABBBBCCCC' );",
            args={"url": parted.sidecar.url},
        )
        assert answer["code"] == "woocommerce_too_old"
        assert "Update WooCommerce" in answer["data"]["hint"]
        assert parted.order_by_store_api(item) > 0
    finally:
        parted.switch("woocommerce-old", False)


def test_without_woocommerce_the_plugin_rests_and_says_why(parted: Scene, tabs: Tabs) -> None:
    parted.stack.php("deactivate_plugins( 'woocommerce/woocommerce.php' ); return true;", user="admin")
    try:
        page = tabs.open(parted, "/wp-admin/plugins.php", "admin")
        expect(page.get_by_text("DevSkyy needs WooCommerce. Install and activate it").first).to_be_visible()
        assert parted.stack.person().get("/").status_code == 200
        assert parted.stack.person().get("/wp-json/devskyy/v1/status").status_code == 404
    finally:
        parted.stack.php("return activate_plugin( 'woocommerce/woocommerce.php' );", user="admin")


@pytest.mark.parametrize("what", ["permalinks", "rest"])
def test_a_site_whose_rest_api_is_off_is_told_before_pairing(parted: Scene, tabs: Tabs, what: str) -> None:
    if what == "permalinks":
        parted.stack.php(PLAIN, args={"to": ""})
    else:
        parted.switch("rest-blocked")
        tabs.allow("status of 403")  # WooCommerce's own scripts meet the same wall
    try:
        page = connect(tabs, parted, parted.sidecar.url, "AAAA-BBBB-CCCC")
        if what == "permalinks":
            refused(page, "Plain permalinks switch WooCommerce's REST API off.", "Choose any other structure")
        else:
            refused(
                page, "Something on this site blocks the REST API.", "Allow the routes devskyy/v1 and wc/v3"
            )
    finally:
        parted.stack.php(PLAIN, args={"to": PRETTY})
        parted.switch("rest-blocked", False)


# --- after pairing ----------------------------------------------------------------------------------------


def test_permalinks_switched_off_later_stop_nothing_that_is_signed(scene: Scene, tabs: Tabs) -> None:
    item = scene.product("Plain scarf")
    ident = scene.propose(item)
    scene.stack.php(PLAIN, args={"to": ""})
    try:
        request = Request(
            scene, "sidecar", "GET", "/devskyy/v1/export", {"resource": "products", "limit": "3"}
        )
        request.base, request.path = scene.base_url + "/index.php", ""
        request.query = {"rest_route": "/devskyy/v1/export", **request.query}
        assert request.send().json()["ok"] is True
        page = settled(tabs.open(scene, PAGES["status"], "admin"))
        expect(page.get_by_text("Plain permalinks switch WooCommerce's REST API off.")).to_be_visible()
        expect(page.get_by_text("Choose any other structure under Settings, Permalinks")).to_be_visible()
        page.goto(scene.base_url + PAGES["inbox"])
        settled(page)
        open_proposal(page, ident)
    finally:
        scene.stack.php(PLAIN, args={"to": PRETTY})


def test_a_rest_api_blocked_later_is_named_on_the_page(scene: Scene, tabs: Tabs) -> None:
    scene.switch("rest-blocked")
    tabs.allow("status of 403")
    try:
        page = tabs.open(scene, PAGES["inbox"], "admin")
        expect(
            page.locator("#devskyy-root").get_by_text("The REST API is disabled on this site.")
        ).to_be_visible()
        expect(page.locator("#devskyy-root .devskyy-notice p").first).not_to_be_empty()
    finally:
        scene.switch("rest-blocked", False)


def test_a_revoked_key_is_named_with_the_way_to_a_new_one(scene: Scene, tabs: Tabs) -> None:
    scene.rows("DELETE FROM wp_woocommerce_api_keys WHERE description LIKE 'DevSkyy%%'")
    page = settled(tabs.open(scene, PAGES["status"], "admin"))
    expect(page.get_by_text("The key that the sidecar reads with was revoked.")).to_be_visible()
    page.get_by_role("link", name="Open the settings").first.click()
    page.get_by_role("button", name="Disconnect").click()
    expect(page.get_by_text("Disconnected.", exact=True)).to_be_visible()
    scene.pair()
    assert scene.keys_given() == 1


def test_a_sidecar_that_forgot_the_shop_asks_to_pair_again(scene: Scene, tabs: Tabs) -> None:
    scene.rewrite("DELETE FROM secrets WHERE name = 'signing'")
    tabs.allow("status of 502")
    try:
        page = tabs.open(scene, PAGES["inbox"], "admin")
        root = page.locator("#devskyy-root")
        expect(root.get_by_text("This sidecar knows no such shop.").first).to_be_visible()
        expect(root.get_by_text("Pair again under WooCommerce, Settings, DevSkyy.").first).to_be_visible()
    finally:
        scene.unpair()
    scene.pair()


def test_a_copy_of_the_site_stops_and_asks(scene: Scene, tabs: Tabs) -> None:
    item = scene.product("Copied scarf")
    ident = scene.propose(item)
    body = {"digest": scene.proposal(ident)["digest"]}
    scene.rest("POST", "/devskyy/v1/status/drain")
    original = scene.base_url
    tabs.allow("status of 409")
    with scene.elsewhere() as copy:
        events = len(scene.events())
        answer = scene.person("admin").rest("POST", f"/devskyy/v1/proposals/{ident}/approve", json=body)
        assert (answer.status_code, code_of(answer)) == (409, "site_changed")
        export = Request(scene, "sidecar", "GET", "/devskyy/v1/export", {"resource": "products"}).send()
        assert (export.status_code, code_of(export)) == (409, "site_changed")
        order = scene.order_by_store_api(item)  # the copy still sells
        scene.run_cron()
        page = settled(tabs.open(scene, PAGES["status"], "admin"))
        expect(page.get_by_text("This site is not at the address it was paired at.").first).to_be_visible()
        page.goto(copy + SETTINGS)
        expect(page.get_by_text(f"It was {original} and is {copy} now.")).to_be_visible()
        expect(page.get_by_role("button", name="The shop moved")).to_be_visible()
        expect(page.get_by_role("button", name="This is a copy: forget")).to_be_visible()
        assert len(scene.events()) == events
        assert (scene.price(item), scene.state(ident)) == ("40.00", "pending")
        page.close()
    # At its own address again everything goes on, and what waited is sent.
    scene.rest("POST", "/devskyy/v1/status/drain")
    until("the order's event", lambda: scene.events_of(order))


def test_a_moved_shop_goes_on_after_a_person_said_so(scene: Scene, tabs: Tabs) -> None:
    original = scene.base_url
    with scene.elsewhere() as moved:
        page = tabs.open(scene, SETTINGS, "admin")
        page.get_by_role("button", name="The shop moved").click()
        expect(page.get_by_text("The new address is noted on both sides.")).to_be_visible()
        assert scene.identity()["home_url"] == moved
        assert scene.rest("GET", "/devskyy/v1/status")["sidecar"]["shop"]["home_url"] == moved
        page.close()
    back = scene.stack.php("return DevSkyy\\Sidecar\\Pairing::site( 'moved' );", user="admin")
    assert (back, scene.identity()["home_url"]) == (True, original)


def test_a_copy_that_forgets_leaves_the_original_paired(scene: Scene, tabs: Tabs) -> None:
    names = ("devskyy_connection", "devskyy_site_id")
    of_the_original = scene.rows(
        "SELECT option_name, option_value, autoload FROM wp_options WHERE option_name IN %s", names
    )
    right = Request(scene, "plugin", "GET", "/api/v1/status")
    with scene.elsewhere():
        page = tabs.open(scene, SETTINGS, "admin")
        page.get_by_role("button", name="This is a copy: forget").click()
        expect(page.get_by_text("This copy has forgotten the pairing.")).to_be_visible()
        assert not scene.paired()
        page.close()
    # The sidecar was not told: the original, whose database the copy never had, goes on with its secret.
    assert right.send().status_code == 200
    scene.rows("DELETE FROM wp_options WHERE option_name IN %s", names)
    for row in of_the_original:
        scene.rows("INSERT INTO wp_options (option_name, option_value, autoload) VALUES (%s, %s, %s)", *row)
    assert scene.rest("GET", "/devskyy/v1/status")["sidecar"]["shop"]["home_url"] == scene.base_url
    scene.pair()  # gives the WooCommerce key back, which the copy took out of the shared database


# --- what the routes are given ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "route", "options", "status", "code"),
    [
        ("POST", "/agents/no-such-agent/runs", {"json": {"input": {}}}, 404, "agent_unknown"),
        ("POST", "/agents/reorder-points/runs", {"json": {"input": {"no_such_field": 1}}}, 422, "invalid"),
        ("POST", "/agents/reorder-points/settings", {"json": {"schedule": "when it suits"}}, 422, "invalid"),
        ("POST", "/proposals/bulk", {"json": {"action": "eat", "items": []}}, 400, "invalid"),
        (
            "POST",
            "/proposals/bulk",
            {"data": b'{"action": ', "headers": {"Content-Type": "application/json"}},
            400,
            "invalid",
        ),
        (
            "POST",
            "/proposals/bulk",
            {"json": {"action": "reject", "items": [{"id": "0" * 32}], "reason": "x" * 70_000}},
            None,
            None,
        ),
        ("GET", "/proposals?state=eaten", {}, 422, "invalid"),
        ("GET", "/proposals/" + "0" * 32, {}, 404, "not_found"),
        ("GET", "/runs/" + "0" * 32, {}, 404, "not_found"),
        ("POST", "/pairing", {"json": {"url": "ftp://x", "code": "A"}}, 400, "url_invalid"),
    ],
    ids=["agent", "field", "schedule", "action", "json", "large", "state", "proposal", "run", "url"],
)
def test_what_a_route_cannot_use_is_named(
    scene: Scene, method: str, route: str, options: dict[str, Any], status: int | None, code: str | None
) -> None:
    answer = scene.person("admin").rest(method, "/devskyy/v1" + route, **options)
    if status is None:
        assert answer.status_code in (400, 413), answer.text
    else:
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.json()["data"]["hint"], answer.text


def test_a_locked_database_of_the_sidecar_is_named(scene: Scene, tabs: Tabs) -> None:
    item = scene.product("Locked scarf")
    ident = scene.propose(item)
    tabs.allow("status of 50")
    with scene.holding_the_sidecars_database():
        answer = scene.person("admin").rest(
            "POST", f"/devskyy/v1/proposals/{ident}/approve", json={"digest": scene.proposal(ident)["digest"]}
        )
    assert answer.status_code in (503, 504)
    assert code_of(answer) in {"database_locked", "sidecar_timeout"}
    assert scene.price(item) == "40.00"
    assert scene.ledger(ident) == []


# --- servers that are not what they should be -------------------------------------------------------------


@contextmanager
def answering(
    answers: dict[str, Any], *, tls: Path | None = None, redirect: str | None = None
) -> Iterator[str]:
    """A server that answers paths with JSON, 404 elsewhere, or redirects everything; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            self.rfile.read(length)
            found = answers.get(self.path)
            body = json.dumps(found or {}).encode()
            self.send_response(302 if redirect else 200 if found else 404)
            if redirect:
                self.send_header("Location", redirect + self.path)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            pass  # a client that refuses our certificate is what one test is about

    server = Quiet(("127.0.0.1", 0), Handler)
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate(tls))
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def certificate(folder: Path) -> Path:
    """A certificate that its owner signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(secret + made.public_bytes(pem))
    return path
