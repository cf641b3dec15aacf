"""What could be known of slow articles: quantiles learnt from the judged periods themselves.

No forecast: a boosted classifier of counts learns what followed an origin from four fifths of the articles
and says it of the others, from what was known of these before. It knows what no forecast can: how all of them
together went on. Where it misses a target, a forecast by such a model from such features will not meet it;
that no other could is likely, not proven.
"""

from __future__ import annotations

import numpy as np

from bench.forecast_data import Series
from sidecar.ml.backtest import backtest
from sidecar.ml.counts import _classes, _classified, _columns, _nearest, _quantiles
from sidecar.ml.features import Drivers, group_levels, table
from sidecar.ml.learning import fitted
from sidecar.ml.series import Floats, mean_known

FOLDS = 5


def hindsight(one: Series, origin: int, levels: tuple[float, ...]) -> tuple[Floats, Floats]:
    """Means (n, horizon) and quantiles (n, levels, horizon) in whole counts, each article by the others."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    test = backtest(
        one.y[:, :origin], one.horizon, one.season, first_day=one.first_day, holidays=one.holidays
    )
    count = len(test.y)
    unit = np.maximum(np.nan_to_num(mean_known(test.y)), 1e-3)
    columns = _columns(one.horizon, one.season)
    place = _nearest(one.horizon, columns, one.season)
    features = table(test, -1, unit, columns, Drivers(), group_levels(unit, np.zeros(count, dtype=np.intp)))
    classes = _classes(test.y)
    came = one.y[:, origin : origin + one.horizon][:, columns]
    middle = (classes.low + classes.high) / 2
    fold = np.random.default_rng(1).integers(0, FOLDS, count)
    mean = np.zeros((count, one.horizon))
    quantiles = np.zeros((count, len(levels), one.horizon))
    for part in range(FOLDS):
        others, rows = np.flatnonzero(fold != part), np.flatnonzero(fold == part)
        model = fitted(
            HistGradientBoostingClassifier(
                learning_rate=0.08,
                max_iter=60,
                max_leaf_nodes=8,
                min_samples_leaf=40,
                l2_regularization=5.0,
                early_stopping=False,
                random_state=0,
            ),
            features[others].reshape(-1, features.shape[2]),
            np.searchsorted(classes.high, np.minimum(came[others].reshape(-1), classes.high[-1])),
        )
        shares = _classified(model, features[rows], classes)
        quantiles[rows] = _quantiles(shares, classes, levels)[:, :, place]
        mean[rows] = (shares @ middle)[:, place]
    return mean, quantiles
