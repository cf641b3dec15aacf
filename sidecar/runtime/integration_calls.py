"""Calls to connected services: bound to their address, within their budget, tried again, and counted.

This is the one layer of retries, and the one way by which agents' tools reach a connected service.
"""

from __future__ import annotations

import base64
import json
import random
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

from sqlalchemy import select, update

from sidecar.core.errors import DevSkyyError, Invalid, Unavailable
from sidecar.db import insert_new, read, write
from sidecar.db.identity import rate_windows
from sidecar.db.outgoing import integrations as table
from sidecar.runtime import audit, integrations, oauth_code
from sidecar.runtime.base import Row, Runtime, now
from sidecar.security import outbound

IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
METHODS = IDEMPOTENT | {"POST", "PATCH"}
TRIES = 3
BACKOFF_S, SLEEP_MOST_S = 0.5, 5.0
PAUSE_S, PAUSE_MOST_S = 30, 3_600
TRIAL_S = 30
WINDOW_S = integrations.WINDOW_S


class Refused(DevSkyyError):
    """The call was not made: the service's budget is used up or its circuit is open."""

    status = 429
    code = "integration_budget"


def call(
    rt: Runtime,
    shop_id: str,
    ident: str,
    method: str,
    path_or_url: str,
    *,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    body: object = None,
    timeout: float = 20.0,
    max_bytes: int = 5_000_000,
    repeatable: bool | None = None,
) -> outbound.Answer:
    """One call to a connected service with its credentials; `body` is bytes, or sent as JSON.

    The address must lie under the service's base URL. 429, 5xx and silence are tried again up to twice where
    the method is idempotent (RFC 9110, section 9.2.2) or `repeatable` says so, e.g. for an idempotency key.
    Other statuses below 500, also 404, are answers. Raises Invalid for another address, AddressRefused for
    one that is no URL or longer than 500 characters, Conflict when it is not connected,
    Refused (429) for budget and open circuit, Unavailable when the service fails.
    """
    method = method.upper()
    if method not in METHODS:
        raise Invalid(
            f"The method {method[:10]} is not for services.", hint="Use GET, POST, PUT, PATCH or DELETE."
        )
    with read(rt.db.app) as conn:
        row = integrations.load(conn, shop_id, ident)
    url = bound(row["config"]["base_url"], path_or_url, query)
    # Here, not when it is sent: a path of odd form or length is the caller's mistake, not the service's.
    outbound.check_url(url, allow_private=rt.settings.integrations_allow_private)
    tries = TRIES if (method in IDEMPOTENT if repeatable is None else repeatable) else 1
    _pass_circuit(rt, row)
    return _tried(rt, row, tries, (method, url, headers or {}, body, timeout, max_bytes))


def check(rt: Runtime, shop_id: str, ident: str, who: Row | None) -> Row:
    """One GET of the health path, even while the circuit is open; `{"works", "status"?, "ms"?, "error"?}`."""
    with read(rt.db.app) as conn:
        row = integrations.load(conn, shop_id, ident)
    found = _checked(rt, row)
    with write(rt.db.app) as conn:
        audit.record(conn, shop_id, who, "integration.checked", ident, {"works": found["works"]})
    return found


def _checked(rt: Runtime, row: Row) -> Row:
    url = bound(row["config"]["base_url"], row["config"]["health_path"], None)
    try:
        answer = _tried(rt, row, 1, ("GET", url, {}, None, 10.0, 100_000))
    except DevSkyyError as error:
        return {"works": False, "error": {"code": error.code, "message": error.message, "hint": error.hint}}
    found: Row = {"works": answer.status < 400, "status": answer.status, "ms": answer.duration_ms}
    if answer.status >= 400:
        message = f"The health path answered {answer.status}."
        hint = "Set `health_path` to one that these credentials may read."
        found["error"] = {"code": "health_path", "message": message, "hint": hint}
    return found


