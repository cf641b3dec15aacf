"""A forged, replayed, late, altered or other-site request is refused, whichever side it is sent to."""

from __future__ import annotations

import hashlib
import secrets
import time
import uuid
from collections.abc import Callable

import jwt
import pytest
import requests

from tests.wordpress.scene import Scene
from tests.wordpress.signing import Request, code_of

pytestmark = [pytest.mark.wordpress, pytest.mark.browser]

DAY = 86_400


def to_sidecar(scene: Scene) -> Request:
    """The plugin sends events."""
    event = {
        "seq": 10**9 + secrets.randbelow(10**9),
        "id": str(uuid.uuid4()),
        "type": "order.changed",
        "resource": "orders",
        "resource_id": 1,
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "origin": None,
        "version": None,
    }
    return Request(scene, "plugin", "POST", "/api/v1/events", body={"events": [event]})


def to_plugin(scene: Scene) -> Request:
    """The sidecar asks for products."""
    return Request(scene, "sidecar", "GET", "/devskyy/v1/export", {"resource": "products", "limit": "5"})


WAYS = {"to-sidecar": to_sidecar, "to-plugin": to_plugin}
both_ways = pytest.mark.parametrize("make", WAYS.values(), ids=WAYS.keys())


@both_ways
def test_a_right_request_passes(scene: Scene, make: Callable[[Scene], Request]) -> None:
    answer = make(scene).send()
    assert (answer.status_code, answer.json()["ok"]) == (200, True), answer.text


def wrong_key(request: Request) -> None:
    request.key = secrets.token_bytes(32)


def reflected(request: Request) -> None:
    request.claims["iss"] = {"plugin": "sidecar", "sidecar": "plugin"}[request.claims["iss"]]


def long_lived(request: Request) -> None:
    request.claims["exp"] = request.claims["iat"] + 3600


def expired(request: Request) -> None:
    request.shift(-600)


def long_expired(request: Request) -> None:
    request.shift(-2 * DAY)


def early(request: Request) -> None:
    request.shift(120)


def other_method(request: Request) -> None:
    request.claims["m"] = "PUT"


def other_path(request: Request) -> None:
    request.claims["p"] = request.claims["p"].replace("v1", "v2")


def more_query(request: Request) -> None:
    request.query["after"] = "1"


def other_body(request: Request) -> None:
    request.claims["bh"] = hashlib.sha256(b"other").hexdigest()


def no_expiry(request: Request) -> None:
    del request.claims["exp"]


FORGERIES = [
    (wrong_key, "signature_invalid"),
    (reflected, "signature_invalid"),
    (long_lived, "signature_invalid"),
    (no_expiry, "signature_invalid"),
    (expired, "clock_skew"),
    (long_expired, "signature_expired"),
    (early, "clock_skew"),
    (other_method, "request_altered"),
    (other_path, "request_altered"),
    (more_query, "request_altered"),
    (other_body, "request_altered"),
]


@both_ways
@pytest.mark.parametrize(("spoil", "code"), FORGERIES, ids=[spoil.__name__ for spoil, _ in FORGERIES])
def test_a_forged_late_or_altered_request_is_refused(
    scene: Scene, make: Callable[[Scene], Request], spoil: Callable[[Request], None], code: str
) -> None:
    request = make(scene)
    events = len(scene.events())
    spoil(request)
    answer = request.send()
    assert (answer.status_code, code_of(answer)) == (401, code)
    assert len(scene.events()) == events


@both_ways
def test_without_a_signature_nothing_passes(scene: Scene, make: Callable[[Scene], Request]) -> None:
    answer = make(scene).send(token="")
    assert (answer.status_code, code_of(answer)) == (401, "signature_missing")


@both_ways
def test_no_other_algorithm_is_taken(scene: Scene, make: Callable[[Scene], Request]) -> None:
    request = make(scene)
    for token in (
        jwt.encode(request.claims, "", algorithm="none"),
        jwt.encode(request.claims, request.key + request.key, algorithm="HS512"),
        "not.a.token",
    ):
        answer = request.send(token)
        assert (answer.status_code, code_of(answer)) == (401, "signature_invalid")


