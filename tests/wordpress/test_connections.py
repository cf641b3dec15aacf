"""The page Connections: services are let in, tested and parted with, webhooks set up, tried and ended."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from sidecar.security.signatures import verify
from tests.sidecar.provider import CLIENT_ID, CLIENT_SECRET, KEY, PASSWORD, Provider, running
from tests.sidecar.receiver import Receiver, receiving, says
from tests.wordpress.browser import PAGES, PICTURES, Tabs, fits, keep, settled
from tests.wordpress.scene import Scene, until

pytestmark = [pytest.mark.wordpress, pytest.mark.browser]

SERVICES = "/devskyy/v1/connections/services"
WEBHOOKS = "/devskyy/v1/connections/webhooks"


@pytest.fixture
def provider() -> Iterator[Provider]:
    """A service of OAuth 2 on this machine, which shows a page with Allow and Deny."""
    with running() as found:
        found.asks = True
        yield found


@pytest.fixture
def clean(scene: Scene) -> Iterator[Scene]:
    """A shop that is connected to nothing, before and after."""
    _forget(scene)
    yield scene
    if not scene.sidecar.answers():
        scene.sidecar.start()
    _forget(scene)


def _forget(scene: Scene) -> None:
    for route in (SERVICES, WEBHOOKS):
        for one in scene.rest("GET", route)["items"]:
            scene.rest("DELETE", f"{route}/{one['id']}")


def opened(tabs: Tabs, scene: Scene, part: str = "") -> Page:
    """The page Connections at one of its parts."""
    path = PAGES["connections"] + (f"#tab={part}" if part else "")
    return settled(tabs.open(scene, path, "admin"))


def card(page: Page, name: str) -> Locator:
    """What stands of one service or webhook."""
    return page.locator(".devskyy-link").filter(has=page.get_by_role("heading", name=name, exact=True))


def fill_in(page: Page, provider: Provider, name: str, kind: str) -> Locator:
    """The form of a new service, filled in but for what opens it."""
    page.get_by_role("button", name="Connect a service").first.click()
    form = page.get_by_role("form", name="Connect a service")
    expect(form.get_by_role("textbox", name="Service")).to_be_focused()
    form.get_by_role("textbox", name="Service").fill("Test Mailer")
    form.get_by_role("textbox", name="Name", exact=True).fill(name)
    form.get_by_label("Address of its API").fill(f"{provider.url}/api")
    form.get_by_label("Path for tests").fill("/userinfo")
    form.get_by_role("radio", name=kind).check()
    return form


def fill_in_oauth(page: Page, provider: Provider, name: str) -> Locator:
    """The form of a new service that a person signs in at."""
    form = fill_in(page, provider, name, "Signing in at the service")
    form.get_by_label("Address where you say yes").fill(f"{provider.url}/authorize")
    form.get_by_label("Address that gives tokens").fill(f"{provider.url}/oauth/token")
    form.get_by_label("Client ID").fill(CLIENT_ID)
    form.get_by_label("Client secret", exact=True).fill(CLIENT_SECRET)
    form.get_by_label("Scopes").fill("read")
    form.get_by_role("button", name="More settings").click()
    form.get_by_label("Address that ends tokens").fill(f"{provider.url}/oauth/revoke")
    return form


def made_oauth(scene: Scene, provider: Provider, name: str) -> str:
    """A service that nobody has signed in at yet, over the shop's REST route; its id."""
    client = {
        "authorize_url": f"{provider.url}/authorize", "token_url": f"{provider.url}/oauth/token",
        "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "scopes": ["read"],
    }  # fmt: skip
    body = {"provider": "mailer", "name": name, "base_url": f"{provider.url}/api", "oauth2": client}
    return str(scene.rest("POST", SERVICES, json=body)["integration"]["id"])


