"""Which items' stock can be judged, and each one's reorder point by the method that did best so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sidecar.core.store import Item, Product
from sidecar.retail.demand import Floats, history
from sidecar.retail.distributions import count_quantile
from sidecar.retail.reorder import (
    BASELINE,
    FEWEST_LOOKS,
    YEAR,
    Lead,
    Scores,
    Totals,
    backtest,
    best_methods,
    known_days,
    means_at,
    points,
    rare_sales,
)

if TYPE_CHECKING:
    import pandas as pd

CHUNK = 1_500
"""Items whose daily history is held at once; with two years that is about 80 MB."""
YOUNG = 28


@dataclass(frozen=True)
class Unit:
    """What has a stock of its own: a simple product, a variation, or a product whose variations share one.

    `key` is the variation's or product's id, `label` the words that tell it from its siblings, `low` its low-
    stock amount (None: the shop's).
    """

    key: int
    product_id: int
    item_ids: tuple[int, ...]
    resource: str
    name: str
    label: str
    stock: int
    low: int | None
    price: float
    on_sale: bool
    created: date


def units_of(
    items: Sequence[Item], products: Mapping[int, Product], lines: pd.DataFrame, min_pieces: int, today: date
) -> tuple[list[Unit], Counter[str]]:
    """Units worth judging by key, and how many were left out for which reason.

    `lines` has item_id, day, quantity; pieces count over the last year.
    """
    recent = lines[lines["day"] >= np.datetime64(today, "D") - np.timedelta64(YEAR, "D")]
    pieces = recent.groupby("item_id")["quantity"].sum().to_dict()
    units, skipped = [], Counter[str]()
    for unit in _units(items, products, skipped):
        if (today - unit.created).days < YOUNG:
            skipped["too_new"] += 1
        elif sum(pieces.get(item_id, 0) for item_id in unit.item_ids) < min_pieces:
            skipped["too_few_sales"] += 1
        else:
            units.append(unit)
    return units, skipped


def _units(items: Sequence[Item], products: Mapping[int, Product], skipped: Counter[str]) -> list[Unit]:
    shared: dict[int, list[Item]] = {}
    units = []
    for item in items:
        if item.status not in ("publish", "private"):
            skipped["not_published"] += 1
        elif item.stock is None:
            skipped["stock_not_managed"] += 1
        elif item.stock_of_parent:
            shared.setdefault(item.product_id, []).append(item)
        else:
            units.append(_unit(item.id, [item], item.resource, item.name, item.low_stock_amount))
    for product_id, own in shared.items():
        product = products[product_id]
        units.append(_unit(product_id, own, product.resource, product.name, product.low_stock_amount))
    return sorted(units, key=lambda unit: unit.key)


def _unit(key: int, own: list[Item], resource: str, name: str, low: int | None) -> Unit:
    first = own[0]
    options = ", ".join(value for _, value in first.attributes if value) if len(own) == 1 else ""
    return Unit(
        key=key,
        product_id=first.product_id,
        item_ids=tuple(item.id for item in own),
        resource=resource,
        name=name,
        label=options or name,
        stock=first.stock or 0,
        low=low,
        price=float(first.price or 0),
        on_sale=any(item.sale_price is not None and item.price == item.sale_price for item in own),
        created=min(item.created_at.date() for item in own),
    )


@dataclass(frozen=True)
class Judged:
    """Units, their points by method, backtest scores, group (0 slow, 1 quick), and the method of each group.

    `mean` is pieces expected a day and `variance` a day's variance, by the chosen method.
    """

    units: list[Unit]
    points: dict[str, Floats]
    scores: Scores
    groups: NDArray[np.int64]
    chosen: dict[int, str]
    mean: Floats
    variance: Floats

    def method(self, row: int) -> str:
        """The method of this unit."""
        return self.chosen[int(self.groups[row])]

    def level(self, row: int) -> int:
        """The reorder point of this unit."""
        return int(self.points[self.method(row)][row])

    def at_level(self, row: int, level: float, lead: Lead) -> int:
        """The quantile of the lead time's demand at another level."""
        mean, day = self.mean[row : row + 1], self.variance[row : row + 1]
        spread = day * lead.days + (mean * lead.spread) ** 2
        return int(count_quantile(mean * lead.days, spread, level)[0])

    def loss(self, row: int) -> tuple[float, float] | None:
        """Mean pinball loss of the unit's method and of the baseline; None with too few past lead times."""
        windows, name = float(self.scores.windows[row]), self.method(row)
        if windows < FEWEST_LOOKS or name not in self.scores.loss:
            return None
        return float(self.scores.loss[name][row]) / windows, float(self.scores.loss[BASELINE][row]) / windows

    def covered(self, row: int) -> tuple[float, float, float] | None:
        """Share of past lead times that the method and the baseline covered, and how many there were."""
        windows, name = float(self.scores.windows[row]), self.method(row)
        if windows < FEWEST_LOOKS or name not in self.scores.covered:
            return None
        own, base = (float(self.scores.covered[key][row]) / windows for key in (name, BASELINE))
        return own, base, windows

    def coverage(self) -> tuple[float | None, float | None]:
        """Covered share over all units, by the chosen methods and by the baseline."""
        windows = float(self.scores.windows.sum())
        if not windows or BASELINE not in self.scores.covered:
            return None, None
        own = sum(
            float(self.scores.covered[name][self.groups == group].sum())
            for group, name in self.chosen.items()
            if name in self.scores.covered
        )
        return own / windows, float(self.scores.covered[BASELINE].sum()) / windows

    def table(self) -> list[tuple[bool, str, bool, float, float]]:
        """(quick, method, chosen, mean loss, covered share) of every method tried on each group."""
        lines = []
        for group, picked in sorted(self.chosen.items()):
            rows = self.groups == group
            windows = float(self.scores.windows[rows].sum())
            for name in self.scores.loss if windows else ():
                loss, covered = (
                    float(part[name][rows].sum()) for part in (self.scores.loss, self.scores.covered)
                )
                lines.append((bool(group), name, name == picked, loss / windows, covered / windows))
        return lines


def judge(
    units: list[Unit],
    lines: pd.DataFrame,
    stock: pd.DataFrame,
    category: Mapping[int, int],
    lead: Lead,
    first: date,
    last: date,
) -> Judged:
    """The reorder points of all units on the day after `last`, from sales and stock since `first`."""
    order = sorted(range(len(units)), key=lambda row: (category.get(units[row].product_id, 0), row))
    parts = [
        _part([units[row] for row in order[n : n + CHUNK]], lines, stock, category, lead, first, last)
        for n in range(0, len(order), CHUNK)
    ] or [_part([], lines, stock, category, lead, first, last)]
    place = np.argsort(np.array(order, dtype=np.int64), kind="stable")
    whole = {
        name: _join([getattr(part, name) for part in parts], place) for name in _Part.__dataclass_fields__
    }
    windows = np.concatenate([part.windows["all"] for part in parts])[place]
    scores = Scores(windows, whole["loss"], whole["covered"])
    groups = (whole["mean"]["pace of the year"] * lead.days >= 1).astype(np.int64)
    chosen = best_methods(scores, groups)
    names = [chosen[int(group)] for group in groups]
    mean, variance = (
        np.array([whole[kind][name][row] for row, name in enumerate(names)]) for kind in ("mean", "variance")
    )
    return Judged(units, whole["points"], scores, groups, chosen, mean, variance)


def _join(parts: list[dict[str, Floats]], place: NDArray[np.int64]) -> dict[str, Floats]:
    """One table from the chunks' tables, in the units' order; methods that a chunk lacks are left out."""
    common = [name for name in parts[0] if all(name in part for part in parts)]
    return {name: np.concatenate([part[name] for part in parts])[place] for name in common}


@dataclass(frozen=True)
class _Part:
    """What `judge` knows of one chunk of units, by method."""

    points: dict[str, Floats]
    mean: dict[str, Floats]
    variance: dict[str, Floats]
    loss: dict[str, Floats]
    covered: dict[str, Floats]
    windows: dict[str, Floats]


def _part(
    units: list[Unit],
    lines: pd.DataFrame,
    stock: pd.DataFrame,
    category: Mapping[int, int],
    lead: Lead,
    first: date,
    last: date,
) -> _Part:
    own = {item_id: unit.key for unit in units for item_id in unit.item_ids}
    sold, known = (
        frame.assign(item_id=frame["item_id"].map(own)) for frame in (_of(lines, own), _of(stock, own))
    )
    past = history([unit.key for unit in units], [unit.created for unit in units], first, last, sold, known)
    _, group = np.unique([category.get(unit.product_id, 0) for unit in units], return_inverse=True)
    totals, end = Totals(past), past.sold.shape[1]
    sba = rare_sales(past, [end])[end]
    means, dispersion = means_at(totals, sba, end, lead.days, group)
    spread = {
        name: dispersion * mean * (1 + lead.days / known_days(name, mean)) for name, mean in means.items()
    }
    scores = backtest(past, lead, group)
    level = points(totals, sba, end, lead, group)
    return _Part(level, means, spread, scores.loss, scores.covered, {"all": scores.windows})


def _of(frame: pd.DataFrame, own: Mapping[int, int]) -> pd.DataFrame:
    return frame[frame["item_id"].isin(list(own))]
