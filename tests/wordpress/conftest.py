"""Shops for the tests on the real stack; each is laid from a template and stopped at the end."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator

import pytest
from playwright.sync_api import sync_playwright

from tests.wordpress.browser import PICTURES, Browsers, Tabs
from tests.wordpress.scene import Scene
from tests.wordpress.stack import Stack

FAILED = pytest.StashKey[bool]()
# A complaint of PHP or of the database that names the plugin's code.
OURS = re.compile(r"devskyy", re.IGNORECASE)
# An error of the sidecar that nobody foresaw.
CRASH = re.compile(r'Traceback|"level": "(error|critical)"')


@pytest.fixture(scope="session", params=[True, False], ids=["hpos", "posts"])
def bare_shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A shop without the plugin, once with WooCommerce's order tables and once with orders as posts."""
    root = tmp_path_factory.mktemp("shop")
    with Stack.create(root, hpos=request.param, plugin=False) as shop:
        yield shop


@pytest.fixture(scope="session")
def hpos_scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A shop with WooCommerce's order tables, plugin and sidecar, for the whole run."""
    yield from _scene(tmp_path_factory, hpos=True)


@pytest.fixture(scope="session")
def posts_scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """The same with orders as posts."""
    yield from _scene(tmp_path_factory, hpos=False)


def _scene(tmp_path_factory: pytest.TempPathFactory, *, hpos: bool) -> Iterator[Scene]:
    with Stack.create(tmp_path_factory.mktemp("shop"), hpos=hpos) as stack:
        scene = Scene(stack)
        scene.sidecar.start()
        try:
            yield scene
        finally:
            scene.sidecar.stop()


@pytest.fixture
def scene(hpos_scene: Scene) -> Iterator[Scene]:
    """The shop with order tables, paired, its sidecar up; PHP's log must not name the plugin afterwards."""
    yield from _ready(hpos_scene)


@pytest.fixture(params=["hpos", "posts"])
def either_scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    """As `scene`, once with order tables and once with orders as posts."""
    yield from _ready(request.getfixturevalue(f"{request.param}_scene"))


def _ready(scene: Scene) -> Iterator[Scene]:
    if not scene.stack.running:
        scene.stack.start_web()
    if not scene.sidecar.answers():
        scene.sidecar.start()
    if not scene.paired():
        scene.pair()
    scene.calm()
    before, logged = len(scene.stack.debug_log()), len(scene.sidecar.log.read_text())
    yield scene
    said = [line for line in scene.stack.debug_log()[before:].splitlines() if OURS.search(line)]
    assert not said, "PHP complained:\n" + "\n".join(said[:20])
    crashed = [line for line in scene.sidecar.log.read_text()[logged:].splitlines() if CRASH.search(line)]
    assert not crashed, "The sidecar crashed:\n" + "\n".join(crashed[:5])


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browsers]:
    """The browsers, with a profile for each person."""
    with sync_playwright() as playwright:
        browsers = Browsers(playwright, tmp_path_factory.mktemp("profiles"))
        yield browsers
        browsers.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Notes on the test that it failed, for the fixture that then keeps pictures."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@pytest.fixture
def tabs(request: pytest.FixtureRequest, chromium: Browsers) -> Iterator[Tabs]:
    """Tabs of one test; at its end no console may hold an error that the test did not expect."""
    opened = Tabs(chromium)
    yield opened
    if request.node.stash.get(FAILED, False):
        opened.photograph(PICTURES / "failed", request.node.name)
    opened.close()
    assert not opened.complaints(), "\n".join(opened.complaints())


LONGEST = ("test_screens.py", "test_bad_input.py", "test_events.py", "test_stock_page.py", "test_decide.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begins with the files that take longest, so that both halves of a run end at about the same time."""
    place = {name: n for n, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.name, len(LONGEST)))