@both_ways
def test_a_request_for_another_shop_is_refused(scene: Scene, make: Callable[[Scene], Request]) -> None:
    request = make(scene)
    request.claims["aud"] = str(uuid.uuid4())
    answer = request.send()
    assert answer.status_code == 401
    assert code_of(answer) in {"audience_mismatch", "shop_unpaired"}


@both_ways
def test_an_older_other_side_is_told_to_update(scene: Scene, make: Callable[[Scene], Request]) -> None:
    request = make(scene)
    request.headers["X-DevSkyy-Version"] = "0.0.1"
    answer = request.send()
    assert (answer.status_code, code_of(answer)) == (426, "version_unsupported")


def test_the_same_request_twice_is_a_replay(scene: Scene) -> None:
    request = to_sidecar(scene)
    assert request.send().status_code == 200
    answer = request.send()
    assert (answer.status_code, code_of(answer)) == (409, "replayed")


@pytest.mark.parametrize("claim", ["site", "home"])
def test_a_request_of_another_site_is_refused(scene: Scene, claim: str) -> None:
    request = to_sidecar(scene)
    events = len(scene.events())
    request.claims[claim] = "http://copy.test" if claim == "home" else str(uuid.uuid4())
    answer = request.send()
    assert (answer.status_code, code_of(answer)) == (409, "site_changed")
    assert len(scene.events()) == events
    assert to_sidecar(scene).send().status_code == 200  # the shop itself goes on


def test_the_pairing_key_signs_nothing_but_pairing(scene: Scene) -> None:
    import base64

    text = scene.sidecar.key_file.read_text().strip()
    request = to_sidecar(scene)
    request.key = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    for audience in ("pairing", request.claims["aud"]):
        request.claims["aud"] = audience
        assert request.send().status_code == 401


def test_the_plugins_signed_routes_take_no_cookie_instead(scene: Scene) -> None:
    answer = scene.person("admin").rest("GET", "/devskyy/v1/export?resource=orders")
    assert (answer.status_code, code_of(answer)) == (401, "signature_missing")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b'{"events": [', 400, "malformed_json"),
        (b'{"events": "' + b"x" * 2_100_000 + b'"}', 413, "body_too_large"),
        (b"[]", 422, "invalid"),
        (b'{"events": 7}', 422, "invalid"),
        (b'{"events": [], "more": 1}', 422, "invalid"),
    ],
    ids=["malformed", "oversized", "not-an-object", "wrong-type", "unknown-field"],
)
def test_a_bad_body_is_refused_with_what_to_do(scene: Scene, body: bytes, status: int, code: str) -> None:
    request = to_sidecar(scene)
    request.raw = body
    request.claims["bh"] = hashlib.sha256(body).hexdigest()
    events = len(scene.events())
    answer = request.send()
    assert (answer.status_code, code_of(answer)) == (status, code)
    assert len(scene.events()) == events


def test_an_event_that_cannot_be_read_is_named_and_the_others_are_kept(scene: Scene) -> None:
    good, bad = to_sidecar(scene), to_sidecar(scene)
    import json

    events = json.loads(good.raw)["events"] + [{**json.loads(bad.raw)["events"][0], "type": "order.eaten"}]
    request = Request(scene, "plugin", "POST", "/api/v1/events", body={"events": events})
    answer = request.send()
    assert answer.status_code == 200
    assert [event["seq"] for event in answer.json()["rejected"]] == [events[1]["seq"]]
    stored = {event["id"] for event in scene.events()}
    assert events[0]["id"] in stored
    assert events[1]["id"] not in stored


def test_health_is_open_and_nothing_else(scene: Scene) -> None:
    assert requests.get(scene.sidecar.url + "/health", timeout=10).status_code == 200
    for path in ("status", "agents", "runs", "proposals", "audit"):
        answer = requests.get(f"{scene.sidecar.url}/api/v1/{path}", timeout=10)
        assert (answer.status_code, code_of(answer)) == (401, "signature_missing"), path
