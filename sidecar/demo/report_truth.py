"""How the planted truth of the demo shop compares with what the agents found in its data."""

from __future__ import annotations

from typing import Any

from sidecar.demo.report import RunLine, TruthLine

GAPS = {
    "description": "description",
    "short_description": "short_description",
    "images": "image",
    "weight": "weight",
    "alt": "alt_text",
    "title": "name",
    "category": "category",
}
Truth = dict[str, Any]


def compare(truth: Truth, runs: list[RunLine]) -> list[TruthLine]:
    """One line per planted thing; `truth` as `demo.generator.load_truth` gives it, without failed runs."""
    outputs = {run.agent: run.output for run in runs if run.state == "done"}
    lines: list[TruthLine] = []
    if "slow-stock-markdown" in outputs:
        lines += [
            *_slow(truth, outputs["slow-stock-markdown"]),
            _elasticity(truth, outputs["slow-stock-markdown"]),
        ]
    if "reorder-points" in outputs:
        lines += [_near(truth, outputs["reorder-points"]), *_coverage(outputs["reorder-points"])]
    if "product-data-gaps" in outputs:
        lines.append(_gaps(truth, outputs["product-data-gaps"]))
    return lines


def planted(truth: Truth, what: str) -> set[int]:
    """Products into which the generator planted this."""
    return {key for key, product in truth["products"].items() if what in product["planted"]}


def _on_sale(truth: Truth) -> set[int]:
    return {key for key, product in truth["products"].items() if product["prices"][-1][2]}


def _slow(truth: Truth, output: dict[str, Any]) -> list[TruthLine]:
    slow = planted(truth, "slow")
    judged = slow - _on_sale(truth)
    found = {line["product_id"] for line in output["slow"]}
    others = found - slow
    paces = sorted(truth["products"][key]["pace"] for key in others)
    pace = (
        f"; half of these truly sell fewer than {paces[len(paces) // 2] * 30:.1f} pieces a month"
        if paces
        else ""
    )
    return [
        TruthLine(
            "Products whose demand stopped",
            f"{len(slow)}, of which {len(slow) - len(judged)} are on sale already and left alone",
            f"{len(found & judged)} of the other {len(judged)}",
            "all found" if judged <= found else f"{len(judged - found)} missed",
        ),
        TruthLine(
            "Products called slow that still have demand",
            "0 planted",
            f"{len(others)}{pace}",
            "none" if not others else "slow sellers with stock for long, by the rule's own measure",
        ),
    ]


def _elasticity(truth: Truth, output: dict[str, Any]) -> TruthLine:
    sold = {key: product["rate"] for key, product in truth["products"].items()}
    mean = sum(sold[k] * p["elasticity"] for k, p in truth["products"].items()) / sum(sold.values())
    response = output["price_response"]
    what, true = "How sales answer to price (elasticity)", f"{mean:.2f}, mean of all products by sales"
    if not response["known"]:
        return TruthLine(what, true, "not identifiable", response.get("reason", ""))
    inside = response["low"] <= mean <= response["high"]
    found = f"{response['elasticity']:.2f}, 80% interval {response['low']:.2f} to {response['high']:.2f}"
    return TruthLine(what, true, found, "inside the interval" if inside else "outside the interval")


def _near(truth: Truth, output: dict[str, Any]) -> TruthLine:
    near = planted(truth, "near_stockout")
    now = {line["product_id"] for line in output["reorder_now"]}
    return TruthLine(
        "Products about to run out",
        str(len(near)),
        f"{len(near & now)} of them in the list of what to order now",
        "all found" if near <= now else f"{len(near - now)} missed",
    )


def _coverage(output: dict[str, Any]) -> list[TruthLine]:
    if output.get("covered") is None:
        return []
    return [
        TruthLine(
            "Past lead times in which sales stayed within the level",
            "95% wanted",
            f"{output['covered']:.1%}; the mean over the lead time: {output['covered_by_mean']:.1%}",
            "close to the wish" if abs(output["covered"] - 0.95) <= 0.02 else "off the wish",
        )
    ]


def _gaps(truth: Truth, output: dict[str, Any]) -> TruthLine:
    wanted = {
        (key, GAPS[gap])
        for key, product in truth["products"].items()
        for gap in product["gaps"]
        if gap in GAPS
    }
    found = {(line["product_id"], name) for line in output["gaps"] for name in line["missing"]}
    extra = len(found - wanted)
    verdict = "exactly these" if found == wanted else f"{len(wanted - found)} missed, {extra} more reported"
    return TruthLine(
        "Gaps planted in product data", str(len(wanted)), f"{len(found & wanted)} found", verdict
    )
