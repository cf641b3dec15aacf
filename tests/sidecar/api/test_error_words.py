"""Every error that can reach a person in wp-admin has words of the plugin, which are translated."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from sidecar.api.errors import HINTS
from sidecar.db.session import TROUBLE
from sidecar.runtime import integrations

ROOT = Path(__file__).parents[3]
PLUGIN = ROOT / "wp-plugin" / "src" / "Sidecar"
ARM = re.compile(r"^ +((?:'[a-z0-9_]+'(?:, )?)+) => \[(.+)\],$", re.M)
BY_POSITION = {"_allowed", "need_state"}  # their third argument is a code

NOT_SHOWN = {
    "said on the command line": {
        "address_in_use", "backup_damaged", "backup_elsewhere", "backup_key_beside_data",
        "broker_driver_missing", "broker_url_unknown", "dask_away", "dask_missing",
        "database_driver_missing", "generated_differs", "migrate_failed", "no_checkout",
        "sealing_key_in_use", "sealing_key_known", "sealing_keys_busy", "start_failed",
    },
    "said to whoever signs in or holds a key, which the plugin does not": {
        "api_key_expired", "api_key_revoked", "api_key_wrong", "client_ended", "invalid_client",
        "invalid_request", "invalid_scope", "login_wrong", "no_session", "refresh_reused", "refresh_wrong",
        "scope_missing", "session_ended", "token_expired", "token_invalid", "unsupported_grant_type",
    },
    "said to pages of other origins, or to programs that send a key of their own": {
        "cors_closed", "idempotency_key_reused",
    },
    "never leaves the worker": {"lease_lost"},
}  # fmt: skip


def raised() -> Iterator[str | None]:
    """Every code that the sidecar's sources name, and None for what is no plain text."""
    for path in (ROOT / "sidecar").rglob("*.py"):
        if "demo" in path.parts or "migrations" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                yield from (text_of(one.value) for one in node.keywords if one.arg == "code")
                if getattr(node.func, "id", getattr(node.func, "attr", "")) in BY_POSITION:
                    yield from map(text_of, node.args[2:3])
            if isinstance(node, ast.ClassDef):
                for one in node.body:
                    if isinstance(one, ast.Assign) and ast.unparse(one.targets[0]) == "code":
                        yield text_of(one.value)


def text_of(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def codes() -> set[str]:
    """What the sidecar may answer, with the codes of its tables."""
    named = {code for code in raised() if code}
    tables = {code for code, _ in HINTS.values()} | {code for _, code, *_ in TROUBLE}
    return named | tables | {f"integration_{word}" for word in integrations.HINTS}


def worded() -> dict[str, str]:
    """What the plugin has words for."""
    text = "".join((PLUGIN / name).read_text() for name in ("Error_Hints.php", "Error_Words.php"))
    return {code: words for known, words in ARM.findall(text) for code in re.findall(r"'(\w+)'", known)}


def test_every_code_that_reaches_a_person_has_translated_words() -> None:
    hidden = set().union(*NOT_SHOWN.values())
    found = codes()
    assert len(found) > 120
    assert found - hidden - worded().keys() == set()


def test_the_lists_name_nothing_that_is_not_there() -> None:
    found, hidden = codes(), set().union(*NOT_SHOWN.values())
    assert hidden <= found
    assert hidden & worded().keys() == set()
    own = (PLUGIN / "Error_Words.php").read_text()
    here = {code for known, _ in ARM.findall(own) for code in re.findall(r"'(\w+)'", known)}
    assert here - found == {"http_error", "shop_refused"}  # chosen while it runs


def test_words_are_a_message_and_what_to_do() -> None:
    for code, words in worded().items():
        texts = re.findall(r"__\('((?:[^'\\]|\\.)+)', 'devskyy'\)", words)
        assert len(texts) == 2 or (len(texts) == 1 and words.startswith("''")), code
        assert all(text.endswith((".", '"')) for text in texts), code
