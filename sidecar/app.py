"""The only place where the rooms are wired together."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog
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
    webhooks,
)
from sidecar.core.agent import Registry
from sidecar.core.errors import DevSkyyError, Invalid
from sidecar.db import open_databases
from sidecar.db.migrate import upgrade_all
from sidecar.ml import parallel
from sidecar.runtime import jobs, work
from sidecar.runtime.base import Runtime
from sidecar.runtime.broker import make_broker
from sidecar.runtime.personal import mask_addresses
from sidecar.security.keyring import open_keyring
from sidecar.security.sealing import Sealer
from sidecar.settings import Settings

assert work  # importing it fills the table of job handlers

BLUEPRINTS = (
    root.bp, pairing.bp, agents.bp, runs.bp, proposals.bp, shop.bp, catalogue.bp, inventory.bp,
    inventory.of_product, integrations.bp, auth.bp, people.bp, security.bp, audit.bp, gdpr.bp,
    webhooks.bp, suppliers.bp, purchase_orders.bp,
)  # fmt: skip
WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def default_registry() -> Registry:
    """The agents of this package."""
    from sidecar.agents import registry

    return registry()


def open_runtime(settings: Settings, registry: Registry | None = None, *, migrate: bool = True) -> Runtime:
    """Opens databases, queue and sealing key; with `migrate`, brings the tables up to date first."""
    set_up_logs(settings)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    given = settings.master_key.get_secret_value()
    sealer = Sealer(open_keyring(given, settings.key_file, settings.kms_command))
    databases = open_databases(settings.url("app"), settings.url("mirror"))
    if migrate:
        upgrade_all(databases)
    broker = make_broker(settings.broker_url, settings.data_dir)
    rt = Runtime(settings, databases, default_registry() if registry is None else registry, broker, sealer)
    jobs.declare_actors(rt)
    parallel.use(scheduler=settings.dask_scheduler)
    return rt


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


def set_up_logs(settings: Settings) -> None:
    """Structured logs on stderr, JSON or for people; dramatiq's and gunicorn's too."""
    level = logging.getLevelNamesMapping().get(settings.log_level.upper(), logging.INFO)
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last = (
        structlog.processors.JSONRenderer(serializer=answers.text)
        if settings.log_json
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                mask_addresses,
                last,
            ],
        )
    )
    top = logging.getLogger()
    for old in [found for found in top.handlers if getattr(found, "devskyy", False)]:
        top.removeHandler(old)
    handler.devskyy = True  # type: ignore[attr-defined]
    top.addHandler(handler)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    top.setLevel(level)
