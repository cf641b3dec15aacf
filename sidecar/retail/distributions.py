"""Quantiles and intervals without scipy, vectorised over items."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def t_quantile(p: float, freedom: float) -> float:
    """Student's t quantile by series (Abramowitz and Stegun 26.7.5); good from 5 degrees of freedom on."""
    z = NormalDist().inv_cdf(p)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return float(z + sum(term / freedom ** (n + 1) for n, term in enumerate(terms)))


def count_quantile(mean: Floats, variance: Floats, level: float) -> Floats:
    """Smallest whole k with P(X <= k) >= level for counts with these moments, per item.

    Negative binomial where the variance exceeds the mean, else Poisson; a normal approximation above mean
    400.
    """
    mean, variance = np.broadcast_arrays(np.maximum(mean, 0.0), variance)
    out = np.zeros(mean.shape)
    big = mean > 400
    spread = np.sqrt(np.maximum(variance, mean))
    out[big] = np.ceil(mean[big] + NormalDist().inv_cdf(level) * spread[big])
    small = ~big & (mean > 0)
    if small.any():
        out[small] = _by_recursion(mean[small], variance[small], level)
    return out


def _by_recursion(mean: Floats, variance: Floats, level: float) -> Floats:
    """Adds up the probability mass from 0 until every item has reached the level."""
    over = np.maximum(variance, mean * (1 + 1e-9))
    size = mean**2 / (over - mean)
    share = mean / over
    mass = np.exp(np.where(size > 1e7, -mean, size * np.log(share)))
    total, found = mass.copy(), np.where(mass >= level, 0.0, -1.0)
    # Chebyshev: no quantile of any distribution with these moments lies beyond.
    last = int(np.ceil((mean + np.sqrt(over / (1 - level))).max())) + 1
    for k in range(1, last + 1):
        mass = mass * (size + k - 1) / k * (1 - share)
        total += mass
        found[(found < 0) & (total >= level)] = k
        if (found >= 0).all():
            break
    return np.where(found < 0, last, found)


def pinball(actual: Floats, quantile: Floats, level: float) -> Floats:
    """Pinball loss, the score of a quantile: a piece too few costs `level`, one too many 1 - level."""
    short = actual - quantile
    loss: Floats = np.maximum(level * short, (level - 1) * short)
    return loss
