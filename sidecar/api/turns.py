"""Short requests one after another in each process, where the database is a file beside it.

Python runs one thread at a time. Where several are half done, each call of SQLite hands the processor to
another of them: the same work takes a quarter longer, and a writer keeps the file locked until its turn comes
again. So what reads, and what takes the shop's events, waits for its turn. What streams its answer or waits
for a run has none meanwhile, and nobody waits long for somebody who is slow.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

from flask import Flask

from sidecar.runtime.base import Runtime

LONGEST_S = 0.25
"""After this long the request goes on without its turn."""

READING = frozenset({"GET", "HEAD"})
WRITING = "/api/v1/events"


def init_app(app: Flask, rt: Runtime) -> None:
    """Puts the turns around the whole application. A database that is a server works while its caller waits:
    there more is done at once."""
    if rt.db.app.dialect.name == "sqlite":
        app.wsgi_app = Turns(app.wsgi_app)  # type: ignore[method-assign, assignment]


class Turns:
    """A WSGI application, one request at a time."""

    def __init__(self, inner: Any) -> None:
        self._inner, self._turn = inner, threading.Lock()

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] not in READING and environ["PATH_INFO"] != WRITING:
            return self._inner(environ, start)  # type: ignore[no-any-return]
        mine = self._turn.acquire(timeout=LONGEST_S)
        try:
            return self._inner(environ, start)  # type: ignore[no-any-return]
        finally:
            if mine:
                self._turn.release()
