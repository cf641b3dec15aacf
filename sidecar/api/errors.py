"""The one error shape on every route (docs/protocol.md, section 2)."""

from __future__ import annotations

import traceback
from typing import Any

import structlog
from flask import Flask, Response, g, jsonify
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException

from sidecar.core.complaints import complaints
from sidecar.core.errors import DevSkyyError, Invalid

log = structlog.get_logger(__name__)

HINTS = {
    400: ("bad_request", "Correct the request."),
    404: ("not_found", "See /docs for the routes that exist."),
    405: ("method_not_allowed", "See /docs for the methods of this route."),
    408: ("request_timeout", "Send the request again."),
    413: ("body_too_large", "Send less at once, or raise DEVSKYY_MAX_BODY_BYTES."),
    414: ("uri_too_long", "Shorten the query."),
    415: ("content_type_unsupported", "Send JSON with Content-Type: application/json."),
    431: ("headers_too_large", "Send fewer or shorter headers."),
}


def init_app(app: Flask) -> None:
    """Registers the handlers for expected, HTTP and unexpected errors."""
    app.register_error_handler(DevSkyyError, _expected)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def answer(error: DevSkyyError) -> Response:
    """An error as a response; a Response, because flask-openapi takes nothing else from its callback."""
    response = jsonify({"ok": False, "error": error.as_dict(g.get("request_id"))})
    response.status_code = error.status
    if error.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="devskyy"'
    if error.status in (429, 503):
        response.headers["Retry-After"] = str(error.details.get("retry_after", 30))
    return response


def invalid(error: ValidationError) -> Response:
    """flask-openapi's callback: a body, query or path that does not fit its model."""
    return answer(
        Invalid(
            "The request is not right.", hint="Correct the fields that are named.", fields=complaints(error)
        )
    )


def _expected(error: DevSkyyError) -> Response:
    if error.status >= 500:
        log.warning("request_failed", code=error.code, reason=error.message)
    return answer(error)


def _http(error: HTTPException) -> Response:
    if isinstance(error.response, Response):
        return error.response
    status = error.code or 500
    code, hint = HINTS.get(status, ("http_error", "See the status code."))
    response = answer(DevSkyyError(_words(error), code=code, hint=hint, status=status))
    for name, value in error.get_headers():
        if name.lower() in ("allow", "location", "retry-after"):
            response.headers[name] = value
    return response


def _words(error: HTTPException) -> str:
    return (error.description or error.name).split(". ")[0].rstrip(".") + "."


def _unexpected(error: Exception) -> Response:
    log.error("request_crashed", exc=traceback.format_exc(limit=30))
    hint = "The sidecar's log holds the details under this request id."
    return answer(DevSkyyError("Something unexpected went wrong.", code="internal", hint=hint))


def shape() -> dict[str, Any]:
    """The error shape as JSON Schema, for the OpenAPI document."""
    text = {"type": "string"}
    fields = {"type": "object", "additionalProperties": text}
    error = {
        "type": "object",
        "required": ["code", "message", "hint", "request_id"],
        "properties": {
            "code": text,
            "message": text,
            "hint": text,
            "request_id": text,
            "fields": fields,
            "details": {"type": "object"},
        },
    }
    return {
        "type": "object",
        "required": ["ok", "error"],
        "properties": {"ok": {"type": "boolean", "enum": [False]}, "error": error},
    }
