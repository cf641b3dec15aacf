"""Terms of purchase: what may stand in them, how texts of spreadsheets are read as numbers, and what is said
of those that are none."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from sidecar.core.types import to_scaled
from sidecar.runtime.remarks import remark


@dataclass(frozen=True)
class Term:
    """One field: `kind` is `whole`, `number`, `share` or `money`; both limits are allowed values."""

    kind: str
    low: float
    high: float


TERMS: dict[str, Term] = {
    "lead_days": Term("whole", 0, 365),
    "lead_spread_days": Term("number", 0, 180),
    "review_days": Term("whole", 1, 90),
    "service_level": Term("share", 0.5, 0.999),
}
"""What stands at items, suppliers and the shop."""

OF_ITEM: dict[str, Term] = {"moq": Term("whole", 1, 1_000_000), "pack": Term("whole", 1, 100_000)} | TERMS
OF_SUPPLY: dict[str, Term] = {"cost": Term("money", 0.0001, 100_000_000)} | OF_ITEM

DATE = re.compile(
    r"^\s*(\d{1,2}[./-]\s?(\d{1,2}|[^\W\d_]{3,9})\.?([./ -]\s?\d{2,4})?|[^\W\d_]{3,9}\.?[ -]\d{1,4}"
    r"|\d{4}-\d{2}-\d{2}([ T].*)?)\s*$"
)
"""What spreadsheets make of `1/2`, `3-5` or `1.5` when they take it for a day."""

FAULT = re.compile(r"^\s*#(N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|NV|BEZUG!|WERT!|ZAHL!)\s*$", re.I)
SPACES = re.compile(r"[\s\u00a0\u202f\u2009'\u2019]")
CURRENCY = re.compile(r"^([A-Z]{3}|[$\u00a3\u00a5\u20a0-\u20c0])|([A-Z]{3}|[$\u00a3\u00a5\u20a0-\u20c0])$")
NUMBER = re.compile(r"^[+-]?(\d+(\.\d*)?|\.\d+)$")


class NotThat(ValueError):
    """A text that is no value of its field; `remark` says what is wrong and what would be right."""

    def __init__(self, code: str, **values: object) -> None:
        self.remark = remark(code, **values)
        super().__init__(self.remark.words)


def value_of(name: str, text: str, *, decimal_comma: bool = False) -> int | float | Decimal | None:
    """What a cell says for a field of `OF_SUPPLY`; None when it is empty, NotThat when it is none."""
    term = OF_SUPPLY[name]
    if not text.strip():
        return None
    if term.kind == "whole":
        return whole(text, int(term.low), int(term.high))
    found = _number(text, term.kind, decimal_comma)
    if term.kind == "share" and (found > 1 or "%" in text):
        found = found / 100
    if not Decimal(str(term.low)) <= found <= Decimal(str(term.high)):
        if term.kind == "money":
            raise NotThat("not_above_zero", high=term.high)
        raise NotThat("not_within", low=term.low, high=term.high)
    return found if term.kind == "money" else float(found)


def whole(text: str, low: int, high: int) -> int:
    """A whole number of a cell between two limits; NotThat."""
    found = _number(text, "whole", None)
    if found != found.to_integral_value():
        raise NotThat("not_whole")
    if not low <= found <= high:
        raise NotThat("not_within", low=low, high=high)
    return int(found)


def _number(text: str, kind: str, decimal_comma: bool | None) -> Decimal:
    if FAULT.match(text):
        raise NotThat("sheet_error")
    plain = SPACES.sub("", text.strip())
    if kind == "share":
        plain = plain.removesuffix("%")
    elif kind == "money":
        plain = CURRENCY.sub("", plain)
    try:
        plain = _point(plain, decimal_comma)
    except NotThat:
        if DATE.match(text):
            raise NotThat("a_date") from None
        raise
    if not NUMBER.match(plain):
        raise NotThat("a_date" if DATE.match(text) else "no_number")
    return Decimal(plain)


def _point(text: str, decimal_comma: bool | None) -> str:
    """The text with a point before the decimals and nothing between thousands.

    `1,234` may be either: it is refused, but where `decimal_comma` says what the file's comma means.
    """
    point, comma = text.rfind("."), text.rfind(",")
    if point >= 0 and comma >= 0:
        thousands = "," if point > comma else "."
        groups = text.replace(".", ",").split(",")[1:-1]
        if any(len(group) != 3 for group in groups):
            raise NotThat("no_number")
        return text.replace(thousands, "").replace(",", ".")
    mark = "." if point >= 0 else ","
    if text.count(mark) > 1:
        head, *groups = text.split(mark)
        if not head or any(len(group) != 3 for group in groups):
            raise NotThat("no_number")
        return text.replace(mark, "")
    unclear = decimal_comma is None or (mark == ",") != decimal_comma
    if unclear and re.fullmatch(r"[+-]?[1-9]\d{0,2}[.,]\d{3}", text):
        raw = text.replace(mark, "")
        raise NotThat("two_meanings", one=raw, other=text.replace(",", "."))
    return text.replace(",", ".")


def columns_of(given: dict[str, object]) -> dict[str, object]:
    """Checked values as they stand in the tables: money in ten-thousandths."""
    return {
        name: to_scaled(value) if isinstance(value, Decimal) else value  # min_order and cost
        for name, value in given.items()
    }
