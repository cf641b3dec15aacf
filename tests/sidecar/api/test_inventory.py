"""The routes of stock decisions, over the demo shop in a real mirror, with forecasts that a real run kept."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from sidecar.app import create_app
from sidecar.db import read, write
from sidecar.db.app import runs, seen_days
from sidecar.db.forecasts import forecasts
from sidecar.db.mirror import order_lines, orders, products, refund_lines, variations
from sidecar.demo.generator import generate
from sidecar.store.rows import zone_of
from sidecar.store.sync import Sync
from tests.sidecar.agents.mirrored import FileReader
from tests.sidecar.kit import ANNA, Plugin, do_jobs, no_devskyy_environment, settings_in

INVENTORY, ECOMMERCE = "/api/v1/inventory", "/api/v1/ecommerce/inventory"
# By the clock of the shop that the plugin of these tests tells of.
TODAY = datetime.now(ZoneInfo("Europe/Berlin")).date()


def synced(app: Flask, folder: Path) -> Plugin:
    """A paired plugin whose mirror holds the generator's tiny shop up to yesterday."""
    plugin = Plugin(app).pair()
    reader = FileReader(generate(folder / "shop.sqlite", "tiny", seed=7, end=TODAY))
    home = Flask("demo")
    home.config["SHOP_HOME"] = "http://shop.test"
    with home.app_context():
        Sync(plugin.rt.db, plugin.shop_id, zone_of("UTC"), reader, now=time.time).full()
    reader.con.close()
    return plugin


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plugin]:
    """The shop before any forecast."""
    folder = tmp_path_factory.mktemp("fresh")
    with no_devskyy_environment():
        made = create_app(settings_in(folder))
    yield synced(made, folder)
    made.extensions["devskyy"].close()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plugin]:
    """The shop after demand-forecast has run for all items."""
    folder = tmp_path_factory.mktemp("stock")
    with no_devskyy_environment():
        made = create_app(settings_in(folder))
    plugin = synced(made, folder)
    run = plugin.run({}, name="demand-forecast")
    assert run["state"] == "done", run
    yield plugin
    made.extensions["devskyy"].close()


def items(plugin: Plugin, **query: Any) -> dict[str, Any]:
    found: dict[str, Any] = plugin.get(f"{INVENTORY}/items", **query).json
    assert found["ok"], found
    return found


def test_before_the_first_fit_the_page_says_so(fresh: Plugin) -> None:
    overview = fresh.get(f"{INVENTORY}/overview").json
    assert overview["state"] == "no_forecasts"
    assert "chart" not in overview
    assert "value" not in overview["figures"]["to_order"]
    rows = items(fresh, limit=200)["items"]
    assert rows
    assert all("no_forecast" in row["notes"] for row in rows)
    assert not any({"forecast_28", "reorder_point", "order_quantity"} & set(row) for row in rows)
    one = fresh.get(f"{INVENTORY}/items/{rows[0]['item_id']}").json
    assert (one["history"], one["forecast"]) == ([], [])


def test_the_overview_agrees_with_the_rows(shop: Plugin) -> None:
    overview = shop.get(f"{INVENTORY}/overview").json
    figures, due, dead = overview["figures"], items(shop, state="order", limit=200), items(shop, state="dead")
    assert overview["as_of"] == TODAY.isoformat()
    assert figures["to_order"] == {"value": due["total"], "unit": "items", "before_note": "no_past"}
    assert figures["dead_stock"]["items"] == dead["total"]
    cost = sum(float(row["order_cost"]["value"]) for row in due["items"])
    assert float(figures["order_cost"]["value"]) == pytest.approx(cost, abs=0.01)
    assert figures["order_cost"]["unit"] == due["totals"]["order_cost"]["currency"] == overview["currency"]
    assert all(row["order_quantity"] > 0 for row in due["items"])
    assert all(row["dead"]["days_no_sale"] >= 0 for row in dead["items"])
    assert figures["items"]["value"] == items(shop)["total"]
    chart = overview["chart"]
    assert len(chart["forecast"]) == 90
    assert chart["forecast"][0]["day"] == TODAY.isoformat()
    assert chart["history"][-1]["day"] == (TODAY - timedelta(days=1)).isoformat()


