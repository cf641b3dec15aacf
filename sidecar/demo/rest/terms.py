"""Categories, tags, and attributes with their terms."""

from __future__ import annotations

import sqlite3
from typing import Any

from flask import Blueprint, Response

from sidecar.demo.rest.checks import PAGING, RestError, boolean, choice, integer, text
from sidecar.demo.rest.wire import Row, Select, answer, answer_list, db, links, ordering, query_args

bp = Blueprint("terms", __name__, url_prefix="/wp-json/wc/v3/products")
COUNT = "(SELECT count(*) FROM product_terms p WHERE p.term_id = terms.id)"
ORDERS = {
    "id": "id",
    "include": "include",
    "name": "name COLLATE NOCASE",
    "slug": "slug",
    "term_group": "0",
    "description": "description",
    "count": COUNT,
}
ARGS = {
    **PAGING,
    "orderby": choice("id", "include", "name", "slug", "term_group", "description", "count"),
    "hide_empty": boolean,
    "parent": integer(),
    "product": integer(),
    "slug": text,
}
EXTRA = {"product_cat": {"display": "default", "image": None, "menu_order": 0}, "product_tag": {}}


@bp.get("/categories")
def list_categories() -> Response:
    """Product categories by name."""
    return _list("product_cat", "wc/v3/products/categories")


@bp.get("/categories/<int:term_id>")
def show_category(term_id: int) -> Response:
    """One category."""
    return _show("product_cat", "wc/v3/products/categories", term_id)


@bp.get("/tags")
def list_tags() -> Response:
    """Product tags by name."""
    return _list("product_tag", "wc/v3/products/tags")


@bp.get("/tags/<int:term_id>")
def show_tag(term_id: int) -> Response:
    """One tag."""
    return _show("product_tag", "wc/v3/products/tags", term_id)


def _list(taxonomy: str, path: str) -> Response:
    args, con = query_args(ARGS), db()
    query = Select("terms", ["taxonomy = ?"], [taxonomy])
    query.common(args, created=None)
    if args.get("hide_empty"):
        query.add(f"{COUNT} > 0")
    for name in ("parent", "slug"):
        if name in args:
            query.add(f"{name} = ?", args[name])
    if "product" in args:
        query.add("id IN (SELECT term_id FROM product_terms WHERE product_id = ?)", args["product"])
    if args.get("search"):
        query.add("name LIKE ?", f"%{args['search']}%")
    rows, total = query.fetch(con, args, ordering(args, ORDERS, "name", "asc"))
    return answer_list([_term(con, row, path) for row in rows], total, args)


def _show(taxonomy: str, path: str, term_id: int) -> Response:
    row = db().execute("SELECT * FROM terms WHERE id = ? AND taxonomy = ?", (term_id, taxonomy)).fetchone()
    if row is None:
        raise RestError("woocommerce_rest_term_invalid", "Resource does not exist.", 404)
    return answer(_term(db(), row, path))


def _term(con: sqlite3.Connection, row: Row, path: str) -> dict[str, Any]:
    sql = f"SELECT {COUNT} FROM terms WHERE id = ?"
    found: dict[str, Any] = {"id": row["id"], "name": row["name"], "slug": row["slug"]}
    if row["taxonomy"] == "product_cat":
        found["parent"] = row["parent"]
    found["description"] = row["description"]
    found |= EXTRA.get(row["taxonomy"], {"menu_order": 0})
    found["count"] = con.execute(sql, (row["id"],)).fetchone()[0]
    up = f"{path}/{row['parent']}" if row["parent"] else None
    return {**found, "_links": links(path, row["id"], up=up)}


@bp.get("/attributes")
def list_attributes() -> Response:
    """The shop's attributes; the list has one page, whatever is asked."""
    rows = db().execute("SELECT * FROM attributes ORDER BY name").fetchall()
    return answer_list([_attribute(row) for row in rows], len(rows), {"per_page": max(1, len(rows))})


@bp.get("/attributes/<int:attribute_id>")
def show_attribute(attribute_id: int) -> Response:
    """One attribute."""
    return answer(_attribute(_find_attribute(attribute_id, "Resource does not exist.")))


def _find_attribute(attribute_id: int, message: str) -> Row:
    row: Row | None = db().execute("SELECT * FROM attributes WHERE id = ?", (attribute_id,)).fetchone()
    if row is None:
        raise RestError("woocommerce_rest_taxonomy_invalid", message, 404)
    return row


def _attribute(row: Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "name": row["name"],
        "slug": row["slug"],
        "type": "select",
        "order_by": "menu_order",
        "has_archives": False,
        "_links": links("wc/v3/products/attributes", row["id"]),
    }


@bp.get("/attributes/<int:attribute_id>/terms")
def list_attribute_terms(attribute_id: int) -> Response:
    """Terms of an attribute."""
    attribute = _find_attribute(attribute_id, "Taxonomy does not exist.")
    return _list(attribute["slug"], f"wc/v3/products/attributes/{attribute_id}/terms")
