"""Products and variations as wc/v3 shows them. A page takes a handful of queries, however many rows it
has."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from typing import Any
from urllib.parse import urlencode

from sidecar.demo.rest.wire import Row, api, home, links, minor, now


def on_sale(row: Row) -> bool:
    """Whether the sale price counts at this moment."""
    if not row["sale_price"] or minor(row["sale_price"]) >= minor(row["regular_price"]):
        return False
    moment = now()
    return (not row["sale_from"] or row["sale_from"] <= moment) and (
        not row["sale_to"] or row["sale_to"] >= moment
    )


def price(row: Row) -> str:
    """What a shopper pays for a simple product or a variation; empty without a price."""
    return str(row["sale_price"] if on_sale(row) else row["regular_price"])


def paragraphs(text: str) -> str:
    """A text as a page shows it: in paragraphs, with a line feed at its end."""
    if not text:
        return ""
    return f"{text}\n" if text.startswith("<p>") else f"<p>{text}</p>\n"


def permalink(row: Row) -> str:
    """Address of the product page."""
    return f"{home()}/product/{row['slug']}/"


def _marks(values: list[int]) -> str:
    return ", ".join("?" * len(values))


def render(con: sqlite3.Connection, rows: list[Row], raw: bool = True) -> list[dict[str, Any]]:
    """Products as wc/v3 shows them; texts as stored when `raw` (context=edit), else as pages show them."""
    numbers = [row["id"] for row in rows]
    children: dict[int, list[Row]] = defaultdict(list)
    sql = f"SELECT * FROM products WHERE parent_id IN ({_marks(numbers)}) ORDER BY id"
    for child in con.execute(sql, numbers):
        children[child["parent_id"]].append(child)
    parents = {row["id"]: row for row in _parents(con, rows)}
    terms: dict[tuple[int, str], list[dict[str, Any]]] = defaultdict(list)
    sql = (
        "SELECT p.product_id, t.* FROM product_terms p JOIN terms t ON t.id = p.term_id "
        f"WHERE p.product_id IN ({_marks(numbers)}) ORDER BY t.name"
    )
    for term in con.execute(sql, numbers):
        found = {"id": term["id"], "name": term["name"], "slug": term["slug"]}
        terms[term["product_id"], term["taxonomy"]].append(found)
    pictures = _pictures(con, rows)
    shown = []
    for row in rows:
        one = _product(row, children[row["id"]], terms, pictures, raw)
        shown.append(_as_product(one, row, parents[row["parent_id"]]) if row["parent_id"] else one)
    return shown


def _parents(con: sqlite3.Connection, rows: list[Row]) -> list[Row]:
    numbers = [row["parent_id"] for row in rows if row["parent_id"]]
    return con.execute(f"SELECT * FROM products WHERE id IN ({_marks(numbers)})", numbers).fetchall()


def _as_product(shown: dict[str, Any], row: Row, parent: Row) -> dict[str, Any]:
    """A variation among the products: what it takes from its parent."""
    shown["_links"]["up"] = [{"href": api(f"wc/v3/products/{parent['id']}")}]
    shown["cost_of_goods_sold"]["defined_value_is_additive"] = False
    return shown | {
        "permalink": permalink(parent),
        "total_sales": str(row["total_sales"]),
        "parent_id": parent["id"],
        "sku": row["sku"] or parent["sku"],
        "weight": row["weight"] or parent["weight"],
    }


def _pictures(con: sqlite3.Connection, rows: list[Row]) -> dict[int, dict[str, Any]]:
    wanted = [i for row in rows for i in json.loads(row["extra"]).get("images", [])]
    sql = f"SELECT * FROM posts WHERE id IN ({_marks(wanted)})"
    return {row["id"]: picture(row) for row in con.execute(sql, wanted)}


def picture(row: Row) -> dict[str, Any]:
    """A picture as a product shows it."""
    return {
        "id": row["id"],
        **dates(row),
        "src": source(row),
        "name": row["title"],
        "alt": json.loads(row["extra"]).get("alt", ""),
    }


def source(row: Row) -> str:
    """Address of a picture's file."""
    return (
        f"{home()}/wp-content/uploads/{row['date_created'][:4]}/{row['date_created'][5:7]}/{row['slug']}.png"
    )


