"""The periods a reader can choose, and where they begin."""

from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from kit import clock, days

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
    def parse(cls, text: str) -> "Period":
        """The period of an address; without one that is understood three months, enough days for every ratio."""
        return cls(text) if text in set(cls) else cls.QUARTER

    @property
    def is_open(self) -> bool:
        """Whether it may reach back further than there is anything to see."""
        return self not in _LENGTHS

    @property
    def words(self) -> str:
        """In words, for a label: `Profit, 1 month`."""
        return _TITLES[self]

    @property
    def start(self) -> datetime:
        """Where it begins, counted from now; this year at midnight where the reader is."""
        now = clock.now()
        if self is Period.YEAR:
            return days.begins(date(days.day_of(now).year, 1, 1)) - days.INSTANT
        return now - _LENGTHS[self] if self in _LENGTHS else EPOCH


_LENGTHS = {
    Period.DAY: timedelta(days=1),
    Period.WEEK: timedelta(days=7),
    Period.MONTH: timedelta(days=30),
    Period.QUARTER: timedelta(days=90),
}
_TITLES = {
    Period.DAY: "1 day",
    Period.WEEK: "1 week",
    Period.MONTH: "1 month",
    Period.QUARTER: "3 months",
    Period.YEAR: "this year",
    Period.ALL: "since the start",
}
