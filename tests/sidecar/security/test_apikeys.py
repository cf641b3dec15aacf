"""API keys: hashed, scoped, expiring, revocable, and never able to approve."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from sidecar.core.errors import DevSkyyError
from sidecar.db import Databases, read
from sidecar.db.app import api_keys
from sidecar.security.apikeys import check_key, create_key, list_keys, revoke_key
from sidecar.security.roles import SCOPES


def code(databases: Databases, text: str, now: int = 1000) -> str:
    with pytest.raises(DevSkyyError) as error:
        check_key(databases.app, text, now=now)
    assert error.value.status == 401
    return error.value.code


def test_a_key_is_known_by_its_text_which_is_not_kept(databases: Databases) -> None:
    made, text = create_key(databases.app, "shop", "reports", ["runs:read"], now=1000)
    found = check_key(databases.app, text, now=1010)
    assert (found.shop_id, found.id, found.name, found.scopes) == ("shop", made.id, "reports", {"runs:read"})
    with read(databases.app) as conn:
        assert text.split("_", 2)[2] not in str(conn.execute(select(api_keys)).one())
    assert list_keys(databases.app, "shop")[0].last_used_at == 1010
    assert list_keys(databases.app, "other") == []


def test_use_is_noted_at_most_once_a_minute(databases: Databases) -> None:
    _, text = create_key(databases.app, "shop", "k", ["runs:read"], now=1000)
    for now in (1000, 1030, 1059):
        check_key(databases.app, text, now=now)
    assert list_keys(databases.app, "shop")[0].last_used_at == 1000
    check_key(databases.app, text, now=1061)
    assert list_keys(databases.app, "shop")[0].last_used_at == 1061


def test_wrong_expired_and_revoked_keys(databases: Databases) -> None:
    made, text = create_key(databases.app, "shop", "k", ["runs:read"], now=1000, expires_at=2000)
    for wrong in (
        "",
        "dsk_",
        text[:-1],
        text[:-1] + ("A" if text[-1] != "A" else "B"),
        text.replace(made.id, "0" * 16),
        text + "\n",
    ):
        assert code(databases, wrong) == "api_key_wrong"
    assert code(databases, text, now=2000) == "api_key_expired"
    revoke_key(databases.app, "shop", made.id, now=1500)
    assert code(databases, text) == "api_key_revoked"
    with pytest.raises(DevSkyyError, match="no such"):
        revoke_key(databases.app, "other", made.id, now=1500)


def test_scopes_are_known_and_none_decides(databases: Databases) -> None:
    assert not [
        scope for scope in SCOPES if "approve" in scope or scope.startswith(("proposals:w", "agents:w", "*"))
    ]
    for scopes in ([], ["proposals:approve"], ["*"]):
        with pytest.raises(DevSkyyError) as error:
            create_key(databases.app, "shop", "k", scopes, now=1)
        assert "scopes" in error.value.fields
    made, _ = create_key(databases.app, "shop", "k", ["runs:read"], now=1)
    made.require("runs:read")
    with pytest.raises(DevSkyyError, match="lacks the scope"):
        made.require("runs:write")