def dates(row: Row) -> dict[str, Any]:
    """When a row was made and changed; the shop's zone is UTC."""
    return {
        "date_created": row["date_created"],
        "date_created_gmt": row["date_created"],
        "date_modified": row["date_modified"],
        "date_modified_gmt": row["date_modified"],
    }


def _sale_dates(row: Row) -> dict[str, Any]:
    return {
        "date_on_sale_from": row["sale_from"],
        "date_on_sale_from_gmt": row["sale_from"],
        "date_on_sale_to": row["sale_to"],
        "date_on_sale_to_gmt": row["sale_to"],
    }


def _cost(row: Row) -> dict[str, Any]:
    cost = float(row["cost"]) if row["cost"] else None
    return {"values": [{"defined_value": cost, "effective_value": cost or 0}], "total_value": cost or 0}


def _stock(row: Row) -> dict[str, Any]:
    managed = bool(row["manage_stock"])
    low = row["low_stock_amount"]
    return {
        "manage_stock": managed,
        "stock_quantity": row["stock"] if managed else None,
        "backorders": row["backorders"],
        "backorders_allowed": row["backorders"] != "no",
        "backordered": row["stock_status"] == "onbackorder",
        "low_stock_amount": low,
    }


def _size(extra: dict[str, Any]) -> dict[str, str]:
    return {"length": "", "width": "", "height": "", **extra.get("dimensions", {})}


def _product(
    row: Row,
    children: list[Row],
    terms: dict[tuple[int, str], list[dict[str, Any]]],
    pictures: dict[int, Any],
    raw: bool,
) -> dict[str, Any]:
    extra = json.loads(row["extra"])
    variable = row["type"] == "variable"
    prices = sorted((minor(p), p) for p in map(price, children) if p) if variable else []
    own_price = prices[0][1] if prices else "" if variable else price(row)
    sale = any(map(on_sale, children)) if variable else on_sale(row)
    product_id = row["id"]
    shown = {
        "id": product_id,
        "name": row["name"],
        "slug": row["slug"],
        "permalink": permalink(row),
        **dates(row),
        "type": row["type"],
        "status": row["status"],
        "featured": extra.get("featured", False),
        "catalog_visibility": extra.get("catalog_visibility", "visible"),
        "description": row["description"] if raw else paragraphs(row["description"]),
        "short_description": row["short_description"] if raw else paragraphs(row["short_description"]),
        "sku": row["sku"],
        "price": own_price,
        "regular_price": "" if variable else row["regular_price"],
        "sale_price": "" if variable else row["sale_price"],
        **_sale_dates(row),
        "on_sale": sale,
        "purchasable": bool(own_price),
        "total_sales": row["total_sales"],
        "virtual": False,
        "downloadable": False,
        "downloads": [],
        "download_limit": -1,
        "download_expiry": -1,
        "external_url": "",
        "button_text": "",
        "tax_status": extra.get("tax_status", "taxable"),
        "tax_class": extra.get("tax_class", ""),
        **_stock(row),
        "sold_individually": extra.get("sold_individually", False),
        "weight": row["weight"],
        "dimensions": _size(extra),
        "shipping_required": True,
        "shipping_taxable": True,
        "shipping_class": "",
        "shipping_class_id": 0,
        "reviews_allowed": extra.get("reviews_allowed", True),
        "average_rating": row["average_rating"],
        "rating_count": row["rating_count"],
        "upsell_ids": extra.get("upsell_ids", []),
        "cross_sell_ids": extra.get("cross_sell_ids", []),
        "parent_id": 0,
        "purchase_note": extra.get("purchase_note", ""),
        "categories": terms[product_id, "product_cat"],
        "brands": [],
        "tags": terms[product_id, "product_tag"],
        "images": [pictures[i] | _shapes(pictures[i]) for i in extra.get("images", []) if i in pictures],
        "attributes": [_attribute(a) for a in extra.get("attributes", [])],
        "default_attributes": extra.get("default_attributes", []),
        "variations": [child["id"] for child in children],
        "grouped_products": [],
        "menu_order": extra.get("menu_order", 0),
        "price_html": _price_html(own_price),
        "related_ids": [],
        "meta_data": extra.get("meta_data", []),
        "stock_status": row["stock_status"],
        "has_options": variable,
        "post_password": "",
        "global_unique_id": extra.get("gtin", ""),
        "cost_of_goods_sold": _cost(row),
        "_links": links("wc/v3/products", product_id),
    }
    return shown


