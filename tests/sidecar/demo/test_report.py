"""The demo's report: self-contained, escaped, and true to what it was given."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from sidecar.agents import registry
from sidecar.core.changes import with_ids
from sidecar.core.evidence import Band, Chart, Mark, Series, Shade
from sidecar.demo.findings import SENTENCES, sentence
from sidecar.demo.findings import lines as findings_of
from sidecar.demo.report import FieldLine, ReportData, RunLine, SyncLine, TruthLine, Walk, write_report
from sidecar.demo.report_chart import draw, legend
from sidecar.demo.report_truth import compare
from tests.sidecar.agents.frame_store import FACTS, Shelf
from tests.sidecar.agents.mirrored import Mirrored
from tests.sidecar.agents.runs import Ran, run

EVIL = "<script>alert('x')</script>"


@pytest.fixture(scope="module")
def runs(mirrored: Mirrored, fitted: tuple[Ran, Shelf]) -> list[RunLine]:
    found = []
    for name, agent in registry().items():
        result = (fitted[0] if name == "demand-forecast" else run(agent, mirrored, fitted[1].copy())).result
        proposals: list[dict[str, Any]] = [
            {
                "risk": agent.risk,
                "changes": with_ids("a" * 32, one.changes),
                "evidence": one.evidence.model_dump(mode="json", by_alias=True, exclude_none=True),
            }
            for one in result.proposals
        ]
        output = result.output.model_dump(mode="json", exclude_none=True)
        found.append(RunLine(name, agent.title, agent.family, agent.summary, "done", 412, output, proposals))
    return found


def report(runs: list[RunLine], **more: Any) -> ReportData:
    plain = ReportData(
        generated_at=datetime(2026, 11, 24, 7, tzinfo=UTC),
        version="0.1.0",
        shop_name="Maren & Wren",
        shop_url="http://127.0.0.1:8080",
        facts=FACTS,
        first_day=date(2024, 11, 24),
        last_day=date(2026, 11, 23),
        sync=[SyncLine("products", 200, 0.4), SyncLine("orders", 19460)],
        sync_seconds=3.2,
        runs=runs,
    )
    return replace(plain, **more)


def written(tmp_path: Path, data: ReportData) -> str:
    path = tmp_path / "demo-report.html"
    write_report(path, data)
    return path.read_text(encoding="utf-8")


class Page(HTMLParser):
    """Collects tags, outside addresses and text; complains of tags left open."""

    VOID = ("meta", "link", "br", "img", "input", "line", "rect", "path", "polygon")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "data")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words += data


def test_whole_report(runs: list[RunLine], mirrored: Mirrored, tmp_path: Path) -> None:
    proposal = runs[-1].proposals[0]
    fields = [FieldLine("wc/v3/products/12", "sale_price", "", "34.00", "")]
    walk = Walk(proposal, "owner", ["pending", "approved", "applied", "undoing", "undone"], fields)
    data = report(runs, walks=[walk], truth=compare(mirrored.truth, runs))
    page = Page(written(tmp_path, data))
    assert page.open == []
    assert page.addresses == []
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    assert page.tags.count("svg") == sum(min(3, len(run.proposals)) for run in runs)
    for words in (
        "Maren & Wren",
        "19,660 rows read in 3.2 s",
        "€34.00",
        "exactly these",
        "Sold in the lead time",
    ):
        assert words in page.words, words
    assert "None" not in page.words
    assert "{" not in page.words


def test_agents_that_only_answer_say_what_they_found(runs: list[RunLine], tmp_path: Path) -> None:
    words = Page(written(tmp_path, report(runs))).words
    by_name = {one.agent: one for one in runs}
    silent = [one for one in runs if not one.proposals]
    assert {one.agent for one in silent} == set(SENTENCES) - {"dead-stock"}
    for one in silent:
        told = sentence(one, FACTS)
        assert told in words
        assert re.search(r"\d", told), told
        assert all(line in words for line in findings_of(one, FACTS))
    plan = by_name["reorder-plan"].output
    due = sum(one["lines"] for one in plan["suppliers"])
    assert due >= sum(line["recommended_order_quantity"] > 0 for line in plan["now"])
    assert sentence(by_name["reorder-plan"], FACTS).startswith(f"{due} items to order today for €")
    first = by_name["demand-forecast"].output["items"][0]
    assert findings_of(by_name["demand-forecast"], FACTS)[0].startswith(f"{first['name']}: ")
    assert findings_of(by_name["slow-stock-markdown"], FACTS) == []


def test_what_found_nothing_says_why() -> None:
    def told(agent: str, output: dict[str, Any], error: Any = None) -> str:
        return sentence(RunLine(agent, "", "", "", "done", 1, output, [], error), FACTS)

    few = {"places": 1, "moves": [], "total_pieces": 0, "notes": ["Enter a second place.", "More."]}
    assert told("stock-transfers", few) == "Enter a second place."
    assert told("product-data-gaps", {"checked": 4}) == "Nothing to propose."
    assert told("reorder-plan", {}, {"message": "It took too long."}) == "It took too long."
    dead = {"items": [{}, {"open_proposal": "a"}], "dead_value": "30.00", "slow_value": "4.50"}
    shared = "1 of them have another agent's markdown open."
    assert told("dead-stock", dead) == f"2 stocks lie still, €34.50 tied up. {shared}"
    cut = {"now": [{"recommended_order_quantity": 3}], "soon": [], "without_cost": 0, "total_cost": "90.00"}
    cut["suppliers"] = [{"lines": 250}, {"lines": 8}]
    assert told("reorder-plan", cut).startswith("258 items to order today for €90.00")
    young = {"fitted": 1, "kept": 0, "tested": 0}
    assert told("demand-forecast", young) == "Forecast 1 item; too little is known to test how well."


def test_a_walk_of_many_fields_shows_some_and_the_outcome(runs: list[RunLine], tmp_path: Path) -> None:
    proposal, states = runs[-1].proposals[0], ["pending", "applied", "undone"]
    lines = [FieldLine(f"wc/v3/products/1/variations/{n}", "sale_price", "", "34.00", "") for n in range(9)]
    words = Page(written(tmp_path, report(runs, walks=[Walk(proposal, "owner", states, lines)]))).words
    assert "And 4 more fields likewise. Undoing put back what stood there." in words
    lines[8] = replace(lines[8], undone="33.00")
    words = Page(written(tmp_path, report(runs, walks=[Walk(proposal, "owner", states, lines)]))).words
    assert "Undoing did not put back everything." in words


def test_nothing_loads_from_elsewhere(runs: list[RunLine], tmp_path: Path) -> None:
    text = written(tmp_path, report(runs))
    assert not re.search(r"@import|url\(|<script|javascript:|\son\w+=", text)
    assert "prefers-color-scheme: dark" in text
    assert "width=device-width" in text


def test_words_of_the_shop_are_escaped(runs: list[RunLine], tmp_path: Path) -> None:
    bad = RunLine(
        "x", EVIL, EVIL, EVIL, "failed", 10, {EVIL: EVIL}, [], {"code": EVIL, "message": EVIL, "hint": EVIL}
    )
    truth = [TruthLine(EVIL, EVIL, EVIL, EVIL)]
    chart = Chart(
        title=EVIL,
        x_label="x",
        y_label="y",
        unit="",
        x_type="category",
        series=[Series(name=EVIL, kind="bar", points=[(EVIL, 1.0)])],
    )
    proposal = {**runs[0].proposals[0]}
    proposal["evidence"] = {**proposal["evidence"], "chart": chart.model_dump(mode="json", by_alias=True)}
    proposal["evidence"]["message"] = {
        "template": "Fill in {product}.",
        "params": {"product": {"type": "text", "value": EVIL}},
    }
    text = written(
        tmp_path, report([bad, replace(runs[0], proposals=[proposal])], shop_name=EVIL, truth=truth)
    )
    assert "<script" not in text
    assert text.count("&lt;script&gt;") > 10


def test_report_without_anything(tmp_path: Path) -> None:
    page = Page(written(tmp_path, report([], sync=[], first_day=None, last_day=None)))
    assert "no orders yet" in page.words
    assert page.open == []


def test_a_failed_run_shows_what_to_do(tmp_path: Path) -> None:
    failed = RunLine(
        "reorder-points",
        "Reorder points",
        "inventory",
        "Levels.",
        "failed",
        3,
        {},
        [],
        {"code": "timeout", "message": "It took too long.", "hint": "Run it again."},
    )
    words = Page(written(tmp_path, report([failed]))).words
    assert "It took too long." in words
    assert "Run it again." in words
    assert compare({"products": {}}, [failed]) == []


def test_truth_lines_say_what_is_missing(runs: list[RunLine], mirrored: Mirrored) -> None:
    lines = {line.what: line for line in compare(mirrored.truth, runs)}
    assert lines["Products whose demand stopped"].verdict == "all found"
    assert lines["Products about to run out"].verdict == "all found"
    blind = [
        replace(run, output={**run.output, "slow": [], "reorder_now": [], "gaps": []} if run.output else {})
        for run in runs
    ]
    worse = {line.what: line for line in compare(mirrored.truth, blind)}
    assert worse["Products whose demand stopped"].verdict.endswith("missed")
    assert worse["Products about to run out"].verdict == "10 missed"
    assert worse["Gaps planted in product data"].verdict == "35 missed, 0 more reported"


def test_chart_is_well_formed_and_complete() -> None:
    days = [f"2026-{month:02d}-01" for month in range(1, 13)]
    chart = Chart(
        title="A & B",
        x_label="Day",
        y_label="Pieces",
        unit="pieces",
        x_type="date",
        series=[
            Series(name="Sold", kind="bar", points=[(day, float(n)) for n, day in enumerate(days)]),
            Series(name="Level", kind="line", style="dashed", points=[(days[0], 7.0), (days[-1], 7.0)]),
            Series(name="Stock", kind="step", points=[(days[0], None), (days[1], 4.0), (days[2], 2.0)]),
        ],
        band=Band(name="Next", points=[(days[-2], 2.0, 5.0), (days[-1], 1.0, 9.0)]),
        marks=[Mark(x=days[-1], label="Today"), Mark(x=days[-2], label="Last sale")],
        shade=[Shade(start=days[3], end=days[4], label="Out of stock")],
    )
    svg = ElementTree.fromstring(str(draw(chart)))
    kinds = [part.tag for part in svg.iter()]
    assert kinds.count("path") == 2
    assert kinds.count("polygon") == 1
    assert sum(part.get("class") == "bar s0" for part in svg.iter()) == 11
    assert sum(part.get("class") == "mark" for part in svg.iter()) == 2
    assert [name for _, name in legend(chart)] == ["Sold", "Level", "Stock", "Next", "Out of stock"]
    for part in svg.iter():
        for name in ("x", "x1", "x2", "y", "y1", "y2"):
            assert -1 <= float(part.get(name, 0)) <= 421


def test_chart_of_one_point() -> None:
    chart = Chart(
        title="T",
        x_label="",
        y_label="",
        unit="",
        x_type="number",
        series=[Series(name="S", kind="line", points=[(1.0, 0.0)])],
    )
    assert "NaN" not in str(draw(chart))
