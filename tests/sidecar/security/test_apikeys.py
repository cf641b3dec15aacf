"""API keys: hashed, scoped, expiring, revocable, and never able to approve."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, select, update

from sidecar.core.errors import DevSkyyError
from sidecar.db import Databases, read, write
from sidecar.db.app import api_keys, shops
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


def test_a_key_holds_a_year_unless_told_otherwise(databases: Databases) -> None:
    made, text = create_key(databases.app, "shop", "k", ["runs:read"], now=1000)
    assert made.expires_at == 1000 + 365 * 86_400
    check_key(databases.app, text, now=999 + 365 * 86_400)
    assert code(databases, text, now=1000 + 365 * 86_400) == "api_key_expired"


def test_a_key_works_from_its_networks_only(databases: Databases) -> None:
    given = ["192.0.2.7/24", "2001:db8::/32", "198.51.100.9"]
    made, text = create_key(databases.app, "shop", "k", ["runs:read"], now=1000, networks=given)
    assert made.networks == ["192.0.2.0/24", "198.51.100.9/32", "2001:db8::/32"]
    for address in ("192.0.2.200", "::ffff:192.0.2.200", "198.51.100.9", "2001:db8:1::1"):
        check_key(databases.app, text, now=1000, address=address)
    for wrong in ("192.0.3.1", "198.51.100.8", "2001:db9::1", "::1", "nonsense", "", None):
        with pytest.raises(DevSkyyError) as error:
            check_key(databases.app, text, now=1000, address=wrong)
        assert (error.value.status, error.value.code) == (403, "address_not_allowed")


@pytest.mark.parametrize(
    "wrong", [["here"], ["10.0.0.0/33"], [""], ["1.2.3.4/0/1"], ["10.0.0.0/8"] * 2 + ["x"]]
)
def test_networks_are_read_strictly(databases: Databases, wrong: list[str]) -> None:
    with pytest.raises(DevSkyyError) as error:
        create_key(databases.app, "shop", "k", ["runs:read"], now=1, networks=wrong)
    assert error.value.fields.keys() == {"networks"}
    assert list_keys(databases.app, "shop") == []


def test_a_key_of_an_unpaired_shop_is_dead(databases: Databases) -> None:
    _, text = create_key(databases.app, "shop", "k", ["runs:read"], now=1000)
    row = {
        "shop_id": "shop", "site_id": "s", "home_url": "http://a.test", "rest_url": "http://a.test/wp-json/",
        "name": "A", "state": "paired", "facts": {}, "versions": {}, "paired_at": 1,
    }  # fmt: skip
    with write(databases.app) as conn:
        conn.execute(insert(shops), row)
    check_key(databases.app, text, now=1000)
    with write(databases.app) as conn:
        conn.execute(update(shops).values(state="unpaired"))
    assert code(databases, text) == "shop_unpaired"
