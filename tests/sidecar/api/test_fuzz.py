"""A short sample of `make fuzz`: every route as every caller, requests right and wrong by the document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bench.fuzz import Fuzz, fuzzing
from sidecar.api import access
from sidecar.runtime import catalog


@pytest.fixture(scope="module")
def fuzz() -> Iterator[Fuzz]:
    """An app full of things, and everybody who may call it."""
    with fuzzing() as made:
        yield made


@pytest.mark.filterwarnings("ignore")
def test_no_route_breaks_or_says_what_the_document_does_not(fuzz: Fuzz) -> None:
    others = [one.name for one in fuzz.callers if one.name != "person"]
    fuzz.run(2, 1, who=["person"])
    report = fuzz.run(1, 0, who=others, part=4)
    assert "\n".join(f"{key}: {words}" for key, words in report.findings.items()) == ""
    assert report.requests > 300
    assert {200, 201, 202, 401, 403, 404, 409, 422} <= set(report.statuses)


@pytest.mark.filterwarnings("ignore")
def test_it_finds_what_is_wrong(fuzz: Fuzz, monkeypatch: pytest.MonkeyPatch) -> None:
    def found(target: Any, name: str, value: Any, path: str, caller: str) -> set[str]:
        with monkeypatch.context() as patch, fuzzing(2) as own:
            patch.setattr(target, name, value)
            return {what for _, _, what in own.run(2, 2, only=path, who=[caller]).findings}

    assert "ServerError" in found(catalog, "everything", lambda *_: 1 / 0, "/api/v1/agents", "owner")
    assert "JsonSchemaError" in found(catalog, "everything", lambda *_: {}, "/api/v1/agents", "owner")
    assert "let in" in found(access, "_allow", lambda *_: None, "/api/v1/proposals", "plugin")
