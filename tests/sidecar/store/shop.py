"""A shop for tests: real HTTP, the plugin's export and wc/v3 over rows in memory; misbehaves on request."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from sidecar.core.errors import DevSkyyError
from sidecar.security.tokens import canonical_path, verify
from sidecar.store.rows import COLUMNS

SHOP_ID = "6f1d8b8e-51a7-4c52-8a53-5a3d8f0f3a11"
SECRET = bytes(range(32))
Answer = tuple[int, dict[str, str], bytes]


class Shop:
    """Rows by resource (dicts with the export's columns), a log, and `script`: answers to give first."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[int, dict[str, Any]]] = {name: {} for name in COLUMNS}
        self.log: list[tuple[str, dict[str, str]]] = []
        self.script: list[Answer | Callable[[], None]] = []
        self.rest: dict[str, list[dict[str, Any]]] = {}
        self.clock: int | None = None
        self.has_plugin = True
        self.url = ""

    def put(self, resource: str, **row: Any) -> dict[str, Any]:
        """Adds or replaces a row."""
        self.rows[resource][row["id"]] = row
        return row

    def answer(self, path: str, params: dict[str, str], authorization: str | None) -> Answer:
        """What the shop answers to a GET."""
        self.log.append((path, params))
        if self.script:
            first = self.script.pop(0)
            if not callable(first):
                return first
            first()
        route = params.pop("rest_route", None) or path.removeprefix("/wp-json")
        if route.startswith("/devskyy/v1/") and self.has_plugin:
            return self._plugin(route, params, authorization)
        if route.startswith("/wc/v3/"):
            return self._woocommerce(route.removeprefix("/wc/v3/"), params)
        return _json(
            404, {"code": "rest_no_route", "message": "No route was found.", "data": {"status": 404}}
        )

    def _plugin(self, route: str, params: dict[str, str], authorization: str | None) -> Answer:
        try:
            verify(
                authorization,
                key_of=lambda aud: SECRET if aud == SHOP_ID else None,
                signer="sidecar",
                method="GET",
                path=canonical_path(route, params.items()),
                body=b"",
                now=self.clock or _now(),
                remember=lambda *_: True,
            )
        except DevSkyyError as error:
            return _json(
                error.status, {"code": error.code, "message": error.message, "data": {"hint": error.hint}}
            )
        if route == "/devskyy/v1/shop":
            return _json(200, {"ok": True, "counts": {name: len(rows) for name, rows in self.rows.items()}})
        resource, after, limit = (
            params["resource"],
            int(params.get("after", 0)),
            int(params.get("limit", 2000)),
        )
        rows = [row for _, row in sorted(self.rows[resource].items()) if row["id"] > after]
        if route == "/devskyy/v1/export/ids":
            ids = [row["id"] for row in rows]
            return _json(
                200, {"ok": True, "ids": ids[:limit], "next": ids[limit - 1] if len(ids) > limit else None}
            )
        if "ids" in params:
            wanted = set(map(int, params["ids"].split(",")))
            rows = [row for row in rows if row["id"] in wanted]
        if "modified_after" in params:
            rows = [row for row in rows if row["modified_at"] >= params["modified_after"]]
        page = rows[:limit]
        body = {
            "ok": True,
            "resource": resource,
            "columns": list(COLUMNS[resource]),
            "rows": [[row.get(name) for name in COLUMNS[resource]] for row in page],
            "next": page[-1]["id"] if len(rows) > limit else None,
        }
        return _json(200, body | ({"total": len(rows)} if after == 0 else {}))

    def _woocommerce(self, endpoint: str, params: dict[str, str]) -> Answer:
        rows = self.rest.get(endpoint, [])
        if "include" in params:
            rows = [row for row in rows if str(row["id"]) in params["include"].split(",")]
        size, number = int(params.get("per_page", 10)), int(params.get("page", 1))
        status, head, body = _json(200, rows[size * (number - 1) : size * number])
        pages = {"X-WP-Total": str(len(rows)), "X-WP-TotalPages": str(-(-len(rows) // size))}
        return status, head | pages, body


def _json(status: int, body: object) -> Answer:
    return status, {"Content-Type": "application/json; charset=UTF-8"}, json.dumps(body).encode()


def _now() -> int:
    import time

    return int(time.time())


@contextmanager
def serving(shop: Shop) -> Iterator[Shop]:
    """The shop on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet: two would wait 40 ms for each other

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            params = dict(parse_qsl(parts.query, keep_blank_values=True))
            status, head, body = shop.answer(parts.path, params, self.headers.get("Authorization"))
            self.send_response_only(status)
            self.send_header("Date", formatdate(shop.clock, usegmt=True))
            for name, value in head.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[assignment]  # a client that hung up is no news
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    shop.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield shop
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
