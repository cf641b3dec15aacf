"""The Stock page and one product's answer: kept forecasts against today's stock and terms of purchase.

Worked out anew from what is stored, so that an order, a new lead time or an override shows at once.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
from sqlalchemy import Connection, Table, func, select

from sidecar.core.forecasts import WHOLE_SHOP, KeptForecast
from sidecar.core.store import ShopFacts
from sidecar.db import read
from sidecar.db.app import proposal_open
from sidecar.db.forecasts import forecasts
from sidecar.db.mirror import variations
from sidecar.db.owned import (
    forecast_overrides,
    purchase_order_lines,
    purchase_orders,
    suppliers,
    supplies,
)
from sidecar.retail.calendar import shop_day
from sidecar.retail.dead_stock import Idle, idle
from sidecar.retail.holders import holders_of
from sidecar.retail.outlook import Outlook, outlook
from sidecar.retail.stock_plan import SHOWN_DAYS, Decision, decide
from sidecar.runtime import stock_past
from sidecar.runtime.base import Row, Runtime
from sidecar.runtime.memo import WORTH, Memo
from sidecar.runtime.models import load
from sidecar.runtime.shop import shop_row
from sidecar.security.pairing import shop_facts
from sidecar.store.queries import open_store
from sidecar.store.sync import generation_of

READS = frozenset({"products", "supplies", "overrides", "incoming"})
CHANGING: tuple[tuple[Table, str], ...] = (
    (forecasts, "made_at"),
    (supplies, "updated_at"),
    (suppliers, "updated_at"),
    (forecast_overrides, "created_at"),
    (purchase_orders, "updated_at"),
    (proposal_open, "proposal_id"),
)
"""Tables that a view rests on, and the column that any change of a row moves."""


@dataclass(frozen=True)
class View:
    """All stocks of a shop, or of some products, at one moment.

    `markdowns` maps resources to the open proposal for their sale price, `drafted` items to the pieces of
    purchase orders that were not sent yet, `whole` is the shop's own series, `past` what figures were four
    weeks ago, `by_id` knows a shared stock by its variations too, `corrected` is what overrides add to the
    pieces of each day from today on.
    """

    facts: ShopFacts
    today: date
    generation: int
    decisions: list[Decision]
    seen: Outlook
    idle: dict[int, Idle]
    markdowns: dict[str, str]
    drafted: dict[int, int]
    whole: KeptForecast | None
    made_at: int
    past: dict[str, Row] = field(default_factory=dict)
    watched_since: date | None = None
    by_id: dict[int, Decision] = field(default_factory=dict)
    corrected: tuple[float, ...] = ()


VIEWS: Memo[View] = Memo(lambda view: WORTH)


def view(rt: Runtime, shop_id: str) -> View:
    """All stocks of the shop; kept for a moment while nothing it rests on has changed."""
    return VIEWS.get((rt.owner, shop_id), lambda: _light(look(rt, shop_id)), _version(rt, shop_id))


def _light(found: View) -> View:
    """The view without its forecasts' arrays, which rows do not show: many would fill a process."""
    none = np.zeros((0, 0))
    kept = tuple(
        replace(
            one,
            mean=none,
            quantiles=none,
            totals=none,
            sold=none,
            in_stock=one.in_stock[-2 * SHOWN_DAYS :].copy(),
        )
        for one in found.seen.kept
    )
    bare = replace(found.seen, kept=kept, base=none, mean=none, totals=none, whole=none)
    return replace(found, seen=bare)


