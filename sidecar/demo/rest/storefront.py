"""What a shopper sees: a list of products and a product page, to look at prices before and after."""

from __future__ import annotations

from flask import Blueprint, abort, render_template_string

from sidecar.demo.rest.product_render import render, render_variations
from sidecar.demo.rest.wire import db
from sidecar.demo.schema import get_option

bp = Blueprint("storefront", __name__)
HEAD = (
    "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    "<title>{{ title }}</title><style>body{font:16px/1.5 system-ui;max-width:50rem;margin:2rem "
    "auto;padding:0 1rem}"
    "del{color:#767676}td,th{text-align:left;padding:.2rem 1rem .2rem 0}img{width:64px;height:64px}</style>"
)
LIST = HEAD + (
    "<h1>{{ title }}</h1><table><tr><th>Product<th>Price<th>Stock</tr>{% for p in products %}"
    "<tr><td><a href='/product/{{ p.slug }}/'>{{ p.name }}</a><td>€{{ p.price }}<td>{{ p.stock_status }}</tr>"
    "{% endfor %}</table>"
)
PAGE = HEAD + (
    "<p><a href='/'>All products</a><h1>{{ p.name }}</h1>{% if p.images %}<img src='{{ p.images[0].src }}' "
    "alt='{{ p.images[0].alt }}'>{% endif %}<p class=price>{% if p.on_sale and p.sale_price %}"
    "<del>€{{ p.regular_price }}</del> {% endif %}<strong>€{{ p.price }}</strong><p>{{ p.short_description }}"
    "{% if variations %}<table><tr><th>Variation<th>Price<th>Stock</tr>{% for v in variations %}"
    "<tr><td>{{ v.name }}<td>{% if v.on_sale %}<del>€{{ v.regular_price }}</del> {% endif %}€{{ v.price }}"
    "<td>{{ v.stock_quantity }}</tr>{% endfor %}</table>{% endif %}"
)


@bp.get("/")
def index() -> str:
    """The newest products."""
    con = db()
    rows = con.execute(
        "SELECT * FROM products WHERE parent_id = 0 ORDER BY date_created DESC LIMIT 60"
    ).fetchall()
    return render_template_string(LIST, title=get_option(con, "name"), products=render(con, rows))


@bp.get("/product/<slug>/")
def product(slug: str) -> str:
    """One product with its price."""
    con = db()
    row = con.execute("SELECT * FROM products WHERE slug = ? AND parent_id = 0", (slug,)).fetchone()
    if row is None:
        abort(404)
    children = con.execute("SELECT * FROM products WHERE parent_id = ? ORDER BY id", (row["id"],)).fetchall()
    shown = render(con, [row])[0]
    return render_template_string(
        PAGE, title=shown["name"], p=shown, variations=render_variations(con, children)
    )
