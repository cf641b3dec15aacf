"""The page Access: keys, logins, sessions, machines are made, shown once, ended; rights follow the shop."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.wordpress.browser import PAGES, Tabs, fits, settled
from tests.wordpress.scene import Scene, until

pytestmark = [pytest.mark.wordpress, pytest.mark.browser]

KEY = re.compile(r"dsk_[0-9a-f]{16}_[\w-]{43}")
SET_ROLE = """
$user = get_user_by( 'login', $args['login'] );
$user->set_role( $args['role'] );
return $user->ID;
"""


def asked(scene: Scene, path: str, token: str) -> int:
    """Status of a GET at the sidecar, as a script with that token."""
    headers = {"Authorization": f"Bearer {token}"}
    return requests.get(scene.sidecar.url + path, headers=headers, timeout=30).status_code


def signed_in(scene: Scene, login: str, password: str) -> requests.Response:
    """Sign in at the sidecar, as an app does."""
    body = {"login": login, "password": password}
    return requests.post(scene.sidecar.url + "/api/v1/auth/login", json=body, timeout=30)


def opened(tabs: Tabs, scene: Scene, part: str = "", login: str = "admin") -> Page:
    """The page Access at one of its parts."""
    return settled(tabs.open(scene, PAGES["access"] + (f"#tab={part}" if part else ""), login))


def shown_once(page: Page, label: str) -> str:
    """The secret that stands in the page now."""
    row = page.locator(".devskyy-once dl > div").filter(has_text=label)
    return row.locator("code").inner_text()


def made_key(scene: Scene, login: str = "shopmanager") -> tuple[str, str]:
    """A key of that person over the shop's REST route: its id and text."""
    body = {"name": "Script", "scopes": ["runs:read"], "days": 30}
    answer = scene.rest("POST", "/devskyy/v1/access/keys", login=login, json=body)
    return answer["key"]["id"], answer["text"]


def role(scene: Scene, login: str, name: str) -> None:
    """Give a WordPress user another role, as the command line does."""
    scene.stack.php(SET_ROLE, user="admin", args={"login": login, "role": name}, command_line=True)


@pytest.fixture
def demoted(scene: Scene) -> Iterator[Scene]:
    """A shop whose shop manager may lose that role, and has it again afterwards."""
    yield scene
    role(scene, "shopmanager", "shop_manager")


def test_a_key_is_made_shown_once_works_and_ends(scene: Scene, tabs: Tabs) -> None:
    page = opened(tabs, scene)
    page.get_by_role("button", name="Make a key").first.click()
    expect(page.get_by_role("textbox", name="Name")).to_be_focused()
    form = page.get_by_role("form", name="Make a key")
    form.get_by_role("button", name="Make a key").click()
    expect(form.get_by_text("Choose at least one.")).to_be_visible()
    form.get_by_role("textbox", name="Name").fill("Weekly report")
    form.get_by_label("See runs, what they found and their notes").check()
    form.get_by_label("Only from these networks").fill("not a network")
    tabs.allow("status of 422")
    form.get_by_role("button", name="Make a key").click()
    expect(form.locator(".has-error textarea")).to_be_visible()
    form.get_by_label("Only from these networks").fill("127.0.0.0/8\n::1/128")
    form.get_by_role("button", name="Make a key").click()
    expect(page.get_by_role("heading", name='Key "Weekly report" is made')).to_be_focused()
    text = shown_once(page, "Key")
    assert KEY.fullmatch(text)
    page.get_by_role("button", name="Copy: Key").click()
    expect(page.get_by_role("button", name="Copy: Key")).to_have_text("Copied")
    assert asked(scene, "/api/v1/runs", text) == 200
    assert asked(scene, "/api/v1/proposals", text) == 403

    page.get_by_role("button", name="I have it").click()
    assert text not in page.content()
    settled(page).reload()
    row = settled(page).locator("tr").filter(has_text="Weekly report")
    expect(row).to_contain_text("127.0.0.0/8")
    expect(row).to_contain_text("Active")
    for place in (page.content(), page.url, scene.sidecar.log.read_text(), scene.stack.debug_log()):
        assert text not in place
        assert text.split("_", 2)[2] not in place

    row.get_by_role("button", name="End: Weekly report").click()
    assert asked(scene, "/api/v1/runs", text) == 200  # the first press only asks
    row.get_by_role("button", name='Yes, end the key "Weekly report"').click()
    expect(row).to_contain_text("Ended")
    assert asked(scene, "/api/v1/runs", text) == 401


