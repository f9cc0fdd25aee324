"""All methods on the same past, walking forward with costs: which of them would have been worth it?

At each rebalance a method sees the returns before it and nothing else; its weights then drift with the market until the
next, and changing them costs a fraction of what is traded. Equal weight runs along, and the answer says plainly when
nothing beats it: a higher Sharpe ratio counts only if it stays higher in 95 % of bootstrapped histories, and more than
that where several methods had the chance to be lucky (Bonferroni).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from quant import metrics
from quant.allocation.allocate import CONSTANT, allocate
from quant.allocation.methods import METHODS
from quant.allocation.problem import Constraints, Options
from quant.allocation.solver import current_weights
from quant.candles import Floats
from quant.errors import ParameterError
from quant.validation import bootstrap

BENCHMARK: Final = "equal"
_SAMPLES: Final = 2_000
_LUCK: Final = 0.05


@dataclass(frozen=True, eq=False)
class Track:
    """What a method earned: returns `(n,)` net of costs, yearly figures, and turnover per rebalance.

    `beats_equal` is the share of bootstrapped histories in which its Sharpe ratio is above equal weight's.
    """

    method: str
    returns: Floats
    total_return: float
    volatility: float
    sharpe: float
    max_drawdown: float
    turnover: float
    beats_equal: float | None


@dataclass(frozen=True)
class Comparison:
    """Tracks, the best Sharpe ratio first, and what follows from them in a sentence."""

    tracks: tuple[Track, ...]
    verdict: str


def compare(
    returns: Floats,
    *,
    lookback: int,
    rebalance_every: int,
    cost: float,
    constraints: Constraints | None = None,
    options: Options | None = None,
    methods: Sequence[str] = tuple(METHODS),
    seed: int = 0,
) -> Comparison:
    """Walk over returns `(T, N)` without NaN; `cost` is a fraction of every amount traded.

    Everything starts as cash, or at `constraints.current` where that is given; from then on what is held counts as
    current, so that turnover and costs are measured against it at every rebalance.
    """
    periods, _ = returns.shape
    if not np.isfinite(returns).all():
        raise ParameterError("Give returns without NaN or infinite values: leave out the periods that not all have.")
    if not 0 <= cost < 1:
        raise ParameterError("Give the cost as a fraction from 0 to below 1.")
    if lookback < 2 or rebalance_every < 1 or periods <= lookback:
        raise ParameterError(f"Give more than {periods} periods or a shorter lookback.")
    options = options or Options()
    chosen = [BENCHMARK, *(method for method in methods if method != BENCHMARK)]
    runs = {
        method: _walk(returns, method, lookback, rebalance_every, cost, constraints or Constraints(), options)
        for method in chosen
    }
    base = runs[BENCHMARK][0]
    tracks = []
    for method, (earned, turnover) in runs.items():
        better = None if method == BENCHMARK else _share_better(earned, base, seed)
        tracks.append(_track(method, earned, turnover, better, options.periods_per_year))
    tracks.sort(key=lambda track: -track.sharpe)
    return Comparison(tuple(tracks), _verdict(tracks))


def _walk(
    returns: Floats,
    method: str,
    lookback: int,
    every: int,
    cost: float,
    constraints: Constraints,
    options: Options,
) -> tuple[Floats, float]:
    periods, count = returns.shape
    held = np.zeros(count) if constraints.current is None else current_weights(constraints, count)
    earned, traded = np.empty(periods - lookback), []
    for start in range(lookback, periods, every):
        if constraints.current is not None:
            constraints = replace(constraints, current=held)
        target = allocate(returns[start - lookback : start], method, constraints, options).weights
        change = float(np.abs(target - held).sum())
        traded.append(change)
        held = target
        for period in range(start, min(start + every, periods)):
            gain = float(held @ returns[period])
            earned[period - lookback] = gain
            # Weights drift with their assets; cash neither earns nor moves.
            held = held * (1 + returns[period]) / (1 + gain)
        earned[start - lookback] = (1 - change * cost) * (1 + earned[start - lookback]) - 1
    return earned, float(np.mean(traded))


def _share_better(earned: Floats, base: Floats, seed: int) -> float:
    """Share of bootstrapped histories, drawn together for both, with a higher Sharpe ratio than the base."""
    places = np.arange(earned.size, dtype=np.float64)
    shares: list[Floats] = []

    def higher(rows: Floats) -> Floats:
        at = rows.astype(np.int64)
        better: Floats = (_ratios(earned[at]) > _ratios(base[at])).astype(np.float64)
        shares.append(better)
        return better

    bootstrap(places, higher, samples=_SAMPLES, seed=seed)
    # The last call is on the data as they were.
    return float(np.concatenate(shares[:-1]).mean())


def _ratios(rows: Floats) -> Floats:
    spread = rows.std(axis=1, ddof=1)
    ratios: Floats = rows.mean(axis=1) / np.where(spread > CONSTANT, spread, np.inf)
    return ratios


def _track(method: str, earned: Floats, turnover: float, better: float | None, periods_per_year: float) -> Track:
    worst, _ = metrics.drawdowns(metrics.growth(earned))
    return Track(
        method=method,
        returns=earned,
        total_return=metrics.total_return(earned) or 0.0,
        volatility=metrics.volatility(earned, periods_per_year=periods_per_year) or 0.0,
        sharpe=float(_ratios(earned[None, :])[0]) * periods_per_year**0.5,
        max_drawdown=worst.depth if worst else 0.0,
        turnover=turnover,
        beats_equal=better,
    )


def _verdict(tracks: list[Track]) -> str:
    needed = 1 - _LUCK / max(len(tracks) - 1, 1)
    sure = [track.method for track in tracks if track.beats_equal is not None and track.beats_equal >= needed]
    if sure:
        return f"{', '.join(sure)} beat equal weight after costs in at least {needed:.1%} of bootstrapped histories."
    if tracks[0].method == BENCHMARK:
        return "Nothing beats equal weight after costs here."
    return f"Nothing beats equal weight for sure here: {tracks[0].method} has the highest Sharpe ratio, within luck."
