"""devskyy/v1: what the sidecar reads, signed, and the owner's decisions on loopback."""

from __future__ import annotations

import hmac
import secrets
import time
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request

from sidecar.core.errors import DevSkyyError, Forbidden, Invalid
from sidecar.demo.changes import ledger
from sidecar.demo.export import RESOURCES, id_page, page
from sidecar.demo.link import describe
from sidecar.demo.rest.checks import check, date, ids, integer
from sidecar.demo.rest.wire import body, db, home
from sidecar.demo.schema import get_option
from sidecar.security.tokens import b64decode, canonical_path, verify

bp = Blueprint("plugin", __name__, url_prefix="/wp-json/devskyy/v1")
CHANGING = ("products", "variations", "orders", "refunds")


@bp.errorhandler(DevSkyyError)
def _failed(error: DevSkyyError) -> tuple[Response, int]:
    data: dict[str, Any] = {"status": error.status, "hint": error.hint, "request_id": secrets.token_hex(8)}
    data |= {"fields": error.fields} if error.fields else {}
    data |= {"details": error.details} if error.details else {}
    return jsonify({"code": error.code, "message": error.message, "data": data}), error.status


def _signed() -> dict[str, Any]:
    """The pairing, once the request proves to be the sidecar's."""
    paired: dict[str, Any] = get_option(db(), "pairing") or {}
    route = request.path.removeprefix("/wp-json")

    def key_of(shop_id: str) -> bytes | None:
        return b64decode(paired["secret"]) if shop_id == paired.get("shop_id") else None

    verify(
        request.headers.get("Authorization"),
        key_of=key_of,
        signer="sidecar",
        method=request.method,
        path=canonical_path(route, list(request.args.items(multi=True))),
        body=request.get_data(),
        now=int(time.time()),
        remember=_remember,
    )
    return paired


def _remember(_: str, jti: str, until: int) -> bool:
    return bool(db().execute("INSERT OR IGNORE INTO seen_jti VALUES (?, ?)", (jti, until)).rowcount)


@bp.get("/shop")
def show_shop() -> Response:
    """Facts, versions and counts."""
    _signed()
    return jsonify({"ok": True, **describe(db(), home())})


def _resource() -> str:
    name = request.args.get("resource", "")
    if name not in RESOURCES:
        raise Invalid(
            "There is no such resource.",
            status=400,
            fields={"resource": f"one of {', '.join(RESOURCES)}"},
            hint="Update plugin and sidecar to the same version.",
        )
    return name


@bp.get("/export")
def export() -> Response:
    """Rows of one resource in ascending id."""
    paired, name = _signed(), _resource()
    spec = {"after": integer(0), "limit": integer(1, 5000), "ids": ids, "modified_after": date}
    args = check(dict(request.args), spec)
    if "modified_after" in args and name not in CHANGING:
        raise Invalid(
            "This resource does not know when it changed.", status=400, fields={"modified_after": "not here"}
        )
    return jsonify(
        page(
            db(),
            name,
            b64decode(paired["hash_key"]),
            after=args.get("after", 0),
            limit=args.get("limit", 2000),
            ids=args.get("ids"),
            modified_after=args.get("modified_after"),
        )
    )


@bp.get("/export/ids")
def export_ids() -> Response:
    """Ids of one resource, for the reconciliation."""
    _signed()
    args = check(dict(request.args), {"after": integer(0), "limit": integer(1, 50_000)})
    return jsonify(id_page(db(), _resource(), args.get("after", 0), args.get("limit", 50_000)))


@bp.get("/ledger")
def show_ledger() -> Response:
    """What the ledger knows of a proposal."""
    _signed()
    rows = ledger.entries(db(), request.args.get("proposal", ""))
    found = [{"change_id": r.change_id, "state": r.state, "at": r.at, "message": r.message} for r in rows]
    return jsonify({"ok": True, "rows": found})


def _owner() -> Any:
    """The shop itself, once the request proves to be its owner's: from loopback, with the owner's key."""
    key = current_app.config["OWNER_KEY"]
    given = request.headers.get("X-Demo-Owner", "")
    if request.remote_addr not in ("127.0.0.1", "::1") or not hmac.compare_digest(given, key):
        raise Forbidden(
            "Only the owner of the demo shop may decide.",
            code="session_required",
            hint="Send the key that the demo printed as X-Demo-Owner, from this machine.",
        )
    return current_app.config["SHOP"]


@bp.get("/proposals")
def list_proposals() -> Response:
    """The sidecar's proposals, for the owner."""
    return jsonify(_owner().link.call("GET", "/api/v1/proposals", **dict(request.args)))


@bp.post("/proposals/<proposal_id>/<any(approve, reject, snooze, undo):verb>")
def decide(proposal_id: str, verb: str) -> Response:
    """The owner's word on a proposal."""
    shop = _owner()
    fields = body()
    if verb == "approve":
        return jsonify(shop.approve(proposal_id, fields.get("digest")))
    if verb == "reject":
        return jsonify(shop.reject(proposal_id, fields.get("reason")))
    if verb == "snooze":
        return jsonify(shop.snooze(proposal_id, str(fields.get("until", ""))))
    return jsonify(shop.undo(proposal_id))


@bp.post("/status/drain")
def drain() -> Response:
    """Send waiting events and outcomes now."""
    return jsonify({"ok": True, "sent": _owner().drain()})
