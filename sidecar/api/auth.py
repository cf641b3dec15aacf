"""Signing in: login, refresh, logout, public keys, and OAuth 2 client credentials."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote_plus

from flask import Response, g, jsonify, request
from flask_openapi.models.media_type import MediaType
from flask_openapi.models.request_body import RequestBody

from sidecar.api import access_shapes as shapes
from sidecar.api.access import ANY, OPEN, access, address, caller, runtime
from sidecar.api.access_models import LoginBody, LogoutBody, RefreshBody
from sidecar.api.group import NO_TOKEN, group, said
from sidecar.runtime import identity
from sidecar.security.clients import OAuthError

bp = group("auth", "Signing in.")
FORM = "application/x-www-form-urlencoded"
FIELDS = ("grant_type", "scope", "client_id", "client_secret")


def _token_form() -> RequestBody:
    text = {"type": "string", "maxLength": 2000}
    grant = {"type": "string", "enum": ["client_credentials"]}
    fields = {name: grant if name == "grant_type" else text for name in FIELDS}
    schema = {"type": "object", "required": ["grant_type"], "properties": fields}
    return RequestBody(required=True, content={FORM: MediaType.model_validate({"schema": schema})})


def _refusals() -> dict[Any, Any]:
    text = {"type": "string"}
    fields = dict.fromkeys(("error", "error_description", "hint", "request_id"), text)
    schema = {
        "type": "object", "required": ["error", "error_description", "ok"],
        "properties": fields | {"ok": {"type": "boolean", "enum": [False]}},
    }  # fmt: skip
    content = {"application/json": {"schema": schema}}
    words = {"400": "Refused, RFC 6749 section 5.2", "401": "The client is not known"}
    return {status: {"description": text, "content": content} for status, text in words.items()}


@bp.post("/api/v1/auth/login", openapi_extensions=NO_TOKEN, responses=said(shapes.Tokens))
@access(OPEN)
def login(body: LoginBody) -> Any:
    """Sign in: an access token for half an hour and a refresh token for a week"""
    device = request.headers.get("User-Agent", "")
    tokens = identity.login(runtime(), body.shop, body.login, body.password, device, address())
    return {"ok": True, **tokens}


@bp.post("/api/v1/auth/refresh", openapi_extensions=NO_TOKEN, responses=said(shapes.Tokens))
@access(OPEN)
def refresh(body: RefreshBody) -> Any:
    """Get new tokens; the refresh token holds once, and a second use ends the session"""
    return {"ok": True, **identity.refresh(runtime(), body.refresh_token, address())}


@bp.post("/api/v1/auth/logout", responses=said(shapes.SignedOut))
@access(ANY)
def logout(body: LogoutBody) -> Any:
    """End this session, or all of the login"""
    return {"ok": True, "ended": identity.logout(runtime(), caller(), everywhere=body.everywhere)}


@bp.get("/api/v1/auth/keys", openapi_extensions=NO_TOKEN, responses=said(shapes.PublicKeys))
@access(OPEN)
def public_keys() -> Any:
    """The public keys of access tokens as a JWK set; none with HS256"""
    return {"ok": True, "keys": identity.public_keys(runtime())}


def token() -> Any:
    """Get an access token by OAuth 2 client credentials (RFC 6749, section 4.4)"""
    client_id, secret, scope = _read_form()
    answer = {"ok": True, **identity.client_token(runtime(), client_id, secret, scope)}
    return answer, 200, {"Cache-Control": "no-store", "Pragma": "no-cache"}


token.__form__ = True  # type: ignore[attr-defined]
bp.post(
    "/oauth/token",
    openapi_extensions=NO_TOKEN,
    request_body=_token_form(),
    responses=said(shapes.ClientToken) | _refusals(),
)(access(OPEN)(token))


@bp.errorhandler(OAuthError)
def refused(error: OAuthError) -> Response:
    """A refusal as RFC 6749, section 5.2, has it, with our hint and request id beside."""
    answer = jsonify(
        error=error.code, error_description=error.message, ok=False, hint=error.hint,
        request_id=g.get("request_id", ""),
    )  # fmt: skip
    answer.status_code = error.status
    if error.status == 401:
        answer.headers["WWW-Authenticate"] = 'Basic realm="devskyy", charset="UTF-8"'
    return answer


def _read_form() -> tuple[str, str, str | None]:
    if request.mimetype != FORM:
        raise _bad(f"The body is no form: send Content-Type {FORM}.")
    form: dict[str, str] = {}
    for name in FIELDS:
        values = request.form.getlist(name)
        if len(values) > 1:
            raise _bad(f"{name} may be sent once.")
        if values and values[0]:
            form[name] = values[0]
    if "grant_type" not in form:
        raise _bad("grant_type is missing.")
    if form["grant_type"] != "client_credentials":
        raise OAuthError(
            "Only client_credentials is known here.", code="unsupported_grant_type",
            hint="People sign in by POST /api/v1/auth/login.",
        )  # fmt: skip
    return (*_client(form), form.get("scope"))


def _client(form: dict[str, str]) -> tuple[str, str]:
    basic = request.authorization
    if basic is None:
        return form.get("client_id", ""), form.get("client_secret", "")
    if "client_secret" in form:
        raise _bad("The client's secret stands in the header and in the body.")
    if basic.type != "basic":
        return "", ""
    client_id = unquote_plus(basic.username or "")
    if form.get("client_id", client_id) != client_id:
        raise _bad("Header and body name different clients.")
    return client_id, unquote_plus(basic.password or "")


def _bad(words: str) -> OAuthError:
    return OAuthError(words, code="invalid_request", hint="See RFC 6749, section 4.4.2.")
