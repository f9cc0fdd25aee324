"""Small causal building blocks that strategies share: crossings, directions, protective prices."""

from __future__ import annotations

from typing import Final

import numpy as np

from quant.candles import Bools, Floats, Ints
from quant.indicators import shared
from quant.strategies.base import LONG, SHORT, AtBars, Parameter, Signs

DIRECTION: Final = Parameter(
    "direction",
    "choice",
    "long",
    "Which side may be entered.",
    choices=("long", "short", "both"),
    words=("Long only", "Short only", "Long and short"),
    label="Direction",
)


# Lines that touch keep their side for so many bars and then forget it: with a longer memory, what an agent sees would
# depend on how far back its candles reach. A strategy that looks for crossings needs these bars beyond its indicators'.
TOUCH_BARS: Final = 20
_BLOCK: Final = 16_384


@shared
def crossings(fast: Floats, slow: Floats | float) -> tuple[Bools, Bools]:
    """Bars where `fast` gets above `slow`, and where it gets below.

    Touching is not crossing: up to `TOUCH_BARS` bars of equality keep the side they came from. The first bar with a
    side, or with one after a longer touch, crosses nothing. So an answer rests on `TOUCH_BARS` + 2 bars.
    """
    above, below = _sides(fast, slow)
    undecided = above == below
    known_from = int(np.argmin(undecided)) if undecided.size else 0
    if undecided[known_from:].any():
        bars = np.arange(undecided.size)
        side = np.maximum.accumulate(np.where(undecided, 0, bars))
        fresh = bars - side <= TOUCH_BARS
        above, below = above[side] & fresh, below[side] & fresh
    up, down = np.zeros_like(above), np.zeros_like(above)
    np.logical_and(above[1:], below[:-1], out=up[1:])
    np.logical_and(below[1:], above[:-1], out=down[1:])
    return up, down


def _sides(fast: Floats, slow: Floats | float) -> tuple[Bools, Bools]:
    """Where `fast` is above and where it is below: bars that were read once are still in the processor's cache."""
    above, below = np.empty(fast.shape, dtype=np.bool_), np.empty(fast.shape, dtype=np.bool_)
    for start in range(0, fast.size, _BLOCK):
        bars = slice(start, start + _BLOCK)
        line = slow[bars] if isinstance(slow, np.ndarray) else slow
        np.greater(fast[bars], line, out=above[bars])
        np.less(fast[bars], line, out=below[bars])
    return above, below


def entries(longs: Bools, shorts: Bools, direction: str) -> Signs:
    """1 where a long may be entered, -1 where a short may, as far as `direction` allows; both at once is neither."""
    # Views of booleans as int8 add up without conversion.
    wanted = np.zeros(longs.shape, dtype=np.int8)
    if direction != "short":
        wanted += longs.view(np.int8)
    if direction != "long":
        wanted -= shorts.view(np.int8)
    return wanted


def offset_from(prices: Floats, distance: Floats, enter: Signs, *, times: float) -> AtBars:
    """Prices `times` × `distance` from `prices` on entry bars; NaN where that would be below zero.

    Positive `times` go to the profitable side of the entry (targets), negative ones to the losing side (stops).
    """

    def at(bars: Ints) -> Floats:
        levels = prices[bars] + times * enter[bars] * distance[bars]
        return np.where(levels > 0, levels, np.nan)

    return at


def times(distance: Floats, factor: float) -> AtBars | None:
    """`factor` × `distance` on entry bars; nothing for a factor of 0."""
    return (lambda bars: factor * distance[bars]) if factor > 0 else None


def latest(happened: Bools, values: Floats, *, within: int) -> Floats:
    """`values` at the last bar where something `happened`, if that was at most `within` bars ago; else NaN."""
    bars = np.arange(happened.size)
    last = np.maximum.accumulate(np.where(happened, bars, -1))
    return np.where((last >= 0) & (bars - last <= within), values[np.maximum(last, 0)], np.nan)


def shifted(flags: Bools, bars: int = 1) -> Bools:
    """Whether it was so `bars` bars ago; False before there is such a bar."""
    result = np.zeros_like(flags)
    result[bars:] = flags[:-bars] if bars < flags.size else flags[:0]
    return result


def sides(direction: str) -> tuple[int, ...]:
    """Those that may be entered, as signs."""
    return {"long": (LONG,), "short": (SHORT,)}.get(direction, (LONG, SHORT))


def word_of(side: int) -> str:
    """ "long", "short" or "flat"."""
    return {LONG: "long", SHORT: "short"}.get(int(side), "flat")
