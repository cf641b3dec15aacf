"""The demo shop: a WooCommerce-compatible HTTP shop on one SQLite file, with the plugin's part played
in Python."""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import secrets
import socket
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from flask import Flask, Response, g, jsonify, request
from werkzeug.exceptions import HTTPException
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from sidecar.core.changes import digest as digest_of
from sidecar.core.errors import Conflict, DevSkyyError, Unavailable
from sidecar.demo import link, outbox
from sidecar.demo.applier import Applier
from sidecar.demo.changes.target import WriteError
from sidecar.demo.generator import generate
from sidecar.demo.rest import auth, coupons, orders, people, plugin, product_routes, site, storefront, terms
from sidecar.demo.rest.checks import RestError
from sidecar.demo.rest.wire import body, transaction
from sidecar.demo.schema import connect, get_option, set_option

__all__ = ["DemoShop", "create_app"]


def create_app(path: Path, home: str, shop: DemoShop | None = None) -> Flask:
    """The WSGI application over a generated file; `home` is the address that OAuth1 signatures name."""
    app = Flask(__name__, static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.config.update(SHOP_PATH=path, SHOP_HOME=home.rstrip("/"), SHOP=shop)
    app.config["OWNER_KEY"] = shop.owner_key if shop else secrets.token_hex(16)
    for module in (people, coupons, product_routes, terms, orders, site, plugin, storefront):
        app.register_blueprint(module.bp)
    app.register_blueprint(site.files)
    app.before_request(_before)
    app.register_error_handler(RestError, lambda error: (jsonify(error.body), error.status))
    app.register_error_handler(HTTPException, _http_error)
    app.teardown_request(_close)
    return app


def _before() -> None:
    if request.path.startswith("/wp-json/wc/") and request.url_rule is not None:
        body()  # WordPress refuses broken JSON before it asks who sent it
        auth.authenticate()


def _close(_: BaseException | None) -> None:
    con = g.pop("db", None)
    if con is not None:
        con.close()


def _http_error(error: HTTPException) -> Response | tuple[Response, int] | HTTPException:
    if not request.path.startswith("/wp-json/") or error.code not in (404, 405):
        return error
    message = "No route was found matching the URL and request method."
    return jsonify({"code": "rest_no_route", "message": message, "data": {"status": 404}}), 404


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: the demo prints its own lines."""


class DemoShop:
    """A demo shop on one file.

        with DemoShop.create(folder, size="small") as shop:
            shop.pair("http://127.0.0.1:8787", code="ABCD-EFGH-JKMN")
            shop.approve(proposal_id)
            shop.undo(proposal_id)

    `home` is its address, `key` a read-only WooCommerce key, `write_key` one that may write, `owner_key` what
    the owner's routes ask for. Calls to the sidecar raise DevSkyyError with the sidecar's code.
    """

    def __init__(self, path: Path | str, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.path = Path(path)
        self.con = connect(self.path)
        self.home = f"http://{host}:{port or self._port(host)}"
        self.key, self.write_key = (self._key(name) for name in ("read", "read_write"))
        self.owner_key = self._owner_key()
        self.app = create_app(self.path, self.home, self)
        self.applier = Applier(self.con, self.call)
        self.link = link.Link(self.con, self.home)
        self._server: BaseWSGIServer | None = None
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._drain_lock = threading.Lock()

    @classmethod
    def create(
        cls,
        folder: Path | str,
        size: str = "small",
        *,
        seed: int = 7,
        end: dt.date | None = None,
        fresh: bool = False,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> Self:
        """Open the shop in `folder`, generating it when there is none of this size, seed and end date,
        or if `fresh`."""
        path = Path(folder) / f"shop-{size}.sqlite3"
        end = end or dt.datetime.now(dt.UTC).date()
        path.parent.mkdir(parents=True, exist_ok=True)
        if fresh or not _generated(path, seed, end):
            generate(path, size, seed=seed, end=end)
        return cls(path, host=host, port=port)

    # Serving.

    def start(self, *, drain_every: float | None = 1.0) -> Self:
        """Serve from a thread and, once paired, send events every `drain_every` seconds (None: only by
        `drain`)."""
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        host, _, port = self.home.removeprefix("http://").rpartition(":")
        self._server = make_server(host, int(port), self.app, threaded=True, request_handler=_Quiet)
        self._stopping.clear()
        self._run(self._server.serve_forever)
        if drain_every is not None:
            self._run(self._keep_draining, drain_every)
        return self

    def _run(self, target: Any, *arguments: Any) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        thread.start()
        self._threads.append(thread)

    def stop(self) -> None:
        """Stop serving; the file stays."""
        self._stopping.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        for thread in self._threads:
            thread.join(timeout=5)
        self._threads.clear()

    def close(self) -> None:
        """Stop serving and close the file."""
        self.stop()
        self.con.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.close()

    @property
    def rest_url(self) -> str:
        """Address of the REST API, with a slash at the end."""
        return f"{self.home}/wp-json/"

    # The plugin's part.

    def pair(
        self, sidecar_url: str, code: str | None = None, *, pairing_key: str | None = None
    ) -> dict[str, Any]:
        """Pair with a sidecar by a code or the shared key; url, shop_id, secret and hash_key."""
        return link.pair(self.con, self.home, sidecar_url, self.key, code=code, pairing_key=pairing_key)

    def unpair(self) -> None:
        """Tell the sidecar to forget this shop, and forget it here."""
        self.link.call("DELETE", "/api/v1/pairing", person=True)
        set_option(self.con, "pairing", None)

    def call(
        self,
        method: str,
        resource: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, str] | None = None,
        origin: str | None = None,
    ) -> dict[str, Any]:
        """One REST request inside the shop as the owner; WriteError with the shop's code when it fails."""
        environ = {auth.INTERNAL: True, outbox.ORIGIN: origin}
        answer = self.app.test_client().open(
            f"/wp-json/{resource}",
            method=method,
            json=body,
            query_string=dict(query or {}),
            environ_overrides=environ,
            base_url=self.home,
        )
        found: dict[str, Any] = answer.get_json()
        if answer.status_code >= 400:
            raise WriteError(found["code"], found["message"], answer.status_code)
        return found

    def approve(self, proposal_id: str, digest: str | None = None) -> dict[str, Any]:
        """Approve and apply, as the owner: `{"ok", "proposal", "state", "results"}`; state applied,
        stale or failed.

        `digest` is that of the proposal seen; without one, the sidecar's present proposal counts as seen.
        """
        path = f"/api/v1/proposals/{proposal_id}"
        if digest is None:
            digest = str(self.link.call("GET", path)["proposal"]["digest"])
        answer = self.link.call("POST", f"{path}/approve", {"digest": digest}, person=True)
        if digest_of(proposal_id, answer["changes"]) != digest:
            raise Conflict(
                "The changes are not those of the proposal seen.",
                code="digest_mismatch",
                hint="Open the proposal again and decide on what it says now.",
            )
        done = self.applier.apply(proposal_id, answer["changes"], link.OWNER["id"])  # type: ignore[arg-type]
        return {
            "ok": done["state"] == "applied",
            "proposal": self._report(proposal_id, done["state"]),
            **done,
        }

    def reject(self, proposal_id: str, reason: str | None = None) -> dict[str, Any]:
        """Reject, as the owner; the sidecar's answer."""
        sent = {"reason": reason} if reason else {}
        return self.link.call("POST", f"/api/v1/proposals/{proposal_id}/reject", sent, person=True)

    def snooze(self, proposal_id: str, until: str) -> dict[str, Any]:
        """Put off until a time (ISO 8601, UTC), as the owner; the sidecar's answer."""
        return self.link.call(
            "POST", f"/api/v1/proposals/{proposal_id}/snooze", {"until": until}, person=True
        )

    def undo(self, proposal_id: str) -> dict[str, Any]:
        """Take back from the ledger, also with the sidecar away; state undone or undo_failed.

        Conflict not_applied, not_undoable or changed_since when nothing was begun.
        """
        with contextlib.suppress(Unavailable):  # the ledger is enough; the outcome waits
            self.link.call("POST", f"/api/v1/proposals/{proposal_id}/undo", {}, person=True)
        try:
            done = self.applier.undo(proposal_id)
        except WriteError as error:
            self._undo_refused(proposal_id, error)
            raise Conflict(
                error.message,
                code=error.code,
                hint="Set the value you want in the product itself.",
                details=error.details,
            ) from error
        return {"ok": done["state"] == "undone", "proposal": self._report(proposal_id, done["state"]), **done}

    def _undo_refused(self, proposal_id: str, error: WriteError) -> None:
        """Bring the sidecar's `undoing` back to `applied`."""
        body = {"state": "undo_failed", "results": [], "at": outbox.stamp(), "note": error.message}
        try:
            self.link.call("POST", f"/api/v1/proposals/{proposal_id}/outcome", body, person=True)
        except DevSkyyError:
            logging.getLogger(__name__).warning("The refused undo of %s was not reported", proposal_id)

    def _report(self, proposal_id: str, state: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = self.link.report(proposal_id, state).get("proposal", {})
            return found
        except DevSkyyError:
            return None  # the drain tells it again

    def drain(self) -> int:
        """Settle what a crash left, send waiting outcomes and events; the number of events sent."""
        with self._drain_lock:
            self.applier.settle()
            if self.link.pairing is None:
                return 0
            self.link.report_waiting()
            return self.link.drain()

    def _keep_draining(self, every: float) -> None:
        while not self._stopping.wait(every):
            try:
                self.drain()
            except DevSkyyError as error:
                # The sidecar is away or refuses: events wait, and the shop sells on.
                logging.getLogger(__name__).info("Events wait: %s", error.message)

    def place_order(self, *lines: tuple[int, int], email: str = "visitor@example.com") -> int:
        """Place a paid order of (product or variation id, pieces); its id. The stock goes down, events
        follow."""
        fields = {
            "set_paid": True,
            "payment_method": "stripe",
            "billing": {"email": email, "first_name": "Vera", "last_name": "Visitor", "country": "DE"},
            "line_items": [{"product_id": unit, "quantity": pieces} for unit, pieces in lines],
        }
        return int(self.call("POST", "wc/v3/orders", fields)["id"])

    # What the file remembers.

    def _port(self, host: str) -> int:
        """The port of last time when it is free, so that the pinned home address still holds."""
        remembered = int(get_option(self.con, "port", 0))
        for wanted in (remembered, 0) if remembered else (0,):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((host, wanted))
                except OSError:
                    continue
                found = int(probe.getsockname()[1])
                set_option(self.con, "port", found)
                return found
        raise OSError(f"no free port on {host}")

    def _key(self, permissions: str) -> tuple[str, str]:
        row = self.con.execute("SELECT * FROM api_keys WHERE permissions = ?", (permissions,)).fetchone()
        if row is None:
            key, secret = f"ck_{secrets.token_hex(20)}", f"cs_{secrets.token_hex(20)}"
            with transaction(self.con):
                self.con.execute("INSERT INTO api_keys VALUES (?, ?, ?)", (key, secret, permissions))
            return key, secret
        return row["consumer_key"], row["consumer_secret"]

    def _owner_key(self) -> str:
        held = get_option(self.con, "owner_key")
        if held is None:
            held = secrets.token_hex(16)
            set_option(self.con, "owner_key", held)
        return str(held)


def _generated(path: Path, seed: int, end: dt.date) -> bool:
    if not path.exists():
        return False
    con = connect(path)
    try:
        return bool(get_option(con, "seed") == seed and get_option(con, "today") == str(end))
    finally:
        con.close()
