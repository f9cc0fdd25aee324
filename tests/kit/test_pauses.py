"""What ends again and again is started again after longer and longer pauses, and never given up."""

import pytest

from kit.pauses import LONGEST_SECONDS, STEADY_SECONDS, Record

pytestmark = pytest.mark.offline


def test_pauses_double_up_to_a_minute_and_there_is_no_last_one() -> None:
    record, now, pauses = Record(started_at=0.0), 0.0, []
    for _ in range(20):
        pauses.append(record.fail(now))
        assert not record.is_due(now)
        now += pauses[-1]
        assert record.is_due(now)
        record.start(now)
    assert pauses[:7] == [1, 2, 4, 8, 16, 32, LONGEST_SECONDS]
    assert set(pauses[7:]) == {LONGEST_SECONDS}


def test_what_stayed_up_for_a_while_begins_with_a_clean_record() -> None:
    record = Record(started_at=0.0)
    record.fail(1)
    record.start(2)
    assert not record.is_steady(2 + STEADY_SECONDS)
    assert record.is_steady(3 + STEADY_SECONDS)
    assert record.fail(3 + STEADY_SECONDS) == 1
