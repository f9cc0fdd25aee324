"""How far a target is reached, from what was counted. Pure: no database.

What cannot be measured is unknown, with the reason, and never zero: a ratio of too few days, money in an asset that has
no price. A condition that holds on too small a sample is not reached yet; the sample is the way to it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

import numpy as np

from goals.targets import Condition, Target
from kit.decimals import plain
from kit.sentences import Sentence, sentence
from quant import metrics

DAYS_PER_YEAR: Final = 365
Floats = np.ndarray[Any, np.dtype[np.float64]]
NOTHING: Final[Floats] = np.empty(0)
NOT_SAID: Final = Sentence()
_PLACES: Final = Decimal("1e-12")
_EXACT: Final = Decimal("1e-18")


@dataclass(frozen=True)
class Figures:
    """What was counted for a goal: whole numbers, money in its base, and the returns of whole days as fractions.

    `unpriced` are assets that money was counted in and that have no price in the base; `why_no_days` and `why_no_value`
    say why there are none.
    """

    fills: int = 0
    volume: Decimal | None = Decimal(0)
    trades: int = 0
    won_trades: int = 0
    lost_trades: int = 0
    won: Decimal | None = Decimal(0)
    lost: Decimal | None = Decimal(0)
    unpriced: tuple[str, ...] = ()
    returns: Floats = field(default_factory=lambda: NOTHING)
    why_no_days: Sentence = NOT_SAID
    equity: Decimal | None = None
    why_no_value: Sentence = NOT_SAID

    def at_another_moment(self, returns: Floats, why_no_days: Sentence, equity: Decimal | None) -> "Figures":
        """The same counts with other returns and another value."""
        return replace(self, returns=returns, why_no_days=why_no_days, equity=equity)

    @property
    def days(self) -> int:
        return int(self.returns.size)

    @property
    def profit(self) -> Decimal | None:
        return None if self.won is None or self.lost is None else self.won - self.lost

    @cached_property
    def drawdown(self) -> float | None:
        """The deepest fall of the index from its peak, a fraction ≥ 0."""
        if not self.days:
            return None
        index = np.concatenate((np.ones(1), np.cumprod(1 + self.returns)))
        return float(np.max(1 - index / np.maximum.accumulate(index)))


@dataclass(frozen=True, slots=True)
class Found:
    """What one condition has come to: its value, or why there is none, and whether it holds."""

    value: Decimal | None
    holds: bool
    unknown: Sentence = NOT_SAID


@dataclass(frozen=True, slots=True)
class Reading:
    """Where a goal stands: the value of its main condition, the part of the way (0 to 1), whether all is reached.

    `unknown` says why there is no value, or why what holds does not count yet; `found` is about each of its conditions,
    in their order, and empty where nothing was measured.
    """

    value: Decimal | None
    progress: float
    is_reached: bool
    unknown: Sentence = NOT_SAID
    found: tuple[Found, ...] = ()

    @property
    def values(self) -> list[str | None]:
        """The value of each condition as JSON."""
        return [None if one.value is None else plain(one.value) for one in self.found]


def _ratio(figures: Figures, of: Callable[..., Any]) -> float | None:
    found = of(figures.returns, periods_per_year=DAYS_PER_YEAR)
    value: float | None = getattr(found, "value", found)
    return value


_MEASURED: Final[Mapping[str, Callable[[Figures], Decimal | float | int | None]]] = {
    "trades": lambda figures: figures.trades,
    "fills": lambda figures: figures.fills,
    "volume": lambda figures: figures.volume,
    "profit": lambda figures: figures.profit,
    "average_profit": lambda figures: None if figures.profit is None else figures.profit / figures.trades,
    "win_rate": lambda figures: Decimal(figures.won_trades) / figures.trades,
    "profit_factor": lambda figures: figures.won / figures.lost if figures.won is not None and figures.lost else None,
    "return": lambda figures: float(np.prod(1 + figures.returns) - 1),
    "sharpe": lambda figures: _ratio(figures, metrics.sharpe),
    "sortino": lambda figures: _ratio(figures, metrics.sortino),
    "drawdown": lambda figures: figures.drawdown,
    "equity": lambda figures: figures.equity,
}


def value_of(name: str, figures: Figures) -> Decimal | None:
    """The metric's value; None while it is unknown."""
    if _why_unknown(name, figures):
        return None
    found = _MEASURED[name](figures)
    if found is None or (isinstance(found, float) and not np.isfinite(found)):
        return None
    exact = isinstance(found, Decimal | int)
    return Decimal(found).quantize(_EXACT) if exact else Decimal(repr(found)).quantize(_PLACES)


