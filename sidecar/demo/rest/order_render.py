"""Orders and refunds as wc/v3 shows them."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from typing import Any

from sidecar.demo.rest.product_render import source
from sidecar.demo.rest.wire import Row, api, home, links, money

TITLES = {"stripe": "Card", "paypal": "PayPal", "bacs": "Direct bank transfer", "cod": "Cash on delivery"}
NO_ADDRESS = dict.fromkeys(
    ("first_name", "last_name", "company", "address_1", "address_2", "city", "state", "postcode", "country"),
    "",
)


def _marks(values: list[Any]) -> str:
    return ", ".join("?" * len(values))


class _Goods:
    """Names, SKUs and pictures of the products in a page of lines."""

    def __init__(self, con: sqlite3.Connection, lines: list[Row]) -> None:
        wanted = list({i for line in lines for i in (line["product_id"], line["variation_id"]) if i})
        self.rows = {
            row["id"]: row
            for start in range(0, len(wanted), 900)
            for row in con.execute(
                f"SELECT * FROM products WHERE id IN ({_marks(wanted[start : start + 900])})",
                wanted[start : start + 900],
            )
        }
        first = [next(iter(json.loads(r["extra"]).get("images", [])), 0) for r in self.rows.values()]
        sql = f"SELECT * FROM posts WHERE id IN ({_marks(first)})"
        pictures = {r["id"]: {"id": r["id"], "src": source(r)} for r in con.execute(sql, first)}
        self.pictures = {i: pictures.get(p) for i, p in zip(self.rows, first, strict=True)}

    def line(self, line: Row, sign: int = 1) -> dict[str, Any]:
        """What an order's line and a refund's line have in common; `sign` -1 for refunds."""
        parent, unit = (
            self.rows.get(line["product_id"]),
            self.rows.get(line["variation_id"] or line["product_id"]),
        )
        keys = line.keys()
        subtotal = line["subtotal"] if "subtotal" in keys else line["total"]
        each = line["total"] / line["quantity"] / 100 if line["quantity"] else 0
        return {
            "id": line["id"],
            "name": unit["name"] if unit else "",
            "product_id": line["product_id"],
            "variation_id": line["variation_id"],
            "quantity": sign * line["quantity"],
            "tax_class": "",
            "subtotal": money(sign * subtotal),
            "subtotal_tax": "0.00",
            "total": money(sign * line["total"]),
            "total_tax": "0.00",
            "taxes": [],
            "meta_data": _chosen(line, unit),
            "sku": unit["sku"] if unit else None,
            "global_unique_id": "",
            "price": int(each) if each == int(each) else each,
            "image": self.pictures.get(line["product_id"]) or {"id": "", "src": ""},
            "parent_name": parent["name"] if parent and line["variation_id"] else None,
            **_goods_cost(unit, sign * line["quantity"]),
        }


def _goods_cost(unit: Row | None, pieces: int) -> dict[str, Any]:
    """What a line's goods cost the shop; WooCommerce names it otherwise when it does not know."""
    if unit is None or not unit["cost"]:
        return {"cogs_value": None}
    return {"cost_of_goods_sold": {"value": round(float(unit["cost"]) * pieces, 2)}}


def _total_cost(lines: list[dict[str, Any]]) -> float:
    total: float = sum(line.get("cost_of_goods_sold", {}).get("value", 0) for line in lines)
    return round(total, 2)


def _chosen(line: Row, unit: Row | None) -> list[dict[str, Any]]:
    if not line["variation_id"] or unit is None:
        return []
    return [
        {
            "id": line["id"] * 10 + number,
            "key": f"pa_{a['name'].lower()}",
            "value": a["option"].lower(),
            "display_key": a["name"],
            "display_value": a["option"],
        }
        for number, a in enumerate(json.loads(unit["extra"]).get("attributes", []))
    ]


def render(con: sqlite3.Connection, rows: list[Row]) -> list[dict[str, Any]]:
    """Orders with their lines, coupons and refunds."""
    numbers = [row["id"] for row in rows]
    sql = f"SELECT * FROM order_lines WHERE order_id IN ({_marks(numbers)}) ORDER BY id"
    lines = con.execute(sql, numbers).fetchall()
    refunds: dict[int, list[dict[str, Any]]] = defaultdict(list)
    sql = f"SELECT * FROM refunds WHERE order_id IN ({_marks(numbers)}) ORDER BY id DESC"
    for row in con.execute(sql, numbers):
        found = {
            "id": row["id"],
            "reason": row["reason"],
            "total": money(-row["amount"]),
            "total_tax": "0.00",
        }
        refunds[row["order_id"]].append(found)
    goods = _Goods(con, lines)
    by_order: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for line in lines:
        by_order[line["order_id"]].append(goods.line(line))
    return [_order(row, by_order[row["id"]], refunds[row["id"]]) for row in rows]


