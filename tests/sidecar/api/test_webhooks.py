"""Webhooks over HTTP: who may, what is refused, what is shown, and that the documentation says the same."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from sidecar.app import create_app
from sidecar.core.errors import Unavailable
from sidecar.db import read
from sidecar.db.app import audit as audit_table
from sidecar.db.outgoing import webhook_outbox as outbox
from sidecar.runtime import audit, deliveries, webhooks
from sidecar.runtime.webhook_events import EVENTS
from sidecar.security.apikeys import create_key
from sidecar.security.signatures import secret_bytes, verify
from sidecar.security.users import FREE_TRIES
from tests.sidecar.api.identity_kit import new_client, sign_in, tokens
from tests.sidecar.kit import ANNA, Plugin, no_devskyy_environment, settings_in, tiny_registry
from tests.sidecar.receiver import receiving, says

BASE = "/api/v1/webhooks"
PAGE = Path(__file__).parents[3] / "docs" / "webhooks.md"
GOOD = {"url": "https://hooks.example.com/x", "events": ["proposal.*", "run.failed"]}


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Plugin]:
    """A paired plugin of a sidecar that may send to this machine."""
    with no_devskyy_environment():
        app = create_app(settings_in(tmp_path, webhooks_allow_private=True), tiny_registry())
    yield Plugin(app).pair()
    app.extensions["devskyy"].close()


def made(plugin: Plugin, **more: Any) -> dict[str, Any]:
    """A subscription, made by a person."""
    answer = plugin.send("POST", f"{BASE}/subscribe", {**GOOD, **more}, who=ANNA)
    assert answer.status_code == 201, answer.data
    found: dict[str, Any] = answer.json["webhook"]
    return found


def work(plugin: Plugin) -> None:
    """What a worker does until nothing is due."""
    while found := deliveries.due(plugin.rt):
        for key in found:
            deliveries.deliver(plugin.rt, *key)


def by_key(plugin: Plugin, scopes: list[str], method: str, path: str, body: Any = None) -> Any:
    """A request with an API key."""
    _, text = create_key(plugin.rt.db.app, plugin.shop_id, "script", scopes, now=int(time.time()))
    return plugin.client.open(path, method=method, json=body, headers={"Authorization": f"Bearer {text}"})


def test_the_way_of_a_subscription(home: Plugin) -> None:
    with receiving(says()) as server:
        first = made(home, url=server.url, description="Till")
        assert len(secret_bytes(first["secret"])) == 32
        assert (first["state"], first["rate_per_minute"]) == ("active", 60)
        at = f"{BASE}/{first['id']}"
        tried = home.send("POST", f"{BASE}/test", {"id": first["id"]}, who=ANNA)
        assert tried.status_code == 202
        work(home)
        shown = home.get(f"{at}/deliveries").json["items"]
        assert [(one["id"], one["event"], one["state"]) for one in shown] == [
            (tried.json["delivery"], "webhook.test", "delivered")
        ]
        assert server.got[0]["headers"]["webhook-id"] == tried.json["delivery"]
        assert home.send("PATCH", at, {"state": "paused"}).json["webhook"]["paused_why"] == "asked"
        assert (
            home.send("POST", f"{BASE}/test", {"id": first["id"]}).json["error"]["code"] == "webhook_paused"
        )
        changed = home.send("PATCH", at, {"state": "active", "rate_per_minute": 5, "events": ["*"]})
        assert (changed.json["webhook"]["state"], changed.json["webhook"]["events"]) == ("active", ["*"])
        rolled = home.send("POST", f"{at}/secret").json["webhook"]
        assert rolled["secret"] != first["secret"]
        assert "former_until" in rolled
        again = home.send("POST", f"{at}/deliveries/{tried.json['delivery']}/redeliver")
        assert (again.status_code, again.json["delivery"]["state"]) == (202, "waiting")
        twice = home.send("POST", f"{at}/deliveries/{tried.json['delivery']}/redeliver")
        assert (twice.status_code, twice.json["error"]["code"]) == (409, "delivery_waiting")
        work(home)
        for secret in (first["secret"], rolled["secret"]):
            got = server.got[1]
            assert verify(secret, got["headers"], got["body"], now=int(time.time()))
        assert home.get(f"{BASE}/events").status_code == 200
        assert home.send("DELETE", at).status_code == 200
        assert home.get(f"{BASE}/list").json["items"] == []
        assert home.get(f"{at}/deliveries").status_code == 404
    with read(home.rt.db.app) as conn:
        rows = conn.execute(select(audit_table.c.action).order_by(audit_table.c.n)).scalars().all()
    assert [action for action in rows if action.startswith("webhook.")] == [
        "webhook.subscribe", "webhook.test", "webhook.change", "webhook.change", "webhook.roll",
        "webhook.redeliver", "webhook.end",
    ]  # fmt: skip


def test_the_secret_is_shown_once(plugin: Plugin) -> None:
    first = made(plugin, url="https://hooks.example.com/x?key=planted")
    at = f"{BASE}/{first['id']}"
    secret = first["secret"].removeprefix("whsec_")
    answers = [
        plugin.get(f"{BASE}/list"), plugin.send("PATCH", at, {"description": "b"}),
        plugin.get(f"{at}/deliveries"), plugin.get("/api/v1/audit"), plugin.get("/api/v1/status"),
    ]  # fmt: skip
    for answer in answers:
        assert answer.status_code == 200
        assert secret not in answer.text
        assert "planted" not in answer.text


def test_scopes(plugin: Plugin) -> None:
    first = made(plugin)
    at = f"{BASE}/{first['id']}"
    reads = [(f"{BASE}/list", 200), (f"{BASE}/events", 200), (f"{at}/deliveries", 200)]
    writes = [
        ("POST", f"{BASE}/subscribe", GOOD, 201), ("PATCH", at, {"description": "x"}, 200),
        ("POST", f"{BASE}/test", {"id": first["id"]}, 202), ("POST", f"{at}/secret", None, 200),
        ("POST", f"{at}/deliveries/{'0' * 32}/redeliver", None, 404), ("DELETE", at, None, 200),
    ]  # fmt: skip
    for path, status in reads:
        assert by_key(plugin, ["webhooks:read"], "GET", path).status_code == status
        assert by_key(plugin, ["runs:read"], "GET", path).status_code == 403
        assert plugin.client.get(path).status_code == 401
    for method, path, body, status in writes:
        assert plugin.client.open(path, method=method, json=body).status_code == 401
        assert by_key(plugin, ["webhooks:read", "runs:write"], method, path, body).status_code == 403
        assert by_key(plugin, ["webhooks:write"], method, path, body).status_code == status


def test_another_shop_sees_and_reaches_nothing(plugin: Plugin) -> None:
    first = made(plugin)
    other = Plugin(plugin.app).pair()
    at = f"{BASE}/{first['id']}"
    assert other.get(f"{BASE}/list").json["items"] == []
    told = [
        other.send("PATCH", at, {"state": "paused"}), other.send("DELETE", at), other.get(f"{at}/deliveries"),
        other.send("POST", f"{at}/secret"), other.send("POST", f"{BASE}/test", {"id": first["id"]}),
    ]  # fmt: skip
    assert [one.status_code for one in told] == [404] * 5
    assert plugin.get(f"{BASE}/list").json["items"][0]["state"] == "active"


@pytest.mark.parametrize(
    "url",
    ["https://127.0.0.1/", "https://localhost/", "https://[::1]/", "https://169.254.169.254/latest/meta-data/",
     "https://10.0.0.1/", "https://0x7f000001/", "https://user:pw@hooks.example.com/", "ftp://hooks.example.com/",
     "http://hooks.example.com/", "https://hooks.example.com:6379/", "https://１２７.０.０.１/"],
)  # fmt: skip
def test_addresses_inwards_are_refused(plugin: Plugin, url: str) -> None:
    first = made(plugin)
    for answer in (
        plugin.send("POST", f"{BASE}/subscribe", {**GOOD, "url": url}),
        plugin.send("PATCH", f"{BASE}/{first['id']}", {"url": url}),
    ):
        assert (answer.status_code, answer.json["error"]["code"]) == (422, "address_refused")
        assert "url" in answer.json["error"]["fields"]


def test_private_addresses_and_http_by_setting(home: Plugin) -> None:
    assert made(home, url="http://127.0.0.1:9999/")["url"] == "http://127.0.0.1:9999/"
    refused = home.send("POST", f"{BASE}/subscribe", {**GOOD, "url": "http://169.254.169.254/"})
    assert refused.status_code == 422


@pytest.mark.parametrize(
    "body",
    [{}, {"url": GOOD["url"]}, {"events": ["*"]}, {**GOOD, "events": []},
     {**GOOD, "events": ["proposal.burned"]},
     {**GOOD, "events": ["*"] * 51}, {**GOOD, "events": "*"}, {**GOOD, "events": ["Proposal.Created"]},
     {**GOOD, "rate_per_minute": 0}, {**GOOD, "rate_per_minute": 10**9}, {**GOOD, "secret": "whsec_mine"},
     {**GOOD, "url": 5}, {**GOOD, "url": "https://x.example/" + "x" * 600},
     {**GOOD, "description": "x" * 201},
     {**GOOD, "events": ["nothing.*"]}, {**GOOD, "state": "failing"}],
)  # fmt: skip
def test_bad_subscriptions_are_refused(plugin: Plugin, body: dict[str, Any]) -> None:
    answer = plugin.send("POST", f"{BASE}/subscribe", body)
    assert answer.status_code == 422
    assert answer.json["error"]["fields"]
    assert plugin.get(f"{BASE}/list").json["items"] == []


def test_bad_changes_and_unknown_ids(plugin: Plugin) -> None:
    first = made(plugin)
    at = f"{BASE}/{first['id']}"
    for body in ({}, {"state": "failing"}, {"events": []}, {"id": "x"}, {"url": None}):
        assert plugin.send("PATCH", at, body).status_code == 422
    for query in ({"state": "lost"}, {"limit": 0}, {"limit": 101}, {"cursor": "x"}, {"cursor": "-1"}):
        assert plugin.get(f"{at}/deliveries", **query).status_code == 422
    unknown = f"{BASE}/{'0' * 32}"
    told = [
        plugin.send("PATCH", unknown, {"state": "paused"}), plugin.send("DELETE", unknown),
        plugin.send("POST", f"{unknown}/secret"), plugin.get(f"{unknown}/deliveries"),
        plugin.send("POST", f"{BASE}/test", {"id": "0" * 32}),
        plugin.send("POST", f"{at}/deliveries/{'0' * 32}/redeliver"),
    ]  # fmt: skip
    assert [one.status_code for one in told] == [404] * 6
    assert plugin.send("PATCH", f"{BASE}/UPPER", {"state": "paused"}).status_code == 422


def test_a_shop_has_so_many_and_no_more(plugin: Plugin) -> None:
    for _ in range(webhooks.MOST):
        made(plugin)
    answer = plugin.send("POST", f"{BASE}/subscribe", GOOD)
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "too_many_webhooks")


def test_pages_of_deliveries(home: Plugin) -> None:
    with receiving(says()) as server:
        first = made(home, url=server.url)
        at = f"{BASE}/{first['id']}/deliveries"
        sent = [home.send("POST", f"{BASE}/test", {"id": first["id"]}).json["delivery"] for _ in range(7)]
        work(home)
        last = home.send("POST", f"{BASE}/test", {"id": first["id"]}).json["delivery"]
        seen, cursor = [], {}
        while True:
            page = home.get(at, limit="3", **cursor).json
            seen += [one["id"] for one in page["items"]]
            if "next" not in page:
                break
            cursor = {"cursor": page["next"]}
        assert seen == [last, *reversed(sent)]
        waiting = home.get(at, state="waiting").json["items"]
        assert [one["id"] for one in waiting] == [last]
        assert len(home.get(at, state="delivered").json["items"]) == 7
        assert home.get(at, state="dead").json["items"] == []
        counts = home.get(f"{BASE}/list").json["items"][0]["counts"]
        assert counts == {"waiting": 1, "delivered": 7, "dead": 0}


def test_the_page_lists_every_event_as_the_code_does(plugin: Plugin) -> None:
    rows = re.findall(r"^\| `([a-z_.]+)` \| (.+?) \| (.+?) \|$", PAGE.read_text(), re.M)
    told = {name: (means, re.findall(r"`(\w+)`", fields)) for name, means, fields in rows if name in EVENTS}
    assert told == {name: (one.means, list(one.fields)) for name, one in EVENTS.items()}
    items = plugin.get(f"{BASE}/events").json["items"]
    assert [one["event"] for one in items] == list(EVENTS)


def test_every_event_is_emitted_somewhere() -> None:
    folder = Path(webhooks.__file__).parent
    text = "\n".join(
        one.read_text() for one in sorted(folder.glob("*.py")) if one.name != "webhook_events.py"
    )
    derived = {"proposal.", "run.", "security.key", "security.client"}  # named by state or kind
    for name in EVENTS:
        assert f'"{name}"' in text or name.startswith(tuple(derived)), name
    assert 'f"proposal.{event}"' in text
    assert "RUN_EVENTS[state]" in text
    assert 'f"security.{kind}_revoked"' in text


def example() -> dict[str, str]:
    """The worked example of the page."""
    found = re.findall(r"^    (secret|webhook-[a-z]+|body) +(\S.*)$", PAGE.read_text(), re.M)
    return {name: text.strip() for name, text in found}


def test_the_worked_example_is_right() -> None:
    told = example()
    head = {name: told[name] for name in ("webhook-id", "webhook-timestamp", "webhook-signature")}
    moment = int(told["webhook-timestamp"])
    assert verify(told["secret"], head, told["body"].encode(), now=moment) == told["webhook-id"]
    assert json.loads(told["body"])["type"] in EVENTS


def test_the_receiver_of_the_page_verifies(home: Plugin) -> None:
    (code,) = re.findall(r"```python\n(.+?)```", PAGE.read_text(), re.S)
    space: dict[str, Any] = {}
    exec(code, space)  # the page's own words
    told = example()
    moment = int(told["webhook-timestamp"])
    assert space["verify"](told["secret"], told, told["body"].encode(), now=moment) == told["webhook-id"]
    for change in (
        {"webhook-id": "x"},
        {"webhook-timestamp": str(moment + 1)},
        {"webhook-signature": "v1,x"},
    ):
        with pytest.raises(ValueError, match="does not fit"):
            space["verify"](told["secret"], told | change, told["body"].encode(), now=moment)
    with pytest.raises(ValueError, match="too old"):
        space["verify"](told["secret"], told, told["body"].encode(), now=moment + 301)
    with receiving(says()) as server:
        first = made(home, url=server.url)
        home.send("POST", f"{BASE}/test", {"id": first["id"]})
        work(home)
        got = server.got[0]
        assert space["verify"](first["secret"], got["headers"], got["body"])


def test_the_page_names_every_route_and_setting(plugin: Plugin) -> None:
    text = PAGE.read_text()
    routes = {
        f"`{method} {rule.rule.replace('<', '{').replace('>', '}')}`"
        for rule in plugin.app.url_map.iter_rules()
        if rule.rule.startswith(BASE)
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert len(routes) == 9
    assert [route for route in sorted(routes) if route not in text] == []
    settings = re.findall(r"DEVSKYY_([A-Z_]+)", text)
    assert {one.lower() for one in settings} <= set(type(plugin.rt.settings).model_fields)


def test_security_events(home: Plugin) -> None:
    with receiving(says()) as server:
        made(home, url=server.url, events=["security.*"])
        first = tokens(home)
        for _ in range(2):
            home.client.post("/api/v1/auth/refresh", json={"refresh_token": first["refresh_token"]})
        for _ in range(FREE_TRIES):
            assert sign_in(home, "anna", "not the password").status_code == 401
        tokens(home, "cora")
        (session,) = [
            one for one in home.send("GET", "/api/v1/access/sessions", who=ANNA).json["items"]
            if one["login"] == "cora"
        ]  # fmt: skip
        home.send("DELETE", f"/api/v1/access/sessions/{session['id']}", who=ANNA)
        client = new_client(home, "runs:read")["client_id"]
        home.send("DELETE", f"/api/v1/access/clients/{client}", who=ANNA)
        key, _ = create_key(home.rt.db.app, home.shop_id, "till", ["runs:read"], now=int(time.time()))
        home.send("DELETE", f"/api/v1/access/keys/{key.id}", who=ANNA)
        work(home)
    told = [json.loads(one["body"]) for one in server.got]
    names = list(dict.fromkeys(one["type"] for one in told))
    assert names == [
        "security.session_reused", "security.login_locked", "security.session_revoked",
        "security.client_revoked", "security.key_revoked",
    ]  # fmt: skip
    text = b"".join(one["body"] for one in server.got)
    assert not any(word in text for word in (b"anna", b"cora", b"till"))


def test_however_a_session_ends_webhooks_are_told(home: Plugin) -> None:
    def wanted(why: str) -> Any:
        return tokens(home, f"{why}.login")["access_token"]

    def change(why: str, method: str, body: Any = None) -> None:
        listed = home.send("GET", "/api/v1/access/users", who=ANNA).json["items"]
        (user,) = [one["id"] for one in listed if one["login"] == f"{why}.login"]
        answer = home.send(method, f"/api/v1/access/users/{user}", body, who=ANNA)
        assert answer.status_code == 200, answer.json

    with receiving(says()) as server:
        made(home, url=server.url, events=["security.*"])
        head = {"Authorization": f"Bearer {wanted('logout')}"}
        home.client.post("/api/v1/auth/logout", json={"everywhere": True}, headers=head)
        for why, method, body in (
            ("role", "PATCH", {"role": "analyst"}), ("password", "PATCH", {"new_password": True}),
            ("person", "PATCH", {"active": False}), ("deleted", "DELETE", None),
        ):  # fmt: skip
            wanted(why)
            change(why, method, body)
        wanted("left")
        home.send("POST", "/api/v1/access/people", {"people": [{"id": 7, "role": "analyst"}]})
        work(home)
    told = [json.loads(one["body"]) for one in server.got]
    assert {one["type"] for one in told} == {"security.session_revoked"}
    assert [one["data"]["why"] for one in told] == [
        "logout", "role", "password", "person", "deleted", "role",
    ]  # fmt: skip
    assert len({one["data"]["session"] for one in told}) == 6


def test_a_session_that_did_not_end_is_told_to_nobody(home: Plugin, monkeypatch: pytest.MonkeyPatch) -> None:
    made(home, events=["security.*"])
    head = {"Authorization": f"Bearer {tokens(home)['access_token']}"}

    def full(*_: Any, **__: Any) -> None:
        raise Unavailable("The disk is full.")

    with monkeypatch.context() as patched:
        patched.setattr(audit, "record", full)
        assert home.client.post("/api/v1/auth/logout", json={}, headers=head).status_code == 503
    assert home.client.get("/api/v1/status", headers=head).status_code == 200
    with read(home.rt.db.app) as conn:
        assert conn.execute(select(outbox)).all() == []


def test_openapi_shows_no_secret(plugin: Plugin) -> None:
    text = json.dumps(plugin.client.get("/openapi.json").json)
    assert "whsec_" not in text
