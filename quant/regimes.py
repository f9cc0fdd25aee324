"""What a market does, in one word: whether it goes somewhere, and where.

Kaufman's efficiency ratio (Trading Systems and Methods, 1978): how far the price came, of all the way that it went. A
market that comes far of its way is `rising` or `falling`; one that goes to and fro is `sideways`.
"""

from typing import Final

import numpy as np

from quant.candles import Floats

DAYS: Final = 20
EFFICIENT: Final = 0.3


def regime(closes: Floats) -> str:
    """The word for the last 20 steps between `closes` (T,), daily and oldest first; "" where there are fewer."""
    steps = np.diff(closes[-DAYS - 1 :])
    if steps.size < DAYS:
        return ""
    way, came = float(np.abs(steps).sum()), float(steps.sum())
    if way == 0 or abs(came) < EFFICIENT * way:
        return "sideways"
    return "rising" if came > 0 else "falling"
