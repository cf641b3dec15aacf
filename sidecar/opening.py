"""What every process opens: logs, databases, queue, sealing key, agents; nothing of the web, slow to load."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

from sidecar.core import json_text
from sidecar.core.agent import Registry
from sidecar.db import open_databases
from sidecar.db.migrate import upgrade_all
from sidecar.ml import parallel
from sidecar.runtime import jobs
from sidecar.runtime.base import Runtime
from sidecar.runtime.broker import make_broker
from sidecar.runtime.personal import mask_addresses
from sidecar.security.keyring import open_keyring
from sidecar.security.sealing import Sealer
from sidecar.settings import Settings


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


def set_up_logs(settings: Settings) -> None:
    """Structured logs on stderr, JSON or for people; dramatiq's and gunicorn's too."""
    level = logging.getLevelNamesMapping().get(settings.log_level.upper(), logging.INFO)
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last = (
        structlog.processors.JSONRenderer(serializer=json_text.text)
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
