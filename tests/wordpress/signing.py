"""Signed requests as docs/protocol.md describes them, made by hand, so that each part can be forged."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from typing import Any
from urllib.parse import quote

import jwt
import requests

from tests.wordpress.scene import Scene

KEPT = "-._~"


def canonical(path: str, query: dict[str, str] | None = None) -> str:
    """Path and query as both sides sign them."""
    pairs = sorted((quote(key, safe=KEPT), quote(value, safe=KEPT)) for key, value in (query or {}).items())
    return path + ("?" + "&".join(f"{key}={value}" for key, value in pairs) if pairs else "")


class Request:
    """A right request of either side; `claims` and `key` may be spoilt before it is sent."""

    def __init__(
        self,
        scene: Scene,
        signer: str,
        method: str,
        path: str,
        query: dict[str, str] | None = None,
        body: Any = None,
    ) -> None:
        identity = scene.identity()
        now = int(time.time())
        self.method, self.path, self.query = method, path, dict(query or {})
        self.raw = b"" if body is None else json.dumps(body).encode()
        self.base = scene.sidecar.url if signer == "plugin" else scene.base_url + "/wp-json"
        self.key = scene.secret()
        self.headers = {"X-DevSkyy-Version": "0.1.0", "Content-Type": "application/json"}
        self.claims: dict[str, Any] = {
            "iss": signer,
            "aud": identity["shop_id"],
            "iat": now,
            "exp": now + 60,
            "jti": secrets.token_hex(16),
            "m": method,
            "p": canonical(path, query),
            "bh": hashlib.sha256(self.raw).hexdigest(),
        }
        if signer == "plugin":
            self.claims |= {"site": identity["site_id"], "home": identity["home_url"]}

    def shift(self, seconds: int) -> None:
        """Make it earlier or later by that much."""
        self.claims |= {"iat": self.claims["iat"] + seconds, "exp": self.claims["exp"] + seconds}

    def send(self, token: str | None = None) -> requests.Response:
        """Sign and send it."""
        token = token if token is not None else jwt.encode(self.claims, self.key, algorithm="HS256")
        headers = {**self.headers, **({"Authorization": f"Bearer {token}"} if token else {})}
        return requests.request(
            self.method, self.base + self.path, params=self.query, data=self.raw, headers=headers, timeout=30
        )


def code_of(answer: requests.Response) -> str:
    """The error code of either side's error shape; both must carry a hint and a request id."""
    body = answer.json()
    error = body["error"] if "error" in body else {"code": body["code"], **body["data"]}
    assert error["hint"], body
    assert error["request_id"], body
    return str(error["code"])
