"""Two accounts beside each other: the same whole days, both lines from zero, every figure twice and its difference.

Days are compared from the first that both have lived through as a whole, so that neither is helped by what the other
has not seen. A wallet and the fund say what Portfolio says of them from that day on; a connection see `combined`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any, Final

from kit import clock, days
from kit.formatting import Missing, Value
from kit.users.models import User
from portfolio.selectors.accounts import Account, Accounts
from portfolio.selectors.combined import Combined, Course, course_of_scope, explained_by
from portfolio.selectors.periods import EPOCH, Period, Span
from portfolio.selectors.places import FARM
from portfolio.selectors.reckoning import Input
from portfolio.selectors.scope import Scope

BOTH: Final = 2


@dataclass(frozen=True, slots=True)
class Metric:
    """`term` is a slug of the glossary, `kind` how a value is written, as in `portfolio/figure.html`; `figure` names
    what Portfolio explains of it. What is better is more of it, where that can be said at all."""

    name: str
    term: str
    kind: str
    figure: str
    read: Callable[[Course], Any]


def _ratio(name: str) -> Callable[[Course], Any]:
    return lambda course: getattr(course.performance, name)


def _of_period(name: str) -> Callable[[Course], Any]:
    return lambda course: getattr(course.outcome, name)


METRICS: Final = (
    Metric("total_return", "return", "change", "return", _of_period("twr")),
    Metric("xirr", "xirr", "change_1", "xirr", _ratio("xirr")),
    Metric("annualised_return", "annualised", "change_1", "annualised", _ratio("annualised_return")),
    Metric("volatility", "volatility", "percent", "volatility", _ratio("volatility")),
    Metric("sharpe", "sharpe", "ratio", "sharpe", _ratio("sharpe")),
    Metric("sortino", "sortino", "ratio", "sortino", _ratio("sortino")),
    Metric("calmar", "calmar", "ratio", "calmar", _ratio("calmar")),
    Metric("max_drawdown", "max_drawdown", "change_1", "drawdown", _of_period("max_drawdown")),
    Metric("value_at_risk", "value_at_risk", "percent", "value-at-risk", _ratio("value_at_risk")),
    Metric("expected_shortfall", "shortfall", "percent", "shortfall", _ratio("expected_shortfall")),
    Metric("profit", "profit", "pnl", "profit", _of_period("profit")),
    Metric("fees", "fees", "money", "profit", _of_period("fees")),
    Metric("flows", "flow", "money_signed", "profit", _of_period("flows")),
    Metric("closing", "closing", "money", "profit", _of_period("closing")),
    Metric("trades", "closed_trades", "count", "win-rate", _ratio("trades")),
    Metric("win_rate", "win_rate", "percent", "win-rate", _ratio("win_rate")),
    Metric("profit_factor", "profit_factor", "ratio", "profit-factor", _ratio("profit_factor")),
)
MONEY: Final = ("pnl", "money", "money_signed")
# What says the same whatever a value is counted in: a return in ETH moves with the price of ETH, and so do its ratios.
COUNTED: Final = ("trades", "win_rate")
# How a difference is written: of fractions in percentage points.
DIFFERENCES: Final = {
    "change": "points", "change_1": "points", "percent": "points", "money": "money_signed",
    "count": "count_signed", "ratio": "ratio_signed",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """A figure of both, the first less the second, and how each is written. Money is in the unit of its account."""

    metric: Metric
    values: tuple[Value, Value]
    units: tuple[str, str]
    difference: Value

    @property
    def told(self) -> Sequence[Input]:
        """Both values and their difference, as the template writes a number."""
        label, kind, (first, second) = self.metric.name, self.metric.kind, self.units
        return [
            Input(label, self.values[0], kind, first),
            Input(label, self.values[1], kind, second),
            Input(label, self.difference, self.difference_kind, first),
        ]

    @property
    def difference_kind(self) -> str:
        return DIFFERENCES.get(self.metric.kind, self.metric.kind)


class Comparison:
    """Of the accounts `first` and `second` (keys of `Accounts`) over the whole days of a period.

    Raises NotFoundError for what is none of the owner's, InvalidInputError for a connection that makes no sum.
    """

    def __init__(self, *, owner: User, period: Period | Span, first: str, second: str) -> None:
        self.owner = owner
        self.asked = period
        self.accounts = Accounts(owner_id=owner.pk, currency=owner.base_currency)
        one, other = (self.accounts.find(key) for key in (first, second or self._other(first)))
        self.pair: tuple[Account, Account] = (one, other)
        self.moment = clock.now()

    def _other(self, first: str) -> str:
        """What is compared with where nothing is chosen: the first farm, or what else there is."""
        others = [one for one in self.accounts.choices if one.key != self.accounts.find(first).key]
        return next((one.key for one in sorted(others, key=lambda one: one.kind != FARM)), first)

    @cached_property
    def _sides(self) -> tuple[Scope | Combined, ...]:
        return tuple(map(self._side, self.pair))

    def _side(self, account: Account) -> Scope | Combined:
        if account.scope is None:
            return Combined(
                account, owner_id=self.owner.pk, currency=self.owner.base_currency, period=Span(None, None),
                at=self.moment,
            )  # fmt: skip
        wallet = None if account.scope == self.owner.pk else account.scope
        return Scope(owner=self.owner, period=self.asked, wallet_id=wallet)

    @cached_property
    def span(self) -> Span | None:
        """The whole days that are compared; None where there is none that both have lived through."""
        began = [side.began if isinstance(side, Combined) else side.places.first_at for side in self._sides]
        if None in began:
            return None
        first = max(filter(None, (*map(_first_whole, began), _first_of(self.asked))))
        last = self.asked.last if isinstance(self.asked, Span) else None
        return Span(first, last) if first <= min(last or date.max, days.day_of(self.moment)) else None

    @cached_property
    def courses(self) -> tuple[Course, Course] | None:
        if self.span is None:
            return None
        found = []
        for account, side in zip(self.pair, self._sides, strict=True):
            side.period = self.span  # nothing that depends on it has been read yet
            found.append(side.course if isinstance(side, Combined) else course_of_scope(account, side))
        return found[0], found[1]

    @property
    def explained_by(self) -> Sequence[str]:
        """Of each the query of the pages that explain its figures."""
        return [explained_by(account, self.span) for account in self.pair] if self.span else []

    @property
    def why_no_difference(self) -> str:
        """A sentence where the two are counted in different assets; empty where they are not."""
        one, other = (account.base for account in self.pair)
        if one == other:
            return ""
        return (
            f"{self.pair[0].name} is counted in {one} and {self.pair[1].name} in {other}: their returns, ratios and "
            f"amounts hold the price of one in the other, so only trades are subtracted."
        )

    @property
    def why_empty(self) -> str:
        return "There is no whole day yet that both have lived through."

    @property
    def whole_days(self) -> int:
        """How many days that are over the ratios rest on; the fewer of both."""
        return min(course.performance.days for course in self.courses) if self.courses else 0

    @cached_property
    def rows(self) -> Sequence[Row]:
        return [_row(metric, *self.courses) for metric in METRICS] if self.courses else []


def _row(metric: Metric, first: Course, second: Course) -> Row:
    values = (known(metric, first), known(metric, second))
    difference: Value
    if metric.name not in COUNTED and first.base != second.base:
        what = "Amounts" if metric.kind in MONEY else "Figures"
        difference = Missing(f"{what} in {first.base} and in {second.base} have no difference.")
    else:
        difference = next((value for value in values if isinstance(value, Missing)), None) or values[0] - values[1]
    return Row(metric, values, (first.base, second.base), difference)


def known(metric: Metric, course: Course) -> Any:
    """The value of the metric, or why there is none."""
    value = metric.read(course)
    if value is not None:
        return value
    if course.outcome.closing is None:
        return Missing("Not known now: nothing that is held has a price.")
    if metric.name == "xirr":
        return Missing(course.performance.why_no_xirr)
    return Missing(course.performance.why_blank if metric.name in _OF_DAYS else "No such trade was closed.")


_OF_DAYS: Final = frozenset(
    {"annualised_return", "volatility", "sharpe", "sortino", "calmar", "value_at_risk", "expected_shortfall"}
)


def _first_whole(began: Any) -> date:
    """The first day of a history that it has seen from its midnight on."""
    day = days.day_of(began)
    return day if days.begins(day) >= began else day + timedelta(days=1)


def _first_of(period: Period | Span) -> date | None:
    if isinstance(period, Span):
        return period.first
    start = period.start
    return None if start <= EPOCH else _first_whole(start + days.INSTANT)