def reading(target: Target, figures: Figures, *, began_with: Decimal | None = None) -> Reading:
    """Where a goal with this target stands. `began_with` is the value that its way began at; None is nothing."""
    found = tuple(_found(one, figures) for one in target.conditions)
    short = _short_of(target, figures)
    holding = [one.holds for one in found]
    together = all if target.match == "all" else any
    ways = [_way(one, what.value, began_with) for one, what in zip(target.conditions, found, strict=True)]
    way = min(ways) if target.match == "all" else max(ways)
    is_reached = together(holding) and not short
    if not is_reached:
        # What holds on a small sample is on its way, as far as the sample is; what does not hold is never all the way.
        way = min(way, _sample_of(target, figures)) if together(holding) else min(way, _ALMOST)
    main = found[0]
    unknown = short
    if main.value is None:
        unknown = _why_unknown(target.main.metric.name, figures) or short or _INDIFFERENT
    return Reading(main.value, 1.0 if is_reached else way, is_reached, unknown, found)


def as_it_ended(target: Target, values: Sequence[Decimal | None]) -> tuple[Found, ...]:
    """What the conditions had come to when the goal ended, by the values that were written down then."""
    known = [*values, *[None] * (len(target.conditions) - len(values))]
    return tuple(
        Found(None, holds=False, unknown=_LOST) if value is None else Found(value, condition.holds(value))
        for condition, value in zip(target.conditions, known, strict=True)
    )


def _found(condition: Condition, figures: Figures) -> Found:
    value = value_of(condition.metric.name, figures)
    if value is None:
        return Found(None, holds=False, unknown=_why_unknown(condition.metric.name, figures) or _INDIFFERENT)
    return Found(value, condition.holds(value))


_ALMOST: Final = 0.999
_LOST: Final = Sentence("It was not known when the goal ended.")
_INDIFFERENT: Final = Sentence("Not known: the returns do not vary, or there was no loss to compare with.")


def _way(condition: Condition, value: Decimal | None, began_with: Decimal | None) -> float:
    """From 0 to 1; of what should stay small, 1 as long as it does."""
    if value is None:
        return 0.0
    if condition.holds(value):
        return 1.0
    start = began_with if began_with is not None and condition.metric.source == "value" else Decimal(0)
    if condition.wants_more:
        span = condition.value - start
        return float(min(max((value - start) / span, Decimal(0)), Decimal(1))) if span > 0 else 0.0
    return float(max(condition.value, Decimal(0)) / value) if value > 0 else 0.0


def _why_unknown(name: str, figures: Figures) -> Sentence:
    if name in {"volume", "profit", "average_profit", "profit_factor"} and figures.unpriced:
        return sentence(
            "Nothing says what {assets} is worth: no market leads to it.", assets=", ".join(figures.unpriced)
        )
    if name in {"average_profit", "win_rate", "profit_factor"} and not figures.trades:
        return Sentence("No trade has closed in the period yet.")
    if name in {"return", "sharpe", "sortino", "drawdown"} and not figures.days:
        return figures.why_no_days or Sentence("No whole day has passed in the period yet.")
    if name == "equity" and figures.equity is None:
        return figures.why_no_value or Sentence("What is in scope cannot be valued now.")
    return Sentence()


def _short_of(target: Target, figures: Figures) -> Sentence:
    """What the sample still lacks."""
    if target.minimum_days > figures.days:
        return figures.why_no_days or sentence(
            "Measured after {needed} whole days; there are {days} so far.",
            needed=str(target.minimum_days), days=str(figures.days),
        )  # fmt: skip
    if target.minimum_trades > figures.trades:
        return sentence(
            "Measured after {needed} closed trades; there are {trades} so far.",
            needed=str(target.minimum_trades), trades=str(figures.trades),
        )  # fmt: skip
    return Sentence()


def _sample_of(target: Target, figures: Figures) -> float:
    days = figures.days / target.minimum_days if target.minimum_days else 1.0
    trades = figures.trades / target.minimum_trades if target.minimum_trades else 1.0
    return min(days, trades, _ALMOST)
