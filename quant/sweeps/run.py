"""Try many parameter sets on the same candles, keep every trial, and say how lonely the best one is.

Trials share their indicators and run on threads: the simulation holds no interpreter lock. Give candles whose arrays
are memory-mapped (`numpy.load(..., mmap_mode="c")`) when several processes sweep the same history. Nothing is thrown
away, because honest statistics need to know how many trials there were: `quant.validation` reads them from here.
"""

from __future__ import annotations

import contextvars
import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal, get_args

import numpy as np

from quant import indicators
from quant.backtest import Config
from quant.backtest.engine import DEFAULTS, NO_VALUES, acted_on, entry_details, rules_of
from quant.candles import Candles, Floats, Ints
from quant.errors import ParameterError
from quant.sweeps.space import Space, grid, sample

Objective = Literal["sharpe", "total_return", "calmar"]
BLOCKS: Final = 16
NEIGHBOURS: Final = 8
_CHUNK: Final = 25


@dataclass(frozen=True, eq=False)
class Sweep:
    """Every trial of a sweep: arrays of one value per trial `(K,)`, in the order in which they were tried.

    `positions` `(K, axes)` are places on the space's axes. `sharpe` is per year, `deviation`, `skew` and `kurtosis` are
    of returns per bar. `block_sums` and `block_squares` `(K, 16)` are sums of returns and of their squares over
    sixteenths of the bars. A trial without variance has a Sharpe ratio of 0.
    """

    space: Space
    objective: Objective
    positions: Ints
    total_return: Floats
    sharpe: Floats
    max_drawdown: Floats
    trades: Ints
    deviation: Floats
    skew: Floats
    kurtosis: Floats
    block_sums: Floats
    block_squares: Floats
    bars: int
    periods_per_year: float

    def __len__(self) -> int:
        return len(self.positions)

    def params(self, trial: int) -> dict[str, Any]:
        """The parameters of a trial."""
        return self.space.params(tuple(int(at) for at in self.positions[trial])) or {}

    @cached_property
    def scores(self) -> Floats:
        """The objective of each trial; more is better."""
        years = self.bars / self.periods_per_year
        return score(self.objective, self.sharpe, self.total_return, self.max_drawdown, years=years)

    @property
    def best(self) -> int:
        """The trial with the highest score."""
        return int(np.argmax(self.scores))

    @cached_property
    def nearest(self) -> Ints:
        """For each trial itself and its `NEIGHBOURS` nearest trials `(K, ≤ 9)`.

        Nearness is Euclidean over the axes, each scaled to 0 … 1.
        """
        from scipy.spatial import KDTree

        lengths = np.array([max(len(values) - 1, 1) for values in self.space.axes.values()])
        places = self.positions / lengths
        count = min(NEIGHBOURS + 1, len(self))
        # A trial is its own nearest: points are tried once.
        _, nearest = KDTree(places).query(places, k=[*range(1, count + 1)])
        return np.asarray(nearest)

    @cached_property
    def plateau(self) -> Floats:
        """For each trial the mean score of itself and its nearest trials: high where the neighbourhood is good too."""
        return np.asarray(self.scores[self.nearest].mean(axis=1))

    def plateaus(self, most: int) -> list[int]:
        """The trials in the middle of the best neighbourhoods, best first; none is of a neighbourhood before it."""
        found: list[int] = []
        taken = np.zeros(len(self), dtype=bool)
        for trial in np.argsort(-self.plateau, kind="stable"):
            if len(found) == most:
                break
            if not taken[self.nearest[trial]].any():
                found.append(int(trial))
                taken[self.nearest[trial]] = True
        return found

    @property
    def fragility(self) -> float | None:
        """How much of the best score is missing around it: 0 on a plateau, 1 when its neighbours earn nothing."""
        score = float(self.scores[self.best])
        return 1.0 - float(self.plateau[self.best]) / score if score > 0 else None


def score(objective: Objective, sharpe: Floats, total: Floats, drawdown: Floats, *, years: float) -> Floats:
    """The objective from the figures of a trial; more is better. Calmar's drawdown counts as 0.1 % at least."""
    if objective == "calmar":
        # Losing everything, or more, is -100 % a year; a short span's rate is cut before it is beyond any number.
        growth = np.log(np.maximum(1 + total, 1e-300)) / years
        return np.asarray(np.expm1(np.minimum(growth, 700.0)) / np.maximum(-drawdown, 1e-3))
    return sharpe if objective == "sharpe" else total


