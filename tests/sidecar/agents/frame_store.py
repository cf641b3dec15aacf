"""A shop held in pandas frames, and the demo generator's file read into one."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sidecar.core.forecasts import KeptForecast
from sidecar.core.store import (
    Attribute,
    Category,
    Image,
    Incoming,
    Item,
    Location,
    OpenProposal,
    Override,
    Product,
    ShopFacts,
    Supplies,
    Supply,
)
from sidecar.core.types import money

FACTS = ShopFacts(currency="EUR", decimals=2, prices_include_tax=False, timezone="UTC", cogs=True, hpos=True)
LINES = ["order_id", "day", "product_id", "variation_id", "item_id", "quantity", "subtotal"]
DEFAULT_SUPPLY = Supply(0, None, "", "", None, None, 14, 3.0, 7, 0.95, 1, 1)
SOLD = ("processing", "completed", "on-hold")


def line_frame(rows: Sequence[dict[str, Any]] = ()) -> pd.DataFrame:
    """Order lines with the columns that agents ask for."""
    frame = pd.DataFrame(list(rows), columns=LINES)
    frame["day"] = pd.to_datetime(frame["day"])
    return frame.astype({"quantity": float, "subtotal": float, "item_id": "int64", "product_id": "int64"})


def stock_frame(rows: Sequence[tuple[int, Any, float, bool]] = ()) -> pd.DataFrame:
    """Known stock at the ends of days."""
    frame = pd.DataFrame(list(rows), columns=["item_id", "day", "stock", "in_stock"])
    frame["day"] = pd.to_datetime(frame["day"])
    return frame.astype({"item_id": "int64", "stock": float, "in_stock": bool})


@dataclass
class FrameStore:
    """core.store.Store over frames; quantities are gross and no order is refunded."""

    facts: ShopFacts = FACTS
    generation: int = 1
    all_products: list[Product] = field(default_factory=list)
    all_items: list[Item] = field(default_factory=list)
    all_categories: dict[int, Category] = field(default_factory=dict)
    lines: pd.DataFrame = field(default_factory=line_frame)
    stock: pd.DataFrame = field(default_factory=stock_frame)
    all_supplies: Supplies = field(default_factory=lambda: Supplies({}, DEFAULT_SUPPLY))
    all_overrides: list[Override] = field(default_factory=list)
    all_locations: list[Location] = field(default_factory=list)
    all_incoming: list[Incoming] = field(default_factory=list)
    all_proposals: list[OpenProposal] = field(default_factory=list)

    def products(self, ids: Sequence[int] | None = None) -> Iterator[Product]:
        found = [p for p in self.all_products if ids is None or p.id in ids]
        return iter(sorted(found, key=lambda p: p.id))

    def items(
        self, ids: Sequence[int] | None = None, *, products: Sequence[int] | None = None
    ) -> Iterator[Item]:
        found = [i for i in self.all_items if ids is None or i.id in set(ids)]
        found = [i for i in found if products is None or i.product_id in products]
        return iter(sorted(found, key=lambda i: i.id))

    def categories(self) -> dict[int, Category]:
        return dict(self.all_categories)

    def sales_span(self) -> tuple[date, date] | None:
        if self.lines.empty:
            return None
        return self.lines["day"].min().date(), self.lines["day"].max().date()

    def daily_sales(self, since: date, ids: Sequence[int] | None = None) -> pd.DataFrame:
        lines = self._since(self.lines, since, ids)
        lines = lines.assign(
            revenue=lines["quantity"] * lines["subtotal"], ordered=lines["quantity"].clip(lower=0)
        )
        grouped = lines.groupby(["item_id", "product_id", "day"], as_index=False)
        return grouped.agg(
            quantity=("quantity", "sum"),
            revenue=("revenue", "sum"),
            orders=("order_id", "nunique"),
            ordered=("ordered", "sum"),
            value=("subtotal", "sum"),
        )

    def order_lines(
        self, columns: Sequence[str], since: date, products: Sequence[int] | None = None
    ) -> pd.DataFrame:
        lines = self._since(self.lines, since)
        lines = lines if products is None else lines[lines["product_id"].isin(list(products))]
        return lines[list(columns)].reset_index(drop=True)

    def stock_days(self, since: date, ids: Sequence[int] | None = None) -> pd.DataFrame:
        return self._since(self.stock, since, ids).reset_index(drop=True)

    def prices(self, since: date, ids: Sequence[int] | None = None) -> pd.DataFrame:
        return pd.DataFrame({"item_id": [], "at": [], "regular_price": [], "price": []})

    def customers(self, columns: Sequence[str]) -> pd.DataFrame:
        return pd.DataFrame({name: [] for name in columns})

    def reviews(self, since: date) -> pd.DataFrame:
        return pd.DataFrame({"review_id": [], "product_id": [], "rating": []})

    def supplies(self, ids: Sequence[int] | None = None) -> Supplies:
        return self.all_supplies

    def overrides(self, since: date) -> list[Override]:
        return [one for one in self.all_overrides if one.last >= since]

    def locations(self) -> list[Location]:
        return self.all_locations

    def incoming(self) -> list[Incoming]:
        return self.all_incoming

    def open_proposals(self, path: str) -> list[OpenProposal]:
        assert path
        return self.all_proposals

    def notes(self) -> list[str]:
        return []

    @staticmethod
    def _since(frame: pd.DataFrame, since: date, ids: Sequence[int] | None = None) -> pd.DataFrame:
        frame = frame[frame["day"] >= pd.Timestamp(since)]
        return frame if ids is None else frame[frame["item_id"].isin(list(ids))]


@dataclass
class Shelf:
    """core.forecasts.Models in memory; what is kept is there for the next run."""

    held: dict[int, KeptForecast] = field(default_factory=dict)
    now: set[int] = field(default_factory=set)

    def copy(self) -> Shelf:
        """A shelf that holds the same and is written to without changing this one."""
        return Shelf(dict(self.held))

    def keep(self, forecasts: Sequence[KeptForecast], *, all_items: bool = False) -> None:
        self.held |= {one.item_id: replace(one, made_at=1) for one in forecasts}
        self.now |= {one.item_id for one in forecasts}
        if all_items:
            self.held = {key: one for key, one in self.held.items() if key in self.now}

    def forecasts(self, ids: Sequence[int] | None = None) -> list[KeptForecast]:
        return [one for key, one in sorted(self.held.items()) if ids is None or key in set(ids)]


@dataclass
class Ctx:
    """A run's context over any store."""

    store: Any
    now: datetime = datetime(2026, 11, 24, 6, tzinfo=UTC)
    seed: int = 1
    models: Shelf = field(default_factory=Shelf)
    log_lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)

    @property
    def facts(self) -> ShopFacts:
        return self.store.facts

    def progress(self, done: int, total: int, label: str) -> None:
        assert 0 <= done <= total
        assert label

    def log(self, message: str) -> None:
        self.log_lines.append(message)


