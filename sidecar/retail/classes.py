"""ABC by value, XYZ by steadiness, and which products the range could do without."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sidecar.retail.ordering import Floats, numbers

FEWEST_WEEKS = 8
"""Known weeks that steadiness needs."""
SAME_PRICE = 0.1
"""Two products are near in price within this share."""
SAME_WORDS = 0.75
"""Shared words over all words (Jaccard) from which two names mean the same thing."""
OUTSOLD = 0.25
"""The weaker of two alike sells at most this share of the stronger one."""
TAIL = 0.02
"""The products that together bring at most this share of their category's value are its tail."""
FAR_BELOW = 0.1
"""And each brings at most this share of the median product there."""
FEWEST_PEERS = 8
WORD = re.compile(r"\w+")


def abc(value: ArrayLike, cuts: tuple[float, float] = (0.8, 0.95)) -> NDArray[np.str_]:
    """A for the best items that bring the first share of the value, then B, then C, (n,).

    Items without value are C; what makes the share reach a cut still counts to the better class.
    """
    worth = np.maximum(numbers(np.size(value), value, "value", -1e15, 1e15), 0.0)
    order = np.argsort(-worth, kind="stable")
    before = np.concatenate([[0.0], np.cumsum(worth[order])[:-1]]) / max(worth.sum(), 1e-12)
    found = np.full(len(worth), "C")
    found[order] = np.where(before < cuts[0], "A", np.where(before < cuts[1], "B", "C"))
    found[worth <= 0] = "C"
    return found


def xyz(weekly: Floats, cuts: tuple[float, float] = (0.5, 1.0)) -> NDArray[np.str_]:
    """X steady, Y changing, Z erratic by the standard deviation of weekly pieces (n, weeks) over their mean.

    NaN weeks (out of stock, not yet there) do not count; with fewer than 8 known weeks or no sale it
    is "-".
    """
    known = np.isfinite(weekly)
    count = known.sum(axis=1)
    pieces = np.where(known, np.maximum(weekly, 0.0), 0.0)
    mean = pieces.sum(axis=1) / np.maximum(count, 1)
    squares = np.where(known, (pieces - mean[:, None]) ** 2, 0.0).sum(axis=1)
    variation = np.sqrt(squares / np.maximum(count - 1, 1)) / np.maximum(mean, 1e-12)
    found = np.where(variation <= cuts[0], "X", np.where(variation <= cuts[1], "Y", "Z"))
    return np.where((count < FEWEST_WEEKS) | (mean <= 0), "-", found)


@dataclass(frozen=True)
class Verdict:
    """A product the range could do without: its row, why, its share of its category's value (0-1).

    `like` is the row of the better twin of a duplicate, else -1.
    """

    row: int
    reason: Literal["sells_nothing", "duplicate", "low_contribution"]
    share: float
    like: int = -1


def rationalise(
    pieces: ArrayLike,
    value: ArrayLike,
    days_on_sale: ArrayLike,
    *,
    group: Sequence[int],
    names: Sequence[str],
    price: ArrayLike,
    min_days: int = 180,
) -> list[Verdict]:
    """Products, by row, that sold nothing, that a twin outsells, or that are the tail of their category.

    `pieces` and `value` (what they earned) (n,) are of the same window, in which the product could be bought
    on `days_on_sale` days: fewer than `min_days` and nothing is said of it. `price` NaN is unknown. Names are
    compared within a category (`group`); variations of one product must not come as rows of their own.
    """
    n = len(names)
    sold = numbers(n, pieces, "pieces", 0, 1e12)
    worth = np.maximum(numbers(n, value, "value", -1e15, 1e15), 0.0)
    old = numbers(n, days_on_sale, "days_on_sale", 0, 1e6) >= min_days
    shelf = np.broadcast_to(np.asarray(price, dtype=float), n)
    found: list[Verdict] = []
    numbers_of = np.asarray(group, dtype=np.int64)
    for home in np.unique(numbers_of).tolist():
        rows = np.flatnonzero(numbers_of == home)
        total = max(float(worth[rows].sum()), 1e-12)
        twins = _twins(rows, sold, [names[row] for row in rows.tolist()], shelf)
        tail = _tail(worth[rows], old[rows])
        for at, row in enumerate(rows.tolist()):
            share = float(worth[row] / total)
            if not old[row]:
                continue
            if sold[row] == 0:
                found.append(Verdict(row, "sells_nothing", share))
            elif row in twins:
                found.append(Verdict(row, "duplicate", share, twins[row]))
            elif tail[at]:
                found.append(Verdict(row, "low_contribution", share))
    return sorted(found, key=lambda verdict: verdict.row)


def _tail(worth: Floats, old: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The least worthy of one category, while together they stay below TAIL and each far below the median."""
    if old.sum() < FEWEST_PEERS:
        return np.zeros(len(worth), dtype=bool)
    order = np.argsort(worth, kind="stable")
    low = np.zeros(len(worth), dtype=bool)
    low[order] = np.cumsum(worth[order]) <= TAIL * worth.sum()
    return low & old & (worth <= FAR_BELOW * np.median(worth[old]))


def _twins(rows: NDArray[np.intp], sold: Floats, names: Sequence[str], price: Floats) -> dict[int, int]:
    """Row of each product that another, alike in words and price, outsells by far -> that one's row."""
    words = [frozenset(WORD.findall(name.lower())) for name in names]
    at: dict[str, list[int]] = {}
    for place, own in enumerate(words):
        for word in own:
            at.setdefault(word, []).append(place)
    found: dict[int, int] = {}
    for place, own in enumerate(words):
        row = int(rows[place])
        near = [other for other in _sharing(own, at) if other != place and _alike(own, words[other])]
        better = [
            int(rows[other])
            for other in near
            if sold[row] <= OUTSOLD * sold[rows[other]]
            and abs(price[row] - price[rows[other]]) <= SAME_PRICE * max(price[row], price[rows[other]])
        ]
        if better:
            found[row] = max(better, key=lambda other: (sold[other], -other))
    return found


def _sharing(own: frozenset[str], at: dict[str, list[int]]) -> set[int]:
    """Places that may be alike: enough shared words mean that one of the rarest is shared."""
    rarest = sorted(own, key=lambda word: (len(at[word]), word))
    return {place for word in rarest[: len(own) // 4 + 1] for place in at[word]}


def _alike(own: frozenset[str], other: frozenset[str]) -> bool:
    return len(own) > 1 and len(own & other) >= SAME_WORDS * len(own | other)
