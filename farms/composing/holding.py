"""What the entries of rules would have held, bar by bar: a few hundred candles while somebody writes, without numba.

The fills are those of `quant.backtest.kernel` for an agent that is alone with its cash: one order at an open, no entry
whose stop or target the open has passed, the stop before the target within a bar. Fees, lots and ticks are left out.
"""

from dataclasses import dataclass, field

import numpy as np

from quant.candles import Candles
from quant.strategies import Intents


@dataclass(slots=True)
class Held:
    """One position: the bar it was entered at, the stop at each bar from there on (NaN where none), and its end.

    `ended` is "stop", "trail", "target", "exit" or "reverse", and empty while it is held; `last` is its last bar.
    """

    side: int
    first: int
    entry: float
    target: float
    trail: float
    stop: float
    best: float
    trails: bool = False
    stops: list[float] = field(default_factory=list)
    last: int = 0
    ended: str = ""
    left: float = np.nan

    @property
    def gain(self) -> float:
        """What the price did for it, as a fraction; NaN while it is held."""
        return self.side * (self.left / self.entry - 1.0)

    def follow(self, price: float) -> None:
        """Let the stop follow the best price since the entry."""
        self.best = max(self.best, price) if self.side > 0 else min(self.best, price)
        level = self.best - self.side * self.trail
        if self.side * (level - self.stop) > 0 or (np.isnan(self.stop) and not np.isnan(level)):
            self.stop, self.trails = level, True

    def end(self, bar: int, why: str, price: float) -> None:
        self.last, self.ended, self.left = bar, why, price


def held(candles: Candles, intents: Intents, first: int) -> list[Held]:
    """The positions that signals from bar `first` on would have opened, in their order."""
    found: list[Held] = []
    for bar in range(first + 1, len(candles)):
        now = found[-1] if found and not found[-1].ended else None
        said, opened = bar - 1, float(candles.open[bar])
        enter = int(intents.enter[said])
        if now is not None and (enter * now.side < 0 or intents.exit[said]):
            now.end(bar, "reverse" if enter * now.side < 0 else "exit", opened)
            continue
        if now is None and enter:
            now = _entered(intents, bar, enter, opened)
            found += [] if now is None else [now]
        if now is not None:
            _inside(now, bar, opened, float(candles.high[bar]), float(candles.low[bar]))
    return found


def _entered(intents: Intents, bar: int, side: int, opened: float) -> Held | None:
    """The position; None where the open has passed its stop or its target, and nothing would protect it."""
    stop, target, trail = (float(getattr(intents, name)[bar - 1]) for name in ("stop", "target", "trail"))
    if side * (opened - stop) <= 0 or side * (target - opened) <= 0 or trail >= opened:
        return None
    made = Held(side, bar, opened, target, trail, stop, opened)
    made.follow(opened)
    return made


def _inside(now: Held, bar: int, opened: float, high: float, low: float) -> None:
    """The stop, else the target, else the trailing stop follows; what the open has reached comes before all."""
    now.follow(opened)
    now.last = bar
    now.stops.append(now.stop)
    worst, best = (low, high) if now.side > 0 else (high, low)
    gained = now.side * (opened - now.target) >= 0 and not now.side * (opened - now.stop) <= 0
    if now.side * (worst - now.stop) <= 0 and not gained:
        at = min(now.stop, opened) if now.side > 0 else max(now.stop, opened)
        now.end(bar, "trail" if now.trails else "stop", at)
    elif now.side * (best - now.target) >= 0:
        now.end(bar, "target", max(now.target, opened) if now.side > 0 else min(now.target, opened))
    else:
        now.follow(best)