def test_rows_are_paged_searched_and_named(shop: Plugin) -> None:
    whole = items(shop, limit=200)["items"]
    seen: list[int] = []
    cursor: str | None = None
    while True:
        page = items(shop, limit=40, **({"cursor": cursor} if cursor else {}))
        seen += [row["item_id"] for row in page["items"]]
        cursor = page.get("next")
        if cursor is None:
            break
    assert seen[: len(whole)] == [row["item_id"] for row in whole]
    assert len(seen) == len(set(seen)) == page["total"]
    found = items(shop, search=whole[3]["sku"])["items"]
    assert whole[3]["item_id"] in [row["item_id"] for row in found]
    assert items(shop, search="no such words")["items"] == []


@pytest.mark.parametrize("wrong", [{"limit": 0}, {"limit": 1000}, {"state": "none"}, {"cursor": "x"}])
def test_a_wrong_question_is_named(shop: Plugin, wrong: dict[str, Any]) -> None:
    answer = shop.get(f"{INVENTORY}/items", **wrong)
    assert answer.status_code == 422
    assert set(answer.json["error"]["fields"]) == set(wrong)


def test_one_item_has_history_forecast_and_the_parts_of_its_order(shop: Plugin) -> None:
    row = items(shop, state="order")["items"][0]
    one = shop.get(f"{INVENTORY}/items/{row['item_id']}").json
    assert one["item"] == row
    assert {day["day"] for day in one["forecast"]} == {
        (TODAY + timedelta(days=n)).isoformat() for n in range(90)
    }
    assert all(day["low"] <= day["high"] for day in one["forecast"])
    month = sum(day["mean"] for day in one["forecast"][:28])
    assert row["forecast_28"]["value"] == pytest.approx(month, abs=0.05)
    parts = {part["code"]: part["value"] for part in one["parts"]}
    assert parts["reorder_point"] == row["reorder_point"]
    assert parts["order_quantity"] == row["order_quantity"]
    assert parts["stock"] + parts["incoming"] <= parts["reorder_point"]
    assert parts["stock"] + parts["incoming"] + parts["order_quantity"] >= parts["order_up_to"]
    days = [datetime.fromisoformat(day["day"]).date() for day in one["history"]]
    assert days == sorted(days)
    assert days[-1] == TODAY - timedelta(days=1)


def test_history_is_what_sold(shop: Plugin) -> None:
    row = items(shop, limit=1)["items"][0]
    one = shop.get(f"{INVENTORY}/items/{row['item_id']}").json
    with read(shop.rt.db.mirror) as conn:
        line = order_lines.c
        mine = (line.shop_id == shop.shop_id) & (line.product_id == row["product_id"]) & line.sold
        sold = sum(
            quantity
            for item, product, quantity in conn.execute(
                select(line.variation_id, line.product_id, line.quantity).where(mine)
            )
            if row["item_id"] in (item, product)
        )
        refunds = (
            select(refund_lines.c.variation_id, refund_lines.c.quantity)
            .join(orders, (orders.c.id == refund_lines.c.order_id) & orders.c.sold)
            .where(refund_lines.c.shop_id == shop.shop_id, orders.c.shop_id == shop.shop_id)
            .where(refund_lines.c.product_id == row["product_id"])
        )
        back = sum(quantity for item, quantity in conn.execute(refunds) if item in (0, row["item_id"]))
    assert sum(day["sold"] for day in one["history"]) == pytest.approx(sold - back)


