"""OAuth 2 for connected services: authorization code with PKCE, one refresh at a time, revocation.

RFC 6749 and 7636 (S256 only), RFC 9207 against mixed-up issuers, RFC 7009 to revoke. The library builds and
reads the messages; they travel through `sidecar.security.outbound`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote_plus, urlsplit

from oauthlib.common import add_params_to_uri
from oauthlib.oauth2 import OAuth2Error, WebApplicationClient
from oauthlib.oauth2.rfc6749.parameters import parse_token_response
from sqlalchemy import Connection, delete, insert, select

from sidecar.core.errors import Conflict, DevSkyyError, Forbidden, Invalid, Unavailable
from sidecar.db import lease, read, write
from sidecar.db.outgoing import oauth_states
from sidecar.runtime import audit, integrations
from sidecar.runtime.base import Row, Runtime, now
from sidecar.runtime.shop import shop_row
from sidecar.security import outbound
from sidecar.security.sealing import key_of

STATE_S = 600
MARGIN_S = 60
TIMEOUT_S = 10.0
LEASE_S, LEASE_WAIT_S, POLL_S = 30, 20.0, 0.1
MOST_BYTES = 100_000
TEN_YEARS_S = 10 * 365 * 86_400
TOKENS = ("access_token", "refresh_token", "expires_at", "margin_s")
ERROR_WORD = re.compile(r"[a-z_]{1,40}")


class TokenRefused(DevSkyyError):
    """The token endpoint said no; `error` is its word of RFC 6749, section 5.2."""

    status = 409
    code = "authorization_refused"

    def __init__(self, error: str) -> None:
        # Never more than the bare word: what a service writes beside it may hold what we sent.
        self.error = error if ERROR_WORD.fullmatch(error) else "unknown_error"
        wrong_client = self.error in ("invalid_client", "unauthorized_client")
        hint = integrations.HINTS["client_refused"] if wrong_client else "Begin again in wp-admin."
        super().__init__(f"The service refused: {self.error}.", hint=hint)


# --- connecting -------------------------------------------------------------------------------------------


def begin(rt: Runtime, shop_id: str, ident: str, redirect_uri: str, who: Row | None) -> str:
    """The address to send the person's browser to; its state is good for one return within ten minutes.

    The state is `<integration id>.<random>`. Invalid unless `redirect_uri` lies in the wp-admin of this shop.
    """
    _check_return(shop_row(rt, shop_id)["home_url"], redirect_uri)
    # The id stands in the state, so that one page of wp-admin takes the returns of all services.
    state, moment = f"{ident}.{secrets.token_urlsafe(32)}", now()
    with write(rt.db.app) as conn:
        row = _oauth(integrations.load(conn, shop_id, ident))
        client = WebApplicationClient(row["config"]["client_id"])
        verifier = client.create_code_verifier(64)
        kept = json.dumps({"verifier": verifier, "who": (who or {}).get("id")}).encode()
        hashed = _hashed(state)
        conn.execute(delete(oauth_states).where(oauth_states.c.expires_at < moment))
        sealed = rt.sealer.seal(shop_id, f"state/{hashed}", kept)
        ours = {"shop_id": shop_id, "integration_id": ident, "state_hash": hashed, "sealed": sealed}
        times = {"created_at": moment, "expires_at": moment + STATE_S}
        conn.execute(
            insert(oauth_states).values(**ours, **times, key_id=key_of(sealed), redirect_uri=redirect_uri)
        )
        audit.record(conn, shop_id, who, "integration.authorize", ident)
    asked = {
        **row["config"].get("params", {}),
        "response_type": "code",
        "client_id": row["config"]["client_id"],
        "redirect_uri": redirect_uri,
        "scope": " ".join(row["config"]["scopes"]),
        "state": state,
        "code_challenge": client.create_code_challenge(verifier, "S256"),
        "code_challenge_method": "S256",
    }
    pairs = [(name, value) for name, value in asked.items() if value]
    return str(add_params_to_uri(row["config"]["authorize_url"], pairs))


def finish(rt: Runtime, shop_id: str, ident: str, given: Row, who: Row | None) -> Row:
    """Takes `{"state", "code" or "error", "iss"?}` of the person's return; the integration, connected.

    Conflict `state_unknown` (used, another shop's, another service's), `state_expired`, `issuer_mixed_up` or
    `authorization_refused`; Forbidden when somebody else began it.
    """
    with write(rt.db.app) as conn:
        row = _oauth(integrations.load(conn, shop_id, ident))
        begun = _use_state(conn, row, given["state"])
    # Opened after the commit: a state is used up by its first return, however that ends.
    kept = _opened(rt, begun, who)
    _check_issuer(row["config"], given.get("iss"))
    if given.get("error") or not given.get("code"):
        raise TokenRefused(given.get("error") or "no_code")
    client = WebApplicationClient(row["config"]["client_id"])
    body = client.prepare_request_body(
        code=given["code"],
        redirect_uri=begun["redirect_uri"],
        include_client_id=False,
        code_verifier=kept["verifier"],
    )
    with _alone(rt, row):
        with read(rt.db.app) as conn:
            secret = integrations.credentials(conn, rt, row).get("client_secret")
        tokens = _ask(rt, row, secret, body)
        with write(rt.db.app) as conn:
            integrations.load(conn, shop_id, ident, lock=True)
            _keep(conn, rt, row, {"client_secret": secret, **tokens})
            integrations.change(conn, row, last_ok_at=now(), last_error=None, last_error_at=None)
            audit.record(conn, shop_id, who, "integration.connected", ident)
    return integrations.get(rt, shop_id, ident)


def _oauth(row: Row) -> Row:
    if row["kind"] != "oauth2":
        raise Conflict(
            f"The integration is of kind {row['kind']}.",
            code="not_oauth2",
            hint="Its credentials are entered, not authorized: PATCH them.",
        )
    return row


def _hashed(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()


def _check_return(home_url: str, redirect_uri: str) -> None:
    """WordPress may live in a folder below the home URL, so wp-admin may too. A shop on http may have its
    wp-admin on https (FORCE_SSL_ADMIN changes the scheme and nothing else), never the other way round.
    """
    home = urlsplit(home_url)
    try:
        there = urlsplit(redirect_uri)
        same = there.scheme in (home.scheme, "https")
        same = same and (there.hostname, there.port) == (home.hostname, home.port)
    except ValueError:
        same = False
    inside = same and there.path.startswith(home.path.rstrip("/") + "/") and "/wp-admin/" in there.path
    odd = "@" in redirect_uri or "#" in redirect_uri or ".." in redirect_uri or "%2e" in redirect_uri.lower()
    if not inside or odd or not integrations.PLAIN.fullmatch(redirect_uri):
        raise Invalid(
            "The way back does not lead to this shop's wp-admin.",
            hint=f"Use an address below {home_url}/wp-admin/, by https where wp-admin is.",
            fields={"redirect_uri": "must be an address of this shop's wp-admin"},
        )


def _use_state(conn: Connection, row: Row, state: str) -> Row:
    mine = (
        (oauth_states.c.shop_id == row["shop_id"])
        & (oauth_states.c.integration_id == row["id"])
        & (oauth_states.c.state_hash == _hashed(state))
    )
    begun = conn.execute(select(oauth_states).where(mine)).mappings().first()
    # Of two returns at once, only the one whose DELETE finds the row goes on.
    if begun is None or not conn.execute(delete(oauth_states).where(mine)).rowcount:
        raise Conflict(
            "This return belongs to no connection under way.",
            code="state_unknown",
            hint="Begin again: each start is good for one return.",
        )
    return dict(begun)


def _opened(rt: Runtime, begun: Row, who: Row | None) -> Row:
    if begun["expires_at"] <= now():
        raise Conflict("The return came later than ten minutes.", code="state_expired", hint="Begin again.")
    sealed = rt.sealer.open(begun["shop_id"], f"state/{begun['state_hash']}", begun["sealed"])
    kept: Row = json.loads(sealed)
    if kept["who"] != (who or {}).get("id"):
        raise Forbidden(
            "Somebody else began this connection.",
            code="state_of_another",
            hint="Begin again as yourself, and do not follow links to this page.",
        )
    return kept


def _check_issuer(config: Row, iss: str | None) -> None:
    """RFC 9207: the answer must come from the server that was asked.

    Without a configured issuer, one that is sent must at least share the authorize address's origin.
    """
    wanted = config.get("issuer")
    if wanted:
        right = iss is not None and hmac.compare_digest(iss.encode(), wanted.encode())
    else:
        right = iss is None or _origin(iss) == _origin(config["authorize_url"])
    if not right:
        raise Conflict(
            "The answer comes from another service than the one that was asked.",
            code="issuer_mixed_up",
            hint="Begin again. If it stays, compare `issuer` with the service's documentation.",
        )


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()


# --- tokens -----------------------------------------------------------------------------------------------


def access_token(rt: Runtime, row: Row, *, refused: str | None = None) -> str:
    """A token that is good for a while; it is renewed before it expires, and when the service `refused` it.

    One process renews, the others wait and take what it got. Conflict `integration_not_connected` or
    `integration_revoked`, Unavailable while the service is away.
    """
    with read(rt.db.app) as conn:
        kept = integrations.credentials(conn, rt, row)
    if _good(kept, refused):
        return str(kept["access_token"])
    with _alone(rt, row):
        with read(rt.db.app) as conn:
            row = integrations.load(conn, row["shop_id"], row["id"])
            kept = integrations.credentials(conn, rt, row)
        if _good(kept, refused):
            return str(kept["access_token"])
        return _refreshed(rt, row, kept)


def _good(kept: Row, refused: str | None) -> bool:
    token, until = kept.get("access_token"), kept.get("expires_at")
    return bool(token) and token != refused and (until is None or until - kept["margin_s"] > now())


def _refreshed(rt: Runtime, row: Row, kept: Row) -> str:
    used = kept.get("refresh_token")
    if row["state"] == "revoked" or not used:
        if kept.get("access_token"):
            _revoked(rt, row, kept, "The token has ended, and the service gave none to renew it with.")
        connected = row["state"] == "revoked" or kept.get("access_token")
        raise Conflict(
            "The integration must be connected again." if connected else "The integration is not connected.",
            code="integration_revoked" if connected else "integration_not_connected",
            hint="Connect it in wp-admin.",
        )
    client = WebApplicationClient(row["config"]["client_id"])
    body = client.prepare_refresh_body(refresh_token=used, include_client_id=False)
    try:
        tokens = _ask(rt, row, kept.get("client_secret"), body)
    except TokenRefused as error:
        if error.error != "invalid_grant":
            integrations.note_trouble(rt, row, "client_refused", error.message)
            raise
        return _revoked(rt, row, kept, "The service no longer accepts the connection.")
    with write(rt.db.app) as conn:
        integrations.load(conn, row["shop_id"], row["id"], lock=True)
        newest = integrations.credentials(conn, rt, row)
        if newest.get("refresh_token") == used:
            newest = {"client_secret": newest.get("client_secret"), "refresh_token": used, **tokens}
            _keep(conn, rt, row, newest)
    return str(newest["access_token"])


def _revoked(rt: Runtime, row: Row, used: Row, why: str) -> str:
    """Forgets tokens that are worth nothing any more, unless newer ones came meanwhile: then one of those."""
    with write(rt.db.app) as conn:
        integrations.load(conn, row["shop_id"], row["id"], lock=True)
        newest = integrations.credentials(conn, rt, row)
        if newest.get("access_token") not in (None, used.get("access_token")):
            return str(newest["access_token"])
        left = {name: value for name, value in newest.items() if name not in TOKENS}
        integrations.keep_credentials(conn, rt, row, left)
        note = {"last_error": f"revoked: {why}", "last_error_at": now()}
        integrations.change(conn, row, state="revoked", token_expires_at=None, **note)
        audit.record(conn, row["shop_id"], None, "integration.revoked", row["id"], {"why": why})
    raise Conflict(why, code="integration_revoked", hint=integrations.HINTS["revoked"])


def _keep(conn: Connection, rt: Runtime, row: Row, values: Row) -> None:
    """Tokens and row in one transaction: a rotated refresh token must never be half saved."""
    integrations.keep_credentials(conn, rt, row, values)
    until = values.get("expires_at")
    integrations.change(
        conn, row, state="connected", failures=0, retry_at=None, token_expires_at=until, updated_at=now()
    )


def _ask(rt: Runtime, row: Row, secret: str | None, body: str) -> Row:
    """Tokens of the token endpoint; TokenRefused, or Unavailable when it is away or talks nonsense."""
    try:
        answer = _post(rt, row["config"], row["config"]["token_url"], secret, body)
    except DevSkyyError as error:
        code = error.code if error.code in integrations.HINTS else "unreachable"
        integrations.note_trouble(rt, row, code, "The token endpoint cannot be reached.")
        raise
    if answer.status >= 500 or answer.status == 429:
        integrations.note_trouble(rt, row, "server_error", f"The token endpoint answered {answer.status}.")
        raise Unavailable(
            f"The service's token endpoint answered {answer.status}.",
            code="integration_failing",
            hint=integrations.HINTS["server_error"],
        )
    try:
        return _read_tokens(answer.body.decode())
    except OAuth2Error as error:
        if error.error == "missing_token":
            return _broken(rt, row)
        raise TokenRefused(str(error.error)) from None
    except (ValueError, TypeError, AttributeError):
        return _broken(rt, row)


def _broken(rt: Runtime, row: Row) -> Row:
    integrations.note_trouble(rt, row, "token_answer_broken", "The token endpoint's answer holds no token.")
    raise Unavailable(
        "The token endpoint's answer holds no bearer token.",
        code="token_answer_broken",
        hint=integrations.HINTS["token_answer_broken"],
        status=502,
    ) from None


def _read_tokens(text: str) -> Row:
    found = dict(parse_token_response(text))
    token, again = found["access_token"], found.get("refresh_token")
    if str(found.get("token_type", "bearer")).lower() != "bearer" or not _header_safe(token):
        raise ValueError("no bearer token")
    tokens: Row = {"access_token": token}
    if again is not None:
        if not isinstance(again, str) or not again:
            raise ValueError("no refresh token")
        tokens["refresh_token"] = again
    if found.get("expires_in") is not None:
        seconds = max(0, min(int(found["expires_in"]), TEN_YEARS_S))
        tokens |= {"expires_at": now() + seconds, "margin_s": min(MARGIN_S, seconds // 2)}
    return tokens


def _header_safe(token: object) -> bool:
    return isinstance(token, str) and bool(re.fullmatch(r"[\x21-\x7e]{1,20000}", token))


def _post(rt: Runtime, config: Row, url: str, secret: str | None, body: str) -> outbound.Answer:
    """A form to the service as the client: by HTTP Basic or in the body (RFC 6749, section 2.3.1)."""
    client_id = config["client_id"]
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    if secret and config["client_auth"] == "basic":
        pair = f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()
        headers["Authorization"] = "Basic " + base64.b64encode(pair).decode()
    else:
        body += f"&client_id={quote_plus(client_id)}"
        body += f"&client_secret={quote_plus(secret)}" if secret else ""
    return outbound.send(
        "POST",
        url,
        headers=headers,
        body=body.encode(),
        timeout=TIMEOUT_S,
        allow_private=rt.settings.integrations_allow_private,
        max_bytes=MOST_BYTES,
    )


@contextmanager
def _alone(rt: Runtime, row: Row) -> Iterator[None]:
    """Only one thread of all processes changes a service's tokens."""
    name, owner = f"link/{row['id']}", f"{rt.owner}/{secrets.token_hex(4)}"
    end = time.monotonic() + LEASE_WAIT_S
    while not _take(rt, row["shop_id"], name, owner):
        if time.monotonic() > end:
            raise Unavailable(
                "Another process has been renewing the token for long.",
                code="integration_busy",
                hint="Try again in half a minute.",
            )
        time.sleep(POLL_S)
    try:
        yield
    finally:
        lease.give_back(rt.db.app, row["shop_id"], name, owner)


