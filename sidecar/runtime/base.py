"""What every part of the runtime is handed: settings, databases, agents, the queue and the sealing key."""

from __future__ import annotations

import os
import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sidecar.core.agent import Registry
from sidecar.core.types import utc_text
from sidecar.db import Databases
from sidecar.settings import Settings

if TYPE_CHECKING:
    from dramatiq import Broker

    from sidecar.security.sealing import Sealer

Row = dict[str, Any]
SEALER = "devskyy_sealer"


@dataclass
class Runtime:
    """One process's hold on the sidecar; made by `sidecar.opening.open_runtime` and nowhere else.

    `owner` names this process in leases.
    """

    settings: Settings
    db: Databases
    registry: Registry
    broker: Broker
    sealer: Sealer
    owner: str = field(default_factory=lambda: f"{os.getpid()}-{secrets.token_hex(6)}")

    def __post_init__(self) -> None:
        """Lets whoever holds a connection of the app database find the sealer: the audit seals with it."""
        self.db.app.update_execution_options(**{SEALER: self.sealer})

    def close(self) -> None:
        """Gives back connections and files."""
        self.broker.close()
        self.db.dispose()


@dataclass(frozen=True)
class Caller:
    """Who stands behind a request.

    `kind` is `plugin` (for a person or for itself), `key` (API key), `user` (token of a login), `client`
    (token of an OAuth client) or `machine` (the machine's own user). `who` is `{"id", "login"}` of a person,
    `{"login"}` of a login, `{"key": name}`, `{"client": name}`, or None. `ident` is the id of the key, user
    or client, `session` that of a login's session, `role` a login's role or what a person's capabilities map
    to.
    `manages` is true only for a person in wp-admin who may manage the shop.
    """

    kind: str
    shop_id: str
    who: dict[str, Any] | None = None
    scopes: frozenset[str] = frozenset()
    manages: bool = False
    home: str | None = None
    ident: str = ""
    session: str | None = None
    role: str | None = None


def now() -> int:
    """This second, UTC epoch."""
    return int(time.time())


@lru_cache(maxsize=50_000)
def at(seconds: int | None) -> str | None:
    """An epoch second as the wire's time text; None stays None."""
    return None if seconds is None else utc_text(datetime.fromtimestamp(seconds, UTC))


def present(row: Row) -> Row:
    """The row without its None values: what is not known is absent on the wire."""
    return {key: value for key, value in row.items() if value is not None}
