"""Draws the products, their price paths and the true parameters of their demand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sidecar.demo.gen.words import CATEGORIES, COLOURS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Size:
    """How much to generate: products, days of history, and wanted order lines."""

    products: int
    days: int
    lines: int


SIZES = {
    "tiny": Size(products=20, days=90, lines=900),
    "small": Size(products=200, days=730, lines=32_000),
    "large": Size(products=10_000, days=730, lines=1_020_000),
}


@dataclass
class Promo:
    """One sale event: percent off for some products on days first..last (inclusive day indexes)."""

    name: str
    percent: int
    first: int
    last: int
    products: Ints


@dataclass
class Catalogue:
    """P products, K sellable units (a simple product or one variation), D days of history.

    Money is in minor units (cents); day indexes count from the first day; price paths have D + 1 rows, the
    last being today's; `rate` is mean units a day at the reference price before season, weekday and trend.
    """

    size: Size
    start: np.datetime64
    category: Ints
    reference: Ints
    cost: Ints
    elasticity: Floats
    trend: Floats
    return_rate: Floats
    lead_days: Ints
    created_day: Ints
    variable: Bools
    weekday: Floats
    rate: Floats
    regular: Ints
    sale: Ints
    promos: list[Promo]
    slow_from: Ints
    near: Ints
    fresh: Ints
    unit_product: Ints
    unit_share: Floats
    unit_ratio: Floats
    unit_attributes: list[tuple[str, str]] = field(default_factory=list)

    def price(self, day: int | slice) -> Ints:
        """What a shopper pays for each product on one day or a slice of days, minor units."""
        return np.where(self.sale[day] > 0, self.sale[day], self.regular[day])

    def per_unit(self, prices: Ints) -> Ints:
        """Spread prices of the P products to the K units, whose largest size may cost a little more."""
        return np.rint(prices[self.unit_product] * self.unit_ratio).astype(np.int64)

    def log_calendar(self) -> Floats:
        """Log effect of season, weekday and trend on each product's demand, shape (D, P)."""
        days = self.start + np.arange(self.size.days)
        day_of_year = (days - days.astype("datetime64[Y]")).astype(int) + 1
        weekday = (days.astype("datetime64[D]").astype(int) + 3) % 7
        peak = np.array([c.peak for c in CATEGORIES])[self.category]
        amplitude = np.array([c.season for c in CATEGORIES])[self.category]
        season = amplitude * np.cos(2 * np.pi * (day_of_year[:, None] - peak) / 365.25)
        years = (np.arange(self.size.days)[:, None] - self.size.days / 2) / 365.0
        effect: Floats = season + np.log(self.weekday)[weekday][:, None] + self.trend * years
        return effect

    def expected(self) -> Floats:
        """Mean units a day of each product with stock at hand, shape (D, P)."""
        ratio = self.price(slice(0, self.size.days)) / self.reference
        effect = self.log_calendar() + self.elasticity * np.log(ratio)
        day = np.arange(self.size.days)[:, None]
        alive = (day >= self.created_day) & (day < self.slow_from)
        expected: Floats = self.rate * np.exp(effect) * alive
        return expected


