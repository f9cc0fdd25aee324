"""What a simulation found is kept as a file, and a damaged one is none."""

from pathlib import Path

import pytest

from kit import clock
from kit.simulating import NAME, Simulation, last, write

pytestmark = pytest.mark.offline


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    found = Simulation(clock.now(), first=3, seeds=200, cut=170, kills=40, violations=1, examples=("seed 4: lost",))
    assert last(tmp_path) is None
    write(tmp_path, found)
    assert last(tmp_path) == found


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"at": "now", "examples": []}', '{"at": 1}'])
def test_a_damaged_file_is_no_simulation(tmp_path: Path, text: str) -> None:
    (tmp_path / NAME).write_text(text)
    assert last(tmp_path) is None
