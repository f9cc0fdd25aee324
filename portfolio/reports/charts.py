"""The figures of reports: what is known, arranged for `kit.bars`."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from math import ceil
from typing import Final

from kit import bars
from kit.figures import Figure
from portfolio.selectors.combined import Course
from portfolio.selectors.contribution import Contribution, shortened, shown

MOST_BARS: Final = 12
MOST_POINTS: Final = 480


def contribution(found: Contribution) -> Figure:
    """The parts that moved the profit most, what the others come to, and the profit."""
    parts = [bars.Bar(part.name, part.profit) for part in shortened(shown(found.parts, found.base), MOST_BARS)]
    return bars.waterfall([*parts, bars.Bar("Profit", found.total or Decimal(0), is_total=True)], currency=found.base)


def courses(found: Sequence[Course], *, revision: str) -> Figure:
    """Returns since the start of the period, as many points as a screen can tell apart."""
    return bars.returns([(course.account.name, thinned(course.line)) for course in found], revision=revision)


def thinned(line: Sequence[tuple[datetime, float]], most: int = MOST_POINTS) -> Sequence[tuple[datetime, float]]:
    """At most so many points: of each slice the lowest and the highest, and both ends."""
    if len(line) <= most:
        return line
    size = ceil(len(line) / ((most - 2) // 2))
    kept = {0, len(line) - 1}
    for start in range(0, len(line), size):
        slice_ = range(start, min(start + size, len(line)))
        kept |= {min(slice_, key=lambda place: line[place][1]), max(slice_, key=lambda place: line[place][1])}
    return [line[place] for place in sorted(kept)]
