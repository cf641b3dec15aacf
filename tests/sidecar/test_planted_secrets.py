"""Secrets planted through every door of a running sidecar stand nowhere in clear.

Not in its files, logs, answers, metrics, documents, exports or backups.
"""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests

from sidecar.demo import link
from sidecar.demo.link import OWNER
from sidecar.demo.schema import get_option
from sidecar.demo.shop import DemoShop
from sidecar.security.tokens import b64decode, b64encode, canonical_path, sign
from tests.sidecar.runtime.test_serve import environment, wait_for

MOST_HEADERS = 60
SHORT = 12
"""Below so many characters something may stand somewhere by chance."""


@dataclass
class World:
    """A running sidecar, what was planted in it, and all it ever said."""

    folder: Path
    env: dict[str, str]
    url: str = ""
    shop: DemoShop | None = None
    planted: dict[str, bytes] = field(default_factory=dict)
    said: list[tuple[str, bytes]] = field(default_factory=list)

    def plant(self, name: str, secret: str | bytes) -> str:
        """Remembers a secret and gives it back as text."""
        raw = secret if isinstance(secret, bytes) else secret.encode()
        assert len(raw) >= SHORT, name
        self.planted[name] = raw
        return secret if isinstance(secret, str) else b64encode(secret)

    def command(self, *words: str, code: int = 0, once: str = "") -> str:
        """One command; what it says counts, but for what it shows `once`."""
        done = subprocess.run(
            [sys.executable, "-m", "sidecar.cli", *words], capture_output=True, env=self.env, check=False,
            cwd=self.folder,
        )  # fmt: skip
        assert done.returncode == code, done.stderr.decode()
        if once:
            self.plant(once, done.stdout.strip().split(b"_", 2)[-1])
            self.said.append((f"devskyy {words}", done.stderr))
        else:
            self.said.append((f"devskyy {words}", done.stdout + done.stderr))
        return done.stdout.decode().strip()

    def ask(self, method: str, path: str, body: Any = None, *, once: str = "", **more: Any) -> Any:
        """One request; its answer counts, but for the field that shows a secret `once` (a dotted path)."""
        raw = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        head = {"Content-Type": "application/json", **more.pop("headers", {})}
        token = head.get("Authorization", "").rpartition(" ")[2]
        if token and len(self.said) < MOST_HEADERS:
            self.planted[f"authorization {len(self.planted)}"] = re.split(r"[.]|dsk_[0-9a-f]+_", token)[
                -1
            ].encode()
        answer = requests.request(method, self.url + path, data=raw, headers=head, timeout=60, **more)
        text = answer.content
        if once:
            assert answer.ok, answer.text
            found: Any = answer.json()
            for part in once.split("."):
                found = found[part]
            self.plant(f"{path} {once}", re.sub(r"^dsk_\w{16}_|^whsec_", "", found))
            assert text.count(found.encode()) == 1
            text = text.replace(found.encode(), b"")
        self.said.append((f"{method} {path}", text + repr(answer.headers).encode()))
        return answer

    def signed(self, method: str, path: str, body: Any = None, *, once: str = "", **query: str) -> Any:
        """One request of the plugin for the shop's owner."""
        assert self.shop is not None
        paired = self.shop.link.pairing
        assert paired is not None
        raw = b"" if body is None else json.dumps(body).encode()
        where = canonical_path(path, query.items())
        who = {"site": get_option(self.shop.link.con, "site_id"), "home": self.shop.link.home, "who": OWNER}
        token = sign(
            b64decode(paired["secret"]), iss="plugin", aud=paired["shop_id"], method=method, path=where,
            body=raw, now=int(time.time()), more=who,
        )  # fmt: skip
        head = {"Authorization": f"Bearer {token}", "X-DevSkyy-Version": "0.1.0"}
        return self.ask(method, where, raw or None, once=once, headers=head)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A sidecar that was led through all its doors, and then stopped."""
    folder = tmp_path_factory.mktemp("planted")
    (folder / "home").mkdir()
    made = World(folder, {})
    made.env = environment(
        folder,
        DEVSKYY_LOG_LEVEL="DEBUG",
        DEVSKYY_PAIRING_KEY=made.plant("pairing key", secrets.token_bytes(32)),
        DEVSKYY_WEBHOOKS_ALLOW_PRIVATE="1",
        DEVSKYY_WEBHOOKS_ALLOW_HTTP="1",
        DEVSKYY_INTEGRATIONS_ALLOW_PRIVATE="1",
        DEVSKYY_RATE_SIGN_IN="1000/minute",  # the refusals themselves are looked at here, not their number
        DEVSKYY_RATE_FAILED="1000/minute",
        DEVSKYY_RATE_OPEN="1000/minute",
    )
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "sidecar.cli", "serve", "--port", "0"], stdout=subprocess.PIPE,
            stderr=log, text=True, env=made.env, cwd=folder,
        )  # fmt: skip
        assert process.stdout is not None
        match = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
        assert match, (folder / "log").read_text()
        made.url = match.group()
        try:
            with DemoShop.create(folder / "shop", size="tiny") as shop:
                made.shop = shop
                pairing(made, shop)
                access(made)
                outgoing(made)
                mistakes(made)
                rotation(made)
                reading(made)
                shop.stop()
                a_failing_shop(made)
            keys_and_backups(made, folder)
        finally:
            process.terminate()
            assert process.wait(timeout=60) == 0
            process.stdout.close()
    return made


def pairing(world: World, shop: DemoShop) -> None:
    """Pairing by a code, then by the key; what it gave is secret."""
    code = world.command("pair", once="pairing code")
    shop.pair(world.url, code)
    _pairing_secrets(world, shop, "first")
    key = ("ck_" + secrets.token_hex(20), world.plant("WooCommerce secret", "cs_" + secrets.token_hex(20)))
    link.pair(
        shop.link.con, shop.link.home, world.url, key, pairing_key=b64encode(world.planted["pairing key"])
    )
    _pairing_secrets(world, shop, "second")
    world.plant("WooCommerce key", key[0])
    world.plant("master key", b64decode((world.folder / "data" / "master.key").read_text().strip()))
    wait_for(lambda: world.signed("GET", "/api/v1/status").json()["sync"]["state"] == "ok", 120)


def _pairing_secrets(world: World, shop: DemoShop, name: str) -> None:
    paired = shop.link.pairing
    assert paired is not None
    for part in ("secret", "hash_key"):
        world.plant(f"{name} {part}", b64decode(paired[part]))


def access(world: World) -> None:
    """Keys, logins, sessions, clients."""
    scopes = ["audit:read", "runs:read", "status:read", "users:read"]
    key = world.signed(
        "POST", "/api/v1/access/keys", {"name": "script", "scopes": scopes}, once="text"
    ).json()
    bearer = {"Authorization": f"Bearer {key['text']}"}
    assert world.ask("GET", "/api/v1/status", headers=bearer).ok
    made = world.command("keys", "create", "cli", "--scope", "runs:read", once="API key of the command line")
    assert world.ask("GET", "/api/v1/runs", headers={"Authorization": f"Bearer {made}"}).ok
    password = world.plant("password", "correct horse battery " + secrets.token_hex(8))
    user = {"login": "owner", "role": "manager", "password": password}
    answer = world.signed("POST", "/api/v1/access/users", user)
    assert answer.status_code == 201, answer.text
    wrong = world.plant("wrong password", "wrong horse battery " + secrets.token_hex(8))
    assert world.ask("POST", "/api/v1/auth/login", {"login": "owner", "password": wrong}).status_code == 401
    given = {"login": "owner", "password": password}
    answer = requests.post(f"{world.url}/api/v1/auth/login", json=given, timeout=60)
    tokens = answer.json()
    assert answer.ok, answer.text
    world.plant("access token", tokens["access_token"].rpartition(".")[2])
    refresh = world.plant("refresh token", tokens["refresh_token"])
    assert world.ask("GET", "/api/v1/runs", headers={"Authorization": f"Bearer {tokens['access_token']}"}).ok
    fresh = requests.post(f"{world.url}/api/v1/auth/refresh", json={"refresh_token": refresh}, timeout=60)
    world.plant("second refresh token", fresh.json()["refresh_token"])
    assert world.ask("POST", "/api/v1/auth/refresh", {"refresh_token": refresh}).status_code == 401
    client = {"name": "erp", "scopes": ["runs:read"]}
    made_client = world.signed("POST", "/api/v1/access/clients", client, once="client_secret").json()
    form = {"grant_type": "client_credentials"}
    ident = (made_client["client"]["id"], made_client["client_secret"])
    token = requests.post(f"{world.url}/oauth/token", data=form, auth=ident, timeout=60)
    assert token.ok, token.text
    world.plant("client token", token.json()["access_token"].rpartition(".")[2])
    basic = base64.b64encode(f"{ident[0]}:{ident[1]}".encode()).decode()
    world.plant("basic header", basic)


def outgoing(world: World) -> None:
    """Webhooks and connected services, at addresses where nobody answers."""
    hook = {"url": "http://127.0.0.1:49151/hook", "events": ["*"]}
    answer = world.signed("POST", "/api/v1/webhooks/subscribe", hook, once="webhook.secret")
    assert answer.status_code == 201, answer.text
    world.signed("POST", "/api/v1/webhooks/test", {"id": answer.json()["webhook"]["id"]})
    parts: dict[str, dict[str, Any]] = {
        "api_key": {"key": world.plant("service key", "sk_" + secrets.token_hex(16))},
        "basic": {"username": "shop", "password": world.plant("service password", secrets.token_hex(16))},
        "oauth2": {
            "authorize_url": "http://127.0.0.1:49151/authorize", "token_url": "http://127.0.0.1:49151/token",
            "client_id": "us", "client_secret": world.plant("OAuth client secret", secrets.token_hex(16)),
        },
    }  # fmt: skip
    for kind, part in parts.items():
        service = {
            "provider": kind.replace("_", "-"),
            "name": kind,
            "base_url": "http://127.0.0.1:49151/",
            kind: part,
        }
        made = world.signed("POST", "/api/v1/integrations", service)
        assert made.status_code == 201, made.text
        ident = made.json()["integration"]["id"]
        if kind == "oauth2":
            back = {"redirect_uri": f"{world.shop and world.shop.link.home}/wp-admin/admin.php"}
            url = world.signed("POST", f"/api/v1/integrations/{ident}/authorize", back).json()["url"]
            state = re.search(r"[?&]state=([^&]+)", url)
            assert state
            given = {"state": state.group(1), "code": world.plant("OAuth code", secrets.token_hex(16))}
            world.signed("POST", f"/api/v1/integrations/{ident}/callback", given)
        else:
            world.signed("POST", f"/api/v1/integrations/{ident}/check")
        world.signed("GET", f"/api/v1/integrations/{ident}")


def mistakes(world: World) -> None:
    """Secrets in requests that are refused: an error may not repeat them."""
    typo = world.plant("mistyped secret", "typo-" + secrets.token_hex(16))
    bodies: list[tuple[str, Any]] = [
        (
            "/api/v1/integrations",
            {"provider": "x", "name": "x", "base_url": "http://x.test/", "api_key": typo},
        ),
        ("/api/v1/integrations", {"api_key": {"key": [typo]}}),
        ("/api/v1/integrations", {"api_key": {"key": typo + " with blanks"}, "basic": {"password": typo}}),
        ("/api/v1/access/users", {"login": "x", "role": "owner", "password": [typo]}),
        ("/api/v1/access/users", {"login": "x", "role": "owner", "password": typo * 500}),
        ("/api/v1/access/users", {"login": "x", "role": "none", "password": typo}),
    ]
    for path, body in bodies:
        assert world.signed("POST", path, body).status_code in (400, 403, 409, 422), path
    for body in (
        {"login": "owner", "password": {"is": typo}}, {"login": "owner", "password": typo * 500},
        {"login": "owner", "passwort": typo}, {"refresh_token": typo}, [typo], typo,
    ):  # fmt: skip
        assert world.ask("POST", "/api/v1/auth/login", body).status_code in (400, 401, 422)
    broken = world.ask("POST", "/api/v1/auth/login", b'{"password": "' + typo.encode())
    assert broken.status_code == 400
    refused = world.ask("POST", "/api/v1/pairing", {"code": typo, "woocommerce_key": {"secret": [typo]}})
    assert refused.status_code in (401, 422)
    for header in (f"Bearer {typo}", f"Bearer dsk_0123456789abcdef_{typo}", f"Basic {typo}", typo):
        assert world.ask("GET", "/api/v1/status", headers={"Authorization": header}).status_code == 401


def rotation(world: World) -> None:
    """The master key changes while requests go on; none of them fails."""
    stop, codes = threading.Event(), []

    def go_on() -> None:
        while not stop.is_set():
            codes.append(world.signed("GET", "/api/v1/runs").status_code)

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        time.sleep(0.5)
        world.command("keys", "rotate-master")
        key_file = world.folder / "data" / "master.key"
        newest, former = key_file.read_text().split()
        assert b64decode(former) == world.planted["master key"]
        world.plant("new master key", b64decode(newest))

        def resealed() -> bool:
            lines = world.command("keys", "masters").splitlines()
            return lines[1].endswith("seals 0")

        wait_for(resealed, 90)
        past = time.time() - 120
        os.utime(key_file, (past, past))
        world.command("keys", "retire-master")
        time.sleep(0.5)
    finally:
        stop.set()
        thread.join()
    assert len(codes) > 5
    assert set(codes) == {200}
    assert key_file.read_text().split() == [newest]
    assert world.command("audit", "verify").endswith("good")


def reading(world: World) -> None:
    """Everything that can be read."""
    for path in (
        "/openapi.json", "/metrics", "/health", "/docs", "/api/v1/auth/keys",
    ):  # fmt: skip
        assert world.ask("GET", path).ok, path
    for path in (
        "/api/v1/status", "/api/v1/runs", "/api/v1/proposals", "/api/v1/agents", "/api/v1/access/keys",
        "/api/v1/access/users", "/api/v1/access/clients", "/api/v1/access/sessions", "/api/v1/integrations",
        "/api/v1/webhooks/list", "/api/v1/gdpr/data-retention", "/api/v1/audit",
        "/api/v1/security/audit-log", "/api/v1/security/audit-summary",
    ):  # fmt: skip
        answer = world.signed("GET", path)
        assert answer.ok, (path, answer.text)
    export = world.signed("POST", "/api/v1/gdpr/export-data", {"user_id": OWNER["id"], "login": "owner"})
    assert export.ok, export.text


def a_failing_shop(world: World) -> None:
    """The shop is gone: errors are kept and logged."""
    assert world.signed("POST", "/api/v1/sync", {"full": True}).ok
    wait_for(lambda: world.signed("GET", "/api/v1/status").json()["errors"], 60)
    world.command("doctor", code=1)


def keys_and_backups(world: World, folder: Path) -> None:
    """A backup, without and with the key."""
    world.command("keys", "list")
    world.command("backup", str(folder / "backup"))
    assert [path.name for path in (folder / "backup").rglob("*") if path.is_file()] == ["app.sqlite3"]
    world.command("backup", str(folder / "backup"), "--key-to", str(folder / "backup" / "keys"), code=1)
    world.command("backup", str(folder / "backup2"), "--key-to", str(folder / "safe"))


def forms(secret: bytes) -> set[bytes]:
    """The ways in which a secret may be written."""
    found = {secret, secret.hex().encode(), base64.b64encode(secret).rstrip(b"=")}
    found.add(base64.urlsafe_b64encode(secret).rstrip(b"="))
    found.add(repr(secret)[2:-1].encode())
    if secret.isascii():
        found |= {quote(secret.decode()).encode(), json.dumps(secret.decode())[1:-1].encode(), secret[::-1]}
    return found


def places(world: World) -> Iterator[tuple[str, bytes]]:
    """Every file and answer, but for the two that hold the keys."""
    kept = {world.folder / "data" / "master.key"}
    for part in ("data", "backup", "backup2", "log", "home"):
        top = world.folder / part
        for path in [top] if top.is_file() else sorted(top.rglob("*")):
            if path.is_file() and path not in kept:
                yield str(path.relative_to(world.folder)), path.read_bytes()
    yield from world.said


def leaks(planted: dict[str, bytes], texts: list[tuple[str, bytes]]) -> list[tuple[str, str]]:
    """Which secret stands where, in any form."""
    return [
        (secret, name)
        for secret, raw in planted.items()
        for form in forms(raw)
        for name, text in texts
        if form in text
    ]


def test_no_planted_secret_stands_anywhere(world: World) -> None:
    assert len(world.planted) > 40
    texts = list(places(world))
    assert leaks(world.planted, texts) == []
    seen = {name for name, _ in texts}
    for name in ("data/app.sqlite3", "log", "POST /api/v1/integrations", "GET /openapi.json", "GET /metrics"):
        assert name in seen
    assert any(name.startswith("backup/") for name in seen)


def test_the_search_would_find_them(world: World) -> None:
    texts = list(places(world))
    # what may stand there is found, so the search looks at the right things
    whole = b"".join(text for _, text in texts)
    for known in (b"owner", b"script", b"http://127.0.0.1:49151/hook", b"job_failed", b"audit_head"):
        assert known in whole
    for secret, raw in world.planted.items():
        for form in forms(raw):
            assert leaks({secret: raw}, [("there", b"Authorization: " + form + b"\n")])


def test_the_key_file_is_private_and_alone(world: World) -> None:
    for path in (world.folder / "data" / "master.key", *(world.folder / "safe").rglob("master.key")):
        assert path.stat().st_mode & 0o077 == 0
        assert path.read_text().split() == [b64encode(world.planted["new master key"])]
    copies = [path for path in (world.folder / "safe").rglob("*") if path.is_file()]
    assert [path.name for path in copies] == ["master.key"]
    for path in world.folder.glob("backup*/**/app.sqlite3"):
        assert path.stat().st_mode & 0o077 == 0
        assert path.parent.stat().st_mode & 0o077 == 0
