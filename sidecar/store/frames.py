"""Query results as pandas frames, column by column and chunk by chunk, so that a million rows stay small."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, Select

from sidecar.core.types import SCALE

if TYPE_CHECKING:
    import pandas as pd

CHUNK = 50_000
Columns = Mapping[str, str]
"""Name → kind: int64, float64, bool, object, category, `day` (since 1970), `time` (epoch), `money`."""

RAW = {"int64": "i8", "float64": "f8", "bool": "?", "day": "i4", "time": "i8", "money": "f8"}


def as_frame(conn: Connection, query: Select[Any], columns: Columns) -> pd.DataFrame:
    """The rows of a query as a frame; days and times become `datetime64[ns]`, money floats or NaN."""
    import pandas as pd

    kinds = list(columns.values())
    parts: list[list[npt.NDArray[Any]]] = [[] for _ in kinds]
    result = conn.execution_options(stream_results=True).execute(query)
    for chunk in result.partitions(CHUNK):
        for place, values in enumerate(zip(*chunk, strict=True)):
            parts[place].append(_array(values, kinds[place]))
    whole = {
        name: _finish(np.concatenate(part) if part else np.empty(0, RAW.get(kind, "O")), kind)
        for (name, kind), part in zip(columns.items(), parts, strict=True)
    }
    return pd.DataFrame(whole)


def _array(values: Sequence[Any], kind: str) -> npt.NDArray[Any]:
    if kind not in RAW:
        return np.array(values, dtype=object)
    if None in values:
        values = [np.nan if value is None else value for value in values]
    # Decimal (MySQL sums) and int alike
    return np.fromiter(
        map(float, values) if RAW[kind] == "f8" else values, dtype=RAW[kind], count=len(values)
    )


def _finish(values: npt.NDArray[Any], kind: str) -> Any:
    import pandas as pd

    if kind == "day":
        return days_to_dates(values)
    if kind == "time":
        return values.astype("datetime64[s]").astype("datetime64[ns]")
    if kind == "money":
        return values / SCALE
    return pd.Categorical(values) if kind == "category" else values


def days_to_dates(days: npt.NDArray[Any]) -> npt.NDArray[np.datetime64]:
    """Days since 1970-01-01 as `datetime64[ns]` at midnight."""
    return days.astype("datetime64[D]").astype("datetime64[ns]")


def epoch_day(day: int) -> date:
    """A date from days since 1970-01-01."""
    return date(1970, 1, 1) + timedelta(days=int(day))


def stock_by_day(
    holders: Mapping[int, int], changes: Iterable[tuple[int, int, float | None, bool]], days: Sequence[int]
) -> pd.DataFrame:
    """Stock at the end of each of `days` (when the shop was read) per item, from the changes of its holder.

    `holders` maps items to what holds their stock, `changes` are (holder, day, quantity, in_stock) in order.
    Days before an item's first known stock are left out: nobody knows.
    """
    import pandas as pd

    past: dict[int, list[tuple[int, float | None, bool]]] = {}
    for holder, day, quantity, in_stock in changes:
        past.setdefault(holder, []).append((day, quantity, in_stock))
    seen = np.array(days, dtype="i4")
    pieces = []
    for item, holder in holders.items():
        if holder not in past:
            continue
        starts = np.array([day for day, _, _ in past[holder]], dtype="i4")
        # the last change on or before each day
        at = np.searchsorted(starts, seen, side="right") - 1
        known = at >= 0
        stock = np.array([np.nan if q is None else q for _, q, _ in past[holder]], dtype="f8")
        there = np.array([flag for _, _, flag in past[holder]], dtype=bool)
        pieces.append(
            (np.full(int(known.sum()), item, dtype="i8"), seen[known], stock[at[known]], there[at[known]])
        )
    columns = [np.concatenate(part) for part in zip(*pieces, strict=True)] if pieces else [
        np.empty(0, kind) for kind in ("i8", "i4", "f8", "?")
    ]  # fmt: skip
    named = dict(zip(("item_id", "day", "stock", "in_stock"), columns, strict=True))
    return pd.DataFrame(named | {"day": days_to_dates(named["day"])})
