"""Kept forecasts: as they were on every database, and none of a run that fails."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask
from pydantic import BaseModel, Field
from sqlalchemy import update

from sidecar.app import create_app
from sidecar.core.agent import Context, Registry, Result, agent
from sidecar.core.forecasts import KeptForecast
from sidecar.db import Databases, open_databases, read, write
from sidecar.db.app import runs
from sidecar.db.migrate import upgrade_all
from sidecar.runtime.models import KeptModels, load
from sidecar.runtime.runner import LostLease
from tests.sidecar.agents.shop import TODAY
from tests.sidecar.kit import Plugin, no_devskyy_environment, settings_in
from tests.sidecar.retail.test_outlook import kept
from tests.sidecar.servers import empty_tables

SHOP = "6f1d8b8e-51a7-4c52-8a53-5a3d8f0f3a11"


@pytest.fixture(params=["sqlite", "mariadb", "postgresql"])
def databases(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Databases]:
    if request.param == "sqlite":
        opened = open_databases(f"sqlite:///{tmp_path}/app.sqlite3", f"sqlite:///{tmp_path}/mirror.sqlite3")
    else:
        url = request.getfixturevalue(request.param)
        opened = open_databases(url % "app", url % "mirror")
    upgrade_all(opened)
    yield opened
    if request.param != "sqlite":
        empty_tables(opened)
    opened.dispose()


def store(databases: Databases, run: str, made: list[KeptForecast], *, all_items: bool) -> None:
    models = KeptModels(databases.app, SHOP)
    models.keep(made, all_items=all_items)
    models.store(run)


def same(one: KeptForecast, other: KeptForecast) -> bool:
    for field in fields(one):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if field.name == "made_at":
            continue
        if isinstance(a, np.ndarray):
            if a.shape != b.shape or not np.allclose(a, b, rtol=1e-6):
                return False
        elif a != b:
            return False
    return True


def test_a_forecast_comes_back_as_it_was(databases: Databases) -> None:
    there = np.ones(180, dtype=bool)
    there[3:9] = False
    first = kept(12, notes=("one_point", "like_category"), in_stock=there)
    young = kept(13, error=None, naive_error=None, coverage=None, last_sale=None, sold=np.array([2.0]))
    store(databases, "a" * 32, [first, young], all_items=True)
    models = KeptModels(databases.app, SHOP)
    assert all(same(*pair) for pair in zip(models.forecasts(), [first, young], strict=True))
    assert [one.item_id for one in models.forecasts([13, 99])] == [13]
    assert all(one.made_at > 0 for one in models.forecasts())
    with read(databases.app) as conn:
        assert load(conn, "another shop") == []


def test_a_run_of_all_items_replaces_and_one_of_some_adds(databases: Databases) -> None:
    store(databases, "a" * 32, [kept(1), kept(2)], all_items=True)
    store(databases, "b" * 32, [kept(2, first_day=TODAY + timedelta(days=1)), kept(3)], all_items=False)
    models = KeptModels(databases.app, SHOP)
    assert [(one.item_id, (one.first_day - TODAY).days) for one in models.forecasts()] == [
        (1, 0), (2, 1), (3, 0),
    ]  # fmt: skip
    store(databases, "c" * 32, [kept(3), kept(4)], all_items=True)
    assert [one.item_id for one in models.forecasts()] == [3, 4]
    store(databases, "d" * 32, [], all_items=True)
    assert [one.item_id for one in models.forecasts()] == [3, 4]


def test_more_than_one_statement_holds(databases: Databases) -> None:
    many = [kept(n) for n in range(1, 450)]
    store(databases, "a" * 32, many, all_items=True)
    models = KeptModels(databases.app, SHOP)
    assert len(models.forecasts()) == 449
    assert len(models.forecasts(list(range(1, 2000)))) == 449


class KeepInput(BaseModel):
    """What a tiny agent keeps."""

    item: int = Field(1, ge=1, le=9, description="Which item.")
    crash: bool = Field(False, description="Whether to fail afterwards.")


class KeepOutput(BaseModel):
    """What it found kept."""

    found: list[int]


@agent(title="Keeper", reads=(), needs={"models"}, proposes=False)
def keeper(inp: KeepInput, ctx: Context) -> Result[KeepOutput]:
    """Keep a forecast.

    For tests.
    """
    found = [one.item_id for one in ctx.models.forecasts()]
    ctx.models.keep([replace(kept(inp.item), made_at=0)], all_items=False)
    if inp.crash:
        raise RuntimeError("It went wrong.")
    return Result(KeepOutput(found=found))


@agent(title="Thief", reads=(), proposes=False)
def thief(inp: KeepInput, ctx: Context) -> Result[KeepOutput]:
    """Keep a forecast without asking.

    For tests.
    """
    ctx.models.keep([], all_items=True)
    return Result(KeepOutput(found=[]))


@pytest.fixture
def plugin(tmp_path: Path) -> Iterator[Plugin]:
    specs: list[Any] = [*keeper.__agents__, *thief.__agents__]  # type: ignore[attr-defined]
    registry: Registry = {spec.name: spec for spec in specs}
    with no_devskyy_environment():
        made: Flask = create_app(settings_in(tmp_path), registry)
    yield Plugin(made).pair()
    made.extensions["devskyy"].close()


def test_what_a_run_keeps_is_there_for_the_next_one(plugin: Plugin) -> None:
    assert plugin.run({"item": 4}, name="keeper")["output"]["found"] == []
    assert plugin.run({"item": 5}, name="keeper")["output"]["found"] == [4]


def test_a_run_that_fails_keeps_nothing(plugin: Plugin) -> None:
    assert plugin.run({"crash": True}, name="keeper")["state"] == "failed"
    assert plugin.run({}, name="keeper")["output"]["found"] == []


def test_a_run_that_another_process_took_over_keeps_nothing(
    plugin: Plugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = KeptModels.keep

    def kept_too_late(self: KeptModels, *args: Any, **more: Any) -> None:
        keep(self, *args, **more)
        with write(plugin.rt.db.app) as conn:
            conn.execute(update(runs).values(lease_owner="another"))

    monkeypatch.setattr(KeptModels, "keep", kept_too_late)
    with contextlib.suppress(LostLease):
        plugin.run({"item": 4}, name="keeper")
    with read(plugin.rt.db.app) as conn:
        assert load(conn, plugin.shop_id) == []


def test_models_must_be_asked_for(plugin: Plugin) -> None:
    run = plugin.run({}, name="thief")
    assert (run["state"], run["error"]["code"]) == ("failed", "undeclared_read")
