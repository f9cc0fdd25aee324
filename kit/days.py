"""A day is the reader's: it begins and ends at midnight where they are.

A moment belongs to the day that it ends or lies in, so that midnight itself closes a day and what a day closes with is
what the next one opens with.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from kit import display

INSTANT: Final = timedelta(microseconds=1)
LAST: Final = date.max - timedelta(days=2)  # beyond it there is no midnight in every zone


def zone() -> ZoneInfo:
    """Where the person who asks is."""
    return ZoneInfo(display.current().timezone)


def day_of(moment: datetime, where: ZoneInfo | None = None) -> date:
    """The day that `moment` belongs to, where the reader is if nothing else is said."""
    return (moment - INSTANT).astimezone(where or zone()).date()


def begins(day: date, where: ZoneInfo | None = None) -> datetime:
    """The midnight that `day` begins with, in UTC."""
    return datetime.combine(min(day, LAST), time(), where or zone()).astimezone(UTC)


def ends(day: date, where: ZoneInfo | None = None) -> datetime:
    """The midnight that `day` ends with, in UTC: with a change of the clocks 23 or 25 hours after it began."""
    return begins(min(day, LAST) + timedelta(days=1), where)


def begins_today(moment: datetime, where: ZoneInfo | None = None) -> datetime:
    """The midnight that the day of `moment` began with, in UTC."""
    return begins(day_of(moment, where), where)
