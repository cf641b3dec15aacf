"""docs/api.md names every route and every error code that the routes give."""

from __future__ import annotations

import re
from pathlib import Path

from flask import Flask

PAGE = (Path(__file__).parents[3] / "docs" / "api.md").read_text()
ROOT = Path(__file__).parents[3] / "sidecar"
ELSEWHERE = {"lease_lost", "sealing_key_malformed", "sealing_key_unreadable", "person_required"}
"""Codes that never reach the wire: of the start, or caught inside the sidecar."""


def test_every_route_is_on_the_page(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/docs/") or "/test/" in rule.rule:
            continue
        last = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule).replace("{type}", "{family}")
        assert last in PAGE or f"`{last.rsplit('/', 1)[1]}`" in PAGE, rule.rule


def test_every_code_of_the_routes_is_on_the_page() -> None:
    found: set[str] = set()
    for folder in ("api", "security"):
        for path in (ROOT / folder).rglob("*.py"):
            found |= set(re.findall(r'code="([a-z_]+)"', path.read_text()))
    for name in ("proposals", "runs", "jobs", "runner"):
        found |= set(re.findall(r'code="([a-z_]+)"', (ROOT / "runtime" / f"{name}.py").read_text()))
    missing = {code for code in found - ELSEWHERE if f"`{code}`" not in PAGE}
    assert missing == set()
