"""What rules would have said lately: signals, stops and targets on a market's candles, drawn while they are written."""

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import numpy as np

from farms.charts import overlays
from farms.composing.holding import Held, held
from kit import display, figures, formatting
from kit.figures import Bars, Figure, Line, Mark
from markets.candles.reading import load_candles, moment
from markets.models import Instrument
from markets.prices import to_price
from quant.candles import Bools, Candles, Ints
from quant.strategies import Intents, Params, Strategy

# Candles that are drawn; so many of the signals are marked at most, the newest.
SHOWN: Final = 300
MARKED: Final = 100
# How what was entered would have ended, in the order in which it is told.
ENDS: Final = {
    "stop": "at the stop",
    "trail": "at the trailing stop",
    "target": "at the target",
    "exit": "by the rules",
    "reverse": "by the opposite signal",
    "": "still held",
}
REACHED: Final = {"stop": "Stop", "trail": "Trailing stop", "target": "Target"}


@dataclass(frozen=True, slots=True)
class Preview:
    """The chart with what it shows in words; without a chart the words say why there is none."""

    words: str
    chart: Figure | None = None


def preview(strategy: Strategy, params: Params, instrument: Instrument, timeframe: str) -> Preview:
    """The signals of valid parameters on the last candles of the market."""
    warmup = strategy.warmup(params)
    candles = load_candles(instrument_id=instrument.pk, timeframe=timeframe, limit=warmup + SHOWN)
    if len(candles) <= warmup:
        return Preview(
            f"{instrument.symbol} has {len(candles)} candles of {timeframe}, and these rules need more than {warmup} "
            "before they decide: choose a shorter timeframe or another market."
        )
    intents = strategy.intents(candles, params)
    first = max(warmup, len(candles) - SHOWN)
    entered, left = _signals(intents, first)
    positions = held(candles, intents, first)
    return Preview(
        _words(instrument, timeframe, candles, first, entered, left) + _ends(positions),
        _chart(instrument, timeframe, candles, intents, first, entered, left, positions),
    )


def _signals(intents: Intents, first: int) -> tuple[Ints, Ints]:
    """Bars with an entry, and those that leave what was entered since the last of these."""
    entered = np.flatnonzero(intents.enter[first:] != 0) + first
    leaving = _firsts(intents.enter != 0, intents.exit)
    return entered, np.flatnonzero(leaving[first:]) + first


def _firsts(enter: Bools, leave: Bools) -> Bools:
    """Which exits are the first since an entry: the others leave nothing. Where both are said, leaving comes first."""
    bars = np.arange(enter.size)
    entry = np.maximum.accumulate(np.where(enter, bars, -1))
    exited = np.maximum.accumulate(np.where(leave, bars, -1))
    entry_before, exit_before = np.concatenate(([-1], entry[:-1])), np.concatenate(([-1], exited[:-1]))
    found: Bools = leave & (entry_before >= 0) & (entry_before >= exit_before)
    return found


def _words(instrument: Instrument, timeframe: str, candles: Candles, first: int, entered: Ints, left: Ints) -> str:
    bars = len(candles) - first
    told = f"The last {bars} candles of {timeframe} of {instrument.symbol}: {_count(entered.size)} to enter"
    told += f", {_count(left.size)} to leave."
    if entered.size:
        last = formatting.moment(moment(int(candles.ts[entered[-1]])), display.current().timezone)
        told += f" The last to enter was on the candle of {last}."
    return told


def _ends(positions: list[Held]) -> str:
    """` An agent would have entered 5 times: 3 at the stop, 1 by the rules, 1 still held.`; nothing without any."""
    if not positions:
        return ""
    ends = Counter(one.ended for one in positions)
    times = "once" if len(positions) == 1 else f"{len(positions)} times"
    told = ", ".join(f"{ends[why]} {words}" for why, words in ENDS.items() if ends[why])
    return f" An agent would have entered {times}: {told}."


def _count(number: int) -> str:
    return f"{number or 'no'} signal{'' if number == 1 else 's'}"


def _chart(
    instrument: Instrument,
    timeframe: str,
    candles: Candles,
    intents: Intents,
    first: int,
    entered: Ints,
    left: Ints,
    positions: list[Held],
) -> Figure:
    shown = candles[first:]
    at = [moment(int(ts)) for ts in shown.ts]
    bars = Bars(at, *(getattr(shown, name).tolist() for name in ("open", "high", "low", "close")))
    tick = instrument.tick_size

    def marks(places: Ints, word: Any) -> list[Mark]:
        return [
            Mark(
                moment(int(candles.ts[bar])),
                to_price(candles.close[bar]),
                f"{word(int(bar))} at {formatting.price(to_price(candles.close[bar]), tick)}",
            )
            for bar in places[-MARKED:]
        ]

    long, short = entered[intents.enter[entered] > 0], entered[intents.enter[entered] < 0]
    trades = {
        "buy": marks(long, lambda _: "Enter long"),
        "sell": marks(short, lambda _: "Enter short"),
        "leave": marks(left, lambda _: "Leave"),
        **_reached(candles, positions, tick),
    }
    indicators = {name: values[first:] for name, values in intents.indicators.items()}
    lines = [*overlays(shown, indicators), *_levels(first, len(candles), positions)]
    return figures.candles(bars, trades=trades, lines=lines, revision=f"{instrument.pk} {timeframe}")


def _levels(first: int, bars: int, positions: list[Held]) -> list[Line]:
    """Stop and target at each bar on which something would have been held; none that never stood."""
    stops, targets = np.full(bars, np.nan), np.full(bars, np.nan)
    for one in positions:
        stops[one.first : one.first + len(one.stops)] = one.stops
        targets[one.first : one.first + len(one.stops)] = one.target
    drawn = (("Stop", stops, "var(--down)"), ("Target", targets, "var(--up)"))
    return [Line(name, values[first:].tolist(), paint) for name, values, paint in drawn if np.isfinite(values).any()]


def _reached(candles: Candles, positions: list[Held], tick: Decimal) -> dict[str, list[Mark]]:
    """Where a stop or a target would have ended what was held."""
    found: dict[str, list[Mark]] = {"won": [], "lost": []}
    for one in positions:
        if one.ended in REACHED:
            price, gain = to_price(one.left), formatting.percent(to_price(one.gain), 2, signed=True)
            words = f"{REACHED[one.ended]} at {formatting.price(price, tick)}: {gain}"
            found["won" if one.gain > 0 else "lost"].append(Mark(moment(int(candles.ts[one.last])), price, words))
    return found
