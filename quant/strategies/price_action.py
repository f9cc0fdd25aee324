"""Price action: candle patterns that reject a level, traded only where there is one.

Support is the last swing low, resistance the last swing high: the lowest low (highest high) of `swing` bars on both
sides. A swing is known only `swing` bars after it happened, and is used from that bar on, never earlier. Patterns,
described for longs at support (shorts mirror them at resistance):

pin bar      the lower wick is at least twice the body and 60 % of the bar
engulfing    a rising body that covers the falling body before it
inside bar   a bar inside the one before it, then a close above that mother bar
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from quant import indicators
from quant.candles import Bools, Candles, Floats
from quant.indicators import previous
from quant.strategies.base import Clause, Condition, Intents, Parameter, Params, Signs, Strategy
from quant.strategies.signals import DIRECTION, entries, latest, sides

PATTERNS: Final = ("pin bar", "engulfing", "inside bar")
_WICK_TO_BODY: Final = 2.0
_WICK_TO_BAR: Final = 0.6


def _settle(params: Params) -> int:
    levels = int(params["level_bars"]) + 2 * int(params["swing"]) + 1
    return 3 + max(int(params["atr_period"]) * indicators.WILDER_SETTLING, levels)


def _swing(values: Floats, extreme: Floats, swing: int, level_bars: int) -> Floats:
    """The last confirmed swing's price at each bar; `extreme` is the extreme of the last 2 × swing + 1 values."""
    middle = previous(values, swing)
    return latest(extreme == middle, middle, within=level_bars)


def _pin_bars(body: Floats, wick: Floats, height: Floats) -> Bools:
    return (height > 0) & (wick >= _WICK_TO_BODY * body) & (wick >= _WICK_TO_BAR * height)


def _patterns(candles: Candles) -> tuple[tuple[Bools, ...], tuple[Bools, ...]]:
    """Rising and falling patterns, each in the order of `PATTERNS`."""
    opened, high, low, close = candles.open, candles.high, candles.low, candles.close
    before_open, before_close = previous(opened), previous(close)
    body, height = np.abs(close - opened), high - low
    mother_high, mother_low = previous(high, 2), previous(low, 2)
    inside = (previous(high) <= mother_high) & (previous(low) >= mother_low)
    rising = (
        _pin_bars(body, np.minimum(opened, close) - low, height),
        (close > opened) & (before_close < before_open) & (close >= before_open) & (opened <= before_close),
        inside & (close > mother_high),
    )
    falling = (
        _pin_bars(body, high - np.maximum(opened, close), height),
        (close < opened) & (before_close > before_open) & (close <= before_open) & (opened >= before_close),
        inside & (close < mother_low),
    )
    return rising, falling


def _compute(candles: Candles, params: Params) -> Intents:
    swing, width = params["swing"], 2 * params["swing"] + 1
    support = _swing(candles.low, indicators.lowest(candles.low, width), swing, params["level_bars"])
    resistance = _swing(candles.high, indicators.highest(candles.high, width), swing, params["level_bars"])
    atr = indicators.atr(candles, params["atr_period"])
    zone = params["zone_atr"] * atr
    lows, highs = indicators.lowest(candles.low, 2), indicators.highest(candles.high, 2)
    at_support = (np.abs(lows - support) <= zone) & (candles.close > support)
    at_resistance = (np.abs(highs - resistance) <= zone) & (candles.close < resistance)
    chosen = [params["pattern"] in {"any", name} for name in PATTERNS]
    rising, falling = _patterns(candles)
    longs = at_support & np.any([found for found, wanted in zip(rising, chosen, strict=True) if wanted], axis=0)
    shorts = at_resistance & np.any([found for found, wanted in zip(falling, chosen, strict=True) if wanted], axis=0)
    enter = entries(longs, shorts, params["direction"])
    beyond: Floats = np.where(enter > 0, lows - params["buffer_atr"] * atr, highs + params["buffer_atr"] * atr)
    stop = np.where(enter != 0, beyond, np.nan)
    reward = candles.close + params["reward"] * (candles.close - stop)
    against = {"long": shorts, "short": longs, "both": np.zeros_like(longs)}[params["direction"]]
    opposite = entries(longs & against, shorts & against, "both")
    return Intents(
        enter=enter,
        exit=against,
        stop=np.where(stop > 0, stop, np.nan),
        target=np.where(reward > 0, reward, np.nan) if params["reward"] > 0 else None,
        indicators={"support": support, "resistance": resistance, "atr": atr},
        explain=lambda bar: _explain(rising, falling, chosen, support, resistance, candles.close, enter, opposite, bar),
        conditions=lambda bar, held: _conditions(
            {1: (lows, support, rising), -1: (highs, resistance, falling)}, candles.close, zone, chosen, bar,
            (-held,) if held else sides(params["direction"]), is_held=bool(held),
        ),
    )  # fmt: skip


