"""What all REST routes share: WordPress's error bodies, argument checks, paging headers and dates."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from urllib.parse import urlencode

from flask import Response, current_app, g, jsonify, request

from sidecar.demo.rest.checks import Check, RestError, check
from sidecar.demo.schema import connect

Row = sqlite3.Row


def db() -> sqlite3.Connection:
    """This request's connection."""
    if "db" not in g:
        g.db = connect(current_app.config["SHOP_PATH"])
    con: sqlite3.Connection = g.db
    return con


@contextmanager
def transaction(con: sqlite3.Connection) -> Iterator[None]:
    """One write transaction; a transaction that is open already is joined."""
    if con.in_transaction:
        yield
        return
    con.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        con.execute("ROLLBACK")
        raise
    con.execute("COMMIT")


def home() -> str:
    """Address of the shop without a slash at the end."""
    return str(current_app.config["SHOP_HOME"])


def api(path: str) -> str:
    """Address of a REST route, such as `api("wc/v3/products")`."""
    return f"{home()}/wp-json/{path}"


def query_args(spec: Mapping[str, Check]) -> dict[str, Any]:
    """The checked arguments of the address; `name[]` and `name[0]` make lists."""
    values: dict[str, Any] = {}
    for key, parts in request.args.lists():
        name, bracket, _ = key.partition("[")
        if bracket:
            values.setdefault(name, []).extend(parts)
        else:
            values[name] = parts[-1]
    return check(values, spec)


def body() -> dict[str, Any]:
    """The JSON object of the request (form fields otherwise); RestError when it cannot be read."""
    if not request.is_json:
        return dict(request.form)
    raw = request.get_data()
    value = request.get_json(silent=True)
    if raw and value is None:
        more = {"json_error_code": 4, "json_error_message": "Syntax error"}
        raise RestError("rest_invalid_json", "Invalid JSON body passed.", 400, more)
    return value if isinstance(value, dict) else {}


def missing(*names: str) -> RestError:
    """The answer to a body without required fields."""
    message = f"Missing parameter(s): {', '.join(names)}"
    return RestError("rest_missing_callback_param", message, 400, {"params": list(names)})


# Dates: stored as UTC text without a zone mark, which is how WooCommerce shows them.


def now() -> str:
    """This moment, UTC without a zone mark."""
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S")


@dataclass
class Select:
    """A list query that is built up clause by clause; values go in by name or position."""

    table: str
    where: list[str]
    values: list[Any]

    def add(self, clause: str, *values: Any) -> None:
        """Narrow the list."""
        self.where.append(clause)
        self.values += values

    def among(self, column: str, values: Sequence[Any], negate: bool = False) -> None:
        """Keep rows whose column is (not) one of the values."""
        marks = ", ".join("?" * len(values))
        self.add(f"{column} {'NOT IN' if negate else 'IN'} ({marks})", *values)

    def common(self, args: Mapping[str, Any], created: str | None = "date_created") -> None:
        """Apply include, exclude and the date filters."""
        if args.get("include"):
            self.among("id", args["include"])
        elif args.get("exclude"):  # include wins, as in WordPress
            self.among("id", args["exclude"], negate=True)
        columns = {"after": (created, ">"), "before": (created, "<")}
        columns |= {"modified_after": ("date_modified", ">"), "modified_before": ("date_modified", "<")}
        for name, (column, sign) in columns.items():
            if name in args and created is not None:
                self.add(f"{column} {sign} ?", args[name])

    def fetch(self, con: sqlite3.Connection, args: Mapping[str, Any], order: str) -> tuple[list[Row], int]:
        """The page of rows and the number of all rows."""
        where = f" WHERE {' AND '.join(self.where)}" if self.where else ""
        total = con.execute(f"SELECT count(*) FROM {self.table}{where}", self.values).fetchone()[0]
        size = args.get("per_page", 10)
        offset = args.get("offset", (args.get("page", 1) - 1) * size)
        sql = f"SELECT * FROM {self.table}{where} ORDER BY {order} LIMIT ? OFFSET ?"
        return con.execute(sql, [*self.values, size, offset]).fetchall(), int(total)


def ordering(args: Mapping[str, Any], columns: Mapping[str, str], default: str, way: str = "desc") -> str:
    """The ORDER BY of a list; rows of equal value follow their ids the same way."""
    direction = args.get("order", way)
    column = columns[args.get("orderby", default)]
    if column == "include" and args.get("include"):
        cases = " ".join(f"WHEN {i} THEN {n}" for n, i in enumerate(args["include"]))
        return f"CASE id {cases} END"
    column = "id" if column == "include" else column
    return f"{column} {direction}" if column == "id" else f"{column} {direction}, id {direction}"


def answer_list(items: list[dict[str, Any]], total: int, args: Mapping[str, Any]) -> Response:
    """A list with WordPress's total headers and its links to the neighbour pages."""
    size, page = args.get("per_page", 10), args.get("page", 1)
    pages = -(-total // size)
    response = jsonify([_only_fields(item) for item in items])
    response.headers["X-WP-Total"] = str(total)
    response.headers["X-WP-TotalPages"] = str(pages)
    links = [
        f'<{_page_url(page + step)}>; rel="{rel}"'
        for step, rel in ((-1, "prev"), (1, "next"))
        if (step < 0 and page > 1) or (step > 0 and page < pages)
    ]
    if links:
        response.headers["Link"] = ", ".join(links)
    return response


def _page_url(page: int) -> str:
    pairs = [(k, v) for k, values in request.args.lists() for v in values if k != "page"]
    return f"{home()}{request.path}?{urlencode([*pairs, ('page', page)])}"


def answer(item: Any, status: int = 200) -> Response:
    """One item, cut to `_fields`."""
    response = jsonify(_only_fields(item, ("_links",)) if isinstance(item, dict) else item)
    response.status_code = status
    return response


def _only_fields(item: dict[str, Any], always: tuple[str, ...] = ()) -> dict[str, Any]:
    """The fields that `_fields` names; WooCommerce knows whole fields only, not `dimensions.length`."""
    wanted = request.args.get("_fields")
    if not wanted:
        return item
    names = {name.strip() for name in wanted.split(",")} | set(always)
    return {name: value for name, value in item.items() if name in names}


def links(path: str, item_id: int | str, up: str | None = None) -> dict[str, Any]:
    """The `_links` of an item below `path` (`wc/v3/products`)."""
    allow = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    found: dict[str, Any] = {
        "self": [{"href": api(f"{path}/{item_id}"), "targetHints": {"allow": allow}}],
        "collection": [{"href": api(path)}],
    }
    if up:
        found["up"] = [{"href": api(up)}]
    return found


def money(minor: int) -> str:
    """Minor units as text with the shop's two decimals."""
    sign = "-" if minor < 0 else ""
    return f"{sign}{abs(minor) // 100}.{abs(minor) % 100:02d}"


def minor(value: str) -> int:
    """Text to minor units, half up."""
    return int((Decimal(value or "0") * 100).to_integral_value(ROUND_HALF_UP))


def load_json(value: str) -> dict[str, Any]:
    """A stored JSON object."""
    loaded: dict[str, Any] = json.loads(value)
    return loaded
