"""Moving stock between places: from where it is spare to where it is missing, never the other way round."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sidecar.retail.ordering import Floats, numbers


@dataclass(frozen=True)
class Transfer:
    """Pieces of one item (row) to move from one place (column) to another, and the money it earns."""

    row: int
    source: int
    target: int
    pieces: int
    gain: float


def propose(
    stock: Floats,
    keep: Floats,
    need: Floats,
    *,
    incoming: ArrayLike = 0.0,
    worth: ArrayLike = 0.0,
    trip_cost: ArrayLike = 0.0,
    least: int = 1,
    pack: ArrayLike = 1,
) -> list[Transfer]:
    """Transfers by row; all matrices (n, places) in pieces, `worth` (n,) is what a piece not missed earns,
    `trip_cost` (n,) what a move of the item costs.

    A place gives only what exceeds `keep`, which must cover its own demand until its next delivery (the
    order-up-to level there); it gets at most what it lacks of `need` (its reorder point) after `incoming`.
    The largest lack is met first, from the place with the most to spare, in whole packs, as long as a move
    has `least` pieces and earns more than `trip_cost`.
    """
    n, places = stock.shape
    if keep.shape != stock.shape or need.shape != stock.shape:
        raise ValueError("stock, keep and need must have one row an item and one column a place")
    have, kept, wanted = (
        numbers(n * places, part.ravel(), name, -1e12, 1e12).reshape(n, places)
        for part, name in ((stock, "stock"), (keep, "keep"), (need, "need"))
    )
    coming = np.broadcast_to(np.asarray(incoming, dtype=float), stock.shape)
    if not np.isfinite(coming).all() or (coming < 0).any():
        raise ValueError("incoming must be a number of at least 0 for every item and place")
    value = numbers(n, worth, "worth", 0, 1e12)
    trip = numbers(n, trip_cost, "trip_cost", 0, 1e12)
    packs = numbers(n, pack, "pack", 1, 1e9)
    # A place that lacks does not give, whatever `keep` says.
    lack = np.maximum(np.ceil(wanted - have - coming - 1e-9), 0.0)
    spare = np.where(lack > 0, 0.0, np.maximum(np.floor(have - np.maximum(kept, 0.0) + 1e-9), 0.0))
    found: list[Transfer] = []
    for row in np.flatnonzero((lack > 0).any(axis=1) & (spare > 0).any(axis=1)).tolist():
        money = float(value[row]), float(trip[row])
        found += _of_item(row, spare[row], lack[row], *money, least, float(packs[row]))
    return found


def _of_item(
    row: int, spare: Floats, lack: Floats, worth: float, trip_cost: float, least: int, pack: float
) -> list[Transfer]:
    found = []
    for target in np.argsort(-lack, kind="stable").tolist():
        while lack[target] > 0:
            source = int(spare.argmax())
            helps = min(lack[target], spare[source])
            # A whole pack may bring more than is missing, but never takes more than is spare.
            pieces = min(np.ceil(helps / pack), np.floor(spare[source] / pack)) * pack
            gain = min(pieces, lack[target]) * worth - trip_cost
            if pieces < max(least, 1) or (gain <= 0 and (worth > 0 or trip_cost > 0)):
                break
            found.append(Transfer(row, source, target, int(pieces), float(gain)))
            spare[source] -= pieces
            lack[target] = max(lack[target] - pieces, 0.0)
    return found
