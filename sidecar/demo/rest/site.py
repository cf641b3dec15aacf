"""The shop's settings and health as wc/v3 shows them, the REST index, and wp/v2 posts, pages and media."""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from typing import Any

from flask import Blueprint, Response, request

from sidecar.demo.gen.words import COLOURS
from sidecar.demo.outbox import emit
from sidecar.demo.rest.auth import INTERNAL
from sidecar.demo.rest.checks import DATES, PAGING, RestError, choice, choices, ids, text
from sidecar.demo.rest.product_render import source
from sidecar.demo.rest.wire import Row, Select, answer, answer_list, api, body, db, home, ordering, query_args
from sidecar.demo.schema import get_option

bp = Blueprint("site", __name__, url_prefix="/wp-json")
files = Blueprint("files", __name__)
VERSIONS = {"wordpress": "7.1", "woocommerce": "11.0.1", "php": "8.2.0"}
GENERAL = (
    ("woocommerce_store_address", "Address line 1", "text", "1 Mill Lane"),
    ("woocommerce_store_city", "City", "text", "Berlin"),
    ("woocommerce_default_country", "Country / State", "select", "DE"),
    ("woocommerce_store_postcode", "Postcode / ZIP", "text", "10115"),
    ("woocommerce_calc_taxes", "Enable taxes", "checkbox", "no"),
    ("woocommerce_enable_coupons", "Enable coupons", "checkbox", "yes"),
    ("woocommerce_currency", "Currency", "select", "EUR"),
    ("woocommerce_currency_pos", "Currency position", "select", "left"),
    ("woocommerce_price_thousand_sep", "Thousand separator", "text", ","),
    ("woocommerce_price_decimal_sep", "Decimal separator", "text", "."),
    ("woocommerce_price_num_decimals", "Number of decimals", "number", "2"),
)
ORDERS = {
    "date": "date_created",
    "id": "id",
    "include": "include",
    "modified": "date_modified",
    "title": "title COLLATE NOCASE",
    "slug": "slug",
}
ARGS = {
    **PAGING,
    **DATES,
    "orderby": choice(
        "author", "date", "id", "include", "modified", "parent", "relevance", "slug", "include_slugs", "title"
    ),
    "slug": text,
    "status": choices("publish", "future", "draft", "pending", "private", "trash", "inherit", "any"),
    "parent": ids,
}


@bp.get("/")
def index() -> Response:
    """What the site is and which namespaces it answers."""
    namespaces = ["wc/v3", "wp/v2", "devskyy/v1"]
    name = get_option(db(), "name")
    return answer(
        {
            "name": name,
            "description": "",
            "url": home(),
            "home": home(),
            "gmt_offset": 0,
            "timezone_string": "UTC",
            "namespaces": namespaces,
            "authentication": [],
            "routes": {},
        }
    )


@bp.get("/wc/v3/settings/general")
def list_settings() -> Response:
    """General settings, as many as a sync needs."""
    return answer([_setting(*setting) for setting in GENERAL])


@bp.get("/wc/v3/settings/general/<name>")
def show_setting(name: str) -> Response:
    """One general setting."""
    for setting in GENERAL:
        if setting[0] == name:
            return answer({**_setting(*setting), "group_id": "general"})
    raise RestError("rest_setting_setting_invalid", "Invalid setting.", 404)


def _setting(name: str, label: str, kind: str, value: str) -> dict[str, Any]:
    path = "wc/v3/settings/general"
    allow = ["GET", "POST", "PUT", "PATCH"]
    here = [{"href": api(f"{path}/{name}"), "targetHints": {"allow": allow}}]
    return {
        "id": name,
        "label": label,
        "description": label,
        "type": kind,
        "default": "",
        "tip": label,
        "value": value,
        "_links": {"self": here, "collection": [{"href": api(path)}]},
    }


@bp.get("/wc/v3/system_status")
def system_status() -> Response:
    """The part of the status report that tells versions, currency and order storage."""
    facts = get_option(db(), "facts")
    plugins = [
        {"plugin": f"{slug}/{slug}.php", "name": name, "version": version}
        for slug, name, version in (
            ("woocommerce", "WooCommerce", VERSIONS["woocommerce"]),
            ("devskyy", "DevSkyy", "0.1.0"),
        )
    ]
    return answer(
        {
            "environment": {
                "home_url": home(),
                "site_url": home(),
                "version": VERSIONS["woocommerce"],
                "wp_version": VERSIONS["wordpress"],
                "wp_multisite": False,
                "php_version": VERSIONS["php"],
                "default_timezone": "UTC",
                "language": facts["locale"],
            },
            "database": {"wc_database_version": VERSIONS["woocommerce"], "database_prefix": "wp_"},
            "active_plugins": plugins,
            "inactive_plugins": [],
            "theme": {"name": "Twenty Twenty-Five", "version": "1.3", "is_block_theme": True},
            "settings": {
                "api_enabled": True,
                "force_ssl": False,
                "currency": facts["currency"],
                "currency_symbol": "&euro;",
                "currency_position": "left",
                "thousand_separator": ",",
                "decimal_separator": ".",
                "number_of_decimals": facts["decimals"],
                "order_datastore": "OrdersTableDataStore",
                "HPOS_enabled": facts["hpos"],
            },
            "security": {"secure_connection": home().startswith("https"), "hide_errors": True},
            "pages": [],
            "post_type_counts": [],
        }
    )