def test_an_override_shows_at_once_and_is_marked(shop: Plugin) -> None:
    row = next(row for row in items(shop)["items"] if row["stock"] is not None)
    path = f"{INVENTORY}/items/{row['item_id']}"
    before = shop.get(path).json
    chart = shop.get(f"{INVENTORY}/overview").json["chart"]["forecast"]
    body = {
        "item_id": row["item_id"],
        "first_day": TODAY.isoformat(),
        "last_day": (TODAY + timedelta(days=9)).isoformat(),
        "factor": 3,
        "why": "A fair.",
    }
    made = shop.send("POST", f"{INVENTORY}/overrides", body, who=ANNA)
    assert made.status_code == 201, made.json
    after = shop.get(path).json
    for n, (was, now) in enumerate(zip(before["forecast"], after["forecast"], strict=True)):
        assert now["mean"] == pytest.approx(was["mean"] * (3 if n < 10 else 1), abs=0.01)
        assert ("before_override" in now) == (n < 10 and was["mean"] > 0)
    whole = shop.get(f"{INVENTORY}/overview").json["chart"]["forecast"]
    days = (before["forecast"], after["forecast"], chart, whole)
    expected = [sum(day["mean"] for day in one) for one in days]
    more = expected[1] - expected[0]
    assert more > 0
    assert expected[3] == pytest.approx(expected[2] + more, abs=0.2)
    assert [day["low"] for day in whole[10:]] == [day["low"] for day in chart[10:]]
    assert after["item"]["override"] is True
    assert after["overrides"][0]["value"] == 3
    assert after["item"]["reorder_point"] >= before["item"]["reorder_point"]
    listed = next(one for one in items(shop, limit=200)["items"] if one["item_id"] == row["item_id"])
    assert listed == after["item"]
    gone = shop.send("DELETE", f"{INVENTORY}/overrides/{made.json['override']['id']}", None, who=ANNA)
    assert gone.status_code == 200
    assert shop.get(path).json == before


def test_stock_and_terms_of_today_count(shop: Plugin) -> None:
    row = next(row for row in items(shop, state="order")["items"] if row["item_id"] != row["product_id"])
    path, item_id = f"{INVENTORY}/items/{row['item_id']}", row["item_id"]
    before = shop.get(path).json["item"]
    sent = shop.send("PUT", f"{INVENTORY}/supplies/{item_id}", {"pack": 1000, "cost": "2.50"}, who=ANNA)
    assert sent.status_code == 200, sent.json
    packed = shop.get(path).json["item"]
    assert packed["order_quantity"] == 1000
    assert packed["order_cost"] == {"value": "2500.00", "currency": "EUR"}
    with write(shop.rt.db.mirror) as conn:
        conn.execute(update(variations).where(variations.c.id == item_id).values(stock_quantity=10_000))
    full = shop.get(path).json["item"]
    assert (full["stock"], full["order_quantity"], full["stockout_probability"]) == (10_000, 0, 0.0)
    assert "order_cost" not in full
    with write(shop.rt.db.mirror) as conn:
        there = variations.c.id == item_id
        conn.execute(update(variations).where(there).values(stock_quantity=row["stock"]))
    shop.send("PUT", f"{INVENTORY}/supplies/{item_id}", {"pack": None, "cost": None}, who=ANNA)
    assert shop.get(path).json["item"] == before


def test_what_is_empty_now_has_run_out(shop: Plugin) -> None:
    row = next(
        row
        for row in items(shop, state="all")["items"]
        if row.get("stock", 0) > 0 and row["item_id"] != row["product_id"]
    )

    def ran_out(stock: int) -> int:
        with write(shop.rt.db.mirror) as conn:
            mine = variations.c.id == row["item_id"]
            conn.execute(update(variations).where(mine).values(stock_quantity=stock))
        # A change of terms makes the page look anew.
        shop.send("PUT", f"{INVENTORY}/supplies/{row['item_id']}", {"moq": stock + 1}, who=ANNA)
        found: int = shop.get(f"{INVENTORY}/overview").json["figures"]["stockouts"]["value"]
        return found

    before = ran_out(row["stock"])
    assert ran_out(0) == before + 1
    assert ran_out(row["stock"]) == before
    shop.send("PUT", f"{INVENTORY}/supplies/{row['item_id']}", {"moq": None}, who=ANNA)


def test_changes_of_one_second_all_show(shop: Plugin) -> None:
    row = next(row for row in items(shop, state="all")["items"] if "stock" in row)
    path = f"{INVENTORY}/supplies/{row['item_id']}"
    for cost in ("1.25", "2.25", "3.25", "4.25", "5.25"):
        assert shop.send("PUT", path, {"cost": cost}, who=ANNA).status_code == 200
        found = next(one for one in items(shop, state="all")["items"] if one["item_id"] == row["item_id"])
        assert found["cost"]["value"] == cost
    shop.send("PUT", path, {"cost": None}, who=ANNA)


