"""Words taken from the shop's own words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.store import Attribute
from sidecar.retail.completeness import alt_text, first_sentences, plain


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<p>Silk &amp; wool</p><p>Soft</p>", "Silk & wool Soft"),
        ("  a\n\n b ", "a b"),
        ("<img alt='x>'>", "'>"),
        ("", ""),
    ],
)
def test_plain(text: str, words: str) -> None:
    assert plain(text) == words


@pytest.mark.parametrize(
    ("description", "short"),
    [
        (
            "<p>Short one. Then a second sentence that makes it long enough. A third.</p>",
            "Short one. Then a second sentence that makes it long enough.",
        ),
        (
            "<p>A first paragraph that is long enough to stand alone.</p><p>Another.</p>",
            "A first paragraph that is long enough to stand alone.",
        ),
        ("No full stop at the end of this rather long line of words", None),
        (
            "<p></p><p>The first paragraph here is empty, the second is not.</p>",
            "The first paragraph here is empty, the second is not.",
        ),
        ("Too short.", None),
        ("A" * 300 + ".", None),
    ],
)
def test_first_sentences(description: str, short: str | None) -> None:
    assert first_sentences(description) == short


@given(st.text(max_size=600))
def test_first_sentences_are_the_descriptions_own_words(description: str) -> None:
    short = first_sentences(description)
    if short is not None:
        assert short in plain(description)
        assert 40 <= len(short) <= 220


def test_alt_text_adds_only_what_all_variations_share() -> None:
    colour, size = Attribute("Colour", ("Navy",), True), Attribute("Size", ("S", "M"), True)
    assert alt_text("Silk Scarf", [colour, size], 0) == "Silk Scarf, Navy"
    assert alt_text("Navy Scarf", [colour], 0) == "Navy Scarf"
    assert alt_text("Silk Scarf", [], 2) == "Silk Scarf (3)"
