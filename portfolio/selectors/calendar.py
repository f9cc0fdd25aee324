"""What each day, week, month or year made: profit and its parts, return, and the trades that were closed in it.

Days that are over come from the daily table, summed up by the database; today, which is not, is what every page says of
it now. So a calendar agrees with both, and a month is the exact sum of its days. Weeks begin on Monday; days are the
reader's.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from itertools import pairwise
from math import ceil
from typing import Any, Final

from django.db import connection

from kit import clock, days
from portfolio.models import DailyPerformance
from portfolio.selectors.periods import EPOCH
from portfolio.selectors.scope import Scope
from trading.selectors.trades import TradeCounts, trade_counts

ZERO: Final = Decimal(0)
YEARS: Final = 10
WEEK: Final = 7
HEATS: Final = 3
FIRST: Final = EPOCH.date()

# The days of the window that are over, after the one before them, whose index their return is measured from. After a
# total loss the return is that of the index which began anew, as everywhere; a single day says what it said.
_SPANS: Final = """
WITH known AS (
    SELECT daily.*, coalesce(nullif(lag(twr_index) OVER (ORDER BY day), 0), 1) AS index_before
    FROM portfolio_dailyperformance AS daily
    WHERE scope = %(scope)s AND base = %(base)s AND day < %(until)s AND day >= coalesce((
        SELECT day FROM portfolio_dailyperformance
        WHERE scope = %(scope)s AND base = %(base)s AND day < %(first)s ORDER BY day DESC LIMIT 1
    ), %(first)s)
)
SELECT date_trunc(%(unit)s, day)::date, (array_agg(equity ORDER BY day DESC))[1], sum(flow), sum(market),
       sum(realized), sum(funding), sum(fees), sum(adjustments),
       CASE WHEN count(*) = 1 THEN min(twr)
            WHEN bool_or(twr = -1) THEN (array_agg(twr_index ORDER BY day DESC))[1] - 1
            WHEN max(twr_index) = 0 THEN 0
            ELSE (array_agg(twr_index ORDER BY day DESC))[1] / (array_agg(index_before ORDER BY day))[1] - 1 END,
       max(corrected_at)
FROM known
WHERE day >= %(first)s
GROUP BY 1
"""

# Right after the last value that was written down before each midnight: where the profit of one day ends and that of
# the next begins. At the midnight itself where the day was closed, and where nothing was written down before it.
_BOUNDARIES: Final = """
SELECT coalesce(closed.at + interval '1 microsecond', midnight)
FROM unnest(%(midnights)s::timestamptz[]) WITH ORDINALITY AS asked (midnight, place)
LEFT JOIN LATERAL portfolio_value_before(%(scope)s, %(base)s, midnight) AS closed ON true
ORDER BY place
"""


class Unit(StrEnum):
    """How long a span is; the value stands in addresses, in the API and in the statement."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"

    @classmethod
    def parse(cls, text: str) -> "Unit":
        """The unit of an address, days where it is not understood."""
        return cls(text) if text in set(cls) else cls.DAY

    def of(self, day: date) -> date:
        """The first day of the span that `day` lies in."""
        return _BEGINS[self](day)

    def after(self, begins: date) -> date:
        """The first day of the next span."""
        return self.of(begins + timedelta(days=_LONGEST[self]))


_BEGINS: Final[Mapping[Unit, Callable[[date], date]]] = {
    Unit.DAY: lambda day: day,
    Unit.WEEK: lambda day: day - timedelta(days=day.weekday()),
    Unit.MONTH: lambda day: day.replace(day=1),
    Unit.YEAR: lambda day: day.replace(month=1, day=1),
}
# Added to the first day of a span, so many days lie within the next one.
_LONGEST: Final = {Unit.DAY: 1, Unit.WEEK: WEEK, Unit.MONTH: 31, Unit.YEAR: 366}


