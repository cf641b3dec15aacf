"""Routes that write products and variations; importing this module adds them to the products blueprint."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from sidecar.demo.rest.batch import batch
from sidecar.demo.rest.product_render import render, render_variations
from sidecar.demo.rest.product_writes import create, delete, update
from sidecar.demo.rest.products import bp, find, find_parent, find_to_write, find_variation
from sidecar.demo.rest.wire import answer, body, db, transaction

WRITES = ["PUT", "PATCH", "POST"]


def _force() -> bool:
    return request.args.get("force", "").lower() in ("true", "1")


def _product(product_id: int) -> dict[str, Any]:
    return render(db(), [find(db(), product_id)])[0]


def _variation(parent_id: int, variation_id: int) -> dict[str, Any]:
    return render_variations(db(), [find_variation(db(), parent_id, variation_id)])[0]


def _update(product_id: int, fields: dict[str, Any]) -> dict[str, Any]:
    update(db(), find_to_write(db(), product_id), fields)
    return _product(product_id)


def _delete(product_id: int, force: bool) -> dict[str, Any]:
    shown = _product(product_id)
    delete(db(), find(db(), product_id), force)
    return shown


def _update_variation(parent_id: int, variation_id: int, fields: dict[str, Any]) -> dict[str, Any]:
    update(db(), find_variation(db(), parent_id, variation_id), fields)
    return _variation(parent_id, variation_id)


def _delete_variation(parent_id: int, variation_id: int) -> dict[str, Any]:
    shown = _variation(parent_id, variation_id)
    delete(db(), find_variation(db(), parent_id, variation_id), force=True)
    return shown


@bp.post("")
def create_product() -> Response:
    """Make a product."""
    fields = body()
    with transaction(db()):
        row = create(db(), fields)
    return answer(_product(row["id"]), 201)


@bp.route("/<int:product_id>", methods=WRITES)
def update_product(product_id: int) -> Response:
    """Change a product."""
    fields = body()
    with transaction(db()):
        return answer(_update(product_id, fields))


@bp.delete("/<int:product_id>")
def delete_product(product_id: int) -> Response:
    """Trash a product, or delete it with force=true."""
    with transaction(db()):
        return answer(_delete(product_id, _force()))


@bp.post("/batch")
def batch_products() -> Response:
    """Create, update and delete up to 100 products."""
    acts = {
        "create": lambda item: _product(create(db(), item)["id"]),
        "update": lambda item: _update(int(item.get("id", 0)), item),
        "delete": lambda item: _delete(int(item.get("id", 0)), force=True),
    }
    return answer(batch(db(), body(), acts))


@bp.post("/<int:product_id>/variations")
def create_variation(product_id: int) -> Response:
    """Make a variation."""
    fields = body()
    with transaction(db()):
        row = create(db(), fields, find_parent(db(), product_id))
        return answer(_variation(product_id, row["id"]), 201)


@bp.route("/<int:product_id>/variations/<int:variation_id>", methods=WRITES)
def update_variation(product_id: int, variation_id: int) -> Response:
    """Change a variation."""
    fields = body()
    with transaction(db()):
        return answer(_update_variation(product_id, variation_id, fields))


@bp.delete("/<int:product_id>/variations/<int:variation_id>")
def delete_variation(product_id: int, variation_id: int) -> Response:
    """Delete a variation."""
    with transaction(db()):
        return answer(_delete_variation(product_id, variation_id))


@bp.post("/<int:product_id>/variations/batch")
def batch_variations(product_id: int) -> Response:
    """Create, update and delete up to 100 variations of one product."""
    parent = find_parent(db(), product_id)
    acts = {
        "create": lambda item: _variation(product_id, create(db(), item, parent)["id"]),
        "update": lambda item: _update_variation(product_id, int(item.get("id", 0)), item),
        "delete": lambda item: _delete_variation(product_id, int(item.get("id", 0))),
    }
    return answer(batch(db(), body(), acts))
