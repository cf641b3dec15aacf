"""Medians over a dozen arrays, place by place, by a sorting network: ten times as quick as numpy's."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from sidecar.ml.parallel import slices
from sidecar.ml.series import Singles

STRETCH = 16_384
"""Places worked on at once: all their values fit into a core's cache."""


def median(values: Sequence[Singles]) -> Singles:
    """Median, place by place, of arrays of one shape without unknown values."""
    count = len(values)
    flat = [one.reshape(-1) for one in values]
    out = np.empty(flat[0].shape, dtype=np.float32)
    for part in slices(len(out), STRETCH):
        rows = np.stack([one[part] for one in flat])
        low = np.empty_like(rows[0])
        for first, second in _network(count):
            np.minimum(rows[first], rows[second], out=low)
            np.maximum(rows[first], rows[second], out=rows[second])
            rows[first] = low
        out[part] = np.float32(0.5) * (rows[(count - 1) // 2] + rows[count // 2])
    return out.reshape(values[0].shape)


@cache
def _network(count: int) -> tuple[tuple[int, int], ...]:
    """Pairs that, each put in order in turn, sort `count` values.

    Batcher's merge exchange: Knuth, The Art of Computer Programming 3, 5.2.2, algorithm M.
    """
    pairs = []
    top = 1 << max(count - 1, 0).bit_length() >> 1
    size = top
    while size:
        reach, rest, apart = top, 0, size
        while True:
            pairs += [(at, at + apart) for at in range(count - apart) if at & size == rest]
            if reach == size:
                break
            reach, rest, apart = reach // 2, size, reach - size
        size //= 2
    return tuple(pairs)
