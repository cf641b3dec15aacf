"""Items with little or no history: their level leans on that of their group, and the group on all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sidecar.ml.series import Bools, Floats, Ints, first_known, mean_known

YOUNG = {7: 14, 52: 4, 12: 3}
"""Periods since its first at which an item's own history counts half: days, weeks, months."""
FEWEST = 3
"""Established items without which a group says nothing of its own."""
LEAN = 5.0


@dataclass(frozen=True)
class Leaning:
    """ahead (n, horizon) with young items moved to their group; borrowed (n,): more group than own.

    spread (n,): how far levels lie apart in the group, as a share of the level, as far as it was borrowed.
    """

    ahead: Floats
    borrowed: Bools
    spread: Floats


@dataclass(frozen=True)
class Peers:
    """Settled items that are forecast elsewhere: units per period (m,) and the group of each."""

    rate: Floats
    groups: tuple[str, ...]


def with_group(
    y: Floats,
    ahead: Floats,
    groups: Ints,
    factors: Floats,
    season: int,
    more: tuple[Floats, Ints] | None = None,
) -> Leaning:
    """Moves the forecasts of young items towards what items of their group sell per period.

    `more` are rates and groups (m,) of settled items that are forecast elsewhere.
    """
    half = YOUNG.get(season, 4)
    # From the first known period on: an item that was out of stock since is no newcomer.
    age = y.shape[1] - first_known(y)
    settled = age >= 4 * half
    none = np.zeros(len(y))
    if settled.sum() < FEWEST or settled.all():
        return Leaning(ahead, age == 0, none)
    level, apart = _levels(mean_known(ahead), settled, groups, more)
    weight = np.where(settled, 1.0, age / (age + half))
    # Demand is not negative: an item that sold nothing yet may still be like the others.
    course = np.broadcast_to(factors[:, -ahead.shape[1] :], ahead.shape)
    course = course / np.maximum(mean_known(course), 1e-9)[:, None]
    moved = weight[:, None] * ahead + (1 - weight)[:, None] * level[:, None] * course
    return Leaning(moved, weight < 0.5, (1 - weight) * apart)


def _levels(
    rate: Floats, settled: Bools, groups: Ints, more: tuple[Floats, Ints] | None
) -> tuple[Floats, Floats]:
    """Mean level of each item's group and its relative spread, leaning on all; (n,) each."""
    told, home = rate[settled], groups[settled]
    if more is not None:
        told, home = np.concatenate([told, more[0]]), np.concatenate([home, more[1]])
    middle, wide = float(told.mean()), float(told.std())
    count = np.bincount(home, minlength=int(groups.max()) + 1).astype(float)
    total = np.bincount(home, told, len(count))
    level = (total + LEAN * middle) / (count + LEAN)
    squares = np.bincount(home, (told - level[home]) ** 2, len(count))
    spread = np.sqrt((squares + LEAN * wide**2) / (count + LEAN))
    own: Floats = level[groups]
    return own, spread[groups] / np.maximum(own, 1e-9)
