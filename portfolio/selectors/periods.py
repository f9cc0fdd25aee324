"""The periods a reader can choose, where they begin and where they end."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum

from kit import clock, days, formatting

EPOCH = datetime(2009, 1, 1, tzinfo=UTC)  # before anything that can be traded here


class Period(StrEnum):
    """The value stands in addresses and in the API."""

    DAY = "1D"
    WEEK = "1W"
    MONTH = "1M"
    QUARTER = "3M"
    YEAR = "YTD"
    ALL = "All"

    @classmethod
    def parse(cls, text: str, *, otherwise: str = QUARTER) -> "Period":
        """The period of an address; without one that is understood three months, enough days for every ratio."""
        return cls(text if text in set(cls) else otherwise)

    @property
    def is_open(self) -> bool:
        """Whether it may reach back further than there is anything to see."""
        return self not in _LENGTHS

    @property
    def until(self) -> datetime | None:
        """None: it ends now."""
        return None

    @property
    def words(self) -> str:
        """In words, for a label: `Profit, 1 month`."""
        return _TITLES[self]

    @property
    def start(self) -> datetime:
        """Where it begins: so many of the reader's days ago at this time of day; this year at their midnight."""
        now = clock.now()
        if self is Period.YEAR:
            return days.begins(date(days.day_of(now).year, 1, 1)) - days.INSTANT
        return days.back(now, _LENGTHS[self]) if self in _LENGTHS else EPOCH


_LENGTHS = {  # in days
    Period.DAY: 1,
    Period.WEEK: 7,
    Period.MONTH: 30,
    Period.QUARTER: 90,
}
_TITLES = {
    Period.DAY: "1 day",
    Period.WEEK: "1 week",
    Period.MONTH: "1 month",
    Period.QUARTER: "3 months",
    Period.YEAR: "this year",
    Period.ALL: "since the start",
}


@dataclass(frozen=True, slots=True)
class Span:
    """From one of the reader's days to another, both included; one of them may be left open. Has what `Period` has."""

    first: date | None
    last: date | None

    @classmethod
    def parse(cls, first: str, last: str) -> "Span | None":
        """The span `?from=` and `?to=`; None without both. Raises InvalidInputError where they make no period."""
        return cls.of(days.read(first, name="from"), days.read(last, name="to"))

    @classmethod
    def of(cls, first: date | None, last: date | None) -> "Span | None":
        """The span of these days; None without both. Raises InvalidInputError where it would hold none that began."""
        days.check(first, last, names=("from", "to"))
        return None if first is None and last is None else cls(first, last)

    @property
    def value(self) -> str:
        """As the API says it; no address has it."""
        return f"{self.first or ''}..{self.last or ''}"

    @property
    def is_open(self) -> bool:
        return True

    @property
    def words(self) -> str:
        if self.first is None or self.last is None:
            return f"since {_written(self.first)}" if self.first else f"until {_written(self.last)}"
        return _written(self.first) if self.first == self.last else f"{_written(self.first)} to {_written(self.last)}"

    @property
    def start(self) -> datetime:
        return days.begins(self.first) - days.INSTANT if self.first and self.first > EPOCH.date() else EPOCH

    @property
    def until(self) -> datetime | None:
        """The midnight that it ends with; None while its last day is not over, when it ends now."""
        if self.last is None or self.last >= days.day_of(clock.now()):
            return None
        return days.ends(self.last)


def _written(day: date | None) -> str:
    return formatting.day(day) if day else ""
