"""The shop of the bench of stock decisions, and the policies that order for it: rules, newsvendor, ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from statistics import NormalDist

import numpy as np

from bench.forecast_data import HOLIDAYS, folder, online_retail, online_retail_orders, weekly
from bench.peers import LEVELS as PEER_LEVELS
from bench.peers import Job, parquet_columns, peers
from bench.replay import REVIEW, Floats, Outcome, World, lead_times, pace, replay, s_q, try_all, up_to
from sidecar.ml.forecast import Forecast, forecast
from sidecar.retail.ordering import LEVELS, Terms, demand_over, level, paying_service, quantile

TRAINING = 26 * 7
WARM_UP = 5 * 7
RETUNED = 4 * 7
SALE_DAYS = 20
LEAD, SPREAD = 14.0, 4.0
HOLDING, COST_SHARE = 0.25, 0.5
"""Yearly cost of stock as a share of its cost, and cost as a share of the price; both cancel in ratios."""
TARGETS = (0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99)
PROMISES = (0.9, 0.95, 0.98)
SERVICES = tuple(float(1 / (1 + np.exp(-x))) for x in np.linspace(-1.0, 7.5, 24))
"""Service of the middle item, evenly spaced in log odds."""
KINDS = ("pieces", "value", "articles")

RULES, RETUNED_RULES = "(s, Q) tuned on the training days", "(s, Q) tuned anew every 4 weeks"
PAYING_RULES = "(s, Q) tuned by our worth of service"
NEWSVENDOR, NEWSVENDOR_OURS = "newsvendor on AutoETS", "AutoETS with our service levels"
SAME, OURS = "ours, one service for all", "ours"

Service = Callable[[int], Floats]
"""Day -> service (n, settings)."""


@dataclass(frozen=True)
class Shop:
    """The world, each item's price (n,), and the first day's date."""

    world: World
    price: Floats
    first_day: date
    orders: Floats

    @property
    def last(self) -> int:
        """Days known."""
        return int(self.world.demand.shape[1])

    @property
    def idle(self) -> Floats:
        """What a piece costs that lies there for one review period, (n,)."""
        return self.price * COST_SHARE * HOLDING * REVIEW / 365

    @property
    def order_days(self) -> range:
        """The days on which orders go out."""
        return range(TRAINING - WARM_UP, self.last, REVIEW)

    def play(self, order: Callable[[int, Floats], Floats], settings: int) -> Outcome:
        """From the warm-up on; judged on the days after the training."""
        start = np.repeat(np.ceil(28 * pace(self.world.demand[:, :TRAINING]))[:, None], settings, axis=1)
        return replay(self.world, order, start, TRAINING - WARM_UP, self.last, TRAINING)


def shop(articles: int, seed: int) -> Shop:
    """The articles by lot, their median price, and lead times."""
    codes, y, first = online_retail()
    columns = parquet_columns(
        folder() / "online_retail_until_2011-08.parquet", ("StockCode", "Quantity", "UnitPrice")
    )
    paid: dict[str, list[float]] = {}
    for code, pieces, price in zip(*columns.values(), strict=True):
        if pieces > 0 and price > 0:
            paid.setdefault(str(code).upper(), []).append(float(price))
    price = np.array([np.median(paid[code]) for code in codes])
    sells = np.flatnonzero((np.nan_to_num(y[:, :TRAINING]) > 0).sum(axis=1) >= SALE_DAYS)
    drawn = np.random.default_rng(seed).choice(sells, min(articles, len(sells)), replace=False)
    chosen = np.sort(drawn)
    lead = lead_times((len(chosen), y.shape[1]), LEAD, SPREAD, seed + 1)
    return Shop(World(y[chosen], lead), price[chosen], first, online_retail_orders()[chosen])


def rules(of: Shop, seed: int) -> dict[str, dict[str, Outcome]]:
    """The (s, Q) rules; they are tuned with lead times of their own draw, of the same distribution."""
    world = World(of.world.demand, lead_times(of.world.lead.shape, LEAD, SPREAD, seed + 2))

    @cache
    def tuned(last: int) -> tuple[Floats, Floats]:
        return try_all(world, last, LEAD + REVIEW).serving(TARGETS)

    def anew(day: int) -> tuple[Floats, Floats]:
        return tuned(TRAINING + max(0, day - TRAINING) // RETUNED * RETUNED)

    def paid(kind: str) -> Outcome:
        week = pace(of.world.demand[:, :TRAINING]) * 7
        pair = tried.paying(of.idle * TRAINING / REVIEW, worth_of(of, kind, week))
        return of.play(s_q(lambda day: pair), len(SERVICES))

    tried = try_all(world, TRAINING, LEAD + REVIEW)
    once = of.play(s_q(lambda day: tuned(TRAINING)), len(TARGETS))
    again = of.play(s_q(anew), len(TARGETS))
    return {kind: {RULES: once, RETUNED_RULES: again, PAYING_RULES: paid(kind)} for kind in KINDS}


@dataclass(frozen=True)
class Expected:
    """What our forecast says on each day of ordering.

    Pieces a week (n,), and samples (n, m) of demand over the lead time and over lead time and review.
    """

    week: Mapping[int, Floats]
    lead: Mapping[int, Floats]
    protected: Mapping[int, Floats]


def terms_of(of: Shop, service: float = 0.95) -> Terms:
    """How every item is bought; `service` is a share of pieces."""
    return Terms.of(
        len(of.price),
        lead_days=LEAD,
        lead_spread=SPREAD,
        review_days=REVIEW,
        check_days=REVIEW,
        service=service,
        measure="fill",
    )


def expect(of: Shop) -> Expected:
    """Forecasts from the days before, as the sidecar makes them, on every day of ordering."""
    terms = terms_of(of)
    week: dict[int, Floats] = {}
    lead: dict[int, Floats] = {}
    protected: dict[int, Floats] = {}
    for day in of.order_days:
        found = forecast(
            of.world.demand[:, :day],
            terms.longest,
            first_day=of.first_day,
            orders=of.orders[:, :day],
            holidays=HOLIDAYS,
        )
        totals = partial(quantiles, found)
        week[day] = found.total(REVIEW)
        lead[day] = demand_over(totals, terms.lead_days, terms.lead_spread)
        protected[day] = demand_over(totals, terms.lead_days, terms.lead_spread, terms.cycle_days)
    return Expected(week, lead, protected)


def quantiles(found: Forecast, days: int) -> Floats:
    """Of demand summed over days, as `ordering` takes them."""
    return found.total_quantiles(days, LEVELS)


def ours(of: Shop, expected: Expected) -> dict[str, dict[str, Outcome]]:
    """Our policy by kind of service, and with one service for all items."""

    def levels(service: Service, day: int) -> Floats:
        wanted = service(day)
        sample = expected.protected[day]
        return np.stack([quantile(sample, wanted[:, k]) for k in range(wanted.shape[1])], axis=1)

    def play(service: Service) -> Outcome:
        return of.play(up_to(partial(levels, service)), len(SERVICES))

    same = np.tile(np.minimum(SERVICES, 0.995), (len(of.price), 1))
    plain = play(lambda day: same)
    return {kind: {SAME: plain, OURS: play(partial(paying, of, kind, expected.week))} for kind in KINDS}


def promised(of: Shop, expected: Expected) -> Outcome:
    """What is served where each item is asked to serve one of PROMISES of its pieces."""

    def levels(day: int) -> Floats:
        lead, protected = expected.lead[day], expected.protected[day]
        usual = protected.mean(axis=1) - lead.mean(axis=1)
        return np.stack([level(protected, lead, usual, terms_of(of, share)) for share in PROMISES], axis=1)

    return of.play(up_to(levels), len(PROMISES))


def paying(of: Shop, kind: str, week: Mapping[int, Floats], day: int) -> Floats:
    """Each item's service (n, settings) where one unit of what is served is worth the same everywhere."""
    return paying_service(worth_of(of, kind, week[day]), of.price[:, None] * COST_SHARE, HOLDING, REVIEW)


