"""The two shops behind one face: requests with a key, changes by the pen, and one scenario."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
from woocommerce import API

from sidecar.core.changes import canonical_json
from sidecar.demo.changes.target import WriteError
from sidecar.demo.shop import DemoShop
from tests.wordpress.stack import Stack

Json = dict[str, Any]


@dataclass
class Shop:
    """What the suite does with a shop; `ids` names the scenario's things, such as `ids["simple"]`."""

    name: str
    url: str
    key: tuple[str, str]
    read_key: tuple[str, str]
    ids: dict[str, Any] = field(default_factory=dict)

    def rest(
        self, method: str, path: str, body: Any = None, *, read: bool = False, **params: Any
    ) -> requests.Response:
        """One wc/v3 request signed by OAuth1, as over http."""
        key, secret = self.read_key if read else self.key
        api = API(self.url, key, secret, version="wc/v3", timeout=60)
        answer: requests.Response = api._API__request(method, path, body, params=params)
        return answer

    def anonymous(self, method: str, path: str, **options: Any) -> requests.Response:
        """One request without any key; `path` starts behind /wp-json."""
        return requests.request(method, f"{self.url}/wp-json{path}", timeout=60, **options)

    def get(self, path: str, **params: Any) -> Any:
        """The JSON of a read that must succeed."""
        answer = self.rest("GET", path, **params)
        assert answer.ok, answer.text
        return answer.json()

    def send(self, method: str, path: str, body: Any) -> Any:
        """The JSON of a write that must succeed."""
        answer = self.rest(method, path, body)
        assert answer.ok, answer.text
        return answer.json()

    def apply_twice(self, proposal: str, changes: list[Json]) -> list[Json]:
        """Apply as an approved proposal, two times: each {state, results} or {code, message}."""
        raise NotImplementedError

    def undo_twice(self, proposal: str) -> list[Json]:
        """Undo, two times: each {state, results} or {code, message}."""
        raise NotImplementedError

    def digest(self, proposal: str, changes: list[Json]) -> str:
        """The digest that this side computes."""
        raise NotImplementedError

    def export(self, resource: str) -> Json:
        """One whole page of the bulk export."""
        raise NotImplementedError


class Demo(Shop):
    """The demo shop."""

    def __init__(self, shop: DemoShop) -> None:
        super().__init__("demo", shop.home, shop.write_key, shop.key)
        self.shop = shop

    def apply_twice(self, proposal: str, changes: list[Json]) -> list[Json]:
        return [self.shop.applier.apply(proposal, changes) for _ in range(2)]

    def undo_twice(self, proposal: str) -> list[Json]:
        return [self._undo(proposal) for _ in range(2)]

    def _undo(self, proposal: str) -> Json:
        try:
            return self.shop.applier.undo(proposal)
        except WriteError as error:
            return {"code": error.code, "message": error.message}

    def digest(self, proposal: str, changes: list[Json]) -> str:
        return hashlib.sha256(canonical_json({"id": proposal, "changes": changes}).encode()).hexdigest()

    def export(self, resource: str) -> Json:
        from sidecar.demo.export import page

        with self.shop.app.app_context():
            return page(self.shop.con, resource, HASH_KEY, limit=5000)


class WooCommerce(Shop):
    """Real WooCommerce with the plugin."""

    def __init__(self, stack: Stack) -> None:
        key, read_key = stack.woocommerce_key("read_write"), stack.woocommerce_key("read")
        super().__init__("woocommerce", stack.base_url, key, read_key)
        self.stack = stack

    def _php(self, code: str, **args: Any) -> Any:
        return self.stack.php(code, user="admin", args=args)

    def apply_twice(self, proposal: str, changes: list[Json]) -> list[Json]:
        found: list[Json] = self._php(
            "$changes = json_decode($args['changes']);"
            "$digest = \\DevSkyy\\Changes\\Canonical_Json::digest($args['proposal'], $changes);"
            "$apply = fn() => \\DevSkyy\\Changes\\Applier::apply($args['proposal'], $changes, $digest);"
            f"{SHOWN} return [$show($apply()), $show($apply())];",
            proposal=proposal,
            changes=json.dumps(changes),
        )
        return found

    def undo_twice(self, proposal: str) -> list[Json]:
        undo = "\\DevSkyy\\Changes\\Undo::run($args['proposal'])"
        found: list[Json] = self._php(f"{SHOWN} return [$show({undo}), $show({undo})];", proposal=proposal)
        return found

    def digest(self, proposal: str, changes: list[Json]) -> str:
        return str(
            self._php(
                "return \\DevSkyy\\Changes\\Canonical_Json::digest($args['proposal'], "
                "json_decode($args['changes']));",
                proposal=proposal,
                changes=json.dumps(changes, ensure_ascii=False),
            )
        )

    def export(self, resource: str) -> Json:
        found: Json = self._php(
            "return \\DevSkyy\\Export\\Export::page($args['resource'], "
            "['after' => 0, 'limit' => 5000, 'ids' => null, 'modified_after' => null]);",
            resource=resource,
        )
        return found


SHOWN = (
    "$show = fn($done) => is_wp_error($done) ? "
    "['code' => $done->get_error_code(), 'message' => $done->get_error_message()] : $done;"
)
HASH_KEY = b"contract-suite-key-of-32-bytes!!"


