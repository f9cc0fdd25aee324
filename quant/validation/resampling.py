"""What else could have happened: reordered trades, dearer trading, resampled returns.

Shuffling trades keeps the result and shows how deep it might have fallen on the way. Stressing costs shows how much
room there is. The stationary bootstrap draws blocks of random length, so that neighbouring returns stay together
(Politis & Romano, *The Stationary Bootstrap*, JASA, 1994), and turns each figure into a range.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from quant.candles import Floats
from quant.errors import ParameterError

QUANTILES: Final = (0.05, 0.5, 0.95)
_AT_ONCE: Final = 2_000_000


@dataclass(frozen=True)
class Range:
    """The 5 %, 50 % and 95 % quantiles of a resampled figure, and its value on the data as they were."""

    low: float
    middle: float
    high: float
    actual: float


def _range(samples: Floats, actual: float) -> Range:
    low, middle, high = (float(value) for value in np.quantile(samples, QUANTILES))
    return Range(low, middle, high, actual)


def _deepest(curves: Floats) -> Floats:
    """The maximum drawdown of each row, as a fraction ≤ 0; -1 at most once a curve reaches zero."""
    peaks = np.maximum.accumulate(curves, axis=1)
    falls: Floats = np.maximum(curves / peaks - 1.0, -1.0).min(axis=1)
    return falls


def shuffled_drawdown(pnl: Floats, *, cash: float, samples: int = 2_000, seed: int) -> Range:
    """The maximum drawdown when the same trades come in another order; fixed sizes, equity starts at `cash`."""
    if pnl.size == 0 or cash <= 0:
        raise ParameterError("Give at least one trade and positive cash to shuffle.")
    generator = np.random.default_rng(seed)
    actual = _deepest(cash + np.concatenate(([0.0], np.cumsum(pnl)))[None, :])
    found = []
    chunk = max(_AT_ONCE // pnl.size, 1)
    for start in range(0, samples, chunk):
        orders = generator.permuted(np.tile(pnl, (min(chunk, samples - start), 1)), axis=1)
        curves = cash + np.concatenate((np.zeros((len(orders), 1)), np.cumsum(orders, axis=1)), axis=1)
        found.append(_deepest(curves))
    return _range(np.concatenate(found), float(actual[0]))


@dataclass(frozen=True)
class CostStress:
    """Total profit under dearer trading, and the extra cost per unit of notional at which nothing is left of it."""

    profit: Range
    share_of_losses: float
    break_even: float | None


def stressed_costs(
    pnl: Floats, notional: Floats, *, mean: float, spread: float = 1.0, samples: int = 2_000, seed: int
) -> CostStress:
    """Total profit when every trade costs a random extra share of its notional (both sides together).

    The extra is lognormal with mean `mean` and log deviation `spread`: mostly small, sometimes painful.
    """
    if pnl.size == 0 or pnl.shape != notional.shape or mean <= 0:
        raise ParameterError("Give each trade's profit and notional and a positive mean extra cost.")
    generator = np.random.default_rng(seed)
    found = []
    chunk = max(_AT_ONCE // pnl.size, 1)
    for start in range(0, samples, chunk):
        size = (min(chunk, samples - start), pnl.size)
        extra = mean * np.exp(spread * generator.standard_normal(size) - spread**2 / 2)
        found.append(float(pnl.sum()) - extra @ notional)
    profits = np.concatenate(found)
    total = float(pnl.sum())
    traded = float(notional.sum())
    even = total / traded if total > 0 and traded > 0 else None
    return CostStress(_range(profits, total), float((profits < 0).mean()), even)


def bootstrap(
    returns: Floats,
    figure: Callable[[Floats], Floats],
    *,
    samples: int = 2_000,
    block: float | None = None,
    seed: int,
) -> Range:
    """The range of `figure` under the stationary bootstrap.

    `figure` takes `(samples, n)` returns to `(samples,)` values. `block` is the mean block length, by default the cube
    root of n, the order that Politis & Romano give for the mean.
    """
    n = returns.size
    if n < 2 or not np.isfinite(returns).all():
        raise ParameterError("Give at least two returns, all of them numbers, to bootstrap.")
    generator = np.random.default_rng(seed)
    length = max(block or n ** (1 / 3), 1.0)
    found = []
    chunk = max(_AT_ONCE // n, 1)
    for start in range(0, samples, chunk):
        rows = min(chunk, samples - start)
        fresh = generator.random((rows, n)) < 1 / length
        fresh[:, 0] = True
        starts = generator.integers(n, size=(rows, n))
        steps = np.arange(n)
        last = np.maximum.accumulate(np.where(fresh, steps, 0), axis=1)
        found.append(figure(returns[(np.take_along_axis(starts, last, axis=1) + steps - last) % n]))
    return _range(np.concatenate(found), float(figure(returns[None, :])[0]))


def sharpe_figure(periods_per_year: float) -> Callable[[Floats], Floats]:
    """Sharpe ratios per year of rows of returns, for `bootstrap`; 0 without variance."""

    def figure(rows: Floats) -> Floats:
        spread = rows.std(axis=1, ddof=1)
        ratios: Floats = np.where(spread > 1e-12, rows.mean(axis=1) / np.where(spread > 1e-12, spread, 1.0), 0.0)
        ratios *= periods_per_year**0.5
        return ratios

    return figure


def total_return_figure(rows: Floats) -> Floats:
    """Compounded returns of rows of returns, for `bootstrap`."""
    total: Floats = np.prod(1.0 + rows, axis=1) - 1.0
    return total


def drawdown_figure(rows: Floats) -> Floats:
    """Maximum drawdowns of rows of returns, for `bootstrap`."""
    start = np.ones((len(rows), 1))
    return _deepest(np.concatenate((start, np.cumprod(1.0 + rows, axis=1)), axis=1))
