"""Shapes of answers about products, for the document; tests compare them with the answers."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from sidecar.api.shapes import Count, Done, Maybe, Time


class _Unit(BaseModel):
    id: int
    status: str
    sku: Maybe[str] = None
    stock_quantity: Maybe[float] = Field(None, description="Pieces.")
    stock_status: str
    backorders: Maybe[str] = None
    low_stock_amount: Maybe[float] = None
    manage_stock: bool | Literal["parent"]
    regular_price: Maybe[str] = None
    sale_price: Maybe[str] = None
    price: Maybe[str] = None
    sale_from: Maybe[Time] = None
    sale_to: Maybe[Time] = None
    created_at: Maybe[Time] = None
    modified_at: Maybe[Time] = None
    attributes: Maybe[Any] = None


class Variation(_Unit):
    """A variation of a product; prices are texts with the shop's decimals."""

    image_id: Maybe[int] = None


class Product(_Unit):
    """A product of the mirror; prices are texts with the shop's decimals."""

    type: str
    name: str
    permalink: Maybe[str] = None
    catalog_visibility: Maybe[str] = None
    categories: Maybe[list[int]] = None
    tags: Maybe[list[int]] = None
    images: Maybe[list[Any]] = None
    total_sales: Maybe[int] = None
    average_rating: Maybe[float] = None
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