def test_a_person_lets_devskyy_in_and_out_again(clean: Scene, tabs: Tabs, provider: Provider) -> None:
    page = opened(tabs, clean)
    expect(page.get_by_role("heading", name="No services connected")).to_be_visible()
    form = fill_in_oauth(page, provider, "Main account")
    back = form.locator(".devskyy-redirect code").inner_text()
    assert back == clean.base_url + PAGES["connections"]
    form.get_by_role("button", name="Save and go to the service").click()
    page.get_by_role("heading", name="Let DevSkyy in?").wait_for()
    asked = {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}
    assert (asked["redirect_uri"], asked["code_challenge_method"]) == (back, "S256")
    page.get_by_role("link", name="Allow").click()

    expect(page.locator(".devskyy-returned")).to_contain_text('"Main account" is connected.')
    settled(page)
    assert page.url == back  # neither code nor state
    own = card(page, "Main account")
    expect(own).to_contain_text("Connected")
    own.get_by_role("button", name="Test: Main account").click()
    expect(own).to_contain_text(re.compile(r"It works: answered 200 in \d+ ms\."))
    expect(own).to_contain_text("1 call today")
    (seen,) = provider.seen
    assert (seen["path"], seen["head"]["Authorization"][7:]) == ("/api/userinfo", next(iter(provider.access)))
    given = [*provider.secrets_given(), asked["state"]]
    stored = page.evaluate("() => JSON.stringify([localStorage, sessionStorage, window.devskyy])")
    for place in (page.content(), stored, clean.sidecar.log.read_text(), clean.stack.debug_log()):
        assert not [secret for secret in given if secret in place]
    settled(page).reload()
    expect(settled(page).locator(".devskyy-returned")).to_have_count(0)

    own.get_by_role("button", name="Disconnect: Main account").click()
    assert not provider.revoked  # the first press only asks
    own.get_by_role("button", name='Yes, disconnect "Main account"').click()
    expect(page.locator(".is-success")).to_contain_text('"Main account" is disconnected')
    expect(page.locator(".is-warning")).to_have_count(0)
    expect(page.get_by_role("heading", name="No services connected")).to_be_visible()
    assert (len(provider.revoked), provider.access) == (1, {})


def test_who_says_no_there_may_begin_again(clean: Scene, tabs: Tabs, provider: Provider) -> None:
    made_oauth(clean, provider, "Main account")
    page = opened(tabs, clean)
    expect(card(page, "Main account")).to_contain_text("Not connected yet")
    expect(card(page, "Main account").get_by_role("button", name="Test: Main account")).to_have_count(0)
    card(page, "Main account").get_by_role("button", name="Connect: Main account", exact=True).click()
    page.get_by_role("link", name="Deny").click()
    expect(page.locator(".devskyy-returned")).to_contain_text("Access was denied there.")
    page.get_by_role("button", name="Begin again").click()
    page.get_by_role("link", name="Allow").click()
    expect(page.locator(".devskyy-returned")).to_contain_text('"Main account" is connected.')
    expect(card(page, "Main account").get_by_role("button", name="Test: Main account")).to_be_enabled()


def test_a_return_that_nobody_began_connects_nothing(clean: Scene, tabs: Tabs, provider: Provider) -> None:
    ident = made_oauth(clean, provider, "Main account")
    begun = clean.rest("POST", f"{SERVICES}/{ident}/authorize", login="shopmanager")["url"]
    provider.asks = False
    found = provider.allow(begun)
    for state in (f"{ident}.{'a' * 43}", "made-up", found["state"]):
        path = f"{PAGES['connections']}&code={found['code']}&state={state}"
        page = settled(tabs.open(clean, path, "admin"))
        expect(page.locator(".devskyy-returned .is-error")).to_be_visible()
        assert page.url == clean.base_url + PAGES["connections"]
        expect(card(page, "Main account")).to_contain_text("Not connected yet")
    # The last was a state of somebody else, who must begin again too: it is used up.
    expect(page.locator(".devskyy-returned")).to_contain_text("Somebody else began this connection.")
    assert (provider.access, list(provider.codes)) == ({}, [found["code"]])
    path = f"{PAGES['connections']}&code={found['code']}&state={found['state']}"
    page = settled(tabs.open(clean, path, "shopmanager"))
    expect(page.locator(".devskyy-returned")).to_contain_text("This return belongs to no connection")


