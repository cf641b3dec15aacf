"""Around every request: who may connect at all, how often, and what the answer's headers say.

Order: `begin` (request id, address, https, networks, CORS), `sidecar.api.access` (who calls, which asks
`admit` for the rate), the view, `end` (headers, log, metrics; a request refused before anybody was known
counts against its address).
"""

from __future__ import annotations

import re
import time
import uuid
from dataclasses import dataclass
from typing import Any, cast

import structlog
from flask import Flask, Request, Response, current_app, g, request
from werkzeug.exceptions import RequestEntityTooLarge

from sidecar import __version__
from sidecar.api import errors
from sidecar.core.errors import DevSkyyError, Forbidden
from sidecar.runtime import metrics
from sidecar.runtime.base import Caller, Runtime
from sidecar.security import limits
from sidecar.security.limits import Limit, Limiter, Network, TooMany, Verdict
from sidecar.settings import Settings

POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
DOCS_POLICY = (
    POLICY.replace("'none'", "'self'", 1) + "; style-src 'self' 'unsafe-inline'; img-src 'self' data:"
)
OFF = (
    "accelerometer", "autoplay", "bluetooth", "camera", "display-capture", "encrypted-media", "fullscreen",
    "geolocation", "gyroscope", "hid", "magnetometer", "microphone", "midi", "payment",
    "publickey-credentials-get", "screen-wake-lock", "serial", "usb", "web-share", "xr-spatial-tracking",
)  # fmt: skip
HEADERS = {
    "X-DevSkyy-Version": __version__,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": ", ".join(f"{name}=()" for name in OFF),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
HSTS = "max-age=31536000"
CORS = {
    "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, X-Request-ID",
    "Access-Control-Max-Age": "600",
}
RATE_NAMES = ("RateLimit", "RateLimit-Policy", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
SHOWN = ", ".join(("X-Request-ID", "Retry-After", *RATE_NAMES))
OPEN_BODY_BYTES = 131_072
"""Largest body of a request without a token."""
PROBE = "/health"
LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
LOG = structlog.get_logger("request")
KINDS = ("sign_in", "open", "failed", "read", "write", "run", "plugin")


@dataclass(frozen=True)
class Shield:
    """What the settings say, read once."""

    limiter: Limiter
    limit: dict[str, Limit]
    routes: dict[str, Limit]
    allowed: tuple[Network, ...]
    proxies: tuple[Network, ...]
    origins: frozenset[str]


def init_app(app: Flask, rt: Runtime) -> None:
    """Puts the shield before everything else."""
    app.extensions["devskyy_shield"] = _shield(rt)
    app.extensions["devskyy_admit"] = admit
    app.before_request(begin)
    app.after_request(end)


def _shield(rt: Runtime) -> Shield:
    given: Settings = rt.settings
    return Shield(
        Limiter(rt.db.app, rt.sealer),
        {kind: Limit.of(kind, getattr(given, f"rate_{kind}")) for kind in KINDS},
        dict(_route_limit(text) for text in given.rate_routes.split(",") if text.strip()),
        limits.networks(given.allowed_networks),
        limits.networks(given.trusted_proxies),
        frozenset(given.cors_origins.replace(",", " ").split()),
    )


def _route_limit(text: str) -> tuple[str, Limit]:
    method, path, amount = text.split(maxsplit=2)
    return f"{method} {path}", Limit.of(f"{method} {path}", amount)


def shield() -> Shield:
    """The shield of the app that serves this request."""
    return cast(Shield, current_app.extensions["devskyy_shield"])


def begin() -> Response | None:
    """Names the request and its address, and refuses what may not connect; answers a CORS preflight."""
    own, asked, about = shield(), _here(request), _here(g)
    given = asked.headers.get("X-Request-ID", "")
    kept = 0 < len(given) <= 64 and given.isascii() and given.isprintable()
    about.request_id = given if kept else uuid.uuid4().hex
    about.started = time.monotonic()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=about.request_id)
    _locate(own, asked, about)
    if asked.path != PROBE:  # the one thing that load balancers ask, and it holds no secret
        _check_origin(own)
    if "Transfer-Encoding" in asked.headers:
        _limit_body(_settings().max_body_bytes)
    return _preflight() if asked.method == "OPTIONS" else None


def _here(proxy: Any) -> Any:
    """What a proxy of Flask stands for: looked up once, not at each use."""
    return proxy._get_current_object()


def _locate(own: Shield, asked: Request, about: Any) -> None:
    """Sets `g.address` (text; None when unknown), `g.secure`, `g.from_here` (the caller is on this machine,
    with nothing in between) and `g.local` (and named it so). Headers of anybody but a trusted proxy tell
    nothing.
    """
    peer, found = limits.address(asked.remote_addr), None
    forwarded = "X-Forwarded-For" in asked.headers or "Forwarded" in asked.headers
    proxied = limits.within(peer, own.proxies)
    about.secure = asked.scheme == "https" or (proxied and _last("X-Forwarded-Proto") == "https")
    if proxied:
        found = _behind(own)
    known = about.known = found or peer
    about.address = str(known) if known else None
    loopback = known is not None and known.is_loopback
    about.from_here = loopback and not forwarded and not proxied
    # A page elsewhere may let its own name point here (DNS rebinding): then the browser sends that name.
    about.local = about.from_here and _host() in LOCAL_NAMES


def _host() -> str:
    return request.host.rpartition(":")[0].strip("[]") if ":" in request.host else request.host


def _behind(own: Shield) -> limits.Address | None:
    """The nearest address of X-Forwarded-For that is no proxy of ours: what stands left of it, the caller may
    have made up."""
    for text in reversed(",".join(request.headers.getlist("X-Forwarded-For")).split(",")):
        found = limits.address(text)
        if found is None or not limits.within(found, own.proxies):
            return found
    return None


def _last(name: str) -> str:
    return ",".join(request.headers.getlist(name)).rpartition(",")[2].strip().lower()


def _check_origin(own: Shield) -> None:
    if own.allowed and not limits.within(g.known, own.allowed):
        raise Forbidden(
            "Requests from this address are not taken.",
            code="address_not_allowed",
            hint="Add its network to DEVSKYY_ALLOWED_NETWORKS on the sidecar's machine.",
        )
    if not (g.secure or g.from_here or _settings().allow_http):
        raise Forbidden(
            "Plain http is taken from this machine only.",
            code="https_required",
            hint="Call by https. Behind a proxy with TLS name the proxy in DEVSKYY_TRUSTED_PROXIES; in a "
            "private network set DEVSKYY_ALLOW_HTTP=true.",
        )


def _limit_body(most: int) -> None:
    request.max_content_length = most
    # Werkzeug cuts a body of unknown length at the limit instead of refusing it.
    if len(request.get_data()) >= most and request.content_length is None:
        raise RequestEntityTooLarge()


def _preflight() -> Response:
    origin = _open_origin()
    if origin is None or "Access-Control-Request-Method" not in request.headers:
        raise Forbidden(
            "Pages of other origins may not call this API.",
            code="cors_closed",
            hint="Call it from a server, or name the page's origin in DEVSKYY_CORS_ORIGINS.",
        )
    return Response(status=204, headers=CORS)


def _open_origin() -> str | None:
    origin = request.headers.get("Origin")
    return origin if origin in shield().origins else None


def admit(who: Caller | None, rule: str) -> None:
    """Counts the request against its caller's limit, or its address's where anybody may call; TooMany when
    that is used up. Called by `sidecar.api.access` once it knows who calls."""
    kind = kind_of(who.kind if who else None, rule, request.method)
    g.admitted = True
    if who is not None:
        name = who.shop_id if who.kind == "plugin" else f"{who.shop_id} {who.kind} {who.ident}"
        _count(shield().limit[kind], name)
        route = shield().routes.get(f"{request.method} {_path()}") if who.kind != "plugin" else None
        if route is not None:
            _count(route, name)
        return
    if request.path == PROBE:
        return
    if kind == "sign_in":
        _limit_body(min(OPEN_BODY_BYTES, _settings().max_body_bytes))
    _count(shield().limit[kind], _hashed_address())
    login = _login() if kind == "sign_in" else None
    if login:
        _count(shield().limit[kind], f"login {shield().limiter.hashed(login)}")


def _path() -> str:
    return re.sub(r"<(?:[^:>]+:)?(\w+)>", r"{\1}", str(request.url_rule))


def kind_of(caller: str | None, rule: str, method: str) -> str:
    """Which limit holds: by the caller's kind (None: nobody known), the view's rule and the method."""
    reading = method in ("GET", "HEAD")
    if caller is None:
        return "open" if reading else "sign_in"
    if caller == "plugin":
        return "plugin"
    if rule == "runs:write":
        return "run"
    return "read" if reading else "write"


def _count(limit: Limit, who: str) -> None:
    verdict = shield().limiter.take(limit, who)
    former: Verdict | None = g.get("rate")
    if former is None or not verdict.allowed or verdict.remaining < former.remaining:
        g.rate = verdict
    if not verdict.allowed:
        raise TooMany(verdict)


def _hashed_address() -> str:
    return f"address {shield().limiter.hashed(limits.counted(g.known))}"


def _login() -> str | None:
    """Whom a sign-in request means, from JSON, form or Basic."""
    try:
        body: Any = request.get_json(silent=True) if request.is_json else request.form
    except RecursionError:  # brackets within brackets; the body's check says so
        body = None
    given: Any = body if hasattr(body, "get") else {}
    basic = request.authorization and request.authorization.username
    login = given.get("login") or given.get("client_id") or basic
    return login.strip().lower()[:200] if isinstance(login, str) else None


def end(response: Response) -> Response:
    """Counts a refusal of nobody in particular, sets the headers, writes log and metrics."""
    asked, about = _here(request), _here(g)
    if response.status_code >= 400 and not about.get("admitted") and "started" in about:
        response = _failed(response)
    route = asked.url_rule.rule if asked.url_rule else "unknown"
    seconds = time.monotonic() - about.get("started", time.monotonic())
    metrics.REQUESTS.labels(route, asked.method, response.status_code).inc()
    metrics.REQUEST_SECONDS.labels(route).observe(seconds)
    _dress(response, route, about)
    LOG.info(
        "request",
        method=asked.method,
        route=route,
        status=response.status_code,
        ms=round(seconds * 1000, 1),
    )
    return response


def _failed(response: Response) -> Response:
    """The refusal, or 429 once an address has had too many: so nobody learns more by trying. A caller with a
    good token is never refused for what others at its address do."""
    try:
        _count(shield().limit["failed"], _hashed_address())
    except DevSkyyError as error:
        # The database being away must not turn a refusal into something else.
        return errors.answer(error) if isinstance(error, TooMany) else response
    return response


def _dress(response: Response, route: str, about: Any) -> None:
    head = response.headers
    # No view sets one of these; `add` does not look for it first, as setting does.
    for name, value in HEADERS.items():
        head.add(name, value)
    head.add("X-Request-ID", about.get("request_id", ""))
    head.add("Content-Security-Policy", DOCS_POLICY if route.startswith("/docs") else POLICY)
    head.setdefault("Cache-Control", "no-store")
    if about.get("secure"):
        head.add("Strict-Transport-Security", HSTS)
    if "rate" in about:
        for name, value in rate_headers(about.rate).items():
            head.add(name, value)
    if shield().origins:
        head.add("Vary", "Origin")
        if origin := _open_origin():
            head["Access-Control-Allow-Origin"] = origin
            head["Access-Control-Expose-Headers"] = SHOWN
            head["Cross-Origin-Resource-Policy"] = "cross-origin"


def rate_headers(verdict: Verdict) -> dict[str, str]:
    """The limit in both forms that clients know: single fields (draft-ietf-httpapi-ratelimit-headers-07) and
    structured ones (-10)."""
    limit = verdict.limit
    return {
        "RateLimit-Limit": str(limit.amount),
        "RateLimit-Remaining": str(verdict.remaining),
        "RateLimit-Reset": str(verdict.reset),
        "RateLimit-Policy": f'"{limit.name}";q={limit.amount};w={limit.seconds}',
        "RateLimit": f'"{limit.name}";r={verdict.remaining};t={verdict.reset}',
    }


def _settings() -> Settings:
    return cast(Runtime, current_app.extensions["devskyy"]).settings
