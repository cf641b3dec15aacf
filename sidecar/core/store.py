"""What agents may ask of a shop: small frozen records and columnar queries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    import pandas as pd

READS = frozenset(
    {
        "products", "sales", "order_lines", "stock_days", "prices", "customers", "reviews", "categories",
        "supplies", "overrides", "locations", "incoming", "proposals",
    }
)  # fmt: skip
"""Names that `reads=` of an agent may hold."""


@dataclass(frozen=True, slots=True)
class ShopFacts:
    """What every figure needs to know about the shop."""

    currency: str
    decimals: int
    prices_include_tax: bool
    timezone: str
    cogs: bool
    hpos: bool
    locale: str = "en_US"
    decimal_separator: str | None = None
    thousand_separator: str | None = None


@dataclass(frozen=True, slots=True)
class Attribute:
    """A product attribute: its name, its options, and whether variations differ by it."""

    name: str
    options: tuple[str, ...]
    variation: bool


@dataclass(frozen=True, slots=True)
class Image:
    """A picture of a product in the media library."""

    id: int
    alt: str


@dataclass(frozen=True, slots=True)
class Product:
    """A simple or variable product as WooCommerce lists it; money in the shop's currency."""

    id: int
    type: str
    status: str
    name: str
    sku: str
    permalink: str
    regular_price: Decimal | None
    sale_price: Decimal | None
    price: Decimal | None
    sale_from: datetime | None
    sale_to: datetime | None
    manage_stock: bool
    stock: int | None
    stock_status: str
    backorders: str
    low_stock_amount: int | None
    cost: Decimal | None
    weight: str
    tax_class: str
    gtin: str
    catalog_visibility: str
    categories: tuple[int, ...]
    tags: tuple[int, ...]
    attributes: tuple[Attribute, ...]
    images: tuple[Image, ...]
    description: str
    short_description: str
    total_sales: int
    review_count: int
    created_at: datetime
    modified_at: datetime

    @property
    def resource(self) -> str:
        """Where a patch goes."""
        return f"wc/v3/products/{self.id}"


@dataclass(frozen=True, slots=True)
class Item:
    """What a shopper can buy: a simple product, or one variation of a variable one.

    `id` is the variation's id or else the product's; `stock` counts pieces and is None when WooCommerce
    does not manage it; with `stock_of_parent` the parent holds the stock for all its variations. `cost` is
    WooCommerce's cost of goods, where that is on and entered, else what the supplier takes for a piece.
    `product_sku` is the SKU of a variation's product, empty for a simple one.
    """

    id: int
    product_id: int
    variation_id: int
    name: str
    sku: str
    status: str
    permalink: str
    image_id: int | None
    regular_price: Decimal | None
    sale_price: Decimal | None
    price: Decimal | None
    sale_from: datetime | None
    sale_to: datetime | None
    stock: int | None
    stock_of_parent: bool
    stock_status: str
    backorders: str
    low_stock_amount: int | None
    cost: Decimal | None
    categories: tuple[int, ...]
    attributes: tuple[tuple[str, str], ...]
    created_at: datetime
    product_sku: str = ""

    @property
    def stock_id(self) -> int:
        """What holds its stock: itself, or its product for all variations that share it."""
        return self.product_id if self.stock_of_parent else self.id

    @property
    def resource(self) -> str:
        """Where a patch goes; a variation has a resource of its own."""
        parent = f"wc/v3/products/{self.product_id}"
        return f"{parent}/variations/{self.variation_id}" if self.variation_id else parent


@dataclass(frozen=True, slots=True)
class Category:
    """A product category."""

    id: int
    parent: int
    name: str
    slug: str
    count: int


@dataclass(frozen=True, slots=True)
class Supply:
    """From whom an item is bought and on what terms: the item's own, else the supplier's, else the shop's.

    `cost` is what the supplier takes for a piece and `min_order` for an order at least, both in the shop's
    currency; None = not known. `lead_spread_days` is a standard deviation. `service_given` says whether
    somebody entered the service level; else it is the built-in one.
    """

    item_id: int
    supplier_id: str | None
    supplier_name: str
    supplier_sku: str
    cost: Decimal | None
    min_order: Decimal | None
    lead_days: int
    lead_spread_days: float
    review_days: int
    service_level: float
    moq: int
    pack: int
    service_given: bool = True


@dataclass(frozen=True, slots=True)
class Supplies:
    """The terms of every item: those that somebody entered, and the shop's for all others."""

    known: dict[int, Supply]
    default: Supply

    def of(self, item_id: int) -> Supply:
        """The terms of an item."""
        return self.known.get(item_id) or replace(self.default, item_id=item_id)


