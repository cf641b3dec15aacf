"""Boosting over ranks: as good as over values, and quicker with weights."""

from __future__ import annotations

import numpy as np

from sidecar.ml.learning import fitted, one_thread, ranks
from sidecar.ml.series import Floats


def table(rows: int = 4000) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(0)
    x = rng.lognormal(0, 2, (rows, 4))
    x[rng.random(x.shape) < 0.1] = np.nan
    return x, rng.poisson(np.exp(np.nan_to_num(np.log(x[:, 0])).clip(-1, 2)) + 3 * np.isnan(x[:, 1]))


def test_ranks_keep_order_and_what_is_unknown() -> None:
    found = ranks(np.array([[5.0], [np.nan], [1.0], [9.0], [3.0]]), (np.array([2.0, 4.0]),))
    np.testing.assert_array_equal(found[:, 0], [2, np.nan, 0, 2, 1])


def test_a_model_over_ranks_forecasts_as_one_over_values() -> None:
    from sklearn.ensemble import HistGradientBoostingRegressor

    x, target = table()
    weight = np.random.default_rng(1).uniform(0.5, 2, len(x))
    kind = {"loss": "poisson", "max_iter": 40, "early_stopping": False, "random_state": 0}
    with one_thread():
        plain = HistGradientBoostingRegressor(**kind).fit(x, target + 1e-6, sample_weight=weight)
    ours = fitted(HistGradientBoostingRegressor(**kind), x, target + 1e-6, weight)
    fresh, actual = table(8000)
    with one_thread():
        loss = [((actual - model.predict(fresh)) ** 2).mean() for model in (plain, ours)]
    assert loss[1] < 1.03 * loss[0]
    assert loss[1] < 0.5 * actual.var(), "it has learnt something"


def test_chances_add_up_and_name_their_classes() -> None:
    from sklearn.ensemble import HistGradientBoostingClassifier

    x, target = table(1500)
    kind = HistGradientBoostingClassifier(max_iter=10, early_stopping=False, random_state=0)
    model = fitted(kind, x, np.minimum(target, 2))
    chances = model.predict_proba(x)
    assert model.classes.tolist() == [0, 1, 2]
    np.testing.assert_allclose(chances.sum(axis=1), 1)


def test_a_feature_that_is_never_known_is_no_obstacle() -> None:
    from sklearn.ensemble import HistGradientBoostingRegressor

    x, target = table(500)
    x[:, 2] = np.nan
    model = fitted(HistGradientBoostingRegressor(max_iter=5, early_stopping=False), x, target.astype(float))
    assert np.isfinite(model.predict(x)).all()
