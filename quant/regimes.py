"""What a market does, in words: whether it goes somewhere, and whether it moves more than it usually does."""

from typing import Final

import numpy as np

from quant import indicators
from quant.candles import Floats

STEPS: Final = 20
EFFICIENT: Final = 0.3
# How much of the usual is little, and how much is a lot.
CALM: Final = 0.75
WILD: Final = 1.5


def regime(closes: Floats) -> str:
    """The word for the last 20 steps between `closes` (T,), oldest first; "" where there are fewer.

    By Kaufman's efficiency ratio (Trading Systems and Methods, 1978): how far the price came, of all the way that it
    went. A market that comes far of its way is `rising` or `falling`; one that goes to and fro is `sideways`.
    """
    steps = np.diff(closes[-STEPS - 1 :])
    if steps.size < STEPS:
        return ""
    way, came = float(np.abs(steps).sum()), float(steps.sum())
    if way == 0 or abs(came) < EFFICIENT * way:
        return "sideways"
    return "rising" if came > 0 else "falling"


def volatility(closes: Floats) -> str:
    """`calm`, `usual` or `wild`: the deviation of the last 20 log returns against the median of all such in `closes`.

    "" where there are fewer than 50 closes or nothing ever moved.
    """
    if len(closes) < 2 * STEPS + 10:
        return ""
    moves = indicators.deviation(np.diff(np.log(closes)), STEPS)
    usual = float(np.nanmedian(moves))
    if not usual > 0:
        return ""
    of_usual = float(moves[-1]) / usual
    return "calm" if of_usual < CALM else "wild" if of_usual > WILD else "usual"
