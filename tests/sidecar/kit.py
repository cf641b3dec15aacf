"""What the tests of API and runtime share: tiny agents, a plugin that pairs and signs like the real one."""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from flask import Flask
from pydantic import BaseModel, Field

from sidecar.api.shield import KINDS
from sidecar.core.agent import Agent, Context, Proposal, Registry, Result, Subject, agent
from sidecar.core.changes import Patch, SetField
from sidecar.core.evidence import Chart, Evidence, MoneyValue, Series, Text, Window, say
from sidecar.runtime.base import Runtime
from sidecar.security.tokens import b64decode, canonical_path, sign
from sidecar.settings import Settings
from tests.sidecar.documented import documented
from tests.sidecar.laid import lay
from tests.sidecar.servers import empty_tables

ANNA = {"id": 7, "login": "anna", "caps": ["manage_woocommerce"]}
ERIC = {"id": 9, "login": "eric", "caps": ["edit_posts"]}


class CutInput(BaseModel):
    """Input of the tiny agent."""

    product: int = Field(12, ge=1, description="Which product.")
    also: list[int] = Field([], description="More products, after it.")
    to: str = Field("18.00", description="The new price.")
    crash: bool = Field(False, description="Whether to fail.")
    steps: int = Field(0, ge=0, description="Steps of a tenth of a second.")


class CutOutput(BaseModel):
    """Output of the tiny agent."""

    draw: float
    product: int


def evidence(product: int, to: str) -> Evidence:
    """Evidence of a made-up price cut."""
    return Evidence(
        message=say(
            "Lower {product} to {to}.", product=Text(value=f"Scarf {product}"), to=MoneyValue(value=to)
        ),
        window=Window(start=date(2026, 1, 1), end=date(2026, 3, 31)),
        n=12,
        n_label="orders",
        method=say("A rule for tests."),
        notes=[say("No effect is known: this is a test.")],
        chart=Chart(
            title="Sales", x_label="Day", y_label="Pieces", unit="pieces", x_type="number",
            series=[Series(name="Sold", kind="line", points=[(1, 2.0), (2, 1.0)])],
        ),
    )  # fmt: skip


@agent(
    title="Cut a price", reads={"products"}, risk="medium", on={"stock.changed"}, paths=["/api/v1/test/cut"]
)
def cut_price(inp: CutInput, ctx: Context) -> Result[CutOutput]:
    """Propose one price cut, for tests."""
    for step in range(inp.steps):
        ctx.progress(step, inp.steps, "Cutting")
        time.sleep(0.1)
    if inp.crash:
        raise ZeroDivisionError("as asked")
    ctx.log("One product looked at.")
    found = [_cut(product, inp.to) for product in (inp.product, *inp.also)]
    return Result(CutOutput(draw=float(ctx.rng.random()), product=inp.product), found)


def _cut(product: int, to: str) -> Proposal:
    change = Patch(
        resource=f"wc/v3/products/{product}", set=[SetField(path="regular_price", was="20.00", to=to)]
    )
    return Proposal(Subject("products", product, f"Scarf {product}"), [change], evidence(product, to))


@agent(title="Only look", reads={"products"}, proposes=False, schedule="daily")
def only_look(inp: CutInput, ctx: Context) -> Result[CutOutput]:
    """Look and propose nothing, for tests."""
    return Result(CutOutput(draw=0.5, product=sum(1 for _ in ctx.store.products())))


def tiny_registry() -> Registry:
    """The two agents above."""
    found: list[Agent] = [*cut_price.__agents__, *only_look.__agents__]  # type: ignore[attr-defined]
    return {one.name: one for one in found}


def settings_in(folder: Path, **more: Any) -> Settings:
    """Settings that read no file and no environment; limits too high to stand in a test's way.

    The folder gets migrated databases, unless a server holds them.
    """
    if "database_url" not in more:
        lay(folder)
    given = {"data_dir": folder, "log_level": "ERROR", "debounce_s": 0}
    rates = {f"rate_{kind}": "1000000/minute" for kind in KINDS} | {"rate_routes": ""}
    return Settings(_env_file=None, **{**given, **rates, **more})  # type: ignore[call-arg]


