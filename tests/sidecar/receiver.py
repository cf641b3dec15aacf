"""HTTP servers on 127.0.0.1 that keep what they get and answer as a test wants."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Receiver(ThreadingHTTPServer):
    """A server that keeps what it got; `url` is its address."""

    daemon_threads = True

    def __init__(self, answer: Callable[[BaseHTTPRequestHandler], None]) -> None:
        self.got: list[dict[str, Any]] = []
        got = self.got

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                got.append({"path": self.path, "headers": dict(self.headers), "body": body})
                answer(self)

            do_GET = do_POST

            def log_message(self, *_words: Any) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)

    def handle_error(self, *_given: Any) -> None:
        """A client that hangs up is what some tests are about."""

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    @property
    def url(self) -> str:
        """An address on it."""
        return f"http://127.0.0.1:{self.port}/hook"


def says(status: int = 200, body: bytes = b"ok", **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    """The same answer to everything; names of headers with _ for -."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


@contextmanager
def receiving(
    answer: Callable[[BaseHTTPRequestHandler], None], context: ssl.SSLContext | None = None
) -> Iterator[Receiver]:
    """A running server, with TLS by `context`."""
    server = Receiver(answer)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def in_turn(*statuses: int, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    """One status after the other; the last one stays."""
    left = list(statuses)

    def answer(handler: BaseHTTPRequestHandler) -> None:
        says(left.pop(0) if len(left) > 1 else left[0], **headers)(handler)

    return answer