def _conditions(
    levels: Mapping[int, tuple[Floats, Floats, tuple[Bools, ...]]], close: Floats, zone: Floats, chosen: list[bool],
    bar: int, wanted: tuple[int, ...], *, is_held: bool,
) -> tuple[Condition, ...]:  # fmt: skip
    """Of each side: how near the last two bars came to its level, on which side of it the close is, and a pattern."""
    found = []
    for side in wanted:
        extremes, level, patterns = levels[side]
        name, where = ("support", "above") if side > 0 else ("resistance", "below")
        toward, price, least = 0 if is_held else side, close[bar], level[bar]
        away = abs(extremes[bar] - least)
        near, beyond = bool(away <= zone[bar]), bool(side * (price - least) > 0)
        names = [pattern for pattern, is_wanted in zip(PATTERNS, chosen, strict=True) if is_wanted]
        hit = any(one[bar] for one, is_wanted in zip(patterns, chosen, strict=True) if is_wanted)
        found += [
            Condition(f"Distance to the {name} is at most", toward, near, away, zone[bar], -1, is_price=True),
            Condition(f"Close is {where} the {name}", toward, beyond, price, least, side, is_price=True),
            Condition(f"{' or '.join(names)} there".capitalize(), toward, bool(hit), has_figures=False),
        ]
    return tuple(found)


def _explain(
    rising: tuple[Bools, ...],
    falling: tuple[Bools, ...],
    chosen: list[bool],
    support: Floats,
    resistance: Floats,
    close: Floats,
    enter: Signs,
    against: Signs,
    bar: int,
) -> Clause:
    side = int(enter[bar]) or int(against[bar])
    known = {"support": support[bar], "resistance": resistance[bar]}
    prices = {name: level for name, level in known.items() if np.isfinite(level)}
    if not prices:
        return Clause("neither a support nor a resistance is known yet")
    if side == 0:
        levels = " or ".join(f"{name} {{{name}}} ({{{name}_away}} away)" for name in prices)
        away = {f"{name}_away": abs(close[bar] - level) for name, level in prices.items()}
        return Clause(f"a pattern at {levels} is missing", prices | away)
    found = rising if side > 0 else falling
    names = [name for name, hit, wanted in zip(PATTERNS, found, chosen, strict=True) if wanted and hit[bar]]
    level = "support" if side > 0 else "resistance"
    return Clause(f"{' and '.join(names)} at {level} {{{level}}}", {level: prices[level]})


STRATEGY: Final = Strategy(
    slug="price_action",
    name="Price action",
    description="Trades pin bars, engulfing bars and inside bars that reject a support or resistance.",
    schema=(
        Parameter(
            "pattern",
            "choice",
            "any",
            "Which pattern counts.",
            choices=("any", *PATTERNS),
            words=("Any of them", "Pin bar", "Engulfing bar", "Inside bar"),
            label="Pattern",
        ),
        Parameter(
            "swing",
            "int",
            3,
            "Bars on both sides of a swing.",
            minimum=1,
            maximum=50,
            step=1,
            label="Bars beside a swing",
            unit="bars",
        ),
        Parameter(
            "level_bars",
            "int",
            100,
            "Bars for which a level is remembered.",
            minimum=5,
            maximum=1000,
            step=10,
            label="Levels are remembered for",
            unit="bars",
        ),
        Parameter(
            "zone_atr",
            "float",
            0.5,
            "How near to the level, in ATRs.",
            minimum=0.05,
            maximum=5,
            step=0.05,
            label="Distance to the level",
            unit="ATR",
        ),
        Parameter(
            "atr_period",
            "int",
            14,
            "Bars in the ATR.",
            minimum=2,
            maximum=200,
            step=2,
            label="Average true range over",
            unit="bars",
        ),
        Parameter(
            "buffer_atr",
            "float",
            0.5,
            "Stop beyond the pattern, in ATRs.",
            minimum=0,
            maximum=10,
            step=0.25,
            label="Stop beyond the pattern",
            unit="ATR",
        ),
        Parameter(
            "reward",
            "float",
            2.0,
            "Target in multiples of the risk; 0 for none.",
            minimum=0,
            maximum=20,
            step=0.5,
            label="Target",
            unit="× risk",
        ),
        DIRECTION,
    ),
    compute=_compute,
    settle=_settle,
)
