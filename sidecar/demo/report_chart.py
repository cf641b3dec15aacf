"""The evidence's chart model as inline SVG: no script, colours from the page's CSS, readable in greyscale."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from itertools import pairwise
from math import floor, log10

from markupsafe import Markup, escape

from sidecar.core.evidence import Chart, Series
from sidecar.core.evidence_text import format_number

WIDTH, HEIGHT = 420, 214
LEFT, RIGHT, TOP, BOTTOM = 34, 10, 12, 24
ROW = 22
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
Scale = Callable[[float], float]


def draw(chart: Chart) -> Markup:
    """The chart as one `<svg>`; categories become horizontal bars, dates and numbers run left to right."""
    return _bars(chart) if chart.x_type == "category" else _plot(chart)


def legend(chart: Chart) -> list[tuple[str, str]]:
    """(CSS class, name) of everything drawn that needs a word."""
    if chart.x_type == "category":
        return []
    entries = [(f"key {_style(n, series)}", series.name) for n, series in enumerate(chart.series)]
    if chart.band:
        entries.append(("key band", chart.band.name))
    seen = dict.fromkeys(shade.label for shade in chart.shade)
    return entries + [("key shade", label) for label in seen]


def _style(n: int, series: Series) -> str:
    return f"{series.kind} s{n % 4} {series.style}"


def _svg(height: float, title: str, parts: list[str]) -> Markup:
    head = (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {height:g}" role="img" aria-label="{escape(title)}" '
        f'preserveAspectRatio="xMinYMin meet"><title>{escape(title)}</title>'
    )
    return Markup(head + "".join(parts) + "</svg>")


def _bars(chart: Chart) -> Markup:
    points = chart.series[0].points
    label = 6 + 6.2 * max((len(str(x)) for x, _ in points), default=0)
    most = 100.0 if chart.unit == "%" else max((y or 0 for _, y in points), default=1) or 1.0
    scale = (WIDTH - label - 52) / most
    parts = []
    for n, (x, y) in enumerate(points):
        top, size = 4 + n * ROW, (y or 0) * scale
        value = "–" if y is None else f"{format_number(round(y, 1))}{chart.unit if chart.unit == '%' else ''}"
        parts.append(
            f'<text class="tick" x="{label - 6:.1f}" y="{top + 12}" text-anchor="end">{escape(str(x))}</text>'
            + _rect("rest", label, top + 1, most * scale, 14)
            + _rect("bar s0", label, top + 1, size, 14)
            + f'<text class="value" x="{label + most * scale + 6:.1f}" y="{top + 12}">{escape(value)}</text>'
        )
    return _svg(8 + ROW * len(points), chart.title, parts)


def _rect(css: str, x: float, y: float, width: float, height: float, radius: float = 2) -> str:
    size = f'width="{width:.1f}" height="{height:.1f}" rx="{radius:g}"'
    return f'<rect class="{css}" x="{x:.1f}" y="{y:.1f}" {size}/>'


def _number(x: float | str) -> float:
    return float(date.fromisoformat(x).toordinal()) if isinstance(x, str) else float(x)


def _plot(chart: Chart) -> Markup:
    xs = [_number(x) for series in chart.series for x, _ in series.points]
    ys = [y for series in chart.series for _, y in series.points if y is not None]
    if chart.band:
        xs += [_number(x) for x, _, _ in chart.band.points]
        ys += [high for _, _, high in chart.band.points]
    xs += [_number(mark.x) for mark in chart.marks]
    low, high = min(xs), max(xs)
    step = _step(max([*ys, 1.0]))
    # A little room above the highest value, where the words of the marks stand.
    top = step * -(-1.08 * max([*ys, 1.0]) // step)
    bottom = min([*ys, 0.0])

    def px(x: float) -> float:
        return LEFT + (x - low) / max(high - low, 1) * (WIDTH - LEFT - RIGHT)

    def py(y: float) -> float:
        return HEIGHT - BOTTOM - (y - bottom) / max(top - bottom, 1e-9) * (HEIGHT - TOP - BOTTOM)

    parts = _shades(chart, px) + _grid(step, top, py)
    parts += _dates(low, high, px) if chart.x_type == "date" else _numbers(low, high, px)
    if chart.band:
        ups = [f"{px(_number(x)):.1f},{py(h):.1f}" for x, _, h in chart.band.points]
        downs = [f"{px(_number(x)):.1f},{py(lo):.1f}" for x, lo, _ in reversed(chart.band.points)]
        parts.append(f'<polygon class="band" points="{" ".join(ups + downs)}"/>')
    for n, series in enumerate(chart.series):
        parts += _series(n, series, px, py)
    parts += _marks(chart, px)
    return _svg(HEIGHT, chart.title, parts)


def _step(top: float) -> float:
    """A round distance between grid lines: 1, 2 or 5 times a power of ten, at most five lines."""
    raw = top / 4
    power = 10.0 ** floor(log10(raw)) if raw > 0 else 1.0
    return max(next(power * m for m in (1, 2, 5, 10) if raw <= power * m), 1.0 if top >= 3 else 0.5)


def _grid(step: float, top: float, py: Scale) -> list[str]:
    parts = []
    for n in range(round(top / step) + 1):
        y = py(n * step)
        parts.append(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text class="tick" x="{LEFT - 5}" y="{y + 3.5:.1f}" text-anchor="end">{n * step:g}</text>'
        )
    return parts


def _dates(low: float, high: float, px: Scale) -> list[str]:
    """Month names, as many as fit; January carries its year."""
    first, last = date.fromordinal(int(low)), date.fromordinal(int(high))
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    every = max(1, -(-months // 7))
    parts = []
    for n in range(1, months):
        year, month = divmod(first.month - 1 + n, 12)
        if n % every and every > 1:
            continue
        x = px(float(date(first.year + year, month + 1, 1).toordinal()))
        name = MONTHS[month] if month else str(first.year + year)
        parts.append(
            f'<line class="stub" x1="{x:.1f}" x2="{x:.1f}" '
            f'y1="{HEIGHT - BOTTOM}" y2="{HEIGHT - BOTTOM + 4}"/>'
        )
        if LEFT + 8 <= x <= WIDTH - RIGHT - 8:
            parts.append(
                f'<text class="tick" x="{x:.1f}" y="{HEIGHT - 8}" text-anchor="middle">{name}</text>'
            )
    return parts


def _numbers(low: float, high: float, px: Scale) -> list[str]:
    return [
        f'<text class="tick" x="{px(x):.1f}" y="{HEIGHT - 8}" '
        f'text-anchor="{anchor}">{format_number(x)}</text>'
        for x, anchor in ((low, "start"), (high, "end"))
    ]


def _shades(chart: Chart, px: Scale) -> list[str]:
    parts = []
    for shade in chart.shade:
        left, right = px(_number(shade.start)), px(_number(shade.end) + 1)
        parts.append(
            f'<rect class="shade" x="{left:.1f}" y="{TOP}" width="{max(right - left, 1.5):.1f}" '
            f'height="{HEIGHT - TOP - BOTTOM}"><title>{escape(shade.label)}</title></rect>'
        )
    return parts


def _series(n: int, series: Series, px: Scale, py: Scale) -> list[str]:
    known = [(px(_number(x)), py(y), y) for x, y in series.points if y is not None]
    if series.kind == "bar":
        gaps = [b[0] - a[0] for a, b in pairwise(known)]
        wide = max(min(gaps, default=8.0) * 0.78, 1.2)
        return [_rect(f"bar s{n % 4}", x, y, wide, py(0) - y, 0) for x, y, value in known if value]
    path: list[str] = []
    for number, (x, y, _) in enumerate(known):
        if series.kind == "step" and number:
            path.append(f"H{x:.1f}")
        path.append(f"{'L' if number else 'M'}{x:.1f} {y:.1f}")
    return [f'<path class="{_style(n, series)}" d="{" ".join(path)}"/>']


def _marks(chart: Chart, px: Scale) -> list[str]:
    """Dotted lines with their words at the top; a word near the right edge stands left of its line."""
    parts, ends = [], [-1e9, -1e9]
    for mark in chart.marks:
        x, size = px(_number(mark.x)), 5.6 * len(mark.label)
        left = x + size + 4 > WIDTH
        start = x - size - 4 if left else x + 4
        row = 0 if start > ends[0] + 8 else 1
        ends[row] = start + size
        parts.append(
            f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 4}" y2="{HEIGHT - BOTTOM}"/>'
            f'<text class="note" x="{x - 4 if left else x + 4:.1f}" y="{TOP + 4 + 12 * row}" '
            f'text-anchor="{"end" if left else "start"}">{escape(mark.label)}</text>'
        )
    return parts
