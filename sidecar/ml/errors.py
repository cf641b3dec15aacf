"""Errors of forecasts, per series: scaled so that series of different size can be averaged."""

from __future__ import annotations

import numpy as np

from sidecar.ml.series import Floats, mean_known

FLOOR = 0.3
"""Least error of a series, as a share of the usual one."""


def step_scale(y: Floats, power: int = 2) -> Floats:
    """Mean squared (or absolute, power 1) step from one known period to the next, (n,); NaN with no step.

    Its root is the denominator of RMSSE (Makridakis, Spiliotis and Assimakopoulos 2022, the M5 competition).
    """
    return mean_known(np.abs(np.diff(y, axis=1)) ** power)


def rmsse(actual: Floats, mean: Floats, scale: Floats) -> Floats:
    """Root mean squared scaled error over the known values of each series, (n,); NaN without a scale."""
    squares = ((actual - mean) ** 2).reshape(len(actual), -1)
    usable = np.where(scale > 0, scale, np.nan)
    out: Floats = np.sqrt(mean_known(squares) / usable)
    return out


def pinball(actual: Floats, quantile: Floats, level: float) -> Floats:
    """Loss of a quantile, same shape as the arguments."""
    over = actual - quantile
    out: Floats = np.maximum(level * over, (level - 1) * over)
    return out


def smape(actual: Floats, mean: Floats) -> Floats:
    """Symmetric absolute percentage error as the M3 competition counted it, 0 to 200, per value."""
    both = np.abs(actual) + np.abs(mean)
    out: Floats = np.divide(200 * np.abs(actual - mean), both, out=np.zeros_like(both), where=both > 0)
    return out


def least_error(errors: Floats) -> float:
    """Of the errors (n,) that below which one series is as easy as the other: none outweighs all others."""
    return FLOOR * float(np.median(errors[errors > 0])) if (errors > 0).any() else 1.0
