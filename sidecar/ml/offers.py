"""What a promotion or a price does to demand, learnt from all items together, as factors around 1.

Demand is divided by the factors before any method sees it, and the forecasts are multiplied by those of the
coming days: a sale of last week is no new level, and one that is planned is expected.
"""

from __future__ import annotations

import numpy as np

from sidecar.ml.features import Drivers
from sidecar.ml.series import Floats

AROUND = 28
"""Periods on either side from which an item's usual demand is told."""
FEWEST = 14
"""Usual periods among them without which a period says nothing."""
LEAN = 20.0
"""Units of demand at which what was seen counts half."""
MOST = 2.3
"""Largest logarithm of a factor: ten times."""


def offer_factors(y: Floats, drivers: Drivers) -> Floats | None:
    """Factors (n, t + horizon) of promotion and price, or None where neither is known or ever changed.

    A Poisson regression of demand over the item's usual one on the depth of the promotion and the logarithm
    of its middle price over that of the period, with one coefficient each for all items; Newton's steps.
    Neither is negative: where demand fell with the price, the price fell because demand did.
    """
    known = [values for values in (drivers.promo, _cheaper(drivers.price)) if values is not None]
    if not known:
        return None
    x = np.nan_to_num(np.stack(known))
    past = x[:, :, : y.shape[1]]
    apart = (np.abs(past) > 0.01).any(axis=0)
    usual = _usual(np.where(apart, np.nan, y))
    told = apart & np.isfinite(y) & (usual > 0)
    if not told.any():
        return None
    rows, sold, base = past[:, told], y[told], usual[told]
    # A few bulk orders on days of an offer are not its doing.
    sold = np.minimum(sold, np.quantile(sold / base, 0.99) * base)
    weights = np.zeros(len(rows))
    hold = LEAN * np.eye(len(rows)) * float((rows**2).mean())
    for _ in range(20):
        expected = base * np.exp(np.clip(weights @ rows, -MOST, MOST))
        slope = rows @ (sold - expected) - hold @ weights
        weights = weights + np.linalg.solve((rows * expected) @ rows.T + hold, slope)
        weights = np.clip(weights, 0.0, 20.0)
    out: Floats = np.exp(np.clip(np.tensordot(weights, x, axes=1), -MOST, MOST))
    return out


def _cheaper(price: Floats | None) -> Floats | None:
    """Logarithm of the item's middle price over that of each period."""
    if price is None:
        return None
    told = np.isfinite(price).any(axis=1)
    middle = np.ones(len(price))
    middle[told] = np.nanmedian(price[told], axis=1)
    cheaper: Floats = np.log(middle[:, None] / price)
    return cheaper


def _usual(y: Floats) -> Floats:
    """Mean of what is known in the periods around each, NaN where that is little."""
    known = np.isfinite(y)
    pad = ((0, 0), (AROUND + 1, AROUND))
    sums = np.pad(np.where(known, y, 0.0), pad).cumsum(axis=1)
    counts = np.pad(known.astype(np.float64), pad).cumsum(axis=1)
    width = 2 * AROUND + 1
    total, count = sums[:, width:] - sums[:, :-width], counts[:, width:] - counts[:, :-width]
    usual: Floats = np.divide(total, count, out=np.full(y.shape, np.nan), where=count >= FEWEST)
    return usual
