"""What the last simulation found, as a file of the data folder: `manage.py simulate` writes it, the proof shows it."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from kit.files import write_private

NAME: Final = "simulation.json"


@dataclass(frozen=True, slots=True)
class Simulation:
    """One run of `seeds` random order flows from the seed `first` on.

    `cut` counts the pieces of work in them whose worker or database connection was lost in the middle, `kills` the
    worker processes that were killed besides, each at another step. `violations` is how many flows and kills left
    something that must not be, `examples` are the first of these in words.
    """

    at: datetime
    first: int
    seeds: int
    cut: int
    kills: int
    violations: int
    examples: tuple[str, ...]


def write(directory: Path, found: Simulation) -> None:
    """Replace the last one."""
    write_private(directory / NAME, json.dumps(asdict(found), default=datetime.isoformat, indent=2))


def last(directory: Path) -> Simulation | None:
    """The last one; None where there was none, or its file cannot be read."""
    try:
        found: dict[str, Any] = json.loads((directory / NAME).read_text())
        at, examples = datetime.fromisoformat(found.pop("at")), tuple(found.pop("examples"))
        return Simulation(at=at, examples=examples, **found)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
