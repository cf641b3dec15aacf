"""Stock decisions: the figures of the Stock page, its rows, one item, and one product's answer."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from sidecar.api import inventory_shapes as shapes
from sidecar.api.access import access, caller, person, runtime
from sidecar.api.group import OK, group, said
from sidecar.api.models import Model
from sidecar.runtime import stock_page, stock_rows

bp = group("stock", "What will sell, what to order, and what lies still.", "/api/v1/inventory")
of_product = group("recommendations", "One product's stock.", "/api/v1/ecommerce/inventory")
MOST = 2**53 - 1


class StockQuery(Model):
    """Which rows."""

    state: Literal["order", "dead", "all"] = Field(
        "all", description="What to order today, what does not sell, or all."
    )
    search: str | None = Field(None, max_length=100, description="Words of the name, SKU or id.")
    limit: int = Field(25, ge=1, le=200)
    cursor: str | None = Field(None, max_length=20, description="`next` of the page before.")


class StockPath(Model):
    """A variation's id, a simple product's, or that of a product whose variations share one stock."""

    item_id: int = Field(ge=1, le=MOST)


class LevelBody(Model):
    """A low-stock level before and after; null is the shop's own."""

    was: int | None = Field(ge=0, le=1_000_000)
    to: int | None = Field(ge=0, le=1_000_000)


class StockedProductPath(Model):
    """A product's id in WooCommerce."""

    product_id: int = Field(ge=1, le=MOST)


@bp.get("/overview", responses=said(shapes.Overview))
@access("products:read")
def get_overview() -> Any:
    """What to order, what it costs, what lies still, and how good the forecasts are"""
    return {"ok": True, **stock_page.overview(runtime(), caller().shop_id)}


@bp.get("/items", responses=said(shapes.StockPage))
@access("products:read")
def list_stock(query: StockQuery) -> Any:
    """Stocks with their forecast and order, most urgent first"""
    page = stock_rows.page(
        runtime(),
        caller().shop_id,
        state=query.state,
        search=query.search,
        limit=query.limit,
        cursor=query.cursor,
    )
    return {"ok": True, **page}


@bp.get("/items/<int:item_id>", responses=said(shapes.OneStock))
@access("products:read")
def get_stock(path: StockPath) -> Any:
    """One stock with its history, forecast, accuracy and the parts of its order"""
    return {"ok": True, **stock_page.item(runtime(), caller().shop_id, path.item_id)}


@bp.post("/items/<int:item_id>/low-stock", responses=OK)
@access("person")
def note_low_stock(path: StockPath, body: LevelBody) -> Any:
    """Note the low-stock level that a person has set in the shop"""
    stock_page.note_level(runtime(), caller().shop_id, path.item_id, body.was, body.to, person())
    return {"ok": True}


@of_product.get("/<int:product_id>/recommendations", responses=said(shapes.Recommendations))
@access("products:read")
def get_recommendations(path: StockedProductPath) -> Any:
    """One product's forecast, reorder point and order, from forecasts that were kept"""
    return {"ok": True, **stock_page.recommendations(runtime(), caller().shop_id, path.product_id)}
