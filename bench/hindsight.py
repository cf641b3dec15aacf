"""What could be known of slow articles: how often each sold in the other weeks of the judged period itself,
and how busy each judged day or week was for all of them.

No forecast: it is told each article's own demand at the time and the common course, which is what a forecast
is after, and takes quantiles of those that sold as often from the very periods that are judged. What is lost
beyond it is chance: which article one of a few buyers of a day takes.
"""

from __future__ import annotations

import numpy as np

from bench.forecast_data import Series
from sidecar.ml.series import Floats

WEEK = 7
GROUPS = 12
"""Of articles that sold about as often; each has quantiles of its own."""
COURSE = 4
"""Parts of the judged periods, from the idlest to the busiest."""


def hindsight(one: Series, origin: int, levels: tuple[float, ...]) -> tuple[Floats, Floats]:
    """Means (n, horizon) and quantiles (n, levels, horizon) in whole counts, half the weeks by the others."""
    came = one.y[:, origin : origin + one.horizon]
    busy = (came > 0).mean(axis=0)
    halves = np.arange(one.horizon) // (WEEK if one.season == WEEK else 1) % 2 == 0
    mean = np.zeros(came.shape)
    quantiles = np.zeros((len(came), len(levels), one.horizon))
    for judged in (halves, ~halves):
        told = came[:, ~judged]
        often = np.lexsort((told.sum(axis=1), (told > 0).sum(axis=1)))
        periods = np.flatnonzero(judged)
        course = np.array_split(periods[np.argsort(busy[periods], kind="stable")], COURSE)
        for rows in np.array_split(often, GROUPS):
            for part in course:
                sold = came[np.ix_(rows, part)]
                mean[np.ix_(rows, part)] = sold.mean()
                found = np.quantile(sold, levels, method="inverted_cdf")
                quantiles[np.ix_(rows, np.arange(len(levels)), part)] = found[:, None]
    return mean, quantiles
