"""Size curves on sales whose true curve is known."""

from __future__ import annotations

import numpy as np
import pytest

from sidecar.retail.sizes import broken, completion, curve

TRUE = np.array([0.1, 0.3, 0.4, 0.2])


def draws(pieces: list[int], curves: np.ndarray, seed: int = 1) -> np.ndarray:
    means = np.array(pieces)[:, None] * curves
    return np.asarray(np.random.default_rng(seed).poisson(means), dtype=float)


def test_a_category_of_one_curve_is_found_and_few_sales_follow_it() -> None:
    sold = draws([200] * 20 + [4] * 20, TRUE)
    found = curve(sold, np.zeros(40))
    assert found.category[0] == pytest.approx(TRUE, abs=0.02)
    assert found.share.sum(axis=1) == pytest.approx(1)
    raw = sold / np.maximum(sold.sum(axis=1, keepdims=True), 1)
    assert np.abs(found.share - TRUE)[20:].mean() < 0.25 * np.abs(raw - TRUE)[20:].mean()


def test_a_product_with_a_curve_of_its_own_keeps_it() -> None:
    rng = np.random.default_rng(5)
    curves = rng.dirichlet(TRUE * 12, 60)
    sold = draws([400] * 30 + [6] * 30, curves)
    found = curve(sold, np.zeros(60))
    off = np.abs(found.share - curves).mean(axis=1)
    plain = np.abs(TRUE - curves).mean(axis=1)
    assert off[:30].mean() < 0.35 * plain[:30].mean()
    raw = sold / np.maximum(sold.sum(axis=1, keepdims=True), 1)
    assert off[30:].mean() < 0.8 * np.abs(raw - curves).mean(axis=1)[30:].mean()
    assert found.own[:30].min() > found.own[30:].max()


def test_days_without_a_size_do_not_make_it_unwanted() -> None:
    there = np.ones((30, 4))
    there[:, 2] = 0.25
    sold = draws([100] * 30, TRUE * there)
    assert curve(sold, np.zeros(30), there).category[0] == pytest.approx(TRUE, abs=0.03)
    assert curve(sold, np.zeros(30)).category[0][2] < 0.2


def test_sizes_that_a_product_lacks_and_categories_apart() -> None:
    sold = draws([100] * 10, TRUE)
    sold[0, 0] = np.nan
    other = draws([100] * 10, TRUE[::-1])
    found = curve(np.vstack([sold, other]), [3] * 10 + [9] * 10)
    assert found.groups == (3, 9)
    assert found.share[0, 0] == 0
    assert found.share[0].sum() == pytest.approx(1)
    assert found.share[0, 1:] == pytest.approx(TRUE[1:] / 0.9, abs=0.1)
    assert found.category[1] == pytest.approx(TRUE[::-1], abs=0.03)


def test_without_any_sale_sizes_are_even() -> None:
    found = curve(np.array([[0.0, 0.0, np.nan]]), [1])
    assert found.share.tolist() == [[0.5, 0.5, 0.0]]
    assert curve(np.zeros((0, 3)), []).share.shape == (0, 3)
    with pytest.raises(ValueError, match="sold must be at least 0"):
        curve(np.array([[1.0, -1.0]]), [1])
    with pytest.raises(ValueError, match="group must be"):
        curve(np.ones((2, 2)), [1, 2, 3])


def test_broken_ranges_and_their_completion() -> None:
    found = curve(np.tile(TRUE * 1000, (5, 1)), np.zeros(5))
    stock = np.array([[5, 0, 0, 5], [0, 9, 9, 9], [0, 0, 0, 0], [9, 9, 9, 9], [1, -2, 30, 0]], dtype=float)
    gaps = broken(found, stock)
    assert [(gap.row, gap.missing) for gap in gaps] == [(0, (1, 2)), (4, (1, 3))]
    assert gaps[0].lost == pytest.approx(0.7, abs=0.01)
    buy = completion(found, stock, [20, 20, 20, 0, 20])
    assert buy[0].tolist() == [0, 6, 8, 0]
    assert buy[2].tolist() == [2, 6, 8, 4]
    assert buy[3].tolist() == [0, 0, 0, 0]
    assert buy[4].tolist() == [1, 8, 0, 4]
    with pytest.raises(ValueError, match="stock must have the shape"):
        broken(found, stock[:2])
    with pytest.raises(ValueError, match="demand must lie"):
        completion(found, stock, -1)


def test_completion_buys_whole_pieces_that_add_up() -> None:
    found = curve(np.tile(TRUE * 1000, (5, 1)), np.zeros(5))
    for demand in range(1, 30):
        assert (completion(found, np.zeros((5, 4)), demand).sum(axis=1) == demand).all()
