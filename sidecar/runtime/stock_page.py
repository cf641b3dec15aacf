"""Stock on the wire: the overview's figures, one item with its chart, one product's answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from sidecar.core.errors import NotFound
from sidecar.core.forecasts import KeptForecast
from sidecar.db import write
from sidecar.retail.note_words import in_words
from sidecar.retail.outlook import HIGH, LOW, outlook
from sidecar.retail.stock_plan import SHOWN_DAYS, Decision
from sidecar.runtime import audit, overrides, products
from sidecar.runtime.base import Row, Runtime, at, present
from sidecar.runtime.stock import View, known_sum, look, order_total, product_of, view
from sidecar.runtime.stock_rows import PIECES, money, rounded, row_of


def overview(rt: Runtime, shop_id: str) -> Row:
    """The figures of the whole shop, each with its unit; `state` tells when nothing was fitted yet."""
    seen = view(rt, shop_id)
    answer: Row = {
        "as_of": seen.today.isoformat(),
        "currency": seen.facts.currency,
        "figures": _figures(seen),
    }
    if not seen.seen.kept:
        return answer | {"state": "no_forecasts"}
    answer |= {"state": "ok", "fitted_at": at(seen.made_at)}
    return answer | ({"chart": _picture(seen.whole, seen)} if seen.whole else {})


def _figures(seen: View) -> Row:
    kept = seen.seen.kept
    due = [one for one in seen.decisions if one.order is not None and one.order.quantity]
    cost, without = order_total(seen.decisions)
    tied, unknown = known_sum([line.value for line in seen.idle.values()])
    tested = [one for one in kept if one.error is not None and one.naive_error is not None]
    better = sum((one.error or 0) < (one.naive_error or 0) for one in tested)
    ran_out = sum(_empty(one, kept) for one in seen.decisions)
    since = seen.today - timedelta(days=SHOWN_DAYS)
    lately = seen.watched_since is None or seen.watched_since > since
    items = len(seen.decisions)
    if not kept:
        empty = {"note": "no_forecast"}
        names = ("to_order", "order_cost", "dead_stock", "accuracy", "stockouts")
        return {"items": _figure(items, "items", "")} | dict.fromkeys(names, empty)
    found = {
        "items": _figure(items, "items", "", with_forecast=len(kept)),
        "to_order": _figure(len(due), "items", ""),
        "order_cost": _money(cost, seen, without_cost=without or None),
        "dead_stock": _money(tied, seen, items=len(seen.idle), without_cost=unknown or None),
        "accuracy": _figure(
            round(better / len(tested), 4) if tested else None,
            "share",
            "" if tested else "too_short_for_backtest",
            tested=len(tested),
            items=len(kept),
        ),
        "stockouts": _figure(ran_out, "items", "watched_four_weeks" if lately else ""),
    }
    for name, figure in found.items():
        figure |= _before(name, seen)
    return found


def _empty(one: Decision, kept: Sequence[KeptForecast]) -> bool:
    """Whether an item that shoppers can see had no stock on one of the last days, or has none now."""
    stock = one.holder.stock
    if stock is not None and stock <= 0 and one.holder.published:
        return True
    return one.row is not None and bool((~kept[one.row].in_stock[-SHOWN_DAYS:]).any())


def _before(name: str, seen: View) -> Row:
    """The figure's value four weeks ago, or why it is not known."""
    if name != "stockouts":
        past = seen.past.get(name)
        return {"before": past} if past else {"before_note": "no_past"}
    first = seen.today - timedelta(days=2 * SHOWN_DAYS)
    if seen.watched_since is None or seen.watched_since > first:
        return {"before_note": "watched_too_short"}
    before = sum(bool((~one.in_stock[-2 * SHOWN_DAYS : -SHOWN_DAYS]).any()) for one in seen.seen.kept)
    return {"before": {"value": before, "day": (seen.today - timedelta(days=SHOWN_DAYS)).isoformat()}}


def _money(value: Decimal | None, seen: View, **counts: int | None) -> Row:
    """A figure of money; without a value where no cost is known."""
    shown = None if value is None else money(value, seen)
    return _figure(shown, seen.facts.currency, "no_cost" if value is None else "", **counts)


def _figure(value: float | str | None, unit: str, note: str, **counts: int | None) -> Row:
    """A figure with its unit, a note by code, and the counts behind it."""
    return present({"value": value, "unit": unit, "note": note or None, **counts})


def _picture(whole: KeptForecast, found: View) -> Row:
    """The shop's own series; what the owner corrected of items moves its days and their range."""
    seen = outlook([whole], [], found.today)
    forecast = _forecast(seen, 0) if seen.kept else []
    for line, more in zip(forecast, found.corrected, strict=False):
        if abs(more) >= 0.001:
            line["before_override"] = line["mean"]
            line |= {name: round(max(line[name] + more, 0.0), 3) for name in ("mean", "low", "high")}
    return {
        "history": _history(whole),
        "forecast": forecast,
        "level": round(HIGH - LOW, 2),
    }


