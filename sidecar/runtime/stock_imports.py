"""Imports of CSV files: suppliers' terms by item, and what lies at a place.

Good rows are kept, bad ones are named by line, column, value and what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from sidecar.core.types import to_scaled
from sidecar.db import write
from sidecar.db.owned import location_stock
from sidecar.db.upsert import upsert
from sidecar.runtime import audit, stock_items, supplies
from sidecar.runtime import suppliers as supplier_list
from sidecar.runtime.base import Row, Runtime, now
from sidecar.runtime.remarks import remark
from sidecar.runtime.sheets import MOST_BAD, Bad, Sheet, read_sheet
from sidecar.runtime.stock_items import Shelf
from sidecar.runtime.suppliers import name_key
from sidecar.runtime.terms import OF_SUPPLY, NotThat, value_of, whole

NAMES = {"sku": "sku", "itemid": "item_id", "id": "item_id", "variationid": "item_id", "productid": "item_id"}
SUPPLY_COLUMNS: dict[str, str] = NAMES | {
    "supplier": "supplier", "suppliername": "supplier", "vendor": "supplier",
    "suppliersku": "supplier_sku", "vendorsku": "supplier_sku", "suppliercode": "supplier_sku",
    "cost": "cost", "purchaseprice": "cost", "buyingprice": "cost", "unitcost": "cost",
    "leaddays": "lead_days", "leadtime": "lead_days", "leadtimedays": "lead_days",
    "leadspreaddays": "lead_spread_days", "leadspread": "lead_spread_days",
    "reviewdays": "review_days", "servicelevel": "service_level",
    "moq": "moq", "minimumorderquantity": "moq", "pack": "pack", "packsize": "pack",
    "name": "name", "product": "name",
}  # fmt: skip
"""Headings, without signs and in lower case, and the column that each means; `name` is only for readers."""

STOCK_COLUMNS: dict[str, str] = NAMES | {
    "quantity": "quantity", "stock": "quantity", "qty": "quantity", "pieces": "quantity", "name": "name",
}  # fmt: skip
NAMED = (("sku", "item_id"),)
MOST_PIECES = 10_000_000
SHOWN_CHANGES = 100


@dataclass
class Report:
    """What became of a file."""

    bad: list[Bad] = field(default_factory=list)
    kept: int = 0
    first_seen: dict[int, int] = field(default_factory=dict)
    """Items by the line that named them."""

    def answer(self, sheet: Sheet) -> Row:
        """For the wire: at most `MOST_BAD` bad cells, in the order of lines."""
        found = sorted([*sheet.bad, *self.bad], key=lambda one: one.line)
        lines = {one.line for one in found}
        answer: Row = {
            "read": len(sheet.rows) + len(sheet.bad), "kept": self.kept, "bad_rows": len(lines),
            "bad": [one.as_json() for one in found[:MOST_BAD]],
        }  # fmt: skip
        return answer | ({"ignored_columns": list(sheet.unknown)} if sheet.unknown else {})

    def item_ids(self, shelf: Shelf, line: int, cells: Mapping[str, str]) -> list[int]:
        """The items that a row names; none when it is bad."""
        found, column, wrong = shelf.find(cells.get("sku", ""), cells.get("item_id", ""))
        ids = [item.id for item in found]
        twice = next((one for one in ids if one in self.first_seen), None)
        if twice is not None:
            wrong = remark("named_before", line=self.first_seen[twice])
        if wrong:
            self.bad.append(Bad(line, column, cells.get(column, ""), wrong))
            return []
        self.first_seen |= dict.fromkeys(ids, line)
        return ids


def import_supplies(rt: Runtime, shop_id: str, text: str, who: Row | None, *, dry_run: bool) -> Row:
    """Takes terms from a CSV text; `{"read", "kept", "bad_rows", "bad", "created_suppliers", "dry_run"}`.

    Columns that are not there stay as they are; an empty cell means: as the supplier or the shop says.
    Suppliers that are not there yet are made. Invalid when the file cannot be read at all.
    """
    sheet = read_sheet(text, SUPPLY_COLUMNS, NAMED)
    shelf, report = stock_items.shelf(rt, shop_id), Report()
    given = _terms(sheet, shelf, report)
    names = {name_key(row["supplier"]): row["supplier"] for row in given.values() if row.get("supplier")}
    with write(rt.db.app) as conn:
        known = {row["name_key"]: row["id"] for row in supplier_list.rows(conn, shop_id)}
        made = [name for key, name in sorted(names.items()) if key not in known]
        if not dry_run:
            for name in made:
                known[name_key(name)] = supplier_list.add(rt, conn, shop_id, {"name": name}, who)["id"]
            _save(conn, shop_id, given, known, report, who, made)
    answer = report.answer(sheet)
    return answer | {"created_suppliers": made, "dry_run": dry_run}


def _terms(sheet: Sheet, shelf: Shelf, report: Report) -> dict[int, Row]:
    """The good rows' values by item; a supplier by its name."""
    found: dict[int, Row] = {}
    for line, cells in sheet.rows:
        wrong = [*_wrong(line, cells, sheet)]
        if wrong:
            report.bad += wrong
            continue
        ids = report.item_ids(shelf, line, cells)
        values: Row = {name: cells[name] for name in ("supplier", "supplier_sku") if name in cells}
        for name in OF_SUPPLY:
            if name in cells:
                values[name] = value_of(name, cells[name], decimal_comma=sheet.decimal_comma)
        found |= dict.fromkeys(ids, values)
        report.kept += bool(ids)
    return found


