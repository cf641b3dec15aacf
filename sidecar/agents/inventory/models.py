"""What the inventory agents take and answer, where several share it."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

Id = Annotated[int, Field(ge=1, le=2**53 - 1)]
"""An id that every JSON reader keeps whole."""


class Subset(BaseModel):
    """Which products to look at."""

    product_ids: list[Id] = Field(
        [],
        title="Only these products",
        max_length=200,
        description="Ids of the products to look at; empty for all.",
    )


class Stocked(BaseModel):
    """One stock: a simple product, a variation, or a product whose variations share one."""

    product_id: int = Field(description="The product.")
    item_id: int = Field(description="The variation, or the product itself.")
    name: str = Field(description="Its name.")
    sku: str = Field(description="Its SKU.")