def lay_out(shop: Shop) -> None:
    """Make the scenario on a shop: what requests and vectors speak of by name."""
    mark = uuid.uuid4().hex[:6]
    category = shop.get("products/categories", per_page=100)
    shop.ids |= {f"sku_{name}": f"contract-{mark}-{name}" for name in ("simple", "second", "variable")}
    shop.ids["coupon_code"] = f"contract{mark}"
    shop.ids["picture"] = _picture(shop)
    simple = {
        "name": "Contract scarf",
        "regular_price": "20.00",
        "manage_stock": True,
        "stock_quantity": 10,
        "low_stock_amount": 2,
        "weight": "0.2",
        "sku": shop.ids["sku_simple"],
        "description": "A warm scarf.",
        "short_description": "Warm.",
        "meta_data": [{"key": "_contract", "value": "first"}],
        "categories": [{"id": category[0]["id"]}],
        "images": [{"id": shop.ids["picture"], "alt": "A scarf"}],
    }
    shop.ids["category"], shop.ids["other_category"] = category[0]["id"], category[1]["id"]
    shop.ids["simple"] = shop.send("POST", "products", simple)["id"]
    shop.ids["second"] = shop.send(
        "POST",
        "products",
        {
            "name": "Contract hat",
            "description": "<p>One.</p><p>Two &amp; <b>three</b>.</p>\n\nFour.",
            "regular_price": "30",
            "sale_price": "25",
            "date_on_sale_from_gmt": "2026-01-01T00:00:00",
            "date_on_sale_to_gmt": "2036-01-01T00:00:00",
            "sku": shop.ids["sku_second"],
        },
    )["id"]
    size = {"name": "Size", "options": ["S", "M"], "variation": True, "visible": True}
    parent = {
        "name": "Contract shirt",
        "type": "variable",
        "attributes": [size],
        "sku": shop.ids["sku_variable"],
    }
    shop.ids["variable"] = shop.send("POST", "products", parent)["id"]
    for name, option in (("small", "S"), ("medium", "M")):
        shop.ids[name] = shop.send(
            "POST",
            f"products/{shop.ids['variable']}/variations",
            {
                "regular_price": "40.00",
                "manage_stock": True,
                "stock_quantity": 5,
                "attributes": [{"name": "Size", "option": option}],
            },
        )["id"]
    coupon = {
        "code": shop.ids["coupon_code"],
        "amount": "10",
        "discount_type": "percent",
        "date_expires": "2036-01-01T00:00:00",
    }
    shop.ids["coupon"] = shop.send("POST", "coupons", coupon)["id"]
    billing = {
        "first_name": "Vera",
        "last_name": "Visitor",
        "email": "vera@shop.test",
        "country": "US",
        "postcode": "10001",
        "city": "New York",
        "address_1": "1 High Street",
    }
    order = {
        "set_paid": True,
        "payment_method": "bacs",
        "billing": billing,
        "line_items": [{"product_id": shop.ids["second"], "quantity": 2}],
        "coupon_lines": [{"code": shop.ids["coupon_code"]}],
        "shipping_lines": [{"method_id": "flat_rate", "method_title": "Flat rate", "total": "5.00"}],
    }
    made = shop.send("POST", "orders", order)
    shop.ids["order"], shop.ids["line"] = made["id"], made["line_items"][0]["id"]
    review = {
        "product_id": shop.ids["simple"],
        "review": "Warm indeed.",
        "reviewer": "Vera",
        "reviewer_email": "vera@shop.test",
        "rating": 5,
    }
    shop.ids["review"] = shop.send("POST", "products/reviews", review)["id"]
    # A refund beside the order that the requests speak of, so that its own list stays theirs.
    other = shop.send("POST", "orders", {**order, "customer_id": _customer(shop)})
    item = {"id": other["line_items"][0]["id"], "quantity": 1, "refund_total": 22.5}
    refund = {"amount": "22.50", "api_refund": False, "line_items": [item]}
    shop.ids["refunded"] = other["id"]
    shop.ids["refund"] = shop.send("POST", f"orders/{other['id']}/refunds", refund)["id"]
    # What is empty here and there: an order that nobody paid, a coupon without an end.
    shop.send("POST", "orders", {"line_items": [{"product_id": shop.ids["simple"], "quantity": 1}]})
    shop.send("POST", "coupons", {"code": f"{shop.ids['coupon_code']}-open", "amount": "5"})


def _customer(shop: Shop) -> int:
    return int(shop.get("customers", per_page=1)[0]["id"])


def _picture(shop: Shop) -> int:
    """The id of any picture that the shop already has."""
    for product in shop.get("products", per_page=100):
        if product["images"]:
            return int(product["images"][0]["id"])
    raise AssertionError("no product of this shop has a picture")


def filled(value: Any, ids: Mapping[str, Any]) -> Any:
    """A vector's value with `{simple}` and the like replaced by this shop's ids; a lone one stays a
    number."""
    if isinstance(value, str):
        if value.startswith("{") and value[1:-1] in ids:
            return ids[value[1:-1]]
        for name, number in ids.items():
            value = value.replace(f"{{{name}}}", str(number))
        return value
    if isinstance(value, dict):
        return {filled(k, ids): filled(v, ids) for k, v in value.items()}
    return [filled(v, ids) for v in value] if isinstance(value, list) else value


def ask(shop: Shop, path: str) -> Any:
    """The JSON of one route; lists with as many rows as a page takes."""
    route = filled(path, shop.ids)
    if route.startswith("/"):
        return shop.anonymous("GET", f"{route}?per_page=100").json()
    # The last part of a list's route is a word, an item's is an id.
    many = not route.rpartition("/")[2].isdigit()
    return shop.get(route, per_page=100) if many else shop.get(route)
