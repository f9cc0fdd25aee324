"""Trend following: own the side of the faster moving average, protected by a stop that volatility sets.

A signal is the bar on which the fast average crosses the slow one, if the trend is strong enough (ADX). The initial
stop stands `stop_atr` average true ranges from that bar's close; with `trail_atr` it also follows the best price. The
opposite cross always ends a position, however weak the trend. After a stop the next entry waits for a new cross. With
`adx_min` = 0 and `trail_atr` = 0 this is the plain crossover with an ATR stop.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from quant import indicators
from quant.candles import Bools, Candles, Floats
from quant.strategies.base import Clause, Condition, Intents, Parameter, Params, Rule, Signs, Strategy, digits
from quant.strategies.signals import DIRECTION, TOUCH_BARS, crossings, entries, offset_from, sides, times

_AVERAGES: Final = {"ema": indicators.ema, "sma": indicators.sma}


def _settle(params: Params) -> int:
    average: int = params["slow"] * (indicators.EMA_SETTLING if params["ma"] == "ema" else 1)
    wilder: int = params["atr_period"] * indicators.WILDER_SETTLING
    return max(average, wilder) + 1 + TOUCH_BARS


def _compute(candles: Candles, params: Params) -> Intents:
    average = _AVERAGES[params["ma"]]
    fast, slow = average(candles.close, params["fast"]), average(candles.close, params["slow"])
    atr = indicators.atr(candles, params["atr_period"])
    shown = {"fast": fast, "slow": slow, "atr": atr}
    enter, crossed = _crossed(fast, slow, params["direction"], params["atr_period"])
    if params["adx_min"] > 0:
        shown["adx"] = indicators.adx(candles, params["atr_period"])
        enter = np.where(shown["adx"] >= params["adx_min"], enter, 0).astype(np.int8)
    return Intents(
        enter=enter,
        exit=crossed,
        stop=offset_from(candles.close, atr, enter, times=-params["stop_atr"]),
        trail=times(atr, params["trail_atr"]),
        indicators=shown,
        explain=_explainer(shown, params, crossed),
        conditions=lambda bar, held: _conditions(shown, params, bool(crossed[bar]), bar, held),
    )


@indicators.shared
def _crossed(fast: Floats, slow: Floats, direction: str, unknown: int) -> tuple[Signs, Bools]:
    """Entries and crosses, whatever protects them: a sweep asks for those of the same averages again and again."""
    up, down = crossings(fast, slow)
    enter = entries(up, down, direction)
    enter[:unknown] = 0
    return enter, up | down


def _explainer(shown: dict[str, Floats], params: Params, crossed: Bools) -> Callable[[int], Clause]:
    def explain(bar: int) -> Clause:
        fast, slow = shown["fast"][bar], shown["slow"][bar]
        if not np.isfinite(slow):
            return Clause("the slow average has too few bars yet")
        averages = f"{params['fast']}-bar {params['ma'].upper()} {{fast}}, {params['slow']}-bar {{slow}}"
        prices = {"fast": fast, "slow": slow}
        verb, side = "crossed" if crossed[bar] else "is", "above" if fast > slow else "below"
        rule = f"the fast average {verb} {side} the slow ({averages})"
        if not crossed[bar]:
            return Clause(f"{rule}; a new cross is missing, {{apart}} away", prices | {"apart": abs(fast - slow)})
        if params["adx_min"] <= 0:
            return Clause(rule, prices)
        adx = shown["adx"][bar]
        numbers = {"least": digits(params["adx_min"])}
        if not np.isfinite(adx):
            return Clause(f"{rule}; ADX unknown yet, less than {{least}}", prices, numbers)
        than = "at least" if adx >= params["adx_min"] else "less than"
        return Clause(f"{rule}; ADX {{adx}}, {than} {{least}}", prices, numbers | {"adx": f"{adx:.1f}"})

    return explain


def _conditions(
    shown: dict[str, Floats], params: Params, has_crossed: bool, bar: int, held: int
) -> tuple[Condition, ...]:
    kind, fast, slow = params["ma"].upper(), shown["fast"][bar], shown["slow"][bar]
    found = []
    for side in (-held,) if held else sides(params["direction"]):
        words = f"{params['fast']}-bar {kind} crosses {'above' if side > 0 else 'below'} the {params['slow']}-bar"
        holds = has_crossed and (fast > slow) == (side > 0)
        toward = 0 if held else side
        found.append(Condition(words, toward, holds, fast, slow, side, crosses=True, is_price=True))
        if params["adx_min"] > 0 and not held:
            adx, least = shown["adx"][bar], params["adx_min"]
            found.append(Condition("ADX is at least", toward, bool(adx >= least), adx, least))
    return tuple(found)


STRATEGY: Final = Strategy(
    slug="trend_following",
    name="Trend following",
    description="Follows the cross of two moving averages, with a volatility stop and a trend-strength filter.",
    schema=(
        Parameter(
            "ma",
            "choice",
            "ema",
            "Kind of both moving averages.",
            choices=("ema", "sma"),
            words=("Exponential (EMA)", "Simple (SMA)"),
            label="Kind of averages",
        ),
        Parameter(
            "fast",
            "int",
            20,
            "Bars in the fast average.",
            minimum=2,
            maximum=500,
            step=5,
            label="Fast average",
            unit="bars",
        ),
        Parameter(
            "slow",
            "int",
            50,
            "Bars in the slow average.",
            minimum=3,
            maximum=1000,
            step=10,
            label="Slow average",
            unit="bars",
        ),
        Parameter(
            "adx_min",
            "float",
            20.0,
            "Least ADX for an entry; 0 for no filter.",
            minimum=0,
            maximum=60,
            step=5,
            label="Least strength of the trend",
            unit="ADX",
        ),
        Parameter(
            "atr_period",
            "int",
            14,
            "Bars in ATR and ADX.",
            minimum=2,
            maximum=200,
            step=2,
            label="Average true range over",
            unit="bars",
        ),
        Parameter(
            "stop_atr",
            "float",
            2.5,
            "Stop distance from the signal's close, in ATRs.",
            minimum=0.1,
            maximum=20,
            step=0.5,
            label="Stop distance",
            unit="ATR",
        ),
        Parameter(
            "trail_atr",
            "float",
            3.0,
            "Trailing distance in ATRs; 0 for a fixed stop.",
            minimum=0,
            maximum=20,
            step=0.5,
            label="Trailing distance",
            unit="ATR",
        ),
        DIRECTION,
    ),
    rules=(
        Rule(
            lambda params: params["fast"] < params["slow"],
            "Set fast below slow: the fast average must be the shorter one.",
        ),
    ),
    compute=_compute,
    settle=_settle,
)
