"""What the last drill found, as a file of the data folder: `manage.py drill` writes it, the proof page shows it."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from kit.files import write_private

NAME: Final = "drill.json"


@dataclass(frozen=True, slots=True)
class Row:
    """One fault: how long until everything was ready again (None: not in time), and what became of the orders.

    `orders` were accepted meanwhile; of these `expired` could not be sent in time and were given up with a word, `lost`
    have not ended or ended otherwise than at the venue, and `doubled` stand somewhere twice. `slowest` is the longest
    that a request waited, in seconds, `broken` how many were answered with 500.
    """

    fault: str
    seconds: float | None
    orders: int
    expired: int
    lost: int
    doubled: int
    slowest: float
    broken: int


@dataclass(frozen=True, slots=True)
class Drill:
    """One run; `books` is what the proof of the books said after all of it, empty where they agree."""

    at: datetime
    rows: tuple[Row, ...]
    books: str

    @property
    def has_failed(self) -> bool:
        """Whether anything was lost or doubled, did not come back, or the books contradict themselves."""
        return bool(self.books) or any(row.lost or row.doubled or row.seconds is None for row in self.rows)


def write(directory: Path, drill: Drill) -> None:
    """Replace the last one."""
    write_private(directory / NAME, json.dumps(asdict(drill), default=datetime.isoformat, indent=2))


def last(directory: Path) -> Drill | None:
    """The last one; None where there was none, or its file cannot be read."""
    try:
        found: dict[str, Any] = json.loads((directory / NAME).read_text())
        rows = tuple(Row(**row) for row in found["rows"])
        return Drill(at=datetime.fromisoformat(found["at"]), rows=rows, books=found["books"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
