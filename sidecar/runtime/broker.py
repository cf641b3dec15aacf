"""The queue: dramatiq on a small SQLite broker of our own by default, on Redis or RabbitMQ by URL.

A message is a row. Taking it sets a lease that the consumer renews while the work goes on; acknowledging
deletes the
row, so a killed process loses nothing and its messages come back when their leases end: at least once, never
less.
What failed for good stays as a dead row until somebody looks.
"""

from __future__ import annotations

import secrets
import sqlite3
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import dramatiq
from dramatiq import Broker, Consumer, Message, MessageProxy
from dramatiq.errors import BrokerConnectionError, QueueJoinTimeout, QueueNotFound
from dramatiq.middleware import Middleware, Retries, ShutdownNotifications

from sidecar.core.errors import Unavailable

LEASE_S = 10.0
POLL_S = 0.02
"""A look is one short read; what is due is taken within this time, since somebody may wait for it."""

DDL = """
CREATE TABLE IF NOT EXISTS messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, body BLOB NOT NULL, due REAL NOT NULL,
  lease_owner TEXT, lease_until REAL NOT NULL DEFAULT 0, dead INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS messages_due ON messages (queue, dead, due);
"""

LOOK = """
SELECT 1 FROM messages WHERE queue = ? AND dead = 0 AND due <= ? AND lease_until < ? LIMIT 1
"""
TAKE = """
UPDATE messages SET lease_owner = ?, lease_until = ? WHERE id IN (
  SELECT id FROM messages WHERE queue = ? AND dead = 0 AND due <= ? AND lease_until < ?
  ORDER BY due, id LIMIT ?)
RETURNING id, body
"""


def make_broker(url: str, data_dir: Path) -> Broker:
    """The broker that the settings name; Unavailable when its driver is not installed."""
    middleware: list[Middleware] = [
        ShutdownNotifications(),
        Retries(max_retries=8, min_backoff=1_000, max_backoff=60_000),
    ]
    if not url:
        return SqliteBroker(data_dir / "jobs.sqlite3", middleware=middleware)
    try:
        return _remote(url, middleware)
    except ImportError as error:
        raise Unavailable(
            f"The driver for {url.split(':')[0]} is not installed.",
            code="broker_driver_missing",
            hint="Install it: pip install 'devskyy[redis]' or 'devskyy[amqp]'.",
        ) from error


def _remote(url: str, middleware: list[Middleware]) -> Broker:
    if url.startswith(("redis://", "rediss://")):
        from dramatiq.brokers.redis import RedisBroker

        # A quiet queue is looked through for a dead worker's messages only by chance: one look in ten, not in
        # a thousand.
        return RedisBroker(  # type: ignore[no-untyped-call]
            url=url, middleware=middleware, heartbeat_timeout=15_000, maintenance_chance=100_000
        )
    if url.startswith(("amqp://", "amqps://")):
        from dramatiq.brokers.rabbitmq import RabbitmqBroker

        # Confirmed: else a message that RabbitMQ never took would count as sent until the sweeper looks.
        return RabbitmqBroker(url=url, middleware=middleware, confirm_delivery=True)
    raise Unavailable(
        "The broker URL is of no known kind.",
        code="broker_url_unknown",
        hint="DEVSKYY_BROKER_URL starts with redis:// or amqp://, or is empty.",
    )


