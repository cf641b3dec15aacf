"""A service as a provider of OAuth 2 runs it: code with PKCE, rotation, revocation, and an API."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlencode, urlsplit

import requests

CLIENT_ID, CLIENT_SECRET = "shop client", "s3cret+of/client"
KEY, USER, PASSWORD = "key-0123456789abcdef", "anna", "pass:wörd"


@dataclass
class Provider:
    """What the service knows and how it behaves; tests set the second."""

    url: str = ""
    expires_in: int | None = 3_600
    send_iss: str | None = None
    asks: bool = False
    rotate: bool = True
    token_delay_s: float = 0.0
    token_status: int = 200
    token_body: bytes | None = None
    script: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    access: dict[str, str] = field(default_factory=dict)
    refresh: dict[str, str] = field(default_factory=dict)
    used: dict[str, str] = field(default_factory=dict)
    revoked: list[str] = field(default_factory=list)
    seen: list[dict[str, Any]] = field(default_factory=list)
    refreshes: int = 0
    at_once: int = 0
    most_at_once: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock)

    def secrets_given(self) -> list[str]:
        """Every credential that must not be found anywhere outside the vault."""
        return [*self.access, *self.refresh, *self.used, CLIENT_SECRET, KEY, PASSWORD]

    def allow(self, url: str) -> dict[str, str]:
        """The person says yes in the browser; what the provider added to the address of the return."""
        answer = requests.get(url, allow_redirects=False, timeout=5)
        assert answer.status_code == 302, answer.text
        query = parse_qs(urlsplit(answer.headers["Location"]).query)
        return {name: query[name][0] for name in ("code", "state", "iss") if name in query}

    def tokens(self, family: str) -> dict[str, Any]:
        access, again = "at-" + secrets.token_urlsafe(24), "rt-" + secrets.token_urlsafe(24)
        self.access[access], self.refresh[again] = family, family
        answer = {"access_token": access, "token_type": "Bearer", "refresh_token": again, "scope": "read"}
        return answer if self.expires_in is None else {**answer, "expires_in": self.expires_in}

    def end(self, family: str) -> None:
        """Revokes all tokens of a family."""
        self.access = {token: own for token, own in self.access.items() if own != family}
        self.refresh = {token: own for token, own in self.refresh.items() if own != family}


class Handler(BaseHTTPRequestHandler):
    provider: Provider

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        path, query = self._asked()
        if path == "/authorize":
            self._authorize(query)
        else:
            self._api(path)

    def do_POST(self) -> None:
        path, _ = self._asked()
        if not path.startswith("/oauth/"):
            self._api(path)
            return
        form = {k: v[0] for k, v in parse_qs(self._body().decode()).items()}
        if not self._is_client(form):
            self._answer(401, {"error": "invalid_client"})
        elif path == "/oauth/revoke":
            with self.provider.lock:
                self.provider.revoked.append(form["token"])
                self.provider.end(self.provider.refresh.get(form["token"], ""))
            self._answer(200, {})
        else:
            self._token(form)

    do_DELETE = do_PUT = do_POST

    def _asked(self) -> tuple[str, dict[str, str]]:
        parts = urlsplit(self.path)
        return parts.path, {k: v[0] for k, v in parse_qs(parts.query).items()}

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _answer(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def _authorize(self, query: dict[str, str]) -> None:
        right = query.get("client_id") == CLIENT_ID and query.get("response_type") == "code"
        if not right or query.get("code_challenge_method") != "S256" or len(query["code_challenge"]) != 43:
            self._answer(400, {"error": "invalid_request"})
            return
        answer = query.pop("answer", "" if self.provider.asks else "yes")
        if not answer:
            self._consent()
            return
        code = "code-" + secrets.token_urlsafe(12)
        back = {"code": code} if answer == "yes" else {"error": "access_denied"}
        back["state"] = query["state"]
        if answer == "yes":
            self.provider.codes[code] = query
        if self.provider.send_iss:
            back["iss"] = self.provider.send_iss
        self._answer(302, {}, {"Location": query["redirect_uri"] + "&" + urlencode(back)})

    def _consent(self) -> None:
        """The page that a person sees: two links back to here, one for each answer."""
        links = "".join(
            f'<p><a href="{escape(self.path)}&amp;answer={answer}">{word}</a></p>'
            for word, answer in (("Allow", "yes"), ("Deny", "no"))
        )
        page = (
            f"<!doctype html><title>Service</title><link rel=icon href=data:,><h1>Let DevSkyy in?</h1>{links}"
        )
        self._answer(200, page.encode(), {"Content-Type": "text/html; charset=utf-8"})

    def _is_client(self, form: dict[str, str]) -> bool:
        head = self.headers.get("Authorization", "")
        if head.startswith("Basic "):
            name, _, secret = base64.b64decode(head[6:]).decode().partition(":")
            return (unquote_plus(name), unquote_plus(secret)) == (CLIENT_ID, CLIENT_SECRET)
        return (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)

    def _token(self, form: dict[str, str]) -> None:
        provider = self.provider
        if provider.token_status != 200 or provider.token_body is not None:
            self._answer(provider.token_status, provider.token_body or {"error": "server_error"})
            return
        with provider.lock:
            provider.at_once += 1
            provider.most_at_once = max(provider.most_at_once, provider.at_once)
        time.sleep(provider.token_delay_s)
        with provider.lock:
            found = self._by_code(form) if form["grant_type"] == "authorization_code" else self._again(form)
            provider.at_once -= 1
        self._answer(200 if "access_token" in found else 400, found)

    def _by_code(self, form: dict[str, str]) -> dict[str, Any]:
        asked = self.provider.codes.pop(form.get("code", ""), None)
        made = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if asked is None or asked["redirect_uri"] != form.get("redirect_uri"):
            return {"error": "invalid_grant"}
        if asked["code_challenge"] != made.decode().rstrip("="):
            # What a careless provider writes beside its word must reach nobody.
            return {"error": "invalid_grant", "error_description": f"verifier {form['code_verifier']} wrong"}
        return self.provider.tokens(form["code"])

    def _again(self, form: dict[str, str]) -> dict[str, Any]:
        provider, token = self.provider, form.get("refresh_token", "")
        provider.refreshes += 1
        if token in provider.used:  # reuse of a rotated token: somebody stole it
            provider.end(provider.used[token])
            return {"error": "invalid_grant"}
        if token not in provider.refresh:
            return {"error": "invalid_grant"}
        made = provider.tokens(provider.refresh[token])
        if provider.rotate:
            provider.used[token] = provider.refresh.pop(token)
        else:
            provider.refresh.pop(made.pop("refresh_token"))
        return made

    def _api(self, path: str) -> None:
        provider, head = self.provider, self.headers.get("Authorization", "")
        body = self._body()
        with provider.lock:
            seen = {"method": self.command, "path": self.path, "head": dict(self.headers), "body": body}
            provider.seen.append(seen)
            status, headers = provider.script.pop(0) if provider.script else (200, {})
        basic = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        known = head.removeprefix("Bearer ") in provider.access
        if not (known or head == basic or self.headers.get("X-Key") == f"Token {KEY}"):
            self._answer(401, {"error": "invalid_token"})
        elif status != 200:
            self._answer(status, {}, headers)
        elif path == "/api/missing":
            self._answer(404, {})
        else:
            self._answer(200, {"sub": "shop", "path": path})


@contextmanager
def running() -> Iterator[Provider]:
    """The service on a free port of 127.0.0.1."""
    provider = Provider()
    handler = type("Bound", (Handler,), {"provider": provider})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    provider.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def oauth(provider: Provider, **more: Any) -> dict[str, Any]:
    """A body that adds the service with OAuth 2."""
    client = {
        "authorize_url": f"{provider.url}/authorize", "token_url": f"{provider.url}/oauth/token",
        "revoke_url": f"{provider.url}/oauth/revoke", "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET, "scopes": ["read"],
    }  # fmt: skip
    return body(provider, oauth2={**client, **more.pop("oauth2", {})}, **more)


def by_key(provider: Provider, **more: Any) -> dict[str, Any]:
    """A body that adds the service with an API key."""
    return body(provider, api_key={"key": KEY, "header": "X-Key", "prefix": "Token "}, **more)


def body(provider: Provider, **more: Any) -> dict[str, Any]:
    """A body that adds the service; one kind of credentials is to be given."""
    return {
        "provider": "mailer", "name": "Main", "base_url": f"{provider.url}/api", "health_path": "/userinfo",
        "rate_per_minute": 600, **more,
    }  # fmt: skip
