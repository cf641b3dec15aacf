"""Pairing, unpairing, and a shop that moved."""

from __future__ import annotations

from typing import Any

from flask import request

from sidecar import __version__
from sidecar.api import shop_shapes as shapes
from sidecar.api.access import OPEN, PERSON, access, caller, person, runtime
from sidecar.api.group import GONE, NO_TOKEN, OK, group, said
from sidecar.api.models import PairingBody, SiteBody
from sidecar.runtime import pairing

PAIRED: dict[Any, Any] = {"201": shapes.Paired}
bp = group("pairing", "Shop and sidecar find each other.", "/api/v1/pairing")


@bp.post("", openapi_extensions=NO_TOKEN, responses=PAIRED | GONE)
@access(OPEN)
def pair(body: PairingBody) -> Any:
    """Pair by a code, or by a signature with the shared pairing key"""
    made = pairing.pair(
        runtime(), body.model_dump(), request.headers.get("Authorization"), request.path, request.get_data()
    )
    return {"ok": True, **made, "sidecar": {"version": __version__, "min_plugin": pairing.MIN_PLUGIN}}, 201


@bp.delete("", responses=OK)
@access(PERSON)
def unpair() -> Any:
    """Forget the shop's secret and WooCommerce key; owned data stays"""
    pairing.unpair(runtime(), caller().shop_id, person())
    return {"ok": True}


def accept_move(body: SiteBody) -> Any:
    """Accept the new address of a shop that moved"""
    pairing.move(runtime(), caller().shop_id, str(caller().home), person())
    return {"ok": True, "decision": body.decision}


accept_move.__moving__ = True  # type: ignore[attr-defined]
bp.post("/site", responses=said(shapes.Moved))(access(PERSON)(accept_move))
