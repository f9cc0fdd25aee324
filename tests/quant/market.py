"""Random but reproducible market data for the tests of `quant`."""

from __future__ import annotations

import numpy as np

from quant.candles import Candles
from quant.strategies.base import Intents

HOUR_MS = 3_600_000


def random_candles(
    generator: np.random.Generator, bars: int, *, volatility: float = 0.01, step_ms: int = HOUR_MS
) -> Candles:
    """A random walk with gaps between bars; prices near 100, volumes around 10."""
    closes = 100 * np.exp(np.cumsum(generator.normal(0, volatility, bars)))
    opens = np.concatenate(([100.0], closes[:-1])) * np.exp(generator.normal(0, volatility / 3, bars))
    reach = 1 + np.abs(generator.normal(0, volatility / 2, (2, bars)))
    return Candles(
        ts=np.arange(bars) * step_ms,
        open=opens,
        high=np.maximum(opens, closes) * reach[0],
        low=np.minimum(opens, closes) / reach[1],
        close=closes,
        volume=generator.exponential(10, bars),
    )


def random_intents(generator: np.random.Generator, candles: Candles, *, every: float = 0.2) -> Intents:
    """Entries, exits and protective prices at random, some of them absurd on purpose."""
    bars = len(candles)
    enter = generator.choice([-1, 0, 1], bars, p=[every / 2, 1 - every, every / 2]).astype(np.int8)

    def sometimes(values: np.ndarray, share: float) -> np.ndarray:
        return np.where(generator.random(bars) < share, values, np.nan)

    distance = candles.close * np.abs(generator.normal(0.02, 0.01, (3, bars)))
    # One protective price in ten stands on the wrong side of the market.
    side = np.where(generator.random(bars) < 0.9, enter, -enter)
    return Intents(
        enter=enter,
        exit=generator.random(bars) < every / 3,
        stop=sometimes(candles.close - side * distance[0], 0.7),
        target=sometimes(candles.close + side * distance[1], 0.5),
        trail=sometimes(distance[2], 0.4),
        size=sometimes(generator.uniform(-0.1, 1.2, bars), 0.5),
    )
