"""Connected services: their rows, their sealed credentials and their health.

`oauth_code` connects those that speak OAuth 2, `integration_calls` calls them. No credential ever leaves this
vault but towards the service itself.
"""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

from sqlalchemy import Connection, bindparam, case, delete, func, select, update

from sidecar.core.errors import Conflict, Invalid, NotFound
from sidecar.db import insert_new, read, write
from sidecar.db.identity import rate_windows
from sidecar.db.outgoing import integration_calls, integrations, oauth_states
from sidecar.runtime import audit, repeats
from sidecar.runtime.base import Row, Runtime, at, now, present
from sidecar.runtime.repeats import Asked
from sidecar.security import outbound
from sidecar.security.sealing import forget_secrets, get_secret, put_secret

MOST = 100
DAY = 86_400
CIRCUIT_AFTER = 5
CIRCUIT_S, CIRCUIT_MOST_S = 30, 3_600
WINDOW_S = 60
# Words that reach a URL or a header as they are: printable ASCII without blanks, quotes and backslashes.
PLAIN = re.compile(r"[!#-\[\]-~]+")

HINTS = {
    "unreachable": "Check the address and whether the service is up; it is tried again by itself.",
    "address_refused": "Use a public address, or allow private ones (DEVSKYY_INTEGRATIONS_ALLOW_PRIVATE).",
    "server_error": "The service has trouble of its own; it is tried again by itself.",
    "rate_limited": "The service asks for fewer calls: lower the rate budget.",
    "credentials_refused": "Enter new credentials for the service.",
    "client_refused": "Enter the client secret again as the service shows it.",
    "token_answer_broken": "Check the token address against the service's documentation.",
    "revoked": "Connect it again in wp-admin: the service no longer accepts what it gave.",
}
"""What to do about each kind of trouble; `last_error` begins with one of these words."""


def load(conn: Connection, shop_id: str, ident: str, *, lock: bool = False) -> Row:
    """A service's row; NotFound. With `lock`, nobody else changes it before the transaction ends."""
    query = select(integrations).where(*_is(shop_id, ident))
    row = conn.execute(query.with_for_update() if lock else query).mappings().first()
    if row is None:
        raise NotFound("There is no such integration.", hint="List them: GET /api/v1/integrations")
    return dict(row)


def _is(shop_id: str, ident: str) -> tuple[Any, Any]:
    return integrations.c.shop_id == shop_id, integrations.c.id == ident


def change(conn: Connection, row: Row, **values: Any) -> None:
    """Sets columns of a service's row."""
    conn.execute(update(integrations).where(*_is(row["shop_id"], row["id"])).values(**values))


def credentials(conn: Connection, rt: Runtime, row: Row) -> Row:
    """What opens the service; empty when nothing is kept. Never to be logged or answered."""
    sealed = get_secret(conn, rt.sealer, row["shop_id"], f"link/{row['id']}")
    return {} if sealed is None else dict(json.loads(sealed))


def keep_credentials(conn: Connection, rt: Runtime, row: Row, values: Row) -> None:
    """Seals the credentials in the caller's transaction."""
    raw = json.dumps(present(values)).encode()
    put_secret(conn, rt.sealer, row["shop_id"], f"link/{row['id']}", raw)


def check_address(rt: Runtime, text: str, field: str) -> None:
    """Invalid unless we may send to the address: https, or private where the settings allow that."""
    try:
        if "#" in text:
            raise outbound.AddressRefused("The address has a fragment.", hint="Leave out what follows the #.")
        outbound.check_url(text, allow_private=rt.settings.integrations_allow_private)
    except outbound.AddressRefused as error:
        hint = error.hint if error.details.get("why") != "private" else HINTS["address_refused"]
        raise Invalid(error.message, hint=hint, fields={field: error.message}) from None


def make(rt: Runtime, shop_id: str, given: Row, who: Row | None, asked: Asked | None = None) -> Row:
    """Adds a service: `provider, name, kind, base_url, health_path, rate_per_minute, config, credentials`.

    Conflict when its provider and name are taken or there are too many, Invalid for a bad address. What
    `asked` made before is given again.
    """
    _check_addresses(rt, given)
    moment = now()
    config = {"base_url": given["base_url"], "health_path": given["health_path"], **given["config"]}
    row: Row = {
        "shop_id": shop_id, "id": uuid.uuid4().hex, "provider": given["provider"], "name": given["name"],
        "kind": given["kind"], "config": config, "state": "new", "failures": 0,
        "rate_per_minute": given["rate_per_minute"], "created_by": who, "created_at": moment,
        "updated_at": moment,
    }  # fmt: skip
    with write(rt.db.app) as conn:
        there = repeats.made_before(conn, rt.sealer, asked)
        if there is None:
            _insert(conn, rt, row, given["credentials"])
            repeats.keep(conn, asked, row["id"])
    return get(rt, shop_id, there or row["id"])


