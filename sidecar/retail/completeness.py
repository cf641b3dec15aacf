"""What a product page lacks, and what of it can be derived from the shop's own words."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sidecar.core.store import Attribute, Category, Item, Product

TAG = re.compile(r"<[^>]*>")
SPACE = re.compile(r"\s+")
SENTENCE = re.compile(r"(?<=[.!?…。])\s+")
FEWEST_SIBLINGS = 5
"""Products that must agree before anything is concluded from them."""
MOST_SIBLINGS_USE = 0.8
"""An attribute is expected where at least this share of a category's products has it."""
OPTIONAL = frozenset({"short_description", "sku", "gtin", "weight", "cost"})
UNUSED = 0.05
"""An optional field that at most this share of the products fills is one that the shop does not use."""
SHORT_FROM, SHORT_TO = 40, 220
FIELDS = (
    "name",
    "image",
    "alt_text",
    "description",
    "short_description",
    "category",
    "sku",
    "gtin",
    "weight",
    "cost",
    "attributes",
)


@dataclass(frozen=True)
class Checked:
    """One product: which fields apply to it and which of these are missing or weak."""

    product: Product
    applies: frozenset[str]
    missing: frozenset[str]


def plain(text: str) -> str:
    """Words without markup; paragraphs end sentences."""
    return SPACE.sub(" ", html.unescape(TAG.sub(" ", text))).strip()


def is_default(category: Category) -> bool:
    """Whether this is the category that WooCommerce gives to products without one."""
    return category.slug.startswith("uncategor")


def check(
    products: Sequence[Product],
    items: Mapping[int, Sequence[Item]],
    categories: Mapping[int, Category],
    *,
    cogs: bool,
    shortest: int,
) -> list[Checked]:
    """Checks products; `items` is by product, and `shortest` characters make a description."""
    names = Counter(product.name.strip().lower() for product in products)
    expected = _expected_attributes(products)
    answers = []
    for product in products:
        applies = {"name", "image", "description", "short_description", "category", "sku", "gtin", "weight"}
        applies |= {"alt_text"} if product.images else set()
        applies |= {"cost"} if cogs else set()
        wanted = set().union(*(expected.get(category, set()) for category in product.categories))
        applies |= {"attributes"} if wanted else set()
        own = items.get(product.id, ())
        filled = {
            "name": len(product.name.split()) > 1 and names[product.name.strip().lower()] == 1,
            "image": bool(product.images),
            "alt_text": all(image.alt.strip() for image in product.images),
            "description": len(plain(product.description)) >= shortest,
            "short_description": bool(plain(product.short_description)),
            "category": has_category(product, categories),
            "sku": all(item.sku for item in own) if own else bool(product.sku),
            "gtin": bool(product.gtin),
            "weight": product.weight not in ("", "0"),
            "cost": all(item.cost is not None for item in own) if own else product.cost is not None,
            "attributes": wanted <= {attribute.name for attribute in product.attributes},
        }
        answers.append(
            Checked(product, frozenset(applies), frozenset(name for name in applies if not filled[name]))
        )
    return answers


def has_category(product: Product, categories: Mapping[int, Category]) -> bool:
    """Whether the product is in a category of the shop's own making."""
    return any(
        category in categories and not is_default(categories[category]) for category in product.categories
    )


def _expected_attributes(products: Sequence[Product]) -> dict[int, set[str]]:
    """Attributes that nearly all products of a category have."""
    members: Counter[int] = Counter()
    uses: Counter[tuple[int, str]] = Counter()
    for product in products:
        members.update(product.categories)
        uses.update((c, a.name) for c in product.categories for a in product.attributes)
    found: dict[int, set[str]] = {}
    for (category, name), count in uses.items():
        if members[category] >= FEWEST_SIBLINGS and count >= MOST_SIBLINGS_USE * members[category]:
            found.setdefault(category, set()).add(name)
    return found


def shares(checked: Sequence[Checked]) -> dict[str, tuple[int, int]]:
    """(filled, applicable) by field, in the order of FIELDS; fields that apply nowhere are left out."""
    counts = {}
    for name in FIELDS:
        applicable = [one for one in checked if name in one.applies]
        if applicable:
            counts[name] = (sum(name not in one.missing for one in applicable), len(applicable))
    return counts


def used_fields(counts: Mapping[str, tuple[int, int]]) -> set[str]:
    """Fields that count: those that every page needs, and of the others those that the shop uses at all."""
    return {
        name
        for name, (filled, applicable) in counts.items()
        if name not in OPTIONAL or filled > UNUSED * applicable
    }


def alt_text(name: str, attributes: Sequence[Attribute], number: int) -> str:
    """Name and what all variations share, such as the colour; later pictures are numbered."""
    only = [
        a.options[0] for a in attributes if len(a.options) == 1 and a.options[0].lower() not in name.lower()
    ]
    text = ", ".join([name, *only])
    return text if number == 0 else f"{text} ({number + 1})"


def first_sentences(description: str) -> str | None:
    """The first whole sentences of a description, 40 to 220 characters long; None when it has none such."""
    first = next((part for part in re.split(r"</p>|<br\s*/?>|\n", description) if plain(part)), "")
    text = ""
    for sentence in SENTENCE.split(plain(first)):
        longer = f"{text} {sentence}".strip()
        if len(longer) > SHORT_TO or not re.search(r"[.!?…。]$", sentence):
            break
        text = longer
        if len(text) >= SHORT_FROM:
            return text
    return None


def category_of_namesakes(
    product: Product, products: Sequence[Product]
) -> tuple[tuple[int, ...], int, str] | None:
    """The categories of all products whose names end in the same words, how many these are, and the words.

    Tries the last three words first; None unless at least five products have the ending and all agree.
    """
    words = product.name.lower().split()
    for length in range(min(3, len(words)), 0, -1):
        ending = words[-length:]
        peers = [p for p in products if p.id != product.id and p.name.lower().split()[-length:] == ending]
        if len(peers) >= FEWEST_SIBLINGS:
            sets = {tuple(sorted(peer.categories)) for peer in peers}
            return (sets.pop(), len(peers), " ".join(ending)) if len(sets) == 1 else None
    return None
