"""Writes what shoppers see: categories, products, variations, pictures, pages, posts and reviews."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sidecar.demo.gen.catalogue import Catalogue, Ints
from sidecar.demo.gen.words import (
    CATEGORIES,
    COLOURS,
    LINES,
    MATERIALS,
    STYLES,
    TAGS,
)
from sidecar.demo.schema import insert_many

GAP_FIELDS = ("description", "short_description", "images", "weight", "alt", "title", "category")
UNCATEGORISED, SIZE_ATTRIBUTE, COLOUR_ATTRIBUTE, FIRST_PRODUCT = 15, 1, 2, 101
PRODUCT_COLUMNS = (
    "id, parent_id, type, status, name, slug, sku, description, short_description, regular_price, "
    "sale_price, sale_from, sale_to, manage_stock, stock, stock_status, low_stock_amount, cost, weight, "
    "date_created, date_modified, extra"
)


@dataclass
class Content:
    """Names and ids given to the drawn products, and the gaps planted in them."""

    names: list[str]
    nouns: list[str]
    product_ids: Ints
    unit_ids: Ints
    gaps: dict[int, list[str]]
    category_ids: list[int] = field(default_factory=list)
    tag_ids: list[int] = field(default_factory=list)
    next_id: int = 0


def draw_content(catalogue: Catalogue, rng: np.random.Generator) -> Content:
    """Name the products and choose which of them lack what."""
    count = catalogue.size.products
    product_ids = np.arange(FIRST_PRODUCT, FIRST_PRODUCT + count)
    simple = ~catalogue.variable[catalogue.unit_product]
    variation_ids = FIRST_PRODUCT + count + np.cumsum(~simple) - 1
    unit_ids = np.where(simple, product_ids[catalogue.unit_product], variation_ids)
    names, nouns = _names(catalogue, rng)
    each = max(2, count // 40)
    order = rng.permutation(count)[: each * len(GAP_FIELDS)].reshape(len(GAP_FIELDS), each)
    gaps: dict[int, list[str]] = {}
    for gap, chosen in zip(GAP_FIELDS, order.tolist(), strict=True):
        for product in chosen:
            gaps.setdefault(product, []).append(gap)
    for product, missing in gaps.items():
        if "title" in missing:
            names[product] = nouns[product].split()[-1]
    next_id = int(max(product_ids[-1], variation_ids[-1])) + 1
    return Content(names, nouns, product_ids, unit_ids, gaps, next_id=next_id)


def _names(catalogue: Catalogue, rng: np.random.Generator) -> tuple[list[str], list[str]]:
    """Unique names like "Aurora Linen Wrap Dress"; a repeated one gets a number."""
    count = catalogue.size.products
    seen: dict[str, int] = {}
    names, nouns = [], []
    picks = np.stack([rng.integers(0, 10_000, count) for _ in range(4)]).T.tolist()
    for kind, (a, b, c, d) in zip(catalogue.category.tolist(), picks, strict=True):
        options = CATEGORIES[kind].nouns
        noun = options[a % len(options)]
        name = f"{LINES[b % len(LINES)]} {STYLES[c % len(STYLES)]} {MATERIALS[d % len(MATERIALS)]} {noun}"
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name} {seen[name]}")
        nouns.append(noun)
    return names, nouns


def slug(text: str) -> str:
    """Lower-case words joined with dashes."""
    return "-".join("".join(c if c.isalnum() else " " for c in text.lower()).split())


def write_terms(con: sqlite3.Connection, content: Content) -> None:
    """Insert categories (a parent level and its leaves), tags, and the two attributes with their terms."""
    rows: list[tuple[int, str, str, int]] = [(UNCATEGORISED, "product_cat", "Uncategorized", 0)]
    parents: dict[str, int] = {}
    for category in CATEGORIES:
        if category.parent not in parents:
            parents[category.parent] = rows[-1][0] + 1
            rows.append((rows[-1][0] + 1, "product_cat", category.parent, 0))
        rows.append((rows[-1][0] + 1, "product_cat", category.name, parents[category.parent]))
        content.category_ids.append(rows[-1][0])
    for taxonomy, names in (("product_tag", TAGS), ("pa_size", _all_sizes()), ("pa_colour", tuple(COLOURS))):
        for name in names:
            rows.append((rows[-1][0] + 1, taxonomy, name, 0))
            if taxonomy == "product_tag":
                content.tag_ids.append(rows[-1][0])
    insert_many(
        con, "terms", "id, taxonomy, name, slug, parent", [(i, t, n, slug(n), p) for i, t, n, p in rows]
    )
    insert_many(
        con,
        "attributes",
        "id, name, slug",
        [(SIZE_ATTRIBUTE, "Size", "pa_size"), (COLOUR_ATTRIBUTE, "Colour", "pa_colour")],
    )


def _all_sizes() -> tuple[str, ...]:
    return tuple(dict.fromkeys(s for c in CATEGORIES for s in c.sizes))


def write_products(
    con: sqlite3.Connection, catalogue: Catalogue, content: Content, stock: Ints, rng: np.random.Generator
) -> None:
    """Insert products, variations, their pictures and terms, with today's prices and stock."""
    writer = _ProductRows(catalogue, content, stock, rng)
    units: list[list[int]] = [[] for _ in range(catalogue.size.products)]
    for unit, product in enumerate(catalogue.unit_product.tolist()):
        units[product].append(unit)
    for product, own in enumerate(units):
        writer.add(product, own)
    insert_many(con, "products", PRODUCT_COLUMNS, writer.products)
    insert_many(con, "product_terms", "product_id, term_id", writer.terms)
    insert_many(
        con,
        "posts",
        "id, type, status, title, slug, parent, date_created, date_modified, extra",
        writer.media,
    )
    content.next_id = writer.next_id


