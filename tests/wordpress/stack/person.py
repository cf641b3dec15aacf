"""A person at the shop's web pages: a signed-in session, with the REST nonce that wp-admin's scripts send."""

from __future__ import annotations

import re
from typing import Any

import requests

USERS = {
    "admin": "admin-password",
    "shopmanager": "shopmanager-password",
    "editor": "editor-password",
    "customer": "customer-password",
}


class Person(requests.Session):
    """A `requests.Session` whose addresses may be paths of the shop; `Person(base_url)` is a visitor."""

    def __init__(self, base_url: str, login: str | None = None) -> None:
        super().__init__()
        self.base_url = base_url
        self._nonce = ""
        if login is not None:
            self._sign_in(login)

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **options: Any) -> requests.Response:
        """As `requests.Session.request`, with a time limit, and a path meaning one at this shop."""
        address = url.decode() if isinstance(url, bytes) else url
        options.setdefault("timeout", 60)
        full = address if "://" in address else self.base_url + address
        return super().request(method, full, *args, **options)

    def rest(self, method: str, route: str, **options: Any) -> requests.Response:
        """Call a REST route (`/devskyy/v1/…`) with this person's cookie and nonce."""
        headers = {"X-WP-Nonce": self._nonce, **options.pop("headers", {})}
        return self.request(method, "/wp-json" + route, headers=headers, **options)

    def _sign_in(self, login: str) -> None:
        self.get("/wp-login.php")
        answer = self.post(
            "/wp-login.php",
            data={
                "log": login,
                "pwd": USERS[login],
                "testcookie": "1",
                "redirect_to": self.base_url + "/wp-admin/profile.php",
            },
            allow_redirects=False,
        )
        if "wordpress_logged_in" not in " ".join(self.cookies.keys()):
            raise PermissionError(f"{login} could not sign in ({answer.status_code})")
        self._nonce = self.get("/wp-admin/admin-ajax.php?action=rest-nonce").text.strip()
        if not re.fullmatch(r"[0-9a-f]{10}", self._nonce):
            raise PermissionError(f"{login} got no REST nonce: {self._nonce[:200]}")
