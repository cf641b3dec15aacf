"""Pairing, the gate and sealed secrets, from a code to a signed request."""

from __future__ import annotations

import os
import stat
import threading
import uuid
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from sidecar.core.errors import DevSkyyError
from sidecar.db import Databases, read, write
from sidecar.db.app import secrets, shops
from sidecar.security import pairing
from sidecar.security.gate import Caller, authenticate, authenticate_pairing
from sidecar.security.sealing import Sealer, get_secret, load_key, put_secret
from sidecar.security.tokens import b64decode, b64encode, canonical_path, sign

SITE = str(uuid.UUID(int=7))
BODY: dict[str, Any] = {
    "site_id": SITE,
    "home_url": "http://shop.test/",
    "rest_url": "http://shop.test/wp-json/",
    "name": "My shop",
    "versions": {"plugin": "0.1.0", "wordpress": "7.1", "woocommerce": "11.0.1", "php": "8.2.36"},
    "facts": {
        "currency": "USD",
        "decimals": 2,
        "prices_include_tax": False,
        "timezone": "Europe/Berlin",
        "cogs": True,
        "hpos": True,
        "locale": "en_US",
        "currency_symbol": "$",
    },
    "woocommerce_key": {"key": "ck_1", "secret": "cs_1"},
}


def request(**more: Any) -> pairing.PairingRequest:
    return pairing.parse_request(BODY | more)


def refusal(call: Any, *args: Any, **named: Any) -> DevSkyyError:
    with pytest.raises(DevSkyyError) as error:
        call(*args, **named)
    assert error.value.hint
    return error.value


def pair(databases: Databases, sealer: Sealer, **more: Any) -> dict[str, str]:
    code = pairing.new_code(databases.app, now=100)
    return pairing.pair_by_code(databases.app, sealer, request(code=code, **more), now=101)


def test_a_code_pairs_once(databases: Databases, sealer: Sealer) -> None:
    code = pairing.new_code(databases.app, now=100)
    assert len(code) == 14
    made = pairing.pair_by_code(databases.app, sealer, request(code=f" {code.lower()} "), now=101)
    assert len(b64decode(made["secret"])) == len(b64decode(made["hash_key"])) == 32
    assert pairing.woocommerce_key(databases.app, sealer, made["shop_id"]) == ("ck_1", "cs_1")
    error = refusal(pairing.pair_by_code, databases.app, sealer, request(code=code), now=102)
    assert (error.code, error.status) == ("pairing_code_expired", 410)


def test_a_code_lasts_15_minutes(databases: Databases, sealer: Sealer) -> None:
    code = pairing.new_code(databases.app, now=100)
    error = refusal(pairing.pair_by_code, databases.app, sealer, request(code=code), now=100 + 900)
    assert error.code == "pairing_code_expired"


def test_a_newer_code_ends_the_older(databases: Databases, sealer: Sealer) -> None:
    old, new = (pairing.new_code(databases.app, now=100) for _ in range(2))
    assert (
        refusal(pairing.pair_by_code, databases.app, sealer, request(code=old), now=101).code
        == "pairing_code_wrong"
    )
    pairing.pair_by_code(databases.app, sealer, request(code=new), now=101)


def test_five_wrong_tries_lock_the_code(databases: Databases, sealer: Sealer) -> None:
    code = pairing.new_code(databases.app, now=100)
    codes = [
        refusal(pairing.pair_by_code, databases.app, sealer, request(code="AAAA-BBBB-CCCC"), now=101).code
        for _ in range(6)
    ]
    assert codes == ["pairing_code_wrong"] * 5 + ["pairing_locked"]
    error = refusal(pairing.pair_by_code, databases.app, sealer, request(code=code), now=101)
    assert (error.code, error.status) == ("pairing_locked", 429)


