"""Figures over a moving window of returns; entry t describes the `window` returns that end at t, NaN before.

Where the single figure would be None (flat, or a NaN inside the window) the rolling one is NaN.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from quant.candles import Floats
from quant.errors import ParameterError
from quant.metrics.risk import FLAT

_BLOCK = 4096


def rolling_volatility(returns: Floats, window: int, *, periods_per_year: float) -> Floats:
    """Standard deviation per year over the window."""
    return _windowed(returns, window, lambda block: block.std(axis=1, ddof=1), scale=periods_per_year**0.5)


def rolling_sharpe(returns: Floats, window: int, *, periods_per_year: float, risk_free: float = 0.0) -> Floats:
    """Sharpe ratio per year over the window; `risk_free` per period."""

    def ratio(block: Floats) -> Floats:
        spread = block.std(axis=1, ddof=1)
        return _divided(block.mean(axis=1) - risk_free, spread)

    return _windowed(returns, window, ratio, scale=periods_per_year**0.5)


def rolling_sortino(returns: Floats, window: int, *, periods_per_year: float, target: float = 0.0) -> Floats:
    """Sortino ratio per year over the window; `target` per period."""

    def ratio(block: Floats) -> Floats:
        excess = block - target
        return _divided(excess.mean(axis=1), np.sqrt((np.minimum(excess, 0.0) ** 2).mean(axis=1)))

    return _windowed(returns, window, ratio, scale=periods_per_year**0.5)


def rolling_return(returns: Floats, window: int) -> Floats:
    """Compounded return over the window."""
    return _windowed(returns, window, lambda block: (1.0 + block).prod(axis=1) - 1.0)


def rolling_drawdown(returns: Floats, window: int) -> Floats:
    """Maximum drawdown inside the window, ≤ 0, its start being a peak."""

    def deepest(block: Floats) -> Floats:
        index = np.concatenate((np.ones((len(block), 1)), np.cumprod(1.0 + block, axis=1)), axis=1)
        falls: Floats = index / np.maximum.accumulate(index, axis=1) - 1.0
        deepest_falls: Floats = falls.min(axis=1)
        return deepest_falls

    return _windowed(returns, window, deepest)


def _divided(top: Floats, bottom: Floats) -> Floats:
    result = np.full(top.shape, np.nan)
    np.divide(top, bottom, out=result, where=bottom > FLAT)
    return result


def _windowed(returns: Floats, window: int, figure: Callable[[Floats], Floats], *, scale: float = 1.0) -> Floats:
    if window < 2:
        raise ParameterError(f"Roll over at least two returns, not {window}.")
    result = np.full(returns.shape, np.nan)
    if returns.size < window:
        return result
    windows = np.lib.stride_tricks.sliding_window_view(returns, window)
    # In blocks, so that a year of minutes with a long window does not take gigabytes.
    for start in range(0, len(windows), _BLOCK):
        block = windows[start : start + _BLOCK]
        result[window - 1 + start : window - 1 + start + len(block)] = figure(block) * scale
    return result
