"""Real demand as arrays for the benches, from the folder that DEVSKYY_DATA names (../shared/data).

Online Retail: sales of articles (codes that begin with five digits) at a price, in units per day. What was
cancelled on the day it was bought is taken off that day; goods that came back later were demand. Days on
which an article was not sold count as zero from its first sale on; before, nothing is known. Beside the units
stand the orders: invoices of buyers to whom something is left of the day.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.peers import parquet_columns

Floats = NDArray[np.float64]

# Known years ahead: public holidays in England and Wales, and the days between Christmas and New Year.
HOLIDAYS = (
    *(date(2010, 12, 24) + timedelta(days=n) for n in range(11)),
    *(date(2011, 4, day) for day in (22, 24, 25, 29)),
    *(date(2011, 5, day) for day in (2, 30)),
    date(2011, 8, 29),
    *(date(2011, 12, 24) + timedelta(days=n) for n in range(11)),
)


@dataclass(frozen=True)
class Series:
    """One data set: y (n, t), forecasts for `horizon` periods after the first `origins` columns each."""

    name: str
    y: Floats
    season: int
    horizon: int
    origins: tuple[int, ...]
    total: int  # periods in the total that is judged: 28 or 90 days
    slow: bool = False
    first_day: date | None = None
    holidays: tuple[date, ...] = ()
    recent: int = 8  # periods in the mean of the last 8 weeks
    orders: Floats | None = None  # (n, t) in which y was bought

    def rows(self, chosen: NDArray[np.int64]) -> Series:
        """The same with some of its items."""
        orders = None if self.orders is None else self.orders[chosen]
        return replace(self, y=self.y[chosen], orders=orders)

    def orders_until(self, origin: int) -> Floats | None:
        """The orders of the first `origin` periods, if they are known."""
        return None if self.orders is None else self.orders[:, :origin]


def folder() -> Path:
    """Where the data lies."""
    return Path(os.environ.get("DEVSKYY_DATA", "../shared/data"))


def missing() -> str | None:
    """What to do when the data is not there, else None."""
    if (folder() / "online_retail_until_2011-08.parquet").is_file():
        return None
    return f"skipped: no data in {folder()}; let DEVSKYY_DATA name the folder with the files of its README."


def origins_of(periods: int, horizon: int, step: int, count: int = 4) -> tuple[int, ...]:
    """The last `count` origins that leave `horizon` periods to check against, `step` apart."""
    return tuple(periods - horizon - step * (count - 1 - n) for n in range(count))


def online_retail() -> tuple[tuple[str, ...], Floats, date]:
    """Articles, units per day (articles, days) with NaN before the first sale, and the first day."""
    articles, y, _, first = _online_retail()
    return articles, y, first


def online_retail_orders() -> Floats:
    """Orders per day (articles, days) in which the units of `online_retail` were bought."""
    return _online_retail()[2]


@lru_cache(maxsize=1)
def _online_retail() -> tuple[tuple[str, ...], Floats, Floats, date]:
    columns = parquet_columns(
        folder() / "online_retail_until_2011-08.parquet",
        ("InvoiceNo", "StockCode", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID"),
    )
    lines = pd.DataFrame(columns)
    lines["StockCode"] = lines["StockCode"].astype(str).str.upper()
    lines = lines[lines["StockCode"].str.match(r"^\d{5}[A-Z]{0,2}$") & (lines["UnitPrice"] > 0)]
    first = date(2010, 12, 1)
    lines["day"] = (pd.to_datetime(lines["InvoiceDate"]).dt.normalize() - pd.Timestamp(first)).dt.days
    lines["back"] = lines["InvoiceNo"].astype(str).str.startswith("C")
    who = ["StockCode", "day", "CustomerID"]
    sales = lines[~lines["back"] & (lines["Quantity"] > 0)].groupby(who, dropna=False)
    sold = sales["Quantity"].sum()
    back = -lines[lines["back"]].groupby(who, dropna=False)["Quantity"].sum()
    net = sold.sub(back.reindex(sold.index, fill_value=0)).clip(lower=0)
    days = range(int(lines["day"].max()) + 1)
    daily, orders = (
        values.groupby(level=["StockCode", "day"]).sum().unstack("day").reindex(columns=days).fillna(0.0)
        for values in (net, sales["InvoiceNo"].nunique() * (net > 0))
    )
    y = daily.to_numpy(dtype=np.float64)
    y[np.arange(y.shape[1]) < (y > 0).argmax(axis=1)[:, None]] = np.nan
    return tuple(daily.index), y, orders.to_numpy(dtype=np.float64), first


def weekly(y: Floats) -> Floats:
    """Sums of the whole weeks that end with the last day; NaN until the week of the first sale."""
    weeks = y.shape[1] // 7
    parts = y[:, y.shape[1] - 7 * weeks :].reshape(len(y), weeks, 7)
    return np.where(np.isnan(parts).all(axis=2), np.nan, np.nansum(parts, axis=2))


def best_sellers(y: Floats, until: int, count: int = 500) -> NDArray[np.int64]:
    """The articles that sold most units in the first `until` periods, best first."""
    return np.argsort(-np.nansum(y[:, :until], axis=1), kind="stable")[:count]


def slow_sellers(y: Floats, until: int, week: int, count: int = 500) -> NDArray[np.int64]:
    """Those that sold in the fewest weeks since their first sale, which is 8 weeks before `until` or older.

    Articles that sold in fewer than three periods tell nothing yet and are left out.
    """
    known = np.isfinite(y[:, :until])
    share = (np.nan_to_num(y[:, :until]) > 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    usable = (known.sum(axis=1) >= 8 * week) & ((np.nan_to_num(y[:, :until]) > 0).sum(axis=1) >= 3)
    share = np.where(usable, share, np.inf)
    return np.argsort(share, kind="stable")[: min(count, int(usable.sum()))]


def retail_sets(share: float) -> list[Series]:
    """Online Retail by day and by week: best sellers over 28 days, slow articles over 90 days (13 weeks)."""
    _, y, first = online_retail()
    y = y[:, : round(y.shape[1] * share)]
    orders = online_retail_orders()[:, : y.shape[1]]
    out = []
    for slow, days, name in ((False, 28, "best sellers"), (True, 90, "slow articles")):
        for week, word in ((7, "daily"), (1, "weekly")):
            values, made = (y, orders) if week == 7 else (weekly(y), weekly(orders))
            horizon = days if week == 7 else -(-days // 7)
            step = (28 if not slow else 14) * week // 7
            origins = origins_of(values.shape[1], horizon, step)
            choose = slow_sellers(values, origins[0], week) if slow else best_sellers(values, origins[0])
            out.append(
                Series(
                    f"Online Retail {word}, {len(choose)} {name}",
                    values[choose],
                    season=7 if week == 7 else 52,
                    horizon=horizon,
                    origins=origins,
                    total=horizon,
                    slow=slow,
                    first_day=first + timedelta(days=0 if week == 7 else y.shape[1] % 7),
                    holidays=HOLIDAYS,
                    recent=8 * week,
                    orders=made[choose],
                )
            )
    return out


def expsmooth_sets(share: float) -> list[Series]:
    """Jewellery by week over 28 days, car parts by month over 90 days, known months only."""
    sets = []
    for file, name, season, horizon, slow, recent in (
        ("jewelry_weekly_first_100.csv.gz", "Jewellery weekly", 52, 4, False, 8),
        ("carparts_monthly_first_39.csv.gz", "Car parts monthly", 12, 3, True, 2),
    ):
        table = pd.read_csv(folder() / file).drop(columns="t")
        y = table.dropna(axis=1).to_numpy(dtype=np.float64).T
        y = y[:, : round(y.shape[1] * share)]
        origins = origins_of(y.shape[1], horizon, horizon)
        y = y[np.nansum(y[:, : origins[0]], axis=1) > 0]
        sets.append(
            Series(f"{name}, {len(y)}", y, season, horizon, origins, horizon, slow=slow, recent=recent)
        )
    return sets


@dataclass(frozen=True)
class Competition:
    """M3 by month: histories, what came (n, 18), and the published forecasts (n, 18) by method."""

    history: list[Floats]
    actual: Floats
    published: dict[str, Floats]


def m3_monthly() -> Competition:
    """The monthly series of the half of M3 that is here."""
    table = parquet_columns(folder() / "m3_odd_series.parquet", ("period", "x", "xx"))
    rows = [row for row, period in enumerate(table["period"]) if period == "MONTHLY"]
    history = [np.asarray(table["x"][row], dtype=np.float64) for row in rows]
    actual = np.array([np.asarray(table["xx"][row], dtype=np.float64) for row in rows])
    names = tuple(f"f{n}" for n in range(1, 19))
    raw = parquet_columns(folder() / "m3_odd_published_forecasts.parquet", ("method", "row", *names))
    frame = pd.DataFrame(raw)
    published = {}
    for method, part in frame.groupby("method"):
        # Rows count the whole competition, of which every second series is here.
        by_row = part.assign(row=part["row"] // 2).set_index("row")[list(names)]
        if len(by_row.index.intersection(rows)) == len(rows):
            published[str(method)] = by_row.loc[rows].to_numpy(dtype=np.float64)
    return Competition(history, actual, published)


def right_aligned(history: list[Floats]) -> Floats:
    """One row per series, all ending in the last column; NaN before they begin."""
    y = np.full((len(history), max(len(row) for row in history)), np.nan)
    for at, row in enumerate(history):
        y[at, y.shape[1] - len(row) :] = row
    return y
