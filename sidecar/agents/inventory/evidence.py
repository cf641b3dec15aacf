"""Charts and error figures that the inventory agents share."""

from __future__ import annotations

from datetime import date, timedelta

from sidecar.core.evidence import (
    Band,
    BaselineError,
    Chart,
    ErrorFigure,
    Mark,
    Message,
    Series,
    say,
)
from sidecar.core.forecasts import KeptForecast
from sidecar.retail.evidence import empty_shades
from sidecar.retail.outlook import Outlook

AHEAD_DAYS = 28
WEEK = 7


def sales_chart(name: str, row: int, seen: Outlook) -> Chart:
    """Pieces sold a week, what is expected of the coming weeks with its band, and days without stock."""
    kept = seen.kept[row]
    days = min(len(kept.sold), max((kept.first_day - kept.since).days, WEEK))
    weeks = max(days // WEEK, 1)
    first = kept.first_day - timedelta(days=weeks * WEEK)
    sold = kept.sold[-weeks * WEEK :].reshape(-1, WEEK).sum(axis=1) if days >= WEEK else kept.sold[-1:]
    past = [((first + timedelta(days=WEEK * n)).isoformat(), float(v)) for n, v in enumerate(sold)]
    ahead = range(0, min(AHEAD_DAYS, seen.mean.shape[1] - WEEK + 1), WEEK)
    starts = [(seen.today + timedelta(days=n)).isoformat() for n in ahead]
    expected = [round(float(seen.mean[row, n : n + WEEK].sum()), 3) for n in ahead]
    return Chart(
        title=f"Pieces of {name} sold a week",
        x_label="Week from",
        y_label="Pieces",
        unit="pieces",
        x_type="date",
        series=[
            Series(name="Sold", kind="line", points=[(x, y) for x, y in past]),
            Series(
                name="Expected",
                kind="line",
                style="dashed",
                points=[(x, y) for x, y in zip(starts, expected, strict=True)],
            ),
        ],
        band=_band(row, seen, starts, expected),
        marks=[Mark(x=seen.today.isoformat(), label="Today")],
        shade=empty_shades(~kept.in_stock[-weeks * WEEK :], first, "Out of stock"),
    )


def _band(row: int, seen: Outlook, starts: list[str], expected: list[float]) -> Band | None:
    """The interval of one week's total, at each week's expected pieces."""
    if not starts:
        return None
    low, high = seen.quantiles(WEEK, (0.1, 0.9))[row]
    first = float(seen.total(WEEK)[row])
    points: list[tuple[float | str, float, float]] = []
    for x, mean in zip(starts, expected, strict=True):
        scale = mean / first if first > 0 else 1.0
        points.append((x, round(min(float(low) * scale, mean), 3), round(max(float(high) * scale, mean), 3)))
    return Band(name="8 of 10 cases", points=points)


def forecast_error(kept: KeptForecast) -> ErrorFigure | None:
    """The forecast's error in its backtest beside that of repeating last week; None without a backtest."""
    if kept.error is None or kept.naive_error is None:
        return None
    return ErrorFigure(
        name="Error of the forecast (RMSSE)",
        value=round(kept.error, 3),
        unit="of the usual day-to-day change",
        baseline=BaselineError(name="last week again", value=round(kept.naive_error, 3)),
    )


def error_notes(kept: KeptForecast) -> list[Message]:
    """Why no error is stated, or that the forecast is no better than the simplest one."""
    if kept.error is None or kept.naive_error is None:
        return [say("No error is stated: the sales are too young or too rare for a test on past days.")]
    if kept.error >= kept.naive_error:
        return [say("On past days no forecast was better than repeating the week before.")]
    return []


def window(kept: KeptForecast) -> tuple[date, date]:
    """First and last day of the sales behind a forecast."""
    last = kept.first_day - timedelta(days=1)
    return min(kept.since, last), last
