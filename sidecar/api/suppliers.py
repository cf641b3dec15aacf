"""What the owner keeps for buying stock: suppliers, terms, overrides of forecasts, places of stock."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from flask import Response
from pydantic import Field, StringConstraints, field_validator, model_validator

from sidecar.api import once
from sidecar.api import stock_shapes as shapes
from sidecar.api.access import access, caller, person, runtime
from sidecar.api.group import OK, created, group, said, text
from sidecar.api.models import ID, Model
from sidecar.runtime import locations, overrides, stock_imports, suppliers, supplies
from sidecar.runtime.terms import OF_SUPPLY

bp = group("suppliers", "Suppliers, terms of purchase, overrides, places of stock.", "/api/v1/inventory")

MAIL = re.compile(r"^[^\s@<>,;:\"\\()\[\]]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$")
TOP_ID = 2**53 - 1
MOST_PIECES = stock_imports.MOST_PIECES
CSV = "text/csv"
Name = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$"
    ),
]  # fmt: skip
Line = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")
]  # fmt: skip
Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2_000)]
Sheet = Annotated[str, StringConstraints(min_length=1, max_length=8_000_000)]


def _limits(name: str) -> dict[str, Any]:
    term = OF_SUPPLY[name]
    return {"ge": term.low, "le": term.high}


class SupplierPath(Model):
    """A supplier's id."""

    id: str = Field(pattern=ID)


class OverridePath(Model):
    """An override's id."""

    id: str = Field(pattern=ID)


class LocationPath(Model):
    """A place's id."""

    id: str = Field(pattern=ID)


class ItemPath(Model):
    """A variation's id, or a simple product's."""

    item_id: int = Field(ge=1, le=TOP_ID)


class PlacedItemPath(LocationPath, ItemPath):
    """An item at a place."""


class Terms(Model):
    """Terms of purchase; what is absent or null is as the next wider one says."""

    lead_days: int | None = Field(None, **_limits("lead_days"), description="Days from order to arrival.")
    lead_spread_days: float | None = Field(
        None, **_limits("lead_spread_days"), allow_inf_nan=False, description="Standard deviation of them."
    )
    review_days: int | None = Field(
        None, **_limits("review_days"), description="Days between two looks at what to order."
    )
    service_level: float | None = Field(
        None, **_limits("service_level"), allow_inf_nan=False, description="0.95: 95 of 100 times in stock."
    )


class PackTerms(Terms):
    """Terms with the sizes of orders."""

    moq: int | None = Field(None, **_limits("moq"), description="Smallest number of pieces of an order.")
    pack: int | None = Field(None, **_limits("pack"), description="Pieces come in multiples of this.")


class SupplierBody(Terms):
    """A supplier; all values are put in the place of the former ones."""

    name: Name
    contact: Line = Field("", description="Who reads the orders.")
    email: Annotated[str, StringConstraints(strip_whitespace=True, max_length=254)] = ""
    phone: Annotated[Line, StringConstraints(max_length=60)] = ""
    note: Words = Field("", description="For the shop only.")
    min_order: Decimal | None = Field(
        None, gt=0, le=100_000_000, decimal_places=4, description="Least money of an order."
    )

    @field_validator("email")
    @classmethod
    def _is_mail(cls, email: str) -> str:
        if email and not MAIL.match(email):
            raise ValueError("must be one e-mail address")
        return email


class SupplyBody(PackTerms):
    """An item's own terms; all values are put in the place of the former ones."""

    supplier_id: str | None = Field(None, pattern=ID)
    supplier_sku: Line = Field("", description="What the supplier calls it.")
    cost: Decimal | None = Field(
        None,
        gt=0,
        le=100_000_000,
        decimal_places=4,
        description="What a piece costs, in the shop's currency.",
    )


class SuppliesQuery(Model):
    """Which items with terms of their own."""

    supplier_id: str | None = Field(None, pattern=ID)
    item_id: int | None = Field(None, ge=1, le=TOP_ID)
    limit: int = Field(50, ge=1, le=200)
    cursor: int | None = Field(None, ge=0, le=TOP_ID, description="`next` of the page before.")


class ImportBody(Model):
    """A CSV file's text; with `dry_run` nothing is kept."""

    csv: Sheet
    dry_run: bool = False


class OverridesQuery(Model):
    """Which overrides."""

    item_id: int | None = Field(None, ge=1, le=TOP_ID)


