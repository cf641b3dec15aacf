"""Rate limits that hold for all processes together, and which networks may call.

A limit's window slides (`600/minute` is 600 in the last 60 seconds, not from each full minute to the next),
by the usual estimate from two counts: what was used since the full minute, and what was used in the minute
before it, weighed by the share of that minute which the last 60 seconds still hold. So twice the limit
cannot pass around a full minute. The estimate takes the former minute's requests for evenly spread: where
they all came at its end, their permits return bit by bit in the minute after, earlier than by a log of all
requests. Shares are rounded against the caller: who uses up a limit of one waits until the next window has
passed.

A write for every request would cost SQLite too much, so a process reserves permits of a row of `rate_windows`
in chunks of a fiftieth of the limit, hands them out from memory, and the share falls in fifty steps. Reserved
permits are counted at once: all processes together never let more than the limit through. What a process
reserved and did not use before the window ended, or before the process did, is lost: at most a chunk less one
for each process, and nothing where the limit is under a hundred, since its chunk is one.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import math
import secrets as random
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from sqlalchemy import Engine, delete, select, update

from sidecar.core.errors import DevSkyyError, Unavailable
from sidecar.db import insert_new, read, write
from sidecar.db.app import secrets
from sidecar.db.identity import rate_windows
from sidecar.security.sealing import Sealer, get_secret, key_of

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

SHARE = 50
"""A chunk is this part of the limit, at least one permit; in so many steps a past window loses its share."""
LEASES = 20_000
"""Windows that a process keeps in memory; the one not used for longest goes first, with its permits."""
HASH_KEY = "rate-limits"


@dataclass(frozen=True)
class Limit:
    """`amount` requests in the last `seconds`; the name goes into the answer's headers."""

    name: str
    amount: int
    seconds: int

    @classmethod
    def of(cls, name: str, text: str) -> Limit:
        """A limit from words such as `600/minute` or `10 per 5 minutes`; ValueError otherwise."""
        from limits import parse  # takes a sixth of a second: not for commands that need none of it

        item = parse(text)
        return cls(name, item.amount, item.get_expiry())


@dataclass(frozen=True)
class Verdict:
    """Whether a request may pass, and what its answer says about the limit.

    `remaining` is what this process knows: others may have used more since it last asked. `reset` is whole
    seconds, at least one: with none remaining until there is one again, provided that no other process takes
    it, else until the window ends, for which the remaining ones have to last.
    """

    allowed: bool
    limit: Limit
    remaining: int
    reset: int


class TooMany(DevSkyyError):
    """The caller used up a limit; `details` says which, and `retry_after` how many seconds to wait."""

    status = 429
    code = "rate_limited"

    def __init__(self, verdict: Verdict) -> None:
        limit = verdict.limit
        super().__init__(
            f"Only {limit.amount} requests in {limit.seconds} seconds are allowed here.",
            hint=f"Wait {verdict.reset} seconds, then go on more slowly.",
            details={"limit": limit.name, "retry_after": verdict.reset},
        )