def test_figures_of_four_weeks_ago_stand_beside_those_of_today(shop: Plugin) -> None:
    keys = [row["item_id"] for row in items(shop, limit=4)["items"]]
    left = iter(keys)

    def figures() -> dict[str, Any]:
        # Terms of one item more make the page look anew.
        shop.send("PUT", f"{INVENTORY}/supplies/{next(left)}", {"moq": 1}, who=ANNA)
        found: dict[str, Any] = shop.get(f"{INVENTORY}/overview").json["figures"]
        return found

    ran_out = figures()["stockouts"]
    assert (ran_out["note"], ran_out["before_note"]) == ("watched_four_weeks", "watched_too_short")
    assert figures()["dead_stock"]["before_note"] == "no_past"
    made = {name: shop.run({"limit": 100}, name=name) for name in ("reorder-plan", "dead-stock")}
    shop.run({"budget": 1}, name="reorder-plan")
    shop.run({"min_days_no_sale": 14}, name="dead-stock")
    ago = 27 * 86_400
    with write(shop.rt.db.app) as conn:
        known = conn.execute(select(seen_days.c.day)).scalar_one()
        conn.execute(update(runs).values(finished_at=runs.c.finished_at - ago))
        conn.execute(update(seen_days).values(day=known - 70))
    day = (datetime.now(UTC) - timedelta(days=27)).date().isoformat()
    found = figures()
    plan, dead = made["reorder-plan"]["output"], made["dead-stock"]["output"]
    assert found["to_order"]["before"] == {"value": len(plan["now"]), "day": day}
    assert found["order_cost"]["before"]["value"] == plan["total_cost"]
    lying = Decimal(dead["dead_value"]) + Decimal(dead["slow_value"])
    assert Decimal(found["dead_stock"]["before"]["value"]) == lying
    assert found["accuracy"]["before"]["value"] == found["accuracy"]["value"]
    assert found["stockouts"]["before"]["value"] >= 0
    assert found["items"]["before_note"] == "no_past"
    with write(shop.rt.db.app) as conn:
        conn.execute(update(runs).values(finished_at=runs.c.finished_at + ago))
        conn.execute(update(seen_days).values(day=known))
    assert "before" not in figures()["to_order"]
    for key in keys:
        shop.send("PUT", f"{INVENTORY}/supplies/{key}", {"moq": None}, who=ANNA)


def test_where_no_cost_is_known_there_is_no_total(shop: Plugin) -> None:
    first, second = (row["item_id"] for row in items(shop, state="order")["items"][:2])
    tables = (products, variations)
    with write(shop.rt.db.mirror) as conn:
        known = [conn.execute(select(one.c.id, one.c.cost)).all() for one in tables]
        for one in tables:
            conn.execute(update(one).values(cost=None))
    supply = f"{INVENTORY}/supplies/%s"
    # A term that holds anyway: what is shown is worked out anew when terms change.
    assert shop.send("PUT", supply % second, {"moq": 1}, who=ANNA).status_code == 200
    due = items(shop, state="order", limit=200)
    assert due["totals"] == {"items": due["total"]}
    assert not any("order_cost" in row for row in due["items"])
    figures = shop.get(f"{INVENTORY}/overview").json["figures"]
    cost, dead = figures["order_cost"], figures["dead_stock"]
    assert cost == {
        "unit": "EUR", "note": "no_cost", "without_cost": due["total"], "before_note": "no_past",
    }  # fmt: skip
    assert dead["items"] == 0 or ("value" not in dead and dead["note"] == "no_cost")

    assert shop.send("PUT", supply % first, {"cost": "2.50"}, who=ANNA).status_code == 200
    due = items(shop, state="order", limit=200)
    row = next(row for row in due["items"] if row["item_id"] == first)
    assert due["totals"]["order_cost"] == row["order_cost"]
    assert float(row["order_cost"]["value"]) == 2.5 * row["order_quantity"]
    figure = shop.get(f"{INVENTORY}/overview").json["figures"]["order_cost"]
    assert figure == {
        "value": row["order_cost"]["value"], "unit": "EUR", "without_cost": due["total"] - 1,
        "before_note": "no_past",
    }  # fmt: skip
    with write(shop.rt.db.mirror) as conn:
        for one, rows in zip(tables, known, strict=True):
            for key, cost in rows:
                conn.execute(update(one).where(one.c.id == key).values(cost=cost))
    for key in (first, second):
        shop.send("PUT", supply % key, {"moq": None, "cost": None}, who=ANNA)


