"""What can be wanted: the metrics, the kinds of goals, and a target read from what somebody wrote.

Every kind of goal comes down to comparisons over the same metrics, so a target has one form, is stored in it, and one
function measures it. Pure: no database.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from typing import Any, Final, Literal

from kit.decimals import parse, plain
from kit.errors import InvalidInputError
from kit.limits import MAX_AMOUNT
from kit.sentences import Sentence, figure, number, sentence, share

Unit = Literal["count", "money", "ratio", "share"]
Source = Literal["trades", "fills", "days", "value"]


@dataclass(frozen=True, slots=True)
class Metric:
    """Something that is measured. `per` is the noun that "12 … a day" needs; `source` what it is counted from."""

    name: str
    label: str
    unit: Unit
    source: Source
    help: str
    per: str = ""
    most: Decimal | None = None  # what it can never exceed


METRICS: Final = {
    metric.name: metric
    for metric in (
        Metric("trades", "Closed trades", "count", "trades", "Trades that closed in the period.", per="trades"),
        Metric("fills", "Fills", "count", "fills", "Executions that happened in the period.", per="fills"),
        Metric("volume", "Volume", "money", "fills", "Price times quantity of all fills in the period."),
        Metric("profit", "Profit", "money", "trades", "Of the trades closed in the period, net of all fees."),
        Metric("average_profit", "Average profit per trade", "money", "trades", "Profit divided by closed trades."),
        Metric("win_rate", "Win rate", "share", "trades", "Part of the closed trades that won.", most=Decimal(1)),
        Metric("profit_factor", "Profit factor", "ratio", "trades", "What the winners made for one that losers lost."),
        Metric("return", "Return", "share", "days", "Time-weighted, over the whole days of the period."),
        Metric("sharpe", "Sharpe ratio", "ratio", "days", "Of daily returns, for a year of 365 days."),
        Metric("sortino", "Sortino ratio", "ratio", "days", "As Sharpe, counting only days that lost."),
        Metric(
            "drawdown", "Drawdown", "share", "days", "Deepest fall from a peak, at the ends of days.", most=Decimal(1)
        ),
        Metric("equity", "Equity", "money", "value", "What everything in scope is worth now."),
    )
}
OPERATORS: Final = {">=": "at least", ">": "above", "<=": "at most", "<": "below"}

# What each kind measures, by the name that people and programs use; the first is what a bare number means.
MEASURES: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "trade_volume": {"count": ("trades", ">="), "notional": ("volume", ">=")},
    "profit_target": {"total": ("profit", ">="), "average": ("average_profit", ">=")},
    "strategy_performance": {
        "sharpe": ("sharpe", ">"),
        "sortino": ("sortino", ">"),
        "win_rate": ("win_rate", ">="),
        "profit_factor": ("profit_factor", ">="),
        "drawdown": ("drawdown", "<="),
        "return": ("return", ">="),
    },
    "equity": {"value": ("equity", ">=")},
}
# Below these a rate says little; a goal may ask for more, and of days never for less than the ratios need.
MINIMUM_TRADES: Final = 10
MINIMUM_DAYS: Final = 30
MOST_CONDITIONS: Final = 8
_WHOLE: Final = re.compile("[0-9]{1,9}")
_SIMPLE: Final = frozenset({"measure", "value", "minimum_trades", "minimum_days"})
_CUSTOM: Final = frozenset({"match", "conditions", "minimum_trades", "minimum_days"})


@dataclass(frozen=True, slots=True)
class Condition:
    """A comparison: the metric, how, and with what; shares are fractions, money is in the goal's base."""

    metric: Metric
    operator: str
    value: Decimal

    @property
    def wants_more(self) -> bool:
        return self.operator in {">=", ">"}

    def holds(self, found: Decimal) -> bool:
        match self.operator:
            case ">=":
                return found >= self.value
            case ">":
                return found > self.value
            case "<=":
                return found <= self.value
            case _:
                return found < self.value


@dataclass(frozen=True, slots=True)
class Target:
    """All of the conditions, or any of them; `minimum_trades` and `minimum_days` are the sample that they need."""

    conditions: tuple[Condition, ...]
    match: str = "all"
    minimum_trades: int = 0
    minimum_days: int = 0

    @property
    def main(self) -> Condition:
        """The one that a card shows."""
        return self.conditions[0]

    def needs(self, source: Source) -> bool:
        return any(condition.metric.source == source for condition in self.conditions)

    @property
    def stored(self) -> dict[str, Any]:
        """As JSON: what `load` reads."""
        return {
            "match": self.match,
            "conditions": [
                {"metric": one.metric.name, "operator": one.operator, "value": plain(one.value)}
                for one in self.conditions
            ],
            "minimum_trades": self.minimum_trades,
            "minimum_days": self.minimum_days,
        }

    def with_value(self, value: Decimal) -> "Target":
        """The same target with another value of its main condition."""
        first, *others = self.conditions
        return Target(
            (Condition(first.metric, first.operator, value), *others),
            self.match,
            self.minimum_trades,
            self.minimum_days,
        )

    def told(self, kind: str) -> dict[str, Any]:
        """As somebody would write it for a goal of this kind: what `read` reads."""
        sample = {"minimum_trades": self.minimum_trades, "minimum_days": self.minimum_days}
        if kind in MEASURES:
            of = {metric: measure for measure, (metric, _) in MEASURES[kind].items()}
            return {"measure": of[self.main.metric.name], "value": plain(self.main.value), **sample}
        return {"match": self.match, "conditions": self.stored["conditions"], **sample}