def _shapes(image: dict[str, Any]) -> dict[str, str]:
    return {
        "srcset": f"{image['src']} 64w",
        "sizes": "(max-width: 64px) 100vw, 64px",
        "thumbnail": image["src"],
    }


def _price_html(value: str) -> str:
    if not value:
        return ""
    symbol = '<span class="woocommerce-Price-currencySymbol" translate="no">&euro;</span>'
    return f'<span class="woocommerce-Price-amount amount"><bdi>{symbol}{value}</bdi></span>'


def _attribute(attribute: dict[str, Any]) -> dict[str, Any]:
    slug = f"pa_{attribute['name'].lower()}" if attribute["id"] else attribute["name"]
    return {**attribute, "slug": slug}


def render_variations(con: sqlite3.Connection, rows: list[Row], raw: bool = True) -> list[dict[str, Any]]:
    """Variations as wc/v3 shows them; all rows of a page have one parent."""
    if not rows:
        return []
    parent = con.execute("SELECT * FROM products WHERE id = ?", (rows[0]["parent_id"],)).fetchone()
    pictures = _pictures(con, [parent])
    first = next(iter(json.loads(parent["extra"]).get("images", [])), None)
    return [_variation(row, parent, pictures.get(first or 0), raw) for row in rows]


def _variation(row: Row, parent: Row, image: dict[str, Any] | None, raw: bool) -> dict[str, Any]:
    extra = json.loads(row["extra"])
    path = f"wc/v3/products/{parent['id']}/variations"
    chosen = extra.get("attributes", [])
    query = urlencode({f"attribute_pa_{a['name'].lower()}": a["option"].lower() for a in chosen})
    return {
        "id": row["id"],
        "type": "variation",
        **dates(row),
        "description": row["description"] if raw else paragraphs(row["description"]),
        "permalink": f"{permalink(parent)}?{query}",
        "sku": row["sku"] or parent["sku"],
        "global_unique_id": extra.get("gtin", ""),
        "price": price(row),
        "regular_price": row["regular_price"],
        "sale_price": row["sale_price"],
        **_sale_dates(row),
        "on_sale": on_sale(row),
        "status": row["status"],
        "purchasable": bool(row["regular_price"]),
        "virtual": False,
        "downloadable": False,
        "downloads": [],
        "download_limit": -1,
        "download_expiry": -1,
        "tax_status": "taxable",
        "tax_class": "",
        **_stock(row),
        "stock_status": row["stock_status"],
        "weight": row["weight"] or parent["weight"],
        "dimensions": _size(extra),
        "shipping_class": "",
        "shipping_class_id": 0,
        "image": image,
        "gallery_image_ids": [],
        "attributes": [_attribute(a) for a in chosen],
        "menu_order": extra.get("menu_order", 0),
        "meta_data": extra.get("meta_data", []),
        "name": ", ".join(a["option"] for a in chosen),
        "parent_id": parent["id"],
        "cost_of_goods_sold": {**_cost(row), "defined_value_is_additive": False},
        "_links": links(path, row["id"], up=f"wc/v3/products/{parent['id']}"),
    }
