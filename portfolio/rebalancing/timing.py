"""When a rule is due: an hour of some days, where its owner is. Pure.

A due time is named by its day there, so a change of the clocks or of the zone makes no second one of the same day. An
hour that a change of the clocks leaves out is due when it would have come, one that comes twice the first time.
"""

from calendar import monthrange
from collections.abc import Container
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)


def is_due_on(day: date, *, every: str, on_day: int | None) -> bool:
    """Whether it is: `every` day, week (1 is Monday) or month (its last day where it is shorter)."""
    if every == "day":
        return True
    if every == "week":
        return day.isoweekday() == on_day
    return day.day == min(on_day or 1, monthrange(day.year, day.month)[1])


def last_due(now: datetime, zone: ZoneInfo, *, every: str, on_day: int | None, hour: int) -> tuple[date, datetime]:
    """The newest due time up to `now`: its day there, and the moment in UTC."""
    day = now.astimezone(zone).date()
    while True:
        moment = _moment(day, hour, zone)
        if moment <= now and is_due_on(day, every=every, on_day=on_day):
            return day, moment
        day -= DAY


def next_due(
    now: datetime, zone: ZoneInfo, *, every: str, on_day: int | None, hour: int, used: Container[str] = ()
) -> datetime:
    """The first due time after `now`, in UTC, on none of the days that are `used`, as `2030-05-07`."""
    day = now.astimezone(zone).date()
    while True:
        moment = _moment(day, hour, zone)
        if moment > now and is_due_on(day, every=every, on_day=on_day) and day.isoformat() not in used:
            return moment
        day += DAY


def _moment(day: date, hour: int, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(hour), zone).astimezone(UTC)
