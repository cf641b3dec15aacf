"""What could be known of slow articles: how often each sold in the other weeks of the judged period itself.

No forecast: it is told each article's own demand at the time, which is what a forecast is after, and the
quantiles of those that sold as often, from the very periods that are judged. Where that misses a target, the
rest is chance: on which day one of a few buyers comes.
"""

from __future__ import annotations

import numpy as np

from bench.forecast_data import Series
from sidecar.ml.series import Floats

WEEK = 7
GROUPS = 12
"""Of articles that sold alike: a dozen tell more apart than would help on other periods."""


def hindsight(one: Series, origin: int, levels: tuple[float, ...]) -> tuple[Floats, Floats]:
    """Means (n, horizon) and quantiles (n, levels, horizon) in whole counts, half the weeks by the others."""
    came = one.y[:, origin : origin + one.horizon]
    halves = np.arange(one.horizon) // (WEEK if one.season == WEEK else 1) % 2 == 0
    mean = np.zeros(came.shape)
    quantiles = np.zeros((len(came), len(levels), one.horizon))
    for judged in (halves, ~halves):
        told = came[:, ~judged]
        often = np.lexsort((told.sum(axis=1), (told > 0).sum(axis=1)))
        for rows in np.array_split(often, GROUPS):
            sold = came[np.ix_(rows, judged)]
            mean[np.ix_(rows, judged)] = sold.mean()
            found = np.quantile(sold, levels, method="inverted_cdf")
            quantiles[np.ix_(rows, np.arange(len(levels)), judged)] = found[:, None]
    return mean, quantiles