def bound(base_url: str, path_or_url: str, query: Mapping[str, str] | None) -> str:
    """The full address under the base URL; Invalid for everything that leads elsewhere."""
    base, given = urlsplit(base_url), path_or_url
    if "://" in given.partition("?")[0]:
        try:
            parts = urlsplit(given)
            same = (parts.scheme, parts.hostname, parts.port) == (base.scheme, base.hostname, base.port)
        except ValueError:
            same = False
        if not same or "@" in parts.netloc:
            raise _elsewhere(base_url)
        path, asked = parts.path, parts.query
    else:
        path, _, asked = given.partition("?")
        path = f"{base.path.rstrip('/')}/{path.removeprefix('/')}"
    root = base.path.rstrip("/")
    steps = unquote(unquote(path)).replace("\\", "/").split("/")
    if ".." in steps or "//" in path or "#" in given or not f"{path}/".startswith(f"{root}/"):
        raise _elsewhere(base_url)
    pairs = urlencode(query or {})
    asked = "&".join(part for part in (asked, pairs) if part)
    url = f"{base.scheme}://{base.netloc}{path}" + (f"?{asked}" if asked else "")
    if not integrations.PLAIN.fullmatch(url):
        raise _elsewhere(base_url)
    return url


def _elsewhere(base_url: str) -> Invalid:
    return Invalid(
        "The address does not lie under the integration's base URL.",
        code="address_outside",
        hint=f"Give a path, or an address that begins with {base_url}.",
    )


# --- trying -----------------------------------------------------------------------------------------------

Request = tuple[str, str, Mapping[str, str], object, float, int]


def _tried(rt: Runtime, row: Row, tries: int, request: Request) -> outbound.Answer:
    refused: str | None = None
    attempt = 0
    while True:
        _take_budget(rt, row)
        own, token = _credentials(rt, row, refused)
        result = _sent(rt, own, request)
        if isinstance(result, outbound.Answer) and result.status == 401 and token and refused is None:
            refused = token  # the service did nothing with it: a fresh token may go, whatever the method
            with write(rt.db.app) as conn:
                integrations.count(conn, row, calls=1, ms=result.duration_ms)
            continue
        trouble = _trouble(result)
        if isinstance(result, outbound.Answer) and trouble is None:
            integrations.note_ok(rt, row, result.duration_ms)
            return result
        assert trouble is not None
        attempt += 1
        wait = _noted(rt, row, trouble, attempt)
        if attempt >= tries or wait is None:
            raise trouble.error
        time.sleep(wait)


class _Trouble:
    """How a call failed: the word of `HINTS`, the error to raise, and what the service asked to wait."""

    def __init__(self, word: str, message: str, *, status: int = 502, ms: int = 0, wait: float | None = None):
        self.word, self.ms, self.wait = word, ms, wait
        hint = integrations.HINTS.get(word, "")
        self.error = Unavailable(message, code=f"integration_{word}", hint=hint, status=status)


def _sent(rt: Runtime, own: Mapping[str, str], request: Request) -> outbound.Answer | DevSkyyError:
    method, url, headers, body, timeout, max_bytes = request
    ours = {name.lower() for name in own}
    sent = {name: value for name, value in headers.items() if name.lower() not in {*ours, "host"}} | {**own}
    raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    if raw and not isinstance(body, bytes):
        sent.setdefault("Content-Type", "application/json")
    try:
        return outbound.send(
            method,
            url,
            headers=sent,
            body=raw,
            timeout=timeout,
            allow_private=rt.settings.integrations_allow_private,
            max_bytes=max_bytes,
        )
    except DevSkyyError as error:
        return error


def _credentials(rt: Runtime, row: Row, refused: str | None) -> tuple[dict[str, str], str | None]:
    """The headers that open the service, and the token when it can be renewed."""
    if row["kind"] == "oauth2":
        token = oauth_code.access_token(rt, row, refused=refused)
        return {"Authorization": f"Bearer {token}"}, token
    with read(rt.db.app) as conn:
        kept = integrations.credentials(conn, rt, row)
    if row["kind"] == "basic":
        pair = f"{kept['username']}:{kept['password']}".encode()
        return {"Authorization": "Basic " + base64.b64encode(pair).decode()}, None
    return {row["config"]["header"]: row["config"]["prefix"] + kept["key"]}, None


def _trouble(result: outbound.Answer | DevSkyyError) -> _Trouble | None:
    if isinstance(result, DevSkyyError):
        word = result.code if result.code in integrations.HINTS else "unreachable"
        return _Trouble(word, result.message)
    status, ms = result.status, result.duration_ms
    if status == 401:
        return _Trouble("credentials_refused", "The service refused the credentials.", status=409, ms=ms)
    if status == 429 or (status == 503 and "retry-after" in result.headers):
        wait = outbound.retry_after(result.headers.get("retry-after"), now())
        wait = PAUSE_S if wait is None else min(wait, PAUSE_MOST_S)
        return _Trouble("rate_limited", f"The service answered {status}.", status=429, ms=ms, wait=wait)
    if status >= 500:
        return _Trouble("server_error", f"The service answered {status}.", ms=ms)
    return None