def test_the_service_that_pays_holds_until_somebody_enters_one(shop: Plugin) -> None:
    row = next(
        row for row in items(shop, state="all", limit=200)["items"] if "cost" in row and "order_by" in row
    )
    path, supply = f"{INVENTORY}/items/{row['item_id']}", f"{INVENTORY}/supplies/{row['item_id']}"

    def service() -> tuple[float, bool]:
        one = shop.get(path).json
        level = next(part["value"] for part in one["parts"] if part["code"] == "service_level")
        return level, "service_that_pays" in one["notes"]

    level, said = service()
    assert said
    assert 0.8 <= level <= 0.98
    assert level != 0.95
    assert shop.send("PUT", supply, {"service_level": 0.9}, who=ANNA).status_code == 200
    assert service() == (0.9, False)
    assert shop.send("PUT", supply, {"service_level": None}, who=ANNA).status_code == 200
    assert service() == (level, True)


def test_items_without_stock_management_get_no_order(shop: Plugin) -> None:
    row = next(row for row in items(shop)["items"] if row["item_id"] == row["product_id"])
    there = products.c.id == row["item_id"]
    with write(shop.rt.db.mirror) as conn:
        conn.execute(update(products).where(there).values(manage_stock=0))
    one = shop.get(f"{INVENTORY}/items/{row['item_id']}").json
    assert "stock_not_managed" in one["item"]["notes"]
    assert not {"stock", "order_quantity", "reorder_point", "stockout_probability"} & set(one["item"])
    assert one["forecast"]
    with write(shop.rt.db.mirror) as conn:
        conn.execute(update(products).where(there).values(manage_stock=1))


def test_a_low_stock_level_that_a_person_set_is_in_the_audit(shop: Plugin) -> None:
    rows = items(shop, state="all", limit=100)["items"]
    row = next(row for row in rows if "/variations/" in row["resource"])
    path = f"{INVENTORY}/items/{row['item_id']}/low-stock"
    assert shop.send("POST", path, {"was": None, "to": 9}, who=ANNA).status_code == 200
    entry = shop.send("GET", "/api/v1/security/audit-log", query={"action": "stock."}, who=ANNA).json[
        "items"
    ][0]
    assert (entry["action"], entry["target"]) == ("stock.level", row["resource"])
    assert entry["who"]["login"] == "anna"
    assert (entry["before"], entry["after"]) == ({"low_stock_amount": None}, {"low_stock_amount": 9})
    assert shop.send("POST", path, {"was": None, "to": -1}, who=ANNA).status_code == 422
    assert shop.send("POST", path, {"to": 9}, who=ANNA).status_code == 422
    gone = f"{INVENTORY}/items/999999999/low-stock"
    assert shop.send("POST", gone, {"was": None, "to": 9}, who=ANNA).status_code == 404


def test_recommendations_hold_the_fields_of_the_examples(shop: Plugin) -> None:
    row = items(shop, state="order")["items"][0]
    found = shop.get(f"{ECOMMERCE}/{row['product_id']}/recommendations").json
    one = next(line for line in found["items"] if line["item_id"] == row["item_id"])
    assert one["recommended_order_quantity"] == row["order_quantity"]
    assert len(one["forecast"]) == len(one["confidence_intervals"]) == 90
    assert one["unit"] == "pieces a day"
    assert {"reorder_point", "safety_stock", "stockout_probability", "level"} <= set(one)
    assert all(note.endswith(".") for note in one["notes"])


