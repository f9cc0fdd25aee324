"""Which of the signals are drawn: every entry, and of exits those that leave something."""

import numpy as np
import pytest

from farms.composing.preview import _firsts


@pytest.mark.parametrize(
    ("enter", "leave", "drawn"),
    [
        ("..1..", ".....", "....."),
        ("..1..", "x..x.", "...x."),  # the first one leaves nothing
        ("1..1.", ".xx.x", ".x..x"),  # nor does the second of two
        ("1.1..", "..x..", "..x.."),  # on one candle what is held is left first
        ("1.1..", "..xx.", "..xx."),  # and what was entered then is left later
        ("..1..", "..x..", "....."),
        (".....", "xxxxx", "....."),
    ],
)
def test_an_exit_is_drawn_where_it_is_the_first_since_an_entry(enter: str, leave: str, drawn: str) -> None:
    found = _firsts(np.array(list(enter)) == "1", np.array(list(leave)) == "x")
    assert "".join("x" if one else "." for one in found) == drawn
