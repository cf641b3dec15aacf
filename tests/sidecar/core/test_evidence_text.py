"""Evidence in English."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from sidecar.core.evidence import (
    BaselineError,
    Day,
    Days,
    Effect,
    ErrorFigure,
    MoneyValue,
    Number,
    Param,
    Percent,
    Pieces,
    Text,
    say,
)
from sidecar.core.evidence_text import (
    field_label,
    format_effect,
    format_error,
    format_message,
    format_money,
    format_param,
)
from sidecar.core.store import ShopFacts

EUR = ShopFacts("EUR", 2, False, "UTC", True, True)
YEN = ShopFacts("JPY", 0, True, "Asia/Tokyo", False, True)


@pytest.mark.parametrize(
    ("param", "words"),
    [
        (MoneyValue(value="1234.5"), "€1,234.50"),
        (MoneyValue(value="-3"), "-€3.00"),
        (MoneyValue(value="12", currency="PLN"), "PLN 12.00"),
        (Percent(value=0.15), "15%"),
        (Percent(value=0.0874), "8.7%"),
        (Day(value=date(2026, 11, 4)), "4 November 2026"),
        (Days(value=1), "1 day"),
        (Days(value=12), "12 days"),
        (Pieces(value=1), "1 piece"),
        (Pieces(value=2500), "2,500 pieces"),
        (Number(value=3.14159), "3.14"),
        (Number(value=16, unit="pieces", decimals=1), "16.0 pieces"),
        (Text(value="{old}"), "{old}"),
    ],
)
def test_params(param: Param, words: str) -> None:
    assert format_param(param, EUR) == words


def test_money_has_the_shops_decimals() -> None:
    assert format_money(Decimal("1980.4"), YEN) == "¥1,980"


def test_words_of_the_shop_are_not_templates() -> None:
    message = say("Lower {product} to {new}.", product=Text(value="Scarf {new}"), new=MoneyValue(value="3"))
    assert format_message(message, EUR) == "Lower Scarf {new} to €3.00."


def test_effect_and_error() -> None:
    effect = Effect(value=21.1, low=10, high=38, level=0.8, unit="EUR/month", label=say("Extra revenue."))
    assert format_effect(effect, EUR) == "+€21.10 a month (€10.00 to €38.00, 80% sure)"
    pieces = Effect(value=-2, low=-4, high=0, level=0.9, unit="pieces", label=say("Extra pieces."))
    assert format_effect(pieces, EUR) == "-2 pieces (-4 pieces to 0 pieces, 90% sure)"
    error = ErrorFigure(
        name="Miss", value=1.2, unit="pieces", baseline=BaselineError(name="naive", value=1.5)
    )
    assert format_error(error) == "Miss: 1.20 pieces (naive: 1.50)"
    assert format_error(ErrorFigure(name="Wrong", value=28.0, unit="%")) == "Wrong: 28%"


def test_fields_have_the_words_of_the_products_screen() -> None:
    assert field_label("low_stock_amount") == "Low stock threshold"
    assert field_label("images[1].alt") == "Alternative text of picture 2"
    assert field_label("meta_data[_note]") == "meta_data[_note]"