def _noted(rt: Runtime, row: Row, trouble: _Trouble, attempt: int) -> float | None:
    """Notes a failure for all processes; seconds to wait before the next try, or None when there is none."""
    pause = None if trouble.wait is None else max(1, round(trouble.wait + 0.5))
    opened = integrations.note_trouble(
        rt, row, trouble.word, trouble.error.message, ms=trouble.ms, pause_s=pause
    )
    if trouble.wait is not None:
        # Others keep away meanwhile; whoever was told may come back first.
        return trouble.wait + random.uniform(0, 0.2) if trouble.wait <= SLEEP_MOST_S else None
    if opened or trouble.word in ("credentials_refused", "address_refused"):
        return None
    return BACKOFF_S * float(2 ** (attempt - 1)) * random.uniform(0.5, 1.5)


# --- budget and circuit -----------------------------------------------------------------------------------


def _pass_circuit(rt: Runtime, row: Row) -> None:
    """While the circuit is open nobody calls; after its time one call tries, and the others wait for it."""
    if row["retry_at"] is None:
        return
    moment = now()
    if row["retry_at"] <= moment:
        mine = (table.c.shop_id == row["shop_id"]) & (table.c.id == row["id"])
        with write(rt.db.app) as conn:
            trial = update(table).where(mine, table.c.retry_at == row["retry_at"])
            if conn.execute(trial.values(retry_at=moment + TRIAL_S)).rowcount:
                return
    wait = max(1, row["retry_at"] - moment)
    word = (row["last_error"] or "").partition(": ")[0]
    raise _not_made(
        rt, row, "integration_paused", "The service failed lately and is left alone for a while.", wait,
        integrations.HINTS.get(word, ""),
    )  # fmt: skip


def _take_budget(rt: Runtime, row: Row) -> None:
    """Uses one call of the budget: a window that slides over two minutes of `rate_windows`.

    One UPDATE compares and counts, so that all processes together never exceed it.
    """
    moment = now()
    start = moment - moment % WINDOW_S
    left = WINDOW_S - (moment - start)
    windows, name = rate_windows, f"link/{row['id']}"
    mine = (windows.c.shop_id == row["shop_id"]) & (windows.c.name == name)
    before, used = 0, None
    while used is None:
        with write(rt.db.app) as conn:
            counts = select(windows.c.count).where(mine)
            before = conn.execute(counts.where(windows.c.starts_at == start - WINDOW_S)).scalar() or 0
            room = _room(row["rate_per_minute"], before, left)
            taken = update(windows).where(mine, windows.c.starts_at == start, windows.c.count < room)
            if conn.execute(taken.values(count=windows.c.count + 1)).rowcount:
                return
            used = conn.execute(counts.where(windows.c.starts_at == start)).scalar()
        if used is None:
            # In a transaction of its own: MariaDB would let two that updated nothing wait for each other.
            at_start = {"shop_id": row["shop_id"], "name": name, "starts_at": start, "count": 0}
            with write(rt.db.app) as conn:
                insert_new(conn, windows, at_start | {"expires_at": start + 3 * WINDOW_S})
    wait = _until_room(row["rate_per_minute"], before, used, left)
    hint = f"Wait {wait} s, or raise the integration's rate budget."
    message = f"The budget of {row['rate_per_minute']} calls a minute is used up."
    raise _not_made(rt, row, "integration_budget", message, wait, hint)


def _room(rate: int, before: int, left: int) -> int:
    """What this minute may use while `left` of its seconds still share the two last ones; rounded down."""
    return rate - -(-before * left // WINDOW_S)


def _until_room(rate: int, before: int, used: int, left: int) -> int:
    for wait in range(1, left):
        if used < _room(rate, before, left - wait):
            return wait
    # In the next minute the present one counts as the one before.
    return next((left + more for more in range(WINDOW_S) if _room(rate, used, WINDOW_S - more) > 0), WINDOW_S)


def _not_made(rt: Runtime, row: Row, code: str, message: str, wait: int, hint: str) -> Refused:
    with write(rt.db.app) as conn:
        integrations.count(conn, row, refused=1)
    details: dict[str, Any] = {"retry_after": wait}
    return Refused(message, code=code, hint=hint, details=details)
