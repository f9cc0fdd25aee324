"""What kind of market the last bars were: which way it went, and how much it moved for what it usually moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from quant import indicators
from quant.candles import Candles

FAST: Final = 20
SLOW: Final = 50
# How much of the usual is little, and how much is a lot.
CALM: Final = 0.75
WILD: Final = 1.5

Trend = Literal["up", "down", "sideways", "unknown"]
Volatility = Literal["calm", "usual", "wild", "unknown"]


@dataclass(frozen=True)
class Regime:
    """`trend`: the last close and the mean of `FAST` bars both above or both below the mean of `SLOW`; else sideways.
    `volatility`: the deviation of the last `FAST` returns against the median of all such in the candles."""

    trend: Trend
    volatility: Volatility


def regime(candles: Candles) -> Regime:
    """The regime at the last bar; what there are too few bars for is unknown."""
    if len(candles) <= SLOW:
        return Regime("unknown", "unknown")
    close = candles.close
    fast, slow = indicators.sma(close, FAST)[-1], indicators.sma(close, SLOW)[-1]
    sides = {np.sign(close[-1] - slow), np.sign(fast - slow)}
    trend: Trend = {1.0: "up", -1.0: "down"}.get(sides.pop(), "sideways") if len(sides) == 1 else "sideways"  # type: ignore[assignment]  # these words
    moves = indicators.deviation(np.diff(np.log(close)), FAST)
    usual = float(np.nanmedian(moves))
    if not usual > 0:
        return Regime(trend, "unknown")
    of_usual = float(moves[-1]) / usual
    return Regime(trend, "calm" if of_usual < CALM else "wild" if of_usual > WILD else "usual")
