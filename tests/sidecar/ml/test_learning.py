"""Boosting over ranks: as good as over values, and quicker with weights; and how much of it is believed."""

from __future__ import annotations

import numpy as np

from sidecar.ml.backtest import backtest
from sidecar.ml.boosted import _share
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


def test_a_model_is_believed_as_far_as_it_helped_after_every_origin_it_had_not_seen() -> None:
    y = np.random.default_rng(3).poisson(6.0, (30, 120)).astype(float)
    test = backtest(y, 14, 7)
    half = len(test.origins) // 2
    seen = [
        at for at in range(half, len(test.origins)) if test.origins[at] < test.origins[half - 1] + test.span
    ]
    later = [at for at in range(half, len(test.origins)) if at not in seen]
    assert seen, "an origin whose periods the model was taught in part"
    assert len(later) >= 2
    past = test.actual + 1.0  # each forecast is one piece too high

    def share(**helped: float) -> float:
        model = past[:, half:].copy()
        for name, by in helped.items():
            for at in {"seen": seen, "first": later[:1], "last": later[1:]}[name]:
                model[:, at - half] -= by
        return _share(test, past, model, half)

    assert share(first=2.0, last=2.0) == 0.5
    assert share(first=4.0, last=2.0) == 0.25
    assert share(first=0.5, last=0.5) == 1.0
    assert share(first=2.0, last=-2.0) == 0.0
    assert share(seen=2.0) == 0.0
    assert share(seen=-2.0, first=2.0, last=2.0) == 0.5