class OverrideBody(Model):
    """What holds instead of the forecast on these days; one of `factor` and `per_day`."""

    item_id: int = Field(ge=1, le=TOP_ID)
    first_day: date
    last_day: date = Field(description="Included.")
    factor: float | None = Field(None, ge=0, le=100, allow_inf_nan=False, description="Times the forecast.")
    per_day: float | None = Field(None, ge=0, le=1_000_000, allow_inf_nan=False, description="Pieces a day.")
    why: Annotated[str, StringConstraints(strip_whitespace=True, max_length=300)] = ""

    @field_validator("first_day", "last_day", mode="before")
    @classmethod
    def _is_day(cls, day: Any) -> Any:
        if not isinstance(day, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", day):
            raise ValueError("must be a day such as 2026-12-24")
        return day

    @model_validator(mode="after")
    def _one_of(self) -> OverrideBody:
        if (self.factor is None) == (self.per_day is None):
            raise ValueError("one of factor and per_day is needed")
        return self

    def given(self) -> dict[str, Any]:
        """As the runtime takes it."""
        kind: Literal["factor", "per_day"] = "per_day" if self.factor is None else "factor"
        value = self.per_day if self.factor is None else self.factor
        return self.model_dump(exclude={"factor", "per_day"}) | {"kind": kind, "value": value}


class LocationBody(Model):
    """A place of stock; all values are put in the place of the former ones."""

    name: Name
    share: float | None = Field(
        None, ge=0, le=1, allow_inf_nan=False, description="Part of the shop's demand that is served here."
    )
    counted: bool = Field(True, description="Whether WooCommerce's stock contains what lies here.")


class PiecesBody(Model):
    """How many pieces there are."""

    quantity: int = Field(ge=0, le=MOST_PIECES)


def csv_file(name: str, body: str) -> Response:
    """A CSV file to keep."""
    head = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return Response(body, mimetype=CSV, headers=head)


@bp.get("/suppliers", responses=said(shapes.Suppliers))
@access("products:read")
def list_suppliers() -> Any:
    """All suppliers by name"""
    return {"ok": True, "items": suppliers.listed(runtime(), caller().shop_id)}


@bp.post("/suppliers", responses=created(shapes.SupplierMade))
@access("person")
def add_supplier(body: SupplierBody) -> Any:
    """A new supplier"""
    asked = once.asked()
    new = suppliers.make(runtime(), caller().shop_id, body.model_dump(), person(), asked)
    return once.answer(asked, supplier=new)


@bp.get("/suppliers/<id>", responses=said(shapes.OneSupplier))
@access("products:read")
def get_supplier(path: SupplierPath) -> Any:
    """One supplier"""
    return {"ok": True, "supplier": suppliers.get(runtime(), caller().shop_id, path.id)}


@bp.put("/suppliers/<id>", responses=said(shapes.OneSupplier))
@access("person")
def change_supplier(path: SupplierPath, body: SupplierBody) -> Any:
    """Change a supplier"""
    new = suppliers.change(runtime(), caller().shop_id, path.id, body.model_dump(), person())
    return {"ok": True, "supplier": new}


@bp.delete("/suppliers/<id>", responses=OK)
@access("person")
def remove_supplier(path: SupplierPath) -> Any:
    """Take a supplier out; items keep their own terms"""
    suppliers.remove(runtime(), caller().shop_id, path.id, person())
    return {"ok": True}


@bp.get("/supplies", responses=said(shapes.SupplyPage))
@access("products:read")
def list_supplies(query: SuppliesQuery) -> Any:
    """Items with terms of their own, by id"""
    return {"ok": True, **supplies.page(runtime(), caller().shop_id, **query.model_dump())}


@bp.get("/supplies.csv", responses=text(CSV))
@access("products:read")
def export_supplies() -> Any:
    """All items with their own terms, as CSV"""
    return csv_file("supplies.csv", supplies.export(runtime(), caller().shop_id))


@bp.post("/supplies/import", responses=said(shapes.SuppliesImported))
@access("person")
def import_supplies(body: ImportBody) -> Any:
    """Take terms from a CSV file; good rows are kept, bad ones are named"""
    shop_id = caller().shop_id
    report = stock_imports.import_supplies(runtime(), shop_id, body.csv, person(), dry_run=body.dry_run)
    return {"ok": True, **report}


@bp.get("/supplies/<int:item_id>", responses=said(shapes.OneSupply))
@access("products:read")
def get_supply(path: ItemPath) -> Any:
    """What holds for one item, and what stands at the item itself"""
    return {"ok": True, **supplies.get(runtime(), caller().shop_id, path.item_id)}


@bp.put("/supplies/<int:item_id>", responses=said(shapes.OneSupply))
@access("person")
def put_supply(path: ItemPath, body: SupplyBody) -> Any:
    """Set an item's own terms"""
    given, shop_id = body.model_dump(), caller().shop_id
    return {"ok": True, **supplies.put(runtime(), shop_id, path.item_id, given, person())}


@bp.get("/defaults", responses=said(shapes.Defaults))
@access("products:read")
def get_defaults() -> Any:
    """What holds for items without terms of their own"""
    return {"ok": True, **supplies.defaults(runtime(), caller().shop_id)}


@bp.put("/defaults", responses=said(shapes.Defaults))
@access("person")
def put_defaults(body: PackTerms) -> Any:
    """Set what holds for items without terms of their own"""
    return {"ok": True, **supplies.put_defaults(runtime(), caller().shop_id, body.model_dump(), person())}


@bp.get("/overrides", responses=said(shapes.Overrides))
@access("products:read")
def list_overrides(query: OverridesQuery) -> Any:
    """Overrides of forecasts, the latest days first"""
    return {"ok": True, "items": overrides.listed(runtime(), caller().shop_id, query.item_id)}


@bp.post("/overrides", responses=created(shapes.OverrideMade))
@access("person")
def add_override(body: OverrideBody) -> Any:
    """Say what holds instead of the forecast on some days"""
    asked = once.asked()
    new = overrides.make(runtime(), caller().shop_id, body.given(), person(), asked)
    return once.answer(asked, override=new)


@bp.delete("/overrides/<id>", responses=OK)
@access("person")
def remove_override(path: OverridePath) -> Any:
    """Let the forecast hold again"""
    overrides.remove(runtime(), caller().shop_id, path.id, person())
    return {"ok": True}


@bp.get("/locations", responses=said(shapes.Places))
@access("products:read")
def list_locations() -> Any:
    """Places of stock by name"""
    return {"ok": True, "items": locations.listed(runtime(), caller().shop_id)}


@bp.post("/locations", responses=created(shapes.PlaceMade))
@access("person")
def add_location(body: LocationBody) -> Any:
    """A new place of stock"""
    asked = once.asked()
    new = locations.make(runtime(), caller().shop_id, body.model_dump(), person(), asked)
    return once.answer(asked, location=new)


@bp.put("/locations/<id>", responses=said(shapes.OnePlace))
@access("person")
def change_location(path: LocationPath, body: LocationBody) -> Any:
    """Change a place of stock"""
    new = locations.change(runtime(), caller().shop_id, path.id, body.model_dump(), person())
    return {"ok": True, "location": new}


@bp.delete("/locations/<id>", responses=OK)
@access("person")
def remove_location(path: LocationPath) -> Any:
    """Take a place of stock out, with what was told of it"""
    locations.remove(runtime(), caller().shop_id, path.id, person())
    return {"ok": True}


@bp.get("/locations/<id>/stock", responses=said(shapes.PlaceStock))
@access("products:read")
def list_location_stock(path: LocationPath) -> Any:
    """What lies at a place"""
    return {"ok": True, "items": locations.stock(runtime(), caller().shop_id, path.id)}


@bp.get("/locations/<id>/stock.csv", responses=text(CSV))
@access("products:read")
def export_location_stock(path: LocationPath) -> Any:
    """What lies at a place, as CSV"""
    return csv_file("stock.csv", locations.export(runtime(), caller().shop_id, path.id))


@bp.put("/locations/<id>/stock/<int:item_id>", responses=said(shapes.PiecesKept))
@access("person")
def put_location_stock(path: PlacedItemPath, body: PiecesBody) -> Any:
    """Say how many pieces of an item lie at a place"""
    shop_id = caller().shop_id
    stock = locations.put_stock(runtime(), shop_id, path.id, path.item_id, body.quantity, person())
    return {"ok": True, "stock": stock}


@bp.post("/locations/<id>/stock/import", responses=said(shapes.Imported))
@access("person")
def import_location_stock(path: LocationPath, body: ImportBody) -> Any:
    """Take what lies at a place from a CSV file; good rows are kept, bad ones are named"""
    shop_id = caller().shop_id
    report = locations.import_stock(runtime(), shop_id, path.id, body.csv, person(), body.dry_run)
    return {"ok": True, **report}
