"""Whether the honesty panel is fooled: random strategies on a random walk, each judged by all that were tried there.

The strategies are the project's own with parameters at random, and trade without fees, so that none is better or worse
than luck. Beside how many the panel calls significant stands what the same figures say without being deflated: how
many have a Sharpe ratio that is above zero with a probability of 95 %, which is one in twenty where nothing is known,
and how many the whole panel would let pass if each were the only one that was tried. Then an edge is planted, prices
whose drift lasts, and the best of fifty is judged by the fifty.
"""

from __future__ import annotations

import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, Final

import numpy as np

from farms.laboratory.honesty import Judged, judge, luck
from farms.laboratory.outcome import moments_of
from quant import indicators, strategies
from quant.backtest import BacktestResult, Config, run_backtest
from quant.candles import Candles, timeframe_to_ms
from quant.errors import ParameterError
from quant.strategies import Parameter, Strategy
from quant.validation.verdict import SIGNIFICANT

STRATEGIES: Final = 1_000
PLANTED: Final = 50
BARS: Final = 4_000
HOUR_MS: Final = timeframe_to_ms("1h")
FREE: Final = Config(taker_fee=0.0, maker_fee=0.0)
TRIED: Final = ("trend_following", "breakout", "price_action", "mean_reversion")
# Longer averages than this have settled too late to be judged on so many candles.
LONGEST: Final = 60
VOLATILITY: Final = 0.01
# Of the planted edge: how far a candle drifts, and how many candles a drift lasts.
DRIFT: Final = 0.003
LASTS: Final = 100

Tried = tuple[Strategy, dict[str, Any]]


def honesty(*, strategies: int = STRATEGIES, planted: int = PLANTED, seed: int = 1) -> dict[str, float]:
    """How many of the random strategies are called significant, beside what is called so without deflation."""
    generator = np.random.default_rng(seed)
    walk = _candles(generator, np.zeros(BARS))
    noise = _Tried(walk, [_random(generator) for _ in range(strategies)])
    lasting = _candles(generator, DRIFT * np.repeat(generator.choice([-1, 1], BARS // LASTS), LASTS))
    edge = _Tried(lasting, [_random(generator, "trend_following") for _ in range(planted)])
    started = time.perf_counter()
    found = noise.panels()
    seconds = time.perf_counter() - started
    chosen = edge.panel(int(np.argmax(edge.sharpes)))
    return {
        "random_strategies": strategies,
        "seconds_of_their_panels": seconds,
        "called_significant": sum(one.is_significant for one in found),
        "highest_deflated_sharpe": max(one.deflated_sharpe for one in found),
        "reference_above_zero_undeflated": sum(one.is_above_zero for one in found),
        "reference_expected_undeflated": (1 - SIGNIFICANT) * strategies,
        "reference_panel_if_each_were_alone": sum(one.is_significant_alone for one in found),
        "planted_edge_called_significant": chosen.is_significant,
        "planted_edge_deflated_sharpe": chosen.deflated_sharpe,
    }


@dataclass(frozen=True, slots=True)
class _Panel:
    """What the panel says of one, by all that were tried and as if it were the only one; and its Sharpe ratio alone."""

    is_significant: bool
    deflated_sharpe: float
    is_significant_alone: bool
    is_above_zero: bool


class _Tried:
    """Strategies that were all tried on the same candles."""

    def __init__(self, candles: Candles, tried: list[Tried]) -> None:
        self.candles, self.tried = candles, tried
        with indicators.remembering():
            self.results: list[BacktestResult] = [
                run_backtest(candles, strategy.intents(candles, params), FREE) for strategy, params in tried
            ]
        self.moments = [moments_of(result) for result in self.results]
        self.sharpes = [sharpe for sharpe, _, _ in self.moments]

    def panels(self) -> list[_Panel]:
        """Of all of them, on all processors: what was tried is in the memory that they share with this process."""
        with ProcessPoolExecutor(mp_context=get_context("fork"), initializer=_judge, initargs=(self,)) as pool:
            return list(pool.map(_panel, range(len(self.tried)), chunksize=5))

    def panel(self, number: int) -> _Panel:
        """The panel on one of them."""
        (strategy, params), moments = self.tried[number], self.moments[number]
        result, sharpe = self.results[number], self.sharpes[number]
        judged = judge(strategy, params, [self.candles], result, moments=moments, trials=self.sharpes)
        lonely = luck(moments, [sharpe], len(self.candles))
        # Nothing else that is asked depends on how many were tried.
        answers = tuple(lonely if answer.question == lonely.question else answer for answer in judged.answers)
        return _Panel(
            judged.is_significant,
            judged.deflated_sharpe or 0.0,
            Judged(answers, 1, lonely.figures["deflated_sharpe"]).is_significant,
            lonely.passes is True,
        )


# Of a process that judges: what was tried, as it was when it was forked.
_tried: _Tried


def _judge(tried: _Tried) -> None:
    global _tried
    _tried = tried


def _panel(number: int) -> _Panel:
    return _tried.panel(number)


def _random(generator: np.random.Generator, slug: str = "") -> Tried:
    """A strategy with parameters at random, as its own rules allow them."""
    strategy = strategies.get(slug or str(generator.choice(TRIED)))
    while True:
        try:
            return strategy, strategy.validate({item.name: _value(generator, item) for item in strategy.schema})
        except ParameterError:
            continue


def _value(generator: np.random.Generator, item: Parameter) -> Any:
    if item.kind == "choice":
        return "both" if item.name == "direction" else str(generator.choice(item.choices))
    low, high = item.minimum or 0.0, item.maximum or 1.0
    if item.kind == "int":
        return int(generator.integers(int(low), min(int(high), LONGEST) + 1))
    # Filters and distances are near their usual values: at random over all there is, most would never trade.
    return float(np.clip(float(item.default) * generator.uniform(0.0, 2.0), low, high))


def _candles(generator: np.random.Generator, drift: np.ndarray) -> Candles:
    """Hourly candles of a walk with this drift in each."""
    close = 100 * np.exp(np.cumsum(drift + generator.normal(0, VOLATILITY, drift.size)))
    opened = np.concatenate(([100.0], close[:-1]))
    reach = 1 + np.abs(generator.normal(0, VOLATILITY / 2, (2, drift.size)))
    high, low = np.maximum(opened, close) * reach[0], np.minimum(opened, close) / reach[1]
    return Candles(np.arange(drift.size) * HOUR_MS, opened, high, low, close, generator.exponential(10, drift.size))
