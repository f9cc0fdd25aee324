"""Walk-forward: choose on the past, trade the next stretch, move on; only what was traded unseen counts.

Each window sweeps the space on its training bars, then runs the best parameters on the bars that follow, with
indicators warmed up on what came before and no position carried in. The stretches' returns, chained, are the one
equity curve that somebody following this procedure would have had (Pardo, *The Evaluation and Optimization of Trading
Strategies*, 2008).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from quant import metrics
from quant.backtest import Config, run_backtest
from quant.backtest.engine import DEFAULTS
from quant.candles import Candles, Floats, Ints
from quant.errors import ParameterError
from quant.sweeps import Space, grid, sweep
from quant.sweeps.run import Objective


@dataclass(frozen=True)
class Window:
    """One step: bars `[train_from, test_from)` chose `params`, bars `[test_from, test_to)` traded them.

    What is still open after `test_to` is closed at the last close, at the price and fee of a market order. Scores are
    the objective in training and the Sharpe ratios per year of training and test (None if too short).
    """

    train_from: int
    test_from: int
    test_to: int
    params: dict[str, Any]
    train_score: float
    train_sharpe: float
    test_sharpe: float | None
    test_return: float | None


@dataclass(frozen=True, eq=False)
class WalkForward:
    """All windows, and the chained out-of-sample returns `(n,)` with their bars' ts."""

    windows: tuple[Window, ...]
    ts: Ints
    returns: Floats
    periods_per_year: float

    @property
    def sharpe(self) -> metrics.Sharpe | None:
        """Of everything that was traded unseen."""
        return metrics.sharpe(self.returns, periods_per_year=self.periods_per_year)


def walk_forward(
    where: Space,
    candles: Candles,
    config: Config = DEFAULTS,
    *,
    train_bars: int,
    test_bars: int,
    anchored: bool = False,
    objective: Objective = "sharpe",
    workers: int | None = None,
) -> WalkForward:
    """Walk over the candles in steps of `test_bars`; `anchored` training starts at the first bar instead of rolling."""
    if train_bars < 1 or test_bars < 1 or len(candles) < train_bars + test_bars:
        raise ParameterError(f"Give more than {len(candles)} candles, or shorter windows: one step must fit.")
    points = grid(where)
    windows, returns, ts = [], [], []
    for test_from in range(train_bars, len(candles) - test_bars + 1, test_bars):
        train_from = 0 if anchored else test_from - train_bars
        trained = sweep(where, candles[train_from:test_from], points, config, objective=objective, workers=workers)
        params = trained.params(trained.best)
        stretch = _trade(where, params, candles, config, test_from, test_from + test_bars)
        ratio = metrics.sharpe(stretch, periods_per_year=candles.periods_per_year)
        windows.append(
            Window(
                train_from=train_from,
                test_from=test_from,
                test_to=test_from + test_bars,
                params=params,
                train_score=float(trained.scores[trained.best]),
                train_sharpe=float(trained.sharpe[trained.best]),
                test_sharpe=ratio.value if ratio else None,
                test_return=metrics.total_return(stretch),
            )
        )
        returns.append(stretch)
        ts.append(candles.ts[test_from : test_from + test_bars])
    return WalkForward(tuple(windows), np.concatenate(ts), np.concatenate(returns), candles.periods_per_year)


def _trade(
    where: Space, params: dict[str, Any], candles: Candles, config: Config, first: int, last: int
) -> Floats:  # fmt: skip
    """Returns of the bars `[first, last)`, warmed up on the bars before and flat at their start."""
    start = max(first - where.strategy.warmup(params), 0)
    part = candles[start:last]
    intents = where.strategy.intents(part, params)
    # The signal of the bar before the stretch may be acted on in it, the earlier ones may not.
    enter = intents.enter.copy()
    enter[: max(first - start - 1, 0)] = 0
    result = run_backtest(part, replace(intents, enter=enter), config)
    curve = np.concatenate(([config.cash], result.equity[first - start :]))
    # The next stretch starts flat: without the cost of getting there every window would be flattered.
    left = sum(abs(position.quantity) for position in result.open_positions) * float(part.close[-1])
    curve[-1] -= left * (config.slippage + (1 - config.slippage) * config.taker_fee)
    return metrics.twr_returns(curve)
