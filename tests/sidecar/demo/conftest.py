"""One generated shop of each size for the whole run; tests that write take a copy."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sidecar.demo.generator import generate, load_truth

END = dt.date(2026, 11, 24)


@pytest.fixture(scope="session")
def small_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(tmp_path_factory.mktemp("demo") / "small.sqlite", "small", seed=7, end=END)


@pytest.fixture(scope="session")
def small(small_path: Path) -> Iterator[sqlite3.Connection]:
    con = sqlite3.connect(f"file:{small_path}?mode=ro", uri=True)
    con.row_factory = sqlite3.Row
    yield con
    con.close()


@pytest.fixture(scope="session")
def truth(small_path: Path) -> dict[str, Any]:
    return load_truth(small_path)
