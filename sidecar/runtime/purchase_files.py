"""A purchase order as files for the supplier: CSV and PDF.

The PDF carries FiraGO (SIL Open Font License 1.1): Latin, Cyrillic, Greek, Arabic, Hebrew, Thai, Georgian and
Devanagari, shaped by HarfBuzz. Characters of other scripts (Chinese, Japanese, Korean and more) come from
the font that `DEVSKYY_PDF_FONT` names; without one they are boxes, and `missing` names them. The CSV and the
mail itself hold every character. The PDF speaks the shop's language (`purchase_words`); the CSV is for
programs: its headings and numbers are the same everywhere.
"""

from __future__ import annotations

import os
import tempfile
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.core.errors import Unavailable
from sidecar.core.store import ShopFacts
from sidecar.core.types import from_scaled, quantize
from sidecar.runtime.base import Row
from sidecar.runtime.purchase_orders import number_text, total_of
from sidecar.runtime.purchase_words import NBSP, Words, words_of
from sidecar.runtime.sheets import sheet_text
from sidecar.runtime.supplies import money_text
from sidecar.store.frames import epoch_day

if TYPE_CHECKING:
    from fpdf import FPDF

HEADS = ("order", "line", "supplier_sku", "sku", "name", "quantity", "cost", "total", "currency")
FAMILY, OTHER, BOX = "FiraGO", "other", "\u25af"
WIDTHS = (10, 30, 30, 68, 16, 18, 18)
"""Millimetres of the columns: 190 of an A4 page."""


@dataclass(frozen=True)
class Sheet:
    """What stands on a purchase order."""

    row: Row
    lines: Sequence[Row]
    shop: str
    facts: ShopFacts

    @property
    def number(self) -> str:
        """The order's number."""
        return number_text(self.row["number"])

    @property
    def words(self) -> Words:
        """In the shop's language."""
        return words_of(self.facts.locale)


def csv_text(sheet: Sheet) -> str:
    """The order's lines as CSV; texts that could be formulas are made inert."""
    rows = [
        [
            sheet.number, line["n"], line["supplier_sku"], line["sku"], line["name"], line["quantity"],
            _price(line, sheet.facts), _sum(line, sheet.facts), sheet.row["currency"],
        ]
        for line in sheet.lines
    ]  # fmt: skip
    return sheet_text(HEADS, rows)


def missing(sheet: Sheet, font: Path | None) -> str:
    """The characters of an order that the PDF can only show as boxes, each once."""
    known = _known(font)
    return "".join(sorted({sign for text in _texts(sheet) for sign in text if not _shows(sign, known)}))


def pdf(sheet: Sheet, font: Path | None) -> bytes:
    """The order as an A4 PDF; the same order gives the same bytes. Unavailable when `font` cannot be read."""
    from fpdf import FPDF
    from fpdf.fonts import TTFFont

    page = FPDF(format="A4", unit="mm")
    with tempfile.TemporaryDirectory(prefix="devskyy-pdf-") as folder:
        try:
            _begin(page, sheet, Path(folder), font)
            _head(page, sheet, font)
            _table(page, sheet, font)
            return bytes(page.output())
        finally:
            for one in page.fonts.values():
                if isinstance(one, TTFFont):
                    one.close()  # fpdf2 leaves the files open


def _begin(page: FPDF, sheet: Sheet, folder: Path, font: Path | None) -> None:
    from datetime import UTC, datetime

    page.set_creation_date(datetime.fromtimestamp(sheet.row["updated_at"], UTC))
    page.set_title(f"{sheet.number} {sheet.shop}")
    page.set_margins(10, 12, 10)
    page.set_auto_page_break(True, margin=15)
    for style, code in (("", "figo"), ("B", "figbo")):
        file = folder / f"{code}.ttf"
        file.write_bytes(_font(code))
        page.add_font(FAMILY, style, file)
    if font is not None:
        _check(font)
        page.add_font(OTHER, "", font)
        page.set_fallback_fonts([OTHER], exact_match=False)
    page.set_text_shaping(True)
    page.add_page()


def _head(page: FPDF, sheet: Sheet, font: Path | None) -> None:
    row, words = sheet.row, sheet.words
    _write(page, sheet.shop, 11, font)
    _write(page, words.title.format(number=sheet.number), 18, font, "B")
    page.ln(2)
    _write(page, words.to.format(name=row["supplier_name"]), 11, font)
    dated = _day(row["sent_at"] or row["updated_at"], sheet.facts)
    _write(page, words.dated.format(day=words.date(dated)), 11, font)
    if row["expected_on"] is not None:
        _write(page, words.due.format(day=words.date(epoch_day(row["expected_on"]))), 11, font)
    for title, name in ((words.ship_to, "ship_to"), (words.note, "note")):
        if row[name]:
            page.ln(2)
            _write(page, title, 9, font, "B")
            _write(page, row[name], 11, font)
    page.ln(4)


