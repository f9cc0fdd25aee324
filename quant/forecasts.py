"""Whether forecasts came true: what each would have made by its horizon, how often, and what chance makes.

A forecast is a direction from the close of a bar, with a stop, a target and a horizon in bars. It is closed at the
first bar that reaches its stop or its target, at its stop where one bar reaches both, at the open where a bar opens
beyond it, else at the close of the last bar of its horizon. Gains are fractions of what is staked, costs of both sides
taken off.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Final

import numpy as np

from quant.candles import Candles, Floats

NORMAL_95: Final = 1.959963984540054


@dataclass(frozen=True)
class Forecast:
    """`direction` 1 up, -1 down; `stop` and `target` are prices or NaN; `horizon` in bars; `cost` of one side, a
    fraction of the notional."""

    direction: int
    price: float
    stop: float
    target: float
    horizon: int
    cost: float


@dataclass(frozen=True)
class Outcome:
    """Where it ended and what one unit made, a fraction after costs; `bars` until then."""

    price: float
    gain: float
    bars: int


def outcome(forecast: Forecast, candles: Candles) -> Outcome | None:
    """What became of it in the bars after the one it was made at; None while there are fewer than its horizon and it
    has ended in none of them."""
    way, bars = forecast.direction, candles[: forecast.horizon]
    for bar in range(len(bars)):
        opens, low, high = float(bars.open[bar]), float(bars.low[bar]), float(bars.high[bar])
        worst, best = (low, high) if way > 0 else (high, low)
        if not np.isnan(forecast.stop) and way * (worst - forecast.stop) <= 0:
            return _ended(forecast, opens if way * (opens - forecast.stop) <= 0 else forecast.stop, bar + 1)
        if not np.isnan(forecast.target) and way * (best - forecast.target) >= 0:
            return _ended(forecast, opens if way * (opens - forecast.target) >= 0 else forecast.target, bar + 1)
    if len(bars) < forecast.horizon:
        return None
    return _ended(forecast, float(bars.close[-1]), len(bars))


def _ended(forecast: Forecast, price: float, bars: int) -> Outcome:
    ratio = price / forecast.price
    return Outcome(price, forecast.direction * (ratio - 1) - forecast.cost * (1 + ratio), bars)


def wilson(hits: int, count: int, z: float = NORMAL_95) -> tuple[float, float]:
    """The range of the probability behind `hits` of `count`, at 95 % by default (Wilson 1927, score interval).

    Nothing known is 0 to 1.
    """
    if count == 0:
        return 0.0, 1.0
    share = hits / count
    middle = share + z * z / (2 * count)
    spread = z * sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    whole = 1 + z * z / count
    return max(0.0, (middle - spread) / whole), min(1.0, (middle + spread) / whole)


def by_chance(forecast: Forecast, candles: Candles) -> tuple[float, float] | None:
    """What such a forecast makes by chance: mean and deviation of its gain at any of the `candles` that has its horizon
    behind it, up or down, as far to its stop and target and at the same costs. None where there are too few."""
    room = len(candles) - forecast.horizon
    if room < 1:
        return None
    gains = _all_outcomes(forecast, candles, room)
    return float(gains.mean()), float(gains.std())


def _all_outcomes(forecast: Forecast, candles: Candles, room: int) -> Floats:
    """`(2, room)` gains of the forecast made up and down at each bar that has its horizon behind it, its stop and its
    target as far away from that bar's close as they were from its own price."""
    closes = candles.close[:room]
    away_stop, away_target = (
        abs(level / forecast.price - 1) if not np.isnan(level) else np.nan for level in (forecast.stop, forecast.target)
    )
    gains = np.full((2, room), np.nan)
    for row, way in enumerate((1, -1)):
        stop, target = closes * (1 - way * away_stop), closes * (1 + way * away_target)
        found = gains[row]
        for step in range(1, forecast.horizon + 1):
            at = slice(step, step + room)
            opens = candles.open[at]
            worst, best = (candles.low[at], candles.high[at]) if way > 0 else (candles.high[at], candles.low[at])
            left = np.isnan(found)
            stopped = left & (way * (worst - stop) <= 0)
            reached = left & ~stopped & (way * (best - target) >= 0)
            for hit, level in ((stopped, stop), (reached, target)):
                beyond = way * (opens - level) * (-1 if level is stop else 1) >= 0
                price = np.where(beyond, opens, level)
                found[hit] = _gain(way, (price / closes)[hit], forecast.cost)
        left = np.isnan(found)
        last = candles.close[forecast.horizon : forecast.horizon + room]
        found[left] = _gain(way, (last / closes)[left], forecast.cost)
    return gains


def _gain(way: int, ratio: Floats, cost: float) -> Floats:
    gain: Floats = way * (ratio - 1) - cost * (1 + ratio)
    return gain
