"""The table of months by years: the return and the profit of every month there was, and of every year.

It is the calendar by months and by years with the whole history as its window, so it says what that says: profits are
sums of days, returns are compounded.
"""

import calendar
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from math import ceil
from typing import Final

from kit import days
from portfolio.selectors.calendar import HEATS, Calendar, Span, Unit, Window
from portfolio.selectors.scope import Scope

MONTHS: Final = 12
NAMES: Final = tuple(calendar.month_abbr)[1:]


@dataclass(frozen=True, slots=True)
class Year:
    """`months` from January to December; None where nothing is known of one. `whole` is the year itself."""

    year: int
    months: tuple[Span | None, ...]
    whole: Span | None

    @property
    def named(self) -> Iterable[tuple[str, Span | None]]:
        """Each month by the first letters of its name."""
        return zip(NAMES, self.months, strict=True)


class _Whole(Calendar):
    """A calendar of all the years since `since`, without the trades of its spans."""

    def __init__(self, scope: Scope, *, unit: Unit, since: date) -> None:
        super().__init__(scope, unit=unit)
        self.window = Window(unit, date(since.year, 1, 1), date(self.today.year + 1, 1, 1))

    def _with_trades(self, found: Mapping[date, Span]) -> list[Span]:
        return [found[begins] for begins in sorted(found)]


class Months:
    """Of one scope: the queries of its valuation, and two more."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    @cached_property
    def years(self) -> Sequence[Year]:
        """The newest first; none where nothing was ever valued."""
        if self.scope.places.first_at is None:
            return ()
        since = days.day_of(self.scope.places.first_at)
        spans = _heated(_Whole(self.scope, unit=Unit.MONTH, since=since).spans)
        months = {span.begins: span for span in spans}
        whole = {span.begins.year: span for span in _Whole(self.scope, unit=Unit.YEAR, since=since).spans}
        every = sorted({begins.year for begins in months} | set(whole), reverse=True)
        return [
            Year(year, tuple(months.get(date(year, month, 1)) for month in range(1, MONTHS + 1)), whole.get(year))
            for year in every
        ]


def _heated(spans: Sequence[Span]) -> list[Span]:
    """Tinted by the return, which is what the table shows; the calendar tints by the profit."""
    most = max((abs(span.twr) for span in spans if span.twr is not None), default=0.0)
    return [replace(span, heat=ceil(HEATS * abs(span.twr) / most) if span.twr and most else 0) for span in spans]
