"""Gradient boosting that is quick on wide tables: features as few ranks, one thread for each model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from sidecar.ml.series import Floats, Singles

RANKS = 64


@dataclass(frozen=True)
class Boosted:
    """A fitted model with the edges of its features' ranks."""

    model: Any
    edges: tuple[Singles, ...]

    def predict(self, x: Singles) -> Floats:
        """What a regressor says of rows x (rows, features)."""
        with one_thread():
            out: Floats = self.model.predict(ranks(x, self.edges))
        return out

    def predict_proba(self, x: Singles) -> Floats:
        """Chances (rows, classes) that a classifier gives."""
        with one_thread():
            out: Floats = self.model.predict_proba(ranks(x, self.edges))
        return out

    @property
    def classes(self) -> Any:
        """The classes of a classifier, in the order of its chances."""
        return self.model.classes_


def fitted(model: Any, x: Singles, target: Any, weight: Floats | None = None) -> Boosted:
    """Fits a HistGradientBoosting model on x (rows, features), NaN where a feature is unknown.

    Trees see the order of a feature only, and 64 ranks of it tell as much as its values. Given the values
    and weights, scikit-learn would look for weighted percentiles one by one, which takes longer than the fit.
    """
    edges = tuple(_edges(column) for column in x.T)
    with one_thread():
        model.fit(ranks(x, edges), target, sample_weight=weight)
    return Boosted(model, edges)


def ranks(x: Singles, edges: tuple[Singles, ...]) -> Floats:
    """The rank of every value among the edges of its column; unknown ones stay so.

    A column of which nothing was known when the edges were found says nothing: 0.
    """
    out = np.zeros(x.shape)
    for place, (column, at) in enumerate(zip(x.T, edges, strict=True)):
        if len(at):
            out[:, place] = np.where(np.isnan(column), np.nan, np.searchsorted(at, column))
    return out


def _edges(column: Singles) -> Singles:
    known = column[~np.isnan(column)]
    if not len(known):
        return np.zeros(0, dtype=np.float32)
    found: Singles = np.unique(np.quantile(known, np.linspace(0, 1, RANKS + 1)[1:-1], method="lower"))
    return found


@contextmanager
def one_thread() -> Iterator[None]:
    """OpenMP's threads wait by spinning, which on a machine with other work takes many times as long."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="openmp"):
        yield
