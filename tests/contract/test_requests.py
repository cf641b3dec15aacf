"""The same requests to both shops: status, headers, error codes and what the answers mean."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.contract.shops import Shop, filled
from tests.contract.values import at

VECTORS = json.loads((Path(__file__).parent / "vectors" / "requests.json").read_text())


@pytest.mark.parametrize("vector", VECTORS, ids=[v["name"] for v in VECTORS])
def test_request(shop: Shop, vector: dict[str, Any]) -> None:
    wanted = filled(vector, shop.ids)
    for write in wanted.get("given", []):
        shop.send("PUT", write["resource"], write["body"])
    answer = _ask(shop, wanted)
    assert answer.status_code == wanted["status"], answer.text[:500]
    for header in wanted.get("headers", []):
        assert header in answer.headers
    found = answer.json()
    if "code" in wanted:
        assert found.keys() == {"code", "message", "data"}
        assert (found["code"], found["data"]["status"]) == (wanted["code"], wanted["status"])
        if wanted["code"] == "rest_invalid_param":
            assert found["data"]["params"].keys() == found["data"]["details"].keys()
            assert found["message"] == f"Invalid parameter(s): {', '.join(found['data']['params'])}"
    if wanted.get("message"):
        assert found["message"] == wanted["message"]
    if "length" in wanted:
        assert len(found) == wanted["length"]
        if wanted["length"] == 0:
            assert int(answer.headers["X-WP-Total"]) >= 0
    if "keys" in wanted:
        assert found.keys() == set(wanted["keys"])
    for path, value in (wanted.get("values") or {}).items():
        assert at(found, path) == value, path


def _ask(shop: Shop, wanted: dict[str, Any]) -> Any:
    body = wanted.get("body")
    if not wanted.get("anonymous"):
        read = wanted.get("read", False)
        return shop.rest(wanted["method"], wanted["path"], body, read=read, **wanted.get("params", {}))
    if isinstance(body, str):
        headers = {"Content-Type": "application/json"}
        return shop.anonymous(wanted["method"], wanted["path"], data=body, headers=headers)
    return shop.anonymous(wanted["method"], wanted["path"], json=body)


def test_pages_hold_every_row_once(shop: Shop) -> None:
    first = shop.rest("GET", "orders", per_page=100)
    total, pages = int(first.headers["X-WP-Total"]), int(first.headers["X-WP-TotalPages"])
    assert pages == -(-total // 100)
    seen = [
        order["id"]
        for page in range(1, -(-total // 25) + 1)
        for order in shop.get("orders", per_page=25, page=page, orderby="id", order="asc")
    ]
    assert seen == sorted(set(seen))
    assert len(seen) == total


def test_a_signature_holds_once_and_for_its_own_request(shop: Shop) -> None:
    from woocommerce.oauth import OAuth

    address = f"{shop.url}/wp-json/wc/v3/products/{shop.ids['simple']}"
    signed = OAuth(
        url=address,
        consumer_key=shop.key[0],
        consumer_secret=shop.key[1],
        version="wc/v3",
        method="GET",
        oauth_timestamp=_now(),
    ).get_oauth_url()
    path = signed.removeprefix(f"{shop.url}/wp-json")
    assert shop.anonymous("GET", path).status_code == 200
    again = shop.anonymous("GET", path)
    assert (again.status_code, again.json()["code"]) == (401, "woocommerce_rest_authentication_error")
    other = shop.anonymous("GET", path.replace(str(shop.ids["simple"]), str(shop.ids["second"]), 1))
    assert other.status_code == 401
    late = OAuth(
        url=address,
        consumer_key=shop.key[0],
        consumer_secret=shop.key[1],
        version="wc/v3",
        method="GET",
        oauth_timestamp=_now() - 3600,
    ).get_oauth_url()
    refused = shop.anonymous("GET", late.removeprefix(f"{shop.url}/wp-json"))
    assert (refused.status_code, refused.json()["message"]) == (401, "Invalid timestamp.")


def _now() -> int:
    import time

    return int(time.time())