def test_one_code_for_two_at_once_pairs_one(databases: Databases, sealer: Sealer) -> None:
    code = pairing.new_code(databases.app, now=100)
    results: list[str] = []

    def go(site: int) -> None:
        wanted = request(code=code, site_id=str(uuid.UUID(int=site)))
        try:
            pairing.pair_by_code(databases.app, sealer, wanted, now=101)
            results.append("paired")
        except DevSkyyError as error:
            results.append(error.code)

    threads = [threading.Thread(target=go, args=(site,)) for site in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["paired", "pairing_code_expired"]


def test_without_any_code(databases: Databases, sealer: Sealer) -> None:
    assert (
        refusal(pairing.pair_by_code, databases.app, sealer, request(), now=101).code == "pairing_code_wrong"
    )


def test_pairing_again_keeps_the_shop_and_changes_the_secret(databases: Databases, sealer: Sealer) -> None:
    one = pair(databases, sealer)
    two = pair(databases, sealer, home_url="https://shop.test")
    assert (one["shop_id"], one["hash_key"]) == (two["shop_id"], two["hash_key"])
    assert one["secret"] != two["secret"]


@pytest.mark.parametrize(
    ("versions", "code", "status"),
    [
        ({"woocommerce": ""}, "woocommerce_missing", 422),
        ({"woocommerce": "9.9.9"}, "version_unsupported", 426),
        ({"wordpress": "6.8.3"}, "version_unsupported", 426),
        ({"plugin": "0.0.9"}, "version_unsupported", 426),
    ],
)
def test_old_or_missing_versions(versions: dict[str, str], code: str, status: int) -> None:
    error = refusal(request, versions=BODY["versions"] | versions)
    assert (error.code, error.status) == (code, status)


def test_newer_versions_pass() -> None:
    assert request(versions=BODY["versions"] | {"woocommerce": "11.1.0-beta.1", "wordpress": "10.0"})


def test_a_bad_request_names_its_fields() -> None:
    error = refusal(request, site_id="no", home_url="ftp://x", facts={"currency": "USD"})
    assert error.code == "invalid"
    assert set(error.fields) == {"site_id", "home_url", "facts.decimals"}


def call(databases: Databases, sealer: Sealer, made: dict[str, str], **more: Any) -> Caller:
    site = {"site": SITE, "home": "http://shop.test", **more.pop("claims", {})}
    path, query = "/api/v1/status", [("full", "1")]
    token = sign(
        b64decode(made["secret"]),
        iss="plugin",
        aud=made["shop_id"],
        method="POST",
        path=canonical_path(path, query),
        body=b"{}",
        now=1000,
        more=site,
    )
    given = {
        "authorization": f"Bearer {token}",
        "method": "POST",
        "path": path,
        "query": query,
        "body": b"{}",
        "now": 1000,
    }
    return authenticate(databases.app, sealer, **given | more)


def test_the_gate_knows_the_shop_and_the_person(databases: Databases, sealer: Sealer) -> None:
    made = pair(databases, sealer)
    caller = call(databases, sealer, made)
    assert caller.shop_id == made["shop_id"]
    assert refusal(caller.require_person).code == "person_required"
    anna = {"id": 7, "login": "anna", "caps": ["manage_woocommerce"]}
    assert call(databases, sealer, made, claims={"who": anna}).require_person() == anna
    editor = anna | {"caps": ["edit_posts"]}
    assert call(databases, sealer, made, claims={"who": editor}).person is None
    assert call(databases, sealer, made, claims={"who": anna | {"caps": "manage_woocommerce"}}).person is None


@pytest.mark.parametrize(
    "claims", [{"site": str(uuid.UUID(int=8))}, {"home": "https://staging.test"}, {"home": None}]
)
def test_a_copied_site_is_refused(databases: Databases, sealer: Sealer, claims: dict[str, Any]) -> None:
    made = pair(databases, sealer)
    error = refusal(call, databases, sealer, made, claims=claims)
    assert (error.code, error.status) == ("site_changed", 409)
    with read(databases.app) as conn:
        assert conn.execute(select(shops.c.state)).scalar() == "site_changed"
    call(databases, sealer, made)  # the shop itself goes on
    with read(databases.app) as conn:
        assert conn.execute(select(shops.c.state)).scalar() == "paired"


def test_a_moved_shop_is_accepted_when_a_person_says_so(databases: Databases, sealer: Sealer) -> None:
    made = pair(databases, sealer)
    new = {"home": "https://new.test"}
    assert call(databases, sealer, made, claims=new, moving=True)
    assert (
        refusal(call, databases, sealer, made, claims=new | {"site": str(uuid.UUID(int=8))}, moving=True).code
        == "site_changed"
    )
    with write(databases.app) as conn:
        pairing.move_site(conn, made["shop_id"], "https://new.test/")
    assert call(databases, sealer, made, claims=new)
    with read(databases.app) as conn:
        assert conn.execute(select(shops.c.rest_url)).scalar() == "https://new.test/wp-json/"


def test_an_old_plugin_is_refused(databases: Databases, sealer: Sealer) -> None:
    made = pair(databases, sealer)
    assert refusal(call, databases, sealer, made, plugin_version="0.0.1").status == 426
    assert call(databases, sealer, made, plugin_version="0.2.0")


def test_after_unpairing_nothing_signed_is_accepted(databases: Databases, sealer: Sealer) -> None:
    made = pair(databases, sealer)
    with write(databases.app) as conn:
        pairing.unpair(conn, made["shop_id"])
    assert refusal(call, databases, sealer, made).code == "shop_unpaired"
    assert pairing.woocommerce_key(databases.app, sealer, made["shop_id"]) is None
    again = pair(databases, sealer)
    assert (again["shop_id"], again["hash_key"]) == (made["shop_id"], made["hash_key"])


def test_pairing_with_the_shared_key(databases: Databases) -> None:
    key = bytes(range(32))
    token = sign(
        key, iss="plugin", aud="pairing", method="POST", path="/api/v1/pairing", body=b"{}", now=1000
    )
    given: dict[str, Any] = {
        "authorization": f"Bearer {token}",
        "method": "POST",
        "path": "/api/v1/pairing",
        "body": b"{}",
        "now": 1000,
    }
    assert authenticate_pairing(databases.app, key, **given).aud == "pairing"
    assert refusal(authenticate_pairing, databases.app, key, **given).code == "replayed"
    assert refusal(authenticate_pairing, databases.app, bytes(32), **given).code == "signature_invalid"


def test_secrets_are_sealed_and_bound_to_their_place(databases: Databases, sealer: Sealer) -> None:
    made = pair(databases, sealer)
    with read(databases.app) as conn:
        rows = conn.execute(select(secrets)).all()
    assert {row.name for row in rows} == {"signing", "hash_key", "woocommerce_key"}
    assert all(b64decode(made["secret"]) not in row.sealed and b"ck_1" not in row.sealed for row in rows)
    # moved to another name, it does not open
    signing = next(row.sealed for row in rows if row.name == "signing")
    with write(databases.app) as conn:
        conn.execute(update(secrets).where(secrets.c.name == "hash_key").values(sealed=signing))
    with read(databases.app) as conn:
        assert get_secret(conn, sealer, made["shop_id"], "signing") == b64decode(made["secret"])
        assert refusal(get_secret, conn, sealer, made["shop_id"], "hash_key").code == "sealing_key_wrong"
        assert (
            refusal(get_secret, conn, Sealer(b"x" * 32), made["shop_id"], "signing").code
            == "sealing_key_wrong"
        )


def test_each_sealing_differs(databases: Databases, sealer: Sealer) -> None:
    assert sealer.seal("s", "n", b"same") != sealer.seal("s", "n", b"same")
    with write(databases.app) as conn:
        put_secret(conn, sealer, "s", "n", b"")
        assert get_secret(conn, sealer, "s", "n") == b""
        assert get_secret(conn, sealer, "s", "other") is None


def test_the_key_file_is_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "data" / "master.key"
    found: list[bytes] = []
    threads = [threading.Thread(target=lambda: found.append(load_key("", path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert os.listdir(path.parent) == ["master.key"]
    assert load_key(b64encode(b"k" * 32), path) == b"k" * 32


@pytest.mark.parametrize("given", ["short", "!!!", b64encode(bytes(31))])
def test_a_malformed_key(given: str, tmp_path: Path) -> None:
    assert refusal(load_key, given, tmp_path / "k").code == "sealing_key_malformed"


def test_a_key_file_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert refusal(load_key, "", tmp_path / "file" / "master.key").code == "sealing_key_unreadable"
