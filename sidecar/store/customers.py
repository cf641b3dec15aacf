"""One row per customer or guest, from orders and accounts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, case, func, select

from sidecar.core.store import CustomerColumn
from sidecar.db.mirror import customers, orders, refunds
from sidecar.store.frames import Columns, as_frame

if TYPE_CHECKING:
    import pandas as pd

KINDS: Columns = {
    "customer": "int64",
    "country": "object",
    "postcode_area": "object",
    "created_at": "time",
    "orders": "int64",
    "spent": "money",
    "first_at": "time",
    "last_at": "time",
}


def customer_frame(
    conn: Connection, shop_id: str, currency: str, columns: Sequence[CustomerColumn]
) -> pd.DataFrame:
    """The named columns, accounts without orders too; `spent` net of refunds, `created_at` NaT for guests."""
    import pandas as pd

    account, order = customers.c, orders.c
    registered = select(func.min(account.id)).where(
        account.shop_id == order.shop_id, account.email_hash == order.email_hash
    )
    who = case(
        (order.customer_id > 0, order.buyer), else_=func.coalesce(registered.scalar_subquery(), order.buyer)
    )
    back = (
        select(refunds.c.order_id, func.sum(refunds.c.amount).label("amount"))
        .where(refunds.c.shop_id == shop_id)
        .group_by(refunds.c.order_id)
        .subquery()
    )
    net = order.total - func.coalesce(back.c.amount, 0)
    bought = (
        select(
            who.label("customer"),
            func.max(order.country),
            func.max(order.postcode_area),
            func.count(),
            func.sum(net),
            func.min(order.created_at),
            func.max(order.created_at),
        )
        .select_from(orders.outerjoin(back, back.c.order_id == order.id))
        .where(order.shop_id == shop_id, order.sold, order.currency == currency, order.buyer > 0)
        .group_by(who)
    )
    names: Columns = {
        name: KINDS[name]
        for name in ("customer", "country", "postcode_area", "orders", "spent", "first_at", "last_at")
    }
    frame = as_frame(conn, bought, names)
    held = select(account.id, account.country, account.postcode_area, account.created_at).where(
        account.shop_id == shop_id
    )
    accounts = as_frame(
        conn,
        held,
        {"customer": "int64", "country": "object", "postcode_area": "object", "created_at": "time"},
    )
    whole: Any = frame.merge(accounts, on="customer", how="outer", suffixes=("", "_account"), sort=True)
    for name in ("country", "postcode_area"):
        whole[name] = whole[name].where(whole[name].notna(), whole[f"{name}_account"])
    whole["orders"] = whole["orders"].fillna(0).astype("int64")
    whole["spent"] = whole["spent"].fillna(0.0)
    return pd.DataFrame(whole[list(columns)])
