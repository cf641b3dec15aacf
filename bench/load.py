"""The clients of `bench_api`, in a process of their own: keep-alive connections that send prepared bytes.

    python -m bench.load < plan.pickle > result.pickle

Requests are signed before the clock starts, and answers are read with the least parsing that HTTP needs, so
that a client costs a small share of what the server does; the result says how much processor time it took.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import pickle
import resource
import secrets
import signal
import sys
import time
from dataclasses import dataclass, field

from sidecar.security.tokens import b64decode, sign

Recorded = tuple[str, float, float, int]
"""Kind of request, when its answer came (monotonic), its seconds, its status (0: the connection broke)."""


@dataclass(frozen=True)
class Shop:
    """What the plugin's signature needs."""

    shop_id: str
    secret: str
    site: str
    home: str


@dataclass(frozen=True)
class Request:
    """One request; `key` signs it by an API key, else the plugin signs. `ids` are the events it carries."""

    kind: str
    method: str
    path: str
    body: bytes = b""
    key: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    ids: tuple[str, ...] = ()
    expect: int = 200


@dataclass(frozen=True)
class Plan:
    """What to send: a list of requests per client, again and again until `seconds` are over, or once."""

    host: str
    port: int
    shop: Shop | None
    clients: list[list[Request]]
    seconds: float
    once: bool = False


@dataclass
class Report:
    """What came back; times by the machine's monotonic clock, which all processes share."""

    started: float = 0.0
    ended: float = 0.0
    cpu: float = 0.0
    answers: list[Recorded] = field(default_factory=list)
    acknowledged: list[tuple[float, tuple[str, ...]]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def raw(request: Request, plan: Plan) -> bytes:
    """The request's bytes, signed now."""
    lines = [f"{request.method} {request.path} HTTP/1.1", f"Host: {plan.host}:{plan.port}"]
    token = request.key or (_token(request, plan.shop) if plan.shop else None)
    if token:
        lines += [f"Authorization: Bearer {token}", "X-DevSkyy-Version: 0.1.0"]
    if request.body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(request.body)}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + request.body


def _token(request: Request, shop: Shop) -> str:
    more = {"site": shop.site, "home": shop.home}
    return sign(
        b64decode(shop.secret), iss="plugin", aud=shop.shop_id, method=request.method, path=request.path,
        body=request.body, now=int(time.time()), jti=secrets.token_hex(16), more=more,
    )  # fmt: skip


async def client(plan: Plan, mine: list[tuple[Request, bytes]], report: Report) -> None:
    """One client: a connection, opened again when the server closes it, and one request at a time."""
    link: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
    until, at = report.started + plan.seconds, 0
    while time.monotonic() < until and (at < len(mine) or not plan.once):
        request, sent = mine[at % len(mine)]
        begun = time.monotonic()
        try:
            link = link or await asyncio.open_connection(plan.host, plan.port)
            status, body, last = await _exchange(*link, sent)
        except (OSError, asyncio.IncompleteReadError) as error:
            report.answers.append((request.kind, time.monotonic(), time.monotonic() - begun, 0))
            report.wrong.append(f"{request.method} {request.path}: {type(error).__name__} {error}")
            link = None
            await asyncio.sleep(0.05)
            continue
        done = time.monotonic()
        report.answers.append((request.kind, done, done - begun, status))
        if status != request.expect:
            report.wrong.append(f"{request.method} {request.path}: {status} {body[:300]!r}")
        elif request.ids:
            report.acknowledged.append((done, request.ids))
        if last:
            link[1].close()
            link = None
        at += 1
    if link:
        link[1].close()


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sent: bytes
) -> tuple[int, bytes, bool]:
    writer.write(sent)
    head = await reader.readuntil(b"\r\n\r\n")
    low = head.lower()
    at = low.index(b"content-length:") + 15
    body = await reader.readexactly(int(low[at : low.index(b"\r\n", at)]))
    return int(head[9:12]), body, b"connection: close" in low


async def load(plan: Plan) -> Report:
    """All clients at once."""
    report = Report()
    prepared = [[(request, raw(request, plan)) for request in mine] for mine in plan.clients]
    print("sending", file=sys.stderr, flush=True)
    before = resource.getrusage(resource.RUSAGE_SELF)
    report.started = time.monotonic()
    tasks = [asyncio.create_task(client(plan, mine, report)) for mine in prepared]
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: [task.cancel() for task in tasks])
    for ended in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(ended, Exception):
            raise ended
    report.ended = time.monotonic()
    after = resource.getrusage(resource.RUSAGE_SELF)
    report.cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return report


def event(seq: int, product: int) -> dict[str, object]:
    """One line of the plugin's outbox."""
    ident = hashlib.md5(f"{seq}".encode(), usedforsecurity=False).hexdigest()
    return {
        "seq": seq, "id": ident, "type": "stock.changed", "resource": "products", "resource_id": product,
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "origin": None, "version": str(seq),
    }  # fmt: skip


def batch(seqs: range, products: list[int]) -> Request:
    """A POST of these events."""
    lines = [event(seq, products[seq % len(products)]) for seq in seqs]
    body = json.dumps({"events": lines}, separators=(",", ":")).encode()
    return Request("events", "POST", "/api/v1/events", body, ids=tuple(str(line["id"]) for line in lines))


if __name__ == "__main__":
    pickle.dump(asyncio.run(load(pickle.load(sys.stdin.buffer))), sys.stdout.buffer)
