"""Passwords, lock-out, signing keys and access tokens, on a real database."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import multiprocessing
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt
import pytest
from argon2 import PasswordHasher
from cryptography.hazmat.primitives.asymmetric import ed25519
from sqlalchemy import select, update

from sidecar.core.errors import DevSkyyError
from sidecar.db import Databases, read, write
from sidecar.db.identity import sessions as session_table
from sidecar.db.identity import signing_keys as key_table
from sidecar.db.identity import users as user_table
from sidecar.db.session import open_engine
from sidecar.security import passwords, sessions, signing_keys, users
from sidecar.security.sealing import Sealer

SHOP, NOW = "shop", 1_800_000_000
RIGHT = "correct horse battery"


@pytest.fixture(autouse=True)
def _quick_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Little work for each hash, but where the work itself is tested."""
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))


def raised(call: Any, *args: Any, **more: Any) -> DevSkyyError:
    with pytest.raises(DevSkyyError) as error:
        call(*args, **more)
    return error.value


# Passwords


def test_a_password_is_hashed_by_argon2id_and_matches_in_every_form_of_its_letters() -> None:
    stored = passwords.hash_password("Stra\u0308nde am Meer")
    assert stored.startswith("$argon2id$")
    assert passwords.matches(stored, "Str\u00e4nde am Meer")
    assert not passwords.matches(stored, "Strande am Meer")
    assert not passwords.matches(stored, "\ud800" * 12)
    assert not passwords.matches(None, "Str\u00e4nde am Meer")
    assert not passwords.matches("nonsense", "Str\u00e4nde am Meer")


def test_the_default_is_the_choice_of_rfc_9106() -> None:
    default = PasswordHasher()
    assert (default.type.name, default.memory_cost, default.time_cost) == ("ID", 65_536, 3)


@pytest.mark.parametrize("password", ["", "short", "x" * 257, "x" * 1_000_000])
def test_what_cannot_be_a_password_is_refused_before_hashing(
    password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Never:
        def __getattr__(self, name: str) -> Any:
            raise AssertionError("hashed")

    stored = passwords.hash_password(RIGHT)
    monkeypatch.setattr(passwords, "HASHER", Never())
    assert raised(passwords.hash_password, password).fields.keys() == {"password"}
    if len(password) > passwords.MAX_LENGTH:
        assert not passwords.matches(stored, password)


def test_a_hash_that_took_less_work_than_todays_is_outgrown() -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=32, parallelism=1).hash(RIGHT)
    strong = PasswordHasher(time_cost=2, memory_cost=128, parallelism=1).hash(RIGHT)
    assert passwords.outgrown(weak)
    assert not passwords.outgrown(strong)
    assert not passwords.outgrown(passwords.hash_password(RIGHT))


def test_only_two_hash_at_once_and_the_rest_wait_or_are_told_to_come_back() -> None:
    lock, running, most = threading.Lock(), 0, 0

    def work(_: int) -> str:
        nonlocal running, most
        try:
            with passwords.slot(wait_s=0.5):
                with lock:
                    running += 1
                    most = max(most, running)
                time.sleep(0.3)
                with lock:
                    running -= 1
                return "done"
        except DevSkyyError as error:
            return f"{error.status} {error.code}"

    with ThreadPoolExecutor(12) as pool:
        results = list(pool.map(work, range(12)))
    assert most == passwords.AT_ONCE == 2
    assert set(results) == {"done", "503 busy"}
    assert results.count("done") >= 4  # whoever got a place in half a second
    with passwords.slot(wait_s=0):  # all places are free again
        pass


# Users and lock-out


def add(databases: Databases, login: str = "anna", role: str = "manager", wp: int | None = None) -> Any:
    with write(databases.app) as conn:
        return users.add(conn, SHOP, login, role, passwords.hash_password(RIGHT), wp, now=NOW)


def fail(databases: Databases, user: Any, now: int) -> int:
    with write(databases.app) as conn:
        return users.failed(conn, SHOP, user.id, now=now)


