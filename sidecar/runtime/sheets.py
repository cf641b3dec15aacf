"""CSV files as spreadsheets write and open them: any usual separator, BOM, quotes, and nothing that a
spreadsheet would take for a formula (RFC 4180; OWASP, CSV injection)."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sidecar.core.errors import Invalid
from sidecar.runtime.base import Row
from sidecar.runtime.remarks import Remark, remark

BOM = "\ufeff"
MOST_ROWS = 50_000
MOST_BAD = 1_000
CELL_MAX = 2_000
SEPARATORS = ";,\t|"
_SPACE = "[\\s\"'\u00a0\u200b\ufeff]*"
_SIGN = "[=+\\-@\uff1d\uff0b\uff0d\uff20]"
INSIDE = re.compile(f"([;\t\r\n]{_SPACE})(?={_SIGN})")
ESCAPED = re.compile(f"([;\t\r\n]{_SPACE})'(?={_SIGN})")
START = re.compile(f"^(?:[\t\r\n]|{_SPACE}{_SIGN})")
END = "\x1a"
"""Stands behind the file: where it is not alone, the file ended within quotation marks."""
PLAIN = re.compile(r"^-?\d+(\.\d+)?$")


@dataclass(frozen=True)
class Bad:
    """What is wrong in one cell: the file's line (from 1), the column's name, the cell, and why."""

    line: int
    column: str
    value: str
    why: Remark

    def as_json(self) -> Row:
        """For the wire."""
        where = {"line": self.line, "column": self.column, "value": self.value[:200]}
        return where | self.why.as_json()


@dataclass(frozen=True)
class Sheet:
    """A file that was read: its known columns, rows of cells by column with their lines, what else it had."""

    columns: tuple[str, ...]
    rows: list[tuple[int, dict[str, str]]]
    unknown: tuple[str, ...]
    decimal_comma: bool
    bad: list[Bad] = field(default_factory=list)


def read_sheet(text: str, known: Mapping[str, str], needed: Sequence[Sequence[str]]) -> Sheet:
    """Reads a CSV text; `known` gives the column for each heading (lower case, only letters and digits).

    `needed` lists groups of columns, one of each of which must be there. Invalid when the file as a whole
    cannot be read; rows that cannot stand in `bad`.
    """
    text = text.removeprefix(BOM)
    if "\0" in text:
        raise _no("no_text")
    if "\ufffd" in text:
        raise _no("not_utf8")
    separator, text, skipped = _separator(text)
    lines = _lines(text, separator, skipped)
    _, heads = next(lines, (0, []))
    columns = [known.get(re.sub(r"[\W_]+", "", head).casefold(), "") for head in heads]
    named = [name for name in columns if name]
    for group in needed:
        if not set(group) & set(named):
            raise _no("no_column", columns=" / ".join(group))
    double = sorted({name for name in named if named.count(name) > 1})
    if double:
        raise _no("column_twice", column=double[0])
    unknown = tuple(head.strip()[:60] for head, name in zip(heads, columns, strict=True) if not name)
    # With semicolons or tabs between cells, the comma is free to stand before decimals.
    sheet = Sheet(tuple(named), [], tuple(u for u in unknown if u), separator in ";\t")
    for line, cells in lines:
        if len(sheet.rows) + len(sheet.bad) >= MOST_ROWS:
            raise _no("too_many_rows", most=MOST_ROWS)
        _take(sheet, line, cells, columns)
    return sheet


def _take(sheet: Sheet, line: int, cells: list[str], columns: list[str]) -> None:
    if not any(cell.strip() for cell in cells):
        return
    extra = [cell for cell in cells[len(columns) :] if cell.strip()]
    long = next((cell for cell in cells if len(cell) > CELL_MAX), None)
    if cells[-1].endswith(END):
        sheet.bad.append(Bad(line, "", cells[-1].removesuffix(END).strip(), remark("open_quote")))
    elif long is not None:
        sheet.bad.append(Bad(line, "", long, remark("open_quote")))
    elif extra:
        sheet.bad.append(Bad(line, "", extra[0], remark("extra_cell", columns=len(columns))))
    else:
        found = {name: plain(cell) for name, cell in zip(columns, cells, strict=False) if name}
        sheet.rows.append((line, found))


def plain(given: str) -> str:
    """A cell without the apostrophes that `cell` puts before what could be a formula."""
    text = ESCAPED.sub(r"\1", given.strip())
    return text[1:] if text.startswith("'") and START.match(text[1:]) else text


def _separator(text: str) -> tuple[str, str, int]:
    """The separator, the text after a line `sep=;`, and how many lines that took."""
    first, _, rest = text.partition("\n")
    told = re.fullmatch(r"\"?sep=(.)\"?\s*", first, re.I)
    if told:
        return told[1], rest, 1
    bare = re.sub(r'"[^"]*"', "", first)
    return max(SEPARATORS, key=lambda mark: (bare.count(mark), -SEPARATORS.index(mark))), text, 0


def _lines(text: str, separator: str, skipped: int) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(f"{text}\n{END}", newline=""), delimiter=separator)
    before = skipped
    try:
        for cells in reader:
            if cells == [END]:
                return
            yield before + 1, cells
            before = skipped + reader.line_num
    except csv.Error as error:
        most = csv.field_size_limit()
        why = f"a cell is longer than {most:,} characters; perhaps a quotation mark is not closed"
        raise _no(
            "unreadable_line", line=before + 1, why=why if str(most) in str(error) else str(error)
        ) from error


def _no(code: str, **values: Any) -> Invalid:
    why = remark(code, **values)
    return Invalid(
        why.words,
        code="csv_unreadable",
        hint="Download the present list as CSV, change it, and send it back.",
        fields={"csv": why.words},
        details={"why": why.as_json()},
    )


def sheet_text(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A file for spreadsheets: UTF-8 with BOM, CRLF, every cell that could be a formula made inert."""
    return BOM + "".join(map(line, (heads, *rows)))


def line(cells: Sequence[Any]) -> str:
    """One line."""
    return ",".join(map(cell, cells)) + "\r\n"


def cell(value: Any) -> str:
    """One cell; a text that could be a formula starts with an apostrophe."""
    text = "" if value is None else str(value).replace("\0", "")
    if isinstance(value, str) or not PLAIN.match(text):
        text = INSIDE.sub(r"\1'", text)
        text = f"'{text}" if START.match(text) else text
    return '"' + text.replace('"', '""') + '"' if re.search(r'[",;\t\r\n]|^\s|\s$', text) else text
