"""What is said of an order before it leaves and of a file that was read: a code with its values, so that
wp-admin says it in the owner's language, and English words beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sidecar.runtime.base import Row

WORDS: dict[str, str] = {
    # Orders and their mail.
    "below_moq": "{name}: the supplier sells {pieces} pieces or more.",
    "not_in_packs": "{name}: comes in packs of {pieces}.",
    "no_cost": "{name}: no cost is known, so the total leaves it out.",
    "below_min_order": "The supplier takes orders from {amount} {currency} on.",
    "no_address": "The supplier has no e-mail address: enter one, or order by other means.",
    "not_in_the_font": "The PDF cannot show {signs}: name a font with them in DEVSKYY_PDF_FONT. "
    "The CSV file has them.",
    # Cells of a file.
    "too_long": "is longer than {most} characters",
    "open_quote": "goes on too long; perhaps a quotation mark is not closed",
    "extra_cell": "is one cell too many: {columns} columns have a name",
    "named_before": "is named by line {line} too, which counts",
    "variable": "is a variable product: name its variations",
    "no_item": "is no product or variation of the shop",
    "no_sku": "is no SKU of the shop",
    "names_nothing": "names no item: fill in the SKU or the id",
    "several_items": "is the SKU of several items ({items}): use the column item_id",
    "shortened": "was shortened by the spreadsheet: give the column the format text",
    "a_date": "is a date: give the column the format number in the spreadsheet",
    "sheet_error": "is an error of the spreadsheet",
    "no_number": "is no number",
    "not_whole": "must be a whole number",
    "not_within": "must be {low} or more, at most {high:,}",
    "not_above_zero": "must be more than 0, at most {high:,}",
    "two_meanings": "may mean {one} or {other}: write {one}, or two decimals",
    # Files.
    "no_text": "It is no text: save the sheet as CSV (UTF-8).",
    "not_utf8": "Its letters are not UTF-8: save the sheet as CSV UTF-8.",
    "no_column": "The first line must name the column {columns}.",
    "column_twice": "The column {column} is there twice.",
    "too_many_rows": "It has more than {most:,} rows: cut it in pieces.",
    "unreadable_line": "Line {line} cannot be read: {why}.",
}
"""By code."""


@dataclass(frozen=True)
class Remark:
    """One of `WORDS` with its values: texts, and numbers as numbers."""

    code: str
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """In English."""
        return WORDS[self.code].format(**self.values)

    def as_json(self) -> Row:
        """For the wire: `{"code", "message", "values"?}`."""
        said: Row = {"code": self.code, "message": self.words}
        return said | ({"values": dict(self.values)} if self.values else {})


def remark(code: str, **values: Any) -> Remark:
    """A remark with these values; 1.0 is 1."""
    whole = {key: int(one) for key, one in values.items() if isinstance(one, float) and one.is_integer()}
    return Remark(code, values | whole)
