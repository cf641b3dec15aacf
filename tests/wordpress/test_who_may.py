"""Who may decide: shop staff in front of wp-admin. Nobody else, and nothing that acts for itself."""

from __future__ import annotations

import subprocess
import sys

import pytest
import requests
from playwright.sync_api import expect
from requests.auth import HTTPBasicAuth

from tests.wordpress.browser import PAGES, Tabs, settled
from tests.wordpress.scene import Scene, until
from tests.wordpress.signing import Request, code_of
from tests.wordpress.stack import Person

pytestmark = [pytest.mark.wordpress, pytest.mark.browser]

APPLICATION_PASSWORD = """
$made = WP_Application_Passwords::create_new_application_password( 1, array( 'name' => uniqid() ) );
return $made[0];
"""
ACTS = ["approve", "reject", "snooze", "undo"]


def ask(
    person: Person | requests.Session, scene: Scene, ident: str, action: str = "approve", **options: object
) -> requests.Response:
    """Try to decide over the shop's REST route."""
    bodies = {
        "approve": {"digest": scene.proposal(ident)["digest"]},
        "snooze": {"until": "2030-01-01T00:00:00Z"},
    }
    route = f"/devskyy/v1/proposals/{ident}/{action}"
    if isinstance(person, Person):
        return person.rest("POST", route, json=bodies.get(action, {}), **options)
    return person.post(
        scene.base_url + "/wp-json" + route, json=bodies.get(action, {}), timeout=30, **options
    )


@pytest.fixture
def pending(scene: Scene) -> tuple[Scene, str]:
    """A shop with a pending proposal; whoever may not decide must leave it so."""
    return scene, scene.propose(scene.product("Guarded scarf"))


def untouched(scene: Scene, ident: str) -> bool:
    """Nothing was decided and nothing written."""
    return scene.state(ident) == "pending" and scene.ledger(ident) == []


@pytest.mark.parametrize("login", ["admin", "shopmanager"])
def test_shop_staff_may_approve_and_undo(scene: Scene, login: str) -> None:
    item = scene.product("Staff scarf")
    ident = scene.propose(item)
    assert ask(scene.person(login), scene, ident).status_code == 200
    assert scene.price(item) == "30.00"
    assert ask(scene.person(login), scene, ident, "undo").status_code == 200
    assert scene.price(item) == "40.00"


@pytest.mark.parametrize("action", ACTS)
@pytest.mark.parametrize(("login", "status"), [("editor", 403), ("customer", 403)])
def test_editors_and_customers_may_not(
    pending: tuple[Scene, str], login: str, status: int, action: str
) -> None:
    scene, ident = pending
    answer = ask(scene.person(login), scene, ident, action)
    assert (answer.status_code, code_of(answer)) == (status, "not_allowed")
    assert untouched(scene, ident)


def test_visitors_may_not(pending: tuple[Scene, str]) -> None:
    scene, ident = pending
    answer = ask(requests.Session(), scene, ident)
    assert (answer.status_code, code_of(answer)) == (401, "not_allowed")
    assert untouched(scene, ident)


@pytest.mark.parametrize("route", ["proposals", "agents", "runs", "status"])
@pytest.mark.parametrize("login", ["editor", "customer"])
def test_they_do_not_read_either(scene: Scene, login: str, route: str) -> None:
    assert scene.person(login).rest("GET", f"/devskyy/v1/{route}").status_code == 403


def test_an_editor_finds_no_menu_and_no_page(scene: Scene, tabs: Tabs) -> None:
    page = tabs.open(scene, "/wp-admin/index.php", "editor")
    expect(page.locator("#adminmenu")).to_be_visible()
    expect(page.locator("#adminmenu a[href*='page=devskyy']")).to_have_count(0)
    tabs.allow("status of 403")
    for path in PAGES.values():
        answer = page.goto(scene.base_url + path)
        assert answer is not None
        assert answer.status == 403
        expect(page.locator("#devskyy-root")).to_have_count(0)


