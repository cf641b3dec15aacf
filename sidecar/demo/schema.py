"""Tables of the demo shop: one SQLite file holds the shop, the plugin's part and the generator's truth."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

DDL = """
CREATE TABLE options (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE attributes (id INTEGER PRIMARY KEY, name TEXT NOT NULL, slug TEXT NOT NULL);
CREATE TABLE terms (
  id INTEGER PRIMARY KEY, taxonomy TEXT NOT NULL, name TEXT NOT NULL, slug TEXT NOT NULL,
  parent INTEGER NOT NULL DEFAULT 0, description TEXT NOT NULL DEFAULT '');
CREATE TABLE products (
  id INTEGER PRIMARY KEY, parent_id INTEGER NOT NULL DEFAULT 0, type TEXT NOT NULL, status TEXT NOT NULL,
  name TEXT NOT NULL, slug TEXT NOT NULL, sku TEXT NOT NULL DEFAULT '',
  description TEXT NOT NULL DEFAULT '', short_description TEXT NOT NULL DEFAULT '',
  regular_price TEXT NOT NULL DEFAULT '', sale_price TEXT NOT NULL DEFAULT '', sale_from TEXT, sale_to TEXT,
  manage_stock INTEGER NOT NULL DEFAULT 0, stock INTEGER, stock_status TEXT NOT NULL DEFAULT 'instock',
  backorders TEXT NOT NULL DEFAULT 'no', low_stock_amount INTEGER, cost TEXT, weight TEXT NOT NULL DEFAULT '',
  total_sales INTEGER NOT NULL DEFAULT 0, average_rating TEXT NOT NULL DEFAULT '0.00',
  rating_count INTEGER NOT NULL DEFAULT 0, date_created TEXT NOT NULL, date_modified TEXT NOT NULL,
  extra TEXT NOT NULL DEFAULT '{}');
CREATE TABLE product_terms (
  product_id INTEGER NOT NULL, term_id INTEGER NOT NULL, PRIMARY KEY (product_id, term_id)) WITHOUT ROWID;
CREATE TABLE posts (
  id INTEGER PRIMARY KEY, type TEXT NOT NULL, status TEXT NOT NULL, title TEXT NOT NULL, slug TEXT NOT NULL,
  content TEXT NOT NULL DEFAULT '', excerpt TEXT NOT NULL DEFAULT '', parent INTEGER NOT NULL DEFAULT 0,
  date_created TEXT NOT NULL, date_modified TEXT NOT NULL, extra TEXT NOT NULL DEFAULT '{}');
CREATE TABLE customers (
  id INTEGER PRIMARY KEY, email TEXT NOT NULL, first_name TEXT NOT NULL, last_name TEXT NOT NULL,
  username TEXT NOT NULL, address_1 TEXT NOT NULL, city TEXT NOT NULL, postcode TEXT NOT NULL,
  country TEXT NOT NULL, date_created TEXT NOT NULL, date_modified TEXT NOT NULL);
CREATE TABLE orders (
  id INTEGER PRIMARY KEY, status TEXT NOT NULL, customer_id INTEGER NOT NULL, email TEXT NOT NULL,
  first_name TEXT NOT NULL, last_name TEXT NOT NULL, address_1 TEXT NOT NULL, city TEXT NOT NULL,
  postcode TEXT NOT NULL, country TEXT NOT NULL, discount INTEGER NOT NULL, shipping INTEGER NOT NULL,
  total INTEGER NOT NULL, coupon TEXT NOT NULL DEFAULT '', payment_method TEXT NOT NULL,
  date_created TEXT NOT NULL, date_modified TEXT NOT NULL, date_paid TEXT, date_completed TEXT,
  extra TEXT NOT NULL DEFAULT '{}');
CREATE TABLE order_lines (
  id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL, product_id INTEGER NOT NULL,
  variation_id INTEGER NOT NULL, quantity INTEGER NOT NULL, subtotal INTEGER NOT NULL,
  total INTEGER NOT NULL);
CREATE TABLE refunds (
  id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL, amount INTEGER NOT NULL, reason TEXT NOT NULL,
  date_created TEXT NOT NULL);
CREATE TABLE refund_lines (
  id INTEGER PRIMARY KEY, refund_id INTEGER NOT NULL, order_line_id INTEGER NOT NULL,
  product_id INTEGER NOT NULL, variation_id INTEGER NOT NULL, quantity INTEGER NOT NULL,
  total INTEGER NOT NULL);
CREATE TABLE reviews (
  id INTEGER PRIMARY KEY, product_id INTEGER NOT NULL, status TEXT NOT NULL, reviewer TEXT NOT NULL,
  email TEXT NOT NULL, review TEXT NOT NULL, rating INTEGER NOT NULL, verified INTEGER NOT NULL,
  date_created TEXT NOT NULL);
CREATE TABLE coupons (
  id INTEGER PRIMARY KEY, code TEXT NOT NULL, amount TEXT NOT NULL, discount_type TEXT NOT NULL,
  description TEXT NOT NULL DEFAULT '', date_created TEXT NOT NULL, date_modified TEXT NOT NULL,
  date_expires TEXT, usage_count INTEGER NOT NULL DEFAULT 0, extra TEXT NOT NULL DEFAULT '{}');
CREATE TABLE api_keys (
  consumer_key TEXT PRIMARY KEY, consumer_secret TEXT NOT NULL, permissions TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE ledger (
  change_id TEXT PRIMARY KEY, proposal TEXT NOT NULL, n INTEGER NOT NULL, kind TEXT NOT NULL,
  resource TEXT NOT NULL, record TEXT NOT NULL, state TEXT NOT NULL, user_id INTEGER NOT NULL,
  at TEXT NOT NULL,
  message TEXT NOT NULL DEFAULT '', outcome TEXT NOT NULL DEFAULT '', reported INTEGER NOT NULL DEFAULT 0)
  WITHOUT ROWID;
CREATE TABLE outbox (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, type TEXT NOT NULL, resource TEXT NOT NULL,
  resource_id INTEGER NOT NULL, at TEXT NOT NULL, origin TEXT, version TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'waiting', message TEXT NOT NULL DEFAULT '');
CREATE TABLE seen_jti (jti TEXT PRIMARY KEY, expires INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE truth (kind TEXT NOT NULL, id INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, id))
  WITHOUT ROWID;
CREATE TABLE truth_receipts (product_id INTEGER NOT NULL, day TEXT NOT NULL, quantity INTEGER NOT NULL);
"""

# Made after the bulk load: filling first and indexing once is several times faster.
INDEXES = """
CREATE INDEX products_parent ON products (parent_id, id);
CREATE INDEX products_sku ON products (sku);
CREATE INDEX products_modified ON products (date_modified);
CREATE INDEX product_terms_term ON product_terms (term_id);
CREATE INDEX terms_taxonomy ON terms (taxonomy);
CREATE INDEX posts_type ON posts (type, parent);
CREATE INDEX orders_created ON orders (date_created);
CREATE INDEX orders_modified ON orders (date_modified);
CREATE INDEX orders_customer ON orders (customer_id);
CREATE INDEX order_lines_order ON order_lines (order_id);
CREATE INDEX refunds_order ON refunds (order_id);
CREATE INDEX refund_lines_refund ON refund_lines (refund_id);
CREATE INDEX reviews_product ON reviews (product_id);
CREATE INDEX ledger_proposal ON ledger (proposal, n);
CREATE INDEX outbox_state ON outbox (state, seq);
"""


def connect(path: Path | str) -> sqlite3.Connection:
    """Open the shop's file: rows by name, WAL, 10 s of patience with another writer."""
    con = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
    con.row_factory = sqlite3.Row
    con.execute("PRAGMA journal_mode=WAL")
    con.execute("PRAGMA synchronous=NORMAL")
    return con


def create(path: Path | str) -> sqlite3.Connection:
    """Make an empty shop file tuned for the bulk load; call `finish` when the rows are in."""
    con = sqlite3.connect(path, isolation_level=None)
    con.row_factory = sqlite3.Row
    con.execute("PRAGMA journal_mode=OFF")
    con.execute("PRAGMA synchronous=OFF")
    con.executescript(DDL)
    con.execute("BEGIN")
    return con


def finish(con: sqlite3.Connection) -> None:
    """Commit the bulk load and build the indexes."""
    con.execute("COMMIT")
    con.executescript(INDEXES)
    con.execute("ANALYZE")


def set_option(con: sqlite3.Connection, name: str, value: Any) -> None:
    """Store one JSON option."""
    con.execute("INSERT OR REPLACE INTO options VALUES (?, ?)", (name, json.dumps(value)))


def get_option(con: sqlite3.Connection, name: str, default: Any = None) -> Any:
    """Read one JSON option, or `default`."""
    row = con.execute("SELECT value FROM options WHERE name = ?", (name,)).fetchone()
    return default if row is None else json.loads(row[0])


def insert_many(con: sqlite3.Connection, table: str, columns: str, rows: Any) -> None:
    """Insert tuples whose order is `columns` ("id, name")."""
    marks = ", ".join("?" * (columns.count(",") + 1))
    con.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)
