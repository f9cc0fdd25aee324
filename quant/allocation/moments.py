"""Means and covariances from returns `(T, N)`: shrunk, because sample moments flatter what an optimiser picks.

Ledoit & Wolf, *A Well-Conditioned Estimator for Large-Dimensional Covariance Matrices* (2004): the sample covariance
and a multiple of the identity, mixed so that the expected error is least. OAS: Chen, Wiesel, Eldar & Hero, *Shrinkage
Algorithms for MMSE Covariance Estimation* (2010). Means after Jorion, *Bayes-Stein Estimation for Portfolio Analysis*
(1986).
"""

from __future__ import annotations

import numpy as np

from quant.allocation.problem import Options
from quant.candles import Floats


def covariance(returns: Floats, options: Options) -> Floats:
    """The covariance per period by the chosen estimator."""
    if options.covariance == "ewma":
        weights = exponential_weights(len(returns), options.half_life)
        centred = returns - weights @ returns
        spread: Floats = (centred * weights[:, None]).T @ centred
        # The unbiased form for weights that sum to one.
        return spread / (1.0 - float(weights @ weights))
    if options.covariance == "sample":
        return np.atleast_2d(np.cov(returns, rowvar=False))
    return ledoit_wolf(returns) if options.covariance == "ledoit_wolf" else oas(returns)


def ledoit_wolf(returns: Floats) -> Floats:
    """Shrunk towards the average variance times the identity, by the analytic intensity."""
    periods, count = returns.shape
    centred = returns - returns.mean(axis=0)
    sample = centred.T @ centred / periods
    scale = np.trace(sample) / count
    distance = float((sample**2).sum()) - count * scale**2
    squares = centred**2
    error = float((squares.T @ squares).sum()) / periods - float((sample**2).sum())
    intensity = min(max(error / periods / distance, 0.0), 1.0) if distance > 0 else 1.0
    return _shrunk(sample, scale, intensity)


def oas(returns: Floats) -> Floats:
    """Shrunk towards the average variance times the identity, by the oracle-approximating intensity."""
    periods, count = returns.shape
    centred = returns - returns.mean(axis=0)
    sample = centred.T @ centred / periods
    scale = np.trace(sample) / count
    squares = float((sample**2).mean())
    top = squares + scale**2
    bottom = (periods + 1) * (squares - scale**2 / count)
    return _shrunk(sample, scale, min(top / bottom, 1.0) if bottom > 0 else 1.0)


def _shrunk(sample: Floats, scale: float, intensity: float) -> Floats:
    shrunk: Floats = (1 - intensity) * sample
    shrunk[np.diag_indices_from(shrunk)] += intensity * scale
    return shrunk


def exponential_weights(periods: int, half_life: float) -> Floats:
    """Weights `(T,)` that sum to one and halve every `half_life` periods into the past."""
    weights: Floats = 0.5 ** (np.arange(periods)[::-1] / half_life)
    weights /= weights.sum()
    return weights


def shrunk_means(returns: Floats, sigma: Floats) -> Floats:
    """Sample means shrunk towards the mean of the minimum-variance portfolio (Bayes–Stein)."""
    periods, count = returns.shape
    means: Floats = np.asarray(returns.mean(axis=0), dtype=np.float64)
    if count < 3:
        return means
    # A pseudo-inverse, because unshrunk covariances of assets that move as one have no inverse.
    inverse = np.linalg.pinv(sigma, hermitian=True)
    solved = inverse @ np.column_stack((np.ones(count), means))
    centre = float(solved[:, 1].sum() / solved[:, 0].sum())
    away = means - centre
    distance = float(away @ inverse @ away)
    intensity = (count + 2) / (count + 2 + periods * distance)
    shrunk: Floats = means - intensity * away
    return shrunk
