"""A key for each person: what it sealed is gone with it, and nothing else is."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

from sqlalchemy import select

from sidecar.db import Databases, read, write
from sidecar.db.identity import person_keys as table
from sidecar.security import person_keys
from sidecar.security.person_keys import PersonKeys
from sidecar.security.sealing import Sealer
from sidecar.security.tokens import b64decode, b64encode

ANNA, ERIC = "user:7", "user:9"


def sealed_for(databases: Databases, sealer: Sealer, person: str, shop_id: str = "shop") -> str:
    """A login, sealed for somebody."""
    with write(databases.app) as conn:
        return PersonKeys(conn, sealer, shop_id).seal(person, {"login": person, "n": 1})


def opened(databases: Databases, sealer: Sealer, person: str, text: str, shop_id: str = "shop") -> object:
    """What a text says, or None."""
    with read(databases.app) as conn:
        return PersonKeys(conn, sealer, shop_id).open(person, text)


def test_each_person_has_one_key_of_their_own(databases: Databases, sealer: Sealer) -> None:
    first, second = (sealed_for(databases, sealer, ANNA) for _ in range(2))
    other = sealed_for(databases, sealer, ERIC)
    assert first != second
    assert opened(databases, sealer, ANNA, first) == {"login": ANNA, "n": 1}
    assert opened(databases, sealer, ANNA, second) == {"login": ANNA, "n": 1}
    assert opened(databases, sealer, ERIC, other) == {"login": ERIC, "n": 1}
    assert opened(databases, sealer, ERIC, first) is None
    assert opened(databases, sealer, ANNA, first, "another shop") is None
    with read(databases.app) as conn:
        rows = conn.execute(select(table)).all()
    assert {row.person for row in rows} == {ANNA, ERIC}
    assert all(row.key_id == sealer.key_id for row in rows)


def test_damaged_text_opens_to_nothing(databases: Databases, sealer: Sealer) -> None:
    raw = b64decode(sealed_for(databases, sealer, ANNA))
    for place in range(len(raw)):
        changed = bytearray(raw)
        changed[place] ^= 1
        assert opened(databases, sealer, ANNA, b64encode(bytes(changed))) is None
    for text in ("", "!", "AAAA", b64encode(raw[:10])):
        assert opened(databases, sealer, ANNA, text) is None


def test_erasing_a_person_erases_only_that_person(databases: Databases, sealer: Sealer) -> None:
    hers, his = sealed_for(databases, sealer, ANNA), sealed_for(databases, sealer, ERIC)
    with write(databases.app) as conn:
        assert person_keys.erase(conn, "shop", ANNA)
        assert not person_keys.erase(conn, "shop", ANNA)
        assert not person_keys.erase(conn, "shop", "user:1")
        assert not person_keys.erase(conn, "another shop", ERIC)
    assert opened(databases, sealer, ANNA, hers) is None
    assert opened(databases, sealer, ERIC, his) == {"login": ERIC, "n": 1}
    with read(databases.app) as conn:
        row = conn.execute(select(table).where(table.c.person == ANNA)).one()
    assert row.sealed is None
    assert row.erased_at > 0


def test_who_acts_again_gets_a_new_key_that_opens_nothing_old(databases: Databases, sealer: Sealer) -> None:
    before = sealed_for(databases, sealer, ANNA)
    with write(databases.app) as conn:
        person_keys.erase(conn, "shop", ANNA)
    after = sealed_for(databases, sealer, ANNA)
    assert opened(databases, sealer, ANNA, before) is None
    assert opened(databases, sealer, ANNA, after) == {"login": ANNA, "n": 1}
    with read(databases.app) as conn:
        assert conn.execute(select(table.c.erased_at)).scalar_one() > 0


def test_the_destroyed_key_is_nowhere_in_the_file(
    databases: Databases, sealer: Sealer, tmp_path: Path
) -> None:
    sealed_for(databases, sealer, ANNA)
    with read(databases.app) as conn:
        key = conn.execute(select(table.c.sealed)).scalar_one()
    with write(databases.app) as conn:
        person_keys.erase(conn, "shop", ANNA)
    databases.dispose()
    with sqlite3.connect(tmp_path / "app.sqlite3") as plain:
        plain.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    plain.close()
    left = (tmp_path / "app.sqlite3").read_bytes()
    assert b"user:7" in left
    assert not [at for at in range(7, len(key) - 8) if key[at : at + 8] in left]


def test_several_who_need_a_first_key_agree_on_one(databases: Databases, sealer: Sealer) -> None:
    texts: list[str] = []
    threads = [
        threading.Thread(target=lambda: texts.append(sealed_for(databases, sealer, ANNA))) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [opened(databases, sealer, ANNA, text) for text in texts] == [{"login": ANNA, "n": 1}] * 6


def test_without_the_master_key_nothing_opens(databases: Databases, sealer: Sealer) -> None:
    text = sealed_for(databases, sealer, ANNA)
    assert opened(databases, Sealer(b"x" * 32), ANNA, text) is None