def demo_store(path: Path, *, stock_known: bool = True) -> FrameStore:
    """The generator's shop; with `stock_known` as if the sidecar had watched the stock for the two years."""
    con = sqlite3.connect(path)
    con.row_factory = sqlite3.Row
    alts = {r["id"]: json.loads(r["extra"]).get("alt", "") for r in con.execute("SELECT * FROM posts")}
    terms = {r["id"]: r for r in con.execute("SELECT * FROM terms WHERE taxonomy = 'product_cat'")}
    owned: dict[int, list[int]] = {}
    for row in con.execute("SELECT * FROM product_terms ORDER BY 1, 2"):
        if row["term_id"] in terms:
            owned.setdefault(row["product_id"], []).append(row["term_id"])
    rows = {r["id"]: r for r in con.execute("SELECT * FROM products")}
    parents = {r["parent_id"] for r in rows.values() if r["parent_id"]}
    products = [_product(r, owned, alts) for r in rows.values() if not r["parent_id"]]
    items = [_item(r, rows, owned) for r in rows.values() if r["id"] not in parents]
    counts = {i: sum(i in c for c in owned.values()) for i in terms}
    categories = {i: Category(i, t["parent"], t["name"], t["slug"], counts[i]) for i, t in terms.items()}
    store = FrameStore(all_products=products, all_items=items, all_categories=categories, lines=_lines(con))
    if stock_known:
        store.stock = _stock(con)
    con.close()
    return store


