"""Room for frames: the call is the same, and Python is told to make more."""

import pytest

from kit.frames import _PLACES, roomy

pytestmark = pytest.mark.offline


def test_what_is_called_with_room_answers_and_raises_as_without() -> None:
    def half(number: int, *, by: int = 2) -> float:
        return number / by

    with_room = roomy(half)
    assert (with_room(3), with_room(3, by=4)) == (1.5, 0.75)
    with pytest.raises(ZeroDivisionError):
        with_room(3, by=0)
    assert with_room.__code__.co_stacksize == _PLACES


def test_no_call_s_room_is_taken_by_another() -> None:
    def deep(number: int) -> int:
        return 0 if number == 0 else 1 + roomy(deep)(number - 1)

    assert roomy(deep)(50) == 50