@dataclass(frozen=True, slots=True)
class Override:
    """What the owner knows better than the forecast from `first` to `last`, both included.

    `kind` is `factor` (times the forecast) or `per_day` (pieces a day instead of it).
    """

    id: str
    item_id: int
    first: date
    last: date
    kind: Literal["factor", "per_day"]
    value: float
    why: str


@dataclass(frozen=True, slots=True)
class Location:
    """A place where stock lies: pieces by item.

    `counted` says whether WooCommerce's stock contains them, `share` which part of the shop's demand is
    served from here (None = not known; WooCommerce does not tell).
    """

    id: str
    name: str
    counted: bool
    share: float | None
    stock: dict[int, int]


@dataclass(frozen=True, slots=True)
class Incoming:
    """Pieces of an item that were ordered from a supplier and have not arrived; `expected` may be unknown."""

    item_id: int
    order_id: str
    quantity: int
    expected: date | None


@dataclass(frozen=True, slots=True)
class OpenProposal:
    """A proposal that waits for a person or is being applied, and one resource that it changes."""

    resource: str
    id: str
    agent: str


OrderLineColumn = Literal[
    "order_id", "day", "created_at", "product_id", "variation_id", "item_id", "quantity", "net_quantity",
    "subtotal", "total", "net_total", "currency", "customer", "coupon", "unit_price",
]  # fmt: skip
CustomerColumn = Literal[
    "customer", "country", "postcode_area", "created_at", "orders", "spent", "first_at", "last_at"
]  # fmt: skip


class Store(Protocol):
    """A shop as one run sees it: one moment, read only, only what the agent declared.

    Days are calendar days in the shop's time zone (`datetime64[ns]`, midnight, no zone). Sales count orders
    that are paid or will be (`processing`, `completed`, `on-hold`), net of refunded pieces and money; money
    columns are floats in the shop's currency; orders in other currencies are left out and named in `notes()`.
    """

    facts: ShopFacts
    generation: int

    def products(self, ids: Sequence[int] | None = None) -> Iterator[Product]:
        """All products but variations, or those of `ids`, by id. Read: `products`."""
        ...

    def items(
        self, ids: Sequence[int] | None = None, *, products: Sequence[int] | None = None
    ) -> Iterator[Item]:
        """All that can be bought, published or private, by id; `products` wants the items of these products.

        Read: `products`.
        """
        ...

    def categories(self) -> dict[int, Category]:
        """Categories by id. Read: `categories`."""
        ...

    def sales_span(self) -> tuple[date, date] | None:
        """First and last day with an order, or None without any. Read: `sales`."""
        ...

    def daily_sales(self, since: date, ids: Sequence[int] | None = None) -> pd.DataFrame:
        """A row per item and day with a sale, by item_id, day. Read: `sales`.

        Columns item_id, product_id, day, quantity, revenue, orders; ordered and value are pieces before
        returns and what they sold for before coupons, without tax. Orders in other currencies count in
        quantity and orders only.
        """
        ...

    def order_lines(
        self, columns: Sequence[OrderLineColumn], since: date, products: Sequence[int] | None = None
    ) -> pd.DataFrame:
        """One row per order line, of these products if named, the named columns. Read: `order_lines`.

        `customer` is a stable number per customer or e-mail hash.
        """
        ...

    def stock_days(self, since: date, ids: Sequence[int] | None = None) -> pd.DataFrame:
        """Days for which the stock at the day's end is known. Read: `stock_days`.

        Columns item_id, day, stock, in_stock.
        """
        ...

    def prices(self, since: date, ids: Sequence[int] | None = None) -> pd.DataFrame:
        """Columns item_id, at, regular_price, price; a row per known change. Read: `prices`."""
        ...

    def customers(self, columns: Sequence[CustomerColumn]) -> pd.DataFrame:
        """One row per customer or guest e-mail hash. Read: `customers`."""
        ...

    def reviews(self, since: date) -> pd.DataFrame:
        """Columns review_id, product_id, rating, verified, text, created_at. Read: `reviews`."""
        ...

    def supplies(self, ids: Sequence[int] | None = None) -> Supplies:
        """Suppliers and terms of purchase, of all items or of `ids`. Read: `supplies`."""
        ...

    def overrides(self, since: date) -> list[Override]:
        """Overrides of forecasts that end on that day or later, by item and day. Read: `overrides`."""
        ...

    def locations(self) -> list[Location]:
        """Places of stock by name; empty when the shop has one stock only. Read: `locations`."""
        ...

    def incoming(self) -> list[Incoming]:
        """What is still to come of purchase orders that were sent, by item. Read: `incoming`."""
        ...

    def open_proposals(self, path: str) -> list[OpenProposal]:
        """What is proposed for a field, such as `sale_price`, and still open. Read: `proposals`."""
        ...

    def notes(self) -> list[str]:
        """What the queries so far had to leave out, in plain words."""
        ...