def _lines(con: sqlite3.Connection) -> pd.DataFrame:
    marks = ", ".join("?" * len(SOLD))
    frame = pd.read_sql_query(
        "SELECT l.order_id, substr(o.date_created, 1, 10) AS day, l.product_id, l.variation_id, "
        "CASE WHEN l.variation_id THEN l.variation_id ELSE l.product_id END AS item_id, "
        "l.quantity, l.subtotal / 100.0 AS subtotal "
        f"FROM order_lines l JOIN orders o ON o.id = l.order_id WHERE o.status IN ({marks}) ORDER BY l.id",
        con,
        params=SOLD,
    )
    frame["day"] = pd.to_datetime(frame["day"])
    return frame.astype({"quantity": float})


def _stock(con: sqlite3.Connection) -> pd.DataFrame:
    """In or out of stock at each day's end, from the generator's truth."""
    shop = json.loads(con.execute("SELECT body FROM truth WHERE kind = 'shop'").fetchone()[0])
    start, days = np.datetime64(shop["start"]), shop["days"]
    frames = []
    for key, body in con.execute("SELECT id, body FROM truth WHERE kind = 'units'"):
        inside = np.ones(days, dtype=bool)
        for first, last in json.loads(body)["stockouts"]:
            inside[
                (np.datetime64(first) - start).astype(int) : (np.datetime64(last) - start).astype(int) + 1
            ] = False
        frames.append(
            pd.DataFrame(
                {
                    "item_id": key,
                    "day": pd.to_datetime(start + np.arange(days)),
                    "stock": inside * 1.0,
                    "in_stock": inside,
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def _when(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None


def _price(row: sqlite3.Row) -> Decimal | None:
    return money(row["sale_price"]) or money(row["regular_price"])


def _product(row: sqlite3.Row, owned: dict[int, list[int]], alts: dict[int, str]) -> Product:
    extra = json.loads(row["extra"])
    created = _when(row["date_created"])
    assert created is not None
    return Product(
        id=row["id"],
        type=row["type"],
        status=row["status"],
        name=row["name"],
        sku=row["sku"],
        permalink=f"http://shop.test/product/{row['slug']}",
        regular_price=money(row["regular_price"]),
        sale_price=money(row["sale_price"]),
        price=_price(row),
        sale_from=_when(row["sale_from"]),
        sale_to=_when(row["sale_to"]),
        manage_stock=bool(row["manage_stock"]),
        stock=row["stock"],
        stock_status=row["stock_status"],
        backorders=row["backorders"],
        low_stock_amount=row["low_stock_amount"],
        cost=money(row["cost"]),
        weight=row["weight"],
        tax_class="",
        gtin=extra.get("gtin", ""),
        catalog_visibility="visible",
        categories=tuple(owned.get(row["id"], ())),
        tags=(),
        attributes=tuple(
            Attribute(a["name"], tuple(a["options"]), a["variation"]) for a in extra["attributes"]
        ),
        images=tuple(Image(i, alts.get(i, "")) for i in extra["images"]),
        description=row["description"],
        short_description=row["short_description"],
        total_sales=row["total_sales"],
        review_count=row["rating_count"],
        created_at=created,
        modified_at=created,
    )


def _item(row: sqlite3.Row, rows: dict[int, sqlite3.Row], owned: dict[int, list[int]]) -> Item:
    parent = rows[row["parent_id"]] if row["parent_id"] else row
    images = json.loads(parent["extra"]).get("images") or [None]
    created = _when(row["date_created"])
    assert created is not None
    return Item(
        id=row["id"],
        product_id=parent["id"],
        variation_id=row["id"] if row["parent_id"] else 0,
        name=row["name"],
        sku=row["sku"],
        status=row["status"],
        permalink=f"http://shop.test/product/{parent['slug']}",
        image_id=images[0],
        regular_price=money(row["regular_price"]),
        sale_price=money(row["sale_price"]),
        price=_price(row),
        sale_from=_when(row["sale_from"]),
        sale_to=_when(row["sale_to"]),
        stock=row["stock"] if row["manage_stock"] else None,
        stock_of_parent=False,
        stock_status=row["stock_status"],
        backorders=row["backorders"],
        low_stock_amount=row["low_stock_amount"],
        cost=money(row["cost"]),
        categories=tuple(owned.get(parent["id"], ())),
        attributes=tuple(
            (a["name"], a["option"]) for a in json.loads(row["extra"])["attributes"] if "option" in a
        ),
        created_at=created,
    )
