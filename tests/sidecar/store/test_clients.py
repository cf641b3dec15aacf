"""Both clients against a real server that misbehaves: every failure says what to do, and no secret leaks."""

from __future__ import annotations

import json
import logging
import socket
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from sidecar.core.errors import DevSkyyError
from sidecar.store.client import ExportClient, WooClient, query, rest_address
from sidecar.store.readers import ExportReader, RestReader, pick_reader
from sidecar.store.transport import redact
from tests.sidecar.store.rows import product
from tests.sidecar.store.shop import SECRET, SHOP_ID, Shop

HTML = {"Content-Type": "text/html"}
JSON = {"Content-Type": "application/json"}
KEY, KEY_SECRET = "ck_0123456789abcdef", "cs_fedcba9876543210"


@pytest.fixture
def woo(shop: Shop) -> WooClient:
    return WooClient(shop.url, KEY, KEY_SECRET, timeout=5, sleep=lambda _s: None)


def refusal(call: Any, *args: Any, **named: Any) -> DevSkyyError:
    with pytest.raises(DevSkyyError) as error:
        call(*args, **named)
    assert error.value.hint
    told = json.dumps(error.value.as_dict()) + repr(error.value.__cause__)
    for secret in (KEY_SECRET, KEY, SECRET.hex(), "Bearer ey"):
        assert secret not in told
    return error.value


def wp_error(code: str, status: int) -> tuple[int, dict[str, str], bytes]:
    return status, JSON, json.dumps({"code": code, "message": "No.", "data": {"status": status}}).encode()


@pytest.mark.parametrize(
    "form",
    ["/wp-json/", "/wp-json", "/?rest_route=/", "/index.php?rest_route=/", "/blog/?lang=de&rest_route=%2F"],
)
def test_every_form_of_the_rest_url(shop: Shop, form: str) -> None:
    shop.put("products", **product(1))
    body = ExportClient(shop.url + form, SHOP_ID, SECRET, timeout=5).export("products")
    assert [row[0] for row in body["rows"]] == [1]
    assert body["total"] == 1


def test_other_parameters_of_the_rest_url_stay() -> None:
    assert rest_address("http://s.test/?lang=de&rest_route=/", "/devskyy/v1/shop") == (
        "http://s.test/", {"lang": "de", "rest_route": "/devskyy/v1/shop"},
    )  # fmt: skip


def test_a_wrong_secret_names_the_plugins_refusal(shop: Shop) -> None:
    client = ExportClient(f"{shop.url}/wp-json/", SHOP_ID, bytes(32), timeout=5)
    assert refusal(client.shop).code == "signature_invalid"


def test_clock_skew_is_passed_on(shop: Shop) -> None:
    client = ExportClient(f"{shop.url}/wp-json/", SHOP_ID, SECRET, timeout=5, now=lambda: 1_800_000_000)
    assert refusal(client.shop).code in ("clock_skew", "signature_expired")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((404, HTML, b"<h1>Not Found</h1>"), "rest_not_found"),
        ((403, HTML, b"<h1>Forbidden</h1> mod_security"), "rest_blocked"),
        (
            (401, JSON, b'{"code":"rest_not_logged_in","message":"Only members.","data":{"status":401}}'),
            "rest_blocked",
        ),
        ((200, HTML, b"<h1>Coming soon</h1>"), "rest_blocked"),
        ((200, JSON, b'{"ok": tru'), "rest_blocked"),
        ((200, JSON, b"[]"), "answer_malformed"),
        ((301, {"Location": "https://shop.test/wp-json/?oauth_signature=abc"}, b""), "shop_redirects"),
        (wp_error("rest_no_route", 404), "route_missing"),
        (wp_error("woocommerce_rest_cannot_view", 401), "woocommerce_key_refused"),
        (wp_error("internal", 400), "shop_refused"),
    ],
)
def test_answers_that_are_no_export(shop: Shop, client: ExportClient, answer: Any, code: str) -> None:
    shop.script = [answer]
    error = refusal(client.shop)
    assert error.code == code
    assert error.status == 502
    assert len(shop.log) == 1  # trying again would not help


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_stumble_is_tried_again_with_a_fresh_token(shop: Shop, client: ExportClient, status: int) -> None:
    shop.script = [(status, HTML, b"busy")] * 2
    assert client.shop()["ok"] is True
    assert len(shop.log) == 3


def test_tries_are_bounded(shop: Shop, client: ExportClient) -> None:
    shop.script = [(503, HTML, b"maintenance")] * 10
    assert refusal(client.shop).code == "shop_failed"
    assert len(shop.log) == 4