def test_logins_are_one_form_and_taken_once(databases: Databases) -> None:
    assert add(databases, "  Anna ").login == "anna"
    assert raised(add, databases, "ANNA").code == "login_taken"
    for wrong in ("", "a" * 61, "an\0na", "a/b", "<b>", "a\nb", "\u0130" * 60):
        assert raised(add, databases, wrong).fields.keys() == {"login"}
    assert raised(add, databases, "eric", "boss").fields.keys() == {"role"}


def test_wrong_passwords_make_a_login_wait_longer_each_time(databases: Databases) -> None:
    user = add(databases)
    assert [fail(databases, user, NOW) for _ in range(4)] == [0, 0, 0, 0]
    waits = [fail(databases, user, NOW) for _ in range(10)]
    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
    with write(databases.app) as conn:
        row = users.get(conn, SHOP, user.id)
        assert users.is_locked(row, NOW + 3599)
        assert not users.is_locked(row, NOW + 3600)
        users.succeeded(conn, row, now=NOW + 4000)
        row = users.get(conn, SHOP, user.id)
    assert (row.failures, row.locked_until, row.last_login_at) == (0, None, NOW + 4000)


def test_every_wrong_password_counts_also_at_once(databases: Databases) -> None:
    user = add(databases)
    with ThreadPoolExecutor(16) as pool:
        waits = list(pool.map(lambda _: fail(databases, user, NOW), range(12)))
    assert sorted(waits) == [0, 0, 0, 0, 30, 60, 120, 240, 480, 960, 1920, 3600]


# Signing keys and access tokens


def token_of(
    databases: Databases, sealer: Sealer, algorithm: str = "HS256", now: int = NOW, shop: str = SHOP
) -> str:
    key = signing_keys.current(databases.app, sealer, algorithm, now=now)
    return signing_keys.encode(key, {"aud": shop, "sub": "x", "scope": "runs:read"}, now=now)


def verify(databases: Databases, sealer: Sealer, token: str, now: int = NOW) -> dict[str, Any]:
    with read(databases.app) as conn:
        return signing_keys.verify(conn, sealer, token, now=now)


def code(databases: Databases, sealer: Sealer, token: str, now: int = NOW) -> str:
    error = raised(verify, databases, sealer, token, now)
    assert error.status == 401
    return error.code


@pytest.mark.parametrize("algorithm", ["HS256", "EdDSA", "RS256"])
def test_a_token_holds_half_an_hour_and_its_key_is_sealed(
    databases: Databases, sealer: Sealer, algorithm: str
) -> None:
    token = token_of(databases, sealer, algorithm)
    head = jwt.get_unverified_header(token)
    assert head == {"alg": algorithm, "kid": f"{algorithm.lower()}-1", "typ": "at+jwt"}
    claims = verify(databases, sealer, token)
    assert claims["exp"] - claims["iat"] == 1800
    assert (claims["iss"], claims["aud"], claims["scope"]) == ("devskyy-sidecar", SHOP, "runs:read")
    verify(databases, sealer, token, NOW + 1799)
    assert code(databases, sealer, token, NOW + 1800) == "token_expired"
    assert code(databases, sealer, token, NOW - 31) == "token_invalid"
    with read(databases.app) as conn:
        row = conn.execute(select(key_table)).one()
        shown = signing_keys.public_keys(conn, now=NOW)
    secret = sealer.open("", f"signing_keys/{row.kid}", row.sealed)
    assert secret not in row.sealed
    assert [key["kid"] for key in shown] == ([] if algorithm == "HS256" else [row.kid])
    assert all(set(key) <= {"kty", "crv", "x", "n", "e", "kid", "use", "alg"} for key in shown)
    if shown:  # what others verify with
        public = jwt.PyJWK(shown[0]).key
        options: Any = {"verify_exp": False, "verify_iat": False}
        assert jwt.decode(token, public, algorithms=[algorithm], audience=SHOP, options=options) == claims