def _wrong(line: int, cells: Mapping[str, str], sheet: Sheet) -> list[Bad]:
    bad = [
        Bad(line, name, cells[name], remark("too_long", most=200))
        for name in ("supplier", "supplier_sku")
        if len(cells.get(name, "")) > 200
    ]
    for name in OF_SUPPLY:
        try:
            value_of(name, cells.get(name, ""), decimal_comma=sheet.decimal_comma)
        except NotThat as error:
            bad.append(Bad(line, name, cells[name], error.remark))
    return bad


def _save(
    conn: Connection, shop_id: str, given: dict[int, Row], known: Mapping[str, str], report: Report,
    who: Row | None, made: list[str],
) -> None:  # fmt: skip
    old = supplies.rows(conn, shop_id, None)
    new: dict[int, Row] = {}
    for item_id, values in given.items():
        row = supplies.EMPTY | {name: old.get(item_id, {}).get(name) for name in supplies.OWN}
        row["supplier_sku"] = row["supplier_sku"] or ""
        if "supplier" in values:
            row["supplier_id"] = known.get(name_key(values["supplier"]))
        row |= {name: value for name, value in values.items() if name in supplies.OWN}
        row["cost"] = to_scaled(values["cost"]) if "cost" in values else row["cost"]
        new[item_id] = row
    supplies.save(conn, shop_id, new)
    changed = [
        key for key in new if supplies.own_json(old.get(key, supplies.EMPTY)) != supplies.own_json(new[key])
    ]
    shown = changed[:SHOWN_CHANGES]
    detail = {"kept": report.kept, "changed": len(changed), "new_suppliers": len(made)}
    before = {str(key): supplies.own_json(old.get(key, supplies.EMPTY)) for key in shown}
    after = {str(key): supplies.own_json(new[key]) for key in shown}
    audit.record(conn, shop_id, who, "supply.import", "", detail, before=before, after=after)


def import_stock(
    rt: Runtime, shop_id: str, location_id: str, text: str, who: Row | None, *, dry_run: bool
) -> Row:
    """Takes what lies at a place from a CSV text; items that it does not name stay as they are. The caller
    has made sure that there is the place.
    """
    sheet = read_sheet(text, STOCK_COLUMNS, (*NAMED, ("quantity",)))
    shelf, report = stock_items.shelf(rt, shop_id), Report()
    found: dict[int, int] = {}
    for line, cells in sheet.rows:
        try:
            pieces = whole(cells.get("quantity", "").strip() or "-", 0, MOST_PIECES)
        except NotThat as error:
            report.bad.append(Bad(line, "quantity", cells.get("quantity", ""), error.remark))
            continue
        ids = {shelf.by_id[key].stock_id for key in report.item_ids(shelf, line, cells)}
        if len(ids) > 1:
            report.bad.append(Bad(line, "item_id", cells.get("item_id", ""), remark("variable")))
            continue
        found |= dict.fromkeys(ids, pieces)
        report.kept += bool(ids)
    if not dry_run and found:
        with write(rt.db.app) as conn:
            put_stock(conn, shop_id, location_id, found)
            detail: dict[str, Any] = {"kept": report.kept, "pieces": sum(found.values())}
            audit.record(conn, shop_id, who, "location.import", location_id, detail)
    return report.answer(sheet) | {"dry_run": dry_run}


def put_stock(conn: Connection, shop_id: str, location_id: str, pieces: Mapping[int, int]) -> None:
    """Writes what lies at a place."""
    row = {"shop_id": shop_id, "location_id": location_id, "updated_at": now()}
    upsert(conn, location_stock, [row | {"item_id": key, "quantity": count} for key, count in pieces.items()])