def test_a_person_signs_in_and_is_signed_out(scene: Scene, tabs: Tabs) -> None:
    page = opened(tabs, scene, "people")
    page.get_by_role("button", name="Let somebody sign in").click()
    form = page.get_by_role("form", name="Let somebody sign in")
    who = form.get_by_label("Who")
    who.select_option(label=who.locator("option").filter(has_text="(shopmanager,").inner_text())
    assert form.get_by_label("As", exact=True).locator("option").all_inner_texts() == [
        "Manager", "Analyst", "Support", "Read only",
    ]  # fmt: skip
    form.get_by_label("As", exact=True).select_option("analyst")
    form.get_by_role("button", name="Make the login").click()
    expect(page.get_by_role("heading", name="Password for shopmanager")).to_be_visible()
    password = shown_once(page, "Password")
    answer = signed_in(scene, "shopmanager", password)
    assert (answer.status_code, answer.json()["role"]) == (200, "analyst")
    token = answer.json()["access_token"]
    assert asked(scene, "/api/v1/runs", token) == 200

    sessions = opened(tabs, scene, "sessions")
    sessions.get_by_role("button", name="End: shopmanager, Python").click()
    sessions.get_by_role("button", name="Yes, end the session of shopmanager").click()
    expect(sessions.get_by_role("heading", name="Nobody is signed in")).to_be_visible()
    assert asked(scene, "/api/v1/runs", token) == 401

    page = opened(tabs, scene, "people")
    row = page.locator("tr").filter(has_text="shopmanager")
    row.get_by_role("button", name="New password: shopmanager").click()
    row.get_by_role("button", name="Yes, make a new password for shopmanager").click()
    fresh = shown_once(page, "Password")
    assert (signed_in(scene, "shopmanager", password).status_code, fresh != password) == (401, True)
    token = signed_in(scene, "shopmanager", fresh).json()["access_token"]
    row.get_by_label("Role of shopmanager").select_option("support")
    assert asked(scene, "/api/v1/runs", token) == 200  # choosing is not saving
    row.get_by_role("button", name="Make Support").click()
    expect(row.get_by_role("button", name="Make Support")).to_have_count(0)
    assert asked(scene, "/api/v1/runs", token) == 401
    assert signed_in(scene, "shopmanager", fresh).json()["role"] == "support"
    token = signed_in(scene, "shopmanager", fresh).json()["access_token"]
    row.get_by_role("button", name="Remove: shopmanager").click()
    row.get_by_role("button", name="Yes, remove the login shopmanager").click()
    expect(page.locator("tr").filter(has_text="shopmanager")).to_have_count(0)
    assert asked(scene, "/api/v1/runs", token) == 401
    assert password not in scene.sidecar.log.read_text() + scene.stack.debug_log()


def test_a_machine_gets_tokens_until_it_is_ended(scene: Scene, tabs: Tabs) -> None:
    page = opened(tabs, scene, "machines")
    page.get_by_role("button", name="Add a machine").first.click()
    form = page.get_by_role("form", name="Add a machine")
    form.get_by_role("textbox", name="Name").fill("Reporting tool")
    form.get_by_label("See status, health and figures").check()
    form.get_by_role("button", name="Add a machine").click()
    pair = (shown_once(page, "Client ID"), shown_once(page, "Client secret"))
    token_url, grant = scene.sidecar.url + "/oauth/token", {"grant_type": "client_credentials"}
    answer = requests.post(token_url, data=grant, auth=pair, timeout=30)
    assert (answer.status_code, answer.json().get("scope")) == (200, "status:read")
    row = page.locator("tr").filter(has_text="Reporting tool")
    row.get_by_role("button", name="End: Reporting tool").click()
    row.get_by_role("button", name='Yes, end "Reporting tool"').click()
    expect(row).to_contain_text("Ended")
    assert requests.post(token_url, data=grant, auth=pair, timeout=30).status_code == 401
    assert asked(scene, "/api/v1/status", answer.json()["access_token"]) == 401