def test_a_return_while_the_sidecar_is_away(clean: Scene, tabs: Tabs, provider: Provider) -> None:
    made_oauth(clean, provider, "Main account")
    page = opened(tabs, clean)
    card(page, "Main account").get_by_role("button", name="Connect: Main account", exact=True).click()
    page.get_by_role("heading", name="Let DevSkyy in?").wait_for()
    clean.sidecar.stop()
    page.get_by_role("link", name="Allow").click()
    settled(page)
    expect(page.locator(".devskyy-returned .is-error")).to_contain_text("The sidecar does not answer.")
    expect(page.get_by_role("button", name="Connect a service")).to_be_disabled()
    expect(
        card(page, "Main account").get_by_role("button", name="Connect: Main account", exact=True)
    ).to_be_disabled()
    keep(page, PICTURES, "connections-returned-down-1280")
    clean.sidecar.start()
    page.locator(".is-warning").get_by_role("button", name="Try again").click()
    expect(page.get_by_role("button", name="Connect a service")).to_be_enabled()
    page.get_by_role("button", name="Begin again").click()
    page.get_by_role("link", name="Allow").click()
    expect(page.locator(".devskyy-returned")).to_contain_text('"Main account" is connected.')


def test_a_service_with_a_key(clean: Scene, tabs: Tabs, provider: Provider) -> None:
    page = opened(tabs, clean)
    form = fill_in(page, provider, "By key", "A key")
    form.get_by_role("button", name="Save the service").click()
    expect(form.get_by_text("This is needed.")).to_have_count(1)
    expect(form.get_by_label("Key", exact=True)).to_be_focused()
    form.get_by_label("Key", exact=True).fill("wrong-key-0123456789")
    form.get_by_role("button", name="More settings").click()
    form.get_by_label("Header that carries the key").fill("Host")
    form.get_by_label("What stands before the key there").fill("Token ")
    tabs.allow("status of 422")
    form.get_by_role("button", name="Save the service").click()
    expect(form.get_by_text("this header is not for keys")).to_be_visible()
    form.get_by_label("Header that carries the key").fill("X-Key")
    form.get_by_role("button", name="Save the service").click()
    own = card(page, "By key")
    expect(own).to_contain_text("Not tested yet")
    own.get_by_role("button", name="Test: By key").click()
    expect(own).to_contain_text("The service refused the credentials.")
    expect(own).to_contain_text("Failing")

    own.get_by_role("button", name="New key: By key").click()
    own.get_by_label("Key", exact=True).fill(KEY)
    own.get_by_role("button", name="Replace it").click()
    own.get_by_role("button", name="Test: By key").click()
    expect(own).to_contain_text("It works: answered 200")
    expect(own).to_contain_text("Connected")
    own.get_by_role("button", name="Change: By key").click()
    own.get_by_label("Most calls a minute").fill("7")
    own.get_by_role("textbox", name="Name", exact=True).fill("By another name")
    own.get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="Change: By another name")).to_be_focused()
    own = card(page, "By another name")
    expect(own).to_contain_text("7 calls a minute")
    expect(own).to_contain_text(re.compile("[12] used in the last minute"))  # the minute slides on meanwhile
    for place in (page.content(), clean.sidecar.log.read_text(), clean.stack.debug_log()):
        assert KEY not in place
    own.get_by_role("button", name="Disconnect: By another name").click()
    own.get_by_role("button", name="Yes, disconnect").click()
    expect(page.get_by_role("heading", name="No services connected")).to_be_visible()
    expect(page.locator(".is-warning")).to_have_count(0)


class Moody:
    """A receiver's answer, which a test changes."""

    status = 200

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        says(self.status, b"kept back")(handler)