def test_one_products_answer_is_quick(shop: Plugin) -> None:
    """The 95th percentile of answers from kept forecasts stays below 200 ms."""
    row = items(shop)["items"][0]
    for path in (f"{ECOMMERCE}/{row['product_id']}/recommendations", f"{INVENTORY}/items/{row['item_id']}"):
        shop.get(path)
        spent = []
        for _ in range(40):
            begun = time.process_time()
            assert shop.get(path).status_code == 200
            spent.append(time.process_time() - begun)
        assert np.quantile(spent, 0.95) < 0.2, path


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("forecast", {"forecast_periods": 0}, "forecast_periods"),
        ("forecast", {"forecast_periods": 1000}, "forecast_periods"),
        ("forecast", {"historical_sales": [1, float("nan")]}, "historical_sales.1"),
        ("forecast", {"historical_sales": [1], "historical_days": ["2026-02-30"]}, "historical_days"),
        ("forecast", {"horizon": 30}, "horizon"),
        ("reorder", {"budget": -1}, "budget"),
        ("reorder", {"days_ahead": 1000}, "days_ahead"),
        ("deadstock", {"min_days_no_sale": 0}, "min_days_no_sale"),
        ("optimize", {"holding_cost": "much"}, "holding_cost"),
    ],
)
def test_wrong_input_of_an_agent_is_named(shop: Plugin, path: str, body: dict[str, Any], field: str) -> None:
    answer = shop.send("POST", f"{ECOMMERCE}/{path}", body, who=ANNA)
    assert answer.status_code == 422, answer.json
    assert any(name.startswith(field) for name in answer.json["error"]["fields"]), answer.json


def test_figures_that_say_nothing_end_the_run_with_what_to_send(shop: Plugin) -> None:
    run = shop.run({"historical_sales": [None, None]}, name="demand-forecast")
    assert run["state"] == "failed"
    assert run["error"]["code"] == "invalid"
    assert "at least one day" in run["error"]["hint"]


def test_the_bound_paths_ask_for_runs_of_their_agents(shop: Plugin) -> None:
    names = {
        "forecast": "demand-forecast",
        "reorder": "reorder-plan",
        "deadstock": "dead-stock",
        "optimize": "assortment-review",
    }
    asked = []
    for path, name in names.items():
        answer = shop.send("POST", f"{ECOMMERCE}/{path}", {}, who=ANNA)
        assert answer.status_code == 202
        assert answer.json["run"]["agent"] == name
        asked.append(answer.json["run"]["id"])
    do_jobs(shop.rt)
    assert {shop.get(f"/api/v1/runs/{ident}").json["run"]["state"] for ident in asked} == {"done"}


def test_another_shops_items_are_not_found(shop: Plugin) -> None:
    row = items(shop)["items"][0]
    other = Plugin(shop.app)
    other.pair()
    assert items(other)["items"] == []
    for path in (f"{INVENTORY}/items/{row['item_id']}", f"{ECOMMERCE}/{row['product_id']}/recommendations"):
        assert other.get(path).status_code == 404


def test_an_agents_forecasts_come_and_go_with_its_run(shop: Plugin) -> None:
    """All items are replaced by a run of all; a run of one product leaves the others."""
    with read(shop.rt.db.app) as conn:
        before = conn.execute(select(forecasts.c.item_id, forecasts.c.run_id)).all()
    assert len({run for _, run in before}) == 1
    row = items(shop)["items"][0]
    run = shop.run({"product_ids": [row["product_id"]], "refit": True}, name="demand-forecast")
    with read(shop.rt.db.app) as conn:
        rows = conn.execute(select(forecasts.c.item_id, forecasts.c.run_id)).all()
        after = {row.item_id: row.run_id for row in rows}
        mine = select(forecasts.c.item_id).where(forecasts.c.product_id == row["product_id"])
        own = set(conn.execute(mine).scalars())
    assert set(after) == {item for item, _ in before}
    assert {item for item, ident in after.items() if ident == run["id"]} == own


def test_old_forecasts_are_not_shown_as_new(shop: Plugin) -> None:
    with write(shop.rt.db.app) as conn:
        older = {"first_day": forecasts.c.first_day - 20, "made_at": forecasts.c.made_at - 20 * 86_400}
        conn.execute(update(forecasts).values(older))
    assert shop.get(f"{INVENTORY}/overview").json["state"] == "no_forecasts"
    assert all("no_forecast" in row["notes"] for row in items(shop)["items"])
    with write(shop.rt.db.app) as conn:
        conn.execute(delete(forecasts))
