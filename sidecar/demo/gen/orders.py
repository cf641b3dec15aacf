"""Turns the played days into rows: customers and guests, coupons, orders, lines and refunds."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sidecar.demo.gen.catalogue import Bools, Catalogue, Floats, Ints
from sidecar.demo.gen.demand import Day
from sidecar.demo.gen.words import FIRST_NAMES, LAST_NAMES, PLACES, REFUND_REASONS, STREETS
from sidecar.demo.schema import insert_many

REGISTERED = 0.6
FREE_SHIPPING_FROM, SHIPPING = 6000, 490
PAYMENT_METHODS = ("stripe", "paypal", "bacs")
ORDER_COLUMNS = (
    "id, status, customer_id, email, first_name, last_name, address_1, city, postcode, country, "
    "discount, shipping, total, coupon, payment_method, date_created, date_modified, date_paid, "
    "date_completed"
)
LINE_COLUMNS = "id, order_id, product_id, variation_id, quantity, subtotal, total"


@dataclass(frozen=True)
class Coupon:
    """A percent coupon that a share of the orders between two days (inclusive indexes) carries."""

    id: int
    code: str
    percent: int
    first: int
    last: int
    share: float


class People:
    """Who buys: customers who join, come back at their own pace and drop out, and guests."""

    def __init__(self, days: int, orders: int, rng: np.random.Generator) -> None:
        self.rng = rng
        count = max(8, round(orders * 0.2))
        self.joined = np.sort(rng.integers(-200, days, count))
        self.leaves = self.joined + rng.exponential(400, count)
        self.pace = rng.gamma(0.9, 1.0, count)
        self.guests = 0
        self.orders = np.zeros(count, dtype=np.int64)

    def buyers(self, index: int, count: int) -> Ints:
        """Pick the buyers of one day's orders: customer number from 0, or -1 - guest number."""
        registered = self.rng.random(count) < REGISTERED
        new = np.flatnonzero(self.joined == index)
        weights = np.cumsum(self.pace * ((self.joined < index) & (self.leaves > index)))
        slots = np.flatnonzero(registered)
        who = np.empty(count, dtype=np.int64)
        picks = np.searchsorted(weights, self.rng.random(len(slots)) * weights[-1], side="right")
        who[slots] = np.minimum(picks, len(weights) - 1)
        who[slots[: len(new)]] = new[: len(slots)]
        np.add.at(self.orders, who[slots], 1)
        who[~registered] = -1 - self._guests(int((~registered).sum()))
        return who

    def _guests(self, count: int) -> Ints:
        """New guest numbers, every seventh being somebody who bought as a guest before."""
        again = (self.rng.random(count) < 0.15) & (self.guests > 0)
        fresh = np.arange(self.guests, self.guests + count)
        old = self.rng.integers(0, max(1, self.guests), count)
        self.guests += count
        return np.where(again, old, fresh)


