"""The shop's products as the mirror holds them; reading only."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from sidecar.api import product_shapes as shapes
from sidecar.api.access import access, caller, runtime
from sidecar.api.group import group, said
from sidecar.api.models import Model
from sidecar.runtime import products

bp = group("products", "Products as the mirror holds them.", "/api/v1/ecommerce/products")


class ProductsQuery(Model):
    """Which products."""

    status: Literal["publish", "private", "draft", "pending", "future", "trash"] | None = Field(
        None, description="Only products of this status."
    )
    limit: int = Field(25, ge=1, le=100)
    cursor: str | None = Field(None, max_length=20, description="`next` of the page before.")


class ProductPath(Model):
    """A product's id in WooCommerce."""

    id: int = Field(ge=1, le=2**53 - 1)


@bp.get("", responses=said(shapes.Products))
@access("products:read")
def list_products(query: ProductsQuery) -> Any:
    """Products by id, without their long texts"""
    page = products.page(
        runtime(), caller().shop_id, status=query.status, limit=query.limit, cursor=query.cursor
    )
    return {"ok": True, **page}


@bp.get("/<id>", responses=said(shapes.OneProduct))
@access("products:read")
def get_product(path: ProductPath) -> Any:
    """One product with its texts and variations"""
    return {"ok": True, **products.get(runtime(), caller().shop_id, path.id)}