def look(rt: Runtime, shop_id: str, product_ids: Sequence[int] | None = None) -> View:
    """The stocks of these products, or all, worked out now."""
    facts = shop_facts(shop_row(rt, shop_id)["facts"])
    now = datetime.now(UTC)
    today = shop_day(now, facts.timezone)
    with open_store(rt.db, shop_id, facts, READS, now=now) as store:
        holders = holders_of(store.items(products=product_ids))
        with read(rt.db.app) as conn:
            ids = None if product_ids is None else [holder.id for holder in holders]
            kept = load(conn, shop_id, ids)
            markdowns, drafted = _markdowns(conn, shop_id), _drafted(conn, shop_id)
            past = stock_past.figures(conn, shop_id) if product_ids is None else {}
            since = stock_past.watched_since(conn, shop_id)
        seen = outlook([one for one in kept if one.item_id != WHOLE_SHOP], store.overrides(today), today)
        bought = None if product_ids is None else [key for one in holders for key in (one.id, *one.item_ids)]
        decisions = decide(
            holders,
            seen,
            store.supplies(bought),
            store.incoming(),
            net_prices=not facts.prices_include_tax,
        )
        return View(
            facts=facts,
            today=today,
            generation=store.generation,
            decisions=decisions,
            seen=seen,
            idle={line.decision.holder.id: line for line in idle(decisions, seen)},
            markdowns=markdowns,
            drafted=drafted,
            whole=next((one for one in kept if one.item_id == WHOLE_SHOP), None),
            made_at=max((one.made_at for one in seen.kept), default=0),
            past=past,
            watched_since=since,
            corrected=tuple((seen.mean - seen.base).sum(axis=0).tolist()),
            by_id={key: one for one in decisions for key in (*one.holder.item_ids, one.holder.id)},
        )


def product_of(rt: Runtime, shop_id: str, item_id: int) -> int:
    """The product of a variation; any other id is a product's own."""
    query = select(variations.c.product_id).where(variations.c.shop_id == shop_id, variations.c.id == item_id)
    with read(rt.db.mirror) as conn:
        found: int | None = conn.execute(query).scalar()
    return item_id if found is None else found


def _markdowns(conn: Connection, shop_id: str) -> dict[str, str]:
    row = proposal_open.c
    query = select(row.resource, row.proposal_id).where(row.shop_id == shop_id, row.path == "sale_price")
    return {found.resource: found.proposal_id for found in conn.execute(query)}


def _drafted(conn: Connection, shop_id: str) -> dict[int, int]:
    line, order = purchase_order_lines.c, purchase_orders.c
    query = (
        select(line.item_id, func.sum(line.quantity).label("pieces"))
        .join(purchase_orders, (order.shop_id == line.shop_id) & (order.id == line.order_id))
        .where(line.shop_id == shop_id, order.state == "draft")
        .group_by(line.item_id)
    )
    return {found.item_id: int(found.pieces) for found in conn.execute(query)}


def _version(rt: Runtime, shop_id: str) -> int:
    """A number that changes with anything that a view rests on."""
    facts = shop_facts(shop_row(rt, shop_id)["facts"])
    now = datetime.now(UTC)
    parts: list[object] = [shop_day(now, facts.timezone)]
    with read(rt.db.app) as conn:
        for table, column in CHANGING:
            mine = table.c.shop_id == shop_id
            count, newest = conn.execute(select(func.count(), func.max(table.c[column])).where(mine)).one()
            parts += (count, newest)
            # Times are whole seconds: another change may come that looks like this one.
            if isinstance(newest, int) and newest > now.timestamp() - 2:
                parts.append(now)
    with read(rt.db.mirror) as conn:
        parts.append(generation_of(conn, shop_id))
    return zlib.crc32(repr(parts).encode())


def order_total(decisions: Sequence[Decision]) -> tuple[Decimal | None, int]:
    """Money of the orders of today whose cost is known, and how many have no cost.

    None where none of them has one: that is no total of zero.
    """
    due = [one.order for one in decisions if one.order is not None and one.order.quantity]
    return known_sum([one.cost for one in due])


def known_sum(values: Sequence[Decimal | None]) -> tuple[Decimal | None, int]:
    """The sum of what is known, None where nothing of it is, and how many are not known."""
    known = [value for value in values if value is not None]
    return (sum(known, Decimal(0)) if known or not values else None), len(values) - len(known)