def test_a_shop_manager_may_not_disconnect_the_shop(scene: Scene, tabs: Tabs) -> None:
    answer = scene.person("shopmanager").rest("DELETE", "/devskyy/v1/pairing")
    assert (answer.status_code, code_of(answer)) == (403, "not_allowed")
    page = tabs.open(scene, "/wp-admin/admin.php?page=wc-settings&tab=devskyy", "shopmanager")
    expect(page.get_by_text("Only an administrator connects and disconnects the shop.")).to_be_visible()
    expect(page.get_by_role("button", name="Disconnect")).to_have_count(0)
    assert scene.paired()


def test_a_session_without_its_nonce_may_not(pending: tuple[Scene, str]) -> None:
    scene, ident = pending
    answer = ask(scene.person("admin"), scene, ident, headers={"X-WP-Nonce": ""})
    assert answer.status_code in (401, 403)
    answer = ask(scene.person("admin"), scene, ident, headers={"X-WP-Nonce": "0123456789"})
    assert answer.status_code == 403
    assert untouched(scene, ident)


@pytest.mark.parametrize("action", ACTS)
def test_an_application_password_may_not(pending: tuple[Scene, str], action: str) -> None:
    scene, ident = pending
    robot = requests.Session()
    robot.auth = HTTPBasicAuth("admin", scene.stack.php(APPLICATION_PASSWORD, user="admin"))
    me = robot.get(scene.base_url + "/wp-json/wp/v2/users/me", timeout=30)
    assert (me.status_code, me.json()["slug"]) == (200, "admin")  # it is a good one
    answer = ask(robot, scene, ident, action)
    assert (answer.status_code, code_of(answer)) == (403, "session_required")
    assert untouched(scene, ident)


def test_a_woocommerce_key_may_not(pending: tuple[Scene, str]) -> None:
    scene, ident = pending
    robot = requests.Session()
    robot.params = dict(
        zip(("consumer_key", "consumer_secret"), scene.stack.woocommerce_key("read_write"), strict=True)
    )
    assert ask(robot, scene, ident).status_code in (401, 403)
    assert untouched(scene, ident)


@pytest.mark.parametrize("action", ACTS)
def test_an_api_key_of_the_sidecar_may_not(pending: tuple[Scene, str], action: str) -> None:
    scene, ident = pending
    scopes = ["agents:read", "runs:write", "runs:read", "proposals:read", "status:read", "sync:write"]
    key = scene.sidecar.command(
        "keys", "create", "robot", *[part for scope in scopes for part in ("--scope", scope)]
    )
    headers = {"Authorization": f"Bearer {key.strip().splitlines()[0]}"}
    url = f"{scene.sidecar.url}/api/v1/proposals/{ident}"
    assert requests.get(url, headers=headers, timeout=30).status_code == 200  # it is a good one
    body = {"digest": scene.proposal(ident)["digest"]} if action == "approve" else {}
    answer = requests.post(f"{url}/{action}", json=body, headers=headers, timeout=30)
    assert answer.status_code in (401, 403)
    assert code_of(answer) in {"approval_needs_person", "signature_missing", "scope_missing"}
    assert untouched(scene, ident)


def test_a_revoked_api_key_reads_nothing_any_more(scene: Scene) -> None:
    key = (
        scene.sidecar.command("keys", "create", "former robot", "--scope", "proposals:read")
        .splitlines()[0]
        .strip()
    )
    scene.sidecar.command("keys", "revoke", key.split("_")[1])
    url = f"{scene.sidecar.url}/api/v1/proposals"
    answer = requests.get(url, headers={"Authorization": f"Bearer {key}"}, timeout=30)
    assert answer.status_code == 401
    assert "key" in code_of(answer)


def test_no_key_can_be_given_the_right_to_approve(scene: Scene) -> None:
    for scope in ("proposals:approve", "proposals:write", "person", "signed", "*"):
        with pytest.raises(RuntimeError):
            scene.sidecar.command("keys", "create", "robot", "--scope", scope)


@pytest.mark.parametrize(
    "who",
    [None, {"id": 1, "login": "admin"}, {"id": 9, "login": "editor", "caps": ["edit_posts"]}],
    ids=["nobody", "no-caps", "editor"],
)
def test_the_plugins_signature_alone_may_not(
    pending: tuple[Scene, str], who: dict[str, object] | None
) -> None:
    scene, ident = pending
    body = {"digest": scene.proposal(ident)["digest"]}
    request = Request(scene, "plugin", "POST", f"/api/v1/proposals/{ident}/approve", body=body)
    if who is not None:
        request.claims["who"] = who
    answer = request.send()
    assert (answer.status_code, code_of(answer)) == (403, "approval_needs_person")
    assert untouched(scene, ident)