class _ProductRows:
    def __init__(self, catalogue: Catalogue, content: Content, stock: Ints, rng: np.random.Generator) -> None:
        self.catalogue, self.content, self.rng = catalogue, content, rng
        self.stock = stock.tolist()
        self.regular = catalogue.per_unit(catalogue.regular[-1]).tolist()
        self.sale = catalogue.per_unit(catalogue.sale[-1]).tolist()
        self.cost = catalogue.cost.tolist()
        self.unit_ids = content.unit_ids.tolist()
        self.next_id = content.next_id
        self.products: list[tuple[Any, ...]] = []
        self.terms: list[tuple[int, int]] = []
        self.media: list[tuple[Any, ...]] = []
        self.modified = _last_price_change(catalogue)

    def add(self, product: int, units: list[int]) -> None:
        content, missing = self.content, self.content.gaps.get(product, [])
        kind = CATEGORIES[int(self.catalogue.category[product])]
        name, product_id = content.names[product], int(content.product_ids[product])
        created = self._at(int(self.catalogue.created_day[product]))
        modified = max(created, self._at(self.modified[product]))
        extra = self._extra(product, units, created, missing)
        variable = bool(self.catalogue.variable[product])
        texts = (
            "" if "description" in missing else _description(name, content.nouns[product], product),
            "" if "short_description" in missing else f"{name}: made to be worn often.",
        )
        weight = "" if "weight" in missing else f"{kind.weight * (0.9 + product % 5 * 0.05):.2f}"
        money = (
            ("", "", None, None, 0, None, self._status(units), None, None)
            if variable
            else self._money(product, units[0])
        )
        sku = f"{kind.name[:2].upper()}-{product_id}"
        slug_text = slug(name) + ("" if "title" not in missing else f"-{product_id}")
        self.products.append(
            (
                product_id,
                0,
                "variable" if variable else "simple",
                "publish",
                name,
                slug_text,
                sku,
                *texts,
                *money,
                weight,
                created,
                modified,
                json.dumps(extra),
            )
        )
        self._add_terms(product, product_id, missing)
        for unit in units if variable else ():
            self._add_variation(product, product_id, unit, name, sku, created, modified)

    def _money(self, product: int, unit: int) -> tuple[Any, ...]:
        """regular, sale, from, to, manage_stock, stock, status, low stock amount, cost of one unit."""
        sale = self.sale[unit]
        window = self._sale_window(product) if sale else (None, None)
        stock = self.stock[unit]
        status = "instock" if stock > 0 else "outofstock"
        return (
            _money(self.regular[unit]),
            _money(sale) if sale else "",
            *window,
            1,
            stock,
            status,
            None,
            _money(self.cost[product]),
        )

    def _status(self, units: list[int]) -> str:
        return "instock" if any(self.stock[u] > 0 for u in units) else "outofstock"

    def _sale_window(self, product: int) -> tuple[str, str]:
        """Start of the first and end of the last second of the deepest event that runs today."""
        today = self.catalogue.size.days
        running = [p for p in self.catalogue.promos if p.first <= today <= p.last and product in p.products]
        deepest = max(running, key=lambda p: p.percent)
        return self._at(deepest.first, hour=0), self._at(deepest.last + 1, hour=0, before=1)

    def _at(self, day: int, hour: int = 9, before: int = 0) -> str:
        moment = (self.catalogue.start + int(day)).astype("datetime64[s]") + hour * 3600 - before
        return str(moment)

    def _extra(self, product: int, units: list[int], created: str, missing: list[str]) -> dict[str, Any]:
        images = [] if "images" in missing else self._images(product, created, "alt" not in missing)
        attributes = []
        for number, attribute, name in ((0, SIZE_ATTRIBUTE, "Size"), (1, COLOUR_ATTRIBUTE, "Colour")):
            options = list(dict.fromkeys(self.catalogue.unit_attributes[u][number] for u in units))
            if any(options):
                attributes.append(
                    {
                        "id": attribute,
                        "name": name,
                        "position": number,
                        "visible": True,
                        "variation": True,
                        "options": options,
                    }
                )
        return {"images": images, "attributes": attributes}

    def _images(self, product: int, created: str, with_alt: bool) -> list[int]:
        name, first = self.content.names[product], self.next_id
        for number in range(1 + product % 3):
            view = ("front", "back", "detail")[number]
            self.media.append(
                (
                    self.next_id,
                    "attachment",
                    "inherit",
                    f"{name} {view}",
                    f"{slug(name)}-{view}",
                    int(self.content.product_ids[product]),
                    created,
                    created,
                    json.dumps({"alt": f"{name}, {view} view" if with_alt else ""}),
                )
            )
            self.next_id += 1
        return list(range(first, self.next_id))

    def _add_terms(self, product: int, product_id: int, missing: list[str]) -> None:
        category = self.content.category_ids[int(self.catalogue.category[product])]
        self.terms.append((product_id, UNCATEGORISED if "category" in missing else category))
        chosen = np.flatnonzero(self.rng.random(len(self.content.tag_ids)) < 0.15).tolist()
        self.terms += [(product_id, self.content.tag_ids[i]) for i in chosen]

    def _add_variation(
        self, product: int, product_id: int, unit: int, name: str, sku: str, created: str, modified: str
    ) -> None:
        size, colour = self.catalogue.unit_attributes[unit]
        extra = {
            "attributes": [
                {"id": SIZE_ATTRIBUTE, "name": "Size", "option": size},
                {"id": COLOUR_ATTRIBUTE, "name": "Colour", "option": colour},
            ]
        }
        self.products.append(
            (
                self.unit_ids[unit],
                product_id,
                "variation",
                "publish",
                f"{name} - {size}, {colour}",
                slug(f"{name} {size} {colour}"),
                f"{sku}-{size}-{colour[:3]}".upper(),
                "",
                "",
                *self._money(product, unit),
                "",
                created,
                modified,
                json.dumps(extra),
            )
        )


