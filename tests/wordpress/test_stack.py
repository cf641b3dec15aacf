"""The shop that every test on the real stack stands on is what it claims to be."""

from __future__ import annotations

import pytest
import requests
from requests.auth import HTTPBasicAuth
from woocommerce import API

from tests.wordpress.stack import PhpError, Stack

pytestmark = pytest.mark.wordpress

ORDERS = """
global $wpdb;
return array(
    'hpos'   => Automattic\\WooCommerce\\Utilities\\OrderUtil::custom_orders_table_usage_is_enabled(),
    'orders' => count( wc_get_orders( array( 'limit' => -1, 'return' => 'ids', 'type' => 'shop_order' ) ) ),
    'rows'   => (int) $wpdb->get_var( "SELECT COUNT(*) FROM wp_wc_orders WHERE type = 'shop_order'" ),
    'posts'  => (int) $wpdb->get_var( "SELECT COUNT(*) FROM wp_posts WHERE post_type = 'shop_order'" ),
);
"""


def test_home_is_the_address_that_answers(bare_shop: Stack) -> None:
    home = bare_shop.php("return array( home_url(), site_url() );")
    assert home == [bare_shop.base_url, bare_shop.base_url]
    answer = requests.get(bare_shop.base_url + "/shop/", timeout=30, allow_redirects=False)
    assert answer.status_code == 200
    assert "V-Neck T-Shirt" in answer.text


def test_orders_stand_where_the_shop_says(bare_shop: Stack) -> None:
    state = bare_shop.php(ORDERS)
    assert state["orders"] == 60
    if state["hpos"]:
        assert (state["rows"], state["posts"]) == (60, 0)
    else:
        assert (state["rows"], state["posts"]) == (0, 60)


def test_a_visit_to_wp_admin_changes_neither_order_storage_nor_visibility(bare_shop: Stack) -> None:
    before = bare_shop.php(ORDERS)["hpos"]
    assert bare_shop.person("admin").get("/wp-admin/").status_code == 200
    assert bare_shop.php(ORDERS)["hpos"] is before
    assert bare_shop.php("return get_option( 'woocommerce_coming_soon' );") == "no"


def test_checkout_is_the_block_and_a_guest_can_order(bare_shop: Stack) -> None:
    guest = bare_shop.person()
    product = bare_shop.php("return wc_get_product_id_by_sku( 'woo-beanie' );")
    cart = guest.get("/wp-json/wc/store/v1/cart")
    headers = {"Nonce": cart.headers["Nonce"]}
    added = guest.post(
        "/wp-json/wc/store/v1/cart/add-item", headers=headers, json={"id": product, "quantity": 1}
    )
    assert added.status_code == 201, added.text
    assert "wp-block-woocommerce-checkout" in guest.get("/checkout/").text
    address = {
        "first_name": "Ada",
        "last_name": "Guest",
        "address_1": "1 Main Street",
        "city": "New York",
        "state": "NY",
        "postcode": "10001",
        "country": "US",
        "email": "ada@shop.test",
        "phone": "5550100",
    }
    order = guest.post(
        "/wp-json/wc/store/v1/checkout",
        headers=headers,
        json={"billing_address": address, "shipping_address": address, "payment_method": "cod"},
    )
    assert order.status_code == 200, order.text
    found = bare_shop.php(
        "return wc_get_order( $args['id'] )->get_billing_email();", args={"id": order.json()["order_id"]}
    )
    assert found == "ada@shop.test"
    bare_shop.php("wc_get_order( $args['id'] )->delete( true );", args={"id": order.json()["order_id"]})


def test_products_have_what_agents_read(bare_shop: Stack) -> None:
    key, secret = bare_shop.woocommerce_key()
    api = API(url=bare_shop.base_url, consumer_key=key, consumer_secret=secret, version="wc/v3", timeout=30)
    answer = api.get("products", params={"per_page": 100})
    assert answer.status_code == 200, answer.text
    products = answer.json()
    assert int(answer.headers["X-WP-Total"]) == len(products) == 18
    assert all(product["images"] for product in products)
    beanie = next(product for product in products if product["sku"] == "woo-beanie")
    assert beanie["manage_stock"] is True
    assert beanie["stock_quantity"] > 0
    assert float(beanie["cost_of_goods_sold"]["total_value"]) > 0


def test_a_read_key_may_not_write(bare_shop: Stack) -> None:
    key, secret = bare_shop.woocommerce_key("read")
    api = API(url=bare_shop.base_url, consumer_key=key, consumer_secret=secret, version="wc/v3", timeout=30)
    assert api.post("products", {"name": "No"}).status_code == 401
    # Over plain HTTP WooCommerce takes signatures only, never the key itself.
    basic = requests.get(
        bare_shop.base_url + "/wp-json/wc/v3/products", auth=HTTPBasicAuth(key, secret), timeout=30
    )
    assert basic.status_code == 401


@pytest.mark.parametrize(
    ("login", "status"), [("admin", 200), ("shopmanager", 200), ("editor", 403), ("customer", 403)]
)
def test_people_have_their_rights(bare_shop: Stack, login: str, status: int) -> None:
    assert bare_shop.person(login).rest("GET", "/wc/v3/orders").status_code == status


def test_php_that_dies_raises(bare_shop: Stack) -> None:
    with pytest.raises(PhpError):
        bare_shop.php("die( 'gone' );")
    with pytest.raises(PhpError, match="no_such_function"):
        bare_shop.php("return no_such_function();")


def test_php_runs_as_the_named_person(bare_shop: Stack) -> None:
    assert bare_shop.php("return current_user_can( 'manage_woocommerce' );", user="shopmanager") is True
    assert bare_shop.php("return current_user_can( 'manage_woocommerce' );", user="editor") is False


def test_the_web_server_comes_back_at_the_same_address(bare_shop: Stack) -> None:
    address = bare_shop.base_url
    bare_shop.kill_web()
    with pytest.raises(requests.ConnectionError):
        requests.get(address, timeout=5)
    bare_shop.start_web()
    assert bare_shop.base_url == address
    assert requests.get(address + "/wp-json/", timeout=30).json()["url"] == address