class SqliteBroker(Broker):
    """A dramatiq broker in one SQLite file; several processes may share it."""

    def __init__(
        self, path: Path, middleware: list[Middleware] | None = None, *, lease_s: float = LEASE_S
    ) -> None:
        super().__init__(middleware=middleware)
        self.path = path
        self.lease_s = lease_s
        self.queues: dict[str, None] = {}
        self._local = threading.local()
        self._all: list[sqlite3.Connection] = []

    def connection(self) -> sqlite3.Connection:
        """This thread's connection; the file is made on first use."""
        conn: sqlite3.Connection | None = getattr(self._local, "conn", None)
        if conn is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            conn = sqlite3.connect(self.path, timeout=15, isolation_level=None, check_same_thread=False)
            conn.execute("PRAGMA journal_mode=WAL")
            conn.execute("PRAGMA synchronous=NORMAL")
            conn.executescript(DDL)
            self._local.conn = conn
            self._all.append(conn)
        return conn

    def execute(self, sql: str, values: Iterable[Any] = ()) -> list[Any]:
        """Runs one statement in its own transaction; BrokerConnectionError when the file cannot be used."""
        try:
            return self.connection().execute(sql, tuple(values)).fetchall()
        except sqlite3.Error as error:
            raise BrokerConnectionError(str(error)) from error  # type: ignore[no-untyped-call]

    def declare_queue(self, queue_name: str) -> None:
        """Makes a queue known; a queue needs no table of its own."""
        if queue_name not in self.queues:
            self.emit_before("declare_queue", queue_name)
            self.queues[queue_name] = None
            self.emit_after("declare_queue", queue_name)

    def enqueue(self, message: Message[Any], *, delay: int | None = None) -> Message[Any]:
        """Stores a message, to be taken `delay` milliseconds from now."""
        if message.queue_name not in self.queues:
            raise QueueNotFound(message.queue_name)  # type: ignore[no-untyped-call]
        self.emit_before("enqueue", message, delay)
        due = time.time() + (delay or 0) / 1000
        # `due` is kept as the order of delivery too, so what waited longest goes first.
        self.execute(
            "INSERT INTO messages (queue, body, due) VALUES (?, ?, ?)",
            (message.queue_name, message.encode(), due),
        )
        self.emit_after("enqueue", message, delay)
        return message

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 5_000) -> Consumer:
        """A consumer that holds at most half of `prefetch` messages, so that idle processes get some."""
        if queue_name not in self.queues:
            raise QueueNotFound(queue_name)  # type: ignore[no-untyped-call]
        return SqliteConsumer(self, queue_name, max(1, prefetch // 2), timeout)

    def flush(self, queue_name: str) -> None:
        """Drops all messages of a queue."""
        self.execute("DELETE FROM messages WHERE queue = ?", (queue_name,))

    def flush_all(self) -> None:
        """Drops all messages."""
        self.execute("DELETE FROM messages")

    def waiting(self, queue_name: str = "default") -> int:
        """How many messages of a queue are not yet done; dead ones do not count."""
        return int(
            self.execute("SELECT count(*) FROM messages WHERE queue = ? AND dead = 0", (queue_name,))[0][0]
        )

    def dead(self, queue_name: str = "default") -> list[Message[Any]]:
        """The messages that failed for good."""
        rows = self.execute(
            "SELECT body FROM messages WHERE queue = ? AND dead = 1 ORDER BY id", (queue_name,)
        )
        return [Message.decode(row[0]) for row in rows]

    def join(self, queue_name: str, *, timeout: int | None = None) -> None:
        """Waits until a queue is empty; QueueJoinTimeout after `timeout` milliseconds."""
        end = None if timeout is None else time.monotonic() + timeout / 1000
        while self.waiting(queue_name):
            if end is not None and time.monotonic() > end:
                raise QueueJoinTimeout(queue_name)  # type: ignore[no-untyped-call]
            time.sleep(0.05)

    def close(self) -> None:
        """Closes the connections of all threads."""
        while self._all:
            self._all.pop().close()
        self._local = threading.local()


class _Taken(MessageProxy):
    """A message with the row it was taken from."""

    def __init__(self, message: Message[Any], row: int) -> None:
        super().__init__(message)
        self.row = row


class SqliteConsumer(Consumer):
    """Takes messages under a lease and renews it until they are done."""

    def __init__(self, broker: SqliteBroker, queue: str, limit: int, timeout: int) -> None:
        self.broker = broker
        self.queue = queue
        self.limit = limit
        self.timeout = timeout / 1000
        self.owner = secrets.token_hex(8)
        self.held: set[int] = set()
        self.ready: list[_Taken] = []
        self.lock = threading.Lock()
        self.closed = threading.Event()
        self.heart = threading.Thread(target=self._beat, name=f"lease-{queue}", daemon=True)
        self.heart.start()

    def __next__(self) -> MessageProxy | None:
        end = time.monotonic() + self.timeout
        while not self.ready:
            self._take()
            if self.ready or time.monotonic() > end or self.closed.wait(POLL_S):
                break
        return self.ready.pop(0) if self.ready else None

    def _take(self) -> None:
        free = self.limit - len(self.held)
        if free < 1:
            return
        moment = time.time()
        if not self.broker.execute(LOOK, (self.queue, moment, moment)):
            return  # taking is a write, which the file's other users would have to wait for
        values = (self.owner, moment + self.broker.lease_s, self.queue, moment, moment, free)
        rows = self.broker.execute(TAKE, values)
        with self.lock:
            self.held |= {row[0] for row in rows}
        self.ready += [_Taken(Message.decode(body), row) for row, body in sorted(rows)]

    def ack(self, message: MessageProxy) -> None:
        """Deletes the row, unless its lease was lost to another process."""
        self.broker.execute(
            "DELETE FROM messages WHERE id = ? AND lease_owner = ?", (self._drop(message), self.owner)
        )

    def nack(self, message: MessageProxy) -> None:
        """Keeps the row as dead."""
        sql = "UPDATE messages SET dead = 1, body = ? WHERE id = ? AND lease_owner = ?"
        self.broker.execute(sql, (message._message.encode(), self._drop(message), self.owner))

    def requeue(self, messages: Iterable[MessageProxy]) -> None:
        """Gives messages back at once."""
        self._give_back([self._drop(message) for message in messages])

    def _give_back(self, rows: list[int]) -> None:
        for row in rows:
            sql = "UPDATE messages SET lease_owner = NULL, lease_until = 0 WHERE id = ? AND lease_owner = ?"
            self.broker.execute(sql, (row, self.owner))

    def _drop(self, message: MessageProxy) -> int:
        assert isinstance(message, _Taken)
        with self.lock:
            self.held.discard(message.row)
        return message.row

    def _beat(self) -> None:
        while not self.closed.wait(self.broker.lease_s / 3):
            with self.lock:
                marks = ",".join(str(row) for row in self.held)
            if marks:
                sql = f"UPDATE messages SET lease_until = ? WHERE lease_owner = ? AND id IN ({marks})"
                try:
                    self.broker.execute(sql, (time.time() + self.broker.lease_s, self.owner))
                except BrokerConnectionError as error:
                    self.broker.logger.warning("Cannot renew leases: %s", error)

    def close(self) -> None:
        """Stops renewing and gives back what nobody started."""
        self.closed.set()
        rows = [message.row for message in self.ready]
        self.ready.clear()
        with self.lock:
            self.held -= set(rows)
        self._give_back(rows)
        self.heart.join(timeout=1)


def start_worker(broker: Broker, threads: int) -> dramatiq.Worker:
    """Starts worker threads on a broker; the caller stops them."""
    worker = dramatiq.Worker(broker, worker_threads=threads, worker_timeout=1_000)
    worker.start()
    broker.emit_after("process_boot")
    return worker
