"""Writes the true parameters beside the data, so that tests can check what agents recover."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

import numpy as np

from sidecar.demo.gen.catalogue import Bools, Catalogue, Ints
from sidecar.demo.gen.content import Content
from sidecar.demo.gen.demand import Demand
from sidecar.demo.gen.orders import Coupon
from sidecar.demo.gen.words import CATEGORIES
from sidecar.demo.schema import insert_many


def write_truth(
    con: sqlite3.Connection,
    catalogue: Catalogue,
    content: Content,
    demand: Demand,
    coupons: list[Coupon],
    quality: list[float],
    settings: dict[str, Any],
) -> None:
    """Insert rows of kind shop (id 0), products, units, promos and coupons, and the stock receipts."""
    rows = [("shop", 0, _shop(catalogue, settings))]
    rows += [
        ("products", int(i), p)
        for i, p in zip(content.product_ids, _products(catalogue, content, quality), strict=True)
    ]
    rows += [
        ("units", int(i), u)
        for i, u in zip(content.unit_ids, _units(catalogue, content, demand), strict=True)
    ]
    for number, promo in enumerate(catalogue.promos):
        body = {
            "name": promo.name,
            "percent": promo.percent,
            "from": _day(catalogue, promo.first),
            "to": _day(catalogue, promo.last),
            "products": content.product_ids[promo.products].tolist(),
        }
        rows.append(("promos", number, body))
    rows += [
        (
            "coupons",
            c.id,
            {
                "code": c.code,
                "percent": c.percent,
                "from": _day(catalogue, c.first),
                "to": _day(catalogue, c.last),
                "share": c.share,
                "lift": 1.0,
            },
        )
        for c in coupons
    ]
    insert_many(con, "truth", "kind, id, body", ((k, i, json.dumps(b)) for k, i, b in rows))
    _receipts(con, catalogue, content, demand)


def _day(catalogue: Catalogue, index: int) -> str:
    return str(catalogue.start + index)


def _shop(catalogue: Catalogue, settings: dict[str, Any]) -> dict[str, Any]:
    categories = {
        c.name: {
            "season_amplitude": c.season,
            "season_peak_day": c.peak,
            "elasticity": c.elasticity,
            "return_rate": c.returns,
        }
        for c in CATEGORIES
    }
    return {
        **settings,
        "start": str(catalogue.start),
        "days": catalogue.size.days,
        "weekday": catalogue.weekday.round(5).tolist(),
        "categories": categories,
        "noise": "poisson",
        "demand": "rate * share * exp(amplitude * cos(2 pi (day_of_year - peak) / 365.25) + trend * "
        "(day - days / 2) / 365) * weekday * (price / reference) ^ elasticity",
    }


def _products(catalogue: Catalogue, content: Content, quality: list[float]) -> list[dict[str, Any]]:
    near, fresh = set(catalogue.near.tolist()), set(catalogue.fresh.tolist())
    pace = catalogue.expected()[-28:].mean(axis=0)
    found = []
    for i in range(catalogue.size.products):
        slow = int(catalogue.slow_from[i]) <= catalogue.size.days
        planted = [
            n for n, yes in (("slow", slow), ("near_stockout", i in near), ("fresh", i in fresh)) if yes
        ]
        found.append(
            {
                "category": CATEGORIES[int(catalogue.category[i])].name,
                "reference_price": int(catalogue.reference[i]),
                "cost": int(catalogue.cost[i]),
                "rate": round(float(catalogue.rate[i]), 6),
                "elasticity": round(float(catalogue.elasticity[i]), 5),
                "trend": round(float(catalogue.trend[i]), 5),
                "return_rate": round(float(catalogue.return_rate[i]), 5),
                "lead_days": int(catalogue.lead_days[i]),
                "pace": round(float(pace[i]), 6),
                "created": _day(catalogue, int(catalogue.created_day[i])),
                "slow_from": _day(catalogue, int(catalogue.slow_from[i])) if slow else None,
                "quality": quality[i],
                "planted": planted,
                "gaps": content.gaps.get(i, []),
                "prices": _price_steps(catalogue, i),
            }
        )
    return found


def _price_steps(catalogue: Catalogue, product: int) -> list[list[Any]]:
    """[first day, regular, sale or 0] of every price the product has had."""
    regular, sale = catalogue.regular[:, product], catalogue.sale[:, product]
    starts = np.flatnonzero((np.diff(regular) != 0) | (np.diff(sale) != 0)) + 1
    return [[_day(catalogue, i), int(regular[i]), int(sale[i])] for i in (0, *starts.tolist())]


def _units(catalogue: Catalogue, content: Content, demand: Demand) -> list[dict[str, Any]]:
    shop = catalogue
    spans = _spans(demand.empty, catalogue)
    return [
        {
            "product_id": int(content.product_ids[p]),
            "share": round(float(s), 6),
            "price_ratio": float(r),
            "initial_stock": int(first),
            "stock": int(last),
            "stockouts": out,
        }
        for p, s, r, first, last, out in zip(
            shop.unit_product,
            shop.unit_share,
            shop.unit_ratio,
            demand.initial,
            demand.stock,
            spans,
            strict=True,
        )
    ]


def _spans(empty: Bools, catalogue: Catalogue) -> list[list[list[str]]]:
    """For every unit the runs of days that ended without stock, as [first, last] ISO dates."""
    padded = np.zeros((empty.shape[1], empty.shape[0] + 2), dtype=np.int8)
    padded[:, 1:-1] = empty.T
    step = np.diff(padded, axis=1)
    names = (catalogue.start + np.arange(catalogue.size.days)).astype(str).tolist()
    spans: list[list[list[str]]] = [[] for _ in range(empty.shape[1])]
    units, first = np.nonzero(step == 1)
    _, after = np.nonzero(step == -1)
    for unit, a, b in zip(units.tolist(), first.tolist(), after.tolist(), strict=True):
        spans[unit].append([names[a], names[b - 1]])
    return spans


def _receipts(con: sqlite3.Connection, catalogue: Catalogue, content: Content, demand: Demand) -> None:
    """Insert goods received (and the few stocktakes, which may be negative) by unit and day."""

    def rows() -> Any:
        for index, units, quantity in demand.receipts:
            ids: Ints = content.unit_ids[units]
            day = _day(catalogue, index)
            for unit, pieces in zip(ids.tolist(), quantity.tolist(), strict=True):
                yield unit, day, pieces

    insert_many(con, "truth_receipts", "product_id, day, quantity", rows())