def load(stored: Mapping[str, Any]) -> Target:
    """The target that a goal keeps; it was checked when it was written."""
    return Target(
        conditions=tuple(
            Condition(METRICS[one["metric"]], one["operator"], Decimal(one["value"])) for one in stored["conditions"]
        ),
        match=stored["match"],
        minimum_trades=stored["minimum_trades"],
        minimum_days=stored["minimum_days"],
    )


def read(kind: str, given: Any) -> Target:
    """The target that somebody wrote for a goal of this kind.

    A bare number is the kind's first measure; otherwise an object: `{measure, value}`, and for a custom goal
    `{match: all | any, conditions: [{metric, operator, value}]}`; both take `minimum_trades` and `minimum_days`. Raises
    InvalidInputError, about the field by its place, for what cannot be reached or makes no sense.
    """
    if kind in MEASURES:
        if not isinstance(given, Mapping):
            given = {"value": given}
        _known_only(given, _SIMPLE)
        measure = given.get("measure", next(iter(MEASURES[kind])))
        if not isinstance(measure, str) or measure not in MEASURES[kind]:
            raise _wrong("target.measure", f"Choose one of {', '.join(MEASURES[kind])}.")
        metric, operator = MEASURES[kind][measure]
        conditions: tuple[Condition, ...] = (_condition(METRICS[metric], operator, given.get("value"), "target.value"),)
        match = "all"
    elif kind == "custom":
        if not isinstance(given, Mapping):
            raise _wrong("target", "Give the conditions of a custom goal.")
        _known_only(given, _CUSTOM)
        match = given.get("match", "all")
        if match not in ("all", "any"):
            raise _wrong("target.match", "Choose all or any.")
        conditions = tuple(_conditions(given.get("conditions")))
    else:
        raise _wrong("kind", f"Choose one of {', '.join((*MEASURES, 'custom'))}.")
    target = Target(conditions, match, *_sample(given, conditions))
    if kind == "custom":
        _check_possible(target)
    return target


def _check_possible(target: Target) -> None:
    """Raises InvalidInputError where what is wanted contradicts itself: no figure is above 60 % and below 50 %."""
    if target.match == "all":
        for metric in {one.metric.name: one.metric for one in target.conditions}.values():
            of_it = [one for one in target.conditions if one.metric is metric]
            lowest = max((one for one in of_it if one.wants_more), key=_strictness, default=None)
            highest = min((one for one in of_it if not one.wants_more), key=_strictness, default=None)
            if lowest and highest and not _leave_room(lowest, highest):
                raise _contradiction(
                    sentence(
                        "{metric} cannot be {low} and {high} at once: change one, or let any comparison be enough.",
                        metric=metric.label, low=_told(lowest), high=_told(highest),
                    )
                )  # fmt: skip
        # Each closed trade has a fill of its own that closed it, in the same period.
        trades = [one for one in target.conditions if one.metric.name == "trades" and one.wants_more]
        fills = [one for one in target.conditions if one.metric.name == "fills" and not one.wants_more]
        for low, high in product(trades, fills):
            if not _leave_room(low, high):
                raise _contradiction(
                    sentence(
                        "Each closed trade has a fill: closed trades cannot be {low} while fills are {high}.",
                        low=_told(low), high=_told(high),
                    )
                )  # fmt: skip
    most = [one for one in target.conditions if one.metric.name == "trades" and not one.wants_more]
    if (target.match == "all" or len(most) == len(target.conditions)) and any(
        not one.holds(Decimal(target.minimum_trades)) for one in most
    ):
        raise _contradiction(
            sentence(
                "It is measured after {least} closed trades, and allows fewer: change one of them.",
                least=str(target.minimum_trades),
            )
        )


def _strictness(condition: Condition) -> tuple[Decimal, bool]:
    """Orders the bounds of one side: of two with one number, "above" is beyond "at least", "below" before "at most"."""
    return condition.value, condition.operator in {">", "<="}