def _money(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02d}"


def _last_price_change(catalogue: Catalogue) -> list[int]:
    """Day index of the last day on which each product's price differs from the day before's."""
    prices = catalogue.price(slice(0, None))
    changed = prices[1:] != prices[:-1]
    last = len(changed) - np.argmax(changed[::-1], axis=0)
    return np.where(changed.any(axis=0), last, 0).tolist()  # type: ignore[no-any-return]


def _description(name: str, noun: str, number: int) -> str:
    care = ("Machine wash at 30 degrees.", "Hand wash only.", "Dry clean recommended.")[number % 3]
    fit = ("It runs true to size.", "The cut is generous.", "Choose your usual size for a close fit.")[
        number // 3 % 3
    ]
    return (
        f"<p>The {name} is a {noun.lower()} for every day. Cut in small batches from chosen cloth, it "
        f"keeps its shape and softens with wear. {fit} {care}</p><p>Made in Portugal.</p>"
    )


def write_pages(con: sqlite3.Connection, content: Content, end: np.datetime64) -> None:
    """Insert the pages and blog posts that wp/v2 shows."""
    at = str((end - 200).astype("datetime64[s]") + 36_000)
    rows = []
    for kind, title, text in PAGES:
        rows.append(
            (content.next_id, kind, "publish", title, slug(title), f"<p>{text}</p>", text[:80], at, at)
        )
        content.next_id += 1
    insert_many(
        con, "posts", "id, type, status, title, slug, content, excerpt, date_created, date_modified", rows
    )


PAGES = (
    ("page", "Shop", "Everything we make, newest first."),
    ("page", "About us", "We are a small fashion shop that sews in short runs."),
    (
        "page",
        "Shipping and returns",
        "We ship within two days. Orders over 60 euros ship free. You may send goods back "
        "within 30 days; we refund within a week.",
    ),
    ("page", "Contact", "Write to hello@example.com, we answer on weekdays."),
    ("post", "How to wash wool", "Cold water, little soap, dry flat. Wool wants rest more than washing."),
    (
        "post",
        "Linen for the office",
        "A linen shirt breathes, creases well and looks right with dark trousers.",
    ),
    ("post", "Our winter colours", "Rust, camel and burgundy come from the woods behind our workshop."),
)
