"""The one interface of a strategy: closed candles and parameters in, intents per bar out.

A strategy is a value, not a class to inherit from: a name, a schema, and three pure functions. Backtest, paper and live
call the same `intents`; what it says at bar t may use bars up to and including t and nothing else, and is acted on
after that bar has closed. The schema is the single description of the parameters: it validates them here and later
becomes the form, the API and the sweep's grid.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any, Final, Literal, overload

import numpy as np
from numpy.typing import NDArray

from quant.candles import Bools, Candles, Floats, Ints
from quant.errors import ParameterError
from quant.indicators import shared

Params = Mapping[str, Any]
Signs = NDArray[np.int8]

LONG: Final = 1
SHORT: Final = -1

# Of nested data: a group of conditions, a price or a distance of protection, a distance alone, the weight of an entry,
# strategies with weights; or whatever JSON the strategy takes.
Shape = Literal["rules", "level", "distance", "weight", "members", "json"]


@dataclass(frozen=True)
class Parameter:
    """One parameter: what it may be, and what a form needs to ask for it.

    `kind` "int" and "float" use minimum, maximum and step (the grid of a sweep and the arrows of a form; values between
    steps are allowed); "choice" uses choices, which `words` name for people in the same order; "data" is nested JSON
    that the strategy itself checks and `say` puts into words; `shape` names what it consists of, so that a form can ask
    for it, and `parts` are its members in words. `label` and `unit` ("bars", "ATR") are what people read.
    """

    name: str
    kind: Literal["int", "float", "choice", "data"]
    default: Any
    help: str
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    choices: tuple[str, ...] = ()
    label: str = ""
    unit: str = ""
    words: tuple[str, ...] = ()
    say: Callable[[Any], str] = str
    shape: Shape = "json"
    may_be_empty: bool = False
    parts: Callable[[Any], list[str]] | None = None

    @property
    def title(self) -> str:
        """The label, or the name made readable where a strategy gives none."""
        return self.label or self.name.replace("_", " ").capitalize()

    @property
    def options(self) -> tuple[tuple[str, str], ...]:
        """The choices, each with its words."""
        return tuple(zip(self.choices, self.words or self.choices, strict=True))

    def in_words(self, value: Any) -> str:
        """The value as people read it: `20 bars`, `Exponential (EMA)`, the rules of data in a sentence."""
        if self.kind == "data":
            return self.say(value)
        if self.kind == "choice":
            return dict(self.options).get(value, str(value))
        number = f"{value:g}" if isinstance(value, int | float) else str(value)
        return f"{number} {self.unit}".rstrip()

    def clean(self, value: Any) -> Any:
        """The value in its own type, or a `ParameterError` that says what would be accepted."""
        if self.kind == "choice":
            if value not in self.choices:
                raise ParameterError(f"Set {self.name} to one of {', '.join(self.choices)}: {value!r} is none of them.")
            return value
        if self.kind == "data":
            return value
        number = self._number(value)
        if (self.minimum is not None and number < self.minimum) or (self.maximum is not None and number > self.maximum):
            raise ParameterError(
                f"Set {self.name} between {self.minimum:g} and {self.maximum:g}: {number:g} is outside."
            )
        return number

    def _number(self, value: Any) -> int | float:
        whole = self.kind == "int"
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            number = np.nan
        if isinstance(value, bool) or not np.isfinite(number) or (whole and not number.is_integer()):
            raise ParameterError(f"Set {self.name} to a {'whole ' if whole else ''}number: {value!r} is not one.")
        return int(number) if whole else number


@dataclass(frozen=True)
class Rule:
    """A rule across parameters: the sentence to show when `holds` is false."""

    holds: Callable[[Params], bool]
    message: str


@dataclass(frozen=True, slots=True)
class Clause:
    """A rule with its figures: words with a place for each, `{fast}`, so that whoever shows it decides how it reads.

    `prices` are market prices in quote; `numbers` are thresholds, ratios and scores, written with the digits to show.
    What is counted, such as bars, stands in the words.
    """

    words: str
    prices: Mapping[str, float] = field(default_factory=dict)
    numbers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.words.format_map({name: f"{price:.6g}" for name, price in self.prices.items()} | dict(self.numbers))


# The group of conditions that have to hold beside the rule.
ALSO: Final = "also"


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition of a rule at a bar: what is looked at, its `value`, and the `threshold` that it has to be beyond.

    `goes` is 1 where it has to be above, -1 where below; `crosses` says that it has to get there on this bar. What is
    not known yet is NaN, and so are both of a pattern, which has no figures. `toward` is the side of the entry that it
    is for, 0 for leaving. A value `is_price` in quote.

    `group` says with which others it counts: `all` of them or `any`; in a group within a group, its path, such as
    `all[2].any` for the second member of all. What is `ALSO` has to hold beside them, and is told where it does not.
    """

    words: str
    toward: int
    holds: bool
    value: float = np.nan
    threshold: float = np.nan
    goes: int = 1
    crosses: bool = False
    is_price: bool = False
    has_figures: bool = True
    group: str = "all"

    @property
    def difference(self) -> float:
        """From the value to the threshold: above zero where the value has to rise."""
        return self.threshold - self.value

    @property
    def is_beyond(self) -> bool:
        """Whether the value is on the side where it has to be; one that crosses may be there since before."""
        return self.goes * self.difference < 0