def _order(row: Row, lines: list[dict[str, Any]], refunds: list[dict[str, Any]]) -> dict[str, Any]:
    extra = json.loads(row["extra"])
    key = f"wc_order_{row['id']:013d}"
    address = {
        **NO_ADDRESS,
        **{n: row[n] for n in ("first_name", "last_name", "address_1", "city", "postcode", "country")},
    }
    open_order = row["status"] in ("pending", "on-hold")
    dates = {n: row[n] for n in ("date_created", "date_modified", "date_completed", "date_paid")}
    found = {
        "id": row["id"],
        "parent_id": 0,
        "status": row["status"],
        "currency": "EUR",
        "version": "11.0.1",
        "prices_include_tax": False,
        **dates,
        **{f"{name}_gmt": value for name, value in dates.items()},
        "discount_total": money(row["discount"]),
        "discount_tax": "0.00",
        "shipping_total": money(row["shipping"]),
        "shipping_tax": "0.00",
        "cart_tax": "0.00",
        "total": money(row["total"]),
        "total_tax": "0.00",
        "customer_id": row["customer_id"],
        "order_key": key,
        "billing": {**address, "email": row["email"], "phone": ""},
        "shipping": {**address, "phone": ""},
        "payment_method": row["payment_method"],
        "payment_method_title": TITLES.get(row["payment_method"], ""),
        "transaction_id": "",
        "customer_ip_address": "",
        "customer_user_agent": "",
        "created_via": extra.get("created_via", "checkout"),
        "customer_note": "",
        "cart_hash": "",
        "number": str(row["id"]),
        "meta_data": extra.get("meta_data", []),
        "line_items": lines,
        "tax_lines": [],
        "shipping_lines": _shipping(row),
        "fee_lines": [],
        "coupon_lines": _coupon(row),
        "refunds": refunds,
        "payment_url": f"{home()}/checkout/order-pay/{row['id']}/?pay_for_order=true&key={key}",
        "is_editable": open_order,
        "needs_payment": row["status"] in ("pending", "failed") and row["total"] > 0,
        "needs_processing": True,
        "cost_of_goods_sold": {"total_value": _total_cost(lines)},
        "currency_symbol": "€",
        "_links": links("wc/v3/orders", row["id"]),
    }
    found["_links"]["email_templates"] = [
        {"embeddable": True, "href": api(f"wc/v3/orders/{row['id']}/actions/email_templates")}
    ]
    if row["customer_id"]:
        found["_links"]["customer"] = [{"href": api(f"wc/v3/customers/{row['customer_id']}")}]
    return found


def _shipping(row: Row) -> list[dict[str, Any]]:
    return [
        {
            "id": row["id"] * 10 + 8,
            "method_title": "Flat rate" if row["shipping"] else "Free shipping",
            "method_id": "flat_rate" if row["shipping"] else "free_shipping",
            "instance_id": "1",
            "total": money(row["shipping"]),
            "total_tax": "0.00",
            "taxes": [],
            "tax_status": "taxable",
            "meta_data": [],
        }
    ]


def _coupon(row: Row) -> list[dict[str, Any]]:
    if not row["coupon"]:
        return []
    return [
        {
            "id": row["id"] * 10 + 9,
            "code": row["coupon"],
            "discount": money(row["discount"]),
            "discount_tax": "0.00",
            "meta_data": [],
            "discount_type": "percent",
            "nominal_amount": 0,
            "free_shipping": False,
        }
    ]


def render_refunds(con: sqlite3.Connection, rows: list[Row], parents: bool = False) -> list[dict[str, Any]]:
    """Refunds with what came back, quantities and totals negative; `parents` adds the order's id."""
    numbers = [row["id"] for row in rows]
    sql = f"SELECT * FROM refund_lines WHERE refund_id IN ({_marks(numbers)}) ORDER BY id"
    lines = con.execute(sql, numbers).fetchall()
    goods = _Goods(con, lines)
    by_refund: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for line in lines:
        item = goods.line(line, sign=-1)
        origin = str(line["order_line_id"])
        meta = {"id": line["id"], "key": "_refunded_item_id", "value": origin}
        item["meta_data"] = [{**meta, "display_key": "_refunded_item_id", "display_value": origin}]
        by_refund[line["refund_id"]].append(item)
    shown = [_refund(row, by_refund[row["id"]]) for row in rows]
    if not parents:
        for one in shown:
            del one["parent_id"]
    return shown


def _refund(row: Row, lines: list[dict[str, Any]]) -> dict[str, Any]:
    path = f"wc/v3/orders/{row['order_id']}"
    found = {
        "id": row["id"],
        "parent_id": row["order_id"],
        "date_created": row["date_created"],
        "date_created_gmt": row["date_created"],
        "amount": money(row["amount"]),
        "reason": row["reason"],
        "refunded_by": 1,
        "refunded_payment": False,
        "meta_data": [],
        "line_items": lines,
        "shipping_lines": [],
        "tax_lines": [],
        "fee_lines": [],
        "cost_of_goods_sold": {"value": _total_cost(lines)},
        "_links": links(f"{path}/refunds", row["id"], up=path),
    }
    found["_links"]["self"][0]["targetHints"] = {"allow": ["GET", "DELETE"]}
    return found
