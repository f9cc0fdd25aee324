"""How two series of returns move together, and what a whole of weights comes to by that.

The correlation is Pearson's. A whole of weights w whose correlations are C stands for √(wᵀCw): the weights' sum where
all move as one, less where they do not, and what a portfolio's volatility would be if each part's were 1 (Markowitz,
"Portfolio Selection", Journal of Finance 7, 1952).
"""

import numpy as np

from quant.allocation.allocate import CONSTANT
from quant.candles import Floats


def correlation(one: Floats, other: Floats, *, least: int) -> float | None:
    """Of two series (T,) on the places where neither is NaN; None where those are fewer than `least` or one is flat."""
    both = ~(np.isnan(one) | np.isnan(other))
    pair = np.stack([one[both], other[both]], axis=1)
    if len(pair) < least:
        return None
    centred = pair - pair.mean(axis=0)
    deviations = np.sqrt((centred**2).sum(axis=0))
    if (deviations <= CONSTANT * np.sqrt(len(pair))).any():
        return None
    found = float(centred[:, 0] @ centred[:, 1] / (deviations[0] * deviations[1]))
    return min(max(found, -1.0), 1.0)


def daily_returns(closes: Floats) -> Floats:
    """Of closes (T,) day by day, NaN where a day or the one before has none; one shorter than the closes."""
    return closes[1:] / closes[:-1] - 1
