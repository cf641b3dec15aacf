"""What is wrong with an input is said in plain words."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from sidecar.core.complaints import complaints


class Order(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, StringConstraints(min_length=1, max_length=5, pattern=r"^[^\n]+$")] = "a"
    pieces: int = Field(1, ge=1, le=1_000_000)
    budget: float = Field(0, ge=0, le=1e9, allow_inf_nan=False)
    cost: Decimal = Field(Decimal(1), gt=0, decimal_places=4)
    state: Literal["order", "dead"] = "order"
    on: date | None = None
    lines: list[float] = Field([1.0], min_length=1, max_length=2)
    dry: bool = False
    odd: int = 1

    @field_validator("odd")
    @classmethod
    def _is_odd(cls, value: int) -> int:
        if value % 2 == 0:
            raise ValueError("must be odd")
        return value


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", "", "must not be empty"),
        ("name", "abcdef", "must have at most 5 characters"),
        ("name", "a\nb", "holds signs, or has a form, that cannot be here"),
        ("name", 5, "must be text"),
        ("pieces", 0, "must be 1 or more"),
        ("pieces", 10**7, "must be 1,000,000 or less"),
        ("pieces", 1.5, "must be a whole number"),
        ("pieces", "", "must be a whole number"),
        ("pieces", None, "must be a whole number"),
        ("budget", 1e10, "must be 1,000,000,000 or less"),
        ("budget", "much", "must be a number"),
        ("budget", float("nan"), "must be a number, not NaN or infinite"),
        ("cost", 0, "must be more than 0"),
        ("cost", "12,50", "must be a number such as 12.50"),
        ("cost", "1.23456", "must have at most 4 decimal places"),
        ("state", "all", "must be 'order' or 'dead'"),
        ("on", "2026-13-01", "must be a day such as 2026-12-24"),
        ("lines", [], "must not be empty"),
        ("lines", [1, 2, 3], "must have at most 2 entries, not 3"),
        ("lines", 5, "must be a list"),
        ("dry", "maybe", "must be true or false"),
        ("odd", 2, "must be odd"),
        ("colour", 1, "There is no such field."),
    ],
)
def test_each_complaint_is_plain(field: str, value: Any, words: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Order.model_validate({field: value})
    assert complaints(refused.value) == {field: words}


def test_the_path_says_which_entry() -> None:
    with pytest.raises(ValidationError) as refused:
        Order.model_validate({"lines": [1, "x"]})
    assert complaints(refused.value, "input.") == {"input.lines.1": "must be a number"}
    with pytest.raises(ValidationError) as refused:
        Order.model_validate([])
    assert complaints(refused.value) == {"body": "must be an object"}