def worth_of(of: Shop, kind: str, week: Floats) -> Floats:
    """Money lost with a missed piece (n, settings), such that the middle item gets SERVICES."""
    weight = {
        "pieces": np.ones(len(of.price)),
        "value": of.price,
        "articles": 1 / np.maximum(week, 0.1),
    }[kind]
    odds = np.array(SERVICES) / (1 - np.array(SERVICES))
    worth: Floats = weight[:, None] * float(np.median(of.idle / weight)) * odds
    return worth


def newsvendor(of: Shop) -> dict[str, dict[str, Outcome]]:
    """Order up to the normal quantile of demand over lead time and review, as AutoETS on weeks expects it."""
    weeks = round((LEAD + REVIEW) / 7)
    jobs = [Job("AutoETS", weeks_before(of, day), weeks, 1, 8) for day in of.order_days]
    mean: dict[int, Floats] = {}
    spread: dict[int, Floats] = {}
    for day, found in zip(of.order_days, peers(jobs), strict=True):
        assert found.quantiles is not None
        high, low = (found.quantiles[:, PEER_LEVELS.index(share)] for share in (0.95, 0.05))
        # AutoETS gives no interval where a series hardly moves; then demand is as good as sure.
        week = np.nan_to_num((high - low) / (2 * NormalDist().inv_cdf(0.95)))
        mean[day] = np.maximum(found.mean, 0.0).sum(axis=1)
        spread[day] = np.sqrt((week**2).sum(axis=1) + (mean[day] / (7 * weeks) * SPREAD) ** 2)
    to_z = np.vectorize(NormalDist().inv_cdf, otypes=[float])

    def levels(service: Service, day: int) -> Floats:
        wanted: Floats = mean[day][:, None] + to_z(service(day)) * spread[day][:, None]
        return np.maximum(wanted, 0.0)

    def play(service: Service) -> Outcome:
        return of.play(up_to(partial(levels, service)), len(SERVICES))

    plain = np.tile(np.array(SERVICES), (len(of.price), 1))
    same = play(lambda day: plain)
    weekly_mean = {day: mean[day] / weeks for day in of.order_days}
    return {
        kind: {NEWSVENDOR: same, NEWSVENDOR_OURS: play(partial(paying, of, kind, weekly_mean))}
        for kind in KINDS
    }


def weeks_before(of: Shop, day: int) -> Floats:
    """Weekly demand; zeros where an article did not exist yet, for AutoETS needs some history."""
    known = weekly(of.world.demand[:, :day])
    known[np.isnan(known).all(axis=1)] = 0.0
    return known
