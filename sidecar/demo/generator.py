"""Generates the demo shop: one seeded SQLite file with two years of a fashion shop, and the truth."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np

from sidecar.demo.gen.catalogue import SIZES, Catalogue, draw_catalogue
from sidecar.demo.gen.content import (
    Content,
    draw_content,
    write_pages,
    write_products,
    write_terms,
)
from sidecar.demo.gen.demand import Demand
from sidecar.demo.gen.orders import Coupon, OrderWriter, People, write_customers
from sidecar.demo.gen.reviews import write_reviews
from sidecar.demo.gen.truth import write_truth
from sidecar.demo.schema import create, finish, insert_many, set_option

__all__ = ["generate", "load_truth"]


def generate(path: Path | str, size: str = "small", seed: int = 7, end: dt.date | None = None) -> Path:
    """Write a new shop file; the same seed, size and end date give the same rows.

    `size` is tiny, small or large; history ends with the day before `end` (default: today, UTC). An existing
    file at `path` is replaced. Returns the path; raises ValueError for an unknown size.
    """
    if size not in SIZES:
        raise ValueError(f"size is {size!r}; choose one of {', '.join(SIZES)}")
    path = Path(path)
    for name in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
        name.unlink(missing_ok=True)
    today = np.datetime64(end or dt.datetime.now(dt.UTC).date(), "D")
    rng = np.random.default_rng([seed, list(SIZES).index(size)])
    con = create(path)
    try:
        _fill(con, size, seed, today, rng)
        finish(con)
    finally:
        con.close()
    return path


def _fill(
    con: sqlite3.Connection, size: str, seed: int, today: np.datetime64, rng: np.random.Generator
) -> None:
    catalogue = draw_catalogue(SIZES[size], today, rng)
    content = draw_content(catalogue, rng)
    quality = np.clip(rng.normal(4.1, 0.5, catalogue.size.products), 1.5, 5.0).round(3).tolist()
    coupons = _coupons(catalogue)
    demand = Demand(catalogue, rng)
    people = People(catalogue.size.days, catalogue.size.lines * 2 // 3, rng)
    # Products, pictures and pages come first in a shop, so they take the lower ids; orders follow.
    first_order = content.next_id + 3 * catalogue.size.products + 100
    writer = OrderWriter(
        con, catalogue, people, coupons, content.unit_ids, content.product_ids, first_order, rng
    )
    for day in demand:
        writer.write(day)
    writer.finish()
    write_customers(con, people, catalogue.start)
    write_terms(con, content)
    write_products(con, catalogue, content, demand.stock, rng)
    write_pages(con, content, today)
    _write_coupons(con, coupons, writer.coupon_uses, catalogue)
    write_reviews(con, content, quality, today, rng)
    _settle_totals(con)
    write_truth(
        con, catalogue, content, demand, coupons, quality, {"seed": seed, "size": size, "end": str(today)}
    )
    _write_options(con, content, writer, size, seed, today)


def _coupons(catalogue: Catalogue) -> list[Coupon]:
    """One standing welcome code and a campaign of ten days in every quarter."""
    coupons = [Coupon(0, "welcome10", 10, 0, catalogue.size.days, 0.03)]
    for number, first in enumerate(range(20, catalogue.size.days, 91)):
        percent = (10, 15, 20)[number % 3]
        coupons.append(Coupon(number + 1, f"save{percent}-{number + 1}", percent, first, first + 9, 0.2))
    return coupons


def _write_coupons(
    con: sqlite3.Connection, coupons: list[Coupon], uses: dict[str, int], catalogue: Catalogue
) -> None:
    highest = con.execute("SELECT max(id) FROM posts").fetchone()[0]
    rows = []
    for coupon in coupons:
        start = str((catalogue.start + coupon.first).astype("datetime64[s]"))
        standing = coupon.last >= catalogue.size.days
        expires = None if standing else str((catalogue.start + coupon.last + 1).astype("datetime64[s]"))
        rows.append(
            (
                highest + 1 + coupon.id,
                coupon.code,
                f"{coupon.percent}.00",
                "percent",
                start,
                start,
                expires,
                uses.get(coupon.code, 0),
            )
        )
    insert_many(
        con,
        "coupons",
        "id, code, amount, discount_type, date_created, date_modified, date_expires, usage_count",
        rows,
    )


def _settle_totals(con: sqlite3.Connection) -> None:
    """Sum sales and ratings into the product rows, as WooCommerce keeps them."""
    con.execute(
        "UPDATE products SET total_sales = s.n FROM (SELECT l.product_id AS id, "
        "sum(l.quantity) AS n FROM order_lines l "
        "JOIN orders o ON o.id = l.order_id WHERE o.status NOT IN ('cancelled', 'failed') GROUP BY 1) s "
        "WHERE s.id = products.id"
    )
    con.execute(
        "UPDATE products SET rating_count = s.n, average_rating = printf('%.2f', s.mean) FROM "
        "(SELECT product_id AS id, "
        "count(*) AS n, avg(rating) AS mean FROM reviews WHERE status = 'approved' GROUP BY 1) s "
        "WHERE s.id = products.id"
    )


def _write_options(
    con: sqlite3.Connection, content: Content, writer: OrderWriter, size: str, seed: int, today: np.datetime64
) -> None:
    facts = {
        "currency": "EUR",
        "decimals": 2,
        "prices_include_tax": False,
        "timezone": "UTC",
        "cogs": True,
        "hpos": True,
        "locale": "en_US",
        "price_format": "%1$s%2$s",
        "currency_symbol": "€",
    }
    site = np.random.default_rng(seed).bytes(16).hex()
    options: dict[str, Any] = {
        "facts": facts,
        "name": "Maren & Wren",
        "today": str(today),
        "size": size,
        "seed": seed,
        "site_id": f"{site[:8]}-{site[8:12]}-4{site[13:16]}-a{site[17:20]}-{site[20:]}",
        "next_id": writer.next_id,
        "next_line_id": writer.lines + len(writer.refunds) + 1,
        "next_term_id": con.execute("SELECT max(id) + 1 FROM terms").fetchone()[0],
    }
    for name, value in options.items():
        set_option(con, name, value)


def load_truth(path: Path | str) -> dict[str, Any]:
    """Read the generator's true parameters: `shop`, and by id `products`, `units`, `promos`, `coupons`.

    Prices are in minor units, days are ISO dates, elasticity is d log demand / d log price. See `gen.truth`.
    """
    con = sqlite3.connect(path)
    try:
        truth: dict[str, Any] = {"products": {}, "units": {}, "promos": {}, "coupons": {}}
        for kind, key, body in con.execute("SELECT kind, id, body FROM truth"):
            if kind == "shop":
                truth["shop"] = json.loads(body)
            else:
                truth[kind][key] = json.loads(body)
        return truth
    finally:
        con.close()
