"""An app on SQLite in a folder of its own, and a plugin that is paired with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from sidecar.app import create_app
from tests.sidecar.kit import Plugin, no_devskyy_environment, settings_in, tiny_registry


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    """The web application with two tiny agents."""
    with no_devskyy_environment():
        made = create_app(settings_in(tmp_path), tiny_registry())
    yield made
    made.extensions["devskyy"].close()


@pytest.fixture
def plugin(app: Flask) -> Plugin:
    """A paired plugin."""
    return Plugin(app).pair()