def test_waits_grow_and_retry_after_is_honoured(shop: Shop) -> None:
    waits: list[float] = []
    client = ExportClient(f"{shop.url}/wp-json/", SHOP_ID, SECRET, timeout=5, sleep=waits.append)
    shop.script = [(503, HTML, b""), (503, HTML, b""), (429, {"Retry-After": "7"}, b"")]
    client.shop()
    assert 0.5 <= waits[0] <= 0.6
    assert 1.0 <= waits[1] <= 1.2
    assert waits[2] == 7
    waits.clear()
    shop.script = [(429, {"Retry-After": "86400"}, b"")]
    client.shop()
    assert waits == [60]


def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    assert (
        refusal(ExportClient(f"{url}/wp-json/", SHOP_ID, SECRET, sleep=lambda _s: None).shop).code
        == "shop_unreachable"
    )
    assert (
        refusal(WooClient(url, KEY, KEY_SECRET, sleep=lambda _s: None).get, "orders").code
        == "shop_unreachable"
    )


def test_a_silent_shop_times_out(shop: Shop) -> None:
    gate = threading.Event()
    shop.script = [lambda: gate.wait(5)] * 4  # type: ignore[list-item]
    client = ExportClient(f"{shop.url}/wp-json/", SHOP_ID, SECRET, timeout=0.1, sleep=lambda _s: None)
    assert refusal(client.shop).code == "shop_timeout"
    gate.set()


def test_a_certificate_that_nobody_signed(tmp_path: Path) -> None:
    pem = tmp_path / "self.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", str(pem), "-out", str(tmp_path / "cert.pem")],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", pem)
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign,assignment]
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        url = f"https://localhost:{server.server_port}"
        assert refusal(ExportClient(f"{url}/wp-json/", SHOP_ID, SECRET).shop).code == "shop_tls_failed"
        assert refusal(WooClient(url, KEY, KEY_SECRET).get, "orders").code == "shop_tls_failed"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_query_joins_lists_and_drops_what_is_empty() -> None:
    given: dict[str, object] = {
        "include": [1, 2],
        "search": "",
        "status": None,
        "force": True,
        "page": 0,
        "tags": [],
    }
    before = dict(given)
    assert query(given) == {"include": "1,2", "force": "true", "page": "0"}
    assert given == before


def test_all_pages_of_a_list(shop: Shop, woo: WooClient) -> None:
    shop.rest["orders"] = [{"id": n} for n in range(1, 251)]
    pages = list(woo.pages("orders", status="any"))
    assert [len(page) for page in pages] == [100, 100, 50]
    sent = shop.log[0][1]
    assert sent["oauth_consumer_key"] == KEY
    assert sent["status"] == "any"
    assert "consumer_secret" not in json.dumps(shop.log)


def test_an_empty_list_is_one_empty_page(shop: Shop, woo: WooClient) -> None:
    assert list(woo.pages("orders")) == [[]]


def test_a_refused_woocommerce_key(shop: Shop, woo: WooClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    shop.script = [wp_error("woocommerce_rest_cannot_view", 401)]
    assert refusal(woo.get, "orders").code == "woocommerce_key_refused"
    assert KEY_SECRET not in caplog.text
    assert repr(woo) == f"WooClient('{shop.url}')"


def test_redirects_are_not_followed(shop: Shop, woo: WooClient) -> None:
    shop.script = [(302, {"Location": f"{shop.url}/elsewhere"}, b"")]
    assert refusal(woo.get, "orders").code == "shop_redirects"
    assert len(shop.log) == 1


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (
            "/x?oauth_consumer_key=ck_1&oauth_signature=a%2Bb&page=1",
            "/x?oauth_consumer_key=…&oauth_signature=…&page=1",
        ),
        ("https://s/?consumer_key=ck_9&consumer_secret=cs_8", "https://s/?consumer_key=…&consumer_secret=…"),
        ("key ck_0123456789abcdef0 is bad", "key ck_… is bad"),
        ("Authorization: Bearer eyJ.x.y", "Authorization: Bearer …"),
        ("nothing to hide", "nothing to hide"),
    ],
)
def test_redact(text: str, clean: str) -> None:
    assert redact(text) == clean


def test_the_export_is_preferred_and_wc_v3_the_fallback(
    shop: Shop, client: ExportClient, woo: WooClient
) -> None:
    assert isinstance(pick_reader(client, woo, b"k"), ExportReader)
    shop.has_plugin = False
    assert isinstance(pick_reader(client, woo, b"k"), RestReader)
    assert refusal(pick_reader, client, None, b"k").code == "route_missing"
