"""A day is the reader's: it begins at midnight where they are, and ends right before the next.

Every midnight is computed here, from one table of time zones: the database has another, which may be older or newer,
and is asked about moments only.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from kit import clock, display
from kit.errors import InvalidInputError
from kit.sentences import calendar_day, sentence

INSTANT: Final = timedelta(microseconds=1)
# Before and beyond them there is no midnight in every zone.
FIRST: Final = date.min + timedelta(days=2)
LAST: Final = date.max - timedelta(days=2)
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


def after(day: date) -> date:
    """The day after; of the last that there is, itself."""
    return day if day == date.max else day + timedelta(days=1)


def is_everywhere(moment: datetime) -> bool:
    """Whether every zone has a name for the moment: calendars end at the years 1 and 9999."""
    try:
        return FIRST <= moment.astimezone(UTC).date() <= LAST
    except OverflowError:
        return False


def back(moment: datetime, days: int, where: ZoneInfo | None = None) -> datetime:
    """The same time of day so many days before, in UTC: with a change of the clocks a day back is 23 or 25 hours."""
    local = moment.astimezone(where or zone())
    return (local - timedelta(days=days)).astimezone(UTC)


def before_today(moment: datetime, where: ZoneInfo | None = None) -> datetime:
    """The last instant before the day of `moment`: what stood then is what the day opened with."""
    return begins(day_of(moment, where), where) - INSTANT


def from_midnight(moment: datetime, where: ZoneInfo | None = None) -> datetime:
    """What is measured from the last instant of a day begins at the midnight after it; any other moment is itself."""
    midnight = moment + INSTANT
    return midnight if begins(day_of(midnight, where), where) == midnight else moment


def read(text: str, *, name: str) -> date | None:
    """The day that `text` names, None for no text. Raises InvalidInputError about the field `name`."""
    if not text:
        return None
    try:
        if len(text) != len("2026-10-31"):  # a week, or a day without its dashes, is ISO 8601 too
            raise ValueError(text)
        return date.fromisoformat(text)
    except ValueError as error:
        told = sentence("Write a day as year-month-day, such as 2026-10-31: this is none.")
        raise InvalidInputError(told, fields={name: told.exact}) from error


def check(first: date | None, last: date | None, *, names: tuple[str, str]) -> None:
    """Raises InvalidInputError where days from `first` to `last`, both included, are none or have not begun."""
    if first is None:
        return
    since, until = names
    if last is not None and first > last:
        told = sentence(
            "The last day is before the first: choose a last day from {first} on, or a first day up to {last}.",
            first=calendar_day(first), last=calendar_day(last),
        )  # fmt: skip
        raise InvalidInputError(told, fields={until: told.exact})
    check_begun(first, name=since)


def check_begun(day: date, *, name: str) -> None:
    """Raises InvalidInputError where `day` is still to come where the reader is."""
    if day > (today := day_of(clock.now())):
        told = sentence(
            "{day} has not begun: choose a day up to {today}.", day=calendar_day(day), today=calendar_day(today)
        )
        raise InvalidInputError(told, fields={name: told.exact})
