"""Every table says which personal data it holds; a table that does not cannot be made."""

from __future__ import annotations

import pytest
from sqlalchemy import Table

from sidecar.db.migrate import METADATA
from sidecar.db.types import metadata, shop_table
from sidecar.runtime.privacy import LAWFUL_MINIMUM
from sidecar.runtime.privacy_page import privacy_page
from sidecar.runtime.retention import RULES

TABLES: list[Table] = [*METADATA["app"].tables.values(), *METADATA["mirror"].tables.values()]
AFTER = ("delete", "replaced", "taken out", "emptied", "stay", "destroy", "belongs to nobody", "kept")


@pytest.mark.parametrize("table", TABLES, ids=[table.name for table in TABLES])
def test_every_table_has_a_note(table: Table) -> None:
    note = table.info["privacy"]
    assert note == note.strip() != ""
    # Where there is personal data, the note also says what erasure makes of it.
    assert note.startswith("none") or any(word in note for word in AFTER), note


def test_a_table_without_a_note_cannot_be_made() -> None:
    with pytest.raises(TypeError, match="privacy"):
        shop_table("new", metadata(), comment="A new table.")  # type: ignore[call-arg]


def test_the_page_shows_every_table_every_rule_and_the_whole_lawful_minimum() -> None:
    page = privacy_page()
    for table in TABLES:
        note = table.info["privacy"].replace("|", "\\|")[1:]
        assert [line for line in page.splitlines() if line.startswith(f"| `{table.name}` |") and note in line]
    for row in LAWFUL_MINIMUM:
        assert f"| {' | '.join(row)} |" in page
    for rule in RULES:
        assert f"| {rule.title} | " in page


def test_the_lawful_minimum_names_columns_that_there_are() -> None:
    tables = {table.name: table for table in TABLES}
    places = [place for where, *_ in LAWFUL_MINIMUM for place in where.split(", ") if "." in place]
    assert len(places) == 5
    for place in places:
        name, column = place.split(".")
        assert column in tables[name].c
