"""What agents fitted and kept, so that answers need not fit again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, delete, select

from sidecar.core.forecasts import KeptForecast
from sidecar.db import read, upsert, write
from sidecar.db.forecasts import forecasts
from sidecar.runtime.base import Row, now

if TYPE_CHECKING:
    from numpy.typing import NDArray

CHUNK, FEW = 200, 500
EPOCH = date(1970, 1, 1)
PARTS = ("mean", "quantiles", "totals", "sold", "in_stock")


class KeptModels:
    """`core.forecasts.Models` of one run: reads at once, writes when the run has succeeded.

    What is kept waits as it will be stored, about 5 kB an item.
    """

    def __init__(self, engine: Engine, shop_id: str) -> None:
        self._engine, self._shop_id = engine, shop_id
        self._kept: dict[int, Row] = {}
        self._all_items = False

    def keep(self, forecasts: Sequence[KeptForecast], *, all_items: bool = False) -> None:
        self._kept |= {one.item_id: _row(one, self._shop_id) for one in forecasts}
        self._all_items = self._all_items or all_items

    def forecasts(self, ids: Sequence[int] | None = None) -> list[KeptForecast]:
        with read(self._engine) as conn:
            return load(conn, self._shop_id, ids)

    def store(self, run_id: str) -> None:
        """Writes what was kept, in many short transactions: others write meanwhile."""
        made = {"run_id": run_id, "made_at": now()}
        items = list(self._kept)
        for part in _parts_of(items):
            with write(self._engine) as conn:
                upsert(conn, forecasts, [self._kept[item] | made for item in part])
        if not items or not self._all_items:
            return
        mine = forecasts.c.shop_id == self._shop_id
        with read(self._engine) as conn:
            there = conn.execute(select(forecasts.c.item_id).where(mine)).scalars().all()
        for part in _parts_of([item for item in there if item not in self._kept]):
            with write(self._engine) as conn:
                conn.execute(delete(forecasts).where(mine, forecasts.c.item_id.in_(part)))


def _parts_of(items: list[int]) -> Iterator[list[int]]:
    return (items[start : start + CHUNK] for start in range(0, len(items), CHUNK))


def load(conn: Connection, shop_id: str, ids: Sequence[int] | None = None) -> list[KeptForecast]:
    """The kept forecasts of a shop by item, or those of `ids`."""
    query = select(forecasts).where(forecasts.c.shop_id == shop_id).order_by(forecasts.c.item_id)
    if ids is not None and len(ids) <= FEW:
        query = query.where(forecasts.c.item_id.in_(ids))
    wanted = None if ids is None else set(ids)
    found = conn.execute(query).mappings()
    return [_kept(row) for row in found if wanted is None or row["item_id"] in wanted]


def _row(one: KeptForecast, shop_id: str) -> Row:
    import numpy as np

    parts = [np.asarray(getattr(one, name), dtype="<f4") for name in PARTS]
    return {
        "shop_id": shop_id, "item_id": one.item_id, "product_id": one.product_id,
        "first_day": _number(one.first_day), "since": _number(one.since),
        "last_sale": None if one.last_sale is None else _number(one.last_sale), "method": one.method[:60],
        "error": one.error, "naive_error": one.naive_error, "coverage": one.coverage, "pieces": one.pieces,
        "notes": list(one.notes),
        "grid": {
            "levels": list(one.levels),
            "periods": list(one.periods),
            "total_levels": list(one.total_levels),
            "shapes": [list(part.shape) for part in parts],
        },
        "numbers": b"".join(part.tobytes() for part in parts),
    }  # fmt: skip


def _kept(row: Any) -> KeptForecast:
    grid = row["grid"]
    mean, quantiles, totals, sold, in_stock = _parts(row["numbers"], grid["shapes"])
    return KeptForecast(
        item_id=row["item_id"],
        product_id=row["product_id"],
        first_day=_date(row["first_day"]),
        method=row["method"],
        notes=tuple(row["notes"]),
        error=row["error"],
        naive_error=row["naive_error"],
        coverage=row["coverage"],
        pieces=row["pieces"],
        since=_date(row["since"]),
        last_sale=None if row["last_sale"] is None else _date(row["last_sale"]),
        levels=tuple(grid["levels"]),
        mean=mean,
        quantiles=quantiles,
        periods=tuple(grid["periods"]),
        total_levels=tuple(grid["total_levels"]),
        totals=totals,
        sold=sold,
        in_stock=in_stock > 0,
        made_at=row["made_at"],
    )


def _parts(numbers: bytes, shapes: list[list[int]]) -> Iterator[NDArray[Any]]:
    import numpy as np

    whole = np.frombuffer(numbers, dtype="<f4")
    start = 0
    for shape in shapes:
        size = int(np.prod(shape, dtype=np.int64))
        yield whole[start : start + size].reshape(shape)
        start += size


def _number(day: date) -> int:
    return (day - EPOCH).days


def _date(number: int) -> date:
    return EPOCH + timedelta(days=number)
