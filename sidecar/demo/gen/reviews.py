"""Writes what buyers say about the products."""

from __future__ import annotations

import sqlite3

import numpy as np

from sidecar.demo.gen.content import FIRST_PRODUCT, Content
from sidecar.demo.gen.words import REVIEW_DETAILS, REVIEW_OPENINGS
from sidecar.demo.schema import insert_many


def write_reviews(
    con: sqlite3.Connection,
    content: Content,
    quality: list[float],
    end: np.datetime64,
    rng: np.random.Generator,
) -> None:
    """Insert buyers' reviews: one line in twenty, days after delivery, rated by the product's quality."""
    lines = con.execute("SELECT max(id) FROM order_lines").fetchone()[0] or 0
    share = 0.05 if lines < 100_000 else 0.02
    chosen = np.flatnonzero(rng.random(lines) < share) + 1
    con.execute("CREATE TEMP TABLE chosen (id INTEGER PRIMARY KEY)")
    con.executemany("INSERT INTO chosen VALUES (?)", [(i,) for i in chosen.tolist()])
    rows = con.execute(
        "SELECT l.product_id, o.first_name || ' ' || substr(o.last_name, 1, 1) || '.', o.email, "
        "o.date_completed "
        "FROM chosen c JOIN order_lines l ON l.id = c.id JOIN orders o ON o.id = l.order_id "
        "WHERE o.date_completed IS NOT NULL ORDER BY o.date_completed, l.id"
    ).fetchall()
    con.execute("DROP TABLE chosen")
    noise = rng.normal(0, 0.9, len(rows))
    picks = rng.integers(0, 1000, (len(rows), 2)).tolist()
    later = rng.integers(2 * 86_400, 15 * 86_400, len(rows))
    times = (np.array([r[3] for r in rows], dtype="datetime64[s]") + later).astype("datetime64[s]")
    reviews = []
    for i, (product_id, name, email, _) in enumerate(rows):
        if times[i] >= end:
            continue
        product = product_id - FIRST_PRODUCT
        rating = int(np.clip(np.rint(quality[product] + noise[i]), 1, 5))
        text = _review(rating, content.nouns[product].lower(), *picks[i])
        reviews.append(
            (
                product_id,
                "approved" if picks[i][0] % 50 else "hold",
                name,
                email,
                text,
                rating,
                1,
                str(times[i]),
            )
        )
    reviews.sort(key=lambda r: r[-1])
    insert_many(
        con, "reviews", "product_id, status, reviewer, email, review, rating, verified, date_created", reviews
    )


def _review(rating: int, noun: str, first: int, second: int) -> str:
    openings, details = REVIEW_OPENINGS[rating], REVIEW_DETAILS[rating]
    return f"{openings[first % len(openings)].format(noun=noun)} {details[second % len(details)]}"
