"""The same approved proposals through both pens: the demo shop's applier and the plugin's."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.contract.shops import Shop, filled
from tests.contract.values import at

FOLDER = Path(__file__).parent / "vectors"
VECTORS = json.loads((FOLDER / "apply.json").read_text())
DIGESTS = json.loads((FOLDER / "digest.json").read_text())


def check(shop: Shop, wanted: dict[str, dict[str, Any]]) -> None:
    """Compare what stands in the shop, by resource and path."""
    for resource, values in wanted.items():
        found = shop.get(resource.removeprefix("wc/v3/"), context="edit")
        for path, value in values.items():
            assert at(found, path) == value, f"{resource} {path}"


@pytest.mark.parametrize("vector", VECTORS, ids=[v["name"] for v in VECTORS])
def test_vector(shop: Shop, vector: dict[str, Any]) -> None:
    proposal = uuid.uuid4().hex
    wanted = filled(vector, {**shop.ids, "fresh": f"fresh{proposal[:8]}"})
    for write in wanted["given"]:
        shop.send("PUT", write["resource"], write["body"])
    changes = [
        {"change_id": f"{proposal}-{n}", **change} for n, change in enumerate(wanted["changes"], start=1)
    ]
    done, again = shop.apply_twice(proposal, changes)
    assert done["state"] == wanted["state"], done
    assert [r["state"] for r in done["results"]] == wanted["results"], done
    assert [r["change_id"] for r in done["results"]] == [c["change_id"] for c in changes]
    if "reason" in wanted:
        assert any(wanted["reason"] in r.get("message", "") for r in done["results"]), done
    check(shop, wanted.get("after", {}))
    # A second word on the same proposal writes nothing and answers the same.
    assert again == done
    for write in wanted.get("between", []):
        shop.send("PUT", write["resource"], write["body"])
    if "undo" in wanted:
        _undo(shop, proposal, wanted, done)
    check(shop, wanted.get("undone", {}))


def _undo(shop: Shop, proposal: str, wanted: dict[str, Any], done: dict[str, Any]) -> None:
    back, again = shop.undo_twice(proposal)
    if "code" in wanted["undo"]:
        assert back.get("code") == wanted["undo"]["code"], back
        return
    assert back.get("state") == wanted["undo"]["state"], back
    if "results" in wanted["undo"]:
        assert [r["state"] for r in back["results"]] == wanted["undo"]["results"]
    for result in done["results"]:
        if "created_id" in result:
            assert shop.rest("GET", f"coupons/{result['created_id']}").status_code == 404
    assert again["code"] == "not_applied"


@pytest.mark.parametrize("vector", DIGESTS, ids=[v["name"] for v in DIGESTS])
def test_digest_is_the_sidecars(shop: Shop, vector: dict[str, Any]) -> None:
    from sidecar.core.changes import digest

    proposal = uuid.uuid4().hex
    assert shop.digest(proposal, vector["changes"]) == digest(proposal, vector["changes"])
