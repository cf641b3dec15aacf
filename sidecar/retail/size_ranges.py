"""Which variations of a product are its sizes, and figures per size as a matrix."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from sidecar.retail.demand import Floats
from sidecar.retail.holders import Holder

SIZE = re.compile(
    r"(^|[\s_-])(size|größe|groesse|grösse|taille|talla|taglia|maat|storlek|rozmiar)([\s_-]|$)", re.IGNORECASE
)
"""Attributes that name a size, in the languages that most shops use."""
LETTERS = ("XXXS", "XXS", "XS", "S", "M", "L", "XL", "XXL", "2XL", "XXXL", "3XL", "4XL", "5XL")


@dataclass(frozen=True)
class SizeRange:
    """The sizes of one product, or of one colour of it: the stock of each by size; `home` its category."""

    product_id: int
    name: str
    home: int
    sizes: dict[str, Holder] = field(default_factory=dict)


def ranges_of(holders: Sequence[Holder], homes: Sequence[int], attribute: str = "") -> list[SizeRange]:
    """Ranges of at least two sizes; every combination of the other attributes is a range of its own.

    `attribute` names the one that holds the size; empty to know it by its name.
    """
    found: dict[tuple[int, tuple[str, ...]], SizeRange] = {}
    for holder, home in zip(holders, homes, strict=True):
        item = holder.items[0]
        size = next((value for name, value in item.attributes if names_size(name, attribute)), "")
        if len(holder.items) > 1 or not size:
            continue
        rest = tuple(value for name, value in item.attributes if not names_size(name, attribute) and value)
        name = ", ".join((item.name.rsplit(" - ", 1)[0], *rest))
        own = found.setdefault((holder.product_id, rest), SizeRange(holder.product_id, name, home))
        own.sizes.setdefault(size, holder)
    return [own for own in found.values() if len(own.sizes) > 1]


def names_size(name: str, attribute: str = "") -> bool:
    """Whether an attribute of this name holds sizes."""
    if attribute:
        return name.strip().casefold() == attribute.strip().casefold()
    return bool(SIZE.search(name.removeprefix("pa_")))


def size_names(ranges: Sequence[SizeRange]) -> list[str]:
    """All sizes: letters in their order, then numbers, then words."""
    return sorted({size for own in ranges for size in own.sizes}, key=_place)


def _place(size: str) -> tuple[int, float, str]:
    if size.upper() in LETTERS:
        return 0, LETTERS.index(size.upper()), size
    number = re.match(r"\d+([.,]\d+)?", size)
    return (1, float(number[0].replace(",", ".")), size) if number else (2, 0.0, size)


def matrix(
    ranges: Sequence[SizeRange], names: Sequence[str], values: Mapping[int, float], empty: float = 0.0
) -> Floats:
    """Figures by holder id as (ranges, sizes); `empty` where a range has no such size."""
    column = {size: n for n, size in enumerate(names)}
    found = np.full((len(ranges), len(names)), empty)
    for row, own in enumerate(ranges):
        for size, holder in own.sizes.items():
            found[row, column[size]] = values.get(holder.id, 0.0)
    return found
