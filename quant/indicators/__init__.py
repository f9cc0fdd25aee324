"""Technical indicators, computed by TA-Lib: arrays in, arrays of the same length out.

All of them are causal (bar t uses bars ≤ t) and NaN until they have enough bars. Recursive averages (EMA, and
Wilder's in ATR, RSI and ADX) keep a memory of their first value that fades exponentially: `EMA_SETTLING` and
`WILDER_SETTLING` say how many times the period must pass before what came earlier changes nothing that matters.
Formulas: TA-Lib's function reference; Wilder, *New Concepts in Technical Trading Systems* (1978).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import talib

from quant.candles import Candles, Floats
from quant.indicators.memory import remembering as remembering
from quant.indicators.memory import shared as shared

EMA_SETTLING: Final = 10
WILDER_SETTLING: Final = 20
# Windows are copied to be averaged: in blocks they stay in the cache.
_BLOCK: Final = 4096


@shared
def sma(values: Floats, period: int) -> Floats:
    """Mean of the last `period` values."""
    return talib.SMA(values, period)


@shared
def ema(values: Floats, period: int) -> Floats:
    """Exponential average with weight 2 / (period + 1), started from the mean of the first `period` values."""
    return talib.EMA(values, period)


@shared
def rsi(values: Floats, period: int) -> Floats:
    """Wilder's relative strength index, 0 … 100."""
    return talib.RSI(values, period)


@shared
def roc(values: Floats, period: int) -> Floats:
    """Change over `period` bars as a fraction."""
    return talib.ROCP(values, period)


@shared
def deviation(values: Floats, period: int) -> Floats:
    """Population standard deviation of the last `period` values (ddof 0, as Bollinger defined his bands).

    Computed in two passes over windows: TA-Lib's running sum of squares loses all digits on flat stretches.
    """
    result = np.full(values.shape, np.nan)
    if values.size >= period:
        windows = np.lib.stride_tricks.sliding_window_view(values, period)
        for start in range(0, len(windows), _BLOCK):
            block = windows[start : start + _BLOCK].std(axis=1)
            result[period - 1 + start : period - 1 + start + block.size] = block
    return result


@shared
def zscore(values: Floats, period: int) -> Floats:
    """Distance from the mean in standard deviations; 0 where the window is flat."""
    spread = deviation(values, period)
    distance = values - sma(values, period)
    flat = spread <= np.abs(values) * 1e-12
    return np.where(flat, 0.0, distance / np.where(flat, 1.0, spread))


@shared
def highest(values: Floats, period: int) -> Floats:
    """Highest of the last `period` values, this bar's included."""
    return talib.MAX(values, period)


@shared
def lowest(values: Floats, period: int) -> Floats:
    """Lowest of the last `period` values, this bar's included."""
    return talib.MIN(values, period)


def previous(values: Floats, bars: int = 1) -> Floats:
    """The value `bars` bars ago; NaN before there is one."""
    result = np.full(values.shape, np.nan)
    result[bars:] = values[:-bars] if bars < values.size else values[:0]
    return result


@shared
def atr(candles: Candles, period: int) -> Floats:
    """Wilder's average true range, in quote per unit."""
    return talib.ATR(candles.high, candles.low, candles.close, period)


@shared
def adx(candles: Candles, period: int) -> Floats:
    """Wilder's average directional index, 0 … 100: the strength of a trend whatever its direction."""
    return talib.ADX(candles.high, candles.low, candles.close, period)


@shared
def macd(values: Floats, fast: int, slow: int, signal: int) -> tuple[Floats, Floats, Floats]:
    """MACD line, its signal line and their difference."""
    return talib.MACD(values, fast, slow, signal)
