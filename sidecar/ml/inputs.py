"""What a forecast is asked with: checked, with plain words for what cannot be; and notes on what was odd."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sidecar.ml.series import Floats, Ints

MAX_HORIZON = 365
FADED = {7: 91, 52: 13, 12: 6}
"""Periods without demand after which an item is said to have faded: days, weeks, months."""


def checked(
    y: Floats, horizon: int, season: int, levels: Sequence[float]
) -> tuple[Floats, tuple[float, ...]]:
    """y as floats and levels as a tuple, or ValueError."""
    y = np.asarray(y, dtype=np.float64)
    if y.ndim != 2:
        raise ValueError("y must have one row per item and one column per period.")
    if not 1 <= horizon <= MAX_HORIZON:
        raise ValueError(f"horizon must be between 1 and {MAX_HORIZON} periods, not {horizon}.")
    if season < 1:
        raise ValueError(f"season must be at least 1 period, not {season}.")
    wanted = tuple(float(level) for level in levels)
    if not wanted or list(wanted) != sorted(set(wanted)) or not (wanted[0] > 0 and wanted[-1] < 1):
        raise ValueError("levels must rise and lie between 0 and 1.")
    return y, wanted


def driver(values: Floats | None, y: Floats, horizon: int, name: str) -> Floats | None:
    """Price or promotion (n, t + horizon), or ValueError; what is not a number there is unknown."""
    if values is None:
        return None
    out = np.asarray(values, dtype=np.float64)
    if out.shape != (len(y), y.shape[1] + horizon):
        raise ValueError(
            f"{name} must cover the past and the horizon: {len(y)} rows and {y.shape[1] + horizon} columns."
        )
    return np.where(np.isfinite(out) & ((out > 0) | (name != "price")), out, np.nan)


def order_counts(values: Floats | None, y: Floats) -> Floats | None:
    """Numbers of orders (n, t), 0 where unknown, or ValueError."""
    if values is None:
        return None
    out = np.asarray(values, dtype=np.float64)
    if out.shape != y.shape:
        raise ValueError(f"orders must cover the past: {len(y)} rows and {y.shape[1]} columns.")
    return np.where(np.isfinite(out), np.maximum(out, 0.0), 0.0)


def group_codes(groups: Sequence[str] | None, n: int) -> Ints:
    """Groups as whole numbers from 0; all one where none are given."""
    if groups is None:
        return np.zeros(n, dtype=np.intp)
    if len(groups) != n:
        raise ValueError(f"groups must name one group per item: {n}, not {len(groups)}.")
    codes: Ints = np.unique(np.asarray(groups, dtype=str), return_inverse=True)[1]
    return codes


def first_notes(y: Floats, season: int) -> list[list[str]]:
    """Codes of what is odd about each history."""
    known = np.isfinite(y)
    count = known.sum(axis=1)
    sold = np.where(known, y, 0.0) > 0
    recent = sold[:, -FADED.get(season, 8) :].any(axis=1)
    tests = {
        "no_history": count == 0,
        "one_point": count == 1,
        "negative_as_zero": (np.where(known, y, 0.0) < 0).any(axis=1),
        "never_sold": (count > 0) & ~sold.any(axis=1),
        "faded": sold.any(axis=1) & ~recent,
    }
    return [[code for code, told in tests.items() if told[row]] for row in range(len(y))]