def forged(head: dict[str, Any], claims: dict[str, Any], signature: bytes = b"") -> str:
    parts = [json.dumps(part).encode() for part in (head, claims)] + [signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def good_claims(**more: Any) -> dict[str, Any]:
    return {
        "iss": "devskyy-sidecar", "aud": SHOP, "sub": "x", "scope": "runs:read", "jti": "j", "iat": NOW,
        "exp": NOW + 1800, **more,
    }  # fmt: skip


def test_the_algorithm_is_the_keys_and_never_the_tokens(databases: Databases, sealer: Sealer) -> None:
    token_of(databases, sealer, "EdDSA")
    with read(databases.app) as conn:
        public = conn.execute(select(key_table.c.public)).scalar_one().encode()
    head = {"typ": "at+jwt", "kid": "eddsa-1"}
    claims = good_claims()
    unsigned = forged({**head, "alg": "HS256"}, claims).rpartition(".")[0]
    confused = hmac.new(public, unsigned.encode(), hashlib.sha256).digest()
    cases = [
        f"{unsigned}.{base64.urlsafe_b64encode(confused).rstrip(b'=').decode()}",
        forged({**head, "alg": "none"}, claims),
        forged({**head, "alg": "None"}, claims, b"x"),
        jwt.encode(claims, b"x" * 32, algorithm="HS256", headers=head),
        jwt.encode(claims, ed25519.Ed25519PrivateKey.generate(), algorithm="EdDSA", headers=head),
    ]
    for token in cases:
        assert code(databases, sealer, token) == "token_invalid"


def test_every_header_and_claim_counts(databases: Databases, sealer: Sealer) -> None:
    token_of(databases, sealer)
    key = signing_keys.current(databases.app, sealer, "HS256", now=NOW)

    def made(claims: dict[str, Any], **head: Any) -> str:
        full = {"kid": key.kid, "typ": "at+jwt", **head}
        given = {name: value for name, value in full.items() if value is not None}
        return jwt.encode(claims, key.private, algorithm="HS256", headers=given)

    assert verify(databases, sealer, made(good_claims()))["sub"] == "x"
    heads: list[dict[str, Any]] = [
        {"typ": "JWT"}, {"typ": "AT+JWT"}, {"kid": "hs256-2"}, {"kid": "other"}, {"kid": "hs256-1\0"},
        {"kid": None}, {"jku": "https://evil.test/keys"}, {"crit": ["exp"]}, {"x": "y" * 1000},
    ]  # fmt: skip
    for head in heads:
        assert code(databases, sealer, made(good_claims(), **head)) == "token_invalid", head
    claims = [
        good_claims(iss="plugin"), good_claims(exp=NOW + 1801), good_claims(iat=NOW + 31, exp=NOW + 60),
        good_claims(exp=str(NOW + 60)), good_claims(exp=NOW + 60.5), good_claims(iat=True),
        {name: value for name, value in good_claims().items() if name != "exp"},
        {name: value for name, value in good_claims().items() if name != "aud"},
        good_claims(sub=7), good_claims(scope=["runs:read"]),
    ]  # fmt: skip
    for claim in claims:
        # PyJWT refuses to make some of them.
        token = jwt.PyJWS().encode(
            json.dumps(claim).encode(),
            key.private,
            algorithm="HS256",
            headers={"kid": key.kid, "typ": "at+jwt"},
        )
        assert code(databases, sealer, token) == "token_invalid", claim
    good = made(good_claims())
    for token in ("", ".", "a.b.c", good[:-2], good + ".x", good.replace(".", ".A", 1), "." + good):
        assert code(databases, sealer, token) == "token_invalid", token


def test_one_key_is_made_however_many_ask_first(databases: Databases, sealer: Sealer) -> None:
    with ThreadPoolExecutor(8) as pool:
        tokens = list(pool.map(lambda _: token_of(databases, sealer), range(16)))
    assert {jwt.get_unverified_header(token)["kid"] for token in tokens} == {"hs256-1"}
    with read(databases.app) as conn:
        assert len(conn.execute(select(key_table)).all()) == 1
    for token in tokens:
        verify(databases, sealer, token)


def test_after_a_rotation_old_tokens_hold_until_they_expire_and_then_their_key_goes(
    databases: Databases, sealer: Sealer
) -> None:
    old = token_of(databases, sealer)
    assert signing_keys.rotate(databases.app, sealer, "HS256", now=NOW + 10) == "hs256-2"
    new = token_of(databases, sealer, now=NOW + 10)
    assert jwt.get_unverified_header(new)["kid"] == "hs256-2"
    assert verify(databases, sealer, old, NOW + 1799)
    assert verify(databases, sealer, new, NOW + 1799)
    with write(databases.app) as conn:
        signing_keys.prune(conn, now=NOW + 1800)  # it may have signed until the rotation
        assert len(conn.execute(select(key_table)).all()) == 2
        signing_keys.prune(conn, now=NOW + 10 + 1800 + 31)
        assert conn.execute(select(key_table.c.kid)).scalars().all() == ["hs256-2"]
    assert code(databases, sealer, old, NOW + 60) == "token_invalid"
    # The algorithm changes: a new key, and the rotation ends the former one.
    assert signing_keys.rotate(databases.app, sealer, "EdDSA", now=NOW + 20) == "eddsa-3"
    assert verify(databases, sealer, new, NOW + 30)
    assert code(databases, sealer, new, NOW + 20 + 1831) == "token_invalid"


def test_a_retired_key_verifies_nothing_that_was_forged_after_its_time(
    databases: Databases, sealer: Sealer
) -> None:
    stolen = signing_keys.current(databases.app, sealer, "HS256", now=NOW)
    signing_keys.rotate(databases.app, sealer, "HS256", now=NOW)
    late = signing_keys.encode(stolen, {"aud": SHOP, "sub": "x", "scope": ""}, now=NOW + 1900)
    assert code(databases, sealer, late, NOW + 1901) == "token_invalid"


def test_another_sealing_key_opens_no_signing_key(databases: Databases, sealer: Sealer) -> None:
    token_of(databases, sealer)
    assert raised(token_of, databases, Sealer(b"x" * 32)).code == "sealing_key_wrong"


# Sessions


def opened(databases: Databases, user: Any, now: int = NOW) -> tuple[str, str]:
    with write(databases.app) as conn:
        return sessions.start(conn, SHOP, user.id, "Firefox\n\0 on Linux" + "x" * 500, now=now)


def turn(databases: Databases, token: str, now: int = NOW) -> sessions.Refreshed:
    with write(databases.app) as conn:
        shop_id = sessions.shop_of(conn, token)
        return sessions.refresh(conn, shop_id, token, now=now) if shop_id else sessions.Refreshed("wrong")


def test_refresh_tokens_rotate_and_end_in_time(databases: Databases) -> None:
    user = add(databases)
    session_id, token = opened(databases, user)
    with read(databases.app) as conn:
        assert len(sessions.listed(conn, SHOP, now=NOW)[0].device) == 120
        assert "\n" not in sessions.listed(conn, SHOP, now=NOW)[0].device
    day, now = 86_400, NOW
    assert turn(databases, token, NOW + 7 * day).state == "wrong"
    for _ in range(20):
        now += 5 * day
        found = turn(databases, token, now)
        if found.state != "good":
            break
        token = found.token
    # A week at a time, but 90 days at most.
    assert found.state == "wrong"
    assert now - NOW == 90 * day
    with read(databases.app) as conn:
        assert sessions.listed(conn, SHOP, now=now) == []
    for wrong in ("", "dsr_", token + "x", "dsr_" + "A" * 43, "\0"):
        assert turn(databases, wrong).state == "wrong"
    with read(databases.app) as conn:
        assert token not in str(conn.execute(select(session_table)).all())
    assert session_id


def test_a_used_token_ends_the_family_but_only_once(databases: Databases) -> None:
    user = add(databases)
    session_id, first = opened(databases, user)
    other, kept = opened(databases, user)
    second = turn(databases, first).token
    assert turn(databases, first).state == "reused"
    assert turn(databases, second).state == "wrong"
    assert turn(databases, first).state == "wrong"
    assert turn(databases, kept).state == "good"
    with read(databases.app) as conn:
        rows = {row.id: row.revoked_why for row in conn.execute(select(session_table))}
    assert rows == {session_id: "reuse", other: None}


def test_of_many_refreshes_with_one_token_exactly_one_succeeds(databases: Databases) -> None:
    user = add(databases)
    for _ in range(5):
        _, token = opened(databases, user)
        with ThreadPoolExecutor(8) as pool:
            states = sorted(
                found.state for found in pool.map(lambda _, token=token: turn(databases, token), range(8))
            )
        assert states == ["good", "reused"] + ["wrong"] * 6


def refresh_at(url: str, token: str, moment: float, results: Any) -> None:
    """What each of two processes does with one token at the same moment."""
    engine = open_engine(url)
    time.sleep(max(0.0, moment - time.time()))
    with write(engine) as conn:
        found = sessions.refresh(conn, SHOP, token, now=NOW)
    results.put((found.state, found.token))
    engine.dispose()


def test_of_two_processes_with_one_token_exactly_one_succeeds(databases: Databases) -> None:
    user, process = add(databases), multiprocessing.get_context("spawn")
    url = databases.app.url.render_as_string(hide_password=False)
    session_id, token = opened(databases, user)
    results = process.Queue()
    args = (url, token, time.time() + 4, results)
    two = [process.Process(target=refresh_at, args=args) for _ in range(2)]
    for one in two:
        one.start()
    found = dict(results.get(timeout=60) for _ in two)
    for one in two:
        one.join(30)
    results.close()
    results.join_thread()
    assert set(found) == {"good", "reused"}
    # Who won may be the thief: the token that they got is dead too.
    assert turn(databases, found["good"]).state == "wrong"
    with read(databases.app) as conn:
        assert conn.execute(select(session_table.c.revoked_why)).scalar_one() == "reuse"
    assert session_id


def test_an_access_token_dies_with_session_user_or_shop(databases: Databases, sealer: Sealer) -> None:
    user = add(databases, role="manager", wp=7)
    session_id, _ = opened(databases, user)
    key = signing_keys.current(databases.app, sealer, "HS256", now=NOW)
    token = sessions.access_token(key, user, session_id, now=NOW)
    holder = sessions.check(databases.app, sealer, token, now=NOW + 100)
    assert (holder.kind, holder.id, holder.session, holder.role) == ("user", user.id, session_id, "manager")
    assert "sync:write" in holder.scopes
    with read(databases.app) as conn:
        assert sessions.listed(conn, SHOP, now=NOW)[0].last_used_at == NOW + 100
    with write(databases.app) as conn:  # a role that was lowered counts at once
        users.change(conn, SHOP, user.id, now=NOW, role="read-only")
    assert "sync:write" not in sessions.check(databases.app, sealer, token, now=NOW + 100).scopes
    with write(databases.app) as conn:
        users.change(conn, SHOP, user.id, now=NOW, active=False)
    assert raised(sessions.check, databases.app, sealer, token, now=NOW + 100).code == "session_ended"
    with write(databases.app) as conn:
        users.change(conn, SHOP, user.id, now=NOW, active=True)
        assert sessions.end(conn, SHOP, "person", now=NOW, user_id=user.id) == [session_id]
        assert sessions.end(conn, SHOP, "person", now=NOW, user_id=user.id) == []
    assert raised(sessions.check, databases.app, sealer, token, now=NOW + 100).code == "session_ended"
    for more in ({"aud": "other shop"}, {"sub": "somebody else"}, {"sid": "0" * 32}, {"sid": 7}):
        with write(databases.app) as conn:
            conn.execute(update(session_table).values(revoked_at=None))
            conn.execute(update(user_table).values(active=True))
        claims = {"aud": SHOP, "sub": user.id, "sid": session_id, "scope": "runs:read", **more}
        forged_by_us = signing_keys.encode(key, claims, now=NOW)
        assert raised(sessions.check, databases.app, sealer, forged_by_us, now=NOW).code == "session_ended"


def test_old_sessions_are_let_go(databases: Databases) -> None:
    user = add(databases)
    opened(databases, user)
    with write(databases.app) as conn:
        sessions.prune(conn, now=NOW + 37 * 86_400)
        assert len(conn.execute(select(session_table)).all()) == 1
        sessions.prune(conn, now=NOW + 37 * 86_400 + 1)
        assert conn.execute(select(session_table)).all() == []
