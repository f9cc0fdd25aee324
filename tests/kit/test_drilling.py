"""What a drill found is kept as a file, and a damaged one is none."""

from pathlib import Path

import pytest

from kit import clock
from kit.drilling import NAME, Drill, Row, last, write

pytestmark = pytest.mark.offline


def row(**changes: object) -> Row:
    given = {
        "fault": "web killed",
        "seconds": 3.5,
        "orders": 7,
        "expired": 1,
        "lost": 0,
        "doubled": 0,
        "slowest": 0.2,
        "broken": 0,
    }
    return Row(**(given | changes))  # type: ignore[arg-type]  # its own fields


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    drill = Drill(at=clock.now(), rows=(row(), row(fault="web hangs", seconds=None)), books="")
    assert last(tmp_path) is None
    write(tmp_path, drill)
    assert last(tmp_path) == drill


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"at": "now", "rows": [], "books": ""}', '{"rows": [{"a": 1}]}'])
def test_a_damaged_file_is_no_drill(tmp_path: Path, text: str) -> None:
    (tmp_path / NAME).write_text(text)
    assert last(tmp_path) is None


def test_a_drill_fails_by_what_is_lost_doubled_not_back_or_contradicts() -> None:
    def fails(books: str = "", **changes: object) -> bool:
        return Drill(at=clock.now(), rows=(row(), row(**changes)), books=books).has_failed

    assert not fails()
    assert fails(lost=1)
    assert fails(doubled=1)
    assert fails(seconds=None)
    assert fails(books="An asset does not sum to zero.")
