"""Rows of work over this machine's cores or, where a scheduler is named, over a Dask cluster.

Threads, since numpy lets go of the interpreter while it computes. The parts are the same either way,
and so are the numbers.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from sidecar.core.errors import DevSkyyError

if TYPE_CHECKING:
    from distributed import Client

T = TypeVar("T")
WAIT_S = 10


@dataclass
class Place:
    """Where `mapped` computes: `cores` threads here, or the Dask scheduler at an address."""

    cores: int = 0
    scheduler: str = ""
    client: Client | None = None


PLACE = Place()
CONNECTING = threading.Lock()


def use(*, cores: int | None = None, scheduler: str | None = None) -> None:
    """Sets where to compute from now on; 0 cores: as many as this process may use."""
    PLACE.cores = PLACE.cores if cores is None else cores
    if scheduler is not None and scheduler != PLACE.scheduler:
        with CONNECTING:
            if PLACE.client is not None:
                PLACE.client.close()
            PLACE.client, PLACE.scheduler = None, scheduler


def cores() -> int:
    """Threads to compute with."""
    # Not every system says which of its cores a process may use.
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return PLACE.cores or allowed or 1


def slices(rows: int, size: int) -> list[slice]:
    """Rows in parts of `size`, the last one shorter."""
    return [slice(first, min(first + size, rows)) for first in range(0, rows, size)]


def mapped(function: Callable[..., T], parts: Iterable[Sequence[Any]]) -> list[T]:
    """`function(*part)` for each part, in their order; the function lies at the top of a module."""
    given = list(parts)
    if PLACE.scheduler and len(given) > 1:
        return _on_cluster(function, given)
    return here(function, given)


def here(function: Callable[..., T], parts: Iterable[Sequence[Any]]) -> list[T]:
    """The same on the cores of this machine only: for parts whose data is too large to send away."""
    given = list(parts)
    if cores() < 2 or len(given) < 2:
        return [function(*part) for part in given]
    with ThreadPoolExecutor(cores(), thread_name_prefix="ml") as pool:
        return list(pool.map(lambda part: function(*part), given))


def _on_cluster(function: Callable[..., T], parts: list[Sequence[Any]]) -> list[T]:
    with CONNECTING:
        if PLACE.client is None or PLACE.client.status != "running":
            PLACE.client = _connect(PLACE.scheduler)
        client = PLACE.client
    # Sent to the workers once and straight, since the scheduler is not made to carry data.
    sent = client.scatter(parts, hash=False)
    done: list[T] = client.gather([client.submit(_apply, function, part, pure=False) for part in sent])
    return done


def _apply(function: Callable[..., T], part: Sequence[Any]) -> T:
    return function(*part)


def _connect(scheduler: str) -> Client:
    try:
        from distributed import Client
    except ImportError as lacking:
        raise DevSkyyError(
            "A Dask scheduler is set, but Dask is not installed.",
            code="dask_missing",
            hint="Install devskyy[dask], or empty DEVSKYY_DASK_SCHEDULER.",
        ) from lacking
    try:
        return Client(scheduler, timeout=WAIT_S, set_as_default=False)
    except OSError as away:
        raise DevSkyyError(
            f"The Dask scheduler at {scheduler} does not answer.",
            code="dask_away",
            hint="Start it and its workers, or empty DEVSKYY_DASK_SCHEDULER to compute on this machine.",
        ) from away
