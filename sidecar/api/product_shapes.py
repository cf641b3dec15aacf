"""Shapes of answers about products, for the document; tests compare them with the answers."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sidecar.api.shapes import Count, Done, Maybe, Shape, Time


class Attribute(Shape):
    """An attribute, its options, and whether variations differ by it."""

    name: str
    options: list[str]
    variation: bool


class Choice(Shape):
    """The option that a variation has of an attribute."""

    name: str
    option: str


class Image(Shape):
    """A picture in the shop's media library."""

    id: int
    alt: str


class _Unit(Shape):
    id: int
    status: str
    sku: Maybe[str] = None
    stock_quantity: Maybe[float] = Field(None, description="Pieces.")
    stock_status: str
    backorders: Maybe[str] = None
    low_stock_amount: Maybe[float] = Field(None, description="Pieces.")
    manage_stock: bool | Literal["parent"]
    regular_price: Maybe[str] = None
    sale_price: Maybe[str] = None
    price: Maybe[str] = None
    sale_from: Maybe[Time] = None
    sale_to: Maybe[Time] = None
    created_at: Maybe[Time] = None
    modified_at: Maybe[Time] = None


class Variation(_Unit):
    """A variation of a product; prices are texts with the shop's decimals."""

    attributes: Maybe[list[Choice]] = None
    image_id: Maybe[int] = None


class Product(_Unit):
    """A product of the mirror; prices are texts with the shop's decimals."""

    type: str
    name: str
    permalink: Maybe[str] = None
    catalog_visibility: Maybe[str] = None
    categories: Maybe[list[int]] = None
    tags: Maybe[list[int]] = None
    attributes: Maybe[list[Attribute]] = None
    images: Maybe[list[Image]] = Field(None, description="The first is the featured one.")
    total_sales: Maybe[int] = Field(None, description="Pieces.")
    average_rating: Maybe[float] = Field(None, description="0 to 5.")
    review_count: Maybe[int] = None
    description: Maybe[str] = None
    short_description: Maybe[str] = None
    variations: Maybe[list[Variation]] = None


class Products(Done):
    """A page of products, by id; `generation` tells one state of the mirror."""

    items: list[Product]
    generation: Count
    next: Maybe[str] = None


class OneProduct(Done):
    """A product with its texts and variations."""

    product: Product
    generation: Count