def draw_catalogue(size: Size, end: np.datetime64, rng: np.random.Generator) -> Catalogue:
    """Draw everything that is fixed before the first order; `end` is the day after the history's last."""
    count = size.products
    category = rng.permutation(np.arange(count) % len(CATEGORIES))
    low, high = np.array([c.price for c in CATEGORIES])[category].T
    reference = (np.rint(rng.uniform(low, high)) * 100 - 10).astype(np.int64)
    margin = np.array([c.margin for c in CATEGORIES])[category]
    variable = (np.array([bool(c.sizes) for c in CATEGORIES])[category]) & (rng.random(count) < 0.6)
    traps = _draw_traps(size, rng)
    regular = _regular_paths(size, reference, rng)
    promos = _draw_promos(size, end, traps, rng)
    catalogue = Catalogue(
        size=size,
        start=end - size.days,
        category=category,
        reference=reference,
        cost=np.rint(reference * (1 - margin) * rng.uniform(0.9, 1.1, count)).astype(np.int64),
        elasticity=_per_category("elasticity", category) + rng.normal(0, 0.12, count),
        trend=rng.normal(0.10, 0.12, count),
        return_rate=np.clip(_per_category("returns", category) * rng.lognormal(0, 0.25, count), 0, 0.5),
        lead_days=rng.integers(5, 31, count),
        created_day=traps["created"],
        variable=variable,
        weekday=_weekday_profile(rng),
        rate=rng.lognormal(0, 0.9, count),
        regular=regular,
        sale=_sale_paths(regular, promos),
        promos=promos,
        slow_from=traps["slow_from"],
        near=traps["near"],
        fresh=traps["fresh"],
        **_draw_units(category, variable, rng),
    )
    # Long lead times make the planted shortage plain: there is no time left to wait and see.
    catalogue.lead_days[catalogue.near] = rng.integers(18, 31, len(catalogue.near))
    _scale_rates(catalogue)
    return catalogue


def _scale_rates(catalogue: Catalogue) -> None:
    """Bring the sum of demand to the wanted lines; what is to run out sells at least every second day."""
    wanted, near = 1.02 * catalogue.size.lines, np.zeros(catalogue.size.products, dtype=bool)
    near[catalogue.near] = True
    catalogue.rate *= wanted / catalogue.expected().sum()
    catalogue.rate[near] = np.maximum(catalogue.rate[near], 0.5)
    totals = catalogue.expected().sum(axis=0)
    catalogue.rate[~near] *= max(0.1, (wanted - totals[near].sum()) / totals[~near].sum())


def _per_category(name: str, category: Ints) -> Floats:
    return np.array([getattr(c, name) for c in CATEGORIES], dtype=float)[category]


def _weekday_profile(rng: np.random.Generator) -> Floats:
    """Monday..Sunday factors with mean 1: quiet midweek, busy weekend."""
    profile = np.array([0.95, 0.85, 0.85, 0.92, 1.05, 1.18, 1.25]) * rng.uniform(0.96, 1.04, 7)
    scaled: Floats = profile / profile.mean()
    return scaled