@dataclass
class _Lease:
    """What this process holds of one window; `used` and `before` are the shared counts of this window and of
    the one before it, when it last asked.
    """

    starts_at: int
    permits: int = 0
    used: int = 0
    before: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Limiter:
    """One process's share of all rate windows; safe between threads."""

    def __init__(self, engine: Engine, sealer: Sealer, *, clock: Callable[[], float] = time.time) -> None:
        self._engine, self._sealer, self._clock = engine, sealer, clock
        self._leases: OrderedDict[str, _Lease] = OrderedDict()
        self._lock = threading.Lock()
        self._key: bytes | None = None

    def take(self, limit: Limit, who: str) -> Verdict:
        """Uses one permit of `who` if there is one."""
        moment = self._clock()
        starts_at = int(moment) // limit.seconds * limit.seconds
        step = int((moment - starts_at) * SHARE / limit.seconds)
        lease = self._lease(f"{limit.name} {who}", starts_at)
        with lease.lock:
            if not lease.permits and lease.used < _most(limit, lease.before, step):
                self._reserve(limit, who, lease, step)
            allowed = lease.permits > 0
            lease.permits -= allowed
            remaining = lease.permits + max(0, _most(limit, lease.before, step) - lease.used)
            until = starts_at + limit.seconds if remaining else _next_at(limit, lease)
        return Verdict(allowed, limit, remaining, max(1, math.ceil(until - moment)))

    def hashed(self, text: str) -> str:
        """A keyed hash of an address or a login, alike in all processes, for `who`."""
        if self._key is None:
            self._key = _hash_key(self._engine, self._sealer)
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()[:32]

    def _lease(self, name: str, starts_at: int) -> _Lease:
        with self._lock:
            lease = self._leases.get(name)
            if lease is None or lease.starts_at != starts_at:
                lease = self._leases[name] = _Lease(starts_at)
            self._leases.move_to_end(name)
            if len(self._leases) > LEASES:
                self._leases.popitem(last=False)
            return lease

    def _reserve(self, limit: Limit, who: str, lease: _Lease, step: int) -> None:
        name, starts_at = f"{limit.name} {who}", lease.starts_at
        former, mine = (
            (rate_windows.c.shop_id == "")
            & (rate_windows.c.name == name)
            & (rate_windows.c.starts_at == start)
            for start in (starts_at - limit.seconds, starts_at)
        )
        for _ in range(2):
            with write(self._engine) as conn:
                # Locked while it is read and raised, where the transaction alone does not (all but SQLite).
                used = conn.execute(select(rate_windows.c.count).where(mine).with_for_update()).scalar()
                if used is not None:
                    # Anew each time: another process may have counted there after this window began. Not
                    # locked, and after the lock, so that MariaDB shows what is committed by now.
                    lease.before = conn.execute(select(rate_windows.c.count).where(former)).scalar() or 0
                    room = _most(limit, lease.before, step) - used
                    lease.permits = max(0, min(room, max(1, limit.amount // SHARE)))
                    lease.used = used + lease.permits
                    if lease.permits:
                        conn.execute(update(rate_windows).where(mine).values(count=lease.used))
                    return
            # In a transaction of its own: after the locking read of a missing row MariaDB would let two
            # processes wait for each other.
            with write(self._engine) as conn:
                row = {"shop_id": "", "name": name, "starts_at": starts_at, "count": 0}
                insert_new(conn, rate_windows, row | {"expires_at": starts_at + 2 * limit.seconds})


def _most(limit: Limit, before: int, step: int) -> int:
    """What a window may use by its `step`, of `SHARE`, after one that used `before`."""
    return limit.amount + -before * (SHARE - step) // SHARE


def _next_at(limit: Limit, lease: _Lease) -> float:
    """When the next permit is free, by what the lease knows; it must have none to give now."""
    starts_at, used, before = lease.starts_at, lease.used, lease.before
    if used >= limit.amount:
        starts_at, used, before = starts_at + limit.seconds, 0, used
    # The first step at which before * (SHARE - step) / SHARE <= amount - used - 1.
    step = SHARE - SHARE * (limit.amount - used - 1) // before
    return starts_at + step * limit.seconds / SHARE


def prune(engine: Engine, now: int) -> None:
    """Deletes the windows that no window counts any more."""
    with read(engine) as conn:
        if conn.execute(select(rate_windows.c.name).where(rate_windows.c.expires_at < now)).first() is None:
            return
    with write(engine) as conn:
        conn.execute(delete(rate_windows).where(rate_windows.c.expires_at < now))


def networks(text: str) -> tuple[Network, ...]:
    """The networks of a list such as `10.0.0.0/8, 2001:db8::/32, 192.0.2.7`; ValueError names a wrong one."""
    return tuple(ipaddress.ip_network(part, strict=False) for part in text.replace(",", " ").split())


@lru_cache(maxsize=4096)
def address(text: str | None) -> Address | None:
    """An address; IPv4 within IPv6 comes out as IPv4, and what is none as None."""
    try:
        found = ipaddress.ip_address((text or "").strip())
    except ValueError:
        return None
    inner = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return inner or found


def within(found: Address | None, allowed: Iterable[Network]) -> bool:
    """Whether the address lies in one of the networks."""
    return found is not None and any(found in one for one in allowed)


def counted(found: Address | None) -> str:
    """What a limit per address counts: IPv4 addresses singly, IPv6 by /64, which is what one customer has."""
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found or "unknown")


def _hash_key(engine: Engine, sealer: Sealer) -> bytes:
    with read(engine) as conn:
        try:
            found = get_secret(conn, sealer, "", HASH_KEY)
        except Unavailable as error:
            if error.code != "sealing_key_wrong":
                raise
            found = None
    if found is not None:
        return found
    mine = (secrets.c.shop_id == "") & (secrets.c.name == HASH_KEY)
    sealed = sealer.seal("", HASH_KEY, random.token_bytes(32))
    fresh = {"shop_id": "", "name": HASH_KEY, "key_id": key_of(sealed), "updated_at": int(time.time())}
    with write(engine) as conn:
        # One that a lost sealing key sealed is worth nothing; the hashes live for a minute.
        conn.execute(delete(secrets).where(mine, secrets.c.key_id != fresh["key_id"]))
        # The first process wins; the others read what it made.
        insert_new(conn, secrets, fresh | {"sealed": sealed})
    with read(engine) as conn:
        return get_secret(conn, sealer, "", HASH_KEY) or b""