def item(rt: Runtime, shop_id: str, item_id: int) -> Row:
    """One stock with its history, forecast, overrides, accuracy and the parts of its order; NotFound."""
    seen = look(rt, shop_id, [product_of(rt, shop_id, item_id)])
    one = seen.by_id.get(item_id)
    if one is None:
        raise NotFound(
            "The mirror holds no such item.",
            hint="See GET /api/v1/inventory/items; only what is published or private has a stock.",
        )
    answer: Row = {
        "item": row_of(one, seen),
        "overrides": [
            known
            for known in overrides.listed(rt, shop_id, one.holder.id)
            if known["last_day"] >= seen.today.isoformat()
        ],
        "parts": _parts(one),
        "notes": list(one.notes),
        "level": round(HIGH - LOW, 2),
        "as_of": seen.today.isoformat(),
    }
    if one.row is None:
        return answer | {"history": [], "forecast": []}
    kept = seen.seen.kept[one.row]
    accuracy = {
        "error": rounded(kept.error), "naive_error": rounded(kept.naive_error), "metric": "RMSSE",
        "coverage": rounded(kept.coverage), "coverage_level": round(kept.levels[-1] - kept.levels[0], 4),
    }  # fmt: skip
    return answer | {
        "history": _history(kept),
        "forecast": _forecast(seen.seen, one.row),
        "accuracy": present(accuracy),
    }


def _history(kept: KeptForecast) -> list[Row]:
    days = min(len(kept.sold), max((kept.first_day - kept.since).days, 1))
    first = kept.first_day - timedelta(days=days)
    return [
        {
            "day": (first + timedelta(days=n)).isoformat(),
            "sold": round(float(sold), 3),
            "in_stock": bool(there),
        }
        for n, (sold, there) in enumerate(zip(kept.sold[-days:], kept.in_stock[-days:], strict=True))
    ]


def _forecast(seen: Any, row: int) -> list[Row]:
    names = ("mean", "low", "high")
    parts = [np.round(getattr(seen, name)[row], 3).tolist() for name in names]
    base = np.round(seen.base[row], 3).tolist()
    found = []
    for n, values in enumerate(zip(*parts, strict=True)):
        line: Row = {
            "day": (seen.today + timedelta(days=n)).isoformat(),
            **dict(zip(names, values, strict=True)),
        }
        if base[n] != values[0]:
            line["before_override"] = base[n]
        found.append(line)
    return found


def _parts(one: Decision) -> list[Row]:
    """What the order is made of, in the order in which one would explain it."""
    supply = one.supply
    parts: list[tuple[str, str, float | None, str]] = [
        ("stock", "In stock", one.holder.stock, PIECES),
        ("incoming", "On order", one.incoming, PIECES),
        ("lead_days", "Delivery time", supply.lead_days, "days"),
        ("lead_spread_days", "Deliveries early or late by", supply.lead_spread_days, "days"),
        ("review_days", "Days until the next look", supply.review_days, "days"),
        ("service_level", "Wished service", supply.service_level, "share"),
        ("moq", "Smallest order", supply.moq, PIECES),
        ("pack", "Pieces in a pack", supply.pack, PIECES),
    ]
    order = one.order
    if order is not None:
        parts += [
            ("reorder_point", "Order at", order.reorder_point, PIECES),
            ("safety_stock", "Of it for safety", order.safety_stock, PIECES),
            ("order_up_to", "Fill up to", order.order_up_to, PIECES),
            ("order_quantity", "Order now", order.quantity, PIECES),
            ("short", "Missed without an order", round(order.short, 2), PIECES),
            (
                "stockout_if_ordered",
                "Risk to run out when ordered now",
                round(order.stockout_if_ordered, 4),
                "share",
            ),
        ]
    return [
        {"code": code, "label": label, "value": value, "unit": unit}
        for code, label, value, unit in parts
        if value is not None
    ]


def note_level(rt: Runtime, shop_id: str, item_id: int, was: int | None, to: int | None, who: Row) -> None:
    """Notes the low-stock level that a person set in the shop, as the plugin tells it; NotFound."""
    product = product_of(rt, shop_id, item_id)
    products.get(rt, shop_id, product)
    target = f"wc/v3/products/{product}" + ("" if product == item_id else f"/variations/{item_id}")
    level = "low_stock_amount"
    with write(rt.db.app) as conn:
        audit.record(conn, shop_id, who, "stock.level", target, before={level: was}, after={level: to})


def recommendations(rt: Runtime, shop_id: str, product_id: int) -> Row:
    """Everything about one product's stocks, from forecasts that were kept; NotFound."""
    seen = look(rt, shop_id, [product_id])
    if not seen.decisions:
        raise NotFound(
            "The mirror holds no such product.",
            hint="See GET /api/v1/ecommerce/products; only published and private products have stock.",
        )
    return {
        "product_id": product_id,
        "as_of": seen.today.isoformat(),
        "generation": seen.generation,
        "items": [_recommended(one, seen) for one in seen.decisions],
    }


def _recommended(one: Decision, seen: View) -> Row:
    """A row with the figures of the source's examples: forecast, confidence_intervals and the like."""
    answer = row_of(one, seen)
    if one.order is not None:
        answer["recommended_order_quantity"] = one.order.quantity
    if one.row is not None:
        mean, low, high = (
            np.round(part[one.row], 3).tolist() for part in (seen.seen.mean, seen.seen.low, seen.seen.high)
        )
        answer |= {
            "first_day": seen.today.isoformat(),
            "unit": "pieces a day",
            "forecast": mean,
            "confidence_intervals": [list(pair) for pair in zip(low, high, strict=True)],
            "level": round(HIGH - LOW, 2),
        }
    return answer | {"notes": in_words(one.notes)}
