"""Gunicorn's worker with threads, made for many short reads on connections that are kept alive.

All workers listen to one socket, and whoever wakes first takes what came: of 50 connections one of two
workers may hold 35, or all of them, for as long as they are kept alive, and one core then answers those. So a
worker that holds more than another lets that one go first, for a moment.

A short request is answered by the thread that sees it come. Python runs one thread at a time, so handing it
to another and back costs processor time, and those that wait are overtaken. When it takes long all the same,
a second thread looks after the other connections meanwhile (leader and followers, Schmidt et al. 2000).
"""

from __future__ import annotations

import errno
import mmap
import re
import socket
import struct
import threading
import time
from concurrent.futures import Future
from typing import Any

from gunicorn.workers.gthread import _DEFER, ThreadWorker  # type: ignore[import-untyped]

MOST, NONE = 64, 2**32 - 1
SLACK, PAUSE_S = 1, 0.002
"""Connections that a worker may hold more than another, and how long it then leaves a new one to others."""
ROUND = 16
"""The most new connections before others are served again."""
LONG_S, LOOK_S = 0.25, 0.05
"""After how long a request is no short one, and how often the second thread looks for such a one."""
PEEK_BYTES = 8_192
READ = re.compile(rb"GET (/[^ ?]*)(?:\?[^ ]*)? HTTP/1\.1\r\n")
EVENTS = b"POST /api/v1/events HTTP/1.1\r\n"
STREAMED = b"/events"
"""How the paths of a read end whose answer does not end soon."""
BODY = re.compile(rb"\r\n(?:content-length|transfer-encoding):([^\r]*)", re.IGNORECASE)


def _ended(result: object) -> Future[Any]:
    done: Future[Any] = Future()
    done.set_result(result)
    return done


KEPT, CLOSED, EMPTY = _ended(True), _ended(False), _ended(_DEFER)
"""What `finish_request` is told of a connection: used again, not used again, nothing came yet."""

_board = mmap.mmap(-1, 4 * MOST)
"""How many connections each worker holds: memory that all of them share, since the master makes it."""
_board.write(struct.pack("I", NONE) * MOST)


class Worker(ThreadWorker):  # type: ignore[misc]
    """One worker; `place` is its own on the board."""

    place = -1
    at_once = True
    """Off where the database is a server: that works while its caller waits, so more is done at once."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._poll = threading.Lock()
        """Who holds it may touch poller and connections; nobody does while a request is answered at once."""
        self._began: float | None = None
        self._busy = threading.Event()
        self._taken = 0

    def init_process(self) -> None:
        """Starts the second thread, and serves."""
        self._first = threading.get_ident()
        threading.Thread(target=self._follow, name="follower", daemon=True).start()
        super().init_process()

    def notify(self) -> None:
        """Tells the master that it lives, and the others what it holds: before it waits for connections."""
        super().notify()
        self._tell()

    def accept(self, listener: Any) -> None:
        """Takes the connections that wait, unless another worker is quicker while this one holds back."""
        for _ in range(ROUND):
            before = self.nr_conns
            if before > fewest() + SLACK:
                time.sleep(PAUSE_S)
            super().accept(listener)
            self._tell()
            if self.nr_conns <= before:
                return

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Waits, and serves what came; the rest of it only while no other thread served that."""
        with self._poll:
            taken = self._taken
            for key, _ in self._events(timeout):
                key.data(key.fileobj)
                if self._taken != taken:
                    return

    def _events(self, timeout: float) -> Any:
        try:
            return self.poller.select(timeout)
        except OSError as error:
            if error.errno != errno.EINTR:
                raise
            return []

    def enqueue_req(self, conn: Any) -> None:
        """Answers a short request here and now, and waits for what has not come without a thread; everything
        else goes to the threads."""
        found = waiting(conn.sock)
        if found == b"" and not conn.initialized:
            self.finish_request(conn, EMPTY)
            return
        # What was read ahead comes before what waits; and one within the other they could go on forever.
        ahead = conn.initialized and conn.parser.unreader.buf.getvalue()
        if ahead or not self._at_once() or not is_short(found or b""):
            super().enqueue_req(conn)
            return
        self._began = time.monotonic()
        if not self._busy.is_set():
            self._busy.set()
        self._poll.release()
        try:
            done = KEPT if self.handle(conn) else CLOSED
        finally:
            self._began = None  # first: or the second thread might never let go
            self._poll.acquire()
        self.finish_request(conn, done)

    def _at_once(self) -> bool:
        """Whether this thread may answer: the second one is there for the others."""
        return self.at_once and threading.get_ident() == self._first

    def _follow(self) -> None:
        """The second thread: sleeps while nothing is answered at once, and looks while something is."""
        while self._busy.wait():
            self._busy.clear()
            time.sleep(LOOK_S)
            while (began := self._began) is not None:
                if time.monotonic() - began > LONG_S:
                    self._stand_in(began)
                else:
                    time.sleep(LOOK_S)

    def _stand_in(self, began: float) -> None:
        """Serves the other connections for a moment, if the request of then is not answered yet."""
        with self._poll:
            if self._began != began:
                return
            self._taken += 1
            self.notify()
            try:
                for key, _ in self._events(LOOK_S):
                    key.data(key.fileobj)
            except Exception:
                self.log.exception("Error while another request takes long")
            self.murder_keepalived()
            self.murder_pending()

    def _tell(self) -> None:
        if self.place >= 0:
            struct.pack_into("I", _board, 4 * self.place, self.nr_conns)


def waiting(client: Any) -> bytes | None:
    """The first bytes that wait on a connection; empty while there are none, None where nobody can tell."""
    try:
        return client.recv(PEEK_BYTES, socket.MSG_PEEK | socket.MSG_DONTWAIT) or None  # closed by the client
    except BlockingIOError:
        return b""
    except (OSError, ValueError):  # broken; or TLS, which cannot be looked into
        return None


def is_short(found: bytes) -> bool:
    """Whether these bytes are a whole read, or a whole request with a few events of the shop."""
    head, ended, body = found.partition(b"\r\n\r\n")
    if not ended:
        return False
    fields = BODY.findall(head)
    if head.startswith(EVENTS):
        return [field.strip() for field in fields] == [b"%d" % len(body)]
    read = READ.match(head + b"\r\n")
    return read is not None and not fields and not body and not read[1].endswith(STREAMED)


def fewest() -> int:
    """The fewest connections that a worker holds now."""
    return int(min(struct.unpack_from(f"{MOST}I", _board)))


def seat(worker: Any, others: Any) -> None:
    """Gives a worker a place on the board before it is forked."""
    taken = {other.place for other in others}
    worker.place = next((place for place in range(MOST) if place not in taken), -1)


def leave(worker: Any) -> None:
    """Wipes out what a worker that ended held."""
    if worker.place >= 0:
        struct.pack_into("I", _board, 4 * worker.place, NONE)