def person(number: int) -> tuple[str, str, str, str, str, str, str]:
    """Email, first and last name, street, city, postcode and country of a buyer (guests are negative)."""
    seed = (number * 2_654_435_761) % 2_147_483_647
    first, last = FIRST_NAMES[seed % len(FIRST_NAMES)], LAST_NAMES[seed // 31 % len(LAST_NAMES)]
    country, city, post = PLACES[seed // 977 % len(PLACES)]
    name = f"{first}.{last}.{number}" if number >= 0 else f"guest.{last}.{-number}"
    street = f"{STREETS[seed // 7919 % len(STREETS)]} {seed % 120 + 1}"
    return f"{name}@example.com".lower(), first, last, street, city, f"{post}{seed // 13 % 1000:03d}", country


@dataclass
class OrderWriter:
    """Writes one day's orders at a time; keeps only the refunds, which get their ids after the last order."""

    con: sqlite3.Connection
    catalogue: Catalogue
    people: People
    coupons: list[Coupon]
    unit_ids: Ints
    product_ids: Ints
    next_id: int
    rng: np.random.Generator
    lines: int = 0
    refunds: list[tuple[Any, ...]] = field(default_factory=list)
    coupon_uses: dict[str, int] = field(default_factory=dict)

    def write(self, day: Day) -> None:
        """Price, total and insert one day."""
        count = len(day.cancelled)
        if not count:
            return
        coupon = self._coupons(day.index, count)
        price = self.catalogue.per_unit(self.catalogue.price(day.index))
        subtotal = price[day.unit] * day.quantity
        percent = np.array([0, *(c.percent for c in self.coupons)])[coupon + 1]
        total = subtotal - np.rint(subtotal * percent[day.order] / 100).astype(np.int64)
        goods = _by_order(day.order, total, count)
        shipping = np.where(goods < FREE_SHIPPING_FROM, SHIPPING, 0)
        discount = _by_order(day.order, subtotal, count) - goods
        ids = np.arange(self.next_id, self.next_id + count)
        self.next_id += count
        returned = _by_order(day.order, np.where(day.lag > 0, total, 0), count)
        last_lag = np.zeros(count, dtype=np.int64)
        np.maximum.at(last_lag, day.order, day.lag)
        orders = self._order_rows(day, ids, coupon, discount, shipping, goods, returned, last_lag)
        insert_many(self.con, "orders", ORDER_COLUMNS, orders)
        self._write_lines(day, ids, subtotal, total)

    def _coupons(self, index: int, count: int) -> Ints:
        """Index of the coupon each order carries, -1 for none."""
        chosen = np.full(count, -1)
        for number, coupon in enumerate(self.coupons):
            if coupon.first <= index <= coupon.last:
                chosen[(self.rng.random(count) < coupon.share) & (chosen < 0)] = number
        for number, uses in zip(*np.unique(chosen[chosen >= 0], return_counts=True), strict=True):
            code = self.coupons[number].code
            self.coupon_uses[code] = self.coupon_uses.get(code, 0) + int(uses)
        return chosen

    def _order_rows(
        self,
        day: Day,
        ids: Ints,
        coupon: Ints,
        discount: Ints,
        shipping: Ints,
        goods: Ints,
        returned: Ints,
        last_lag: Ints,
    ) -> list[tuple[Any, ...]]:
        count = len(ids)
        created, done = self._times(day.index, count)
        statuses = self._statuses(day, count, (returned == goods) & (shipping == 0) & (returned > 0))
        total = goods + shipping
        who = self.people.buyers(day.index, count).tolist()
        methods = self.rng.choice(len(PAYMENT_METHODS), count, p=[0.6, 0.3, 0.1]).tolist()
        codes = [c.code for c in self.coupons] + [""]
        created_text, done_text = _iso(created), _iso(done)
        refunded_text = _iso(created + (last_lag * 86_400))
        rows = []
        for i, (order_id, status, buyer) in enumerate(zip(ids.tolist(), statuses, who, strict=True)):
            email, *rest = person(buyer)
            completed = done_text[i] if status in ("completed", "refunded") else None
            modified = refunded_text[i] if last_lag[i] else completed or created_text[i]
            paid = None if status in ("failed", "cancelled", "on-hold") else created_text[i]
            rows.append(
                (
                    order_id,
                    status,
                    buyer + 1 if buyer >= 0 else 0,
                    email,
                    *rest,
                    int(discount[i]),
                    int(shipping[i]),
                    int(total[i]),
                    codes[coupon[i]],
                    PAYMENT_METHODS[methods[i]],
                    created_text[i],
                    modified,
                    paid,
                    completed,
                )
            )
        self._keep_refund_times(day, ids, created)
        return rows

    def _times(self, index: int, count: int) -> tuple[Any, Any]:
        """Ascending times of purchase (busy evenings) and of completion, one to three days later."""
        hours = self.rng.choice(24, count, p=HOURS) * 3600 + self.rng.integers(0, 3600, count)
        created = (self.catalogue.start + index).astype("datetime64[s]") + np.sort(hours)
        return created, created + self.rng.integers(86_400, 3 * 86_400, count)

    def _statuses(self, day: Day, count: int, refunded: Bools) -> list[str]:
        """Old orders are completed, those of the last three days still in work."""
        recent = day.index >= self.catalogue.size.days - 3
        open_status = np.where(self.rng.random(count) < 0.1, "on-hold", "processing")
        status = np.where(recent, open_status, np.where(refunded, "refunded", "completed")).astype("U12")
        lost = np.where(self.rng.random(count) < 0.3, "failed", "cancelled")
        return np.where(day.cancelled, lost, status).tolist()  # type: ignore[no-any-return]

    def _keep_refund_times(self, day: Day, ids: Ints, created: Any) -> None:
        self._refund_at = created[day.order] + day.lag * 86_400

    def _write_lines(self, day: Day, ids: Ints, subtotal: Ints, total: Ints) -> None:
        first = self.lines + 1
        self.lines += len(day.unit)
        product = self.product_ids[self.catalogue.unit_product[day.unit]]
        unit = self.unit_ids[day.unit]
        rows = list(
            zip(
                range(first, self.lines + 1),
                ids[day.order].tolist(),
                product.tolist(),
                np.where(unit == product, 0, unit).tolist(),
                day.quantity.tolist(),
                subtotal.tolist(),
                total.tolist(),
                strict=True,
            )
        )
        insert_many(self.con, "order_lines", LINE_COLUMNS, rows)
        back = np.flatnonzero(day.lag)
        when = _iso(self._refund_at[back])
        self.refunds += [(at, rows[i]) for at, i in zip(when, back.tolist(), strict=True)]

    def finish(self) -> None:
        """Insert the refunds in the order they happened; ids follow the last order's."""
        self.refunds.sort()
        reasons = self.rng.choice(len(REFUND_REASONS), len(self.refunds)).tolist()
        heads, lines = [], []
        for number, ((at, line), reason) in enumerate(zip(self.refunds, reasons, strict=True)):
            line_id, order_id, product, variation, quantity, _, total = line
            refund = self.next_id + number
            heads.append((refund, order_id, total, REFUND_REASONS[reason], at))
            lines.append((self.lines + 1 + number, refund, line_id, product, variation, quantity, total))
        insert_many(self.con, "refunds", "id, order_id, amount, reason, date_created", heads)
        insert_many(
            self.con,
            "refund_lines",
            "id, refund_id, order_line_id, product_id, variation_id, quantity, total",
            lines,
        )
        self.next_id += len(self.refunds)


HOURS: Floats = np.array(
    [2, 1, 1, 1, 1, 1, 2, 4, 6, 7, 7, 7, 8, 7, 6, 6, 6, 7, 9, 11, 12, 10, 7, 4], dtype=float
)
HOURS = HOURS / HOURS.sum()


def _by_order(order: Ints, values: Ints, count: int) -> Ints:
    return np.bincount(order, weights=values, minlength=count).astype(np.int64)


def _iso(times: Any) -> list[str]:
    return np.datetime_as_string(times, unit="s").tolist()  # type: ignore[no-any-return]


def write_customers(con: sqlite3.Connection, people: People, start: np.datetime64) -> None:
    """Insert the registered customers; ids are their numbers from 1."""
    joined = _iso((start + people.joined).astype("datetime64[s]") + 36_000)
    rows = []
    for number, when in enumerate(joined):
        email, first, last, street, city, postcode, country = person(number)
        rows.append(
            (number + 1, email, first, last, email.split("@")[0], street, city, postcode, country, when, when)
        )
    insert_many(
        con,
        "customers",
        "id, email, first_name, last_name, username, address_1, city, postcode, country, "
        "date_created, date_modified",
        rows,
    )
