"""The text of a PDF of ours, read back through its fonts' own tables (ISO 32000-1, 9.10.3)."""

from __future__ import annotations

import re
import zlib

OBJECT = re.compile(rb"(\d+) 0 obj(.*?)endobj", re.DOTALL)
STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
SHOWN = re.compile(rb"/(F\d+) [\d.]+ Tf|(\((?:[^\\)]|\\.)*\)|<[0-9A-Fa-f]*>)|(Tj|TJ|ET)", re.DOTALL)
ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def text_of(pdf: bytes) -> str:
    """All that is written, in the order of writing, a line for each piece of text."""
    objects = {int(number): body for number, body in OBJECT.findall(pdf)}
    tables = {
        name: _table(_stream(objects[int(table)]))
        for name, number in re.findall(rb"/(F\d+) (\d+) 0 R", pdf)
        if (table := _named(objects[int(number)], rb"ToUnicode"))
    }
    pages = [_named(body, rb"Contents") for body in objects.values() if re.search(rb"/Type /Page\b", body)]
    return "\n".join(_written(_stream(objects[int(page)]), tables) for page in pages if page)


def _named(body: bytes, name: bytes) -> bytes | None:
    found = re.search(rb"/" + name + rb" (\d+) 0 R", body)
    return found[1] if found else None


def _stream(body: bytes) -> bytes:
    found = STREAM.search(body)
    assert found is not None
    return zlib.decompress(found[1]) if b"/FlateDecode" in body else found[1]


def _table(cmap: bytes) -> dict[int, str]:
    """Characters by glyph."""
    table = {}
    for part in re.findall(rb"beginbfchar(.*?)endbfchar", cmap, re.DOTALL):
        for glyph, signs in re.findall(rb"<(\w+)>\s*<(\w+)>", part):
            table[int(glyph, 16)] = bytes.fromhex(signs.decode()).decode("utf-16-be")
    for part in re.findall(rb"beginbfrange(.*?)endbfrange", cmap, re.DOTALL):
        for first, last, sign in re.findall(rb"<(\w+)>\s*<(\w+)>\s*<(\w+)>", part):
            for n in range(int(last, 16) - int(first, 16) + 1):
                table[int(first, 16) + n] = chr(int(sign, 16) + n)
    return table


def _written(content: bytes, tables: dict[bytes, dict[int, str]]) -> str:
    font, out = b"", []
    for name, shown, end in SHOWN.findall(content):
        if name:
            font = name
        elif shown:
            raw = _bytes(shown)
            codes = (int.from_bytes(raw[n : n + 2]) for n in range(0, len(raw), 2))
            out.append("".join(tables[font].get(code, "?") for code in codes))
        elif end == b"ET":
            out.append("\n")
    return "".join(out)


def _bytes(shown: bytes) -> bytes:
    if shown.startswith(b"<"):
        return bytes.fromhex(shown[1:-1].decode())
    return re.sub(rb"\\(.)", lambda sign: ESCAPED.get(sign[1], sign[1]), shown[1:-1], flags=re.DOTALL)