def _leave_room(lowest: Condition, highest: Condition) -> bool:
    """Whether some figure is both."""
    if lowest.metric.unit == "count":
        least = lowest.value + 1 if lowest.operator == ">" else lowest.value
        return highest.holds(least)
    if lowest.value == highest.value:
        return lowest.holds(lowest.value) and highest.holds(highest.value)
    return lowest.value < highest.value


def _told(condition: Condition) -> Sentence:
    kind = {"share": share, "money": figure}.get(condition.metric.unit)
    value = kind(condition.value) if kind else number(plain(condition.value))
    return sentence("{operator} {value}", operator=OPERATORS[condition.operator], value=value)


def _contradiction(said: Sentence) -> InvalidInputError:
    return InvalidInputError(said, fields={"target.conditions": said.exact})


def _conditions(given: Any) -> Iterator[Condition]:
    if not isinstance(given, list) or not 1 <= len(given) <= MOST_CONDITIONS:
        raise _wrong("target.conditions", f"Give one to {MOST_CONDITIONS} comparisons.")
    for row, one in enumerate(given):
        place = f"target.conditions.{row}"
        if not isinstance(one, Mapping) or set(one) != {"metric", "operator", "value"}:
            raise _wrong(place, "A comparison has metric, operator and value.")
        if not isinstance(one["metric"], str) or one["metric"] not in METRICS:
            raise _wrong(f"{place}.metric", f"Choose one of {', '.join(METRICS)}.")
        if not isinstance(one["operator"], str) or one["operator"] not in OPERATORS:
            raise _wrong(f"{place}.operator", f"Choose one of {', '.join(OPERATORS)}.")
        yield _condition(METRICS[one["metric"]], one["operator"], one["value"], f"{place}.value")


def _condition(metric: Metric, operator: str, given: Any, field: str) -> Condition:
    try:
        if given is None or isinstance(given, bool):
            raise ValueError(given)
        value = parse(str(given))
    except ValueError as error:
        raise _wrong(field, 'Give a number, such as "200.5".') from error
    if abs(value) >= MAX_AMOUNT:
        raise _wrong(field, "It is larger than anything that the books hold.")
    condition = Condition(metric, operator, value)
    if metric.unit == "count" and value != value.to_integral_value():
        raise _wrong(field, f"{metric.label} are whole: give a whole number.")
    if condition.wants_more and value <= 0:
        raise _wrong(field, "Give a target above zero: it is reached already.")
    if not condition.wants_more and value <= 0 and metric.name not in {"profit", "average_profit", "return"}:
        raise _wrong(field, f"{metric.label} is never below zero: give a larger limit.")
    if (
        metric.most is not None
        and condition.wants_more
        and (value > metric.most or (operator == ">" and value == metric.most))
    ):
        raise _wrong(field, f"{metric.label} is a fraction and never above {plain(metric.most)}: 0.6 is 60 %.")
    if metric.most is not None and not condition.wants_more and value >= metric.most:
        raise _wrong(field, f"{metric.label} is a fraction below {plain(metric.most)}: 0.1 is 10 %.")
    return condition


def _sample(given: Mapping[str, Any], conditions: tuple[Condition, ...]) -> tuple[int, int]:
    """The least trades and days: what was asked for, what ratios need at least, else what makes sense."""
    rates = any(one.metric.name in {"win_rate", "profit_factor", "average_profit"} for one in conditions)
    days = any(one.metric.source == "days" for one in conditions)
    trades = _whole(given, "minimum_trades", MINIMUM_TRADES if rates else 0)
    whole_days = _whole(given, "minimum_days", MINIMUM_DAYS if days else 0)
    if days and whole_days < MINIMUM_DAYS:
        raise _wrong("target.minimum_days", f"Returns say something after {MINIMUM_DAYS} whole days: ask for as many.")
    return trades, whole_days


def _whole(given: Mapping[str, Any], name: str, usual: int) -> int:
    value = given.get(name)
    if value is None or value == "":
        return usual
    number = whole(value)
    if number is None or number > 1_000_000:
        raise _wrong(f"target.{name}", "Give a whole number up to 1,000,000.")
    return number


def whole(given: Any) -> int | None:
    """The number that somebody wrote with the digits 0 to 9, at most nine of them; None for anything else."""
    if isinstance(given, bool) or not isinstance(given, int | str):
        return None
    written = str(given) if isinstance(given, str) or abs(given) < 10**9 else ""
    return int(written) if _WHOLE.fullmatch(written) else None


def _known_only(given: Mapping[str, Any], known: frozenset[str]) -> None:
    if unknown := sorted(set(map(str, given)) - known):
        raise _wrong(f"target.{unknown[0]}", f"There is no such field; there are {', '.join(sorted(known))}.")


def _wrong(field: str, said: str) -> InvalidInputError:
    return InvalidInputError(said, fields={field: said})
