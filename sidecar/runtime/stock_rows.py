"""Rows of the Stock page: one per stock, what is there, what is expected, what to order."""

from __future__ import annotations

from decimal import Decimal

from sidecar.core.errors import Invalid
from sidecar.core.types import quantize
from sidecar.retail.outlook import HIGH, LOW
from sidecar.retail.stock_plan import Decision, Order, unit_cost
from sidecar.runtime.base import Row, Runtime, at, present
from sidecar.runtime.stock import View, order_total, view

PIECES = "pieces"


def page(rt: Runtime, shop_id: str, *, state: str, search: str | None, limit: int, cursor: str | None) -> Row:
    """Rows of the Stock page: what to order first, what lies still, or all; `next` while more follow."""
    seen = view(rt, shop_id)
    chosen = [one for one in _chosen(seen, state) if _matches(one, search)]
    start = _cursor(cursor)
    rows = [row_of(one, seen) for one in chosen[start : start + limit]]
    cost, _ = order_total(chosen)
    totals: Row = {"items": len(chosen)}
    if cost is not None:
        totals["order_cost"] = {"value": money(cost, seen), "currency": seen.facts.currency}
    answer: Row = {
        "items": rows,
        "total": len(chosen),
        "totals": totals,
        "as_of": seen.today.isoformat(),
        "generation": seen.generation,
    }
    return answer | ({"next": str(start + limit)} if len(chosen) > start + limit else {})


def _chosen(seen: View, state: str) -> list[Decision]:
    if state == "order":
        due = [one for one in seen.decisions if one.order is not None and one.order.quantity]
        return sorted(due, key=_urgency)
    if state == "dead":
        return [line.decision for line in seen.idle.values()]
    return sorted(seen.decisions, key=lambda one: (one.row is None, -one.expected, one.holder.id))


def _urgency(one: Decision) -> tuple[float, float, int]:
    assert one.order is not None
    return -one.order.stockout_probability, -one.expected, one.holder.id


def _matches(one: Decision, search: str | None) -> bool:
    words = (search or "").lower().split()
    holder = one.holder
    text = " ".join([holder.name, holder.sku, *(item.sku for item in holder.items), str(holder.id)]).lower()
    return all(word in text for word in words)


def _cursor(text: str | None) -> int:
    if text is None:
        return 0
    if not text.isdigit() or len(text) > 9:
        raise Invalid(
            "That cursor is none of ours.", hint="Start again without cursor.", fields={"cursor": "unknown"}
        )
    return int(text)


def row_of(one: Decision, seen: View) -> Row:
    """One stock: what is there, what is expected, what to order; what is not known is absent."""
    holder, supply, currency = one.holder, one.supply, seen.facts.currency
    cost = unit_cost(holder, supply)
    drafted = sum(seen.drafted.get(key, 0) for key in {holder.id, *holder.item_ids})
    answer: Row = {
        "item_id": holder.id, "product_id": holder.product_id, "resource": holder.resource,
        "name": holder.name, "sku": holder.sku, "image_id": holder.items[0].image_id, "stock": holder.stock,
        "incoming": one.incoming, "drafted": drafted or None, "low_stock_amount": holder.low,
        "supplier_id": supply.supplier_id,
        "supplier_name": supply.supplier_name or None, "supplier_sku": supply.supplier_sku or None,
        "cost": None if cost is None else {"value": money(cost, seen), "currency": currency},
        "override": True if "override" in one.notes else None, "notes": list(one.notes),
    }  # fmt: skip
    if one.row is not None:
        answer |= _expected(one, seen)
    if one.order is not None:
        answer |= _ordered(one.order, seen)
    line = seen.idle.get(holder.id)
    if line is not None:
        answer["dead"] = present(
            {
                "state": line.state,
                "value": None if line.value is None else money(line.value, seen),
                "currency": currency,
                "days_no_sale": line.quiet,
                "pieces_90": line.pieces,
                "proposal_id": _markdown(one, seen),
            }
        )
    return present(answer)


def _markdown(one: Decision, seen: View) -> str | None:
    """The open proposal that would lower its price."""
    found = (seen.markdowns.get(item.resource) for item in one.holder.items)
    return next((proposal for proposal in found if proposal), None)


def _expected(one: Decision, seen: View) -> Row:
    assert one.row is not None
    kept = seen.seen.kept[one.row]
    return {
        "forecast_28": {
            "value": round(one.expected, 2), "low": round(one.low, 2), "high": round(one.high, 2),
            "level": round(HIGH - LOW, 2), "unit": PIECES,
        },
        "method": kept.method,
        "error": rounded(kept.error),
        "naive_error": rounded(kept.naive_error),
        "made_at": at(kept.made_at),
    }  # fmt: skip


def _ordered(order: Order, seen: View) -> Row:
    cost = order.cost if order.quantity else None
    return {
        "reorder_point": order.reorder_point,
        "safety_stock": order.safety_stock,
        "order_quantity": order.quantity,
        "order_by": None if order.by is None else order.by.isoformat(),
        "order_cost": None if cost is None else {"value": money(cost, seen), "currency": seen.facts.currency},
        "stockout_probability": round(order.stockout_probability, 4),
    }


def money(value: Decimal, seen: View) -> str:
    """Money with the shop's decimals."""
    return format(quantize(value, seen.facts.decimals), "f")


def rounded(value: float | None) -> float | None:
    """A figure for the wire."""
    return None if value is None else round(value, 4)
