"""Records the keys and types of real WooCommerce's answers: `python -m tests.contract.record`."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from tests.contract.shops import WooCommerce, ask, lay_out
from tests.contract.values import shape
from tests.wordpress.stack import Stack

ROUTES = (
    "products",
    "products/{simple}",
    "products/{variable}",
    "products/{small}",
    "products/{variable}/variations",
    "products/{variable}/variations/{small}",
    "products/categories",
    "products/tags",
    "products/attributes",
    "products/attributes/1/terms",
    "products/reviews",
    "products/reviews/{review}",
    "orders",
    "orders/{order}",
    "orders/{refunded}/refunds",
    "orders/{refunded}/refunds/{refund}",
    "refunds",
    "customers",
    "coupons",
    "coupons/{coupon}",
    "/wp/v2/posts",
    "/wp/v2/pages",
    "/wp/v2/media",
)


def main() -> None:
    """Start a shop, make the scenario and write vectors/shapes.json."""
    target = Path(__file__).parent / "vectors" / "shapes.json"
    with (
        tempfile.TemporaryDirectory() as folder,
        Stack.create(Path(folder) / "shop", hpos=True, orders=60) as stack,
    ):
        shop = WooCommerce(stack)
        lay_out(shop)
        found = {route: shape(ask(shop, route)) for route in ROUTES}
    lines = [f" {json.dumps(route)}: {json.dumps(known, sort_keys=True)}" for route, known in found.items()]
    target.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
