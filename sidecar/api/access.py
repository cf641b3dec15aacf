"""Who may call what: every view says so, and a view that does not is closed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from flask import Flask, Response, current_app, g, request
from sqlalchemy import Connection

from sidecar.api import errors
from sidecar.core.errors import DevSkyyError, Forbidden, Unauthorized
from sidecar.db import write
from sidecar.runtime.base import Caller, Runtime, now
from sidecar.runtime.identity import who_is
from sidecar.security.apikeys import check_key
from sidecar.security.gate import Nonce, authenticate
from sidecar.security.roles import role_for
from sidecar.security.sessions import Holder
from sidecar.security.sessions import check as check_token
from sidecar.security.signing_keys import is_access_token

View = TypeVar("View", bound=Callable[..., Any])
OPEN, SIGNED, PERSON, LOCAL, ANY = "open", "signed", "person", "local", "any"


def access(rule: str) -> Callable[[View], View]:
    """Marks a view: `open`, `signed` (the plugin), `person` (the plugin for a person who may manage the
    shop), `any` (whoever is known), `local` (open on loopback or by setting), or a scope of keys and tokens,
    which the plugin's signature holds too."""

    def mark(view: View) -> View:
        view.__access__ = rule  # type: ignore[attr-defined]
        return view

    return mark


def runtime() -> Runtime:
    """The runtime of the app that serves this request."""
    return cast(Runtime, current_app.extensions["devskyy"])


def caller() -> Caller:
    """Who calls."""
    return cast(Caller, g.caller)


def person() -> dict[str, Any]:
    """The person who acts, as stored with a decision."""
    return cast(dict[str, Any], caller().who)


def init_app(app: Flask) -> None:
    """Checks every request before its body is looked at."""
    app.before_request(check)
    app.after_request(_settle)


def check() -> None:
    """Lets the request pass, or raises 401 or 403."""
    if request.endpoint is None:
        return  # 404 and 405 are answered to everybody
    view = current_app.view_functions[request.endpoint]
    rule = getattr(view, "__access__", None)
    if rule is None:
        raise Forbidden("This route is closed.", hint="See /docs for the routes that exist.")
    if rule == OPEN or (rule == LOCAL and (runtime().settings.docs_open or _from_here())):
        _admit(None, rule)
        return
    g.caller = _who(moving=hasattr(view, "__moving__"), later=hasattr(view, "__uses_nonce__"))
    _admit(g.caller, rule)
    _allow(g.caller, rule)


def use_nonce(conn: Connection) -> None:
    """Remembers the request's nonce in the transaction of a view that is marked `__uses_nonce__`, before it
    writes anything; Conflict `replayed`."""
    nonce: Nonce | None = g.pop("nonce", None)
    if nonce is not None:
        nonce.use(conn)


def _settle(response: Response) -> Response:
    """Where such a view was not reached, or ended before its transaction."""
    if g.get("nonce") is None:
        return response
    try:
        with write(runtime().db.app) as conn:
            use_nonce(conn)
    except DevSkyyError as error:
        return errors.answer(error)
    return response


def _admit(who: Caller | None, rule: str) -> None:
    """Asks `app.extensions["devskyy_admit"]` (rate limits and the like); `who` is None on open routes."""
    admit = current_app.extensions.get("devskyy_admit")
    if admit is not None:
        admit(who, rule)


def address() -> str:
    """The caller's network address; `g.address` where a trusted proxy told it."""
    return str(g.get("address") or request.remote_addr or "")


def _from_here() -> bool:
    return bool(g.get("local"))  # sidecar.api.shield


def _who(*, moving: bool, later: bool) -> Caller:
    rt = runtime()
    token = _bearer()
    if token.startswith("dsk_"):
        key = check_key(rt.db.app, token, now=now(), address=address())
        return Caller("key", key.shop_id, {"key": key.name}, key.scopes, ident=key.id)
    if is_access_token(token):
        return _holder(check_token(rt.db.app, rt.sealer, token, now=now()))
    signed = authenticate(
        rt.db.app,
        rt.sealer,
        authorization=request.headers.get("Authorization"),
        method=request.method,
        path=request.path,
        query=list(request.args.items(multi=True)),
        body=request.get_data(),
        plugin_version=request.headers.get("X-DevSkyy-Version"),
        now=now(),
        moving=moving,
        later=later,
    )
    g.nonce = signed.nonce
    who = signed.claims.who and {name: signed.claims.who.get(name) for name in ("id", "login")}
    manages = signed.person is not None
    return Caller(
        "plugin", signed.shop_id, who, manages=manages, home=signed.claims.home,
        role=role_for(signed.person["caps"]) if signed.person else None,
    )  # fmt: skip


def _bearer() -> str:
    scheme, _, token = (request.headers.get("Authorization") or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _holder(found: Holder) -> Caller:
    who = {"client": found.name} if found.kind == "client" else who_is(found)
    return Caller(
        found.kind, found.shop_id, who, found.scopes, ident=found.id, session=found.session, role=found.role
    )


def _allow(who: Caller, rule: str) -> None:
    if rule == PERSON and not who.manages:
        raise Forbidden(
            "Only a person in wp-admin can do this.",
            code="approval_needs_person",
            hint="Sign in to wp-admin as somebody who may manage WooCommerce, and do it there.",
        )
    if who.kind == "plugin" or rule == ANY:
        return
    rule = "status:read" if rule == LOCAL else rule
    if ":" not in rule:
        raise Unauthorized(
            "Only the paired plugin can do this.", code="signature_missing", hint="Use the pages in wp-admin."
        )
    if rule not in who.scopes:
        raise Forbidden(
            f"This {'login' if who.kind == 'user' else who.kind} lacks the scope {rule}.",
            code="scope_missing",
            hint=f"Make one with it: devskyy keys create --scope {rule}"
            if who.kind == "key"
            else "Give it more in wp-admin under WooCommerce → DevSkyy → Access.",
        )
