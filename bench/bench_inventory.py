"""What the stock decisions are worth: real demand with lead times played through ordering policies.

    make bench-inventory

Online Retail, articles that sold on at least 20 days in the first 26 weeks (600 of them by lot). Rules are
tuned on those 26 weeks; the days after are replayed, with random lead times that are the same for every
policy, orders once a week, and shoppers who leave when there is nothing. All policies begin 5 weeks earlier
with the same stock and are judged on the later days only; forecasts are made anew every week from the days
before. What shoppers asked for is known to all, also where nothing was there (a shop would not know).

Each policy has one setting that trades stock for service. Its cost of holding is read off its own curve at
the share served that the per-item (s, Q) rules reach in the replay. Three meanings of that share: of all
pieces, of their value, and the mean over articles. Ours sets each item's service by what pays
(`ordering.paying_service`): what counts is a missed piece, its price, or a share of the item's demand.
Intervals by bootstrap over articles. Prints tables, and last one line of JSON. Exit code 1 when the goal is
missed, 2 without data.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bench.forecast_data import missing
from bench.replay import Floats, Outcome
from bench.stock_policies import (
    COST_SHARE,
    HOLDING,
    KINDS,
    LEAD,
    NEWSVENDOR,
    OURS,
    PAYING_RULES,
    PROMISES,
    RETUNED_RULES,
    RULES,
    SAME,
    SPREAD,
    TARGETS,
    TRAINING,
    Shop,
    expect,
    newsvendor,
    ours,
    promised,
    rules,
    shop,
)

COMPARED = (0.9, 0.95, 0.98)
MAIN = 0.95
GOAL = 0.25
DRAWS = 1000

Line = tuple[Floats, Floats, Floats, Floats]
"""Share served, cost of holding a year, orders, saving against the rules; each (1 + DRAWS,)."""


def curve(seen: Outcome, of: Shop, kind: str, weight: Floats) -> tuple[Floats, Floats, Floats]:
    """Share served, cost of holding a year, and orders, by setting, with items weighted (draws, n)."""
    counts = {
        "pieces": np.ones(len(of.price)),
        "value": of.price,
        "articles": np.where(seen.asked > 0, 1 / np.maximum(seen.asked, 1e-12), 0.0),
    }[kind]
    missed = weight @ (seen.missed * counts[:, None])
    asked = weight @ (seen.asked * counts)
    cost = weight @ (seen.held * (of.price * COST_SHARE * HOLDING)[:, None])
    return 1 - missed / asked[:, None], cost, weight @ seen.orders


def read_off(at: Floats, fill: Floats, values: Floats) -> Floats:
    """Values (draws, settings) at a share served (draws,), linear between settings; NaN off the curve."""
    found = np.full(len(at), np.nan)
    for row, wanted in enumerate(at):
        rising = np.maximum.accumulate(fill[row])
        if rising[0] <= wanted <= rising[-1]:
            found[row] = np.interp(wanted, rising, values[row])
    return found


def compare(
    of: Shop, seen: Mapping[str, Outcome], kind: str, target: float, weight: Floats
) -> dict[str, Line]:
    """Every policy at the share that the rules serve which were tuned to the target."""
    fill, cost, orders = curve(seen[RULES], of, kind, weight)
    place = TARGETS.index(target)
    at, base = fill[:, place], cost[:, place]
    lines = {RULES: (at, base, orders[:, place], np.zeros(len(at)))}
    for name, outcome in seen.items():
        if name != RULES:
            fill, cost, orders = curve(outcome, of, kind, weight)
            own = read_off(at, fill, cost)
            lines[name] = (at, own, read_off(at, fill, orders), 1 - own / base)
    return lines


def weights(n: int, seed: int) -> Floats:
    """The items once each, then DRAWS bootstrap samples of them, (1 + DRAWS, n)."""
    rng = np.random.default_rng(seed)
    drawn = np.stack([np.bincount(rng.integers(0, n, n), minlength=n) for _ in range(DRAWS)])
    return np.concatenate([np.ones((1, n)), drawn.astype(float)])


def interval(draws: Floats) -> tuple[float, float, float]:
    """The value of all items, and 95 % of the bootstrap's."""
    low, high = np.nanpercentile(draws[1:], [2.5, 97.5]) if np.isfinite(draws[1:]).any() else (np.nan,) * 2
    return float(draws[0]), float(low), float(high)


