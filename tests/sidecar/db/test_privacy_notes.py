"""Every table says which personal data it holds; a table that does not cannot be made."""

from __future__ import annotations

import pytest
from sqlalchemy import Table

from sidecar.db.migrate import METADATA
from sidecar.db.types import metadata, shop_table

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
