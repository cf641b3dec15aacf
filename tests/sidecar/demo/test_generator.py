"""The generated shop is the same for the same seed, coherent, and holds what its truth says."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import sqlite3
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sidecar.demo.generator import generate
from tests.sidecar.demo.conftest import END

TABLES = (
    "products",
    "orders",
    "order_lines",
    "refunds",
    "refund_lines",
    "customers",
    "reviews",
    "coupons",
    "posts",
    "truth",
    "truth_receipts",
)


def digest(path: Path) -> str:
    con = sqlite3.connect(path)
    dump = [con.execute(f"SELECT * FROM {table}").fetchall() for table in TABLES]
    con.close()
    return hashlib.sha256(repr(dump).encode()).hexdigest()


def test_same_seed_same_shop_and_other_seed_another(tmp_path: Path) -> None:
    one, two, three = (
        generate(tmp_path / f"{i}.sqlite", "tiny", seed=s, end=END) for i, s in enumerate((1, 1, 2))
    )
    assert digest(one) == digest(two)
    assert digest(one) != digest(three)


def test_an_unknown_size_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="tiny, small, large"):
        generate(tmp_path / "x.sqlite", "huge")


def test_speed(tmp_path: Path) -> None:
    # Seconds of this process, so that a busy machine does not count.
    began = time.process_time()
    generate(tmp_path / "tiny.sqlite", "tiny", end=END)
    assert time.process_time() - began < 1
    began = time.process_time()
    generate(tmp_path / "small.sqlite", "small", end=END)
    assert time.process_time() - began < 10


def test_size_and_window(small: sqlite3.Connection) -> None:
    products = small.execute("SELECT count(*) FROM products WHERE parent_id = 0").fetchone()[0]
    orders, first, last = small.execute(
        "SELECT count(*), min(date_created), max(date_created) FROM orders"
    ).fetchone()
    assert products == 200
    assert 19_000 <= orders <= 21_000
    assert first[:10] == str(END - dt.timedelta(days=730))
    assert last[:10] == str(END - dt.timedelta(days=1))
    kinds = dict(small.execute("SELECT type, count(*) FROM products GROUP BY 1").fetchall())
    assert kinds["simple"] > 60
    assert kinds["variable"] > 60
    assert kinds["variation"] > 300


def test_orders_add_up(small: sqlite3.Connection) -> None:
    wrong = small.execute(
        "SELECT count(*) FROM orders o JOIN (SELECT order_id, sum(total) AS goods, sum(subtotal) AS before "
        "FROM order_lines GROUP BY 1) l ON l.order_id = o.id "
        "WHERE o.total <> l.goods + o.shipping OR o.discount <> l.before - l.goods"
    ).fetchone()[0]
    assert wrong == 0
    lonely = small.execute(
        "SELECT count(*) FROM orders WHERE id NOT IN (SELECT order_id FROM order_lines)"
    ).fetchone()
    assert lonely[0] == 0
    over = small.execute(
        "SELECT count(*) FROM refunds r JOIN orders o ON o.id = r.order_id WHERE r.amount > o.total "
        "OR r.date_created <= o.date_created"
    ).fetchone()[0]
    assert over == 0


def test_lines_carry_the_price_of_their_day(small: sqlite3.Connection, truth: dict[str, Any]) -> None:
    rows = small.execute(
        "SELECT l.product_id, l.variation_id, l.quantity, l.subtotal, substr(o.date_created, 1, 10) "
        "FROM order_lines l JOIN orders o ON o.id = l.order_id"
    ).fetchall()
    for product, variation, quantity, subtotal, day in rows:
        steps = truth["products"][product]["prices"]
        _, regular, sale = next(s for s in reversed(steps) if s[0] <= day)
        ratio = truth["units"][variation or product]["price_ratio"]
        assert subtotal == round((sale or regular) * ratio) * quantity


def test_today_shows_the_last_step_of_the_price_history(
    small: sqlite3.Connection, truth: dict[str, Any]
) -> None:
    on_sale = 0
    for row in small.execute("SELECT * FROM products WHERE type <> 'variable'"):
        _, regular, sale = truth["products"][row["parent_id"] or row["id"]]["prices"][-1]
        ratio = truth["units"][row["id"]]["price_ratio"]
        assert round(float(row["regular_price"]) * 100) == round(regular * ratio)
        assert (round(float(row["sale_price"]) * 100) if row["sale_price"] else 0) == round(sale * ratio)
        if sale:
            on_sale += 1
            assert row["sale_from"][:10] <= str(END) <= row["sale_to"][:10]
    assert on_sale > 10


def test_stock_is_what_came_in_less_what_went_out(small: sqlite3.Connection, truth: dict[str, Any]) -> None:
    sold = dict(
        small.execute(
            "SELECT CASE variation_id WHEN 0 THEN product_id ELSE variation_id END, sum(quantity) "
            "FROM order_lines l "
            "JOIN orders o ON o.id = l.order_id WHERE o.status NOT IN ('cancelled', 'failed') GROUP BY 1"
        ).fetchall()
    )
    back = dict(
        small.execute(
            "SELECT CASE variation_id WHEN 0 THEN product_id ELSE variation_id END, sum(quantity) "
            "FROM refund_lines GROUP BY 1"
        ).fetchall()
    )
    received = dict(
        small.execute("SELECT product_id, sum(quantity) FROM truth_receipts GROUP BY 1").fetchall()
    )
    stock = dict(small.execute("SELECT id, stock FROM products WHERE type <> 'variable'").fetchall())
    assert stock.keys() == truth["units"].keys()
    for unit, facts in truth["units"].items():
        moved = received.get(unit, 0) - sold.get(unit, 0) + back.get(unit, 0)
        assert stock[unit] == facts["stock"] == facts["initial_stock"] + moved
        assert stock[unit] >= 0


def test_days_without_stock_have_no_sales_after_the_first(
    small: sqlite3.Connection, truth: dict[str, Any]
) -> None:
    sales = {
        tuple(r)
        for r in small.execute(
            "SELECT DISTINCT CASE variation_id WHEN 0 THEN product_id ELSE variation_id END, "
            "substr(date_created, 1, 10) "
            "FROM order_lines l JOIN orders o ON o.id = l.order_id"
        )
    }
    received = {tuple(r) for r in small.execute("SELECT product_id, day FROM truth_receipts")}
    back = {
        tuple(r)
        for r in small.execute(
            "SELECT CASE variation_id WHEN 0 THEN product_id ELSE variation_id END, "
            "substr(date_created, 1, 10) "
            "FROM refund_lines l JOIN refunds r ON r.id = l.refund_id"
        )
    }
    spans = 0
    for unit, facts in truth["units"].items():
        for first, last in facts["stockouts"]:
            spans += 1
            day = dt.date.fromisoformat(first) + dt.timedelta(days=1)
            while day <= dt.date.fromisoformat(last):
                key = (unit, day.isoformat())
                assert key not in sales or key in received or key in back
                day += dt.timedelta(days=1)
    assert spans > 200


def test_planted_products(small: sqlite3.Connection, truth: dict[str, Any]) -> None:
    last_sale = dict(
        small.execute(
            "SELECT product_id, substr(max(date_created), 1, 10) FROM order_lines l "
            "JOIN orders o ON o.id = l.order_id GROUP BY 1"
        ).fetchall()
    )
    stock: dict[int, int] = {}
    for row in small.execute(
        "SELECT coalesce(nullif(parent_id, 0), id) AS p, sum(stock) AS n FROM products "
        "WHERE type <> 'variable' GROUP BY 1"
    ):
        stock[row["p"]] = row["n"]
    planted: dict[str, list[int]] = {"slow": [], "near_stockout": [], "fresh": []}
    for product, facts in truth["products"].items():
        for kind in facts["planted"]:
            planted[kind].append(product)
    assert (len(planted["slow"]), len(planted["near_stockout"]), len(planted["fresh"])) == (20, 10, 5)
    for product in planted["slow"]:
        assert last_sale.get(product, "") < str(END - dt.timedelta(days=74))
        assert stock[product] >= 15
    for product in planted["near_stockout"]:
        facts = truth["products"][product]
        assert stock[product] < facts["pace"] * facts["lead_days"]
    for product in planted["fresh"]:
        assert truth["products"][product]["created"] > str(END - dt.timedelta(days=16))


def test_planted_gaps_are_in_the_rows(small: sqlite3.Connection, truth: dict[str, Any]) -> None:
    seen = set()
    for product, facts in truth["products"].items():
        row = small.execute("SELECT * FROM products WHERE id = ?", (product,)).fetchone()
        images = json.loads(row["extra"])["images"]
        alts = [
            json.loads(r[0])["alt"]
            for r in small.execute(
                "SELECT extra FROM posts WHERE type = 'attachment' AND parent = ?", (product,)
            )
        ]
        terms = [
            r[0]
            for r in small.execute(
                "SELECT t.slug FROM product_terms p JOIN terms t ON t.id = p.term_id "
                "WHERE p.product_id = ? AND t.taxonomy = 'product_cat'",
                (product,),
            )
        ]
        found = {
            "description": not row["description"],
            "short_description": not row["short_description"],
            "images": not images,
            "weight": not row["weight"],
            "alt": bool(images) and not any(alts),
            "title": len(row["name"].split()) == 1,
            "category": terms == ["uncategorized"],
        }
        assert {gap for gap, missing in found.items() if missing} == set(facts["gaps"])
        seen.update(facts["gaps"])
    assert seen == {"description", "short_description", "images", "weight", "alt", "title", "category"}


def test_customers_come_back(small: sqlite3.Connection) -> None:
    guests, registered = small.execute(
        "SELECT sum(customer_id = 0), sum(customer_id > 0) FROM orders"
    ).fetchone()
    assert 0.5 < registered / (guests + registered) < 0.7
    repeat = small.execute(
        "SELECT count(*) FROM (SELECT customer_id FROM orders WHERE customer_id > 0 GROUP BY 1 "
        "HAVING count(*) > 1)"
    ).fetchone()[0]
    assert repeat > 1000
    early = small.execute(
        "SELECT count(*) FROM orders o JOIN customers c ON c.id = o.customer_id "
        "WHERE substr(o.date_created, 1, 10) < substr(c.date_created, 1, 10)"
    ).fetchone()[0]
    assert early == 0


def test_sku_and_ids_are_unique(small: sqlite3.Connection) -> None:
    count, skus = small.execute("SELECT count(*), count(DISTINCT sku) FROM products").fetchone()
    assert count == skus
    ids = [
        r[0]
        for table in ("products", "posts", "orders", "refunds", "coupons")
        for r in small.execute(f"SELECT id FROM {table}")
    ]
    assert len(ids) == len(set(ids))


def demand_panel(con: sqlite3.Connection, truth: dict[str, Any], ids: list[int]) -> tuple[Any, Any, Any]:
    """Units sold, log price and whether every unit was in stock, shape (days, products)."""
    start, days = dt.date.fromisoformat(truth["shop"]["start"]), truth["shop"]["days"]
    column = {product: i for i, product in enumerate(ids)}
    sold = np.zeros((days, len(ids)))
    for day, product, quantity in con.execute(
        "SELECT substr(date_created, 1, 10), product_id, quantity FROM order_lines l JOIN orders o "
        "ON o.id = l.order_id"
    ):
        if product in column:
            sold[(dt.date.fromisoformat(day) - start).days, column[product]] += quantity
    price, usable = np.zeros_like(sold), np.ones_like(sold, dtype=bool)
    for product, i in column.items():
        facts = truth["products"][product]
        for at, regular, sale in facts["prices"]:
            price[max(0, (dt.date.fromisoformat(at) - start).days) :, i] = np.log(sale or regular)
        usable[: max(0, (dt.date.fromisoformat(facts["created"]) - start).days), i] = False
        if facts["slow_from"]:
            usable[(dt.date.fromisoformat(facts["slow_from"]) - start).days :, i] = False
    for unit in truth["units"].values():
        if unit["product_id"] in column and unit["share"] > 0.05:
            for first, last in unit["stockouts"]:
                low = (dt.date.fromisoformat(first) - start).days
                usable[low : (dt.date.fromisoformat(last) - start).days + 1, column[unit["product_id"]]] = (
                    False
                )
    return sold, price, usable


def poisson_slope(sold: Any, price: Any, usable: Any) -> tuple[float, float]:
    """Poisson regression of units on log price with product and day effects: slope and standard error."""
    slope, product, day = 0.0, np.ones(sold.shape[1]), np.ones(sold.shape[0])
    for _ in range(60):
        base = np.where(usable, np.exp(slope * (price - price.mean(axis=0))), 0)
        product = (sold * usable).sum(axis=0) / np.maximum((base * day[:, None]).sum(axis=0), 1e-9)
        day = (sold * usable).sum(axis=1) / np.maximum((base * product).sum(axis=1), 1e-9)
        mean = base * product * day[:, None]
        centred = price - (price * mean).sum(axis=0) / np.maximum(mean.sum(axis=0), 1e-9)
        centred = centred - ((centred * mean).sum(axis=1) / np.maximum(mean.sum(axis=1), 1e-9))[:, None]
        information = (mean * centred**2).sum()
        slope += ((sold - mean) * usable * centred).sum() / information
    return slope, float(information**-0.5)


def test_elasticities_can_be_recovered(small: sqlite3.Connection, truth: dict[str, Any]) -> None:
    scores = []
    for category, facts in truth["shop"]["categories"].items():
        ids = [i for i, p in truth["products"].items() if p["category"] == category]
        slope, error = poisson_slope(*demand_panel(small, truth, ids))
        assert error < 0.5, category
        # Products scatter by 0.12 around their category's mean, which adds to the estimate's own error.
        scores.append((slope - facts["elasticity"]) / np.hypot(error, 0.12 / np.sqrt(len(ids) / 3)))
    assert np.abs(scores).max() < 3.5
    assert np.mean(np.square(scores)) < 2.5


def test_weekday_season_and_returns_are_in_the_orders(
    small: sqlite3.Connection, truth: dict[str, Any]
) -> None:
    by_day = dict(
        small.execute("SELECT (strftime('%w', date_created) + 6) % 7, count(*) FROM orders GROUP BY 1")
    )
    shares = np.array([by_day[i] for i in range(7)]) / sum(by_day.values()) * 7
    assert np.abs(shares - np.array(truth["shop"]["weekday"])).max() < 0.06
    swim = [i for i, p in truth["products"].items() if p["category"] == "Swimwear"]
    months = dict(
        small.execute(
            "SELECT substr(date_created, 6, 2), sum(quantity) FROM order_lines l JOIN orders o ON "
            "o.id = l.order_id "
            f"WHERE product_id IN ({','.join(map(str, swim))}) GROUP BY 1"
        ).fetchall()
    )
    assert months["07"] > 3 * months.get("01", 0)
    sold, back = small.execute(
        "SELECT (SELECT count(*) FROM order_lines), (SELECT count(*) FROM refund_lines)"
    ).fetchone()
    assert 0.07 < back / sold < 0.15