def _take(rt: Runtime, shop_id: str, name: str, owner: str) -> bool:
    try:
        return lease.take(rt.db.app, shop_id, name, owner, now=now(), seconds=LEASE_S)
    except Unavailable as error:
        if error.code != "database_locked":
            raise
        return False  # MariaDB ended one of several that wanted it at once


# --- parting ----------------------------------------------------------------------------------------------


def disconnect(rt: Runtime, shop_id: str, ident: str, who: Row | None) -> Row:
    """Revokes at the service where it has an endpoint for that, and forgets; `{"revoked": bool}`.

    The service's trouble does not keep us from forgetting.
    """
    with read(rt.db.app) as conn:
        row = integrations.load(conn, shop_id, ident)
    with _alone(rt, row):
        result = {"revoked": _revoke(rt, row)}
        integrations.remove(rt, shop_id, ident, who, result)
    return result


def _revoke(rt: Runtime, row: Row) -> bool:
    url = row["config"].get("revoke_url")
    with read(rt.db.app) as conn:
        kept = integrations.credentials(conn, rt, row)
    # Revoking the refresh token ends the access tokens with it (RFC 7009, section 2.1).
    name = "refresh_token" if kept.get("refresh_token") else "access_token"
    if not url or not kept.get(name):
        return False
    try:
        body = f"token={quote_plus(kept[name])}&token_type_hint={name}"
        return _post(rt, row["config"], url, kept.get("client_secret"), body).status == 200
    except DevSkyyError:
        return False
