"""Beat goes on after the clock was set back, or had once been ahead."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from celery import Celery

from kit.timetable import Punctual, Timetable

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


class Recorded(Timetable):
    """Writes down what it would have sent."""

    sent: list[str]

    def apply_entry(self, entry: object, producer: object = None) -> None:
        self.sent.append(entry.name)  # type: ignore[attr-defined]


@pytest.fixture
def app() -> Iterator[Celery]:
    app = Celery("timetable", broker="memory://", set_as_current=False, fixups=[])
    app.conf.update(
        timezone="UTC", beat_schedule={"often": {"task": "often", "schedule": 10, "options": {"expires": 10}}}
    )
    yield app
    app.close()


def start(app: Celery, file: Path) -> Recorded:
    timetable = Recorded(app, schedule_filename=str(file), lazy=True)
    timetable.sent = []
    timetable.setup_schedule()
    return timetable


def sent_at(timetable: Recorded, moment: datetime) -> int:
    """How many tasks are sent when it looks at `moment`."""
    before = len(timetable.sent)
    with time_machine.travel(moment, tick=False):
        while timetable.tick() == 0:
            pass
    return len(timetable.sent) - before


def test_a_clock_that_is_set_back_while_it_runs_is_followed(app: Celery, tmp_path: Path) -> None:
    with time_machine.travel(NOON, tick=False):
        timetable = start(app, tmp_path / "schedule")
    assert sent_at(timetable, NOON + timedelta(seconds=11)) == 1
    back = NOON - timedelta(days=2)
    assert sent_at(timetable, back) == 0
    assert sent_at(timetable, back + timedelta(seconds=11)) == 1
    assert sent_at(timetable, back + timedelta(seconds=22)) == 1


def test_what_was_written_by_a_clock_that_was_ahead_does_not_bind_the_next_start(app: Celery, tmp_path: Path) -> None:
    with time_machine.travel(NOON + timedelta(days=400), tick=False):
        ahead = start(app, tmp_path / "schedule")
    assert sent_at(ahead, NOON + timedelta(days=400, seconds=11)) == 1
    ahead.close()
    with time_machine.travel(NOON, tick=False):
        again = start(app, tmp_path / "schedule")
    assert sent_at(again, NOON + timedelta(seconds=1)) == 0
    assert sent_at(again, NOON + timedelta(seconds=12)) == 1


def test_it_looks_often_enough_to_notice(app: Celery, tmp_path: Path) -> None:
    timetable = start(app, tmp_path / "schedule")
    assert timetable.max_interval <= 10


@pytest.mark.parametrize("began", [0.0, 1.3, 4.9])
def test_a_punctual_task_comes_right_after_the_multiples_of_its_seconds_whenever_it_began(
    app: Celery, tmp_path: Path, began: float
) -> None:
    app.conf.beat_schedule = {"close": {"task": "close", "schedule": Punctual(5, after=0.25)}}
    with time_machine.travel(NOON + timedelta(seconds=began), tick=False):
        timetable = start(app, tmp_path / "schedule")
    first = NOON + timedelta(seconds=0 if began < 0.25 else 5)
    assert sent_at(timetable, first + timedelta(seconds=0.2)) == 0
    assert sent_at(timetable, first + timedelta(seconds=0.26)) == 1
    assert sent_at(timetable, first + timedelta(seconds=3)) == 0
    assert sent_at(timetable, first + timedelta(seconds=5.3)) == 1
    assert sent_at(timetable, first + timedelta(seconds=22)) == 1, "what was missed is not made up for"


def test_a_punctual_task_keeps_its_place_in_the_file_and_its_moments_after_a_clock_that_was_ahead(
    app: Celery, tmp_path: Path
) -> None:
    app.conf.beat_schedule = {"close": {"task": "close", "schedule": Punctual(5, after=0.25)}}
    with time_machine.travel(NOON + timedelta(hours=2), tick=False):
        start(app, tmp_path / "schedule").close()
    with time_machine.travel(NOON, tick=False):
        timetable = start(app, tmp_path / "schedule")
    assert sent_at(timetable, NOON + timedelta(seconds=1)) <= 1
    assert sent_at(timetable, NOON + timedelta(seconds=6)) == 1