def test_a_shop_manager_gives_no_more_than_they_have(scene: Scene, tabs: Tabs) -> None:
    owner = scene.rest("GET", "/devskyy/v1/access/people", login="shopmanager")["items"]
    admin = next(person for person in owner if person["login"] == "admin")
    body = {"wp_user_id": admin["id"], "role": "owner"}
    answer = scene.person("shopmanager").rest("POST", "/devskyy/v1/access/users", json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "role_too_high")
    made = scene.rest("POST", "/devskyy/v1/access/users", json=body)["user"]
    try:
        page = opened(tabs, scene, "people", "shopmanager")
        row = page.locator("tr").filter(has_text="Owner")
        expect(row).to_contain_text("Only an owner may change this.")
        expect(row.get_by_role("button")).to_have_count(0)
        route = f"/devskyy/v1/access/users/{made['id']}"
        for change in ({"new_password": True}, {"role": "analyst"}, {"active": False}):
            answer = scene.person("shopmanager").rest("PATCH", route, json=change)
            assert (answer.status_code, answer.json()["code"]) == (403, "role_too_high"), change
        assert scene.person("shopmanager").rest("DELETE", route).status_code == 403
    finally:
        scene.rest("DELETE", f"/devskyy/v1/access/users/{made['id']}")


def test_who_loses_the_role_loses_their_keys(demoted: Scene) -> None:
    _, key = made_key(demoted)
    assert asked(demoted, "/api/v1/runs", key) == 200
    role(demoted, "shopmanager", "editor")
    until("the key is refused", lambda: asked(demoted, "/api/v1/runs", key) == 401)


def test_a_sidecar_that_was_away_hears_of_lost_roles(demoted: Scene) -> None:
    _, key = made_key(demoted)
    demoted.sidecar.stop()
    role(demoted, "shopmanager", "customer")
    assert demoted.rows("SELECT COUNT(*) FROM wp_devskyy_outbox WHERE state = 'people'")[0][0] > 0
    demoted.sidecar.start()
    assert asked(demoted, "/api/v1/runs", key) == 200  # it has not heard yet
    demoted.rest("POST", "/devskyy/v1/status/drain")
    assert asked(demoted, "/api/v1/runs", key) == 401
    assert demoted.rows("SELECT COUNT(*) FROM wp_devskyy_outbox WHERE state = 'people'")[0][0] == 0


def test_editors_and_scripts_do_not_manage_access(scene: Scene) -> None:
    for login in ("editor", "customer"):
        for route in ("keys", "users", "sessions", "clients", "roles", "people"):
            answer = scene.person(login).rest("GET", f"/devskyy/v1/access/{route}")
            assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed"), route
    answer = scene.person("admin").rest("GET", "/devskyy/v1/access/keys", headers={"X-WP-Nonce": ""})
    assert answer.status_code in (401, 403)


def test_the_parts_are_reached_by_keyboard(scene: Scene, tabs: Tabs) -> None:
    page = opened(tabs, scene)
    page.get_by_role("tab", name="API keys").focus()
    for key, name in (("ArrowRight", "People"), ("End", "Machines"), ("ArrowRight", "API keys")):
        page.keyboard.press(key)
        expect(page.get_by_role("tab", name=name)).to_be_focused()
        expect(page.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("tabpanel")).to_have_attribute("aria-labelledby", "devskyy-tab-keys")


def test_every_part_with_data_fits_the_window(scene: Scene, tabs: Tabs) -> None:
    key, _ = made_key(scene, "admin")
    people = scene.rest("GET", "/devskyy/v1/access/people")["items"]
    staff = next(person for person in people if person["login"] == "shopmanager")
    body = {"wp_user_id": staff["id"], "role": "support"}
    made = scene.rest("POST", "/devskyy/v1/access/users", json=body)
    try:
        assert signed_in(scene, "shopmanager", made["password"]).status_code == 200
        for part in ("", "people", "sessions", "machines"):
            fits(opened(tabs, scene, part), f"access-{part or 'keys'}")
    finally:
        scene.rest("DELETE", f"/devskyy/v1/access/users/{made['user']['id']}")
        scene.rest("DELETE", f"/devskyy/v1/access/keys/{key}")