def test_no_ability_can_approve(pending: tuple[Scene, str]) -> None:
    scene, ident = pending
    scene.rest("GET", "/devskyy/v1/agents")  # the list of abilities comes from the last list of agents
    found = scene.rest("GET", "/wp-abilities/v1/abilities?per_page=100")
    names = [ability["name"] for ability in found]
    reads = {one["name"] for one in found if one["meta"].get("annotations", {}).get("readonly")}
    assert "devskyy/reorder-plan" in reads
    ours = [name for name in names if name.startswith("devskyy/")]
    assert {"devskyy/slow-stock-markdown", "devskyy/reorder-points", "devskyy/product-data-gaps"} <= set(ours)
    assert not [name for name in names if "approve" in name or "proposal" in name]
    for name in ours:
        path = f"/wp-abilities/v1/abilities/{name}/run"
        method, given = ("GET", {}) if name in reads else ("POST", {"json": {"input": {}}})
        answer = scene.person("admin").rest(method, path, **given)
        assert answer.status_code == 200, answer.text
        assert answer.json()["run_id"]
    until("the runs are done", scene.synced, 60)
    assert scene.ledger(ident) == []
    decided = scene.asked("SELECT COUNT(*) FROM proposals WHERE id = ? AND decided_at IS NOT NULL", ident)
    assert decided[0][0] == 0
    robot = scene.person("admin").rest(
        "POST", "/wp-abilities/v1/abilities/devskyy/approve/run", json={"input": {"id": ident}}
    )
    assert robot.status_code == 404


def test_an_editor_runs_no_ability(scene: Scene) -> None:
    scene.rest("GET", "/devskyy/v1/agents")
    answer = scene.person("editor").rest(
        "POST", "/wp-abilities/v1/abilities/devskyy/reorder-points/run", json={"input": {}}
    )
    assert answer.status_code == 403


def test_the_command_line_has_no_word_for_it(pending: tuple[Scene, str]) -> None:
    scene, ident = pending
    for words in (["approve", ident], ["proposals", "approve", ident], ["run", "approve"]):
        with pytest.raises(RuntimeError):
            scene.sidecar.command(*words)
    told = subprocess.run(
        [sys.executable, "-m", "sidecar.cli", "--help"], capture_output=True, text=True, check=True
    )
    commands = told.stdout.partition("Commands:")[2].split()
    assert "approve" not in commands
    assert untouched(scene, ident)


def test_what_runs_by_itself_proposes_and_decides_nothing(pending: tuple[Scene, str]) -> None:
    """The doors of the runner (event, schedule, command line) and WordPress's own schedule."""
    scene, ident = pending
    written, woken = scene.rows("SELECT COUNT(*) FROM wp_devskyy_ledger"), runs_by_events(scene)
    scene.sidecar.command("run", "product-data-gaps")
    scene.rest("PUT", f"/wc/v3/products/{scene.product('Waking scarf').id}", json={"stock_quantity": 1})
    scene.run_cron()
    scene.stack.php("do_action( 'devskyy_tick' ); return true;")
    until("an agent is woken", lambda: runs_by_events(scene) > woken, 60)
    until("everything is worked off", scene.synced, 60)
    assert scene.rows("SELECT COUNT(*) FROM wp_devskyy_ledger") == written
    assert untouched(scene, ident)


def runs_by_events(scene: Scene) -> int:
    """How many runs events have started."""
    return int(scene.asked("SELECT COUNT(*) FROM runs WHERE \"trigger\" LIKE 'event:%'")[0][0])


def test_a_page_of_staff_shows_who_decided(scene: Scene, tabs: Tabs) -> None:
    ident = scene.propose(scene.product("Signed scarf"))
    assert ask(scene.person("shopmanager"), scene, ident).status_code == 200
    page = settled(tabs.open(scene, PAGES["inbox"] + f"#id={ident}&state=all", "admin"))
    expect(page.locator("aside").get_by_text("by shopmanager")).to_be_visible()
