"""A day is the reader's: it begins at midnight where they are, and ends right before the next.

Every midnight is computed here, from one table of time zones: the database has another, which may be older or newer,
and is asked about moments only.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from kit import display

INSTANT: Final = timedelta(microseconds=1)
LAST: Final = date.max - timedelta(days=2)  # beyond it there is no midnight in every zone
# Names that stand for no place: files of the system, and fixed offsets whose sign is the wrong way round.
NO_PLACES: Final = ("Etc/", "posix/", "right/", "SystemV/")
NO_ZONES: Final = frozenset({"localtime", "posixrules", "Factory"})


@cache
def zones() -> frozenset[str]:
    """The names that somebody may choose their time zone by."""
    return frozenset(name for name in available_timezones() if not name.startswith(NO_PLACES)) - NO_ZONES


def zone() -> ZoneInfo:
    """Where the person who asks is."""
    return ZoneInfo(display.current().timezone)


def day_of(moment: datetime, where: ZoneInfo | None = None) -> date:
    """The day that `moment` belongs to, where the reader is if nothing else is said."""
    return moment.astimezone(where or zone()).date()


def begins(day: date, where: ZoneInfo | None = None) -> datetime:
    """The midnight that `day` begins with, in UTC."""
    return datetime.combine(min(day, LAST), time(), where or zone()).astimezone(UTC)


def ends(day: date, where: ZoneInfo | None = None) -> datetime:
    """The midnight after `day`, in UTC: with a change of the clocks 23 or 25 hours after it began."""
    return begins(min(day, LAST) + timedelta(days=1), where)


def before_today(moment: datetime, where: ZoneInfo | None = None) -> datetime:
    """The last instant before the day of `moment`: what stood then is what the day opened with."""
    return begins(day_of(moment, where), where) - INSTANT
