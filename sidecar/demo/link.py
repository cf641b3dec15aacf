"""The demo shop's side of the wire to the sidecar: pairing, signed requests, events and outcomes."""

from __future__ import annotations

import json
import sqlite3
import time
from typing import Any

import requests

from sidecar.core.errors import Conflict, DevSkyyError, Unavailable
from sidecar.demo import outbox
from sidecar.demo.changes import ledger
from sidecar.demo.export import RESOURCES, count
from sidecar.demo.rest.site import VERSIONS
from sidecar.demo.schema import get_option, set_option
from sidecar.security.tokens import b64decode, canonical_path, sign

PLUGIN_VERSION = "0.1.0"
OWNER = {"id": 1, "login": "owner", "caps": ["manage_woocommerce"]}
TIMEOUT_S = 30


def describe(con: sqlite3.Connection, home: str) -> dict[str, Any]:
    """What the shop says about itself, as in `GET /devskyy/v1/shop`."""
    return {
        "site_id": get_option(con, "site_id"),
        "home_url": home,
        "name": get_option(con, "name"),
        "versions": {"plugin": PLUGIN_VERSION, **VERSIONS},
        "facts": get_option(con, "facts"),
        "counts": {name: count(con, name) for name in RESOURCES},
    }


def pair(
    con: sqlite3.Connection,
    home: str,
    sidecar_url: str,
    key: tuple[str, str],
    *,
    code: str | None = None,
    pairing_key: str | None = None,
) -> dict[str, Any]:
    """Pair by a code or by the shared key (base64url); what is remembered. DevSkyyError as the sidecar
    says."""
    about = describe(con, home)
    about.pop("counts")
    body = {**about, "rest_url": f"{home}/wp-json/", "woocommerce_key": {"key": key[0], "secret": key[1]}}
    if code:
        body["code"] = code
    raw, path, headers = json.dumps(body).encode(), "/api/v1/pairing", {"Content-Type": "application/json"}
    if pairing_key:
        token = sign(
            b64decode(pairing_key),
            iss="plugin",
            aud="pairing",
            method="POST",
            path=path,
            body=raw,
            now=int(time.time()),
            more={"site": about["site_id"], "home": home},
        )
        headers["Authorization"] = f"Bearer {token}"
    answer = _send("POST", sidecar_url.rstrip("/") + path, raw, headers)
    paired = {
        "url": sidecar_url.rstrip("/"),
        **{name: answer[name] for name in ("shop_id", "secret", "hash_key")},
    }
    set_option(con, "pairing", paired)
    return paired


def _send(method: str, url: str, raw: bytes, headers: dict[str, str]) -> dict[str, Any]:
    headers = {"X-DevSkyy-Version": PLUGIN_VERSION, "Accept": "application/json", **headers}
    try:
        answer = requests.request(
            method, url, data=raw or None, headers=headers, timeout=TIMEOUT_S, allow_redirects=False
        )
    except requests.RequestException as error:
        raise Unavailable(
            "The sidecar does not answer.",
            code="sidecar_unreachable",
            hint="Start it with `devskyy serve`; events and outcomes wait meanwhile.",
        ) from error
    try:
        found: dict[str, Any] = answer.json()
    except ValueError as error:
        raise Unavailable(
            "Something else than a sidecar answers at this address.", code="not_a_sidecar"
        ) from error
    if not answer.ok:
        wrong = found.get("error", {})
        raise DevSkyyError(
            wrong.get("message", f"The sidecar answered {answer.status_code}."),
            code=wrong.get("code", "sidecar_error"),
            hint=wrong.get("hint", ""),
            status=answer.status_code,
            fields=wrong.get("fields"),
            details=wrong.get("details"),
        )
    return found


class Link:
    """Signed requests of a paired shop; DevSkyyError with the sidecar's code when one fails."""

    def __init__(self, con: sqlite3.Connection, home: str) -> None:
        self.con, self.home = con, home

    @property
    def pairing(self) -> dict[str, Any] | None:
        """url, shop_id, secret and hash_key, or None."""
        found: dict[str, Any] | None = get_option(self.con, "pairing")
        return found

    def call(
        self, method: str, path: str, body: object = None, *, person: bool = False, **query: str
    ) -> dict[str, Any]:
        """One request below the sidecar's base address; `person` says that the owner acts."""
        paired = self.pairing
        if paired is None:
            raise Conflict(
                "This shop is not paired.", code="not_paired", hint="Pair it with a code from `devskyy pair`."
            )
        raw = b"" if body is None else json.dumps(body).encode()
        signed_path = canonical_path(path, query.items())
        more: dict[str, object] = {"site": get_option(self.con, "site_id"), "home": self.home}
        token = sign(
            b64decode(paired["secret"]),
            iss="plugin",
            aud=paired["shop_id"],
            method=method,
            path=signed_path,
            body=raw,
            now=int(time.time()),
            more={**more, "who": OWNER} if person else more,
        )
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        return _send(method, paired["url"] + signed_path, raw, headers)

    def drain(self) -> int:
        """Send what waits, in order, until nothing does; the number of events sent."""
        sent = 0
        while events := outbox.waiting(self.con):
            answer = self.call("POST", "/api/v1/events", {"events": events})
            outbox.settle(self.con, answer)
            left = outbox.waiting(self.con, 1)
            if left and left[0]["seq"] == events[0]["seq"]:
                break  # nothing was acknowledged: asking again at once would not help
            sent += len(events)
        return sent

    def report(self, proposal: str, outcome: str) -> dict[str, Any]:
        """Tell the sidecar what became of a proposal."""
        results = ledger.results(self.con, proposal)
        body: dict[str, Any] = {"state": outcome, "results": results, "at": outbox.stamp()}
        note = " ".join(r["message"] for r in results if "message" in r)
        if note:
            body["note"] = note
        answer = self.call("POST", f"/api/v1/proposals/{proposal}/outcome", body, person=True)
        ledger.mark_reported(self.con, proposal, outcome)
        return answer

    def report_waiting(self) -> None:
        """Tell again what could not be told before."""
        for proposal, outcome in ledger.unreported(self.con):
            try:
                self.report(proposal, outcome)
            except DevSkyyError as error:
                if error.status not in (404, 409, 410, 422):
                    raise
                # The sidecar has decided otherwise or lost the proposal: asking again would not help.
                ledger.mark_reported(self.con, proposal, outcome)