class Trials:
    """Evaluates points of a space; buffers belong to threads, answers to trials."""

    def __init__(self, where: Space, candles: Candles, config: Config, objective: Objective) -> None:
        if objective not in get_args(Objective):
            raise ParameterError(f"Optimise one of {', '.join(get_args(Objective))}: {objective!r} is none of them.")
        if len(candles) < 2 * BLOCKS:
            raise ParameterError(f"Give at least {2 * BLOCKS} candles to sweep over, not {len(candles)}.")
        self.where, self.candles, self.config, self.objective = where, candles, config, objective
        self.rules = rules_of(config)
        self.periods_per_year = candles.periods_per_year
        self.local = threading.local()
        self.rows: list[tuple[Any, ...]] = []

    def evaluate(self, point: Sequence[int]) -> tuple[Any, ...]:
        """Position, total return, Sharpe, drawdown, trades, deviation, skew, kurtosis and block sums of one point."""
        from quant.backtest import figures, kernel

        params = self.where.params(point)
        if params is None:
            raise ParameterError("Leave out combinations that the strategy's rules forbid.")
        intents = acted_on(self.candles, self.where.strategy.compute(self.candles, params), self.config)
        equity, trades = self._buffers(intents.entries.size)
        count, *_ = kernel.run_one(
            self.candles.open,
            self.candles.high,
            self.candles.low,
            self.candles.close,
            NO_VALUES if self.config.volume_cap is None else self.candles.volume,
            NO_VALUES,
            intents.signals,
            np.ascontiguousarray(intents.enter, dtype=np.int8),
            np.ascontiguousarray(intents.exit, dtype=np.bool_),
            entry_details(self.candles, intents, self.config, intents.entries),
            self.config.cash,
            self.rules,
            trades,
            equity,
        )
        sums, squares = np.empty(BLOCKS), np.empty(BLOCKS)
        mean, deviation, skew, kurtosis, drawdown = figures.curve_figures(equity, self.config.cash, sums, squares)
        sharpe = mean / deviation * self.periods_per_year**0.5 if deviation > 0 else 0.0
        total = equity[-1] / self.config.cash - 1.0
        return tuple(point), total, sharpe, drawdown, count, deviation, skew, kurtosis, sums, squares

    def _buffers(self, entries: int) -> tuple[Floats, Floats]:
        from quant.backtest import kernel

        if not hasattr(self.local, "equity"):
            self.local.equity = np.empty(len(self.candles))
            self.local.trades = np.empty((0, kernel.TRADE_COLUMNS))
        if len(self.local.trades) < entries:
            self.local.trades = np.empty((2 * entries, kernel.TRADE_COLUMNS))
        return self.local.equity, self.local.trades

    def result(self) -> Sweep:
        """All evaluated trials as a `Sweep`."""
        if not self.rows:
            raise ParameterError("Widen the sweep: its rules allow no combination.")
        columns = [np.array(column) for column in zip(*self.rows, strict=True)]
        positions, total, sharpe, drawdown, trades, deviation, skew, kurtosis, sums, squares = columns
        return Sweep(
            self.where, self.objective, positions, total, sharpe, drawdown, trades, deviation, skew, kurtosis, sums,
            squares, len(self.candles), self.periods_per_year,
        )  # fmt: skip


def sweep(
    where: Space,
    candles: Candles,
    points: Sequence[tuple[int, ...]],
    config: Config = DEFAULTS,
    *,
    objective: Objective = "sharpe",
    workers: int | None = None,
) -> Sweep:
    """Evaluate the given points (see `grid` and `sample`) on `workers` threads, all cores by default.

    Points that one thread would get anyway are evaluated on the caller's.
    """
    trials = Trials(where, candles, config, objective)
    with indicators.remembering():
        # One trial first: it compiles what has to be compiled, on one thread.
        trials.rows.extend(trials.evaluate(point) for point in points[:1])
        chunks = [points[start : start + _CHUNK] for start in range(1, len(points), _CHUNK)]

        def work(chunk: Sequence[tuple[int, ...]]) -> list[tuple[Any, ...]]:
            return [trials.evaluate(point) for point in chunk]

        if workers == 1 or len(chunks) < 2:
            for chunk in chunks:
                trials.rows.extend(work(chunk))
            return trials.result()
        with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
            jobs = [pool.submit(contextvars.copy_context().run, work, chunk) for chunk in chunks]
            for job in jobs:
                trials.rows.extend(job.result())
    return trials.result()


def grid_sweep(where: Space, candles: Candles, config: Config = DEFAULTS, **options: Any) -> Sweep:
    """`sweep` over every allowed combination."""
    return sweep(where, candles, grid(where), config, **options)


def random_sweep(
    where: Space, candles: Candles, config: Config = DEFAULTS, *, trials: int, seed: int, **options: Any
) -> Sweep:
    """`sweep` over `trials` different combinations at random."""
    return sweep(where, candles, sample(where, trials, seed=seed), config, **options)
