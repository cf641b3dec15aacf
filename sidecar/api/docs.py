"""The OpenAPI document and Swagger UI from local files; no inline script, so the policy stays strict."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Blueprint, Response, current_app, send_from_directory

from sidecar.api.access import LOCAL, access

bp = Blueprint("docs", __name__)

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>DevSkyy API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/docs/css/swagger-ui.css"></head>
<body><div id="swagger-ui"></div>
<script src="/docs/js/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script></body></html>
"""
OPTIONS = 'url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null'
START = f"window.ui = SwaggerUIBundle({{{OPTIONS}}});\n"


def assets() -> Path:
    """Where the package of Swagger UI keeps its files."""
    import flask_openapi_swagger  # type: ignore[import-untyped]

    return Path(flask_openapi_swagger.__file__).parent / "templates" / "swagger"


@bp.get("/openapi.json")
@access(LOCAL)
def openapi() -> Any:
    """The OpenAPI document"""
    return current_app.api_doc  # type: ignore[attr-defined]


@bp.get("/docs")
@access(LOCAL)
def page() -> Response:
    """Swagger UI"""
    return Response(PAGE, mimetype="text/html")


@bp.get("/docs/start.js")
@access(LOCAL)
def start() -> Response:
    """The script that starts Swagger UI"""
    return Response(START, mimetype="text/javascript")


@bp.get("/docs/<any(css,js,images):kind>/<path:name>")
@access(LOCAL)
def file(kind: str, name: str) -> Response:
    """A file of Swagger UI"""
    return send_from_directory(assets() / kind, name, max_age=86_400)
