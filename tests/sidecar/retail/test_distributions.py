"""Quantiles against tables, definitions and brute force."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.retail.distributions import count_quantile, pinball, t_quantile


@pytest.mark.parametrize(
    ("p", "freedom", "value"), [(0.9, 11, 1.363), (0.975, 11, 2.201), (0.95, 30, 1.697), (0.975, 120, 1.980)]
)
def test_t_quantile_equals_the_tables(p: float, freedom: int, value: float) -> None:
    assert t_quantile(p, freedom) == pytest.approx(value, abs=0.002)
    assert t_quantile(1 - p, freedom) == pytest.approx(-value, abs=0.002)


def _poisson_cdf(k: int, mean: float) -> float:
    return sum(math.exp(-mean + n * math.log(mean) - math.lgamma(n + 1)) for n in range(k + 1))


@given(mean=st.floats(0.01, 60), level=st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_poisson_quantile_is_the_smallest_that_suffices(mean: float, level: float) -> None:
    k = int(count_quantile(np.array([mean]), np.array([mean]), level)[0])
    assert _poisson_cdf(k, mean) >= level - 1e-6
    assert k == 0 or _poisson_cdf(k - 1, mean) < level + 1e-6


@pytest.mark.parametrize(("mean", "variance"), [(0.4, 0.9), (3.0, 12.0), (25.0, 60.0), (150.0, 900.0)])
def test_wider_counts_equal_a_simulation(mean: float, variance: float) -> None:
    rng = np.random.default_rng(3)
    drawn = rng.negative_binomial(mean**2 / (variance - mean), mean / variance, 400_000)
    found = count_quantile(np.array([mean]), np.array([variance]), 0.95)[0]
    assert abs(found - np.quantile(drawn, 0.95)) <= max(1, 0.01 * found)


def test_many_at_once_equal_one_by_one() -> None:
    mean = np.array([0.0, 0.2, 5.0, 500.0])
    variance = np.array([0.0, 0.2, 20.0, 900.0])
    together = count_quantile(mean, variance, 0.95)
    alone = [count_quantile(mean[n : n + 1], variance[n : n + 1], 0.95)[0] for n in range(4)]
    assert together.tolist() == alone
    assert together[0] == 0
    assert together[3] == np.ceil(500 + 1.6449 * 30)


def test_more_certainty_is_never_less() -> None:
    mean = np.linspace(0.01, 30, 50)
    levels = [count_quantile(mean, mean * 2, level) for level in (0.5, 0.8, 0.9, 0.95, 0.99)]
    assert all((a <= b).all() for a, b in pairwise(levels))


def test_pinball_is_least_at_the_quantile() -> None:
    drawn = np.random.default_rng(1).poisson(8, 50_000).astype(float)
    losses = {q: pinball(drawn, np.full(drawn.shape, float(q)), 0.9).mean() for q in range(20)}
    assert min(losses, key=lambda q: losses[q]) == np.quantile(drawn, 0.9)
    assert pinball(np.array([3.0]), np.array([3.0]), 0.9)[0] == 0