def _draw_traps(size: Size, rng: np.random.Generator) -> dict[str, Ints]:
    """Choose what is planted: slow (stock but no sales), near stock-out, fresh (too new to judge)."""
    count, days = size.products, size.days
    order = rng.permutation(count)
    slow, near, fresh = np.split(
        order[: count // 10 + count // 20 + count // 40], [count // 10, count // 10 + count // 20]
    )
    slow_from = np.full(count, days + 1)
    slow_from[slow] = days - np.minimum(rng.integers(75, 201, len(slow)), days * 5 // 6)
    created = np.where(
        rng.random(count) < 0.3, rng.integers(1, max(2, days // 2), count), -rng.integers(1, 400, count)
    )
    created[slow] = -rng.integers(30, 400, len(slow))
    created[fresh] = days - rng.integers(3, 15, len(fresh))
    return {"slow_from": slow_from, "near": np.sort(near), "fresh": np.sort(fresh), "created": created}


def _regular_paths(size: Size, reference: Ints, rng: np.random.Generator) -> Ints:
    """Regular prices (D, P): two to four levels at random days, within about 20 percent of the reference."""
    path = np.repeat(reference[None, :], size.days + 1, axis=0)
    day = np.arange(size.days + 1)[:, None]
    for _ in range(3):
        at = rng.integers(size.days // 10, size.days - 3, size.products)
        factor = np.exp(rng.normal(0, 0.10, size.products))
        level = np.rint(reference * np.clip(factor, 0.8, 1.25) / 100) * 100 - 10
        happens = rng.random(size.products) < 0.85
        path = np.where((day >= at) & happens, level.astype(np.int64), path)
    return path


def _draw_promos(
    size: Size, end: np.datetime64, traps: dict[str, Ints], rng: np.random.Generator
) -> list[Promo]:
    """Season sales, Black Friday, and one flash sale every five weeks; each takes part of the catalogue."""
    start, promos = end - size.days, []
    years = range(start.astype(object).year, end.astype(object).year + 1)
    for year in years:
        for name, month_day, length, percent, share in (
            ("Winter sale", "01-05", 24, 30, 0.35),
            ("Spring days", "04-10", 10, 15, 0.25),
            ("Summer sale", "07-01", 28, 25, 0.40),
            ("Black Friday", "11-20", 11, 20, 0.40),
        ):
            first = int((np.datetime64(f"{year}-{month_day}") - start).astype(int))
            promos.append(_promo(name, percent, first, length, share, size, rng))
    for first in range(14, size.days, 35):
        promos.append(_promo("Flash sale", int(rng.choice([10, 15, 20, 30])), first, 6, 0.12, size, rng))
    promos.append(_promo("This week", 15, size.days - 4, 14, 0.06, size, rng))
    for promo in promos:
        promo.products = np.setdiff1d(promo.products, traps["fresh"])
    return [p for p in promos if p.last >= 0 and p.first <= size.days and len(p.products)]


def _promo(
    name: str, percent: int, first: int, length: int, share: float, size: Size, rng: np.random.Generator
) -> Promo:
    chosen = np.flatnonzero(rng.random(size.products) < share)
    return Promo(name, percent, first, first + length - 1, chosen)


def _sale_paths(regular: Ints, promos: list[Promo]) -> Ints:
    """Sale prices (D, P), 0 where there is none; of two events on one day the deeper cut counts."""
    sale = np.zeros_like(regular)
    for promo in promos:
        days = slice(max(promo.first, 0), promo.last + 1)
        cut = np.rint(regular[days][:, promo.products] * (100 - promo.percent) / 100).astype(np.int64)
        held = sale[days][:, promo.products]
        sale[days, promo.products] = np.where((held == 0) | (cut < held), cut, held)
    return sale


def _draw_units(category: Ints, variable: Bools, rng: np.random.Generator) -> dict[str, Any]:
    """One unit for a simple product; sizes x colours for a variable one, with a share of its demand each."""
    units: list[tuple[int, float, float, tuple[str, str]]] = []
    for product, (kind, is_variable) in enumerate(zip(category.tolist(), variable.tolist(), strict=True)):
        if is_variable:
            units += [(product, *unit) for unit in _variations(CATEGORIES[kind].sizes, rng)]
        else:
            units.append((product, 1.0, 1.0, ("", "")))
    products, shares, ratios, attributes = zip(*units, strict=True)
    return {
        "unit_product": np.array(products),
        "unit_share": np.array(shares),
        "unit_ratio": np.array(ratios),
        "unit_attributes": list(attributes),
    }


def _variations(
    sizes: tuple[str, ...], rng: np.random.Generator
) -> list[tuple[float, float, tuple[str, str]]]:
    """Share of demand, price ratio and (size, colour) of each variation; middle sizes sell most."""
    names = list(COLOURS)
    colours = [names[i] for i in rng.choice(len(names), rng.integers(1, 4), replace=False)]
    weights = rng.dirichlet(np.full(len(colours), 6.0)).tolist()
    curve = np.array([0.10, 0.24, 0.31, 0.22, 0.13]) * rng.uniform(0.8, 1.2, 5)
    top = 1.05 if rng.random() < 0.25 else 1.0
    parts = (curve / curve.sum()).tolist()
    return [
        (weight * part, top if size == sizes[-1] else 1.0, (size, colour))
        for colour, weight in zip(colours, weights, strict=True)
        for size, part in zip(sizes, parts, strict=True)
    ]
