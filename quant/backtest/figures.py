"""What a sweep keeps of an equity curve, compiled. Imports numba: import it inside the function that needs it."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numba import njit, types

_READ: Final = types.Array(types.float64, 1, "C", readonly=True)
_WRITTEN: Final = types.Array(types.float64, 1, "C")


# Sums may be added up in any order here, several at a time; fills never are.
@njit(
    [(_READ, types.float64, _WRITTEN, _WRITTEN)],
    cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract"},
)  # fmt: skip
def curve_figures(equity: np.ndarray, cash: float, sums: np.ndarray, squares: np.ndarray) -> tuple[float, ...]:
    """What a sweep keeps of an equity curve, in one pass: mean, deviation, skew and kurtosis of its returns, drawdown.

    `sums` and `squares` `(S,)` receive the sums of returns and of their squares over S equal blocks of bars, from
    which the Sharpe ratio of any set of blocks follows. From equity of zero on returns are zero.
    """
    n = equity.size
    blocks = sums.size
    cubes, fourths = 0.0, 0.0
    for block in range(blocks):
        total, square = 0.0, 0.0
        for t in range(block * n // blocks, (block + 1) * n // blocks):
            before = equity[t - 1] if t > 0 else cash
            r = equity[t] / before - 1.0 if before > 0.0 else 0.0
            rr = r * r
            total += r
            square += rr
            cubes += rr * r
            fourths += rr * rr
        sums[block] = total
        squares[block] = square
    # A division only for a new low: `floor` is where the deepest drawdown so far would be from this peak.
    peak, drawdown, floor = cash, 0.0, cash
    for t in range(n):
        if equity[t] > peak:
            peak, floor = equity[t], equity[t] * (1.0 + drawdown)
        elif equity[t] < floor:
            drawdown, floor = equity[t] / peak - 1.0, equity[t]
    mean = sums.sum() / n
    second = squares.sum() / n
    variance = second - mean * mean
    if n < 2 or variance <= 0.0:
        return mean, 0.0, 0.0, 3.0, drawdown
    third = cubes / n - 3.0 * mean * second + 2.0 * mean**3
    fourth = fourths / n - 4.0 * mean * cubes / n + 6.0 * mean * mean * second - 3.0 * mean**4
    return mean, math.sqrt(variance * n / (n - 1)), third / variance**1.5, fourth / variance**2, drawdown