def _table(page: FPDF, sheet: Sheet, font: Path | None) -> None:
    from fpdf.enums import TableBordersLayout
    from fpdf.fonts import FontFace

    known, words = _known(font), sheet.words
    page.set_font(FAMILY, size=9)
    aligns = ("RIGHT", "LEFT", "LEFT", "LEFT", "RIGHT", "RIGHT", "RIGHT")
    with page.table(
        col_widths=WIDTHS, text_align=aligns, borders_layout=TableBordersLayout.HORIZONTAL_LINES,
        headings_style=FontFace(emphasis="BOLD"), line_height=5, padding=1,
    ) as table:  # fmt: skip
        table.row(("", *words.columns))
        for line in sheet.lines:
            cells = (
                str(line["n"]), line["supplier_sku"], line["sku"], line["name"], str(line["quantity"]),
                _shown(_price(line, sheet.facts), sheet), _shown(_sum(line, sheet.facts), sheet),
            )  # fmt: skip
            table.row([_showable(cell, known) for cell in cells])
    page.ln(3)
    total = format(quantize(Decimal(from_scaled(total_of(sheet.lines)) or 0), sheet.facts.decimals), "f")
    open_ = any(line["cost"] is None for line in sheet.lines)
    amount = f"{_shown(total, sheet)}{NBSP}{sheet.row['currency']}"
    said = (words.total_open if open_ else words.total).format(amount=amount)
    page.set_font(FAMILY, "B", 11)
    page.cell(0, 7, _showable(said, known), align="R", new_x="LMARGIN", new_y="NEXT")


def _shown(amount: str | None, sheet: Sheet) -> str:
    return "" if amount is None else sheet.words.amount(amount, sheet.facts)


def _write(page: FPDF, text: str, size: int, font: Path | None, style: str = "") -> None:
    page.set_font(FAMILY, style, size)
    page.multi_cell(0, size * 0.5, _showable(text, _known(font)), align="L", new_x="LMARGIN", new_y="NEXT")


def _texts(sheet: Sheet) -> list[str]:
    row = sheet.row
    texts = [sheet.shop, row["supplier_name"], row["ship_to"], row["note"]]
    return texts + [line[name] for line in sheet.lines for name in ("name", "sku", "supplier_sku")]


def _price(line: Row, facts: ShopFacts) -> str | None:
    """With the shop's decimals, and more where the price has more."""
    cost = from_scaled(line["cost"])
    if cost is None:
        return None
    rounded = quantize(cost, facts.decimals)
    return format(rounded, "f") if rounded == cost else money_text(cost)


def _sum(line: Row, facts: ShopFacts) -> str | None:
    if line["cost"] is None:
        return None
    return format(quantize(Decimal(line["cost"] * line["quantity"]) / 10_000, facts.decimals), "f")


def _day(moment: int, facts: ShopFacts) -> date:
    from sidecar.store.rows import local_day, zone_of

    return epoch_day(local_day(moment, zone_of(facts.timezone)))


def _showable(text: str, known: frozenset[int]) -> str:
    return "".join(sign if _shows(sign, known) else BOX for sign in text)


def _shows(sign: str, known: frozenset[int]) -> bool:
    # Marks that only steer the line, such as zero-width joiners, need no picture.
    return ord(sign) in known or sign in "\n\t " or unicodedata.category(sign) in ("Cf", "Cc")


def _check(font: Path) -> None:
    if not (font.is_file() and os.access(font, os.R_OK)):
        raise Unavailable(
            "The font of DEVSKYY_PDF_FONT cannot be read.",
            code="pdf_font_unreadable",
            hint="Name a TrueType or OpenType file that the sidecar's user may read, or unset it.",
        )


@lru_cache(maxsize=4)
def _font(code: str) -> bytes:
    import pymupdf_fonts

    return bytes(pymupdf_fonts.myfont(code))


@lru_cache(maxsize=4)
def _known(font: Path | None) -> frozenset[int]:
    """Code points that have a picture in one of the fonts."""
    import io

    from fontTools.ttLib import TTFont

    found = set(TTFont(io.BytesIO(_font("figo"))).getBestCmap())
    if font is not None:
        _check(font)
        with TTFont(str(font), fontNumber=0) as other:
            found |= set(other.getBestCmap())
    return frozenset(found)