def digits(value: float) -> str:
    """Six significant digits without an exponent, which is more than any reader compares: `2.5`, `0.0000123`."""
    if not np.isfinite(value):
        return "unknown"
    return np.format_float_positional(value, precision=6, unique=False, fractional=False, trim="-")


def _nothing_to_explain(bar: int) -> Clause:
    return Clause(f"no reason was recorded for bar {bar}")


def _no_conditions(bar: int, held: int) -> tuple[Condition, ...]:
    return ()


@lru_cache(maxsize=8)
def nowhere(bars: int) -> Floats:
    """`(bars,)` of NaN in eight bytes: a read-only broadcast view."""
    return np.broadcast_to(np.float64(np.nan), (bars,))


# The levels at these bars `(B,)`, computed when somebody asks: most bars have no entry, and nobody asks about them.
AtBars = Callable[[Ints], Floats]


class _Levels:
    """A column of `Intents` that is given for every bar, or as `AtBars` for the entries. It is read for every bar."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.given = f"_{name}"

    @overload
    def __get__(self, intents: None, owner: type) -> None: ...
    @overload
    def __get__(self, intents: Intents, owner: type) -> Floats: ...
    def __get__(self, intents: Intents | None, owner: type) -> Floats | None:
        if intents is None:
            return None  # the field's default: nothing is given
        column: Floats | AtBars | None = vars(intents)[self.given]
        if column is None:
            return nowhere(len(intents))
        if callable(column):
            dense = np.full(len(intents), np.nan)
            dense[intents.entries] = column(intents.entries)
            column = vars(intents)[self.given] = dense
        return column

    def __set__(self, intents: Intents, column: Floats | AtBars | None) -> None:
        vars(intents)[self.given] = column


def _signals(enter: Signs, exit_: Bools) -> Ints:
    bars: Ints = np.flatnonzero((enter != 0) | exit_)
    return bars


_known_signals = shared(_signals)


@dataclass(frozen=True, eq=False)
class Intents:
    """What a strategy wants after each bar, all arrays `(T,)`.

    enter     int8: 1 go long, -1 go short, 0 nothing
    exit      bool: leave whatever position is held (before entering, where both are set)
    stop      protective stop price for an entry on this bar, NaN for none
    target    profit target price for an entry on this bar, NaN for none
    trail     distance in quote at which the stop follows the best price since entry, NaN for none
    size      weight of an entry relative to the configured size, NaN for 1
    indicators  arrays by name, for charts and explanations
    explain   the rule at bar i with its values, its threshold and what is missing, as a clause: what follows from it
              depends on what is held, so whoever decides says that in front of it
    conditions  of bar i and of what is held (1, -1, 0 for nothing): each condition of the rule to enter, or to leave,
              with the figures that `explain` tells of

    What a strategy does not use it leaves out: those arrays are NaN throughout, as read-only views without memory. The
    four that say something about entries only may be given as functions from bars to values (`AtBars`), and are NaN
    wherever there is no entry then.
    """

    enter: Signs
    exit: Bools
    stop: _Levels = _Levels()
    target: _Levels = _Levels()
    trail: _Levels = _Levels()
    size: _Levels = _Levels()
    indicators: Mapping[str, Floats] = field(default_factory=dict)
    explain: Callable[[int], Clause] = _nothing_to_explain
    conditions: Callable[[int, int], Sequence[Condition]] = _no_conditions

    def __len__(self) -> int:
        return int(self.enter.size)

    @cached_property
    def signals(self) -> Ints:
        """The bars on which something is wanted, in order."""
        # What is read-only is remembered itself, and asked about again.
        if self.enter.flags.writeable:
            return _signals(self.enter, self.exit)
        return _known_signals(self.enter, self.exit)

    @cached_property
    def entries(self) -> Ints:
        """Those of them with an entry."""
        bars: Ints = self.signals
        entries: Ints = bars[self.enter[bars] != 0]
        return entries

    def levels(self, name: str, bars: Ints) -> Floats | None:
        """The stops, targets, trails or sizes of these bars, which have entries, and no others; None without any."""
        column: Floats | AtBars | None = vars(self)[f"_{name}"]
        return column(bars) if callable(column) else None if column is None else column[bars]

    def wanting(self, enter: Signs, exit_: Bools) -> Intents:
        """The same with some entries or exits more or less: levels are still computed for entries alone."""
        given = {name: vars(self)[f"_{name}"] for name in ("stop", "target", "trail", "size")}
        return replace(self, enter=enter, exit=exit_, **given)


@dataclass(frozen=True)
class Strategy:
    """A strategy by slug; `compute` and `settle` receive validated parameters only."""

    slug: str
    name: str
    description: str
    schema: tuple[Parameter, ...]
    compute: Callable[[Candles, Params], Intents]
    settle: Callable[[Params], int]
    rules: tuple[Rule, ...] = ()
    complete: Callable[[dict[str, Any]], dict[str, Any]] = lambda params: params

    @property
    def is_composed(self) -> bool:
        """Whether a part of it is data that no simple form can ask for."""
        return any(parameter.kind == "data" for parameter in self.schema)

    def defaults(self) -> dict[str, Any]:
        """The parameters of a new agent."""
        return {parameter.name: parameter.default for parameter in self.schema}

    def validate(self, params: Params) -> dict[str, Any]:
        """All parameters, defaults filled in and types made exact.

        Raises `ParameterError` for an unknown name, a value outside its schema or a broken rule across parameters.
        """
        unknown = sorted(set(params) - {parameter.name for parameter in self.schema})
        if unknown:
            raise ParameterError(f"Remove {', '.join(unknown)}: {self.name} has no such parameter.")
        clean = {
            parameter.name: parameter.clean(params.get(parameter.name, parameter.default)) for parameter in self.schema
        }
        for rule in self.rules:
            if not rule.holds(clean):
                raise ParameterError(rule.message)
        return self.complete(clean)

    def warmup(self, params: Params) -> int:
        """Bars to load before the first bar that will be acted on.

        After this many bars every indicator has forgotten where its data began. Intents appear earlier, as soon as the
        indicators exist, which is what backtests elsewhere do too.
        """
        return self.settle(self.validate(params))

    def intents(self, candles: Candles, params: Params) -> Intents:
        """What the strategy wants after each of the candles; arrays as long as the candles."""
        return self.compute(candles, self.validate(params))