@bp.get("/wp/v2/<any(posts, pages, media):kind>")
def list_posts(kind: str) -> Response:
    """Published posts, pages, or pictures; open to everybody."""
    args, con = query_args(ARGS), db()
    query = Select("posts", ["type = ?"], [TYPES[kind]])
    query.common(args)
    if kind != "media":
        query.add("status = 'publish'")
    if args.get("slug"):
        query.among("slug", args["slug"].split(","))
    if args.get("parent"):
        query.among("parent", args["parent"])
    if args.get("search"):
        query.add("(title LIKE ? OR content LIKE ?)", *[f"%{args['search']}%"] * 2)
    by = args.get("orderby", "date")
    args["orderby"] = by if by in ORDERS else "date"
    rows, total = query.fetch(con, args, ordering(args, ORDERS, "date"))
    if not rows and args.get("page", 1) > 1:
        message = "The page number requested is larger than the number of pages available."
        raise RestError("rest_post_invalid_page_number", message, 400)
    return answer_list([_post(kind, row) for row in rows], total, args)


@bp.get("/wp/v2/<any(posts, pages, media):kind>/<int:post_id>")
def show_post(kind: str, post_id: int) -> Response:
    """One post, page or picture."""
    row = db().execute("SELECT * FROM posts WHERE id = ? AND type = ?", (post_id, TYPES[kind])).fetchone()
    if row is None:
        raise RestError("rest_post_invalid_id", "Invalid post ID.", 404)
    return answer(_post(kind, row))


@bp.route("/wp/v2/media/<int:post_id>", methods=["PUT", "PATCH", "POST"])
def update_media(post_id: int) -> Response:
    """Change a picture's alternative text; a WooCommerce key cannot, only a person."""
    if not request.environ.get(INTERNAL):
        raise RestError("rest_cannot_edit", "Sorry, you are not allowed to edit this post.", 401)
    alt, con = body().get("alt_text"), db()
    row = con.execute("SELECT * FROM posts WHERE id = ? AND type = 'attachment'", (post_id,)).fetchone()
    if row is None:
        raise RestError("rest_post_invalid_id", "Invalid post ID.", 404)
    if alt is not None:
        con.execute("UPDATE posts SET extra = ? WHERE id = ?", (json.dumps({"alt": str(alt)}), post_id))
        if row["parent"]:
            emit(con, "product.saved", "products", row["parent"])
    return show_post("media", post_id)


TYPES = {"posts": "post", "pages": "page", "media": "attachment"}


def _post(kind: str, row: Row) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": row["id"],
        "date": row["date_created"],
        "date_gmt": row["date_created"],
        "guid": {"rendered": f"{home()}/?p={row['id']}"},
        "modified": row["date_modified"],
        "modified_gmt": row["date_modified"],
        "slug": row["slug"],
        "status": row["status"],
        "type": row["type"],
        "link": f"{home()}/{row['slug']}/",
        "title": {"rendered": row["title"]},
        "author": 1,
        "featured_media": 0,
        "comment_status": "closed",
        "ping_status": "closed",
        "template": "",
        "meta": [] if kind == "media" else {"footnotes": ""},
        "class_list": [f"post-{row['id']}", row["type"], f"type-{row['type']}", f"status-{row['status']}"],
    }
    if kind == "media":
        found |= _media(row)
    else:
        found["content"] = {"rendered": row["content"], "protected": False}
        found["excerpt"] = {"rendered": f"<p>{row['excerpt']}</p>\n", "protected": False}
        found |= {"parent": 0, "menu_order": 0} if kind == "pages" else _blog()
    found["_links"] = {
        "self": [{"href": api(f"wp/v2/{kind}/{row['id']}"), "targetHints": {"allow": ["GET"]}}],
        "collection": [{"href": api(f"wp/v2/{kind}")}],
    }
    return found


def _blog() -> dict[str, Any]:
    return {"sticky": False, "format": "standard", "categories": [1], "tags": []}


def _media(row: Row) -> dict[str, Any]:
    name = source(row).rpartition("/")[2]
    return {
        "description": {"rendered": ""},
        "caption": {"rendered": ""},
        "alt_text": json.loads(row["extra"]).get("alt", ""),
        "media_type": "image",
        "mime_type": "image/png",
        "media_details": {"width": 64, "height": 64, "file": name, "filesize": 0, "sizes": {}},
        "post": row["parent"] or None,
        "source_url": source(row),
    }


@files.get("/wp-content/uploads/<int:year>/<int:month>/<name>.png")
def image(year: int, month: int, name: str) -> Response:
    """A picture: a plain square in a colour that its name picks."""
    palette = list(COLOURS.values())
    colour = palette[hashlib.sha256(name.encode()).digest()[0] % len(palette)]
    response = Response(square(colour), mimetype="image/png")
    response.headers["Cache-Control"] = "max-age=3600"
    return response


def square(colour: tuple[int, int, int], side: int = 64) -> bytes:
    """A PNG file of one colour, `side` pixels wide and high."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    row = b"\0" + bytes(colour) * side
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(row * side))
        + chunk(b"IEND", b"")
    )
