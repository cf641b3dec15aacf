"""Chromium for the tests: pages of a shop as a person sees them, and everything that went wrong in them."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.wordpress.scene import ADDRESS, Item, Scene
from tests.wordpress.stack import Unavailable
from tests.wordpress.stack.packages import program
from tests.wordpress.stack.person import USERS
from tests.wordpress.stack.template import CHECKOUT

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Avatars, emoji and the like: no test depends on anybody else's server. Not by a route of Playwright's:
    # those turn the cache off, and each page would fetch and compile 2 MB of scripts anew.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]
ELSEWHERE = re.compile(r"^https?://(?!127\.0\.0\.1[:/]|localhost[:/])")
PAGES = {
    "inbox": "/wp-admin/admin.php?page=devskyy",
    "stock": "/wp-admin/admin.php?page=devskyy-stock",
    "agents": "/wp-admin/admin.php?page=devskyy-agents",
    "runs": "/wp-admin/admin.php?page=devskyy-runs",
    "status": "/wp-admin/admin.php?page=devskyy-status",
    "activity": "/wp-admin/admin.php?page=devskyy-activity",
    "access": "/wp-admin/admin.php?page=devskyy-access",
    "connections": "/wp-admin/admin.php?page=devskyy-connections",
}
SETTINGS = "/wp-admin/admin.php?page=wc-settings&tab=devskyy"
PICTURES = Path(os.environ.get("DEVSKYY_SCREENSHOTS") or CHECKOUT / ".artifacts")
HEIGHTS = {1280: 900, 390: 844}
AXE = CHECKOUT / "wp-plugin" / "node_modules" / "axe-core" / "axe.min.js"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
LOOK = """async ([place, values]) =>
  (await axe.run(place, { runOnly: { type: 'tag', values } })).violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary}`))"""
LOCALE, ZONE = "en-US", "America/New_York"

expect.set_options(timeout=20_000)


class Browsers:
    """Chromium with a profile for each person (cookies, cache, compiled scripts), and one for strangers."""

    def __init__(self, playwright: Playwright, folder: Path) -> None:
        """Profiles are kept in `folder` while the run lasts."""
        path = program("chromium")
        if path is None:
            raise Unavailable("Chromium is missing: apt-get install -y chromium")
        self._chromium, self._path, self._folder = playwright.chromium, path, folder
        self._profiles: dict[str, BrowserContext] = {}
        self._signed_in: set[tuple[str, str]] = set()
        self._plain: Browser | None = None

    def of(self, scene: Scene, login: str | None) -> BrowserContext:
        """The profile of that person, signed in to the shop; of the visitors without a login."""
        name = login or "visitor"
        if name not in self._profiles:
            self._profiles[name] = self._chromium.launch_persistent_context(
                self._folder / name,
                executable_path=self._path,
                args=ARGUMENTS,
                locale=LOCALE,
                timezone_id=ZONE,
            )
        profile = self._profiles[name]
        # WordPress marks its cookies' names with the shop's address, so those of two shops go together.
        if login is not None and (scene.base_url, login) not in self._signed_in:
            host = urlsplit(scene.base_url).hostname
            profile.add_cookies(
                [
                    {"name": c.name, "value": c.value or "", "domain": host, "path": c.path}
                    for c in scene.person(login).cookies
                ]
            )
            self._signed_in.add((scene.base_url, login))
        return profile

    def stranger(self) -> BrowserContext:
        """A context that shares nothing with others and is the caller's to close."""
        if self._plain is None:
            self._plain = self._chromium.launch(executable_path=self._path, args=ARGUMENTS)
        return self._plain.new_context(locale=LOCALE, timezone_id=ZONE)

    def close(self) -> None:
        """Close all."""
        for profile in self._profiles.values():
            profile.close()
        if self._plain is not None:
            self._plain.close()


class Tabs:
    """The tabs that one test opens; the profiles live as long as the run.

    `complaints` are the errors of the consoles and of scripts, but for those that the test allowed.
    """

    def __init__(self, browsers: Browsers) -> None:
        self._browsers = browsers
        self._pages: list[Page] = []
        self._errors: list[str] = []
        self._allowed: list[str] = []

    def open(self, scene: Scene, path: str = "/", login: str | None = None) -> Page:
        """A new tab at that path of the shop, as that person or as a visitor."""
        page = self._watched(self._browsers.of(scene, login))
        page.goto(scene.base_url + path)
        return page

    def fresh(self, scene: Scene, path: str = "/") -> Page:
        """A new tab that shares nothing with others: no cookies, an empty cart."""
        context = self._browsers.stranger()
        page = self._watched(context)
        page.on("close", lambda _: context.close())
        page.goto(scene.base_url + path)
        return page

    def allow(self, pattern: str) -> None:
        """Expect console errors that match, such as the line about an answer of 409."""
        self._allowed.append(pattern)

    def complaints(self) -> list[str]:
        """What no page may say."""
        return [
            text for text in self._errors if not any(re.search(pattern, text) for pattern in self._allowed)
        ]

    def photograph(self, folder: Path, name: str) -> None:
        """Keep what the open tabs show, for whoever looks into a failure."""
        for n, page in enumerate(page for page in self._pages if not page.is_closed()):
            keep(page, folder, re.sub(r"[^\w-]+", "-", f"{name}-{n}"))

    def close(self) -> None:
        """Close the tabs; what a page remembers in the browser goes too."""
        for page in self._pages:
            if not page.is_closed():
                page.evaluate(
                    "() => { try { localStorage.clear(); } catch (error) { /* about:blank has none */ } }"
                )
                page.close()

    def _watched(self, context: BrowserContext) -> Page:
        page = context.new_page()
        page.set_viewport_size({"width": 1280, "height": HEIGHTS[1280]})
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self._errors.append(f"script: {error}"))
        self._pages.append(page)
        return page

    def _heard(self, message: ConsoleMessage) -> None:
        address = message.location.get("url", "")
        if message.type == "error" and not ELSEWHERE.match(address):
            self._errors.append(f"{message.text} ({address})")


def settled(page: Page) -> Page:
    """Wait until one of our pages shows what it has loaded."""
    expect(page.locator("#devskyy-root .devskyy-page")).to_be_visible()
    expect(page.locator(".devskyy-skeleton")).to_have_count(0)
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    return page


def sign_in(page: Page, login: str) -> None:
    """Fill in WordPress's own form."""
    # WordPress puts the cursor there a moment after the page has come, and would take it from the password.
    name = page.get_by_label("Username or Email Address")
    expect(name).to_be_focused()
    name.fill(login)
    page.get_by_label("Password", exact=True).fill(USERS[login])
    page.get_by_role("button", name="Log In").click()
    page.wait_for_url("**/wp-admin/**")


def open_proposal(page: Page, ident: str) -> None:
    """Open a proposal of the Inbox and wait for its evidence."""
    page.locator(f'[data-row="{ident}"] .devskyy-title').click()
    expect(page.locator("aside.devskyy-panel .devskyy-changes")).to_be_visible()


def shop_price(tabs: Tabs, scene: Scene, item: Item) -> str:
    """The price as a visitor reads it on the product's page."""
    page = tabs.open(scene, item.url.removeprefix(scene.base_url))
    block = page.locator(".wp-block-woocommerce-product-price, p.price").first
    return block.inner_text().strip()


def check_out(tabs: Tabs, scene: Scene, item: Item, email: str) -> int:
    """Buy one piece as a guest at the checkout block, cash on delivery; the order's id."""
    page = tabs.fresh(scene, item.url.removeprefix(scene.base_url))
    page.get_by_role("button", name="Add to cart").first.click()
    page.wait_for_load_state()
    page.goto(scene.base_url + "/checkout/")
    page.get_by_label("Email address").fill(email)
    fields = {
        "First name": "first_name",
        "Last name": "last_name",
        "Address": "address_1",
        "City": "city",
        "ZIP Code": "postcode",
    }
    for label, name in fields.items():
        page.get_by_label(label, exact=True).fill(ADDRESS[name])
    page.get_by_label("State", exact=True).select_option("NY")
    _place_order(page)
    page.wait_for_url("**/order-received/**", timeout=60_000)
    found = re.search(r"/order-received/(\d+)", page.url)
    assert found is not None, page.url
    page.close()
    return int(found.group(1))


def _place_order(page: Page) -> None:
    """Press until the order is on its way: WooCommerce loses a press while it works shipping out again."""
    for _ in range(6):
        try:
            with page.expect_request(
                lambda sent: "/wc/store/v1/checkout" in sent.url and sent.method == "POST", timeout=5_000
            ):
                page.get_by_role("button", name="Place Order").click()
            return
        except PlaywrightTimeout:
            continue
    raise AssertionError("the checkout takes no order")


def fits(page: Page, name: str, place: str | None = None) -> list[str]:
    """Keep the page at each width, whose window it must fit; what axe finds in `place` by WCAG 2.2 AA."""
    found: list[str] = []
    for width, height in HEIGHTS.items():
        page.set_viewport_size({"width": width, "height": height})
        keep(page, PICTURES, f"{name}-{width}")
        wider = page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth")
        assert wider <= 0, f"{name} at {width} px scrolls sideways"
        if place is not None:
            page.evaluate(AXE.read_text())
            found += [f"{name} at {width} px: {words}" for words in page.evaluate(LOOK, [place, WCAG])]
    return found


def keep(page: Page, folder: Path, name: str) -> Path:
    """Save the whole page as a picture."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.png"
    page.screenshot(path=str(path), full_page=True)
    return path
