"""Evidence in plain English, for terminals and reports; wp-admin formats messages itself."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from sidecar.core.evidence import (
    PLACEHOLDER,
    Day,
    Days,
    Effect,
    ErrorFigure,
    Message,
    MoneyValue,
    Number,
    Param,
    Percent,
    Pieces,
)
from sidecar.core.types import quantize

if TYPE_CHECKING:
    from sidecar.core.store import ShopFacts

SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "CHF": "CHF ", "CAD": "CA$", "AUD": "A$"}


FIELDS = {
    "regular_price": "Regular price",
    "sale_price": "Sale price",
    "date_on_sale_from": "Sale starts",
    "date_on_sale_from_gmt": "Sale starts",
    "date_on_sale_to": "Sale ends",
    "date_on_sale_to_gmt": "Sale ends",
    "low_stock_amount": "Low stock threshold",
    "name": "Name",
    "description": "Description",
    "short_description": "Short description",
    "weight": "Weight",
    "sku": "SKU",
    "categories": "Categories",
    "tags": "Tags",
}
"""Fields of a product in the words of its screen in WooCommerce."""
ALT = re.compile(r"^images\[(\d+)\]\.alt$")


def field_label(path: str) -> str:
    """A field of a change in words; what has no word keeps its name."""
    if found := ALT.match(path):
        return f"Alternative text of picture {int(found[1]) + 1}"
    return FIELDS.get(path, path)


def format_money(value: Decimal | str | float, facts: ShopFacts, currency: str | None = None) -> str:
    """Money with symbol and the shop's decimals, such as `-$1,234.50`."""
    code = currency or facts.currency
    amount = quantize(Decimal(str(value)), facts.decimals)
    sign = "-" if amount < 0 else ""
    return f"{sign}{SYMBOLS.get(code, code + ' ')}{abs(amount):,}"


def format_number(value: float, decimals: int | None = None) -> str:
    """A number with thousands separators; without `decimals` as many as its size calls for."""
    if decimals is None:
        decimals = 0 if float(value).is_integer() or abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{decimals}f}"


def format_param(param: Param, facts: ShopFacts) -> str:
    """One typed parameter as English text."""
    if isinstance(param, MoneyValue):
        return format_money(param.value, facts, param.currency)
    if isinstance(param, Percent):
        return f"{param.value * 100:,.1f}".removesuffix(".0") + "%"
    if isinstance(param, Day):
        return f"{param.value.day} {param.value:%B %Y}"
    if isinstance(param, Days):
        return _counted(param.value, "day", "days")
    if isinstance(param, Pieces):
        return _counted(param.value, "piece", "pieces")
    if isinstance(param, Number):
        text = format_number(param.value, param.decimals)
        return f"{text} {param.unit}" if param.unit else text
    return param.value


def _counted(value: float, one: str, many: str) -> str:
    return f"{format_number(value)} {one if value == 1 else many}"


def format_message(message: Message, facts: ShopFacts) -> str:
    """The sentence with its parameters filled in."""
    return PLACEHOLDER.sub(
        lambda match: format_param(message.params[match.group(1)], facts), message.template
    )


def format_effect(effect: Effect, facts: ShopFacts) -> str:
    """The expected effect with its interval, such as `+$120.00 a month ($40.00 to $210.00, 80% sure)`."""
    unit, _, per = effect.unit.partition("/")

    def amount(value: float) -> str:
        return format_money(value, facts) if unit == facts.currency else f"{format_number(value)} {unit}"

    sign = "+" if effect.value > 0 else ""
    every = f" a {per}" if per else ""
    span = f"{amount(effect.low)} to {amount(effect.high)}"
    return f"{sign}{amount(effect.value)}{every} ({span}, {format_number(effect.level * 100)}% sure)"


def format_error(error: ErrorFigure) -> str:
    """The backtest error beside its baseline, such as `MAE: 1.2 pieces (naive: 1.5)`."""
    unit = "%" if error.unit == "%" else f" {error.unit}".rstrip()
    text = f"{error.name}: {format_number(error.value)}{unit}"
    if error.baseline is None:
        return text
    return (
        f"{text} ({error.baseline.name}: {format_number(error.baseline.value)}{'%' if unit == '%' else ''})"
    )