def subscribed(page: Page, server: Receiver, description: str) -> str:
    """A webhook for single events, set up by hand; its secret."""
    page.get_by_role("button", name="Set up a webhook").first.click()
    form = page.get_by_role("form", name="Set up a webhook")
    form.get_by_label("Address of the receiver").fill(server.url + "?token=hidden")
    form.get_by_label("What it is for").fill(description)
    form.get_by_role("radio", name="Only what I choose").check()
    form.get_by_role("button", name="Set up the webhook").click()
    expect(form.get_by_text("Choose at least one.")).to_be_visible()
    form.get_by_role("checkbox", name="Runs of agents").check()
    form.get_by_role("button", name="Choose single events: Proposals").click()
    form.get_by_label("Rejected").check()
    form.get_by_role("button", name="Set up the webhook").click()
    expect(page.get_by_role("heading", name=f'Secret of "{description}"')).to_be_focused()
    secret = page.locator(".devskyy-once code").inner_text()
    page.get_by_role("button", name="Copy: Secret").click()
    expect(page.get_by_role("button", name="Copy: Secret")).to_have_text("Copied")
    page.get_by_role("button", name="I have it").click()
    assert secret not in page.content()
    return secret


def test_a_webhook_is_set_up_tried_and_ended(clean: Scene, tabs: Tabs) -> None:
    with receiving(says()) as server:
        page = opened(tabs, clean, "webhooks")
        expect(page.get_by_role("heading", name="No webhooks yet")).to_be_visible()
        secret = subscribed(page, server, "Till")
        own = card(page, "Till")
        expect(own).to_contain_text("Runs of agents, Rejected")
        expect(own).to_contain_text(f"{server.url}?…")
        own.get_by_role("button", name="Send a test: Till").click()
        panel = page.locator("aside")
        expect(panel.locator("li").first).to_contain_text("Delivered")
        expect(panel.locator("li").first).to_contain_text("1 attempt · answered 200")
        expect(own).to_contain_text("1 delivered")
        got = server.got[0]
        assert verify(secret, got["headers"], got["body"], now=int(got["headers"]["webhook-timestamp"]))
        panel.get_by_role("button", name="Show what is sent: Test").click()
        expect(panel.locator("pre")).to_contain_text(got["headers"]["webhook-id"])

        own.get_by_role("button", name="Pause: Till").click()
        expect(own).to_contain_text("Paused")
        expect(panel.get_by_role("button", name="Send again: Test")).to_be_disabled()
        own.get_by_role("button", name="Resume: Till").click()
        expect(own).to_contain_text("Active")
        panel.get_by_role("button", name="Send again: Test").click()
        until("it came again", lambda: len(server.got) == 2)
        assert server.got[1]["headers"]["webhook-id"] == got["headers"]["webhook-id"]
        expect(panel.get_by_role("button", name="Send again: Test")).to_be_focused()
        page.keyboard.press("Escape")
        expect(own.get_by_role("button", name="Messages: Till")).to_be_focused()

        own.get_by_role("button", name="New secret: Till").click()
        own.get_by_role("button", name='Yes, make a new secret for "Till"').click()
        fresh = page.locator(".devskyy-once code").inner_text()
        assert fresh != secret
        own.get_by_role("button", name="Send a test: Till").click()
        until("it came signed by both", lambda: len(server.got) == 3)
        for one in (secret, fresh):
            got = server.got[2]
            assert verify(one, got["headers"], got["body"], now=int(got["headers"]["webhook-timestamp"]))
        for place in (clean.sidecar.log.read_text(), clean.stack.debug_log()):
            assert not [word for word in (secret[6:], fresh[6:], "token=hidden") if word in place]
        own.get_by_role("button", name="Delete: Till").click()
        own.get_by_role("button", name='Yes, delete "Till"').click()
        expect(page.locator(".devskyy-link")).to_have_count(0)
        expect(panel).to_have_count(0)


