"""When agents may enter: days and hours where their owner is, over midnight and over a change of the clocks."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from farms.engine.policy import Schedule

pytestmark = pytest.mark.offline
BERLIN = ZoneInfo("Europe/Berlin")
WEEKDAYS = (1, 2, 3, 4, 5)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def opens(text: str, days: tuple[int, ...] = (), hours: str = "", zone: ZoneInfo = BERLIN) -> datetime | None:
    begins, ends = (time.fromisoformat(part) for part in hours.split("-")) if hours else (None, None)
    return Schedule(days, begins, ends, zone).next_opening(at(text))


@pytest.mark.parametrize(
    ("now", "days", "hours", "expected"),
    [
        ("2026-03-02 12:00", (), "", None),
        ("2026-03-02 12:00", tuple(range(1, 8)), "", None),
        ("2026-03-02 06:59", (), "08:00-17:00", "2026-03-02 07:00"),
        ("2026-03-02 07:00", (), "08:00-17:00", None),
        ("2026-03-02 15:59", (), "08:00-17:00", None),
        ("2026-03-02 16:00", (), "08:00-17:00", "2026-03-03 07:00"),
        ("2026-03-06 16:00", WEEKDAYS, "08:00-17:00", "2026-03-09 07:00"),
        ("2026-03-06 22:59", WEEKDAYS, "", None),
        ("2026-03-06 23:00", WEEKDAYS, "", "2026-03-08 23:00"),
        ("2026-03-02 23:00", (2,), "", None),
        ("2026-03-03 23:00", (2,), "", "2026-03-09 23:00"),
        # From Monday 22:00 to Tuesday 06:00 is Monday's.
        ("2026-03-03 04:59", (1,), "22:00-06:00", None),
        ("2026-03-03 05:00", (1,), "22:00-06:00", "2026-03-09 21:00"),
        ("2026-03-02 20:59", (1,), "22:00-06:00", "2026-03-02 21:00"),
        # On 29 March the clocks go forward: eight o'clock is an hour earlier from then on.
        ("2026-03-28 18:00", (), "08:00-17:00", "2026-03-29 06:00"),
        ("2026-03-29 01:30", (), "02:30-03:30", "2026-03-30 00:30"),
    ],
)
def test_it_opens_next(now: str, days: tuple[int, ...], hours: str, expected: str | None) -> None:
    assert opens(now, days, hours) == (at(expected) if expected else None)


def test_what_it_says() -> None:
    assert Schedule((), time(8), time(17, 30), BERLIN).words == "every day 08:00 to 17:30, Europe/Berlin"
    assert Schedule((1, 5), None, None, BERLIN).words == "Mon, Fri, Europe/Berlin"
