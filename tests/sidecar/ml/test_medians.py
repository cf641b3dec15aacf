"""The median by a sorting network is numpy's."""

from __future__ import annotations

import numpy as np
import pytest

from sidecar.ml import medians


@pytest.mark.parametrize("count", [1, 2, 3, 7, 14, 15, 16, 21])
def test_same_as_numpy(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(medians, "STRETCH", 50)
    values = np.random.default_rng(count).integers(0, 9, (count, 8, 5, 3)).astype(np.float32)
    before = values.copy()
    np.testing.assert_array_equal(medians.median(list(values)), np.median(values, axis=0))
    np.testing.assert_array_equal(values, before, "what was given stays as it was")