def test_what_was_given_up_is_found_and_sent_again(clean: Scene, tabs: Tabs) -> None:
    mood = Moody()
    mood.status = 500
    with receiving(mood) as server:
        # Of proposals only: no sync may speak in between.
        body = {"url": server.url, "events": ["proposal.*"], "description": "Chat"}
        clean.rest("POST", WEBHOOKS, json=body)
        page = opened(tabs, clean, "webhooks")
        own, panel = card(page, "Chat"), page.locator("aside")
        own.get_by_role("button", name="Send a test: Chat").click()
        first = panel.locator("li").first
        expect(first).to_contain_text("Will be tried again")
        expect(first).to_contain_text("kept back")
        expect(first).to_contain_text("answered 500")
        clean.rewrite("UPDATE webhook_deliveries SET state = 'dead', done_at = created_at")
        expect(first).to_contain_text("Given up")
        page.goto(clean.base_url + PAGES["status"])
        told = settled(page).locator(".devskyy-checks li", has_text='Webhook "Chat"')
        expect(told).to_contain_text("1 message of the last week was given up.")
        told.get_by_role("link", name="Look at it").click()
        expect(settled(page).get_by_role("complementary")).to_contain_text("Given up")
        page.keyboard.press("Escape")
        expect(panel).to_have_count(0)
        mood.status = 200
        own.get_by_role("button", name="1 given up").click()
        expect(panel.get_by_label("Show")).to_have_value("dead")
        panel.get_by_role("button", name="Send again: Test").click()
        expect(own).to_contain_text("1 delivered")
        expect(own.get_by_role("button", name="1 given up")).to_have_count(0)
        own.get_by_role("button", name="Change: Chat").click()
        own.get_by_label("What it is for").fill("Team chat")
        own.get_by_role("button", name="Save").click()
        expect(card(page, "Team chat")).to_contain_text("Proposals")
        keep(page, PICTURES, "connections-messages-1280")


def test_addresses_inside_the_network_are_refused(clean: Scene, tabs: Tabs) -> None:
    page = opened(tabs, clean, "webhooks")
    page.get_by_role("button", name="Set up a webhook").first.click()
    form = page.get_by_role("form", name="Set up a webhook")
    form.get_by_label("Address of the receiver").fill("http://169.254.169.254/latest/meta-data/")
    tabs.allow("status of 422")
    form.get_by_role("button", name="Set up the webhook").click()
    expect(form.locator(".has-error input")).to_be_focused()
    expect(form.locator(".is-error")).to_contain_text("Use a public")


def test_editors_and_scripts_connect_nothing(clean: Scene, provider: Provider) -> None:
    ident = made_oauth(clean, provider, "Main account")
    for route in (SERVICES, WEBHOOKS, "/devskyy/v1/connections/events"):
        answer = clean.person("editor").rest("GET", route)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed"), route
        answer = clean.person("admin").rest("GET", route, headers={"X-WP-Nonce": ""})
        assert answer.status_code in (401, 403)
    answer = clean.person("editor").get(f"{PAGES['connections']}&code=a&state={ident}.{'a' * 43}")
    assert answer.status_code == 403
    assert clean.rest("GET", SERVICES, login="shopmanager")["total"] == 1


def test_both_parts_with_data_fit_the_window(clean: Scene, tabs: Tabs, provider: Provider) -> None:
    made_oauth(clean, provider, "Advertising account")
    body = {
        "provider": "mailer", "name": "Newsletter with quite a long name", "base_url": f"{provider.url}/api",
        "basic": {"username": "anna", "password": PASSWORD + "x"},
    }  # fmt: skip
    mailer = clean.rest("POST", SERVICES, json=body)["integration"]["id"]
    clean.rest("POST", f"{SERVICES}/{mailer}/check")
    with receiving(says()) as server:
        for events in (["*"], ["proposal.approved", "proposal.rejected", "run.failed", "sync.*"]):
            hook = {"url": f"{server.url}/{'long' * 30}", "events": events, "description": ""}
            made = clean.rest("POST", WEBHOOKS, json=hook)["webhook"]["id"]
        clean.rest("POST", f"{WEBHOOKS}/{made}/test")
        until("the test came", lambda: server.got)
        for part, press in (("services", "Connect a service"), ("webhooks", "Messages")):
            page = opened(tabs, clean, part)
            page.get_by_role("button", name=press).first.click()
            fits(settled(page), f"connections-{part}")
