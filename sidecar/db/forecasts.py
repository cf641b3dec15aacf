"""The table of fitted forecasts, part of the `app` database with its column rules."""

from sqlalchemy import JSON, BigInteger, Column, Float, Integer, String

from sidecar.db.app import app
from sidecar.db.types import LongBlob, shop_table, time

forecasts = shop_table(
    "forecasts",
    app,
    Column("item_id", BigInteger, primary_key=True, autoincrement=False, comment="0 = the sum of all items"),
    Column("product_id", BigInteger, nullable=False),
    Column("run_id", String(32), nullable=False, comment="the run that made it"),
    time("made_at"),
    Column("first_day", Integer, nullable=False, comment="days since 1970-01-01, as the two below"),
    Column("since", Integer, nullable=False),
    Column("last_sale", Integer),
    Column("method", String(60), nullable=False),
    Column("error", Float, comment="RMSSE of a backtest; null where the history is too short"),
    Column("naive_error", Float),
    Column("coverage", Float),
    Column("pieces", Float, nullable=False),
    Column("notes", JSON, nullable=False, comment="list of codes"),
    Column("grid", JSON, nullable=False, comment="levels, periods, total_levels and the length of each part"),
    Column("numbers", LongBlob, nullable=False, comment="the parts one after the other, float32, little end"),
    comment="The newest forecast of each item, made by demand-forecast.",
    privacy="none",
)
