"""Breakout: enter when the close leaves a range, leave when it falls back to the middle of it.

The range is Donchian's channel (highest high and lowest low of the bars before this one) or the opening range (the
first bars of the UTC day). A breakout counts only on the bar that leaves the range, and only if volume and volatility
are there: the bar's volume against its average of the bars before, ATR as a share of price. A position from an opening
range does not outlive the first bar of the next day.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from quant import indicators
from quant.candles import DAY_MS, Bools, Candles, Floats
from quant.indicators import previous
from quant.strategies.base import Clause, Condition, Intents, Parameter, Params, Strategy, digits
from quant.strategies.signals import DIRECTION, TOUCH_BARS, crossings, entries, offset_from, shifted, sides, times

# One-minute bars have the longest days; the bars' own length is not known when warm-up is asked for.
_MOST_BARS_PER_DAY: Final = 1440


def _settle(params: Params) -> int:
    wilder = int(params["atr_period"]) * indicators.WILDER_SETTLING
    channel = _MOST_BARS_PER_DAY if params["range"] == "opening" else int(params["period"])
    return 2 + TOUCH_BARS + max(wilder, channel, int(params["volume_period"]))


def _donchian(candles: Candles, period: int) -> tuple[Floats, Floats]:
    return (
        previous(indicators.highest(candles.high, period)),
        previous(indicators.lowest(candles.low, period)),
    )


def _opening_range(candles: Candles, bars: int) -> tuple[Floats, Floats, Bools]:
    """High and low of the day's first bars once they are over, and the bars that begin a day.

    The day the data begin in counts only if they begin at midnight: otherwise its first bars are not known.
    """
    index = np.arange(len(candles))
    day = candles.ts // DAY_MS
    begins = np.diff(day, prepend=-1) != 0
    first = np.maximum.accumulate(np.where(begins, index, 0))
    last_of_range = first + bars - 1
    known = index > last_of_range
    if len(candles) and candles.ts[0] % DAY_MS:
        known &= day != day[0]
    at = np.where(known, last_of_range, 0)
    high, low = indicators.highest(candles.high, bars), indicators.lowest(candles.low, bars)
    return np.where(known, high[at], np.nan), np.where(known, low[at], np.nan), begins & (index > 0)


def _compute(candles: Candles, params: Params) -> Intents:
    if params["range"] == "donchian":
        upper, lower = _donchian(candles, params["period"])
        over = np.zeros(len(candles), dtype=np.bool_)
    else:
        upper, lower, over = _opening_range(candles, params["period"])
    middle = (upper + lower) / 2
    atr = indicators.atr(candles, params["atr_period"])
    shown = {"upper": upper, "lower": lower, "middle": middle, "atr": atr}
    asked = {"volatility": params["volatility_min"] * candles.close}
    strong = np.isfinite(atr) & (atr >= asked["volatility"])
    if params["volume_min"] > 0:
        shown["volume_average"] = previous(indicators.sma(candles.volume, params["volume_period"]))
        asked["volume"] = params["volume_min"] * shown["volume_average"]
        strong &= candles.volume >= asked["volume"]
    had = {"volatility": atr, "volume": candles.volume}
    above, below = candles.close > upper, candles.close < lower
    rising, falling = above & ~shifted(above), below & ~shifted(below)
    fresh = rising | falling
    enter = entries(rising & strong, falling & strong, params["direction"])
    up, down = crossings(candles.close, middle)
    return Intents(
        enter=enter,
        exit=up | down | over,
        stop=offset_from(candles.close, atr, enter, times=-params["stop_atr"]),
        target=offset_from(candles.close, atr, enter, times=params["target_atr"]) if params["target_atr"] > 0 else None,
        trail=times(atr, params["trail_atr"]),
        indicators=shown,
        explain=lambda bar: _explain(candles, upper, lower, fresh, up | down, over, _weak(had, asked, bar), bar),
        conditions=lambda bar, held: (
            _leaving(candles.close[bar], middle[bar], held, has_left=bool((up | down | over)[bar]))
            if held
            else _entering(candles.close[bar], upper[bar], lower[bar], bool(fresh[bar]), params, had, asked, bar)
        ),
    )


def _weak(had: Mapping[str, Floats], asked: Mapping[str, Floats], bar: int) -> Clause:
    """What the bar lacks to count, each with its value and what is asked for; nothing where it lacks nothing."""
    words: list[str] = []
    numbers: dict[str, str] = {}
    for name, least in asked.items():
        if not had[name][bar] >= least[bar]:  # what is not known yet is not enough either
            words.append(f"; a {name} of {{{name}_asked}} is missing, it is {{{name}}}")
            numbers |= {name: digits(had[name][bar]), f"{name}_asked": digits(least[bar])}
    return Clause("".join(words), numbers=numbers)


def _leaving(close: float, middle: float, held: int, *, has_left: bool) -> tuple[Condition, ...]:
    words = f"Close comes back {'below' if held > 0 else 'above'} the middle of the range"
    return (Condition(words, 0, has_left, close, middle, -held, crosses=True, is_price=True),)


def _entering(
    close: float, upper: float, lower: float, is_fresh: bool, params: Params, had: Mapping[str, Floats],
    asked: Mapping[str, Floats], bar: int,
) -> tuple[Condition, ...]:  # fmt: skip
    found = []
    for side in sides(params["direction"]):
        edge, where = (upper, "above") if side > 0 else (lower, "below")
        holds = is_fresh and side * (close - edge) > 0
        found.append(Condition(f"Close leaves the range, {where} it", side, holds, close, edge, side, True, True))
        for name, least in asked.items():
            if name != "volatility" or params["volatility_min"] > 0:
                value, threshold = had[name][bar], least[bar]
                is_price = name == "volatility"
                words = "ATR is at least" if is_price else "Volume is at least"
                found.append(Condition(words, side, bool(value >= threshold), value, threshold, is_price=is_price))
    return tuple(found)


def _explain(
    candles: Candles, upper: Floats, lower: Floats, fresh: Bools, returned: Bools, over: Bools, weak: Clause, bar: int
) -> Clause:
    if over[bar]:
        return Clause("the day of the opening range is over")
    if not np.isfinite(upper[bar]):
        return Clause("the range is not known yet")
    close, low, high = candles.close[bar], lower[bar], upper[bar]
    where, prices = "close {close}, range {low} to {high}", {"close": close, "low": low, "high": high}
    if low <= close <= high:
        if returned[bar]:
            middle = {"middle": (low + high) / 2}
            return Clause(f"the close came back over the middle of the range, {{middle}} ({where})", prices | middle)
        beyond = {"up": high - close, "down": close - low}
        told = f"the close is inside the range ({where}); a close beyond it is missing, {{up}} up or {{down}} down"
        return Clause(told, prices | beyond)
    side = "above" if close > high else "below"
    if not fresh[bar]:
        return Clause(f"the close is still {side} the range that it left before ({where})", prices)
    return Clause(f"the close left the range, {side} it ({where}){weak.words}", prices, weak.numbers)


STRATEGY: Final = Strategy(
    slug="breakout",
    name="Breakout",
    description="Enters when the close leaves a Donchian channel or the day's opening range, if volume agrees.",
    schema=(
        Parameter(
            "range",
            "choice",
            "donchian",
            "What has to be left.",
            choices=("donchian", "opening"),
            words=("Donchian channel: the bars before", "Opening range: the first bars of the UTC day"),
            label="Range to leave",
        ),
        Parameter(
            "period",
            "int",
            20,
            "Bars that make the range.",
            minimum=2,
            maximum=500,
            step=5,
            label="Range over",
            unit="bars",
        ),
        Parameter(
            "volume_min",
            "float",
            1.0,
            "Least volume against its average; 0 for no filter.",
            minimum=0,
            maximum=10,
            step=0.25,
            label="Least volume",
            unit="× average",
        ),
        Parameter(
            "volume_period",
            "int",
            20,
            "Bars in the average volume.",
            minimum=2,
            maximum=500,
            step=5,
            label="Average volume over",
            unit="bars",
        ),
        Parameter(
            "volatility_min",
            "float",
            0.0,
            "Least ATR as a fraction of price.",
            minimum=0,
            maximum=0.2,
            step=0.0025,
            label="Least volatility",
            unit="× price",
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
            2.0,
            "Stop distance from the signal's close, in ATRs.",
            minimum=0.1,
            maximum=20,
            step=0.5,
            label="Stop distance",
            unit="ATR",
        ),
        Parameter(
            "target_atr",
            "float",
            0.0,
            "Target distance in ATRs; 0 for none.",
            minimum=0,
            maximum=50,
            step=0.5,
            label="Target distance",
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
    compute=_compute,
    settle=_settle,
)