def _insert(conn: Connection, rt: Runtime, row: Row, opens: Row) -> None:
    mine = integrations.c.shop_id == row["shop_id"]
    if conn.execute(select(func.count()).select_from(integrations).where(mine)).scalar_one() >= MOST:
        raise Conflict(f"There are {MOST} integrations.", code="too_many", hint="Remove one first.")
    if not insert_new(conn, integrations, row):
        raise Conflict(
            f"{row['provider']} {row['name']!r} is connected already.",
            code="integration_exists",
            hint="Choose another name, or change the one that is there.",
        )
    keep_credentials(conn, rt, row, opens)
    detail = {name: row[name] for name in ("provider", "name", "kind")}
    audit.record(conn, row["shop_id"], row["created_by"], "integration.made", row["id"], detail)


def _check_addresses(rt: Runtime, given: Row) -> None:
    if "?" in given["base_url"]:
        raise Invalid(
            "The base URL has a query.", hint="Leave it out.", fields={"base_url": "must not have a query"}
        )
    check_address(rt, given["base_url"], "base_url")
    for name in ("authorize_url", "token_url", "revoke_url"):
        if given["config"].get(name):
            check_address(rt, given["config"][name], f"oauth2.{name}")


def edit(rt: Runtime, shop_id: str, ident: str, values: Row, fresh: Row, who: Row | None) -> Row:
    """Sets `name`, `rate_per_minute`, `health_path` and, by `fresh` (`{"kind", "config", "credentials"}`),
    new credentials of the same kind.

    Its addresses stay: credentials must not be led elsewhere by an edit.
    """
    with write(rt.db.app) as conn:
        row = load(conn, shop_id, ident, lock=True)
        config = dict(row["config"])
        columns: Row = {key: values[key] for key in ("rate_per_minute", "name") if key in values}
        if columns.get("name", row["name"]) != row["name"]:
            _name_is_free(conn, row, columns["name"])
        if "health_path" in values:
            config["health_path"] = values["health_path"]
        if fresh:
            if fresh["kind"] != row["kind"]:
                raise Invalid(
                    f"The integration is of kind {row['kind']}.",
                    hint="Remove it and make a new one of the other kind.",
                    fields={fresh["kind"]: f"the integration is of kind {row['kind']}"},
                )
            config |= fresh["config"]
            kept = credentials(conn, rt, row) | fresh["credentials"]
            columns |= {"state": _state_after(row, kept), "failures": 0, "retry_at": None}
            keep_credentials(conn, rt, row, kept)
        change(conn, row, config=config, updated_at=now(), **columns)
        detail = {"changed": sorted([*values, *(["credentials"] if fresh else [])])}
        stood = {**row, "health_path": row["config"].get("health_path")}
        before = {key: stood[key] for key in values}
        audit.record(
            conn, shop_id, who, "integration.changed", ident, detail, before=before, after=dict(values)
        )
    return get(rt, shop_id, ident)


def _state_after(row: Row, kept: Row) -> str:
    if row["kind"] != "oauth2":
        return "new"
    # A new client secret brings no tokens back that the service has revoked, and ends none that it gave.
    return "revoked" if row["state"] == "revoked" else "connected" if kept.get("access_token") else "new"


def _name_is_free(conn: Connection, row: Row, name: str) -> None:
    same = (integrations.c.provider == row["provider"]) & (integrations.c.name == name)
    if conn.execute(select(integrations.c.id).where(integrations.c.shop_id == row["shop_id"], same)).first():
        raise Conflict(
            f"{row['provider']} {name!r} is connected already.",
            code="integration_exists",
            hint="Choose another name.",
        )


def remove(rt: Runtime, shop_id: str, ident: str, who: Row | None, detail: Row) -> None:
    """Forgets a service with its credentials and its figures."""
    with write(rt.db.app) as conn:
        row = load(conn, shop_id, ident, lock=True)
        forget_secrets(conn, shop_id, f"link/{ident}")
        for table in (oauth_states, integration_calls):
            conn.execute(delete(table).where(table.c.shop_id == shop_id, table.c.integration_id == ident))
        conn.execute(delete(integrations).where(*_is(shop_id, ident)))
        named = {name: row[name] for name in ("provider", "name")}
        audit.record(conn, shop_id, who, "integration.removed", ident, named | detail)


def get(rt: Runtime, shop_id: str, ident: str) -> Row:
    """One service as the API shows it; NotFound."""
    with read(rt.db.app) as conn:
        row = load(conn, shop_id, ident)
        return _shown(row, _today(conn, shop_id).get(ident, {}), _lately(conn, shop_id).get(ident, 0))


# Made once: Status asks it often.
ALL = (
    select(integrations)
    .where(integrations.c.shop_id == bindparam("shop"))
    .order_by(integrations.c.provider, integrations.c.name)
)


def listed(conn: Connection, shop_id: str) -> list[Row]:
    """All services of a shop with their health, by provider and name."""
    rows = conn.execute(ALL, {"shop": shop_id}).mappings().all()
    figures, used = (_today(conn, shop_id), _lately(conn, shop_id)) if rows else ({}, {})
    return [_shown(dict(row), figures.get(row["id"], {}), used.get(row["id"], 0)) for row in rows]


