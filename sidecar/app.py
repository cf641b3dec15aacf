"""The web application: the only place where the rooms are wired together."""

from __future__ import annotations

from flask import Flask, current_app, request
from flask_openapi.models.info import Info
from flask_openapi.openapi import OpenAPI

from sidecar import __version__
from sidecar.api import (
    access,
    agents,
    answers,
    audit,
    auth,
    bound,
    catalogue,
    docs,
    errors,
    gdpr,
    integrations,
    inventory,
    pairing,
    people,
    proposals,
    purchase_orders,
    root,
    runs,
    security,
    shield,
    shop,
    suppliers,
    turns,
    webhooks,
)
from sidecar.core.agent import Registry
from sidecar.core.errors import DevSkyyError, Invalid
from sidecar.opening import open_runtime
from sidecar.runtime import work
from sidecar.runtime.base import Runtime
from sidecar.settings import Settings

assert work  # importing it fills the table of job handlers

BLUEPRINTS = (
    root.bp, pairing.bp, agents.bp, runs.bp, proposals.bp, shop.bp, catalogue.bp, inventory.bp,
    inventory.of_product, integrations.bp, auth.bp, people.bp, security.bp, audit.bp, gdpr.bp,
    webhooks.bp, suppliers.bp, purchase_orders.bp,
)  # fmt: skip
WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def create_app(settings: Settings | None = None, registry: Registry | None = None) -> Flask:
    """The sidecar's web application; `registry` replaces the package's own agents."""
    settings = settings or Settings()
    return build_app(open_runtime(settings, registry))


def build_app(rt: Runtime) -> Flask:
    """The web application over a runtime that is open already."""
    app = OpenAPI(
        "sidecar",
        info=Info(title="DevSkyy sidecar", version=__version__),
        security_schemes={
            "bearer": {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "signed JWT of the plugin, API key dsk_…, or an access token",
            }
        },
        doc_ui=False,
        validation_error_callback=errors.invalid,
        static_folder=None,
    )
    app.openapi_version = "3.1.0"
    app.openapi_extensions = {"security": [{"bearer": []}]}
    app.config["MAX_CONTENT_LENGTH"] = rt.settings.max_body_bytes
    app.json = answers.Json(app)
    app.extensions["devskyy"] = rt
    app.url_map.strict_slashes = False
    shield.init_app(app, rt)
    errors.init_app(app)
    access.init_app(app)
    app.before_request(_check_body)
    for blueprint in BLUEPRINTS:
        app.register_api(blueprint)
    bound.bind(app, rt.registry)
    app.register_blueprint(docs.bp)
    turns.init_app(app, rt)
    return app


def _check_body() -> None:
    """Wrong type 415, broken JSON 400, no object 422, before flask-openapi would call all of them 422."""
    if request.method not in WITH_BODY or request.endpoint is None or not request.get_data():
        return
    if getattr(current_app.view_functions[request.endpoint], "__form__", False):
        return  # OAuth 2 sends forms
    if not request.is_json:
        raise DevSkyyError(
            f"The body is {request.mimetype or 'of no named type'}, not JSON.",
            status=415, code="content_type_unsupported", hint="Send Content-Type: application/json.",
        )  # fmt: skip
    try:
        body = request.get_json()
    except (Exception, RecursionError) as error:
        raise DevSkyyError(
            "The body is no JSON.", status=400, code="malformed_json", hint="Send one JSON object in UTF-8."
        ) from error
    if not isinstance(body, dict):
        raise Invalid(
            "The body is no object.", hint="Send one JSON object.", fields={"body": "must be an object"}
        )
