"""What has a stock of its own: a simple product, a variation, or a parent whose variations share one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sidecar.core.store import Item, Supplies, Supply


@dataclass(frozen=True, slots=True)
class Holder:
    """A stock; `id` is the variation's, the product's, or the parent's whose variations share it.

    `stock` is None where WooCommerce does not manage it; `label` tells it from its siblings; `low` is its
    low-stock amount, None for the shop's.
    """

    id: int
    product_id: int
    items: tuple[Item, ...]
    resource: str
    name: str
    label: str
    stock: int | None
    low: int | None

    @property
    def item_ids(self) -> tuple[int, ...]:
        """What is sold from it."""
        return tuple(item.id for item in self.items)

    @property
    def sku(self) -> str:
        """Its SKU; of a shared stock the product's, since one variation's would name that one alone."""
        first = self.items[0]
        return first.sku if self.id == first.id else first.product_sku

    def terms(self, supplies: Supplies) -> Supply:
        """How it is bought: by its own terms; a shared stock without any by those of its first variation."""
        return supplies.of(self.id if self.id in supplies.known else self.items[0].id)

    @property
    def cost(self) -> Decimal | None:
        """What a piece costs, None when nobody entered it; of a shared stock the dearest."""
        known = [item.cost for item in self.items if item.cost is not None and item.cost > 0]
        return max(known) if len(known) == len(self.items) else None

    @property
    def price(self) -> Decimal | None:
        """What a piece sells for today."""
        known = [item.price for item in self.items if item.price is not None]
        return min(known, default=None)

    @property
    def on_sale(self) -> bool:
        """Whether it sells at a sale price today."""
        return any(item.sale_price is not None and item.price == item.sale_price for item in self.items)

    @property
    def created(self) -> date:
        """The day on which the oldest of it was made."""
        return min(item.created_at.date() for item in self.items)

    @property
    def published(self) -> bool:
        """Whether shoppers can see any of it."""
        return any(item.status == "publish" for item in self.items)


def holders_of(items: Iterable[Item]) -> list[Holder]:
    """The stocks behind these items, by id; items without stock management stand for themselves."""
    found, shared = [], dict[int, list[Item]]()
    for item in items:
        if item.stock_of_parent:
            shared.setdefault(item.product_id, []).append(item)
        else:
            found.append(_single(item))
    found += [_shared(own) for own in shared.values()]
    return sorted(found, key=lambda one: one.id)


def _single(item: Item) -> Holder:
    label = ", ".join(value for _, value in item.attributes if value) or item.name
    return Holder(
        item.id, item.product_id, (item,), item.resource, item.name, label, item.stock, item.low_stock_amount
    )


def _shared(own: Sequence[Item]) -> Holder:
    first = own[0]
    options = ", ".join(value for _, value in first.attributes if value)
    name = first.name.removesuffix(f" - {options}") if options else first.name
    return Holder(
        id=first.product_id,
        product_id=first.product_id,
        items=tuple(own),
        resource=f"wc/v3/products/{first.product_id}",
        name=name,
        label=name,
        stock=first.stock,
        low=None,
    )
