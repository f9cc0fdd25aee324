"""When a rule is due: at an hour of its owner's day, once a day whatever clocks and zones do."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from portfolio.rebalancing.timing import last_due, next_due

pytestmark = pytest.mark.offline

ROME = ZoneInfo("Europe/Rome")
KATHMANDU = ZoneInfo("Asia/Kathmandu")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "zone", "every", "on_day", "hour", "last", "following"),
    [
        ("2030-05-07 03:00", UTC, "day", None, 3, "2030-05-07 03:00", "2030-05-08 03:00"),
        ("2030-05-07 02:59", UTC, "day", None, 3, "2030-05-06 03:00", "2030-05-07 03:00"),
        ("2030-05-07 12:00", KATHMANDU, "day", None, 0, "2030-05-06 18:15", "2030-05-07 18:15"),
        ("2030-05-07 12:00", UTC, "week", 1, 9, "2030-05-06 09:00", "2030-05-13 09:00"),
        ("2030-05-07 12:00", UTC, "week", 7, 9, "2030-05-05 09:00", "2030-05-12 09:00"),
        ("2030-05-07 12:00", UTC, "month", 31, 0, "2030-04-30 00:00", "2030-05-31 00:00"),
        ("2030-03-01 00:00", UTC, "month", 30, 23, "2030-02-28 23:00", "2030-03-30 23:00"),
        # The night in which the clocks go forward has no half past two, and no two o'clock.
        ("2030-03-31 12:00", ROME, "day", None, 2, "2030-03-31 01:00", "2030-04-01 00:00"),
        # The one in which they go back has two o'clock twice: the first counts.
        ("2030-10-27 12:00", ROME, "day", None, 2, "2030-10-27 00:00", "2030-10-28 01:00"),
    ],
)
def test_the_newest_due_time_and_the_next_one(
    now: str, zone: ZoneInfo, every: str, on_day: int | None, hour: int, last: str, following: str
) -> None:
    given = {"every": every, "on_day": on_day, "hour": hour}
    assert last_due(at(now), zone, **given)[1] == at(last)
    assert next_due(at(now), zone, **given) == at(following)


@pytest.mark.parametrize("hour", [0, 1, 2, 3, 23])
def test_every_day_is_due_once_through_both_changes_of_the_clocks(hour: int) -> None:
    for begins in ("2030-03-28 00:00", "2030-10-24 00:00"):
        moment, found = at(begins), list[date]()
        for _ in range(7 * 24 * 4):
            day, due = last_due(moment, ROME, every="day", on_day=None, hour=hour)
            assert due <= moment < next_due(moment, ROME, every="day", on_day=None, hour=hour)
            found.append(day)
            moment += timedelta(minutes=15)
        assert sorted(set(found)) == [found[0] + timedelta(days=one) for one in range(len(set(found)))]
        assert len(set(found)) in (7, 8)