@dataclass(frozen=True, slots=True)
class Span:
    """A day, week, month or year up to its last day `ends`; money in the scope's base, `twr` a fraction.

    `equity` is at its close, `profit` exactly market + realized + funding − fees + adjustments. Figures are None where
    they are not known: no value was written down then, or what is held cannot be valued now. Profit and trades are
    those from `since` on and before `until`, its midnights where days were closed at them. `heat` is 1 to 3 by how
    large the profit is beside the largest of the window, with the sign of the profit; 0 without one. `corrected_at` is
    when a value of its days that are over was corrected last.
    """

    begins: date
    ends: date
    equity: Decimal | None = None
    flow: Decimal | None = None
    market: Decimal | None = None
    realized: Decimal | None = None
    funding: Decimal | None = None
    fees: Decimal | None = None
    adjustments: Decimal | None = None
    twr: float | None = None
    trades: int = 0
    won: int = 0
    lost: int = 0
    is_today: bool = False
    heat: int = 0
    since: datetime | None = None
    until: datetime | None = None
    corrected_at: datetime | None = None

    @property
    def measured_from(self) -> datetime | None:
        """The last value before it, where that is not of its midnight; None where it is."""
        midnight = days.begins(self.begins)
        return self.since - days.INSTANT if self.since and self.since != midnight else None

    @property
    def profit(self) -> Decimal | None:
        if self.market is None or self.realized is None or self.funding is None:
            return None
        if self.fees is None or self.adjustments is None:
            return None
        return self.market + self.realized + self.funding - self.fees + self.adjustments

    @property
    def opening(self) -> Decimal | None:
        """What it was worth before."""
        if self.equity is None or self.flow is None or self.profit is None:
            return None
        return self.equity - self.flow - self.profit


_PARTS: Final = ("flow", "market", "realized", "funding", "fees", "adjustments")