def report(of: Shop, policies: Mapping[str, Mapping[str, Outcome]], seed: int) -> dict[str, Any]:
    """Prints the tables; what the JSON says of each kind at the main target."""
    weight = weights(len(of.price), seed)
    answer: dict[str, Any] = {}
    for kind in KINDS:
        for target in COMPARED:
            lines = compare(of, policies[kind], kind, target, weight)
            served = interval(lines[RULES][0])
            print(f"\nShare of {kind} served {served[0]:.3f}, where the rules were tuned to {target}")
            print(f"{'policy':36} {'holding a year':>14} {'orders':>8} {'saving':>8}   95 % of the bootstrap")
            for name, (_, cost, orders, saving) in lines.items():
                value, low, high = interval(saving)
                print(f"{name:36} {cost[0]:14,.0f} {orders[0]:8,.0f} {value:8.1%}   [{low:.1%}, {high:.1%}]")
            if target == MAIN:
                answer[kind] = summary(lines, served[0])
    return answer


def summary(lines: Mapping[str, Line], served: float) -> dict[str, Any]:
    """Savings of our policy at the main target, with intervals, rounded."""

    def rounded(values: Sequence[float]) -> list[float]:
        return [round(value, 4) for value in values]

    return {
        "served": round(served, 4),
        "saving_vs_s_q": rounded(interval(lines[OURS][3])),
        "saving_vs_s_q_retuned": rounded(interval(1 - lines[OURS][1] / lines[RETUNED_RULES][1])),
        "saving_vs_s_q_by_our_worth": rounded(interval(1 - lines[OURS][1] / lines[PAYING_RULES][1])),
        "saving_vs_newsvendor": rounded(interval(1 - lines[OURS][1] / lines[NEWSVENDOR][1])),
        "saving_one_service_vs_s_q": rounded(interval(lines[SAME][3])),
        "saving_one_service_vs_newsvendor": rounded(interval(1 - lines[SAME][1] / lines[NEWSVENDOR][1])),
        "orders_ratio": round(float(lines[OURS][2][0] / lines[RULES][2][0]), 3),
    }


def kept_promises(of: Shop, seen: Outcome) -> dict[str, list[float]]:
    """Prints and returns what share was served where each item was asked for one of PROMISES."""
    once = np.ones((1, len(of.price)))
    served = {kind: curve(seen, of, kind, once)[0][0] for kind in ("pieces", "articles")}
    print("\nShare asked of each article, and served: of all pieces, mean over articles")
    for at, asked in enumerate(PROMISES):
        print(f"{asked:6.2f} {served['pieces'][at]:8.3f} {served['articles'][at]:8.3f}")
    return {"asked": list(PROMISES)} | {kind: [round(float(v), 4) for v in served[kind]] for kind in served}


def run(of: Shop, seed: int) -> dict[str, Any]:
    """All policies and the report."""
    began = time.perf_counter()
    tuned = rules(of, seed)
    vendor = newsvendor(of)
    start = time.perf_counter()
    expected = expect(of)
    fitting = time.perf_counter() - start
    own = ours(of, expected)
    kinds = report(of, {kind: {**tuned[kind], **vendor[kind], **own[kind]} for kind in KINDS}, seed)
    main = kinds["pieces"]
    return {
        "bench": "inventory",
        "items": len(of.price),
        "days": of.last - TRAINING,
        "lead_days": [LEAD, SPREAD],
        "goal": GOAL,
        "met": main["saving_vs_s_q"][0] >= GOAL and main["saving_vs_newsvendor"][0] > 0,
        "by_share_of": kinds,
        "promises": kept_promises(of, promised(of, expected)),
        "forecast_seconds": round(fitting, 1),
        "seconds": round(time.perf_counter() - began, 1),
    }


def main() -> int:
    """Reads the command line and runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=600)
    parser.add_argument("--seed", type=int, default=11, help="for the lot, the lead times and the bootstrap")
    parser.add_argument("--short", action="store_true", help="60 articles, to see that it runs")
    wanted = parser.parse_args()
    why = missing()
    if why:
        print(why, file=sys.stderr)
        return 2
    answer = run(shop(60 if wanted.short else wanted.articles, wanted.seed), wanted.seed)
    print(json.dumps(answer))
    return 0 if answer["met"] or wanted.short else 1


if __name__ == "__main__":
    sys.exit(main())
