"""What is said by codes: each has words here and in wp-admin, with the same values."""

from __future__ import annotations

import re
from pathlib import Path

from sidecar.runtime.remarks import WORDS, remark

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "wp-plugin" / "assets" / "src" / "stock" / "remarks.js"
USED = re.compile(r"\b(?:remark|NotThat|_no)\(\s*\"(\w+)\"")


def test_wp_admin_says_each_code_with_all_its_values() -> None:
    said = re.findall(r"^  (\w+): \((?:\{ ([\w, ]+) \})?\) =>", PAGE.read_text(), re.M)
    assert {code: set(names.split(", ")) - {""} for code, names in said} == {
        code: set(re.findall(r"\{(\w+)", words)) for code, words in WORDS.items()
    }


def test_each_code_is_used_and_has_words() -> None:
    files = (ROOT / "sidecar" / "runtime").glob("*.py")
    used = {code for file in files for code in USED.findall(file.read_text())}
    used |= {"a_date", "no_number"}  # chosen between in one call
    assert used == set(WORDS)


def test_values_go_out_as_they_are() -> None:
    assert remark("not_within", low=0.5, high=1_000_000.0).as_json() == {
        "code": "not_within",
        "message": "must be 0.5 or more, at most 1,000,000",
        "values": {"low": 0.5, "high": 1_000_000},
    }
    braces = remark("no_cost", name="{name} {0}")
    assert braces.words == "{name} {0}: no cost is known, so the total leaves it out."
    assert remark("no_number").as_json() == {"code": "no_number", "message": "is no number"}
