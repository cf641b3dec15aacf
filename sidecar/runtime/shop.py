"""One paired shop as the runtime reaches it: its client, its mirror and the plugin's ledger."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select

from sidecar import __version__
from sidecar.core.errors import Conflict, NotFound
from sidecar.db import read, remembered, write
from sidecar.db.app import proposals, shops
from sidecar.runtime.base import Row, Runtime, at, now
from sidecar.runtime.proposals import load, settle_with, step
from sidecar.security.sealing import get_secret
from sidecar.store.client import ExportClient

SETTLE_AFTER_S = 120
ALL_APPLIED = frozenset({"applied"})


def paired(rt: Runtime) -> list[Row]:
    """The shops that are paired now."""
    with read(rt.db.app) as conn:
        return [dict(row) for row in conn.execute(select(shops).where(shops.c.state == "paired")).mappings()]


SHOP = select(shops).where(shops.c.shop_id == bindparam("shop"))


def shop_row(rt: Runtime, shop_id: str) -> Row:
    """A shop's row; NotFound."""
    rows = remembered(rt.db.app, SHOP, {"shop": shop_id})
    if not rows:
        raise NotFound("There is no such shop.", hint="Pair the plugin with this sidecar.")
    return rows[0]._asdict()


def only_shop(rt: Runtime, wanted: str | None = None) -> Row:
    """The shop that the command line means: the wanted one, or the only one that is paired."""
    if wanted:
        return shop_row(rt, wanted)
    found = paired(rt)
    if len(found) != 1:
        names = ", ".join(f"{row['shop_id']} ({row['home_url']})" for row in found)
        raise Conflict(
            f"{len(found)} shops are paired." if found else "No shop is paired.",
            code="shop_unclear" if found else "shop_unpaired",
            hint=f"Name one with --shop: {names}."
            if found
            else "Run `devskyy pair` and enter the code in wp-admin.",
        )
    return found[0]


def client(rt: Runtime, shop_id: str) -> ExportClient:
    """The signed client of a shop's plugin; Conflict when it is not paired."""
    shop = shop_row(rt, shop_id)
    with read(rt.db.app) as conn:
        secret = get_secret(conn, rt.sealer, shop_id, "signing")
    if secret is None or shop["state"] != "paired":
        raise Conflict(
            f"The shop is {shop['state']}.",
            code="shop_unpaired" if shop["state"] != "site_changed" else "site_changed",
            hint="Pair the plugin with this sidecar again, or confirm the move on the plugin's Status page.",
        )
    url = rt.settings.shop_url or shop["rest_url"]
    return ExportClient(url, shop_id, secret, version=__version__, timeout=rt.settings.shop_timeout_s)


def settle(rt: Runtime, shop_id: str, _args: Row) -> Row:
    """Asks the plugin's ledger about approvals and undos without an outcome, and moves them accordingly."""
    shop, moved = client(rt, shop_id), 0
    for ident in unsettled(rt, shop_id):
        rows = shop.ledger(ident)
        with write(rt.db.app) as conn:
            row = load(conn, shop_id, ident)
            before = row["state"]
            if before in ("approved", "applying", "undoing"):
                moved += _by_ledger(conn, row, rows)["state"] != before
    return {"settled": moved}


def unsettled(rt: Runtime, shop_id: str) -> list[str]:
    """Proposals that have waited ten minutes for an outcome."""
    waiting = proposals.c.state.in_(("approved", "applying", "undoing")) & (
        proposals.c.updated_at < now() - SETTLE_AFTER_S
    )
    with read(rt.db.app) as conn:
        return list(
            conn.execute(select(proposals.c.id).where(proposals.c.shop_id == shop_id, waiting)).scalars()
        )


def _by_ledger(conn: Connection, row: Row, ledger: list[Row]) -> Row:
    found = {entry["state"] for entry in ledger}
    if not found and row["state"] != "undoing":
        return step(
            conn,
            row,
            "release",
            note="The shop's ledger knows nothing of it.",
            decided_at=None,
            decided_by=None,
        )
    if found & {"applying", "undoing"}:
        return row  # the plugin's own settler decides first
    if row["state"] == "undoing":
        report = "undone" if found <= {"undone"} and found else "undo_failed"
    elif found <= ALL_APPLIED:
        report = "applied"
    elif found <= {"undone"}:
        report = "undone"
    else:
        report = "stale" if found <= {"stale", "applied"} else "failed"
    results = [
        {"change_id": entry["change_id"], "state": entry["state"], "message": entry.get("message") or ""}
        for entry in ledger
    ]
    return settle_with(
        conn,
        row,
        {"state": report, "results": results, "at": at(now()), "note": "Settled by the shop's ledger."},
    )
