"""Rows for the test shop: what a test does not name has a plain default."""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]
T0 = "2026-03-01T10:00:00Z"


def product(number: int, **more: Any) -> Row:
    """A simple product that costs 20.00 and of which five are there."""
    return {
        "id": number,
        "type": "simple",
        "status": "publish",
        "name": f"Product {number}",
        "sku": f"P{number}",
        "permalink": f"http://shop.test/p/{number}",
        "regular_price": "20.00",
        "price": "20.00",
        "manage_stock": 1,
        "stock_quantity": 5,
        "stock_status": "instock",
        "backorders": "no",
        "catalog_visibility": "visible",
        "categories": [1],
        "tags": [],
        "attributes": [],
        "images": [{"id": 9, "alt": ""}],
        "description": "Long",
        "short_description": "Short",
        "total_sales": 3,
        "average_rating": "4.50",
        "review_count": 2,
        "created_at": T0,
        "modified_at": T0,
        **more,
    }


def variation(number: int, parent: int, **more: Any) -> Row:
    """A medium variation."""
    return {
        "id": number,
        "product_id": parent,
        "status": "publish",
        "sku": f"V{number}",
        "regular_price": "30.00",
        "price": "30.00",
        "manage_stock": 1,
        "stock_quantity": 2,
        "stock_status": "instock",
        "backorders": "no",
        "attributes": [{"name": "Size", "option": "M"}],
        "image_id": None,
        "created_at": T0,
        "modified_at": T0,
        **more,
    }


def order(number: int, *lines: tuple[int, int, int, str], **more: Any) -> Row:
    """A completed order of (product, variation, quantity, total) lines."""
    made = [[number * 10 + n, p, v, q, total, total, "0.00"] for n, (p, v, q, total) in enumerate(lines)]
    return {
        "id": number,
        "status": "completed",
        "currency": "EUR",
        "created_at": T0,
        "modified_at": T0,
        "paid_at": T0,
        "customer_id": 0,
        "email_hash": None,
        "country": "DE",
        "postcode_area": "101",
        "total": f"{sum(float(line[3]) for line in lines):.2f}",
        "total_tax": "0.00",
        "shipping_total": "0.00",
        "discount_total": "0.00",
        "prices_include_tax": 0,
        "payment_method": "cod",
        "created_via": "checkout",
        "coupons": [],
        "lines": made,
        **more,
    }


def refund(number: int, order_id: int, *lines: tuple[int, int, int, str], **more: Any) -> Row:
    """A refund of (product, variation, pieces, total) lines."""
    made = [[number * 10 + n, p, v, q, total] for n, (p, v, q, total) in enumerate(lines)]
    amount = f"{sum(float(line[3]) for line in lines):.2f}"
    return {
        "id": number,
        "order_id": order_id,
        "created_at": T0,
        "modified_at": T0,
        "amount": amount,
        "lines": made,
        **more,
    }