class Plugin:
    """The plugin's side of the protocol over Flask's test client."""

    def __init__(self, app: Flask) -> None:
        self.app, self.client = app, app.test_client()
        self.site, self.home = str(uuid.uuid4()), "http://shop.test"
        self.shop_id, self.secret, self.hash_key = "", b"", ""

    @property
    def rt(self) -> Runtime:
        """The runtime behind the app."""
        found: Runtime = self.app.extensions["devskyy"]
        return found

    def pairing(self, code: str | None, **more: Any) -> dict[str, Any]:
        """A pairing request's body."""
        facts = {
            "currency": "EUR", "decimals": 2, "prices_include_tax": False, "timezone": "Europe/Berlin",
            "cogs": True, "hpos": True, "locale": "en_US",
        }  # fmt: skip
        versions = {"plugin": "0.1.0", "wordpress": "7.1", "woocommerce": "11.0.1", "php": "8.2.0"}
        body = {
            "site_id": self.site, "home_url": self.home, "rest_url": f"{self.home}/wp-json/",
            "name": "My shop", "versions": versions, "facts": facts,
            "woocommerce_key": {"key": "ck_x", "secret": "cs_x"}, **more,
        }  # fmt: skip
        return {"code": code, **body} if code else body

    def pair(self) -> Plugin:
        """Pairs by a code."""
        from sidecar.runtime.pairing import new_code

        answer = self.client.post("/api/v1/pairing", json=self.pairing(new_code(self.rt)))
        assert answer.status_code == 201, answer.data
        self.shop_id, self.secret = answer.json["shop_id"], b64decode(answer.json["secret"])
        self.hash_key = answer.json["hash_key"]
        return self

    def token(self, method: str, path: str, body: bytes = b"", *, who: Any = None, **more: Any) -> str:
        """A signed token for one request; `query` pairs are part of the path."""
        claims = {
            "site": self.site,
            "home": self.home,
            **({"who": who} if who else {}),
            **more.pop("claims", {}),
        }
        options = {"iss": "plugin", "aud": self.shop_id, "now": int(time.time()), **more}
        key = options.pop("key", self.secret)
        return sign(key, method=method, path=path, body=body, more=claims, **options)

    def send(
        self, method: str, path: str, body: Any = None, *, who: Any = None, query: Any = (), **more: Any
    ) -> Any:
        """One signed request; a good answer is of the documented shape."""
        raw = b"" if body is None else json.dumps(body).encode()
        pairs = list(query.items()) if isinstance(query, dict) else list(query)
        token = self.token(method, canonical_path(path, pairs), raw, who=who, **more)
        head = {"Authorization": f"Bearer {token}", "X-DevSkyy-Version": "0.1.0"}
        kind = "application/json" if raw else None
        answer = self.client.open(
            path, method=method, data=raw, query_string=pairs, headers=head, content_type=kind
        )
        return documented(self.app, answer)

    def get(self, path: str, **query: Any) -> Any:
        """A signed GET."""
        return self.send("GET", path, query={name: str(value) for name, value in query.items()})

    def run(self, given: dict[str, Any] | None = None, name: str = "cut-price") -> dict[str, Any]:
        """Asks for a run, does its job here, and gives the run."""
        answer = self.send("POST", f"/api/v1/agents/{name}/runs", {"input": given or {}}, who=ANNA)
        assert answer.status_code == 202, answer.data
        do_jobs(self.rt)
        found: dict[str, Any] = self.get(f"/api/v1/runs/{answer.json['run']['id']}").json["run"]
        return found

    def proposal(self, **given: Any) -> dict[str, Any]:
        """A fresh pending proposal."""
        ident = self.run(given)["proposals"][0]
        found: dict[str, Any] = self.get(f"/api/v1/proposals/{ident}").json["proposal"]
        return found

    def decide(self, proposal: dict[str, Any], action: str, body: Any = None, who: Any = ANNA) -> Any:
        """A person's decision or the plugin's report."""
        return self.send("POST", f"/api/v1/proposals/{proposal['id']}/{action}", body, who=who)

    def report(self, proposal: dict[str, Any], state: str, note: str | None = None) -> Any:
        """The plugin's report of an outcome."""
        results = [{"change_id": change["change_id"], "state": "applied"} for change in proposal["changes"]]
        body = {
            "state": state,
            "results": results,
            "at": "2026-11-24T06:35:00Z",
            **({"note": note} if note else {}),
        }
        return self.send("POST", f"/api/v1/proposals/{proposal['id']}/outcome", body)


def do_jobs(rt: Runtime, kinds: tuple[str, ...] = ("run", "refresh")) -> int:
    """Does all queued jobs of these kinds in this thread; how many."""
    from sqlalchemy import select

    from sidecar.db import read
    from sidecar.db.app import jobs as table
    from sidecar.runtime import jobs, work

    assert work  # importing it fills the table of job handlers
    with read(rt.db.app) as conn:
        query = select(table.c.shop_id, table.c.id).where(table.c.state == "queued", table.c.kind.in_(kinds))
        rows = conn.execute(query.order_by(table.c.created_at)).all()
    for shop_id, job in rows:
        jobs.perform(rt, shop_id, job)
    return len(rows)


@contextmanager
def no_devskyy_environment() -> Iterator[None]:
    """Hides DEVSKYY_ variables of the machine that runs the tests."""
    kept = {name: value for name, value in os.environ.items() if name.startswith("DEVSKYY_")}
    for name in kept:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(kept)


def paired_on(server: str, folder: Path) -> Iterator[Plugin]:
    """A plugin that is paired with a sidecar on such a server (its URL with `%s` for the database)."""
    from sidecar.app import create_app  # slow to load, and scripts of tests use this module too

    urls = {"database_url": server % "app", "mirror_url": server % "mirror"}
    with no_devskyy_environment():
        app = create_app(settings_in(folder, **urls), tiny_registry())
    rt = app.extensions["devskyy"]
    yield Plugin(app).pair()
    empty_tables(rt.db)
    rt.close()