def health(conn: Connection, shop_id: str) -> list[Row]:
    """The health of every service, for Status."""
    names = ("id", "provider", "name", "state", "health")
    return [{name: row[name] for name in names} for row in listed(conn, shop_id)]


def _today(conn: Connection, shop_id: str) -> dict[str, Row]:
    calls = integration_calls
    query = select(calls).where(calls.c.shop_id == shop_id, calls.c.day == now() // DAY)
    return {row["integration_id"]: dict(row) for row in conn.execute(query).mappings()}


def _lately(conn: Connection, shop_id: str) -> dict[str, int]:
    """What each service has used of its budget, as `integration_calls` counts it: over the last minute."""
    moment, windows = now(), rate_windows
    start = moment - moment % WINDOW_S
    links = windows.c.name.like("link/%")
    query = select(windows).where(
        windows.c.shop_id == shop_id, links, windows.c.starts_at >= start - WINDOW_S
    )
    used: dict[str, int] = {}
    for row in conn.execute(query).mappings():
        share = WINDOW_S if row["starts_at"] >= start else WINDOW_S - (moment - start)
        ident = row["name"].removeprefix("link/")
        used[ident] = used.get(ident, 0) - -row["count"] * share // WINDOW_S
    return used


def _shown(row: Row, today: Row, used: int) -> Row:
    config = {key: value for key, value in row["config"].items() if key not in ("base_url", "health_path")}
    code, _, message = (row["last_error"] or "").partition(": ")
    done = today.get("calls", 0)
    error = {"at": at(row["last_error_at"]), "code": code, "message": message, "hint": HINTS.get(code, "")}
    state = present(
        {
            "last_used_at": at(max(filter(None, (row["last_ok_at"], row["last_error_at"])), default=None)),
            "last_ok_at": at(row["last_ok_at"]),
            "last_error": error if code else None,
            "failures": row["failures"],
            "retry_at": at(row["retry_at"]),
            "used_this_minute": min(used, row["rate_per_minute"]),
            "calls_today": done,
            "failed_today": today.get("failed", 0),
            "refused_today": today.get("refused", 0),
            "mean_ms": round(today["ms"] / done) if done else None,
        }
    )
    return present(
        {
            **{name: row[name] for name in ("id", "provider", "name", "kind", "state", "rate_per_minute")},
            "base_url": row["config"]["base_url"],
            "health_path": row["config"]["health_path"],
            "config": config,
            "token_expires_at": at(row["token_expires_at"]),
            "created_by": row["created_by"],
            "created_at": at(row["created_at"]),
            "updated_at": at(row["updated_at"]),
            "health": state,
        }
    )


# --- health -----------------------------------------------------------------------------------------------


def count(conn: Connection, row: Row, **more: int) -> None:
    """Adds to today's `calls`, `failed`, `refused` and `ms` of a service."""
    calls = integration_calls
    # Everybody locks its row first: else MariaDB lets two that insert the day wait for each other.
    lock = select(integrations.c.id).where(*_is(row["shop_id"], row["id"])).with_for_update()
    if conn.execute(lock).first() is None:
        return  # removed meanwhile
    key = {"shop_id": row["shop_id"], "integration_id": row["id"], "day": now() // DAY}
    insert_new(conn, calls, {**key, "calls": 0, "failed": 0, "refused": 0, "ms": 0})
    mine = [calls.c[name] == value for name, value in key.items()]
    conn.execute(update(calls).where(*mine).values({name: calls.c[name] + more[name] for name in more}))


def note_ok(rt: Runtime, row: Row, ms: int) -> None:
    """The service answered: it is connected, and its circuit closes."""
    with write(rt.db.app) as conn:
        count(conn, row, calls=1, ms=ms)
        connected = case((integrations.c.state == "revoked", "revoked"), else_="connected")
        change(conn, row, state=connected, failures=0, retry_at=None, last_ok_at=now())


def note_trouble(
    rt: Runtime, row: Row, code: str, message: str, *, ms: int = 0, pause_s: int | None = None
) -> bool:
    """The service failed, in one of the ways of `HINTS`; True when its circuit is open now.

    Five failures in a row open it, for 30 s at first and an hour at most; `pause_s` is a pause that the
    service itself asked for, which is no failure.
    """
    with write(rt.db.app) as conn:
        try:
            kept = load(conn, row["shop_id"], row["id"], lock=True)
        except NotFound:
            return True  # removed meanwhile
        count(conn, row, calls=1, failed=1, ms=ms)
        values: Row = {"last_error": f"{code}: {message}"[:300], "last_error_at": now()}
        if pause_s is not None:
            values["retry_at"] = now() + pause_s
        else:
            values["failures"] = kept["failures"] + 1
            beyond = values["failures"] - CIRCUIT_AFTER
            if beyond >= 0:
                values["retry_at"] = now() + min(CIRCUIT_S * 2 ** min(beyond, 10), CIRCUIT_MOST_S)
            if kept["state"] != "revoked" and (
                beyond >= 0 or code in ("credentials_refused", "client_refused")
            ):
                values["state"] = "failing"
        change(conn, row, **values)
        return "retry_at" in values
