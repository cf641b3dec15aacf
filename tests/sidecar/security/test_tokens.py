"""Signatures: the vectors that PHP shares, properties of the canonical path, and replays over processes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.changes import canonical_json, digest
from sidecar.core.errors import DevSkyyError
from sidecar.db import Databases
from sidecar.security.tokens import b64decode, b64encode, canonical_path, remember, sign, verify

VECTORS = json.loads((Path(__file__).parents[2] / "fixtures" / "signature_vectors.json").read_text())
KEY = b64decode(VECTORS["key"])
Case = dict[str, Any]


def named(cases: list[Case]) -> Any:
    return pytest.mark.parametrize("case", cases, ids=[case["name"] for case in cases])


@named(VECTORS["canonical_paths"])
def test_canonical_path(case: Case) -> None:
    assert canonical_path(case["path"], [tuple(pair) for pair in case["query"]]) == case["canonical"]


@named(VECTORS["tokens"])
def test_verify(case: Case) -> None:
    request = case["request"]

    def check() -> str:
        try:
            verify(
                f"Bearer {case['token']}",
                key_of=lambda _aud: KEY,
                signer=request["signer"],
                audience=request["aud"],
                method=request["method"],
                path=canonical_path(request["path"], [tuple(pair) for pair in request["query"]]),
                body=request["body"].encode(),
                now=case["now"],
                remember=lambda *_: True,
            )
        except DevSkyyError as error:
            return error.code if error.hint else "no hint"
        return "ok"

    assert check() == case["expect"]


@named(VECTORS["digests"])
def test_digest(case: Case) -> None:
    assert canonical_json({"id": case["id"], "changes": case["changes"]}) == case["canonical"]
    assert digest(case["id"], case["changes"]) == case["digest"]


pairs = st.lists(
    st.tuples(
        st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"]))
    )
)


@given(pairs, st.randoms())
def test_canonical_path_forgets_order_and_keeps_the_pairs(query: list[tuple[str, str]], random: Any) -> None:
    shuffled = query.copy()
    random.shuffle(shuffled)
    made = canonical_path("/x", query)
    assert made == canonical_path("/x", shuffled)
    assert made.isascii()
    back = parse_qsl(made.partition("?")[2], keep_blank_values=True)
    assert sorted(back) == sorted(pair for pair in query)


@given(pairs, pairs)
def test_different_queries_have_different_canonical_paths(
    one: list[tuple[str, str]], two: list[tuple[str, str]]
) -> None:
    assert (canonical_path("/x", one) == canonical_path("/x", two)) == (sorted(one) == sorted(two))


@given(st.binary())
def test_base64url_round_trip(raw: bytes) -> None:
    assert b64decode(b64encode(raw)) == raw
    assert "=" not in b64encode(raw)


@pytest.mark.parametrize("text", ["a", "ab c", "ä"])
def test_base64url_refuses_what_is_none(text: str) -> None:
    with pytest.raises(ValueError):
        b64decode(text)


def check(
    token: str, *, seen: set[str] | None = None, method: str = "POST", now: int = 1000
) -> DevSkyyError | None:
    memory = set() if seen is None else seen

    def new(_aud: str, jti: str, _until: int) -> bool:
        fresh = jti not in memory
        memory.add(jti)
        return fresh

    try:
        verify(
            f"Bearer {token}",
            key_of={"shop": KEY}.get,
            signer="plugin",
            method=method,
            path="/p",
            body=b"",
            now=now,
            remember=new,
        )
    except DevSkyyError as error:
        return error
    return None


def token(method: str = "POST", key: bytes = KEY, **claims: Any) -> str:
    given = {"iss": "plugin", "aud": "shop", "method": method, "path": "/p", "now": 1000} | claims
    return sign(key, **given)


def test_a_second_use_is_refused_but_for_get() -> None:
    seen: set[str] = set()
    once = token()
    assert check(once, seen=seen) is None
    again = check(once, seen=seen)
    assert again is not None
    assert (again.code, again.status) == ("replayed", 409)
    twice = token("GET")
    assert check(twice, seen=seen, method="GET") is None
    assert check(twice, seen=seen, method="GET") is None


def test_a_refused_request_does_not_use_up_the_token() -> None:
    seen: set[str] = set()
    assert check(token(path="/other"), seen=seen) is not None
    assert seen == set()


def test_an_unknown_shop() -> None:
    error = check(token(aud="nobody"))
    assert error is not None
    assert (error.code, error.status) == ("shop_unpaired", 401)


def test_clock_skew_tells_how_much() -> None:
    error = check(token(), now=900)
    assert error is not None
    assert error.details == {"skew_seconds": -100}
    late = check(token(), now=1300)
    assert late is not None
    assert late.details == {"skew_seconds": 300}


@pytest.mark.parametrize(
    "broken",
    [
        {"iat": "1000"},
        {"iat": 1000.5},
        {"exp": True},
        {"jti": "short"},
        {"jti": 5},
        {"m": None},
        {"bh": 1},
        {"exp": 999},
        {"aud": ["shop"]},
    ],
    ids=str,
)
def test_claims_of_the_wrong_form(broken: dict[str, Any]) -> None:
    claims = jwt.decode(token(), options={"verify_signature": False}) | broken
    error = check(jwt.encode(claims, KEY, algorithm="HS256"))
    assert error is not None
    assert error.code == "signature_invalid"


@pytest.mark.parametrize("name", ["iss", "iat", "exp", "jti", "m", "p", "bh"])
def test_every_claim_is_needed(name: str) -> None:
    claims = jwt.decode(token(), options={"verify_signature": False})
    del claims[name]
    error = check(jwt.encode(claims, KEY, algorithm="HS256"))
    assert error is not None
    assert error.code == "signature_invalid"


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic abc"])
def test_no_token(header: str | None) -> None:
    with pytest.raises(DevSkyyError) as error:
        verify(
            header,
            key_of=lambda _: KEY,
            signer="plugin",
            method="GET",
            path="/",
            body=b"",
            now=0,
            remember=lambda *_: True,
        )
    assert error.value.code == "signature_missing"


def test_replay_memory_agrees_over_processes(databases: Databases) -> None:
    assert remember(databases.app, "shop", "a" * 32, until=200, now=100)
    assert not remember(databases.app, "shop", "a" * 32, until=200, now=100)
    assert remember(databases.app, "other", "a" * 32, until=200, now=100)
    code = (
        "import sys\n"
        "from sidecar.db.session import open_engine\nfrom sidecar.security.tokens import remember\n"
        "print(remember(open_engine(sys.argv[1]), 'shop', sys.argv[2] * 32, until=200, now=100))"
    )
    url = databases.app.url.render_as_string()
    answers = [
        subprocess.run(
            [sys.executable, "-c", code, url, letter], capture_output=True, text=True, check=True
        ).stdout
        for letter in ("a", "b")
    ]
    assert answers == ["False\n", "True\n"]
    assert not remember(databases.app, "shop", "b" * 32, until=200, now=100)
    assert remember(databases.app, "shop", "a" * 32, until=400, now=201)  # lapsed and forgotten
