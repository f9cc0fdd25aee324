"""How much of a best result is the result of having looked at many.

The deflated Sharpe ratio asks whether the best of N trials beats what the best of N worthless ones would show (Bailey &
López de Prado, *The Deflated Sharpe Ratio*, Journal of Portfolio Management, 2014). The probability of backtest
overfitting asks how often the best in one half of history falls into the worse half in the other, over all ways of
halving sixteen blocks (Bailey, Borwein, López de Prado & Zhu, *The Probability of Backtest Overfitting*, Journal of
Computational Finance, 2017; combinatorially symmetric cross-validation).
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np

from quant.candles import Floats
from quant.errors import ParameterError

_NORMAL: Final = NormalDist()
_EULER_MASCHERONI: Final = 0.5772156649015329
# Sharpe ratios that are held at once: halvings by trials.
_AT_ONCE: Final = 2_000_000


def expected_best_sharpe(variance: float, trials: int) -> float:
    """The Sharpe ratio (per period) that the best of `trials` worthless ones is expected to show.

    `variance` is that of the trials' Sharpe ratios per period. 0 for a single trial.
    """
    if trials < 2 or variance <= 0:
        return 0.0
    usual = _NORMAL.inv_cdf(1 - 1 / trials)
    extreme = _NORMAL.inv_cdf(1 - 1 / (trials * math.e))
    return math.sqrt(variance) * ((1 - _EULER_MASCHERONI) * usual + _EULER_MASCHERONI * extreme)


def probabilistic_sharpe(
    sharpe: float, *, n: int, skew: float, kurtosis: float, benchmark: float = 0.0
) -> float | None:
    """Probability that the true Sharpe ratio exceeds `benchmark`, both per period, from n returns.

    Bailey & López de Prado, *The Sharpe Ratio Efficient Frontier* (2012). `kurtosis` is 3 for a normal distribution.
    None when n is below 2 or the moments leave no positive variance.
    """
    spread = 1 - skew * sharpe + (kurtosis - 1) / 4 * sharpe**2
    if n < 2 or not spread > 0:
        return None
    return _NORMAL.cdf((sharpe - benchmark) * math.sqrt(n - 1) / math.sqrt(spread))


def deflated_sharpe(sharpes: Floats, *, n: int, skew: float, kurtosis: float) -> float | None:
    """Probability that the best of all trials is better than the best of as many worthless ones.

    `sharpes` are those of every trial that was made, per period; n, skew and kurtosis belong to the best one's returns.
    Counting correlated trials as independent makes the figure lower, never higher.
    """
    if sharpes.size == 0 or not np.isfinite(sharpes).all():
        raise ParameterError("Give the Sharpe ratio of every trial, at least one, all of them numbers.")
    spread = float(sharpes.var(ddof=1)) if sharpes.size > 1 else 0.0
    benchmark = expected_best_sharpe(spread, sharpes.size)
    return probabilistic_sharpe(float(sharpes.max()), n=n, skew=skew, kurtosis=kurtosis, benchmark=benchmark)


@dataclass(frozen=True)
class Overfitting:
    """`probability` that the best in sample is below the median out of sample, over `splits` halvings.

    `degradation` is the slope of the chosen trials' Sharpe ratio outside against inside (below 0: the better it looked,
    the worse it did); `loss` the share of halvings in which the chosen trial lost money outside.
    """

    probability: float
    degradation: float
    loss: float
    splits: int


def overfitting(block_sums: Floats, block_squares: Floats, *, bars: int) -> Overfitting | None:
    """Combinatorially symmetric cross-validation of K trials from sums over an even number of equal blocks `(K, S)`.

    `bars` is the number of returns in all blocks together. None under two trials.
    """
    trials, blocks = block_sums.shape
    if blocks % 2 or blocks < 2:
        raise ParameterError(f"Give an even number of blocks, not {blocks}.")
    if trials < 2:
        return None
    halves = np.array(list(itertools.combinations(range(blocks), blocks // 2)))
    inside = np.zeros((len(halves), blocks))
    np.put_along_axis(inside, halves, 1.0, axis=1)
    best_in, best_out, ranks = [], [], []
    at_once = max(_AT_ONCE // trials, 1)
    for start in range(0, len(inside), at_once):
        chosen = inside[start : start + at_once]
        sharpe_in = _sharpes(chosen, block_sums, block_squares, bars / 2)
        sharpe_out = _sharpes(1.0 - chosen, block_sums, block_squares, bars / 2)
        rows = np.arange(len(chosen))
        best = sharpe_in.argmax(axis=1)
        out = sharpe_out[rows, best]
        best_in.append(sharpe_in[rows, best])
        best_out.append(out)
        # Ties count half, so that equal trials are in the middle.
        below = (sharpe_out < out[:, None]).sum(axis=1) + 0.5 * ((sharpe_out == out[:, None]).sum(axis=1) - 1)
        ranks.append((below + 1) / (trials + 1))
    seen, found, rank = np.concatenate(best_in), np.concatenate(best_out), np.concatenate(ranks)
    spread = float(seen.var())
    slope = float(((seen - seen.mean()) * (found - found.mean())).mean() / spread) if spread > 0 else 0.0
    return Overfitting(float((rank <= 0.5).mean()), slope, float((found < 0).mean()), len(halves))


def _sharpes(chosen: Floats, sums: Floats, squares: Floats, count: float) -> Floats:
    """Sharpe ratios per period `(combinations, K)` over the chosen blocks; 0 without variance."""
    mean = chosen @ sums.T / count
    variance = chosen @ squares.T / count - mean**2
    usable = variance > 1e-24
    ratios: Floats = np.where(usable, mean / np.sqrt(np.where(usable, variance, 1.0)), 0.0)
    return ratios