@dataclass(frozen=True, slots=True)
class Window:
    """What is shown at once: the days of a month, the weeks of a quarter, the months of a year, or the
    years of a decade."""

    unit: Unit
    first: date
    after: date

    @classmethod
    def around(cls, unit: Unit, day: date) -> "Window":
        match unit:
            case Unit.DAY:
                first = Unit.MONTH.of(day)
                return cls(unit, first, Unit.MONTH.after(first))
            case Unit.WEEK:
                monday = Unit.WEEK.of(day)
                first = _monday_from(monday.replace(month=(monday.month - 1) // 3 * 3 + 1, day=1))
                return cls(unit, first, _monday_from(Unit.MONTH.of(first.replace(day=1) + timedelta(days=95))))
            case Unit.MONTH:
                first = Unit.YEAR.of(day)
                return cls(unit, first, Unit.YEAR.after(first))
        first = date(day.year // YEARS * YEARS, 1, 1)
        return cls(unit, first, first.replace(year=first.year + YEARS))

    @property
    def last(self) -> date:
        return self.after - timedelta(days=1)


class Calendar:
    """The spans of a window of one scope, and the windows beside it. Without a day the window holds today.

    `day` is the one that it was made around. Raises InvalidInputError for one that has not begun.
    """

    def __init__(self, scope: Scope, *, unit: Unit, day: date | None = None) -> None:
        self.scope = scope
        self.unit = unit
        self.today = days.day_of(clock.now())
        if day is not None:
            days.check_begun(day, name="at")
        self.day = max(day or self.today, FIRST)
        self.window = Window.around(unit, self.day)

    @cached_property
    def spans(self) -> Sequence[Span]:
        """Those of which something is known, oldest first: four queries, five in the window that holds today."""
        found = {span.begins: span for span in self._over()}
        if self._holds_today:
            begins = self.unit.of(self.today)
            found[begins] = self._with_today(found.get(begins))
        return _heated(self._with_trades(found))

    @property
    def newest_first(self) -> Sequence[Span]:
        return self.spans[::-1]

    @cached_property
    def total(self) -> Span:
        """All spans of the window together; what is not known of today is not known of them."""
        known = [span for span in self.spans if span.is_today or span.profit is not None]
        counts = {name: sum(getattr(span, name) for span in self.spans) for name in ("trades", "won", "lost")}
        counted = replace(Span(self.window.first, self.window.last), **counts)
        if not known or known[-1].profit is None:
            return counted
        return replace(counted, equity=known[-1].equity, twr=_chained(known), **_summed(known))

    @cached_property
    def previous(self) -> date | None:
        """A day of the window before, None where nothing is known of any day before this one."""
        rows = DailyPerformance.objects.filter(scope=self.scope.scope, base=self.scope.base)
        return self.window.first - timedelta(days=1) if rows.filter(day__lt=self.window.first).exists() else None

    @property
    def next(self) -> date | None:
        """A day of the window after, None where that has not begun."""
        return None if self._holds_today else self.window.after

    @property
    def weeks(self) -> list[list[tuple[date, Span | None, bool]]]:
        """The days of a month by weeks, each with what is known of it and whether it belongs to the month."""
        found = {span.begins: span for span in self.spans}
        first = Unit.WEEK.of(self.window.first)
        mondays = range(0, (self.window.last - first).days + 1, WEEK)
        return [
            [
                (day, found.get(day), self.window.first <= day <= self.window.last)
                for day in (first + timedelta(days=monday + number) for number in range(WEEK))
            ]
            for monday in mondays
        ]

    @property
    def _holds_today(self) -> bool:
        return self.window.first <= self.today < self.window.after

    def _over(self) -> Iterable[Span]:
        given: dict[str, Any] = {
            "scope": self.scope.scope,
            "base": self.scope.base,
            "unit": self.unit.value,
            "first": self.window.first,
            "until": min(self.window.after, self.today),
        }
        with connection.cursor() as cursor:
            cursor.execute(_SPANS, given)
            rows = cursor.fetchall()
        return [
            replace(Span(begins, self._ends(begins), *figures), corrected_at=corrected_at)
            for begins, *figures, corrected_at in rows
        ]

    def _with_today(self, before: Span | None) -> Span:
        """The span that is not over: its days that are, if it has any, and today."""
        change = self.scope.today
        begins = self.unit.of(self.today)
        live = Span(
            begins, self._ends(begins), change.closing, change.flows, change.market, change.realized,
            change.funding, change.fees, change.adjustments, change.twr, is_today=True,
        )  # fmt: skip
        if before is None or live.profit is None:
            return live
        return replace(live, twr=_chained((before, live)), **_summed((before, live)))

    def _with_trades(self, found: Mapping[date, Span]) -> list[Span]:
        begins, every = self.window.first, []
        while begins < min(self.window.after, self.today + timedelta(days=1)):
            every.append(begins)
            begins = self.unit.after(begins)
        between = self._between(every)
        counted = trade_counts(
            owner_id=self.scope.owner_id,
            spans=between,
            wallet_ids=None if self.scope.wallet is None else [self.scope.wallet.pk],
        )
        spans = []
        for day, counts, (since, until) in zip(every, counted, between, strict=True):
            span = found.get(day)
            if span is None and counts == TradeCounts():
                continue
            span = span or Span(day, self._ends(day))
            spans.append(
                replace(span, trades=counts.trades, won=counts.won, lost=counts.lost, since=since, until=until)
            )
        return spans

    def _between(self, every: Sequence[date]) -> list[tuple[datetime, datetime]]:
        """From when to when the profit of each of these spans is counted, so that its trades are those of its profit.

        A day that nobody closed at its midnight, as in a zone that its owner has moved to since, ends with the last
        value before it, and a trade after that is profit of the next. What is not over yet ends at its midnight.
        """
        over = [days.begins(day) for day in every]
        given: dict[str, Any] = {"midnights": over, "scope": self.scope.scope, "base": self.scope.base}
        with connection.cursor() as cursor:
            cursor.execute(_BOUNDARIES, given)
            found = [at for (at,) in cursor.fetchall()]
        last = self.unit.after(every[-1]) if every else self.window.first
        return list(pairwise([*found, days.begins(last)]))

    def _ends(self, begins: date) -> date:
        return self.unit.after(begins) - timedelta(days=1)


def _summed(spans: Sequence[Span]) -> dict[str, Any]:
    return {part: sum((getattr(span, part) for span in spans), ZERO) for part in _PARTS}


def _monday_from(day: date) -> date:
    """The first Monday from `day` on."""
    return day + timedelta(days=-day.weekday() % WEEK)


def _heated(spans: Sequence[Span]) -> Sequence[Span]:
    most = max((abs(span.profit) for span in spans if span.profit is not None), default=ZERO)
    return [
        replace(span, heat=ceil(HEATS * abs(span.profit) / most)) if span.profit and most else span for span in spans
    ]


def _chained(spans: Iterable[Span]) -> float:
    """The return of spans one after another; after a total loss it begins anew."""
    growth = 1.0
    for span in spans:
        if span.twr is not None:
            growth = growth * (1 + span.twr) if growth else 1 + span.twr
    return growth - 1
