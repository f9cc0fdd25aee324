"""Mean reversion: buy what has fallen unusually far from its average, leave when it has come back.

Distance is the z-score of the close over `period` bars. With `method` zscore the entry is the bar that gets further
than `entry` deviations away; with bollinger it is the bar that comes back inside the band of that width, which waits
for the fall to end. Both leave when the distance is back within `leave` deviations of the mean. A long-term average can
forbid entries against the trend.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from quant import indicators
from quant.candles import Bools, Candles, Floats
from quant.strategies.base import Clause, Condition, Intents, Parameter, Params, Rule, Strategy, digits
from quant.strategies.signals import DIRECTION, TOUCH_BARS, crossings, entries, offset_from, sides


def _settle(params: Params) -> int:
    wilder = int(params["atr_period"]) * indicators.WILDER_SETTLING
    return 1 + TOUCH_BARS + max(wilder, int(params["period"]), int(params["trend_period"]))


def _compute(candles: Candles, params: Params) -> Intents:
    z = indicators.zscore(candles.close, params["period"])
    atr = indicators.atr(candles, params["atr_period"])
    shown = {"zscore": z, "mean": indicators.sma(candles.close, params["period"]), "atr": atr}
    back_up, gone_down = crossings(z, -params["entry"])
    gone_up, back_down = crossings(z, params["entry"])
    bollinger = params["method"] == "bollinger"
    longs, shorts = (back_up, back_down) if bollinger else (gone_down, gone_up)
    longs, shorts = longs & np.isfinite(atr), shorts & np.isfinite(atr)
    if params["trend_period"] >= 2:
        shown["trend"] = indicators.sma(candles.close, params["trend_period"])
        longs &= candles.close > shown["trend"]
        shorts &= candles.close < shown["trend"]
    enter = entries(longs, shorts, params["direction"])
    recovered, _ = crossings(z, -params["leave"])
    _, eased = crossings(z, params["leave"])
    return Intents(
        enter=enter,
        exit=(recovered | eased) & (enter == 0),
        stop=offset_from(candles.close, atr, enter, times=-params["stop_atr"]),
        indicators=shown,
        explain=lambda bar: _explain(z, params, longs | shorts, recovered | eased, shown, candles, bar),
        conditions=lambda bar, held: (
            _leaving(z[bar], params, held, has_left=bool((recovered if held > 0 else eased)[bar]))
            if held
            else _entering(z[bar], params, {1: bool(longs[bar]), -1: bool(shorts[bar])}, shown, candles.close[bar], bar)
        ),
    )


def _leaving(z: float, params: Params, held: int, *, has_left: bool) -> tuple[Condition, ...]:
    words = f"Deviations of the close from its mean, back {'above' if held > 0 else 'below'}"
    return (Condition(words, 0, has_left, z, -held * params["leave"], held, crosses=True),)


def _entering(
    z: float, params: Params, found: Mapping[int, bool], shown: Mapping[str, Floats], close: float, bar: int
) -> tuple[Condition, ...]:
    """Of a long: the way out goes down through the lower edge, the way back up through it."""
    told = []
    back = params["method"] == "bollinger"
    for side in sides(params["direction"]):
        goes = side if back else -side
        words = f"Deviations of the close from its mean, {'back ' if back else ''}{'above' if goes > 0 else 'below'}"
        told.append(Condition(words, side, found[side], z, -side * params["entry"], goes, crosses=True))
        if "trend" in shown:
            trend, where = shown["trend"][bar], "above" if side > 0 else "below"
            holds = bool(side * (close - trend) > 0)
            told.append(
                Condition(f"Close is {where} the trend's average", side, holds, close, trend, side, is_price=True)
            )
    return tuple(told)


def _explain(
    z: Floats, params: Params, found: Bools, back: Bools, shown: Mapping[str, Floats], candles: Candles, bar: int
) -> Clause:
    if not np.isfinite(z[bar]):
        return Clause("the mean has too few bars yet")
    distance = f"the close is {{distance}} deviations {'above' if z[bar] > 0 else 'below'} its mean"
    numbers = {"distance": f"{abs(z[bar]):.2f}", "entry": digits(params["entry"]), "leave": digits(params["leave"])}
    if found[bar]:
        return Clause(f"{distance}, entry at {{entry}}", numbers=numbers)
    if back[bar]:
        return Clause(f"{distance}, left at {{leave}}", numbers=numbers)
    if abs(z[bar]) < params["entry"]:
        numbers["away"] = f"{params['entry'] - abs(z[bar]):.2f}"
        return Clause(f"{distance}; {{entry}} for an entry are missing, {{away}} away", numbers=numbers)
    if "trend" in shown and np.isfinite(shown["trend"][bar]):
        side = "above" if candles.close[bar] > shown["trend"][bar] else "below"
        words = f"{distance}, {side} the trend's average of {{trend}}; a new entry is missing"
        return Clause(words, {"trend": shown["trend"][bar]}, numbers)
    return Clause(f"{distance}; it went beyond {{entry}} before, a new entry is missing", numbers=numbers)


STRATEGY: Final = Strategy(
    slug="mean_reversion",
    name="Mean reversion",
    description="Trades against unusual distances from the mean, by z-score or on the way back into Bollinger's band.",
    schema=(
        Parameter(
            "method",
            "choice",
            "zscore",
            "Enter on the way out or on the way back.",
            choices=("zscore", "bollinger"),
            words=("On the way out, by z-score", "On the way back into Bollinger's band"),
            label="When to enter",
        ),
        Parameter(
            "period",
            "int",
            20,
            "Bars in mean and deviation.",
            minimum=5,
            maximum=500,
            step=5,
            label="Mean over",
            unit="bars",
        ),
        Parameter(
            "entry",
            "float",
            2.0,
            "Distance of the entry in deviations.",
            minimum=0.5,
            maximum=5,
            step=0.25,
            label="Distance to enter",
            unit="deviations",
        ),
        Parameter(
            "leave",
            "float",
            0.0,
            "Distance at which to leave.",
            minimum=0,
            maximum=3,
            step=0.25,
            label="Distance to leave",
            unit="deviations",
        ),
        Parameter(
            "trend_period",
            "int",
            0,
            "Bars in the trend filter; 0 for none.",
            minimum=0,
            maximum=1000,
            step=50,
            label="Trend filter",
            unit="bars",
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
            "stop_atr",
            "float",
            3.0,
            "Stop distance from the signal's close, in ATRs.",
            minimum=0.1,
            maximum=20,
            step=0.5,
            label="Stop distance",
            unit="ATR",
        ),
        DIRECTION,
    ),
    rules=(
        Rule(
            lambda params: params["leave"] < params["entry"],
            "Set leave below entry: a position must have some way to go.",
        ),
    ),
    compute=_compute,
    settle=_settle,
)
