"""The shop as one run sees it: columnar queries over the mirror, aggregated in SQL, at one moment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, Select, case, func, literal, select, union_all

from sidecar.core.errors import UndeclaredRead
from sidecar.core.store import (
    Category,
    CustomerColumn,
    Incoming,
    Item,
    Location,
    OpenProposal,
    OrderLineColumn,
    Override,
    Product,
    ShopFacts,
    Supplies,
)
from sidecar.core.types import SCALE
from sidecar.db import Databases, read
from sidecar.db.app import price_history, proposal_open, proposals, seen_days, stock_history
from sidecar.db.mirror import categories, customers, order_lines, orders, refund_lines, refunds, reviews
from sidecar.store import owned
from sidecar.store.frames import Columns, as_frame, epoch_day, stock_by_day
from sidecar.store.records import FEW, items_of, products_of
from sidecar.store.rows import local_day, zone_of
from sidecar.store.sync import generation_of

if TYPE_CHECKING:
    import pandas as pd

ITEM = case((order_lines.c.variation_id > 0, order_lines.c.variation_id), else_=order_lines.c.product_id)
REFUND_ITEM = case(
    (refund_lines.c.variation_id > 0, refund_lines.c.variation_id), else_=refund_lines.c.product_id
)


@contextmanager
def open_store(
    databases: Databases,
    shop_id: str,
    facts: ShopFacts,
    reads: frozenset[str],
    *,
    now: datetime | None = None,
) -> Iterator[SqlStore]:
    """The shop's store for one run: one read transaction, so a sync meanwhile changes nothing that it sees.

    Only queries named in `reads` are answered.
    """
    with read(databases.mirror) as conn:
        generation = generation_of(conn, shop_id)  # the first read fixes the moment
        yield SqlStore(conn, databases.app, shop_id, facts, generation, reads, now or datetime.now(UTC))


class SqlStore:
    """`core.store.Store` over SQL; docstrings there say what each query gives."""

    def __init__(
        self,
        conn: Connection,
        app: Engine,
        shop_id: str,
        facts: ShopFacts,
        generation: int,
        reads: frozenset[str],
        now: datetime,
    ) -> None:
        self.facts = facts
        self.generation = generation
        self._conn, self._app, self._shop_id, self._reads = conn, app, shop_id, reads
        self._now = int(now.timestamp())
        self._zone = zone_of(facts.timezone)
        self._notes: dict[str, str] = {}

    def products(self, ids: Sequence[int] | None = None) -> Iterator[Product]:
        self._may("products")
        return owned.with_costs(products_of(self._conn, self._shop_id, ids), self._costs())

    def items(
        self, ids: Sequence[int] | None = None, *, products: Sequence[int] | None = None
    ) -> Iterator[Item]:
        self._may("products")
        found = items_of(self._conn, self._shop_id, ids, products)
        if products is None or len(products) > FEW:
            return owned.with_costs(found, self._costs())
        few = list(found)
        return owned.with_costs(iter(few), self._costs([item.id for item in few]))

    def categories(self) -> dict[int, Category]:
        self._may("categories")
        rows = self._conn.execute(
            select(categories).where(categories.c.shop_id == self._shop_id).order_by(categories.c.id)
        ).mappings()
        return {
            row["id"]: Category(*(row[name] for name in ("id", "parent", "name", "slug", "count")))
            for row in rows
        }

    def sales_span(self) -> tuple[date, date] | None:
        self._may("sales")
        query = select(func.min(orders.c.day), func.max(orders.c.day)).where(
            orders.c.shop_id == self._shop_id, orders.c.sold
        )
        first, last = self._conn.execute(query).one()
        return None if first is None else (epoch_day(first), epoch_day(last))

    def daily_sales(self, since: date, ids: Sequence[int] | None = None) -> pd.DataFrame:
        self._may("sales")
        self._note_left_out(since, pieces=True)
        line, gone = order_lines.c, refund_lines.c
        # A piece is a piece in any currency; prices are told from pieces whose money is known.
        own, back = line.currency == self.facts.currency, orders.c.currency == self.facts.currency
        sold = self._sold(since, abroad=True).with_only_columns(
            ITEM.label("item_id"),
            line.product_id,
            line.day,
            line.quantity,
            case((own, line.total), else_=0).label("total"),
            line.order_id,
            case((own, line.quantity), else_=0).label("ordered"),
            case((own, line.subtotal), else_=0).label("subtotal"),
        )
        returned = (
            select(
                REFUND_ITEM.label("item_id"),
                gone.product_id,
                orders.c.day,
                -gone.quantity,
                case((back, -gone.total), else_=0),
                gone.order_id,
                literal(0).label("ordered"),
                literal(0).label("subtotal"),
            )
            .join(orders, (orders.c.shop_id == gone.shop_id) & (orders.c.id == gone.order_id))
            .where(gone.shop_id == self._shop_id, orders.c.sold, orders.c.day >= _day(since))
        )
        if ids is not None:
            sold, returned = sold.where(ITEM.in_(ids)), returned.where(REFUND_ITEM.in_(ids))
        both = union_all(sold, returned).subquery()
        part = both.c
        query = (
            select(
                part.item_id,
                part.product_id,
                part.day,
                func.sum(part.quantity),
                func.sum(part.total),
                func.count(part.order_id.distinct()),
                func.sum(part.ordered),
                func.sum(part.subtotal),
            )
            .group_by(part.item_id, part.product_id, part.day)
            .order_by(part.item_id, part.day)
        )
        columns: Columns = {
            "item_id": "int64",
            "product_id": "int64",
            "day": "day",
            "quantity": "float64",
            "revenue": "money",
            "orders": "int64",
            "ordered": "float64",
            "value": "money",
        }
        return as_frame(self._conn, query, columns)

    def order_lines(
        self, columns: Sequence[OrderLineColumn], since: date, products: Sequence[int] | None = None
    ) -> pd.DataFrame:
        self._may("order_lines")
        self._note_left_out(since, products)
        line, order = order_lines.c, orders.c
        back = (
            select(
                refund_lines.c.order_id,
                REFUND_ITEM.label("item"),
                func.sum(refund_lines.c.quantity).label("quantity"),
                func.sum(refund_lines.c.total).label("total"),
            )
            .where(refund_lines.c.shop_id == self._shop_id)
            .group_by(refund_lines.c.order_id, REFUND_ITEM)
            .subquery()
        )
        # A refund counts against the first line of its item in the order.
        first = func.row_number().over(partition_by=(line.order_id, ITEM), order_by=line.item_id) == 1
        gross = line.total + case((order.prices_include_tax, line.total_tax), else_=0)
        guest = select(func.min(customers.c.id)).where(
            customers.c.shop_id == order.shop_id, customers.c.email_hash == order.email_hash
        )
        known: dict[OrderLineColumn, tuple[Any, str]] = {
            "order_id": (line.order_id, "int64"),
            "day": (line.day, "day"),
            "created_at": (line.at, "time"),
            "product_id": (line.product_id, "int64"),
            "variation_id": (line.variation_id, "int64"),
            "item_id": (ITEM, "int64"),
            "quantity": (line.quantity, "float64"),
            "net_quantity": (
                line.quantity - case((first, func.coalesce(back.c.quantity, 0)), else_=0),
                "float64",
            ),
            "subtotal": (line.subtotal, "money"),
            "total": (line.total, "money"),
            "net_total": (line.total - case((first, func.coalesce(back.c.total, 0)), else_=0), "money"),
            "currency": (line.currency, "category"),
            "customer": (
                case(
                    (order.customer_id > 0, order.buyer),
                    else_=func.coalesce(guest.scalar_subquery(), order.buyer),
                ),
                "int64",
            ),
            "coupon": (case((order.discount_total > 0, 1), else_=0), "bool"),
            "unit_price": (case((line.quantity > 0, gross / line.quantity), else_=None), "money"),
        }
        query = self._sold(since).with_only_columns(*(known[name][0].label(name) for name in columns))
        if products is not None:
            query = query.where(line.product_id.in_(products))
        wanted = set(columns)
        if wanted & {"customer", "coupon", "unit_price"}:
            query = query.join(orders, (order.shop_id == line.shop_id) & (order.id == line.order_id))
        if wanted & {"net_quantity", "net_total"}:
            query = query.outerjoin(back, (back.c.order_id == line.order_id) & (back.c.item == ITEM))
        query = query.order_by(line.order_id, line.item_id)
        return as_frame(self._conn, query, {name: known[name][1] for name in columns})

    def stock_days(self, since: date, ids: Sequence[int] | None = None) -> pd.DataFrame:
        self._may("stock_days")
        holders = {
            item.id: item.product_id if item.stock_of_parent else item.id
            for item in items_of(self._conn, self._shop_id, ids)
        }
        history = stock_history.c
        with read(self._app) as conn:
            query = select(seen_days.c.day).where(
                seen_days.c.shop_id == self._shop_id, seen_days.c.day >= _day(since)
            )
            today = local_day(self._now, self._zone)
            days = [day for day in conn.execute(query.order_by(seen_days.c.day)).scalars() if day <= today]
            known = select(history.item_id, history.at, history.quantity, history.in_stock).where(
                history.shop_id == self._shop_id, history.at <= self._now
            )
            if len(own := set(holders.values())) <= FEW:
                known = known.where(history.item_id.in_(own))
            rows = conn.execute(known.order_by(history.item_id, history.at)).all()
        changes = [(row.item_id, local_day(row.at, self._zone), row.quantity, row.in_stock) for row in rows]
        return stock_by_day(holders, changes, days)

    def prices(self, since: date, ids: Sequence[int] | None = None) -> pd.DataFrame:
        self._may("prices")
        past = price_history.c
        query = select(past.item_id, past.at, past.regular_price, past.price).where(
            past.shop_id == self._shop_id, past.at <= self._now
        )
        if ids is not None:
            query = query.where(past.item_id.in_(ids))
        start = int(datetime.combine(since, datetime.min.time(), self._zone).timestamp())
        # The price that stood at the start of the window belongs to it: its row says since when it stood.
        older = price_history.alias("older")
        before = select(func.max(older.c.at)).where(
            older.c.shop_id == past.shop_id, older.c.item_id == past.item_id, older.c.at <= start
        )
        query = query.where(past.at >= func.coalesce(before.scalar_subquery(), 0)).order_by(
            past.item_id, past.at
        )
        columns: Columns = {"item_id": "int64", "at": "time", "regular_price": "money", "price": "money"}
        with read(self._app) as conn:
            return as_frame(conn, query, columns)

    def customers(self, columns: Sequence[CustomerColumn]) -> pd.DataFrame:
        self._may("customers")
        from sidecar.store.customers import customer_frame

        return customer_frame(self._conn, self._shop_id, self.facts.currency, columns)

    def reviews(self, since: date) -> pd.DataFrame:
        self._may("reviews")
        row = reviews.c
        start = int(datetime.combine(since, datetime.min.time(), self._zone).timestamp())
        query = (
            select(row.id, row.product_id, row.rating, row.verified, row.text, row.created_at)
            .where(row.shop_id == self._shop_id, row.status == "approved", row.created_at >= start)
            .order_by(row.id)
        )
        columns: Columns = {
            "review_id": "int64",
            "product_id": "int64",
            "rating": "int64",
            "verified": "bool",
            "text": "object",
            "created_at": "time",
        }
        return as_frame(self._conn, query, columns)

    def supplies(self, ids: Sequence[int] | None = None) -> Supplies:
        self._may("supplies")
        few = ids if ids is not None and len(ids) <= FEW else None
        with read(self._app) as conn:
            return owned.supplies(conn, self._shop_id, few)

    def overrides(self, since: date) -> list[Override]:
        self._may("overrides")
        with read(self._app) as conn:
            return owned.overrides(conn, self._shop_id, since)

    def locations(self) -> list[Location]:
        self._may("locations")
        with read(self._app) as conn:
            return owned.locations(conn, self._shop_id)

    def incoming(self) -> list[Incoming]:
        self._may("incoming")
        with read(self._app) as conn:
            return owned.incoming(conn, self._shop_id)

    def open_proposals(self, path: str) -> list[OpenProposal]:
        self._may("proposals")
        row = proposal_open.c
        query = (
            select(row.resource, row.proposal_id, proposals.c.agent)
            .join(proposals, (proposals.c.shop_id == row.shop_id) & (proposals.c.id == row.proposal_id))
            .where(row.shop_id == self._shop_id, row.path == path)
            .order_by(row.resource)
        )
        with read(self._app) as conn:
            return [OpenProposal(*found) for found in conn.execute(query)]

    def notes(self) -> list[str]:
        return list(self._notes.values())

    def _costs(self, ids: Sequence[int] | None = None) -> dict[int, Decimal]:
        few = ids if ids is not None and len(ids) <= FEW else None
        with read(self._app) as conn:
            return owned.costs(conn, self._shop_id, few)

    def _may(self, name: str) -> None:
        if name not in self._reads:
            raise UndeclaredRead(
                f"The agent asked for {name}, which its declaration does not name.",
                hint=f'Add "{name}" to reads=.',
            )

    def _sold(self, since: date, *, abroad: bool = False) -> Select[Any]:
        """Lines that count as sales since a day, abroad in any currency; the caller chooses the columns."""
        line = order_lines.c
        query = (
            select(literal(1))
            .select_from(order_lines)
            .where(line.shop_id == self._shop_id, line.day >= _day(since), line.sold)
        )
        return query if abroad else query.where(line.currency == self.facts.currency)

    def _note_left_out(self, since: date, of: Sequence[int] | None = None, *, pieces: bool = False) -> None:
        """Notes orders (of these products) in other currencies, and refunded amounts that name no line.

        pieces: those orders count, but for their money.
        """
        recent = (orders.c.shop_id == self._shop_id) & orders.c.sold & (orders.c.day >= _day(since))
        sold = select(orders.c.id, orders.c.currency).where(recent)
        if of is not None:
            # By their lines, which are few; asked by the orders, the database would read all of them.
            line = order_lines.c
            mine = (line.shop_id == self._shop_id) & line.product_id.in_(of) & (line.day >= _day(since))
            sold = select(line.order_id.label("id"), line.currency).where(mine, line.sold).distinct()
        order = sold.subquery()
        abroad = select(func.count()).select_from(order).where(order.c.currency != self.facts.currency)
        foreign = self._conn.execute(abroad).scalar_one()
        if foreign:
            what = "count by their pieces, not their money" if pieces else "are left out"
            self._notes["currency"] = (
                f"{foreign} orders in other currencies than {self.facts.currency} {what}."
            )
        named = select(refund_lines.c.refund_id).where(
            refund_lines.c.shop_id == refunds.c.shop_id, refund_lines.c.refund_id == refunds.c.id
        )
        loose = (
            select(func.count(), func.sum(refunds.c.amount))
            .join(order, refunds.c.order_id == order.c.id)
            .where(refunds.c.shop_id == self._shop_id, ~named.exists(), refunds.c.amount > 0)
        )
        count, amount = self._conn.execute(loose).one()
        if count:
            money = f"{float(amount) / SCALE:.{self.facts.decimals}f} {self.facts.currency}"
            self._notes["refunds"] = f"{count} refunds ({money}) name no product and are not taken off any."


def _day(when: date) -> int:
    return when.toordinal() - date(1970, 1, 1).toordinal()
