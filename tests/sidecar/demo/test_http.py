"""What the contract suite cannot ask over plain http: Basic over https, pictures, pages, batches."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from sidecar.demo.shop import DemoShop, create_app
from tests.sidecar.demo.conftest import END


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoShop]:
    made = DemoShop.create(tmp_path_factory.mktemp("http"), "tiny", end=END)
    yield made
    made.close()


@pytest.fixture(scope="module")
def secure(shop: DemoShop) -> FlaskClient:
    """A client of the same shop behind https."""
    return create_app(shop.path, "https://shop.test", shop).test_client()


def ask(client: FlaskClient, path: str, **options: Any) -> Any:
    return client.get(f"/wp-json/wc/v3/{path}", base_url="https://shop.test", **options)


def test_basic_holds_over_https_only(shop: DemoShop, secure: FlaskClient) -> None:
    assert ask(secure, "products", auth=shop.key).status_code == 200
    key, secret = shop.key
    assert ask(secure, f"products?consumer_key={key}&consumer_secret={secret}").status_code == 200
    wrong = ask(secure, "products", auth=(key, "cs_wrong"))
    assert (wrong.status_code, wrong.json["code"]) == (401, "woocommerce_rest_authentication_error")
    assert ask(secure, "products", auth=("ck_unknown", "cs_x")).json["code"] == "woocommerce_rest_cannot_view"
    plain = secure.get("/wp-json/wc/v3/products", base_url="http://shop.test", auth=shop.key)
    assert plain.status_code == 401


def test_a_read_key_cannot_write(shop: DemoShop, secure: FlaskClient) -> None:
    url = "/wp-json/wc/v3/products/101"
    refused = secure.put(url, base_url="https://shop.test", auth=shop.key, json={"name": "Mine"})
    assert (refused.status_code, refused.json["code"]) == (401, "woocommerce_rest_authentication_error")
    done = secure.put(url, base_url="https://shop.test", auth=shop.write_key, json={"name": "Mine"})
    assert done.json["name"] == "Mine"


def test_pictures_are_pictures(shop: DemoShop, secure: FlaskClient) -> None:
    products = ask(secure, "products?per_page=100", auth=shop.key).json
    image = next(p["images"][0] for p in products if p["images"])
    answer = shop.app.test_client().get(image["src"].removeprefix("https://shop.test"))
    assert answer.mimetype == "image/png"
    assert answer.data.startswith(b"\x89PNG")
    start = answer.data.index(b"IDAT") + 4
    assert len(zlib.decompress(answer.data[start:-16])) == 64 * (64 * 3 + 1)


def test_storefront_shows_prices_and_escapes_names(shop: DemoShop) -> None:
    shop.call("PUT", "wc/v3/products/102", {"name": "<script>alert(1)</script>"})
    page = shop.app.test_client().get("/")
    assert page.status_code == 200
    assert "<script>" not in page.text
    assert shop.app.test_client().get("/product/nothing/").status_code == 404


def test_a_batch_is_limited(shop: DemoShop, secure: FlaskClient) -> None:
    url, items = "/wp-json/wc/v3/products/batch", [{"id": 101}] * 101
    answer = secure.post(url, base_url="https://shop.test", auth=shop.write_key, json={"update": items})
    assert (answer.status_code, answer.json["code"]) == (413, "woocommerce_rest_request_entity_too_large")


def test_orders_and_refunds_move_stock(shop: DemoShop) -> None:
    body = {"name": "Hat", "regular_price": "10.00", "manage_stock": True, "stock_quantity": 5}
    product = shop.call("POST", "wc/v3/products", body)["id"]
    order = shop.place_order((product, 2))
    assert shop.call("GET", f"wc/v3/products/{product}")["stock_quantity"] == 3
    line = shop.call("GET", f"wc/v3/orders/{order}")["line_items"][0]["id"]
    items = [{"id": line, "quantity": 2, "refund_total": 20}]
    shop.call("POST", f"wc/v3/orders/{order}/refunds", {"amount": "20.00", "line_items": items})
    assert shop.call("GET", f"wc/v3/products/{product}")["stock_quantity"] == 5
    assert shop.call("GET", f"wc/v3/orders/{order}")["status"] == "refunded"
    other = shop.place_order((product, 1))
    shop.call("PUT", f"wc/v3/orders/{other}", {"status": "cancelled"})
    assert shop.call("GET", f"wc/v3/products/{product}")["stock_quantity"] == 5
    types = {row[0] for row in shop.con.execute("SELECT DISTINCT type FROM outbox")}
    assert {"order.created", "order.changed", "order.refunded", "stock.changed", "product.saved"} <= types
